package hud

import (
	"math"

	"golang.org/x/image/vector"
)

// icon is one of the drawn symbols.
type icon uint8

const (
	iconPlay icon = iota
	iconPause
	iconReplay
	iconVolumeHigh
	iconVolumeLow
	iconVolumeOff
	iconFullscreen
	iconWindow
	iconNote
	iconAlert
)

// iconGrid is the side of the square that icons are designed in.
const iconGrid = 24

// pen draws outlines in the icon grid. Outlines that overlap must not be wound against each other unless a hole is
// meant: shapes run clockwise (as seen on the screen), holes against it.
type pen struct {
	z *vector.Rasterizer
	k float32 // pixels per grid unit
}

// polygon draws through points given as x, y pairs.
func (p pen) polygon(xy ...float32) {
	p.z.MoveTo(xy[0]*p.k, xy[1]*p.k)
	for i := 2; i < len(xy); i += 2 {
		p.z.LineTo(xy[i]*p.k, xy[i+1]*p.k)
	}
	p.z.ClosePath()
}

func (p pen) rect(x, y, w, h float32) { p.polygon(x, y, x+w, y, x+w, y+h, x, y+h) }

// circleArc is the control point distance of a quarter circle drawn as a cubic Bézier curve of radius 1.
const circleArc = 0.5522848

func (p pen) disc(cx, cy, r float32) {
	x, y, q, c := cx*p.k, cy*p.k, r*p.k, r*p.k*circleArc
	p.z.MoveTo(x, y-q)
	p.z.CubeTo(x+c, y-q, x+q, y-c, x+q, y)
	p.z.CubeTo(x+q, y+c, x+c, y+q, x, y+q)
	p.z.CubeTo(x-c, y+q, x-q, y+c, x-q, y)
	p.z.CubeTo(x-q, y-c, x-c, y-q, x, y-q)
	p.z.ClosePath()
}

// arc draws a band of the given width along a circle, clockwise from one angle to another (radians, 0 to the right,
// growing clockwise), with round ends.
func (p pen) arc(cx, cy, r, width float32, from, to float64) {
	const steps = 24
	h := width / 2
	at := func(r float32, a float64) (float32, float32) {
		return (cx + r*float32(math.Cos(a))) * p.k, (cy + r*float32(math.Sin(a))) * p.k
	}
	x, y := at(r+h, from)
	p.z.MoveTo(x, y)
	step := (to - from) / steps
	for i := 1; i <= steps; i++ {
		p.z.LineTo(at(r+h, from+float64(i)*step))
	}
	// The round end is a half circle about the middle of the band.
	p.roundEnd(cx+r*float32(math.Cos(to)), cy+r*float32(math.Sin(to)), h, to)
	for i := steps; i >= 0; i-- {
		p.z.LineTo(at(r-h, from+float64(i)*step))
	}
	p.roundEnd(cx+r*float32(math.Cos(from)), cy+r*float32(math.Sin(from)), h, from+math.Pi)
	p.z.ClosePath()
}

// roundEnd continues an outline along a half circle, clockwise from the given angle.
func (p pen) roundEnd(cx, cy, r float32, from float64) {
	const steps = 12
	for i := 1; i <= steps; i++ {
		a := from + math.Pi*float64(i)/steps
		p.z.LineTo((cx+r*float32(math.Cos(a)))*p.k, (cy+r*float32(math.Sin(a)))*p.k)
	}
}

// line draws a straight band with square ends.
func (p pen) line(x0, y0, x1, y1, width float32) {
	dx, dy := x1-x0, y1-y0
	l := float32(math.Hypot(float64(dx), float64(dy)))
	nx, ny := -dy/l*width/2, dx/l*width/2
	p.polygon(x0-nx, y0-ny, x1-nx, y1-ny, x1+nx, y1+ny, x0+nx, y0+ny)
}

func (p pen) speaker() {
	p.polygon(3, 9, 7, 9, 12, 4.2, 12, 19.8, 7, 15, 3, 15)
}

func (i icon) draw(p pen) {
	switch i {
	case iconPlay:
		p.polygon(7, 4, 20, 12, 7, 20)
	case iconPause:
		p.rect(6, 4.5, 4.2, 15)
		p.rect(13.8, 4.5, 4.2, 15)
	case iconReplay:
		p.arc(12, 13, 7, 2.2, -math.Pi*0.38, math.Pi*1.28)
		p.polygon(12.2, 0.9, 18.6, 5.6, 12.2, 10.3)
	case iconVolumeHigh:
		p.speaker()
		p.arc(11.5, 12, 4.8, 2, -math.Pi*0.27, math.Pi*0.27)
		p.arc(11.5, 12, 9, 2, -math.Pi*0.29, math.Pi*0.29)
	case iconVolumeLow:
		p.speaker()
		p.arc(11.5, 12, 4.8, 2, -math.Pi*0.27, math.Pi*0.27)
	case iconVolumeOff:
		p.speaker()
		p.line(15, 9, 21, 15, 2)
		p.line(15, 15, 21, 9, 2)
	case iconFullscreen:
		for _, c := range [][2]float32{{4, 4}, {20, 4}, {4, 20}, {20, 20}} {
			p.corner(c[0], c[1], 5.6)
		}
	case iconWindow:
		for _, c := range [][2]float32{{9.6, 9.6}, {14.4, 9.6}, {9.6, 14.4}, {14.4, 14.4}} {
			p.corner(c[0], c[1], -5.6)
		}
	case iconNote:
		p.disc(8, 17.5, 3.4)
		p.rect(9.4, 4.5, 2, 13)
		p.polygon(9.4, 4.5, 18.6, 2.6, 18.6, 6.6, 9.4, 8.5)
	case iconAlert:
		p.disc(12, 12, 10)
		// The mark is a hole, so it runs the other way round.
		p.polygon(10.8, 6.5, 10.8, 13.6, 13.2, 13.6, 13.2, 6.5)
		p.polygon(10.8, 15.6, 10.8, 18, 13.2, 18, 13.2, 15.6)
	default:
		panic("hud: impossible icon")
	}
}

// corner draws a right angle at x, y whose arms run length units towards the middle of the grid, or away from it when
// length is negative.
func (p pen) corner(x, y, length float32) {
	const width = 2.2
	sx, sy := float32(1), float32(1)
	if x > iconGrid/2 {
		sx = -1
	}
	if y > iconGrid/2 {
		sy = -1
	}
	w := float32(width)
	if length < 0 {
		sx, sy, length = -sx, -sy, -length
	}
	// One outline, so that the arms do not count twice where they meet; wound clockwise whichever way it points.
	pts := []float32{x, y, x + sx*length, y, x + sx*length, y + sy*w, x + sx*w, y + sy*w, x + sx*w, y + sy*length, x, y + sy*length}
	if sx*sy < 0 {
		for i, j := 0, len(pts)-2; i < j; i, j = i+2, j-2 {
			pts[i], pts[i+1], pts[j], pts[j+1] = pts[j], pts[j+1], pts[i], pts[i+1]
		}
	}
	p.polygon(pts...)
}
