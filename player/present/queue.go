package present

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/clock"
	"mseplayer/player/frame"
)

const (
	// defaultFrames and defaultBytes bound the queue, minFrames is what it holds whatever the size.
	defaultFrames       = 6
	defaultBytes  int64 = 256 << 20
	minFrames           = 3
	// maxFrames is the most that Options may ask for, maxSpeed how many times as many there may be when playback is
	// that much faster.
	maxFrames = 64
	maxSpeed  = 4
	// defaultHistory and maxHistory bound the history in bytes and pictures.
	defaultHistory int64 = 128 << 20
	maxHistory           = 64
	// hiddenAfter is how long nobody must have picked for the surface to count as hidden.
	hiddenAfter = 250 * time.Millisecond
)

// ErrClosed is what Put returns after Close.
var ErrClosed = errors.New("present: the queue is closed")

// Options tune a Queue. Only Clock is required.
type Options struct {
	// Clock tells which picture is due.
	Clock clock.Source
	// Frames bounds how many pictures wait at speeds up to 1: 0 means 6, the range is 3 to 64. Bytes bounds their memory
	// when there are more than three: 0 means 256 MiB.
	Frames int
	Bytes  int64
	// History bounds the memory of the pictures kept for stepping, those that a Refill adds included: 0 means 128 MiB, negative none.
	History int64
	// Created is when the player was created; Quality.CreationTime counts from it.
	Created time.Time
	// Dump is told what became of each picture. Nil costs nothing; otherwise every picture's checksum is computed. It is
	// called with no lock held, on the goroutine of whatever method found out, and should not block.
	Dump func(Event)
}

// Picture identifies a picture that is or was on the surface.
type Picture struct {
	PTS media.Time
	// Duration is by the picture's own account, or else by the pace of the others; 0 if that is unknown, too.
	Duration media.Span
	Gen      media.Gen
	// Width and Height are the size at which it is meant to be seen, in square pixels.
	Width, Height int
}

// Queue holds the pictures on their way to a surface. See the package comment.
type Queue struct {
	// immutable
	clock   clock.Source
	frames  int
	bytes   int64
	keep    int64
	created time.Time
	dump    func(Event)

	room    chan struct{} // 1 slot: a writer is to look again
	changed chan struct{} // 1 slot: see Changed

	mu sync.Mutex // a leaf; guards all below

	gen    media.Gen
	closed bool
	eos    bool
	first  bool  // a picture of gen has been put
	put    entry // the latest one, by time

	firstPTS media.Time // of the first one that was put

	waiting      []entry // by PTS
	waitingBytes int64
	bound        int // how many may wait

	// what has been taken from waiting, oldest first; past[cursor] is to be seen
	past      []entry
	pastBytes int64
	cursor    int // -1: nothing yet, and past is what Keep was given
	pinned    bool

	heading int        // of the latest step, 0 since the clock decided last
	refill  *Refill    // adds to past; nil: nobody does
	bottom  bool       // there is nothing before past[0]
	torn    bool       // pictures between past and waiting have been released
	tornTo  media.Time // the last one of them
	lost    bool       // they cannot be had again

	lent    *frame.Video // what the last Pick returned
	orphan  bool         // it is in no list any more
	shown   Picture      // what lent is, or was
	limit   media.Opt    // see SetLimit
	isShown bool

	phase   phase
	pace    pace
	rate    float64    // of the clock at the last sampling point
	sampled media.Time // the last sampling point, if sampling
	timed   bool       // sampled is of this generation
	until   time.Time  // end of the last interval asked for
	hidden  bool       // ExpireHidden found that nobody asks

	count   Counters
	vsyncs  int64
	borders []media.Time // scratch
}

// entry is a picture and what is known of it.
type entry struct {
	v       *frame.Video
	pts     media.Time
	end     media.Time // pts if unknown
	counted bool       // its fate has been counted
	first   bool       // the first one of its generation to be seen: its offset says nothing
}

// NewQueue makes a queue of generation 0.
func NewQueue(o Options) *Queue {
	if o.Frames == 0 {
		o.Frames = defaultFrames
	}
	if o.Bytes == 0 {
		o.Bytes = defaultBytes
	}
	if o.History == 0 {
		o.History = defaultHistory
	}
	o.Frames = min(max(o.Frames, minFrames), maxFrames)
	return &Queue{
		clock: o.Clock, frames: o.Frames, bytes: o.Bytes, keep: o.History, created: o.Created, dump: o.Dump,
		room: make(chan struct{}, 1), changed: make(chan struct{}, 1),
		waiting: make([]entry, 0, maxSpeed*o.Frames), past: make([]entry, 0, maxHistory+2), borders: make([]media.Time, 0, maxSpeed*o.Frames+1),
		bound: o.Frames, cursor: -1, pace: newPace(),
	}
}

// Put queues a picture. It takes ownership of v, even when it fails. It blocks while the queue is full; room, Flush,
// Close and ctx wake it. A picture of a past generation is released and is no error; one of a later generation begins
// that generation, as Flush would.
func (q *Queue) Put(ctx context.Context, v *frame.Video) error {
	q.mu.Lock()
	q.count.Decoded()
	q.mu.Unlock()
	for {
		err, done := q.tryPut(v)
		if done {
			return err
		}
		select {
		case <-q.room:
		case <-ctx.Done():
			q.discard(v)
			return context.Cause(ctx)
		}
	}
}

// tryPut queues or releases v and reports true, or reports false when the queue is full.
func (q *Queue) tryPut(v *frame.Video) (err error, done bool) {
	var out outbox
	defer q.emit(&out)
	q.mu.Lock()
	defer q.mu.Unlock()
	if v.Gen > q.gen && !q.closed {
		q.flush(v.Gen, &out)
	}
	e := entry{v: v, pts: v.PTS, end: v.End()}
	switch {
	case q.full(v.SizeBytes()) && !q.closed && v.Gen == q.gen:
		return nil, false
	case q.closed:
		q.drop(e, WhyFlushed, &out)
		err = ErrClosed
	case v.Gen < q.gen:
		q.drop(e, WhyFlushed, &out)
	default:
		q.insert(e)
	}
	q.offer() // one wakeup stands for all the room there is: who leaves passes the rest on
	return err, true
}

// insert queues a picture in the order of time.
func (q *Queue) insert(e entry) {
	q.pace.add(e.pts)
	i := len(q.waiting)
	q.waiting = append(q.waiting, e)
	for ; i > 0 && q.waiting[i-1].pts > e.pts; i-- {
		q.waiting[i] = q.waiting[i-1]
	}
	q.waiting[i] = e
	q.waitingBytes += e.v.SizeBytes()
	if !q.first || e.pts > q.put.pts {
		q.put = e
	}
	q.eos = false
	if !q.first {
		q.first, q.firstPTS = true, e.pts
		q.notify()
	}
}

func (q *Queue) discard(v *frame.Video) {
	var out outbox
	q.mu.Lock()
	q.drop(entry{v: v, pts: v.PTS}, WhyFlushed, &out)
	q.mu.Unlock()
	q.emit(&out)
}

func (q *Queue) full(more int64) bool {
	n := len(q.waiting)
	return n >= q.bound || n >= minFrames && q.waitingBytes+more > q.bytes
}

// offer wakes a writer if there is room.
func (q *Queue) offer() {
	if !q.closed && len(q.waiting) >= q.bound {
		return
	}
	select {
	case q.room <- struct{}{}:
	default:
	}
}

func (q *Queue) notify() {
	select {
	case q.changed <- struct{}{}:
	default:
	}
}

// SetSpeed tells how fast playback is, so that enough pictures wait: those of the same time on the wall as at speed 1,
// within the bound of bytes and up to four times as many.
func (q *Queue) SetSpeed(speed float64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.bound = int(math.Ceil(float64(q.frames) * min(max(1, speed), maxSpeed)))
	q.offer()
}

// DecodeOnly counts a picture that was decoded only because others refer to it; the decode worker released it.
func (q *Queue) DecodeOnly() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.count.Decoded()
	q.count.DecodeOnly()
}

// Keep puts a picture that precedes the first one of its generation into the history, so that stepping back from there
// needs no decoder. It takes ownership. What lies too far back is released. DecodeOnly has counted it.
func (q *Queue) Keep(v *frame.Video) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := len(q.past)
	if q.closed || v.Gen != q.gen || q.first || q.keep < v.SizeBytes() || n > 0 && v.PTS <= q.past[n-1].pts {
		v.Release()
		return
	}
	q.past = append(q.past, entry{v: v, pts: v.PTS, end: v.End(), counted: true})
	q.pastBytes += v.SizeBytes()
	for q.pastBytes > q.keep || len(q.past) > maxHistory {
		q.forget()
	}
}

// Undecodable counts a coded frame that the decoder rejected.
func (q *Queue) Undecodable() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.count.Undecodable()
}

// SkippedToRAP counts n coded frames that the decode worker left out to catch up.
func (q *Queue) SkippedToRAP(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.count.SkippedToRAP(n)
}

// EndOfStream says that no more pictures come in generation g; a later Put takes it back.
func (q *Queue) EndOfStream(g media.Gen) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if g != q.gen || q.closed {
		return
	}
	q.eos = true
	q.notify()
}

// Flush begins generation g: all pictures of older ones are released, but the one that is lent stays valid and
// visible until a picture of g takes its place. A generation that is not newer is ignored.
func (q *Queue) Flush(g media.Gen) {
	var out outbox
	q.mu.Lock()
	if g > q.gen && !q.closed {
		q.flush(g, &out)
		q.offer()
	}
	q.mu.Unlock()
	q.emit(&out)
}

// ExpireHidden lets pictures go whose time is over although nobody draws, so that decoding goes on behind a minimised
// window. It does nothing while a surface picks. Call it several times a second.
func (q *Queue) ExpireHidden(now time.Time) {
	var out outbox
	defer q.emit(&out)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.until.IsZero() {
		q.until = now
	}
	r, ok := q.clock.Read()
	if now.Sub(q.until) < hiddenAfter || !ok || r.Gen != q.gen || q.pinned {
		return
	}
	q.hidden = true
	q.dropOlder(&out)
	t := r.At(now)
	n := 0
	for n < len(q.waiting) {
		last := n+1 == len(q.waiting)
		if last && !(q.eos && q.ends(q.waiting[n]) <= t) || !last && q.waiting[n+1].pts > t {
			break
		}
		n++
	}
	if n == 0 {
		return
	}
	q.take(n, WhyHidden, &out)
	q.see(len(q.past)-1, WhyHidden, &out)
	q.offer()
	q.ran()
}

// Step moves by n pictures while the clock rests, forwards through the queue, backwards through the history, and
// returns the time of the picture that is to be seen then. It reports false when it could not go all the way: the next
// picture has not been decoded, or the one before is not kept any more. Once it has moved, the picture stays until Flush,
// whatever the clock does; the next Pick lends it.
func (q *Queue) Step(n int) (t media.Time, ok bool) {
	var out outbox
	defer q.emit(&out)
	q.mu.Lock()
	defer q.mu.Unlock()
	ok = true
	if n != 0 {
		q.heading = n
	}
	if q.refill != nil {
		defer q.refill.wake()
	}
	if q.cursor < 0 && len(q.waiting) > 0 { // nobody has asked for the first one yet
		q.pinned = true
		q.move()
		q.see(len(q.past)-1, WhyStepped, &out)
		q.offer()
		q.ran()
	}
	if q.cursor < 0 {
		return 0, false
	}
	for ; ok && n > 0; n-- {
		if q.cursor == len(q.past)-1 {
			if ok = !q.torn && len(q.waiting) > 0; !ok {
				break
			}
			q.move()
			q.offer()
			q.ran()
		}
		q.pinned = true
		q.see(q.cursor+1, WhyStepped, &out)
	}
	for ; ok && n < 0; n++ {
		if ok = q.cursor > 0; ok {
			q.pinned = true
			q.see(q.cursor-1, WhyStepped, &out)
		}
	}
	return q.past[q.cursor].pts, ok
}

// Shown returns the picture that was lent last.
func (q *Queue) Shown() (p Picture, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.shown, q.isShown
}

// Seen returns the picture that is to be seen: what the next Pick lends when the clock does not move on.
func (q *Queue) Seen() (p Picture, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.cursor < 0 {
		return Picture{}, false
	}
	e := q.past[q.cursor]
	w, h := e.v.DisplaySize()
	return Picture{PTS: e.pts, Duration: q.ends(e).Sub(e.pts), Gen: q.gen, Width: w, Height: h}, true
}

// Depth returns how many pictures wait.
func (q *Queue) Depth() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// First returns the time of the first picture of generation g that was queued.
func (q *Queue) First(g media.Gen) (t media.Time, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.gen != g || !q.first {
		return 0, false
	}
	return q.firstPTS, true
}

// Lateness is by how much, in media time, a picture of time t would be late if it were put now, and how many seconds of
// media pass in one; 0 while the clock rests.
func (q *Queue) Lateness(t media.Time) (late media.Span, speed float64) {
	q.mu.Lock()
	g := q.gen
	q.mu.Unlock()
	now := time.Now()
	r, ok := q.clock.Read()
	if !ok || r.Gen != g || !r.Moving(now) {
		return 0, 0
	}
	return max(0, r.At(now).Sub(t)), r.Rate
}

// Drained reports that all pictures of generation g have been taken out of the queue and no more come.
func (q *Queue) Drained(g media.Gen) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.gen == g && q.eos && len(q.waiting) == 0
}

// End returns when the last picture of generation g ends. It is known after EndOfStream, if there was a picture.
func (q *Queue) End(g media.Gen) (media.Time, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.gen != g || !q.eos || !q.first {
		return 0, false
	}
	return q.ends(q.put), true
}

// Changed returns a channel that gets a value when it is worth looking at the queue again: the first picture of a
// generation was queued or shown, or one of another size, no more come, or the queue has run empty. Values coalesce. For
// one receiver.
func (q *Queue) Changed() <-chan struct{} { return q.changed }

// Quality returns the counts as of now.
func (q *Queue) Quality() Quality {
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.count.Quality()
	if !q.created.IsZero() {
		s.CreationTime = float64(time.Since(q.created)) / float64(time.Millisecond)
	}
	return s
}

// ResetQuality begins all counts anew: for another source.
func (q *Queue) ResetQuality() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.count = Counters{}
}

// Close releases all pictures, the lent one included: call it when nobody picks any more. Writers get ErrClosed. A
// second call does nothing.
func (q *Queue) Close() {
	var out outbox
	q.mu.Lock()
	if !q.closed {
		q.flush(q.gen, &out)
		q.closed = true
		if q.lent != nil {
			q.lent.Release()
			q.lent, q.orphan = nil, false
		}
		q.offer()
	}
	q.mu.Unlock()
	q.emit(&out)
}

// flush begins a generation.
func (q *Queue) flush(g media.Gen, out *outbox) {
	for _, e := range q.waiting {
		q.drop(e, WhyFlushed, out)
	}
	for _, e := range q.past {
		q.drop(e, WhyFlushed, out)
	}
	clear(q.waiting)
	clear(q.past)
	q.waiting, q.past = q.waiting[:0], q.past[:0]
	q.waitingBytes, q.pastBytes = 0, 0
	q.cursor, q.pinned, q.heading = -1, false, 0
	q.endRefill()
	q.bottom, q.torn, q.lost = false, false, false
	q.gen, q.eos, q.first, q.timed = g, false, false, false
	q.phase.reset()
	q.pace = newPace()
}

// drop counts a picture's fate, if it has none yet, and gives it up.
func (q *Queue) drop(e entry, why Why, out *outbox) {
	q.settle(&e, why, out)
	q.part(e)
}

// settle counts the fate of a picture that will not be presented.
func (q *Queue) settle(e *entry, why Why, out *outbox) {
	if e.counted {
		return
	}
	e.counted = true
	switch why {
	case WhyLate:
		q.count.Late(e.v.Corrupt)
	case WhyCadence, WhyStepped:
		q.count.CadenceSkipped(e.v.Corrupt)
	case WhyHidden:
		q.count.Hidden()
	case WhyFlushed:
		q.count.Flushed()
	case WhyGap, WhyUnderrun:
		panic("present: a picture dropped for a reason of sound")
	}
	if q.dump != nil {
		out.add(Event{
			Kind: Dropped, Why: why, Vsync: q.vsyncs, PTS: e.v.PTS, Gen: e.v.Gen, From: out.from, To: out.to, CRC: e.v.Checksum(),
		})
	}
}

// take moves the first n waiting pictures into the past; their fate is why.
func (q *Queue) take(n int, why Why, out *outbox) {
	for range n {
		q.settle(&q.waiting[0], why, out)
		q.move()
	}
}

// move makes the first waiting picture the newest of the past.
func (q *Queue) move() {
	e := q.waiting[0]
	copy(q.waiting, q.waiting[1:])
	q.waiting[len(q.waiting)-1] = entry{}
	q.waiting = q.waiting[:len(q.waiting)-1]
	q.waitingBytes -= e.v.SizeBytes()
	q.past = append(q.past, e)
	q.pastBytes += e.v.SizeBytes()
	if len(q.past) > maxHistory+1 {
		q.forget()
	}
}

// see makes past[i] the picture to be seen. If the one before was never lent, its fate is why. What lies too far back is
// released.
func (q *Queue) see(i int, why Why, out *outbox) {
	if q.cursor >= 0 && q.cursor != i {
		q.settle(&q.past[q.cursor], why, out)
	}
	q.cursor = i
	for q.cursor > 0 && q.over() {
		if q.refill != nil && q.refill.back {
			q.endRefill() // what it has found is farther away than what would have to go for it
			continue
		}
		q.forget()
	}
}

// forget releases the oldest picture of the past. Its fate has been counted. What was to precede it is void.
func (q *Queue) forget() {
	if q.refill != nil && q.refill.back {
		q.endRefill()
	}
	q.bottom = false
	e := q.past[0]
	copy(q.past, q.past[1:])
	q.past[len(q.past)-1] = entry{}
	q.past = q.past[:len(q.past)-1]
	q.pastBytes -= e.v.SizeBytes()
	if q.cursor >= 0 {
		q.cursor--
	}
	q.part(e)
}

// ran tells the element when the queue has run empty.
func (q *Queue) ran() {
	if len(q.waiting) == 0 {
		q.notify()
	}
}

// ends is when a picture ends by its own account, or else by the pictures' pace.
func (q *Queue) ends(e entry) media.Time {
	if e.end > e.pts {
		return e.end
	}
	return e.pts.Add(media.Span(q.pace.mean()))
}

// outbox collects events while the lock is held.
type outbox struct {
	from, to time.Time
	events   []Event
}

func (o *outbox) add(e Event) { o.events = append(o.events, e) }

// emit hands the events on; the lock must not be held.
func (q *Queue) emit(o *outbox) {
	for _, e := range o.events {
		q.dump(e)
	}
}
