package stream

import (
	"strings"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/fetch"
	"mseplayer/player/manifest"
	"mseplayer/player/stream/plan"
)

// headroom is how many times faster than needed a server may send, as it is told (rtp).
const headroom = 5

// formats are the names of CMCD.
var formats = map[manifest.Format]fetch.CMCDFormat{manifest.DASH: fetch.CMCDDASH, manifest.HLS: fetch.CMCDHLS, manifest.File: fetch.CMCDFile}

// starves counts the interruptions of playback. It belongs to Engine.Run.
type starves struct {
	at     media.Time
	seeks  media.Gen
	played bool // since the beginning or the last seek
	waits  bool
}

// watch returns whether an interruption has just begun.
func (s *starves) watch(at media.Time, seeks media.Gen, starving bool) bool {
	if seeks != s.seeks {
		s.seeks, s.at, s.played = seeks, at, false
	}
	began := starving && s.played && !s.waits
	s.waits = starving
	s.played = s.played || at > s.at && !starving
	s.at = at
	return began
}

// told is what every request of the program tells about playback.
func (p *Program) told() *fetch.CMCD {
	pres := p.Presentation()
	return &fetch.CMCD{Format: formats[pres.Format], Live: pres.Live != nil || p.changing()}
}

// tell is what the request for a segment, or for an initialization segment, tells about playback.
func (f *Segments) tell(e *Engine, it plan.Item) *fetch.CMCD {
	d := f.prog.told()
	d.Rate = 1
	if s, ok := e.player.(speeder); ok {
		d.Rate = s.PlaybackRate()
	}
	if s, ok := e.player.(interface{ Paused() bool }); ok {
		d.Paused = s.Paused()
	}
	if n := e.starves.Load(); n != f.starves {
		f.starves, d.Starved = n, true
	}
	d.Object = f.object(it)
	rep := it.Representation
	d.Bitrate = rep.Bandwidth
	for _, r := range f.track.Rungs() {
		d.TopBitrate = max(d.TopBitrate, r.Bandwidth)
	}
	if s, ok := f.sel.(interface{ Throughput() float64 }); ok {
		f.selMu.Lock()
		d.Throughput = int64(s.Throughput())
		f.selMu.Unlock()
	}
	at, _ := e.player.Playhead()
	ahead := max(0, f.Edge().Sub(at))
	starving := e.player.Starving()
	if r, err := f.sb.Buffered(); err != nil || len(r) == 0 {
		ahead = 0 // nothing has come yet
	}
	d.Urgent = starving || ahead == 0
	d.Buffer, d.Buffered = seconds(float64(ahead)), true
	if d.Rate > 0 {
		d.Deadline = seconds(float64(ahead) / d.Rate)
	}
	if it.Init {
		return d
	}
	d.Duration = seconds(float64(it.Duration))
	if d.Deadline > 0 {
		d.MaxThroughput = int64(float64(rep.Bandwidth) * headroom * d.Duration.Seconds() / d.Deadline.Seconds())
	}
	if next, ok := f.track.Peek(f.prog.now(), it.Index+1); ok {
		d.Next, d.NextRange = f.prog.route.Places(next, time.Now())[0].URL, fetch.Range(next.Range)
	}
	return d
}

// object is the type of a segment.
func (f *Segments) object(it plan.Item) fetch.CMCDObject {
	switch {
	case it.Init:
		return fetch.CMCDInit
	case f.kind == manifest.Audio:
		return fetch.CMCDAudio
	case f.kind == manifest.Video && !f.prog.has(manifest.Audio) && strings.Contains(it.Representation.Codecs, ","):
		return fetch.CMCDMuxed
	case f.kind == manifest.Video:
		return fetch.CMCDVideo
	}
	return fetch.CMCDOther
}
