package yuv

import (
	"encoding/binary"
	"math"

	"mseplayer/mse/media"
	"mseplayer/player/frame"
)

const (
	// weightBits is the precision of interpolation.
	weightBits = 8
	// Rows are mixed four samples to a word of 16 bits each.
	perWord  = 4
	maxWords = maxDimension / perWord
	evenBits = 0x00ff00ff00ff00ff
	// What the chroma samples add to red, green and blue travels in three lanes of one word, laneBits apart, with
	// laneFraction bits behind the point. bias keeps them from being negative.
	laneBits     = 21
	laneFraction = 3
	laneMask     = 1<<(laneBits-weightBits) - 1
	allLanes     = 1 | 1<<laneBits | 1<<(2*laneBits)
	bias         = 512
	// lumaBits is the precision of the factor of luma.
	lumaBits = 14
	// chromaBits is with how many bits chroma is looked up.
	chromaBits   = 10
	chromaLevels = 1 << chromaBits
	// sums is how many sums there may be.
	sums = 1 << (laneBits - weightBits + 1)
)

// Quick does what Scale does, many times as fast: with whole numbers, to within two levels of 255, for upright pictures of
// the usual formats. It is for displays without graphics hardware. What it works out for one size and shape is kept for the
// next picture.
type Quick struct {
	key    quickKey
	cols   []quickTap
	ly, cy []tap

	luma   uint64                  // the factor of luma
	chroma [2][chromaLevels]uint64 // what a level of Cb and one of Cr add, in lanes
	level  [sums]uint8             // what a lane's sum stands for

	fast *fast // nil where the processor has no vector instructions

	rows [3][maxWords]uint64              // a row of each plane, mixed from two: see mix
	adds [maxDimension + 2*perWord]uint64 // what each chroma sample of the row adds
}

// quickKey is what the tables depend on.
type quickKey struct {
	format        frame.PixelFormat
	color         media.ColorInfo
	width, height int
	crop          frame.Rect
	cols, rows    int
}

// quickTap is where a pixel comes from: two luma samples, by their words in a mixed row and their places in those, and two
// chroma samples, with the weights of the second ones.
type quickTap struct {
	a, b           uint16
	shiftA, shiftB uint8
	w              uint16
	c, d           uint16
	v              uint16
}

// NewQuick returns a converter.
func NewQuick() *Quick {
	q := &Quick{fast: newFast()}
	for i := range q.level {
		q.level[i] = uint8(min(max((i-bias<<laneFraction+1<<(laneFraction-1))>>laneFraction, 0), 255))
	}
	return q
}

// Takes reports whether Scale can do a picture that passed Check.
func (q *Quick) Takes(v *frame.Video) bool {
	if v.Rotation != 0 || v.Mirror || v.Format.Layout != frame.YUV && v.Format.Layout != frame.Gray || v.Format.Depth != 8 {
		return false
	}
	c := ConversionOf(v)
	return c.Light == Direct && !c.Constant
}

// Scale fills cols × rows pixels of 4 bytes, red, green, blue and 255, with a picture that it Takes.
func (q *Quick) Scale(pix []byte, cols, rows int, v *frame.Video) {
	key := quickKey{v.Format, v.Color, v.Width, v.Height, v.Crop, cols, rows}
	if q.key != key || len(q.ly) != rows {
		q.prepare(v, cols, rows)
		q.key = key
	}
	for j := range rows {
		if q.fast != nil {
			for i := range v.Format.PlaneCount() {
				q.fast.mix(i, v, [...]tap{q.ly[j], q.cy[j], q.cy[j]}[i])
			}
			q.fast.convert(pix[j*cols*4 : (j+1)*cols*4])
			continue
		}
		q.mix(0, v, q.ly[j])
		if v.Format.PlaneCount() > 1 {
			q.mix(1, v, q.cy[j])
			q.mix(2, v, q.cy[j])
			q.add(v)
		}
		q.convert(pix[j*cols*4 : (j+1)*cols*4])
	}
}

// prepare works the tables out.
func (q *Quick) prepare(v *frame.Video, cols, rows int) {
	s, c := SitingOf(v.Format, v.Color.Siting), v.Crop
	cx0, cy0, cx1, cy1 := ChromaCrop(v)
	gray := v.Format.PlaneCount() == 1
	luma := taps(Bilinear, cols, c.X, c.W, false, 1, 0, c.X, c.X+c.W-1)
	chroma := taps(Bilinear, cols, c.X, c.W, false, s.Scale[0], s.Bias[0], cx0, cx1)
	if gray {
		clear(chroma)
	}
	q.ly = taps(Bilinear, rows, c.Y, c.H, false, 1, 0, c.Y, c.Y+c.H-1)
	q.cy = taps(Bilinear, rows, c.Y, c.H, false, s.Scale[1], s.Bias[1], cy0, cy1)
	m := MatrixOf(v)
	if q.fast != nil {
		q.fast.prepare(luma, chroma, m)
		return
	}
	q.cols = q.cols[:0]
	for i, t := range luma {
		u := chroma[i]
		a, sa := place(t.at[0])
		b, sb := place(t.at[1])
		q.cols = append(q.cols, quickTap{uint16(a), uint16(b), uint8(sa), uint8(sb), weight(t), uint16(u.at[0]), uint16(u.at[1]), weight(u)})
	}

	// The factor of luma is the same for all three colours.
	q.luma = uint64(m[0][0]*255*(1<<lumaBits) + 0.5)
	for k := range 2 {
		for l := range q.chroma[k] {
			q.chroma[k][l] = 0
			for i := range m {
				// Half of the constant goes with each of the two.
				f := (float64(m[i][k+1])*float64(l)/(chromaLevels/256)+float64(m[i][3])/2)*255 + bias/2
				q.chroma[k][l] |= uint64(math.Round(f*(1<<laneFraction))) << (i * laneBits)
			}
		}
	}
	if gray {
		q.adds[0] = q.chroma[0][0] + q.chroma[1][0]
	}
}

// place tells in which word of a mixed row sample x is, and how far up: even and odd samples are mixed apart.
func place(x int) (word, shift int) { return x>>3<<1 | x&1, (x >> 1 & 3) * 16 }

func weight(t tap) uint16 { return uint16(t.w[1]*(1<<weightBits) + 0.5) }

// mix interpolates between two rows of plane i.
func (q *Quick) mix(i int, v *frame.Video, t tap) {
	w, _ := v.Format.PlaneSize(i, v.Width, v.Height)
	p := v.Plane[i]
	a, b := p.Data[t.at[0]*p.Stride:][:w], p.Data[t.at[1]*p.Stride:][:w]
	out := &q.rows[i]
	wb := uint64(weight(t))
	wa := 1<<weightBits - wb
	k := 0
	for len(a) >= 2*perWord && len(b) >= 2*perWord {
		m, n := binary.LittleEndian.Uint64(a), binary.LittleEndian.Uint64(b)
		out[k%maxWords] = m&evenBits*wa + n&evenBits*wb
		out[(k+1)%maxWords] = m>>8&evenBits*wa + n>>8&evenBits*wb
		a, b, k = a[2*perWord:], b[2*perWord:], k+2
	}
	if len(a) > 0 {
		var m, n [2 * perWord]byte
		copy(m[:], a)
		copy(n[:], b)
		e, f := binary.LittleEndian.Uint64(m[:]), binary.LittleEndian.Uint64(n[:])
		out[k] = e&evenBits*wa + f&evenBits*wb
		out[k+1] = e>>8&evenBits*wa + f>>8&evenBits*wb
	}
}

// add works out what the chroma samples of the mixed rows add.
func (q *Quick) add(v *frame.Video) {
	w, _ := v.Format.PlaneSize(1, v.Width, v.Height)
	us, vs := &q.rows[1], &q.rows[2]
	cb, cr := &q.chroma[0], &q.chroma[1]
	const drop = 16 - chromaBits
	for x := 0; x < w; x += 2 * perWord {
		k := x / perWord
		for odd := range 2 {
			u, v := us[(k+odd)%maxWords]>>drop, vs[(k+odd)%maxWords]>>drop
			out := q.adds[x+odd:][:2*perWord-1]
			out[0] = cb[u%chromaLevels] + cr[v%chromaLevels]
			out[2] = cb[u>>16%chromaLevels] + cr[v>>16%chromaLevels]
			out[4] = cb[u>>32%chromaLevels] + cr[v>>32%chromaLevels]
			out[6] = cb[u>>48%chromaLevels] + cr[v>>48%chromaLevels]
		}
	}
}

// convert makes one row of pixels from the mixed rows.
func (q *Quick) convert(pix []byte) {
	const (
		lanes = laneMask * allLanes
		shift = lumaBits + 2*weightBits - laneFraction
	)
	row, adds := &q.rows[0], &q.adds
	for i := range q.cols {
		if len(pix) < 4 {
			return
		}
		t := &q.cols[i]
		a, b := row[t.a%maxWords]>>(t.shiftA&63)&0xffff, row[t.b%maxWords]>>(t.shiftB&63)&0xffff
		y := (a<<weightBits + (b-a)*uint64(t.w)) * q.luma >> shift // what overflows on the way comes back
		c, d := adds[t.c%maxDimension], adds[t.d%maxDimension]
		s := (c<<weightBits+(d-c)*uint64(t.v))>>weightBits&lanes + y*allLanes
		binary.LittleEndian.PutUint32(pix, uint32(q.level[s%sums])|uint32(q.level[s>>laneBits%sums])<<8|uint32(q.level[s>>(2*laneBits)%sums])<<16|0xff000000)
		pix = pix[4:]
	}
}
