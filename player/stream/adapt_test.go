package stream_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/abr"
	"mseplayer/player/manifest"
	"mseplayer/player/stream"
	"mseplayer/player/stream/plan"
)

// choices is a Selector that is told what to do.
type choices struct {
	choose  func(abr.State) int
	abandon func(abr.Progress) (int, bool)
	asked   []abr.State
	samples int
}

func (c *choices) Sample(int64, time.Duration, time.Duration, time.Time) { c.samples++ }
func (c *choices) Choose(s abr.State) (int, string) {
	c.asked = append(c.asked, s)
	return c.choose(s), fmt.Sprint("choice ", len(c.asked))
}
func (c *choices) Abandon(p abr.Progress) (int, string, bool) {
	if c.abandon == nil {
		return 0, "", false
	}
	i, ok := c.abandon(p)
	return i, "too slow", ok
}
func (c *choices) Log() []abr.Decision { return nil }

// rungs is 20 s of three rungs.
func rungs() (fstest.MapFS, *manifest.Presentation) {
	files := fstest.MapFS{}
	var reps []*manifest.Representation
	for i := range 3 {
		prefix := fmt.Sprint("r", i, "-")
		movie(files, prefix, 20, 0, 100_000*(1+2*i))
		r := rep(manifest.Video, fmt.Sprint("v", i), "0", prefix+"v-init", index{prefix + "v-", 0, 10, time.Time{}, nil})
		r.Bandwidth = int64(i + 1)
		reps = append(reps, r)
	}
	reps = append(reps, rep(manifest.Audio, "a", "0", "r0-a-init", index{"r0-a-", 0, 10, time.Time{}, nil}))
	return files, &manifest.Presentation{Format: manifest.DASH, URL: "org:///m", Duration: media.Some(20), Periods: []*manifest.Period{period("0", 0, 20, reps...)}}
}

func used(f *stream.Segments) string {
	var out []string
	for _, u := range f.Uses() {
		out = append(out, fmt.Sprintf("%s@%v(%s)", u.Rep.ID, u.At, u.Reason))
	}
	return strings.Join(out, " ")
}

// TestAdapt follows the choices of a selector at each segment, without a missing picture.
func TestAdapt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		files, pres := rungs()
		sel := &choices{}
		sel.choose = func(s abr.State) int { return []int{0, 2, 2, 1, 1, 2, 0, 0, 0, 1}[min(len(sel.asked)-1, 9)] }
		r := start(t, &origin{files: files}, pres, stream.ProgramOptions{Rules: plan.Rules{Quality: "auto"}}, map[manifest.Kind]stream.Selector{manifest.Video: sel})
		defer r.stop()
		r.el.Play()
		r.ended(25 * time.Second)
		want := "v0@0() v2@2(choice 2) v1@6(choice 4) v2@10(choice 6) v0@12(choice 7) v1@18(choice 10)"
		if got := used(r.feeds[0]); got != want {
			t.Errorf("used %s, want %s", got, want)
		}
		if got := r.pictures(); got != "0.00-19.96" || r.stalls() != 0 {
			t.Errorf("shown %s, stalls %v", got, r.el.Report().Stalls)
		}
		first, second := sel.asked[0], sel.asked[1]
		if first.Current != -1 || len(first.Rungs) != 3 || second.Current != 0 || second.Segment != 2 || second.Buffer != 2 || sel.samples != 0 {
			t.Errorf("asked with %+v, then %+v, %d samples of what is local", first, second, sel.samples)
		}
	})
}

// TestAdapt_Abandon gives up a segment that takes too long, and fetches the same one of the lowest rung.
func TestAdapt_Abandon(t *testing.T) {
	bubble(t, func(t *testing.T) {
		files, pres := rungs()
		org := &origin{files: files, pace: func(name string) time.Duration {
			if name == "r2-v-3" {
				return 200 * time.Millisecond
			}
			return 0
		}}
		sel := &choices{choose: func(s abr.State) int {
			if s.Buffer > 7 {
				return 0
			}
			return 2
		}}
		sel.abandon = func(p abr.Progress) (int, bool) { return 0, p.Elapsed > time.Second && p.Got < p.Size }
		r := start(t, org, pres, stream.ProgramOptions{Rules: plan.Rules{Quality: "auto"}}, map[manifest.Kind]stream.Selector{manifest.Video: sel})
		defer r.stop()
		r.el.Play()
		r.ended(25 * time.Second)
		if got := used(r.feeds[0]); !strings.HasPrefix(got, "v2@0(choice 1) v0@6(too slow)") {
			t.Errorf("used %s", got)
		}
		if got := r.pictures(); got != "0.00-19.96" || r.stalls() != 0 {
			t.Errorf("shown %s, stalls %v\n%s", got, r.el.Report().Stalls, r.log.String())
		}
		if all := strings.Join(org.asked, " "); !strings.Contains(all, "r2-v-3") || !strings.Contains(all, "r0-v-3") {
			t.Errorf("asked for %s", all)
		}
	})
}

// TestAdapt_SeekBeforeBoundary seeks to where a segment is about to end, beyond what is buffered, while another rung is chosen: the
// end of that segment is shown, and no hole is left that would have to be jumped over.
func TestAdapt_SeekBeforeBoundary(t *testing.T) {
	bubble(t, func(t *testing.T) {
		files, pres := rungs()
		sel := &choices{}
		sel.choose = func(abr.State) int { return len(sel.asked) % 3 }
		org := &origin{files: files, pace: func(string) time.Duration { return 20 * time.Millisecond }}
		r := start(t, org, pres, stream.ProgramOptions{Rules: plan.Rules{Quality: "auto"}}, map[manifest.Kind]stream.Selector{manifest.Video: sel})
		defer r.stop()
		for _, at := range []media.Time{17.9997, 13.95, 9.99, 5.9999999} {
			r.el.Seek(at)
			time.Sleep(8 * time.Second)
			all := r.surface.Pictures()
			if last := all[len(all)-1]; last.PTS > at+1e-6 || last.PTS < at-0.041 || len(r.engine.Gaps()) != 0 {
				t.Errorf("seek to %v shows %v, gaps %v, buffered %v", at, last.PTS, r.engine.Gaps(), r.el.Buffered())
			}
		}
	})
}
