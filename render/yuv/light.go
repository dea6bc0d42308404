package yuv

import (
	"math"

	"mseplayer/mse/media"
	"mseplayer/player/frame"
)

// The transfer characteristics and primaries of H.273 tables 2 and 3 that have a meaning here.
const (
	transferPQ  = 16
	transferHLG = 18

	primariesBT709  = 1
	primariesBT2020 = 9
	primariesP3DCI  = 11
	primariesP3D65  = 12
)

// Constants of the transfer functions. The shaders are given the same ones; see [Constants].
const (
	// SMPTE ST 2084.
	pqM1   = 2610.0 / 16384
	pqM2   = 2523.0 / 4096 * 128
	pqC1   = 3424.0 / 4096
	pqC2   = 2413.0 / 4096 * 32
	pqC3   = 2392.0 / 4096 * 32
	pqPeak = 10000.0 // candela per square metre

	// Recommendation BT.2100, hybrid log-gamma: inverse OETF, and the OOTF of a display of hlgPeak.
	hlgA     = 0.17883277
	hlgB     = 1 - 4*hlgA
	hlgC     = 0.55991073
	hlgGamma = 1.2
	hlgPeak  = 1000.0

	// Recommendation BT.2020 table 4: the OETF.
	oetfAlpha = 1.09929682680944
	oetfBeta  = 0.018053968510807

	// displayGamma is the EOTF of the display pictures are made for (Recommendation BT.1886 with a black of 0).
	displayGamma = 2.4
	// displayPeak is the light that the display's white stands for where content says light and not code values: the
	// reference white of Recommendation BT.2408.
	displayPeak = 203.0
	// defaultPeak is what content reaches that does not say it.
	defaultPeak = 1000.0
	// leastKnee keeps the curve defined where nothing has to be compressed.
	leastKnee = 1e-6
	// leastLight is what is too dark to tell a ratio from, in candela per square metre.
	leastLight = 1e-6

	// Luminance of BT.709's and BT.2020's primaries.
	kr709, kb709   = 0.2126, 0.0722
	kr2020, kb2020 = 0.2627, 0.0593
)

// DitherSide is the side of the square threshold map that spreads what 8 bits cannot hold.
const DitherSide = 8

// Constants are the numbers of this package that shaders need, by the names they have there.
func Constants() []Constant {
	return []Constant{
		{"pqM1", pqM1}, {"pqM2", pqM2}, {"pqC1", pqC1}, {"pqC2", pqC2}, {"pqC3", pqC3}, {"pqPeak", pqPeak},
		{"hlgA", hlgA}, {"hlgB", hlgB}, {"hlgC", hlgC}, {"hlgGamma", hlgGamma}, {"hlgPeak", hlgPeak},
		{"oetfAlpha", oetfAlpha}, {"oetfBeta", oetfBeta},
		{"displayGamma", displayGamma}, {"displayPeak", displayPeak}, {"leastLight", leastLight},
		{"kr709", kr709}, {"kb709", kb709}, {"kr2020", kr2020}, {"kb2020", kb2020},
	}
}

// Constant is a number with a name.
type Constant struct {
	Name  string
	Value float64
}

// Light says how non-linear RGB becomes what the display is given.
type Light uint8

// The ways of Light.
const (
	// Direct: as it is.
	Direct Light = iota
	// Wide: from wider primaries to those of BT.709.
	Wide
	// PQ and HLG: from high dynamic range to what the display can do, and to BT.709.
	PQ
	HLG
)

// Conversion is all that turns stored samples of a picture into the colours of the display: non-linear, with BT.709
// primaries and BT.1886's transfer.
type Conversion struct {
	// Matrix makes non-linear RGB of samples; with Constant, Y', C'B and C'R; with Cones, L', M' and S'.
	Matrix Matrix
	// Constant: luma is made of linear light, as Luminance says.
	Constant  bool
	Luminance Luminance
	// Cones: components are those of the eye, see [Cones]. Only PQ and HLG come that way.
	Cones bool
	Light Light
	// Gamut maps linear RGB of the picture's primaries to BT.709's. It has a meaning unless Light is Direct.
	Gamut [3][3]float32
	// Curve compresses the range of brightness; it has a meaning for PQ and HLG.
	Curve Curve
	// Dither is set when the result has more levels than 8 bits hold.
	Dither bool
}

// Luminance are the numbers of constant luminance: the parts of red and blue in it, and by what the differences to blue and
// to red are divided where they are negative (N) and positive (P). H.273 equations 59 to 66.
type Luminance struct{ Kr, Kb, NB, PB, NR, PR float32 }

func luminance(kr, kb float64) Luminance {
	return Luminance{Kr: float32(kr), Kb: float32(kb),
		NB: float32(2 * oetf(1-kb)), PB: float32(2 * (1 - oetf(kb))), NR: float32(2 * oetf(1-kr)), PR: float32(2 * (1 - oetf(kr)))}
}

// Curve is the EETF of Report BT.2390 §5.4.1 between a source of Low to Low + Span, as PQ signals, and the display:
// straight up to Knee, reaching Top in the end, both in parts of the Span. Lift brings the source's black to the
// display's.
type Curve struct{ Low, Span, Knee, Top, Lift float32 }

// ConversionOf makes the conversion that picture v is shown with.
func ConversionOf(v *frame.Video) Conversion {
	c := Conversion{Matrix: MatrixOf(v), Dither: v.Format.Depth > 8}
	primaries := v.Color.Primaries
	matrix := ResolveMatrix(v.Color, v.Crop.W, v.Crop.H)
	c.Cones = v.Format.Layout == frame.YUV && matrix == matrixICtCp
	switch {
	case v.Color.Transfer == transferHLG:
		c.Light, c.Curve = HLG, newCurve(media.Light{Peak: hlgPeak})
	case v.Color.Transfer == transferPQ, c.Cones:
		c.Light, c.Curve = PQ, newCurve(v.Color.Light)
	}
	if v.Format.Layout == frame.YUV && constant(matrix) {
		c.Constant, c.Luminance = true, luminance(lumaWeights(matrix, primaries))
	}
	if c.Cones || c.Light != Direct && primaries == 0 {
		primaries = primariesBT2020
	}
	wide := true
	switch primaries {
	case primariesBT2020:
		c.Gamut = gamut2020
	case primariesP3DCI, primariesP3D65: // with the white of a monitor, not of a cinema
		c.Gamut = gamutP3
	default:
		c.Gamut, wide = [3][3]float32{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, false
	}
	if v.Format.Layout == frame.Gray {
		wide = false // grey is the same in all of them
	}
	if c.Light == Direct && wide {
		c.Light = Wide
	}
	c.Dither = c.Dither || c.Light != Direct
	return c
}

// newCurve makes the curve for content of that brightness.
func newCurve(l media.Light) Curve {
	peak := float64(l.MaxCLL)
	if !(peak > 0) {
		peak = float64(l.Peak)
	}
	if !(peak > 0) {
		peak = defaultPeak
	}
	peak = min(max(peak, displayPeak), pqPeak)
	low := 0.0
	if b := float64(l.Black); b > 0 && b < 1 {
		low = pqSignal(b)
	}
	span := pqSignal(peak) - low
	top := min((pqSignal(displayPeak)-low)/span, 1)
	return Curve{Low: float32(low), Span: float32(span), Knee: float32(min(1.5*top-0.5, 1-leastKnee)), Top: float32(top), Lift: float32(-low / span)}
}

// compress is the EETF: from a PQ signal of the source to one of the display.
func (c Curve) compress(signal float64) float64 {
	e := min(max((signal-float64(c.Low))/float64(c.Span), 0), 1)
	knee, top := float64(c.Knee), float64(c.Top)
	if e > knee {
		t := (e - knee) / (1 - knee)
		t2, t3 := t*t, t*t*t
		e = (2*t3-3*t2+1)*knee + (t3-2*t2+t)*(1-knee) + (3*t2-2*t3)*top
	}
	d := 1 - e
	e += float64(c.Lift) * d * d * d * d
	return max(e*float64(c.Span)+float64(c.Low), 0)
}

// Apply makes the display's colours, 0 to 1 but not limited to that, of one picture element: samples as the integers
// that are stored, interpolated or not.
func (c *Conversion) Apply(s [3]float32) [3]float32 {
	var v [3]float32
	for i := range v {
		v[i] = c.Matrix[i][0]*s[0] + c.Matrix[i][1]*s[1] + c.Matrix[i][2]*s[2] + c.Matrix[i][3]
	}
	if c.Constant {
		v = c.Luminance.decode(v)
	}
	if c.Light == Direct {
		return v
	}
	var l [3]float64 // linear, 1 is the display's white
	switch c.Light {
	case Direct:
	case Wide:
		for i := range l {
			l[i] = math.Pow(clamp(float64(v[i])), displayGamma)
		}
	case PQ:
		for i := range l {
			l[i] = pqLight(clamp(float64(v[i])))
		}
		c.toRGB(&l)
		c.toDisplay(&l)
	case HLG:
		for i := range l {
			l[i] = hlgScene(clamp(float64(v[i])))
		}
		c.toRGB(&l)
		y := kr2020*l[0] + (1-kr2020-kb2020)*l[1] + kb2020*l[2]
		gain := hlgPeak * math.Pow(max(y, leastLight), hlgGamma-1)
		for i := range l {
			l[i] *= gain
		}
		c.toDisplay(&l)
	}
	var g [3]float64
	for i, row := range c.Gamut {
		g[i] = float64(row[0])*l[0] + float64(row[1])*l[1] + float64(row[2])*l[2]
	}
	g = intoGamut(g)
	for i := range v {
		v[i] = float32(math.Pow(clamp(g[i]), 1/displayGamma))
	}
	return v
}

// toRGB makes linear RGB of linear LMS.
func (c *Conversion) toRGB(l *[3]float64) {
	if !c.Cones {
		return
	}
	in := *l
	for i, row := range Cones {
		l[i] = max(float64(row[0])*in[0]+float64(row[1])*in[1]+float64(row[2])*in[2], 0)
	}
}

// toDisplay compresses light, in candela per square metre, to parts of the display's white. The largest component
// follows the curve and the others keep their proportion to it, so that colours stay what they are.
func (c *Conversion) toDisplay(l *[3]float64) {
	m := max(l[0], l[1], l[2])
	gain := pqLight(c.Curve.compress(pqSignal(m))) / max(m, leastLight) / displayPeak
	for i := range l {
		l[i] *= gain
	}
}

// intoGamut brings linear colours that the display does not have to the nearest ones of the same luminance and hue.
func intoGamut(l [3]float64) [3]float64 {
	y := min(kr709*l[0]+(1-kr709-kb709)*l[1]+kb709*l[2], 1)
	lo, hi := min(l[0], l[1], l[2]), max(l[0], l[1], l[2])
	part := 1.0
	if lo < 0 {
		part = y / max(y-lo, leastLight)
	}
	if hi > 1 {
		part = min(part, (1-y)/max(hi-y, leastLight))
	}
	for i := range l {
		l[i] = y + (l[i]-y)*part
	}
	return l
}

// decode makes R'G'B' of Y'C, C'BC and C'RC. Recommendation BT.2020 table 4.
//
// DEVIATION: the light is then coded for the display by the inverse of its EOTF, not by the camera's OETF as other
// pictures are, because that is how the converters that make such pictures came from RGB; with them it comes back.
func (n *Luminance) decode(v [3]float32) [3]float32 {
	y, cb, cr := v[0], v[1], v[2]
	b, r := y+n.PB*cb, y+n.PR*cr
	if cb < 0 {
		b = y + n.NB*cb
	}
	if cr < 0 {
		r = y + n.NR*cr
	}
	l := [3]float64{inverseOETF(float64(r)), inverseOETF(float64(y)), inverseOETF(float64(b))}
	kr, kb := float64(n.Kr), float64(n.Kb)
	l[1] = (l[1] - kr*l[0] - kb*l[2]) / (1 - kr - kb)
	for i := range l {
		v[i] = float32(math.Pow(max(l[i], 0), 1/displayGamma))
	}
	return v
}

func inverseOETF(v float64) float64 {
	if v < 4.5*oetfBeta {
		return v / 4.5
	}
	return math.Pow((v+oetfAlpha-1)/oetfAlpha, 1/0.45)
}

func oetf(l float64) float64 { return oetfAlpha*math.Pow(l, 0.45) - (oetfAlpha - 1) }

// pqLight is the EOTF of ST 2084, from a signal to candela per square metre.
func pqLight(v float64) float64 {
	p := math.Pow(v, 1/pqM2)
	return pqPeak * math.Pow(max(p-pqC1, 0)/(pqC2-pqC3*p), 1/pqM1)
}

// pqSignal is the inverse of pqLight.
func pqSignal(l float64) float64 {
	p := math.Pow(max(l, 0)/pqPeak, pqM1)
	return math.Pow((pqC1+pqC2*p)/(1+pqC3*p), pqM2)
}

// hlgScene is the inverse OETF, from a signal to scene light up to 1.
func hlgScene(v float64) float64 {
	if v <= 0.5 {
		return v * v / 3
	}
	return (math.Exp((v-hlgC)/hlgA) + hlgB) / 12
}

func clamp(f float64) float64 { return min(max(f, 0), 1) }

// threshold is the part of a level, at pixel x, y, from which on the next level is shown.
func threshold(x, y int) float32 {
	n := 0
	for bit := range 3 {
		xb, yb := x>>bit&1, y>>bit&1
		n = n<<2 | (xb^yb)<<1 | yb
	}
	return (float32(n) + 0.5) / (DitherSide * DitherSide)
}

// The whites of H.273 table 2.
var (
	whiteD65 = [2]float64{0.3127, 0.3290}
	whiteC   = [2]float64{0.310, 0.316}
)

// chromaticities of red, green and blue, and the white, of the colour primaries of H.273 table 2.
var chromaticities = map[uint8]struct {
	rgb   [3][2]float64
	white [2]float64
}{
	primariesBT709:  {[3][2]float64{{0.640, 0.330}, {0.300, 0.600}, {0.150, 0.060}}, whiteD65},
	4:               {[3][2]float64{{0.670, 0.330}, {0.210, 0.710}, {0.140, 0.080}}, whiteC},   // BT.470 system M
	5:               {[3][2]float64{{0.640, 0.330}, {0.290, 0.600}, {0.150, 0.060}}, whiteD65}, // BT.470 systems B and G
	6:               {[3][2]float64{{0.630, 0.340}, {0.310, 0.595}, {0.155, 0.070}}, whiteD65}, // SMPTE 170M
	7:               {[3][2]float64{{0.630, 0.340}, {0.310, 0.595}, {0.155, 0.070}}, whiteD65}, // SMPTE 240M
	8:               {[3][2]float64{{0.681, 0.319}, {0.243, 0.692}, {0.145, 0.049}}, whiteC},   // film
	primariesBT2020: {[3][2]float64{{0.708, 0.292}, {0.170, 0.797}, {0.131, 0.046}}, whiteD65},
	primariesP3DCI:  {[3][2]float64{{0.680, 0.320}, {0.265, 0.690}, {0.150, 0.060}}, [2]float64{0.314, 0.351}},
	primariesP3D65:  {[3][2]float64{{0.680, 0.320}, {0.265, 0.690}, {0.150, 0.060}}, whiteD65},
	22:              {[3][2]float64{{0.630, 0.340}, {0.295, 0.605}, {0.155, 0.077}}, whiteD65}, // EBU Tech. 3213
}

// The maps from linear light of wider primaries to BT.709's, P3 with the white of a monitor.
var (
	gamut2020 = toBT709(primariesBT2020)
	gamutP3   = toBT709(primariesP3D65)
)

// The ways from I, CT and CP to non-linear LMS, and from linear LMS to linear RGB. Recommendation BT.2100 table 7.
var (
	fromICtCpPQ = inverse([3][3]float64{
		{2048.0 / 4096, 2048.0 / 4096, 0},
		{6610.0 / 4096, -13613.0 / 4096, 7003.0 / 4096},
		{17933.0 / 4096, -17390.0 / 4096, -543.0 / 4096},
	})
	fromICtCpHLG = inverse([3][3]float64{
		{2048.0 / 4096, 2048.0 / 4096, 0},
		{3625.0 / 4096, -7465.0 / 4096, 3840.0 / 4096},
		{9500.0 / 4096, -9212.0 / 4096, -288.0 / 4096},
	})
	// Cones maps linear LMS, what the cones of the eye see, to linear RGB of BT.2020.
	Cones = single(inverse([3][3]float64{
		{1688.0 / 4096, 2146.0 / 4096, 262.0 / 4096},
		{683.0 / 4096, 2951.0 / 4096, 462.0 / 4096},
		{99.0 / 4096, 309.0 / 4096, 3688.0 / 4096},
	}))
)

func single(m [3][3]float64) (out [3][3]float32) {
	for i := range m {
		for j := range m {
			out[i][j] = float32(m[i][j])
		}
	}
	return out
}

// toBT709 derives the map from the primaries.
func toBT709(primaries uint8) [3][3]float32 {
	to, from := chromaticities[primariesBT709], chromaticities[primaries]
	return single(product(inverse(toXYZ(to.rgb, to.white)), toXYZ(from.rgb, from.white)))
}

// toXYZ is the matrix from linear RGB of such primaries with that white to XYZ. SMPTE RP 177.
func toXYZ(p [3][2]float64, w [2]float64) (m [3][3]float64) {
	for i, c := range p {
		m[0][i], m[1][i], m[2][i] = c[0]/c[1], 1, (1-c[0]-c[1])/c[1]
	}
	inv := inverse(m)
	white := [3]float64{w[0] / w[1], 1, (1 - w[0] - w[1]) / w[1]}
	for i := range 3 {
		gain := inv[i][0]*white[0] + inv[i][1]*white[1] + inv[i][2]*white[2]
		for j := range 3 {
			m[j][i] *= gain
		}
	}
	return m
}

func product(a, b [3][3]float64) (m [3][3]float64) {
	for i := range 3 {
		for j := range 3 {
			m[i][j] = a[i][0]*b[0][j] + a[i][1]*b[1][j] + a[i][2]*b[2][j]
		}
	}
	return m
}

func inverse(a [3][3]float64) (m [3][3]float64) {
	cof := func(i, j int) float64 {
		r0, r1, c0, c1 := (i+1)%3, (i+2)%3, (j+1)%3, (j+2)%3
		return a[r0][c0]*a[r1][c1] - a[r0][c1]*a[r1][c0]
	}
	det := a[0][0]*cof(0, 0) + a[0][1]*cof(0, 1) + a[0][2]*cof(0, 2)
	for i := range 3 {
		for j := range 3 {
			m[j][i] = cof(i, j) / det
		}
	}
	return m
}
