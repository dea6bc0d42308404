package mp2t

import (
	"bytes"
	"fmt"
	"slices"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
)

// timescale is the ticks per second of the time stamps.
const timescale = 90000

// Limits. They are checked before anything is allocated.
const (
	// maxTracks bounds the streams of a program.
	maxTracks = 64
	// maxFrameBytes bounds a coded frame.
	maxFrameBytes = 16 << 20
	// maxGarbageBytes bounds what is passed over in search of the next packet.
	maxGarbageBytes = 64 << 10
	// maxProbeBytes and maxProbeTime bound how much of the stream may go by, since the program map, before the
	// configurations of all its tracks are known. Then the initialization segment goes out without the others.
	maxProbeBytes            = 4 << 20
	maxProbeTime  media.Span = 3
	// maxVideoBlock and maxSoundBlock bound the blocks that the frames of a track lie in, in bytes.
	maxVideoBlock = 512 << 10
	maxSoundBlock = 64 << 10
)

// Portions and steps. Their borders are places in the stream and do not depend on how it was cut.
const (
	// portionBytes and portionLength bound the frames that wait for being handed out together.
	portionBytes             = 256 << 10
	portionLength media.Span = 0.25
	// splitBytes is how much of a PES packet is gathered before it is looked through.
	splitBytes = 4 << 10
	// stepBytes bounds the work of one Step.
	stepBytes = 128 << 10
)

// Stats counts what a parser passed over, since it was made.
type Stats struct {
	// LostPackets is how often the continuity counter of a track showed that packets are missing, BrokenPackets the
	// packets that the receiver marked as damaged.
	LostPackets, BrokenPackets int64
	// DamagedFrames is how many frames were dropped because packets of theirs are missing.
	DamagedFrames int64
	// Resyncs is how often packets did not follow each other, Garbage the bytes that were passed over then.
	Resyncs, Garbage int64
	// BadSections counts sections of tables with a wrong length or checksum, BadPES the PES packets whose header
	// cannot be read.
	BadSections, BadPES int64
	// Scrambled counts packets that conditional access has encrypted.
	Scrambled int64
	// BadParameters counts sequence parameter sets that cannot be read.
	BadParameters int64
	// NoConfig counts frames that came before the parameters they need, NoTime those without any time.
	NoConfig, NoTime int64
	// BadSound is the bytes of audio streams that belong to no frame.
	BadSound int64
}

// Parser is a bytestream.Parser for MPEG-2 transport streams. The zero value is ready.
type Parser struct {
	in    bytestream.Chunks
	pos   int64 // of the next packet
	state bytestream.State
	err   error // what the last Step returned; sticks until Reset
	h     bytestream.Handler

	stride int   // bytes from one packet to the next, 0 before the first one
	synced bool  // a packet begins at pos
	lost   int64 // garbage since the last packet

	pat, pmt sections
	tables   int64 // program association tables so far
	number   uint16
	pmtPID   uint16 // 0 before the first table
	routes   [pidMask + 1]uint8
	section  []byte    // the last map of the program that was read, nil before the first
	first    int64     // where the first packet is
	begun    bool      // first is known
	before   Stats     // what was counted up to there
	again    bool      // the first map has come: what went by before it is to be read again
	elements []element // of the program; descs is nil but for private data
	tracks   []*track
	program  int64 // where its map was seen
	ready    bool  // its initialization segment is out
	started  bool  // so is the start of a media segment

	events []*events
	inband bytestream.Inband

	clock   clock
	due     bool // the next portion is to go out
	payload int  // bytes in it
	configs bytestream.Configs
	crypt   *media.Crypt // of protected frames
	stats   Stats
	scratch [packetBytes]byte
	work    []byte // of the splitters
}

// What routes says about a PID; a number from routeTrack on is a track, one from routeEvents on a stream of events.
const (
	routeNone = iota
	routePMT
	routeTrack
	routeEvents = routeTrack + maxTracks
)

var (
	_ bytestream.Parser  = (*Parser)(nil)
	_ bytestream.Flusher = (*Parser)(nil)
)

// New returns a parser that waits for the first byte of a stream.
func New() *Parser { return new(Parser) }

// Push implements bytestream.Parser.
func (p *Parser) Push(b []byte) { p.in.Push(b) }

// State implements bytestream.Parser. A transport stream does not tell where a media segment ends, so from the first
// one on the state is that of parsing one until Reset.
func (p *Parser) State() bytestream.State { return p.state }

// Buffered implements bytestream.Parser.
func (p *Parser) Buffered() int {
	n := p.in.Len()
	for _, t := range p.tracks {
		n += len(t.es.b) - t.es.from
	}
	return n
}

// Stats returns what was passed over so far.
func (p *Parser) Stats() Stats { return p.stats }

// Refusal says why a track of the last initialization segment was listed with an empty Codec, "" if it was not.
func (p *Parser) Refusal(trackID uint32) string {
	for _, t := range p.tracks {
		if t.info.ID == trackID {
			return t.refusal
		}
	}
	return ""
}

// Reset implements bytestream.Parser. Offsets in later errors count from here, and the next time stamp is taken as it
// is. A media segment may follow without the tables of the program that is known, even if its initialization segment is not
// out yet: where tables and frames are resources of their own, they come one by one.
// MSE: sourcebuffer-reset-parser-state steps 4 and 5. "MPEG-2 TS Byte Stream Format", MPEG2TS_timestampOffset.
func (p *Parser) Reset() {
	p.in.Reset()
	p.pos, p.lost, p.synced = 0, 0, false
	p.state, p.err = bytestream.WaitingForSegment, nil
	p.clock, p.started = clock{}, false
	p.first, p.begun, p.again = 0, false, false
	p.pat.open, p.pmt.open = false, false
	p.inband.Reset()
	for _, x := range p.events {
		x.reset()
	}
	p.clearPortion()
	if p.program = 0; len(p.tracks) == 0 {
		p.forget()
		return
	}
	for _, t := range p.tracks {
		t.heard = false
		t.pes.stop()
		if t.refusal == "" {
			t.es.drop()
			t.split.reset()
		}
	}
}

// ResetTimestampOffset forgets what rollovers have added to the time stamps: the next one is taken as it is. The buffer
// calls it when the application sets timestampOffset.
// "MPEG-2 TS Byte Stream Format", MPEG2TS_timestampOffset.
func (p *Parser) ResetTimestampOffset() { p.clock = clock{} }

// forget drops the program.
func (p *Parser) forget() {
	clear(p.routes[:])
	p.tracks, p.elements, p.section, p.events = nil, nil, nil, nil
	p.number, p.pmtPID, p.ready, p.program = 0, 0, false, 0
}

// Step implements bytestream.Parser.
// MSE: sourcebuffer-segment-parser-loop.
func (p *Parser) Step(h bytestream.Handler) (more bool, err error) {
	if p.err != nil {
		return false, p.err
	}
	p.h = h
	more, p.err = p.step()
	p.h = nil
	if p.section != nil {
		p.in.Discard(p.pos)
	}
	return more && p.err == nil, p.err
}

// step works on packets until frames have been handed out, enough has been done or no packet is left.
func (p *Parser) step() (more bool, err error) {
	for end := p.pos + stepBytes; p.pos < end; {
		if !p.synced {
			if ok, err := p.sync(); !ok || err != nil {
				return false, err
			}
			if !p.begun {
				p.first, p.begun, p.before = p.pos, true, p.stats
			}
		}
		if p.pos+packetBytes > p.in.End() {
			return false, nil
		}
		b := p.in.Peek(p.scratch[:], p.pos)
		if b[0] != syncByte {
			p.synced = false
			p.stats.Resyncs++
			continue
		}
		if err := p.packet(b); err != nil {
			return false, err
		}
		p.pos += int64(p.stride)
		if p.again {
			p.again, p.pos, p.stats = false, p.first, p.before
			p.pat.open, p.pmt.open = false, false
			return true, nil
		}
		if out, err := p.settle(); out || err != nil {
			return true, err
		}
	}
	return true, nil
}

// settle hands out what is due after a packet. out says that it did.
func (p *Parser) settle() (out bool, err error) {
	if !p.ready {
		if p.pmtPID == 0 || len(p.tracks) == 0 {
			if p.pos-p.program > maxProbeBytes {
				return false, fault("stream", p.pos, "no program with tracks in %d bytes", maxProbeBytes)
			}
			return false, nil
		}
		if p.due || p.complete() || p.pos-p.program > maxProbeBytes {
			return p.probe()
		}
		return false, nil
	}
	if !p.due {
		return false, nil
	}
	return true, p.emit()
}

// complete reports whether the configurations of all tracks are known.
func (p *Parser) complete() bool {
	for _, t := range p.tracks {
		if t.refusal == "" && t.info.Config == nil {
			return false
		}
	}
	return true
}

// probe reports the initialization segment if all configurations are known, or if no more should be waited for.
func (p *Parser) probe() (out bool, err error) {
	if !p.complete() {
		long := p.pos-p.program > maxProbeBytes
		for _, t := range p.tracks {
			if n := len(t.out); n > 0 && t.out[n-1].DTS.Sub(t.out[0].DTS) > maxProbeTime {
				long = true
			}
		}
		if !long {
			return false, nil
		}
	}
	return true, p.introduce()
}

// introduce reports the initialization segment. Tracks of which nothing is known by now are given up.
func (p *Parser) introduce() error {
	for _, t := range p.tracks {
		if t.refusal == "" && t.info.Config == nil {
			why := "no frame of it was found"
			if t.locked {
				why = "its packets are scrambled"
			}
			t.refuse(why)
		}
	}
	if err := p.initSegment(); err != nil {
		return err
	}
	p.ready, p.state = true, bytestream.WaitingForSegment
	if p.due {
		return p.emit()
	}
	if slices.ContainsFunc(p.tracks, func(t *track) bool { return len(t.out) > 0 }) {
		return p.startSegment()
	}
	return nil
}

// reintroduce reports the tracks again, because what the decoder of one must know has changed. What was found so far
// belongs to the media segment that ends here.
func (p *Parser) reintroduce() error {
	if !p.ready {
		return nil
	}
	if err := p.endSegment(); err != nil {
		return err
	}
	if err := p.initSegment(); err != nil {
		return err
	}
	return p.startSegment()
}

// initSegment reports the tracks as they are now.
func (p *Parser) initSegment() error {
	s := &media.InitSegment{Duration: media.Forever, Tracks: make([]media.TrackInfo, len(p.tracks))}
	for i, t := range p.tracks {
		s.Tracks[i] = t.info
		if t.refusal != "" {
			s.Tracks[i].Config = &media.DecoderConfig{Kind: t.info.Kind, Timescale: timescale, Encrypted: t.format.encrypted}
		}
	}
	return p.h.InitSegment(s)
}

// startSegment reports the start of a media segment, once.
func (p *Parser) startSegment() error {
	if p.started {
		return nil
	}
	p.started, p.state = true, bytestream.ParsingMediaSegment
	return p.h.MediaSegmentStart()
}

// endSegment hands out what waits and reports the end of the media segment.
func (p *Parser) endSegment() error {
	if err := p.emit(); err != nil || !p.started {
		return err
	}
	p.started = false
	return p.h.MediaSegmentEnd()
}

// emit hands out the frames that wait.
func (p *Parser) emit() error {
	n := 0
	for _, t := range p.tracks {
		if len(t.out) > 0 {
			n++
		}
	}
	p.due, p.payload = false, 0
	if n == 0 {
		return nil
	}
	if err := p.startSegment(); err != nil {
		return err
	}
	list := make([]bytestream.TrackFrames, 0, n)
	for _, t := range p.tracks {
		if len(t.out) > 0 {
			list = append(list, t.portion())
		}
	}
	if err := p.h.Fragment(list); err != nil {
		return err
	}
	p.inband.Tell(p.h)
	return nil
}

// clearPortion drops the frames that wait.
func (p *Parser) clearPortion() {
	p.due, p.payload = false, 0
	for _, t := range p.tracks {
		t.out = nil
	}
}

// Flush implements bytestream.Flusher: it hands out the frames that were complete but for the start of the next one,
// so it is to be called where an append sequence ends, too. If the initialization segment was still being waited for,
// it is reported first, without the tracks of which no frame was found.
// MSE: sourcebuffer-reset-parser-state step 1.
func (p *Parser) Flush(h bytestream.Handler) error {
	if p.err != nil {
		return nil
	}
	p.h = h
	p.err = p.flush()
	p.h = nil
	return p.err
}

// SetKey implements bytestream.Keyed.
func (p *Parser) SetKey(k *media.SampleKey, h bytestream.Handler) error {
	if err := p.Flush(h); err != nil {
		return err
	}
	p.crypt = &media.Crypt{Scheme: media.SchemeSampleAES}
	if k != nil {
		p.crypt.KID = k.KID
		if !k.NoIV {
			p.crypt.IV = bytes.Clone(k.IV[:])
		}
	}
	for _, t := range p.tracks {
		if t.format.encrypted {
			t.crypt = p.crypt
		}
	}
	return nil
}

// protection is how protected frames are encrypted.
func (p *Parser) protection() *media.Crypt {
	if p.crypt == nil {
		p.crypt = &media.Crypt{Scheme: media.SchemeSampleAES}
	}
	return p.crypt
}

// flush ends the frames in progress and hands out all that wait.
func (p *Parser) flush() error {
	for _, t := range p.tracks {
		if err := t.finish(); err != nil {
			return err
		}
	}
	if !p.ready {
		if !slices.ContainsFunc(p.tracks, func(t *track) bool { return len(t.out) > 0 }) {
			return nil
		}
		if err := p.introduce(); err != nil {
			return err
		}
	}
	if err := p.emit(); err != nil {
		return err
	}
	for _, x := range p.events {
		x.finish()
	}
	p.inband.Tell(p.h)
	return nil
}

// readPAT takes a section of the program association table.
func (p *Parser) readPAT(sec []byte) error {
	if sec[0] != tablePAT || !current(sec) {
		return nil
	}
	p.tables++
	number, pid, ok := firstProgram(sec)
	if !ok || pid == patPID || pid == nullPID {
		return nil
	}
	if p.pmtPID == 0 {
		p.program = p.pos
		if !p.ready {
			p.state = bytestream.ParsingInitSegment
		}
	}
	if p.pmtPID != pid {
		if p.routes[p.pmtPID] == routePMT {
			p.routes[p.pmtPID] = routeNone
		}
		p.routes[pid] = routePMT
		p.pmt.open = false
	}
	p.number, p.pmtPID = number, pid
	return nil
}

// readPMT takes a section of the program map table. One that says nothing new is passed over; another one ends the
// media segment and begins an initialization segment.
func (p *Parser) readPMT(sec []byte) error {
	if sec[0] != tablePMT || !current(sec) || be.Uint16(sec[3:]) != p.number {
		return nil
	}
	if bytes.Equal(sec, p.section) {
		return nil
	}
	p.again = p.section == nil
	p.section = append(p.section[:0], sec...)
	list, msg := elements(p.section)
	if msg != "" {
		return fault("PMT", p.pos, "%s", msg)
	}
	tracks := make([]*track, 0, len(list))
	kept, told := []element(nil), []element(nil)
	for _, e := range list {
		f, ok := formatOf(&e)
		if !ok {
			if tellsEvents(&e) {
				told = append(told, e)
			}
			continue
		}
		if e.pid == patPID || e.pid == nullPID || e.pid == p.pmtPID || slices.ContainsFunc(tracks, func(t *track) bool { return t.info.ID == uint32(e.pid) }) {
			return fault("PMT", p.pos, "a stream has the PID %d, which is taken", e.pid)
		}
		tracks = append(tracks, p.newTrack(&e, f))
		if e.descs = bytes.Clone(e.descs); e.typ != typePrivate {
			e.descs = nil // the type tells all
		}
		kept = append(kept, e)
	}
	if sameElements(kept, p.elements) {
		p.routeEvents(told)
		return nil
	}
	if err := p.flush(); err != nil {
		return err
	}
	if err := p.endSegment(); err != nil {
		return err
	}
	p.ready = false
	clear(p.routes[:])
	p.routes[p.pmtPID] = routePMT
	for i, t := range tracks {
		p.routes[t.info.ID] = uint8(routeTrack + i)
	}
	p.routeEvents(told)
	p.elements, p.tracks, p.program = kept, tracks, p.pos
	if p.again {
		p.program = p.first
	}
	p.clearPortion()
	p.state = bytestream.ParsingInitSegment
	return nil
}

func sameElements(a, b []element) bool {
	return slices.EqualFunc(a, b, func(x, y element) bool {
		return x.pid == y.pid && x.typ == y.typ && x.language == y.language && x.registration == y.registration && bytes.Equal(x.descs, y.descs)
	})
}

// newTrack makes the track of an elementary stream.
func (p *Parser) newTrack(e *element, f format) *track {
	t := &track{p: p, format: f, refusal: f.refused}
	t.info = media.TrackInfo{ID: uint32(e.pid), Kind: f.kind, Language: e.language, Role: e.role}
	t.es.limit = maxSoundBlock
	if f.kind == media.Video {
		t.es.limit = maxVideoBlock
	}
	if f.encrypted {
		t.crypt = p.protection()
	}
	if t.refusal == "" {
		t.split = f.splitter(t, e)
	}
	return t
}

// path names the track in errors.
func (t *track) path() string { return fmt.Sprintf("PID %d", t.info.ID) }

// fault makes the error for bytes that violate the format.
func fault(path string, off int64, format string, args ...any) error {
	return &bytestream.FormatError{Offset: off, Path: path, Msg: fmt.Sprintf(format, args...)}
}
