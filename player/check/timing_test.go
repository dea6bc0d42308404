package check_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"mseplayer/mse/msetest"
	"mseplayer/player/check"
	"mseplayer/player/playertest"
)

// moved returns a segment whose decode times are later by so many ticks.
func moved(t testing.TB, b []byte, ticks int64) []byte {
	t.Helper()
	b = bytes.Clone(b)
	found := false
	for at := 0; ; {
		i := bytes.Index(b[at:], []byte("tfdt"))
		if i < 0 {
			break
		}
		at += i + 8
		if found = true; b[at-4] == 0 {
			binary.BigEndian.PutUint32(b[at:], uint32(int64(binary.BigEndian.Uint32(b[at:]))+ticks))
		} else {
			binary.BigEndian.PutUint64(b[at:], uint64(int64(binary.BigEndian.Uint64(b[at:]))+ticks))
		}
	}
	if !found {
		t.Fatal("there is no tfdt")
	}
	return b
}

// emsg is an event message of version 1 with a time in milliseconds.
func emsg(at uint64, id uint32) []byte {
	b := []byte{1, 0, 0, 0}
	b = binary.BigEndian.AppendUint32(b, 1000)
	b = binary.BigEndian.AppendUint64(b, at)
	b = binary.BigEndian.AppendUint32(b, 0)
	b = binary.BigEndian.AppendUint32(b, id)
	b = append(b, "urn:x\x00\x00hello"...)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(b))), "emsg"...), b...)
}

// timelined is the video of a manifest with a SegmentTimeline of so many ticks of 1/25 s for each segment.
func timelined(ticks string) string {
	return strings.Replace(video, `duration="2" media="v$Number$" initialization="vinit"/>`, `timescale="25" media="v$Number$" initialization="vinit"><SegmentTimeline>`+ticks+`</SegmentTimeline></SegmentTemplate>`, 1)
}

// TestRun_Places moves, copies and exchanges segments of a good presentation, and changes what the manifest says of their times.
func TestRun_Places(t *testing.T) {
	mpd := func(v, a string) func(fstest.MapFS) {
		return func(f fstest.MapFS) { f["m.mpd"].Data = []byte(head + v + a + tail) }
	}
	say := func(old, with string) func(fstest.MapFS) { return mpd(strings.Replace(video, old, with, 1), audio) }
	shift := func(name string, ticks int64) func(fstest.MapFS) {
		return func(f fstest.MapFS) { f[name].Data = moved(t, f[name].Data, ticks) }
	}
	half := func(f fstest.MapFS) { // of the third segment
		b := pictures(10)
		b.Tracks[0].Samples = append(b.Tracks[0].Samples[:125:125], b.Tracks[0].Samples[150:]...)
		add(f, "v", b)
	}
	long := func(f fstest.MapFS) { // groups of pictures
		add(f, "v", msetest.Movie(msetest.MovieSpec{Width: 320, Height: 180, Length: 10, FrameRateNum: 25, FrameRateDen: 1, GOP: 110, BitsPerSecond: 200_000}))
	}
	both := func(fs ...func(fstest.MapFS)) func(fstest.MapFS) {
		return func(f fstest.MapFS) {
			for _, x := range fs {
				x(f)
			}
		}
	}
	const five = `<S t="0" d="50" r="4"/>`
	for _, c := range []struct {
		name  string
		spoil func(fstest.MapFS)
		found string
	}{
		{"nothing", func(fstest.MapFS) {}, ""},
		{"nothing in a timeline", mpd(timelined(five), audio), ""},
		{"a copy", func(f fstest.MapFS) { f["v4"] = f["v3"] }, "error segment.duplicate p0/v/180p #3 @6\ninfo timing.gap p0/v/180p #3 @6"},
		{"a copy in a timeline", both(mpd(timelined(five), audio), func(f fstest.MapFS) { f["v4"] = f["v3"] }), "error segment.duplicate p0/v/180p #3 @6\ninfo timing.gap p0/v/180p #3 @6"},
		{"exchanged", func(f fstest.MapFS) { f["v2"], f["v3"] = f["v3"], f["v2"] }, "error segment.out-of-order p0/v/180p #1 @2\nerror segment.out-of-order p0/v/180p #2 @4"},
		{"three exchanged", func(f fstest.MapFS) { f["v2"], f["v3"], f["v4"] = f["v3"], f["v4"], f["v2"] },
			"error segment.out-of-order p0/v/180p #1 @2\nerror segment.out-of-order p0/v/180p #2 @4\nerror segment.out-of-order p0/v/180p #3 @6"},
		{"half a second early", shift("v4", -12), "error timing.overlap p0/v/180p #3 @5.52\ninfo timing.gap p0/v/180p #3 @7.52"},
		{"half a second early in a timeline", both(mpd(timelined(five), audio), shift("v4", -12)), "error timing.overlap p0/v/180p #3 @5.52\ninfo timing.gap p0/v/180p #3 @7.52"},
		{"half a second late", shift("v4", 12), "error timing.overlap p0/v/180p #4 @8\ninfo timing.gap p0/v/180p #3 @6"},
		{"two pictures early", shift("v4", -2), ""},
		{"cut through reordered pictures", long, "warning segment.no-random-access p0/v/180p #1 @2\nwarning segment.no-random-access p0/v/180p #3 @6"},
		{"half a second early between key frames", both(long, shift("v4", -12)),
			"warning segment.no-random-access p0/v/180p #1 @2\nwarning segment.no-random-access p0/v/180p #3 @6\nerror timing.overlap p0/v/180p #3 @5.52\ninfo timing.gap p0/v/180p #3 @7.56"},
		{"back to the start", both(shift("v4", -150), shift("v5", -200)), "error timing.reset p0/v/180p #3 @6"},
		{"back by two segments and on", both(shift("v4", -100), shift("v5", -100)), "error timing.reset p0/v/180p #3 @6"},
		{"half as long in the manifest", say(`duration="2" media="v`, `timescale="2" duration="2" media="v`),
			strings.Repeat("info segment.missing p0/v/180p #N @N\n", 5) + "error manifest.timescale-mismatch p0/v/180p #0 @0"},
		{"two percent too short in the manifest", say(`duration="2" media="v`, `timescale="25" duration="49" media="v`), "error segment.missing p0/v/180p #5 @9.8"},
		{"drifts from the timeline", mpd(timelined(`<S t="0" d="47" r="4"/>`), audio), "warning timing.drift p0/v/180p #4 @7.52"},
		{"a wrong number", say(`duration="2" media="v`, `duration="2" startNumber="3" endNumber="5" media="v`), "warning timing.start-offset p0/v/180p @0"},
		{"an offset too many", say(`duration="2" media="v`, `duration="2" presentationTimeOffset="4" media="v`), "error segment.timeline-mismatch p0/v/180p #0 @0"},
		{"less than the timeline says", both(mpd(timelined(five), audio), half),
			"warning segment.duration-deviates p0/v/180p #2 @4\nerror timing.gap p0/v/180p #3 @5"},
		{"another timeline", mpd(timelined(`<S t="0" d="50" r="1"/><S d="60"/><S d="40"/><S d="50"/>`), audio),
			"warning segment.timeline-mismatch p0/v/180p #3 @6.4\nwarning segment.duration-deviates p0/v/180p #2 @4"},
		{"the sound a little late", func(f fstest.MapFS) {
			for i := 1; i <= 6; i++ {
				shift(fmt.Sprintf("a%d", i), 7200)(f)
			}
		}, "warning timing.av-offset p0/a/aac @0"},
		{"the sound ends first", mpd(video, strings.Replace(audio, `duration="2"`, `duration="2" endNumber="4"`, 1)), "warning timing.end-mismatch p0/a/aac @7.978667"},
		{"the manifest ends first", func(f fstest.MapFS) {
			f["m.mpd"].Data = bytes.Replace(f["m.mpd"].Data, []byte("PT10S"), []byte("PT6S"), 1)
		},
			"warning manifest.duration-mismatch @6"},
		{"the manifest ends with the list", func(f fstest.MapFS) {
			f["m.mpd"].Data = []byte(strings.Replace(head+strings.Replace(video, `duration="2"`, `duration="2" endNumber="3"`, 1)+tail, "PT10S", "PT6S", 1))
		}, ""},
		{"an event in time", func(f fstest.MapFS) { f["v3"].Data = append(emsg(4500, 1), f["v3"].Data...) }, ""},
		{"an event that is over", func(f fstest.MapFS) { f["v3"].Data = append(emsg(1000, 1), f["v3"].Data...) }, "warning timing.event p0/v/180p @1"},
		{"an event that is announced again", func(f fstest.MapFS) {
			f["v1"].Data, f["v3"].Data = append(emsg(1000, 1), f["v1"].Data...), append(emsg(1000, 1), f["v3"].Data...)
		}, ""},
		{"an event behind the end", func(f fstest.MapFS) { f["v3"].Data = append(emsg(11000, 1), f["v3"].Data...) }, "warning timing.event p0/v/180p @11"},
		{"an edit that changes the speed", func(f fstest.MapFS) {
			b := bytes.Clone(f["vinit"].Data)
			i := bytes.Index(b, []byte("elst"))
			b[i+4+8+12-3] = 2 // the low byte of the whole part of the rate
			if f["vinit"].Data[i+4] == 1 {
				b = bytes.Clone(f["vinit"].Data)
				b[i+4+8+20-3] = 2
			}
			f["vinit"].Data = b
		}, "warning timing.edit-list p0/v/180p #-1 @0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := tenSeconds()
			c.spoil(files)
			got := found(run(t, files))
			if strings.Contains(c.found, "#N") {
				for i := 5; i < 10; i++ {
					c.found = strings.Replace(c.found, "#N @N", fmt.Sprintf("#%d @%d", i, i), 1)
				}
			}
			want(t, "findings", got, c.found)
		})
	}
}

// TestRun_GapExplained checks what a gap says of what lies around it.
func TestRun_GapExplained(t *testing.T) {
	files := tenSeconds()
	files["m.mpd"].Data = []byte(head + timelined(`<S t="0" d="50" r="1"/><S t="150" d="50" r="1"/>`) + audio + tail)
	delete(files, "v5")
	files["v3"], files["v4"] = files["v4"], &fstest.MapFile{Data: moved(t, files["v4"].Data, 50)}
	r := run(t, files)
	var gap check.Finding
	for _, f := range r.Findings {
		if f.Code == "timing.gap" {
			gap = f
		}
	}
	if gap.Severity != "error" || !strings.Contains(gap.Message, "the manifest leaves the same time out, between segments 2 and 3") || gap.Segment == nil || gap.Segment.URL != "mem:///v3" {
		t.Errorf("%+v", gap)
	}
	before, _ := gap.Evidence["before"].(map[string]any)
	after, _ := gap.Evidence["after"].(map[string]any)
	if before["index"] != 1 || before["manifest"] != [2]float64{2, 4} || before["media"] != [2]float64{2, 4} || after["index"] != 2 || after["media"] != [2]float64{6, 8} {
		t.Errorf("before %v, after %v", before, after)
	}
}

// TestRun_Index compares a segment index that is wrong.
func TestRun_Index(t *testing.T) {
	file := pictures(10).File(2)
	set := `<AdaptationSet id="v" contentType="video" mimeType="video/mp4"><Representation id="180p" bandwidth="250000" codecs="avc1.640028"><BaseURL>v.mp4</BaseURL><SegmentBase/></Representation></AdaptationSet>`
	i := bytes.Index(file, []byte("sidx"))
	entry := bytes.Index(file[i:], []byte{0, 0, 0, 50, 0x90}) // the length of a part, and that it begins with a key frame
	if entry < 0 {
		t.Fatal("no entry")
	}
	file[i+entry+3] = 40
	r := run(t, fstest.MapFS{"m.mpd": {Data: []byte(head + set + tail)}, "v.mp4": {Data: file}})
	want(t, "findings", found(r), "warning segment.sidx-mismatch p0/v/180p #0 @0")
}

// TestRun_FrameOrder checks what is odd about the times of single frames.
func TestRun_FrameOrder(t *testing.T) {
	second := func(i int) bool { return i%25 == 0 }
	for _, c := range []struct {
		name  string
		count int
		at    func(i int) int64
		key   func(i int) bool
		found string
	}{
		{"two at the same time", 250, func(i int) int64 {
			if i == 60 {
				return 59
			}
			return int64(i)
		}, second, "warning timing.duplicate-pts p0/v/180p #1 @2.36"},
		{"open groups", 250, func(i int) int64 {
			return int64(i - i%50 + []int{2, 0, 1}[min(i%50, 3)%3]*b2i(i%50 < 3) + i%50*b2i(i%50 >= 3))
		}, func(i int) bool { return i%50 == 0 },
			"info switching.open-gop p0/v/180p #1 @2"},
		{"few key frames", 300, func(i int) int64 { return int64(i) }, func(i int) bool { return i == 0 || i == 275 },
			"warning segment.no-random-access p0/v/180p #1 @2\nwarning segment.no-random-access p0/v/180p #2 @4\nwarning segment.no-random-access p0/v/180p #3 @6\n" +
				"warning segment.no-random-access p0/v/180p #4 @8\nwarning segment.sparse-random-access p0/v/180p #0 @0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := head
			if c.count != 250 {
				h = strings.Replace(head, "PT10S", "PT12S", 1)
			}
			files := fstest.MapFS{"m.mpd": {Data: []byte(h + strings.Replace(video, ` bandwidth="250000"`, "", 1) + tail)}}
			for i, b := range frames(c.count, c.at, c.key) {
				name := "vinit"
				if i > 0 {
					name = fmt.Sprintf("v%d", i)
				}
				files[name] = &fstest.MapFile{Data: b}
			}
			want(t, "findings", found(run(t, files)), c.found)
		})
	}
	t.Run("fragments exchanged", func(t *testing.T) {
		files := tenSeconds()
		b := pictures(10)
		files["v2"].Data = append(b.Segment(2, 3, 4, 1), b.Segment(3, 2, 3, 1)...)
		want(t, "findings", found(run(t, files)), "error timing.non-monotonic-dts p0/v/180p #1 @2.12")
	})
	t.Run("sound slips", func(t *testing.T) {
		files := tenSeconds()
		for i := 2; i <= 6; i++ {
			name := fmt.Sprintf("a%d", i)
			files[name].Data = moved(t, files[name].Data, int64(i-1)*1000)
		}
		want(t, "findings", found(run(t, files)), "warning timing.drift p0/a/aac #1 @2.004833")
	})
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestRun_Declared changes one statement of the manifest about the media at a time.
func TestRun_Declared(t *testing.T) {
	essential := func(scheme, value string) string {
		return fmt.Sprintf(`<EssentialProperty schemeIdUri="urn:mpeg:mpegB:cicp:%s" value="%s"/><SegmentTemplate`, scheme, value)
	}
	channels := func(n int) string {
		return fmt.Sprintf(`><AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="%d"/></Representation></AdaptationSet>`, n)
	}
	for _, c := range []struct{ name, old, with, found string }{
		{"frame rate", `frameRate="25"`, `frameRate="30"`, "warning manifest.framerate-mismatch p0/v/180p"},
		{"frame rate within rounding", `frameRate="25"`, `frameRate="25000/1001"`, ""},
		{"frame rate as a fraction", `frameRate="25"`, `frameRate="50/2"`, ""},
		{"no frame rate", ` frameRate="25"`, ``, ""},
		{"sampling rate", `audioSamplingRate="48000"`, `audioSamplingRate="44100"`, "warning manifest.audio-mismatch p0/a/aac"},
		{"channels", `/></AdaptationSet></Period>`, channels(6) + "</Period>", "warning manifest.audio-mismatch p0/a/aac"},
		{"the right channels", `/></AdaptationSet></Period>`, channels(2) + "</Period>", ""},
		{"bandwidth", `bandwidth="250000"`, `bandwidth="150000"`, "warning manifest.bandwidth-exceeded p0/v/180p #4 @8"},
		{"bandwidth with a long buffer", `minBufferTime="PT2S"`, `minBufferTime="PT20S"`, ""},
		{"transfer characteristics", "<SegmentTemplate", essential("TransferCharacteristics", "16"), "warning manifest.color-mismatch p0/v/180p"},
		{"plain transfer characteristics", "<SegmentTemplate", essential("TransferCharacteristics", "1"), ""},
		{"colour primaries that nobody knows", "<SegmentTemplate", essential("ColourPrimaries", "9"), ""},
		{"sound for pictures", `media="v$Number$" initialization="vinit"`, `media="a$Number$" initialization="ainit"`,
			"error manifest.mimetype-mismatch p0/v/180p"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := tenSeconds()
			s := string(files["m.mpd"].Data)
			if !strings.Contains(s, c.old) {
				t.Fatalf("%q is not in the manifest", c.old)
			}
			files["m.mpd"].Data = []byte(strings.Replace(s, c.old, c.with, 1))
			want(t, "findings", found(run(t, files)), c.found)
		})
	}
	t.Run("another container", func(t *testing.T) {
		files := tenSeconds()
		packets := bytes.Repeat(append([]byte{0x47}, make([]byte, 187)...), 10)
		files["vinit"].Data = packets
		want(t, "findings", found(run(t, files)), "error manifest.mimetype-mismatch p0/v/180p #-1 @0")
	})
}

// TestRun_Aspect declares square samples for others.
func TestRun_Aspect(t *testing.T) {
	for _, c := range []struct {
		sar, found string
	}{{"4:3", ""}, {"1:1", "warning manifest.sar-mismatch p0/v/180p"}} {
		files := tenSeconds()
		b := pictures(10)
		config := *b.Tracks[0].Entries[0].DecoderConfig
		config.SARNum, config.SARDen = 4, 3
		b.Tracks[0].Entries[0].DecoderConfig = &config
		add(files, "v", b)
		files["m.mpd"].Data = bytes.Replace(files["m.mpd"].Data, []byte(`width="320"`), []byte(`sar="`+c.sar+`" width="320"`), 1)
		want(t, c.sar, found(run(t, files)), c.found)
	}
}

// TestRun_PlaylistPlaces: a playlist says only how long segments are, so places follow from the one before.
func TestRun_PlaylistPlaces(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(fstest.MapFS)
		found string
	}{
		{"exchanged", func(f fstest.MapFS) { f["v2"], f["v3"] = f["v3"], f["v2"] }, "error segment.out-of-order p0/0/v.m3u8 #1 @2\nerror segment.out-of-order p0/0/v.m3u8 #2 @4"},
		{"a copy", func(f fstest.MapFS) { f["v4"] = f["v3"] }, "error segment.duplicate p0/0/v.m3u8 #3 @6\ninfo timing.gap p0/0/v.m3u8 #3 @6"},
		{"a copy behind a discontinuity", func(f fstest.MapFS) {
			f["v.m3u8"].Data = []byte(playlist("v", map[int]string{4: "#EXT-X-DISCONTINUITY\n", 5: "#EXT-X-DISCONTINUITY\n"}))
			f["a.m3u8"].Data = []byte(playlist("a", map[int]string{4: "#EXT-X-DISCONTINUITY\n", 5: "#EXT-X-DISCONTINUITY\n"}))
			f["v4"], f["a4"] = f["v3"], f["a3"]
		}, ""},
		{"back to the start", func(f fstest.MapFS) {
			f["v4"].Data, f["v5"].Data = moved(t, f["v4"].Data, -150), moved(t, f["v5"].Data, -150)
		}, "error timing.reset p0/0/v.m3u8 #3 @6"},
		{"a length that is wrong", func(f fstest.MapFS) {
			f["v.m3u8"].Data = []byte(strings.Replace(playlist("v", nil), "#EXTINF:2,\nv3", "#EXTINF:0.5,\nv3", 1))
		}, "warning segment.duration-deviates p0/0/v.m3u8 #2 @4"},
		{"a length in whole seconds", func(f fstest.MapFS) {
			f["v.m3u8"].Data = []byte(strings.Replace(playlist("v", nil), "#EXTINF:2,\nv3", "#EXTINF:2.4,\nv3", 1))
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := playlists()
			c.spoil(files)
			r := run(t, files)
			r.Findings = slices.DeleteFunc(r.Findings, func(f check.Finding) bool { return strings.HasPrefix(f.Code, "hls.") })
			want(t, "findings", found(r), c.found)
		})
	}
}

// TestRun_Init gives a representation the initialization segment of another one.
func TestRun_Init(t *testing.T) {
	files := tenSeconds()
	large := msetest.Movie(msetest.MovieSpec{Width: 1280, Height: 720, Length: 10, FrameRateNum: 25, FrameRateDen: 1, GOP: 25, BitsPerSecond: 200_000})
	add(files, "w", large)
	two := strings.NewReplacer("v$Number$", "$RepresentationID$$Number$", `"vinit"`, `"$RepresentationID$init"`, `id="180p"`, `id="v"`).Replace(video)
	two = strings.Replace(two, "</AdaptationSet>", `<Representation id="w" bandwidth="260000" codecs="avc1.640028" width="1280" height="720" frameRate="25"/></AdaptationSet>`, 1)
	files["m.mpd"].Data = []byte(head + two + audio + tail)
	sized := func(o *check.Options) { o.Decoders = &playertest.Factory{Depth: 2, Sized: true} }
	want(t, "right", found(run(t, files, sized)), "")
	b := pictures(10)
	for i := range b.Tracks[0].Samples {
		b.Tracks[0].Samples[i].Data = []byte("bad")
	}
	add(files, "v", b)
	want(t, "bad media alone", found(run(t, files, sized)), "error decode.error p0/v/v @0")
	files["vinit"] = files["winit"]
	r := run(t, files, sized)
	var got []string
	for _, f := range r.Findings {
		if f.Severity == "error" {
			got = append(got, f.Code+" "+f.Message)
		}
	}
	if len(got) != 1 || !strings.HasPrefix(got[0], "segment.init-mismatch the initialization segment: it is that of p0/v/w") {
		t.Errorf("%q", got)
	}
}

// TestRun_Alignment compares key frames across representations.
func TestRun_Alignment(t *testing.T) {
	files := tenSeconds()
	two := strings.NewReplacer("v$Number$", "$RepresentationID$$Number$", `"vinit"`, `"$RepresentationID$init"`, `id="180p"`, `id="v"`).Replace(video)
	two = strings.Replace(two, "</AdaptationSet>", `<Representation id="w" bandwidth="260000" codecs="avc1.640028" width="320" height="180" frameRate="25"/></AdaptationSet>`, 1)
	files["m.mpd"].Data = []byte(head + two + audio + tail)
	add(files, "w", pictures(10))
	r := run(t, files)
	want(t, "aligned", found(r), "")
	if len(r.Alignment) != 1 || len(r.Alignment[0].Segments) != 5 || !r.Alignment[0].Segments[4].Aligned || r.Alignment[0].Segments[4].KeyFrames[1] != 8 {
		t.Errorf("%+v", r.Alignment)
	}
	for i, s := range pictures(10).Segments(2.2, 1) { // longer ones
		files[fmt.Sprintf("w%d", i+1)] = &fstest.MapFile{Data: s}
	}
	r = run(t, files, func(o *check.Options) { o.Rules = selection(t, "switching") })
	want(t, "not aligned", found(r), "warning switching.misaligned-keyframes @2")
	if a := r.Alignment[0]; !a.Segments[0].Aligned || a.Segments[1].Aligned || a.Segments[1].KeyFrames[0] != 2 || a.Segments[1].KeyFrames[1] != 3 {
		t.Errorf("%+v", a)
	}
}

func selection(t testing.TB, s string) check.Selection {
	t.Helper()
	x, err := check.ParseSelection(s)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestParseSelection(t *testing.T) {
	for _, c := range []struct {
		in            string
		gap, dup, end bool
		err           string
	}{
		{"+timing.gap", true, true, true, ""},
		{"-timing.gap", false, true, true, ""},
		{"timing.gap", true, false, false, ""},
		{"timing,-timing.gap", false, false, true, ""},
		{"-timing.*,+timing.gap", true, true, false, ""},
		{" -segment , -timing.gap", false, false, true, ""},
		{"", false, false, false, `"" is neither`},
		{"+nothing.of-that", false, false, false, `"nothing.of-that" is neither`},
		{"tim", false, false, false, `"tim" is neither`},
	} {
		s, err := check.ParseSelection(c.in)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%q: error %v, want %q", c.in, err, c.err)
			}
			continue
		}
		if err != nil || s.Has("timing.gap") != c.gap || s.Has("segment.duplicate") != c.dup || s.Has("timing.end-mismatch") != c.end {
			t.Errorf("%q: %v %v %v %v", c.in, s.Has("timing.gap"), s.Has("segment.duplicate"), s.Has("timing.end-mismatch"), err)
		}
	}
	var all check.Selection
	if !all.Has("timing.gap") {
		t.Error("the zero value is not all")
	}
}
