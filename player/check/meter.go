package check

import (
	"math"
	"slices"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/player/stream/plan"
)

// maxTraced bounds the segments of one representation whose times are remembered.
const maxTraced = 1 << 16

// frameOf is the presentation of one representation: what is added to its own times, and its period. Where the media
// floats, what is added differs from one stretch of continuous times to the next, and is known at the end.
type frameOf struct {
	offset   media.Span
	window   media.Range
	floating bool
	// lags is set where the end of a frame shows in what follows only, so that the last frames of a segment come with the next
	// one.
	lags bool
}

// maxHeld is how many frames a parser may hold back at the end of a segment, where only what follows ends the last ones: a
// picture, or what one packet has of sound.
const maxHeld = 32

// maxParts bounds the stretches of one stream that are told apart.
const maxParts = 4096

// part is what is measured of one stretch of continuous times, by the container's times.
type part struct {
	// stretch is its number, start when the manifest presents the first segment of it that was had.
	stretch int64
	start   media.Time
	// first is the time of the earliest frame that is presented, last of the latest.
	first, last, end media.Time
	cover            coverage
	segments         []segment
	// shift puts it on the presentation timeline. It is final once the stream is settled.
	shift media.Span
}

func newPart(stretch int64, start media.Time, shift media.Span) *part {
	return &part{stretch: stretch, start: start, shift: shift, first: media.Forever, last: -media.Forever, end: -media.Forever}
}

// stream is what is measured of one elementary stream.
type stream struct {
	info media.TrackInfo
	// refusal is why it cannot be decoded, "" if it can.
	refusal string
	at      frameOf

	coded, keys, payload, encrypted int64
	// containerFirst is the time stamp of the earliest frame as the container has it, of the first part.
	containerFirst media.Time
	frames         int64 // that are presented
	length         media.Span
	rates          rates
	parts          []*part // in the order of their segments, at least one
	traced         int     // how many segments are remembered

	// On the presentation timeline, from settle on: first is of the earliest frame, last of the latest; early and late are
	// how much sound lies before and after the period.
	first, last, end media.Time
	early, late      media.Span
	cover            coverage

	seg   segment // the current media segment
	held  int     // so many of the next frames may be the last ones of the segment before
	order order
	place placer
	// signals are what the bitstream says of itself.
	signals signals
}

func newStream(info media.TrackInfo, at frameOf) *stream {
	s := &stream{info: info, at: at, containerFirst: media.Forever, first: media.Forever, last: -media.Forever, end: -media.Forever}
	s.enter(0, at.window.Start)
	return s
}

// part is the current one.
func (s *stream) part() *part { return s.parts[len(s.parts)-1] }

// enter goes to a stretch of continuous times, of which the next segment is presented from start on.
func (s *stream) enter(stretch int64, start media.Time) {
	switch n := len(s.parts); {
	case n > 0 && s.part().frames() == 0:
		s.part().stretch, s.part().start = stretch, start
	case n > 0 && (s.part().stretch == stretch || n == maxParts):
	default:
		s.parts = append(s.parts, newPart(stretch, start, s.at.offset))
		s.place.enter(s.part())
	}
}

// frames reports how many frames a part has at least.
func (p *part) frames() int {
	if p.end < p.first {
		return 0
	}
	return 1
}

// frame measures f, the next frame in decode order, with the times of the container.
func (s *stream) frame(f *media.CodedFrame, segment int) {
	s.coded++
	s.payload += int64(len(f.Data))
	s.seg.payload += int64(len(f.Data))
	s.signals.see(f, s.part())
	if f.RAP {
		s.keys++
	}
	if s.held--; s.held >= 0 {
		if s.info.Kind == media.Video && f.RAP {
			s.held = 0
		} else if s.seg.frames == 0 && s.info.Kind == media.Video && s.carry(f.PTS, f.End(), 1) {
			s.seg.length += f.Duration
			s.measure(f, segment)
			return
		}
		if step := f.DTS.Sub(s.order.dts); s.seg.frames > 0 && (step < -maxQuiet || step-s.order.length > maxQuiet) { // it begins here
			s.carry(s.seg.first, s.seg.end, s.seg.frames)
			s.seg.measured = measured{keyTimes: s.seg.keyTimes[:0], payload: s.seg.payload, length: s.seg.length}
		}
	}
	if s.seg.frames == 0 {
		s.seg.key, s.seg.first, s.seg.end, s.seg.dts = f.RAP, media.Forever, -media.Forever, f.DTS
	}
	s.order.see(s, f)
	s.seg.frames++
	if f.RAP {
		s.seg.keys++
	}
	if !f.DecodeOnly {
		s.seg.first, s.seg.end = min(s.seg.first, f.PTS), max(s.seg.end, f.End())
		s.seg.length += f.Duration
	}
	s.measure(f, segment)
}

// carry counts frames to the last segment that is remembered; false if there is none.
func (s *stream) carry(first, end media.Time, frames int) bool {
	p := s.part()
	if len(p.segments) == 0 {
		return false
	}
	g := &p.segments[len(p.segments)-1]
	if first.Sub(g.end).Abs() > maxQuiet {
		return false
	}
	g.first, g.end, g.frames = min(g.first, first), max(g.end, end), g.frames+frames
	return true
}

// measure adds f to what is measured of the whole stream.
func (s *stream) measure(f *media.CodedFrame, segment int) {
	if f.Crypt != nil {
		s.encrypted++
	}
	if len(s.parts) == 1 {
		s.containerFirst = min(s.containerFirst, f.PTS.Add(-f.TrimFront))
	}
	if f.DecodeOnly {
		return
	}
	start, end := f.PTS, f.End()
	s.frames++
	s.length += f.Duration
	p := s.part()
	p.cover.add(start, end, segment)
	p.first, p.last, p.end = min(p.first, start), max(p.last, start), max(p.end, end)
}

// closeSegment ends the current media segment, of which the manifest says what d holds; the number of bytes there is its
// size, 0 for the payload of the stream.
func (s *stream) closeSegment(d segment) {
	if d.bytes == 0 {
		d.bytes = s.seg.payload
	}
	s.order.compare(s.part())
	if s.seg.frames > 0 {
		s.rates.add(d.bytes, s.seg.length)
		if s.traced < maxTraced && s.seg.first.IsFinite() {
			s.traced++
			d.measured = s.seg.measured
			d.keyTimes = slices.Clone(s.seg.keyTimes)
			p := s.part()
			p.segments = append(p.segments, d)
		}
	}
	s.seg.measured = measured{keyTimes: s.seg.keyTimes[:0]}
}

// settle puts the parts together on the presentation timeline. Nothing is measured afterwards.
func (s *stream) settle() {
	if s.seg.frames > 0 { // of the last segment, ended by the end
		s.carry(s.seg.first, s.seg.end, s.seg.frames)
		s.seg.measured = measured{}
	}
	s.cover, s.early, s.late = coverage{}, 0, 0
	sound := s.info.Kind == media.Audio
	for _, p := range s.parts {
		if p.frames() == 0 {
			continue
		}
		s.cover.merge(&p.cover, p.shift)
		s.last, s.end = max(s.last, p.last.Add(p.shift)), max(s.end, p.end.Add(p.shift))
		if first := p.first.Add(p.shift); !sound {
			s.first = min(s.first, first)
		}
	}
	if !sound {
		return
	}
	w := s.at.window
	for _, r := range s.cover.stretches() {
		s.early += max(0, min(r.End, w.Start).Sub(r.Start))
		s.late += max(0, r.End.Sub(max(r.Start, w.End)))
		if start := max(r.Start, w.Start); start < r.End {
			s.first = min(s.first, start)
		}
	}
}

// segmentAt returns the index of the segment whose frames include time t of the container, -1 when that is not known.
func (p *part) segmentAt(t media.Time) int {
	found := -1
	for _, g := range p.segments {
		if g.first <= t {
			found = g.index
		}
	}
	return found
}

// playable reports whether the stream can be sent to a decoder.
func (s *stream) playable() bool { return s.refusal == "" && s.info.Kind != media.Text }

// rates finds the highest bit rate over one media segment, or over as many as last a second.
type rates struct {
	window []rate
	bytes  int64
	length media.Span
	peak   float64
}

type rate struct {
	bytes  int64
	length media.Span
}

// shortest is the least time that a bit rate is taken over.
const shortest media.Span = 1

func (r *rates) add(bytes int64, length media.Span) {
	r.window = append(r.window, rate{bytes, length})
	r.bytes, r.length = r.bytes+bytes, r.length+length
	for len(r.window) > 1 && r.length-r.window[0].length >= shortest-1e-9 {
		r.bytes, r.length = r.bytes-r.window[0].bytes, r.length-r.window[0].length
		r.window = r.window[1:]
	}
	if r.length >= shortest-1e-9 {
		r.peak = max(r.peak, float64(r.bytes)*8/float64(r.length))
	}
}

// highest returns the peak in bits per second, 0 when it is not known. What lasts less than a second has no peak but
// its mean.
func (r *rates) highest() int64 {
	if r.peak == 0 && r.length > 0 {
		return int64(math.Round(float64(r.bytes) * 8 / float64(r.length)))
	}
	return int64(math.Round(r.peak))
}

// meter is a bytestream.Parser that measures what another one finds, on its way to the buffer.
type meter struct {
	inner   bytestream.Parser
	to      bytestream.Handler // of the current call
	at      frameOf
	decodes func(media.CodecID) bool

	// framed is set when segments end their last frame themselves; in others what follows does.
	framed bool
	// silent keeps everything from the buffer: the structure is all that matters, or nothing can be decoded.
	silent bool
	// lost is set when data is missing before the next fragment.
	lost bool
	// segment is the index of the media segment that is being appended.
	segment int
	// tap is given each frame with its time in the container after it was measured; nil for nobody.
	tap func(s *stream, f *media.CodedFrame, own media.Time)
	// stretch is the number of the stretch of continuous times that it belongs to, start when the manifest presents it.
	stretch  int64
	start    media.Time
	had      bool // something of it has come
	inits    int
	segments int64 // as the parser counts them
	events   events
	streams  []*stream
	byID     map[uint32]*stream
}

func newMeter(inner bytestream.Parser, at frameOf, decodes func(media.CodecID) bool) *meter {
	return &meter{inner: inner, at: at, decodes: decodes, silent: decodes == nil, byID: map[uint32]*stream{}}
}

// enter says which media segment comes next. What was pushed before belongs to the one before.
func (m *meter) enter(it *plan.Item) {
	m.segment = it.Index
	for _, s := range m.streams {
		if s.seg.frames > 0 {
			s.carry(s.seg.first, s.seg.end, s.seg.frames)
			s.seg.measured = measured{keyTimes: s.seg.keyTimes[:0]}
		}
		if s.held = 0; !m.framed {
			s.held = maxHeld
		}
	}
	if !m.at.floating {
		return
	}
	if !m.had || it.Discontinuity != m.stretch {
		m.stretch, m.start, m.had = it.Discontinuity, it.Start, false
	}
	for _, s := range m.streams {
		s.enter(m.stretch, m.start)
	}
}

// Push implements bytestream.Parser.
func (m *meter) Push(p []byte) { m.inner.Push(p) }

// State implements bytestream.Parser.
func (m *meter) State() bytestream.State { return m.inner.State() }

// Buffered implements bytestream.Parser.
func (m *meter) Buffered() int { return m.inner.Buffered() }

// Reset implements bytestream.Parser.
func (m *meter) Reset() { m.inner.Reset() }

// Step implements bytestream.Parser.
func (m *meter) Step(h bytestream.Handler) (more bool, err error) {
	m.to = h
	return m.inner.Step(m)
}

// Flush implements bytestream.Flusher.
func (m *meter) Flush(h bytestream.Handler) error {
	f, ok := m.inner.(bytestream.Flusher)
	if !ok {
		return nil
	}
	m.to = h
	return f.Flush(m)
}

// SetKey implements bytestream.Keyed.
func (m *meter) SetKey(k *media.SampleKey, h bytestream.Handler) error {
	if p, ok := m.inner.(bytestream.Keyed); ok {
		m.to = h
		return p.SetKey(k, m)
	}
	return nil
}

// Refusal says why a track cannot be decoded, for the buffer's messages.
func (m *meter) Refusal(track uint32) string {
	if r, ok := m.inner.(interface{ Refusal(uint32) string }); ok {
		return r.Refusal(track)
	}
	return ""
}

// InitSegment implements bytestream.Handler.
func (m *meter) InitSegment(s *media.InitSegment) error {
	m.inits++
	playable := false
	for _, info := range s.Tracks {
		st := m.stream(info, s)
		playable = playable || st.playable()
	}
	if m.inits == 1 && !playable {
		m.silent = true
	}
	if m.silent {
		return nil
	}
	return m.to.InitSegment(s)
}

// stream returns the stream that a track of an initialization segment goes on with, or a new one.
func (m *meter) stream(info media.TrackInfo, s *media.InitSegment) *stream {
	same := 0
	for _, o := range s.Tracks {
		if o.Kind == info.Kind {
			same++
		}
	}
	var found *stream
	for _, st := range m.streams {
		if st.info.Kind == info.Kind && (same == 1 || st.info.ID == info.ID) {
			found = st
		}
	}
	if found == nil {
		found = newStream(info, m.at)
		if m.at.floating {
			found.enter(m.stretch, m.start)
		}
		found.refusal = m.refusal(info)
		m.streams = append(m.streams, found)
	}
	m.byID[info.ID] = found
	return found
}

// refusal says why a track cannot be decoded, "" if it can.
func (m *meter) refusal(info media.TrackInfo) string {
	switch {
	case info.Kind == media.Text:
		return ""
	case info.Config == nil || info.Config.Codec == "":
		if why := m.Refusal(info.ID); why != "" {
			return why
		}
		return "its coding format is not known"
	case m.decodes != nil && !m.decodes(info.Config.Codec):
		return "no decoder for " + string(info.Config.Codec)
	}
	return ""
}

// MediaSegmentStart implements bytestream.Handler.
func (m *meter) MediaSegmentStart() error {
	m.segments++
	if m.silent {
		return nil
	}
	return m.to.MediaSegmentStart()
}

// MediaSegmentEnd implements bytestream.Handler.
func (m *meter) MediaSegmentEnd() error {
	if m.silent {
		return nil
	}
	return m.to.MediaSegmentEnd()
}

// Fragment implements bytestream.Handler.
func (m *meter) Fragment(tracks []bytestream.TrackFrames) error {
	for i := range tracks {
		t := &tracks[i]
		s := m.byID[t.Track]
		if s == nil {
			continue
		}
		for k := range t.Frames {
			f := &t.Frames[k]
			own := f.PTS
			s.frame(f, m.segment)
			if !m.silent {
				s.place.place(f)
			}
			if m.tap != nil {
				m.tap(s, f, own)
			}
		}
		// A buffer takes a long step of decode times for the border of a coded frame group and waits for a random
		// access point. It is none unless something is missing.
		t.Contiguous = !m.lost
	}
	m.lost = false
	if m.silent {
		return nil
	}
	return m.to.Fragment(tracks)
}
