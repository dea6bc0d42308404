package ffmpeg_test

import (
	"encoding/binary"
	"errors"
	"maps"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/player/crypt"
	"mseplayer/player/decode"
	"mseplayer/player/ffmpeg"
	"mseplayer/player/frame"
)

// protect encrypts coded frames, of video behind a clear head.
func protect(frames []media.CodedFrame, scheme string, key crypt.Key) []media.CodedFrame {
	out := make([]media.CodedFrame, len(frames))
	for i := range frames {
		f := &out[i]
		*f = frames[i]
		c := &media.Crypt{Scheme: scheme, KID: key.KID, IV: binary.BigEndian.AppendUint64(nil, uint64(i))}
		if f.Config.Kind == media.Video {
			head := min(len(f.Data), 37)
			c.Subsamples = []media.Subsample{{Clear: uint32(head), Protected: uint32(len(f.Data) - head)}}
		}
		if scheme == media.SchemeCBCS || scheme == media.SchemeCENS {
			c.CryptBlocks, c.SkipBlocks = 1, 9
		}
		f.Data, f.Crypt = msetest.Encrypt(key.Key, f.Data, c), c
	}
	return out
}

// decrypterWith returns one that has a key.
func decrypterWith(t *testing.T, key crypt.Key) *crypt.Decrypter {
	t.Helper()
	d := crypt.New(crypt.Config{Keys: []crypt.Key{key}}, nil).Decrypter()
	if err := d.Ready(t.Context(), &media.Crypt{KID: key.KID}); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestDecrypt: pictures and sound of encrypted media are bit for bit those of the clear original.
func TestDecrypt(t *testing.T) {
	key := crypt.Key{KID: [16]byte{1}, Key: [16]byte{2, 3, 4}}
	for _, name := range []string{"h264.mp4", "hevc.mp4", "vp9.webm", "av1.mp4"} {
		frames := codedFrames(t, vector(t, name, args(t, name)), media.Video)
		v, err := ffmpeg.Factory{}.NewVideo(frames[0].Config, decode.Options{})
		if err != nil {
			t.Fatal(err)
		}
		want := sums(t, v, frames, true)
		v.Close()
		for _, scheme := range []string{"cenc", "cens", "cbc1", "cbcs"} {
			for _, threads := range []int{1, 3} {
				v, err := ffmpeg.Factory{}.NewVideo(frames[0].Config, decode.Options{Threads: threads, Decrypter: decrypterWith(t, key)})
				if err != nil {
					t.Fatal(err)
				}
				if got := sums(t, v, protect(frames, scheme, key), true); !maps.Equal(got, want) || len(got) != len(frames) {
					t.Errorf("%s, %s, %d threads: %d pictures, which differ from the %d of the original", name, scheme, threads, len(got), len(want))
				}
				v.Close()
			}
		}
	}
	sounds := codedFrames(t, vector(t, "crypt.m4a", tone+" -c:a aac"), media.Audio)
	heard := func(frames []media.CodedFrame, d decode.Decrypter) (out []float32) {
		a, err := ffmpeg.Factory{}.NewAudio(frames[0].Config, decode.Options{Decrypter: d})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		emit := func(b *frame.Audio) error {
			out = append(out, b.Samples...)
			b.Release()
			return nil
		}
		for i := range frames {
			if err := a.Decode(&frames[i], emit); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.Drain(emit); err != nil {
			t.Fatal(err)
		}
		return out
	}
	want := heard(sounds, nil)
	for _, scheme := range []string{"cenc", "cbcs"} {
		got := heard(protect(sounds, scheme, key), decrypterWith(t, key))
		same := len(got) == len(want) && len(got) > 100_000
		for i := 0; same && i < len(got); i++ {
			same = got[i] == want[i]
		}
		if !same {
			t.Errorf("%s: %d samples, which differ from the %d of the original", scheme, len(got), len(want))
		}
	}
}

// TestDecrypt_Impossible rejects a frame whose facts about its encryption are wrong, and goes on.
func TestDecrypt_Impossible(t *testing.T) {
	key := crypt.Key{KID: [16]byte{1}}
	frames := codedFrames(t, vector(t, "h264.mp4", args(t, "h264.mp4")), media.Video)
	v, err := ffmpeg.Factory{}.NewVideo(frames[0].Config, decode.Options{Decrypter: decrypterWith(t, key)})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	bad := frames[0]
	bad.PTS, bad.Crypt = 42, &media.Crypt{Scheme: "cenc", KID: key.KID, IV: make([]byte, 3)}
	var pe *decode.PacketError
	if err := v.Decode(&bad, func(p *frame.Video) error { p.Release(); return nil }); !errors.As(err, &pe) || pe.PTS != 42 {
		t.Errorf("error %v", err)
	}
	if n := len(sums(t, v, frames, true)); n != len(frames) {
		t.Errorf("%d pictures", n)
	}
}

// BenchmarkDecrypt decodes clear and encrypted pictures. The budget is no allocation more for the latter.
func BenchmarkDecrypt(b *testing.B) {
	key := crypt.Key{KID: [16]byte{1}}
	frames := codedFrames(b, vector(b, "h264.mp4", args(b, "h264.mp4")), media.Video)
	for _, c := range []struct {
		name   string
		frames []media.CodedFrame
	}{{"clear", frames}, {"cenc", protect(frames, "cenc", key)}, {"cbcs", protect(frames, "cbcs", key)}} {
		b.Run(c.name, func(b *testing.B) {
			d := crypt.New(crypt.Config{Keys: []crypt.Key{key}}, nil).Decrypter()
			if err := d.Ready(b.Context(), &media.Crypt{KID: key.KID}); err != nil {
				b.Fatal(err)
			}
			v, err := ffmpeg.Factory{}.NewVideo(frames[0].Config, decode.Options{Threads: 1, Decrypter: d})
			if err != nil {
				b.Fatal(err)
			}
			defer v.Close()
			bytes := int64(0)
			for i := range c.frames {
				bytes += int64(len(c.frames[i].Data))
			}
			b.SetBytes(bytes)
			b.ReportAllocs()
			for b.Loop() {
				for i := range c.frames {
					if err := v.Decode(&c.frames[i], func(p *frame.Video) error { p.Release(); return nil }); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
