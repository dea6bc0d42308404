package yuv

import (
	"golang.org/x/sys/cpu"

	"mseplayer/player/frame"
)

const (
	// perVector is how many pixels the processor converts at a time, perMix how many samples of two rows it mixes.
	perVector, perMix = 8, 16
	// mixedBits is how many bits stand behind the point in a mixed row: one less than the weights have, for signed words.
	mixedBits = weightBits - 1
)

// vector is what the processor's vector instructions (AVX2) work on. The assembler code knows the names of its fields.
type vector struct {
	pix                                                              *byte
	count                                                            uint64 // of pixels, a multiple of perVector
	y, u, v                                                          *uint16
	lumaAt, chromaAt                                                 *uint32 // where pixels come from: the first of two neighbours
	lumaWeight, chromaWeight                                         *uint32 // of the first neighbour and, 16 bits up, the second
	luma, redU, redV, red, greenU, greenV, green, blueU, blueV, blue float32 // the matrix; the last of each colour is its constant
}

// fast is Quick for processors with AVX2: the same interpolation, the colours worked out with floating point numbers.
type fast struct {
	args   vector
	tables [4][]uint32
	rows   [3][maxDimension + perMix]uint16 // a row of each plane, mixed from two
	rest   [4 * perVector]byte
}

// newFast returns nil where the processor lacks what is needed.
func newFast() *fast {
	if !cpu.X86.HasAVX2 || !cpu.X86.HasFMA {
		return nil
	}
	return &fast{}
}

// mixRows mixes count samples, a multiple of perMix.
//
//go:noescape
func mixRows(out *uint16, a, b *byte, count, weightA, weightB uint64)

// convertRow makes v.count pixels.
//
//go:noescape
func convertRow(v *vector)

// prepare works the tables out, of taps for luma and chroma and of the matrix.
func (f *fast) prepare(luma, chroma []tap, m [3][4]float32) {
	n := (len(luma) + perVector - 1) / perVector * perVector
	for i, of := range [2][]tap{luma, chroma} {
		at, weights := make([]uint32, n), make([]uint32, n)
		for k, t := range of {
			at[k], weights[k] = uint32(t.at[0]), 1<<weightBits
			if t.at[1] != t.at[0] {
				w := uint32(weight(t))
				weights[k] = 1<<weightBits - w | w<<16
			}
		}
		f.tables[2*i], f.tables[2*i+1] = at, weights
	}
	a := &f.args
	level := func(c float32) float32 { return c * 255 / (1 << (mixedBits + weightBits)) }
	a.luma = level(m[0][0]) // the same for all three colours
	a.redU, a.redV, a.red = level(m[0][1]), level(m[0][2]), m[0][3]*255
	a.greenU, a.greenV, a.green = level(m[1][1]), level(m[1][2]), m[1][3]*255
	a.blueU, a.blueV, a.blue = level(m[2][1]), level(m[2][2]), m[2][3]*255
	clear(f.rows[1][:perMix]) // of pictures without chroma
	clear(f.rows[2][:perMix])
	a.y, a.u, a.v = &f.rows[0][0], &f.rows[1][0], &f.rows[2][0]
}

// mix interpolates between two rows of plane i.
func (f *fast) mix(i int, v *frame.Video, t tap) {
	w, _ := v.Format.PlaneSize(i, v.Width, v.Height)
	p := v.Plane[i]
	a, b := p.Data[t.at[0]*p.Stride:][:w], p.Data[t.at[1]*p.Stride:][:w]
	out := f.rows[i][:w]
	wb := uint64(weight(t))
	wa := 1<<weightBits - wb
	whole := w / perMix * perMix
	if whole > 0 {
		mixRows(&out[0], &a[0], &b[0], uint64(whole), wa, wb)
	}
	for x := whole; x < w; x++ {
		out[x] = uint16((uint64(a[x])*wa + uint64(b[x])*wb) >> (weightBits - mixedBits))
	}
}

// convert makes one row of pixels from the mixed rows.
func (f *fast) convert(pix []byte) {
	n := len(pix) / 4
	whole := n / perVector * perVector
	if whole > 0 {
		f.row(&pix[0], 0, whole)
	}
	if whole < n {
		f.row(&f.rest[0], whole, perVector)
		copy(pix[4*whole:], f.rest[:])
	}
}

// row makes count pixels, of which the first one is number at of its row.
func (f *fast) row(pix *byte, at, count int) {
	a := &f.args
	a.pix, a.count = pix, uint64(count)
	a.lumaAt, a.lumaWeight = &f.tables[0][at], &f.tables[1][at]
	a.chromaAt, a.chromaWeight = &f.tables[2][at], &f.tables[3][at]
	convertRow(a)
	a.pix = nil
}
