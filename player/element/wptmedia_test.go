package element_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
)

// medium is a file of the suite: the real one where MSEPLAYER_MEDIA names the folder of test media, otherwise one that
// is built from the same times.
type medium struct {
	typ      string
	init     []byte
	seg      [][]byte
	times    []segmentTimes
	duration media.Time
	built    bool
	webm     bool
}

// all is the whole file.
func (m medium) all() []byte {
	out := m.init[:len(m.init):len(m.init)]
	for _, s := range m.seg {
		out = append(out, s...)
	}
	return out
}

// segmentTimes are where a segment lies in the file and in time.
type segmentTimes struct {
	offset, size                     int
	video, videoEnd, audio, audioEnd media.Time
	pictures                         int
}

// mainTimes are the segments of mp4/test.mp4, 400x300 and 22050 Hz.
var mainTimes = []segmentTimes{
	{1413, 24034, 0.095, 0.896667, 0, 0.882358, 24},
	{25447, 21757, 0.896667, 1.696667, 0.882358, 1.671837, 24},
	{47204, 23591, 1.696667, 2.498333, 1.671837, 2.461315, 24},
	{70795, 22614, 2.498333, 3.298333, 2.461315, 3.297234, 24},
	{93409, 18353, 3.298333, 4.1, 3.297234, 4.086712, 24},
	{111762, 23935, 4.1, 4.9, 4.086712, 4.87619, 24},
	{135697, 21911, 4.9, 5.701667, 4.87619, 5.665669, 24},
	{157608, 23776, 5.701667, 6.501667, 5.665669, 6.501587, 24},
	{181384, 5843, 6.501667, 6.535033, 6.501587, 6.548118, 1},
}

// webmTimes are those of webm/test.webm, 400x300 and 44100 Hz.
var webmTimes = []segmentTimes{
	{4116, 26583, 0.112, 0.913367, 0, 0.912, 0},
	{30699, 20555, 0.913, 1.713367, 0.912, 1.701, 0},
	{51254, 22668, 1.714, 2.514367, 1.701, 2.514, 0},
	{73922, 21943, 2.515, 3.315367, 2.514, 3.303, 0},
	{95865, 23015, 3.315, 4.116367, 3.303, 4.093, 0},
	{118880, 20406, 4.116, 4.917367, 4.093, 4.906, 0},
	{139286, 21537, 4.917, 5.717367, 4.906, 5.695, 0},
	{160823, 24027, 5.718, 6.518367, 5.695, 6.508, 0},
	{184850, 5941, 6.519, 6.552367, 6.508, 6.532, 0},
}

const (
	webmType  = `video/webm; codecs="vp8, vorbis"`
	mainType  = `video/mp4; codecs="mp4a.40.2,avc1.4d400d"`
	audioType = `audio/mp4; codecs="mp4a.40.2"`
	videoType = `video/mp4; codecs="avc1.4D4001"`
	bothType  = `video/mp4; codecs="avc1.4D4001,mp4a.40.2"`
)

// wptFile reads a file of the suite. ok is false where there are none.
func wptFile(t *testing.T, name string) (data []byte, ok bool) {
	t.Helper()
	root := os.Getenv("MSEPLAYER_MEDIA")
	if root == "" {
		return nil, false
	}
	data, err := os.ReadFile(filepath.Join(root, "wpt", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return data, true
}

// webmRuns reports whether rows are run a second time on WebM: when a MediaSource takes it and the suite's media is
// there.
func webmRuns() bool {
	o := mse.Options{}
	ok, _ := o.IsTypeSupported(webmType)
	return ok && os.Getenv("MSEPLAYER_MEDIA") != ""
}

// main is the file that most tests use.
func (p *page) main() medium {
	p.usesMain = true
	if p.webm {
		data, _ := wptFile(p.t, "webm/test.webm")
		return cut(medium{typ: webmType, times: webmTimes, duration: 6.552, webm: true}, data)
	}
	return mainMP4(p.t)
}

// segment is what segment n alone makes buffered.
func (m medium) segment(n int) (start, end media.Time) {
	s := m.times[n]
	return max(s.video, s.audio), min(s.videoEnd, s.audioEnd)
}

// cut cuts a file into its segments.
func cut(m medium, data []byte) medium {
	m.init = data[:m.times[0].offset]
	for _, s := range m.times {
		m.seg = append(m.seg, data[s.offset:s.offset+s.size])
	}
	return m
}

func mainMP4(t *testing.T) medium {
	m := medium{typ: mainType, times: mainTimes, duration: 6.549}
	if data, ok := wptFile(t, "mp4/test.mp4"); ok {
		return cut(m, data)
	}
	m.built = true
	const vscale, ascale, block, delay = 90000, 22050, 1024, 95
	video := msetest.BuilderTrack{ID: 1, Timescale: vscale, Delay: delay, Label: "VideoHandler", Entries: []msetest.BuilderEntry{{DecoderConfig: msetest.H264Config(400, 300)}}}
	audio := msetest.BuilderTrack{ID: 2, Timescale: ascale, Label: "SoundHandler", Entries: []msetest.BuilderEntry{{DecoderConfig: aac(ascale, 1)}}}
	ticks := func(t media.Time) int64 { return int64(math.Round(float64(t)*vscale)) - delay*vscale/1000 }
	for i, s := range mainTimes {
		v, a := video, audio
		from, to := ticks(s.video), ticks(s.videoEnd)
		for k := range int64(s.pictures) {
			at, next := from+(to-from)*k/int64(s.pictures), from+(to-from)*(k+1)/int64(s.pictures)
			v.Samples = append(v.Samples, msetest.BuilderSample{PTS: at, DTS: at, Dur: next - at, Key: k == 0, Data: msetest.Payload(media.FromTicks(at, vscale), 900)})
		}
		for at := int64(math.Round(float64(s.audio)*ascale/block)) * block; at < int64(float64(s.audioEnd)*ascale)-block/2; at += block {
			a.Samples = append(a.Samples, msetest.BuilderSample{PTS: at, DTS: at, Dur: block, Key: true, Data: msetest.Payload(media.FromTicks(at, ascale), 100)})
		}
		b := &msetest.Builder{Tracks: []msetest.BuilderTrack{v, a}, Duration: media.Span(m.duration)}
		if m.init == nil {
			m.init = b.Init()
		}
		m.seg = append(m.seg, b.Segment(uint32(i+1), -1, 100, 1))
	}
	return m
}

// aac is a configuration of AAC-LC.
func aac(rate, channels int) *media.DecoderConfig {
	index := map[int]int{96000: 0, 48000: 3, 44100: 4, 22050: 7}[rate]
	return &media.DecoderConfig{Kind: media.Audio, Codec: media.AAC, SampleRate: rate, Channels: channels,
		Extradata: []byte{2<<3 | byte(index>>1), byte(index&1)<<7 | byte(channels)<<3}}
}

// secondary is one of the short files: audio of 2.043 s, video of 2 s that begins two pictures late in MP4, or both.
func secondary(t *testing.T, name string) medium {
	video, sound := strings.Contains(name, "test-v-"), strings.Contains(name, "test-a-")
	m := medium{typ: bothType, duration: 2.043, webm: strings.HasSuffix(name, ".webm")}
	types := map[bool][3]string{false: {bothType, videoType, audioType}, true: {`video/webm; codecs="vp8,vorbis"`, `video/webm; codecs="vp8"`, `audio/webm; codecs="vorbis"`}}[m.webm]
	switch {
	case video:
		m.typ, m.duration = types[1], 2
	case sound:
		m.typ = types[2]
	default:
		m.typ = types[0]
	}
	if data, ok := wptFile(t, name); ok {
		at := bytes.Index(data, []byte("moof")) - 4 // where a segment begins may be earlier: what matters is that all is there
		if m.webm {
			at = bytes.Index(data, []byte{0x1f, 0x43, 0xb6, 0x75})
		}
		m.init, m.seg = data[:at], [][]byte{data[at:]}
		return m
	}
	m.built = true
	b := &msetest.Builder{Duration: media.Span(m.duration)}
	if !sound {
		w, h := 320, 240
		if strings.Contains(name, "640x480") {
			w, h = 640, 480
		}
		// Presentation positions in decode order within a group of pictures, which lasts 1/3 s.
		scale, order := uint32(30), []int64{0, 4, 2, 1, 3, 8, 6, 5, 7, 9}
		if strings.Contains(name, "24fps") {
			scale, order = 24, []int64{0, 4, 2, 1, 3, 7, 6, 5}
		}
		v := msetest.BuilderTrack{ID: 1, Timescale: scale, Label: "VideoHandler", Entries: []msetest.BuilderEntry{{DecoderConfig: msetest.H264Config(w, h)}}}
		for i := range int64(2 * scale) {
			n := int64(len(order))
			at := i/n*n + order[i%n] + 2
			v.Samples = append(v.Samples, msetest.BuilderSample{PTS: at, DTS: i, Dur: 1, Key: i%n == 0, Data: msetest.Payload(media.FromTicks(at, scale), 200)})
		}
		b.Tracks = append(b.Tracks, v)
	}
	if !video {
		const rate, block = 44100, 1024
		a := msetest.BuilderTrack{ID: 2, Timescale: rate, Label: "SoundHandler", Entries: []msetest.BuilderEntry{{DecoderConfig: aac(rate, 1)}}}
		for i := range int64(88) {
			a.Samples = append(a.Samples, msetest.BuilderSample{PTS: i * block, DTS: i * block, Dur: block, Key: true, Data: msetest.Payload(media.FromTicks(i*block, rate), 100)})
		}
		b.Tracks = append(b.Tracks, a)
	}
	m.init, m.seg = b.Init(), [][]byte{b.Segment(1, -1, 100, 1)}
	return m
}

// The short files by what is in them.
func audioMedium(t *testing.T) medium { return secondary(t, "mp4/test-a-128k-44100Hz-1ch.mp4") }
func videoMedium(t *testing.T) medium { return secondary(t, "mp4/test-v-128k-320x240-30fps-10kfr.mp4") }
func bothMedium(t *testing.T) medium {
	return secondary(t, "mp4/test-av-384k-44100Hz-1ch-320x240-30fps-10kfr.mp4")
}
