package crypt_test

import (
	"bytes"
	"crypto/cipher"
	"math/rand/v2"
	"testing"

	"mseplayer/mse/media"
)

// escape puts emulation prevention over a NAL unit. ISO/IEC 14496-10 §7.4.1.1.
func escape(nal []byte) (out []byte) {
	zeros := 0
	for _, b := range nal {
		if zeros == 2 && b <= 3 {
			out, zeros = append(out, 3), 0
		}
		out = append(out, b)
		if zeros++; b != 0 {
			zeros = 0
		}
	}
	return out
}

// encryptUnit protects a NAL unit as "MPEG-2 Stream Encryption Format for HTTP Live Streaming" says.
func encryptUnit(t testing.TB, nal, iv []byte) []byte {
	t.Helper()
	if typ := nal[0] & 31; typ != 1 && typ != 5 || len(nal) <= 48 {
		return nal
	}
	out := bytes.Clone(nal)
	e := cipher.NewCBCEncrypter(blocks(t), iv)
	rest := out[32:]
	for len(rest) > 0 {
		if len(rest) > 16 {
			e.CryptBlocks(rest[:16], rest[:16])
			rest = rest[16:]
		}
		rest = rest[min(144, len(rest)):]
	}
	return escape(out)
}

// TestSampleAES_Video decrypts access units with and without emulation prevention, of all lengths about the borders.
func TestSampleAES_Video(t *testing.T) {
	iv := pattern(16)
	d := decrypter(t)
	for size := 40; size < 420; size++ {
		for _, fill := range []string{"random", "zeros"} {
			body := pattern(size)
			if fill == "zeros" {
				for i := range body {
					if i%5 < 4 {
						body[i] = byte(i % 7 / 6)
					}
				}
			}
			slice := append([]byte{0x65}, escape(body)...)
			slice = append(slice, 0x80) // as the trailing bits see to: no unit ends with a zero
			other := append([]byte{0x41}, pattern(47)...)
			var plain, coded []byte
			for i, nal := range [][]byte{{0x09, 0xf0}, append([]byte{0x67}, pattern(60)...), slice, escape(other), slice} {
				code := []byte{0, 0, 0, 1}[i&1:]
				plain = append(append(plain, code...), escapeFree(nal)...)
				coded = append(append(coded, code...), encryptUnit(t, escapeFree(nal), iv)...)
			}
			f := &media.CodedFrame{Data: coded, Config: &media.DecoderConfig{Kind: media.Video, Codec: media.H264},
				Crypt: &media.Crypt{Scheme: media.SchemeSampleAES, KID: testKID, IV: iv}}
			if got := decrypted(t, d, f); !bytes.Equal(got, plain) {
				t.Fatalf("%s of %d bytes\ngot  %x\nwant %x", fill, size, got, plain)
			}
		}
	}
}

// escapeFree sees to it that a unit holds no start code; its last byte is not zero.
func escapeFree(nal []byte) []byte {
	nal = escape(nal)
	if nal[len(nal)-1] == 0 {
		nal[len(nal)-1] = 0x80
	}
	return nal
}

// encryptSound protects a frame of sound behind a header.
func encryptSound(t testing.TB, frame []byte, header int, iv []byte) []byte {
	t.Helper()
	out := bytes.Clone(frame)
	if from := header + 16; len(out) > from {
		whole := (len(out) - from) / 16 * 16
		cipher.NewCBCEncrypter(blocks(t), iv).CryptBlocks(out[from:from+whole], out[from:from+whole])
	}
	return out
}

// ac3Frame is an AC-3 frame of 128 kbit/s and 48 kHz, eac3Frame an E-AC-3 frame of a length.
func ac3Frame() []byte {
	return append([]byte{0x0b, 0x77, 0, 0, 16, 8 << 3, 0x40}, pattern(512-7)...)
}

func eac3Frame(size int) []byte {
	words := size/2 - 1
	return append([]byte{0x0b, 0x77, byte(words >> 8), byte(words), 0x34, 16 << 3, 0}, pattern(size-7)...)
}

func TestSampleAES_Sound(t *testing.T) {
	iv := pattern(16)
	adts := append([]byte{0xff, 0xf1, 0x50, 0x80, 0, 0, 0}, pattern(300)...)
	checked := append([]byte{0xff, 0xf0, 0x50, 0x80, 0, 0, 0, 1, 2}, pattern(300)...)
	for _, c := range []struct {
		name   string
		codec  media.CodecID
		extra  []byte
		frames [][]byte
		header int
	}{
		{"AAC", media.AAC, []byte{0x12, 0x10}, [][]byte{pattern(333)}, 0},
		{"AAC of whole blocks", media.AAC, []byte{0x12, 0x10}, [][]byte{pattern(16 * 9)}, 0},
		{"AAC that is all clear", media.AAC, []byte{0x12, 0x10}, [][]byte{pattern(31)}, 0},
		{"AAC shorter than what is clear", media.AAC, []byte{0x12, 0x10}, [][]byte{pattern(5)}, 0},
		{"AAC with its header", media.AAC, nil, [][]byte{adts}, 7},
		{"AAC with its header and a checksum", media.AAC, nil, [][]byte{checked}, 9},
		{"AC-3", media.AC3, nil, [][]byte{ac3Frame()}, 0},
		{"E-AC-3", media.EAC3, nil, [][]byte{eac3Frame(768)}, 0},
		{"E-AC-3 with a dependent frame", media.EAC3, nil, [][]byte{eac3Frame(768), eac3Frame(250)}, 0},
		{"E-AC-3 with a core of AC-3", media.EAC3, nil, [][]byte{ac3Frame(), eac3Frame(250)}, 0},
		{"no frame of AC-3", media.AC3, nil, [][]byte{pattern(100)}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var coded, plain []byte
			for _, f := range c.frames {
				plain, coded = append(plain, f...), append(coded, encryptSound(t, f, c.header, iv)...)
			}
			f := &media.CodedFrame{Data: coded, Config: &media.DecoderConfig{Kind: media.Audio, Codec: c.codec, Extradata: c.extra},
				Crypt: &media.Crypt{Scheme: media.SchemeSampleAES, KID: testKID, IV: iv}}
			if got := decrypted(t, decrypter(t), f); !bytes.Equal(got, plain) {
				t.Errorf("got  %x\nwant %x", got, plain)
			}
		})
	}
}

// FuzzSampleAES decrypts what is no media at all.
func FuzzSampleAES(f *testing.F) {
	f.Add([]byte("\x00\x00\x01\x65"), uint8(0))
	f.Add(append([]byte("\x0b\x77\x00\x00\x00\x80"), make([]byte, 64)...), uint8(1))
	f.Add(bytes.Repeat([]byte{0, 0, 3, 0, 0, 1, 0x65}, 20), uint8(0))
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 300)
	for i := range b {
		b[i] = byte(r.IntN(4))
	}
	f.Add(b, uint8(0))
	f.Fuzz(func(t *testing.T, data []byte, what uint8) {
		cfg := [...]*media.DecoderConfig{{Kind: media.Video, Codec: media.H264}, {Kind: media.Audio, Codec: media.EAC3}, {Kind: media.Audio, Codec: media.AAC}}[what%3]
		d := decrypter(t)
		out := make([]byte, len(data))
		n, err := d.Decrypt(out, &media.CodedFrame{Data: data, Config: cfg, Crypt: &media.Crypt{Scheme: media.SchemeSampleAES, KID: testKID, IV: make([]byte, 16)}})
		if err != nil || n > len(data) || what%3 != 0 && n != len(data) {
			t.Errorf("%d of %d bytes, %v", n, len(data), err)
		}
	})
}
