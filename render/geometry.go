package render

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// maxWindowSide bounds what a geometry may ask for, in pixels.
const maxWindowSide = 16384

// Geometry is the place of a window in device pixels. The zero value leaves everything open.
type Geometry struct {
	// Width and Height are 0 when no size is given.
	Width, Height int
	// X and Y are used when Placed. They count from the left and the top of the screen, or with FromRight and
	// FromBottom from there, to the window's side of the same name.
	X, Y                  int
	Placed                bool
	FromRight, FromBottom bool
}

var errGeometry = errors.New("want WIDTHxHEIGHT, +X+Y or WIDTHxHEIGHT+X+Y, such as 1280x720+0-40")

// ParseGeometry reads the form that X programs use: WIDTHxHEIGHT, a position as two signed numbers, or one after the
// other. A minus sign counts from the right or the bottom of the screen.
func ParseGeometry(s string) (Geometry, error) {
	g, err := parseGeometry(s)
	if err != nil {
		return Geometry{}, fmt.Errorf("geometry %q: %w", s, err)
	}
	return g, nil
}

func parseGeometry(s string) (g Geometry, err error) {
	if s == "" {
		return g, errGeometry
	}
	size, place := s, ""
	if i := strings.IndexAny(s, "+-"); i >= 0 {
		size, place = s[:i], s[i:]
	}
	if size != "" {
		w, h, ok := strings.Cut(strings.ToLower(size), "x")
		if !ok {
			return g, errGeometry
		}
		if g.Width, err = number(w, 1); err != nil {
			return g, err
		}
		if g.Height, err = number(h, 1); err != nil {
			return g, err
		}
	}
	if place == "" {
		return g, nil
	}
	i := strings.IndexAny(place[1:], "+-")
	if i < 0 {
		return g, errGeometry
	}
	x, y := place[:i+1], place[i+1:]
	g.Placed, g.FromRight, g.FromBottom = true, x[0] == '-', y[0] == '-'
	if g.X, err = number(x[1:], 0); err != nil {
		return g, err
	}
	g.Y, err = number(y[1:], 0)
	return g, err
}

func number(s string, least int) (int, error) {
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, errGeometry
		}
	}
	n, err := strconv.Atoi(s)
	if s == "" {
		return 0, errGeometry
	}
	if err != nil || n < least || n > maxWindowSide {
		return 0, fmt.Errorf("%s is not within %d and %d", s, least, maxWindowSide)
	}
	return n, nil
}
