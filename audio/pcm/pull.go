package pcm

import (
	"math"
	"time"

	"mseplayer/audio/stretch"
	"mseplayer/mse/media"
)

// maxMarks bounds how many blocks and gaps begin in the sound that is being stretched. It is a tenth of a second.
const maxMarks = 128

// reader is the state of the callback's side.
type reader struct {
	epoch  time.Time
	begins *start // the generation that is played
	index  int64  // frames given to the device so far

	// media time of the next frame to leave the ring: base + count frames
	base  media.Time
	count float64
	begun bool // something of this generation has been played

	cur   block // what is being played, if has
	has   bool
	gap   int64 // frames of silence left before it
	at    int64 // frames of it that are done
	skip  int64 // frames of it that come too late
	fresh bool  // none of it has been played
	coast bool  // media time goes on over silence after the end of the stream

	// sound on its way from the ring to the device while the speed is not 1, or has just become 1 again
	str      *stretch.Stretcher
	marks    [maxMarks]mark // what begins where in its input; marks[first] is what comes next, or sounds
	first, n int
	hop      []float32 // what it made and was not given yet
	hopAt    float64   // which frame of its input that stands for
	speed    float64   // of the hop

	fade ramp // 1 while running
	gain ramp
	tail ramp                 // 1 to 0 after sound broke off
	last [maxChannels]float32 // the last frame given
	cut  [maxChannels]float32 // the frame that the tail decays from

	dry Played // the underrun that is going on, if its Kind is set
}

// mark is where a block or a gap begins, or goes on, in the sound that is being stretched.
type mark struct {
	at    int64 // frame of the Stretcher's input
	media media.Time
	kind  Kind
	fresh bool // it begins here and has not been reported
	whole int64
	crc   uint32
}

// Pull fills dst, interleaved, with what comes next and reports it to the timeline: the first frame of dst will be
// heard delay after now. It always fills dst; what there is no sound for is silence. It belongs to the goroutine of
// the device's callback.
func (f *Feed) Pull(dst []float32, now time.Time, delay time.Duration) {
	f.pull(dst, now, delay, f.running.Load())
}

// Pass does what Pull does while the feed does not run, although it may run again: for a device that made a break and
// has not taken in time what was to be heard during it.
func (f *Feed) Pass(dst []float32, now time.Time, delay time.Duration) {
	f.pull(dst, now, delay, false)
}

func (f *Feed) pull(dst []float32, now time.Time, delay time.Duration, running bool) {
	r := &f.r
	if r.epoch.IsZero() {
		r.epoch = now
	}
	f.tl.Begin(now, delay)
	f.follow()
	fadeFrames := int(f.frames(fade))
	if running {
		r.fade.to(1, fadeFrames)
	} else {
		r.fade.to(0, fadeFrames)
	}
	gain := math.Float32frombits(f.gain.Load())
	if r.fade.now == 0 {
		r.gain.to(gain, 0) // nobody hears it change
	} else {
		r.gain.to(gain, int(f.frames(gainRamp)))
	}

	pace := f.pace.Load()
	r.str.Set(pace.speed, pace.keepPitch)

	heard, ch := now.Add(delay), f.format.Channels
	total := len(dst) / ch
	for done := 0; done < total; {
		n := f.step(dst[done*ch:total*ch], running, heard)
		done += n
		r.index += int64(n)
		heard = now.Add(delay + f.length(done))
	}
	clear(dst[total*ch:])
	f.account()
	f.tl.End()
	f.wakeWriter()
}

// Idle does what Pull does besides giving sound: it makes room for a new generation after a flush. A device that does
// not pull for a while calls it now and then, on the goroutine that pulls otherwise.
func (f *Feed) Idle() {
	f.follow()
	f.wakeWriter()
}

// follow goes to the present generation.
func (f *Feed) follow() {
	if s := f.flushed.Load(); s != f.r.begins {
		f.rewind(s)
	}
	f.discard()
}

func (f *Feed) wakeWriter() {
	if f.waiting.Load() && f.room() {
		f.waiting.Store(false)
		f.notify()
	}
}

// step fills the beginning of dst with one kind of thing and returns how many frames that was, at least one.
func (f *Feed) step(dst []float32, running bool, heard time.Time) int {
	r, ch := &f.r, f.format.Channels
	n := len(dst) / ch
	if !running {
		if r.fade.level(0) {
			f.wet()
			return f.silence(dst)
		}
		n = min(n, r.fade.left)
	}
	ended := f.eos.Load() == r.begins // before looking for sound, which is written before this is set
	if len(r.hop) > 0 || !r.str.Idle() {
		return f.stretched(dst[:n*ch], ended, running, heard)
	}
	if r.n > 0 {
		r.str.Reset()
		r.n = 0
	}
	at := r.next(f.format.Rate)
	src, gap := f.piece(n, ended)
	switch {
	case gap > 0:
		n = gap
		if r.gap == r.cur.gap {
			f.report(Gap, r.gap, 0, 1, r.next(f.format.Rate), heard)
		}
		f.play(dst[:n*ch], nil, r.next(f.format.Rate), 1)
		f.gave(n)
	case len(src) > 0:
		n = len(src) / ch
		if r.fresh {
			r.fresh = false
			f.report(Sound, r.cur.frames, r.cur.crc, 1, r.next(f.format.Rate), heard)
		}
		f.sounds(n, heard)
		f.play(dst[:n*ch], src, r.next(f.format.Rate), 1)
		f.took(n)
	case !ended:
		return f.starve(dst, running, at, heard)
	default:
		f.goOn(dst[:n*ch], 1)
	}
	return n
}

// piece returns what comes next out of the ring, at most n frames: sound, or how many frames of a gap. There is
// neither when the ring has nothing of this generation.
func (f *Feed) piece(n int, ended bool) (src []float32, gap int) {
	r, ch := &f.r, f.format.Channels
	for {
		if r.has && r.gap > 0 {
			return nil, int(min(int64(n), r.gap))
		}
		if r.has {
			// Before the end: what is written after this may belong to a block that comes after this one early, because
			// a flush cut this one short.
			written := f.ring.written.Load()
			if src := f.ring.frames(min(int64(n), f.end()-r.at), written); len(src) > 0 {
				if late := min(r.skip, int64(len(src)/ch)); late > 0 {
					r.skip -= late
					r.at += late
					f.ring.read.Add(late)
					continue
				}
				return src, 0
			}
			if r.at < f.end() && !ended {
				return nil, 0
			}
		}
		if !f.adopt() {
			return nil, 0
		}
	}
}

// took gives the place of n frames of sound back to the writer, gave that of n frames of a gap.
func (f *Feed) took(n int) {
	f.r.at += int64(n)
	f.r.count += float64(n)
	f.ring.read.Add(int64(n))
}

func (f *Feed) gave(n int) {
	f.r.gap -= int64(n)
	f.r.count += float64(n)
	f.ring.gapsRead.Add(int64(n))
}

// goOn lets media time go on over silence after the end of the stream.
func (f *Feed) goOn(dst []float32, speed float64) {
	r := &f.r
	r.coast = true
	f.play(dst, nil, r.next(f.format.Rate), speed)
	r.count += float64(len(dst)/f.format.Channels) * speed
}

// sounds counts n frames of sound.
func (f *Feed) sounds(n int, heard time.Time) {
	if f.first.Load() == 0 {
		f.first.Store(max(1, int64(heard.Sub(f.r.epoch))))
	}
	f.played.Add(uint64(n))
}

// stretched is step while sound goes through the Stretcher.
func (f *Feed) stretched(dst []float32, ended, running bool, heard time.Time) int {
	r, ch := &f.r, f.format.Channels
	n := len(dst) / ch
	if len(r.hop) == 0 {
		f.fill(ended)
		r.hop, r.hopAt, r.speed = r.str.Next()
	}
	m := f.reach()
	if len(r.hop) == 0 {
		if !ended {
			at := r.next(f.format.Rate)
			if m != nil {
				at = m.time(r.hopAt, f.format.Rate)
			}
			return f.starve(dst, running, at, heard)
		}
		r.str.Reset() // less than a frame is left
		r.n = 0
		f.goOn(dst, r.speed)
		return n
	}
	n = min(n, len(r.hop)/ch)
	if r.n > 1 {
		next := r.marks[(r.first+1)%maxMarks].at
		n = min(n, max(1, int(math.Ceil((float64(next)-r.hopAt)/r.speed))))
	}
	at := m.time(r.hopAt, f.format.Rate)
	if m.fresh {
		m.fresh = false
		f.report(m.kind, m.whole, m.crc, r.speed, at, heard)
	}
	if m.kind == Sound {
		f.sounds(n, heard)
	}
	f.play(dst[:n*ch], r.hop[:n*ch], at, r.speed)
	r.hop = r.hop[n*ch:]
	r.hopAt += float64(n) * r.speed
	return n
}

// fill gives the Stretcher what it wants, as far as it is there.
func (f *Feed) fill(ended bool) {
	r, ch := &f.r, f.format.Channels
	for r.n < maxMarks {
		want := r.str.Want()
		if want == 0 {
			return
		}
		src, gap := f.piece(want, ended)
		switch {
		case gap > 0:
			f.mark(Gap, r.gap == r.cur.gap, r.gap, 0)
			n := r.str.Silence(gap)
			f.ahead.Add(int64(n)) // before it leaves the ring, so that there never seems to be less than there is
			f.gave(n)
		case len(src) > 0:
			f.mark(Sound, r.fresh, r.cur.frames, r.cur.crc)
			r.fresh = false
			n := r.str.Write(src)
			f.ahead.Add(int64(len(src) / ch))
			f.took(n)
		default:
			return
		}
	}
}

// mark notes what the input of the Stretcher goes on with, unless that is what it has been all along. There must be
// room.
func (f *Feed) mark(k Kind, fresh bool, whole int64, crc uint32) {
	r := &f.r
	if r.n > 0 && !fresh && r.marks[(r.first+r.n-1)%maxMarks].kind == k {
		return
	}
	r.marks[(r.first+r.n)%maxMarks] = mark{at: r.str.End(), media: r.next(f.format.Rate), kind: k, fresh: fresh, whole: whole, crc: crc}
	r.n++
}

// reach forgets the marks that lie behind, and returns the one that hopAt belongs to, nil before the first.
func (f *Feed) reach() *mark {
	r := &f.r
	if r.n == 0 {
		return nil
	}
	for r.n > 1 && float64(r.marks[(r.first+1)%maxMarks].at) <= r.hopAt {
		r.first = (r.first + 1) % maxMarks
		r.n--
	}
	return &r.marks[r.first]
}

// time is the media time of a place behind the mark.
func (m *mark) time(at float64, rateHz int) media.Time {
	return m.media.Add(media.Span((at - float64(m.at)) / float64(rateHz)))
}

// account publishes how much is on its way through the Stretcher.
func (f *Feed) account() {
	r := &f.r
	at := r.str.Position()
	if len(r.hop) > 0 {
		at = r.hopAt
	}
	f.ahead.Store(max(0, int64(math.Ceil(float64(r.str.End())-at))))
}

// play puts frames that count as media time, from at on, into dst: src with volume and fades, or silence when src is
// nil.
func (f *Feed) play(dst, src []float32, at media.Time, speed float64) {
	r, ch := &f.r, f.format.Channels
	n := len(dst) / ch
	f.wet()
	f.tl.Media(n, at, speed, r.begins.gen)
	r.begun = true
	switch {
	case src == nil && r.tail.level(0):
		clear(dst)
		for range n { // the fades go on
			r.fade.next()
			r.gain.next()
		}
	case src != nil && r.tail.level(0) && r.fade.level(1) && r.gain.level(1):
		for i, v := range src {
			dst[i] = limit(v)
		}
	default:
		for i := 0; i < len(dst); i += ch {
			fade, g, t := r.fade.next(), r.gain.next(), r.tail.next()
			for c := range ch {
				v := float32(0)
				if src != nil {
					v = soft(src[i+c]*g, g) * fade
				}
				dst[i+c] = limit(v + r.cut[c]*t)
			}
		}
	}
	copy(r.last[:], dst[len(dst)-ch:])
}

// silence fills dst with what does not count as media time.
func (f *Feed) silence(dst []float32) int {
	r, ch := &f.r, f.format.Channels
	f.breakOff()
	if r.tail.level(0) {
		clear(dst)
	} else {
		for i := 0; i < len(dst); i += ch {
			t := r.tail.next()
			for c := range ch {
				dst[i+c] = r.cut[c] * t
			}
		}
	}
	n := len(dst) / ch
	f.tl.Silence(n)
	return n
}

// starve gives silence because there is no sound; media time rests at the given one. Before the first sound of a generation that is no underrun.
func (f *Feed) starve(dst []float32, running bool, at media.Time, heard time.Time) int {
	r := &f.r
	n := f.silence(dst)
	if !running || !r.begun {
		return n
	}
	if r.dry.Kind == 0 {
		r.dry = Played{Kind: Underrun, Index: r.index, Speed: 1, Wall: heard, PTS: at, Gen: r.begins.gen}
		f.dry.Add(1)
	}
	r.dry.Frames += int64(n)
	f.silent.Add(uint64(n))
	return n
}

// wet ends an underrun.
func (f *Feed) wet() {
	if f.r.dry.Kind == 0 {
		return
	}
	if f.dump != nil {
		f.dump(f.r.dry)
	}
	f.r.dry = Played{}
}

func (f *Feed) report(k Kind, frames int64, crc uint32, speed float64, at media.Time, heard time.Time) {
	f.wet()
	if f.dump == nil {
		return
	}
	r := &f.r
	f.dump(Played{Kind: k, Index: r.index, Frames: frames, Speed: speed, Wall: heard, PTS: at, Gen: r.begins.gen, CRC: crc})
}

// breakOff lets the last frame decay instead of ending in a step.
func (f *Feed) breakOff() {
	r := &f.r
	if r.last != [maxChannels]float32{} {
		r.cut, r.last = r.last, [maxChannels]float32{}
		r.tail.to(1, 0)
		r.tail.to(0, int(f.frames(fade)))
	}
	r.fade.to(0, 0)
}

// rewind goes to the beginning of a generation.
func (f *Feed) rewind(s *start) {
	r := &f.r
	f.wet()
	f.breakOff()
	f.ring.gapsRead.Add(r.gap)
	r.has, r.gap, r.at, r.skip = false, 0, 0, 0
	r.begins, r.base, r.count, r.begun, r.coast = s, s.at, 0, false, false
	r.str.Reset()
	r.hop, r.n = nil, 0
	f.ahead.Store(0)
	f.aheadOf.Store(s)
}

// discard makes room of everything that is not of the present generation. A writer that met the flush half-way may
// still have put something in, so this is looked at in every callback.
func (f *Feed) discard() {
	r := &f.r
	if r.has {
		return
	}
	for {
		written := f.ring.written.Load() // first: what is written after this may belong to a block that peek misses
		b, ok := f.ring.peek()
		if !ok {
			f.ring.read.Store(written)
			return
		}
		// A flush, and the sound that belongs to it, may have come since this callback began. It is for the next one.
		if b.begins == r.begins || b.begins == f.flushed.Load() {
			f.ring.read.Store(b.pos)
			return
		}
		f.ring.gapsRead.Add(f.ring.take(b).gap)
	}
}

// adopt makes the next block the current one. It reports false when there is none of this generation.
func (f *Feed) adopt() bool {
	r := &f.r
	b, ok := f.ring.peek()
	if !ok || b.begins != r.begins {
		return false
	}
	at := r.next(f.format.Rate)
	r.cur = f.ring.take(b)
	r.has, r.fresh, r.gap, r.at, r.skip = true, true, r.cur.gap, 0, 0
	r.base, r.count = r.cur.media.Add(-media.Span(float64(r.gap)/float64(f.format.Rate))), 0
	if late := at.Sub(r.base); r.coast && late > 0 { // the stream went on after its end
		r.skip = f.frames(late)
		r.count = float64(r.skip)
		g := min(r.skip, r.gap)
		r.skip -= g
		r.gap -= g
		f.ring.gapsRead.Add(g)
	}
	r.coast = false
	return true
}

// end is how many frames the current block has.
func (f *Feed) end() int64 {
	r := &f.r
	if b, ok := f.ring.peek(); ok {
		return min(r.cur.frames, b.pos-r.cur.pos)
	}
	return r.cur.frames
}

// next is the media time of the frame that comes next.
func (r *reader) next(rateHz int) media.Time {
	return r.base.Add(media.Span(r.count / float64(rateHz)))
}

func (f *Feed) length(frames int) time.Duration {
	return media.Span(float64(frames) / float64(f.format.Rate)).Duration()
}
