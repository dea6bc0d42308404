package check

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// playlist writes a media playlist of target duration 4 that begins with segment first; "!" before a name is a discontinuity.
func playlist(first, disc int, names ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:%d\n", first)
	if disc > 0 {
		fmt.Fprintf(&b, "#EXT-X-DISCONTINUITY-SEQUENCE:%d\n", disc)
	}
	for _, n := range names {
		if s, ok := strings.CutPrefix(n, "!"); ok {
			b.WriteString("#EXT-X-DISCONTINUITY\n")
			n = s
		}
		if s, ok := strings.CutPrefix(n, "skip "); ok {
			b.WriteString("#EXT-X-SKIP:SKIPPED-SEGMENTS=" + s + "\n")
			continue
		}
		b.WriteString("#EXTINF:4,\n" + n + "\n")
	}
	return b.String()
}

func mpd(published, more string) string {
	return `<?xml version="1.0"?><MPD type="dynamic" publishTime="` + published + `">` + more + `</MPD>`
}

// TestWatcher shows versions of a document to the watcher, four seconds apart.
func TestWatcher(t *testing.T) {
	same := playlist(1, 0, "a", "b", "c")
	for _, tt := range []struct {
		name     string
		versions []string
		want     string
	}{
		{"it grows", []string{playlist(1, 0, "a", "b", "c"), playlist(2, 0, "b", "c", "d"), playlist(4, 0, "d", "e", "f")}, ""},
		{"all new but in order", []string{playlist(1, 0, "a", "b"), playlist(3, 0, "c", "d")}, ""},
		{"once too late", []string{same, same, playlist(2, 0, "b", "c", "d")}, codeNotUpdated},
		{"never again", []string{same, same, same, same, same}, codeNotUpdated},
		{"complete, so it may stay", []string{same + "#EXT-X-ENDLIST\n", same + "#EXT-X-ENDLIST\n", same + "#EXT-X-ENDLIST\n", same + "#EXT-X-ENDLIST\n"}, ""},
		{"goes back", []string{playlist(5, 0, "e", "f"), playlist(4, 0, "d", "e")}, codeSequenceBack},
		{"begins anew", []string{playlist(5, 0, "e", "f"), playlist(0, 0, "x", "y")}, codeSequenceBack},
		{"an end that goes back", []string{playlist(5, 0, "e", "f", "g"), playlist(5, 0, "e", "f")}, codeSequenceBack},
		{"jumps", []string{playlist(1, 0, "a", "b"), playlist(9, 0, "i", "j")}, codeSequenceJump},
		{"another segment", []string{playlist(1, 0, "a", "b", "c"), playlist(2, 0, "b", "x", "d")}, codeSegmentChanged},
		{"a discontinuity goes and is counted", []string{playlist(1, 0, "a", "!b", "c"), playlist(3, 1, "c", "d")}, ""},
		{"a discontinuity goes and is not counted", []string{playlist(1, 0, "a", "!b", "c"), playlist(3, 0, "c", "d")}, codeDiscontinuityJump},
		{"counted while it is still there", []string{playlist(1, 0, "a", "!b", "c"), playlist(2, 1, "!b", "c", "d")}, codeDiscontinuityJump},
		{"the tag stays", []string{playlist(1, 0, "a", "!b", "c"), playlist(2, 0, "!b", "c", "d")}, ""},
		{"the tag goes with the segment before", []string{playlist(1, 0, "a", "!b", "c"), playlist(2, 1, "b", "c", "d")}, ""},
		{"the count jumps", []string{playlist(1, 3, "a", "b"), playlist(2, 7, "b", "c")}, codeDiscontinuityJump},
		{"what is skipped is as before", []string{playlist(1, 0, "a", "!b", "c"), playlist(1, 0, "skip 2", "c", "d"), playlist(3, 1, "c", "d", "e")}, ""},
		{"no playlist of segments", []string{"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na\n", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=2\na\n"}, ""},
		{"broken numbers", []string{"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:x\n#EXTINF:1,\na\n", "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:-7\n#EXTINF:1,\na\n"}, ""},
		{"published later", []string{mpd("2026-01-01T00:00:00Z", ""), mpd("2026-01-01T00:00:02.5Z", "x")}, ""},
		{"the same manifest", []string{mpd("2026-01-01T00:00:00Z", ""), mpd("2026-01-01T00:00:00Z", "")}, ""},
		{"changed, published at the same time", []string{mpd("2026-01-01T00:00:00Z", ""), mpd("2026-01-01T00:00:00Z", "x")}, codePublishTime},
		{"published before", []string{mpd("2026-01-01T00:00:00", ""), mpd("2025-01-01T00:00:00", "x")}, ""},
		{"not said", []string{"<MPD></MPD>", "<MPD >x</MPD>", mpd("never", "")}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var w watcher
			now := time.Unix(1e9, 0)
			for i, v := range tt.versions {
				w.see(fmt.Sprintf("http://x/list?_HLS_msn=%d", i), []byte(v), now)
				now = now.Add(4 * time.Second)
			}
			var got []string
			for _, f := range w.findings(now.Add(-4 * time.Second)) {
				got = append(got, f.Code)
				if f.Severity != ruleOf(f.Code).Severity || !slices.ContainsFunc(rules, func(r Rule) bool { return r.Code == f.Code }) || strings.Contains(f.Message, "\n") {
					t.Errorf("%+v", f)
				}
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("found %q, want %q", s, tt.want)
			}
		})
	}
}
