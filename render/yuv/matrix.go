package yuv

import (
	"mseplayer/mse/media"
	"mseplayer/player/frame"
)

// The matrix coefficients of H.273 table 4 that have a meaning here.
const (
	matrixBT709     = 1
	matrixFCC       = 4
	matrixBT470BG   = 5
	matrixSMPTE170M = 6
	matrixSMPTE240M = 7
	matrixYCgCo     = 8
	matrixBT2020NCL = 9
	matrixBT2020CL  = 10
	matrixChromaNCL = 12

	primariesBT709  = 1
	primariesBT2020 = 9
)

// Pictures up to this size have BT.601 colours when nothing says otherwise: what television of standard definition
// used.
const (
	maxWidthSD  = 1279
	maxHeightSD = 576
)

// Matrix maps stored samples to non-linear RGB: row r of {R, G, B} is
//
//	r[0]·plane0 + r[1]·plane1 + r[2]·plane2 + r[3]
//
// with samples as the integers that are stored and results where 0 is black and 1 is peak. Results of codes
// outside the nominal range lie outside [0, 1].
type Matrix [3][4]float32

// lumaWeights gives Kr and Kb of a matrix coefficient; ok is false for those that are not of the form of
// H.273 equations 38 to 40.
func lumaWeights(matrix uint8) (kr, kb float64, ok bool) {
	switch matrix {
	case matrixBT709:
		return 0.2126, 0.0722, true
	case matrixFCC:
		return 0.30, 0.11, true
	case matrixBT470BG, matrixSMPTE170M:
		return 0.299, 0.114, true
	case matrixSMPTE240M:
		return 0.212, 0.087, true
	case matrixBT2020NCL, matrixBT2020CL:
		// Constant luminance is not a matrix at all; the other form is the nearest that is.
		return 0.2627, 0.0593, true
	default:
		return 0, 0, false
	}
}

// ResolveMatrix returns the matrix coefficients that a picture of width × height visible luma samples is to
// be shown with:
// those described when this package knows them, otherwise those that its other properties suggest. Wide-gamut
// primaries and high dynamic range imply BT.2020; without them the size decides, BT.601 up to 1279 × 576 and BT.709 above, which is what
// players do with undescribed pictures.
func ResolveMatrix(c media.ColorInfo, width, height int) uint8 {
	switch c.Matrix {
	case media.MatrixGBR, matrixYCgCo:
		return c.Matrix
	case matrixBT2020CL:
		return matrixBT2020NCL
	case matrixChromaNCL:
		if c.Primaries == primariesBT709 {
			return matrixBT709
		}
	}
	if _, _, ok := lumaWeights(c.Matrix); ok {
		return c.Matrix
	}
	if c.Primaries == primariesBT2020 || c.Transfer == transferPQ || c.Transfer == transferHLG {
		return matrixBT2020NCL
	}
	if width <= maxWidthSD && height <= maxHeightSD {
		return matrixSMPTE170M
	}
	return matrixBT709
}

// MatrixOf makes the matrix that picture v is shown with.
func MatrixOf(v *frame.Video) Matrix { return NewMatrix(v.Format, v.Color, v.Crop.W, v.Crop.H) }

// NewMatrix makes the matrix for a picture of the given format, colour description and visible size in luma
// samples. Codes of undescribed colour count as limited range. H.273 §8.3.
func NewMatrix(f frame.PixelFormat, c media.ColorInfo, width, height int) Matrix {
	matrix := ResolveMatrix(c, width, height)
	gbr := f.Layout == frame.GBR || matrix == media.MatrixGBR
	// Limited range means R, G and B for these two, of which Cg and Co are differences.
	coding := yCbCr
	if gbr {
		coding = allLuma
	} else if matrix == matrixYCgCo {
		coding = lumaScaled
	}
	var y, u, v [3]float64 // factors of E'Y, E'PB and E'PR in R, G and B
	switch {
	case f.Layout == frame.Gray:
		y = [3]float64{1, 1, 1}
	case gbr:
		y, u, v = [3]float64{0, 1, 0}, [3]float64{0, 0, 1}, [3]float64{1, 0, 0}
	case matrix == matrixYCgCo:
		y, u, v = [3]float64{1, 1, 1}, [3]float64{-1, 1, -1}, [3]float64{1, 0, -1}
	default:
		kr, kb, _ := lumaWeights(matrix)
		kg := 1 - kr - kb
		y = [3]float64{1, 1, 1}
		u = [3]float64{0, -2 * kb * (1 - kb) / kg, 2 * (1 - kb)}
		v = [3]float64{2 * (1 - kr), -2 * kr * (1 - kr) / kg, 0}
	}
	return scaled(f, c.FullRange, coding, y, u, v)
}

// levels is the matrix that gives E'Y, E'PB and E'PR themselves.
func levels(f frame.PixelFormat, full bool) Matrix {
	return scaled(f, full, yCbCr, [3]float64{1, 0, 0}, [3]float64{0, 1, 0}, [3]float64{0, 0, 1})
}

// How the second and third plane are coded in limited range: as colour differences, as those but with luma's steps, or
// like luma.
const (
	yCbCr = iota
	lumaScaled
	allLuma
)

// scaled makes a matrix of factors for E'Y, E'PB and E'PR.
func scaled(f frame.PixelFormat, full bool, coding int, y, u, v [3]float64) Matrix {
	depth := max(f.Depth, 8)
	unit := float64(int(1) << (depth - 8)) // one 8-bit code step
	yScale, yOffset := 1/(219*unit), 16*unit
	cScale, cOffset := 1/(224*unit), 128*unit
	if full {
		yScale, yOffset = 1/(256*unit-1), 0
		cScale = yScale
	}
	switch coding {
	case lumaScaled:
		cScale = yScale
	case allLuma:
		cScale, cOffset = yScale, yOffset
	}

	var m Matrix
	for i := range m {
		offset := y[i]*yScale*yOffset + (u[i]+v[i])*cScale*cOffset
		m[i] = [4]float32{float32(y[i] * yScale), float32(u[i] * cScale), float32(v[i] * cScale), float32(-offset)}
	}
	return m
}
