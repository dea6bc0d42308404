package webm_test

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest/bytestreamtest"
	"mseplayer/mse/webm"
)

// summary writes frames in milliseconds as track:pts+duration[data], with |dts where it differs from the pts, K for
// a random access point, H for a hidden frame and ~front/back for what is trimmed.
func summary(r *recorder) string {
	var words []string
	for id := range uint32(10) {
		for i := range r.Frames[id] {
			f := &r.Frames[id][i]
			w := fmt.Sprintf("%d:%g", id, ms(float64(f.PTS)))
			if f.DTS != f.PTS {
				w += fmt.Sprintf("|%g", ms(float64(f.DTS)))
			}
			w += fmt.Sprintf("+%g[%s]", ms(float64(f.Duration)), f.Data)
			if f.RAP {
				w += "K"
			}
			if f.DecodeOnly {
				w += "H"
			}
			if f.TrimFront > 0 || f.TrimBack > 0 {
				w += fmt.Sprintf("~%g/%g", ms(float64(f.TrimFront)), ms(float64(f.TrimBack)))
			}
			words = append(words, w)
		}
	}
	return strings.Join(words, " ")
}

// ms is in milliseconds, without what float64 adds.
func ms(seconds float64) float64 { return math.Round(seconds*1e9) / 1e6 }

func deflate(s string) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.Bytes()
}

// encoded writes ContentEncodings with one encoding.
func encoded(parts ...[]byte) []byte { return el(idEncodings, el(idEncoding, cat(parts...))) }

func stripped(s string) []byte { return encoded(el(idComp, el(idCompAlgo, 3), el(idCompSet, s))) }

// TestBlocks feeds structures that real files have, strictly and leniently. An expected error is a part of the
// message; frames that come out before it are expected too. "=" is what the other mode gives.
func TestBlocks(t *testing.T) {
	rated := func(n int) []byte { return vp8(n, el(idDefault, 40_000_000)) }
	pcm := func(n int) []byte {
		return track(n, 2, "A_PCM/INT/LIT", sound(1000, 1, el(idDepth, 16)))
	}
	plain := func(n int) []byte { return track(n, 2, "A_DTS", sound(48000, 2)) }
	avc := func(more ...[]byte) []byte { return track(1, 1, "V_MPEG4/ISO/AVC", picture(64, 48), cat(more...)) }
	signed := func(v int64) []byte {
		return []byte{byte(v >> 56), byte(v >> 48), byte(v >> 40), byte(v >> 32), byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}
	}
	var many [][]byte
	for i := range 65 {
		many = append(many, vp8(i+1))
	}
	subtitles := track(3, 0x11, "S_TEXT/WEBVTT")
	for _, tt := range []struct {
		name            string
		stream          []byte
		lenient, strict string // frames
		err, strictErr  string
	}{
		// Lengths of frames.
		{
			name:    "up to the next block; the last one as long as the longest before",
			stream:  cat(head(vp8(1)), clu(100, sb(1, 0, key, "a"), sb(1, 30, 0, "b"), sb(1, 80, 0, "c"))),
			lenient: "1:100+30[a]K 1:130+50[b] 1:180+50[c]", strict: "=",
		},
		{
			name:    "the last sound as long as the shortest before",
			stream:  cat(head(plain(1)), clu(0, sb(1, 0, key, "a"), sb(1, 30, key, "b"), sb(1, 80, key, "c"))),
			lenient: "1:0+30[a]K 1:30+50[b]K 1:80+30[c]K", strict: "=",
		},
		{
			name:    "what is learned holds for the Clusters behind, and their distances count",
			stream:  cat(head(vp8(1)), clu(0, sb(1, 0, key, "a")), clu(33, sb(1, 0, 0, "b")), clu(66, sb(1, 0, 0, "c")), clu(5000, sb(1, 0, 0, "d"))),
			lenient: "1:0+40[a]K 1:33+33[b] 1:66+33[c] 1:5000+33[d]", strict: "=",
		},
		{
			name:    "a single block of sound",
			stream:  cat(head(plain(1)), clu(0, sb(1, 0, key, "a"))),
			lenient: "1:0+20[a]K", strict: "=",
		},
		{
			name:    "DefaultDuration, and a picture that stays because the next one is late",
			stream:  cat(head(rated(1)), clu(0, sb(1, 0, key, "a"), sb(1, 41, 0, "b"), sb(1, 80, 0, "c"), sb(1, 580, 0, "d"))),
			lenient: "1:0+40[a]K 1:41+40[b] 1:80+500[c] 1:580+40[d]", strict: "=",
		},
		{
			name: "BlockDuration before all others",
			stream: cat(head(rated(1)), clu(0, bg(blk(1, 0, 0, "\x00"), el(idBlockDur, 10)),
				bg(blk(1, 500, 0, "b"), el(idReference, 1), el(idBlockDur, 70)))),
			lenient: "1:0+10[\x00]K 1:500+70[b]", strict: "=",
		},
		{
			name:    "Opus tells itself: 20 ms, 2.5 ms, two of 60 ms, and nonsense that does not",
			stream:  cat(head(opus(1)), clu(0, sb(1, 0, key, "\xf8"), sb(1, 20, key, "\xe0"), sb(1, 22, key, "\x19"), sb(1, 142, key, "\x1b\x3f"))),
			lenient: "1:0+20[\xf8]K 1:20+2[\xe0]K 1:22+120[\x19]K 1:142+2[\x1b\x3f]K", strict: "=",
		},
		{
			name: "Vorbis tells itself: two short blocks, a long one behind a short one and behind a long one",
			stream: cat(head(track(1, 2, "A_VORBIS", sound(44100, 1), el(idPrivate, vorbisPrivate()))),
				clu(0, sb(1, 0, key, "\x00"), sb(1, 3, key, "\x00"), sb(1, 6, key, "\x02"), sb(1, 19, key, "\x06"))),
			lenient: "1:0+3[\x00]K 1:3+3[\x00]K 1:6+13[\x02]K 1:19+23.219955[\x06]K", strict: "=",
		},
		{
			name:    "uncompressed sound tells itself",
			stream:  cat(head(pcm(1)), clu(0, sb(1, 0, key, "abcdefgh"), sb(1, 4, key, "ab"))),
			lenient: "1:0+4[abcdefgh]K 1:4+1[ab]K", strict: "=",
		},
		{
			name:    "a cue lasts as long as its group says",
			stream:  cat(head(subtitles), clu(0, bg(blk(3, 5, 0, "Hej"), el(idBlockDur, 2000)), bg(blk(3, 10, 0), el(idBlockDur, 1)))),
			lenient: "3:5+2000[Hej]K 3:10+1[]K", strict: "=",
		},

		// Times.
		{
			name:    "CodecDelay comes off, DiscardPadding is trimmed at either end",
			stream:  cat(head(opus(1, el(idDelay, 6_500_000))), clu(0, sb(1, 0, key, "\xf8"), bg(blk(1, 21, 0, "\xf8"), el(idDiscard, signed(13_500_000))), bg(blk(1, 41, 0, "\xf8"), el(idDiscard, signed(-5_000_000))))),
			lenient: "1:-6.5+20[\xf8]K 1:14.5+6.5[\xf8]K~0/13.5 1:39.5+15[\xf8]K~5/0", strict: "=",
		},
		{
			name:    "a padding longer than the packet leaves nothing",
			stream:  cat(head(opus(1)), clu(0, bg(blk(1, 0, 0, "\xf8"), el(idBlockDur, 3), el(idDiscard, signed(90_000_000))))),
			lenient: "1:0+0[\xf8]K~0/20", strict: "=",
		},
		{
			name: "a scale of a nanosecond, and a block before its Cluster",
			stream: cat(header, endless(idSegment), el(idInfo, el(idScale, 1)), el(idTracks, rated(1)),
				clu(1_000_000_000, sb(1, 0, key, "a"), sb(1, 1, 0, "b")), clu(40_000_000, sb(1, -500, key, "c"))),
			lenient: "1:1000+40[a]K 1:1000.000001+40[b] 1:39.9995+40[c]K", strict: "=",
		},
		{
			name: "pictures in decode order",
			stream: cat(head(avc()), clu(0, sb(1, 0, key, "I"), sb(1, 120, 0, "P"), sb(1, 40, 0, "b"), sb(1, 80, 0, "c")),
				clu(160, sb(1, 0, key, "J"), sb(1, 120, 0, "Q"), sb(1, 40, 0, "d"), sb(1, 80, 0, "e"))),
			lenient:   "1:0|-40+40[I]K 1:120|0+40[P] 1:40+40[b] 1:80+40[c] 1:160|120+40[J]K 1:280|160+40[Q] 1:200+40[d] 1:240+40[e]",
			strict:    "1:0+120[I]K 1:120+40[P]",
			strictErr: "Segment/Cluster/SimpleBlock at byte 111: begins 80 ticks before the block in front of it",
		},
		{
			name: "decode times never fall where a Cluster does not begin with a key frame",
			stream: cat(head(avc(el(idDefault, 40_000_000))), clu(0, sb(1, 0, key, "I"), sb(1, 120, 0, "P")),
				clu(40, sb(1, 0, 0, "b"), sb(1, 40, 0, "c"), sb(1, 120, 0, "R"))),
			lenient: "1:0+120[I]K 1:120+40[P] 1:40|120+40[b] 1:80|120+80[c] 1:160|120+40[R]", strict: "=",
		},

		// Flags.
		{
			name:    "a group without a reference is a key frame unless the picture says that it is not",
			stream:  cat(head(rated(1)), clu(0, bg(blk(1, 0, 0, "\x00")), bg(blk(1, 40, 0, "\x01")), bg(blk(1, 80, 0, "\x00"), el(idReference, signed(-40))))),
			lenient: "1:0+40[\x00]K 1:40+40[\x01] 1:80+40[\x00]", strict: "=",
		},
		{
			name: "the same of VP9, of profile 0 and 3",
			stream: cat(head(track(1, 1, "V_VP9", picture(64, 48), el(idDefault, 40_000_000))),
				clu(0, bg(blk(1, 0, 0, "\x80")), bg(blk(1, 40, 0, "\x84")), bg(blk(1, 80, 0, "\x88")), bg(blk(1, 120, 0, "\xb0")), bg(blk(1, 160, 0, "\xb2")), bg(blk(1, 200, 0, "\x00")))),
			lenient: "1:0+40[\x80]K 1:40+40[\x84] 1:80+40[\x88] 1:120+40[\xb0]K 1:160+40[\xb2] 1:200+40[\x00]", strict: "=",
		},
		{
			name:    "a hidden block is decoded only; sound is always a random access point",
			stream:  cat(head(rated(1), pcm(2)), clu(0, sb(1, 0, key|hidden, "a"), sb(2, 0, 0, "xx"), sb(1, 40, 0, "b"))),
			lenient: "1:0+40[a]KH 1:40+40[b] 2:0+1[xx]K", strict: "=",
		},
		{
			name:    "additions are left out, and blocks without frames",
			stream:  cat(head(rated(1)), clu(0, bg(blk(1, 0, 0, "\x00"), el(idAdditions, "alpha")), sb(1, 40, 0))),
			lenient: "1:0+40[\x00]K", strict: "=",
		},

		// Lacing.
		{
			name:    "Xiph",
			stream:  cat(head(pcm(1)), clu(0, sb(1, 0, xiph, "\x02\x04\x02", "abcd", "ef", "gh"))),
			lenient: "1:0+2[abcd]K 1:2+1[ef]K 1:3+1[gh]K", strict: "=",
		},
		{
			name:    "Xiph with a size of 256",
			stream:  cat(head(pcm(1)), clu(0, sb(1, 0, xiph, "\x01\xff\x01", strings.Repeat("x", 256), "gh"))),
			lenient: "1:0+128[" + strings.Repeat("x", 256) + "]K 1:128+1[gh]K", strict: "=",
		},
		{
			name:    "EBML with differences",
			stream:  cat(head(pcm(1)), clu(0, sb(1, 0, ebml, "\x03\x84\xbd\xc1", "abcd", "ef", "ghij", "kl"))),
			lenient: "1:0+2[abcd]K 1:2+1[ef]K 1:3+2[ghij]K 1:5+1[kl]K", strict: "=",
		},
		{
			name:    "fixed, of which the next block tells the length",
			stream:  cat(head(plain(1)), clu(0, sb(1, 0, fixed, "\x01", "ab", "cd"), sb(1, 30, fixed, "\x01", "ef", "gh"))),
			lenient: "1:0+15[ab]K 1:15+15[cd]K 1:30+30[ef]K 1:60+30[gh]K", strict: "=",
		},
		{
			name:    "BlockDuration is that of the whole lace",
			stream:  cat(head(plain(1)), clu(0, bg(blk(1, 0, fixed, "\x01", "ab", "cd"), el(idBlockDur, 40)))),
			lenient: "1:0+20[ab]K 1:20+20[cd]K", strict: "=",
		},
		{
			name:    "DiscardPadding is that of the last frame",
			stream:  cat(head(opus(1)), clu(0, bg(blk(1, 0, fixed, "\x01", "\xf8", "\xf8"), el(idDiscard, signed(5_000_000))))),
			lenient: "1:0+20[\xf8]K 1:20+15[\xf8]K~0/5", strict: "=",
		},

		// Content encodings.
		{
			name:    "header stripping",
			stream:  cat(head(vp8(1, stripped("he"), el(idDefault, 40_000_000))), clu(0, sb(1, 0, key, "llo"))),
			lenient: "1:0+40[hello]K", strict: "=",
		},
		{
			name:    "zlib",
			stream:  cat(head(subtitles[:len(subtitles):len(subtitles)], track(4, 0x11, "S_VOBSUB", encoded(el(idComp, el(idCompAlgo, 0))))), clu(0, bg(blk(4, 0, 0, deflate("text")), el(idBlockDur, 9)), bg(blk(4, 9, 0, deflate("more")), el(idBlockDur, 9)))),
			lenient: "4:0+9[text]K 4:9+9[more]K", strict: "=",
		},
		{
			name:    "zlib that is none, behind a good frame",
			stream:  cat(head(track(4, 0x11, "S_VOBSUB", encoded(el(idComp)))), clu(0, bg(blk(4, 0, 0, deflate("text")), el(idBlockDur, 9)), bg(blk(4, 9, 0, "nonsense"), el(idBlockDur, 9)))),
			lenient: "4:0+9[text]K", strict: "=", err: "Segment/Cluster/Block at byte 120: a frame of track 4 cannot be inflated: zlib: invalid header", strictErr: "=",
		},

		{
			name:   "zlib that inflates to more than anybody means",
			stream: cat(head(track(4, 0x11, "S_VOBSUB", encoded(el(idComp)))), clu(0, bg(blk(4, 0, 0, deflate(strings.Repeat("x", 17<<20))), el(idBlockDur, 9)))),
			err:    "a frame of track 4 cannot be inflated: inflates to more than 16777216 bytes", strictErr: "=",
		},

		// Structure.
		{
			name: "Clusters of unknown size, ended by each other, by Cues, and by another initialization segment",
			stream: cat(head(rated(1)), endless(idCluster, el(idTime, 0), sb(1, 0, key, "a")), endless(idCluster, el(idTime, 40), sb(1, 0, key, "b")), el(idCues, "xx"),
				endless(idCluster, el(idTime, 80), sb(1, 0, key, "c")), head(rated(1)), clu(120, sb(1, 0, key, "d"))),
			lenient: "1:0+40[a]K 1:40+40[b]K 1:80+40[c]K 1:120+40[d]K", strict: "=",
		},
		{
			name: "Void, CRC-32, Tags and unknown elements",
			stream: cat(header, endless(idSegment), el(idVoid, "xxxx"), el(idInfo, el(idCRC, "1234"), el(0x7ff0, "new")), el(idTags, "tags"), el(idTracks, rated(1)), el(idVoid),
				el(idCluster, el(idCRC, "1234"), el(idTime, 0), el(0x58d7, "skip"), sb(1, 0, key, "a"), el(idVoid, "xxxx"))),
			lenient: "1:0+40[a]K", strict: "=",
		},
		{
			name:    "a track of buttons",
			stream:  cat(head(rated(1), track(2, 0x12, "B_VOBBTN")), clu(0, sb(2, 0, key, "x"), sb(1, 0, key, "a"))),
			lenient: "1:0+40[a]K", strict: "=",
		},
		{name: "an empty Cluster", stream: cat(head(rated(1)), el(idCluster), clu(0, sb(1, 0, key, "a"))), lenient: "1:0+40[a]K", strict: "="},

		// What Strict refuses and real files have.
		{
			name:    "Tracks before Info",
			stream:  cat(header, endless(idSegment), el(idTracks, rated(1)), el(idInfo), clu(0, sb(1, 0, key, "a"))),
			lenient: "1:0+40[a]K", strictErr: "Tracks at byte 28: no Info precedes it",
		},
		{
			name:    "Matroska",
			stream:  cat(el(idEBML, el(idDocType, "matroska")), head(rated(1))[len(header):], clu(0, sb(1, 0, key, "a"))),
			lenient: "1:0+40[a]K", strictErr: `EBML/DocType at byte 0: document type "matroska" is not webm`,
		},
		{
			name:    "a Segment without an EBML header",
			stream:  cat(head(rated(1))[len(header):], clu(0, sb(1, 0, key, "a"))),
			lenient: "1:0+40[a]K", strictErr: "Segment at byte 0: no EBML header precedes it",
		},
		{
			name:    "a second Timestamp",
			stream:  cat(head(rated(1)), clu(0, sb(1, 0, key, "a"), el(idTime, 40), sb(1, 0, 0, "b"))),
			lenient: "1:0+40[a]K 1:40+40[b]", strict: "1:0+40[a]K", strictErr: "Segment/Cluster/Timestamp at byte 102: is the second one",
		},
		{
			name:    "a small unknown element beside the Clusters",
			stream:  cat(head(rated(1)), el(0x1abcdef0, "new"), clu(0, sb(1, 0, key, "a"))),
			lenient: "1:0+40[a]K", strictErr: "stream at byte 87: element 0x1ABCDEF0 is none of WebM",
		},

		// What neither takes.
		{name: "no WebM", stream: []byte("<?xml version=\"1.0\"?>"), err: "stream at byte 0: element 0x3C3F78 is none of WebM", strictErr: "="},
		{name: "no element", stream: cat(head(rated(1)), []byte{0x0f, 1, 2}), err: "stream at byte 87: 0x0F begins no element ID", strictErr: "="},
		{name: "a size of nine bytes", stream: cat(header, []byte{0xec, 0}), err: "stream at byte 16: the size of Void is longer than 8 bytes", strictErr: "="},
		{name: "a huge element", stream: cat(header, []byte("\xec\x01\xff\xff\xff\xff\xff\xff\xfe")), lenient: "", strict: ""},
		{name: "another document type", stream: el(idEBML, el(idDocType, "dirac")), err: `document type "dirac" is not webm`, strictErr: "="},
		{name: "another version of EBML", stream: el(idEBML, el(idReadVer, 2), el(idDocType, "webm")), err: "EBML/EBMLReadVersion at byte 5: is 2", strictErr: "="},
		{name: "an EBML header of unknown size", stream: endless(idEBML), err: "EBML at byte 0: has no size", strictErr: "="},
		{name: "a huge EBML header", stream: cat(raw(idEBML), vint(1<<20, 0)), err: "EBML at byte 0: declares 1048576 bytes, more than the 4096", strictErr: "="},
		{name: "a huge Tracks", stream: cat(header, endless(idSegment), el(idInfo), raw(idTracks), vint(1<<30, 0)), err: "Tracks at byte 33: declares 1073741824 bytes", strictErr: "="},
		{name: "a Cluster without an initialization segment", stream: clu(0), err: "Segment/Cluster at byte 0: no initialization segment came before it", strictErr: "="},
		{name: "no Tracks", stream: cat(header, endless(idSegment), el(idInfo), clu(0)), err: "the initialization segment before it has no Tracks", strictErr: "="},
		{name: "no Info", stream: cat(header, endless(idSegment), clu(0)), err: "the initialization segment before it has no Info", strictErr: "="},
		{name: "no scale", stream: cat(header, endless(idSegment), el(idInfo, el(idScale, 0))), err: "Segment/Info/TimestampScale at byte 33: is 0 nanoseconds", strictErr: "="},
		{name: "track number 0", stream: head(vp8(0)), err: "Segment/Tracks/TrackEntry[0]/TrackNumber at byte 56: track number 0", strictErr: "="},
		{name: "a track number used twice", stream: head(vp8(1), vp8(1)), err: "Segment/Tracks/TrackEntry[1] at byte 79: track number 1 is used twice", strictErr: "="},
		{name: "too many tracks", stream: head(many...), err: "Segment/Tracks at byte 1529: holds more than 64 tracks", strictErr: "="},
		{name: "a TrackEntry that ends beyond Tracks", stream: cat(header, endless(idSegment), el(idInfo), el(idTracks, raw(idTrack), []byte{0x85})), err: "Segment/Tracks at byte 38: element 0xAE ends 5 bytes beyond the element that contains it", strictErr: "="},
		{name: "a child of Video that is cut off", stream: head(track(1, 1, "V_VP8", el(idVideo, "\xb0"))), err: "Segment/Tracks/TrackEntry[0]/Video at byte 73: an element header is cut off", strictErr: "="},
		{
			name:   "a block of a track that is not there, behind a good one",
			stream: cat(head(rated(1)), clu(0, sb(1, 0, key, "a"), sb(2, 0, key, "b"))),
			err:    "Segment/Cluster/SimpleBlock at byte 102: track 2 is not in the initialization segment, which has 1", strictErr: "=",
			lenient: "1:0+40[a]K", strict: "=",
		},
		{name: "a block before the Timestamp", stream: cat(head(rated(1)), el(idCluster, sb(1, 0, key, "a"))), err: "Segment/Cluster/SimpleBlock at byte 92: no Timestamp of the Cluster precedes it", strictErr: "="},
		{name: "a block without a header", stream: cat(head(rated(1)), clu(0, el(idSimple, "\x81\x00"))), err: "Segment/Cluster/SimpleBlock at byte 95: is too short for its header", strictErr: "="},
		{name: "an empty block", stream: cat(head(rated(1)), clu(0, el(idSimple))), err: "Segment/Cluster/SimpleBlock at byte 95: is empty", strictErr: "="},
		{name: "a group without a block", stream: cat(head(rated(1)), clu(0, el(idGroup, el(idBlockDur, 1)))), err: "Segment/Cluster/BlockGroup at byte 95: has no Block", strictErr: "="},
		{name: "a group that is cut off", stream: cat(head(rated(1)), clu(0, el(idGroup, "\xa1\x85"))), err: "Segment/Cluster/BlockGroup at byte 97: Block ends 5 bytes beyond", strictErr: "="},
		{name: "a block that ends beyond the Cluster", stream: cat(head(rated(1)), clu(0, []byte{0xa3, 0x85})), err: "Segment/Cluster at byte 95: SimpleBlock ends 5 bytes beyond the element", strictErr: "="},
		{name: "a header that the Cluster's end cuts off", stream: cat(head(rated(1)), clu(0, []byte{0x7b}), clu(0)), err: "Segment/Cluster at byte 95: an element header is cut off", strictErr: "="},
		{name: "a Cluster inside of one", stream: cat(head(rated(1)), clu(0, clu(0))), err: "Segment/Cluster at byte 95: Cluster lies inside of a Cluster", strictErr: "="},
		{name: "a group of unknown size", stream: cat(head(rated(1)), endless(idCluster, el(idTime, 0), endless(idGroup))), err: "Segment/Cluster at byte 102: BlockGroup has no size", strictErr: "="},
		{name: "garbage in a Cluster of unknown size", stream: cat(head(rated(1)), endless(idCluster, el(idTime, 0), sb(1, 0, key, "a"), []byte{0xb5, 0x1f, 0xff, 0xff, 0xfe})), lenient: "1:0+40[a]K", strict: "=", err: "Segment/Cluster at byte 109: element 0xB5 of 268435454 bytes is none of a Cluster", strictErr: "="},
		{name: "a huge block", stream: cat(head(rated(1)), endless(idCluster, el(idTime, 0), []byte{0xa3, 0x1f, 0xff, 0xff, 0xfe})), err: "Segment/Cluster at byte 102: SimpleBlock declares 268435454 bytes", strictErr: "="},
		{name: "a Timestamp beyond any timeline", stream: cat(head(rated(1)), clu(1<<62)), err: "Segment/Cluster/Timestamp at byte 92: is beyond any timeline", strictErr: "="},
		{name: "a BlockDuration beyond any timeline", stream: cat(head(rated(1)), clu(0, bg(blk(1, 0, 0, "a"), el(idBlockDur, 1<<62)))), err: "Segment/Cluster/BlockGroup/Block at byte 97: lasts longer than any timeline", strictErr: "="},
		{name: "a DiscardPadding beyond any timeline", stream: cat(head(rated(1)), clu(0, bg(blk(1, 0, 0, "a"), el(idDiscard, signed(math.MinInt64))))), err: "Segment/Cluster/BlockGroup/Block at byte 97: discards more than any timeline", strictErr: "="},
		{name: "a lace without a count", stream: cat(head(pcm(1)), clu(0, sb(1, 0, xiph))), err: "SimpleBlock at byte 106: is too short for its lacing", strictErr: "="},
		{name: "a Xiph lace that is cut off", stream: cat(head(pcm(1)), clu(0, sb(1, 0, xiph, "\x01\xff"))), err: "is too short for its lacing", strictErr: "="},
		{name: "a Xiph lace beyond its block", stream: cat(head(pcm(1)), clu(0, sb(1, 0, xiph, "\x01\x05", "ab"))), err: "its lace ends 3 bytes beyond it", strictErr: "="},
		{name: "an EBML lace that is cut off", stream: cat(head(pcm(1)), clu(0, sb(1, 0, ebml, "\x01\x40"))), err: "is too short for its lacing", strictErr: "="},
		{name: "an EBML lace that falls below zero", stream: cat(head(pcm(1)), clu(0, sb(1, 0, ebml, "\x02\x81\x80", "ab"))), err: "frame 1 of the lace has -62 bytes", strictErr: "="},
		{name: "a fixed lace that does not divide", stream: cat(head(pcm(1)), clu(0, sb(1, 0, fixed, "\x01", "abc"))), err: "has 2 frames of one size in 3 bytes", strictErr: "="},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.strict == "=" {
				tt.strict = tt.lenient
			}
			if tt.strictErr == "=" {
				tt.strictErr = tt.err
			}
			check := func(opt webm.Options, frames, msg string) {
				t.Helper()
				r, err := parse(opt, tt.stream)
				if got := summary(r); got != frames {
					t.Errorf("%+v: frames\ngot  %q\nwant %q", opt, got, frames)
				}
				var f *bytestream.FormatError
				switch {
				case msg == "" && err != nil:
					t.Errorf("%+v: %v", opt, err)
				case msg != "" && (!errors.As(err, &f) || !strings.Contains(err.Error(), msg)):
					t.Errorf("%+v: error\ngot  %v\nwant %s", opt, err, msg)
				}
			}
			check(webm.Options{}, tt.lenient, tt.err)
			check(webm.Options{Strict: true}, tt.strict, tt.strictErr)
		})
	}
}

// TestEncrypted reads the signal byte and what follows it.
func TestEncrypted(t *testing.T) {
	const kid = "0123456789abcdef"
	crypted := encoded(el(idEncType, 1), el(idEnc, el(idEncAlgo, 5), el(idKeyID, kid), el(idAES, el(idMode, 1))))
	init := head(vp8(1, crypted, el(idDefault, 40_000_000)))
	for _, tt := range []struct {
		name  string
		frame string
		data  string
		subs  []media.Subsample
		clear bool
		err   string
	}{
		{name: "clear", frame: "\x00data", data: "data", clear: true},
		{name: "whole", frame: "\x0112345678data", data: "data"},
		{name: "partitioned", frame: "\x0312345678\x02\x00\x00\x00\x01\x00\x00\x00\x03data", data: "data", subs: []media.Subsample{{Clear: 1, Protected: 2}, {Clear: 1}}},
		{name: "protected to the end", frame: "\x0312345678\x01\x00\x00\x00\x01data", data: "data", subs: []media.Subsample{{Clear: 1, Protected: 3}}},
		{name: "no borders", frame: "\x0312345678\x00data", data: "data", subs: []media.Subsample{{Clear: 4}}},
		{name: "no vector", frame: "\x01123", err: "an encrypted frame of track 1 is too short for its initialization vector"},
		{name: "no partitions", frame: "\x0312345678", err: "is too short for its partitions"},
		{name: "partitions cut off", frame: "\x0312345678\x01\x00\x00", err: "is too short for its partitions"},
		{name: "a partition beyond the frame", frame: "\x0312345678\x01\x00\x00\x00\x09data", err: "has a partition from byte 0 to 9 of 4"},
		{name: "a partition that goes back", frame: "\x0312345678\x02\x00\x00\x00\x03\x00\x00\x00\x02data", err: "has a partition from byte 3 to 2 of 4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := parse(webm.Options{Strict: true}, cat(init, clu(0, sb(1, 0, key, tt.frame))))
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("got error %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil || len(r.Frames[1]) != 1 || !r.Inits[0].Tracks[0].Config.Encrypted {
				t.Fatalf("got %d frames, error %v", len(r.Frames[1]), err)
			}
			f := &r.Frames[1][0]
			if string(f.Data) != tt.data || (f.Crypt == nil) != tt.clear {
				t.Fatalf("got %q, encrypted %v", f.Data, f.Crypt != nil)
			}
			if c := f.Crypt; c != nil && (c.Scheme != "cenc" || string(c.KID[:]) != kid || string(c.IV) != "12345678" || fmt.Sprint(c.Subsamples) != fmt.Sprint(tt.subs)) {
				t.Errorf("got %+v, want the subsamples %v", c, tt.subs)
			}
		})
	}
}

// TestRefusals are tracks that are listed without a format, and why.
func TestRefusals(t *testing.T) {
	enc := func(parts ...[]byte) []byte { return vp8(1, encoded(parts...)) }
	for _, tt := range []struct {
		name  string
		track []byte
		want  string
	}{
		{"unknown codec", track(1, 1, "V_NEW", picture(64, 48)), `codec ID "V_NEW" is of no known format`},
		{"odd uncompressed sound", track(1, 2, "A_PCM/INT/LIT", sound(8000, 1, el(idDepth, 20))), "uncompressed sound of 20 bits"},
		{"a huge configuration", vp8(1, el(idPrivate, make([]byte, 2<<20))), "its CodecPrivate is 2097152 bytes long"},
		{"bzip2", enc(el(idComp, el(idCompAlgo, 1))), "its compression (type 0, algorithm 1) is neither zlib nor header stripping"},
		{"a long stripped header", vp8(1, stripped(strings.Repeat("x", 257))), "257 bytes are stripped from each frame, more than the 256"},
		{"two encodings", vp8(1, el(idEncodings, el(idEncoding), el(idEncoding))), "its frames are encoded twice"},
		{"an encoding of an encoding", enc(el(idScope, 4)), "a content encoding is encoded itself"},
		{"another cipher", enc(el(idEncType, 1), el(idEnc, el(idEncAlgo, 3))), "its encryption (scope 1, algorithm 3, mode 1) is not WebM's"},
		{"another mode", enc(el(idEncType, 1), el(idEnc, el(idEncAlgo, 5), el(idAES, el(idMode, 2)))), "mode 2"},
		{"a long key ID", enc(el(idEncType, 1), el(idEnc, el(idEncAlgo, 5), el(idKeyID, "0123456789abcdefg"))), "its key ID has 17 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, r := webm.New(webm.Options{}), &recorder{}
			if err := bytestreamtest.Feed(p, r, head(tt.track)); err != nil {
				t.Fatal(err)
			}
			if got := p.Refusal(1); !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if c := r.Inits[0].Tracks[0].Config.Codec; c != "" {
				t.Errorf("the codec is %q all the same", c)
			}
			if got := p.Refusal(2); got != "" {
				t.Errorf("a track that is not there: %q", got)
			}
		})
	}
}
