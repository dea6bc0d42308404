package file

import (
	"bytes"
	"cmp"
	"math"
	"slices"

	"mseplayer/mse/media"
	"mseplayer/mse/mime"
)

const (
	// maxHold is how long a picture may be shown because none follows; a longer hole stays a hole.
	maxHold media.Span = 10
	// defaultFrame is the length of a picture about which nothing is known.
	defaultFrame media.Span = 1.0 / 25
	// maxTicks bounds time stamps so that no arithmetic on them overflows.
	maxTicks = 1 << 52
	// maxKeyless is how many pictures of a stream are read in the hope of a key frame before its first picture is
	// taken for one.
	maxKeyless = 300
	// maxWait is how many pictures are read for finding the place of one without a time.
	maxWait = 64
	// minArena is the least room that is made for a chunk.
	minArena = 16 << 10
)

// queued is a packet whose record is in the arena but whose times are not final.
type queued struct {
	record, body int // positions in the arena: what belongs to the frame begins at record
	config       *media.DecoderConfig
	pts, dts     int64 // ticks on the presentation timeline's side of offset and shift; NoTicks: not known yet
	duration     int64
	samples      int
	front, back  int // samples
	order        int64
	key, discard bool
	short        bool // duration is what remains after trimming the back
}

// track collects the packets of one stream and turns them into chunks.
type track struct {
	info   Track
	stream int
	base   TimeBase
	audio  bool
	// reorder is how many pictures wait for their place, preSkip the codec's own delay in samples.
	reorder, preSkip int

	config *media.DecoderConfig // of the next packet
	// extradata is a configuration that waits for a key frame.
	extradata []byte
	shift     int64 // ticks of time 0
	// part is the stretch of the time line that the track is in.
	part int
	// first is the time stamp of the stream's first packet, NoTicks before it or when it has none.
	first int64
	// began is set when there was a first packet, timed when it had any time stamp.
	began, timed bool

	arena []byte
	room  int // bytes that the last chunks took
	queue []queued

	// skip is how many samples are still to be discarded from the front; samples is the length of the last packet
	// by its duration.
	skip, samples int
	// sorting is set when presentation times come from the order of the pictures: waiting holds the positions in
	// queue of those without one, slots the decode times that have not been given out.
	sorting bool
	waiting []int
	slots   []int64
	shown   int64 // order of the last picture that got its time
	// holes are the positions in queue of single pictures without a presentation time.
	holes []int
	// next is where a packet goes that has no times, NoTicks before the first packet.
	next int64
	// emitted is the decode time of the last frame that went into a chunk, end the latest end of one, and covered how
	// far it is known that nothing is missing.
	emitted      media.Opt
	end, covered media.Time
	seenKey      bool
	// keyless counts the pictures before the first key frame.
	keyless int
}

func newTrack(stream int, st *Stream) *track {
	t := &track{stream: stream, base: st.Base, audio: st.Kind == media.Audio, reorder: st.Reorder, config: st.Config, first: NoTicks}
	if t.base.Num <= 0 || t.base.Den <= 0 {
		t.base = TimeBase{1, 1}
	}
	t.restart()
	return t
}

// restart forgets everything that was read, as after a seek. The configuration stays.
func (t *track) restart() {
	t.arena, t.queue, t.waiting, t.slots, t.holes = nil, t.queue[:0], t.waiting[:0], t.slots[:0], t.holes[:0]
	t.skip, t.sorting, t.shown = 0, false, math.MinInt64
	t.next = NoTicks
	t.end, t.covered = media.Time(math.Inf(-1)), 0
	t.emitted, t.seenKey, t.keyless, t.extradata = media.Opt{}, false, 0, nil
}

// time places ticks on the presentation timeline with one division.
func (t *track) time(ticks int64) media.Time {
	return media.Time(float64((ticks-t.shift)*int64(t.base.Num)) / float64(t.base.Den))
}

// span is the length of ticks.
func (t *track) span(ticks int64) media.Span {
	return media.Span(float64(ticks*int64(t.base.Num)) / float64(t.base.Den))
}

// ticks is the inverse of time, rounded.
func (t *track) ticks(at media.Time) int64 {
	v := math.Round(float64(at) * float64(t.base.Den) / float64(t.base.Num))
	return int64(max(-maxTicks, min(maxTicks, v))) + t.shift
}

// spanTicks is the inverse of span, at least 1.
func (t *track) spanTicks(d media.Span) int64 {
	limit := float64(maxTicks) / float64(t.base.Num)
	return int64(max(1, min(limit, math.Round(float64(d)*float64(t.base.Den)/float64(t.base.Num)))))
}

// setPadding takes the codec's own delay out of the configuration: it becomes the trim of the first packets.
func (t *track) setPadding() {
	if t.config.Codec != media.Opus || t.config.InitialPadding == 0 {
		return
	}
	c := *t.config
	t.preSkip, c.InitialPadding = c.InitialPadding, 0
	t.config = &c
}

// sane drops time stamps that cannot be meant.
func (t *track) sane(ticks int64) int64 {
	if limit := int64(maxTicks) / int64(t.base.Num); ticks < -limit || ticks > limit {
		return NoTicks
	}
	return ticks
}

// frameTicks is how long a picture or packet of unknown length lasts.
func (t *track) frameTicks(p *Packet) int64 {
	switch {
	case p.Duration > 0:
		return p.Duration
	case t.info.FrameDuration > 0:
		return t.spanTicks(t.info.FrameDuration)
	case t.audio:
		return 1
	default:
		return t.spanTicks(defaultFrame)
	}
}

// add takes one packet; times already have the offset of the time line.
func (t *track) add(p *Packet) {
	pts, dts := t.sane(p.PTS), t.sane(p.DTS)
	if p.Duration > maxTicks/int64(t.base.Num) {
		p.Duration = 0
	}
	length := t.frameTicks(p)
	if !t.began {
		t.began, t.first, t.timed = true, pts, pts != NoTicks || dts != NoTicks
	}
	if t.next == NoTicks {
		t.sorting = pts == NoTicks && p.Ordered
	}
	if pts == NoTicks && dts == NoTicks {
		dts = t.next
		if dts == NoTicks {
			dts = t.shift
		}
	}
	hole := !t.sorting && pts == NoTicks && t.reorder > 0 && t.config.Kind == media.Video
	if !t.sorting && !hole && pts == NoTicks {
		pts = dts
	}
	q := queued{pts: pts, dts: dts, duration: p.Duration, samples: p.Samples, order: p.Order, key: p.Key, discard: p.Discard}
	if t.audio {
		t.trims(p, &q)
	}
	t.next = q.at() + length
	t.write(p, &q)
	t.queue = append(t.queue, q)
	switch {
	case t.sorting:
		t.sort(len(t.queue)-1, p.Ordered)
	case hole:
		t.holes = append(t.holes, len(t.queue)-1)
	}
	if len(t.holes) > 0 {
		t.fillHoles(false)
	}
}

// fillHoles gives presentation times to single pictures that lack one. The pictures are shown at the times at which
// later ones are decoded, so the time that is missing is the first decode time that no picture claims: whoever
// claims it is decoded by then. end takes the time behind the last one where there is no other.
func (t *track) fillHoles(end bool) {
	for len(t.holes) > 0 {
		i := t.holes[0]
		j := i + 1
		for j < len(t.queue) && (t.queue[j].dts == NoTicks || t.claimed(t.queue[j].dts)) {
			j++
		}
		switch {
		case j < len(t.queue):
			t.queue[i].pts = t.queue[j].dts
		case end || j-i > maxWait:
			at := t.next
			for t.claimed(at) {
				at++
			}
			t.queue[i].pts = at
		default:
			return
		}
		t.holes = append(t.holes[:0], t.holes[1:]...)
	}
}

// claimed reports whether a queued picture is shown at a time.
func (t *track) claimed(at int64) bool {
	return slices.ContainsFunc(t.queue, func(q queued) bool { return q.pts == at })
}

// trims distributes the samples to be skipped over the packets that hold them.
func (t *track) trims(p *Packet, q *queued) {
	rate := t.config.SampleRate
	n := p.Samples
	if n == 0 && rate > 0 {
		n = int(math.Round(float64(t.span(p.Duration)) * float64(rate)))
	}
	switch {
	case p.Skip:
		t.skip = p.SkipFront
	case t.preSkip > 0 && q.pts == t.first:
		t.skip = t.preSkip // the codec's delay, where the container leaves it to the decoder
	}
	if p.Discard {
		t.skip = max(0, t.skip-n)
		return
	}
	if t.skip > 0 && t.skip >= n && n > 0 {
		q.discard = true
		t.skip -= n
		return
	}
	q.front, t.skip = t.skip, 0
	q.back = p.SkipBack
	if q.back > 0 && p.Samples == 0 {
		// Some containers count what is trimmed into the duration, some do not; the packets before show which.
		q.short = q.back >= n || n+q.back == t.samples
	}
	t.samples = n
}

// write puts the packet's record into the arena, with a configuration record before it if that changes.
func (t *track) write(p *Packet, q *queued) {
	if p.NewExtradata != nil {
		t.extradata = p.NewExtradata
	}
	// A new configuration takes effect where a decoder can start with it. The packets before that carry it as side
	// data, for a decoder that goes on.
	if t.extradata != nil && (p.Key || t.config.Kind != media.Video) {
		if !bytes.Equal(t.extradata, t.config.Extradata) {
			c := *t.config
			c.Extradata = t.extradata
			if c.CodecString != "" {
				c.CodecString = mime.FromConfig(&c)
			}
			t.config = &c
		}
		t.extradata = nil
	}
	if p.Crypt != nil && !t.config.Encrypted { // the container's header need not tell
		c := *t.config
		c.Encrypted = true
		t.config = &c
	}
	if len(t.queue) == 0 {
		t.arena = appendConfig(make([]byte, 0, max(minArena, t.room+t.room/8+len(p.Data))), kindStart, t.config)
	}
	q.record, q.config = len(t.arena), t.config
	if n := len(t.queue); n > 0 && t.queue[n-1].config != t.config {
		t.arena = appendConfig(t.arena, kindConfig, t.config)
	}
	rap := p.Key || t.config.Kind != media.Video
	if !rap && !t.seenKey {
		if t.keyless++; t.keyless == maxKeyless {
			rap = true // a stream without key frames has to start somewhere
		}
	}
	t.seenKey = t.seenKey || rap
	t.arena, q.body = appendFrame(t.arena, rap, p.Crypt, p.Side, p.Data)
}

// sort gives presentation times to pictures as far as their order is certain: at most Reorder of them wait.
func (t *track) sort(at int, ordered bool) {
	q := &t.queue[at]
	if !ordered {
		// Nothing is known about this picture: it is shown where it stands.
		q.order = t.shown + 1
		if n := len(t.waiting); n > 0 {
			q.order = t.queue[t.waiting[n-1]].order
		}
	}
	if q.key && (q.order <= t.shown || len(t.waiting) > 0 && q.order <= t.queue[t.waiting[0]].order) {
		t.show(0) // the count begins again
		t.shown = math.MinInt64
	}
	t.slots = append(t.slots, q.dts)
	i, _ := slices.BinarySearchFunc(t.waiting, q.order, func(w int, order int64) int {
		if t.queue[w].order <= order {
			return -1
		}
		return 1
	})
	t.waiting = slices.Insert(t.waiting, i, at)
	t.show(t.reorder)
}

// show gives the first waiting pictures their times until no more than keep are left.
func (t *track) show(keep int) {
	n := max(0, len(t.waiting)-keep)
	if n > 0 && t.shown == math.MinInt64 && !t.emitted.Set && len(t.slots) > 1 {
		// A hole behind the first packet is the delay of the encoder that wrote the file.
		t.slots[0] = max(t.slots[0], t.slots[1]-t.step(&t.queue[t.waiting[0]]))
	}
	for i := range n {
		q := &t.queue[t.waiting[i]]
		q.pts, t.shown = t.slots[i], q.order
	}
	t.waiting = append(t.waiting[:0], t.waiting[n:]...)
	t.slots = append(t.slots[:0], t.slots[n:]...)
}

// buffered is how many bytes the queue holds, length how much media.
func (t *track) buffered() int { return len(t.arena) }

func (t *track) length() media.Span {
	n := len(t.queue)
	if n == 0 {
		return 0
	}
	return t.span(t.queue[n-1].at() - t.queue[0].at())
}

// at is a time stamp of q, for measuring.
func (q *queued) at() int64 {
	if q.dts != NoTicks {
		return q.dts
	}
	return q.pts
}

// ready is how many packets at the front of the queue can be given their final times: behind them enough are
// known to tell which picture follows which.
func (t *track) ready() int {
	switch n := len(t.queue); {
	case n == 0:
		return 0
	case t.config.Kind == media.Text, t.audio && (t.queue[n-1].duration > 0 || t.queue[n-1].samples > 0):
		return n
	case t.audio:
		return n - 1
	}
	n := max(0, len(t.queue)-t.reorder-1)
	for i, q := range t.queue[:n] {
		if q.pts == NoTicks {
			return i
		}
	}
	return n
}

// placed is how many packets at the front of the queue have a presentation time, whatever follows.
func (t *track) placed() int {
	n := slices.IndexFunc(t.queue, func(q queued) bool { return q.pts == NoTicks })
	if n < 0 {
		return len(t.queue)
	}
	return n
}

// pending is the earliest presentation time in the queue, Forever when it is empty.
func (t *track) pending() media.Time {
	at := media.Forever
	for i := range t.queue {
		q := &t.queue[i]
		if ticks := q.pts; ticks != NoTicks {
			at = min(at, t.time(ticks))
		} else {
			at = min(at, t.time(q.at()))
		}
	}
	return at
}

// border is the last key frame among the first n queued packets that is at least after away from the first one,
// or 0.
func (t *track) border(n int, after media.Span) int {
	for i := n; i > 0 && i < len(t.queue); i-- {
		if t.queue[i].key && t.span(t.queue[i].at()-t.queue[0].at()) >= after {
			return i
		}
	}
	return 0
}

// take makes a chunk of the first n queued packets, the whole queue being known. end is set when nothing follows.
func (t *track) take(n int, end bool) (c Chunk, ok bool) {
	if end {
		t.show(0)
		t.fillHoles(true)
	}
	if n == 0 {
		return Chunk{}, false
	}
	t.fillDecodeTimes()
	followers := t.followers()
	c = Chunk{Track: t.info.ID, Start: media.Forever, End: -media.Forever, Frames: n}
	for i := range t.queue[:n] {
		q := &t.queue[i]
		f := t.times(q, followers[i])
		setFrameTimes(t.arena, q.body, &f)
		if !f.decodeOnly {
			c.Start, c.End = min(c.Start, f.pts), max(c.End, f.pts.Add(f.duration))
		}
	}
	if c.Start > c.End {
		c.Start, c.End = 0, 0
	}
	t.end = max(t.end, c.End)
	t.cut(n, &c)
	return c, true
}

// cut moves what is behind the first n packets into a new arena and closes the chunk.
func (t *track) cut(n int, c *Chunk) {
	to := len(t.arena)
	rest := t.queue[n:]
	var arena []byte
	if len(rest) > 0 {
		to = rest[0].record
		arena = make([]byte, 0, max(minArena, to+to/8, 2*(len(t.arena)-to)))
		arena = appendConfig(arena, kindStart, rest[0].config)
		move := len(arena) - to
		arena = append(arena, t.arena[to:]...)
		for i := range rest {
			rest[i].record += move
			rest[i].body += move
		}
	}
	t.room = to
	c.Data = appendEmpty(t.arena[:to], kindEnd)
	t.arena = arena
	t.queue = t.queue[:copy(t.queue, rest)]
	for i := range t.waiting {
		t.waiting[i] -= n
	}
	for i := range t.holes {
		t.holes[i] -= n
	}
}

// drop forgets the first n queued packets.
func (t *track) drop(n int) {
	if n == 0 {
		return
	}
	if n >= len(t.queue) {
		t.queue, t.arena = t.queue[:0], nil
		t.waiting, t.slots, t.holes = t.waiting[:0], t.slots[:0], t.holes[:0]
		return
	}
	t.holes = slices.DeleteFunc(t.holes, func(i int) bool { return i < n })
	var c Chunk
	for i := 0; i < len(t.waiting); { // times of dropped pictures are never asked for
		if t.waiting[i] < n {
			t.waiting = slices.Delete(t.waiting, i, i+1)
			t.slots = slices.Delete(t.slots, 0, 1)
			continue
		}
		i++
	}
	t.cut(n, &c)
}

// fillDecodeTimes makes up the decode times that the container left out and sees to it that they never decrease.
func (t *track) fillDecodeTimes() {
	known := slices.IndexFunc(t.queue, func(q queued) bool { return q.dts != NoTicks })
	for i := range t.queue {
		q := &t.queue[i]
		switch {
		case q.dts != NoTicks:
		case i > 0 && known < i: // after a known one
			q.dts = t.queue[i-1].dts + t.step(&t.queue[i-1])
			if q.pts != NoTicks {
				q.dts = max(t.queue[i-1].dts, min(q.dts, q.pts))
			}
		case known > i: // before the first known one
			q.dts = t.queue[known].dts - int64(known-i)*t.step(q)
		default: // none is known: the earliest picture less what the decoder holds back
			earliest := q.pts
			for j := range t.queue {
				if p := t.queue[j].pts; p != NoTicks {
					earliest = min(earliest, p)
				}
			}
			q.dts = earliest - int64(t.reorder)*t.step(q)
			known = i
		}
	}
}

// step is the nominal distance from q to the next packet.
func (t *track) step(q *queued) int64 {
	p := Packet{Duration: q.duration}
	return t.frameTicks(&p)
}

// followers tells for each queued packet when the next picture is shown or the next sound begins; NoTicks when none
// is known.
func (t *track) followers() []int64 {
	index := make([]int, 0, len(t.queue))
	for i, q := range t.queue {
		if q.pts != NoTicks && !q.discard {
			index = append(index, i)
		}
	}
	slices.SortStableFunc(index, func(a, b int) int { return cmp.Compare(t.queue[a].pts, t.queue[b].pts) })
	out := make([]int64, len(t.queue))
	for i := range out {
		out[i] = NoTicks
	}
	next := int64(NoTicks)
	for k := len(index) - 1; k >= 0; k-- {
		q := t.queue[index[k]]
		if k+1 < len(index) && t.queue[index[k+1]].pts > q.pts {
			next = t.queue[index[k+1]].pts
		}
		out[index[k]] = next
	}
	return out
}

// times gives q its final times.
func (t *track) times(q *queued, follower int64) frameTimes {
	if q.pts == NoTicks {
		q.pts = q.dts
	}
	dts := q.dts
	if t.sorting { // decoding runs ahead of showing
		dts -= int64(t.reorder) * t.step(q)
	}
	f := frameTimes{pts: t.time(q.pts), dts: t.time(dts), decodeOnly: q.discard}
	if t.emitted.Set && f.dts < t.emitted.T {
		f.dts = t.emitted.T
	}
	t.emitted = media.Some(f.dts)

	f.duration = t.span(q.duration)
	gap := media.Span(0)
	if follower != NoTicks {
		gap = t.span(follower - q.pts)
	}
	rate := float64(t.config.SampleRate)
	switch {
	case t.audio && q.samples > 0 && rate > 0:
		f.duration = media.Span(float64(q.samples) / rate)
		// What the container says is better where it counts in samples or finer and its times bear it out: an edit may
		// end within the packet, the last one may be declared longer.
		if d, tick := t.span(q.duration), t.span(1); d > 0 && float64(tick)*rate < 1.001 && (gap == 0 || math.Abs(float64(gap-d)) <= float64(tick)) {
			q.short = q.short || d+tick < f.duration
			f.duration = d
		}
	case t.audio && q.duration > 0, t.config.Kind == media.Text:
	case gap > 0 && gap <= maxHold:
		f.duration = gap
	}
	if f.duration == 0 {
		f.duration = t.span(t.step(q))
	}
	if t.audio && rate > 0 {
		f.trimFront, f.trimBack = media.Span(float64(q.front)/rate), media.Span(float64(q.back)/rate)
		f.pts = f.pts.Add(f.trimFront)
		f.duration -= f.trimFront
		if !q.short {
			f.duration -= f.trimBack
		}
		f.duration = max(0, f.duration)
	}
	t.beforeZero(&f)
	return f
}

// beforeZero takes what lies before the presentation starts out of it.
func (t *track) beforeZero(f *frameTimes) {
	if f.pts >= 0 || f.decodeOnly {
		return
	}
	tick := t.span(1)
	switch {
	case f.pts > media.Time(-tick), f.trimFront > 0 && f.pts.Add(f.duration) > 0:
		// The container cannot say it more exactly, or it says by the trim that this is where presentation starts.
		f.pts = 0
	case t.audio && f.pts.Add(f.duration) > media.Time(tick):
		cut := media.Time(0).Sub(f.pts)
		f.trimFront += cut
		f.duration -= cut
		f.pts = 0
	default:
		f.decodeOnly = true
	}
}
