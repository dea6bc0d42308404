package check_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"mseplayer/player/check"
)

// master is a multivariant playlist of two variants that share one media playlist, with sound of its own.
const master = `#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="en",LANGUAGE="en",DEFAULT=YES,URI="a.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="b",NAME="en",LANGUAGE="en",DEFAULT=YES,URI="a.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=355000,CODECS="avc1.640028,mp4a.40.2",RESOLUTION=320x180,AUDIO="a"
v.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=356000,CODECS="avc1.640028,mp4a.40.2",RESOLUTION=320x180,AUDIO="b"
v.m3u8
`

// playlist lists the five segments of NAME; before says what precedes the one of a number.
func playlist(name string, before map[int]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-MAP:URI=\"%sinit\"\n", name)
	for i := 1; i <= 5; i++ {
		fmt.Fprintf(&b, "%s#EXTINF:2,\n%s%d\n", before[i], name, i)
	}
	return b.String() + "#EXT-X-ENDLIST\n"
}

// playlists is ten seconds of video and audio as playlists say it.
func playlists() fstest.MapFS {
	files := tenSeconds()
	files["m.mpd"] = &fstest.MapFile{Data: []byte(master)}
	files["v.m3u8"] = &fstest.MapFile{Data: []byte(playlist("v", nil))}
	files["a.m3u8"] = &fstest.MapFile{Data: []byte(playlist("a", nil))}
	return files
}

// encrypt encrypts a whole resource with AES in CBC mode.
func encrypt(t *testing.T, key, iv, b []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	n := aes.BlockSize - len(b)%aes.BlockSize
	out := append(bytes.Clone(b), bytes.Repeat([]byte{byte(n)}, n)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(out, out)
	return out
}

const (
	hlsVideo = "p0/0/v.m3u8 video seg=5 coded=250 keys=10 pic=250/0 err=0 snd=-/- 0..9.96..10 [0,10)"
	// noIFrames is found in all that have no I-frame playlist.
	noIFrames = "info hls.iframes-missing"
	hlsAudio  = "p0/1/a.m3u8 audio seg=5 coded=469 keys=469 pic=-/- err=0 snd=480256/479232 0..9.962667..9.984 [0,9.984)"
)

// TestRun_Playlists: a media playlist that several variants name is checked once, and the counts are those of DASH.
func TestRun_Playlists(t *testing.T) {
	r := run(t, playlists())
	want(t, "tracks", lines(r), hlsVideo+"\n"+hlsAudio)
	want(t, "findings", found(r), noIFrames)
	if r.Kind != "hls" || r.Live || r.Verdict != check.Pass {
		t.Errorf("%s, live %v, %s", r.Kind, r.Live, r.Verdict)
	}
	if alone := run(t, playlists(), func(o *check.Options) { o.Representations = []string{"p0/1/a.m3u8"} }); len(alone.Tracks) != 1 || *alone.Tracks[0].AudioSamplesDecoded != 480256 || alone.Tracks[0].FirstPTS != 0 {
		t.Errorf("the sound alone: %s", lines(alone))
	}
}

// TestRun_PlaylistsEncrypted decrypts whole resources; each segment's number is its vector. Without the key, that is what is
// reported, once.
func TestRun_PlaylistsEncrypted(t *testing.T) {
	key := []byte("sixteen bytes !!")
	files := playlists()
	files["key"] = &fstest.MapFile{Data: key}
	files["v.m3u8"].Data = []byte(playlist("v", map[int]string{1: "#EXT-X-KEY:METHOD=AES-128,URI=\"key\"\n"}))
	for i := 1; i <= 5; i++ {
		iv := make([]byte, aes.BlockSize)
		iv[15] = byte(i - 1)
		f := files[fmt.Sprintf("v%d", i)]
		f.Data = encrypt(t, key, iv, f.Data)
	}
	r := run(t, files)
	want(t, "tracks", lines(r), hlsVideo+"\n"+hlsAudio)
	want(t, "findings", found(r), noIFrames)

	files["key"].Data = []byte("too short")
	r = run(t, files)
	want(t, "a key of the wrong length", found(r), "error drm.key-missing p0/0/v.m3u8 #0 @0\n"+noIFrames)
	delete(files, "key")
	r = run(t, files)
	want(t, "no key", found(r), "error drm.key-missing p0/0/v.m3u8 #0 @0\n"+noIFrames)
	if r.Tracks[0].FramesDecoded != nil || *r.Tracks[0].Segments != 0 {
		t.Errorf("without the key: %s", lines(r))
	}
}

// TestRun_PlaylistsGap: what the playlist says to be missing is not asked for, and the gap that it leaves is no error.
func TestRun_PlaylistsGap(t *testing.T) {
	files := playlists()
	delete(files, "v3")
	files["v.m3u8"].Data = []byte(playlist("v", map[int]string{3: "#EXT-X-GAP\n"}))
	r := run(t, files)
	want(t, "findings", found(r), "info segment.missing p0/0/v.m3u8 #2 @4\nwarning timing.gap p0/0/v.m3u8 #3 @4\n"+noIFrames)
	if v := r.Tracks[0]; *v.Segments != 4 || *v.FramesDecoded != 200 || len(v.Buffered) != 2 {
		t.Errorf("%s", lines(r))
	}
}

// TestRun_PlaylistsDiscontinuity: behind a discontinuity the media begins at other times of its own. Pictures and sound are
// moved by the same, so that it shows when one of them comes late.
func TestRun_PlaylistsDiscontinuity(t *testing.T) {
	for _, c := range []struct {
		name  string
		v, a  string // segment behind the discontinuity
		found string
	}{
		{"aligned", "v1", "a1", ""},
		{"the sound late", "v1", "a2", "error timing.gap p0/1/a.m3u8 #3 @5.994667"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := playlists()
			list := func(name, first string) []byte {
				n := int(first[1] - '0')
				return []byte(fmt.Sprintf("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-MAP:URI=\"%[1]sinit\"\n#EXTINF:2,\n%[1]s1\n#EXTINF:2,\n%[1]s2\n#EXTINF:2,\n%[1]s3\n"+
					"#EXT-X-DISCONTINUITY\n#EXTINF:2,\n%[1]s%[2]d\n#EXTINF:2,\n%[1]s%[3]d\n#EXT-X-ENDLIST\n", name, n, n+1))
			}
			files["v.m3u8"].Data, files["a.m3u8"].Data = list("v", c.v), list("a", c.a)
			r := run(t, files)
			for _, x := range r.Tracks {
				if x.Type == "video" && (*x.FramesDecoded != 250 || *x.DecodeErrors != 0 || x.End != 10) {
					t.Errorf("%s", line(x))
				}
			}
			if got := found(r); !strings.Contains(got, c.found) || c.found == "" && strings.Contains(got, "error") {
				t.Errorf("findings %s, want %s", got, c.found)
			}
		})
	}
}

// TestRun_Pictures: a playlist for fast winding names parts of fragments, and what is complete of them
// is decoded. That the rest is missing is no fault, and neither is the time between.
func TestRun_Pictures(t *testing.T) {
	files := playlists()
	const part = 12_000
	var b strings.Builder
	b.WriteString("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-I-FRAMES-ONLY\n#EXT-X-MAP:URI=\"vinit\"\n")
	for i := 1; i <= 5; i++ {
		n := bytes.Index(files[fmt.Sprintf("v%d", i)].Data, []byte("mdat"))
		fmt.Fprintf(&b, "#EXT-X-BYTERANGE:%d@0\n#EXTINF:2,\nv%d\n", n+part, i)
	}
	files["m.mpd"].Data = []byte(b.String() + "#EXT-X-ENDLIST\n")
	r := run(t, files)
	want(t, "findings", found(r), "info manifest.invalid")
	want(t, "tracks", lines(r), "p0/0/m.mpd video seg=5 coded=29 keys=5 pic=29/0 err=0 snd=-/- 0..8.12..8.16 [0,0.28)[2,2.28)[4,4.28)[6,6.16)[8,8.16)")
}
