package msetest

import (
	"math"
	"math/rand/v2"

	"mseplayer/mse/media"
)

// MovieSpec says what kind of movie Movie makes. The zero value of a field takes the default in its comment.
type MovieSpec struct {
	Width, Height int        // 1920, 1080
	Length        media.Span // 10 s
	// FrameRate is pictures per second as a fraction, 30000/1001 by default.
	FrameRateNum, FrameRateDen int64
	// GOP is how many pictures lie between random access points, 60 by default.
	GOP int
	// BFrames is how many reordered pictures follow each reference picture, 2 by default; -1 means none.
	BFrames int
	// BitsPerSecond of the video, 8 Mbit/s by default.
	BitsPerSecond int
	// Audio adds a track of AAC, 128 kbit/s.
	Audio bool
	Seed  uint64
}

// Tracks of a Movie.
const (
	MovieVideo uint32 = 1
	MovieAudio uint32 = 2
)

// Movie is a movie with the shape of real content: groups of pictures with reordering, random access points several
// times as large as what follows them, sizes that vary. Each payload tells its presentation time, see Payload;
// nothing else in it can be decoded. Equal specs give equal bytes.
func Movie(m MovieSpec) *Builder {
	m = m.withDefaults()
	b := &Builder{Duration: m.Length}
	b.Tracks = append(b.Tracks, m.video())
	if m.Audio {
		b.Tracks = append(b.Tracks, m.audio())
	}
	return b
}

func (m MovieSpec) withDefaults() MovieSpec {
	set := func(v *int, def int) {
		if *v == 0 {
			*v = def
		}
	}
	set(&m.Width, 1920)
	set(&m.Height, 1080)
	set(&m.GOP, 60)
	set(&m.BFrames, 2)
	set(&m.BitsPerSecond, 8_000_000)
	m.BFrames = max(m.BFrames, 0)
	if m.Length == 0 {
		m.Length = 10
	}
	if m.FrameRateNum == 0 || m.FrameRateDen == 0 {
		m.FrameRateNum, m.FrameRateDen = 30000, 1001
	}
	return m
}

// video makes the pictures. In decode order each reference picture comes before the reordered ones that precede it
// in presentation order; the edit list takes away the delay that this costs.
func (m MovieSpec) video() BuilderTrack {
	r := rand.New(rand.NewPCG(m.Seed, 1))
	scale, dur := m.FrameRateNum, m.FrameRateDen
	delay := int64(0)
	if m.BFrames > 0 {
		delay = dur
	}
	t := BuilderTrack{
		ID: MovieVideo, Timescale: uint32(scale), Label: "VideoHandler", Skip: delay,
		Entries: []BuilderEntry{{DecoderConfig: H264Config(m.Width, m.Height)}},
	}
	count := int(math.Round(float64(m.Length) * float64(scale) / float64(dur)))
	order := m.decodeOrder(count)
	// Relative sizes of the three kinds of pictures; mean makes the bit rate right.
	const key, reference, reordered = 8.0, 1.5, 0.5
	weight := func(i int) float64 {
		switch inGOP := order[i] % m.GOP; {
		case inGOP == 0:
			return key
		case m.BFrames == 0 || m.isReference(order[i], count):
			return reference
		default:
			return reordered
		}
	}
	total := 0.0
	for i := range order {
		total += weight(i)
	}
	bytesPerWeight := float64(m.BitsPerSecond) / 8 * float64(m.Length) / total
	for i, shown := range order {
		size := int(weight(i) * bytesPerWeight * (0.7 + 0.6*r.Float64()))
		pts := int64(shown)*dur + delay
		t.Samples = append(t.Samples, BuilderSample{
			PTS: pts, DTS: int64(i) * dur, Dur: dur, Key: shown%m.GOP == 0,
			Data: Payload(t.time(pts), size),
		})
	}
	return t
}

// isReference reports whether picture n in presentation order is decoded before the reordered ones.
func (m MovieSpec) isReference(n, count int) bool {
	inGOP := n % m.GOP
	last := min(m.GOP, count-n+inGOP) - 1
	return inGOP%(m.BFrames+1) == 0 || inGOP == last
}

// decodeOrder lists the pictures, numbered in presentation order, in decode order. No group reaches into the next.
func (m MovieSpec) decodeOrder(count int) (order []int) {
	waiting := 0 // reordered pictures before the next reference picture
	for n := range count {
		if !m.isReference(n, count) {
			waiting++
			continue
		}
		order = append(order, n)
		for ; waiting > 0; waiting-- {
			order = append(order, n-waiting)
		}
	}
	return order
}

// audio makes AAC frames, with the priming cut off by the edit list.
func (m MovieSpec) audio() BuilderTrack {
	const rate, frame, bitsPerSecond = 48000, 1024, 128_000
	r := rand.New(rand.NewPCG(m.Seed, 2))
	t := BuilderTrack{
		ID: MovieAudio, Timescale: rate, Label: "SoundHandler", Language: "eng", Skip: frame,
		Entries: []BuilderEntry{{DecoderConfig: AACConfig()}},
	}
	count := int(math.Ceil(float64(m.Length)*rate/frame)) + 1
	for i := range count {
		at := int64(i) * frame
		size := int(bitsPerSecond / 8 * frame / rate * (0.9 + 0.2*r.Float64()))
		t.Samples = append(t.Samples, BuilderSample{PTS: at, DTS: at, Dur: frame, Key: true, Data: Payload(t.time(at), size)})
	}
	return t
}

// H264Config is the configuration of a High profile stream. Its parameter sets cannot be decoded.
func H264Config(width, height int) *media.DecoderConfig {
	return &media.DecoderConfig{
		Kind: media.Video, Codec: media.H264, Width: width, Height: height,
		Extradata: []byte{1, 0x64, 0, 0x28, 0xff, 0xe1, 0, 4, 0x67, 0x64, 0, 0x28, 1, 0, 2, 0x68, 0xee},
	}
}

// AACConfig is the configuration of AAC-LC, 48 kHz stereo.
func AACConfig() *media.DecoderConfig {
	return &media.DecoderConfig{Kind: media.Audio, Codec: media.AAC, SampleRate: 48000, Channels: 2, Extradata: []byte{0x11, 0x90}}
}
