package webm_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"os"
	"path/filepath"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/mse/msetest/collection"
	"mseplayer/mse/webm"
)

// TestDecrypts decrypts what real encrypted files hold by the facts of each frame, and compares it with the clear
// files that they were made from.
func TestDecrypts(t *testing.T) {
	dir := collection.Dir(t)
	if dir == "" {
		t.Log("MSEPLAYER_MEDIA is not set: TestEncrypted reads built frames")
		return
	}
	presentations := filepath.Join(dir, "content", "presentations")
	const kid, key = "1234567890123456", "234567890!234567"
	for _, tt := range []struct {
		name, encrypted, clear string
		count                  int // encrypted frames
	}{
		{"VP8, clear at first", "spk_webm-with-encryption/bear-640x360-video.webm", "spk_webm-with-encryption/decrypted-bear-640x360-video-0.webm", 52},
		{"AV1, shorter than its clear lead", "spk_av1-webm-with-encryption/bear-av1-video.webm", "spk_av1-webm-with-encryption/decrypted-bear-av1-video-0.webm", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			frames := func(path string) []media.CodedFrame {
				b, err := os.ReadFile(filepath.Join(presentations, path))
				if err != nil {
					t.Fatal(err)
				}
				r, err := parse(webm.Options{Strict: true}, b)
				if err != nil {
					t.Fatal(err)
				}
				return r.Frames[1]
			}
			got, want := frames(tt.encrypted), frames(tt.clear)
			if len(got) != len(want) || len(got) == 0 {
				t.Fatalf("%d frames, want %d", len(got), len(want))
			}
			block, err := aes.NewCipher([]byte(key))
			if err != nil {
				t.Fatal(err)
			}
			encrypted := 0
			for i := range got {
				data := bytes.Clone(got[i].Data)
				if c := got[i].Crypt; c != nil {
					encrypted++
					if string(c.KID[:]) != kid {
						t.Fatalf("frame %d: key ID %x", i, c.KID)
					}
					stream := cipher.NewCTR(block, append(bytes.Clone(c.IV), make([]byte, aes.BlockSize-len(c.IV))...))
					subs := c.Subsamples
					if len(subs) == 0 {
						subs = []media.Subsample{{Protected: uint32(len(data))}}
					}
					rest := data
					for _, s := range subs {
						stream.XORKeyStream(rest[s.Clear:s.Clear+s.Protected], rest[s.Clear:s.Clear+s.Protected])
						rest = rest[s.Clear+s.Protected:]
					}
				}
				if !bytes.Equal(data, want[i].Data) {
					t.Fatalf("frame %d at %v differs from the clear one", i, got[i].PTS)
				}
				if got[i].PTS != want[i].PTS || got[i].RAP != want[i].RAP {
					t.Errorf("frame %d: at %v, %v; want %v, %v", i, got[i].PTS, got[i].RAP, want[i].PTS, want[i].RAP)
				}
			}
			if encrypted != tt.count {
				t.Errorf("%d of %d frames are encrypted, want %d", encrypted, len(got), tt.count)
			}
		})
	}
}
