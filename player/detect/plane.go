package detect

import "mseplayer/player/frame"

// luma is the visible part of a picture's first plane: luma, gray or green.
type luma struct {
	w, h   int
	deep   bool // two bytes a sample
	shift  uint // down to 8 bits
	stride int
	data   []byte
}

// lumaOf returns the first plane of v; ok is false when there is none.
func lumaOf(v *frame.Video) (p luma, ok bool) {
	if v.Format.PlaneCount() == 0 || v.Crop.W <= 0 || v.Crop.H <= 0 {
		return p, false
	}
	p = luma{w: v.Crop.W, h: v.Crop.H, deep: v.Format.BytesPerSample() == 2, stride: v.Plane[0].Stride}
	if p.deep {
		p.shift = uint(v.Format.Depth) - 8
	}
	at := v.Crop.Y*p.stride + v.Crop.X*v.Format.BytesPerSample()
	if end := at + (p.h-1)*p.stride + p.w*v.Format.BytesPerSample(); at < 0 || end > len(v.Plane[0].Data) {
		return p, false
	}
	p.data = v.Plane[0].Data[at:]
	return p, true
}

// row returns row y with 8 bits a sample. It aliases the picture where it can, buf otherwise.
func (p *luma) row(y int, buf []byte) []byte {
	b := p.data[y*p.stride:]
	if !p.deep {
		return b[:p.w]
	}
	for x := range p.w {
		buf[x] = byte((uint(b[2*x]) | uint(b[2*x+1])<<8) >> p.shift)
	}
	return buf[:p.w]
}

// range of luma with 8 bits: black and white.
func limits(v *frame.Video) (black, white int) {
	if v.Color.FullRange || v.Format.Layout == frame.GBR {
		return 0, 255
	}
	return 16, 235
}
