package check_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/mse/msetest/coded"
	"mseplayer/player/check"
)

// record is the configuration of a sample entry with a parameter set or a sequence header in it; head replaces what it says
// of profile and level, "" for what the set says.
func record(t testing.TB, codec media.CodecID, set, head string) []byte {
	t.Helper()
	raw := coded.Unhex(t, set)
	sized := func(b []byte) []byte {
		if len(raw) == 0 {
			return b
		}
		return append(binary.BigEndian.AppendUint16(b, uint16(len(raw))), raw...)
	}
	or := func(own []byte) []byte {
		if head != "" {
			return coded.Unhex(t, head)
		}
		return own
	}
	switch codec {
	case media.H264:
		count := byte(0xe0)
		if len(raw) > 0 {
			count++
		}
		return append(sized(append(append([]byte{1}, or(raw[min(1, len(raw)):min(4, len(raw))])...), 0xff, count)), 0)
	case media.HEVC:
		depth := byte(0xf8)
		if strings.HasPrefix(head, "22") { // Main 10
			depth += 2
		}
		b := append(append([]byte{1}, or(nil)...), 0xf0, 0, 0xfc, 0xfd, depth, depth, 0, 0, 0x0f, 1, 33, 0, 1)
		return sized(b)
	case media.AV1:
		return append(append([]byte{0x81}, or(nil)...), raw[2:]...)
	default:
		return append([]byte{1, 0, 0, 0}, or(nil)...)
	}
}

// signalled is a presentation of pictures with a configuration; inband is what is put in front of the key frames of each
// segment, "" for nothing.
func signalled(t testing.TB, cfg *media.DecoderConfig, format string, inband [5]string) fstest.MapFS {
	t.Helper()
	b := pictures(10)
	e := &b.Tracks[0].Entries[0]
	c := *e.DecoderConfig
	c.Codec, c.Extradata, c.Color = cfg.Codec, cfg.Extradata, cfg.Color
	e.DecoderConfig, e.Format = &c, format
	for i := range b.Tracks[0].Samples {
		s := &b.Tracks[0].Samples[i]
		unit := coded.Unhex(t, inband[i/50])
		if !s.Key || len(unit) == 0 {
			continue
		}
		if cfg.Codec == media.H264 || cfg.Codec == media.HEVC {
			s.Data = append(append(binary.BigEndian.AppendUint32(nil, uint32(len(unit))), unit...), s.Data...)
		} else {
			s.Data = append(unit[:len(unit):len(unit)], s.Data...)
		}
	}
	files := tenSeconds()
	add(files, "v", b)
	return files
}

func each(s string) [5]string { return [5]string{s, s, s, s, s} }

// TestRun_Signals compares the manifest, the sample entry and the bitstream.
func TestRun_Signals(t *testing.T) {
	const (
		avcHigh3 = "64001e"
		hevcHead = "01600000009000000000003c" // Main, level 2
		hevc10   = "222000000090000000000099" // Main 10 of the high tier, level 5.1
		av1Head  = "000c00"                   // Main, 8 bits, 4:2:0
		av1High  = "204000"
		vp9Head  = "001f820101010000" // profile 0, level 3.1, 8 bits
		hdr      = `<SupplementalProperty schemeIdUri="urn:mpeg:mpegB:cicp:TransferCharacteristics" value="%d"/>`
	)
	pq := media.ColorInfo{Primaries: 9, Transfer: 16, Matrix: 9, Known: true}
	sdr := media.ColorInfo{Primaries: 1, Transfer: 1, Matrix: 1, Known: true}
	const warning, failure, remark = "warning manifest.codecs-mismatch p0/v/180p", "error manifest.codecs-mismatch p0/v/180p", "info manifest.codecs-mismatch p0/v/180p"
	for _, c := range []struct {
		name   string
		codec  media.CodecID
		format string
		set    string // outside of the media
		head   string
		inband [5]string
		color  media.ColorInfo
		codecs string
		extra  string // in front of the SegmentTemplate
		found  string
	}{
		{name: "H.264", codec: media.H264, set: coded.AVCFields, codecs: "avc1.64001e"},
		{name: "H.264, constraints that are not kept", codec: media.H264, set: coded.AVCFields, codecs: "avc1.64081e", found: remark},
		{name: "H.264, constraints that are not claimed", codec: media.H264, set: coded.AVCBaseline, codecs: "avc1.42000d"},
		{name: "H.264, level below", codec: media.H264, set: coded.AVCFields, codecs: "avc1.64001f"},
		{name: "H.264, level above", codec: media.H264, set: coded.AVCFields, codecs: "avc1.640015", found: warning},
		{name: "H.264, a profile that decodes it", codec: media.H264, set: coded.AVCBaseline, codecs: "avc1.64000d", found: warning},
		{name: "H.264, a profile that does not", codec: media.H264, set: coded.AVCFields, codecs: "avc1.4d001e", found: failure},
		{name: "H.264 in band", codec: media.H264, format: "avc3", head: avcHigh3, inband: each(coded.AVCFields), codecs: "avc3.64001e"},
		{name: "H.264 in band, not what the manifest says", codec: media.H264, format: "avc3", head: "64001e", inband: each(coded.AVC422PQ), codecs: "avc3.64001e",
			extra: fmt.Sprintf(hdr, 16), found: "warning segment.config-mismatch p0/v/180p #0 @0\n" + failure},
		{name: "H.264, a level outside of the media that is too low", codec: media.H264, format: "avc3", head: "64000d", inband: each(coded.AVCFields), codecs: "avc3.64001e",
			found: "warning segment.config-mismatch p0/v/180p #0 @0"},
		{name: "H.264, another set outside of the media", codec: media.H264, set: coded.AVCFields, inband: each(coded.AVCBaseline), codecs: "avc1.64001e",
			found: "warning segment.config-mismatch p0/v/180p #0 @0\n" + warning},
		{name: "H.264 that changes", codec: media.H264, format: "avc3", head: avcHigh3, inband: [5]string{coded.AVCFields, coded.AVCFields, coded.AVCBaseline, coded.AVCBaseline, coded.AVCBaseline}, codecs: "avc3.64001e",
			found: "warning segment.config-mismatch p0/v/180p #2 @4\nwarning decode.parameter-change p0/v/180p #2 @4"},
		{name: "HEVC", codec: media.HEVC, set: coded.HEVCMain, head: hevcHead, codecs: "hvc1.1.6.L60.90"},
		{name: "HEVC, main 10 for main", codec: media.HEVC, set: coded.HEVCMain, head: hevcHead, codecs: "hvc1.2.4.L60.90", found: warning},
		{name: "HEVC, level above", codec: media.HEVC, set: coded.HEVCMain, head: hevcHead, codecs: "hvc1.1.6.L30.90", found: warning},
		{name: "HEVC, constraints that are not kept", codec: media.HEVC, set: coded.HEVCMain, head: hevcHead, codecs: "hvc1.1.6.L60.B0", found: remark},
		{name: "HEVC of the high tier", codec: media.HEVC, set: coded.HEVC10PQ, head: hevc10, codecs: "hvc1.2.4.H153.90", extra: fmt.Sprintf(hdr, 16)},
		{name: "HEVC of the high tier that is not said to be", codec: media.HEVC, set: coded.HEVC10PQ, head: hevc10, codecs: "hvc1.2.4.L153.90", extra: fmt.Sprintf(hdr, 16), found: warning},
		{name: "HEVC in band, the high tier and ten bits unannounced", codec: media.HEVC, format: "hev1", head: hevcHead, inband: each(coded.HEVC10PQ), codecs: "hev1.1.6.L153.90", extra: fmt.Sprintf(hdr, 16),
			found: "warning segment.config-mismatch p0/v/180p #0 @0\n" + failure},
		{name: "AV1", codec: media.AV1, set: coded.AV1Main, head: av1Head, codecs: "av01.0.00M.08"},
		{name: "AV1, ten bits said", codec: media.AV1, set: coded.AV1Main, head: av1Head, codecs: "av01.0.00M.10", found: warning},
		{name: "AV1, another profile", codec: media.AV1, set: coded.AV1HighHLG, head: av1High, codecs: "av01.0.00M.10", extra: fmt.Sprintf(hdr, 18), found: failure},
		{name: "AV1 that announces its colour", codec: media.AV1, set: coded.AV1HighHLG, head: av1High, codecs: "av01.1.00M.10.0.000.09.18.09.0"},
		{name: "AV1 that announces another colour", codec: media.AV1, set: coded.AV1HighHLG, head: av1High, codecs: "av01.1.00M.10.0.000.09.16.09.0", found: "warning manifest.color-mismatch p0/v/180p"},
		{name: "VP9", codec: media.VP9, head: vp9Head, inband: each(coded.VP9Plain), codecs: "vp09.00.31.08"},
		{name: "VP9, a profile that the frames do not have", codec: media.VP9, head: vp9Head, inband: each(coded.VP9Profile3), codecs: "vp09.00.31.08",
			found: "warning segment.config-mismatch p0/v/180p #0 @0\n" + failure},
		{name: "PQ in band", codec: media.HEVC, format: "hev1", head: hevc10, inband: each(coded.HEVC10PQ), codecs: "hev1.2.4.H153.90", extra: fmt.Sprintf(hdr, 16)},
		{name: "PQ unannounced", codec: media.H264, set: coded.AVC422PQ, codecs: "avc1.7a000d", found: "warning manifest.color-mismatch p0/v/180p"},
		{name: "PQ said to be plain", codec: media.H264, set: coded.AVC422PQ, codecs: "avc1.7a000d", extra: fmt.Sprintf(hdr, 1), found: "warning manifest.color-mismatch p0/v/180p"},
		{name: "PQ in the colr box as well", codec: media.H264, set: coded.AVC422PQ, color: pq, codecs: "avc1.7a000d", extra: fmt.Sprintf(hdr, 16)},
		{name: "PQ, plain in the colr box", codec: media.H264, set: coded.AVC422PQ, color: sdr, codecs: "avc1.7a000d", extra: fmt.Sprintf(hdr, 16), found: "warning manifest.color-mismatch p0/v/180p"},
		{name: "PQ in the colr box alone", codec: media.H264, set: coded.AVCBaseline, color: pq, codecs: "avc1.42c00d", found: "warning manifest.color-mismatch p0/v/180p"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := &media.DecoderConfig{Codec: c.codec, Extradata: record(t, c.codec, c.set, c.head), Color: c.color}
			files := signalled(t, cfg, c.format, c.inband)
			edit(t, files, "m.mpd", "avc1.640028", c.codecs)
			edit(t, files, "m.mpd", `bandwidth="250000"`, `bandwidth="300000"`)
			edit(t, files, "m.mpd", `<SegmentTemplate duration="2" media="v`, c.extra+`<SegmentTemplate duration="2" media="v`)
			want(t, "findings", found(run(t, files, func(o *check.Options) { o.Decoders = nil })), c.found)
		})
	}
}

// TestRun_VideoRange compares VIDEO-RANGE with the bitstream.
func TestRun_VideoRange(t *testing.T) {
	for _, c := range []struct{ set, codecs, attribute, found string }{
		{coded.AVC422PQ, "avc1.7a000d", "", "warning manifest.color-mismatch p0/0/v.m3u8"},
		{coded.AVC422PQ, "avc1.7a000d", ",VIDEO-RANGE=SDR", "warning manifest.color-mismatch p0/0/v.m3u8"},
		{coded.AVC422PQ, "avc1.7a000d", ",VIDEO-RANGE=PQ", ""},
		{coded.AVC422PQ, "avc1.7a000d", ",VIDEO-RANGE=HLG", "warning manifest.color-mismatch p0/0/v.m3u8"},
		{coded.AVCFields, "avc1.64001e", ",VIDEO-RANGE=PQ", "warning manifest.color-mismatch p0/0/v.m3u8"},
		{coded.AVCFields, "avc1.64001e", ",VIDEO-RANGE=SDR", ""},
		{coded.AVCFields, "avc1.64001e", "", ""},
	} {
		files := playlists()
		for n, f := range signalled(t, &media.DecoderConfig{Codec: media.H264, Extradata: record(t, media.H264, c.set, "")}, "", [5]string{}) {
			if strings.HasPrefix(n, "v") {
				files[n] = f
			}
		}
		edit(t, files, "m.mpd", "avc1.640028", c.codecs)
		edit(t, files, "m.mpd", `,RESOLUTION`, c.attribute+`,RESOLUTION`)
		r := run(t, files, func(o *check.Options) { o.Decoders, o.Rules = nil, selection(t, "manifest.color-mismatch") })
		want(t, c.set[:8]+c.attribute, found(r), c.found)
	}
}

// TestRun_SoundSignals compares the extensions of AAC.
func TestRun_SoundSignals(t *testing.T) {
	const mismatch = " manifest.codecs-mismatch p0/a/aac"
	for _, c := range []struct{ name, config, codecs, found string }{
		{"plain", "1190", "mp4a.40.2", ""},
		{"replicated bands", "2b118800", "mp4a.40.5", ""},
		{"replicated bands unannounced", "2b118800", "mp4a.40.2", "warning" + mismatch},
		{"replicated bands that there are none of", "1190", "mp4a.40.5", "info" + mismatch},
		{"replicated bands that old decoders pass over", "131056e59800", "mp4a.40.5", ""},
		{"parametric stereo", "eb098800", "mp4a.40.29", ""},
		{"another object type", "1190", "mp4a.40.42", "error" + mismatch},
		{"no sound of MPEG", "1190", "ec-3", "error" + mismatch},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := tenSeconds()
			b := sound(10)
			e := *b.Tracks[0].Entries[0].DecoderConfig
			e.Extradata = coded.Unhex(t, c.config)
			b.Tracks[0].Entries[0] = msetest.BuilderEntry{DecoderConfig: &e}
			add(files, "a", b)
			edit(t, files, "m.mpd", "mp4a.40.2", c.codecs)
			want(t, "findings", found(run(t, files, func(o *check.Options) { o.Rules = selection(t, "manifest.codecs-mismatch") })), c.found)
		})
	}
}
