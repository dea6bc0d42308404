package player_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/player"
	"mseplayer/player/fetch"
	"mseplayer/player/playertest"
)

// vtt is a WebVTT document whose cues say a word and their number, one a second, from second first on.
func vtt(header, word string, first, count int) string {
	var b strings.Builder
	b.WriteString("WEBVTT" + header + "\n\n")
	for i := first; i < first+count; i++ {
		fmt.Fprintf(&b, "00:%02d:%02d.200 --> 00:%02d:%02d.800\n%s %d\n\n", i/60, i%60, i/60, i%60, word, i)
	}
	return b.String()
}

// titled is a presentation of two periods of eight seconds with subtitles: files in English, German and foreign parts, and
// numbered segments in Swedish.
func titled() fstest.MapFS {
	files := playertest.Package{Periods: []float64{8, 8}}.Files()
	add := func(name, text string) { files[name] = &fstest.MapFile{Data: []byte(text)} }
	parts := strings.SplitAfter(string(files["manifest.mpd"].Data), "</Period>")
	for i := range 2 {
		text := func(id, lang, role, addressing string) string {
			return fmt.Sprintf(`<AdaptationSet id="%s" contentType="text" mimeType="text/vtt" lang="%s"><Role schemeIdUri="urn:mpeg:dash:role:2011" value="%s"/>`+
				`<Representation id="%s%d" bandwidth="100">%s</Representation></AdaptationSet>`, id, lang, role, id, i, addressing)
		}
		sets := text("11", "en", "subtitle", fmt.Sprintf("<BaseURL>en%d.vtt</BaseURL>", i)) + text("13", "sv", "subtitle", fmt.Sprintf(`<SegmentTemplate duration="4" media="sv%d-$Number$.vtt"/>`, i))
		if i == 0 {
			sets += text("12", "de", "subtitle", "<BaseURL>de.vtt</BaseURL>") + text("14", "fr", "forced-subtitle", "<BaseURL>de.vtt</BaseURL>")
		}
		parts[i] = strings.Replace(parts[i], "</Period>", sets+"</Period>", 1)
		add(fmt.Sprintf("en%d.vtt", i), vtt("", fmt.Sprintf("en%d", i), 0, 8))
		for n := range 2 {
			add(fmt.Sprintf("sv%d-%d.vtt", i, n+1), vtt("", fmt.Sprintf("sv%d", i), 4*n, 4))
		}
	}
	add("de.vtt", vtt("", "de", 0, 8))
	add("manifest.mpd", strings.Join(parts, ""))
	return files
}

// said asserts what the chosen subtitles say at times.
func (r *rig) said(want map[media.Time]string) {
	r.t.Helper()
	for at, w := range want {
		if got := strings.Join(r.p.Subtitles().Text(at), "|"); got != w {
			r.t.Errorf("at %s: got %q, want %q", at, got, w)
		}
	}
}

// play plays to the end and asserts that nothing went wrong with pictures and sound.
func (r *rig) play(length float64) player.Report {
	r.t.Helper()
	r.open()
	r.p.Play()
	r.finish(time.Duration((length + 3) * float64(time.Second)))
	rep := r.report()
	if rep.Error != nil || !rep.Ended || len(rep.Stalls)+len(rep.GapsJumped) != 0 || float64(rep.WallTime) > length+0.7 {
		r.t.Errorf("error %s, ended %t, stalls %v, gaps %v, took %v s", deref(rep.Error), rep.Ended, rep.Stalls, rep.GapsJumped, rep.WallTime)
	}
	return rep
}

// TestSubtitles_DASH plays files and segments of subtitles across periods.
func TestSubtitles_DASH(t *testing.T) {
	for _, c := range []struct {
		track string
		lost  string // a file that is not there
		want  map[media.Time]string
	}{
		{"", "", map[media.Time]string{1.5: ""}}, // neither foreign parts in the language of the sound nor a default
		{"no", "", map[media.Time]string{1.5: ""}},
		{"en", "", map[media.Time]string{0.5: "en0 0", 1.9: "", 7.5: "en0 7", 8.5: "en1 0", 15.5: "en1 7"}},
		{"eng", "", map[media.Time]string{8.5: "en1 0"}},
		{"13", "", map[media.Time]string{0.5: "sv0 0", 4.5: "sv0 4", 8.5: "sv1 0", 15.5: "sv1 7"}},
		{"p0/12/120", "", map[media.Time]string{7.5: "de 7", 8.5: ""}}, // there is none in the other period
		{"sv", "sv0-2.vtt", map[media.Time]string{3.5: "sv0 3", 4.5: "", 8.5: "sv1 0"}},
		{"en", "en0.vtt", map[media.Time]string{3.5: "", 8.5: "en1 0"}},
	} {
		t.Run(c.track+" "+c.lost, func(t *testing.T) {
			within(t, func(t *testing.T) {
				files := titled()
				delete(files, c.lost)
				r := newRig(t, files, player.Config{SubTrack: c.track})
				defer r.stop()
				rep := r.play(16)
				r.said(c.want)
				if n := len(rep.Lost); (n == 1) != (c.lost != "") {
					t.Errorf("lost: %+v", rep.Lost)
				}
			})
		})
	}
}

// TestSubtitles_Choose changes the choice while playing.
func TestSubtitles_Choose(t *testing.T) {
	within(t, func(t *testing.T) {
		r := newRig(t, titled(), player.Config{})
		defer r.stop()
		r.open()
		r.p.Play()
		time.Sleep(2 * time.Second)
		var ids []string
		for range len(r.p.Subtitles().Tracks()) + 1 {
			r.p.CycleSubtitle(1)
			track, _ := r.p.Subtitles().Selected()
			ids = append(ids, track.Language)
		}
		if got := strings.Join(ids, ","); got != "en,sv,de,fr," {
			t.Errorf("the cycle is %q", got)
		}
		r.p.CycleSubtitle(-1)
		if track, ok := r.p.Subtitles().Selected(); !ok || track.Language != "fr" || !track.Forced {
			t.Errorf("back from none: %+v", track)
		}
		if err := r.p.SelectSubtitle("sv"); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		r.said(map[media.Time]string{3.5: "sv0 3", 8.5: "sv1 0"})
		r.p.Seek(14)
		time.Sleep(time.Second)
		r.said(map[media.Time]string{14.5: "sv1 6"})
		r.p.Subtitles().SetDelay(-0.5)
		r.said(map[media.Time]string{13.9: "sv1 6", 14.5: ""})
		if err := r.p.SelectSubtitle("xx"); err == nil || !strings.Contains(err.Error(), `no subtitle track "xx"; there are: p0/11/110 (en)`) {
			t.Errorf("an unknown track: %v", err)
		}
	})
	within(t, func(t *testing.T) {
		r := newRig(t, titled(), player.Config{SubTrack: "xx"})
		defer r.stop()
		if err := r.p.Open(t.Context(), r.name); err == nil || !strings.Contains(err.Error(), `no subtitle track "xx"`) {
			t.Errorf("an unknown track: %v", err)
		}
	})
}

// TestSubtitles_Defaults looks at what is shown when nobody asked for anything.
func TestSubtitles_Defaults(t *testing.T) {
	for _, c := range []struct{ name, attributes, want string }{
		{"nothing", ``, ""},
		{"the author's default", `LANGUAGE="sv",DEFAULT=YES,AUTOSELECT=YES`, "sv"},
		{"foreign parts in the language of the sound", `LANGUAGE="en-GB",FORCED=YES,AUTOSELECT=YES`, "en-GB"},
		{"foreign parts in another language", `LANGUAGE="sv",FORCED=YES,AUTOSELECT=YES`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			within(t, func(t *testing.T) {
				r := assemble(t, player.Config{}, fetch.Config{Mounts: map[string]fs.FS{"pkg": playlists(c.attributes, 0)}}, "pkg:///master.m3u8")
				defer r.stop()
				r.open()
				if track, _ := r.p.Subtitles().Selected(); track.Language != c.want {
					t.Errorf("chosen %q, want %q", track.Language, c.want)
				}
			})
		})
	}
}

// playlists is twelve seconds of HLS with subtitles whose times are those of a clock that stands at base when the media
// begins.
func playlists(attributes string, base int) fstest.MapFS {
	files := playertest.Package{Periods: []float64{12}}.Files()
	add := func(name, text string) { files[name] = &fstest.MapFile{Data: []byte(text)} }
	if attributes == "" {
		attributes = `LANGUAGE="sv"`
	}
	add("master.m3u8", `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,URI="a.m3u8"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="s",NAME="s",URI="s.m3u8",`+attributes+`
#EXT-X-STREAM-INF:BANDWIDTH=100000,CODECS="avc1.64001f,mp4a.40.2",AUDIO="a",SUBTITLES="s"
v1.m3u8
`)
	for _, id := range []string{"v1", "a"} {
		list := fmt.Sprintf("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-MAP:URI=\"p0-%s-init.mp4\"\n", id)
		for n := range 6 {
			list += fmt.Sprintf("#EXTINF:2,\np0-%s-%d.m4s\n", id, n+1)
		}
		add(id+".m3u8", list+"#EXT-X-ENDLIST\n")
	}
	list := "#EXTM3U\n#EXT-X-TARGETDURATION:4\n"
	for n := range 3 {
		list += fmt.Sprintf("#EXTINF:4,\ns%d.vtt\n", n)
		add(fmt.Sprintf("s%d.vtt", n), vtt(fmt.Sprintf("\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:%02d.000", base), "sv", 4*n+base, 4))
	}
	add("s.m3u8", list+"#EXT-X-ENDLIST\n")
	return files
}

func TestSubtitles_HLS(t *testing.T) {
	for _, base := range []int{0, 40} {
		within(t, func(t *testing.T) {
			r := assemble(t, player.Config{SubTrack: "sv"}, fetch.Config{Mounts: map[string]fs.FS{"pkg": playlists("", base)}}, "pkg:///master.m3u8")
			defer r.stop()
			r.play(12)
			r.said(map[media.Time]string{0.5: fmt.Sprintf("sv %d", base), 4.5: fmt.Sprintf("sv %d", 4+base), 11.5: fmt.Sprintf("sv %d", 11+base), 1.9: ""})
		})
	}
}

// TestSubtitles_Alone plays what has nothing but subtitles: time passes, and they are shown.
func TestSubtitles_Alone(t *testing.T) {
	const mpd = `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT6S" minBufferTime="PT1S"><Period>
<AdaptationSet contentType="text" mimeType="text/vtt" lang="en"><Representation id="t" bandwidth="1"><BaseURL>s0.vtt</BaseURL></Representation></AdaptationSet></Period></MPD>`
	// a copy of what was live: nothing says where it ends, and nobody writes it any more
	const live = `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="dynamic" availabilityStartTime="1999-12-31T00:00:00Z" minimumUpdatePeriod="PT1S" minBufferTime="PT1S">
<Period id="p" start="PT0S"><AdaptationSet contentType="text" mimeType="text/vtt" lang="en"><SegmentTemplate media="s$Number$.vtt" startNumber="0">
<SegmentTimeline><S t="0" d="6" r="1"/></SegmentTimeline></SegmentTemplate><Representation id="t" bandwidth="1"/></AdaptationSet></Period></MPD>`
	dir := t.TempDir()
	stored := playlists("", 0)
	stored["live.mpd"] = &fstest.MapFile{Data: []byte(live)}
	for _, name := range []string{"live.mpd", "s0.vtt", "s1.vtt"} {
		if err := os.WriteFile(filepath.Join(dir, name), stored[name].Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, length := range map[string]float64{"pkg:///manifest.mpd": 6, "pkg:///s.m3u8": 12, filepath.Join(dir, "live.mpd"): 12} {
		within(t, func(t *testing.T) {
			files := playlists("", 0)
			files["manifest.mpd"] = &fstest.MapFile{Data: []byte(mpd)}
			r := assemble(t, player.Config{}, fetch.Config{Mounts: map[string]fs.FS{"pkg": files}}, name)
			defer r.stop()
			rep := r.play(length)
			r.said(map[media.Time]string{0.5: "sv 0", 3.5: "sv 3"})
			if float64(rep.Duration) != length || float64(rep.Position) != length || float64(rep.WallTime) < length-0.1 {
				t.Errorf("%s: duration %v, position %v, took %v, want %v", name, rep.Duration, rep.Position, rep.WallTime, length)
			}
		})
	}
}

// TestSubtitles_Beside plays a file with others beside it.
func TestSubtitles_Beside(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	movie := msetest.Movie(msetest.MovieSpec{Width: 64, Height: 48, Length: 6, FrameRateNum: 25, FrameRateDen: 1, GOP: 25, BitsPerSecond: 100_000, Seed: 1})
	film := string(movie.Init())
	for _, s := range movie.Segments(2, 1) {
		film += string(s)
	}
	path := write("film.mp4", film)
	write("film.de.forced.vtt", vtt("", "foreign", 0, 6))
	write("film.en.vtt", vtt("", "en", 0, 6))
	write("film2.vtt", vtt("", "other", 0, 6))
	other := write("mine.srt", "1\n00:00:01,000 --> 00:00:02,000\nmine\n")
	broken := write("broken.vtt", "\x00\x01\x02")
	for _, c := range []struct {
		name   string
		cfg    player.Config
		tracks string
		want   map[media.Time]string
	}{
		{"found", player.Config{}, "film.en.vtt film.de.forced.vtt", map[media.Time]string{1.5: "en 1", 5.5: "en 5"}},
		{"by language", player.Config{SubTrack: "de"}, "film.en.vtt film.de.forced.vtt", map[media.Time]string{1.5: "foreign 1"}},
		{"none wanted", player.Config{SubTrack: "no"}, "film.en.vtt film.de.forced.vtt", map[media.Time]string{1.5: ""}},
		{"given", player.Config{SubFiles: []string{other, broken}}, "mine.srt broken.vtt film.en.vtt film.de.forced.vtt", map[media.Time]string{1.5: "mine", 2.5: ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			within(t, func(t *testing.T) {
				r := assemble(t, c.cfg, fetch.Config{}, path)
				defer r.stop()
				r.play(6)
				var ids []string
				for _, x := range r.p.Subtitles().Tracks() {
					ids = append(ids, x.ID)
				}
				if got := strings.Join(ids, " "); got != c.tracks {
					t.Errorf("tracks %q, want %q", got, c.tracks)
				}
				r.said(c.want)
			})
		})
	}
}
