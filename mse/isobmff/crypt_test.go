package isobmff_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mseplayer/mse/isobmff"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest/bytestreamtest"
	"mseplayer/mse/msetest/collection"
)

// decrypt undoes the encryption that f.Crypt describes. ISO/IEC 23001-7 §9 and §10.
func decrypt(f *media.CodedFrame, key []byte) ([]byte, error) {
	out := bytes.Clone(f.Data)
	c := f.Crypt
	if c == nil {
		return out, nil
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	iv := append(bytes.Clone(c.IV), make([]byte, aes.BlockSize-len(c.IV))...)
	var stream cipher.Stream
	if c.Scheme == "cenc" || c.Scheme == "cens" {
		stream = cipher.NewCTR(block, iv)
	}
	subs := c.Subsamples
	if len(subs) == 0 {
		subs = []media.Subsample{{Protected: uint32(len(out))}}
	}
	rest := out
	for _, s := range subs {
		part := rest[s.Clear : s.Clear+s.Protected]
		rest = rest[s.Clear+s.Protected:]
		if stream != nil {
			stream.XORKeyStream(part, part)
			continue
		}
		cbc := cipher.NewCBCDecrypter(block, iv)
		crypt, skip := int(c.CryptBlocks)*aes.BlockSize, int(c.SkipBlocks)*aes.BlockSize
		if crypt == 0 {
			crypt = len(part)
		}
		for len(part) >= aes.BlockSize {
			n := min(crypt, len(part)/aes.BlockSize*aes.BlockSize)
			cbc.CryptBlocks(part[:n], part[:n])
			part = part[min(n+skip, len(part)):]
		}
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%d bytes behind the last subsample", len(rest))
	}
	return out, nil
}

// keyFor returns the key for a key ID. A packager with key rotation rotates both by the same number of bytes.
func keyFor(kid [16]byte, pairs [][2]string) []byte {
	for _, p := range pairs {
		id, _ := hex.DecodeString(p[0])
		key, _ := hex.DecodeString(p[1])
		for n := range len(id) {
			if bytes.Equal(slices.Concat(id[n:], id[:n]), kid[:]) {
				return slices.Concat(key[n:], key[:n])
			}
		}
	}
	return nil
}

// TestDecryption decrypts real presentations with what the frames say and compares them with the same media in the
// clear, byte by byte.
func TestDecryption(t *testing.T) {
	dir := collection.Dir(t)
	if dir == "" {
		t.Log("MSEPLAYER_MEDIA is not set: TestGolden/protected covers what the frames say")
		return
	}
	read := func(manifest string) map[media.Kind][]media.CodedFrame {
		t.Helper()
		all, err := dashPieces(filepath.Join(dir, "content", "presentations", manifest))
		if err != nil {
			t.Fatal(err)
		}
		out := map[media.Kind][]media.CodedFrame{}
		for rep, pieces := range all {
			r, p := &recorder{Quiet: true}, isobmff.New(isobmff.Options{})
			for _, piece := range pieces {
				b, err := piece.read()
				if err == nil {
					err = bytestreamtest.Feed(p, r, b)
				}
				if err != nil {
					t.Fatalf("%s %s: %v", manifest, rep, err)
				}
			}
			for _, track := range r.Inits[0].Tracks {
				out[track.Kind] = r.Frames[track.ID]
			}
		}
		return out
	}
	clearMedia := read("spk_audio-video/output.mpd")
	usual := [][2]string{{"31323334353637383930313233343536", "32333435363738393021323334353637"}}
	for _, tt := range []struct {
		manifest, scheme string
		keys             [][2]string
	}{
		{"spk_encryption/output.mpd", "cenc", usual},
		{"spk_encryption-cbcs/output.mpd", "cbcs", usual},
		{"spk_encryption-multi-keys/output.mpd", "cenc", [][2]string{
			{"10111213141516171819202122232425", "11121314151617181920212223242526"}, {"20212223242526272829303132333435", "21222324252627282930313233343536"}}},
		{"spk_live-profile-and-key-rotation/output.mpd", "cenc", usual},
	} {
		t.Run(strings.TrimSuffix(tt.manifest, "/output.mpd"), func(t *testing.T) {
			encrypted := 0
			for kind, frames := range read(tt.manifest) {
				want := clearMedia[kind]
				if len(frames) != len(want) {
					t.Fatalf("%v: %d frames, in the clear there are %d", kind, len(frames), len(want))
				}
				for i := range frames {
					f := &frames[i]
					var key []byte
					if f.Crypt != nil {
						encrypted++
						if key = keyFor(f.Crypt.KID, tt.keys); key == nil || f.Crypt.Scheme != tt.scheme || !f.Config.Encrypted {
							t.Fatalf("%v %d: scheme %s, key ID %x", kind, i, f.Crypt.Scheme, f.Crypt.KID)
						}
					}
					got, err := decrypt(f, key)
					if err != nil || !bytes.Equal(got, want[i].Data) {
						t.Fatalf("%v frame %d of %d: the decrypted bytes differ (%v)", kind, i, len(frames), err)
					}
				}
			}
			if encrypted < 100 {
				t.Errorf("only %d frames are encrypted", encrypted)
			}
		})
	}
}

// protectedHead is an initialization segment with one encrypted video track. extra goes into its stbl.
func protectedHead(scheme string, schi, extra []byte) []byte {
	entry := bx("encv", make([]byte, 6), uint16(1), make([]byte, 16), uint16(64), uint16(48), make([]byte, 50), bx("avcC", "\x01\x64\x00\x28\xff\xe0\x00"),
		bx("sinf", bx("frma", "avc1"), bx("schm", uint32(0), scheme, uint32(1<<16)), bx("schi", schi)))
	return cat(ftyp, bx("moov", mvhd(), trak(1, "vide", cat(bx("stsd", uint32(0), uint32(1), entry), extra), nil), bx("mvex", trex(1, 40, 10, 0))))
}

// tenc is version 1 with a pattern of 1:9.
func tenc(protected, ivBytes byte, constantIV ...byte) []byte {
	return bx("tenc", uint32(1<<24), byte(0), byte(0x19), protected, ivBytes, "0123456789abcdef", constantIV)
}

// seig describes a group of samples.
func seig(protected, ivBytes byte, kid string, constantIV ...byte) []byte {
	return cat([]byte{0, 0x25, protected, ivBytes}, []byte(kid), constantIV)
}

func sgpd(entries ...[]byte) []byte {
	parts := []any{uint32(1 << 24), "seig", uint32(0), uint32(len(entries))}
	for _, e := range entries {
		parts = append(parts, uint32(len(e)), e)
	}
	return bx("sgpd", parts...)
}

func sbgp(rows ...uint32) []byte {
	return bx("sbgp", uint32(0), "seig", uint32(len(rows)/2), rows)
}

// crypts writes how frames are encrypted, "-" for a clear one.
func crypts(r *recorder) string {
	var words []string
	for i := range r.Frames[1] {
		c := r.Frames[1][i].Crypt
		if c == nil {
			words = append(words, "-")
			continue
		}
		w := fmt.Sprintf("%s:%s:%s:%d/%d", c.Scheme, c.KID[:4], c.IV, c.CryptBlocks, c.SkipBlocks)
		for _, s := range c.Subsamples {
			w += fmt.Sprintf(",%d+%d", s.Clear, s.Protected)
		}
		words = append(words, w)
	}
	return strings.Join(words, " ")
}

// TestCryptLayouts covers where the facts of encryption may be, and what is wrong with them.
func TestCryptLayouts(t *testing.T) {
	// fragment has n samples of 10 bytes and these boxes in its traf.
	fragment := func(n int, boxes func(data int32) []byte) []byte {
		return moofMdat(10*n, func(d int32) [][]byte {
			return [][]byte{bx("traf", tfhd(tfhdMoof, 1), tfdt(0), trun(0, trunOffset, uint32(n), d), boxes(d))}
		})
	}
	none := func(int32) []byte { return nil }
	constant := append([]byte{16}, "constant-vector!"...)
	cenc := protectedHead("cenc", tenc(1, 8), nil)
	sub := func(clear uint16, protected uint32) []byte {
		return bx("xxxx", uint16(1), clear, protected)[8:]
	}
	for _, tt := range []struct {
		name   string
		stream []byte
		want   string
		err    string
	}{
		{
			name: "senc without subsamples",
			stream: cat(cenc, fragment(2, func(int32) []byte {
				return bx("senc", uint32(0), uint32(2), "vector-1", "vector-2")
			})),
			want: "cenc:0123:vector-1:1/9 cenc:0123:vector-2:1/9",
		},
		{
			name: "senc with subsamples and no saiz",
			stream: cat(cenc, fragment(2, func(int32) []byte {
				return bx("senc", uint32(2), uint32(2), "vector-1", sub(3, 7), "vector-2", uint16(0))
			})),
			want: "cenc:0123:vector-1:1/9,3+7 cenc:0123:vector-2:1/9",
		},
		{
			name: "saiz and saio into the mdat, in front of the samples",
			stream: cat(cenc, moofMdat(0, func(d int32) [][]byte {
				return [][]byte{bx("traf", tfhd(tfhdMoof, 1), tfdt(0), trun(0, trunOffset, 2, d+16+8), bx("saiz", uint32(0), byte(0), uint32(2), byte(8), byte(16)),
					bx("saio", uint32(0), uint32(1), uint32(d)))}
			})),
			want: "cenc:0123:vector-1:1/9 cenc:0123:vector-2:1/9,4+6",
		},
		{
			name: "saiz and saio, one offset a run, the second behind the samples",
			stream: cat(cenc, moofMdat(0, func(d int32) [][]byte {
				return [][]byte{bx("traf", tfhd(tfhdMoof, 1), tfdt(0), trun(0, trunOffset, 1, d+8), trun(0, 0, 1), bx("saiz", uint32(0), byte(8), uint32(2)),
					bx("saio", uint32(0), uint32(2), uint32(d), uint32(d+28)))}
			})),
			want: "cenc:0123:vector-1:1/9 cenc:0123:vector-2:1/9",
		},
		{
			name: "saiz and saio into the mdat of another file",
			stream: cat(cenc, moofMdat(0, func(d int32) [][]byte {
				return [][]byte{bx("traf", tfhd(tfhdBase, 1, uint64(77777)), tfdt(0), trun(0, trunOffset, 2, d+16+8), bx("saiz", uint32(0), byte(0), uint32(2), byte(8), byte(16)),
					bx("saio", uint32(0), uint32(1), uint32(d)))}
			})),
			want: "cenc:0123:vector-1:1/9 cenc:0123:vector-2:1/9,4+6",
		},
		{
			name:   "constant vector, nothing in the fragment",
			stream: cat(protectedHead("cbcs", tenc(1, 0, constant...), nil), fragment(2, none)),
			want:   "cbcs:0123:constant-vector!:1/9 cbcs:0123:constant-vector!:1/9",
		},
		{
			name: "groups: another key, clear samples, a constant vector of the fragment",
			stream: cat(protectedHead("cenc", tenc(1, 8), sgpd(seig(1, 8, "KEY2456789abcdef"), seig(0, 0, "0000000000000000"))),
				fragment(5, func(int32) []byte {
					return cat(sgpd(seig(1, 0, "KEY3456789abcdef", constant...)), sbgp(1, 1, 1, 0, 1, 2, 2, 65537),
						bx("saiz", uint32(0), byte(0), uint32(5), byte(8), byte(8), byte(0), byte(0), byte(0)),
						bx("senc", uint32(0), uint32(5), "vector-1", "vector-2"))
				})),
			want: "cenc:KEY2:vector-1:2/5 cenc:0123:vector-2:1/9 - cenc:KEY3:constant-vector!:2/5 cenc:KEY3:constant-vector!:2/5",
		},
		{
			name: "PIFF",
			stream: cat(protectedHead("piff", bx("uuid", piffTenc, uint32(0), uint32(1<<8|8), "0123456789abcdef"), nil), fragment(1, func(int32) []byte {
				return bx("uuid", piffSenc, uint32(2), uint32(1), "vector-1", sub(4, 6))
			})),
			want: "cenc:0123:vector-1:0/0,4+6",
		},
		{
			name: "PIFF with parameters of the fragment, CBC",
			stream: cat(protectedHead("piff", bx("uuid", piffTenc, uint32(0), uint32(2<<8|8), "0123456789abcdef"), nil), fragment(1, func(int32) []byte {
				return bx("uuid", piffSenc, uint32(1), uint32(1<<8|16), "KEY2456789abcdef", uint32(1), "vector-of-16-byt")
			})),
			want: "cbc1:KEY2:vector-of-16-byt:0/0",
		},
		{name: "no vectors", stream: cat(cenc, fragment(1, none)), err: "moof/traf[0]/senc at byte 622: sample 0: its initialization vector is missing"},
		{
			name:   "no vector at all",
			stream: cat(protectedHead("cbcs", tenc(1, 0), nil), fragment(1, none)),
			err:    "sample 0: it has no initialization vector, neither its own nor a constant one",
		},
		{
			name: "senc of another fragment",
			stream: cat(cenc, fragment(2, func(int32) []byte {
				return bx("senc", uint32(0), uint32(1), "vector-1")
			})),
			err: "moof/traf[0]/senc at byte 682: describes 1 samples, the runs have 2",
		},
		{
			name: "subsamples of another length",
			stream: cat(cenc, fragment(1, func(int32) []byte {
				return bx("senc", uint32(2), uint32(1), "vector-1", sub(3, 8))
			})),
			err: "sample 0: its subsamples cover 11 bytes, it has 10",
		},
		{
			name: "subsamples cut off",
			stream: cat(cenc, fragment(1, func(int32) []byte {
				return bx("senc", uint32(2), uint32(1), "vector-1", uint16(9), uint16(1))
			})),
			err: "sample 0: its subsamples are cut off",
		},
		{
			name: "a group that does not exist",
			stream: cat(cenc, fragment(1, func(int32) []byte {
				return cat(sbgp(1, 65538), bx("senc", uint32(0), uint32(1), "vector-1"))
			})),
			err: "sample 0: seig group 2 does not exist, there are 0",
		},
		{
			name: "groups without end",
			stream: cat(cenc, fragment(1, func(int32) []byte {
				return bx("sgpd", uint32(1<<24), "seig", uint32(20), uint32(1<<31))
			})),
			err: "the seig groups are unreadable",
		},
		{
			name: "saio beyond the mdat",
			stream: cat(cenc, fragment(1, func(int32) []byte {
				return cat(bx("saiz", uint32(0), byte(8), uint32(1)), bx("saio", uint32(0), uint32(1), uint32(5000)))
			}), ftyp),
			err: "the encryption facts lie outside of the mdat, and the next box is ftyp",
		},
		{
			name: "saio in front of the moof",
			stream: cat(cenc, fragment(1, func(int32) []byte {
				return cat(bx("saiz", uint32(0), byte(8), uint32(1)), bx("saio", uint32(1<<24), uint32(1), int64(-1)))
			})),
			err: "offset -1 is beyond any stream",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stream := tt.stream
			switch {
			case strings.HasPrefix(tt.name, "saiz and saio into"):
				stream = cat(stream[:len(stream)-8], bx("mdat", "vector-1", "vector-2", uint16(1), uint16(4), uint32(6), make([]byte, 20)))
			case strings.HasPrefix(tt.name, "saiz and saio, one"):
				stream = cat(stream[:len(stream)-8], bx("mdat", "vector-1", make([]byte, 20), "vector-2"))
			}
			r, err := parse(isobmff.Options{}, stream)
			if got := crypts(r); tt.err == "" && got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("got error %v, want %q", err, tt.err)
			}
			whole, _ := digestOf(isobmff.Options{}, bytes.Clone(stream))
			for i := len(stream) - 200; i < len(stream); i += 3 {
				if cut, _ := digestOf(isobmff.Options{}, bytes.Clone(stream[:i]), bytes.Clone(stream[i:])); cut != whole {
					t.Fatalf("cut at %d: another result than in one piece", i)
				}
			}
		})
	}
}

// The extended types of the boxes of PIFF.
const (
	piffSenc = "\xa2\x39\x4f\x52\x5a\x9b\x4f\x14\xa2\x44\x6c\x42\x7c\x64\x8d\xf4"
	piffTenc = "\x89\x74\xdb\xce\x7b\xe7\x4c\x51\x84\xf9\x71\x48\xf9\x88\x25\x54"
)

// TestRefusals lists tracks that nobody can decode, with the reason.
func TestRefusals(t *testing.T) {
	entry := func(typ string, kids ...[]byte) []byte {
		return bx(typ, make([]byte, 6), uint16(1), make([]byte, 16), uint16(64), uint16(48), make([]byte, 50), cat(kids...))
	}
	sinf := func(scheme string, kids ...[]byte) []byte {
		return bx("sinf", bx("frma", "avc1"), bx("schm", uint32(0), scheme, uint32(0)), cat(kids...))
	}
	dolby := func(profile, compatible byte) []byte {
		return bx("dvcC", byte(1), byte(0), profile<<1, byte(6<<3|5), compatible<<4, make([]byte, 19))
	}
	hvcC := bx("hvcC", "\x01\x02\x20\x00\x00\x00\x90\x00\x00\x00\x00\x00\x5d\xf0\x00\xfc\xfd\xf8\xf8\x00\x00\x0f\x00")
	for _, tt := range []struct {
		name          string
		entry         []byte
		codec, string string
		refusal       string
	}{
		{"unknown", entry("zzzz"), "", "zzzz", `sample entry "zzzz" is of no known format`},
		{"Dolby Vision without base layer", entry("dvh1", hvcC, dolby(5, 0)), "", "dvh1.05.06", "Dolby Vision profile 5 has no base layer that other decoders show correctly"},
		{"Dolby Vision with base layer", entry("dvhe", hvcC, dolby(8, 1)), "hevc", "dvhe.2.4.L93.90", ""},
		{"HEVC with Dolby Vision on top", entry("hvc1", hvcC, dolby(8, 4)), "hevc", "hvc1.2.4.L93.90", ""},
		{"Dolby Vision without a record", entry("dvh1", hvcC), "", "dvh1.2.4.L93.90", "Dolby Vision without a configuration record; only streams with a compatible base layer can be shown"},
		{"encrypted, nothing said", entry("encv"), "", "encv", "an encrypted sample entry does not say what it encrypts (sinf)"},
		{"no scheme", entry("encv", bx("sinf", bx("frma", "avc1"))), "", "avc1", "the protection scheme is not named (schm)"},
		{"foreign scheme", entry("encv", sinf("adkm")), "", "avc1", `protection scheme "adkm" is not common encryption`},
		{"no parameters", entry("encv", sinf("cenc")), "", "avc1", "the encryption parameters are missing (tenc)"},
		{"odd parameters", entry("encv", sinf("cenc", bx("schi", tenc(1, 7)))), "", "avc1", "the encryption parameters are unreadable (tenc)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, r := isobmff.New(isobmff.Options{}), &recorder{}
			if err := bytestreamtest.Feed(p, r, cat(ftyp, bx("moov", mvhd(), trak(1, "vide", bx("stsd", uint32(0), uint32(1), tt.entry), nil), bx("mvex", trex(1, 40, 10, 0))))); err != nil {
				t.Fatal(err)
			}
			c := r.Inits[0].Tracks[0].Config
			if string(c.Codec) != tt.codec || c.CodecString != tt.string || p.Refusal(1) != tt.refusal {
				t.Errorf("got  %q %q %q\nwant %q %q %q", c.Codec, c.CodecString, p.Refusal(1), tt.codec, tt.string, tt.refusal)
			}
			if p.Refusal(99) != "" {
				t.Error("a track that does not exist has a refusal")
			}
		})
	}
}
