package player_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/player"
	"mseplayer/player/crypt"
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

// box is a box of MP4.
func box(name string, body string) string {
	n := len(body) + 8
	return string([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}) + name + body
}

// words is a track of subtitles in one-second samples, of which each second one says a word and its number; captions
// have a pair of bytes in each sample.
func words(id uint32, format, language string, seconds int) msetest.BuilderTrack {
	codec := map[string]media.CodecID{"wvtt": media.WebVTT, "stpp": media.TTML, "tx3g": "mov_text", "c608": "eia_608"}[format]
	t := msetest.BuilderTrack{ID: id, Timescale: 1000, Language: language,
		Entries: []msetest.BuilderEntry{{DecoderConfig: &media.DecoderConfig{Kind: media.Text, Codec: codec}, Format: format}}}
	if format == "wvtt" {
		t.Entries[0].Extradata = []byte("WEBVTT\n")
	}
	add := func(at, dur int, data string) {
		t.Samples = append(t.Samples, msetest.BuilderSample{PTS: int64(at), DTS: int64(at), Dur: int64(dur), Key: true, Data: []byte(data)})
	}
	if format == "c608" {
		pairs := []string{"\x94\x20", "\x94\xae", "\x94\x70", "\xc8I", "\x94\x2f"} // loading, erase, row 15, letters, show
		for i := range seconds * 4 {
			data := "\x80\x80"
			if i < len(pairs) {
				data = pairs[i]
			}
			if i%4 == 0 && i >= len(pairs) {
				continue // no sample at all
			}
			add(i*250, 250, box("cdat", data))
		}
		return t
	}
	for i := range seconds {
		said := fmt.Sprintf("%s %d", language, i)
		empty := i%2 == 1
		data := ""
		switch format {
		case "wvtt":
			data = box("vttc", box("payl", said))
			if empty {
				data = box("vtte", "")
			}
		case "stpp":
			data = `<tt xmlns="http://www.w3.org/ns/ttml"><body><div><p>` + said + `</p></div></body></tt>`
			if empty {
				data = `<tt xmlns="http://www.w3.org/ns/ttml"/>`
			}
		case "tx3g":
			data = string([]byte{0, byte(len(said))}) + said
			if empty {
				data = "\x00\x00"
			}
		}
		add(i*1000, 1000, data)
	}
	return t
}

// TestSubtitles_Inside shows the text tracks inside of a fragmented file and of segments that hold pictures, too.
func TestSubtitles_Inside(t *testing.T) {
	movie := msetest.Movie(msetest.MovieSpec{Width: 64, Height: 48, Length: 12, FrameRateNum: 25, FrameRateDen: 1, GOP: 25, BitsPerSecond: 100_000, Seed: 1})
	movie.Tracks = append(movie.Tracks, words(11, "wvtt", "eng", 12), words(12, "stpp", "deu", 12), words(13, "tx3g", "swe", 12), words(14, "c608", "fra", 12))
	whole := string(movie.Init())
	files := fstest.MapFS{"init.mp4": {Data: movie.Init()}}
	mpd := `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT12S" minBufferTime="PT1S"><Period>
<AdaptationSet contentType="video" mimeType="video/mp4" codecs="avc1.64001f%s"><SegmentTemplate timescale="1" duration="2" startNumber="0" initialization="init.mp4" media="$Number$.m4s"/>
<Representation id="v" bandwidth="100000"/></AdaptationSet></Period></MPD>`
	for i, s := range movie.Segments(2, 1) {
		whole += string(s)
		files[fmt.Sprintf("%d.m4s", i)] = &fstest.MapFile{Data: s}
	}
	files["film.mp4"] = &fstest.MapFile{Data: []byte(whole)}
	files["manifest.mpd"] = &fstest.MapFile{Data: []byte(fmt.Sprintf(mpd, ",wvtt,stpp.ttml.im1t,tx3g,c608"))}
	files["silent.mpd"] = &fstest.MapFile{Data: []byte(fmt.Sprintf(mpd, ""))}
	for _, c := range []struct {
		track string
		want  map[media.Time]string
	}{
		{"eng", map[media.Time]string{0.5: "eng 0", 1.5: "", 10.5: "eng 10"}},
		{"12", map[media.Time]string{0.5: "deu 0", 1.5: "", 10.5: "deu 10"}},
		{"sv", map[media.Time]string{0.5: "swe 0", 1.5: "", 10.5: "swe 10"}},
		{"fr", map[media.Time]string{0.5: "", 1.5: "HI", 11.5: "HI"}},
		{"CC1", map[media.Time]string{1.5: "HI"}},
	} {
		for _, name := range []string{"film.mp4", "manifest.mpd"} {
			t.Run(c.track+" of "+name, func(t *testing.T) {
				within(t, func(t *testing.T) {
					r := assemble(t, player.Config{SubTrack: c.track}, fetch.Config{Mounts: map[string]fs.FS{"pkg": files}}, "pkg:///"+name)
					defer r.stop()
					r.play(12)
					r.said(c.want)
					if log := r.log.String(); strings.Contains(log, "cannot be") {
						t.Errorf("told of:\n%s", log)
					}
				})
			})
		}
	}
	within(t, func(t *testing.T) { // nothing tells of the tracks but the media
		r := assemble(t, player.Config{}, fetch.Config{Mounts: map[string]fs.FS{"pkg": files}}, "pkg:///silent.mpd")
		defer r.stop()
		r.open()
		r.p.Play()
		time.Sleep(3 * time.Second)
		if err := r.p.SelectSubtitle("en"); err != nil {
			t.Error(err)
		}
		r.said(map[media.Time]string{0.5: "eng 0", 2.5: "eng 2"})
		r.p.Seek(9)
		time.Sleep(2 * time.Second)
		r.said(map[media.Time]string{10.5: "eng 10"})
	})
	within(t, func(t *testing.T) {
		r := assemble(t, player.Config{SubTrack: "xx"}, fetch.Config{Mounts: map[string]fs.FS{"pkg": files}}, "pkg:///film.mp4")
		defer r.stop()
		if err := r.p.Open(t.Context(), r.name); err == nil || !strings.Contains(err.Error(), `no subtitle track "xx"; there are: 11 (eng), 12 (deu), 13 (swe), CC1 (fra)`) {
			t.Errorf("an unknown track: %v", err)
		}
	})
}

// apart adds a track of subtitles to a package, in segments of 2 s of its own.
func apart(files fstest.MapFS, codecs string, text msetest.BuilderTrack) {
	set := `<AdaptationSet contentType="text" mimeType="application/mp4" codecs="` + codecs + `" lang="en"><SegmentTemplate timescale="1" duration="2" startNumber="0" initialization="t.mp4" media="t$Number$.m4s"/>` +
		`<Representation id="t" bandwidth="100"/></AdaptationSet></Period>`
	files["manifest.mpd"].Data = []byte(strings.Replace(string(files["manifest.mpd"].Data), "</Period>", set, 1))
	b := &msetest.Builder{Tracks: []msetest.BuilderTrack{text}}
	files["t.mp4"] = &fstest.MapFile{Data: b.Init()}
	for i, s := range b.Segments(2, 1) {
		files[fmt.Sprintf("t%d.m4s", i)] = &fstest.MapFile{Data: s}
	}
}

// TestSubtitles_Protected shows subtitles that are encrypted: in segments of their own and inside of others.
func TestSubtitles_Protected(t *testing.T) {
	key := crypt.Key{KID: [16]byte{5, 15: 5}, Key: [16]byte{6, 15: 6}}
	for _, scheme := range []string{"cenc", "cbcs"} {
		for _, format := range []string{"wvtt", "stpp", "tx3g"} {
			t.Run(scheme+" "+format, func(t *testing.T) {
				text := words(1, format, "eng", 8)
				text.Protect(scheme, key.KID, key.Key, 0)
				files := playertest.Package{Periods: []float64{8}}.Files()
				apart(files, format, text)
				movie := msetest.Movie(msetest.MovieSpec{Width: 64, Height: 48, Length: 8, FrameRateNum: 25, FrameRateDen: 1, GOP: 25, BitsPerSecond: 100_000, Seed: 1})
				text.ID = 11
				movie.Tracks = append(movie.Tracks, text)
				film := string(movie.Init())
				for _, s := range movie.Segments(2, 1) {
					film += string(s)
				}
				files["film.mp4"] = &fstest.MapFile{Data: []byte(film)}
				for _, name := range []string{"manifest.mpd", "film.mp4"} {
					for _, keys := range [][]crypt.Key{{key}, nil} {
						within(t, func(t *testing.T) {
							r := assemble(t, player.Config{SubTrack: "en", Keys: crypt.Config{Keys: keys}}, fetch.Config{Mounts: map[string]fs.FS{"pkg": files}}, "pkg:///"+name)
							defer r.stop()
							r.play(8)
							if keys != nil {
								r.said(map[media.Time]string{0.5: "eng 0", 1.5: "", 6.5: "eng 6"})
								return
							}
							r.said(map[media.Time]string{0.5: "", 6.5: ""})
							if !strings.Contains(r.log.String(), "05000000000000000000000000000005") {
								t.Errorf("%s: nothing tells of the key that is missing:\n%s", name, r.log)
							}
						})
					}
				}
			})
		}
	}
}

// TestSubtitles_EncryptedSegments shows subtitles whose files are encrypted as a whole.
func TestSubtitles_EncryptedSegments(t *testing.T) {
	within(t, func(t *testing.T) {
		files := playlists("", 0)
		key := []byte("0123456789abcdef")
		c, err := aes.NewCipher(key)
		if err != nil {
			t.Fatal(err)
		}
		files["key.bin"] = &fstest.MapFile{Data: key}
		for n := range 3 {
			f := files[fmt.Sprintf("s%d.vtt", n)]
			pad := 16 - len(f.Data)%16
			f.Data = append(f.Data, bytes.Repeat([]byte{byte(pad)}, pad)...)
			iv := make([]byte, 16)
			iv[15] = byte(n)
			cipher.NewCBCEncrypter(c, iv).CryptBlocks(f.Data, f.Data)
		}
		list := files["s.m3u8"]
		list.Data = []byte(strings.Replace(string(list.Data), "#EXTINF", "#EXT-X-KEY:METHOD=AES-128,URI=\"key.bin\"\n#EXTINF", 1))
		r := assemble(t, player.Config{SubTrack: "sv"}, fetch.Config{Mounts: map[string]fs.FS{"pkg": files}}, "pkg:///master.m3u8")
		defer r.stop()
		r.play(12)
		r.said(map[media.Time]string{0.5: "sv 0", 4.5: "sv 4", 11.5: "sv 11"})
	})
}

// moody is a file system in which a file is not there when it is first asked for.
type moody struct {
	fs.FS
	name string
	mu   *sync.Mutex
	left *int
}

func (m moody) Open(name string) (fs.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if name == m.name && *m.left > 0 {
		*m.left--
		return nil, fs.ErrNotExist
	}
	return m.FS.Open(name)
}

// TestSubtitles_InitLater asks again for an initialization segment that could not be had.
func TestSubtitles_InitLater(t *testing.T) {
	within(t, func(t *testing.T) {
		files := playertest.Package{Periods: []float64{8}}.Files()
		apart(files, "wvtt", words(1, "wvtt", "eng", 8))
		left := 1
		r := assemble(t, player.Config{SubTrack: "en"}, fetch.Config{Mounts: map[string]fs.FS{"pkg": moody{files, "t.mp4", &sync.Mutex{}, &left}}}, "pkg:///manifest.mpd")
		defer r.stop()
		r.play(8)
		r.said(map[media.Time]string{6.5: "eng 6"})
		if left != 0 {
			t.Error("the file was there at once")
		}
	})
}

// TestSubtitles_Forced shows what a track forces on everybody while it is off, and foreign parts in the language of
// another sound.
func TestSubtitles_Forced(t *testing.T) {
	files := playertest.Package{Periods: []float64{12}, Sounds: []playertest.Sound{{ID: "b", Lang: "fr"}}}.Files()
	sets := ""
	for i, lang := range []string{"en", "fr"} {
		sets += fmt.Sprintf(`<AdaptationSet id="%d" contentType="text" mimeType="application/ttml+xml" lang="%s"><Representation id="t%s" bandwidth="100"><BaseURL>%s.ttml</BaseURL></Representation></AdaptationSet>`, 20+i, lang, lang, lang)
		files[lang+".ttml"] = &fstest.MapFile{Data: []byte(`<tt xmlns="http://www.w3.org/ns/ttml" xmlns:itts="http://www.w3.org/ns/ttml/profile/imsc1#styling"><body><div>` +
			`<p begin="1s" end="3s">` + lang + ` spoken</p><p begin="4s" end="11s" itts:forcedDisplay="true">` + lang + ` sign</p></div></body></tt>`)}
	}
	with := func(more string) fstest.MapFS {
		out := fstest.MapFS{}
		for k, v := range files {
			out[k] = v
		}
		out["manifest.mpd"] = &fstest.MapFile{Data: []byte(strings.Replace(string(files["manifest.mpd"].Data), "</Period>", sets+more+"</Period>", 1))}
		out["foreign.vtt"] = &fstest.MapFile{Data: []byte(vtt("", "foreign", 0, 12))}
		return out
	}
	foreign := `<AdaptationSet id="30" contentType="text" mimeType="text/vtt" lang="fr"><Role schemeIdUri="urn:mpeg:dash:role:2011" value="forced-subtitle"/>` +
		`<Representation id="f" bandwidth="100"><BaseURL>foreign.vtt</BaseURL></Representation></AdaptationSet>`
	for _, c := range []struct {
		name, track, more string
		sound             string // chosen at 2 s
		want              map[media.Time]string
	}{
		{"off", "", "", "", map[media.Time]string{2: "", 5: "en sign"}},
		{"not wanted", "no", "", "", map[media.Time]string{2: "", 5: "en sign"}},
		{"another one is shown", "fr", "", "", map[media.Time]string{2: "fr spoken", 5: "fr sign"}},
		{"another sound", "", "", "fr", map[media.Time]string{2: "", 5: "fr sign"}},
		{"another sound with foreign parts", "", foreign, "fr", map[media.Time]string{5.5: "foreign 5"}},
		{"another sound while one is shown", "en", foreign, "fr", map[media.Time]string{2: "en spoken", 5.5: "en sign"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			within(t, func(t *testing.T) {
				r := newRig(t, with(c.more), player.Config{SubTrack: c.track})
				defer r.stop()
				r.open()
				r.p.Play()
				time.Sleep(2 * time.Second)
				if c.sound != "" {
					if err := r.p.SetAudioTrack(c.sound); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(2 * time.Second)
				r.said(c.want)
				r.p.Subtitles().SetVisible(false)
				if c.more == "" {
					r.said(map[media.Time]string{2: "", 5: c.want[5]})
				}
			})
		})
	}
	within(t, func(t *testing.T) { // back to a sound without foreign parts
		r := newRig(t, with(foreign), player.Config{})
		defer r.stop()
		r.open()
		r.p.Play()
		time.Sleep(time.Second)
		for _, x := range []struct{ sound, want string }{{"fr", "f"}, {"en", ""}} {
			if err := r.p.SetAudioTrack(x.sound); err != nil {
				t.Fatal(err)
			}
			if track, _ := r.p.Subtitles().Selected(); !strings.HasSuffix(track.ID, x.want) || (track.ID == "") != (x.want == "") {
				t.Errorf("with sound in %s: chosen %q", x.sound, track.ID)
			}
			time.Sleep(time.Second)
		}
	})
}

// TestSubtitles_NextPeriod goes on with subtitles of the same language and kind, and with none of another.
func TestSubtitles_NextPeriod(t *testing.T) {
	for _, c := range []struct{ name, lang, role, want string }{
		{"the same", "en", "subtitle", "second 0"},
		{"another region", "en-GB", "subtitle", "second 0"},
		{"for the deaf", "en", "caption", ""},
		{"foreign parts", "en", "forced-subtitle", ""},
		{"another language", "sv", "subtitle", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			within(t, func(t *testing.T) {
				files := playertest.Package{Periods: []float64{8, 8}}.Files()
				parts := strings.SplitAfter(string(files["manifest.mpd"].Data), "</Period>")
				for i, lang := range []string{"en", c.lang} {
					role, word := []string{"subtitle", c.role}[i], []string{"first", "second"}[i]
					parts[i] = strings.Replace(parts[i], "</Period>", fmt.Sprintf(`<AdaptationSet id="%d" contentType="text" mimeType="text/vtt" lang="%s"><Role schemeIdUri="urn:mpeg:dash:role:2011" value="%s"/>`+
						`<Representation id="t%d" bandwidth="100"><BaseURL>t%d.vtt</BaseURL></Representation></AdaptationSet></Period>`, 40+i, lang, role, i, i), 1)
					files[fmt.Sprintf("t%d.vtt", i)] = &fstest.MapFile{Data: []byte(vtt("", word, 0, 8))}
				}
				files["manifest.mpd"] = &fstest.MapFile{Data: []byte(strings.Join(parts, ""))}
				r := newRig(t, files, player.Config{SubTrack: "p0/40/t0"})
				defer r.stop()
				r.play(16)
				r.said(map[media.Time]string{0.5: "first 0", 8.5: c.want})
			})
		})
	}
}
