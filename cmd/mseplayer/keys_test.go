package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"mseplayer/assets/demo"
	"mseplayer/mse/bytestream"
	"mseplayer/mse/isobmff"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/player/crypt"
)

var (
	videoKey = crypt.Key{KID: [16]byte{0xa1, 15: 1}, Key: [16]byte{0xb2, 15: 2}}
	soundKey = crypt.Key{KID: [16]byte{0xc3, 15: 3}, Key: [16]byte{0xd4, 15: 4}}
)

func flagOf(k crypt.Key) string { return fmt.Sprintf("%x:%x", k.KID, k.Key) }

// gathered are the frames of one track.
type gathered struct {
	bytestream.Discard
	frames []media.CodedFrame
}

func (g *gathered) Fragment(tracks []bytestream.TrackFrames) error {
	for _, t := range tracks {
		g.frames = append(g.frames, t.Frames...)
	}
	return nil
}

// demoTrack is a representation of the demo as a builder has it.
func demoTrack(t *testing.T, name string) msetest.BuilderTrack {
	t.Helper()
	p, g := isobmff.New(isobmff.Options{}), &gathered{}
	read := func(file string) bool {
		b, err := fs.ReadFile(demo.FS, "media/"+file)
		if err != nil {
			return false
		}
		p.Push(b)
		if err := bytestream.Drain(p, g); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		return true
	}
	for i := 1; i == 1 && read(name+"-init.mp4") || i > 1; i++ {
		if !read(fmt.Sprintf("%s-%d.m4s", name, i)) {
			break
		}
	}
	if len(g.frames) == 0 {
		t.Fatalf("no frames of %s", name)
	}
	c := g.frames[0].Config
	ticks := func(v float64) int64 { return int64(math.Round(v * float64(c.Timescale))) }
	out := msetest.BuilderTrack{ID: 1, Timescale: c.Timescale, Entries: []msetest.BuilderEntry{{DecoderConfig: c}}}
	for _, f := range g.frames {
		out.Skip = max(out.Skip, -ticks(float64(f.DTS)), -ticks(float64(f.PTS.Add(-f.TrimFront))))
	}
	for _, f := range g.frames {
		out.Samples = append(out.Samples, msetest.BuilderSample{PTS: ticks(float64(f.PTS.Add(-f.TrimFront))) + out.Skip, DTS: ticks(float64(f.DTS)) + out.Skip,
			Dur: ticks(float64(f.Duration + f.TrimFront + f.TrimBack)), Key: f.RAP, Data: f.Data})
	}
	return out
}

// demoFolder writes the demo, encrypted with a scheme unless that is "", and returns its manifest.
func demoFolder(t *testing.T, scheme, descriptors string) string {
	t.Helper()
	folder := t.TempDir()
	var mpd strings.Builder
	mpd.WriteString(`<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" xmlns:cenc="urn:mpeg:cenc:2013" xmlns:dashif="https://dashif.org/CPS" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="static" minBufferTime="PT2S" mediaPresentationDuration="PT16S"><Period>`)
	for _, x := range []struct {
		name, kind, codecs string
		key                crypt.Key
	}{{"180p", "video", "avc1.4d400d", videoKey}, {"sound", "audio", "mp4a.40.2", soundKey}} {
		track := demoTrack(t, x.name)
		fmt.Fprintf(&mpd, `<AdaptationSet contentType="%s" mimeType="%[1]s/mp4">`, x.kind)
		if scheme != "" {
			track.Protect(scheme, x.key.KID, x.key.Key, 64)
			fmt.Fprintf(&mpd, `<ContentProtection schemeIdUri="urn:mpeg:dash:mp4protection:2011" value="%s" cenc:default_KID="%x-%x-%x-%x-%x"/>%s`,
				scheme, x.key.KID[:4], x.key.KID[4:6], x.key.KID[6:8], x.key.KID[8:10], x.key.KID[10:], descriptors)
		}
		fmt.Fprintf(&mpd, `<SegmentTemplate duration="2" initialization="%s-init" media="%[1]s-$Number$"/><Representation id="%[1]s" bandwidth="100000" codecs="%s"/></AdaptationSet>`, x.name, x.codecs)
		b := &msetest.Builder{Tracks: []msetest.BuilderTrack{track}}
		write(t, filepath.Join(folder, x.name+"-init"), string(b.Init()))
		for i, s := range b.Segments(2, 1) {
			write(t, filepath.Join(folder, fmt.Sprintf("%s-%d", x.name, i+1)), string(s))
		}
	}
	mpd.WriteString(`</Period></MPD>`)
	return write(t, filepath.Join(folder, "manifest.mpd"), mpd.String())
}

func licenseText(keys ...crypt.Key) string {
	var list []string
	for _, k := range keys {
		list = append(list, fmt.Sprintf(`{"kty":"oct","kid":%q,"k":%q}`, base64.RawURLEncoding.EncodeToString(k.KID[:]), base64.RawURLEncoding.EncodeToString(k.Key[:])))
	}
	return `{"keys":[` + strings.Join(list, ",") + `],"type":"temporary"}`
}

// licenseServer is a server of ClearKey licenses that counts the questions.
func licenseServer(t *testing.T, asked *atomic.Int32) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		var q struct{ KIDs []string }
		b, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(b, &q); err != nil || r.Method != http.MethodPost {
			http.Error(w, "no question", http.StatusBadRequest)
			return
		}
		var out []crypt.Key
		for _, k := range []crypt.Key{videoKey, soundKey} {
			if slices.Contains(q.KIDs, base64.RawURLEncoding.EncodeToString(k.KID[:])) {
				out = append(out, k)
			}
		}
		fmt.Fprint(w, licenseText(out...))
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// TestKeys_Check decodes encrypted copies of the demo completely, however the keys are given.
func TestKeys_Check(t *testing.T) {
	plain := checkFile(t, demoFolder(t, "", ""))
	var asked atomic.Int32
	server := licenseServer(t, &asked)
	both := []string{"--key", flagOf(videoKey), "--key", flagOf(soundKey)}
	file := write(t, filepath.Join(t.TempDir(), "license.json"), licenseText(videoKey, soundKey))
	laURL := `<ContentProtection schemeIdUri="urn:uuid:e2719d58-a985-b3c9-781a-b030af78d30e"><dashif:Laurl>` + server + `</dashif:Laurl></ContentProtection>`
	for _, c := range []struct {
		name, scheme, descriptors string
		args                      []string
		asked                     int32
	}{
		{"cenc", "cenc", "", both, 0},
		{"cens", "cens", "", both, 0},
		{"cbc1", "cbc1", "", both, 0},
		{"cbcs", "cbcs", laURL, both, 0},
		{"license file", "cenc", "", []string{"--license", file}, 0},
		{"license server", "cbcs", "", []string{"--license", server}, 2},
		{"license server of the manifest", "cenc", laURL, nil, 2},
		{"license server for the one that is not given", "cenc", laURL, []string{"--key", flagOf(soundKey)}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked.Store(0)
			r := expect(t, exitOK, "", "", append([]string{"check", "--quiet", "--json", "-", demoFolder(t, c.scheme, c.descriptors)}, c.args...)...)
			var rep struct {
				Verdict string
				Tracks  []struct{ FramesDecoded, FramesCorrupted, DecodeErrors, AudioSamplesPresented *int64 }
			}
			if err := json.Unmarshal([]byte(r.out), &rep); err != nil || len(rep.Tracks) != 2 {
				t.Fatalf("%v\n%s", err, r.out)
			}
			v, a := rep.Tracks[0], rep.Tracks[1]
			if v.FramesDecoded == nil || *v.FramesDecoded != demoFrames || *v.FramesCorrupted+*v.DecodeErrors+*a.DecodeErrors != 0 || *a.AudioSamplesPresented != *plain.Tracks[1].AudioSamplesPresented {
				t.Errorf("%s", r.out)
			}
			if asked.Load() != c.asked {
				t.Errorf("the server was asked %d times, want %d", asked.Load(), c.asked)
			}
		})
	}
}

// TestKeys_Play: what is shown and heard of an encrypted copy has the checksums of the clear one.
func TestKeys_Play(t *testing.T) {
	play := func(manifest string, args ...string) *dumped {
		file := filepath.Join(t.TempDir(), "dump")
		args = append([]string{"play", "--quiet", "--headless", "--audio-out", "null", "--end", "2", "--dump", file, manifest}, args...)
		r, ok := launch(t, patienceOf(3), nil, args...)
		if !ok || r.code != exitOK {
			t.Fatalf("exit %d\n%s", r.code, r.err)
		}
		d, err := readDump(file)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	// A machine that stalls may drop pictures: those that both runs showed are compared.
	sums := func(lines []dumpLine) map[int64]uint32 {
		out := map[int64]uint32{}
		for _, l := range lines {
			out[int64(math.Round(l.pts*1e6))] = l.crc
		}
		return out
	}
	want := play(demoFolder(t, "", ""))
	for _, scheme := range []string{"cenc", "cbcs"} {
		got := play(demoFolder(t, scheme, ""), "--key", flagOf(videoKey), "--key", flagOf(soundKey))
		for _, x := range []struct {
			name      string
			got, want map[int64]uint32
			least     int
		}{{"pictures", sums(got.shown), sums(want.shown), demoRate}, {"blocks of sound", sums(got.sound), sums(want.sound), 10}} {
			same := 0
			for at, crc := range x.want {
				if own, ok := x.got[at]; ok && own != crc {
					t.Errorf("%s: %s at %d µs: checksum %08x, want %08x", scheme, x.name, at, own, crc)
				} else if ok {
					same++
				}
			}
			if same < x.least {
				t.Errorf("%s: %d %s in common, of %d and %d", scheme, same, x.name, len(x.got), len(x.want))
			}
		}
	}
}

// TestKeys_Missing ends with one line that says what is needed.
func TestKeys_Missing(t *testing.T) {
	const widevine = `<ContentProtection schemeIdUri="urn:uuid:EDEF8BA9-79D6-4ACE-A3C8-27DCD51D21ED"/>`
	manifest := demoFolder(t, "cenc", widevine)
	play := []string{"play", "--quiet", "--headless", "--audio-out", "null", manifest}
	kid := fmt.Sprintf("%x", videoKey.KID)
	wrong := videoKey
	wrong.Key[0]++
	for _, c := range []struct {
		name string
		args []string
		want []string
	}{
		{"no key for pictures", []string{"--key", flagOf(soundKey)}, []string{kid, "widevine", "--key"}},
		{"no key for sound", []string{"--key", flagOf(videoKey)}, []string{"audio", fmt.Sprintf("%x", soundKey.KID)}},
		{"wrong key", []string{"--key", flagOf(wrong), "--key", flagOf(soundKey)}, []string{"video", kid + " is wrong"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, ok := launch(t, patienceOf(5), nil, append(play, c.args...)...)
			if !ok || r.code != exitFailed || strings.Count(r.err, "\n") != 1 {
				t.Fatalf("exit %d, %q", r.code, r.err)
			}
			for _, w := range c.want {
				if !strings.Contains(r.err, w) {
					t.Errorf("%q, want %q in it", r.err, w)
				}
			}
		})
	}
	expect(t, exitOK, "drm.key-missing", "", "check", "--quiet", manifest)
	expect(t, exitFailed, "drm.unsupported-system", "", "check", "--quiet", "--fail-on", "warning", manifest)
	expect(t, exitFailed, "drm.wrong-key", "", "check", "--quiet", "--key", flagOf(wrong), manifest)
	expect(t, exitOK, "key wanted: "+kid+", widevine", "", "probe", manifest)
	init, err := os.ReadFile(filepath.Join(filepath.Dir(manifest), "180p-init"))
	if err != nil {
		t.Fatal(err)
	}
	segment, err := os.ReadFile(filepath.Join(filepath.Dir(manifest), "180p-1"))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, exitOK, "key wanted: "+kid, "", "probe", write(t, filepath.Join(t.TempDir(), "film.mp4"), string(init)+string(segment)))
	film := write(t, filepath.Join(t.TempDir(), "film.mp4"), string(withSystem(init))+string(segment))
	expect(t, exitOK, "key wanted: "+kid+", widevine", "", "probe", film)
	expect(t, exitOK, "drm.unsupported-system", "", "check", "--quiet", film)
}

// TestKeys_Flags refuses keys and licenses that are none.
func TestKeys_Flags(t *testing.T) {
	empty := write(t, filepath.Join(t.TempDir(), "license.json"), "{}")
	for _, c := range []struct{ args, want string }{
		{"--key abc", "--key abc: takes KID:KEY"},
		{"--key 00:11", "--key 00:11: the key id has 2 hexadecimal digits, not 32"},
		{"--license " + empty, `the license has no "keys"`},
		{"--license " + empty + "x", "no such file or directory"},
	} {
		for _, command := range []string{"play", "check"} {
			expect(t, exitUsage, "", c.want, append([]string{command, "x.mpd"}, strings.Fields(c.args)...)...)
		}
	}
}

// TestKeys_Progressive: files whose samples are encrypted without fragments, as FFmpeg writes them.
func TestKeys_Progressive(t *testing.T) {
	folder, _ := demoFiles(t)
	clear := wholeTrack(t, folder, "180p", 2)
	name := filepath.Join(t.TempDir(), "film.mp4")
	ffmpegProgram(t, "-i", clear, "-c", "copy", "-encryption_scheme", "cenc-aes-ctr", "-encryption_key", fmt.Sprintf("%x", videoKey.Key), "-encryption_kid", fmt.Sprintf("%x", videoKey.KID), name)
	kid := fmt.Sprintf("%x", videoKey.KID)
	wrong := videoKey
	wrong.Key[0]++
	key := flagOf(videoKey)
	pictures := fmt.Sprintf("%d", len(ffmpegPictures(t, clear)))
	expect(t, exitOK, "encrypted", "", "probe", name)
	expect(t, exitOK, "the key "+kid+" is not known", "", "check", "--quiet", name)
	expect(t, exitFailed, "drm.wrong-key", "", "check", "--quiet", "--key", flagOf(wrong), name)
	if r := expect(t, exitOK, "PASS", "", "check", "--key", key, name); !slices.Contains(strings.Fields(r.out), pictures) {
		t.Errorf("%s pictures are not decoded:\n%s", pictures, r.out)
	}
	expect(t, exitFailed, "", kid+" is not known", "play", "--quiet", "--headless", "--audio-out", "null", name)
	expect(t, exitOK, "", "", "play", "--quiet", "--headless", "--audio-out", "null", "--start", "3", "--end", "3.2", "--key", key, name)
}

// withSystem adds a pssh box of Widevine at the end of the moov, which is the last box of init.
func withSystem(init []byte) []byte {
	system := []byte("\x00\x00\x00\x20pssh\x00\x00\x00\x00\xed\xef\x8b\xa9\x79\xd6\x4a\xce\xa3\xc8\x27\xdc\xd5\x1d\x21\xed\x00\x00\x00\x00")
	at := int(binary.BigEndian.Uint32(init)) // behind ftyp
	out := slices.Concat(init, system)
	binary.BigEndian.PutUint32(out[at:], uint32(len(out)-at))
	return out
}
