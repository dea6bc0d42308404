package mse

import (
	"context"
	"errors"
	"math"
	"slices"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
)

// ErrAborted is the outcome of an Append or RemoveWait that was aborted.
var ErrAborted = errors.New("mse: operation aborted")

// AppendMode says where the times of appended frames come from.
// MSE: dom-appendmode.
type AppendMode uint8

// The append modes.
const (
	Segments AppendMode = iota // the media's own time stamps
	Sequence                   // one coded frame group follows the other
)

// String gives the specification's spelling.
func (m AppendMode) String() string {
	switch m {
	case Segments:
		return "segments"
	case Sequence:
		return "sequence"
	default:
		return "impossible append mode"
	}
}

// SourceBuffer takes appended bytes and stores the coded frames in them.
// MSE: sourcebuffer.
type SourceBuffer struct {
	EventTarget

	ms    *MediaSource // immutable
	lists *TrackLists  // immutable
	mime  string       // guarded by loop: of the latest addSourceBuffer or changeType

	// guarded by loop
	parser   bytestream.Parser
	generate bool             // generate timestamps flag
	key      *media.SampleKey // what the parser was told last

	mode              AppendMode
	timestampOffset   media.Span
	appendWindowStart media.Time
	appendWindowEnd   media.Time

	groupStart media.Opt  // group start timestamp
	groupEnd   media.Time // group end timestamp
	groupBegin media.Opt  // where the coded frame group begins that is being appended, unset before its first frame
	gotInit    bool       // first initialization segment received flag
	wantInit   bool       // pending initialization segment for changeType flag
	full       bool       // buffer full flag
	tracks     []*trackBuffer
	stats      Stats

	inband      []media.InbandEvent // that nobody has taken
	inbandBytes int

	texts     []TextFrame // that nobody has taken
	textBytes int

	updating bool
	removing bool // the pending operation is a range removal
	op       *operation

	buffered  joint        // of the tracks
	announced media.Ranges // what the last bufferedchange told of
}

// operation is the asynchronous part of an append or a removal.
type operation struct {
	done chan struct{} // closed when it ended
	err  error         // set before done is closed
}

// Stats counts what the coded frame processing algorithm did with the frames of one SourceBuffer.
type Stats struct {
	Appended      uint64 // stored
	OutsideWindow uint64 // dropped by the append window
	NoRAP         uint64 // dropped while waiting for a random access point
	LostEvents    uint64 // inband events that were dropped because nobody took them
	LostTexts     uint64 // frames of text tracks, likewise
	Bytes         int64  // payload stored now
	Frames        int64  // frames stored now
}

func newSourceBuffer(ms *MediaSource, mimeType string, p bytestream.Parser, generate bool) *SourceBuffer {
	sb := &SourceBuffer{
		EventTarget:     NewEventTarget(ms.loop),
		ms:              ms,
		lists:           NewTrackLists(ms.loop),
		mime:            mimeType,
		parser:          p,
		generate:        generate,
		appendWindowEnd: media.Forever,
	}
	if generate {
		sb.mode = Sequence
	}
	return sb
}

// check is the head of every member: removed and updating are tested before anything else. The lock must be held.
func (sb *SourceBuffer) check(op string) error {
	if !sb.ms.sourceBuffers.contains(sb) {
		return fail(InvalidStateError, op, "removed from the media source")
	}
	if sb.updating {
		return fail(InvalidStateError, op, "updating")
	}
	return nil
}

// Mode returns the append mode.
// MSE: dom-sourcebuffer-mode.
func (sb *SourceBuffer) Mode() AppendMode {
	sb.loop.mu.Lock()
	defer sb.loop.mu.Unlock()
	return sb.mode
}

// SetMode sets the append mode. What is none is ignored.
// Errors: InvalidStateError (removed, updating, inside a media segment), TypeError (Segments for a format whose
// frames carry no times).
// MSE: dom-sourcebuffer-mode.
func (sb *SourceBuffer) SetMode(m AppendMode) error {
	const op = "SourceBuffer.mode"
	if m > Sequence {
		return nil
	}
	sb.loop.mu.Lock()
	defer sb.loop.mu.Unlock()
	// 1. and 2.
	if err := sb.check(op); err != nil {
		return err
	}
	// 3.
	if sb.generate && m == Segments {
		return fail(TypeError, op, "the format's frames carry no time stamps")
	}
	// 4.
	sb.ms.reopen(&Tx{sb.loop})
	// 5.
	if sb.parser.State() == bytestream.ParsingMediaSegment {
		return fail(InvalidStateError, op, "inside a media segment")
	}
	// 6.
	if m == Sequence {
		sb.groupStart = media.Some(sb.groupEnd)
	}
	// 7.
	sb.mode = m
	return nil
}

// Updating reports whether an append or a removal is going on.
// MSE: dom-sourcebuffer-updating.
func (sb *SourceBuffer) Updating() bool {
	sb.loop.mu.Lock()
	defer sb.loop.mu.Unlock()
	return sb.updating
}

// TimestampOffset returns what is added to the time stamps of appended frames.
// MSE: dom-sourcebuffer-timestampoffset.
func (sb *SourceBuffer) TimestampOffset() media.Span {
	sb.loop.mu.Lock()
	defer sb.loop.mu.Unlock()
	return sb.timestampOffset
}

// SetTimestampOffset sets it.
// Errors: TypeError (not finite), InvalidStateError (removed, updating, inside a media segment).
// MSE: dom-sourcebuffer-timestampoffset.
func (sb *SourceBuffer) SetTimestampOffset(d media.Span) error {
	const op = "SourceBuffer.timestampOffset"
	if math.IsNaN(float64(d)) || math.IsInf(float64(d), 0) {
		return fail(TypeError, op, "not finite")
	}
	sb.loop.mu.Lock()
	defer sb.loop.mu.Unlock()
	// 1. to 3.
	if err := sb.check(op); err != nil {
		return err
	}
	// 4.
	sb.ms.reopen(&Tx{sb.loop})
	// 5.
	if sb.parser.State() == bytestream.ParsingMediaSegment {
		return fail(InvalidStateError, op, "inside a media segment")
	}
	// 6.
	if sb.mode == Sequence {
		sb.groupStart = media.Some(media.Time(d))
	}
	// 7.
	sb.timestampOffset = d
	if p, ok := sb.parser.(offsetter); ok {
		p.ResetTimestampOffset()
	}
	return nil
}

// offsetter is a parser with a time stamp offset of its own, which goes back to 0 when the application sets one: that of
// MPEG-2 transport streams, whose time stamps wrap.
// MPEG-2 TS Byte Stream Format: MPEG2TS_timestampOffset.
type offsetter interface{ ResetTimestampOffset() }

// AppendWindowStart returns the start of the append window.
// MSE: dom-sourcebuffer-appendwindowstart.
func (sb *SourceBuffer) AppendWindowStart() media.Time {
	sb.loop.mu.Lock()
	defer sb.loop.mu.Unlock()
	return sb.appendWindowStart
}

// SetAppendWindowStart sets the time before which appended frames are dropped.
// Errors: TypeError (not finite, negative or not before the end), InvalidStateError (removed, updating).
// MSE: dom-sourcebuffer-appendwindowstart.
func (sb *SourceBuffer) SetAppendWindowStart(t media.Time) error {
	const op = "SourceBuffer.appendWindowStart"
	if !t.IsFinite() {
		return fail(TypeError, op, "not finite")
	}
	sb.loop.mu.Lock()
	defer sb.loop.mu.Unlock()
	// 1. and 2.
	if err := sb.check(op); err != nil {
		return err
	}
	// 3.
	if t < 0 || t >= sb.appendWindowEnd {
		return fail(TypeError, op, "%s is not in [0, %s)", t, sb.appendWindowEnd)
	}
	// 4.
	sb.appendWindowStart = t
	return nil
}

// AppendWindowEnd returns the end of the append window.
// MSE: dom-sourcebuffer-appendwindowend.
func (sb *SourceBuffer) AppendWindowEnd() media.Time {
	sb.loop.mu.Lock()
	defer sb.loop.mu.Unlock()
	return sb.appendWindowEnd
}

// SetAppendWindowEnd sets the time after which appended frames are dropped; Forever is allowed.
// Errors: InvalidStateError (removed, updating), TypeError (NaN or not after the start).
// MSE: dom-sourcebuffer-appendwindowend.
func (sb *SourceBuffer) SetAppendWindowEnd(t media.Time) error {
	const op = "SourceBuffer.appendWindowEnd"
	sb.loop.mu.Lock()
	defer sb.loop.mu.Unlock()
	// 1. and 2.
	if err := sb.check(op); err != nil {
		return err
	}
	// 3. and 4.
	if isNaN(t) || t <= sb.appendWindowStart {
		return fail(TypeError, op, "%s is not after %s", t, sb.appendWindowStart)
	}
	// 5.
	sb.appendWindowEnd = t
	return nil
}

// Buffered returns what can be played without interruption from this SourceBuffer.
// Errors: InvalidStateError (removed).
// MSE: dom-sourcebuffer-buffered.
func (sb *SourceBuffer) Buffered() (media.Ranges, error) {
	sb.loop.mu.Lock()
	defer sb.loop.mu.Unlock()
	// 1.
	if !sb.ms.sourceBuffers.contains(sb) {
		return nil, fail(InvalidStateError, "SourceBuffer.buffered", "removed from the media source")
	}
	return sb.ranges(), nil
}

// ranges computes the buffered attribute. The same slice is returned until it changes. The lock must be held.
// MSE: dom-sourcebuffer-buffered.
func (sb *SourceBuffer) ranges() media.Ranges {
	// 2.
	sb.buffered.begin(sb.highestEnd(), sb.ms.readyState == Ended)
	for _, tb := range sb.tracks {
		if tb.track.kind != media.Text {
			sb.buffered.add(tb.buf.Ranges())
		}
	}
	// 3. to 6.
	return sb.buffered.ranges()
}

// highestEnd is the largest end of a track's ranges. The lock must be held.
func (sb *SourceBuffer) highestEnd() media.Time {
	var h media.Time
	for _, tb := range sb.tracks {
		h = max(h, tb.buf.View().End())
	}
	return h
}

// stretched moves the end of the last range to h once the stream has ended.
func stretched(r media.Ranges, h media.Time, ended bool) media.Ranges {
	if !ended || len(r) == 0 || r.End() >= h {
		return r
	}
	r = slices.Clone(r)
	r[len(r)-1].End = h
	return r
}

// joint is the intersection of several sets of ranges, which is worked out anew only when there are others: to ask again
// costs nothing, however many ranges there are. Begin, add each, then ask for the ranges. The sets are known by their
// memory, so they must never change.
type joint struct {
	of    []media.Ranges
	n     int        // how many of them have been added since begin
	high  media.Time // the end of the longest
	ended bool       // the last range of each counts as reaching there
	stale bool
	all   media.Ranges
}

func (j *joint) begin(high media.Time, ended bool) {
	j.stale = j.stale || high != j.high || ended != j.ended
	j.n, j.high, j.ended = 0, high, ended
}

func (j *joint) add(r media.Ranges) {
	if j.n == len(j.of) {
		j.of, j.stale = append(j.of, nil), true
	}
	if x := j.of[j.n]; len(x) != len(r) || len(r) > 0 && &x[0] != &r[0] {
		j.of[j.n], j.stale = r, true
	}
	j.n++
}

// ranges returns the same slice until it changes.
func (j *joint) ranges() media.Ranges {
	if j.n != len(j.of) {
		clear(j.of[j.n:])
		j.of, j.stale = j.of[:j.n], true
	}
	if !j.stale {
		return j.all
	}
	j.stale = false
	all := media.NewRanges(media.Range{Start: 0, End: j.high})
	for _, r := range j.of {
		r = stretched(r, j.high, j.ended)
		if len(all) == 1 && len(r) > 0 && all[0].Start <= r[0].Start && r.End() <= all[0].End {
			all = r
			continue
		}
		all = all.Intersect(r)
	}
	if !all.Equal(j.all) {
		j.all = all
	}
	return j.all
}

// Incomplete reports whether the input buffer ends inside a segment, and how many of its bytes wait there.
func (sb *SourceBuffer) Incomplete() (bytes int, yes bool) {
	sb.loop.mu.Lock()
	defer sb.loop.mu.Unlock()
	n := sb.parser.Buffered()
	return n, n > 0 || sb.parser.State() != bytestream.WaitingForSegment
}

// Stats returns what has been counted so far.
func (sb *SourceBuffer) Stats() Stats {
	sb.loop.mu.Lock()
	defer sb.loop.mu.Unlock()
	s := sb.stats
	for _, tb := range sb.tracks {
		s.Bytes += tb.buf.Bytes()
		s.Frames += tb.buf.Len()
	}
	return s
}

// Cover says that all frames of [start, end) have been appended: where there are none, there is nothing to wait for,
// and the interval counts as buffered. A demultiplexed file knows that; sound may start late, pause or end early in
// it. It does nothing before the first initialization segment.
//
// DEVIATION: an addition to the specification, in which only frames make ranges.
func (sb *SourceBuffer) Cover(start, end media.Time) {
	sb.loop.mu.Lock()
	defer sb.loop.mu.Unlock()
	if !sb.ms.sourceBuffers.contains(sb) || !(start < end) {
		return
	}
	for _, tb := range sb.tracks {
		tb.buf.Cover(media.Range{Start: start, End: end})
	}
	sb.ms.bufferedChanged(&Tx{sb.loop})
}

// SetSampleKey says with which key the protected samples of what is appended from now on were encrypted, where a playlist
// tells that and the media does not, or names another key: protected frames get k's KID, unless it is zero,
// and its initialization vector if they have none. nil, as at the beginning, leaves it to the media. It is to be called between media segments, and
// ChangeType forgets it.
// Errors: InvalidStateError (removed, updating), NotSupportedError (samples of the format cannot be protected this way), or
// what is wrong with the frames that had been waiting for their end.
//
// DEVIATION: an addition to the specification, which leaves encryption to another one, and that to the media.
func (sb *SourceBuffer) SetSampleKey(k *media.SampleKey) error {
	const op = "SourceBuffer.sampleKey"
	sb.loop.mu.Lock()
	defer sb.loop.mu.Unlock()
	if err := sb.check(op); err != nil {
		return err
	}
	if k == sb.key || k != nil && sb.key != nil && *k == *sb.key {
		return nil
	}
	p, ok := sb.parser.(bytestream.Keyed)
	if !ok {
		return fail(NotSupportedError, op, "the samples of %s tell their keys themselves", sb.mime)
	}
	if k != nil {
		own := *k
		k = &own
	}
	sb.key = k
	tx := &Tx{sb.loop}
	defer sb.announce(tx)
	return p.SetKey(k, &appendHandler{sb: sb, tx: tx})
}

// AudioTracks returns the live list of the audio tracks that the SourceBuffer created, always the same object.
// MSE: dom-sourcebuffer-audiotracks.
func (sb *SourceBuffer) AudioTracks() *TrackList { return sb.lists.Audio }

// VideoTracks is AudioTracks for video.
// MSE: dom-sourcebuffer-videotracks.
func (sb *SourceBuffer) VideoTracks() *TrackList { return sb.lists.Video }

// TextTracks is AudioTracks for text.
// MSE: dom-sourcebuffer-texttracks.
func (sb *SourceBuffer) TextTracks() *TrackList { return sb.lists.Text }

// Tracks returns the tracks that the SourceBuffer created, in the order of its first initialization segment.
func (sb *SourceBuffer) Tracks() []*Track {
	sb.loop.mu.Lock()
	defer sb.loop.mu.Unlock()
	out := make([]*Track, len(sb.tracks))
	for i, tb := range sb.tracks {
		out[i] = tb.track
	}
	return out
}

// AppendBuffer starts to append p and returns before it is processed; updateend tells when it has been.
// DEVIATION: takes ownership of p instead of copying it.
// Errors: TypeError (nil; empty is allowed), InvalidStateError (removed, updating, or the element has failed), QuotaExceededError (no room even
// after eviction; nothing has changed then).
// MSE: dom-sourcebuffer-appendbuffer.
func (sb *SourceBuffer) AppendBuffer(p []byte) error {
	sb.loop.mu.Lock()
	defer sb.loop.mu.Unlock()
	_, err := sb.startAppend(p)
	return err
}

// Append is AppendBuffer that waits for updateend. It returns the cause of an append error, ErrAborted, or the
// error of ctx, in which case the append is aborted.
func (sb *SourceBuffer) Append(ctx context.Context, p []byte) error {
	sb.loop.mu.Lock()
	op, err := sb.startAppend(p)
	sb.loop.mu.Unlock()
	if err != nil {
		return err
	}
	return sb.wait(ctx, op)
}

func (sb *SourceBuffer) wait(ctx context.Context, op *operation) error {
	select {
	case <-op.done:
		return op.err
	case <-ctx.Done():
	}
	sb.loop.mu.Lock()
	defer sb.loop.mu.Unlock()
	if sb.op == op {
		tx := &Tx{sb.loop}
		sb.cancel()
		sb.resetParser(tx)
		tx.Queue(&sb.EventTarget, EventAbort)
		tx.Queue(&sb.EventTarget, EventUpdateEnd)
		sb.announce(tx)
	}
	return context.Cause(ctx)
}

// startAppend runs the synchronous part of appendBuffer. The lock must be held.
func (sb *SourceBuffer) startAppend(p []byte) (*operation, error) {
	if p == nil {
		return nil, fail(TypeError, "SourceBuffer.appendBuffer", "no data")
	}
	tx := &Tx{sb.loop}
	// 1.
	if err := sb.prepareAppend(tx, int64(len(p))); err != nil {
		return nil, err
	}
	// 2.
	sb.parser.Push(p)
	// 3. to 5.
	return sb.begin(tx, false, sb.appendStep), nil
}

// begin makes the SourceBuffer updating and queues the first step behind updatestart. The lock must be held.
func (sb *SourceBuffer) begin(tx *Tx, removing bool, step func(*Tx, *operation)) *operation {
	op := &operation{done: make(chan struct{})}
	sb.updating, sb.removing, sb.op = true, removing, op
	tx.Queue(&sb.EventTarget, EventUpdateStart)
	tx.QueueStep(func(tx *Tx) {
		if sb.op == op { // otherwise aborted
			step(tx, op)
		}
	})
	return op
}

// end completes the pending operation. The lock must be held.
func (sb *SourceBuffer) end(op *operation, err error) {
	sb.updating, sb.removing, sb.op = false, false, nil
	op.err = err
	close(op.done)
}

// cancel aborts the pending operation. The lock must be held.
func (sb *SourceBuffer) cancel() {
	if sb.op != nil {
		sb.end(sb.op, ErrAborted)
	}
}

// Abort ends a pending append, resets the parser and the append window.
// Errors: InvalidStateError (removed, not open, or a removal is going on).
// MSE: dom-sourcebuffer-abort.
func (sb *SourceBuffer) Abort() error {
	const op = "SourceBuffer.abort"
	sb.loop.mu.Lock()
	defer sb.loop.mu.Unlock()
	tx := &Tx{sb.loop}
	// 1.
	if !sb.ms.sourceBuffers.contains(sb) {
		return fail(InvalidStateError, op, "removed from the media source")
	}
	// 2.
	if sb.ms.readyState != Open {
		return fail(InvalidStateError, op, "the media source is %s", sb.ms.readyState)
	}
	// 3.
	if sb.removing {
		return fail(InvalidStateError, op, "a removal is going on")
	}
	// 4.
	if sb.updating {
		sb.cancel()
		tx.Queue(&sb.EventTarget, EventAbort)
		tx.Queue(&sb.EventTarget, EventUpdateEnd)
	}
	// 5.
	sb.resetParser(tx)
	sb.announce(tx)
	// 6. and 7.
	sb.appendWindowStart, sb.appendWindowEnd = 0, media.Forever
	return nil
}

// ChangeType makes the SourceBuffer take another byte stream format or codec. What it holds stays; the next bytes must
// begin with an initialization segment.
// Errors: TypeError (empty type), InvalidStateError (removed, updating), NotSupportedError.
// MSE: dom-sourcebuffer-changetype.
func (sb *SourceBuffer) ChangeType(mimeType string) error {
	const op = "SourceBuffer.changeType"
	sb.loop.mu.Lock()
	defer sb.loop.mu.Unlock()
	// 1.
	if mimeType == "" {
		return fail(TypeError, op, "empty type")
	}
	// 2. and 3.
	if err := sb.check(op); err != nil {
		return err
	}
	// 4.
	parser, generate, reason := sb.ms.opt.parserFor(mimeType)
	if reason != "" {
		return fail(NotSupportedError, op, "%s: %s", mimeType, reason)
	}
	// 5.
	tx := &Tx{sb.loop}
	sb.ms.reopen(tx)
	// 6.
	sb.resetParser(tx)
	// 7.
	sb.mime, sb.parser, sb.generate, sb.key = mimeType, parser, generate, nil
	// 8.
	if generate {
		sb.groupStart = media.Some(sb.groupEnd)
		sb.mode = Sequence
	}
	// 9.
	sb.wantInit = true
	sb.announce(tx)
	return nil
}

// resetParser runs the reset parser state algorithm. The lock must be held.
// MSE: sourcebuffer-reset-parser-state.
func (sb *SourceBuffer) resetParser(tx *Tx) {
	// 1. A failure here is one of data that is being given up. Whether a parser is inside a media segment it knows best: that
	// of a transport stream tells of tracks and segment only when their first frame is complete.
	if f, ok := sb.parser.(bytestream.Flusher); ok {
		_ = f.Flush(&appendHandler{sb: sb, tx: tx})
	}
	// 2. to 5.
	sb.resetGroups()
	// 6.
	if sb.mode == Sequence {
		sb.groupStart = media.Some(sb.groupEnd)
	}
	// 7. and 8.
	sb.parser.Reset()
}

// release drops all stored data.
func (sb *SourceBuffer) release() {
	sb.tracks, sb.inband, sb.inbandBytes, sb.texts, sb.textBytes = nil, nil, 0, nil, 0
	sb.parser.Reset()
}
