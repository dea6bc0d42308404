package wpt_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/player/decode"
	"mseplayer/player/frame"
	"mseplayer/player/playertest"
	"mseplayer/player/playertest/wpt"
)

// suite is testdata and a film of 4 seconds.
func suite(t *testing.T) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS("testdata"), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile("testdata/" + name)
		files[name] = &fstest.MapFile{Data: b}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	b := msetest.Movie(msetest.MovieSpec{Width: 64, Height: 48, Length: 4, FrameRateNum: 25, FrameRateDen: 1, GOP: 25, BFrames: -1, BitsPerSecond: 100_000, Audio: true})
	segments := b.Segments(2, 1)
	files["media/init.mp4"] = &fstest.MapFile{Data: b.Init()}
	files["media/segment1.mp4"] = &fstest.MapFile{Data: segments[0]}
	files["media/movie.mp4"] = &fstest.MapFile{Data: slices.Concat(b.Init(), slices.Concat(segments...))}
	return files
}

// painter makes the fake decoders' pictures white.
type painter struct{ *playertest.Factory }

func (p painter) NewVideo(c *media.DecoderConfig, o decode.Options) (decode.VideoDecoder, error) {
	d, err := p.Factory.NewVideo(c, o)
	return playertest.Through{VideoDecoder: d, Show: paint}, err
}

func paint(v *frame.Video, emit func(*frame.Video) error) error {
	for p, level := range []byte{235, 128, 128} {
		v.Plane[p] = frame.Plane{Data: bytes.Repeat([]byte{level}, v.Width*v.Height), Stride: v.Width}
	}
	return emit(v)
}

func run(t *testing.T, ctx context.Context, page string) wpt.Result {
	t.Helper()
	res, err := wpt.Run(ctx, wpt.Options{Suite: suite(t), Decoders: painter{&playertest.Factory{Depth: 1, Sized: true}}}, page)
	if err != nil {
		t.Fatal(err)
	}
	if n := frame.Live(); n != 0 {
		t.Errorf("%d pictures or blocks of sound are left", n)
	}
	return res
}

// TestRun_Bindings runs pages that try what scripts can see. All of their tests pass.
func TestRun_Bindings(t *testing.T) {
	tests := []struct {
		page  string
		tests int
	}{
		{"pages/window.html", 7},
		{"pages/dom.html", 6},
		{"pages/fetch.window.html", 4},
		{"pages/mediasource.html", 5},
		{"pages/play.html", 4},
	}
	for _, tt := range tests {
		t.Run(strings.TrimPrefix(tt.page, "pages/"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				res := run(t, t.Context(), tt.page)
				if res.Status != wpt.OK || res.Test != "/"+tt.page || len(res.Subtests) != tt.tests {
					t.Errorf("%s: %s %q with %d tests, want OK with %d", res.Test, res.Status, res.Message, len(res.Subtests), tt.tests)
				}
				for _, s := range res.Subtests {
					if s.Status != wpt.Pass {
						t.Errorf("%s: %s: %s", s.Name, s.Status, s.Message)
					}
				}
			})
		})
	}
}

// TestWPT runs the rows of the suite that are about values of a script. The tests of the page have the rows' names.
func TestWPT(t *testing.T) {
	var res wpt.Result
	synctest.Test(t, func(t *testing.T) { res = run(t, t.Context(), "pages/rows.html") })
	if res.Status != wpt.OK || len(res.Subtests) == 0 {
		t.Errorf("%s %q with %d rows", res.Status, res.Message, len(res.Subtests))
	}
	for _, s := range res.Subtests {
		t.Run(strings.ReplaceAll(s.Name, "#", "/"), func(t *testing.T) {
			if s.Status != wpt.Pass {
				t.Errorf("%s: %s", s.Status, s.Message)
			}
		})
	}
}

// TestRun_Outcomes runs pages on which something goes wrong.
func TestRun_Outcomes(t *testing.T) {
	tests := []struct{ name, page, want string }{
		{"each outcome of a test", "pages/outcomes.html", "OK  [passes=PASS fails=FAIL numbers: got 1, want 2 never ends=TIMEOUT Test timed out]"},
		{"an exception nobody catches", "pages/uncaught.html", "ERROR uncaught.html,5,TypeError [passes=PASS]"},
		{"a page without tests", "pages/plain.html", "TIMEOUT the page did not finish in time []"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if got := describe(run(t, t.Context(), tt.page)); got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
			})
		})
	}
	t.Run("a script without end", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second) // real: a script that runs keeps virtual time from passing
		defer cancel()
		if got, want := describe(run(t, ctx, "pages/hangs.html")), "TIMEOUT the page did not finish in time []"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
	t.Run("no such page", func(t *testing.T) {
		if _, err := wpt.Run(t.Context(), wpt.Options{Suite: suite(t), Decoders: &playertest.Factory{}}, "pages/none.html"); err == nil {
			t.Error("no error")
		}
	})
}

func describe(r wpt.Result) string {
	var subtests []string
	for _, s := range r.Subtests {
		w := s.Name + "=" + string(s.Status)
		if s.Message != "null" && s.Message != "" {
			w += " " + s.Message
		}
		subtests = append(subtests, w)
	}
	return fmt.Sprintf("%s %s %v", r.Status, r.Message, subtests)
}

// TestRun_Hide runs a page that wants MP4 where that is hidden.
func TestRun_Hide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files := fstest.MapFS{"resources/testharness.js": suite(t).(fstest.MapFS)["resources/testharness.js"],
			"x.html": &fstest.MapFile{Data: []byte(`<script src="/resources/testharness.js"></script><script src="/resources/testharnessreport.js"></script><script>
test(() => assert_true(MediaSource.isTypeSupported("Video/MP4; codecs=avc1.64001f"), "video"), "hidden");
</script>`)}}
		for hide, want := range map[string]string{"": "OK  [hidden=PASS]", "mp4": "OK  [hidden=FAIL video: got false, want true]", "webm": "OK  [hidden=PASS]"} {
			res, err := wpt.Run(t.Context(), wpt.Options{Suite: files, Decoders: &playertest.Factory{}, Hide: hide}, "x.html")
			if got := describe(res); err != nil || got != want {
				t.Errorf("hiding %q: got %s, %v; want %s", hide, got, err, want)
			}
		}
	})
}

// TestShippedProgram sees to it that neither this package nor the JavaScript engine ends up in the player.
func TestShippedProgram(t *testing.T) {
	out, err := exec.Command("go", "list", "-e", "-deps", "mseplayer/cmd/mseplayer").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	if !strings.Contains(string(out), "mseplayer/player/element\n") {
		t.Fatal("go list does not know what the player is made of")
	}
	for dep := range strings.Lines(string(out)) {
		if strings.Contains(dep, "goja") || strings.Contains(dep, "playertest") {
			t.Errorf("mseplayer contains %s", dep)
		}
	}
}

func TestPages(t *testing.T) {
	got, err := wpt.Pages(suite(t), "pages", "pages/play.html", "pages/fetch.window.html")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"pages/dom.html", "pages/fetch.window.html", "pages/hangs.html", "pages/mediasource.html", "pages/outcomes.html", "pages/play.html",
		"pages/rows.html", "pages/uncaught.html", "pages/window.html"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if _, err := wpt.Pages(suite(t), "nowhere"); err == nil {
		t.Error("a folder that is not there: no error")
	}
}

// TestReport judges results by the lists of this package.
func TestReport(t *testing.T) {
	lists, err := wpt.DefaultLists()
	if err != nil {
		t.Fatal(err)
	}
	const known = "Check that media tracks and their properties are populated properly"
	r := wpt.NewReport(lists)
	var out bytes.Buffer
	reason, ok := lists.NotApplicable("media-source/dedicated-worker/x.html", "")
	if !ok {
		t.Fatal("pages with workers apply")
	}
	r.Skip(&out, "media-source/dedicated-worker/x.html", reason)
	r.Add(&out, wpt.Result{Test: "/media-source/mediasource-avtracks.html", Status: wpt.OK, Duration: 1500 * time.Millisecond, Subtests: []wpt.Subtest{
		{Name: known, Status: wpt.Fail, Message: "label"}, {Name: "b", Status: wpt.Pass}, {Name: "c", Status: wpt.NotRun}}})
	r.Add(&out, wpt.Result{Test: "/media-source/mediasource-avtracks.html", Status: wpt.Crash, Message: "exit status 2", Subtests: []wpt.Subtest{
		{Name: known, Status: wpt.Pass}}})
	r.Add(&out, wpt.Result{Test: "/a.html", Status: wpt.OK})
	r.Add(&out, wpt.Result{Test: "/media-source/idlharness.window.html", Status: wpt.OK, Subtests: []wpt.Subtest{
		{Name: "MediaSourceHandle interface object name", Status: wpt.Fail}}})
	if got, want := r.Totals(), (wpt.Totals{Pass: 2, Fail: 3, NotRun: 1, NotApplicable: 2, Expected: 1, Unexpected: 4}); got != want {
		t.Errorf("totals %+v\nwant   %+v", got, want)
	}
	for _, want := range []string{
		"N/A      /media-source/dedicated-worker/x.html: there are no workers\n",
		"FAIL     /media-source/mediasource-avtracks.html: " + known + ": label (expected: ",
		"PASS     /media-source/mediasource-avtracks.html: b\n",
		"NOTRUN  !/media-source/mediasource-avtracks.html: c\n",
		"PASS    !/media-source/mediasource-avtracks.html: " + known,
		"CRASH   !/media-source/mediasource-avtracks.html: (page): exit status 2\n",
		"ERROR   !/a.html: (page)\n",
		"N/A      /media-source/idlharness.window.html: MediaSourceHandle interface object name: ",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no line %q in\n%s", want, out.String())
		}
	}
	var file bytes.Buffer
	if err := r.WriteJSON(&file, "product", "1"); err != nil {
		t.Fatal(err)
	}
	var got struct {
		RunInfo map[string]string `json:"run_info"`
		Results []struct {
			Test, Status string
			Message      *string
			Duration     int
			Subtests     []struct {
				Name, Status, Expected string
				Message                *string
			}
		}
	}
	if err := json.Unmarshal(file.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Results) != 4 || got.RunInfo["product"] != "product" {
		t.Fatalf("report: %s", file.String())
	}
	first := got.Results[0]
	if first.Duration != 1500 || first.Message != nil || first.Subtests[0].Expected != "" || *first.Subtests[0].Message != "label" || first.Subtests[2].Expected != "PASS" {
		t.Errorf("first page: %s", file.String())
	}
	if s := got.Results[1].Subtests[0]; s.Expected != "FAIL" || s.Message != nil {
		t.Errorf("a failure that passes: %+v", s)
	}
	if s := got.Results[3].Subtests[0]; s.Status != "FAIL" || s.Expected != "" {
		t.Errorf("what does not apply: %+v", s)
	}
}
