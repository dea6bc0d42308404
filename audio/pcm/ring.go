package pcm

import (
	"sync/atomic"

	"mseplayer/mse/media"
)

// maxBlocks bounds how many blocks the ring holds at a time. The shortest blocks there are last 2.5 ms (Opus), of
// which the target of a quarter of a second holds 100.
const maxBlocks = 512

// block describes the samples of one Write, or of a part of it.
type block struct {
	pos    int64      // number of its first frame in the ring's count
	frames int64      // how many follow, unless the next block begins earlier because the writer gave up
	gap    int64      // frames of silence in media time that come before it
	media  media.Time // of the first frame
	begins *start     // the generation, by where it begins: a repeated flush is another one
	crc    uint32
}

// ring holds frames (one sample per channel) and the blocks they belong to. One goroutine writes, one reads; each
// position is advanced by one of them and tells the other what it may touch. A block is announced before its
// frames, so that the reader always knows what a frame is.
type ring struct {
	channels int
	mask     int64     // capacity in frames - 1; a power of two
	samples  []float32 // interleaved
	blocks   [maxBlocks]block

	written, read         atomic.Int64 // frames
	announced, taken      atomic.Int64 // blocks
	gapsWritten, gapsRead atomic.Int64 // frames of gaps
}

func newRing(frames, channels int) *ring {
	size := int64(1)
	for size < int64(frames) {
		size *= 2
	}
	return &ring{channels: channels, mask: size - 1, samples: make([]float32, size*int64(channels))}
}

// used is how many frames are in the ring or stand for gaps, stale ones included.
func (r *ring) used() int64 {
	// the reader's positions first: they only grow, so the result is never too small
	read, gaps := r.read.Load(), r.gapsRead.Load()
	return r.written.Load() - read + r.gapsWritten.Load() - gaps
}

// announce appends a block whose frames are to follow. It reports false when there are too many. Writer only.
func (r *ring) announce(b block) bool {
	n := r.announced.Load()
	if n-r.taken.Load() == maxBlocks {
		return false
	}
	b.pos = r.written.Load()
	r.blocks[n%maxBlocks] = b
	r.gapsWritten.Add(b.gap)
	r.announced.Store(n + 1)
	return true
}

// put appends frames. There must be room. Writer only.
func (r *ring) put(samples []float32) {
	w := r.written.Load()
	n := int64(len(samples) / r.channels)
	at := int(w&r.mask) * r.channels
	copied := copy(r.samples[at:], samples)
	copy(r.samples, samples[copied:])
	r.written.Store(w + n)
}

// peek returns the next block that was announced and not taken. Reader only.
func (r *ring) peek() (*block, bool) {
	n := r.taken.Load()
	if n == r.announced.Load() {
		return nil, false
	}
	return &r.blocks[n%maxBlocks], true
}

// take removes the block that peek returned; frames before it are given up. Its gap is the reader's to account for.
// Reader only.
func (r *ring) take(b *block) block {
	t := *b
	r.read.Store(t.pos)
	r.taken.Add(1)
	return t
}

// frames returns up to n samples per channel at the reading position and before the position written, as one stretch
// of memory. Reader only.
func (r *ring) frames(n, written int64) []float32 {
	at := r.read.Load()
	n = min(n, written-at, r.mask+1-at&r.mask)
	i := (at & r.mask) * int64(r.channels)
	return r.samples[i : i+n*int64(r.channels)]
}
