package likeness

import (
	"encoding/binary"
	"errors"
	"fmt"

	"mseplayer/player/frame"
)

const (
	// block is the side of the squares that structural similarity adds up; a window is of two by two.
	block = 4
	// luminance and contrast are the constants that keep the similarity of flat windows finite, as parts of full scale.
	// Wang, Bovik, Sheikh and Simoncelli, Image Quality Assessment: From Error Visibility to Structural Similarity, §III B.
	luminance, contrast = 0.01, 0.03
	// least is the smallest side of a picture that has a window.
	least = 2 * block
)

// errPlanes says that a picture cannot be compared.
var errPlanes = errors.New("likeness: the picture has no planes that can be compared")

// Meter compares pictures. The zero value is ready.
type Meter struct{ above, below []sums }

// sums are of one square of both pictures: of the samples of each, of the squares of all, and of the products.
type sums struct{ a, b, squares, products int64 }

// view is the visible part of a plane.
type view struct {
	data         []byte
	stride, w, h int
}

// Compare returns how alike the visible parts of two pictures are, which must be of the same size, depth and subsampling.
func (m *Meter) Compare(a, b *frame.Video) (Score, error) {
	f, g := a.Format, b.Format
	if f.Layout != g.Layout || f.Depth != g.Depth || f.ChromaShiftX != g.ChromaShiftX || f.ChromaShiftY != g.ChromaShiftY || a.Crop.W != b.Crop.W || a.Crop.H != b.Crop.H {
		return Score{}, fmt.Errorf("likeness: pictures of %dx%d %s and %dx%d %s", a.Crop.W, a.Crop.H, f.Name, b.Crop.W, b.Crop.H, g.Name)
	}
	s := Score{Pictures: 1, Identical: 1, planes: f.PlaneCount()}
	if s.planes == 0 {
		return Score{}, errPlanes
	}
	var size, total float64
	for i := range s.planes {
		x, ok := viewOf(a, i)
		y, same := viewOf(b, i)
		if !ok || !same {
			return Score{}, errPlanes
		}
		full := float64(int64(1)<<f.Depth - 1)
		squares, similar := m.plane(x, y, f.BytesPerSample() == 2, full)
		if squares > 0 {
			s.Identical = 0
		}
		size = float64(x.w) * float64(x.h)
		total += size
		s.error[i], s.similar[i] = float64(squares)/size/(full*full), similar
		s.errors, s.similars = s.errors+s.error[i]*size, s.similars+similar*size
	}
	s.errors, s.similars = s.errors/total, s.similars/total
	return s, nil
}

// viewOf returns the visible part of plane i.
func viewOf(v *frame.Video, i int) (view, bool) {
	x, y, bytes := v.Crop.X, v.Crop.Y, v.Format.BytesPerSample()
	if i > 0 && v.Format.Layout == frame.YUV {
		x, y = x>>v.Format.ChromaShiftX, y>>v.Format.ChromaShiftY
	}
	w, h := v.Format.PlaneSize(i, v.Crop.W, v.Crop.H)
	p := view{stride: v.Plane[i].Stride, w: w, h: h}
	at := y*p.stride + x*bytes
	if w <= 0 || h <= 0 || x < 0 || y < 0 || p.stride < w*bytes || at+(h-1)*p.stride+w*bytes > len(v.Plane[i].Data) {
		return p, false
	}
	p.data = v.Plane[i].Data[at:]
	return p, true
}

// plane returns the sum of the squared differences of two planes, and their structural similarity. The squares that the
// latter adds up give the former on the way: (a-b)² is a² + b² - 2ab. A plane that is too small for a window counts as one.
func (m *Meter) plane(a, b view, deep bool, full float64) (squares int64, similar float64) {
	columns, rows := a.w/block, a.h/block
	if cap(m.above) < columns {
		m.above, m.below = make([]sums, columns), make([]sums, columns)
	}
	above, below := m.above[:columns], m.below[:columns]
	add, one := add8, one8
	if deep {
		add, one = add16, one16
	}
	c1, c2 := luminance*full*luminance*full*4*block*block, contrast*full*contrast*full*4*block*block*(4*block*block-1)
	for r := range rows {
		above, below = below, above
		add(below, a.data[r*block*a.stride:], b.data[r*block*b.stride:], a.stride, b.stride)
		for i := range below {
			squares += below[i].squares - 2*below[i].products
		}
		if r == 0 {
			continue
		}
		for i := 1; i < columns; i++ {
			similar += window(&above[i-1], &above[i], &below[i-1], &below[i], c1, c2)
		}
	}
	for y := range a.h { // what is left beside the squares and below them
		from := columns * block
		if y >= rows*block {
			from = 0
		}
		for x := from; x < a.w; x++ {
			d := one(a.data[y*a.stride:], x) - one(b.data[y*b.stride:], x)
			squares += d * d
		}
	}
	if a.w < least || a.h < least {
		return squares, m.small(a, b, one, c1, c2)
	}
	return squares, similar / float64((columns-1)*(rows-1))
}

// small is the similarity of planes without a window, taken as one.
func (m *Meter) small(a, b view, one func([]byte, int) int64, c1, c2 float64) float64 {
	var s sums
	for y := range a.h {
		for x := range a.w {
			p, q := one(a.data[y*a.stride:], x), one(b.data[y*b.stride:], x)
			s.a, s.b, s.squares, s.products = s.a+p, s.b+q, s.squares+p*p+q*q, s.products+p*q
		}
	}
	scale := 4 * block * block / float64(a.w*a.h)
	return similarity(float64(s.a)*scale, float64(s.b)*scale, float64(s.squares)*scale, float64(s.products)*scale, c1, c2)
}

// window is the similarity of two by two squares.
func window(p, q, r, s *sums, c1, c2 float64) float64 {
	return similarity(float64(p.a+q.a+r.a+s.a), float64(p.b+q.b+r.b+s.b), float64(p.squares+q.squares+r.squares+s.squares),
		float64(p.products+q.products+r.products+s.products), c1, c2)
}

// similarity is of the samples of a window whose sums are given; the constants are scaled to go with sums.
func similarity(a, b, squares, products, c1, c2 float64) float64 {
	const n = 4 * block * block
	variances, covariance := squares*n-a*a-b*b, products*n-a*b
	return (2*a*b + c1) * (2*covariance + c2) / ((a*a + b*b + c1) * (variances + c2))
}

// add8 fills a row of squares from the lines of two planes with one byte a sample.
func add8(out []sums, a, b []byte, strideA, strideB int) {
	clear(out)
	for y := range block {
		p, q := a[y*strideA:][:block*len(out)], b[y*strideB:][:block*len(out)]
		for i := range out {
			x, z := binary.LittleEndian.Uint32(p[block*i:]), binary.LittleEndian.Uint32(q[block*i:])
			a0, a1, a2, a3 := x&0xff, x>>8&0xff, x>>16&0xff, x>>24
			b0, b1, b2, b3 := z&0xff, z>>8&0xff, z>>16&0xff, z>>24
			s := &out[i]
			s.a += int64(a0 + a1 + a2 + a3)
			s.b += int64(b0 + b1 + b2 + b3)
			s.squares += int64(a0*a0 + a1*a1 + a2*a2 + a3*a3 + b0*b0 + b1*b1 + b2*b2 + b3*b3)
			s.products += int64(a0*b0 + a1*b1 + a2*b2 + a3*b3)
		}
	}
}

// add16 is add8 for two bytes a sample.
func add16(out []sums, a, b []byte, strideA, strideB int) {
	clear(out)
	for y := range block {
		p, q := a[y*strideA:][:2*block*len(out)], b[y*strideB:][:2*block*len(out)]
		for i := range out {
			x, z := binary.LittleEndian.Uint64(p[2*block*i:]), binary.LittleEndian.Uint64(q[2*block*i:])
			a0, a1, a2, a3 := x&0xffff, x>>16&0xffff, x>>32&0xffff, x>>48
			b0, b1, b2, b3 := z&0xffff, z>>16&0xffff, z>>32&0xffff, z>>48
			s := &out[i]
			s.a += int64(a0 + a1 + a2 + a3)
			s.b += int64(b0 + b1 + b2 + b3)
			s.squares += int64(a0*a0 + a1*a1 + a2*a2 + a3*a3 + b0*b0 + b1*b1 + b2*b2 + b3*b3)
			s.products += int64(a0*b0 + a1*b1 + a2*b2 + a3*b3)
		}
	}
}

// one8 and one16 are sample x of a row.
func one8(row []byte, x int) int64  { return int64(row[x]) }
func one16(row []byte, x int) int64 { return int64(binary.LittleEndian.Uint16(row[2*x:])) }
