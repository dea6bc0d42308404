package present

import (
	"math"
	"time"

	"mseplayer/mse/media"
)

// Quality is a snapshot of what became of the pictures, after the specification's VideoPlaybackQuality. Total,
// Dropped and Corrupted never decrease; neither of the latter exceeds Total.
//
// MSE: videoplaybackquality.
type Quality struct {
	// CreationTime is when the snapshot was taken: milliseconds since the player was created.
	CreationTime float64
	// Total = Presented + CadenceSkipped + Late + SkippedToKeyframe + DecodeErrors.
	// Dropped = Late + SkippedToKeyframe + DecodeErrors.
	// Corrupted counts damaged pictures that were presented or passed over, and what was too damaged to decode.
	Total, Dropped, Corrupted uint64

	// Decoded counts the pictures that came out of the decoder.
	Decoded uint64
	// Presented counts pictures that were picked at least once.
	Presented uint64
	// CadenceSkipped counts pictures passed over because there are more of them than refreshes of the display.
	CadenceSkipped uint64
	// Late counts pictures whose time was over before they could be picked.
	Late uint64
	// SkippedToKeyframe counts coded frames left out to catch up with the clock.
	SkippedToKeyframe uint64
	// DecodeErrors counts coded frames that gave no picture.
	DecodeErrors uint64
	// Hidden counts pictures whose time passed while nobody was drawing.
	Hidden uint64
	// DecodeOnly counts pictures before the target of a seek, Flushed those that a seek made void.
	DecodeOnly, Flushed uint64

	// Offset is how far pictures were from their time when they became visible.
	Offset OffsetStats
}

// OffsetStats tells how far from its ideal time each picture became visible, positive when late. Pictures that are
// shown at once after a seek, or while the clock rests, have no ideal time and do not count.
type OffsetStats struct {
	Count uint64
	// Mean is signed. P95 and Max are of the absolute value; P95 is exact to half a millisecond.
	Mean, P95, Max media.Span
	// MaxLateness is the largest positive offset.
	MaxLateness media.Span
}

// Counters holds the counts. Each method states one fact and is called from one place. It is guarded by its owner.
type Counters struct {
	decoded, decodeOnly, flushed, hidden uint64
	presented, cadenceSkipped, late      uint64
	skippedToRAP, undecodable, corrupt   uint64
	offsets                              offsets
}

// Decoded counts a picture that came out of the decoder.
func (c *Counters) Decoded() { c.decoded++ }

// Presented counts a picture that was picked for the first time.
func (c *Counters) Presented(corrupt bool) {
	c.presented++
	c.damaged(corrupt)
}

// CadenceSkipped counts a picture that was passed over because the display is slower than the pictures.
func (c *Counters) CadenceSkipped(corrupt bool) {
	c.cadenceSkipped++
	c.damaged(corrupt)
}

// Late counts a picture that was passed over because it came too late.
func (c *Counters) Late(corrupt bool) {
	c.late++
	c.damaged(corrupt)
}

// Hidden counts a picture whose time passed while nobody was drawing.
func (c *Counters) Hidden() { c.hidden++ }

// Flushed counts a picture of a past generation.
func (c *Counters) Flushed() { c.flushed++ }

// DecodeOnly counts a picture that was decoded only because others refer to it.
func (c *Counters) DecodeOnly() { c.decodeOnly++ }

// SkippedToRAP counts n coded frames that were left out to catch up at the next random access point.
func (c *Counters) SkippedToRAP(n int) { c.skippedToRAP += uint64(max(n, 0)) }

// Undecodable counts a coded frame that gave no picture.
func (c *Counters) Undecodable() { c.undecodable++ }

// Offset counts how far from its time a picture became visible.
func (c *Counters) Offset(d time.Duration) { c.offsets.add(d) }

// Quality takes the snapshot.
func (c *Counters) Quality() Quality {
	dropped := c.late + c.skippedToRAP + c.undecodable
	return Quality{
		Total:             c.presented + c.cadenceSkipped + dropped,
		Dropped:           dropped,
		Corrupted:         c.corrupt + c.undecodable,
		Decoded:           c.decoded,
		Presented:         c.presented,
		CadenceSkipped:    c.cadenceSkipped,
		Late:              c.late,
		SkippedToKeyframe: c.skippedToRAP,
		DecodeErrors:      c.undecodable,
		Hidden:            c.hidden,
		DecodeOnly:        c.decodeOnly,
		Flushed:           c.flushed,
		Offset:            c.offsets.stats(),
	}
}

func (c *Counters) damaged(corrupt bool) {
	if corrupt {
		c.corrupt++
	}
}

const (
	// offsetBin is the width of a bin of the histogram of offsets, offsetBins how many there are: up to a second.
	offsetBin  = 500 * time.Microsecond
	offsetBins = 2000
)

// offsets is a histogram of absolute offsets, of constant size.
type offsets struct {
	bins     [offsetBins]uint32
	n        uint64
	sum      float64 // seconds, signed
	max, top time.Duration
}

func (o *offsets) add(d time.Duration) {
	o.n++
	o.sum += d.Seconds()
	o.top = max(o.top, d)
	d = max(d, -d)
	o.max = max(o.max, d)
	o.bins[min(d/offsetBin, offsetBins-1)]++
}

func (o *offsets) stats() OffsetStats {
	if o.n == 0 {
		return OffsetStats{}
	}
	s := OffsetStats{
		Count:       o.n,
		Mean:        media.Span(o.sum / float64(o.n)),
		Max:         media.SpanOf(o.max),
		MaxLateness: media.SpanOf(o.top),
	}
	rank, seen := uint64(math.Ceil(float64(o.n)*0.95)), uint64(0)
	for i, n := range o.bins {
		if seen += uint64(n); seen >= rank {
			s.P95 = min(media.SpanOf(time.Duration(i+1)*offsetBin), s.Max)
			break
		}
	}
	if rank > 0 && s.P95 > 0 && o.bins[offsetBins-1] > 0 && seen == o.n {
		s.P95 = s.Max // beyond the histogram
	}
	return s
}
