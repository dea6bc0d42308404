package ffmpeg

import "mseplayer/mse/media"

// timing is what a decoded item inherits from its coded frame.
type timing struct {
	index               int64
	pts                 media.Time
	duration            media.Span
	trimFront, trimBack media.Span
	key, decodeOnly     bool
}

// ringSize is how many coded frames a decoder may lag behind before the timing of one is forgotten. The longest
// delay is 16 reference pictures of two fields plus a picture for each thread.
const ringSize = 512

// ring maps the number of a coded frame to its timing. The zero value is ready. Numbers start at 1, so that a
// missing number is never taken for a frame.
type ring struct {
	last int64
	at   [ringSize]timing
}

// put stores the timing of f and returns its number.
func (r *ring) put(f *media.CodedFrame) int64 {
	r.last++
	r.at[r.last%ringSize] = timing{
		index: r.last, pts: f.PTS, duration: f.Duration, trimFront: f.TrimFront, trimBack: f.TrimBack,
		key: f.RAP, decodeOnly: f.DecodeOnly,
	}
	return r.last
}

// get returns the timing of frame number i, nil when it is unknown or forgotten.
func (r *ring) get(i int64) *timing {
	if i <= 0 || i > r.last {
		return nil
	}
	t := &r.at[i%ringSize]
	if t.index != i {
		return nil
	}
	return t
}
