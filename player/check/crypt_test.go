package check_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/player/check"
	"mseplayer/player/crypt"
)

var (
	videoKey = crypt.Key{KID: [16]byte{1, 15: 1}, Key: [16]byte{2, 15: 2}}
	soundKey = crypt.Key{KID: [16]byte{3, 15: 3}, Key: [16]byte{4, 15: 4}}
)

// protected is ten seconds of encrypted media; its manifest says so with the given descriptors.
func protected(scheme, descriptors string) fstest.MapFS {
	v, a := pictures(10), sound(10)
	v.Tracks[0].Protect(scheme, videoKey.KID, videoKey.Key, 0)
	a.Tracks[0].Protect(scheme, soundKey.KID, soundKey.Key, 0)
	described := strings.NewReplacer(`<SegmentTemplate`, descriptors+`<SegmentTemplate`)
	files := fstest.MapFS{"m.mpd": {Data: []byte(head + described.Replace(video) + described.Replace(audio) + tail)}}
	add(files, "v", v)
	add(files, "a", a)
	return files
}

// TestRun_Encrypted: with the keys the counts are those of the clear media; without one the structure alone is checked; a
// wrong one is told apart from broken media.
func TestRun_Encrypted(t *testing.T) {
	const (
		widevine = `<ContentProtection schemeIdUri="urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed"/>`
		laURL    = `<ContentProtection schemeIdUri="urn:uuid:e2719d58-a985-b3c9-781a-b030af78d30e"/>`
	)
	wrong := videoKey
	wrong.Key[5]++
	plain := run(t, tenSeconds())
	for _, scheme := range []string{"cenc", "cens", "cbc1", "cbcs"} {
		r := run(t, protected(scheme, widevine), func(o *check.Options) { o.Keys.Keys = []crypt.Key{videoKey, soundKey} })
		want(t, scheme+" with its keys", lines(r), lines(plain))
		want(t, scheme+" findings", found(r), found(plain))
		if !r.Tracks[0].Encrypted || !r.Tracks[1].Encrypted || plain.Tracks[0].Encrypted {
			t.Errorf("%s: encrypted %v and %v", scheme, r.Tracks[0].Encrypted, r.Tracks[1].Encrypted)
		}
	}
	r := run(t, protected("cenc", widevine), func(o *check.Options) { o.Keys.Keys = []crypt.Key{videoKey} })
	if r.Tracks[0].FramesDecoded == nil || r.Tracks[1].AudioSamplesDecoded != nil || r.Tracks[1].DecodeErrors != nil || r.Verdict != check.Warn {
		t.Errorf("without the key of the sound: %s\n%s", lines(r), r.Verdict)
	}
	want(t, "without the key of the sound", found(r), "warning drm.key-missing p0/a/aac\nwarning drm.unsupported-system p0/a/aac")
	if f := r.Findings[0]; fmt.Sprint(f.Evidence["kid"]) != "03000000000000000000000000000003" || !strings.Contains(f.Message, "03000000000000000000000000000003") || f.Hint == "" {
		t.Errorf("finding %+v", f)
	}
	if f := r.Findings[1]; !strings.Contains(f.Message, "widevine") {
		t.Errorf("finding %+v", f)
	}
	want(t, "without keys", found(run(t, protected("cbcs", laURL))), "warning drm.key-missing p0/v/180p\nwarning drm.key-missing p0/a/aac")
	r = run(t, protected("cenc", ""), func(o *check.Options) { o.Keys.Keys = []crypt.Key{wrong, soundKey} })
	want(t, "a wrong key", found(r), "error drm.wrong-key p0/v/180p @0")
	r = run(t, protected("cenc", ""), func(o *check.Options) { o.Decoders = nil })
	want(t, "structure only", found(r), "")
}

// TestRun_EncryptedText reads subtitles that are encrypted, with their key, and tells which is missing.
func TestRun_EncryptedText(t *testing.T) {
	const text = `<AdaptationSet id="t" lang="en" contentType="text" mimeType="application/mp4"><SegmentTemplate duration="2" media="t$Number$" initialization="tinit"/>` +
		`<Representation id="tt" bandwidth="1000" codecs="stpp"/></AdaptationSet>`
	track := msetest.BuilderTrack{ID: 1, Timescale: 1000, Entries: []msetest.BuilderEntry{{DecoderConfig: &media.DecoderConfig{Kind: media.Text, Codec: media.TTML}}}}
	for i := range 10 {
		track.Samples = append(track.Samples, msetest.BuilderSample{PTS: int64(i) * 1000, DTS: int64(i) * 1000, Dur: 1000, Key: true,
			Data: []byte(`<tt xmlns="http://www.w3.org/ns/ttml"><body><div><p>words</p></div></body></tt>`)})
	}
	track.Protect("cenc", videoKey.KID, videoKey.Key, 0)
	files := tenSeconds()
	files["m.mpd"] = &fstest.MapFile{Data: []byte(head + video + audio + text + tail)}
	add(files, "t", &msetest.Builder{Tracks: []msetest.BuilderTrack{track}})
	r := run(t, files, func(o *check.Options) { o.Keys.Keys = []crypt.Key{videoKey} })
	want(t, "with the key", found(r), "")
	r = run(t, files)
	if len(r.Findings) == 0 || !strings.Contains(r.Findings[0].Message, "01000000000000000000000000000001") {
		t.Errorf("without the key: %s", found(r))
	}
}
