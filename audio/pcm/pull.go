package pcm

import (
	"math"
	"time"

	"mseplayer/mse/media"
)

// reader is the state of the callback's side.
type reader struct {
	epoch  time.Time
	begins *start // the generation that is played
	index  int64  // frames given to the device so far

	// media time of the next frame: base + count frames
	base  media.Time
	count int64
	begun bool // something of this generation has been played

	cur   block // what is being played, if has
	has   bool
	gap   int64 // frames of silence left before it
	at    int64 // frames of it that are done
	skip  int64 // frames of it that come too late
	fresh bool  // none of it has been played
	coast bool  // media time goes on over silence after the end of the stream

	fade ramp // 1 while running
	gain ramp
	tail ramp                 // 1 to 0 after sound broke off
	last [maxChannels]float32 // the last frame given
	cut  [maxChannels]float32 // the frame that the tail decays from

	dry Played // the underrun that is going on, if its Kind is set
}

// Pull fills dst, interleaved, with what comes next and reports it to the timeline: the first frame of dst will be
// heard delay after now. It always fills dst; what there is no sound for is silence. It belongs to the goroutine of
// the device's callback.
func (f *Feed) Pull(dst []float32, now time.Time, delay time.Duration) {
	r := &f.r
	if r.epoch.IsZero() {
		r.epoch = now
	}
	f.tl.Begin(now, delay)
	f.follow()
	running := f.running.Load()
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

	heard, ch := now.Add(delay), f.format.Channels
	total := len(dst) / ch
	for done := 0; done < total; {
		n := f.step(dst[done*ch:total*ch], running, heard)
		done += n
		r.index += int64(n)
		heard = now.Add(delay + f.length(done))
	}
	clear(dst[total*ch:])
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
	for {
		if r.has && r.gap > 0 {
			n = int(min(int64(n), r.gap))
			if r.gap == r.cur.gap {
				f.report(Gap, r.gap, 0, heard)
			}
			r.gap -= int64(n)
			f.ring.gapsRead.Add(int64(n))
			return f.play(dst[:n*ch], nil)
		}
		if r.has {
			if src := f.ring.frames(min(int64(n), f.end()-r.at)); len(src) > 0 {
				if late := min(r.skip, int64(len(src)/ch)); late > 0 {
					r.skip -= late
					f.took(late)
					continue
				}
				return f.sound(dst, src, heard)
			}
			if r.at < f.end() && !ended {
				return f.starve(dst, running, heard)
			}
		}
		if f.adopt() {
			continue
		}
		if !ended {
			return f.starve(dst, running, heard)
		}
		r.coast = true
		return f.play(dst[:n*ch], nil)
	}
}

// sound plays src, which lies in the ring, and gives its place back.
func (f *Feed) sound(dst, src []float32, heard time.Time) int {
	r := &f.r
	if f.first.Load() == 0 {
		f.first.Store(max(1, int64(heard.Sub(r.epoch))))
	}
	if r.fresh {
		r.fresh = false
		f.report(Sound, r.cur.frames, r.cur.crc, heard)
	}
	n := f.play(dst[:len(src)], src)
	f.took(int64(n))
	f.played.Add(uint64(n))
	return n
}

// took gives the place of n frames back to the writer.
func (f *Feed) took(n int64) {
	f.r.at += n
	f.ring.read.Add(n)
}

// play puts frames that count as media time into dst: src with volume and fades, or silence when src is nil.
func (f *Feed) play(dst, src []float32) int {
	r, ch := &f.r, f.format.Channels
	n := len(dst) / ch
	f.wet()
	f.tl.Media(n, r.next(f.format.Rate), 1, r.begins.gen)
	r.count += int64(n)
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
			g, t := r.fade.next()*r.gain.next(), r.tail.next()
			for c := range ch {
				v := float32(0)
				if src != nil {
					v = limit(src[i+c] * g)
				}
				dst[i+c] = limit(v + r.cut[c]*t)
			}
		}
	}
	copy(r.last[:], dst[len(dst)-ch:])
	return n
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

// starve gives silence because there is no sound. Before the first sound of a generation that is no underrun.
func (f *Feed) starve(dst []float32, running bool, heard time.Time) int {
	r := &f.r
	n := f.silence(dst)
	if !running || !r.begun {
		return n
	}
	if r.dry.Kind == 0 {
		r.dry = Played{Kind: Underrun, Index: r.index, Wall: heard, PTS: r.next(f.format.Rate), Gen: r.begins.gen}
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

func (f *Feed) report(k Kind, frames int64, crc uint32, heard time.Time) {
	f.wet()
	if f.dump == nil {
		return
	}
	r := &f.r
	f.dump(Played{Kind: k, Index: r.index, Frames: frames, Wall: heard, PTS: r.next(f.format.Rate), Gen: r.begins.gen, CRC: crc})
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
		if b.begins == r.begins {
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
		r.count = r.skip
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
	return r.base.Add(media.Span(float64(r.count) / float64(rateHz)))
}

func (f *Feed) length(frames int) time.Duration {
	return media.Span(float64(frames) / float64(f.format.Rate)).Duration()
}
