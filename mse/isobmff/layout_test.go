package isobmff_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/isobmff"
	"mseplayer/mse/media"
)

// bx writes a box by hand. Parts are integers of their own width, strings and byte slices.
func bx(typ string, parts ...any) []byte {
	b := make([]byte, 4, 64)
	b = append(b, typ...)
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			b = append(b, p...)
		case []byte:
			b = append(b, p...)
		default:
			var err error
			if b, err = binary.Append(b, binary.BigEndian, p); err != nil {
				panic(err)
			}
		}
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	return b
}

func cat(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// trak writes a video track of 1000 ticks a second. extra goes into the stbl and into the trak.
func trak(id uint32, handler string, stbl, extra []byte) []byte {
	entry := bx("avc1", make([]byte, 6), uint16(1), make([]byte, 16), uint16(64), uint16(48), make([]byte, 50), bx("avcC", "\x01\x64\x00\x28\xff\xe0\x00"))
	if handler == "soun" {
		entry = bx("sowt", make([]byte, 6), uint16(1), make([]byte, 8), uint16(1), uint16(16), uint32(0), uint32(8000<<16))
	}
	if stbl == nil {
		stbl = cat(bx("stsd", uint32(0), uint32(1), entry), bx("stts", uint64(0)), bx("stsc", uint64(0)), bx("stsz", uint32(0), uint64(0)), bx("stco", uint64(0)))
	}
	return bx("trak",
		bx("tkhd", uint32(7), uint64(0), id, make([]byte, 28), make([]byte, 40)), extra,
		bx("mdia",
			bx("mdhd", uint32(0), uint64(0), uint32(1000), uint32(0), uint16(0x55c4), uint16(0)),
			bx("hdlr", uint32(0), uint32(0), handler, make([]byte, 12), "\x00"),
			bx("minf", bx("dinf", bx("dref", uint32(0), uint32(1), bx("url ", uint32(1)))), bx("stbl", stbl))))
}

func mvhd() []byte {
	return bx("mvhd", uint32(0), uint64(0), uint32(1000), uint32(0), make([]byte, 76), uint32(3))
}

func trex(id, duration, size, flags uint32) []byte {
	return bx("trex", uint32(0), id, uint32(1), duration, size, flags)
}

var ftyp = bx("ftyp", "iso6", uint32(0), "iso6")

// head is an initialization segment with the video tracks 1 and 2.
func head() []byte {
	return cat(ftyp, bx("moov", mvhd(), trak(1, "vide", nil, nil), trak(2, "vide", nil, nil),
		bx("mvex", trex(1, 40, 0, 0x10000), trex(2, 20, 5, 0))))
}

// Flags of tfhd and trun.
const (
	tfhdBase      = 0x1
	tfhdEntry     = 0x2
	tfhdDuration  = 0x8
	tfhdSize      = 0x10
	tfhdFlags     = 0x20
	tfhdMoof      = 0x20000
	trunOffset    = 0x1
	trunFirst     = 0x4
	trunDurations = 0x100
	trunSizes     = 0x200
	trunFlags     = 0x400
	trunCTS       = 0x800
)

func tfhd(flags, id uint32, fields ...any) []byte {
	return bx("tfhd", append([]any{flags, id}, fields...)...)
}

func tfdt(t uint32) []byte { return bx("tfdt", uint32(0), t) }

func trun(version byte, flags uint32, count uint32, fields ...any) []byte {
	return bx("trun", append([]any{uint32(version)<<24 | flags, count}, fields...)...)
}

// moofMdat writes a moof with the mdat behind it. trafs gets the offset of the mdat's payload from the moof.
func moofMdat(payload int, trafs func(data int32) [][]byte) []byte {
	build := func(data int32) []byte { return bx("moof", bx("mfhd", uint32(0), uint32(1)), cat(trafs(data)...)) }
	moof := build(0)
	return cat(build(int32(len(moof)+8)), mdat(payload))
}

// mdat has a payload that counts 0, 1, 2, so that a sample tells where it came from.
func mdat(payload int) []byte {
	b := make([]byte, payload)
	for i := range b {
		b[i] = byte(i)
	}
	return bx("mdat", b)
}

// summary writes frames as track:pts|dts+duration[first byte..size]K.
func summary(r *recorder) string {
	var words []string
	for _, id := range []uint32{1, 2} {
		for i := range r.Frames[id] {
			f := &r.Frames[id][i]
			first := 0
			if len(f.Data) > 0 {
				first = int(f.Data[0])
			}
			w := fmt.Sprintf("%d:%g|%g+%g[%d..%d]", id, ms(f.PTS), ms(f.DTS), ms(media.Time(f.Duration)), first, first+len(f.Data))
			if f.RAP {
				w += "K"
			}
			words = append(words, w)
		}
	}
	return strings.Join(words, " ")
}

func ms(t media.Time) float64 { return float64(t) * 1000 }

// simple is one fragment of track 1 with two samples of 10 and 20 bytes at the given decode time.
func simple(dts uint32) []byte {
	return moofMdat(30, func(d int32) [][]byte {
		return [][]byte{bx("traf", tfhd(tfhdMoof, 1), tfdt(dts), trun(0, trunOffset|trunSizes, 2, d, uint32(10), uint32(20)))}
	})
}

// TestLayouts feeds structures that real files have, strictly and leniently. An expected error is a part of the
// message; frames that come out before it are expected too.
func TestLayouts(t *testing.T) {
	pcm := cat(ftyp, bx("moov", mvhd(), trak(1, "soun", nil, nil), bx("mvex", trex(1, 1, 2, 0))))
	edited := func(elst []byte) []byte {
		return cat(ftyp, bx("moov", mvhd(), trak(1, "vide", nil, bx("edts", elst)), bx("mvex", trex(1, 40, 0, 0))))
	}
	for _, tt := range []struct {
		name            string
		stream          []byte
		strict, lenient string // frames
		strictErr, err  string
	}{
		{
			name: "defaults of tfhd before trex before nothing",
			stream: cat(head(), moofMdat(30, func(d int32) [][]byte {
				return [][]byte{
					bx("traf", tfhd(tfhdMoof|tfhdDuration|tfhdSize|tfhdFlags, 1, uint32(50), uint32(10), uint32(0)), tfdt(100), trun(0, trunOffset, 2, d)),
					bx("traf", tfhd(tfhdMoof, 2), tfdt(100), trun(0, trunOffset, 2, d+20)),
				}
			})),
			strict:  "1:100|100+50[0..10]K 1:150|150+50[10..20]K 2:100|100+20[20..25]K 2:120|120+20[25..30]K",
			lenient: "=",
		},
		{
			name: "first sample flags apply to the first sample only",
			stream: cat(head(), moofMdat(30, func(d int32) [][]byte {
				return [][]byte{bx("traf", tfhd(tfhdMoof, 1), tfdt(0), trun(0, trunOffset|trunFirst|trunSizes, 3, d, uint32(0x2000000), uint32(5), uint32(5), uint32(5)))}
			})),
			strict:  "1:0|0+40[0..5]K 1:40|40+40[5..10] 1:80|80+40[10..15]",
			lenient: "=",
		},
		{
			name: "a sync sample that depends on others is no random access point",
			stream: cat(head(), moofMdat(10, func(d int32) [][]byte {
				return [][]byte{bx("traf", tfhd(tfhdMoof, 1), tfdt(0), trun(0, trunOffset|trunSizes|trunFlags, 2, d, uint32(5), uint32(0x2000000), uint32(5), uint32(0x1000000)))}
			})),
			strict:  "1:0|0+40[0..5]K 1:40|40+40[5..10]",
			lenient: "=",
		},
		{
			name: "composition offsets, negative in version 1",
			stream: cat(head(), moofMdat(30, func(d int32) [][]byte {
				return [][]byte{bx("traf", tfhd(tfhdMoof, 1), tfdt(100), trun(1, trunOffset|trunDurations|trunSizes|trunCTS, 2, d,
					uint32(40), uint32(5), int32(80), uint32(30), uint32(6), int32(-40)))}
			})),
			strict:  "1:180|100+40[0..5] 1:100|140+30[5..11]",
			lenient: "=",
		},
		{
			name: "several truns, the second without an offset, the third going back",
			stream: cat(head(), moofMdat(40, func(d int32) [][]byte {
				return [][]byte{bx("traf", tfhd(tfhdMoof, 1), tfdt(0),
					trun(0, trunOffset|trunSizes, 1, d+20, uint32(5)), trun(0, trunSizes, 1, uint32(6)), trun(0, trunOffset|trunSizes, 1, d, uint32(7)))}
			})),
			strict:  "1:0|0+40[20..25] 1:40|40+40[25..31] 1:80|80+40[0..7]",
			lenient: "=",
		},
		{
			name:    "free boxes and an mdat with a 64-bit size",
			stream:  cat(head(), bx("free", "xx"), largeSize(simple(0)), bx("skip"), simple(80)),
			strict:  "1:0|0+40[0..10] 1:40|40+40[10..30] 1:80|80+40[0..10] 1:120|120+40[10..30]",
			lenient: "=",
		},
		{
			name:    "an mdat that reaches to the end of the stream",
			stream:  cat(head(), toTheEnd(simple(0)), simple(80)),
			strict:  "1:0|0+40[0..10] 1:40|40+40[10..30]",
			lenient: "=",
		},
		{
			name: "two mdat boxes, the samples in the second",
			stream: cat(head(), func() []byte {
				b := moofMdat(0, func(d int32) [][]byte {
					return [][]byte{bx("traf", tfhd(tfhdMoof, 1), tfdt(0), trun(0, trunOffset|trunSizes, 2, d+12+8, uint32(10), uint32(20)))}
				})
				return cat(b[:len(b)-8], mdat(12), mdat(30))
			}()),
			strict:  "1:0|0+40[0..10] 1:40|40+40[10..30]",
			lenient: "=",
		},
		{
			name: "samples in two mdat boxes",
			stream: cat(head(), func() []byte {
				b := moofMdat(0, func(d int32) [][]byte {
					return [][]byte{bx("traf", tfhd(tfhdMoof, 1), tfdt(0),
						trun(0, trunOffset|trunSizes, 1, d, uint32(12)), trun(0, trunOffset|trunSizes, 1, d+12+8, uint32(9)))}
				})
				return cat(b[:len(b)-8], mdat(12), bx("free"), mdat(30))[0:]
			}()),
			strictErr: "sample 0 begins 8 bytes before the mdat",
			err:       "=",
		},
		{
			name:   "a fragment without samples",
			stream: cat(head(), bx("moof", bx("traf", tfhd(tfhdMoof|0x10000, 1), tfdt(0))), bx("mdat"), simple(40)),
			strict: "1:40|40+40[0..10] 1:80|80+40[10..30]", lenient: "=",
		},
		{
			name:   "samples without bytes",
			stream: cat(head(), bx("moof", bx("traf", tfhd(tfhdMoof, 1), tfdt(0), trun(0, trunOffset, 2, int32(8)))), simple(80)),
			strict: "1:0|0+40[0..0] 1:40|40+40[0..0] 1:80|80+40[0..10] 1:120|120+40[10..30]", lenient: "=",
		},
		{
			name:    "edit list: an empty edit delays, the media time advances",
			stream:  cat(edited(bx("elst", uint32(0), uint32(2), uint32(95), int32(-1), uint32(1<<16), uint32(0), int32(30), uint32(1<<16))), simple(0)),
			strict:  "1:65|65+40[0..10]K 1:105|105+40[10..30]K",
			lenient: "=",
		},
		{
			name:    "edit list of version 1 shifts before zero",
			stream:  cat(edited(bx("elst", uint32(1<<24), uint32(1), uint64(0), int64(50), uint32(1<<16))), simple(0)),
			strict:  "1:-50|-50+40[0..10]K 1:-10|-10+40[10..30]K",
			lenient: "=",
		},
		{
			name: "uncompressed audio is batched",
			stream: cat(pcm, moofMdat(2*1500, func(d int32) [][]byte {
				return [][]byte{bx("traf", tfhd(tfhdMoof, 1), tfdt(8), trun(0, trunOffset, 1500, d))}
			})),
			strict: "1:8|8+1024[0..2048]K 1:1032|1032+476[0..952]K", lenient: "=",
		},
		{
			name: "64-bit decode time",
			stream: cat(head(), moofMdat(10, func(d int32) [][]byte {
				return [][]byte{bx("traf", tfhd(tfhdMoof, 1), bx("tfdt", uint32(1<<24), uint64(1<<40)), trun(0, trunOffset|trunSizes, 1, d, uint32(10)))}
			})),
			strict: "1:1.099511627776e+12|1.099511627776e+12+40[0..10]", lenient: "=",
		},

		// What Strict refuses and real files have.
		{
			name:    "unknown brand",
			stream:  cat(bx("ftyp", "zzzz", uint32(0), "yyyy"), head()[len(ftyp):], simple(0)),
			lenient: "1:0|0+40[0..10] 1:40|40+40[10..30]", strictErr: `ftyp at byte 0: brand "zzzz" is none of ISO BMFF`,
		},
		{
			name:    "styp of another family",
			stream:  cat(head(), bx("styp", "zzzz", uint32(0)), simple(0)),
			lenient: "1:0|0+40[0..10] 1:40|40+40[10..30]", strictErr: `styp at byte 1028: brand "zzzz" is none of ISO BMFF`,
		},
		{
			name:    "no ftyp",
			stream:  cat(head()[len(ftyp):], simple(0)),
			lenient: "1:0|0+40[0..10] 1:40|40+40[10..30]", strictErr: "moov at byte 0: no ftyp precedes it",
		},
		{
			name:    "ftyp before a media segment",
			stream:  cat(head(), ftyp, simple(0)),
			lenient: "1:0|0+40[0..10] 1:40|40+40[10..30]", strictErr: "an ftyp was not followed by a moov",
		},
		{
			name: "missing tfdt",
			stream: cat(head(), simple(200), moofMdat(10, func(d int32) [][]byte {
				return [][]byte{bx("traf", tfhd(tfhdMoof, 1), trun(0, trunOffset|trunSizes, 1, d, uint32(10)))}
			})),
			lenient:   "1:200|200+40[0..10] 1:240|240+40[10..30] 1:280|280+40[0..10]",
			strict:    "1:200|200+40[0..10] 1:240|240+40[10..30]",
			strictErr: "moof/traf[0] at byte 1182: has no tfdt",
		},
		{
			name: "base-data-offset of the stream",
			stream: cat(head(), moofMdat(10, func(d int32) [][]byte {
				return [][]byte{bx("traf", tfhd(tfhdBase, 1, uint64(len(head()))), tfdt(0), trun(0, trunOffset|trunSizes, 1, d, uint32(10)))}
			})),
			lenient: "1:0|0+40[0..10]", strictErr: "base-data-offset is present",
		},
		{
			name: "base-data-offset of a file that this stream is a part of",
			stream: cat(head(), moofMdat(10, func(d int32) [][]byte {
				return [][]byte{
					bx("traf", tfhd(tfhdBase, 1, uint64(1e9)), tfdt(0), trun(0, trunOffset|trunSizes, 1, d+5, uint32(5))),
					bx("traf", tfhd(tfhdBase, 2, uint64(1e9)), tfdt(0), trun(0, trunOffset, 1, d)),
				}
			})),
			lenient: "1:0|0+40[5..10] 2:0|0+20[0..5]K", strictErr: "base-data-offset is present",
		},
		{
			name: "base-data-offset of the payload in another file",
			stream: cat(head(), moofMdat(10, func(int32) [][]byte {
				return [][]byte{bx("traf", tfhd(tfhdBase, 1, uint64(5000)), tfdt(0), trun(0, trunSizes, 2, uint32(4), uint32(6)))}
			})),
			lenient: "1:0|0+40[0..4] 1:40|40+40[4..10]", strictErr: "base-data-offset is present",
		},
		{
			name: "one traf with an address in another file, one relative to the moof",
			stream: cat(head(), moofMdat(10, func(d int32) [][]byte {
				return [][]byte{
					bx("traf", tfhd(tfhdMoof, 1), tfdt(0), trun(0, trunOffset|trunSizes, 1, d+5, uint32(5))),
					bx("traf", tfhd(tfhdBase, 2, uint64(1e9)), tfdt(0), trun(0, trunOffset, 1, d)),
				}
			})),
			lenient: "1:0|0+40[5..10] 2:0|0+20[0..5]K", strictErr: "base-data-offset is present",
		},
		{
			name: "no data offset at all",
			stream: cat(head(), moofMdat(10, func(int32) [][]byte {
				return [][]byte{bx("traf", tfhd(tfhdMoof, 1), tfdt(0), trun(0, trunSizes, 1, uint32(10)))}
			})),
			lenient: "1:0|0+40[0..10]", strictErr: "the first trun of a traf must have a data offset",
		},
		{
			name: "each traf begins where the one before ended",
			stream: cat(head(), moofMdat(10, func(d int32) [][]byte {
				return [][]byte{
					bx("traf", tfhd(0, 1), tfdt(0), trun(0, trunOffset|trunSizes, 1, d, uint32(5))),
					bx("traf", tfhd(0, 2), tfdt(0), trun(0, trunOffset, 1, int32(0))),
				}
			})),
			lenient: "1:0|0+40[0..5] 2:0|0+20[5..10]K", strictErr: "has 2 trafs, so each must set default-base-is-moof",
		},
		{
			name: "each traf counts from the moof though none says so",
			stream: cat(head(), moofMdat(10, func(d int32) [][]byte {
				return [][]byte{
					bx("traf", tfhd(0, 1), tfdt(0), trun(0, trunOffset|trunSizes, 1, d, uint32(5))),
					bx("traf", tfhd(0, 2), tfdt(0), trun(0, trunOffset, 1, d+5)),
				}
			})),
			lenient: "1:0|0+40[0..5] 2:0|0+20[5..10]K", strictErr: "has 2 trafs, so each must set default-base-is-moof",
		},
		{
			name:    "an mdat that nothing announces",
			stream:  cat(head(), mdat(10), simple(0)),
			lenient: "1:0|0+40[0..10] 1:40|40+40[10..30]", strictErr: "no moof announces it",
		},
		{
			name:    "a small box of an unknown type",
			stream:  cat(head(), bx("newb", "content"), simple(0)),
			lenient: "1:0|0+40[0..10] 1:40|40+40[10..30]", strictErr: `"newb" is not the type of an ISO BMFF box`,
		},
		{
			name:    "no trex for a track",
			stream:  cat(ftyp, bx("moov", mvhd(), trak(1, "vide", nil, nil), bx("mvex")), simple(0)),
			lenient: "1:0|0+0[0..10]K 1:0|0+0[10..30]K", strictErr: "has no trex for track 1",
		},

		// What neither takes. The specification's negative set.
		{
			name:   "no mvex",
			stream: cat(ftyp, bx("moov", mvhd(), trak(1, "vide", nil, nil))),
			err:    "moov at byte 20: has no mvex: the movie is not fragmented", strictErr: "=",
		},
		{
			name: "samples in the moov",
			stream: cat(ftyp, bx("moov", mvhd(), trak(1, "vide", cat(bx("stsd", uint32(0), uint32(0)), bx("stsz", uint32(0), uint32(0), uint32(1), uint32(9))), nil),
				bx("mvex", trex(1, 1, 1, 0)))),
			err: "track 1 has samples in the moov: the movie is not fragmented", strictErr: "=",
		},
		{
			name: "entries of stts without samples",
			stream: cat(ftyp, bx("moov", mvhd(), trak(1, "vide", cat(bx("stsd", uint32(0), uint32(1), bx("zzzz", make([]byte, 80))), bx("stts", uint32(0), uint32(1), uint64(0))), nil),
				bx("mvex", trex(1, 1, 1, 0)))),
			strictErr: "moov/trak[0]/mdia/minf/stbl/stts at byte 465: track 1 has samples in the moov: the movie is not fragmented",
		},
		{
			name:    "no traf",
			stream:  cat(head(), simple(0), bx("moof", bx("mfhd", uint32(0), uint32(2))), mdat(0), bx("moof", bx("mfhd", uint32(0), uint32(3))), simple(40)),
			strict:  "1:0|0+40[0..10] 1:40|40+40[10..30]",
			lenient: "1:0|0+40[0..10] 1:40|40+40[10..30] 1:40|40+40[0..10] 1:80|80+40[10..30]", strictErr: "holds no traf",
		},
		{name: "no tfhd", stream: cat(head(), bx("moof", bx("traf", tfdt(0)))), err: "moof/traf[0] at byte 1036: has no tfhd", strictErr: "="},
		{
			name:   "a track that the initialization segment lacks",
			stream: cat(head(), bx("moof", bx("traf", tfhd(tfhdMoof, 5), tfdt(0)))),
			err:    "track 5 is not in the initialization segment, which has 1, 2", strictErr: "=",
		},
		{
			name:   "a sample description that the track lacks",
			stream: cat(head(), bx("moof", bx("traf", tfhd(tfhdMoof|tfhdEntry, 1, uint32(2)), tfdt(0)))),
			err:    "sample description 2 does not exist, the track has 1", strictErr: "=",
		},
		{
			name: "mdat shorter than a sample",
			stream: cat(head(), moofMdat(100, func(d int32) [][]byte {
				return [][]byte{bx("traf", tfhd(tfhdMoof, 1), tfdt(0), trun(0, trunOffset|trunSizes, 2, d, uint32(10), uint32(602)))}
			})),
			err: "moof/traf[0]/trun[0] at byte 1092: sample 1 ends 512 bytes beyond the mdat", strictErr: "=",
		},
		{
			name: "mdat without the last samples",
			stream: cat(head(), moofMdat(10, func(d int32) [][]byte {
				return [][]byte{bx("traf", tfhd(tfhdMoof, 1), tfdt(0), trun(0, trunOffset|trunSizes, 2, d, uint32(10), uint32(20)))}
			}), simple(80)),
			strict: "1:0|0+40[0..10]", lenient: "=",
			err: "moof/traf[0]/trun[0] at byte 1092: sample 1 lies outside of the mdat, and the next box is moof", strictErr: "=",
		},
		{name: "media without an initialization segment", stream: simple(0), err: "moof at byte 0: no moov came before it", strictErr: "="},
		{
			name:   "garbage at the top",
			stream: cat(head(), []byte("\x00\x00\x10\x00\xff\xfe\xfd\xfc")),
			err:    `stream at byte 1028: "\xff\xfe\xfd\xfc" is not the type of an ISO BMFF box`, strictErr: "=",
		},
		{name: "media before the moov", stream: cat(ftyp, mdat(10), head()), err: "mdat at byte 20: media come before any moov or moof: the movie is not fragmented", strictErr: "="},
		{name: "text instead of media", stream: []byte("404 page not found"), err: `"page" is not`, strictErr: "=", lenient: ""},
		{name: "a page instead of media", stream: []byte("<!DOCTYPE html><html>"), err: `"CTYP"`, strictErr: "="},
		{name: "a box of less than its header", stream: cat(head(), []byte("\x00\x00\x00\x07free")), err: "free at byte 1028: declares 7 bytes, less than its own header", strictErr: "="},
		{name: "a moof to the end of the stream", stream: cat(head(), []byte("\x00\x00\x00\x00moof")), err: "moof at byte 1028: reaches to the end", strictErr: "="},
		{name: "a huge moov", stream: cat(ftyp, []byte("\x7f\x00\x00\x00moov")), err: "moov at byte 20: declares 2130706432 bytes, more than the 16777216", strictErr: "="},
		{name: "a huge moof", stream: cat(head(), []byte("\x7f\x00\x00\x00moof")), err: "more than the 4194304", strictErr: "="},
		{
			name:   "a child beyond its parent",
			stream: cat(head(), bx("moof", []byte("\x00\x00\x00\x30traf"))),
			err:    "moof at byte 1036: box traf ends 40 bytes beyond the box that contains it", strictErr: "=",
		},
		{
			name:   "a trun that promises more rows than it has",
			stream: cat(head(), bx("moof", bx("traf", tfhd(tfhdMoof, 1), tfdt(0), trun(0, trunOffset|trunSizes, 1000, int32(0), uint32(1))))),
			err:    "declares 1000 samples of 4 bytes each but has room for 1", strictErr: "=",
		},
		{
			name:   "a trun of nothing",
			stream: cat(head(), bx("moof", bx("traf", tfhd(tfhdMoof, 1), tfdt(0), trun(0, trunOffset, 1<<20, int32(0))))),
			err:    "declares 1048576 samples without any bytes", strictErr: "=",
		},
		{
			name:   "more samples than are accepted",
			stream: cat(head(), bx("moof", bx("traf", tfhd(tfhdMoof, 2), tfdt(0), trun(0, trunOffset, 1<<20+1, int32(0))))),
			err:    "takes the moof beyond the 1048576 that are accepted", strictErr: "=",
		},
		{
			name:   "one track ID for two tracks",
			stream: cat(ftyp, bx("moov", mvhd(), trak(1, "vide", nil, nil), trak(1, "vide", nil, nil), bx("mvex", trex(1, 1, 1, 0)))),
			err:    "moov/trak[1]/tkhd at byte 554: track ID 1 is used twice", strictErr: "=",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.lenient == "=" {
				tt.lenient = tt.strict
			}
			if tt.strictErr == "=" {
				tt.strictErr = tt.err
			}
			if tt.err == "=" {
				tt.err = tt.strictErr
			}
			for _, mode := range []struct {
				opt         isobmff.Options
				frames, err string
			}{{isobmff.Options{Strict: true}, tt.strict, tt.strictErr}, {isobmff.Options{}, tt.lenient, tt.err}} {
				r, err := parse(mode.opt, tt.stream)
				if got := summary(r); got != mode.frames {
					t.Errorf("%+v:\ngot  %s\nwant %s", mode.opt, got, mode.frames)
				}
				switch {
				case mode.err == "" && err != nil:
					t.Errorf("%+v: %v", mode.opt, err)
				case mode.err != "" && (err == nil || !strings.Contains(err.Error(), mode.err)):
					t.Errorf("%+v: got error %v, want %q", mode.opt, err, mode.err)
				case err != nil:
					var f *bytestream.FormatError
					if !errors.As(err, &f) || strings.Contains(err.Error(), "\n") {
						t.Errorf("%+v: %T is no format error of one line", mode.opt, err)
					}
					if strings.Contains(mode.err, "not fragmented") != errors.Is(err, isobmff.ErrNotFragmented) {
						t.Errorf("%+v: errors.Is(err, ErrNotFragmented) is %v", mode.opt, errors.Is(err, isobmff.ErrNotFragmented))
					}
				}
			}
		})
	}
}

// largeSize gives the mdat of a fragment a 64-bit size. The samples move by 8 bytes, so the moof is patched too.
func largeSize(fragment []byte) []byte {
	moof := binary.BigEndian.Uint32(fragment)
	payload := fragment[moof+8:]
	head := append([]byte(nil), fragment[:moof]...)
	at := strings.Index(string(head), "trun") + 12
	binary.BigEndian.PutUint32(head[at:], binary.BigEndian.Uint32(head[at:])+8)
	large := binary.BigEndian.AppendUint64([]byte("\x00\x00\x00\x01mdat"), uint64(16+len(payload)))
	return cat(head, large, payload)
}

// toTheEnd makes the mdat of a fragment reach to the end of the stream.
func toTheEnd(fragment []byte) []byte {
	b := append([]byte(nil), fragment...)
	binary.BigEndian.PutUint32(b[binary.BigEndian.Uint32(b):], 0)
	return b
}
