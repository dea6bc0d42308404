package cea

import (
	"sort"

	"mseplayer/mse/media"
)

// maxHeld is how many frames wait for their turn at most. H.264 and HEVC reorder no more than 16.
const maxHeld = 32

// Picture is the captions of one picture.
type Picture struct {
	PTS      media.Time
	Triplets []Triplet
}

// Reorder brings captions from the order in which pictures are decoded into that in which they are shown. The zero value
// is ready.
type Reorder struct {
	held []Picture // by PTS
}

// Put adds the captions of a coded frame and appends to ready those whose turn has come, in order. Frames come in the
// order of decoding, also those without captions. It takes ownership of t.
func (r *Reorder) Put(ready []Picture, dts, pts media.Time, t []Triplet) []Picture {
	if len(t) > 0 {
		i := sort.Search(len(r.held), func(i int) bool { return r.held[i].PTS > pts })
		r.held = append(r.held, Picture{})
		copy(r.held[i+1:], r.held[i:])
		r.held[i] = Picture{PTS: pts, Triplets: t}
	}
	// What is decoded later is shown later than it is decoded.
	n := sort.Search(len(r.held), func(i int) bool { return r.held[i].PTS > dts })
	return r.release(ready, max(n, len(r.held)-maxHeld))
}

// Flush appends all that still waits: at the end of the stream, or before a gap.
func (r *Reorder) Flush(ready []Picture) []Picture { return r.release(ready, len(r.held)) }

func (r *Reorder) release(ready []Picture, n int) []Picture {
	ready = append(ready, r.held[:n]...)
	rest := copy(r.held, r.held[n:])
	clear(r.held[rest:])
	r.held = r.held[:rest]
	return ready
}
