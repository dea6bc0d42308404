package audio

import (
	"encoding/binary"
	"math"
	"sync/atomic"
	"time"

	"github.com/ebitengine/oto/v3"

	"mseplayer/audio/pcm"
	"mseplayer/mse/media"
	"mseplayer/player/clock"
)

// bytesPerSample is the size of a 32-bit float.
const bytesPerSample = 4

// source is what oto reads. All of it belongs to oto's goroutine between Play and PauseAndStopReading, else to the
// Device's.
type source struct {
	// immutable
	feed     *pcm.Feed
	timeline *clock.Timeline
	player   *oto.Player
	rateHz   int
	frame    int           // bytes
	behind   time.Duration // from oto's buffer to the ear

	samples  []float32 // of one chunk
	hold     int       // bytes that oto keeps at least
	settling time.Time // when the device began to take sound, if it has not settled
	settled  bool

	live  atomic.Bool // until this is set, the device gets silence and the feed is somebody else's
	reads atomic.Uint64
}

// newSource makes a source for the sound system that probe named.
func newSource(d *Device, name string) *source {
	s := &source{
		feed: d.Feed, timeline: d.timeline, rateHz: d.format.Rate, frame: d.format.Channels * bytesPerSample,
		behind: deviceBuffer + d.offset,
	}
	if name == systemALSA {
		s.behind += inFlight
	}
	s.hold = s.bytes(playerBuffer)
	s.samples = make([]float32, s.bytes(chunk)/bytesPerSample)
	return s
}

// bytes is how many bytes last for t, in whole frames and at least one.
func (s *source) bytes(t time.Duration) int {
	return max(1, int(int64(t)*int64(s.rateHz)/int64(time.Second))) * s.frame
}

// Read gives a chunk of sound, or of silence: it never fails and never returns nothing. It does not allocate, block or
// log.
func (s *source) Read(p []byte) (int, error) {
	now := time.Now()
	s.reads.Add(1)
	n := min(len(p)/s.frame*s.frame, len(s.samples)*bytesPerSample)
	p = p[:n]
	if !s.live.Load() {
		clear(p)
		return n, nil
	}
	if !s.settled {
		if s.settling.IsZero() {
			s.settling = now
		}
		if now.Sub(s.settling) < settle {
			s.feed.Idle()
			clear(p)
			return n, nil
		}
		s.settled = true
		s.timeline.Resync()
	}
	held := s.player.BufferedSize()
	if held == 0 && s.hold < s.bytes(maxPlayerBuffer) { // the driver took all there was, and may have wanted more
		s.hold += s.bytes(growStep)
		s.player.SetBufferSize(s.hold)
	}
	samples := s.samples[:n/bytesPerSample]
	s.feed.Pull(samples, now, media.SpanFromTicks(int64(held/s.frame), uint32(s.rateHz)).Duration()+s.behind)
	for i, v := range samples {
		binary.LittleEndian.PutUint32(p[i*bytesPerSample:], math.Float32bits(v))
	}
	return n, nil
}
