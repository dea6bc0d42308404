package crypt_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/isobmff"
	"mseplayer/mse/media"
	"mseplayer/mse/mp2t"
	"mseplayer/mse/mpegaudio"
	"mseplayer/mse/msetest/bytestreamtest"
	"mseplayer/mse/msetest/collection"
	"mseplayer/mse/webm"
	"mseplayer/player/crypt"
)

// gatherer keeps the frames that a parser finds.
type gatherer struct {
	bytestream.Discard
	frames []media.CodedFrame
}

func (g *gatherer) Fragment(tracks []bytestream.TrackFrames) error {
	for _, t := range tracks {
		g.frames = append(g.frames, t.Frames...)
	}
	return nil
}

// gather parses files as one stream. Those from index keyed on are appended under a playlist's key.
func gather(t *testing.T, dir string, files []string, keyed int, key *media.SampleKey) []media.CodedFrame {
	t.Helper()
	var p bytestream.Parser
	switch filepath.Ext(files[0]) {
	case ".ts":
		p = mp2t.New()
	case ".ec3":
		p = mpegaudio.New(mpegaudio.AC3)
	case ".webm":
		p = webm.New(webm.Options{})
	default:
		p = isobmff.New(isobmff.Options{})
	}
	g := &gatherer{}
	for i, name := range files {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if k, ok := p.(bytestream.Keyed); ok && key != nil && i == keyed {
			if err := k.SetKey(key, g); err != nil {
				t.Fatal(err)
			}
		}
		if err := bytestreamtest.Feed(p, g, b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if err := bytestreamtest.Finish(p, g); err != nil {
		t.Fatal(err)
	}
	return g.frames
}

func mustKeys(t *testing.T, list ...string) (keys []crypt.Key) {
	t.Helper()
	for _, s := range list {
		k, err := crypt.ParseKey(s)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
	}
	return keys
}

// clearOf decrypts frames and returns their payloads, and how many of them were protected.
func clearOf(t *testing.T, s *crypt.Store, frames []media.CodedFrame) (out [][]byte, protected int) {
	t.Helper()
	d := s.Decrypter()
	for i := range frames {
		f := &frames[i]
		if f.Crypt == nil {
			out = append(out, f.Data)
			continue
		}
		protected++
		if err := d.Ready(context.Background(), f.Crypt); err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		out = append(out, decrypted(t, d, f))
	}
	return out, protected
}

// TestFacts_Originals decrypts media of other people and compares every coded frame with the clear original.
func TestFacts_Originals(t *testing.T) {
	root := collection.Dir(t)
	if root == "" {
		return // the same is tested on what TestDecrypter_Layouts encrypts
	}
	const key = "31323334353637383930313233343536:32333435363738393021323334353637"
	three := func(format string) (out []string) {
		for i := range 3 {
			out = append(out, fmt.Sprintf(format, i+1))
		}
		return out
	}
	with := func(first string, rest []string) []string { return append([]string{first}, rest...) }
	for _, c := range []struct {
		name             string
		secret, original []string
		keys             []string
		iv               string // of a playlist's key that begins with the second file
		protected        int    // frames, at least
	}{
		{"cenc sound", []string{"spk_encryption/bear-640x360-audio.mp4"}, []string{"spk_encryption/decrypted-bear-640x360-audio-0.mp4"}, []string{key}, "", 70},
		{"cenc H.264", []string{"spk_encryption/bear-640x360-video.mp4"}, []string{"spk_encryption/decrypted-bear-640x360-video-0.mp4"}, []string{key}, "", 50},
		{"cbcs sound", []string{"spk_encryption-cbcs/bear-640x360-audio.mp4"}, []string{"spk_encryption/decrypted-bear-640x360-audio-0.mp4"}, []string{key}, "", 70},
		{"cbcs H.264", []string{"spk_encryption-cbcs/bear-640x360-video.mp4"}, []string{"spk_encryption/decrypted-bear-640x360-video-0.mp4"}, []string{key}, "", 50},
		{"a key for sound", []string{"spk_encryption-multi-keys/bear-640x360-audio.mp4"}, []string{"spk_encryption/decrypted-bear-640x360-audio-0.mp4"},
			[]string{"10111213141516171819202122232425:11121314151617181920212223242526"}, "", 70},
		{"FLAC", []string{"spk_flac-with-encryption/bear-flac-audio.mp4"}, []string{"spk_flac-with-encryption/decrypted-bear-flac-audio-0.mp4"}, []string{key}, "", 10},
		{"VP8 in WebM", []string{"spk_webm-with-encryption/bear-640x360-video.webm"}, []string{"spk_webm-with-encryption/decrypted-bear-640x360-video-0.webm"}, []string{key}, "", 40},
		{"AV1 in WebM, all before the protected part begins", []string{"spk_av1-webm-with-encryption/bear-av1-video.webm"}, []string{"spk_av1-webm-with-encryption/decrypted-bear-av1-video-0.webm"}, []string{key}, "", 0},
		{"rotating keys", with("spk_live-profile-and-key-rotation/bear-640x360-video-init.mp4", three("spk_live-profile-and-key-rotation/bear-640x360-video-%d.m4s")),
			with("spk_live-profile/bear-640x360-video-init.mp4", three("spk_live-profile/bear-640x360-video-%d.m4s")),
			[]string{key, "32333435363738393031323334353631:33343536373839302132333435363732", "33343536373839303132333435363132:34353637383930213233343536373233"}, "", 50},
		{"H.264 in a transport stream", three("spk_avc-ts-with-encryption/bear-640x360-video-%d.ts"), three("spk_avc-aac-ts/bear-640x360-video-%d.ts"), []string{key}, "3334353637383930", 50},
		{"AAC in a transport stream", three("spk_avc-ts-with-encryption/bear-640x360-audio-%d.ts"), three("spk_avc-aac-ts/bear-640x360-audio-%d.ts"), []string{key}, "3334353637383930", 70},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(root, "content", "presentations")
			s := crypt.New(crypt.Config{Keys: mustKeys(t, c.keys...)}, nil)
			var sample *media.SampleKey
			if c.iv != "" {
				sample = &media.SampleKey{KID: mustKeys(t, key)[0].KID}
				copy(sample.IV[:], unhex(c.iv))
			}
			got, protected := clearOf(t, s, gather(t, dir, c.secret, 1, sample))
			want, _ := clearOf(t, s, gather(t, dir, c.original, 0, nil))
			if len(got) != len(want) || protected < c.protected {
				t.Fatalf("%d frames of which %d were protected, want %d and at least %d", len(got), protected, len(want), c.protected)
			}
			for i := range got {
				if !bytes.Equal(got[i], want[i]) {
					t.Fatalf("frame %d of %d differs:\ngot  %x\nwant %x", i, len(got), got[i], want[i])
				}
			}
			t.Logf("%d frames, %d protected, all as in the original", len(got), protected)
		})
	}
}

// TestFacts_PackedAudio decrypts E-AC-3, of which there is no original: its own checksum tells.
func TestFacts_PackedAudio(t *testing.T) {
	root := collection.Dir(t)
	if root == "" {
		return // the same is tested on what TestSampleAES_Sound encrypts
	}
	var files []string
	for i := range 3 {
		files = append(files, fmt.Sprintf("bear-640x360-ec3-audio-%d.ec3", i+1))
	}
	keys := mustKeys(t, "31323334353637383930313233343536:32333435363738393021323334353637")
	sample := &media.SampleKey{KID: keys[0].KID}
	copy(sample.IV[:], unhex("3334353637383930"))
	frames := gather(t, filepath.Join(root, "content", "presentations", "spk_ec3-packed-audio-encrypted"), files, 1, sample)
	got, protected := clearOf(t, crypt.New(crypt.Config{Keys: keys}, nil), frames)
	for i, b := range got {
		if crcAC3(b[2:]) != 0 {
			t.Fatalf("frame %d of %d: wrong checksum", i, len(got))
		}
	}
	if protected < 50 {
		t.Errorf("%d of %d frames were protected", protected, len(got))
	}
}

// crcAC3 is 0 over a whole frame of E-AC-3 behind its sync word. ETSI TS 102 366 §6.1.7.
func crcAC3(b []byte) (crc uint16) {
	for _, v := range b {
		crc ^= uint16(v) << 8
		for range 8 {
			carry := crc & 0x8000
			if crc <<= 1; carry != 0 {
				crc ^= 0x8005
			}
		}
	}
	return crc
}
