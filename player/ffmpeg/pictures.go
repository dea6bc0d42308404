package ffmpeg

/*
#include "door.h"
*/
import "C"

import (
	"sync"

	"github.com/asticode/go-astiav"

	"mseplayer/player/frame"
)

// maxIdlePictures is how many shells a pool keeps for reuse; more than the queues behind a decoder hold is waste.
const maxIdlePictures = 32

// picture is one shell: an AVFrame and the Video that shows its planes.
type picture struct {
	frame.Video
	av *astiav.Frame
	p  *C.AVFrame
	// own is set for a shell that keeps its buffer when it is idle, because the door filled it by converting.
	own     bool
	release func(*frame.Video)
}

// pictures is a pool of shells. The decoder and every picture that is not released share it; it is freed by
// whoever lets go last.
type pictures struct {
	mu sync.Mutex
	// guarded by mu
	idle, idleOwn []*picture
	closed        bool
}

// get returns an idle shell or a new one; own asks for one that keeps its buffer. It is nil when out of memory.
func (p *pictures) get(own bool) *picture {
	p.mu.Lock()
	list := &p.idle
	if own {
		list = &p.idleOwn
	}
	if n := len(*list); n > 0 {
		s := (*list)[n-1]
		(*list)[n-1] = nil
		*list = (*list)[:n-1]
		p.mu.Unlock()
		return s
	}
	p.mu.Unlock()

	f := astiav.AllocFrame()
	if f == nil {
		return nil
	}
	s := &picture{av: f, p: (*C.AVFrame)(f.UnsafePointer()), own: own}
	s.release = func(*frame.Video) { p.put(s) }
	return s
}

// put takes a shell back.
func (p *pictures) put(s *picture) {
	if !s.own {
		C.av_frame_unref(s.p)
	}
	p.mu.Lock()
	list := &p.idle
	if s.own {
		list = &p.idleOwn
	}
	if !p.closed && len(*list) < maxIdlePictures {
		*list = append(*list, s)
		s = nil
	}
	p.mu.Unlock()
	if s != nil {
		s.av.Free()
	}
}

// close frees the idle shells; those that are in use are freed when they come back.
func (p *pictures) close() {
	p.mu.Lock()
	idle := append(p.idle, p.idleOwn...)
	p.idle, p.idleOwn, p.closed = nil, nil, true
	p.mu.Unlock()
	for _, s := range idle {
		s.av.Free()
	}
}
