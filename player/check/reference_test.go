package check_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/player/check"
	"mseplayer/player/decode"
	"mseplayer/player/frame"
	"mseplayer/player/playertest"
	"mseplayer/player/session"
)

// camera makes decoders whose pictures show soft slopes that move, of which each representation has a copy of its own.
type camera struct {
	playertest.Factory
	// off is by how much every other sample of luma differs at t, from the first picture on, by the width that the
	// representation is said to have.
	off map[int]func(t float64) int
	// other shows something else to representations of that width; still shows to those of another one what never moves.
	other, still int
	corrupt      func(t float64) bool
	// most is how many pictures were in memory at a time.
	most atomic.Int64
}

func (c *camera) NewVideo(cfg *media.DecoderConfig, o decode.Options) (decode.VideoDecoder, error) {
	d, err := c.Factory.NewVideo(cfg, o)
	return playertest.Through{VideoDecoder: d, Show: (&film{c, cfg}).show}, err
}

type film struct {
	c   *camera
	cfg *media.DecoderConfig
}

const filmWidth, filmHeight = 64, 32

func (f *film) show(v *frame.Video, emit func(*frame.Video) error) error {
	if n := frame.Live(); n > f.c.most.Load() {
		f.c.most.Store(n)
	}
	t := float64(v.PTS) - 16
	v.Width, v.Height, v.Crop = filmWidth, filmHeight, frame.Rect{W: filmWidth, H: filmHeight}
	for i := range v.Plane {
		w, h := v.Format.PlaneSize(i, filmWidth, filmHeight)
		v.Plane[i] = frame.Plane{Data: bytes.Repeat([]byte{128}, w*h), Stride: w}
	}
	off := 0
	if x := f.c.off[f.cfg.Width]; x != nil {
		off = x(t)
	}
	if f.c.still == f.cfg.Width {
		t = 0
	}
	v.Corrupt = f.c.corrupt != nil && f.c.corrupt(t)
	for y := range filmHeight {
		for x := range filmWidth {
			s := 120 + 50*math.Sin(float64(x)/7+2*t) + 30*math.Sin(float64(y)/5-t*t/3)
			if f.c.other == f.cfg.Width {
				s = 60 + float64((x*x*(y+3)+int(t*25)*53)%140)
			}
			v.Plane[0].Data[y*filmWidth+x] = byte(int(s) + off*((x+y)&1))
		}
	}
	return emit(v)
}

// rigid is a Fitter for pictures that have the right form already.
type rigid struct{}

func (rigid) Fit(v *frame.Video, w, h int, f frame.PixelFormat, _ media.ColorInfo) (*frame.Video, error) {
	return nil, fmt.Errorf("%dx%d cannot become %dx%d %s", v.Crop.W, v.Crop.H, w, h, f.Name)
}
func (rigid) Close() {}

// The widths that the reference and the rungs are said to have.
const refWidth, lowWidth, highWidth = 640, 320, 480

// rungs is a presentation of two representations of pictures, and the reference of some length beside it.
func rungs(length media.Span) fstest.MapFS {
	of := func(width int, length media.Span) *msetest.Builder {
		return msetest.Movie(msetest.MovieSpec{Width: width, Height: 180, Length: length, FrameRateNum: 25, FrameRateDen: 1, GOP: 25, BitsPerSecond: 200_000})
	}
	rep := func(id string, bandwidth, width int) string {
		return fmt.Sprintf(`<Representation id="%s" bandwidth="%d" codecs="avc1.640028" width="%d" height="180" frameRate="25"/>`, id, bandwidth, width)
	}
	template := `<SegmentTemplate duration="2" media="$RepresentationID$-$Number$" initialization="$RepresentationID$-init"/>`
	set := `<AdaptationSet id="v" contentType="video" mimeType="video/mp4">` + template
	files := fstest.MapFS{
		"m.mpd":   {Data: []byte(head + set + rep("low", 250000, lowWidth) + rep("high", 500000, highWidth) + `</AdaptationSet>` + audio + tail)},
		"ref.mpd": {Data: []byte(strings.Replace(head, "PT10S", fmt.Sprintf("PT%gS", float64(length)), 1) + set + rep("ref", 900000, refWidth) + `</AdaptationSet>` + tail)},
	}
	add(files, "low-", of(lowWidth, 10))
	add(files, "high-", of(highWidth, 10))
	add(files, "ref-", of(refWidth, length))
	add(files, "a", sound(10))
	return files
}

// constant is the same at all times.
func constant(n int) func(float64) int { return func(float64) int { return n } }

// against compares with the reference through a camera.
func against(c *camera) func(*check.Options) {
	c.Depth = 2
	return func(o *check.Options) {
		o.Reference, o.Decoders, o.Fitter = "mem:///ref.mpd", c, func() check.Fitter { return rigid{} }
	}
}

func ladderOf(low, high func(float64) int) *camera {
	return &camera{off: map[int]func(float64) int{lowWidth: low, highWidth: high}}
}

// TestRun_Reference measures pictures whose differences are known.
func TestRun_Reference(t *testing.T) {
	c := ladderOf(constant(8), func(t float64) int {
		if t > 5.99 && t < 6.01 { // the first picture of the fourth segment
			return 6
		}
		return 2
	})
	r := run(t, rungs(10), against(c), func(o *check.Options) { o.Jobs = 1 })
	if n := c.most.Load(); n > 8 { // of 250 each: what waits, what is compared, what comes out of either decoder
		t.Errorf("%d pictures in memory", n)
	}
	want(t, "findings", found(r), "")
	if x := r.Reference; x == nil || x.Source != "mem:///ref.mpd" || n(x.Width) != "64" || n(x.BitDepth) != "8" || sec(x.FrameRate) != "25" || sec(x.Duration) != "10" || x.Pictures != 250 {
		t.Errorf("reference %+v", r.Reference)
	}
	near := func(what string, got check.Seconds, want float64) {
		t.Helper()
		if math.Abs(float64(got)-want) > 1e-6 {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	ratio := func(squares float64) float64 { return 10 * math.Log10(255*255/squares) }
	for _, x := range r.Tracks {
		l := x.Likeness
		if x.Type == "audio" {
			if l != nil {
				t.Errorf("sound is compared: %+v", l)
			}
			continue
		}
		if l == nil || l.Pictures != 250 || l.Unmatched != 0 || l.Identical != 0 || l.Offset != 0 || l.BitDepth != 8 || l.ComparedBitDepth != 8 || len(l.Segments) != 5 {
			t.Fatalf("%s: %+v", x.ID, l)
		}
		if l.PSNR.U.Known() || l.PSNR.V.Known() || l.SSIM.U != 1 {
			t.Errorf("%s: chroma %+v %+v", x.ID, l.PSNR, l.SSIM)
		}
		if x.Representation == "low" {
			near("luma", l.PSNR.Y, ratio(8*8/2.0))
			near("average", l.PSNR.Average, ratio(8*8/3.0))
			near("first worst", l.PSNR.MinTime, 0)
			continue
		}
		near("luma", l.PSNR.Y, ratio((249*2*2+6*6)/2.0/250))
		near("worst", l.PSNR.Min, ratio(6*6/3.0))
		near("when", l.PSNR.MinTime, 6)
		near("when unlike", l.SSIM.MinTime, 6)
		if s := l.Segments[3]; s.Row != 3 || s.Index != 3 || s.Start != 6 || s.Pictures != 50 || s.PSNR.MinTime != 6 {
			t.Errorf("%+v", s)
		}
		near("segment", l.Segments[3].PSNR.Y, ratio((49*2*2+6*6)/2.0/50))
		near("another segment", l.Segments[2].PSNR.Y, ratio(2))
	}
	var b bytes.Buffer
	if err := r.WriteText(&b, false); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"Compared with mem:///ref.mpd, 64x32, 8 bits, 25 fps, 0:10.000", "p0/v/low        33.08   same  same  34.84"} {
		if !strings.Contains(b.String(), line) {
			t.Errorf("no %q in\n%s", line, b.String())
		}
	}
}

// TestRun_ReferenceFindings: what does not fit, and rungs in the wrong order.
func TestRun_ReferenceFindings(t *testing.T) {
	for _, c := range []struct {
		name   string
		camera *camera
		length media.Span
		found  string
	}{
		{"in order", ladderOf(constant(8), constant(4)), 10, ""},
		{"the same", ladderOf(constant(0), constant(0)), 10, ""},
		{"inverted", ladderOf(constant(4), constant(8)), 10, "warning reference.quality-inversion p0/v/high"},
		{"inverted in a segment", ladderOf(constant(6), func(t float64) int {
			if t >= 4 && t < 6 {
				return 12
			}
			return 1
		}), 10, "warning reference.quality-inversion p0/v/high #2 @4"},
		{"hardly inverted", ladderOf(func(t float64) int { return int(t*25) % 25 / 24 }, constant(0)), 10, ""},
		{"reference too short", ladderOf(constant(4), constant(2)), 6, "warning reference.misfit p0/v/low\nwarning reference.misfit p0/v/high\nwarning reference.misfit"},
		{"reference too long", ladderOf(constant(4), constant(2)), 14, "warning reference.misfit"},
		{"something else", &camera{other: highWidth}, 10, "warning reference.misfit p0/v/high\nwarning reference.quality-inversion p0/v/high"},
		{"nothing moves", &camera{still: highWidth, off: map[int]func(float64) int{}}, 10, "warning reference.misfit p0/v/high\nwarning reference.quality-inversion p0/v/high"},
	} {
		t.Run(c.name, func(t *testing.T) {
			want(t, "findings", found(run(t, rungs(c.length), against(c.camera))), c.found)
		})
	}
}

// TestRun_ReferenceFloats compares a playlist with transport-stream times, and a presentation of two periods.
func TestRun_ReferenceFloats(t *testing.T) {
	files := rungs(10)
	for name, f := range playlists() {
		files[name] = f
	}
	files["m.mpd"] = playlists()["m.mpd"]
	r := run(t, files, against(&camera{}))
	compared := 0
	for _, x := range r.Tracks {
		if l := x.Likeness; l != nil {
			compared++
			if l.Identical != l.Pictures || l.Unmatched != 0 || l.PSNR.Average.Known() || l.SSIM.All != 1 {
				t.Errorf("%s: %+v", x.ID, l)
			}
		}
	}
	if compared == 0 {
		t.Errorf("nothing is compared: %s", lines(r))
	}
}

// TestRun_ReferenceRefused: what cannot be compared with says so, and leaves nothing behind.
func TestRun_ReferenceRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(fstest.MapFS, *check.Options)
		want   string
	}{
		{"missing", func(_ fstest.MapFS, o *check.Options) { o.Reference = "mem:///no.mpd" }, "no.mpd"},
		{"sound alone", func(f fstest.MapFS, o *check.Options) {
			f["ref.mpd"] = &fstest.MapFile{Data: []byte(head + audio + tail)}
		}, "there are no pictures in it"},
		{"broken", func(f fstest.MapFS, _ *check.Options) {
			for i := range 5 {
				f[fmt.Sprintf("ref-%d", i+1)] = &fstest.MapFile{Data: []byte("<html>")}
			}
		}, "mem:///ref.mpd: "},
		{"nothing decoded", func(_ fstest.MapFS, o *check.Options) { o.Decoders = nil }, "nothing is decoded"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := rungs(10)
			o := options(t, files)
			against(&camera{})(&o)
			c.change(files, &o)
			r, err := check.Run(context.Background(), "mem:///m.mpd", o)
			if r != nil || !errors.Is(err, check.ErrReference) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, %v", r, err)
			}
			if n := frame.Live(); n != 0 {
				t.Errorf("%d pictures leaked", n)
			}
		})
	}
}

// TestRun_ReferenceCut ends the check at many moments of the comparison: it ends soon, and leaves no picture behind.
func TestRun_ReferenceCut(t *testing.T) {
	for stop := 1; stop < 400; stop += 97 {
		ctx, cancel := context.WithCancelCause(context.Background())
		c := ladderOf(constant(1), constant(1))
		var shown atomic.Int64
		c.corrupt = func(float64) bool {
			if int(shown.Add(1)) == 750+stop { // the first decoding of each of the three has ended
				cancel(errSpecial)
			}
			return false
		}
		o := options(t, rungs(10))
		against(c)(&o)
		r, err := check.Run(ctx, "mem:///m.mpd", o)
		if !errors.Is(err, errSpecial) || r == nil || r.Complete {
			t.Errorf("at %d: %v", stop, err)
		}
		if n := frame.Live(); n != 0 {
			t.Fatalf("at %d: %d pictures leaked", stop, n)
		}
		cancel(nil)
	}
}

// TestSchema_Everything validates a report with everything that can be in one, as does reading it back.
func TestSchema_Everything(t *testing.T) {
	s := loadSchema(t)
	everything := func(o *check.Options) {
		against(ladderOf(constant(4), constant(8)))(o)
		o.Deep, o.Trace = true, []session.Step{{Length: 8, BitsPerSecond: 300_000}, {Length: 4, BitsPerSecond: 20_000}}
		o.Now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	var first string
	for i := range 3 {
		r := run(t, rungs(10), everything, func(o *check.Options) { o.Jobs = 1 + i })
		conforms(t, s, r)
		if len(r.Sessions) == 0 || r.Tracks[0].Content == nil || r.Tracks[0].Likeness == nil || r.Tracks[2].Content.Loudness == nil || len(r.Tracks[2].Content.Loudness.ShortTerm) != 8 {
			t.Fatalf("not everything: %+v", r)
		}
		got := timeless(t, r)
		if first == "" {
			first = got
		}
		if got != first {
			t.Errorf("with %d jobs\n got %s\nwant %s", 1+i, got, first)
		}
	}
	for _, c := range [][2]string{{`"likeness":{"pictures":250`, `"likeness":{"frames":250`}, {`"offset":0.0`, `"offset":null`}, {`"shortTerm":[`, `"shortTerm":["loud",`}, {`"stalls":[`, `"stalls":[{"at":1},`},
		{`"reference":{"source":`, `"reference":{"name":`}, {`"bars":{"top":0`, `"bars":{"top":-1`}, {`"minTime":0.0}`, `"minTime":null}`}} {
		text := strings.Replace(first, c[0], c[1], 1)
		if text == first {
			t.Fatalf("%s is not in the report", c[0])
		}
		if s.accepts(t, text) {
			t.Errorf("%s passes", c[1])
		}
	}
}

// drawn is what Pictures draws in tests: a JPEG by its first bytes, and by its last one the luma of the picture.
func drawn(v *frame.Video) []byte { return []byte{0xff, 0xd8, 0xff, v.Plane[0].Data[0]} }

// TestRun_Drawn: findings about what is to be seen have a picture of it, and pages show them.
func TestRun_Drawn(t *testing.T) {
	dark := &studio{luma: func(t float64) byte {
		switch {
		case t > 2.99 && t < 5.99:
			return 16
		case t > 6.99 && t < 9.49:
			return 77
		}
		return 0
	}}
	r := run(t, tenSeconds(), deeply(dark), func(o *check.Options) { o.Pictures = drawn })
	want(t, "findings", found(r), "warning content.black p0/v/180p @3\nwarning content.freeze p0/v/180p @7")
	for i, luma := range []byte{16, 77} {
		if p := r.Findings[i].Picture; len(p) != 4 || p[3] != luma {
			t.Errorf("%s: picture %v", r.Findings[i].Code, p)
		}
	}
	var b bytes.Buffer
	if err := check.WriteHTML(&b, r); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), `src="data:image/jpeg;base64,/9j/`); n != 2 {
		t.Errorf("%d pictures on the page", n)
	}
	c := &camera{corrupt: func(t float64) bool { return t > 4.01 && t < 4.05 }}
	c.Depth = 2
	r = run(t, rungs(10), func(o *check.Options) { o.Decoders, o.Pictures = c, drawn })
	want(t, "damage", found(r), "error decode.corrupt-frames p0/v/low @4.04\nerror decode.corrupt-frames p0/v/high @4.04")
	if len(r.Findings[0].Picture) != 4 {
		t.Error("no picture of what is damaged")
	}
	for _, f := range run(t, tenSeconds(), deeply(dark)).Findings {
		if f.Picture != nil {
			t.Error("a picture that nobody asked for")
		}
	}
}

// TestHTML_Plots: a page has a plot for each rung, and one of the loudness.
func TestHTML_Plots(t *testing.T) {
	r := run(t, rungs(10), against(ladderOf(constant(4), constant(8))), func(o *check.Options) { o.Deep = true })
	var b bytes.Buffer
	if err := check.WriteHTML(&b, r); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int{`aria-label="likeness"`: 2, `aria-label="loudness"`: 1, "<h3>p0/v/low</h3>": 1, "Likeness to mem:///ref.mpd": 1, "NaN": 0, "Inf": 0} {
		if n := strings.Count(b.String(), text); n != want {
			t.Errorf("%q is there %d times, want %d", text, n, want)
		}
	}
}
