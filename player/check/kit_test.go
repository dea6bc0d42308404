package check_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/isobmff"
	"mseplayer/mse/media"
	"mseplayer/mse/mime"
	"mseplayer/mse/msetest"
	"mseplayer/player/check"
	"mseplayer/player/fetch"
	"mseplayer/player/frame"
	"mseplayer/player/playertest"
	"mseplayer/player/source"
)

// pictures is a builder of length seconds of video at 25 pictures a second, with a key frame each second.
func pictures(length media.Span) *msetest.Builder {
	return msetest.Movie(msetest.MovieSpec{Width: 320, Height: 180, Length: length, FrameRateNum: 25, FrameRateDen: 1, GOP: 25, BitsPerSecond: 200_000})
}

// sound is a builder of length seconds of AAC whose first frame of 1024 samples is priming.
func sound(length media.Span) *msetest.Builder {
	m := msetest.Movie(msetest.MovieSpec{Length: length, Audio: true, BitsPerSecond: 1000})
	return &msetest.Builder{Tracks: m.Tracks[1:], Duration: m.Duration}
}

// add puts init segment and media segments of 2 s into the file system, as NAMEinit and NAME1, NAME2, …
func add(files fstest.MapFS, name string, b *msetest.Builder) {
	files[name+"init"] = &fstest.MapFile{Data: b.Init()}
	for i, s := range b.Segments(2, 1) {
		files[fmt.Sprintf("%s%d", name, i+1)] = &fstest.MapFile{Data: s}
	}
}

const (
	head  = `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="static" minBufferTime="PT2S" mediaPresentationDuration="PT10S"><Period id="0" start="PT0S">`
	video = `<AdaptationSet id="v" contentType="video" mimeType="video/mp4"><SegmentTemplate duration="2" media="v$Number$" initialization="vinit"/>` +
		`<Representation id="180p" bandwidth="250000" codecs="avc1.640028" width="320" height="180" frameRate="25"/></AdaptationSet>`
	audio = `<AdaptationSet id="a" lang="en" contentType="audio" mimeType="audio/mp4"><SegmentTemplate duration="2" media="a$Number$" initialization="ainit"/>` +
		`<Representation id="aac" bandwidth="130000" codecs="mp4a.40.2" audioSamplingRate="48000"/></AdaptationSet>`
	tail = `</Period></MPD>`
)

// good is a presentation of ten seconds of video and audio. Its bytes are shared.
var good = sync.OnceValue(func() fstest.MapFS {
	files := fstest.MapFS{"m.mpd": {Data: []byte(head + video + audio + tail)}}
	add(files, "v", pictures(10))
	add(files, "a", sound(10))
	return files
})

// tenSeconds is a copy of it, in which files may be replaced.
func tenSeconds() fstest.MapFS {
	files := fstest.MapFS{}
	for name, f := range good() {
		files[name] = &fstest.MapFile{Data: f.Data}
	}
	return files
}

// formats are the parsers of a check.
func formats() map[mime.Container]func() bytestream.Parser {
	return map[mime.Container]func() bytestream.Parser{mime.ISOBMFF: func() bytestream.Parser { return isobmff.New(isobmff.Options{}) }}
}

// options are those of a check with decoders that need no codec, on a built-in file system.
func options(t testing.TB, files fs.FS) check.Options {
	t.Helper()
	mounts := map[string]fs.FS{"mem": files}
	c, err := fetch.New(fetch.Config{Mounts: mounts, Attempts: 2, Backoff: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return check.Options{Source: source.Options{Fetch: c, Mounts: mounts}, Formats: formats(), Decoders: &playertest.Factory{Depth: 2}, Version: "test"}
}

// run checks a manifest and sees to it that nothing is left over.
func run(t testing.TB, files fs.FS, change ...func(*check.Options)) *check.Report {
	t.Helper()
	o := options(t, files)
	for _, c := range change {
		c(&o)
	}
	r, err := check.Run(context.Background(), "mem:///m.mpd", o)
	if err != nil {
		t.Fatal(err)
	}
	if n := frame.Live(); n != 0 {
		t.Errorf("%d pictures or blocks leaked", n)
	}
	if !r.Complete {
		t.Error("the report calls itself incomplete")
	}
	if b, err := json.Marshal(r); err != nil || !json.Valid(b) {
		t.Errorf("no JSON: %v", err)
	}
	return r
}

func n(p *int64) string {
	if p == nil {
		return "-"
	}
	return fmt.Sprint(*p)
}

func sec(s check.Seconds) string {
	if !s.Known() {
		return "-"
	}
	return strconv.FormatFloat(math.Round(float64(s)*1e6)/1e6+0, 'f', -1, 64)
}

// line writes the counts and times of a track.
func line(x check.Track) string {
	b := ""
	for _, r := range x.Buffered {
		b += fmt.Sprintf("[%s,%s)", sec(r[0]), sec(r[1]))
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s seg=%s coded=%s keys=%s pic=%s/%s err=%s snd=%s/%s %s..%s..%s %s", x.ID, x.Type, n(x.Segments), n(x.CodedFrames), n(x.KeyFrames),
		n(x.FramesDecoded), n(x.FramesCorrupted), n(x.DecodeErrors), n(x.AudioSamplesDecoded), n(x.AudioSamplesPresented), sec(x.FirstPTS), sec(x.LastPTS), sec(x.End), b))
}

// lines writes all tracks.
func lines(r *check.Report) string {
	var out []string
	for _, x := range r.Tracks {
		out = append(out, line(x))
	}
	return strings.Join(out, "\n")
}

// found writes the findings: "severity code track segment@time".
func found(r *check.Report) string {
	var out []string
	for _, f := range r.Findings {
		s := fmt.Sprintf("%s %s", f.Severity, f.Code)
		if f.Track != "" {
			s += " " + string(f.Track)
		}
		if f.Segment != nil {
			s += fmt.Sprintf(" #%d", f.Segment.Index)
		}
		if f.Time.Known() {
			s += " @" + sec(f.Time)
		}
		out = append(out, s)
	}
	return strings.Join(out, "\n")
}

func want(t testing.TB, what, got, want string) {
	t.Helper()
	if want = strings.TrimSpace(want); got != want {
		t.Errorf("%s\n got %s\nwant %s", what, strings.ReplaceAll(got, "\n", "\n     "), strings.ReplaceAll(want, "\n", "\n     "))
	}
}

var errSpecial = errors.New("special")
