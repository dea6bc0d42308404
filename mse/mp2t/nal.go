package mp2t

import (
	"bytes"

	"mseplayer/mse/bitstream"
	"mseplayer/mse/media"
)

// maxSetBytes bounds the parameter sets of an access unit.
const maxSetBytes = 64 << 10

// maxUnits bounds the NAL units of an access unit that are looked into: parameter sets, messages and one slice.
const maxUnits = 64

// unit is a NAL unit of the access unit in progress: [from, to) behind its start code, relative to the first byte of
// the access unit. to is 0 while its end is not known.
type unit struct {
	typ      uint8
	from, to int
}

// nalSplitter cuts a byte stream of NAL units into access units, of H.264 or of HEVC.
// ISO/IEC 14496-10 §7.4.1.2.3 and Annex B, ISO/IEC 23008-2 §7.4.2.4.4 and Annex B.
type nalSplitter struct {
	t    *track
	hevc bool

	begun bool // the byte stream's from is the first byte of an access unit
	slice bool // a slice of it has come
	key   bool // it is a picture that decoding can begin at, by the type of its slices
	sets  bool // it has a sequence parameter set
	units []unit

	at      mark // times of the access unit; timed is false when they are unknown
	last    mark // times of the one before
	picture picture
	nominal int64 // length of a frame in ticks, 0 if it is not known
	delta   int64 // distance of the last two decoding times that followed each other, 0 before
}

// role is what a NAL unit means for the borders of access units.
type role uint8

const (
	roleOther      role = iota
	roleDelimits        // begins an access unit if a slice came before
	roleFirstSlice      // the first slice of a picture
	roleSlice
)

// Types of NAL units. ISO/IEC 14496-10 table 7-1, ISO/IEC 23008-2 table 7-1.
const (
	avcSlice, avcPartA, avcIDR, avcSEI, avcSPS, avcPPS, avcAUD = 1, 2, 5, 6, 7, 8, 9

	hevcIRAPFirst, hevcIRAPLast, hevcSliceLast  = 16, 23, 31
	hevcVPS, hevcSPS, hevcPPS, hevcAUD, hevcSEI = 32, 33, 34, 35, 39
	hevcReserved41, hevcReserved44              = 41, 44
	hevcUnspecified48, hevcUnspecified55        = 48, 55
)

// startCode is what precedes every NAL unit, and setCode what is put in front of parameter sets.
var (
	startCode = []byte{0, 0, 1}
	setCode   = []byte{0, 0, 0, 1}
)

// classify reads the first bytes of a NAL unit.
func (n *nalSplitter) classify(b []byte) (typ uint8, r role, key bool) {
	const first = 0x80 // first_mb_in_slice is 0; first_slice_segment_in_pic_flag is 1
	if n.hevc {
		typ = b[0] >> 1 & 0x3f
		if layer := b[0]&1<<5 | b[1]>>3; layer > 0 {
			return typ, roleOther, false
		}
		switch {
		case typ <= hevcSliceLast && b[2]&first != 0:
			return typ, roleFirstSlice, typ >= hevcIRAPFirst && typ <= hevcIRAPLast
		case typ <= hevcSliceLast:
			return typ, roleSlice, typ >= hevcIRAPFirst && typ <= hevcIRAPLast
		case typ <= hevcAUD || typ == hevcSEI || typ >= hevcReserved41 && typ <= hevcReserved44 || typ >= hevcUnspecified48 && typ <= hevcUnspecified55:
			return typ, roleDelimits, false
		}
		return typ, roleOther, false
	}
	typ = b[0] & 0x1f
	switch typ {
	case avcSlice, avcPartA, avcIDR:
		if b[1]&first != 0 {
			return typ, roleFirstSlice, typ == avcIDR
		}
		return typ, roleSlice, typ == avcIDR
	case avcSEI, avcSPS, avcPPS, avcAUD:
		return typ, roleDelimits, false
	}
	return typ, roleOther, false
}

// split implements splitter.
func (n *nalSplitter) split(last bool) error {
	s := &n.t.es
	head := 2 // bytes of a NAL unit that classify reads
	if n.hevc {
		head = 3
	}
	for {
		i := bytes.Index(s.b[s.seen:], startCode)
		if i < 0 {
			s.seen = max(s.seen, len(s.b)-len(startCode)+1)
			break
		}
		i += s.seen
		body := i + len(startCode)
		if body+head > len(s.b) {
			s.seen = i
			break
		}
		typ, r, key := n.classify(s.b[body:])
		start := i
		if i > s.from && s.b[i-1] == 0 && !s.marked(i) {
			start-- // the code has four bytes
		}
		if len(n.units) > 0 {
			if u := &n.units[len(n.units)-1]; u.to == 0 {
				u.to = start - s.from
			}
		}
		switch {
		case !n.begun:
			n.begin(i, start)
		case n.slice && (r == roleDelimits || r == roleFirstSlice):
			next := s.stamp(i)
			if err := n.finish(start, next); err != nil {
				return err
			}
			n.begun, n.at = true, n.follow(next)
		}
		n.note(typ, r, key, body-s.from)
		s.seen = body
	}
	if !n.begun {
		s.from = s.seen // nothing before the first start code belongs to a frame
	}
	if last && n.begun && n.slice {
		return n.finish(len(s.b), mark{})
	}
	return nil
}

// begin makes start the first byte of an access unit whose start code is at i.
func (n *nalSplitter) begin(i, start int) {
	n.t.es.from = start
	n.begun, n.at = true, n.follow(n.t.es.stamp(i))
}

// follow completes the time stamps of an access unit. One without is taken to follow the one before in decoding and in
// presentation order.
func (n *nalSplitter) follow(m mark) mark {
	if !m.timed && n.last.timed {
		d := n.length()
		m = mark{pts: n.last.pts + d, dts: n.last.dts + d, timed: true}
	}
	return m
}

// length is the best guess of the length of the last access unit in ticks.
func (n *nalSplitter) length() int64 {
	const unknown = timescale / 25
	d := n.nominal
	if d == 0 {
		d = n.delta
	}
	if d == 0 {
		d = unknown
	}
	if n.picture.field {
		d /= 2
	}
	return d
}

// note takes down a NAL unit that is looked into later.
func (n *nalSplitter) note(typ uint8, r role, key bool, from int) {
	wanted := false
	switch {
	case r == roleFirstSlice || r == roleSlice:
		wanted = !n.slice && !n.hevc
		n.slice, n.key = true, n.key || key
	case n.hevc:
		wanted = r == roleDelimits && (typ == hevcVPS || typ == hevcSPS || typ == hevcPPS)
		n.sets = n.sets || wanted && typ == hevcSPS
	default:
		wanted = typ == avcSPS || typ == avcPPS || typ == avcSEI
		n.sets = n.sets || typ == avcSPS
	}
	if wanted && len(n.units) < maxUnits {
		n.units = append(n.units, unit{typ: typ, from: from})
	}
}

// finish hands out the access unit, which ends at b[end]. next are the times of the one behind it.
func (n *nalSplitter) finish(end int, next mark) error {
	s, t := &n.t.es, n.t
	data := s.take(s.from, end)
	if len(n.units) > 0 {
		if u := &n.units[len(n.units)-1]; u.to == 0 {
			u.to = len(data)
		}
	}
	key := n.key
	if !key && !n.hevc {
		key = n.recovers(data)
	}
	changed := n.configure(data, key)
	n.picture.field = !n.hevc && n.isField(data)
	at := n.at
	n.units, n.slice, n.key, n.sets, n.begun, n.at = n.units[:0], false, false, false, false, mark{}
	if at.timed {
		n.last = at
	}
	switch {
	case t.info.Config == nil:
		t.p.stats.NoConfig++
		return nil
	case !at.timed:
		t.p.stats.NoTime++
		return nil
	}
	if changed {
		if err := t.p.reintroduce(); err != nil {
			return err
		}
	}
	d := n.length()
	if next.timed {
		if step := next.dts - at.dts; n.plausible(step) {
			d, n.delta = step, step
		}
	}
	t.frame(media.CodedFrame{
		PTS: media.FromTicks(at.pts, timescale), DTS: media.FromTicks(at.dts, timescale), Duration: media.SpanFromTicks(d, timescale),
		Config: t.info.Config, Data: data, RAP: key,
	})
	return nil
}

// plausible reports whether the distance of two decoding times is the length of a frame and no gap. A slide show
// may show its pictures as long as it likes as long as it does so regularly.
func (n *nalSplitter) plausible(step int64) bool {
	const longest, longestFirst = timescale, 10 * timescale
	usual := n.nominal
	if usual == 0 {
		usual = n.delta
	}
	if usual == 0 {
		return step > 0 && step <= longestFirst
	}
	return step > 0 && step <= max(longest, 2*usual)
}

// configure takes over the parameter sets of an access unit that decoding can begin at, or of the first one that has
// any. changed says that the decoder has to be told.
func (n *nalSplitter) configure(data []byte, key bool) (changed bool) {
	t := n.t
	known := t.info.Config
	if !n.sets || known != nil && !key {
		return false
	}
	sets, sps := t.p.work[:0], []byte(nil)
	for _, u := range n.units {
		if u.typ == avcSEI && !n.hevc || n.isSlice(u.typ) {
			continue
		}
		nal := bytes.TrimRight(data[u.from:u.to], "\x00")
		at := len(sets)
		if at+len(nal) > maxSetBytes {
			t.p.stats.BadParameters++
			return false
		}
		sets = append(append(sets, setCode...), nal...)
		if bytes.Contains(sets[:at], sets[at:]) {
			sets = sets[:at] // repeated
			continue
		}
		if sps == nil && (u.typ == avcSPS && !n.hevc || u.typ == hevcSPS && n.hevc) {
			sps = nal
		}
	}
	t.p.work = sets
	if known != nil && bytes.Equal(known.Extradata, sets) {
		return false
	}
	codec := media.H264
	if n.hevc {
		codec = media.HEVC
	}
	pic, ok := readPicture(codec, sps)
	if !ok {
		t.p.stats.BadParameters++
		return false
	}
	n.picture, n.nominal = pic, pic.frameTicks
	c := pic.config()
	c.Encrypted = t.format.encrypted
	c.Extradata = bytes.Clone(sets)
	t.info.Config = t.p.configs.Intern(c)
	t.info.FrameDuration = media.SpanFromTicks(n.nominal, timescale)
	return known != nil && known != t.info.Config
}

// isSlice reports whether a unit that was noted is a slice.
func (n *nalSplitter) isSlice(typ uint8) bool { return !n.hevc && typ <= avcIDR }

// recovers reports whether decoding may begin at an access unit of H.264 though it has no instantaneous refresh: it
// has a recovery point message, even of a gradual one, since some streams have no other random access points; or it is
// an intra picture and the only reference picture of those that follow. ISO/IEC 14496-10 §7.4.3 and §D.2.8.
func (n *nalSplitter) recovers(data []byte) bool {
	const recoveryPoint, allIntra, referenced = 6, 7, 0x60
	for _, u := range n.units {
		if u.to <= u.from {
			continue
		}
		if n.isSlice(u.typ) && n.picture.OneReference && n.picture.FrameOnly && data[u.from]&referenced != 0 {
			r := bitstream.NewReader(data[u.from+1 : min(u.to, u.from+5)])
			if r.UE() == 0 && r.UE() == allIntra {
				return true
			}
		}
		if u.typ != avcSEI {
			continue
		}
		for b := (seiReader{b: data[u.from+1 : u.to]}); ; {
			typ, size, ok := b.message()
			if !ok {
				break
			}
			if typ == recoveryPoint {
				return true
			}
			b.skip(size)
		}
	}
	return false
}

// isField reports whether the access unit is a single field. ISO/IEC 14496-10 §7.3.3.
func (n *nalSplitter) isField(data []byte) bool {
	const enough = 24 // bytes hold every number before the flag
	if n.picture.FrameOnly {
		return false
	}
	for _, u := range n.units {
		if !n.isSlice(u.typ) || u.to <= u.from {
			continue
		}
		n.t.p.work = bitstream.AppendRBSP(n.t.p.work[:0], data[u.from+1:min(u.to, u.from+1+enough)])
		r := bitstream.NewReader(n.t.p.work)
		r.UE() // first_mb_in_slice
		r.UE() // slice_type
		r.UE() // pic_parameter_set_id
		if n.picture.SeparatePlanes {
			r.Skip(2)
		}
		r.Skip(n.picture.FrameNumBits)
		return r.Flag() && !r.Overrun()
	}
	return false
}

// reset implements splitter.
func (n *nalSplitter) reset() {
	n.units, n.slice, n.key, n.sets, n.begun = n.units[:0], false, false, false, false
	n.at, n.last, n.delta = mark{}, mark{}, 0
}

// seiReader walks the messages of a supplemental enhancement information unit, without the emulation prevention
// bytes. ISO/IEC 14496-10 §7.3.2.3.1.
type seiReader struct {
	b     []byte
	zeros int
}

// next reads one byte.
func (r *seiReader) next() (c byte, ok bool) {
	if len(r.b) > 0 && r.zeros >= 2 && r.b[0] == 3 {
		r.b, r.zeros = r.b[1:], 0
	}
	if len(r.b) == 0 {
		return 0, false
	}
	c, r.b = r.b[0], r.b[1:]
	if r.zeros++; c != 0 {
		r.zeros = 0
	}
	return c, true
}

// skip passes over n bytes.
func (r *seiReader) skip(n int) {
	for ok := true; n > 0 && ok; n-- {
		_, ok = r.next()
	}
}

// message reads the type and the size of a message. ok is false at the end of the unit.
func (r *seiReader) message() (typ, size int, ok bool) {
	if typ, ok = r.number(); !ok {
		return 0, 0, false
	}
	size, ok = r.number()
	return typ, size, ok
}

// number adds up bytes as long as they are 255.
func (r *seiReader) number() (v int, ok bool) {
	for {
		c, ok := r.next()
		if !ok {
			return 0, false
		}
		if v += int(c); c != 0xff {
			return v, true
		}
	}
}
