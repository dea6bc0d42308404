package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// oneClearLine asks that a run told one error on one line; warnings, which tell what will come, may precede it.
func oneClearLine(t *testing.T, r result) {
	t.Helper()
	failures := 0
	for line := range strings.Lines(r.err) {
		switch {
		case !strings.HasPrefix(line, "mseplayer: ") || !strings.HasSuffix(line, "\n"):
			t.Errorf("no line of ours: %q", line)
		case !strings.HasPrefix(line, "mseplayer: warning: "):
			failures++
		}
	}
	if failures != 1 {
		t.Errorf("%d errors, want one:\n%s", failures, r.err)
	}
}

// TestPlay_BadInput plays what cannot be played, or not to its end. Each time the program ends by itself with the exit
// code that says whose fault it is, one line that names the file and the place, and a report that holds the same error.
func TestPlay_BadInput(t *testing.T) {
	folder := t.TempDir()
	file := func(name, content string) string { return write(t, filepath.Join(folder, name), content) }
	doc := func(manifest string) string {
		b, err := os.ReadFile(manifest)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	// broken gives a copy of the demo in which do has changed something.
	broken := func(do func(folder, manifest string)) string {
		folder, manifest := demoFiles(t)
		do(folder, manifest)
		return manifest
	}
	edit := func(folder, name string, change func(string) string) {
		name = filepath.Join(folder, name)
		write(t, name, change(doc(name)))
	}
	half := func(s string) string { return s[:len(s)/2] }
	gone := func(name string) func(string, string) {
		return func(folder, _ string) {
			if err := os.Remove(filepath.Join(folder, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, whole := demoFiles(t)
	origin := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(broken(gone("720p-2.m4s"))))))
	defer origin.Close()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	replaced := func(old, with string) func(string, string) {
		return func(folder, _ string) {
			edit(folder, "manifest.mpd", func(s string) string { return strings.ReplaceAll(s, old, with) })
		}
	}

	cases := []struct {
		name, source string
		code         int
		want         []string // parts of the error
	}{
		{"missing file", filepath.Join(folder, "nothing.mpd"), exitUsage, []string{"nothing.mpd", "no such file"}},
		{"empty manifest", file("empty.mpd", ""), exitUsage, []string{"empty.mpd", "empty"}},
		{"empty media file", file("empty.mp4", ""), exitUsage, []string{"empty.mp4", "empty"}},
		{"web page", file("page.mpd", "<!DOCTYPE html><html><body>Not found</body></html>"), exitUsage, []string{"page.mpd", "web page"}},
		{"truncated manifest", file("cut.mpd", half(doc(whole))), exitUsage, []string{"cut.mpd:"}}, // and the line
		{"nonsense", file("nonsense.mp4", strings.Repeat("nonsense", 10000)), exitUsage, []string{"nonsense.mp4"}},
		{"missing manifest on a server", origin.URL + "/nothing.mpd", exitUsage, []string{origin.URL + "/nothing.mpd", "404 Not Found"}},
		{"no server", closed.URL + "/manifest.mpd", exitUsage, []string{closed.URL, "refused"}},
		{"folder without a manifest", t.TempDir(), exitUsage, []string{"there is no manifest"}},
		{"name of two lines", filepath.Join(folder, "two\nlines.mpd"), exitUsage, []string{"two%0Alines.mpd", "no such file"}},
		{"missing segment", broken(gone("720p-2.m4s")), exitFailed, []string{"720p-2.m4s", "segment 2 at 0:02", "no such file"}},
		{"missing segment on a server", origin.URL + "/manifest.mpd", exitFailed, []string{origin.URL + "/720p-2.m4s", "segment 2 at 0:02", "404 Not Found"}},
		{"missing segment of sound", broken(gone("sound-2.m4s")), exitFailed, []string{"sound-2.m4s", "segment 2"}},
		{"missing initialization segment", broken(gone("720p-init.mp4")), exitFailed, []string{"720p-init.mp4", "initialization segment"}},
		{"unknown codec", broken(replaced(`codecs="avc1.`, `codecs="xxxx.`)), exitFailed, []string{"manifest.mpd", "no video can be played", `unknown codec "xxxx.`}},
	}
	reports := t.TempDir()
	together(len(cases), 4, func(i int) {
		c := cases[i]
		name := filepath.Join(reports, c.name+".json")
		r, ok := launch(t, patience, nil, "play", "--headless", "--audio-out", "null", "--stats-json", name, c.source)
		if !ok {
			return
		}
		if r.code != c.code || r.out != "" {
			t.Errorf("%s: exit %d, want %d; stdout %q", c.name, r.code, c.code, r.out)
		}
		for _, w := range c.want {
			if !strings.Contains(r.err, w) {
				t.Errorf("%s: %q lacks %q", c.name, r.err, w)
			}
		}
		oneClearLine(t, r)
		rep, err := readPlayback(name)
		if err != nil || rep.Error == nil || rep.Ended || !strings.Contains(r.err, *rep.Error) {
			t.Errorf("%s: report %+v, %v", c.name, rep, err)
		}
	})
}

// TestPlay_Damaged plays on behind a segment that is damaged, and lists it.
func TestPlay_Damaged(t *testing.T) {
	cases := []struct {
		name string
		data func([]byte) []byte
		want string
	}{
		{"truncated", func(b []byte) []byte { return b[:len(b)/2] }, "truncated"},
		{"empty", func([]byte) []byte { return nil }, "empty"},
		{"web page", func([]byte) []byte { return []byte("<!DOCTYPE html><html><body>Not found</body></html>") }, "byte 0"},
	}
	manifests, reports := make([]string, len(cases)), t.TempDir()
	for i, c := range cases {
		folder, manifest := demoFiles(t)
		manifests[i] = manifest
		segment := filepath.Join(folder, "720p-1.m4s")
		b, err := os.ReadFile(segment)
		if err != nil {
			t.Fatal(err)
		}
		write(t, segment, string(c.data(b)))
	}
	together(len(cases), 3, func(i int) {
		c := cases[i]
		report := filepath.Join(reports, c.name+".json")
		r, ok := launch(t, patience, nil, "play", "--headless", "--audio-out", "null", "--frames", "60", "--stats-json", report, manifests[i])
		if !ok {
			return
		}
		rep, err := readPlayback(report)
		if r.code != exitOK || err != nil || rep.Frames.Presented < 60 || len(rep.Lost) != 1 {
			t.Errorf("%s: exit %d, stderr %q, report %+v, %v", c.name, r.code, r.err, rep, err)
			return
		}
		if l := rep.Lost[0]; l.From != 0 || l.To != 2 || l.URL == nil || !strings.HasSuffix(*l.URL, "720p-1.m4s") || !strings.Contains(l.Reason, c.want) {
			t.Errorf("%s: lost %+v", c.name, l)
		}
		if !strings.Contains(r.err, "left out") || !strings.Contains(r.err, c.want) {
			t.Errorf("%s: stderr %q", c.name, r.err)
		}
	})
}

// TestPlay_Sources plays what a source may be besides a manifest: a folder that holds one, a URL of a file, and standard
// input.
func TestPlay_Sources(t *testing.T) {
	folder, manifest := demoFiles(t)
	matroska := ffmpegProgram(t, "-i", wholeTrack(t, folder, "180p", 1), "-c", "copy", "-f", "matroska", "-")
	for source, stdin := range map[string]io.Reader{folder: nil, "file://" + manifest: nil, "-": bytes.NewReader(matroska)} {
		name := filepath.Join(t.TempDir(), "report.json")
		r := program(t, stdin, "play", "--headless", "--audio-out", "null", "--frames", "5", "--stats-json", name, source)
		rep, err := readPlayback(name)
		if r.code != exitOK || r.err != "" || err != nil || rep.Frames.Presented < 5 {
			t.Errorf("%s: exit %d, stderr %q, report %+v, %v", source, r.code, r.err, rep, err)
		}
	}
}

// TestPlay_Pipe pipes an initialization segment and the segments behind it: they play as they would from a file, up to the
// end, and from where one wants. Encrypted ones take their key. Without the initialization segment there is one clear line.
func TestPlay_Pipe(t *testing.T) {
	join := func(manifest string, names ...string) (out []byte) {
		for _, name := range names {
			b, err := os.ReadFile(filepath.Join(filepath.Dir(manifest), name))
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, b...)
		}
		return out
	}
	_, manifest := demoFiles(t)
	pipe := join(manifest, "180p-init.mp4", "180p-1.m4s", "180p-2.m4s")
	locked := join(demoFolder(t, "cenc", ""), "180p-init", "180p-1", "180p-2")
	flags := []string{"play", "--headless", "--quiet", "--audio-out", "null", "--stats-json"}
	for _, c := range []struct {
		name   string
		in     []byte
		args   []string
		frames int // decoded for being shown
	}{
		{"all", pipe, nil, 120},
		{"the second segment", pipe, []string{"--start", "2"}, 60},
		{"with a key", locked, []string{"--key", flagOf(videoKey)}, 120},
	} {
		name := filepath.Join(t.TempDir(), "report.json")
		r := program(t, bytes.NewReader(c.in), append(append(slices.Clone(flags), name, "-"), c.args...)...)
		rep, err := readPlayback(name)
		if r.code != exitOK || r.err != "" || err != nil || !rep.Ended || rep.VideoPlaybackQuality.TotalVideoFrames != c.frames {
			t.Errorf("%s: exit %d, stderr %q, report %+v, %v", c.name, r.code, r.err, rep, err)
		}
	}
	for name, in := range map[string][]byte{"encrypted without its key": locked, "no initialization segment": pipe[bytes.Index(pipe, []byte("moof"))-4:]} {
		r := program(t, bytes.NewReader(in), append(slices.Clone(flags), os.DevNull, "-")...)
		if r.code == exitOK {
			t.Errorf("%s: plays", name)
		}
		oneClearLine(t, r)
	}
	if r := program(t, bytes.NewReader(pipe), "check", "--quiet", "-"); r.code != exitOK || !strings.Contains(r.out, "PASS") {
		t.Errorf("check: exit %d, %s%s", r.code, r.out, r.err)
	}
}

// TestPlay_WrongCodecs plays video whose codecs string names another codec, which is known, than the media has: it plays
// by the media, with a warning that names both.
func TestPlay_WrongCodecs(t *testing.T) {
	folder, manifest := demoFiles(t)
	b, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	right := regexp.MustCompile(`avc1\.[0-9a-f]{6}`)
	write(t, manifest, right.ReplaceAllString(string(b), "hvc1.1.6.L93.B0"))
	name := filepath.Join(folder, "report.json")
	r := expect(t, exitOK, "", "mseplayer: warning: the codecs string does not fit the media", "play", "--headless", "--audio-out", "null", "--duration", "0.5", "--stats-json", name, manifest)
	if strings.Count(r.err, "\n") != 1 || !strings.Contains(r.err, "hvc1.1.6.L93.B0") || !right.MatchString(r.err) {
		t.Errorf("stderr %q", r.err)
	}
	rep, err := readPlayback(name)
	if err != nil || rep.Frames.Presented < 15 || rep.Video == nil || rep.Video.Codec != "h264" {
		t.Errorf("report %+v, %v", rep, err)
	}
}
