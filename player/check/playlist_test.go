package check_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"mseplayer/player/check"
)

// edit replaces a text in a file that must hold it.
func edit(t testing.TB, files fstest.MapFS, name, old, with string) {
	t.Helper()
	s := string(files[name].Data)
	if !strings.Contains(s, old) {
		t.Fatalf("%s does not hold %q:\n%s", name, old, s)
	}
	files[name].Data = []byte(strings.ReplaceAll(s, old, with))
}

// winding adds an I-frame playlist of the first n segments, whose pictures end after so many bytes.
func winding(t testing.TB, files fstest.MapFS, n int) {
	t.Helper()
	var b strings.Builder
	b.WriteString("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-I-FRAMES-ONLY\n#EXT-X-MAP:URI=\"vinit\"\n")
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, "#EXT-X-BYTERANGE:12000@0\n#EXTINF:2,\nv%d\n", i)
	}
	files["i.m3u8"] = &fstest.MapFile{Data: []byte(b.String() + "#EXT-X-ENDLIST\n")}
	files["m.mpd"].Data = append(files["m.mpd"].Data, "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=50000,CODECS=\"avc1.640028\",RESOLUTION=320x180,URI=\"i.m3u8\"\n"...)
}

// TestPlaylists breaks one rule of playlists at a time, and keeps another one just so.
func TestPlaylists(t *testing.T) {
	type spoil = func(testing.TB, fstest.MapFS)
	in := func(name, old, with string) spoil {
		return func(t testing.TB, f fstest.MapFS) { edit(t, f, name, old, with) }
	}
	both := func(list ...spoil) spoil {
		return func(t testing.TB, f fstest.MapFS) {
			for _, s := range list {
				s(t, f)
			}
		}
	}
	// before puts lines before segments of both playlists.
	before := func(lines map[int]string) spoil {
		return func(t testing.TB, f fstest.MapFS) {
			f["v.m3u8"].Data, f["a.m3u8"].Data = []byte(playlist("v", lines)), []byte(playlist("a", lines))
		}
	}
	const date = "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:%s%sZ\n"
	dates := func(second, fraction string) spoil {
		return before(map[int]string{1: fmt.Sprintf(date, "00", ".000"), 3: fmt.Sprintf(date, second, fraction)})
	}
	for _, c := range []struct {
		name  string
		spoil spoil
		found string // of the area hls
	}{
		{"good", func(testing.TB, fstest.MapFS) {}, noIFrames},
		{"target duration too short", in("v.m3u8", "TARGETDURATION:2", "TARGETDURATION:1"), "error hls.target-duration p0/0/v.m3u8 #0 @0"},
		{"target duration met by rounding", in("v.m3u8", "EXTINF:2,\nv5", "EXTINF:2.4,\nv5"), ""},
		{"one segment too long", in("v.m3u8", "EXTINF:2,\nv3", "EXTINF:2.6,\nv3"), "error hls.target-duration p0/0/v.m3u8 #2 @4"},
		{"version of byte ranges", in("v.m3u8", "VERSION:7", "VERSION:5"), "warning hls.version p0/0/v.m3u8"},
		{"version just enough", in("v.m3u8", "VERSION:7", "VERSION:6"), ""},
		{"no version", in("a.m3u8", "#EXT-X-VERSION:7\n", ""), "warning hls.version p0/1/a.m3u8"},
		{"dates that drift", dates("05", ".000"), "warning hls.date-drift p0/0/v.m3u8 #2 @4\nwarning hls.date-drift p0/1/a.m3u8 #2 @4"},
		{"dates that go back", dates("01", ".000"), "warning hls.date-drift p0/0/v.m3u8 #2 @4\nwarning hls.date-drift p0/1/a.m3u8 #2 @4"},
		{"dates a little off", dates("04", ".400"), ""},
		{"dates that jump at a discontinuity", before(map[int]string{1: fmt.Sprintf(date, "00", ".000"), 3: "#EXT-X-DISCONTINUITY\n" + fmt.Sprintf(date, "33", ".000")}), ""},
		{"a discontinuity in one playlist only", func(_ testing.TB, f fstest.MapFS) {
			f["v.m3u8"].Data = []byte(playlist("v", map[int]string{3: "#EXT-X-DISCONTINUITY\n"}))
		}, "error hls.discontinuity-sequence p0/1/a.m3u8 @0"},
		{"discontinuities at other times", func(_ testing.TB, f fstest.MapFS) {
			f["v.m3u8"].Data = []byte(playlist("v", map[int]string{3: "#EXT-X-DISCONTINUITY\n"}))
			f["a.m3u8"].Data = []byte(playlist("a", map[int]string{4: "#EXT-X-DISCONTINUITY\n"}))
		}, "error hls.discontinuity-sequence p0/1/a.m3u8 @6"},
		{"the same discontinuities", before(map[int]string{3: "#EXT-X-DISCONTINUITY\n"}), ""},
		{"other discontinuity sequence numbers", in("a.m3u8", "#EXT-X-TARGETDURATION", "#EXT-X-DISCONTINUITY-SEQUENCE:3\n#EXT-X-TARGETDURATION"), "error hls.discontinuity-sequence p0/1/a.m3u8 @0"},
		{"bandwidth too low", in("m.mpd", "BANDWIDTH=355000", "BANDWIDTH=310000"), "warning hls.bandwidth p0/0/v.m3u8"},
		{"bandwidth too high", in("m.mpd", "BANDWIDTH=355000", "BANDWIDTH=420000"), "info hls.bandwidth p0/0/v.m3u8"},
		{"bandwidth within a tenth", in("m.mpd", "BANDWIDTH=355000", "BANDWIDTH=330000"), ""},
		{"average too low", in("m.mpd", "BANDWIDTH=355000", "BANDWIDTH=355000,AVERAGE-BANDWIDTH=300000"), "warning hls.average-bandwidth p0/0/v.m3u8"},
		{"average right", in("m.mpd", "BANDWIDTH=355000", "BANDWIDTH=355000,AVERAGE-BANDWIDTH=345000"), ""},
		{"an I-frame playlist", func(t testing.TB, f fstest.MapFS) { winding(t, f, 5) }, "-"},
		{"an I-frame playlist that ends early", func(t testing.TB, f fstest.MapFS) { winding(t, f, 3) }, "warning hls.iframes-missing p0/2/i.m3u8 @6"},
		{"independent segments", in("m.mpd", "#EXTM3U\n", "#EXTM3U\n#EXT-X-INDEPENDENT-SEGMENTS\n"), ""},
		{"segments that are not", both(in("v.m3u8", "#EXTM3U\n", "#EXTM3U\n#EXT-X-INDEPENDENT-SEGMENTS\n"), func(_ testing.TB, f fstest.MapFS) {
			for i, s := range pictures(10).Segments(1.52, 1)[:5] { // mostly between two key frames
				f[fmt.Sprintf("v%d", i+1)].Data = s
			}
		}), "error hls.independent-segments p0/0/v.m3u8 @1.52\ninfo hls.bandwidth p0/0/v.m3u8\ninfo hls.bandwidth p0/0/v.m3u8"},
		{"an IV that comes back", before(map[int]string{1: key("k1", 1), 2: key("k2", 1), 3: key("k1", 1)}), "warning hls.key-rotation p0/0/v.m3u8 #2 @4\nwarning hls.key-rotation p0/1/a.m3u8 #2 @4"},
		{"a key that comes back with another IV", before(map[int]string{1: key("k1", 1), 2: key("k2", 1), 3: key("k1", 2)}), ""},
		{"a key that stays", before(map[int]string{1: key("k1", 1)}), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := playlists()
			c.spoil(t, files)
			r := run(t, files, func(o *check.Options) { o.Decoders = nil })
			got := ""
			for _, line := range strings.Split(found(r), "\n") {
				if strings.Contains(line, " hls.") && (line != noIFrames || c.found == "-") {
					got += line + "\n"
				}
			}
			wanted := c.found
			if wanted == noIFrames || wanted == "-" {
				wanted = ""
			}
			want(t, "findings", strings.TrimSpace(got), wanted)
			for _, f := range r.Findings {
				if strings.HasPrefix(f.Code, "hls.") && (f.Hint == "" || strings.Contains(f.Message, "%!")) {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}

// key is EXT-X-KEY; what it decrypts is of no interest here.
func key(name string, iv int) string {
	return fmt.Sprintf("#EXT-X-KEY:METHOD=AES-128,URI=\"%s\",IV=0x%032x\n", name, iv)
}
