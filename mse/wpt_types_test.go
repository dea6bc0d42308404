package mse_test

import (
	"fmt"

	"mseplayer/mse"
	"mseplayer/mse/bytestream"
	"mseplayer/mse/mime"
	"mseplayer/mse/msetest"
)

// wptTypes is about isTypeSupported. What is asked is only the decision: every format counts as having a parser.
var wptTypes = wptArea{"types", typeRows()}

func typeRows() (rows []wptRow) {
	o := mse.Options{Formats: map[mime.Container]func() bytestream.Parser{}}
	for _, c := range []mime.Container{mime.ISOBMFF, mime.WebM, mime.MP2T, mime.MPEGAudio, mime.ADTS} {
		o.Formats[c] = msetest.NewTextParser
	}
	no := []string{"video", "video/", "video/webm", "video/webm;", "video/webm;codecs", "video/webm;codecs=", `video/webm;codecs="`, `video/webm;codecs=""`,
		`video/webm;codecs=","`, "audio/webm;aaacodecsbbb=opus", "unsupported_mediatype", "", "null", "xxx", "text/html", "image/jpeg",
		`audio/webm;codecs="vp8"`, `audio/mp4;codecs="avc1.4d001e"`, `audio/mp4;codecs="vorbis"`, `audio/webm;codecs="mp4a.40.2"`,
		`video/mp4;codecs="vp8"`, `video/mp4;codecs="vorbis"`, `video/webm;codecs="mp4a.40.2"`, `audio/mpeg;codecs="mp3"`, `audio/mpeg;codecs="mp4a.69"`,
		`audio/mpeg;codecs="mp4a.6B"`, `audio/aac;codecs="aac"`, `audio/aac;codecs="adts"`, `audio/aac;codecs="mp4a.40"`, `audio/mp4;codecs="mp4a"`,
		`audio/mp4;codecs="mp4a.40"`, `audio/mp4;codecs="mp4a.40."`, `audio/mp4;codecs="mp4a.67.3"`}
	yes := []string{`video/webm;codecs="vp8"`, `video/webm;codecs="vorbis"`, `video/webm;codecs="vp8,vorbis"`, `video/webm;codecs="vorbis, vp8"`,
		`audio/webm;codecs="vorbis"`, `AUDIO/WEBM;CODECS="vorbis"`, `audio/webm;codecs=vorbis;test="6"`, `audio/webm;codecs="opus"`,
		`video/webm;codecs="opus"`, `video/mp4;codecs="avc1.4d001e"`, `video/mp4;codecs="avc1.42001e"`, `audio/mp4;codecs="mp4a.40.2"`,
		`audio/mp4;codecs="mp4a.40.5"`, `audio/mp4;codecs="mp4a.67"`, `video/mp4;codecs="mp4a.40.2"`, `video/mp4;codecs="avc1.4d001e,mp4a.40.2"`,
		`video/mp4;codecs="mp4a.40.2 , avc1.4d001e "`, `video/mp4;codecs="avc1.4d001e,mp4a.40.5"`, `audio/mp4;codecs="Opus"`,
		`video/mp4;codecs="Opus"`, `audio/mp4;codecs="fLaC"`, `video/mp4;codecs="fLaC"`}
	for i, typ := range append(no, yes...) {
		rows = append(rows, wptRow{fmt.Sprintf("mediasource-is-type-supported/%02d", i+1), func(p *page) {
			got, why := o.IsTypeSupported(typ)
			p.is(fmt.Sprintf("%q (%s)", typ, why), got, i >= len(no))
		}, nil})
	}
	return rows
}
