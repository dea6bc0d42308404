package detect

import (
	"math"

	"mseplayer/mse/media"
	"mseplayer/player/frame"
)

const (
	// silence is the level up to which nothing is heard: -60 dBFS.
	silence = 0.001
	// full is the level from which on a sample counts as cut off, and flat how many of them in a row it takes.
	full, flat = 0.9999, 4
)

// Sound looks at the sound of one track. The zero value is ready.
type Sound struct {
	quiet   spans
	end     media.Time
	began   media.Opt
	loud    bool  // something was heard
	runs    []int // by channel: samples at full scale so far
	clipped int64
	first   media.Opt
}

// Add looks at the next block.
func (d *Sound) Add(a *frame.Audio) {
	n := a.Format.Channels
	if n <= 0 || a.Format.Rate <= 0 || a.Frames() == 0 {
		return
	}
	if len(d.runs) != n {
		d.runs = make([]int, n)
	}
	if !d.began.Set {
		d.began = media.Some(a.PTS)
	}
	at := func(i int) media.Time { return a.PTS.Add(media.Span(float64(i) / float64(a.Format.Rate))) }
	for i := range a.Frames() {
		quiet := true
		for c, x := range a.Samples[i*n : (i+1)*n] {
			level := float32(math.Abs(float64(x)))
			quiet = quiet && level <= silence
			if level < full {
				d.runs[c] = 0
				continue
			}
			if d.runs[c]++; d.runs[c] == flat {
				d.clipped++
				if !d.first.Set {
					d.first = media.Some(at(i + 1 - flat))
				}
			}
		}
		if quiet {
			if !d.quiet.open {
				d.quiet.from(at(i))
			}
			continue
		}
		d.loud = true
		if d.quiet.open {
			d.quiet.until(at(i), Shortest)
		}
	}
	d.end = a.End()
}

// Silence returns when there is nothing to be heard in any channel for at least Shortest.
func (d *Sound) Silence() []media.Range { return d.quiet.all(d.end, Shortest) }

// Clipped is how often sound stays at full scale for several samples in a row, and when it first does.
func (d *Sound) Clipped() (n int64, first media.Opt) { return d.clipped, d.first }

// Heard reports whether there was any sound but silence; End is the end of the last block.
func (d *Sound) Heard() (heard bool, end media.Time) { return d.loud, d.end }
