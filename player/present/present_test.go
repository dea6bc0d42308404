package present_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/clock"
	"mseplayer/player/frame"
	"mseplayer/player/present"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if n := frame.Live(); n != 0 && code == 0 {
		fmt.Fprintf(os.Stderr, "%d pictures were not released\n", n)
		code = 1
	}
	os.Exit(code)
}

// epoch is the wall time that tests count from.
var epoch = time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)

// at is a wall time in seconds since the epoch.
func at(s float64) time.Time { return epoch.Add(time.Duration(math.Round(s * 1e9))) }

// hand is a clock that a test sets.
type hand struct {
	r  clock.Reading
	ok bool
}

func (h *hand) Read() (clock.Reading, bool) { return h.r, h.ok }

// run lets media time t be at wall time s and run at a rate.
func (h *hand) run(s float64, t media.Time, rate float64, g media.Gen) {
	h.r, h.ok = clock.Reading{Wall: at(s), Media: t, Rate: rate, Gen: g}, true
}

func (h *hand) rest(t media.Time, g media.Gen) {
	h.r, h.ok = clock.Reading{Wall: epoch, Media: t, Gen: g}, true
}

// picture makes a 4×4 picture whose samples tell its time.
func picture(g media.Gen, t media.Time, d media.Span) *frame.Video {
	v := &frame.Video{Gen: g, PTS: t, Duration: d, Format: frame.I420, Width: 4, Height: 4, Crop: frame.Rect{W: 4, H: 4}}
	ms := byte(int(math.Round(float64(t) * 1000)))
	for i, n := range []int{16, 4, 4} {
		p := make([]byte, n)
		for k := range p {
			p[k] = ms
		}
		v.Plane[i] = frame.Plane{Data: p, Stride: 4 >> min(i, 1)}
	}
	v.Arm(nil)
	return v
}

// rig is a queue with a clock and a log of what it told.
type rig struct {
	*present.Queue
	hand
	t     *testing.T
	lines []string
}

func newRig(t *testing.T, o present.Options) *rig {
	t.Helper()
	r := &rig{t: t}
	o.Clock = &r.hand
	o.Created = epoch
	r.Queue = present.NewQueue(o)
	t.Cleanup(r.Close)
	return r
}

// logged is newRig with a dump in short: "v 0.04", "drop 0.08 late".
func logged(t *testing.T, o present.Options) *rig {
	t.Helper()
	var r *rig
	o.Dump = func(e present.Event) {
		switch e.Kind {
		case present.Presented:
			r.lines = append(r.lines, "v "+e.PTS.String())
		case present.Dropped:
			r.lines = append(r.lines, "drop "+e.PTS.String()+" "+e.Why.String())
		default:
			r.t.Errorf("told of %+v", e)
		}
	}
	r = newRig(t, o)
	return r
}

// put queues pictures of 40 ms; there must be room.
func (r *rig) put(g media.Gen, pts ...media.Time) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, t := range pts {
		if err := r.Put(ctx, picture(g, t, 0.04)); err != nil {
			r.t.Fatalf("put %v: %v", t, err)
		}
	}
}

// pick asks for the interval of 1/60 s from s on and says what it got: "0.04", or "=" for the same as before.
func (r *rig) pick(s float64) string {
	v, fresh := r.Pick(at(s), at(s+1.0/60))
	switch {
	case v == nil && fresh:
		return "nothing new"
	case v == nil:
		return "-"
	case !fresh:
		return "="
	}
	return v.PTS.String()
}

func (r *rig) want(what, got, want string) {
	r.t.Helper()
	if got != want {
		r.t.Errorf("%s: got %s, want %s", what, got, want)
	}
}

func (r *rig) wantLog(want ...string) {
	r.t.Helper()
	if got := strings.Join(r.lines, ", "); got != strings.Join(want, ", ") {
		r.t.Errorf("told %s\nwant %s", got, strings.Join(want, ", "))
	}
	r.lines = nil
}

// balance checks that every picture that was decoded has exactly one fate.
func balance(t *testing.T, q *present.Queue) {
	t.Helper()
	balanceBut(t, q, 0)
}

// balanceBut allows for pictures that were stepped to and not lent yet.
func balanceBut(t *testing.T, q *present.Queue, pending uint64) {
	t.Helper()
	s := q.Quality()
	fates := s.Presented + s.CadenceSkipped + s.Late + s.Hidden + s.Flushed + s.DecodeOnly + uint64(q.Depth())
	if fates > s.Decoded || fates+pending < s.Decoded {
		t.Errorf("%d pictures decoded, %d accounted for: %+v", s.Decoded, fates, s)
	}
	if s.Total != s.Presented+s.CadenceSkipped+s.Dropped || s.Dropped != s.Late+s.SkippedToKeyframe+s.DecodeErrors ||
		s.Dropped > s.Total || s.Corrupted > s.Total {
		t.Errorf("the counts do not add up: %+v", s)
	}
}

// changed reports whether Changed has something.
func changed(q *present.Queue) bool {
	select {
	case <-q.Changed():
		return true
	default:
		return false
	}
}
