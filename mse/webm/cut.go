package webm

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
)

// Lengths of frames that nothing tells about, until their track has shown two blocks; and the longest distance of
// blocks that is taken for the length of the first.
const (
	fallbackPicture = media.Span(0.040)
	fallbackSound   = media.Span(0.020)
	maxLearned      = media.Span(1)
)

// lateAfter is how many lengths of a frame its successor may be away before its length is not believed.
const lateAfter = 1.5

// pace is how the times of a track go on from block to block.
type pace struct {
	estimate media.Span // see the package comment, 0 before the second block
	at       int64      // of the last block, in nanoseconds
	known    bool       // there was one
	// open is the index in the slab of the last block's first frame if the next block may change its length, else -1;
	// told is set when that length is more than a guess.
	open  int
	laces int
	told  bool
	// from is when the first block of the Cluster begins, in nanoseconds, and blocks how many there are so far.
	from   int64
	blocks int64
	next   media.Time // where the last frame ended

	dts    int64 // of the last frame, in nanoseconds
	placed bool  // dts is set
	lag    int64 // by which decode order leads presentation order, in nanoseconds
}

// forget begins a new run of blocks.
func (t *track) forget() {
	t.pace.known, t.pace.placed = false, false
	if t.vorbis != nil {
		t.vorbis.forget()
	}
}

// emit hands out the pending frames. Unless final is set, last blocks that need their successor stay.
func (p *Parser) emit(h bytestream.Handler, final bool) error {
	tracks, err := p.cut(final)
	p.cluster.from = p.pos
	p.discard()
	if len(tracks) > 0 {
		if e := h.Fragment(tracks); e != nil {
			return e
		}
	}
	return err
}

// cut makes coded frames of the pending entries. Frames before an error come with it.
func (p *Parser) cut(final bool) ([]bytestream.TrackFrames, error) {
	c := &p.cluster
	if len(c.pending) == 0 {
		return nil, nil
	}
	arena := p.prepare(final)
	crypts, subs := p.crypts(), []media.Subsample(nil)
	keep := 0
	var failed error
	for i := range c.pending {
		e := &c.pending[i]
		t := e.track
		if i >= t.tail { // held
			if e.leads {
				t.follow(p.time(e))
			}
			e.held = true
			c.pending[keep] = *e
			keep++
			continue
		}
		data, ok := p.in.Slice(e.off, e.off+e.size)
		if n := len(t.coding.strip); !ok || n > 0 {
			whole := arena[: n+int(e.size) : n+int(e.size)]
			arena = arena[len(whole):]
			copy(whole, t.coding.strip)
			p.in.Copy(whole[n:], e.off)
			data = whole
		}
		f := media.CodedFrame{Config: t.config, Data: data, RAP: t.kind != media.Video || e.key, DecodeOnly: e.hidden}
		if failed = p.unwrap(e, &f, &crypts, &subs); failed != nil {
			break
		}
		if e.guessed && f.RAP && t.keyed != nil {
			f.RAP = t.keyed(f.Data)
		}
		t.place(&f, e, p.time(e))
		t.slab = append(t.slab, f)
	}
	p.inflate.out = nil
	clear(c.pending[keep:])
	c.pending = c.pending[:keep]
	if keep > 0 {
		c.first = c.pending[keep-1].ticks
	}
	return p.finishSlabs(), failed
}

// time is the presentation time of the entry's block in nanoseconds.
func (p *Parser) time(e *entry) int64 { return e.ticks*p.movie.scale - e.track.delay }

// prepare decides what stays, makes the slabs, and the arena for frames that have to be copied.
func (p *Parser) prepare(final bool) (arena []byte) {
	c := &p.cluster
	for i := range c.pending {
		e := &c.pending[i]
		if e.leads {
			e.track.tail, e.track.before = i, e.track.count
		}
		e.track.count++
	}
	for _, t := range p.movie.tracks {
		if t.count == 0 {
			continue
		}
		if e := &c.pending[t.tail]; !final && !e.held && t.waits(e) {
			t.count = t.before
		} else {
			t.tail = len(c.pending)
		}
		t.slab, t.pace.open = nil, -1
		if t.count > 0 {
			t.slab = make([]media.CodedFrame, 0, t.count)
		}
	}
	copied := 0
	for i := range c.pending {
		e := &c.pending[i]
		if i >= e.track.tail {
			continue
		}
		n := len(e.track.coding.strip)
		if _, ok := p.in.Slice(e.off, e.off+e.size); !ok || n > 0 {
			copied += n + int(e.size)
		}
	}
	if copied > 0 {
		arena = make([]byte, copied)
	}
	return arena
}

// crypts makes room for the encryption facts of all frames that go out.
func (p *Parser) crypts() []media.Crypt {
	n := 0
	for _, t := range p.movie.tracks {
		if t.coding.encrypted {
			n += t.count
		}
	}
	if n == 0 {
		return nil
	}
	return make([]media.Crypt, 0, n)
}

// unwrap undoes compression and splits encryption facts off.
func (p *Parser) unwrap(e *entry, f *media.CodedFrame, crypts *[]media.Crypt, subs *[]media.Subsample) error {
	const path = "Segment/Cluster/Block"
	t := e.track
	if t.coding.deflated {
		b, err := p.inflate.inflate(f.Data, maxInflated-int64(len(p.inflate.out)))
		if err != nil {
			return unreadable(path, e.blockOff, fmt.Sprintf("a frame of track %d cannot be inflated", t.number), err)
		}
		f.Data = b
	}
	if !t.coding.encrypted {
		return nil
	}
	data, crypt, what := t.coding.cipher(f.Data, subs)
	if what != "" {
		return fault(path, e.blockOff, "an encrypted frame of track %d %s", t.number, what)
	}
	if f.Data = data; crypt.Scheme != "" {
		*crypts = append(*crypts, crypt)
		f.Crypt = &(*crypts)[len(*crypts)-1]
	}
	return nil
}

// waits reports whether the length of a frame is told by the next block alone.
func (t *track) waits(e *entry) bool {
	return e.dur < 0 && t.measure == nil && t.nominal == 0 && !t.reorders
}

// place sets times and length of a frame that goes to the end of the slab. at is the time of its block.
func (t *track) place(f *media.CodedFrame, e *entry, at int64) {
	if e.leads {
		t.follow(at)
		t.pace.next = media.Time(seconds(at))
	}
	dur := e.dur
	measured := media.Span(0)
	if t.measure != nil {
		measured = t.measure(f.Data)
	}
	if measured > 0 && (dur < 0 || e.discard != 0) { // BlockDuration may or may not contain the padding
		dur = measured
	}
	fixed := dur >= 0
	if !fixed && t.nominal > 0 {
		dur = t.nominal
	}
	if e.leads && e.dur < 0 && e.discard == 0 {
		t.pace.open, t.pace.laces, t.pace.told = len(t.slab), int(e.laces), dur >= 0
	}
	if dur < 0 {
		dur = t.guess()
	}
	f.PTS, f.Duration = t.pace.next, dur
	t.pace.next = t.pace.next.Add(dur)
	if t.reorders {
		t.nanos = append(t.nanos, at)
		if !fixed {
			f.Duration = -dur // for order to settle
		}
	}
	switch pad := seconds(e.discard); {
	case pad > 0:
		f.TrimBack = min(pad, f.Duration)
		f.Duration -= f.TrimBack
	case pad < 0:
		f.TrimFront = min(-pad, f.Duration)
		f.PTS, f.Duration = f.PTS.Add(f.TrimFront), f.Duration-f.TrimFront
	}
	f.DTS = f.PTS
}

// follow notes that a block begins at that time, and gives the block before it the length that follows.
func (t *track) follow(at int64) {
	c := &t.pace
	step, known := seconds(at-c.at), c.known
	c.at, c.known = at, true
	if c.blocks == 0 {
		c.from = at
	}
	c.blocks++
	open := c.open
	c.open = -1
	if !known || t.reorders {
		return
	}
	if step > 0 && step <= maxLearned {
		switch {
		case c.estimate == 0, t.kind == media.Audio && step < c.estimate, t.kind == media.Video && step > c.estimate:
			c.estimate = step
		}
	}
	if open < 0 || step < 0 {
		return
	}
	frames := t.slab[open:]
	switch told := frames[0].Duration; {
	case c.told && !(len(frames) == 1 && near(step, told, seconds(t.scale))) && (t.kind != media.Video || step <= lateAfter*frames[0].Duration):
	case len(frames) == c.laces: // none of the lace was empty
		each := step / media.Span(len(frames))
		from := frames[0].PTS
		for i := range frames {
			frames[i].PTS = from.Add(each * media.Span(i))
			frames[i].DTS, frames[i].Duration = frames[i].PTS, each
		}
	}
}

// near reports whether two lengths are the same but for what rounding times to ticks does to a distance of blocks.
func near(a, b, tick media.Span) bool { return a > b-tick && a < b+tick }

// round lets a picture last until the tick at which the next one is due at the latest, by the frame rate and the first
// block of the Cluster.
func (t *track) round() {
	c := &t.pace
	if c.open < 0 || !c.told || t.kind != media.Video || c.blocks < 2 || c.laces > 1 {
		return
	}
	f := &t.slab[c.open]
	left := c.from + c.blocks*int64(math.Round(float64(t.nominal)*second)) - c.at
	left = (left + t.scale - 1) / t.scale * t.scale
	if step := seconds(left); near(step, f.Duration, seconds(t.scale)) {
		f.Duration = step
	}
}

// guess is the length of a frame that nothing tells.
func (t *track) guess() media.Span {
	switch {
	case t.pace.estimate > 0:
		return t.pace.estimate
	case t.kind == media.Video:
		return fallbackPicture
	case t.kind == media.Audio:
		return fallbackSound
	default:
		return 0
	}
}

// finishSlabs gives decode times to pictures that are reordered, and the slabs to the caller.
func (p *Parser) finishSlabs() []bytestream.TrackFrames {
	n := 0
	for _, t := range p.movie.tracks {
		if len(t.slab) > 0 {
			n++
		}
	}
	var out []bytestream.TrackFrames
	if n > 0 {
		out = make([]bytestream.TrackFrames, 0, n)
	}
	for _, t := range p.movie.tracks {
		if t.count = 0; len(t.slab) == 0 {
			continue
		}
		if t.reorders {
			p.order(t)
		}
		t.round()
		out = append(out, bytestream.TrackFrames{Track: uint32(t.number), Frames: t.slab, Rounded: seconds(p.movie.scale)})
		t.slab = nil
	}
	return out
}

// order gives decode times, and lengths up to the next picture in presentation order, to a portion of pictures.
// Between portions that do not begin with a random access point decode times never fall.
func (p *Parser) order(t *track) {
	c := &t.pace
	p.times = append(p.times[:0], t.nanos...)
	slices.Sort(p.times)
	for i, at := range t.nanos {
		c.lag = max(c.lag, p.times[i]-at)
	}
	if t.slab[0].RAP {
		c.placed = false
	}
	for i, at := range t.nanos {
		f := &t.slab[i]
		dts := p.times[i] - c.lag
		if c.placed && dts < c.dts { // the Cluster before ended inside of a group of pictures
			dts = c.dts
			c.lag = max(c.lag, dts-at)
		}
		f.DTS, c.dts, c.placed = media.Time(seconds(dts)), dts, true
		if f.Duration >= 0 {
			continue
		}
		f.Duration = -f.Duration
		k := sort.Search(len(p.times), func(k int) bool { return p.times[k] > at })
		if k == len(p.times) {
			continue
		}
		step := seconds(p.times[k] - at)
		if step <= maxLearned {
			c.estimate = max(c.estimate, step)
		}
		if t.nominal == 0 || step > lateAfter*f.Duration {
			f.Duration = step
		}
	}
	t.nanos = t.nanos[:0]
}
