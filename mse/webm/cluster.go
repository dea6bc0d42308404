package webm

import (
	"fmt"
	"math"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
)

// laceBytes bounds what a laced block has before its frames.
const laceBytes = 4 << 10

// cluster is the media segment that is being read, and the frames of the portion that has not gone out.
type cluster struct {
	open  bool
	end   int64 // in the stream, or unbounded
	timed bool  // a Timestamp has been seen
	ticks int64 // the Timestamp
	last  int64 // ticks of the last block

	portion int64 // bytes
	from    int64 // where the portion began in the stream
	first   int64 // ticks of its first block, once it has a pending frame
	pending []entry
}

// entry is one frame of a block.
type entry struct {
	track     *track
	off, size int64 // in the stream
	ticks     int64 // of the block
	blockOff  int64 // of the element, for messages
	// dur is what BlockDuration says, a share of it for laced frames, or negative.
	dur media.Span
	// discard is DiscardPadding in nanoseconds, for the frame it applies to.
	discard int64
	laces   uint16 // frames of the block
	leads   bool   // is the first of its block
	key     bool
	guessed bool // the key flag follows from the absence of a ReferenceBlock
	hidden  bool
	held    bool // has waited for the next block of its track already
}

// reset forgets the cluster but keeps the memory.
func (c *cluster) reset() {
	clear(c.pending)
	*c = cluster{portion: c.portion, pending: c.pending[:0]}
}

// setTracks decides about the length of portions.
func (c *cluster) setTracks(m *movie) {
	n := 0
	c.portion = portionBytes
	for _, t := range m.tracks {
		if t.kind != 0 {
			n++
		}
		if n > 1 || t.reorders { // a decode order is found out for a Cluster at a time
			c.portion = muxedPortionBytes
		}
	}
}

// enterCluster begins a media segment.
// MSE: media-segment. WebM byte stream format §4.
func (p *Parser) enterCluster(h bytestream.Handler, e element) (more bool, err error) {
	switch {
	case p.building != nil:
		missing := "Tracks"
		if !p.building.informed {
			missing = "Info"
		}
		return false, fault("Segment/Cluster", e.off, "the initialization segment before it has no %s", missing)
	case p.movie == nil:
		return false, fault("Segment/Cluster", e.off, "no initialization segment came before it")
	}
	c := &p.cluster
	c.open, c.end, c.timed = true, e.end, false
	c.last, c.from = math.MinInt64, e.body
	for _, t := range p.movie.tracks {
		t.pace.blocks = 0
	}
	p.pos, p.state = e.body, bytestream.ParsingMediaSegment
	p.discard()
	return true, h.MediaSegmentStart()
}

// leaveCluster ends a media segment.
func (p *Parser) leaveCluster(h bytestream.Handler) error {
	if err := p.emit(h, true); err != nil {
		return err
	}
	p.cluster.reset()
	p.state = bytestream.WaitingForSegment
	return h.MediaSegmentEnd()
}

// blocks reads on in the Cluster up to the end of a portion or of the input. Complete frames before an error go out.
func (p *Parser) blocks(h bytestream.Handler) (more bool, err error) {
	c := &p.cluster
	for {
		if p.pos == c.end {
			return true, p.leaveCluster(h)
		}
		e, ok, what := p.header(p.pos, c.end)
		switch {
		case what == "" && !ok:
			return false, nil
		case what == "" && upper(e.id) && c.end == unbounded:
			return true, p.leaveCluster(h)
		case what == "" && upper(e.id):
			what = fmt.Sprintf("%s lies inside of a Cluster", e.id)
		case what == "" && e.end == unbounded:
			what = fmt.Sprintf("%s has no size", e.id)
		case what == "" && e.end-e.body > maxBlockBytes && (e.id == idSimpleBlock || e.id == idBlockGroup):
			what = fmt.Sprintf("%s declares %d bytes, more than the %d that are accepted", e.id, e.end-e.body, maxBlockBytes)
		}
		if what != "" {
			return false, p.broken(h, fault("Segment/Cluster", p.pos, "%s", what))
		}
		switch e.id {
		case idTimestamp, idSimpleBlock, idBlockGroup:
		default:
			if c.end == unbounded && e.end-e.body > maxUnknownBytes && e.id != idVoid {
				return false, p.broken(h, fault("Segment/Cluster", e.off, "%s of %d bytes is none of a Cluster", e.id, e.end-e.body))
			}
			p.skip = e.end
			return true, nil
		}
		if p.in.End() < e.end {
			return false, nil
		}
		if err := p.child(e); err != nil {
			return false, p.broken(h, err)
		}
		p.pos = e.end
		if c.full(p.pos, p.movie.scale) {
			return true, p.emit(h, false)
		}
		if len(c.pending) == 0 {
			p.discard()
		}
	}
}

// broken hands out what is complete and returns the error.
func (p *Parser) broken(h bytestream.Handler, err error) error {
	if e := p.emit(h, true); e != nil {
		return e
	}
	return err
}

// full reports whether the portion that ends at stream offset to is to go out.
func (c *cluster) full(to, scale int64) bool {
	n := len(c.pending)
	if n == 0 {
		return false
	}
	return to-c.from >= c.portion || n >= maxPending ||
		c.end == unbounded && seconds((c.pending[n-1].ticks-c.first)*scale) >= livePortion
}

// child reads a complete child of the Cluster.
func (p *Parser) child(e element) error {
	c := &p.cluster
	switch e.id {
	case idTimestamp:
		if c.timed && p.opt.Strict {
			return fault("Segment/Cluster/Timestamp", e.off, "is the second one")
		}
		v := p.uint(e)
		if v > uint64(maxTicks/p.movie.scale) {
			return fault("Segment/Cluster/Timestamp", e.off, "is beyond any timeline")
		}
		c.ticks, c.timed = int64(v), true
		return nil
	case idSimpleBlock:
		return p.block(block{path: "Segment/Cluster/SimpleBlock", element: e, simple: true})
	default: // idBlockGroup
		return p.blockGroup(e)
	}
}

// bytes returns the payload of a short element, its last 8 bytes if it is longer. buf is room for them.
func (p *Parser) bytes(e element, buf *[8]byte) []byte {
	from := max(e.body, e.end-int64(len(buf)))
	if from == e.end {
		return nil
	}
	return p.in.Peek(buf[:e.end-from], from)
}

func (p *Parser) uint(e element) uint64 {
	var buf [8]byte
	return beUint(p.bytes(e, &buf))
}

// block is a SimpleBlock, or a Block with what its group says.
type block struct {
	element
	path       string
	simple     bool
	duration   uint64
	referenced bool
	discard    int64
}

// blockGroup reads a BlockGroup. RFC 9559 §5.1.3.5.
func (p *Parser) blockGroup(g element) error {
	const path = "Segment/Cluster/BlockGroup"
	b := block{path: path + "/Block"}
	for at := g.body; at < g.end; {
		e, _, what := p.header(at, g.end)
		if what != "" {
			return fault(path, at, "%s", what)
		}
		switch e.id {
		case idBlock:
			b.element = e
		case idBlockDuration:
			b.duration = p.uint(e)
		case idReferenceBlock:
			b.referenced = true
		case idDiscardPadding:
			var buf [8]byte
			b.discard = beInt(p.bytes(e, &buf))
		}
		at = e.end
	}
	if b.id != idBlock {
		return fault(path, g.off, "has no Block")
	}
	return p.block(b)
}

// Flags of a block. RFC 9559 §10.
const (
	flagKey       = 0x80
	flagInvisible = 0x08
	lacingShift   = 1
	lacingMask    = 3
	lacingXiph    = 1
	lacingFixed   = 2
)

// block adds the frames of a block to the portion.
func (p *Parser) block(b block) error {
	const fixedBytes = 3 // time and flags
	c := &p.cluster
	var buf [8 + fixedBytes]byte
	if b.body == b.end {
		return fault(b.path, b.off, "is empty")
	}
	head := p.in.Peek(buf[:min(int64(len(buf)), b.end-b.body)], b.body)
	number, n, ok := vint(head)
	if !ok || len(head) < n+fixedBytes {
		return fault(b.path, b.off, "is too short for its header")
	}
	rel, flags := int16(be.Uint16(head[n:])), head[n+2]
	t := p.movie.track(number)
	if t == nil {
		return fault(b.path, b.off, "track %d is not in the initialization segment, which has %s", number, p.movie.numbers())
	}
	if !c.timed {
		return fault(b.path, b.off, "no Timestamp of the Cluster precedes it")
	}
	ticks := c.ticks + int64(rel)
	if ticks < c.last && p.opt.Strict {
		return fault(b.path, b.off, "begins %d ticks before the block in front of it", c.last-ticks)
	}
	c.last = ticks
	if t.kind == 0 {
		return nil
	}
	if len(c.pending) == 0 {
		c.first = ticks
	}
	e := entry{
		track: t, ticks: ticks, blockOff: b.off, off: b.body + int64(n+fixedBytes), dur: -1, laces: 1,
		key: b.simple && flags&flagKey != 0 || !b.simple && !b.referenced, guessed: !b.simple, hidden: flags&flagInvisible != 0,
	}
	if b.duration > 0 {
		if b.duration > uint64(maxTicks/p.movie.scale) {
			return fault(b.path, b.off, "lasts longer than any timeline")
		}
		e.dur = seconds(int64(b.duration) * p.movie.scale)
	}
	if b.discard > maxTicks || b.discard < -maxTicks {
		return fault(b.path, b.off, "discards more than any timeline")
	}
	if lacing := flags >> lacingShift & lacingMask; lacing != 0 {
		return p.laced(b, e, lacing)
	}
	e.size, e.discard, e.leads = b.end-e.off, b.discard, true
	c.add(e)
	return nil
}

// add appends a frame. One of no bytes at all holds neither a picture nor sound, but may be a cue.
func (c *cluster) add(e entry) bool {
	if e.size == 0 && (e.track.kind != media.Text || e.laces > 1) {
		return false
	}
	c.pending = append(c.pending, e)
	return true
}

// laced adds the frames of a block that holds several. RFC 9559 §10.3.
func (p *Parser) laced(b block, e entry, lacing byte) error {
	short := func() error { return fault(b.path, b.off, "is too short for its lacing") }
	if e.off == b.end {
		return short()
	}
	head := p.in.Peek(p.scratch[:min(int64(len(p.scratch)), b.end-e.off)], e.off)
	count, at := int(head[0])+1, 1
	var sizes [256]int64
	var sum int64
	switch lacing {
	case lacingXiph:
		for i := range sizes[:count-1] {
			for {
				if at == len(head) {
					return short()
				}
				v := head[at]
				at++
				if sizes[i] += int64(v); v != 255 {
					break
				}
			}
			sum += sizes[i]
		}
	case lacingFixed:
		rest := b.end - e.off - 1
		if rest%int64(count) != 0 {
			return fault(b.path, b.off, "has %d frames of one size in %d bytes", count, rest)
		}
		for i := range sizes[:count] {
			sizes[i] = rest / int64(count)
		}
		sum = rest - sizes[0]
	default: // EBML: the first size, then differences
		for i := range sizes[:count-1] {
			v, n, ok := vint(head[at:])
			if !ok {
				return short()
			}
			at += n
			if sizes[i] = int64(v); i > 0 {
				sizes[i] = sizes[i-1] + int64(v) - int64(unknownVint(n)>>1)
			}
			if sizes[i] < 0 || sizes[i] > maxBlockBytes {
				return fault(b.path, b.off, "frame %d of the lace has %d bytes", i, sizes[i])
			}
			sum += sizes[i]
		}
	}
	e.off += int64(at)
	last := b.end - e.off - sum
	if last < 0 {
		return fault(b.path, b.off, "its lace ends %d bytes beyond it", -last)
	}
	sizes[count-1] = last
	if e.dur >= 0 {
		e.dur /= media.Span(count)
	}
	e.laces, e.leads = uint16(count), true
	for i, size := range sizes[:count] {
		e.size, e.discard = size, 0
		if i == 0 && b.discard < 0 || i == count-1 && b.discard > 0 {
			e.discard = b.discard
		}
		if p.cluster.add(e) {
			e.leads = false
		}
		e.off += size
	}
	return nil
}
