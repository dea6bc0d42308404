package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mseplayer/audio/null"
	"mseplayer/mse/media"
	"mseplayer/player"
	"mseplayer/player/fetch"
	"mseplayer/player/ffmpeg"
)

// bench is a paused player whose surface is the test.
type bench struct {
	t    *testing.T
	p    *player.Player
	sink *null.Sink
	pts  media.Time // of the picture that is seen
	sum  uint32
}

// openBench opens a source and waits for its first picture. done frees everything.
func openBench(t *testing.T, source string, cfg player.Config) (b *bench, done func()) {
	t.Helper()
	client, err := fetch.New(fetch.Config{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	b = &bench{t: t, sink: null.New(null.Options{})}
	if err := b.sink.Start(ctx); err != nil {
		t.Fatal(err)
	}
	b.p = player.New(cfg, player.Deps{Decoders: ffmpeg.Factory{}, Demuxer: ffmpeg.Factory{}, Audio: b.sink, Fetch: client})
	done = func() {
		b.p.Stop()
		cancel()
		b.p.Close()
		if err := b.sink.Close(); err != nil {
			t.Error(err)
		}
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := b.p.Open(ctx, source); err != nil {
		done()
		t.Fatal(err)
	}
	b.await("the first picture", b.look)
	return b, done
}

// look draws, and reports whether there is another picture to be seen.
func (b *bench) look() bool {
	now := time.Now()
	v, fresh := b.p.Frames().Pick(now, now.Add(time.Second/60))
	if fresh {
		b.pts, b.sum = v.PTS, v.Checksum()
	}
	return fresh
}

// await looks at short intervals until something is so, and tells how long that took.
func (b *bench) await(what string, is func() bool) time.Duration {
	b.t.Helper()
	start := time.Now()
	for !is() {
		if time.Since(start) > patience {
			b.t.Fatalf("%s: not after %v: %+v", what, patience, b.p.State())
		}
		time.Sleep(200 * time.Microsecond)
	}
	return time.Since(start)
}

// seek goes to the picture of a time and waits until it is there.
func (b *bench) seek(t media.Time) {
	b.t.Helper()
	b.p.Seek(t)
	b.look()
	gen := r1(b.p.Playhead())
	b.await("a seek", func() bool {
		b.look()
		shown, ok := b.p.Frames().Shown()
		return ok && shown.Gen == gen && !b.p.State().Seeking
	})
}

// step moves by one picture, and tells how long that took.
func (b *bench) step(by int) time.Duration {
	b.t.Helper()
	b.p.Step(by)
	return b.await(fmt.Sprintf("a step by %d from %s", by, b.pts), b.look)
}

// stays wants the picture to be the same after a step.
func (b *bench) stays(by int) {
	b.t.Helper()
	before := b.pts
	b.p.Step(by)
	for start := time.Now(); time.Since(start) < 150*time.Millisecond; time.Sleep(time.Millisecond) {
		b.look()
		if b.pts != before {
			b.t.Fatalf("a step by %d leads from the picture of %s to that of %s", by, before, b.pts)
		}
	}
	b.await("the end of a step", func() bool { b.look(); return !b.p.State().Seeking })
	if b.pts != before {
		b.t.Fatalf("a step by %d leads from the picture of %s to that of %s", by, before, b.pts)
	}
}

// stepSources makes sources of at least 150 pictures with sound, of all the kinds that make a difference to steps, and tells
// what the pictures are; some are the names of those that are wanted, of all when there are none.
func stepSources(t *testing.T, some ...string) (names []string, sources map[string]string, pictures map[string][]coded) {
	t.Helper()
	folder := t.TempDir()
	sources, pictures = map[string]string{}, map[string][]coded{}
	wanted := func(name string) bool { return len(some) == 0 || slices.Contains(some, name) }
	in := func(size string, rate int) []string {
		return strings.Fields(fmt.Sprintf("-f lavfi -i testsrc2=size=%s:rate=%d:duration=8 -f lavfi -i sine=frequency=440:sample_rate=48000:duration=8 -pix_fmt yuv420p -c:a aac", size, rate))
	}
	add := func(name, file string, args ...string) {
		if !wanted(name) {
			return
		}
		file = filepath.Join(folder, file)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		ffmpegProgram(t, append(append(in("320x180", 25), args...), file)...)
		names = append(names, name)
		sources[name], pictures[name] = file, ffmpegPictures(t, file)
	}
	x264 := func(params string) []string {
		return []string{"-c:v", "libx264", "-preset", "veryfast", "-x264-params", "scenecut=0:" + params}
	}
	add("B frames in a file", "b.mp4", x264("keyint=50:bframes=3:b-pyramid=normal")...)
	add("open GOP", "open.mkv", x264("keyint=20:min-keyint=20:bframes=4:open-gop=1")...)
	add("one GOP", "long.mp4", x264("keyint=1000:bframes=2")...)
	add("each picture a random access point", "intra.mp4", x264("keyint=1")...)
	add("HEVC with an open GOP", "hevc.mp4", "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=24:min-keyint=24:scenecut=0:open-gop=1:bframes=3")
	add("variable rate", "vfr.mkv", append(x264("keyint=30:bframes=3"), "-vf", "select='gt(mod(n,5),0)+eq(mod(n,11),0)',setpts='PTS+mod(N,3)*0.007/TB'", "-fps_mode", "vfr")...)
	add("HLS", "hls/list.m3u8", append(x264("keyint=25:bframes=3"), "-f", "hls", "-hls_time", "1", "-hls_list_size", "0")...)

	if !wanted("periods") {
		return names, sources, pictures
	}
	// Two periods whose media differ in times, sizes and rates.
	manifest := `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" profiles="urn:mpeg:dash:profile:isoff-live:2011" minBufferTime="PT1S" mediaPresentationDuration="PT8S">`
	var all []coded
	for i, period := range []struct {
		size  string
		rate  int
		begin int // seconds of the media that the period leaves out
	}{{"320x180", 25, 0}, {"480x270", 30, 4}} {
		whole := filepath.Join(folder, fmt.Sprintf("whole%d.mp4", i))
		ffmpegProgram(t, append(append(in(period.size, period.rate), x264(fmt.Sprintf("keyint=%d:bframes=3", period.rate))...), whole)...)
		part := filepath.Join(folder, fmt.Sprintf("p%d", i))
		if err := os.MkdirAll(part, 0o755); err != nil {
			t.Fatal(err)
		}
		manifest += fmt.Sprintf("<Period start=\"PT%dS\" duration=\"PT4S\"><BaseURL>p%d/</BaseURL>\n", 4*i, i)
		for k, kind := range []string{"video", "audio"} {
			letter := kind[:1]
			ffmpegProgram(t, "-i", whole, "-map", "0:"+letter, "-c", "copy", "-f", "dash", "-use_timeline", "0", "-use_template", "1", "-seg_duration", "1",
				"-init_seg_name", letter+"-init.mp4", "-media_seg_name", letter+"-$Number$.m4s", filepath.Join(part, letter+".mpd"))
			codecs := []string{"avc1.640015", "mp4a.40.2"}[k]
			manifest += fmt.Sprintf(`<AdaptationSet contentType="%s" mimeType="%s/mp4" codecs="%s"><SegmentTemplate timescale="1000" duration="1000" startNumber="%d" presentationTimeOffset="%d" initialization="%s-init.mp4" media="%s-$Number$.m4s"/><Representation id="%s" bandwidth="300000"/></AdaptationSet>`+"\n",
				kind, kind, codecs, 1+period.begin, 1000*period.begin, letter, letter, letter)
		}
		manifest += "</Period>\n"
		for _, c := range ffmpegPictures(t, whole) {
			if at := c.pts - float64(period.begin); at > -0.001 && at < 3.999 {
				all = append(all, coded{at + 4*float64(i), c.sum})
			}
		}
	}
	names = append(names, "periods")
	sources["periods"], pictures["periods"] = write(t, filepath.Join(folder, "periods.mpd"), manifest+"</MPD>"), all
	return names, sources, pictures
}

// TestPlay_Steps goes through the sources that differ most, and tries what one source is enough for.
func TestPlay_Steps(t *testing.T) {
	names, sources, pictures := stepSources(t, "B frames in a file", "HEVC with an open GOP", "periods")
	stepThrough(t, names, sources, pictures)
	t.Run("what a seek has left out", func(t *testing.T) {
		const ahead = 2
		want := pictures[names[0]]
		b, done := openBench(t, sources[names[0]], player.Config{Ahead: ahead})
		defer done()
		b.await("some of it", func() bool { return b.p.State().Buffered.End() >= ahead })
		b.seek(media.Time(want[152].pts + 0.01))
		if r := b.p.State().Buffered; len(r) < 2 {
			t.Fatalf("%s is buffered, want something to be left out", r)
		}
		for n := 151; n > 80; n-- {
			if b.step(-1); b.sum != want[n].sum {
				t.Fatalf("a step back to picture %d leads to that of %s", n, b.pts)
			}
		}
	})
	t.Run("scrubbing", func(t *testing.T) {
		// As the window does while the mouse moves: the next position when the picture of the one before is there.
		want := pictures[names[0]]
		b, done := openBench(t, sources[names[0]], player.Config{})
		defer done()
		b.await("all of it", func() bool { return b.p.State().Buffered.End() > 7.8 })
		seen := map[media.Time]bool{}
		for i := range 40 {
			b.p.FastSeek(media.Time(i) * 0.19)
			gen := r1(b.p.Playhead())
			b.await("a picture while the mouse moves", func() bool {
				b.look()
				shown, ok := b.p.Frames().Shown()
				return ok && shown.Gen == gen && !b.p.State().Seeking
			})
			seen[b.pts] = true
		}
		if len(seen) < 4 {
			t.Errorf("only %d pictures are seen on the way", len(seen))
		}
		const last = 137
		b.p.FastSeek(media.Time(want[60].pts))
		b.seek(media.Time(want[last].pts + 0.03))
		if b.sum != want[last].sum {
			t.Errorf("where the mouse is released at picture %d, that of %s is seen", last, b.pts)
		}
		b.stays(0)
	})
	t.Run("playback after a step beyond the beginning", func(t *testing.T) {
		b, done := openBench(t, sources[names[0]], player.Config{})
		defer done()
		b.stays(-1)
		b.resumes()
	})
}

// stepThrough goes 100 pictures of each source forwards and 100 back. Every picture is the next one, by what the ffmpeg program
// makes of the source, and on the way back the very same as before. There are no seeks on the way. At either end of the source
// a step beyond it leads nowhere, and does not keep playback from going on; when playback goes on after steps, then from the
// picture that is seen, with its sound.
func stepThrough(t *testing.T, names []string, sources map[string]string, pictures map[string][]coded) {
	t.Helper()
	const first, steps = 24, 100
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			want := pictures[name]
			if len(want) < first+steps+20 {
				t.Fatalf("the source has %d pictures", len(want))
			}
			b, done := openBench(t, sources[name], player.Config{})
			defer done()
			b.await("all of it", func() bool {
				s := b.p.State()
				return len(s.Buffered) > 0 && s.Duration-s.Buffered.End() < 0.2
			})
			shift := b.pts - media.Time(want[0].pts)
			is := func(n int) {
				t.Helper()
				if off := b.pts - media.Time(want[n].pts) - shift; b.sum != want[n].sum || off > 0.001 || off < -0.001 {
					t.Fatalf("the picture of %s has sum %08x; number %d has %f, %08x", b.pts, b.sum, n, want[n].pts, want[n].sum)
				}
			}
			is(0)
			b.stays(-1)
			is(0)
			b.seek(media.Time(want[first].pts+want[first+1].pts)/2 + shift)
			is(first)
			gen := r1(b.p.Playhead())
			var forward []media.Time
			var took []time.Duration
			for i := range steps {
				forward = append(forward, b.pts)
				b.step(1)
				is(first + i + 1)
			}
			for i := range steps {
				took = append(took, b.step(-1))
				is(first + steps - i - 1)
				if was := forward[steps-i-1]; b.pts != was {
					t.Fatalf("the picture of %s had the time %s before", b.pts, was)
				}
			}
			if g := r1(b.p.Playhead()); g != gen {
				t.Errorf("%d seeks on the way", g-gen)
			}
			slices.Sort(took)
			t.Logf("a step back takes %v, at most %v", took[steps/2], took[steps-1])
			b.resumes()

			b.seek(media.Time(want[len(want)-1].pts) + shift)
			is(len(want) - 1)
			b.stays(1)
			b.step(-1)
			is(len(want) - 2)
			b.step(1)
			is(len(want) - 1)
			b.p.Play()
			b.await("the end", func() bool { b.look(); return b.p.State().Ended })
		})
	}
}

// resumes plays for a moment from the picture that is seen.
func (b *bench) resumes() {
	b.t.Helper()
	from := b.pts
	b.p.Play()
	b.await("playback after steps", func() bool {
		if b.look(); b.pts < from {
			b.t.Fatalf("playback goes on with the picture of %s after that of %s", b.pts, from)
		}
		return b.pts > from+0.6
	})
	const off = 0.05
	heard, ok := b.sink.Read()
	before := heard.At(time.Now())
	at, gen := b.p.Playhead()
	after := heard.At(time.Now())
	if !ok || heard.Gen != gen || at < before-off || at > after+off || b.pts > at+off {
		b.t.Errorf("at %s the sound is at %s to %s and the picture of %s is seen", at, before, after, b.pts)
	}
	b.p.Pause()
	b.await("the pause", func() bool { b.look(); return b.p.State().Paused })
}
