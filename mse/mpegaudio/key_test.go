package mpegaudio_test

import (
	"fmt"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/mse/mpegaudio"
	"mseplayer/mse/msetest/bytestreamtest"
)

// TestSetKey: frames behind a key are protected, those that wait for their end when it comes are not, and the decoder
// configuration tells which.
func TestSetKey(t *testing.T) {
	for _, c := range []struct {
		name   string
		format mpegaudio.Format
		frame  []byte
	}{
		{"ADTS", mpegaudio.ADTS, adts(2, 60, 1)},
		{"E-AC-3", mpegaudio.AC3, cat(eac3(0, 0, 3, 2, 200, 1), eac3(1, 0, 3, 2, 100, 2))},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, r := mpegaudio.New(c.format), &bytestreamtest.Recorder{Quiet: true}
			var want []string
			for i, k := range []*media.SampleKey{nil, {KID: [16]byte{1}, IV: [16]byte{9}}, {KID: [16]byte{1}, IV: [16]byte{8}}, nil} {
				if err := p.SetKey(k, r); err != nil {
					t.Fatal(err)
				}
				if err := bytestreamtest.Feed(p, r, cat(priv(uint64(90000*i)), c.frame, c.frame)); err != nil {
					t.Fatal(err)
				}
				for range 2 {
					if k == nil {
						want = append(want, "clear")
						continue
					}
					want = append(want, fmt.Sprintf("%s %x %x", media.SchemeSampleAES, k.KID[0], k.IV[0]))
				}
			}
			if err := p.Flush(r); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range r.Frames[1] {
				s := "clear"
				if f.Crypt != nil {
					s = fmt.Sprintf("%s %x %x", f.Crypt.Scheme, f.Crypt.KID[0], f.Crypt.IV[0])
				}
				got = append(got, s)
				if f.Config.Encrypted != (f.Crypt != nil) {
					t.Errorf("frame at %s: configuration encrypted %v", f.PTS, f.Config.Encrypted)
				}
			}
			if strings.Join(got, ", ") != strings.Join(want, ", ") || len(r.Inits) != 3 || r.Inits[0].Tracks[0].Config != r.Inits[2].Tracks[0].Config {
				t.Errorf("%d initialization segments\ngot  %q\nwant %q", len(r.Inits), got, want)
			}
		})
	}
}
