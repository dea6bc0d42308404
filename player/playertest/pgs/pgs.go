// Package pgs builds subtitles of Blu-ray discs (presentation graphics) for tests: white boxes on a screen of
// 1920 × 1080.
//
// # Concurrency
//
// It has no state.
//
// # Errors
//
// None.
package pgs

import "encoding/binary"

// Forced, among the flags of a box, shows it to everybody.
const Forced = 0x40

// The kinds of segments.
const (
	kindPalette     = 0x14
	kindObject      = 0x15
	kindComposition = 0x16
	kindWindows     = 0x17
	kindEnd         = 0x80
)

// clockHz is the rate of the times of a file.
const clockHz = 90000

// Screen is what is to be seen from one moment on, as segments.
type Screen struct{ segments []segment }

type segment struct {
	kind byte
	body []byte
}

// Empty is a screen with nothing on it.
func Empty() Screen {
	return Screen{[]segment{{kindComposition, composition(0)}, {kindEnd, nil}}}
}

// Box is a screen with a white box of w × h pixels at x, y.
func Box(x, y, w, h int, flags byte) Screen {
	var runs []byte
	for range h {
		runs = append(runs, 0, 0xc0|byte(w>>8), byte(w), 1, 0, 0)
	}
	n := len(runs) + 4
	return Screen{[]segment{
		{kindComposition, u16(append(composition(1), 0, 0, 0, flags), x, y)},
		{kindWindows, u16([]byte{1, 0}, x, y, w, h)},
		{kindPalette, []byte{0, 0, 1, 235, 128, 128, 255}}, // colour 1: white
		{kindObject, append(u16([]byte{0, 0, 0, 0xc0, byte(n >> 16), byte(n >> 8), byte(n)}, w, h), runs...)},
		{kindEnd, nil},
	}}
}

// Packet is the screen as containers have it.
func (s Screen) Packet() []byte {
	var out []byte
	for _, seg := range s.segments {
		out = seg.append(out)
	}
	return out
}

// Append adds the screen, at a time in seconds, to a file of its own.
func (s Screen) Append(out []byte, at float64) []byte {
	for _, seg := range s.segments {
		out = append(out, "PG"...)
		out = binary.BigEndian.AppendUint32(out, uint32(at*clockHz))
		out = binary.BigEndian.AppendUint32(out, 0)
		out = seg.append(out)
	}
	return out
}

func (s segment) append(out []byte) []byte {
	out = append(out, s.kind)
	return append(u16(out, len(s.body)), s.body...)
}

// composition is the head of a screen with so many objects.
func composition(objects byte) []byte {
	return append(u16(nil, 1920, 1080), 0x10, 0, 1, 0x80, 0, 0, objects)
}

func u16(b []byte, v ...int) []byte {
	for _, n := range v {
		b = binary.BigEndian.AppendUint16(b, uint16(n))
	}
	return b
}
