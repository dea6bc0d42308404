package player_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"mseplayer/audio/null"
	"mseplayer/audio/pcm"
	"mseplayer/mse/media"
	"mseplayer/player"
	"mseplayer/player/element"
	"mseplayer/player/fetch"
	"mseplayer/player/frame"
	"mseplayer/player/playertest"
	"mseplayer/player/playertest/netsim"
	"mseplayer/player/subtitle"
)

// decoded is a frame of sound that a decoder was given.
type decoded struct {
	cfg *media.DecoderConfig
	pts media.Time
}

// rig plays a presentation in memory with fake decoders, a null sink and a surface of 50 Hz.
type rig struct {
	t       *testing.T
	p       *player.Player
	name    string // of what is played
	sink    *null.Sink
	surface *playertest.Surface
	log     *bytes.Buffer // warnings, to be read after stop
	stop    func()

	mu      sync.Mutex
	heard   []pcm.Played // guarded by mu
	decoded []decoded    // guarded by mu: frames of sound
}

func newRig(t *testing.T, files fstest.MapFS, cfg player.Config) *rig {
	t.Helper()
	return assemble(t, cfg, fetch.Config{Mounts: map[string]fs.FS{"pkg": files}}, "pkg:///manifest.mpd")
}

// newNetRig plays what comes over a line.
func newNetRig(t *testing.T, files fstest.MapFS, line *netsim.Line, cfg player.Config) *rig {
	t.Helper()
	server := &netsim.Server{Handler: line.Wrap(http.FileServerFS(files))}
	server.Start()
	r := assemble(t, cfg, fetch.Config{Dial: server.Dial}, "http://origin.example/manifest.mpd")
	stop := r.stop
	r.stop = func() { stop(); server.Close() }
	return r
}

// assemble makes a rig that plays name, fetched as net says.
func assemble(t *testing.T, cfg player.Config, net fetch.Config, name string) *rig {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	client, err := fetch.New(net)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, name: name, surface: &playertest.Surface{}, log: &bytes.Buffer{}}
	r.sink = null.New(null.Options{Options: pcm.Options{Dump: func(p pcm.Played) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.heard = append(r.heard, p)
	}}})
	if err := r.sink.Start(ctx); err != nil {
		t.Fatal(err)
	}
	factory := &playertest.Factory{Depth: 2, Sound: func(cfg *media.DecoderConfig, pts media.Time) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.decoded = append(r.decoded, decoded{cfg, pts})
	}}
	r.p = player.New(cfg, player.Deps{Decoders: factory, Audio: r.sink, Fetch: client, Mounts: net.Mounts,
		Log: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	done := make(chan struct{})
	sctx, scancel := context.WithCancel(ctx)
	go func() { defer close(done); r.surface.Run(sctx, r.p.Frames(), 20*time.Millisecond) }()
	r.stop = func() {
		r.p.Stop()
		scancel()
		<-done
		r.p.Close()
		_ = r.sink.Close()
		_ = client.Close()
		cancel()
		synctest.Wait()
	}
	return r
}

// open opens the manifest and fails the test if that fails.
func (r *rig) open() {
	r.t.Helper()
	if err := r.p.Open(r.t.Context(), r.name); err != nil {
		r.t.Fatal(err)
	}
}

// finish waits for the end of playback.
func (r *rig) finish(limit time.Duration) {
	r.t.Helper()
	select {
	case <-r.p.Ended():
	case <-time.After(limit):
		r.t.Fatalf("does not end: %+v", r.p.State())
	}
}

func (r *rig) report() player.Report {
	st := r.sink.Stats()
	return r.p.Report(&player.AudioStats{SamplesPlayed: st.SamplesPlayed, SilentFrames: st.SilentFrames, Underruns: st.Underruns, Device: st.Device, FirstSound: st.FirstSound})
}

func within(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	before := frame.Live()
	synctest.Test(t, f)
	if n := frame.Live() - before; n != 0 {
		t.Errorf("%d frames leaked", n)
	}
}

func TestPlay(t *testing.T) {
	for _, c := range []struct {
		name   string
		pkg    playertest.Package
		length float64
	}{
		{"one period", playertest.Package{Periods: []float64{7}, Rungs: 3}, 7},
		{"three periods", playertest.Package{Periods: []float64{4, 3, 5}, Rungs: 2}, 12},
		{"a period without sound", playertest.Package{Periods: []float64{4, 4, 4}, Silent: map[int]bool{1: true}}, 12},
		{"only the last period has sound", playertest.Package{Periods: []float64{40, 4}, Silent: map[int]bool{0: true}}, 44},
		{"only the first period has sound", playertest.Package{Periods: []float64{4, 60}, Silent: map[int]bool{1: true}}, 64},
		{"longer than what is buffered ahead", playertest.Package{Periods: []float64{90}}, 90},
	} {
		t.Run(c.name, func(t *testing.T) {
			within(t, func(t *testing.T) {
				r := newRig(t, c.pkg.Files(), player.Config{})
				defer r.stop()
				r.open()
				r.p.Play()
				r.finish(time.Duration(c.length*float64(time.Second)) + 3*time.Second)
				rep := r.report()
				want := uint64(c.length*25 + 0.5)
				if rep.Error != nil || !rep.Ended || rep.Quality.Total != want || rep.Quality.Dropped != 0 || rep.Frames.Presented != want {
					t.Errorf("presented %d of %d, dropped %d, error %v, ended %v", rep.Frames.Presented, want, rep.Quality.Dropped, deref(rep.Error), rep.Ended)
				}
				if d := float64(rep.Duration) - c.length; d < -0.001 || d > 0.1 {
					t.Errorf("duration %v, want %v", rep.Duration, c.length)
				}
				if w := float64(rep.WallTime); w < c.length || w > c.length+0.7 {
					t.Errorf("%v s took %v", c.length, w)
				}
				if len(rep.Stalls)+len(rep.GapsJumped) != 0 || rep.Audio.Underruns != 0 {
					t.Errorf("stalls %v, gaps %v, underruns %d", rep.Stalls, rep.GapsJumped, rep.Audio.Underruns)
				}
				last := media.Time(-1)
				for _, s := range r.surface.Pictures() {
					if s.PTS <= last {
						t.Fatalf("picture %s came after %s", s.PTS, last)
					}
					last = s.PTS
				}
			})
		})
	}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func TestQuality(t *testing.T) {
	files := playertest.Package{Periods: []float64{2, 2}, Rungs: 3}.Files()
	for quality, want := range map[string]string{"": "v3", "max": "v3", "min": "v1", "v2": "v2"} {
		within(t, func(t *testing.T) {
			r := newRig(t, files, player.Config{Quality: quality})
			defer r.stop()
			r.open()
			r.p.Play()
			r.finish(6 * time.Second)
			if v := r.report().Video; v == nil || deref(v.Representation) != want {
				t.Errorf("quality %q plays %+v, want %s", quality, v, want)
			}
		})
	}
}

func TestSeekEverywhere(t *testing.T) {
	within(t, func(t *testing.T) {
		r := newRig(t, playertest.Package{Periods: []float64{60, 50}, Rungs: 1}.Files(), player.Config{VideoQuota: 300_000})
		defer r.stop()
		r.open()
		r.p.Play()
		time.Sleep(time.Second)
		rnd := rand.New(rand.NewPCG(1, 2))
		for range 60 {
			target := media.Time(rnd.Float64() * 109.9)
			r.p.Seek(target)
			for start := time.Now(); r.p.State().Seeking; {
				time.Sleep(5 * time.Millisecond)
				if time.Since(start) > 5*time.Second {
					t.Fatalf("seek to %s does not end: %+v", target, r.p.State())
				}
			}
			time.Sleep(45 * time.Millisecond)
			all := r.surface.Pictures()
			if last := all[len(all)-1]; last.PTS > target+0.1 || last.PTS < target-0.04 {
				t.Errorf("seek to %s shows %s", target, last.PTS)
			}
			time.Sleep(time.Duration(rnd.IntN(3000)) * time.Millisecond)
		}
		r.p.Play()
		r.p.Seek(108)
		for start := time.Now(); !r.p.State().Ended; time.Sleep(10 * time.Millisecond) {
			if time.Since(start) > 10*time.Second {
				t.Fatalf("does not end: %+v", r.p.State())
			}
		}
		rep := r.report()
		if rep.Error != nil || !rep.Ended || rep.Quality.Dropped != 0 || len(rep.Seeks) != 61 {
			t.Errorf("error %s, ended %v, dropped %d, %d seeks", deref(rep.Error), rep.Ended, rep.Quality.Dropped, len(rep.Seeks))
		}
	})
}

func TestMissingSegment(t *testing.T) {
	within(t, func(t *testing.T) {
		files := playertest.Package{Periods: []float64{20}}.Files()
		delete(files, "p0-v1-4.m4s")
		r := newRig(t, files, player.Config{})
		defer r.stop()
		r.open()
		r.p.Play()
		r.finish(20 * time.Second)
		err := r.p.Err()
		if err == nil || !strings.Contains(err.Error(), "p0-v1-4.m4s") || !strings.Contains(err.Error(), "segment 4") || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v", err)
		}
		if at := r.p.State().CurrentTime; at < 5.8 || at > 6.1 {
			t.Errorf("stopped at %s; what lies before the hole at 6 is to be played", at)
		}
		var doc map[string]any
		b, jerr := r.report().JSON()
		if jerr != nil || json.Unmarshal(b, &doc) != nil || doc["error"] == nil || doc["ended"] != false {
			t.Errorf("report %s %v", b, jerr)
		}
	})
}

// TestBrokenSegments leaves out what is damaged, and stops where nothing can be played without it.
func TestBrokenSegments(t *testing.T) {
	const name = "p0-v1-2.m4s"
	all := func(f fstest.MapFS, data string) {
		for i := 1; i <= 10; i++ {
			f[fmt.Sprintf("p0-v1-%d.m4s", i)].Data = []byte(data)
		}
	}
	for _, c := range []struct {
		name string
		do   func(fstest.MapFS)
		lost string   // what is left out, "" where playback stops
		want []string // of the reason
	}{
		{"truncated", func(f fstest.MapFS) { f[name].Data = f[name].Data[:len(f[name].Data)/2] }, "2-4", []string{"truncated"}},
		{"empty", func(f fstest.MapFS) { f[name].Data = nil }, "2-4", []string{"empty"}},
		{"not media", func(f fstest.MapFS) { f[name].Data = []byte("<html><body>404</body></html>") }, "2-4", []string{"byte 0"}},
		{"the first", func(f fstest.MapFS) { f["p0-a-1.m4s"].Data = []byte("nonsense, and more of it") }, "0-2", []string{"byte 0"}},
		{"the last", func(f fstest.MapFS) { f["p0-v1-10.m4s"].Data = []byte("nonsense, and more of it") }, "18-20", []string{"byte 0"}},
		{"all", func(f fstest.MapFS) { all(f, "nonsense, and more of it") }, "", []string{"p0-v1-1.m4s", "segment 1", "byte 0"}},
		{"no initialization segment", func(f fstest.MapFS) { delete(f, "p0-a-init.mp4") }, "", []string{"p0-a-init.mp4", "initialization segment"}},
		{"text as initialization segment", func(f fstest.MapFS) { f["p0-a-init.mp4"].Data = []byte("nonsense, and more of it") }, "", []string{"p0-a-init.mp4"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			within(t, func(t *testing.T) {
				files := playertest.Package{Periods: []float64{20}}.Files()
				c.do(files)
				r := newRig(t, files, player.Config{})
				defer r.stop()
				r.open()
				r.p.Play()
				r.finish(25 * time.Second)
				rep, err := r.report(), r.p.Err()
				var text string
				if err != nil {
					text = err.Error()
				}
				if c.lost != "" {
					if err != nil || !rep.Ended || len(rep.Lost) != 1 || fmt.Sprintf("%g-%g", rep.Lost[0].From, rep.Lost[0].To) != c.lost {
						t.Fatalf("error %v, ended %v, lost %v", err, rep.Ended, rep.Lost)
					}
					text = rep.Lost[0].Reason
				}
				for _, w := range c.want {
					if !strings.Contains(text, w) || strings.Contains(text, "\n") {
						t.Errorf("got %q, want %q in it", text, w)
					}
				}
			})
		})
	}
}

// TestHoleIsPlayedThrough has a hole between two periods that is too short to jump over: the last picture stays, and time
// goes on.
func TestHoleIsPlayedThrough(t *testing.T) {
	within(t, func(t *testing.T) {
		files := playertest.Package{Periods: []float64{4, 4}}.Files()
		mpd := strings.Replace(string(files["manifest.mpd"].Data), `<Period id="1" duration="PT4S">`, `<Period id="1" start="PT4.2S" duration="PT4S">`, 1)
		files["manifest.mpd"].Data = []byte(mpd)
		r := newRig(t, files, player.Config{})
		defer r.stop()
		r.open()
		r.p.Play()
		r.finish(15 * time.Second)
		rep := r.report()
		if len(rep.Stalls)+len(rep.GapsJumped) != 0 || rep.Quality.Total != 200 || rep.Quality.Dropped != 0 || rep.Error != nil {
			t.Errorf("stalls %v, gaps %v, %+v, error %s", rep.Stalls, rep.GapsJumped, rep.Quality, deref(rep.Error))
		}
		if w := float64(rep.WallTime); w < 8.2 || w > 8.9 {
			t.Errorf("8.2 s took %v", w)
		}
	})
}

func TestGapIsJumped(t *testing.T) {
	within(t, func(t *testing.T) {
		pkg := playertest.Package{Periods: []float64{4, 4}}
		files := pkg.Files()
		// The second period begins one second late.
		mpd := strings.Replace(string(files["manifest.mpd"].Data), `<Period id="1" duration="PT4S">`, `<Period id="1" start="PT6S" duration="PT4S">`, 1)
		files["manifest.mpd"].Data = []byte(mpd)
		r := newRig(t, files, player.Config{})
		defer r.stop()
		r.open()
		r.p.Play()
		r.finish(15 * time.Second)
		rep := r.report()
		if len(rep.GapsJumped) != 1 || rep.GapsJumped[0].To != 6 || rep.Quality.Total != 200 || rep.Error != nil {
			t.Errorf("gaps %v, %d pictures, error %s", rep.GapsJumped, rep.Quality.Total, deref(rep.Error))
		}
		for i, s := range r.surface.Pictures() {
			if want := media.FromTicks(int64(i*40+i/100*2000), 1000); s.PTS > want+1e-9 || s.PTS < want-1e-9 {
				t.Errorf("picture %d is that of %s, want %s", i, s.PTS, want)
			}
		}
		if len(rep.Seeks) != 0 {
			t.Errorf("the jump is reported as a seek: %v", rep.Seeks)
		}
	})
}

func TestOpenErrors(t *testing.T) {
	files := playertest.Package{Periods: []float64{2}}.Files()
	mpd := string(files["manifest.mpd"].Data)
	for _, c := range []struct{ name, content, want string }{
		{"empty", "", "empty"},
		{"web page", "<!DOCTYPE html><html><body>Not found</body></html>", "web page"},
		{"truncated", mpd[:len(mpd)/2], "manifest.mpd"},
		{"text", "hello", "no manifest"},
		{"unknown codec", strings.NewReplacer("avc1.64001f", "zzzz.1", "mp4a.40.2", "yyyy.2").Replace(mpd), "zzzz"},
		{"playlist", "#EXTM3U\n#EXT-X-VERSION:3\n", "HLS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			within(t, func(t *testing.T) {
				files["manifest.mpd"] = &fstest.MapFile{Data: []byte(c.content)}
				r := newRig(t, files, player.Config{})
				defer r.stop()
				err := r.p.Open(t.Context(), "pkg:///manifest.mpd")
				if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
					t.Errorf("error %v, want %q in it", err, c.want)
				}
			})
		})
	}
}

// TestMisleadingCodecs: a codecs string that disagrees with the media does not keep it from playing. It is told once.
func TestMisleadingCodecs(t *testing.T) {
	within(t, func(t *testing.T) {
		files := playertest.Package{Periods: []float64{2}}.Files()
		mpd := strings.Replace(string(files["manifest.mpd"].Data), "avc1.64001f", "hvc1.1.6.L93.B0", 1)
		files["manifest.mpd"].Data = []byte(mpd)
		r := newRig(t, files, player.Config{})
		r.open()
		r.p.Play()
		r.finish(6 * time.Second)
		if rep := r.report(); rep.Quality.Total != 50 || rep.Error != nil || rep.Video.Codec != "h264" {
			t.Errorf("%d pictures of %s, error %s", rep.Quality.Total, rep.Video.Codec, deref(rep.Error))
		}
		r.stop()
		if n := strings.Count(r.log.String(), "codecs string does not fit"); n != 1 {
			t.Errorf("%d warnings:\n%s", n, r.log)
		}
	})
}

func TestPicture(t *testing.T) {
	within(t, func(t *testing.T) {
		r := newRig(t, playertest.Package{Periods: []float64{10}}.Files(), player.Config{AudioTrack: player.None})
		r.stop() // the surface must not draw
		mounts := map[string]fs.FS{"pkg": playertest.Package{Periods: []float64{10}}.Files()}
		client, err := fetch.New(fetch.Config{Mounts: mounts})
		if err != nil {
			t.Fatal(err)
		}
		p := player.New(player.Config{AudioTrack: player.None}, player.Deps{Decoders: &playertest.Factory{Depth: 2}, Fetch: client, Mounts: mounts})
		defer func() { p.Close(); _ = client.Close() }()
		if err := p.Open(t.Context(), "pkg:///manifest.mpd"); err != nil {
			t.Fatal(err)
		}
		for _, at := range []media.Time{0, 9.99, 4, 3.999, 4.01} {
			err := p.Picture(t.Context(), at, func(v *frame.Video, _ *subtitle.Overlay) error {
				if v.PTS > at+1e-9 || v.PTS <= at-0.04 {
					t.Errorf("picture of %s is that of %s", at, v.PTS)
				}
				return nil
			})
			if err != nil {
				t.Errorf("picture of %s: %v", at, err)
			}
		}
		if err := p.Picture(t.Context(), 11, nil); err == nil || !strings.Contains(err.Error(), "behind the end") {
			t.Errorf("beyond the end: %v", err)
		}
	})
}

func TestReadyAfterOpen(t *testing.T) {
	within(t, func(t *testing.T) {
		r := newRig(t, playertest.Package{Periods: []float64{4}}.Files(), player.Config{Start: 2.5})
		defer r.stop()
		r.open()
		time.Sleep(time.Second)
		s := r.p.State()
		if s.CurrentTime != 2.5 || !s.Paused || s.ReadyState != element.HaveEnoughData {
			t.Errorf("after opening at 2.5: %+v", s)
		}
		if all := r.surface.Pictures(); len(all) != 1 || all[0].PTS != 2.48 {
			t.Errorf("shows %v, want the picture at 2.48", all)
		}
	})
}
