package bitstream_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"mseplayer/mse/bitstream"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest/coded"
)

// show writes facts in one line.
func show(f *bitstream.Facts) string {
	if f == nil {
		return "nothing"
	}
	if f.Codec == media.AAC {
		return fmt.Sprintf("%s %d Hz %d SBR=%v PS=%v", f, f.Rate, f.Channels, f.SBR, f.PS)
	}
	s := fmt.Sprintf("%s level=%d high=%v %d bits %s %dx%d", f, f.Level, f.HighTier, f.BitDepth, f.Chroma, f.Width, f.Height)
	if f.Color.Known {
		s += fmt.Sprintf(" %d/%d/%d full=%v", f.Color.Primaries, f.Color.Transfer, f.Color.Matrix, f.Color.FullRange)
	}
	return s
}

// lengths puts lengths of four bytes before units.
func lengths(units ...[]byte) []byte {
	var b []byte
	for _, u := range units {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(u))), u...)
	}
	return b
}

func codes(units ...[]byte) []byte {
	var b []byte
	for _, u := range units {
		b = append(append(b, 0, 0, 0, 1), u...)
	}
	return b
}

func avcC(sps []byte) []byte {
	b := []byte{1, sps[1], sps[2], sps[3], 0xff, 0xe1}
	b = append(binary.BigEndian.AppendUint16(b, uint16(len(sps))), sps...)
	return append(b, 1, 0, 4, 0x68, 0xeb, 0xe3, 0xcb)
}

func hvcC(sps []byte, clear []byte) []byte {
	b := append([]byte{1}, clear...)
	b = append(b, 0xf0, 0, 0xfc, 0xfc|1, 0xf8|2, 0xf8|2, 0, 0, 0x0f, 2, 32, 0, 1, 0, 2, 0x40, 1, 33, 0, 1)
	return append(binary.BigEndian.AppendUint16(b, uint16(len(sps))), sps...)
}

// TestOf reads each format from where it may be.
func TestOf(t *testing.T) {
	aud := []byte{9, 0xf0}
	for _, c := range []struct {
		name    string
		codec   media.CodecID
		hex     string
		want    string
		ofFrame func([]byte) []byte
	}{
		{"baseline", media.H264, coded.AVCBaseline, "avc1.42c00d level=13 high=false 8 bits 4:2:0 350x198", func(b []byte) []byte { return lengths(aud, b) }},
		{"4:2:2 and PQ", media.H264, coded.AVC422PQ, "avc1.7a000d level=13 high=false 10 bits 4:2:2 350x198 9/16/9 full=false", func(b []byte) []byte { return lengths(aud, b) }},
		{"fields", media.H264, coded.AVCFields, "avc1.64001e level=30 high=false 8 bits 4:2:0 720x576 1/1/1 full=false", func(b []byte) []byte { return lengths(b) }},
		{"HEVC", media.HEVC, coded.HEVCMain, "hvc1.1.6.L60.90 level=60 high=false 8 bits 4:2:0 350x198", func(b []byte) []byte { return lengths(b) }},
		{"HEVC of the high tier and PQ", media.HEVC, coded.HEVC10PQ, "hvc1.2.4.H153.90 level=153 high=true 10 bits 4:2:0 350x198 9/16/9 full=false", func(b []byte) []byte { return lengths(b) }},
		{"HEVC with range extensions", media.HEVC, coded.HEVCRextHLG, "hvc1.4.10.L60.9E.8 level=60 high=false 8 bits 4:4:4 350x198 9/18/9 full=false", func(b []byte) []byte { return lengths(b) }},
		{"AV1", media.AV1, coded.AV1Main, "av01.0.00M.08 level=0 high=false 8 bits 4:2:0 350x198", bytes.Clone},
		{"AV1 4:4:4 and HLG", media.AV1, coded.AV1HighHLG, "av01.1.00M.10 level=0 high=false 10 bits 4:4:4 350x198 9/18/9 full=false", bytes.Clone},
		{"VP9", media.VP9, coded.VP9Plain, "vp9 profile 0, 8 bits, 4:2:0 level=-1 high=false 8 bits 4:2:0 350x198", bytes.Clone},
		{"VP9 of profile 3", media.VP9, coded.VP9Profile3, "vp9 profile 3, 10 bits, 4:2:2 level=-1 high=false 10 bits 4:2:2 350x198", bytes.Clone},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw := coded.Unhex(t, c.hex)
			cfg := &media.DecoderConfig{Codec: c.codec, Extradata: []byte{1, 0, 0, 0, 3}}
			if c.codec == media.HEVC {
				cfg.Extradata = append([]byte{1}, make([]byte, 22)...)
				cfg.Extradata[21] = 3
			}
			f := &media.CodedFrame{Config: cfg, Data: c.ofFrame(raw)}
			if got := show(bitstream.OfFrame(f)); got != c.want {
				t.Errorf("with lengths:\n got %s\nwant %s", got, c.want)
			}
			f.Crypt = &media.Crypt{Subsamples: []media.Subsample{{Clear: uint32(len(f.Data)), Protected: 100}}}
			f.Data = append(f.Data, make([]byte, 100)...)
			if got := show(bitstream.OfFrame(f)); got != c.want {
				t.Errorf("encrypted behind it:\n got %s\nwant %s", got, c.want)
			}
			f.Crypt = &media.Crypt{}
			if got := show(bitstream.OfFrame(f)); got != "nothing" {
				t.Errorf("encrypted: %s", got)
			}
			if c.codec == media.H264 || c.codec == media.HEVC {
				f = &media.CodedFrame{Config: &media.DecoderConfig{Codec: c.codec}, Data: codes(aud, raw, []byte{0x65, 0x88, 0x84, 0})}
				if got := show(bitstream.OfFrame(f)); got != c.want {
					t.Errorf("with start codes:\n got %s\nwant %s", got, c.want)
				}
				if _, got := bitstream.OfConfig(&media.DecoderConfig{Codec: c.codec, Extradata: codes(raw)}); show(got) != c.want {
					t.Errorf("configured with start codes:\n got %s\nwant %s", show(got), c.want)
				}
			}
		})
	}
}

// TestOfConfig reads what containers have outside of the media.
func TestOfConfig(t *testing.T) {
	for _, c := range []struct {
		name           string
		codec          media.CodecID
		extradata      []byte
		record, stream string
	}{
		{"avcC", media.H264, avcC(coded.Unhex(t, coded.AVCFields)), "avc1.64001e level=30 high=false 0 bits  0x0", "avc1.64001e level=30 high=false 8 bits 4:2:0 720x576 1/1/1 full=false"},
		{"avcC without sets", media.H264, []byte{1, 0x64, 0, 0x1f, 0xff, 0xe0, 0}, "avc1.64001f level=31 high=false 0 bits  0x0", "nothing"},
		{"hvcC", media.HEVC, hvcC(coded.Unhex(t, coded.HEVC10PQ), coded.Unhex(t, "222000000090000000000099")), "hvc1.2.4.H153.90 level=153 high=true 10 bits 4:2:0 0x0",
			"hvc1.2.4.H153.90 level=153 high=true 10 bits 4:2:0 350x198 9/16/9 full=false"},
		{"av1C", media.AV1, append([]byte{0x81, 0x20, 0x40, 0}, coded.Unhex(t, coded.AV1HighHLG)[2:]...), "av01.1.00M.10 level=0 high=false 10 bits 4:4:4 0x0", "av01.1.00M.10 level=0 high=false 10 bits 4:4:4 350x198 9/18/9 full=false"},
		{"av1C alone", media.AV1, []byte{0x81, 0x4d, 0xe8, 0}, "av01.2.13H.12 level=13 high=true 12 bits 4:2:2 0x0", "nothing"},
		{"vpcC", media.VP9, []byte{1, 0, 0, 0, 2, 31, 0xa2, 9, 16, 9, 0, 0}, "vp9 profile 2, 10 bits, 4:2:0 level=31 high=false 10 bits 4:2:0 0x0 9/16/9 full=false", "nothing"},
		{"AAC", media.AAC, []byte{0x11, 0x90}, "nothing", "mp4a.40.2 48000 Hz 2 SBR=false PS=false"},
		{"AAC with replicated bands", media.AAC, []byte{0x2b, 0x11, 0x88, 0x00}, "nothing", "mp4a.40.5 24000 Hz 2 SBR=true PS=false"},
		{"AAC with parametric stereo", media.AAC, []byte{0xeb, 0x09, 0x88, 0x00}, "nothing", "mp4a.40.29 24000 Hz 1 SBR=true PS=true"},
		{"AAC with extensions that old decoders pass over", media.AAC, []byte{0x13, 0x08, 0x56, 0xe5, 0x9d, 0x48, 0x80}, "nothing", "mp4a.40.2 24000 Hz 1 SBR=true PS=true"},
		{"AAC without the bands that it could have", media.AAC, []byte{0x13, 0x10, 0x56, 0xe5, 0x00}, "nothing", "mp4a.40.2 24000 Hz 2 SBR=false PS=false"},
		{"xHE-AAC", media.AAC, []byte{0xf9, 0x46, 0x40}, "nothing", "mp4a.40.42 48000 Hz 2 SBR=false PS=false"},
		{"nothing", media.AAC, nil, "nothing", "nothing"},
		{"another format", media.Opus, []byte("OpusHead"), "nothing", "nothing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			record, stream := bitstream.OfConfig(&media.DecoderConfig{Codec: c.codec, Extradata: c.extradata})
			if got := show(record); got != c.record {
				t.Errorf("record:\n got %s\nwant %s", got, c.record)
			}
			if got := show(stream); got != c.stream {
				t.Errorf("stream:\n got %s\nwant %s", got, c.stream)
			}
		})
	}
	f, _ := bitstream.OfConfig(&media.DecoderConfig{Codec: media.HEVC, Extradata: hvcC(coded.Unhex(t, coded.HEVCMain), coded.Unhex(t, "01600000009000000000003c"))})
	if f == nil || !f.Conforms(1) || !f.Conforms(2) || f.Conforms(3) || f.Conforms(-1) || f.Conforms(40) {
		t.Errorf("profiles of %+v", f)
	}
}

// FuzzOf reads anything.
func FuzzOf(f *testing.F) {
	ids := []media.CodecID{media.H264, media.HEVC, media.AV1, media.VP9, media.AAC}
	for i, s := range []string{coded.AVCBaseline, coded.AVC422PQ, coded.AVCFields, coded.HEVCMain, coded.HEVC10PQ, coded.HEVCRextHLG, coded.AV1Main, coded.AV1HighHLG, coded.VP9Plain, coded.VP9Profile3, "2b118800", "1190"} {
		b := coded.Unhex(f, s)
		f.Add([]byte{1, 0, 0, 0, 3}, lengths(b), uint8(i))
		f.Add(avcC(append(b, 0, 0, 0)), codes(b), uint8(i))
		f.Add(b, b, uint8(i))
	}
	f.Fuzz(func(t *testing.T, extradata, data []byte, id uint8) {
		c := &media.DecoderConfig{Codec: ids[int(id)%len(ids)], Extradata: extradata}
		record, stream := bitstream.OfConfig(c)
		frame := bitstream.OfFrame(&media.CodedFrame{Config: c, Data: data})
		for _, x := range []*bitstream.Facts{record, stream, frame} {
			if x == nil {
				continue
			}
			if x.Codec != c.Codec || x.String() == "" || x.Width < 0 || x.Height < 0 || x.BitDepth < 0 || x.BitDepth > 16 || x.Channels < 0 {
				t.Errorf("%+v", x)
			}
		}
	})
}
