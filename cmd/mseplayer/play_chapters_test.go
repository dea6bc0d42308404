package main

import (
	"math"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"mseplayer/render"
)

// TestControls_Chapters plays files with chapters: the window is told where they begin and what they are called, and where
// the section lies that is repeated. The transport stream, which has none, begins elsewhere than at 0.
func TestControls_Chapters(t *testing.T) {
	folder := t.TempDir()
	list := write(t, filepath.Join(folder, "chapters"), ";FFMETADATA1\n"+
		"[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=700\ntitle=Opening\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=700\nEND=2000\ntitle=Der Rest: größer\n")
	for _, name := range []string{"a.mkv", "a.mp4", "a.ts"} {
		file := filepath.Join(folder, name)
		ffmpegProgram(t, "-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=2", "-i", list, "-map_metadata", "1", "-map", "0:v", "-c:v", "libx264", "-preset", "ultrafast", file)
		var o playOptions
		playFlags(&o)
		o.headless, o.audioOut, o.quiet, o.duration = true, "null", true, 1
		o.abLoopA, o.abLoopB, o.abLoop = 0.25, 1.5, [2]bool{true, true}
		s, err := newSession(o)
		if err != nil {
			t.Fatal(err)
		}
		keys := &controls{s: s}
		var r render.State
		done := background(func() {
			for end := time.Now().Add(patience); time.Now().Before(end) && !r.DurationKnown; time.Sleep(5 * time.Millisecond) {
				keys.State(&r)
			}
		})
		code := s.run([]string{file})
		<-done
		want := []render.Chapter{{Start: 0, End: 0.7, Title: "Opening"}, {Start: 0.7, End: 2, Title: "Der Rest: größer"}}
		if name == "a.ts" {
			want = nil
		}
		if code != 0 || !slices.EqualFunc(r.Chapters, want, func(a, b render.Chapter) bool {
			return a.Title == b.Title && math.Abs(float64(a.Start-b.Start))+math.Abs(float64(a.End-b.End)) < 1e-9
		}) {
			t.Errorf("%s: exit %d, chapters %v, want %v", name, code, r.Chapters, want)
		}
		if !r.SectionStart.Set || r.SectionStart.T != 0.25 || !r.SectionEnd.Set || r.SectionEnd.T != 1.5 {
			t.Errorf("%s: section %v to %v", name, r.SectionStart, r.SectionEnd)
		}
	}
}
