package isobmff

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/Eyevinn/mp4ff/mp4"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
)

// Flags of trun. ISO/IEC 14496-12 §8.8.8.
const (
	trunDataOffset   = 0x1
	trunFirstFlags   = 0x4
	trunDurations    = 0x100
	trunSizes        = 0x200
	trunFlags        = 0x400
	trunCompositions = 0x800
	trunRowMask      = trunDurations | trunSizes | trunFlags | trunCompositions
)

// Sample flags. ISO/IEC 14496-12 §8.8.3.1.
const (
	sampleNonSync     = 1 << 16
	sampleDependsMask = 3 << 24
	sampleDependsYes  = 1 << 24
)

// fragment is one moof whose samples are being handed out. Its slices are used again by the next one.
type fragment struct {
	// pending is set while samples have not been handed out.
	pending bool
	// body is the moof, which lies at [moofOff, moofEnd).
	body             box
	moofOff, moofEnd int64
	// at and end are the positions between which the samples lie that have not been handed out; at moves forward
	// by whole portions.
	at, end int64
	portion int64
	// bare is set when no sample has any bytes, so that no mdat need follow.
	bare bool
	// auxEnd is where the encryption facts end that lie outside of the moof and have not been loaded, else 0.
	auxEnd int64
	// key is the playlist's, nil when the samples tell theirs. It stays from fragment to fragment.
	key *media.SampleKey
	// lowBase is the lowest base-data-offset, MaxInt64 if there is none.
	lowBase int64
	mdats   []span
	tracks  []trackFragment
}

// span is the range [from, to) of stream offsets.
type span struct{ from, to int64 }

func (s span) holds(from, to int64) bool { return s.from <= from && to <= s.to }

// trackFragment is one traf.
type trackFragment struct {
	index   int   // among the trafs, for messages
	off     int64 // of the traf
	track   *track
	entry   *entry
	def     defaults
	runs    []run
	pos     cursor // next sample to hand out
	samples int    // as the boxes count them
	bytes   span   // from the first byte of the samples to the last
	// absolute is set when the traf gave positions in the file, or none at all, so that they may need translation.
	absolute bool
	// ordered is set when the samples lie in decode order, so that nothing before pos is needed any more.
	ordered bool
	crypt   trackCrypt
	take    int // frames of the portion being cut
}

// run is one trun.
type run struct {
	index      int
	off        int64
	count      int
	flags      uint32
	firstFlags uint32
	rows       []byte // the records of the samples, rowBytes each
	rowBytes   int
	bytes      span // of the samples
}

// defaults are the values for what a run does not say itself: tfhd's, else trex's.
type defaults struct{ entry, duration, size, flags uint32 }

// cursor is a place between the samples of a track fragment.
type cursor struct {
	run, i int
	n      int   // samples before this place, over all runs
	data   int64 // where the next sample of the run starts, if i > 0
	dts    int64
	reach  int64 // highest end of the samples before
}

// sample is one coded frame as a run describes it, in ticks before the edit list.
type sample struct {
	start, size   int64
	dts, cts, dur int64
	flags         uint32
	run, i        int // which sample of which run
}

func (s *sample) end() int64 { return s.start + s.size }

// reset forgets the fragment but keeps the memory.
func (f *fragment) reset() {
	tracks := f.tracks[:cap(f.tracks)]
	for i := range tracks { // let go of the moof and of the movie
		runs := tracks[i].runs
		clear(runs)
		tracks[i] = trackFragment{runs: runs[:0]}
	}
	*f = fragment{tracks: tracks[:0], mdats: f.mdats[:0], key: f.key}
}

// parse reads a moof. ISO/IEC 14496-12 §8.8.4.
// MSE: iso-media-segments.
func (f *fragment) parse(b *box, m *movie, opt Options) error {
	f.reset()
	f.body = *b
	f.moofOff, f.moofEnd = b.off, b.bodyOff()+int64(len(b.body))
	f.lowBase = math.MaxInt64
	read := trafReader{f: f, m: m, opt: opt, prevEnd: b.off}
	w := b.children(0)
	for w.next() {
		if w.box.is("traf") {
			if err := read.traf(&w.box); err != nil {
				return err
			}
		}
	}
	if err := w.err("moof"); err != nil {
		return err
	}
	if opt.Strict && read.trafs == 0 {
		return fault("moof", b.off, "holds no traf")
	}
	if opt.Strict && read.trafs > 1 && read.implicit {
		return fault("moof", b.off, "has %d trafs, so each must set default-base-is-moof", read.trafs)
	}
	f.pending = len(f.tracks) > 0
	f.portion = portionBytes
	if len(f.tracks) > 1 {
		f.portion = muxedPortionBytes
	}
	f.bound()
	return nil
}

// bound computes where the samples and the encryption facts lie.
func (f *fragment) bound() {
	f.at, f.end, f.auxEnd = math.MaxInt64, f.moofEnd, 0
	for i := range f.tracks {
		t := &f.tracks[i]
		if t.bytes.from < t.bytes.to {
			f.at, f.end = min(f.at, t.bytes.from), max(f.end, t.bytes.to)
		}
		f.auxEnd = max(f.auxEnd, t.crypt.outside.to)
	}
	f.bare = f.at == math.MaxInt64
	f.at = min(f.at, f.end)
}

// trafReader reads the trafs of one moof.
type trafReader struct {
	f        *fragment
	m        *movie
	opt      Options
	trafs    int
	implicit bool  // a traf had neither a base nor default-base-is-moof
	prevEnd  int64 // where the data of the traf before ended
	frames   int   // of all runs so far
}

func trafPath(i int) string { return fmt.Sprintf("moof/traf[%d]", i) }

// traf reads one traf and adds it to the fragment if it has samples that somebody can want.
func (r *trafReader) traf(b *box) error {
	index := r.trafs
	if index == maxTracks {
		return fault("moof", b.off, "holds more than %d trafs", maxTracks)
	}
	r.trafs++
	hd, ok := b.child("tfhd", 0)
	if !ok {
		return fault(trafPath(index), b.off, "has no tfhd")
	}
	tfhd, err := decode[*mp4.TfhdBox](&hd)
	if err != nil {
		return unreadable(trafPath(index)+"/tfhd", &hd, err)
	}
	tr := r.m.track(tfhd.TrackID)
	if tr == nil {
		return fault(trafPath(index)+"/tfhd", hd.off, "track %d is not in the initialization segment, which has %s", tfhd.TrackID, r.m.ids())
	}
	base, err := r.base(tfhd, b, &hd, index)
	if err != nil {
		return err
	}

	t := r.f.grow()
	t.index, t.off, t.track, t.def, t.absolute = index, b.off, tr, tr.def, tfhd.HasBaseDataOffset()
	if tfhd.HasSampleDescriptionIndex() {
		t.def.entry = tfhd.SampleDescriptionIndex
	}
	if tfhd.HasDefaultSampleDuration() {
		t.def.duration = tfhd.DefaultSampleDuration
	}
	if tfhd.HasDefaultSampleSize() {
		t.def.size = tfhd.DefaultSampleSize
	}
	if tfhd.HasDefaultSampleFlags() {
		t.def.flags = tfhd.DefaultSampleFlags
	}
	if n := uint32(len(tr.entries)); tr.kind != 0 && (t.def.entry == 0 || t.def.entry > n) {
		return fault(trafPath(index)+"/tfhd", hd.off, "sample description %d does not exist, the track has %d", t.def.entry, n)
	} else if tr.kind != 0 {
		t.entry = &tr.entries[t.def.entry-1]
	}

	dts, err := r.decodeTime(b, t)
	if err != nil {
		return err
	}
	t.pos.dts = dts
	end, err := r.runs(b, t, base)
	if err != nil {
		return err
	}
	tr.nextDTS = dts + end
	r.prevEnd = t.bytes.to
	if tr.kind == 0 || t.samples == 0 {
		r.f.tracks = r.f.tracks[:len(r.f.tracks)-1]
		return nil
	}
	if err := t.crypt.parse(b, t, base, r.f); err != nil {
		return err
	}
	return nil
}

// grow adds an empty track fragment, with the memory of an earlier one.
func (f *fragment) grow() *trackFragment {
	if n := len(f.tracks); n < cap(f.tracks) {
		f.tracks = f.tracks[:n+1]
		t := &f.tracks[n]
		*t = trackFragment{runs: t.runs[:0]}
		return t
	}
	f.tracks = append(f.tracks, trackFragment{})
	return &f.tracks[len(f.tracks)-1]
}

// base is the position that the data offsets of a traf count from. ISO/IEC 14496-12 §8.8.7.
func (r *trafReader) base(tfhd *mp4.TfhdBox, traf, hd *box, index int) (int64, error) {
	switch {
	case tfhd.HasBaseDataOffset():
		if r.opt.Strict {
			return 0, fault(trafPath(index)+"/tfhd", hd.off,
				"base-data-offset is present; addresses must be relative to the moof (default-base-is-moof)")
		}
		if tfhd.BaseDataOffset > maxTicks {
			return 0, fault(trafPath(index)+"/tfhd", hd.off, "base-data-offset %d is beyond any file", tfhd.BaseDataOffset)
		}
		base := int64(tfhd.BaseDataOffset)
		r.f.lowBase = min(r.f.lowBase, base)
		return base, nil
	case tfhd.DefaultBaseIfMoof():
		return r.f.moofOff, nil
	}
	r.implicit = true
	if trun, ok := traf.child("trun", 0); ok && len(trun.body) >= 12 && be.Uint32(trun.body)&trunDataOffset != 0 {
		// By the rule the data begin where those of the traf before ended, which for the first one is the moof. Some
		// encoders count from the moof in all of them; their offsets lead behind the data before.
		if off := int64(int32(be.Uint32(trun.body[8:]))); r.f.moofOff+off >= r.prevEnd {
			return r.f.moofOff, nil
		}
	}
	return r.prevEnd, nil
}

// decodeTime is the decode time of the first sample, in ticks.
func (r *trafReader) decodeTime(b *box, t *trackFragment) (int64, error) {
	dt, ok := b.child("tfdt", 0)
	if !ok {
		if r.opt.Strict {
			return 0, fault(trafPath(t.index), b.off, "has no tfdt, so the time of its samples is unknown")
		}
		return t.track.nextDTS, nil
	}
	tfdt, err := decode[*mp4.TfdtBox](&dt)
	if err != nil {
		return 0, unreadable(trafPath(t.index)+"/tfdt", &dt, err)
	}
	dts := int64(tfdt.BaseMediaDecodeTime()) // some encoders write small negative times
	if dts < -maxTicks || dts > maxTicks {
		return 0, fault(trafPath(t.index)+"/tfdt", dt.off, "decode time %d is beyond any timeline", tfdt.BaseMediaDecodeTime())
	}
	return dts, nil
}

// runs reads the truns of a traf. It returns the sum of the durations in ticks.
func (r *trafReader) runs(b *box, t *trackFragment, base int64) (ticks int64, err error) {
	t.ordered = true
	t.bytes = span{base, base}
	first := true
	w := b.children(0)
	for w.next() {
		if !w.box.is("trun") {
			continue
		}
		u := run{index: len(t.runs), off: w.box.off}
		d, err := r.run(&w.box, &u, t, base)
		if err != nil {
			return 0, err
		}
		if ticks += d; ticks > maxTicks {
			return 0, fault(t.runPath(u.index), u.off, "its samples last longer than any timeline")
		}
		t.samples += u.count
		switch {
		case u.bytes.from == u.bytes.to:
		case first:
			t.bytes, first = u.bytes, false
		default:
			t.ordered = t.ordered && u.bytes.from >= t.bytes.to
			t.bytes = span{min(t.bytes.from, u.bytes.from), max(t.bytes.to, u.bytes.to)}
		}
		if u.count > 0 || len(t.runs) == 0 {
			t.runs = append(t.runs, u)
		}
	}
	return ticks, w.err(trafPath(t.index))
}

// run reads one trun, whose index and off are set. It returns the sum of the durations in ticks.
func (r *trafReader) run(b *box, u *run, t *trackFragment, base int64) (ticks int64, err error) {
	path := func() string { return t.runPath(u.index) }
	body := b.body
	if len(body) < 8 {
		return 0, fault(path(), b.off, "is too short for its header")
	}
	u.flags = be.Uint32(body) & 0xffffff
	count := int64(be.Uint32(body[4:]))
	body = body[8:]
	at := base
	switch {
	case u.flags&trunDataOffset != 0:
		if len(body) < 4 {
			return 0, fault(path(), b.off, "is too short for its data offset")
		}
		at += int64(int32(be.Uint32(body)))
		body = body[4:]
	case len(t.runs) > 0:
		at = t.runs[len(t.runs)-1].bytes.to
	case r.opt.Strict:
		return 0, fault(path(), b.off, "the first trun of a traf must have a data offset")
	case base == r.f.moofOff:
		t.absolute = true // samples cannot begin with the moof: they begin with the mdat
	}
	if u.flags&trunFirstFlags != 0 {
		if len(body) < 4 {
			return 0, fault(path(), b.off, "is too short for its first sample flags")
		}
		u.firstFlags = be.Uint32(body)
		body = body[4:]
	}
	if count > maxSamples*pcmFrameSamples {
		return 0, fault(path(), b.off, "declares %d samples", count)
	}
	u.rowBytes = 4 * bits.OnesCount32(u.flags&trunRowMask)
	if need := count * int64(u.rowBytes); need > int64(len(body)) {
		return 0, fault(path(), b.off, "declares %d samples of %d bytes each but has room for %d", count, u.rowBytes, int64(len(body))/int64(u.rowBytes))
	}
	u.count, u.rows = int(count), body[:count*int64(u.rowBytes)]
	frames := u.frames(t)
	if u.rowBytes == 0 && t.def.size == 0 && frames > maxBareSamples {
		return 0, fault(path(), b.off, "declares %d samples without any bytes", count)
	}
	if r.frames += frames; r.frames > maxSamples {
		return 0, fault(path(), b.off, "sample count %d takes the moof beyond the %d that are accepted", count, maxSamples)
	}

	size := count * int64(t.def.size)
	ticks = count * int64(t.def.duration)
	durationAt, sizeAt := u.column(trunDurations), u.column(trunSizes)
	if durationAt >= 0 {
		ticks = 0
		for row := u.rows; len(row) > 0; row = row[u.rowBytes:] {
			ticks += int64(be.Uint32(row[durationAt:]))
		}
	}
	if sizeAt >= 0 {
		size = 0
		for row := u.rows; len(row) > 0; row = row[u.rowBytes:] {
			size += int64(be.Uint32(row[sizeAt:]))
		}
	}
	u.bytes = span{at, at + size}
	if at < -maxTicks || u.bytes.to > maxTicks {
		return 0, fault(path(), b.off, "its samples lie beyond any stream")
	}
	return ticks, nil
}

// column is where in a record of the run the field with that flag lies, -1 if the run does not have it.
func (u *run) column(flag uint32) int {
	if u.flags&flag == 0 {
		return -1
	}
	return 4 * bits.OnesCount32(u.flags&trunRowMask&(flag-1))
}

// frames is how many coded frames the run gives.
func (u *run) frames(t *trackFragment) int {
	if n := u.batch(t); n > 1 {
		return (u.count + n - 1) / n
	}
	return u.count
}

// batch is how many samples of the run make one coded frame: 1, except for uncompressed audio, where a sample of
// the container is a few bytes.
func (u *run) batch(t *trackFragment) int {
	if u.rowBytes == 0 && t.entry != nil && t.entry.pcm && t.entry.protection == nil {
		return pcmFrameSamples
	}
	return 1
}

// runPath names the trun of that index.
func (t *trackFragment) runPath(index int) string {
	return fmt.Sprintf("%s/trun[%d]", trafPath(t.index), index)
}

// next returns the coded frame behind the cursor and moves the cursor past it.
func (t *trackFragment) next(c *cursor) (s sample, ok bool) {
	for c.run < len(t.runs) && c.i == t.runs[c.run].count {
		c.run, c.i = c.run+1, 0
	}
	if c.run == len(t.runs) {
		return s, false
	}
	u := &t.runs[c.run]
	if c.i == 0 {
		c.data = u.bytes.from
	}
	s = sample{start: c.data, size: int64(t.def.size), dts: c.dts, dur: int64(t.def.duration), flags: t.def.flags, run: c.run, i: c.i}
	if c.i == 0 && u.flags&trunFirstFlags != 0 {
		s.flags = u.firstFlags
	}
	n := 1
	if u.rowBytes == 0 {
		n = min(u.batch(t), u.count-c.i)
		s.size, s.dur = s.size*int64(n), s.dur*int64(n)
	} else {
		row := u.rows[c.i*u.rowBytes : (c.i+1)*u.rowBytes]
		if u.flags&trunDurations != 0 {
			s.dur, row = int64(be.Uint32(row)), row[4:]
		}
		if u.flags&trunSizes != 0 {
			s.size, row = int64(be.Uint32(row)), row[4:]
		}
		if u.flags&trunFlags != 0 {
			s.flags, row = be.Uint32(row), row[4:]
		}
		if u.flags&trunCompositions != 0 {
			s.cts = int64(int32(be.Uint32(row))) // signed in version 0 too: nobody means 2^31 ticks
		}
	}
	c.i, c.n, c.data, c.dts = c.i+n, c.n+n, s.end(), c.dts+s.dur
	if s.size > 0 {
		c.reach = max(c.reach, s.end())
	}
	return s, true
}

// addMdat admits the mdat with the payload [from, to): the samples that begin in it must end in it.
func (f *fragment) addMdat(from, to int64) error {
	if len(f.mdats) == maxMdats {
		return fault("mdat", from, "is more than the %d that one moof may have", maxMdats)
	}
	if len(f.mdats) == 0 {
		f.translate(span{from, to})
	}
	f.mdats = append(f.mdats, span{from, to})
	for i := range f.tracks {
		t := &f.tracks[i]
		for c := t.pos; ; {
			s, ok := t.next(&c)
			if !ok {
				break
			}
			if s.size == 0 || s.start >= to || f.inMdat(s.start, s.end()) {
				continue
			}
			u := &t.runs[s.run]
			if s.start < from {
				return fault(t.runPath(u.index), u.off, "sample %d begins %d bytes before the mdat", s.i, from-s.start)
			}
			return fault(t.runPath(u.index), u.off, "sample %d ends %d bytes beyond the mdat", s.i, s.end()-to)
		}
	}
	return nil
}

func (f *fragment) inMdat(from, to int64) bool {
	for i := len(f.mdats) - 1; i >= 0; i-- {
		if f.mdats[i].holds(from, to) {
			return true
		}
	}
	return false
}

// translate moves samples with absolute addresses to where this stream has them. mdat is the first of the
// fragment. See Options.
func (f *fragment) translate(mdat span) {
	low := int64(math.MaxInt64)
	for i := range f.tracks {
		if t := &f.tracks[i]; t.absolute && t.bytes.from < t.bytes.to {
			low = min(low, t.bytes.from)
		}
	}
	inside := func(d int64) bool { return mdat.from <= low+d && low+d < mdat.to }
	d := int64(0)
	switch byMoof := f.moofOff - f.lowBase; {
	case low == math.MaxInt64 || inside(0):
		return
	case f.lowBase != math.MaxInt64 && inside(byMoof):
		d = byMoof
	default:
		d = mdat.from - low
	}
	for i := range f.tracks {
		t := &f.tracks[i]
		if !t.absolute {
			continue
		}
		t.bytes = span{t.bytes.from + d, t.bytes.to + d}
		for k := range t.runs {
			u := &t.runs[k]
			u.bytes = span{u.bytes.from + d, u.bytes.to + d}
		}
		t.crypt.translate(d)
	}
	f.bound()
}

// missing is the error for a fragment after whose mdat boxes comes something else while samples are pending.
func (f *fragment) missing(next string) error {
	for i := range f.tracks {
		t := &f.tracks[i]
		for c := t.pos; ; {
			s, ok := t.next(&c)
			if !ok {
				break
			}
			if s.size == 0 || f.inMdat(s.start, s.end()) {
				continue
			}
			u := &t.runs[s.run]
			return fault(t.runPath(u.index), u.off, "sample %d lies outside of the mdat, and the next box is %s; is the segment truncated?", s.i, next)
		}
	}
	return fault("moof", f.moofOff, "the encryption facts lie outside of the mdat, and the next box is %s", next)
}

// portionEnd is the stream offset that has to be reached before the next portion can be cut.
func (f *fragment) portionEnd() int64 {
	return max(min(f.at+f.portion, f.end), f.auxEnd)
}

// keepFrom is the lowest stream offset that a pending sample needs.
func (f *fragment) keepFrom() int64 {
	from := f.end
	for i := range f.tracks {
		t := &f.tracks[i]
		switch {
		case t.pos.n == t.samples:
		case !t.ordered:
			from = min(from, t.bytes.from)
		default:
			from = min(from, t.nextStart())
		}
		if t.crypt.outside.to > 0 {
			from = min(from, t.crypt.outside.from)
		}
	}
	return from
}

// nextStart is where the next sample begins in a track fragment that is not exhausted.
func (t *trackFragment) nextStart() int64 {
	c := t.pos
	s, _ := t.next(&c)
	return s.start
}

// cut hands out the frames whose bytes, and those of all frames before them in decode order, lie before stream
// offset to. in holds the bytes up to there. The result is new memory; it is empty when no frame is complete.
func (f *fragment) cut(in *bytestream.Chunks, to int64) ([]bytestream.TrackFrames, error) {
	parts, straddling := 0, int64(0)
	for i := range f.tracks {
		t := &f.tracks[i]
		t.take = 0
		for c := t.pos; ; t.take++ {
			s, ok := t.next(&c)
			if !ok || c.reach > to {
				break
			}
			if _, ok := in.Slice(s.start, s.end()); !ok {
				straddling += s.size
			}
		}
		if t.take > 0 {
			parts++
		}
	}
	f.at = to
	if parts == 0 {
		return nil, nil
	}
	out := make([]bytestream.TrackFrames, 0, parts)
	var arena []byte
	if straddling > 0 {
		arena = make([]byte, straddling)
	}
	f.pending = false
	for i := range f.tracks {
		t := &f.tracks[i]
		if t.take > 0 {
			slab := make([]media.CodedFrame, t.take)
			var err error
			if arena, err = t.fill(slab, f, in, arena); err != nil {
				return nil, err
			}
			out = append(out, bytestream.TrackFrames{Track: t.track.id, Frames: slab})
		}
		f.pending = f.pending || t.pos.n < t.samples
	}
	f.auxEnd = 0
	return out, nil
}

// fill makes the next len(slab) frames. Bytes that straddle input chunks are copied to the front of arena; the
// rest of it is returned.
func (t *trackFragment) fill(slab []media.CodedFrame, f *fragment, in *bytestream.Chunks, arena []byte) ([]byte, error) {
	if err := t.crypt.load(in, t, f); err != nil {
		return nil, err
	}
	crypts := t.crypt.slab(t, len(slab))
	scale, shift := t.track.timescale, t.track.shift
	for i := range slab {
		n := t.pos.n
		s, _ := t.next(&t.pos)
		data, ok := in.Slice(s.start, s.end())
		if !ok {
			data, arena = arena[:s.size:s.size], arena[s.size:]
			in.Copy(data, s.start)
		}
		slab[i] = media.CodedFrame{
			PTS:      media.FromTicks(s.dts+s.cts-shift, scale),
			DTS:      media.FromTicks(s.dts-shift, scale),
			Duration: media.SpanFromTicks(s.dur, scale),
			Config:   t.entry.config,
			Data:     data,
			RAP:      t.track.kind != media.Video || s.flags&sampleNonSync == 0 && s.flags&sampleDependsMask != sampleDependsYes,
		}
		if t.entry.protection != nil {
			c, err := t.crypt.next(t, n, s.size, &crypts)
			if err != nil {
				return nil, err
			}
			if c != nil && f.key != nil && f.key.KID != [16]byte{} {
				c.KID = f.key.KID
			}
			slab[i].Crypt = c
		}
	}
	return arena, nil
}
