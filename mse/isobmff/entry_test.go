package isobmff_test

import (
	"fmt"
	"math"
	"testing"

	"mseplayer/mse/isobmff"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest/bytestreamtest"
)

// movieOf is an initialization segment of one track made by hand: the parts of its trak that matter.
type movieOf struct {
	handler, name string
	entry         []byte
	language      uint16
	mdia, stbl    []byte // more boxes
	trak          []byte
	matrix        [9]int32
	width, height uint16 // of the track header
	duration      uint32 // of a sample, in trex; 1000 ticks a second
	timescale     uint32
}

func (m movieOf) bytes() []byte {
	if m.timescale == 0 {
		m.timescale = 1000
	}
	return cat(ftyp, bx("moov", mvhd(),
		bx("trak",
			bx("tkhd", uint32(7), uint64(0), uint32(1), make([]byte, 24), m.matrix, uint32(m.width)<<16, uint32(m.height)<<16), m.trak,
			bx("mdia",
				bx("mdhd", uint32(0), uint64(0), m.timescale, uint32(0), m.language, uint16(0)),
				bx("hdlr", uint32(0), uint32(0), m.handler, make([]byte, 12), m.name), m.mdia,
				bx("minf", bx("stbl", bx("stsd", uint32(0), uint32(1), m.entry), m.stbl)))),
		bx("mvex", trex(1, m.duration, 0, 0))))
}

// visual is a visual sample entry of 720x576.
func visual(typ string, kids ...[]byte) []byte {
	return bx(typ, make([]byte, 6), uint16(1), make([]byte, 16), uint16(720), uint16(576), make([]byte, 50), cat(kids...))
}

// audible is an audio sample entry; version is QuickTime's, extra what it adds to the fixed fields.
func audible(typ string, version, channels, bits uint16, rate uint32, extra []byte, kids ...[]byte) []byte {
	return bx(typ, make([]byte, 6), uint16(1), version, make([]byte, 6), channels, bits, uint32(0), rate<<16, extra, cat(kids...))
}

// esds describes AAC with an AudioSpecificConfig, with the long form of lengths.
func esds(objectType byte, config string) []byte {
	d := func(tag byte, body ...any) []byte {
		b := bx("xxxx", body...)[8:]
		return append([]byte{tag, 0x80, 0x80, 0x80, byte(len(b))}, b...)
	}
	return bx("esds", uint32(0), d(3, uint16(1), byte(0x20|0x80), uint32(0), d(4, objectType, byte(0x15), make([]byte, 11), d(5, config)), d(6, byte(2))))
}

// TestEntries reads what tracks and sample entries say about the media.
func TestEntries(t *testing.T) {
	vide := func(m movieOf) movieOf { m.handler = "vide"; return m }
	soun := func(m movieOf) movieOf { m.handler = "soun"; return m }
	avcC := bx("avcC", "\x01\x64\x00\x28\xff\xe0\x00")
	dOps := bx("dOps", "\x00\x02\x01\x38\x00\x00\xbb\x80\x00\x00\x00")
	v2 := bx("xxxx", uint32(72), math.Float64bits(96000), uint32(6), uint32(0x7f000000), uint32(24), uint32(0xc), uint32(18), uint32(1))[8:]
	for _, tt := range []struct {
		name  string
		movie movieOf
		want  string
	}{
		{"square pixels", vide(movieOf{entry: visual("avc1", avcC), width: 720, height: 576}), "h264 avc1.640028 720x576 0:0 0°"},
		{"pixel aspect", vide(movieOf{entry: visual("avc1", avcC, bx("pasp", uint32(32), uint32(22)))}), "h264 avc1.640028 720x576 16:11 0°"},
		{"aspect from the track header", vide(movieOf{entry: visual("avc1", avcC), width: 1024, height: 576}), "h264 avc1.640028 720x576 64:45 0°"},
		{"pixel aspect of nothing", vide(movieOf{entry: visual("avc1", avcC, bx("pasp", uint32(0), uint32(1)))}), "h264 avc1.640028 720x576 0:0 0°"},
		{"a quarter turn", vide(movieOf{entry: visual("avc1", avcC), matrix: [9]int32{0, 65536, 0, -65536, 0}}), "h264 avc1.640028 720x576 0:0 90°"},
		{"upside down", vide(movieOf{entry: visual("avc1", avcC), matrix: [9]int32{-65536, 0, 0, 0, -65536}}), "h264 avc1.640028 720x576 0:0 180°"},
		{"three quarters", vide(movieOf{entry: visual("avc1", avcC), matrix: [9]int32{0, -65536, 0, 65536, 0}}), "h264 avc1.640028 720x576 0:0 270°"},
		{"mirrored", vide(movieOf{entry: visual("avc1", avcC), matrix: [9]int32{-65536, 0, 0, 0, 65536}}), "h264 avc1.640028 720x576 0:0 0°"},
		{"QuickTime colour", vide(movieOf{entry: visual("avc1", avcC, bx("colr", "nclc", uint16(1), uint16(2), uint16(6)))}), "h264 avc1.640028 720x576 0:0 0° 1/0/6/false"},
		{"colour of RGB", vide(movieOf{entry: visual("avc1", avcC, bx("colr", "nclx", uint16(1), uint16(13), uint16(0), byte(0x80)))}), "h264 avc1.640028 720x576 0:0 0° 1/13/255/true"},
		{"colour profile", vide(movieOf{entry: visual("avc1", avcC, bx("colr", "prof", "anything"))}), "h264 avc1.640028 720x576 0:0 0°"},
		{"MPEG-4 part 2", vide(movieOf{entry: visual("mp4v", esds(0x20, "\x00\x00\x01\xb0\x01"))}), "mpeg4 mp4v.20.1 720x576 0:0 0°"},
		{"VVC", vide(movieOf{entry: visual("vvc1", bx("vvcC", uint32(0), "config"))}), "vvc vvc1 720x576 0:0 0°"},
		{"frame length", vide(movieOf{entry: visual("avc1", avcC), duration: 40}), "h264 avc1.640028 720x576 0:0 0° frame 0.04"},

		{"AAC says its own rate", soun(movieOf{entry: audible("mp4a", 0, 2, 16, 48000, nil, esds(0x40, "\x12\x08"))}), "aac mp4a.40.2 44100 Hz 1 preroll 23.2"},
		{"AAC, rate in full, short frames", soun(movieOf{entry: audible("mp4a", 0, 2, 16, 0, nil, esds(0x40, "\x17\x80\x2e\xe0\x14"))}), "aac mp4a.40.2 24000 Hz 2 preroll 40"},
		{"AAC that announces replication behind", soun(movieOf{entry: audible("mp4a", 0, 2, 16, 24000, nil, esds(0x40, "\x13\x10\x56\xe5\x98"))}), "aac mp4a.40.2 48000 Hz 2 preroll 42.7"},
		{"parametric stereo", soun(movieOf{entry: audible("mp4a", 0, 1, 16, 24000, nil, esds(0x40, "\xeb\x09\x88\x00"))}), "aac mp4a.40.29 48000 Hz 2 preroll 42.7"},
		{"damaged AAC configuration", soun(movieOf{entry: audible("mp4a", 0, 2, 16, 48000, nil, esds(0x40, "\x17"))}), "aac mp4a.40.2 48000 Hz 2"},
		{"MP3 in MP4", soun(movieOf{entry: audible("mp4a", 0, 2, 16, 44100, nil, esds(0x6b, ""))}), "mp3 mp4a.6B 44100 Hz 2 preroll 235.1"},
		{"QuickTime version 1 with wave", soun(movieOf{entry: audible("mp4a", 1, 2, 16, 44100, make([]byte, 16), bx("wave", bx("frma", "mp4a"), esds(0x40, "\x12\x10")))}), "aac mp4a.40.2 44100 Hz 2 preroll 23.2"},
		{"QuickTime version 2", soun(movieOf{entry: audible("lpcm", 2, 3, 16, 1, v2)}), "pcm_s24le lpcm 96000 Hz 6 24 bits of 18 bytes"},
		{"ISO version 1", soun(movieOf{entry: audible("ipcm", 1, 2, 16, 0, nil, bx("srat", uint32(0), uint32(192000)), bx("pcmC", uint32(0), byte(1), byte(16)))}), "pcm_s16le ipcm 192000 Hz 2 16 bits of 4 bytes"},
		{"floating point", soun(movieOf{entry: audible("fpcm", 0, 1, 32, 48000, nil, bx("pcmC", uint32(0), byte(0), byte(64)))}), "pcm_f64be fpcm 48000 Hz 1 64 bits of 8 bytes"},
		{"little-endian by its own word", soun(movieOf{entry: audible("in24", 1, 1, 16, 48000, make([]byte, 16), bx("wave", bx("enda", uint16(1))))}), "pcm_s24le in24 48000 Hz 1 24 bits of 3 bytes"},
		{"unsigned bytes", soun(movieOf{entry: audible("raw ", 0, 1, 8, 8000, nil)}), "pcm_u8 raw 8000 Hz 1 8 bits of 1 bytes"},
		{"samples of an odd size", soun(movieOf{entry: audible("twos", 0, 1, 12, 8000, nil)}), " twos 8000 Hz 1 refused: uncompressed audio of an unusual sample size"},
		{"ipcm without configuration", soun(movieOf{entry: audible("ipcm", 0, 1, 16, 8000, nil)}), " ipcm 8000 Hz 1 refused: uncompressed audio does not say its sample size (pcmC)"},
		{"Opus", soun(movieOf{entry: audible("Opus", 0, 1, 16, 16000, nil, dOps)}), "opus Opus 48000 Hz 2 padding 312 preroll 80"},
		{"Opus whose edit list cuts the padding off", soun(movieOf{entry: audible("Opus", 0, 2, 16, 48000, nil, dOps), timescale: 48000,
			trak: bx("edts", bx("elst", uint32(0), uint32(1), uint32(0), int32(312), uint32(1<<16)))}), "opus Opus 48000 Hz 2 preroll 80"},
		{"preroll by sample group", soun(movieOf{entry: audible("Opus", 0, 2, 16, 48000, nil, dOps), duration: 20, stbl: bx("sgpd", uint32(1<<24), "roll", uint32(2), uint32(1), int16(-6))}),
			"opus Opus 48000 Hz 2 padding 312 preroll 120 frame 0.02"},
		{"MPEG-2 AAC", soun(movieOf{entry: audible("mp4a", 0, 2, 16, 48000, nil, esds(0x67, "\x12\x10"))}), "aac mp4a.67 44100 Hz 2 preroll 23.2"},
		{"DTS by object type", soun(movieOf{entry: audible("mp4a", 0, 6, 16, 48000, nil, esds(0xa9, ""))}), "dts mp4a.A9 48000 Hz 6"},
		{"AC-3", soun(movieOf{entry: audible("ac-3", 0, 2, 16, 48000, nil, bx("dac3", "\x10\x11\x40"))}), "ac3 ac-3 48000 Hz 2 preroll 32"},
		{"AC-3 that describes", soun(movieOf{entry: audible("ac-3", 0, 2, 16, 48000, nil, bx("dac3", "\x10\x91\x40"))}), "ac3 ac-3 48000 Hz 2 preroll 32 descriptions"},
		{"E-AC-3", soun(movieOf{entry: audible("ec-3", 0, 2, 16, 48000, nil, bx("dec3", "\x06\x00\x20\x04\x00"))}), "eac3 ec-3 48000 Hz 2 preroll 32"},
		{"E-AC-3 that describes", soun(movieOf{entry: audible("ec-3", 0, 2, 16, 48000, nil, bx("dec3", "\x06\x00\x20\xa4\x00"))}), "eac3 ec-3 48000 Hz 2 preroll 32 descriptions"},
		{"E-AC-3 with descriptions mixed in", soun(movieOf{entry: audible("ec-3", 0, 2, 16, 48000, nil, bx("dec3", "\x06\x00\x20\x24\x00"))}), "eac3 ec-3 48000 Hz 2 preroll 32 main-desc"},

		{"language and label", movieOf{handler: "subt", name: "English\x00", language: 0x15c7, entry: bx("stpp", make([]byte, 8), "http://www.w3.org/ns/ttml\x00\x00\x00")}, "ttml stpp eng English"},
		{"extended language", movieOf{handler: "text", language: 0x15c7, entry: bx("wvtt", make([]byte, 8), bx("vttC", "WEBVTT")), mdia: bx("elng", uint32(0), "en-GB\x00")}, "webvtt wvtt en-GB"},
		{"user label before the handler's name", movieOf{handler: "sbtl", name: "handler\x00", entry: bx("tx3g", make([]byte, 38)), trak: bx("udta", bx("name", "Songs"))}, "mov_text tx3g Songs"},
		{"QuickTime string", movieOf{handler: "clcp", name: "\x04Text", entry: bx("c608", make([]byte, 8))}, "eia_608 c608 Text"},
		{"QuickTime language number", movieOf{handler: "text", language: 5, entry: bx("text", make([]byte, 8))}, "mov_text text"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, r := isobmff.New(isobmff.Options{}), &recorder{}
			if err := bytestreamtest.Feed(p, r, tt.movie.bytes()); err != nil {
				t.Fatal(err)
			}
			track := r.Inits[0].Tracks[0]
			c := track.Config
			got := fmt.Sprintf("%s %s", c.Codec, c.CodecString)
			switch c.Kind {
			case media.Video:
				got += fmt.Sprintf(" %dx%d %d:%d %d°", c.Width, c.Height, c.SARNum, c.SARDen, c.Rotation)
				if c.Color.Known {
					got += fmt.Sprintf(" %d/%d/%d/%v", c.Color.Primaries, c.Color.Transfer, c.Color.Matrix, c.Color.FullRange)
				}
			case media.Audio:
				got += fmt.Sprintf(" %d Hz %d", c.SampleRate, c.Channels)
				if c.BlockAlign > 0 {
					got += fmt.Sprintf(" %d bits of %d bytes", c.BitsPerSample, c.BlockAlign)
				}
				if c.InitialPadding > 0 {
					got += fmt.Sprintf(" padding %d", c.InitialPadding)
				}
				if c.Preroll > 0 {
					got += fmt.Sprintf(" preroll %g", math.Round(float64(c.Preroll)*10000)/10)
				}
			case media.Text:
			}
			for _, s := range []string{track.Language, track.Label, track.Role} {
				if s != "" {
					got += " " + s
				}
			}
			if track.FrameDuration > 0 {
				got += fmt.Sprintf(" frame %v", track.FrameDuration)
			}
			if why := p.Refusal(1); why != "" {
				got += " refused: " + why
			}
			if got != tt.want {
				t.Errorf("\ngot  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestIgnoredTracks are neither reported nor emitted, and their data does not disturb the others.
func TestIgnoredTracks(t *testing.T) {
	stream := cat(ftyp, bx("moov", mvhd(), trak(1, "vide", nil, nil), trak(2, "meta", nil, nil), bx("mvex", trex(1, 40, 0, 0), trex(2, 40, 7, 0))),
		moofMdat(17, func(d int32) [][]byte {
			return [][]byte{bx("traf", tfhd(tfhdMoof, 2), tfdt(0), trun(0, trunOffset, 1, d)), bx("traf", tfhd(tfhdMoof, 1), tfdt(0), trun(0, trunOffset|trunSizes, 1, d+7, uint32(10)))}
		}), moofMdat(7, func(d int32) [][]byte {
			return [][]byte{bx("traf", tfhd(tfhdMoof, 2), tfdt(40), trun(0, trunOffset, 1, d))}
		}))
	r, err := parse(isobmff.Options{Strict: true}, stream)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := summary(r), "1:0|0+40[7..17]K"; got != want || len(r.Inits[0].Tracks) != 1 || r.Ends != 2 {
		t.Errorf("got %s, %d tracks, %d segments; want %s, 1, 2", got, len(r.Inits[0].Tracks), r.Ends, want)
	}
}

// TestConfigsAreInterned: an initialization segment that comes again gives the same configuration, one that differs
// another, and a switch back the first again.
func TestConfigsAreInterned(t *testing.T) {
	p, r := isobmff.New(isobmff.Options{}), &recorder{}
	a := movieOf{handler: "vide", entry: visual("avc1", bx("avcC", "\x01\x64\x00\x28\xff\xe0\x00"))}.bytes()
	b := movieOf{handler: "vide", entry: visual("avc1", bx("avcC", "\x01\x64\x00\x1f\xff\xe0\x00"))}.bytes()
	if err := bytestreamtest.Feed(p, r, a, a, b, a); err != nil {
		t.Fatal(err)
	}
	c := func(i int) *media.DecoderConfig { return r.Inits[i].Tracks[0].Config }
	if c(0) != c(1) || c(0) == c(2) || c(0) != c(3) {
		t.Errorf("same again: %v, other: %v, back: %v; want true, true, true", c(0) == c(1), c(0) != c(2), c(0) == c(3))
	}
}
