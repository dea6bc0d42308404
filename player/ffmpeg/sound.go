package ffmpeg

import (
	"sync"

	"mseplayer/player/frame"
)

const (
	// maxIdleBlocks and maxIdleSamples bound what a pool of sound blocks keeps for reuse.
	maxIdleBlocks  = 32
	maxIdleSamples = 1 << 18
)

// block is one pooled piece of sound.
type block struct {
	frame.Audio
	buf     []float32
	release func(*frame.Audio)
}

// blocks is a pool of sound blocks in Go memory. The zero value is ready; it needs no closing.
type blocks struct {
	mu   sync.Mutex
	idle []*block // guarded by mu
}

// get returns a block with room for n samples in all channels together.
func (p *blocks) get(n int) *block {
	p.mu.Lock()
	var b *block
	if l := len(p.idle); l > 0 {
		b = p.idle[l-1]
		p.idle[l-1] = nil
		p.idle = p.idle[:l-1]
	}
	p.mu.Unlock()
	if b == nil {
		b = &block{}
		b.release = func(*frame.Audio) { p.put(b) }
	}
	if cap(b.buf) < n {
		b.buf = make([]float32, n)
	}
	b.buf = b.buf[:n]
	return b
}

func (p *blocks) put(b *block) {
	if cap(b.buf) > maxIdleSamples {
		b.buf = nil
	}
	p.mu.Lock()
	if len(p.idle) < maxIdleBlocks {
		p.idle = append(p.idle, b)
	}
	p.mu.Unlock()
}
