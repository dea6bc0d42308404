package stream

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/manifest"
)

// TestDecrypter_Cuts decrypts resources of many sizes, cut at random.
func TestDecrypter_Cuts(t *testing.T) {
	const seed = 7
	rnd := rand.New(rand.NewPCG(seed, seed))
	secret := []byte("0123456789abcdef0123456789ABCDEF")
	b, err := aes.NewCipher(secret)
	if err != nil {
		t.Fatal(err)
	}
	for size := range 200 {
		plain := make([]byte, size)
		for i := range plain {
			plain[i] = byte(rnd.Uint32())
		}
		iv := [16]byte{byte(size)}
		pad := aes.BlockSize - size%aes.BlockSize
		cbc := append(bytes.Clone(plain), bytes.Repeat([]byte{byte(pad)}, pad)...)
		cipher.NewCBCEncrypter(b, iv[:]).CryptBlocks(cbc, cbc)
		ctr := bytes.Clone(plain)
		cipher.NewCTR(b, iv[:]).XORKeyStream(ctr, ctr)
		for method, data := range map[manifest.KeyMethod][]byte{manifest.AES256: cbc, manifest.AES256CTR: ctr} {
			d, err := newDecrypter(&manifest.Key{Method: method}, secret, iv)
			if err != nil {
				t.Fatal(err)
			}
			var got []byte
			for rest := bytes.Clone(data); len(rest) > 0; {
				n := 1 + rnd.IntN(len(rest))
				got = append(got, d.next(bytes.Clone(rest[:n]))...)
				rest = rest[n:]
			}
			last, err := d.end()
			if got = append(got, last...); err != nil || !bytes.Equal(got, plain) {
				t.Fatalf("seed %d, %s, %d bytes: got %d, %v", seed, method, size, len(got), err)
			}
		}
		if size > 0 {
			d, err := newDecrypter(&manifest.Key{Method: manifest.AES256}, secret, iv)
			if err != nil {
				t.Fatal(err)
			}
			d.next(bytes.Clone(cbc[:len(cbc)-1]))
			if _, err := d.end(); err == nil || !strings.Contains(err.Error(), "truncated") {
				t.Errorf("%d bytes, truncated: %v", size, err)
			}
		}
	}
}

func TestParseClock(t *testing.T) {
	want := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, s := range []string{"2030-01-02T03:04:05Z", "2030-01-02T03:04:05", "2030-01-02T05:04:05+02:00", "2030-01-02T03:04:05.000Z", "20300102T030405Z", "2030-01-02T05:04:05+0200"} {
		if got, err := parseClock(s); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "now", "<html>", "1893553445"} {
		if _, err := parseClock(s); err == nil {
			t.Errorf("%q is taken for a time", s)
		}
	}
}

func TestUnwrapped(t *testing.T) {
	for _, tt := range []struct {
		name                 string
		offset               media.Span
		first, start, placed media.Time
	}{
		{"in the same turn", -10, 30, 20, 20},
		{"the time stamps have rolled over since", -10, 5, rolloverTime(-5), rolloverTime(-5)},
		{"a seek back over the roll-over", -10, rolloverTime(1), -9, -9},
	} {
		if got := tt.first.Add(unwrapped(tt.offset, tt.first, tt.start)); got.Sub(tt.placed).Abs() > 1e-6 {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.placed)
		}
	}
}

func rolloverTime(d media.Span) media.Time { return media.Time(rollover + d) }

func TestOtherFormat(t *testing.T) {
	for _, tt := range []struct {
		from, to string
		want     bool
	}{
		{`video/mp4;codecs="avc1.64001f"`, `video/mp4;codecs="avc1.640028"`, false},
		{`video/mp4;codecs="avc1.64001f"`, `video/mp4;codecs="hvc1.1.6.L93.90"`, true},
		{`video/mp4;codecs="avc1.64001f"`, `video/webm;codecs="vp9"`, true},
		{`video/mp4`, `video/mp4;codecs="avc1.640028"`, false},
		{`video/mp4;codecs="nonsense"`, `video/mp4;codecs="avc1.640028"`, false},
		{`video/mp2t;codecs="mp4a.40.2,avc1.4d401e"`, `video/mp2t;codecs="avc1.64001f,mp4a.40.2"`, false},
	} {
		if got := otherFormat(tt.from, tt.to); got != tt.want {
			t.Errorf("%s, then %s: %v", tt.from, tt.to, got)
		}
	}
}
