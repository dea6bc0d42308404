package wav_test

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"mseplayer/audio/pcm"
	"mseplayer/audio/wav"
	"mseplayer/mse/media"
	"mseplayer/player/clock"
	"mseplayer/player/frame"
	"mseplayer/player/present"
)

// TestSink_PicturesAndSound lays the dump of the pictures beside the recording of the sound, as a test without screen
// and loudspeaker has to: through a pause and a seek, each picture becomes visible within half an interval of the display
// of when the sound of its time is in the file.
func TestSink_PicturesAndSound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const fps, hz = 25, 60
		var blocks []pcm.Played
		var pictures []present.Event
		file := filepath.Join(t.TempDir(), "out.wav")
		o := wav.Options{Float: true}
		o.Dump = func(p pcm.Played) { blocks = append(blocks, p) }
		s, err := wav.Create(file, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		m := &clock.Media{}
		m.SetAudio(time.Now(), s)
		q := present.NewQueue(present.Options{Clock: m, Dump: func(e present.Event) {
			if e.Kind == present.Presented {
				pictures = append(pictures, e)
			}
		}})

		surface, stop := context.WithCancel(t.Context())
		go func() { // the surface shows what it picks in the next interval
			ticker := time.NewTicker(time.Second / hz)
			defer ticker.Stop()
			for {
				select {
				case <-ticker.C:
				case <-surface.Done():
					return
				}
				from := time.Now().Add(time.Second / hz)
				q.Pick(from, from.Add(time.Second/hz))
				m.Now(time.Now())
			}
		}()
		var workers context.CancelFunc
		play := func(g media.Gen, at media.Time) {
			var ctx context.Context
			ctx, workers = context.WithCancel(t.Context())
			m.Reset(time.Now(), g, at)
			q.Flush(g)
			s.Flush(g, at)
			go func() {
				for n := int(at * rateHz); ; n += 1024 {
					a := block(n, 1024, 2)
					a.Gen = g
					if err := s.Write(ctx, a); err != nil {
						if !errors.Is(err, context.Canceled) && !errors.Is(err, pcm.ErrClosed) {
							t.Errorf("write: %v", err)
						}
						return
					}
				}
			}()
			go func() {
				for i := int(at * fps); ; i++ {
					v := &frame.Video{Gen: g, PTS: media.FromTicks(int64(i), fps), Duration: 1.0 / fps}
					v.Arm(nil)
					if err := q.Put(ctx, v); err != nil {
						if !errors.Is(err, context.Canceled) && !errors.Is(err, present.ErrClosed) {
							t.Errorf("put: %v", err)
						}
						return
					}
				}
			}()
			synctest.Wait()
			m.Run(time.Now())
			s.SetRunning(true)
		}
		play(1, 0)
		time.Sleep(10 * time.Second)
		m.Pause(time.Now())
		s.SetRunning(false)
		time.Sleep(777 * time.Millisecond)
		m.Run(time.Now())
		s.SetRunning(true)
		time.Sleep(5 * time.Second)
		s.SetRunning(false)
		workers()
		play(2, 100)
		time.Sleep(5 * time.Second)
		stop()
		workers()
		synctest.Wait()
		epoch := s.Epoch()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		q.Close()

		// when the file holds the sound of a media time; it is where the dump says
		r := parse(t, file)
		heard := func(g media.Gen, at media.Time) (time.Time, bool) {
			for i, b := range blocks {
				end := b.PTS.Add(media.Span(float64(b.Frames) / rateHz))
				if b.Gen != g || b.PTS > at || end <= at || i+1 < len(blocks) && blocks[i+1].Index < b.Index+b.Frames {
					continue // or cut short
				}
				frame := b.Index + int64(math.Round(float64(at-b.PTS)*rateHz))
				if i+1 < len(blocks) && blocks[i+1].Gen == g && blocks[i+1].Index != b.Index+b.Frames {
					return time.Time{}, false // the pause lies in this block
				}
				v := math.Float32frombits(uint32(r.samples[frame*8]) | uint32(r.samples[frame*8+1])<<8 | uint32(r.samples[frame*8+2])<<16 | uint32(r.samples[frame*8+3])<<24)
				if want := tone(int(math.Round(float64(at) * rateHz))); v != want && math.Abs(float64(v)) > math.Abs(float64(want)) {
					t.Fatalf("frame %d of the file is %v, want %v of media time %v", frame, v, want, at)
				}
				return epoch.Add(time.Duration(frame) * time.Second / rateHz), true
			}
			return time.Time{}, false
		}
		var worst, sum time.Duration
		n := 0
		for _, p := range pictures {
			if w, ok := heard(p.Gen, p.PTS); ok && p.HasOffset {
				d := p.From.Sub(w)
				worst, sum, n = max(worst, d.Abs()), sum+d, n+1
			}
		}
		if n < 480 || worst > time.Second/hz/2+time.Millisecond {
			t.Errorf("%d pictures are up to %v off their sound", n, worst)
		}
		st := q.Quality()
		t.Logf("%d pictures, mean %v, worst %v; measured %+v", n, sum/time.Duration(n), worst, st.Offset)
		if st.Dropped != 0 || (st.Offset.Max-media.SpanOf(worst)) > 0.0005 || s.Stats().Underruns != 0 {
			t.Errorf("%+v, %+v", st, s.Stats())
		}
	})
}
