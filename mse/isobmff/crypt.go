package isobmff

import (
	"fmt"
	"slices"

	"github.com/Eyevinn/mp4ff/mp4"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
)

// protection is how the samples of one sample entry are encrypted. ISO/IEC 23001-7.
type protection struct {
	scheme string
	def    seig
}

// seig is the encryption of a group of samples: tenc for all, a sample group for some.
type seig struct {
	protected   bool
	ivBytes     int // of each sample's own initialization vector: 0, 8 or 16
	kid         [16]byte
	constIV     []byte // used when ivBytes is 0
	cryptBlocks uint8
	skipBlocks  uint8
}

// schemes lists the protection schemes of common encryption.
var schemes = []string{"cenc", "cens", "cbc1", "cbcs"}

// The extended types of the boxes that PIFF used before common encryption named them.
const (
	piffSenc = "\xa2\x39\x4f\x52\x5a\x9b\x4f\x14\xa2\x44\x6c\x42\x7c\x64\x8d\xf4"
	piffTenc = "\x89\x74\xdb\xce\x7b\xe7\x4c\x51\x84\xf9\x71\x48\xf9\x88\x25\x54"
)

// Flags of senc.
const (
	sencOverride   = 0x1 // PIFF: algorithm, IV size and key ID precede the samples
	sencSubsamples = 0x2
)

const (
	kidBytes       = 16
	subsampleBytes = 6
	groupBytes     = 8         // a record of sbgp
	localGroup     = 1<<16 + 1 // first index of a group that the fragment itself describes
	seigBytes      = 4 + kidBytes
)

// parseSeig reads a CencSampleEncryptionInformationGroupEntry, or what tenc has behind its version and flags,
// which is the same.
func parseSeig(b []byte) (g seig, ok bool) {
	if len(b) < seigBytes {
		return g, false
	}
	g = seig{protected: b[2] != 0, ivBytes: int(b[3]), cryptBlocks: b[1] >> 4, skipBlocks: b[1] & 15}
	copy(g.kid[:], b[4:])
	if b = b[seigBytes:]; g.protected && g.ivBytes == 0 && len(b) > 0 {
		n := int(b[0])
		if len(b) < 1+n {
			return g, false
		}
		g.constIV = slices.Clone(b[1 : 1+n])
	}
	return g, slices.Contains([]int{0, 8, 16}, g.ivBytes) && slices.Contains([]int{0, 8, 16}, len(g.constIV))
}

// parseSinf reads the protection of a sample entry: the format before encryption, and how it was encrypted. The
// reason says why that cannot be used.
func parseSinf(sinf *box) (format fourcc, p *protection, reason string) {
	if frma, ok := sinf.child("frma", 0); ok && len(frma.body) >= 4 {
		format = fourccOf(frma.body)
	}
	schm, ok := sinf.child("schm", 0)
	if !ok || len(schm.body) < fullBoxBytes+4 {
		return format, nil, "the protection scheme is not named (schm)"
	}
	scheme := fourccOf(schm.body[fullBoxBytes:]).String()
	schi, _ := sinf.child("schi", 0)
	tenc, ok := schi.child("tenc", 0)
	if scheme == "piff" {
		scheme = "cenc"
		if tenc, ok = piffBox(&schi, piffTenc); ok && len(tenc.body) > fullBoxBytes+2 {
			if tenc.body[fullBoxBytes+2] == 2 { // AES-CBC
				scheme = "cbc1"
			}
		}
	}
	if !slices.Contains(schemes, scheme) {
		return format, nil, fmt.Sprintf("protection scheme %q is not common encryption", scheme)
	}
	if !ok {
		return format, nil, "the encryption parameters are missing (tenc)"
	}
	if len(tenc.body) < fullBoxBytes {
		return format, nil, "the encryption parameters are unreadable (tenc)"
	}
	g, ok := parseSeig(tenc.body[fullBoxBytes:])
	if !ok {
		return format, nil, "the encryption parameters are unreadable (tenc)"
	}
	if tenc.body[0] == 0 {
		g.cryptBlocks, g.skipBlocks = 0, 0 // version 0 has no pattern
	}
	return format, &protection{scheme: scheme, def: g}, ""
}

// piffBox finds the child with that extended type. Its body begins behind the type.
func piffBox(parent *box, uuid string) (box, bool) {
	for w := parent.children(0); w.next(); {
		if b := w.box; b.is("uuid") && len(b.body) >= uuidBytes && string(b.body[:uuidBytes]) == uuid {
			b.head, b.body = b.head+uuidBytes, b.body[uuidBytes:]
			return b, true
		}
	}
	return box{}, false
}

// parseSgpd reads the sample group descriptions of that grouping type among the children of parent: each entry's
// bytes. A description without declared lengths is taken to have entries of plain bytes each.
func parseSgpd(parent *box, grouping string, plain int) (entries [][]byte, ok bool) {
	for w := parent.children(0); w.next(); {
		b := w.box.body
		if !w.box.is("sgpd") || len(b) < 12 || string(b[4:8]) != grouping {
			continue
		}
		version, size := b[0], plain
		b = b[8:]
		if version >= 1 {
			size, b = int(be.Uint32(b)), b[4:]
		}
		if version >= 2 && len(b) >= 4 {
			b = b[4:] // default group
		}
		if len(b) < 4 {
			return nil, false
		}
		count := be.Uint32(b)
		b = b[4:]
		for range count {
			n := size
			if version >= 1 && size == 0 {
				if len(b) < 4 {
					return nil, false
				}
				n, b = int(be.Uint32(b)), b[4:]
			}
			if n <= 0 || n > len(b) {
				return nil, false
			}
			entries, b = append(entries, b[:n:n]), b[n:]
		}
		return entries, true
	}
	return nil, true
}

// parseGroups reads the seig descriptions among the children of parent.
func parseGroups(parent *box, path string) ([]seig, error) {
	entries, ok := parseSgpd(parent, "seig", seigBytes)
	if !ok {
		return nil, fault(path+"/sgpd", parent.off, "the seig groups are unreadable")
	}
	var out []seig
	for i, e := range entries {
		g, ok := parseSeig(e)
		if !ok {
			return nil, fault(path+"/sgpd", parent.off, "seig group %d is unreadable", i+1)
		}
		out = append(out, g)
	}
	return out, nil
}

// trackCrypt is what a traf says about the encryption of its samples.
type trackCrypt struct {
	// aux holds the auxiliary information of the samples one after the other; loaded is set when it does.
	aux    []byte
	loaded bool
	// pieces is where it lies in the stream until it has been loaded, outside the range of all pieces.
	outside span
	pieces  []span
	// subsamples is set when every sample's information has a subsample count. Not used when sized is set.
	subsamples bool
	// sized is set when saiz tells how long the information of each sample is: sizes, or one size for all.
	sized bool
	size  int
	sizes []byte
	// own replaces the protection's defaults when the fragment overrides them (PIFF).
	own *seig
	// rows are the records of sbgp; local the groups that the fragment describes.
	rows  []byte
	local []seig

	// The place in the above: of the next sample.
	at      int // in aux
	row     int // in rows, a multiple of groupBytes
	rowUsed uint32
	// subs holds the subsamples of all samples so far; it never grows beyond its first capacity.
	subs []media.Subsample
}

// parse reads the encryption boxes of a traf whose runs are known.
func (c *trackCrypt) parse(b *box, t *trackFragment, base int64, f *fragment) error {
	if t.entry.protection == nil {
		return nil
	}
	path := func() string { return trafPath(t.index) }
	var err error
	if c.local, err = parseGroups(b, path()); err != nil {
		return err
	}
	var saio, senc *box
	for w := b.children(0); w.next(); {
		switch x := w.box; {
		case x.is("sbgp") && len(x.body) >= 12 && string(x.body[4:8]) == "seig":
			rows := x.body[8:]
			if x.body[0] == 1 {
				rows = rows[4:]
			}
			if len(rows) < 4 || uint64(len(rows)-4) < groupBytes*uint64(be.Uint32(rows)) {
				return fault(path()+"/sbgp", x.off, "is too short for its entries")
			}
			c.rows = rows[4 : 4+groupBytes*int(be.Uint32(rows))]
		case x.is("saiz"):
			if err := c.parseSaiz(&x, t); err != nil {
				return err
			}
		case x.is("saio"):
			saio = &x
		case x.is("senc"):
			senc = &x
		}
	}
	if x, ok := piffBox(b, piffSenc); ok && senc == nil {
		senc = &x
	}
	if senc != nil {
		return c.parseSenc(senc, t)
	}
	if saio != nil && c.sized {
		return c.parseSaio(saio, t, base, f)
	}
	c.loaded = true // none: constant initialization vector, or clear samples, or next complains
	return nil
}

// parseSaiz reads the sizes of the samples' auxiliary information.
func (c *trackCrypt) parseSaiz(b *box, t *trackFragment) error {
	saiz, err := decode[*mp4.SaizBox](b)
	if err != nil {
		return unreadable(trafPath(t.index)+"/saiz", b, err)
	}
	if saiz.AuxInfoType != "" && !slices.Contains(schemes, saiz.AuxInfoType) {
		return nil // about something else than encryption
	}
	if n := saiz.SampleCount; n != 0 && n < uint32(t.samples) {
		return fault(trafPath(t.index)+"/saiz", b.off, "has the sizes of %d samples, the runs have %d", n, t.samples)
	}
	if saiz.SampleCount != 0 {
		c.sized, c.size, c.sizes = true, int(saiz.DefaultSampleInfoSize), saiz.SampleInfo
	}
	return nil
}

// parseSenc reads the auxiliary information that lies in the traf itself.
func (c *trackCrypt) parseSenc(b *box, t *trackFragment) error {
	path := func() string { return trafPath(t.index) + "/senc" }
	body := b.body
	if len(body) < fullBoxBytes+4 {
		return fault(path(), b.off, "is too short for its header")
	}
	flags := be.Uint32(body) & 0xffffff
	body = body[fullBoxBytes:]
	if flags&sencOverride != 0 {
		if len(body) < seigBytes+4 {
			return fault(path(), b.off, "is too short for its parameters")
		}
		g, ok := parseSeig(body[:seigBytes])
		if !ok {
			return fault(path(), b.off, "its parameters are unreadable")
		}
		g.cryptBlocks, g.skipBlocks, g.protected = 0, 0, body[2] != 0
		c.own, body = &g, body[seigBytes:]
	}
	count := be.Uint32(body)
	if count != 0 && int64(count) != int64(t.samples) {
		return fault(path(), b.off, "describes %d samples, the runs have %d", count, t.samples)
	}
	c.aux, c.loaded, c.subsamples = body[4:], true, flags&sencSubsamples != 0
	if c.sized && c.total(t) != len(c.aux) {
		c.sized = false // saiz describes something else; senc tells its sizes itself
	}
	return nil
}

// total is the length of all samples' information according to saiz.
func (c *trackCrypt) total(t *trackFragment) (n int) {
	if c.size > 0 {
		return c.size * t.samples
	}
	for _, s := range c.sizes[:min(t.samples, len(c.sizes))] {
		n += int(s)
	}
	return n
}

// parseSaio finds the auxiliary information that lies elsewhere, in the moof or in an mdat. It is loaded when the
// first samples are.
func (c *trackCrypt) parseSaio(b *box, t *trackFragment, base int64, f *fragment) error {
	path := func() string { return trafPath(t.index) + "/saio" }
	saio, err := decode[*mp4.SaioBox](b)
	if err != nil {
		return unreadable(path(), b, err)
	}
	// One offset for all samples, or one for the samples of each run.
	counts := []int{t.samples}
	if len(saio.Offset) > 1 {
		counts = counts[:0]
		for i := range t.runs {
			counts = append(counts, t.runs[i].count)
		}
	}
	if len(saio.Offset) != len(counts) {
		return fault(path(), b.off, "has %d offsets for %d runs", len(saio.Offset), len(t.runs))
	}
	if n := c.total(t); n > maxMoofBytes {
		return fault(path(), b.off, "points at %d bytes, more than the %d that are accepted", n, maxMoofBytes)
	}
	n := 0
	for i, count := range counts {
		if saio.Offset[i] < 0 || saio.Offset[i] > maxTicks {
			return fault(path(), b.off, "offset %d is beyond any stream", saio.Offset[i])
		}
		p := span{base + saio.Offset[i], base + saio.Offset[i]}
		for range count {
			p.to += int64(c.entrySize(n))
			n++
		}
		if p.from == p.to {
			continue
		}
		if len(c.pieces) == 0 {
			c.outside = p
		}
		c.pieces = append(c.pieces, p)
		c.outside = span{min(c.outside.from, p.from), max(c.outside.to, p.to)}
	}
	if len(c.pieces) == 0 {
		c.loaded = true
		return nil
	}
	inMoof := span{f.moofOff, f.moofEnd}.holds(c.outside.from, c.outside.to)
	if c.outside.from < f.moofEnd && !inMoof && !t.absolute || c.outside.to-c.outside.from > maxMoofBytes {
		return fault(path(), b.off, "points at bytes [%d, %d), which are neither in the moof nor in an mdat after it", c.outside.from, c.outside.to)
	}
	return nil
}

// entrySize is how long the information of sample n is, when sized.
func (c *trackCrypt) entrySize(n int) int {
	if c.size > 0 {
		return c.size
	}
	return int(c.sizes[n])
}

// load copies the auxiliary information that saio points at, out of the moof or out of the input.
func (c *trackCrypt) load(in *bytestream.Chunks, t *trackFragment, f *fragment) error {
	if c.loaded || t.entry.protection == nil {
		return nil
	}
	c.aux = make([]byte, 0, c.total(t))
	for _, p := range c.pieces {
		n := len(c.aux)
		switch {
		case f.body.bodyOff() <= p.from && p.to <= f.moofEnd:
			c.aux = append(c.aux, f.body.body[p.from-f.body.bodyOff():p.to-f.body.bodyOff()]...)
		case in.Start() <= p.from && p.to <= in.End():
			c.aux = c.aux[:n+int(p.to-p.from)]
			in.Copy(c.aux[n:], p.from)
		default:
			return fault(trafPath(t.index)+"/saio", t.off, "points at bytes [%d, %d), which are neither in the moof nor in the mdat", p.from, p.to)
		}
	}
	c.loaded, c.outside, c.pieces = true, span{}, nil
	return nil
}

// slab returns room for the facts of n samples.
func (c *trackCrypt) slab(t *trackFragment, n int) []media.Crypt {
	if t.entry.protection == nil {
		return nil
	}
	if c.subs == nil && len(c.aux) >= subsampleBytes {
		c.subs = make([]media.Subsample, 0, len(c.aux)/subsampleBytes)
	}
	return make([]media.Crypt, 0, n)
}

// next returns how the next sample is encrypted, nil when it is clear. n is its index in the track fragment, size
// its length. The result lies in slab, which has room.
func (c *trackCrypt) next(t *trackFragment, n int, size int64, slab *[]media.Crypt) (*media.Crypt, error) {
	g, err := c.group(t, n)
	if err != nil {
		return nil, err
	}
	bad := func(format string, args ...any) error {
		return fault(trafPath(t.index)+"/senc", t.off, "sample %d: %s", n, fmt.Sprintf(format, args...))
	}
	iv, subs := g.constIV, []byte(nil)
	rest := c.aux[c.at:]
	switch {
	case c.sized:
		if len(rest) < c.entrySize(n) {
			return nil, bad("its encryption facts are cut off")
		}
		rest = rest[:c.entrySize(n):c.entrySize(n)]
		c.at += len(rest)
		if len(rest) == 0 && !g.protected {
			return nil, nil
		}
	case len(c.aux) == 0:
		rest = nil
	}
	if g.ivBytes > 0 {
		if len(rest) < g.ivBytes {
			return nil, bad("its initialization vector is missing (senc, or saiz with saio)")
		}
		iv, rest = rest[:g.ivBytes:g.ivBytes], rest[g.ivBytes:]
	}
	if c.sized && len(rest) > 0 || !c.sized && c.subsamples {
		if len(rest) < 2 || len(rest)-2 < subsampleBytes*int(be.Uint16(rest)) {
			return nil, bad("its subsamples are cut off")
		}
		subs = rest[2 : 2+subsampleBytes*int(be.Uint16(rest))]
		rest = rest[2+len(subs):]
	}
	if !c.sized {
		c.at = len(c.aux) - len(rest)
	}
	if !g.protected {
		return nil, nil
	}
	if len(iv) == 0 {
		return nil, bad("it has no initialization vector, neither its own nor a constant one")
	}
	first, sum := len(c.subs), int64(0)
	for ; len(subs) > 0; subs = subs[subsampleBytes:] {
		s := media.Subsample{Clear: uint32(be.Uint16(subs)), Protected: be.Uint32(subs[2:])}
		sum += int64(s.Clear) + int64(s.Protected)
		c.subs = append(c.subs, s)
	}
	made := c.subs[first:len(c.subs):len(c.subs)]
	if len(made) > 0 && sum != size {
		return nil, bad("its subsamples cover %d bytes, it has %d", sum, size)
	}
	if len(made) == 0 {
		made = nil
	}
	*slab = append(*slab, media.Crypt{
		Scheme: t.entry.protection.scheme, KID: g.kid, IV: iv, Subsamples: made,
		CryptBlocks: g.cryptBlocks, SkipBlocks: g.skipBlocks,
	})
	return &(*slab)[len(*slab)-1], nil
}

// group is the encryption of the sample with index n, which is the one behind the last.
func (c *trackCrypt) group(t *trackFragment, n int) (*seig, error) {
	def := &t.entry.protection.def
	if c.own != nil {
		def = c.own
	}
	for c.row < len(c.rows) && c.rowUsed == be.Uint32(c.rows[c.row:]) {
		c.row, c.rowUsed = c.row+groupBytes, 0
	}
	if c.row >= len(c.rows) {
		return def, nil
	}
	c.rowUsed++
	groups, i := t.track.groups, be.Uint32(c.rows[c.row+4:])
	if i == 0 {
		return def, nil
	}
	if i >= localGroup {
		groups, i = c.local, i-localGroup+1
	}
	if i > uint32(len(groups)) {
		return nil, fault(trafPath(t.index)+"/sbgp", t.off, "sample %d: seig group %d does not exist, there are %d", n, i, len(groups))
	}
	return &groups[i-1], nil
}

// translate moves what lies outside of the moof by d bytes.
func (c *trackCrypt) translate(d int64) {
	if c.outside.to == 0 {
		return
	}
	c.outside = span{c.outside.from + d, c.outside.to + d}
	for i := range c.pieces {
		c.pieces[i] = span{c.pieces[i].from + d, c.pieces[i].to + d}
	}
}
