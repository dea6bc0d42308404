package mp2t

import (
	"bytes"
	"slices"

	"mseplayer/mse/bitstream"
	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
)

// maxEventStreams bounds the streams of a program whose events are reported.
const maxEventStreams = 8

// Types of streams with events. ISO/IEC 13818-1 table 2-34, ANSI/SCTE 35.
const (
	typeMetadata = 0x15 // in PES packets
	typeSplice   = 0x86
	registryID3  = "ID3 "
)

// events is an elementary stream of ID3 tags, each in a PES packet, or of splice_info_sections.
type events struct {
	p      *Parser
	pid    uint16
	splice bool

	sections sections
	cc       uint8
	pes      pes
	b        []byte // of the PES packet
}

// tellsEvents reports whether a stream is one of events that are reported.
func tellsEvents(e *element) bool {
	return e.typ == typeMetadata || e.typ == typeSplice || e.typ == typePrivate && e.registration == registryID3
}

// routeEvents makes the PIDs of the program's event streams known. Those that go on keep what they have.
func (p *Parser) routeEvents(list []element) {
	for i := range p.events {
		p.routes[p.events[i].pid] = routeNone
	}
	old := p.events
	p.events = nil
	for _, e := range list {
		if len(p.events) == maxEventStreams || p.routes[e.pid] != routeNone || e.pid == patPID || e.pid == nullPID {
			continue
		}
		x := &events{p: p, pid: e.pid, splice: e.typ == typeSplice}
		x.pes.any = true // some multiplexers write an invalid one
		x.sections.bad, x.sections.private = &p.stats.BadSections, true
		if i := slices.IndexFunc(old, func(o *events) bool { return o.pid == x.pid && o.splice == x.splice }); i >= 0 {
			x = old[i]
		}
		p.routes[e.pid] = uint8(routeEvents + len(p.events))
		p.events = append(p.events, x)
	}
}

// reset drops what is incomplete.
func (x *events) reset() {
	x.pes.stop()
	x.b, x.sections.open = nil, false
}

// packet takes one packet of the stream's PID.
func (x *events) packet(k *packet) {
	if !k.hasPayload || k.scrambled {
		return
	}
	if x.splice {
		_ = x.sections.packet(k.payload, k.starts, k.cc, func(sec []byte) error { x.section(sec); return nil })
		return
	}
	follows := k.cc == (x.cc+1)&15
	x.cc = k.cc
	b := k.payload
	switch {
	case k.starts:
		x.finish()
		x.pes.start()
	case !follows:
		x.reset()
	}
	if x.pes.inHead {
		b, _ = x.pes.header(b)
	}
	if !x.pes.inBody {
		return
	}
	if x.pes.left >= 0 {
		b = b[:min(int64(len(b)), x.pes.left)]
		x.pes.left -= int64(len(b))
	}
	if len(x.b)+len(b) > bytestream.MaxEventBytes {
		x.reset()
		return
	}
	if x.b = append(x.b, b...); x.pes.left == 0 {
		x.finish()
	}
}

// finish reports the ID3 tag of a PES packet that is complete.
func (x *events) finish() {
	const head = 10
	complete := x.pes.inBody && x.pes.left <= 0 && !x.pes.scrambled()
	if b := x.b; complete && len(b) >= head && bytes.HasPrefix(b, []byte("ID3")) {
		if pts, _, ok := x.pes.stamps(); ok {
			x.p.inband.Add(media.InbandEvent{Scheme: media.SchemeID3, Time: x.p.near(pts), Data: b[:min(len(b), head+tagBytes(b))]}, false)
		}
	}
	x.reset()
}

// tagBytes is what follows the header of an ID3v2 tag, with a footer if it has one. "ID3 tag version 2.4.0" §3.1.
func tagBytes(b []byte) int {
	const footer, footerBytes = 0x10, 10
	n := int(b[6]&0x7f)<<21 | int(b[7]&0x7f)<<14 | int(b[8]&0x7f)<<7 | int(b[9]&0x7f)
	if b[5]&footer != 0 {
		n += footerBytes
	}
	return n
}

// near is a time near those of the frames, which it does not move.
func (p *Parser) near(pts int64) media.Time {
	at := p.clock
	return media.FromTicks(at.unwrap(pts), timescale)
}

// Commands of splice_info_sections. ANSI/SCTE 35 §9.6.
const (
	tableSplice   = 0xfc
	commandInsert = 0x05
	commandTime   = 0x06
)

// section reports a splice_info_section. Its time is that of the splice, or where it is in the stream if the splice is
// to be made at once or the section does not tell.
func (x *events) section(sec []byte) {
	if sec[0] != tableSplice {
		return
	}
	e := media.InbandEvent{Scheme: media.SchemeSCTE35, Duration: media.Span(media.Forever), Data: bytes.Clone(sec)}
	at, timed := splice(sec, &e)
	switch {
	case timed:
		e.Time = x.p.near(at)
	case x.p.clock.known:
		e.Time = media.FromTicks(x.p.clock.last, timescale)
	default:
		return
	}
	x.p.inband.Add(e, false)
}

// splice reads time, length and ID of a splice. timed is false where there is no time, or it is encrypted.
// ANSI/SCTE 35 §9.6 to §9.7.
func splice(sec []byte, e *media.InbandEvent) (pts int64, timed bool) {
	const wrap = 1 << 33
	r := bitstream.NewReader(sec)
	r.Skip(8 + 4 + 12 + 8) // table, flags, length and version
	encrypted := r.Flag()
	r.Skip(6)
	adjustment := int64(r.Bits(1))<<32 | int64(r.Bits(32))
	r.Skip(8 + 12 + 12) // cw_index, tier, splice_command_length
	command := r.Bits(8)
	if encrypted {
		return 0, false
	}
	when := func() {
		if timed = r.Flag(); timed {
			r.Skip(6)
			pts = int64(r.Bits(1))<<32 | int64(r.Bits(32))
		} else {
			r.Skip(7)
		}
	}
	switch command {
	case commandTime:
		when()
	case commandInsert:
		e.ID = r.Bits(32)
		cancelled := r.Flag()
		r.Skip(7)
		if cancelled {
			break
		}
		r.Skip(1)
		program, lasts, atOnce := r.Flag(), r.Flag(), r.Flag()
		r.Skip(4)
		switch {
		case program && !atOnce:
			when()
		case !program:
			for n := r.Bits(8); n > 0 && !r.Overrun(); n-- {
				r.Skip(8)
				if t := timed; !atOnce {
					first := pts
					if when(); t { // that of the first component counts
						pts, timed = first, true
					}
				}
			}
		}
		if lasts {
			r.Skip(7)
			length := int64(r.Bits(1))<<32 | int64(r.Bits(32))
			e.Duration = media.SpanFromTicks(length, timescale)
		}
	}
	if r.Overrun() {
		e.Duration = media.Span(media.Forever)
		return 0, false
	}
	return (pts + adjustment) % wrap, timed
}
