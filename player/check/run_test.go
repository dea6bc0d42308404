package check_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/player/check"
	"mseplayer/player/decode"
	"mseplayer/player/frame"
	"mseplayer/player/manifest"
	"mseplayer/player/playertest"
)

const (
	goodVideo = "p0/v/180p video seg=5 coded=250 keys=10 pic=250/0 err=0 snd=-/- 0..9.96..10 [0,10)"
	goodAudio = "p0/a/aac audio seg=5 coded=469 keys=469 pic=-/- err=0 snd=480256/479232 0..9.962667..9.984 [0,9.984)"
)

func TestRun(t *testing.T) {
	r := run(t, tenSeconds())
	want(t, "tracks", lines(r), goodVideo+"\n"+goodAudio)
	want(t, "findings", found(r), "")
	if r.Verdict != check.Pass || r.Duration != 10 || r.Quality.Total != 250 || r.Quality.Dropped != 0 || r.Quality.Corrupted != 0 {
		t.Errorf("%s, %v s, %+v", r.Verdict, r.Duration, r.Quality)
	}
}

// TestRun_Golden pins the JSON and the text of a report, with what depends on the machine taken out.
func TestRun_Golden(t *testing.T) {
	files := tenSeconds()
	delete(files, "v3")
	files["a2"].Data = files["a2"].Data[:len(files["a2"].Data)*2/3]
	files["m.mpd"].Data = []byte(head + strings.Replace(video, "avc1.640028", "avc1.64001e", 1) + audio + tail)
	r := run(t, files, func(o *check.Options) { o.Waivers = []check.Waiver{{Code: "timing.gap", Track: "p0/a/aac"}} })
	r.Elapsed, r.Quality.CreationTime = 1.5, 1500
	for i := range r.Tracks {
		if r.Tracks[i].DecodeFPS.Known() {
			r.Tracks[i].DecodeFPS = 1000
		}
	}
	var js, text bytes.Buffer
	if err := r.WriteJSON(&js); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteText(&text, false); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.json", regexp.MustCompile(`("(findings|tracks)":\[|\{"(id|code)")`).ReplaceAllString(js.String(), "\n$1"))
	golden(t, "report.txt", text.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	want(t, name, strings.TrimSpace(got), string(b))
}

// TestRun_Faults breaks one thing of a good presentation at a time.
func TestRun_Faults(t *testing.T) {
	cut := func(name string, keep float64) func(fstest.MapFS) {
		return func(f fstest.MapFS) { f[name].Data = f[name].Data[:int(keep*float64(len(f[name].Data)))] }
	}
	mpd := func(old, with string) func(fstest.MapFS) {
		return func(f fstest.MapFS) {
			s := string(f["m.mpd"].Data)
			if !strings.Contains(s, old) {
				t.Fatalf("%q is not in the manifest", old)
			}
			f["m.mpd"].Data = []byte(strings.Replace(s, old, with, 1))
		}
	}
	const missing = "p0/v/180p video seg=4 coded=200 keys=8 pic=200/0 err=0 snd=-/- 0..9.96..10 [0,4)[6,10)"
	const gap = "\ninfo timing.gap p0/v/180p #2 @4"
	for _, c := range []struct {
		name  string
		spoil func(fstest.MapFS)
		video string // the track's line if it is not the good one
		found string
	}{
		{"missing segment", func(f fstest.MapFS) { delete(f, "v3") }, missing, "error segment.missing p0/v/180p #2 @4" + gap},
		{"missing first segment", func(f fstest.MapFS) { delete(f, "v1") },
			"p0/v/180p video seg=4 coded=200 keys=8 pic=200/0 err=0 snd=-/- 2..9.96..10 [2,10)", "error segment.missing p0/v/180p #0 @0"},
		{"missing initialization", func(f fstest.MapFS) { delete(f, "vinit") },
			"p0/v/180p video seg=5 coded=- keys=- pic=-/- err=- snd=-/- -..-..-", "error segment.init-missing p0/v/180p #-1 @0"},
		{"empty segment", cut("v3", 0), missing, "error segment.empty p0/v/180p #2 @4" + gap},
		{"empty initialization", cut("vinit", 0),
			"p0/v/180p video seg=5 coded=- keys=- pic=-/- err=- snd=-/- -..-..-", "error segment.empty p0/v/180p #-1 @0"},
		{"truncated initialization", cut("vinit", 0.5),
			"p0/v/180p video seg=5 coded=- keys=- pic=-/- err=- snd=-/- -..-..-", "error segment.truncated p0/v/180p #-1 @0"},
		{"truncated in the media", cut("v3", 0.6), // 25 of 50 pictures are complete
			"p0/v/180p video seg=5 coded=225 keys=9 pic=225/0 err=0 snd=-/- 0..9.96..10 [0,5)[6,10)",
			"error segment.truncated p0/v/180p #2 @4\ninfo timing.gap p0/v/180p #2 @5"},
		{"truncated in the moof", func(f fstest.MapFS) { f["v3"].Data = f["v3"].Data[:100] }, strings.Replace(missing, "seg=4", "seg=5", 1),
			"error segment.truncated p0/v/180p #2 @4" + gap},
		{"page instead of segment", func(f fstest.MapFS) { f["v3"].Data = []byte("<!DOCTYPE html><html><body>404</body></html>") }, strings.Replace(missing, "seg=4", "seg=5", 1),
			"error segment.not-media p0/v/180p #2 @4" + gap},
		{"text instead of segment", func(f fstest.MapFS) { f["v3"].Data = []byte("the segment is gone for ever") }, strings.Replace(missing, "seg=4", "seg=5", 1),
			"error segment.not-media p0/v/180p #2 @4" + gap},
		{"page instead of initialization", func(f fstest.MapFS) { f["vinit"].Data = []byte("<html>") },
			"p0/v/180p video seg=5 coded=- keys=- pic=-/- err=- snd=-/- -..-..-", "error segment.not-media p0/v/180p #-1 @0"},
		{"wrong box size", func(f fstest.MapFS) {
			b := bytes.Clone(f["v3"].Data)
			b[bytes.Index(b, []byte("moof"))-4] = 0x10
			f["v3"].Data = b
		}, strings.Replace(missing, "seg=4", "seg=5", 1), "error segment.malformed p0/v/180p #2 @4" + gap},
		{"segment without frames", func(f fstest.MapFS) { f["v3"].Data = f["v3"].Data[:f["v3"].Data[3]] }, strings.Replace(missing, "seg=4", "seg=5", 1),
			"error segment.empty p0/v/180p #2 @4" + gap},
		{"other codec in the manifest", mpd("avc1.640028", "hvc1.1.6.L93.B0"), "", "error manifest.codecs-mismatch p0/v/180p"},
		{"other profile in the manifest", mpd("avc1.640028", "avc1.42001e"), "", "error manifest.codecs-mismatch p0/v/180p"},
		{"lower level in the manifest", mpd("avc1.640028", "avc1.64001e"), "", "warning manifest.codecs-mismatch p0/v/180p"},
		{"other sample entry in the manifest", mpd("avc1.640028", "avc3.640028"), "", "warning manifest.codecs-mismatch p0/v/180p"},
		{"extension of AAC in the manifest", mpd("mp4a.40.2", "mp4a.40.5"), "", "info manifest.codecs-mismatch p0/a/aac"},
		{"no codecs in the manifest", mpd(` codecs="avc1.640028"`, ""), "", ""},
		{"unknown codec in the manifest", mpd("avc1.640028", "xvid.1"), "p0/v/180p video seg=5 coded=250 keys=10 pic=-/- err=- snd=-/- 0..9.96..10 [0,10)",
			"error manifest.codecs-unsupported p0/v/180p\ninfo manifest.codecs-mismatch p0/v/180p"},
		{"other size in the manifest", mpd(`width="320" height="180"`, `width="1280" height="720"`), "", "warning manifest.resolution-mismatch p0/v/180p"},
		{"size rounded in the manifest", mpd(`width="320" height="180"`, `width="319" height="181"`), "", ""},
		{"too long a presentation", func(f fstest.MapFS) { delete(f, "a6"); mpd("PT10S", "PT12S")(f) }, "",
			"error segment.missing p0/v/180p #5 @10\nerror segment.missing p0/a/aac #5 @10\nwarning manifest.duration-mismatch @10"},
		{"segments that last no time", mpd(`duration="2" media="v`, `duration="0" media="v`), "p0/v/180p video seg=- coded=- keys=- pic=-/- err=- snd=-/- -..-..-",
			"error manifest.zero-duration p0/v/180p"},
		{"unknown scheme", mpd("<SegmentTemplate", `<EssentialProperty schemeIdUri="urn:x"/><SegmentTemplate`), "none", "warning manifest.unknown-essential"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := tenSeconds()
			c.spoil(files)
			r := run(t, files)
			w := goodVideo
			if c.video != "" {
				w = c.video
			}
			if c.video != "none" {
				want(t, "video", line(r.Tracks[0]), w)
			}
			want(t, "findings", found(r), c.found)
		})
	}
}

// TestRun_GivesUp asks for no more than a few segments that do not exist.
func TestRun_GivesUp(t *testing.T) {
	files := tenSeconds()
	files["m.mpd"].Data = []byte(strings.Replace(head, "PT10S", "PT100000000S", 1) + video + tail)
	r := run(t, files)
	if x := r.Tracks[0]; *x.FramesDecoded != 250 || *x.Segments != 5 {
		t.Error(line(x))
	}
	if f := r.Findings; len(f) != 1+8+1+1 || f[0].Code != "manifest.limits" || f[9].Code != "segment.missing" || !strings.Contains(f[9].Message, "not asked for") {
		t.Errorf("findings\n%s", found(r))
	}
}

// frames makes a builder of one video track at 25 pictures a second in which the picture at place i has the time that
// at gives, in pictures, with a key frame where keys says so. Every 50 make a segment.
func frames(count int, at func(i int) int64, key func(i int) bool) [][]byte {
	var out [][]byte
	for from := 0; from < count; from += 50 {
		b := &msetest.Builder{Tracks: []msetest.BuilderTrack{{ID: 1, Timescale: 25, Entries: []msetest.BuilderEntry{{DecoderConfig: msetest.H264Config(320, 180)}}}}}
		base := at(from)
		for i := from; i < min(count, from+50); i++ {
			base = min(base, at(i))
		}
		for i := from; i < min(count, from+50); i++ {
			b.Tracks[0].Samples = append(b.Tracks[0].Samples, msetest.BuilderSample{PTS: at(i), DTS: base + int64(i-from), Dur: 1, Key: key(i), Data: []byte("picture")})
		}
		if from == 0 {
			out = append(out, b.Init())
		}
		out = append(out, b.Segment(1, media.FromTicks(base, 25), media.FromTicks(base+50, 25), 1))
	}
	return out
}

// TestRun_Timelines checks that whatever the time stamps say, everything is decoded and counted.
func TestRun_Timelines(t *testing.T) {
	second := func(i int) bool { return i%25 == 0 }
	for _, c := range []struct {
		name         string
		at           func(i int) int64
		key          func(i int) bool
		track, found string
	}{
		{"plain", func(i int) int64 { return int64(i) }, second, "pic=250/0 err=0 snd=-/- 0..9.96..10 [0,10)", ""},
		{"gap", func(i int) int64 { return int64(i + i/100*10) }, second, "pic=250/0 err=0 snd=-/- 0..10.76..10.8 [0,4)[4.4,8.4)[8.8,10.8)",
			"error timing.gap p0/v/180p #2 @4\nerror timing.gap p0/v/180p #4 @8.4"},
		{"gap of hours", func(i int) int64 { return int64(i + i/100*1_000_000) }, second, "pic=250/0 err=0 snd=-/- 0..80009.96..80010 [0,4)[40004,40008)[80008,80010)",
			"error timing.gap p0/v/180p #2 @4\nerror timing.gap p0/v/180p #4 @40008"},
		{"hole that buffers bridge", func(i int) int64 { return int64(i + i/100*2) }, second, "pic=250/0 err=0 snd=-/- 0..10.12..10.16 [0,10.16)", ""},
		{"back to the start", func(i int) int64 { return int64(i % 150) }, second, "pic=250/0 err=0 snd=-/- 0..5.96..6 [0,6)",
			"error segment.duplicate p0/v/180p #3 @6\nerror segment.duplicate p0/v/180p #4 @8\nwarning manifest.duration-mismatch @6"},
		{"the same again", func(i int) int64 { return int64(i - i/50%2*50) }, second, "pic=250/0 err=0 snd=-/- 0..9.96..10 [0,2)[4,6)[8,10)",
			"error segment.duplicate p0/v/180p #1 @2\nerror segment.duplicate p0/v/180p #3 @6\ninfo timing.gap p0/v/180p #1 @2\ninfo timing.gap p0/v/180p #3 @6"},
		{"overlap", func(i int) int64 { return int64(i - i/50*10) }, second, "pic=250/0 err=0 snd=-/- 0..8.36..8.4 [0,8.4)",
			"error timing.overlap p0/v/180p #1 @1.6\nerror timing.overlap p0/v/180p #2 @3.2\nerror timing.overlap p0/v/180p #3 @4.8\nerror timing.overlap p0/v/180p #4 @6.4\nwarning manifest.duration-mismatch @8.4"},
		{"swapped", func(i int) int64 { return int64([]int{0, 2, 1, 3, 4}[i/50]*50 + i%50) }, second, "pic=250/0 err=0 snd=-/- 0..9.96..10 [0,10)", "error segment.out-of-order p0/v/180p #1 @2\nerror segment.out-of-order p0/v/180p #2 @4"},
		{"far in the future", func(i int) int64 { return int64(i) + 25*1_700_000_000 }, second,
			"pic=250/0 err=0 snd=-/- 1700000000..1700000009.96..1700000010 [1700000000,1700000010)", "warning timing.start-offset p0/v/180p @0"},
		{"all marked as key frames", func(i int) int64 { return int64(i/3*3 + []int{0, 2, 1}[i%3]) }, func(int) bool { return true }, "pic=250/0 err=0 snd=-/- 0..9.96..10 [0,10)", ""},
		{"one key frame", func(i int) int64 { return int64(i) }, func(i int) bool { return i == 0 }, "pic=250/0 err=0 snd=-/- 0..9.96..10 [0,10)",
			"warning segment.no-random-access p0/v/180p #1 @2\nwarning segment.no-random-access p0/v/180p #2 @4\nwarning segment.no-random-access p0/v/180p #3 @6\nwarning segment.no-random-access p0/v/180p #4 @8"},
		{"late key frame", func(i int) int64 { return int64(i) }, func(i int) bool { return i%50 == 10 }, "pic=240/0 err=0 snd=-/- 0..9.96..10 [0,10)",
			"error segment.no-random-access p0/v/180p #0 @0"},
		{"no key frame", func(i int) int64 { return int64(i) }, func(int) bool { return false }, "pic=0/0 err=0 snd=-/- 0..9.96..10 [0,10)",
			"error segment.no-random-access p0/v/180p #0 @0\nwarning segment.no-random-access p0/v/180p #1 @2\nwarning segment.no-random-access p0/v/180p #2 @4\nwarning segment.no-random-access p0/v/180p #3 @6\nwarning segment.no-random-access p0/v/180p #4 @8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := fstest.MapFS{"m.mpd": {Data: []byte(head + video + tail)}}
			for i, b := range frames(250, c.at, c.key) {
				name := "vinit"
				if i > 0 {
					name = fmt.Sprintf("v%d", i)
				}
				files[name] = &fstest.MapFile{Data: b}
			}
			r := run(t, files)
			_, got, _ := strings.Cut(line(r.Tracks[0]), "keys=")
			_, got, _ = strings.Cut(got, " ")
			want(t, "track", got, c.track)
			want(t, "findings", found(r), c.found)
			if *r.Tracks[0].CodedFrames != 250 {
				t.Errorf("%d coded frames", *r.Tracks[0].CodedFrames)
			}
		})
	}
}

// TestRun_Negative puts media before time 0, by the container and by the manifest.
func TestRun_Negative(t *testing.T) {
	files := tenSeconds()
	files["m.mpd"].Data = []byte(strings.Replace(head+video+audio+tail, `duration="2" media="a`, `duration="2" presentationTimeOffset="3" media="a`, 1))
	r := run(t, files)
	x := r.Tracks[1]
	if *x.AudioSamplesDecoded != 480256 || *x.AudioSamplesPresented != 480256-1024-3*48000 || sec(x.FirstPTS) != "0" || sec(x.End) != "6.984" {
		t.Errorf("three seconds early: %s", line(x))
	}
}

// TestRun_Periods cuts one film into two periods and leaves a hole between two others.
func TestRun_Periods(t *testing.T) {
	files := tenSeconds()
	period := func(id, attrs, offset, first string) string {
		return `<Period id="` + id + `" ` + attrs + `>` +
			strings.NewReplacer(`duration="2"`, `duration="2" startNumber="`+first+`" presentationTimeOffset="`+offset+`"`).Replace(video+audio) + `</Period>`
	}
	files["m.mpd"].Data = []byte(strings.Replace(head, `<Period id="0" start="PT0S">`, "", 1) +
		period("one", `duration="PT4S"`, "0", "1") + period("two", `start="PT4S" duration="PT7S"`, "4", "3") + period("three", `start="PT12S" duration="PT2S"`, "0", "1") + "</MPD>")
	delete(files, "v6")
	r := run(t, files)
	want(t, "tracks", lines(r), `
pone/v/180p video seg=2 coded=100 keys=4 pic=100/0 err=0 snd=-/- 0..3.96..4 [0,4)
pone/a/aac audio seg=2 coded=188 keys=188 pic=-/- err=0 snd=192512/191488 0..3.968..3.989333 [0,3.989333)
ptwo/v/180p video seg=3 coded=150 keys=6 pic=150/0 err=0 snd=-/- 4..9.96..10 [4,10)
ptwo/a/aac audio seg=4 coded=282 keys=282 pic=-/- err=0 snd=288768/288256 4..9.984..10.005333 [4,10.005333)
pthree/v/180p video seg=1 coded=50 keys=2 pic=50/0 err=0 snd=-/- 12..13.96..14 [12,14)
pthree/a/aac audio seg=1 coded=94 keys=94 pic=-/- err=0 snd=96256/95232 12..13.962667..13.984 [12,13.984)`)
	want(t, "findings", found(r), `
warning manifest.duration-mismatch
warning manifest.duration-mismatch
error segment.missing ptwo/v/180p #3 @10
warning timing.period-gap @10
warning timing.period-gap @10.005333`)
	if sec(r.Duration) != "14" {
		t.Errorf("duration %v", r.Duration)
	}
}

// TestRun_Muxed checks a representation with two streams, as part of a presentation and as a plain file.
func TestRun_Muxed(t *testing.T) {
	m := msetest.Movie(msetest.MovieSpec{Width: 320, Height: 180, Length: 10, FrameRateNum: 25, FrameRateDen: 1, GOP: 25, BitsPerSecond: 200_000, Audio: true})
	files := fstest.MapFS{"m.mpd": {Data: []byte(head + strings.Replace(video, `avc1.640028`, `avc1.640028,mp4a.40.2`, 1) + tail)}}
	add(files, "v", m)
	r := run(t, files)
	want(t, "tracks", lines(r), `
p0/v/180p video seg=5 coded=250 keys=10 pic=250/0 err=0 snd=-/- 0..9.96..10 [0,10)
p0/v/180p/audio audio seg=5 coded=468 keys=468 pic=-/- err=0 snd=479232/478208 0..9.941333..9.962667 [0,9.962667)`)
	want(t, "findings", found(r), "")

	file := m.File(2)
	r = run(t, fstest.MapFS{"m.mpd": {Data: file}}) // the name means nothing
	want(t, "tracks", lines(r), `
p0/0/0 video seg=6 coded=250 keys=10 pic=250/0 err=0 snd=-/- 0..9.96..10 [0,10)
p0/1/0 audio seg=6 coded=470 keys=470 pic=-/- err=0 snd=481280/480256 0..9.984..10.005333 [0,10.005333)`)
	want(t, "findings", found(r), "")
	if r.Kind != "file" || sec(r.Duration) != "10.005333" {
		t.Errorf("%s of %v s", r.Kind, r.Duration)
	}

	r = run(t, fstest.MapFS{"m.mpd": {Data: file[:len(file)-2000]}})
	if !strings.HasPrefix(found(r), "error segment.truncated p0/0/0 #") {
		t.Errorf("a file that is cut off: %s", found(r))
	}
}

// TestRun_OnDemand checks addressing by a segment index, right and wrong.
func TestRun_OnDemand(t *testing.T) {
	file := pictures(10).File(2)
	set := func(base string) string {
		return `<AdaptationSet id="v" contentType="video" mimeType="video/mp4"><Representation id="180p" bandwidth="250000" codecs="avc1.640028"><BaseURL>v.mp4</BaseURL>` + base + `</Representation></AdaptationSet>`
	}
	list := `<SegmentList duration="5"><Initialization range="0-%d"/><SegmentURL mediaRange="%d-%d"/><SegmentURL mediaRange="%d-%d"/></SegmentList>`
	init := len(pictures(10).Init())
	for _, c := range []struct{ name, base, track, found string }{
		{"index", "<SegmentBase/>", goodVideo, ""},
		{"ranges within segments", fmt.Sprintf(list, init-1, init, len(file)/2, len(file)/2+1, len(file)-1),
			strings.Replace(goodVideo, "seg=5", "seg=2", 1), ""},
		{"ranges with a hole", fmt.Sprintf(list, init-1, init, len(file)/2, len(file)/2+100, len(file)-1), "", "error segment.truncated p0/v/180p #0 @0"},
		{"range beyond the end", fmt.Sprintf(list, init-1, init, len(file)-1, len(file), len(file)+100),
			strings.Replace(goodVideo, "seg=5", "seg=1", 1), "error segment.missing p0/v/180p #1 @5"},
		{"range across the end", fmt.Sprintf(list, init-1, init, len(file)/2, len(file)/2+1, len(file)+100),
			strings.Replace(goodVideo, "seg=5", "seg=2", 1), "error segment.truncated p0/v/180p #1 @5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := run(t, fstest.MapFS{"m.mpd": {Data: []byte(head + set(c.base) + tail)}, "v.mp4": {Data: file}})
			if c.track != "" {
				want(t, "track", line(r.Tracks[0]), c.track)
			}
			if got := found(r); !strings.HasPrefix(got, c.found) || c.found == "" && got != "" {
				t.Errorf("findings\n%s\nwant %s", got, c.found)
			}
		})
	}
	r := run(t, fstest.MapFS{"m.mpd": {Data: []byte(head + set("<SegmentBase/>") + tail)}})
	want(t, "without the file", found(r), "error segment.missing p0/v/180p")
}

// cueBox is a sample of WebVTT in MP4 with one cue.
// ISO/IEC 14496-30 §6.7.
func cueBox(text string) []byte {
	payload := binary.BigEndian.AppendUint32(nil, uint32(8+len(text)))
	payload = append(append(payload, "payl"...), text...)
	cue := binary.BigEndian.AppendUint32(nil, uint32(8+len(payload)))
	return append(append(cue, "vttc"...), payload...)
}

// TestRun_Text checks subtitles in documents of their own.
func TestRun_Text(t *testing.T) {
	const good = "WEBVTT\n\n00:01.000 --> 00:02.500\nshown\n"
	for _, c := range []struct{ name, set, first, second, rows, found string }{
		{"a file", `<BaseURL>s1</BaseURL>`, good, "", "coded=1 1..1..2.5", ""},
		{"segments", `<SegmentTemplate duration="5" media="s$Number$"/>`, good, "WEBVTT\n\n00:06.000 --> 00:07.000\nlater\n", "coded=2 1..6..7", ""},
		{"a segment without any", `<SegmentTemplate duration="5" media="s$Number$"/>`, good, "WEBVTT\n", "coded=1 1..1..2.5", ""},
		{"nothing at all", `<BaseURL>s1</BaseURL>`, "WEBVTT\n", "", "coded=0 -..-..-", "warning text.empty p0/t/s"},
		{"behind the end", `<BaseURL>s1</BaseURL>`, good + "\n05:00.000 --> 05:01.000\nnever\n", "", "coded=2 1..300..301", "warning text.outside-timeline p0/t/s #0 @300"},
		{"not of its segment", `<SegmentTimelineOf5/>`, good, good, "coded=2 1..1..2.5", "warning text.outside-timeline p0/t/s #1 @1"},
		{"something else", `<BaseURL>s1</BaseURL>`, "\x00\x01\x02\x03", "", "coded=0 -..-..-", "error text.unreadable p0/t/s #0 @0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := tenSeconds()
			files["s1"], files["s2"] = &fstest.MapFile{Data: []byte(c.first)}, &fstest.MapFile{Data: []byte(c.second)}
			set := strings.Replace(c.set, "<SegmentTimelineOf5/>", `<SegmentTemplate media="s$Number$"><SegmentTimeline><S t="0" d="5" r="1"/></SegmentTimeline></SegmentTemplate>`, 1)
			files["m.mpd"].Data = []byte(head + video + `<AdaptationSet id="t" contentType="text" mimeType="text/vtt" lang="sv"><Representation id="s" bandwidth="1">` + set + `</Representation></AdaptationSet>` + tail)
			r := run(t, files)
			row := &r.Tracks[len(r.Tracks)-1]
			want(t, "row", fmt.Sprintf("coded=%d %s..%s..%s", *row.CodedFrames, sec(row.FirstPTS), sec(row.LastPTS), sec(row.End)), c.rows)
			want(t, "findings", found(r), c.found)
			if row.Type != "text" || row.Language != "sv" {
				t.Errorf("type %q, language %q", row.Type, row.Language)
			}
		})
	}
}

// TestRun_NotDecoded checks what has no decoder, no parser or no key, and what is no media to decode.
func TestRun_NotDecoded(t *testing.T) {
	files := tenSeconds()
	enc := pictures(10)
	enc.Tracks[0].Entries[0].Scheme, enc.Tracks[0].Entries[0].IVBytes = "cenc", 8
	for i := range enc.Tracks[0].Samples {
		enc.Tracks[0].Samples[i].IV = []byte{1, 2, 3, 4, 5, 6, 7, byte(i)}
	}
	add(files, "e", enc)
	text := &msetest.Builder{Tracks: []msetest.BuilderTrack{{ID: 1, Timescale: 1000, Entries: []msetest.BuilderEntry{{DecoderConfig: &media.DecoderConfig{Kind: media.Text, Codec: media.WebVTT}, Format: "wvtt"}},
		Samples: []msetest.BuilderSample{{Dur: 2000, Key: true, Data: cueBox("one")}, {PTS: 2000, DTS: 2000, Dur: 2000, Key: true, Data: cueBox("two")}}}}}
	add(files, "t", text)
	files["w"] = &fstest.MapFile{Data: []byte("\x1a\x45\xdf\xa3 and so on")}
	files["s.vtt"] = &fstest.MapFile{Data: []byte("WEBVTT\n\n00:01.000 --> 00:02.500\nshown\n\n00:03.000 --> 00:04.000\nshown, too\n")}
	files["thumb1"] = &fstest.MapFile{Data: []byte("\xff\xd8\xff\xe0")}
	files["m.mpd"].Data = []byte(head + strings.NewReplacer(`"v$Number$" initialization="vinit"`, `"e$Number$" initialization="einit"`, `id="v"`, `id="e"`).Replace(video) +
		`<AdaptationSet id="vp9" mimeType="video/webm"><Representation id="w" codecs="vp9" bandwidth="1"><BaseURL>w</BaseURL></Representation></AdaptationSet>` +
		`<AdaptationSet id="hevc" mimeType="video/mp4"><SegmentTemplate duration="2" media="v$Number$" initialization="vinit"/><Representation id="h" codecs="hvc1.1.6.L93.B0" bandwidth="1"/></AdaptationSet>` +
		`<AdaptationSet id="wvtt" contentType="text" mimeType="application/mp4"><SegmentTemplate duration="2" endNumber="2" media="t$Number$" initialization="tinit"/><Representation id="t" codecs="wvtt" bandwidth="1"/></AdaptationSet>` +
		`<AdaptationSet id="vtt" contentType="text" mimeType="text/vtt"><Representation id="s" bandwidth="1"><BaseURL>s.vtt</BaseURL></Representation></AdaptationSet>` +
		`<AdaptationSet id="img" contentType="image" mimeType="image/jpeg"><SegmentTemplate duration="10" media="thumb$Number$"/><Representation id="i" bandwidth="1"><EssentialProperty schemeIdUri="http://dashif.org/guidelines/thumbnail_tile" value="1x1"/></Representation></AdaptationSet>` + tail)
	r := run(t, files, func(o *check.Options) { o.Decoders = &playertest.Factory{Refuse: media.HEVC} })
	want(t, "tracks", lines(r), `
p0/e/180p video seg=5 coded=250 keys=10 pic=-/- err=- snd=-/- 0..9.96..10 [0,10)
p0/vp9/w video seg=1 coded=- keys=- pic=-/- err=- snd=-/- -..-..-
p0/hevc/h video seg=5 coded=250 keys=10 pic=-/- err=- snd=-/- 0..9.96..10 [0,10)
p0/wvtt/t text seg=2 coded=2 keys=2 pic=-/- err=- snd=-/- 0..2..4 [0,4)
p0/vtt/s text seg=1 coded=2 keys=- pic=-/- err=- snd=-/- 1..3..4
p0/img/i image seg=1 coded=- keys=- pic=-/- err=- snd=-/- -..-..-`)
	want(t, "findings", found(r), `
warning drm.key-missing p0/e/180p
warning decode.unsupported p0/vp9/w
warning decode.unsupported p0/hevc/h
error manifest.codecs-mismatch p0/hevc/h
warning manifest.bandwidth-exceeded p0/hevc/h #4 @8`)
	if !r.Tracks[0].Encrypted || r.Tracks[2].Encrypted || r.Tracks[1].Container != "webm" || r.Tracks[4].Container != "other" || r.Tracks[4].Bytes != 74 {
		t.Errorf("%+v", r.Tracks)
	}
}

// TestRun_Selection checks the options that leave something out.
func TestRun_Selection(t *testing.T) {
	files := tenSeconds()
	files["m.mpd"].Data = []byte(head + strings.Replace(video, "</AdaptationSet>", `<Representation id="best" bandwidth="900000" codecs="avc1.640028"/></AdaptationSet>`, 1) + audio + tail)
	ids := func(r *check.Report) string {
		var out []string
		for _, x := range r.Tracks {
			out = append(out, x.ID)
		}
		return strings.Join(out, " ")
	}
	want(t, "all", ids(run(t, files)), "p0/v/180p p0/v/best p0/a/aac")
	want(t, "first only", ids(run(t, files, func(o *check.Options) { o.FirstOnly = true })), "p0/v/best p0/a/aac")
	want(t, "by id", ids(run(t, files, func(o *check.Options) { o.Representations = []string{"p0/a/aac", "180p"} })), "p0/v/180p p0/a/aac")
	r := run(t, files, func(o *check.Options) { o.MaxDuration = 3 })
	want(t, "three seconds", line(r.Tracks[0]), "p0/v/180p video seg=2 coded=100 keys=4 pic=100/0 err=0 snd=-/- 0..3.96..4 [0,4)")
	want(t, "findings", found(r), "")
	r = run(t, files, func(o *check.Options) { o.Decoders = nil })
	want(t, "structure", line(r.Tracks[0]), "p0/v/180p video seg=5 coded=250 keys=10 pic=-/- err=- snd=-/- 0..9.96..10 [0,10)")
	want(t, "findings", found(r), "")

	o := options(t, files)
	o.Representations = []string{"nobody"}
	r, err := check.Run(t.Context(), "mem:///m.mpd", o)
	if r != nil || !errors.Is(err, check.ErrSelection) || !strings.Contains(err.Error(), "p0/v/180p, p0/v/best, p0/a/aac") {
		t.Errorf("%v", err)
	}
}

// TestRun_Decoders checks what decoders reject.
func TestRun_Decoders(t *testing.T) {
	files := tenSeconds()
	spoil := func(name string, samples ...int) {
		b := pictures(10)
		if strings.HasPrefix(name, "a") {
			b = sound(10)
		}
		for _, i := range samples {
			b.Tracks[0].Samples[i].Data = []byte("bad")
		}
		add(files, name[:1], b)
	}
	spoil("v", 60, 61, 130)
	r := run(t, files)
	want(t, "video", line(r.Tracks[0]), "p0/v/180p video seg=5 coded=250 keys=10 pic=247/0 err=3 snd=-/- 0..9.96..10 [0,10)")
	want(t, "findings", found(r), "error decode.error p0/v/180p @2.48")
	if r.Quality.Total != 250 || r.Quality.Dropped != 3 || r.Quality.Corrupted != 3 || r.Findings[0].Evidence["segment"] != 1 {
		t.Errorf("%+v %v", r.Quality, r.Findings[0].Evidence)
	}

	// A decoder that gives up is followed by another, so that nothing is lost.
	var all []int
	for i := range 350 {
		all = append(all, i)
	}
	files = tenSeconds()
	spoil("a", all...)
	r = run(t, files)
	want(t, "audio", line(r.Tracks[1]), "p0/a/aac audio seg=5 coded=469 keys=469 pic=-/- err=350 snd=121856/120832 0..9.962667..9.984 [0,9.984)")
	if got := found(r); !strings.HasPrefix(got, "error decode.error p0/a/aac") || len(r.Findings) != 2 {
		t.Errorf("findings\n%s", got)
	}
}

// panics is a decoder with a bug.
type panics struct{ playertest.Factory }

func (*panics) NewVideo(*media.DecoderConfig, decode.Options) (decode.VideoDecoder, error) {
	panic("a bug\nin two lines")
}

// slow is a decoder that tells when it is at work, and goes on when the context ends.
type slow struct {
	playertest.Factory
	begun chan struct{}
	done  <-chan struct{}
}

func (s *slow) NewVideo(c *media.DecoderConfig, o decode.Options) (decode.VideoDecoder, error) {
	close(s.begun)
	<-s.done
	return s.Factory.NewVideo(c, o)
}

func TestRun_Ends(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("panic", func(t *testing.T) {
		o := options(t, tenSeconds())
		o.Decoders = &panics{}
		r, err := check.Run(t.Context(), "mem:///m.mpd", o)
		var p *check.PanicError
		if !errors.As(err, &p) || !strings.Contains(string(p.Stack), "NewVideo") || r == nil || r.Complete {
			t.Errorf("%v", err)
		}
	})
	t.Run("interrupt", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		o := options(t, tenSeconds())
		s := &slow{begun: make(chan struct{}), done: ctx.Done()}
		o.Decoders = s
		go func() {
			<-s.begun
			cancel(errSpecial)
		}()
		r, err := check.Run(ctx, "mem:///m.mpd", o)
		if !errors.Is(err, errSpecial) || r == nil || r.Complete || len(r.Tracks) != 2 {
			t.Errorf("%v %v", err, r)
		}
	})
	t.Run("at every step", func(t *testing.T) {
		files := tenSeconds()
		for i := range 14 {
			ctx, cancel := context.WithCancelCause(t.Context())
			o := options(t, files)
			o.Progress = func(p check.Progress) {
				if p.Segments+int64(p.Tracks) == int64(i) {
					cancel(errSpecial)
				}
			}
			if r, err := check.Run(ctx, "mem:///m.mpd", o); r == nil || err != nil && !errors.Is(err, errSpecial) {
				t.Errorf("after %d segments: %v", i, err)
			}
			cancel(nil)
		}
	})
	if n := frame.Live(); n != 0 {
		t.Errorf("%d pictures leaked", n)
	}
	for range 100 { // goroutines of connections and timers may still be on their way out
		if runtime.NumGoroutine() <= before {
			return
		}
		runtime.Gosched()
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

// TestRun_Unopened checks sources that are none.
func TestRun_Unopened(t *testing.T) {
	for _, c := range []struct{ name, content, found string }{
		{"missing", "", "error network.failed"},
		{"empty", "-", "error segment.empty"},
		{"page", "<html><body>Log in</body></html>", "error segment.not-media"},
		{"cut off", head + video[:40], "error manifest.unreadable"},
		{"not an MPD any more", "<MPD/>", "error manifest.invalid"},
		{"text", "nothing of the kind", "error manifest.unreadable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := fstest.MapFS{}
			if c.content != "" {
				files["m.mpd"] = &fstest.MapFile{Data: []byte(strings.TrimPrefix(c.content, "-"))}
			}
			r, err := check.Run(t.Context(), "mem:///m.mpd", options(t, files))
			if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "m.mpd") {
				t.Errorf("error %v", err)
			}
			want(t, "findings", found(r), c.found)
			if r.Verdict != check.Fail || r.Tracks == nil {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestRun_Damage flips bytes at random: whatever comes, the check ends and counts no more than there is.
func TestRun_Damage(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 16 {
		files := tenSeconds()
		var what []string
		for range 1 + r.IntN(4) {
			name := []string{"vinit", "ainit", "v1", "v2", "v3", "v5", "a1", "a4", "m.mpd"}[r.IntN(9)]
			b := bytes.Clone(files[name].Data)
			at := r.IntN(min(len(b), 1500))
			switch r.IntN(3) {
			case 0:
				b[at] ^= byte(1 << r.IntN(8))
			case 1:
				b = append(b[:at:at], b[min(len(b), at+1+r.IntN(50)):]...)
			default:
				b = b[:at]
			}
			files[name].Data = b
			what = append(what, fmt.Sprintf("%s@%d", name, at))
		}
		rep, err := check.Run(t.Context(), "mem:///m.mpd", options(t, files))
		var p *check.PanicError
		if rep == nil || errors.As(err, &p) {
			t.Fatalf("%v: %v\n%s", what, err, p.Stack)
		}
		for _, x := range rep.Tracks {
			if x.FramesDecoded != nil && *x.FramesDecoded > *x.CodedFrames {
				t.Errorf("%v: %s", what, line(x))
			}
		}
		if n := frame.Live(); n != 0 {
			t.Fatalf("%v: %d pictures leaked", what, n)
		}
	}
}

// TestRun_SameAgain runs the same check several times with several jobs.
func TestRun_SameAgain(t *testing.T) {
	files := tenSeconds()
	delete(files, "v2")
	first := ""
	for i := range 3 {
		r := run(t, files, func(o *check.Options) { o.Jobs = 1 + i%3 })
		got := lines(r) + found(r)
		if first == "" {
			first = got
		}
		want(t, "again", got, first)
	}
}

func TestReport_At(t *testing.T) {
	r := &check.Report{Summary: check.Summary{Warnings: 1, Waived: 2}}
	if r.At(manifest.SeverityError) || !r.At(manifest.SeverityWarning) || !r.At(manifest.SeverityInfo) {
		t.Error("one warning")
	}
}
