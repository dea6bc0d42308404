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
	matrixChromaCL  = 13
	matrixICtCp     = 14
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

// lumaWeights gives Kr and Kb of what ResolveMatrix returned. H.273 table 4 and, where they follow from the primaries,
// equations 32 to 37.
func lumaWeights(matrix, primaries uint8) (kr, kb float64) {
	switch matrix {
	case matrixFCC:
		return 0.30, 0.11
	case matrixBT470BG, matrixSMPTE170M:
		return 0.299, 0.114
	case matrixSMPTE240M:
		return 0.212, 0.087
	case matrixBT2020NCL, matrixBT2020CL:
		return kr2020, kb2020
	case matrixChromaNCL, matrixChromaCL:
		p := chromaticities[primaries]
		y := toXYZ(p.rgb, p.white)[1]
		return y[0], y[2]
	default:
		return kr709, kb709
	}
}

// ResolveMatrix returns the matrix coefficients that a picture of width × height visible luma samples is to
// be shown with:
// those described when this package knows them, otherwise those that its other properties suggest. Wide-gamut
// primaries and high dynamic range imply BT.2020; without them the size decides, BT.601 up to 1279 × 576 and BT.709 above, which is what
// players do with undescribed pictures.
func ResolveMatrix(c media.ColorInfo, width, height int) uint8 {
	high := c.Transfer == transferPQ || c.Transfer == transferHLG
	matrix := c.Matrix
	if high && constant(matrix) {
		matrix-- // BT.2100 knows no luma of linear light but ICtCp's; what says so nevertheless is the other form
	}
	switch matrix {
	case media.MatrixGBR, matrixBT709, matrixFCC, matrixBT470BG, matrixSMPTE170M, matrixSMPTE240M, matrixYCgCo, matrixBT2020NCL, matrixBT2020CL, matrixICtCp:
		return matrix
	case matrixChromaNCL, matrixChromaCL:
		if _, known := chromaticities[c.Primaries]; known {
			return matrix
		}
	}
	if c.Primaries == primariesBT2020 || high {
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
//
// What is not a matrix to RGB gets as far as one goes: pictures of constant luminance to Y', C'B and C'R, those of ICtCp to
// L', M' and S'.
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
	case constant(matrix):
		y, u, v = [3]float64{1, 0, 0}, [3]float64{0, 1, 0}, [3]float64{0, 0, 1}
	case matrix == matrixICtCp:
		m := fromICtCpPQ
		if c.Transfer == transferHLG {
			m = fromICtCpHLG
		}
		for i, row := range m {
			y[i], u[i], v[i] = row[0], row[1], row[2]
		}
	default:
		kr, kb := lumaWeights(matrix, c.Primaries)
		kg := 1 - kr - kb
		y = [3]float64{1, 1, 1}
		u = [3]float64{0, -2 * kb * (1 - kb) / kg, 2 * (1 - kb)}
		v = [3]float64{2 * (1 - kr), -2 * kr * (1 - kr) / kg, 0}
	}
	return scaled(f, c.FullRange, coding, y, u, v)
}

// constant reports whether luma is made of linear light.
func constant(matrix uint8) bool { return matrix == matrixBT2020CL || matrix == matrixChromaCL }

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
