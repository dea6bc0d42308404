package check_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/mse/msetest/coded"
	"mseplayer/player/check"
	"mseplayer/player/playertest"
)

// slopes is a pattern that goes 3 samples to the right in each picture; late is the parity of lines that are half a picture
// ahead, -1 for none.
func slopes(late int) func(n, x, y int) byte {
	return func(n, x, y int) byte {
		t := float64(n)
		if y&1 == late {
			t += 0.5
		}
		return byte(128 + 90*math.Sin((float64(x)-3*t)/4))
	}
}

// barred has rows of black at the top and the bottom.
func barred(rows int) func(n, x, y int) byte {
	return func(n, x, y int) byte {
		if y < rows || y >= 48-rows {
			return 16
		}
		return slopes(-1)(n, x, y)
	}
}

// show has what decoders put out look or sound like that.
func (m *maker) show(s *studio) { m.opt = deeply(s) }

// loud makes two periods of sound whose levels are those, or two renditions of one.
func (m *maker) loud(first, second float64, periods bool) {
	add(m.files, "b", sound(10))
	other := strings.NewReplacer("a$Number$", "b$Number$", "ainit", "binit").Replace(audio)
	if periods {
		m.files["m.mpd"].Data = []byte(strings.Replace(head, "PT10S", "PT20S", 1) + audio + `</Period><Period id="1" start="PT10S">` + other + tail)
	} else {
		m.files["m.mpd"].Data = []byte(head + strings.Replace(audio, "</AdaptationSet>", `<Representation id="aac2" bandwidth="130000" codecs="mp4a.40.2"><SegmentTemplate duration="2" media="b$Number$" initialization="binit"/></Representation></AdaptationSet>`, 1) + tail)
	}
	made := map[*media.DecoderConfig]float64{}
	s := &studio{level: func(_ float64, cfg *media.DecoderConfig) float64 {
		if _, ok := made[cfg]; !ok {
			made[cfg] = []float64{first, second}[min(1, len(made))]
		}
		return made[cfg]
	}}
	deep := deeply(s)
	m.opt = func(o *check.Options) { deep(o); o.Jobs = 1 }
}

// say puts a property in front of the video's SegmentTemplate.
func (m *maker) say(property string) {
	m.edit("m.mpd", `<SegmentTemplate duration="2" media="v`, property+`<SegmentTemplate duration="2" media="v`)
}

// coded makes the pictures of H.264 with a parameter set outside of the media and others in its segments.
func (m *maker) coded(set string, inband [5]string, codecs string) {
	for n, f := range signalled(m.TB, &media.DecoderConfig{Codec: media.H264, Extradata: record(m.TB, media.H264, set, "")}, "", inband) {
		if n[0] == 'v' {
			m.files[n] = f
		}
	}
	m.edit("m.mpd", "avc1.640028", codecs)
	m.edit("m.mpd", `bandwidth="250000"`, `bandwidth="300000"`)
	m.opt = func(o *check.Options) { o.Decoders = nil }
}

// during is luma y from a time on for so long, and else nothing special.
func during(from, length float64, y byte) func(float64) byte {
	return func(t float64) byte {
		if t > from-0.01 && t < from+length-0.01 {
			return y
		}
		return 0
	}
}

const (
	v = "p0/v/180p"
	a = "p0/a/aac"
)

// moreFaults go on with faults: those that only a look at the content shows, and what the manifest says of the media. Those
// without a code come close to the one before them.
var moreFaults = []struct {
	name string
	make func(*maker) verdictOn
}{
	{"black", func(m *maker) verdictOn {
		at := 2 + m.IntN(3)
		m.show(&studio{luma: during(float64(at), 2.2+2*m.Float64(), 16)})
		return verdictOn{"content.black", v, anywhere, float64(at), ""}
	}},
	{"black for a moment", func(m *maker) verdictOn {
		m.show(&studio{luma: during(float64(2+m.IntN(3)), 0.5+m.Float64(), 16)})
		return verdictOn{}
	}},
	{"a picture that stands still", func(m *maker) verdictOn {
		at := 2 + m.IntN(3)
		m.show(&studio{luma: during(float64(at), 2.2+2*m.Float64(), 99)})
		return verdictOn{"content.freeze", v, anywhere, float64(at), ""}
	}},
	{"a picture that stands still for a moment", func(m *maker) verdictOn {
		m.show(&studio{luma: during(float64(2+m.IntN(3)), 0.5+m.Float64(), 99)})
		return verdictOn{}
	}},
	{"silence", func(m *maker) verdictOn {
		from := float64(2 + m.IntN(3))
		m.show(&studio{level: func(t float64, _ *media.DecoderConfig) float64 {
			if t >= from && t < from+2.5 {
				return 0
			}
			return 0.1
		}})
		return verdictOn{"content.silence", a, anywhere, nowhere, ""}
	}},
	{"a pause", func(m *maker) verdictOn {
		from := float64(2 + m.IntN(3))
		m.show(&studio{level: func(t float64, _ *media.DecoderConfig) float64 {
			if t >= from && t < from+1.5 {
				return 0
			}
			return 0.1
		}})
		return verdictOn{}
	}},
	{"sound that is cut off", func(m *maker) verdictOn {
		from := float64(2 + m.IntN(3))
		m.show(&studio{level: func(t float64, _ *media.DecoderConfig) float64 {
			if t >= from && t < from+0.5 {
				return 1.5 + m.Float64()
			}
			return 0.1
		}})
		return verdictOn{"content.clipping", a, anywhere, nowhere, "content.loudness"}
	}},
	{"sound that is too quiet", func(m *maker) verdictOn {
		m.show(&studio{level: func(float64, *media.DecoderConfig) float64 { return 0.004 + 0.005*m.Float64() }})
		return verdictOn{"content.loudness", a, anywhere, nowhere, ""}
	}},
	{"a period that is louder", func(m *maker) verdictOn {
		m.loud(0.1, 0.17+0.1*m.Float64(), true)
		return verdictOn{"content.loudness-jump", "p1/a/aac", anywhere, 10, "timing.period-gap manifest.duration-mismatch segment.timeline-mismatch timing.overlap"}
	}},
	{"a period that is a little louder", func(m *maker) verdictOn {
		m.loud(0.1, 0.1+0.03*m.Float64(), true)
		return verdictOn{}
	}},
	{"a rendition that is louder", func(m *maker) verdictOn {
		m.loud(0.1, 0.17+0.1*m.Float64(), false)
		return verdictOn{"content.loudness-jump", "p0/a/aac2", anywhere, nowhere, ""}
	}},
	{"bars", func(m *maker) verdictOn {
		m.show(&studio{draw: barred(2 + m.IntN(8))})
		return verdictOn{"content.letterbox", v, anywhere, nowhere, "manifest.resolution-mismatch"}
	}},
	{"no bars", func(m *maker) verdictOn {
		m.show(&studio{draw: barred(0)})
		return verdictOn{}
	}},
	{"another language in the media", func(m *maker) verdictOn {
		m.edit("m.mpd", `lang="en"`, fmt.Sprintf(`lang="%s"`, []string{"fr", "de-AT", "ja"}[m.IntN(3)]))
		m.show(&studio{})
		return verdictOn{"content.language", a, anywhere, nowhere, ""}
	}},
	{"the same language, with a region", func(m *maker) verdictOn {
		m.edit("m.mpd", `lang="en"`, fmt.Sprintf(`lang="%s"`, []string{"en-US", "eng", "en-GB"}[m.IntN(3)]))
		m.show(&studio{})
		return verdictOn{}
	}},
	{"fields that nobody says", func(m *maker) verdictOn {
		m.show(&studio{draw: slopes(m.IntN(2))})
		return verdictOn{"content.interlaced", v, anywhere, nowhere, ""}
	}},
	{"fields in the other order", func(m *maker) verdictOn {
		late := m.IntN(2)
		m.show(&studio{draw: slopes(late), woven: true, bottomFirst: late == 1})
		return verdictOn{"content.field-order", v, anywhere, nowhere, "content.interlaced"}
	}},
	{"damaged pictures", func(m *maker) verdictOn {
		m.opt = func(o *check.Options) {
			o.Decoders, o.Cores = &racy{Factory: playertest.Factory{Depth: 2}}, 1+m.IntN(4)
		}
		return verdictOn{"decode.corrupt-frames", v, anywhere, nowhere, ""}
	}},
	{"a picture that the decoder rejects", func(m *maker) verdictOn {
		b := pictures(10)
		i := 30 + m.IntN(200)
		b.Tracks[0].Samples[i].Data = []byte("bad")
		add(m.files, "v", b)
		return verdictOn{"decode.error", v, anywhere, nowhere, ""}
	}},
	{"a format without a decoder", func(m *maker) verdictOn {
		m.opt = func(o *check.Options) { o.Decoders = &playertest.Factory{Depth: 2, Refuse: media.H264} }
		return verdictOn{"decode.unsupported", v, anywhere, nowhere, ""}
	}},
	{"pictures whose size changes", func(m *maker) verdictOn {
		in := each(coded.AVCFields)
		for i := 1 + m.IntN(4); i < len(in); i++ {
			in[i] = coded.AVCBaseline
		}
		m.coded(coded.AVCFields, in, "avc1.64001e")
		return verdictOn{"decode.parameter-change", v, anywhere, nowhere, "segment.config-mismatch"}
	}},
	{"another parameter set in the initialization segment", func(m *maker) verdictOn {
		m.coded(coded.AVCFields, each(coded.AVCBaseline), "avc1.42c00d")
		return verdictOn{"segment.config-mismatch", v, 0, 0, "manifest.codecs-mismatch"}
	}},
	{"the same parameter set again", func(m *maker) verdictOn {
		m.coded(coded.AVCFields, each(coded.AVCFields), "avc1.64001e")
		return verdictOn{}
	}},
	{"another sampling rate in the manifest", func(m *maker) verdictOn {
		m.edit("m.mpd", `audioSamplingRate="48000"`, fmt.Sprintf(`audioSamplingRate="%d"`, []int{44100, 32000, 96000}[m.IntN(3)]))
		return verdictOn{"manifest.audio-mismatch", a, anywhere, nowhere, ""}
	}},
	{"another frame rate in the manifest", func(m *maker) verdictOn {
		m.edit("m.mpd", `frameRate="25"`, fmt.Sprintf(`frameRate="%s"`, []string{"24", "30000/1001", "50"}[m.IntN(3)]))
		return verdictOn{"manifest.framerate-mismatch", v, anywhere, nowhere, ""}
	}},
	{"too low a bandwidth in the manifest", func(m *maker) verdictOn {
		m.edit("m.mpd", `bandwidth="250000"`, fmt.Sprintf(`bandwidth="%d"`, 50000+m.IntN(100000)))
		return verdictOn{"manifest.bandwidth-exceeded", v, anywhere, nowhere, ""}
	}},
	{"a high dynamic range that is not there", func(m *maker) verdictOn {
		m.say(fmt.Sprintf(`<SupplementalProperty schemeIdUri="urn:mpeg:mpegB:cicp:TransferCharacteristics" value="%d"/>`, []int{16, 18}[m.IntN(2)]))
		return verdictOn{"manifest.color-mismatch", v, anywhere, nowhere, ""}
	}},
	{"a plain range", func(m *maker) verdictOn {
		m.say(fmt.Sprintf(`<SupplementalProperty schemeIdUri="urn:mpeg:mpegB:cicp:TransferCharacteristics" value="%d"/>`, []int{1, 6, 14}[m.IntN(3)]))
		return verdictOn{}
	}},
	{"samples that are not square", func(m *maker) verdictOn {
		b := pictures(10)
		config := *b.Tracks[0].Entries[0].DecoderConfig
		config.SARNum, config.SARDen = 4, 3
		b.Tracks[0].Entries[0].DecoderConfig = &config
		add(m.files, "v", b)
		m.edit("m.mpd", `width="320"`, `sar="1:1" width="320"`)
		return verdictOn{"manifest.sar-mismatch", v, anywhere, nowhere, ""}
	}},
	{"sound for pictures", func(m *maker) verdictOn {
		m.edit("m.mpd", `media="v$Number$" initialization="vinit"`, `media="a$Number$" initialization="ainit"`)
		return verdictOn{"manifest.mimetype-mismatch", v, anywhere, nowhere, ""}
	}},
	{"a codecs string that is malformed", func(m *maker) verdictOn {
		m.edit("m.mpd", "avc1.640028", fmt.Sprintf("avc1.%dz", m.IntN(99)))
		return verdictOn{"manifest.invalid", "", anywhere, nowhere, ""}
	}},
	{"an index of a segment with another size", func(m *maker) verdictOn {
		i := m.inner()
		f := m.files[fmt.Sprint("v", i)]
		f.Data = append(sidx(uint32(50*(i-1)), reference{uint32(len(f.Data) + 1 + m.IntN(100)), 50, 1}), f.Data...)
		return verdictOn{"segment.sidx-mismatch", v, i - 1, at(i), ""}
	}},
	{"an index of a segment", func(m *maker) verdictOn {
		i := m.inner()
		f := m.files[fmt.Sprint("v", i)]
		f.Data = append(sidx(uint32(50*(i-1)), reference{uint32(len(f.Data)), 50, 1}), f.Data...)
		return verdictOn{}
	}},
	{"an event that is over", func(m *maker) verdictOn {
		m.files["v3"].Data = append(emsg(uint64(500+m.IntN(2000)), 1), m.files["v3"].Data...)
		return verdictOn{"timing.event", v, anywhere, nowhere, ""}
	}},
	{"an event in time", func(m *maker) verdictOn {
		m.files["v3"].Data = append(emsg(uint64(4000+m.IntN(5000)), 1), m.files["v3"].Data...)
		return verdictOn{}
	}},
	{"fragments exchanged", func(m *maker) verdictOn {
		m.files["v2"].Data = append(pictures(10).Segment(2, 3, 4, 1), pictures(10).Segment(3, 2, 3, 1)...)
		return verdictOn{"timing.non-monotonic-dts", v, 1, nowhere, ""}
	}},
	{"two pictures at the same time", func(m *maker) verdictOn {
		b := pictures(10)
		i := 60 + m.IntN(100)
		for b.Tracks[0].Samples[i].Key || b.Tracks[0].Samples[i-1].Key {
			i++
		}
		b.Tracks[0].Samples[i].PTS = b.Tracks[0].Samples[i-1].PTS
		add(m.files, "v", b)
		return verdictOn{"timing.duplicate-pts", v, anywhere, nowhere, "timing.gap"}
	}},
	{"sound that ends first", func(m *maker) verdictOn {
		m.edit("m.mpd", `duration="2" media="a`, fmt.Sprintf(`duration="2" endNumber="%d" media="a`, 2+m.IntN(3)))
		return verdictOn{"timing.end-mismatch", a, anywhere, nowhere, ""}
	}},
	{"a pause between periods", func(m *maker) verdictOn {
		later := 11 + m.IntN(5)
		m.edit("m.mpd", "PT10S", fmt.Sprintf("PT%dS", later+10))
		m.edit("m.mpd", tail, fmt.Sprintf(`</Period><Period id="1" start="PT%dS">`, later)+video+audio+tail)
		m.edit("m.mpd", `<Period id="0" start="PT0S">`, `<Period id="0" start="PT0S" duration="PT10S">`)
		return verdictOn{"timing.period-gap", "", anywhere, nowhere, "manifest.duration-mismatch"}
	}},
	{"segments that overlap in the list", func(m *maker) verdictOn {
		i := 1 + m.IntN(3)
		m.edit("m.mpd", `<SegmentTemplate duration="2" media="v$Number$" initialization="vinit"/>`, fmt.Sprintf(
			`<SegmentTemplate media="v$Number$" initialization="vinit" timescale="1"><SegmentTimeline><S t="0" d="2" r="%d"/><S t="%d" d="2" r="%d"/></SegmentTimeline></SegmentTemplate>`, i-1, 2*i-1, 4-i))
		return verdictOn{"manifest.timeline-overlap", v, anywhere, nowhere, "segment.timeline-mismatch manifest.duration-mismatch"}
	}},
	{"a format that the browser does not have", func(m *maker) verdictOn {
		m.files["m.mpd"].Data = []byte(head + video + strings.Replace(audio, "mp4a.40.2", "ac-3", 1) + tail)
		b := sound(10)
		config := *b.Tracks[0].Entries[0].DecoderConfig
		config.Codec, config.Extradata = media.AC3, []byte{0x10, 0x3d, 0x40}
		b.Tracks[0].Entries[0] = msetest.BuilderEntry{DecoderConfig: &config}
		add(m.files, "a", b)
		m.opt = func(o *check.Options) { o.Profile = []string{"chrome", "firefox"}[m.IntN(2)] }
		return verdictOn{"player.codec-unsupported", a, anywhere, nowhere, "manifest.audio-mismatch timing.drift"}
	}},
	{"key frames at other times", func(m *maker) verdictOn {
		add(m.files, "w", pictures(10))
		for i, s := range pictures(10).Segments(2.2, 1) {
			m.files[fmt.Sprintf("w%d", i+1)].Data = s
		}
		two := strings.Replace(video, "</AdaptationSet>", `<Representation id="w" bandwidth="260000" codecs="avc1.640028" width="320" height="180" frameRate="25"><SegmentTemplate duration="2" media="w$Number$" initialization="winit"/></Representation></AdaptationSet>`, 1)
		m.files["m.mpd"].Data = bytes.Replace(m.files["m.mpd"].Data, []byte(video), []byte(two), 1)
		return verdictOn{"switching.misaligned-keyframes", "", anywhere, nowhere,
			"timing.overlap segment.timeline-mismatch segment.duration-deviates timing.drift segment.missing manifest.bandwidth-exceeded manifest.timescale-mismatch"}
	}},
}

// elsewhere lists the rules that the generator does not break, with the test that breaks them and keeps them.
var elsewhere = map[string]string{
	"manifest.unreadable":            "TestRun_Unopened",
	"manifest.limits":                "TestRun_GivesUp",
	"manifest.update-stale":          "TestRun_LiveUpdates",
	"manifest.update-changed":        "TestRun_LiveUpdates",
	"manifest.update-patch":          "TestRun_LiveUpdates",
	"live.publish-time":              "TestWatcher",
	"live.segment-changed":           "TestWatcher",
	"live.not-updated":               "TestRun_LiveFindings",
	"live.sequence-back":             "TestRun_LiveFindings",
	"live.sequence-jump":             "TestRun_LiveFindings",
	"live.discontinuity-jump":        "TestRun_LiveFindings",
	"segment.init-mismatch":          "TestRun_Init",
	"segment.sparse-random-access":   "TestRun_FrameOrder",
	"timing.pts-before-dts":          "TestJudgeOrder_BeforeDecoding",
	"timing.edit-list":               "TestRun_Places",
	"switching.open-gop":             "TestRun_FrameOrder",
	"switching.corrupt-after-switch": "TestRun_DeepSwitching",
	"drm.wrong-key":                  "TestRun_Encrypted",
	"drm.unsupported-system":         "TestRun_Encrypted",
	"text.unreadable":                "TestRun_Text",
	"text.empty":                     "TestRun_Text",
	"text.outside-timeline":          "TestRun_Text",
	"network.failed":                 "TestRun_Network",
	"reference.misfit":               "TestRun_ReferenceFindings",
	"reference.quality-inversion":    "TestRun_ReferenceFindings",
}

// TestRules_Tested checks that a fault of the generator breaks each rule, or a test that is named.
func TestRules_Tested(t *testing.T) {
	names, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var sources []byte
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, b...)
	}
	told := map[string]bool{}
	for n, c := range slices.Concat(faults, moreFaults) {
		m := &maker{Rand: rand.New(rand.NewPCG(0, uint64(n))), TB: t, files: tenSeconds(), opt: func(*check.Options) {}}
		for _, code := range strings.Fields(c.make(m).codes) {
			told[code] = true
		}
	}
	known := map[string]bool{}
	for _, r := range check.Rules() {
		test, named := elsewhere[r.Code]
		known[r.Code] = true
		switch {
		case told[r.Code] && named:
			t.Errorf("%s: the generator breaks it, so it needs no entry", r.Code)
		case named && !bytes.Contains(sources, []byte("\nfunc "+test+"(t ")):
			t.Errorf("%s: there is no %s", r.Code, test)
		case !told[r.Code] && !named:
			t.Errorf("%s: nothing breaks it", r.Code)
		}
	}
	for code := range elsewhere {
		if !known[code] {
			t.Errorf("%s is no rule", code)
		}
	}
}
