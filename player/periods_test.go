package player_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"mseplayer/audio/pcm"
	"mseplayer/mse/media"
	"mseplayer/player"
	"mseplayer/player/playertest"
)

// TestPeriods_Continuous crosses the boundaries of periods of all sorts of lengths: after each picture follows the next one
// less than a picture after its end, and the sound goes on to the sample.
func TestPeriods_Continuous(t *testing.T) {
	const rate = 48000
	for _, periods := range [][]float64{{4, 4, 4}, {3.2, 2.56, 4.04}, {3.337, 2.001, 4.9994, 1.5}, {0.5, 0.3, 6}} {
		t.Run(fmt.Sprint(periods), func(t *testing.T) {
			within(t, func(t *testing.T) {
				r := newRig(t, playertest.Package{Periods: periods}.Files(), player.Config{})
				defer r.stop()
				length := 0.0
				for _, p := range periods {
					length += p
				}
				r.open()
				r.p.Play()
				r.finish(time.Duration(length*float64(time.Second)) + 3*time.Second)
				rep := r.report()
				if rep.Error != nil || len(rep.Stalls)+len(rep.GapsJumped) != 0 || rep.Quality.Dropped != 0 {
					t.Errorf("error %s, stalls %v, gaps %v, %d dropped", deref(rep.Error), rep.Stalls, rep.GapsJumped, rep.Quality.Dropped)
				}
				shown := r.surface.Pictures()
				for i := 1; i < len(shown); i++ {
					if step := shown[i].PTS.Sub(shown[i-1].PTS); step <= 0 || step > 0.08 {
						t.Errorf("after the picture at %s comes that at %s", shown[i-1].PTS, shown[i].PTS)
					}
				}
				r.mu.Lock()
				defer r.mu.Unlock()
				next, index := media.Time(0), int64(0)
				for i, h := range r.heard {
					if off := float64(h.PTS.Sub(next)) * rate; math.Abs(off) > 0.5 || i > 0 && h.Index != index || h.Kind != pcm.Sound {
						t.Errorf("%v at %s, frame %d: want sound at %s, frame %d", h.Kind, h.PTS, h.Index, next, index)
					}
					next, index = h.PTS.Add(media.Span(float64(h.Frames)/rate)), h.Index+h.Frames
				}
				if math.Abs(float64(next)-length) > 0.05 {
					t.Errorf("the sound ends at %s, want %g", next, length)
				}
			})
		})
	}
}
