package webm

import (
	"fmt"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
)

// Limits on what a stream may declare. They are checked before anything is kept or allocated.
const (
	maxEBMLBytes   = 4 << 10
	maxInfoBytes   = 1 << 20
	maxTracksBytes = 16 << 20
	// maxBlockBytes bounds a SimpleBlock or BlockGroup, maxInflated the frames of a portion that are inflated, and
	// maxStripped what is put before the bytes of each frame.
	maxBlockBytes = 64 << 20
	maxInflated   = 16 << 20
	maxStripped   = 256
	// maxUnknownBytes bounds an element of unknown ID that is passed over.
	maxUnknownBytes = 1 << 20
	maxTracks       = 64
	// maxPending bounds the frames of one portion.
	maxPending = 1 << 16
	// maxText bounds names and languages in bytes.
	maxText = 1 << 10
	// maxTicks bounds timestamps in nanoseconds, so that adding cannot overflow.
	maxTicks = 1 << 61
)

// Length of one portion of a Cluster: input in bytes, and media of a Cluster of unknown size. See the package comment.
const (
	portionBytes      = 256 << 10
	muxedPortionBytes = 16 << 20
	livePortion       = media.Span(0.25)
)

// Options tune a parser. The zero value plays what real content does; each point below where that is more than
// the specification allows names the rule. With Strict set, the rules apply as written.
//
// Lenient parsing accepts:
//   - any document type that says Matroska, or none (Strict: "webm" is demanded);
//   - Info and Tracks in any order (Strict: Info comes first);
//   - an initialization segment that begins with the Segment, without an EBML header;
//   - blocks whose times fall, within a Cluster, as those of formats that reorder pictures do;
//   - a second Timestamp in a Cluster, which then applies to the blocks behind it;
//   - elements of unknown ID beside the Clusters if they are small.
//
// Both modes accept a Cluster that lacks blocks of some tracks, and pass over unknown elements inside of known ones.
type Options struct {
	Strict bool
}

// Parser is a bytestream.Parser for WebM and Matroska. The zero value is ready and lenient.
type Parser struct {
	opt Options

	in    bytestream.Chunks
	pos   int64 // first byte that no element has claimed yet; in may hold earlier ones that frames need
	skip  int64 // bytes before it are passed over as they come
	state bytestream.State
	err   error // what the last Step returned; sticks until Reset

	gather   element // the element that is waited for, if gathers
	gathers  bool
	headed   bool   // the initialization segment being read has an EBML header
	building *movie // of an initialization segment that is being read, nil outside of one
	movie    *movie // of the last initialization segment, nil before the first
	configs  bytestream.Configs

	cluster cluster
	scratch [laceBytes]byte
	times   []int64 // presentation times of a portion in rising order, in nanoseconds
	inflate inflater
}

// config is a decoder configuration with its content as text.
var (
	_ bytestream.Parser  = (*Parser)(nil)
	_ bytestream.Flusher = (*Parser)(nil)
)

// New returns a parser that waits for the first byte of a stream.
func New(o Options) *Parser { return &Parser{opt: o} }

// Push implements bytestream.Parser.
func (p *Parser) Push(b []byte) { p.in.Push(b) }

// State implements bytestream.Parser.
func (p *Parser) State() bytestream.State { return p.state }

// Buffered implements bytestream.Parser.
func (p *Parser) Buffered() int { return p.in.Len() }

// Reset implements bytestream.Parser. Offsets in later errors count from here. The frames of an unfinished Cluster
// are lost unless Flush has emitted them.
// MSE: sourcebuffer-reset-parser-state steps 4 and 5.
func (p *Parser) Reset() {
	p.in.Reset()
	p.pos, p.skip, p.state, p.err = 0, 0, bytestream.WaitingForSegment, nil
	p.gathers, p.headed, p.building = false, false, nil
	p.cluster.reset()
	if p.movie != nil {
		for _, t := range p.movie.tracks {
			t.forget()
		}
	}
}

// Refusal says why a track of the last initialization segment was listed with an empty Codec, "" if it was not.
func (p *Parser) Refusal(trackID uint32) string {
	if p.movie != nil {
		if t := p.movie.track(uint64(trackID)); t != nil {
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
	switch {
	case p.pos < p.skip:
		p.pos = min(p.skip, p.in.End())
		p.discard()
		more = p.pos == p.skip
	case p.gathers:
		more, err = p.read(h)
	case p.cluster.open:
		more, err = p.blocks(h)
	default:
		more, err = p.enter(h)
	}
	p.err = err
	return more && err == nil, err
}

// Flush implements bytestream.Flusher.
// MSE: sourcebuffer-reset-parser-state step 1.
func (p *Parser) Flush(h bytestream.Handler) error {
	if p.err == nil && p.cluster.open {
		p.err = p.emit(h, true)
	}
	return p.err
}

// header reads the header of the element at that offset, which has to end before limit. ok is false when too little
// has arrived, or what says what is wrong.
func (p *Parser) header(at, limit int64) (e element, ok bool, what string) {
	var buf [maxHeaderBytes]byte
	if at >= p.in.End() {
		return e, false, ""
	}
	b := p.in.Peek(buf[:], at)
	cut := int64(len(b)) > limit-at
	if cut {
		b = b[:limit-at]
	}
	e, ok, what = readHeader(b, at)
	switch {
	case what != "":
	case !ok && (cut || at+int64(len(b)) == limit):
		what = "an element header is cut off"
	case ok && limit != unbounded && e.end == unbounded:
		what = fmt.Sprintf("%s has no size", e.id)
	case ok && e.end != unbounded && e.end > limit:
		what = fmt.Sprintf("%s ends %d bytes beyond the element that contains it", e.id, e.end-limit)
	}
	return e, ok && what == "", what
}

// upper reports whether the element cannot lie in a Cluster, so that one of unknown size ends before it.
func upper(id elementID) bool {
	switch id {
	case idEBML, idSegment, idSeekHead, idInfo, idTracks, idCluster, idCues, idChapters, idTags, idAttachments:
		return true
	default:
		return false
	}
}

// enter reads the header of the next element beside the Clusters.
func (p *Parser) enter(h bytestream.Handler) (more bool, err error) {
	e, ok, what := p.header(p.pos, unbounded)
	if what != "" {
		return false, fault("stream", p.pos, "%s; is this WebM, and complete up to here?", what)
	}
	if !ok {
		return false, nil
	}
	if e.end == unbounded && e.id != idSegment && e.id != idCluster {
		return false, fault(e.id.String(), e.off, "has no size; only a Segment or a Cluster may go without")
	}
	switch e.id {
	case idEBML:
		p.building, p.headed = &movie{}, true
		return p.wait(e, maxEBMLBytes)
	case idSegment:
		if p.opt.Strict && !p.headed {
			return false, fault("Segment", e.off, "no EBML header precedes it")
		}
		p.building, p.headed = &movie{}, false
		p.pos, p.state = e.body, bytestream.ParsingInitSegment
		p.discard()
		return true, nil
	case idInfo:
		if p.building != nil {
			return p.wait(e, maxInfoBytes)
		}
	case idTracks:
		if p.building != nil && p.opt.Strict && !p.building.informed {
			return false, fault("Tracks", e.off, "no Info precedes it")
		}
		if p.building != nil {
			return p.wait(e, maxTracksBytes)
		}
	case idCluster:
		return p.enterCluster(h, e)
	case idSeekHead, idCues, idChapters, idTags, idAttachments, idVoid, idCRC:
	default:
		// An ID of one byte could be anything; those of this level have four.
		if p.opt.Strict || e.id < 1<<24 || e.end-e.body > maxUnknownBytes {
			return false, fault("stream", e.off, "%s is none of WebM; is the stream complete up to here?", e.id)
		}
	}
	p.skip = e.end
	return true, nil
}

// wait begins to gather an element.
func (p *Parser) wait(e element, limit int64) (bool, error) {
	if n := e.end - e.body; n > limit {
		return false, fault(e.id.String(), e.off, "declares %d bytes, more than the %d that are accepted", n, limit)
	}
	p.state = bytestream.ParsingInitSegment
	p.gather, p.gathers = e, true
	return true, nil
}

// read reads the gathered element when it is complete.
func (p *Parser) read(h bytestream.Handler) (more bool, err error) {
	e := p.gather
	if p.in.End() < e.end {
		return false, nil
	}
	n := node{id: e.id, off: e.off, body: p.in.Bytes(e.body, e.end), at: e.body}
	p.pos, p.gathers = e.end, false
	p.discard()
	switch e.id {
	case idEBML:
		return true, p.checkDocument(&n)
	case idInfo:
		err = p.building.readInfo(&n)
	default: // idTracks
		err = p.building.readTracks(&n)
	}
	if err != nil || !p.building.informed || !p.building.tracked {
		return true, err
	}
	return true, p.finishInit(h)
}

// checkDocument reads an EBML header. RFC 8794 §11.2.
func (p *Parser) checkDocument(n *node) error {
	doc := ""
	w := n.children()
	for w.next() {
		switch w.node.id {
		case idDocType:
			doc = w.node.text()
		case idReadVer:
			if v := w.node.uint(); v > 1 {
				return fault("EBML/EBMLReadVersion", w.node.off, "is %d, only 1 is known", v)
			}
		}
	}
	if err := w.err("EBML"); err != nil {
		return err
	}
	switch {
	case doc == "webm", !p.opt.Strict && (doc == "matroska" || doc == ""):
		return nil
	default:
		return fault("EBML/DocType", n.off, "document type %q is not webm", doc)
	}
}

// finishInit reports the initialization segment that is complete now.
// MSE: init-segment.
func (p *Parser) finishInit(h bytestream.Handler) error {
	m := p.building
	for _, t := range m.tracks {
		t.scale = m.scale
		if t.config != nil {
			t.config.Timescale = m.timescale()
			t.finish()
			t.config = p.configs.Intern(t.config)
			t.info.Config = t.config
		}
	}
	p.movie, p.building, p.headed = m, nil, false
	p.cluster.setTracks(m)
	p.state = bytestream.WaitingForSegment
	return h.InitSegment(m.initSegment())
}

// discard drops the input that neither the scanner nor a pending frame needs.
func (p *Parser) discard() {
	to := p.pos
	if len(p.cluster.pending) > 0 {
		to = min(to, p.cluster.pending[0].off)
	}
	p.in.Discard(to)
}
