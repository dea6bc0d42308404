package check_test

import (
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/player/check"
	"mseplayer/player/decode"
	"mseplayer/player/frame"
	"mseplayer/player/playertest"
	"mseplayer/player/session"
)

// studio makes decoders whose pictures and sound have content. Times are of the buffer, which begins at 16 s.
type studio struct {
	playertest.Factory
	// luma of the picture at t, level of the sound at t, up to 1.
	luma func(t float64) byte
	// bars are the parts of the width and of the height, on either side, that are black.
	bars  [2]float64
	level func(t float64, cfg *media.DecoderConfig) float64
	// strict loses pictures before the random access point that decoding begins with.
	strict bool
	// draw is the luma at (x, y) of picture n of 64x48; bottomFirst and woven are what the bitstream says of its fields.
	draw               func(n, x, y int) byte
	woven, bottomFirst bool
}

func (s *studio) NewVideo(c *media.DecoderConfig, o decode.Options) (decode.VideoDecoder, error) {
	d, err := s.Factory.NewVideo(c, o)
	p := &painter{s: s}
	p.VideoDecoder = playertest.Through{VideoDecoder: d, Show: p.paint}
	return p, err
}

func (s *studio) NewAudio(c *media.DecoderConfig, o decode.Options) (decode.AudioDecoder, error) {
	d, err := s.Factory.NewAudio(c, o)
	return &singer{d, s, c}, err
}

type painter struct {
	decode.VideoDecoder
	s     *studio
	first media.Opt
}

func (p *painter) paint(v *frame.Video, emit func(*frame.Video) error) error {
	if p.s.strict && v.PTS < p.first.T {
		v.Release()
		return nil
	}
	if p.s.draw != nil {
		const w, h = 64, 48
		v.Width, v.Height, v.Crop = w, h, frame.Rect{W: w, H: h}
		b := make([]byte, w*h)
		for i := range b {
			b[i] = p.s.draw(int(math.Round(float64(v.PTS)*25)), i%w, i/w)
		}
		v.Plane[0] = frame.Plane{Data: b, Stride: w}
		v.Interlaced, v.TopFirst = p.s.woven, p.s.woven && !p.s.bottomFirst
		return emit(v)
	}
	y := byte(40 + int(math.Round(float64(v.PTS)*25))%150)
	if p.s.luma != nil {
		if l := p.s.luma(float64(v.PTS) - 16); l > 0 {
			y = l
		}
	}
	for i := range v.Plane[0].Data {
		v.Plane[0].Data[i] = y
	}
	if p.s.bars != [2]float64{} {
		p.bar(v)
	}
	return emit(v)
}

// bar blackens the edges.
func (p *painter) bar(v *frame.Video) {
	side, top := int(p.s.bars[0]*float64(v.Width)), int(p.s.bars[1]*float64(v.Height))
	data := make([]byte, v.Width*v.Height) // the rows of the picture are one and the same
	for i := range data {
		data[i] = v.Plane[0].Data[0]
		if x, y := i%v.Width, i/v.Width; x < side || x >= v.Width-side || y < top || y >= v.Height-top {
			data[i] = 16
		}
	}
	v.Plane[0] = frame.Plane{Data: data, Stride: v.Width}
}

func (p *painter) Decode(f *media.CodedFrame, emit func(*frame.Video) error) error {
	if !p.first.Set {
		p.first = media.Some(f.PTS)
	}
	return p.VideoDecoder.Decode(f, emit)
}

type singer struct {
	decode.AudioDecoder
	s *studio
	c *media.DecoderConfig
}

func (p *singer) sing(emit func(*frame.Audio) error) func(*frame.Audio) error {
	return func(a *frame.Audio) error {
		n := a.Format.Channels
		for i := range a.Samples {
			t := float64(a.PTS) - 16 + float64(i/n)/float64(a.Format.Rate)
			level := 0.1
			if p.s.level != nil {
				level = p.s.level(t, p.c)
			}
			a.Samples[i] = float32(min(1, max(-1, level*math.Sin(2*math.Pi*997*t))))
		}
		return emit(a)
	}
}

func (p *singer) Decode(f *media.CodedFrame, emit func(*frame.Audio) error) error {
	return p.AudioDecoder.Decode(f, p.sing(emit))
}

func (p *singer) Drain(emit func(*frame.Audio) error) error {
	return p.AudioDecoder.Drain(p.sing(emit))
}

// deeply checks with the content of a studio.
func deeply(s *studio) func(*check.Options) {
	s.Depth = 2
	return func(o *check.Options) { o.Deep, o.Decoders = true, s }
}

// TestRun_DeepContent finds what is odd about pictures and sound at the right time, and nothing when nobody asks.
func TestRun_DeepContent(t *testing.T) {
	between := func(from, to float64, y byte) func(float64) byte {
		return func(t float64) byte {
			if t > from-0.01 && t < to-0.01 {
				return y
			}
			return 0
		}
	}
	sound := func(level, from, to, other float64) func(float64, *media.DecoderConfig) float64 {
		return func(t float64, _ *media.DecoderConfig) float64 {
			if t >= from && t < to {
				return other
			}
			return level
		}
	}
	for _, c := range []struct {
		name   string
		studio *studio
		found  string
	}{
		{"nothing", &studio{}, ""},
		{"black", &studio{luma: between(3, 6, 16)}, "warning content.black p0/v/180p @3"},
		{"black at the end", &studio{luma: between(7, 11, 16)}, "info content.black p0/v/180p @7"},
		{"black throughout", &studio{luma: between(0, 11, 16)}, "warning content.black p0/v/180p @0"},
		{"short black", &studio{luma: between(3, 4.9, 16)}, ""},
		{"freeze", &studio{luma: between(2, 5, 99)}, "warning content.freeze p0/v/180p @2"},
		{"letterbox", &studio{Factory: playertest.Factory{Sized: true}, bars: [2]float64{0, 0.12}}, "info content.letterbox p0/v/180p"},
		{"upright", &studio{Factory: playertest.Factory{Sized: true}, bars: [2]float64{0.34, 0}}, "info content.letterbox p0/v/180p"},
		{"both", &studio{Factory: playertest.Factory{Sized: true}, bars: [2]float64{0.12, 0.12}}, "info content.letterbox p0/v/180p"},
		{"a title on black", &studio{Factory: playertest.Factory{Sized: true}, bars: [2]float64{0.25, 0.25}}, ""},
		{"silence", &studio{level: sound(0.1, 3, 6, 0)}, "warning content.silence p0/a/aac @3"},
		{"silence at the start", &studio{level: sound(0.1, -1, 4, 0)}, "info content.silence p0/a/aac @0"},
		{"clipping", &studio{level: sound(0.1, 5, 5.5, 2)}, "warning content.clipping p0/a/aac @5\ninfo content.loudness p0/a/aac"},
		{"too loud", &studio{level: sound(0.8, 0, 0, 0)}, "warning content.loudness p0/a/aac"},
		{"too quiet", &studio{level: sound(0.005, 0, 0, 0)}, "warning content.loudness p0/a/aac"},
		{"peak", &studio{level: sound(0.1, 5, 5.2, 0.99)}, "info content.loudness p0/a/aac"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := run(t, tenSeconds(), deeply(c.studio))
			got := found(r)
			if i := strings.LastIndex(got, "@"); i >= 0 && len(r.Findings) == 1 { // sound comes in blocks
				got = got[:i] + fmt.Sprintf("@%g", math.Round(float64(r.Findings[0].Time)*10)/10+0)
			}
			if c.name == "clipping" {
				got = strings.Replace(got, sec(r.Findings[0].Time), "5", 1)
			}
			want(t, "findings", got, c.found)
			if r.Tracks[0].Content == nil || r.Tracks[1].Content.Loudness == nil || len(r.Tracks[0].SegmentList) != 5 {
				t.Errorf("%+v", r.Tracks)
			}
		})
	}
	r := run(t, tenSeconds(), func(o *check.Options) { o.Decoders = &studio{luma: between(0, 11, 16)} })
	if want(t, "not deep", found(r), ""); r.Tracks[0].Content != nil {
		t.Errorf("%+v", r.Tracks[0])
	}
}

// TestRun_DeepDamaged says nothing about what is left of sound that the decoder rejects most of.
func TestRun_DeepDamaged(t *testing.T) {
	for _, c := range []struct {
		name  string
		bad   func(i int) bool
		found string
	}{
		{"a quarter", func(i int) bool { return i%4 == 3 }, "error decode.error p0/a/aac @0.042667\nwarning content.silence p0/a/aac @-0.021333"},
		{"three quarters", func(i int) bool { return i%4 < 3 }, "error decode.error p0/a/aac @-0.021333"},
	} {
		files := tenSeconds()
		b := sound(10)
		for i := range b.Tracks[0].Samples {
			if c.bad(i) {
				b.Tracks[0].Samples[i].Data = []byte("bad")
			}
		}
		add(files, "a", b)
		want(t, c.name, found(run(t, files, deeply(&studio{level: func(float64, *media.DecoderConfig) float64 { return 0 }}))), c.found)
	}
}

// TestRun_DeepLoudness measures a sine of a known level, and compares renditions and periods.
func TestRun_DeepLoudness(t *testing.T) {
	files := tenSeconds()
	add(files, "b", sound(10))
	second := `<Representation id="loud" bandwidth="140000" codecs="mp4a.40.2" audioSamplingRate="48000"><SegmentTemplate duration="2" media="b$Number$" initialization="binit"/></Representation></AdaptationSet>`
	files["m.mpd"].Data = []byte(head + strings.Replace(audio, "</AdaptationSet>", second, 1) + tail)
	for _, c := range []struct {
		second float64
		found  string
	}{{0.1, ""}, {0.13, ""}, {0.2, "warning content.loudness-jump p0/a/loud"}, {0.05, "warning content.loudness-jump p0/a/aac"}} {
		// The decoders are made one after the other, that of the first rendition first.
		made := map[*media.DecoderConfig]float64{}
		s := &studio{level: func(_ float64, cfg *media.DecoderConfig) float64 {
			if _, ok := made[cfg]; !ok {
				made[cfg] = []float64{0.1, c.second}[min(1, len(made))]
			}
			return made[cfg]
		}}
		r := run(t, files, deeply(s), func(o *check.Options) { o.Jobs = 1 })
		want(t, fmt.Sprint(c.second), found(r), c.found)
		if l := float64(r.Tracks[0].Content.Loudness.Integrated); math.Abs(l+20) > 0.1 { // two channels of a sine at -20 dBFS
			t.Errorf("%v LUFS", l)
		}
	}
}

// twoRungs is a presentation of two representations of ten seconds; change alters the builder of the second one.
func twoRungs(change func(b *msetest.Builder)) fstest.MapFS {
	files := fstest.MapFS{}
	add(files, "v", pictures(10))
	b := pictures(10)
	b.Tracks[0].Entries[0].Width = 640
	change(b)
	add(files, "w", b)
	files["m.mpd"] = &fstest.MapFile{Data: []byte(head + strings.Replace(video, "</AdaptationSet>",
		`<Representation id="big" bandwidth="900000" codecs="avc1.640028" frameRate="25"><SegmentTemplate duration="2" media="w$Number$" initialization="winit"/></Representation></AdaptationSet>`, 1) + tail)}
	return files
}

// TestRun_DeepSwitching switches between representations that go together, and between others.
func TestRun_DeepSwitching(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(b *msetest.Builder)
		found  string
	}{
		{"together", func(*msetest.Builder) {}, ""},
		{"open groups", func(b *msetest.Builder) {
			// Each random access point from the second on comes before the two pictures that precede it.
			s := b.Tracks[0].Samples
			for i := 25; i+2 < len(s); i += 25 {
				s[i].PTS, s[i+1].PTS, s[i+2].PTS = s[i+2].PTS, s[i].PTS, s[i+1].PTS
			}
		}, "info switching.open-gop p0/v/big #1 @2\nerror switching.corrupt-after-switch p0/v/big #1 @2\nerror switching.corrupt-after-switch p0/v/big #2 @4\nwarning switching.misaligned-keyframes @2"},
		{"apart", func(b *msetest.Builder) {
			for i := range b.Tracks[0].Samples {
				b.Tracks[0].Samples[i].Key = i == 0 || i%50 == 10
			}
		}, "error switching.corrupt-after-switch p0/v/big #1 @2\nerror switching.corrupt-after-switch p0/v/big #2 @4\nwarning switching.misaligned-keyframes @2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := run(t, twoRungs(c.change), deeply(&studio{strict: true}))
			var got []string
			for _, l := range strings.Split(found(r), "\n") {
				if !strings.Contains(l, "no-random-access") && !strings.Contains(l, "content.") {
					got = append(got, l)
				}
			}
			want(t, "findings", strings.Join(got, "\n"), c.found)
			if !slices.ContainsFunc(r.Tracks, func(x check.Track) bool { return x.Representation == "big" && n(x.FramesDecoded) == "250" }) {
				t.Errorf("tracks\n%s", lines(r))
			}
		})
	}
	// Three seconds are enough for two segments and one border.
	r := run(t, twoRungs(func(*msetest.Builder) {}), deeply(&studio{strict: true}), func(o *check.Options) { o.MaxDuration = 3 })
	want(t, "the start", found(r), "")
	// What is wrong without switches is not said again.
	files := twoRungs(func(b *msetest.Builder) { b.Tracks[0].Samples[60].Data = []byte("bad") })
	want(t, "rejected", found(run(t, files, deeply(&studio{strict: true}))), "error decode.error p0/v/big @2.48")
}

// TestRun_DeepLanguage compares languages of the manifest with each other.
func TestRun_DeepLanguage(t *testing.T) {
	files := tenSeconds()
	add(files, "b", sound(10))
	other := strings.NewReplacer(`id="a" lang="en"`, `id="b"`, "a$Number$", "b$Number$", "ainit", "binit").Replace(audio)
	files["m.mpd"].Data = []byte(head + audio + other + tail)
	want(t, "one without", found(run(t, files, deeply(&studio{}))), "warning content.language p0/b/aac")
	files["m.mpd"].Data = []byte(head + audio + strings.Replace(other, `id="b"`, `id="b" lang="en-GB"`, 1) + tail)
	want(t, "both", found(run(t, files, deeply(&studio{}))), "")
	files["m.mpd"].Data = []byte(head + audio + strings.Replace(other, `id="b"`, `id="b" lang="sv"`, 1) + tail)
	want(t, "not that of the media", found(run(t, files, deeply(&studio{}))), "warning content.language p0/b/aac")
}

// TestRun_Simulate works out playback of what a check has measured, which needs no decoding.
func TestRun_Simulate(t *testing.T) {
	at := func(kilobits float64) check.Session {
		r := run(t, twoRungs(func(*msetest.Builder) {}), func(o *check.Options) {
			o.Decoders, o.Trace = nil, []session.Step{{Length: 10, BitsPerSecond: kilobits * 1000}}
		})
		if len(r.Sessions) != 1 || r.Sessions[0].Period != "0" || r.Sessions[0].AdaptationSet != "v" {
			t.Fatalf("%+v", r.Sessions)
		}
		return r.Sessions[0]
	}
	slow, fast := at(20), at(20000)
	if slow.StallCount != 4 || fast.StallCount != 0 || slow.Score >= fast.Score || fast.Score <= 1 || slow.MeanBitrate < 150e3 {
		t.Errorf("%+v\n%+v", slow, fast)
	}
	if r := run(t, tenSeconds()); r.Sessions != nil {
		t.Errorf("nobody asked: %+v", r.Sessions)
	}
}

// TestRun_Frames lists the coded frames, of presentations and of files, decoded or not.
func TestRun_Frames(t *testing.T) {
	list := func(files fstest.MapFS, decoders decode.Factory) (*check.Report, [][]string) {
		r := run(t, files, func(o *check.Options) { o.Frames, o.Decoders = true, decoders })
		var b strings.Builder
		if err := r.WriteFrames(&b, true); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		want(t, "names", strings.Join(rows[0], " "), "track segment type pts dts size key corrupt")
		return r, rows[1:]
	}
	files := tenSeconds()
	b := pictures(10)
	b.Tracks[0].Samples[60].Data = []byte("bad")
	add(files, "v", b)
	r, rows := list(files, &playertest.Factory{Depth: 2})
	if len(rows) != 250+469 || r.Tracks[0].Content != nil {
		t.Fatalf("%d rows, %+v", len(rows), r.Tracks[0].Content)
	}
	want(t, "first", strings.Join(rows[0], ","), "p0/v/180p,0,,0.000000,-0.040000,"+rows[0][5]+",1,0")
	want(t, "rejected", strings.Join(rows[60], ","), "p0/v/180p,1,,2.480000,"+rows[60][4]+",3,0,")
	if last := rows[250]; last[0] != "p0/a/aac" || last[3] != "-0.021333" || last[7] != "" {
		t.Errorf("first of the sound: %v", last)
	}
	keys := 0
	for _, x := range rows[:250] {
		if x[6] == "1" {
			keys++
		}
	}
	if keys != 10 {
		t.Errorf("%d random access points", keys)
	}
	if _, rows = list(files, nil); len(rows) != 250+469 || rows[0][7] != "" {
		t.Errorf("not decoded: %d rows, %v", len(rows), rows[0])
	}
	if _, rows = list(fstest.MapFS{"m.mpd": {Data: pictures(10).File(2)}}, &playertest.Factory{Depth: 2}); len(rows) != 250 || rows[0][0] != "p0/0/0" || rows[0][7] != "0" {
		t.Errorf("a file: %d rows, %v", len(rows), rows[0])
	}
	if r := run(t, tenSeconds()); r.Frames != nil {
		t.Error("nobody asked")
	}
}
