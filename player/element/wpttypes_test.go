package element_test

import (
	"fmt"
	"strings"

	"mseplayer/mse"
)

// canPlay is a row of canPlayType: the answer for each type.
func canPlay(n int, want string, types ...string) wptRow {
	return wptRow{id: fmt.Sprintf("html/media-elements/mime-types/canPlayType/%02d", n), run: func(p *page) {
		for _, typ := range types {
			if strings.Contains(typ, "webm") && !webmRuns() {
				continue
			}
			o := mse.Options{}
			is(p, typ, o.CanPlayType(typ), want)
		}
	}}
}

var wptTypes = wptArea{name: "types", rows: []wptRow{
	canPlay(1, "", "application/octet-stream", `application/octet-stream; codecs="avc1.4d4001"`),
	canPlay(2, "", "", "foo/bar", "video/foo", `video/foo; codecs="avc1.4d4001"`),
	canPlay(3, "maybe", "video/mp4", "video/mp4;", "video/mp4;codecs", "video/mp4;codecs=", "audio/mp4", "video/webm", "video/webm;", "video/webm;codecs", "video/webm;codecs="),
	canPlay(4, "probably", `video/mp4; codecs="avc1.4D4001"`, `video/mp4; codecs="mp4a.40.2"`, `video/mp4; codecs="avc1.4D4001, mp4a.40.2"`,
		`video/mp4; codecs="mp4a.40.2, avc1.4D4001"`, `video/webm; codecs="vp8"`, `video/webm; codecs="vp8, vorbis"`, `video/webm; codecs="vorbis, vp8"`),
	canPlay(5, "", `video/mp4; codecs="bogus"`, `audio/mp4; codecs="bogus"`, `video/webm; codecs="bogus"`),
}}
