package isobmff

import (
	"errors"
	"math"
	"slices"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
)

// Limits on what a stream may declare. They are checked before anything is allocated.
const (
	maxMoovBytes  = 16 << 20
	maxMoofBytes  = 4 << 20
	maxBrandBytes = 4 << 10 // ftyp and styp
	// maxUnknownBytes bounds a top-level box of unknown type that lenient parsing passes over. Text that is
	// mistaken for a box claims far more: its first four characters are the size.
	maxUnknownBytes = 1 << 20
	// maxTracks bounds the tracks of a movie, the track fragments of a moof and the sample entries of a track.
	maxTracks = 64
	// maxSamples bounds the coded frames of one moof.
	maxSamples = 1 << 20
	// maxBareSamples bounds the samples of a track run that have neither a record in the run nor any bytes.
	maxBareSamples = 1024
	// maxMdats bounds the mdat boxes of one media segment.
	maxMdats = 32
	// maxTicks bounds decode times and edit offsets, so that adding durations cannot overflow.
	maxTicks = 1 << 61
	// maxExtradata bounds a decoder configuration in bytes, maxLabel a track's label.
	maxExtradata = 1 << 20
	maxLabel     = 1 << 10
)

// Payload of one portion of a fragment, in bytes. See the package comment.
const (
	portionBytes      = 256 << 10
	muxedPortionBytes = 16 << 20
)

// ErrNotFragmented says that a movie keeps its samples outside of movie fragments, entirely (a progressive file)
// or in part, so that it is no initialization segment. The file can be played by other means.
var ErrNotFragmented = errors.New("the movie is not fragmented")

// Options tune a parser. The zero value plays what real content does; each point below where that is more than
// the specification allows names the rule. With Strict set, the rules apply as written.
//
// Lenient parsing accepts:
//   - unknown or missing brands in ftyp and styp, a moov without an ftyp, an ftyp that no moov follows (Strict:
//     at least one brand of the ISO family is demanded);
//   - sample tables with entries that hold no sample, a track without trex (all its defaults are then 0), a track
//     whose data reference is external;
//   - a traf without tfdt: it goes on where the track's previous fragment ended, at 0 if there was none;
//   - addressing that is not relative to the moof: base-data-offset as a position in the stream, or, when no
//     sample lies there because the stream is not the file from its first byte, so that the lowest base is the
//     start of the moof, and failing that so that the first sample is the first byte of the mdat; a first trun
//     without data offset, which then begins with the mdat; and several trafs without default-base-is-moof, each
//     of which begins where the one before ended (ISO/IEC 14496-12 §8.8.7), or counts from the moof if that leads
//     behind the one before;
//   - a moof without a traf, which has no samples: servers write it for a part in which a track has none;
//   - an mdat behind the moov that no moof announced, which is passed over;
//   - top-level boxes of unknown type if they are small and the type is alphanumeric.
//
// Both modes take the first edit that is not empty as the composition offset and ignore the edits after it,
// durations and rates. Boxes inside moov and moof that are unknown are ignored in both.
type Options struct {
	Strict bool
}

// Parser is a bytestream.Parser for ISO BMFF. The zero value is ready and lenient.
type Parser struct {
	opt Options

	in    bytestream.Chunks
	pos   int64 // first byte that no box has claimed yet; in may hold earlier ones that samples need
	state bytestream.State
	err   error // what the last Step returned; sticks until Reset

	top   topBox
	inTop bool

	branded bool               // an ftyp was seen since the last moov
	moofs   bool               // a moof was seen since the last Reset
	movie   *movie             // of the last initialization segment, nil before the first
	configs bytestream.Configs // recently used, newest last
	frag    fragment
	inband  bytestream.Inband
}

// config is a decoder configuration with its content as text.
var (
	_ bytestream.Parser  = (*Parser)(nil)
	_ bytestream.Flusher = (*Parser)(nil)
)

// New returns a parser that waits for the first byte of a stream.
func New(o Options) *Parser { return &Parser{opt: o} }

// SetKey implements bytestream.Keyed.
func (p *Parser) SetKey(k *media.SampleKey, _ bytestream.Handler) error {
	p.frag.key = k
	return nil
}

// topBox is the top-level box that the scanner is in: [off, end) with the payload from body on. Every box of the
// stream passes through enter and leave, which is where evidence about boxes would be collected.
type topBox struct {
	typ            fourcc
	role           role
	off, body, end int64
}

// role is what the scanner does with a top-level box.
type role uint8

const (
	rolePass role = iota // drop the bytes as they come
	roleFtyp
	roleStyp
	roleMoov
	roleMoof
	roleMdat
	roleUnknown
	roleEvent // is gathered, and does not matter for frames
)

// unbounded is the end of a box that reaches to the end of the stream.
const unbounded = math.MaxInt64

// roles lists the top-level boxes of the format. A type that is not here is garbage (Strict), or garbage unless
// it looks like a small box of a later edition.
var roles = map[string]role{
	"ftyp": roleFtyp, "styp": roleStyp, "moov": roleMoov, "moof": roleMoof, "mdat": roleMdat,
	"free": rolePass, "skip": rolePass, "wide": rolePass, "pdin": rolePass, "sidx": rolePass, "ssix": rolePass,
	"emsg": roleEvent, "prft": roleEvent, "mfra": rolePass, "meta": rolePass, "meco": rolePass, "bloc": rolePass,
	"uuid": rolePass, "udta": rolePass, "pnot": rolePass, "imda": rolePass, "pssh": rolePass,
}

// brands lists the brands of which an ftyp or styp must name at least one under Strict.
var brands = []string{
	"isom", "iso2", "iso3", "iso4", "iso5", "iso6", "iso7", "iso8", "iso9", "isoa", "isob", "isoc",
	"avc1", "hvc1", "hev1", "av01", "mp41", "mp42", "mp71", "dash", "msdh", "msix", "lmsg", "lmsd", "sims", "risx",
	"cmfc", "cmf2", "cmfs", "cmff", "cmfl", "chdf", "cfhd", "cfsd", "ccff", "piff", "M4V ", "M4VH", "M4A ",
	"dby1", "dsms", "dby ", "3gp4", "3gp5", "3gp6", "3gh9", "qt  ", "f4v ", "MSNV",
}

// Push implements bytestream.Parser.
func (p *Parser) Push(b []byte) { p.in.Push(b) }

// State implements bytestream.Parser.
func (p *Parser) State() bytestream.State { return p.state }

// Buffered implements bytestream.Parser.
func (p *Parser) Buffered() int { return p.in.Len() }

// Reset implements bytestream.Parser. Offsets in later errors count from here. The frames of an unfinished
// fragment are lost unless Flush has emitted them.
// MSE: sourcebuffer-reset-parser-state steps 4 and 5.
func (p *Parser) Reset() {
	p.in.Reset()
	p.pos, p.state, p.err = 0, bytestream.WaitingForSegment, nil
	p.inTop, p.branded, p.moofs = false, false, false
	p.frag.reset()
	p.inband.Reset()
}

// Refusal says why a track of the last initialization segment was listed with an empty Codec, "" if it was not.
func (p *Parser) Refusal(trackID uint32) string {
	if p.movie != nil {
		if t := p.movie.track(trackID); t != nil {
			return t.refusal
		}
	}
	return ""
}

// Step implements bytestream.Parser.
// MSE: sourcebuffer-segment-parser-loop.
func (p *Parser) Step(h bytestream.Handler) (more bool, err error) {
	if p.err != nil {
		return false, p.err
	}
	if !p.inTop {
		more, err = p.enter(h)
	} else {
		more, err = p.work(h)
	}
	p.err = err
	return more && err == nil, err
}

// Flush implements bytestream.Flusher.
// MSE: sourcebuffer-reset-parser-state step 1.
func (p *Parser) Flush(h bytestream.Handler) error {
	if p.err != nil {
		return nil
	}
	if p.inTop && p.top.role == roleMdat && p.frag.pending {
		if to := min(p.in.End(), p.top.end); p.frag.auxEnd <= to {
			p.err = p.emit(h, to)
		}
	}
	if p.err == nil {
		p.inband.Tell(h)
	}
	return p.err
}

// enter reads the header of the next top-level box.
func (p *Parser) enter(h bytestream.Handler) (more bool, err error) {
	var buf [longHeaderBytes]byte
	b := p.in.Peek(buf[:], p.pos)
	if len(b) < headerBytes {
		return false, nil
	}
	t := topBox{typ: fourccOf(b[4:]), off: p.pos, body: p.pos + headerBytes}
	path := t.typ.String()
	known := false
	if t.role, known = roles[string(t.typ[:])]; !known {
		t.role = roleUnknown
		if p.opt.Strict || !alphanumeric(t.typ) || be.Uint32(b) < headerBytes || be.Uint32(b) > maxUnknownBytes {
			return false, fault("stream", t.off, "%+q is not the type of an ISO BMFF box; is this MP4, and complete up to here?", t.typ[:])
		}
	}
	switch size := uint64(be.Uint32(b)); size {
	case 0:
		t.end = unbounded
	case 1:
		if len(b) < longHeaderBytes {
			return false, nil
		}
		t.body = t.off + longHeaderBytes
		size = be.Uint64(b[headerBytes:])
		if size < longHeaderBytes {
			return false, fault(path, t.off, "declares %d bytes, less than its own header", size)
		}
		if size > uint64(unbounded-1-t.off) {
			return false, fault(path, t.off, "declares %d bytes, more than a stream can have", size)
		}
		t.end = t.off + int64(size)
	default:
		if size < headerBytes {
			return false, fault(path, t.off, "declares %d bytes, less than its own header", size)
		}
		t.end = t.off + int64(size)
	}
	if err := p.admit(h, &t, path); err != nil {
		return false, err
	}
	if err := p.begin(h, &t); err != nil {
		return false, err
	}
	p.top, p.inTop, p.pos = t, true, t.body
	return true, nil
}

// admit applies the limits and the order of boxes.
func (p *Parser) admit(h bytestream.Handler, t *topBox, path string) error {
	limit := int64(unbounded)
	switch t.role {
	case roleMoov:
		limit = maxMoovBytes
	case roleMoof:
		limit = maxMoofBytes
	case roleFtyp, roleStyp:
		limit = maxBrandBytes
	case roleMdat, rolePass, roleUnknown:
	case roleEvent:
		if t.end == unbounded || t.end-t.off > bytestream.MaxEventBytes {
			t.role = rolePass
		}
	}
	if t.end == unbounded && limit != unbounded {
		return fault(path, t.off, "reaches to the end of the stream, so its end cannot be known; give it a size")
	}
	if size := t.end - t.off; limit != unbounded && size > limit {
		return fault(path, t.off, "declares %d bytes, more than the %d that are accepted", size, limit)
	}
	if p.frag.pending {
		switch t.role {
		case roleMdat, rolePass, roleUnknown, roleEvent:
		case roleFtyp, roleStyp, roleMoov, roleMoof:
			return p.cutShort(h, path)
		}
	}
	if t.role == roleMdat && p.movie == nil && !p.moofs && t.end > t.body {
		return notFragmented(path, t.off, "media come before any moov or moof")
	}
	if p.opt.Strict {
		switch {
		case t.role == roleMoov && !p.branded:
			return fault(path, t.off, "no ftyp precedes it")
		case t.role == roleMoof && p.state == bytestream.ParsingInitSegment:
			return fault(path, t.off, "an ftyp was not followed by a moov")
		case t.role == roleMdat && !p.moofs:
			return fault(path, t.off, "no moof announces it")
		}
	}
	return nil
}

// cutShort ends a fragment whose mdat boxes lack samples: what is complete goes out, then the error. next is the
// box that came instead of an mdat.
func (p *Parser) cutShort(h bytestream.Handler, next string) error {
	f := &p.frag
	missing := f.missing(next)
	if n := len(f.mdats); n > 0 && f.auxEnd <= f.mdats[n-1].to {
		if err := p.emit(h, f.mdats[n-1].to); err != nil {
			return err
		}
	}
	return missing
}

// begin does what the mere start of a box means.
func (p *Parser) begin(h bytestream.Handler, t *topBox) error {
	switch t.role {
	case roleFtyp, roleMoov:
		p.state = bytestream.ParsingInitSegment
	case roleMoof:
		p.state, p.moofs = bytestream.ParsingMediaSegment, true
		return h.MediaSegmentStart()
	case roleMdat:
		if p.frag.pending {
			return p.frag.addMdat(t.body, t.end)
		}
	case rolePass, roleStyp, roleUnknown, roleEvent:
	}
	return nil
}

// work goes on with the box the scanner is in.
func (p *Parser) work(h bytestream.Handler) (more bool, err error) {
	t := &p.top
	switch t.role {
	case roleMdat:
		return p.workMdat(h)
	case rolePass, roleUnknown:
		return p.pass(), nil
	case roleFtyp, roleStyp, roleMoov, roleMoof, roleEvent:
	}
	if p.in.End() < t.end {
		return false, nil
	}
	b := box{typ: t.typ, off: t.off, head: int(t.body - t.off), body: p.in.Bytes(t.body, t.end)}
	p.leave(t.end)
	switch t.role {
	case roleFtyp:
		p.branded = true
		return true, p.checkBrands(&b)
	case roleStyp:
		return true, p.checkBrands(&b)
	case roleMoov:
		return true, p.readMoov(h, &b)
	case roleEvent:
		p.readEvent(&b)
		return true, nil
	default: // roleMoof
		return true, p.readMoof(h, &b)
	}
}

// pass drops what has arrived of a box that nobody needs.
func (p *Parser) pass() (more bool) {
	if p.in.End() < p.top.end {
		p.pos = p.in.End()
		p.discard()
		return false
	}
	p.leave(p.top.end)
	return true
}

// leave ends the current top-level box.
func (p *Parser) leave(end int64) {
	p.pos, p.inTop = end, false
	p.discard()
}

// discard drops the input that neither the scanner nor a pending sample needs.
func (p *Parser) discard() {
	to := p.pos
	if p.frag.pending {
		to = min(to, p.frag.keepFrom())
	}
	p.in.Discard(to)
}

// workMdat emits the next portion of the pending fragment if it has arrived, and passes over what no sample needs.
func (p *Parser) workMdat(h bytestream.Handler) (more bool, err error) {
	f, t := &p.frag, &p.top
	limit := min(p.in.End(), t.end)
	if f.pending && f.portionEnd() <= limit {
		return true, p.emit(h, f.portionEnd())
	}
	p.pos = limit
	if limit < t.end {
		p.discard()
		return false, nil
	}
	p.leave(t.end)
	if f.pending || p.state != bytestream.ParsingMediaSegment {
		return true, nil // another mdat holds the rest, or nobody announced this one
	}
	return true, p.endSegment(h)
}

// endSegment reports that the last byte of a media segment has been seen.
func (p *Parser) endSegment(h bytestream.Handler) error {
	p.state = bytestream.WaitingForSegment
	p.frag.reset()
	return h.MediaSegmentEnd()
}

// emit hands out the samples that lie before stream offset to and have not been handed out.
func (p *Parser) emit(h bytestream.Handler, to int64) error {
	tracks, err := p.frag.cut(&p.in, to)
	if err != nil {
		return err
	}
	p.discard()
	if len(tracks) == 0 {
		return nil // one sample spans more than the portion
	}
	p.inband.Place(tracks)
	if err := h.Fragment(tracks); err != nil {
		return err
	}
	p.inband.Tell(h)
	return nil
}

// checkBrands reads the brands of an ftyp or styp.
func (p *Parser) checkBrands(b *box) error {
	if !p.opt.Strict {
		return nil
	}
	path := b.typ.String()
	if len(b.body) < 8 {
		return fault(path, b.off, "is too short for a brand")
	}
	major := fourccOf(b.body)
	if slices.Contains(brands, major.String()) {
		return nil
	}
	for rest := b.body[8:]; len(rest) >= 4; rest = rest[4:] {
		if slices.Contains(brands, fourccOf(rest).String()) {
			return nil
		}
	}
	return fault(path, b.off, "brand %q is none of ISO BMFF", major)
}

// readMoov reads an initialization segment and reports it.
func (p *Parser) readMoov(h bytestream.Handler, b *box) error {
	m, err := parseMoov(b, p.opt)
	if err != nil {
		return err
	}
	for _, t := range m.tracks {
		for i := range t.entries {
			t.entries[i].config = p.configs.Intern(t.entries[i].config)
		}
		if len(t.entries) > 0 {
			t.info.Config = t.entries[0].config
		}
	}
	p.movie, p.branded = m, false
	p.state = bytestream.WaitingForSegment
	return h.InitSegment(m.initSegment())
}

// readMoof reads a moof, whose samples then come with the mdat.
func (p *Parser) readMoof(h bytestream.Handler, b *box) error {
	if p.movie == nil {
		return fault("moof", b.off, "no moov came before it; append the initialization segment first")
	}
	if err := p.frag.parse(b, p.movie, p.opt); err != nil {
		p.frag.reset()
		return err
	}
	if f := &p.frag; f.pending && f.bare && f.auxEnd <= p.pos {
		if err := p.emit(h, f.end); err != nil {
			return err
		}
	}
	if !p.frag.pending {
		return p.endSegment(h)
	}
	return nil
}

// alphanumeric reports whether t looks like a box type that somebody chose.
func alphanumeric(t fourcc) bool {
	for _, c := range t {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9') {
			return false
		}
	}
	return true
}
