package raster_test

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// testFont is a TrueType font with the given letters. Each but the space is a bar that stands on the baseline, 400 units
// of 1000 wide, and as high as barHeight says for its place among them, so that letters can be told apart in a picture.
func testFont(letters []rune) []byte {
	letters = slices.Clone(letters)
	slices.Sort(letters)
	letters = slices.Compact(letters)
	u16 := binary.BigEndian.AppendUint16
	u32 := binary.BigEndian.AppendUint32
	const advance = 500
	var glyf, loca, hmtx, cmap []byte
	loca = u32(loca, 0)
	loca = u32(loca, 0) // .notdef is empty
	hmtx = u16(u16(hmtx, advance), 0)
	for i, r := range letters {
		if r == ' ' {
			loca = u32(loca, uint32(len(glyf)))
			hmtx = u16(u16(hmtx, advance), 0)
			continue
		}
		height := uint16(barHeight(i))
		g := u16(nil, 1) // one contour
		for _, v := range []uint16{0, 0, 400, height} {
			g = u16(g, v)
		}
		g = u16(g, 3)
		g = u16(g, 0)
		g = append(g, 1, 1, 1, 1) // points on the curve, with offsets of two bytes
		for _, dx := range []int16{0, 0, 400, 0} {
			g = u16(g, uint16(dx))
		}
		for _, dy := range []int16{0, int16(height), 0, -int16(height)} {
			g = u16(g, uint16(dy))
		}
		for len(g)%4 != 0 {
			g = append(g, 0)
		}
		glyf = append(glyf, g...)
		loca = u32(loca, uint32(len(glyf)))
		hmtx = u16(u16(hmtx, advance), 0)
	}
	n := len(letters)
	cmap = u16(u16(cmap, 0), 1)
	cmap = u16(u16(cmap, 3), 10)
	cmap = u32(cmap, 12)
	cmap = u16(u16(cmap, 12), 0)
	cmap = u32(cmap, uint32(16+12*n))
	cmap = u32(cmap, 0)
	cmap = u32(cmap, uint32(n))
	for i, r := range letters {
		cmap = u32(u32(u32(cmap, uint32(r)), uint32(r)), uint32(i+1))
	}
	head := u32(u32(u32(nil, 0x10000), 0x10000), 0)
	head = u32(head, 0x5F0F3CF5)
	head = u16(u16(head, 0), 1000)
	head = append(head, make([]byte, 16)...)
	for _, v := range []uint16{0, 0, 500, 1000, 0, 8, 2, 1, 0} {
		head = u16(head, v)
	}
	hhea := u32(nil, 0x10000)
	for _, v := range []uint16{800, 0xff38, 0, advance} { // descender -200
		hhea = u16(hhea, v)
	}
	hhea = append(hhea, make([]byte, 22)...)
	hhea = u16(hhea, 0)
	hhea = hhea[:34]
	hhea = u16(hhea, uint16(n+1))
	maxp := u32(nil, 0x10000)
	maxp = u16(maxp, uint16(n+1))
	maxp = append(maxp, make([]byte, 26)...)

	var name []byte
	family := "Bars"
	name = u16(u16(u16(name, 0), 1), 18)
	for _, v := range []uint16{3, 1, 0x409, 1, uint16(2 * len(family)), 0} {
		name = u16(name, v)
	}
	for _, r := range family {
		name = u16(name, uint16(r))
	}
	tables := []struct {
		tag  string
		data []byte
	}{{"cmap", cmap}, {"glyf", glyf}, {"head", head}, {"hhea", hhea}, {"hmtx", hmtx}, {"loca", loca}, {"maxp", maxp}, {"name", name}}
	out := u32(nil, 0x10000)
	out = u16(u16(u16(u16(out, uint16(len(tables))), 128), 3), 0)
	at := 12 + 16*len(tables)
	var body bytes.Buffer
	for _, t := range tables {
		out = append(out, t.tag...)
		out = u32(u32(u32(out, 0), uint32(at+body.Len())), uint32(len(t.data)))
		body.Write(t.data)
		for body.Len()%4 != 0 {
			body.WriteByte(0)
		}
	}
	return append(out, body.Bytes()...)
}

// barHeight is how high the i-th letter of a font is, in units of its size.
func barHeight(i int) int { return 100 + 60*i }
