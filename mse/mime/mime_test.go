package mime_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/mse/mime"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatalf("test data %q: %v", s, err)
	}
	return b
}

func TestCodecString(t *testing.T) {
	for _, tt := range []struct {
		name, fourcc string
		id           media.CodecID
		extradata    string // hex
		want         string
	}{
		{"high profile", "avc1", media.H264, "0164001fffe1", "avc1.64001f"},
		{"constrained baseline in band", "avc3", media.H264, "0142c01eff", "avc3.42c01e"},
		{"no record", "avc1", media.H264, "", "avc1"},
		{"annex B instead of a record", "", media.H264, "00000001674d", "avc1"},
		{"HEVC main", "hvc1", media.HEVC, "01 01 60000000 900000000000 5d f000", "hvc1.1.6.L93.90"},
		{"HEVC main 10 high tier", "hev1", media.HEVC, "01 22 20000000 b00000000000 99", "hev1.2.4.H153.B0"},
		{"HEVC profile space, several constraints", "hvc1", media.HEVC, "01 41 80000001 b02300000000 5a", "hvc1.A1.80000001.L90.B0.23"},
		{"HEVC without constraints", "hvc1", media.HEVC, "01 01 60000000 000000000000 3f", "hvc1.1.6.L63"},
		{"HEVC cut short", "hvc1", media.HEVC, "01016000", "hvc1"},
		{"VP9 in MP4", "vp09", media.VP9, "01000000 00 1e 82 01 01 01 0000", "vp09.00.30.08"},
		{"VP9 profile 2 HDR", "vp09", media.VP9, "02 33 a2 09 10 09 0000", "vp09.02.51.10.01.09.16.09.00"},
		{"VP9 in WebM", "", media.VP9, "", "vp9"},
		{"VP8 in WebM", "", media.VP8, "", "vp8"},
		{"AV1 main", "av01", media.AV1, "81 04 0c 00", "av01.0.04M.08"},
		{"AV1 ten bit high tier", "av01", media.AV1, "81 0d cc 00", "av01.0.13H.10"},
		{"AV1 professional twelve bit", "av01", media.AV1, "81 48 68 00", "av01.2.08M.12"},
		{"AV1 cut short", "av01", media.AV1, "81", "av01"},
		{"AAC LC", "mp4a", media.AAC, "1190", "mp4a.40.2"},
		{"HE-AAC", "mp4a", media.AAC, "2b920800", "mp4a.40.5"},
		{"HE-AAC v2", "mp4a", media.AAC, "eb8a0800", "mp4a.40.29"},
		{"xHE-AAC, escaped object type", "mp4a", media.AAC, "f94648", "mp4a.40.42"},
		{"AAC unknown", "mp4a", media.AAC, "", "mp4a.40.2"},
		{"MP3 in MP4", "mp4a", media.MP3, "", "mp4a.6B"},
		{"MP3 elsewhere", "", media.MP3, "", "mp3"},
		{"AC-3", "ac-3", media.AC3, "", "ac-3"},
		{"E-AC-3 in a transport stream", "", media.EAC3, "", "ec-3"},
		{"Opus in MP4", "Opus", media.Opus, "", "Opus"},
		{"Opus in WebM", "", media.Opus, "", "opus"},
		{"FLAC in MP4", "fLaC", media.FLAC, "", "fLaC"},
		{"ALAC", "alac", media.ALAC, "", "alac"},
		{"WebVTT", "wvtt", media.WebVTT, "", "wvtt"},
		{"TTML", "stpp", media.TTML, "", "stpp"},
		{"MPEG-4 Visual", "mp4v", "mpeg4", "000001b003", "mp4v.20.3"},
		{"something else", "ulaw", "pcm_mulaw", "", "ulaw"},
		{"something else without a type", "", "pcm_s16le", "", "pcm_s16le"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := mime.CodecString(tt.id, tt.fourcc, unhex(t, tt.extradata))
			if got != tt.want {
				t.Fatalf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFromConfig(t *testing.T) {
	c := &media.DecoderConfig{Codec: media.H264, Extradata: unhex(t, "0164001fff")}
	if got := mime.FromConfig(c); got != "avc1.64001f" {
		t.Errorf("from the record: got %q", got)
	}
	c.CodecString = "avc3.64001f"
	if got := mime.FromConfig(c); got != "avc3.64001f" {
		t.Errorf("the stored string: got %q", got)
	}
}

// TestCodecStringParses closes the circle: what CodecString builds from a complete record, ParseCodec reads.
func TestCodecStringParses(t *testing.T) {
	for _, tt := range []struct {
		id        media.CodecID
		fourcc    string
		extradata string
	}{
		{media.H264, "avc1", "0164001f"}, {media.HEVC, "hvc1", "0101600000009000000000005d"},
		{media.VP9, "vp09", "0233a2091009"}, {media.AV1, "av01", "810dcc00"}, {media.AAC, "mp4a", "1190"},
		{media.MP3, "mp4a", ""}, {media.Opus, "Opus", ""}, {media.FLAC, "fLaC", ""}, {media.EAC3, "ec-3", ""},
		{media.TTML, "stpp", ""}, {media.WebVTT, "wvtt", ""}, {media.MP2, "", ""}, {media.MP3, "", ""}, {"mp1", "", ""}, {media.VP8, "", ""}, {"mpeg4", "mp4v", "000001b003"},
	} {
		s := mime.CodecString(tt.id, tt.fourcc, unhex(t, tt.extradata))
		c, err := mime.ParseCodec(s)
		if err != nil || c.ID != tt.id {
			t.Errorf("%s: got %q, %v; want %q", s, c.ID, err, tt.id)
		}
	}
}

func TestParseCodec(t *testing.T) {
	type want = mime.Codec
	none := func(c mime.Codec) mime.Codec { // fields not named in a row have their "unknown" value
		if c.Profile == 0 {
			c.Profile = -1
		}
		if c.Level == 0 {
			c.Level = -1
		}
		return c
	}
	for _, tt := range []struct {
		in   string
		want mime.Codec
		err  error
	}{
		{"avc1.64001f", none(want{ID: media.H264, Kind: media.Video, Profile: 100, Level: 31, BitDepth: 8, Chroma: "4:2:0"}), nil},
		{"avc3.42C01E", none(want{ID: media.H264, Kind: media.Video, Profile: 66, Level: 30, BitDepth: 8, Chroma: "4:2:0"}), nil},
		{"avc1.42100b", none(want{ID: media.H264, Kind: media.Video, Profile: 66, Level: 9, BitDepth: 8, Chroma: "4:2:0"}), nil},
		{"avc1.6E0028", none(want{ID: media.H264, Kind: media.Video, Profile: 110, Level: 40, BitDepth: 10, Chroma: "4:2:0"}), nil},
		{"avc1.F4001E", none(want{ID: media.H264, Kind: media.Video, Profile: 244, Level: 30, Chroma: "4:4:4"}), nil},
		{"avc1.66.30", none(want{ID: media.H264, Kind: media.Video, Profile: 66, Level: 30, BitDepth: 8, Chroma: "4:2:0"}), nil},
		{"avc1", none(want{ID: media.H264, Kind: media.Video}), nil},
		{"avc1.", none(want{ID: media.H264, Kind: media.Video}), mime.ErrMalformed},
		{"avc1.64", none(want{ID: media.H264, Kind: media.Video}), mime.ErrMalformed},
		{"avc1.64001", none(want{ID: media.H264, Kind: media.Video}), mime.ErrMalformed},
		{"avc1.zz001f", none(want{ID: media.H264, Kind: media.Video}), mime.ErrMalformed},
		{"hvc1.1.6.L93.90", none(want{ID: media.HEVC, Kind: media.Video, Profile: 1, Level: 93, BitDepth: 8, Chroma: "4:2:0"}), nil},
		{"hev1.2.4.H153.B0", none(want{ID: media.HEVC, Kind: media.Video, Profile: 2, Level: 153, HighTier: true, BitDepth: 10, Chroma: "4:2:0"}), nil},
		{"hev1.A1.80.L93.B0.23.1.0.0.2", none(want{ID: media.HEVC, Kind: media.Video, Profile: 1, Level: 93, BitDepth: 8, Chroma: "4:2:0"}), nil},
		{"hvc1", none(want{ID: media.HEVC, Kind: media.Video}), nil},
		{"hvc1.1.6", none(want{ID: media.HEVC, Kind: media.Video}), mime.ErrMalformed},
		{"hvc1.1.6.M93", none(want{ID: media.HEVC, Kind: media.Video}), mime.ErrMalformed},
		{"hvc1..6.L93", none(want{ID: media.HEVC, Kind: media.Video}), mime.ErrMalformed},
		{"hvc1.1.6.L93.123", none(want{ID: media.HEVC, Kind: media.Video}), mime.ErrMalformed},
		{"vp8", none(want{ID: media.VP8, Kind: media.Video}), nil},
		{"vp9", none(want{ID: media.VP9, Kind: media.Video}), nil},
		{"vp09.00.10.08", want{ID: media.VP9, Kind: media.Video, Profile: 0, Level: 10, BitDepth: 8, Chroma: "4:2:0"}, nil},
		{"vp09.03.51.10.03.09.16.00.01", want{ID: media.VP9, Kind: media.Video, Profile: 3, Level: 51, BitDepth: 10, Chroma: "4:4:4",
			Color: media.ColorInfo{Primaries: 9, Transfer: 16, Matrix: media.MatrixGBR, FullRange: true, Known: true}}, nil},
		{"vp09.00.10", none(want{ID: media.VP9, Kind: media.Video}), mime.ErrMalformed},
		{"vp09.00.10.09", none(want{ID: media.VP9, Kind: media.Video}), mime.ErrMalformed},
		{"av01.0.04M.08", want{ID: media.AV1, Kind: media.Video, Profile: 0, Level: 4, BitDepth: 8, Chroma: "4:2:0"}, nil},
		{"av01.0.00M.08", want{ID: media.AV1, Kind: media.Video, Profile: 0, Level: 0, BitDepth: 8, Chroma: "4:2:0"}, nil},
		{"av01.0.13H.10.0.110.09.16.09.0", want{ID: media.AV1, Kind: media.Video, Profile: 0, Level: 13, HighTier: true, BitDepth: 10, Chroma: "4:2:0",
			Color: media.ColorInfo{Primaries: 9, Transfer: 16, Matrix: 9, Known: true}}, nil},
		{"av01.2.08M.12.1", want{ID: media.AV1, Kind: media.Video, Profile: 2, Level: 8, BitDepth: 12, Chroma: "4:0:0"}, nil},
		{"av01.0.4M.08", none(want{ID: media.AV1, Kind: media.Video}), mime.ErrMalformed},
		{"vp08.02.00.08", want{ID: media.VP8, Kind: media.Video, Profile: 2, Level: 0, BitDepth: 8, Chroma: "4:2:0"}, nil},
		{"vp8.0", want{ID: media.VP8, Kind: media.Video, Profile: 0, Level: -1}, nil},
		{"vp9.2", none(want{ID: media.VP9, Kind: media.Video, Profile: 2}), nil},
		{"vp9.4", none(want{ID: media.VP9, Kind: media.Video}), mime.ErrMalformed},
		{"vp9.0.1", none(want{ID: media.VP9, Kind: media.Video}), mime.ErrMalformed},
		{"vp09.00.10.08.00", want{ID: media.VP9, Kind: media.Video, Profile: 0, Level: 10, BitDepth: 8, Chroma: "4:2:0"}, nil},
		{"vp09.01.20.08", want{ID: media.VP9, Kind: media.Video, Profile: 1, Level: 20, BitDepth: 8}, nil},
		{"vp09.03.20.12.02.09", want{ID: media.VP9, Kind: media.Video, Profile: 3, Level: 20, BitDepth: 12, Chroma: "4:2:2",
			Color: media.ColorInfo{Primaries: 9, Transfer: 1, Matrix: 1, Known: true}}, nil},
		{"vp09.00.10.10", want{ID: media.VP9, Kind: media.Video, Profile: 0, Level: 10, BitDepth: 10, Chroma: "4:2:0", Note: "profile 0 does not have 10 bits"}, nil},
		{"vp09.00.10.08.03", want{ID: media.VP9, Kind: media.Video, Profile: 0, Level: 10, BitDepth: 8, Chroma: "4:4:4", Note: "profile 0 does not have 4:4:4"}, nil},
		{"vp09.0.10.08", none(want{ID: media.VP9, Kind: media.Video}), mime.ErrMalformed},
		{"vp09.04.10.08", none(want{ID: media.VP9, Kind: media.Video}), mime.ErrMalformed},
		{"vp09.00.10.08.04", none(want{ID: media.VP9, Kind: media.Video}), mime.ErrMalformed},
		{"vp09.00.10.08.01.001", none(want{ID: media.VP9, Kind: media.Video}), mime.ErrMalformed},
		{"vp09.00.10.08.01.01.01.01.02", none(want{ID: media.VP9, Kind: media.Video}), mime.ErrMalformed},
		{"vp09.00.10.08.01.01.01.01.00.00", none(want{ID: media.VP9, Kind: media.Video}), mime.ErrMalformed},
		{"av01.1.09H.10.0.000.01.13.00.1", want{ID: media.AV1, Kind: media.Video, Profile: 1, Level: 9, HighTier: true, BitDepth: 10, Chroma: "4:4:4",
			Color: media.ColorInfo{Primaries: 1, Transfer: 13, Matrix: media.MatrixGBR, FullRange: true, Known: true}}, nil},
		{"av01.2.31M.10.0.100.09", want{ID: media.AV1, Kind: media.Video, Profile: 2, Level: 31, BitDepth: 10, Chroma: "4:2:2",
			Color: media.ColorInfo{Primaries: 9, Transfer: 1, Matrix: 1, Known: true}}, nil},
		{"av01.0.04M.08.0.112", want{ID: media.AV1, Kind: media.Video, Profile: 0, Level: 4, BitDepth: 8, Chroma: "4:2:0"}, nil},
		{"av01.0.04M.12", want{ID: media.AV1, Kind: media.Video, Profile: 0, Level: 4, BitDepth: 12, Chroma: "4:2:0", Note: "profile 0 does not have 12 bits"}, nil},
		{"av01.0.04M.08.0.000", want{ID: media.AV1, Kind: media.Video, Profile: 0, Level: 4, BitDepth: 8, Chroma: "4:4:4", Note: "profile 0 does not have 4:4:4"}, nil},
		{"av01.1.04M.08.1", want{ID: media.AV1, Kind: media.Video, Profile: 1, Level: 4, BitDepth: 8, Chroma: "4:0:0", Note: "profile 1 is not monochrome"}, nil},
		{"av01", none(want{ID: media.AV1, Kind: media.Video}), mime.ErrMalformed},
		{"av01.3.04M.08", none(want{ID: media.AV1, Kind: media.Video}), mime.ErrMalformed},
		{"av01.0.32M.08", none(want{ID: media.AV1, Kind: media.Video}), mime.ErrMalformed},
		{"av01.0.04L.08", none(want{ID: media.AV1, Kind: media.Video}), mime.ErrMalformed},
		{"av01.0.04M.8", none(want{ID: media.AV1, Kind: media.Video}), mime.ErrMalformed},
		{"av01.0.04M.09", none(want{ID: media.AV1, Kind: media.Video}), mime.ErrMalformed},
		{"av01.0.04M.08.2", none(want{ID: media.AV1, Kind: media.Video}), mime.ErrMalformed},
		{"av01.0.04M.08.0.11", none(want{ID: media.AV1, Kind: media.Video}), mime.ErrMalformed},
		{"av01.0.04M.08.0.010", none(want{ID: media.AV1, Kind: media.Video}), mime.ErrMalformed},
		{"av01.0.04M.08.0.114", none(want{ID: media.AV1, Kind: media.Video}), mime.ErrMalformed},
		{"av01.2.04M.08.0.101", none(want{ID: media.AV1, Kind: media.Video}), mime.ErrMalformed},
		{"av01.0.04M.08.0.110.1", none(want{ID: media.AV1, Kind: media.Video}), mime.ErrMalformed},
		{"av01.0.04M.08.0.110.01.01.01.2", none(want{ID: media.AV1, Kind: media.Video}), mime.ErrMalformed},
		{"av01.0.04M.08.0.110.01.01.01.0.0", none(want{ID: media.AV1, Kind: media.Video}), mime.ErrMalformed},
		{"vvc1.1.L51.CQA.O1+2", want{ID: "vvc", Kind: media.Video, Profile: 1, Level: 51, BitDepth: 10, Chroma: "4:2:0"}, nil},
		{"vvi1.65.H83", want{ID: "vvc", Kind: media.Video, Profile: 65, Level: 83, HighTier: true}, nil},
		{"vvc1", none(want{ID: "vvc", Kind: media.Video}), nil},
		{"vvc1.1", none(want{ID: "vvc", Kind: media.Video}), mime.ErrMalformed},
		{"vvc1.128.L51", none(want{ID: "vvc", Kind: media.Video}), mime.ErrMalformed},
		{"vvc1.1.51", none(want{ID: "vvc", Kind: media.Video}), mime.ErrMalformed},
		{"vvc1.1.L51.X", none(want{ID: "vvc", Kind: media.Video}), mime.ErrMalformed},
		{"mp4a.40.1", none(want{ID: media.AAC, Kind: media.Audio, Profile: 1}), nil},
		{"mp4a.40.29", none(want{ID: media.AAC, Kind: media.Audio, Profile: 29}), nil},
		{"mp4a.40.32", none(want{ID: "mp1", Kind: media.Audio, Profile: 32}), nil},
		{"mp4a.40.33", none(want{ID: media.MP2, Kind: media.Audio, Profile: 33}), nil},
		{"mp4a.40.36", none(want{ID: "mp4als", Kind: media.Audio, Profile: 36}), nil},
		{"mp4a.40.0", none(want{ID: media.AAC, Kind: media.Audio}), mime.ErrMalformed},
		{"mp4a.40.2.1", none(want{ID: media.AAC, Kind: media.Audio}), mime.ErrMalformed},
		{"mp4a.6B", none(want{ID: media.MP3, Kind: media.Audio}), nil},
		{"mp4a.a5", none(want{ID: media.AC3, Kind: media.Audio}), nil},
		{"mp4a.ad", none(want{ID: media.Opus, Kind: media.Audio}), nil},
		{"mp3", none(want{ID: media.MP3, Kind: media.Audio}), nil},
		{"mp2", none(want{ID: media.MP2, Kind: media.Audio}), nil},
		{"mp1", none(want{ID: "mp1", Kind: media.Audio}), nil},
		{"opus", none(want{ID: media.Opus, Kind: media.Audio}), nil},
		{"flac", none(want{ID: media.FLAC, Kind: media.Audio}), nil},
		{"mp4a.40.2", none(want{ID: media.AAC, Kind: media.Audio, Profile: 2}), nil},
		{"mp4a.40.02", none(want{ID: media.AAC, Kind: media.Audio, Profile: 2}), nil},
		{"MP4A.40.5", none(want{ID: media.AAC, Kind: media.Audio, Profile: 5}), nil},
		{"mp4a.40.42", none(want{ID: media.AAC, Kind: media.Audio, Profile: 42}), nil},
		{"mp4a.40.34", none(want{ID: media.MP3, Kind: media.Audio, Profile: 34}), nil},
		{"mp4a.40.7", none(want{ID: media.AAC, Kind: media.Audio, Profile: 7}), mime.ErrUnsupported},
		{"mp4a.67", none(want{ID: media.AAC, Kind: media.Audio}), nil},
		{"mp4a.69", none(want{ID: media.MP3, Kind: media.Audio}), nil},
		{"mp4a.6b", none(want{ID: media.MP3, Kind: media.Audio}), nil},
		{"mp4a.a6", none(want{ID: media.EAC3, Kind: media.Audio}), nil},
		{"mp4a.67.3", none(want{Kind: media.Audio}), mime.ErrMalformed},
		{"mp4a", none(want{Kind: media.Audio}), mime.ErrMalformed},
		{"mp4a.40", none(want{ID: media.AAC, Kind: media.Audio}), mime.ErrMalformed},
		{"mp4a.40.", none(want{ID: media.AAC, Kind: media.Audio}), mime.ErrMalformed},
		{"mp4a.0x40", none(want{Kind: media.Audio}), mime.ErrMalformed},
		{"mp4a.+4", none(want{Kind: media.Audio}), mime.ErrMalformed},
		{"mp4a.11", none(want{Kind: media.Audio}), mime.ErrUnsupported},
		{"ac-3", none(want{ID: media.AC3, Kind: media.Audio}), nil},
		{"ec-3", none(want{ID: media.EAC3, Kind: media.Audio}), nil},
		{"Opus", none(want{ID: media.Opus, Kind: media.Audio}), nil},
		{"fLaC", none(want{ID: media.FLAC, Kind: media.Audio}), nil},
		{"vorbis", none(want{ID: media.Vorbis, Kind: media.Audio}), nil},
		{"opus.1", none(want{ID: media.Opus, Kind: media.Audio}), mime.ErrMalformed},
		{"mp4v.20.9", none(want{ID: "mpeg4", Kind: media.Video, Profile: 9}), nil},
		{"mp4v.61", none(want{ID: "mpeg2video", Kind: media.Video}), nil},
		{"stpp", none(want{ID: media.TTML, Kind: media.Text}), nil},
		{"stpp.ttml.im1t", none(want{ID: media.TTML, Kind: media.Text}), nil},
		{"stpp.ttml.im1i", none(want{ID: media.TTML, Kind: media.Text, Note: "image profile"}), nil},
		{"wvtt", none(want{ID: media.WebVTT, Kind: media.Text}), nil},
		{"dvh1.08.07", none(want{ID: media.HEVC, Kind: media.Video, Profile: 8, Level: 7, BitDepth: 10, Chroma: "4:2:0", Note: "Dolby Vision: only the base layer is shown"}), nil},
		{"dvh1.05.06", none(want{ID: "dolbyvision", Kind: media.Video, Profile: 5, Level: 6}), mime.ErrUnsupported},
		{"dvhe.04.06", none(want{ID: media.HEVC, Kind: media.Video, Profile: 4, Level: 6, BitDepth: 10, Chroma: "4:2:0", Note: "Dolby Vision: only the base layer is shown"}), nil},
		{"dvhe.07.06", none(want{ID: media.HEVC, Kind: media.Video, Profile: 7, Level: 6, BitDepth: 10, Chroma: "4:2:0", Note: "Dolby Vision: only the base layer is shown"}), nil},
		{"dvav.09.05", none(want{ID: media.H264, Kind: media.Video, Profile: 9, Level: 5, BitDepth: 8, Chroma: "4:2:0", Note: "Dolby Vision: only the base layer is shown"}), nil},
		{"dvav.08.05", none(want{ID: "dolbyvision", Kind: media.Video, Profile: 8, Level: 5}), mime.ErrUnsupported},
		{"dvh1.xx.05", none(want{ID: "dolbyvision", Kind: media.Video}), mime.ErrMalformed},
		{"lvc1", none(want{ID: "lcevc", Kind: media.Video}), mime.ErrUnsupported},
		{"c608", none(want{ID: "eia_608", Kind: media.Text}), mime.ErrUnsupported},
		{"stpp.ttml.im1t|etd1", none(want{ID: media.TTML, Kind: media.Text}), nil},
		{"stpp.webvtt", none(want{ID: media.TTML, Kind: media.Text}), mime.ErrMalformed},
		{"wvtt.1", none(want{ID: media.WebVTT, Kind: media.Text}), mime.ErrMalformed},
		{"dav1.10.09", none(want{ID: "dolbyvision", Kind: media.Video, Profile: 10, Level: 9}), mime.ErrUnsupported},
		{"dvh1", none(want{ID: "dolbyvision", Kind: media.Video}), mime.ErrMalformed},
		{"mhm1.0x0D", none(want{ID: "mpegh_3d_audio", Kind: media.Audio}), mime.ErrUnsupported},
		{"ac-4.02.01.01", none(want{ID: "ac4", Kind: media.Audio}), mime.ErrUnsupported},
		{"iamf.000.000.mp4a.40.2", none(want{ID: "iamf", Kind: media.Audio}), mime.ErrUnsupported},
		{"2dcc", none(want{}), mime.ErrUnknown},
		{"", none(want{}), mime.ErrMalformed},
		{" , ", none(want{}), mime.ErrUnknown},
		{strings.Repeat("avc1.", 100), none(want{}), mime.ErrMalformed},
	} {
		t.Run(tt.in, func(t *testing.T) {
			got, err := mime.ParseCodec(" " + tt.in + "\t")
			if !errors.Is(err, tt.err) || (tt.err == nil) != (err == nil) {
				t.Errorf("error: got %v, want %v", err, tt.err)
			}
			if err != nil && (strings.Contains(err.Error(), "\n") || len(err.Error()) > 200) {
				t.Errorf("not a line for people: %q", err)
			}
			if tt.err != nil && len(tt.in) <= 40 && tt.in != "" && !strings.Contains(err.Error(), strings.TrimSpace(tt.in)) && errors.Is(err, mime.ErrMalformed) {
				t.Errorf("the message does not name the string: %v", err)
			}
			got.String, got.Family = "", ""
			if got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestParseType(t *testing.T) {
	for _, tt := range []struct {
		name, in, want string // want is the canonical form, or "!" and a part of the error
	}{
		{"plain", "video/mp4", "video/mp4"},
		{"case", `VIDEO/Mp4; CODECS="avc1.64001f"`, `video/mp4; codecs="avc1.64001f"`},
		{"spaces", "  video/mp4 ;  codecs=vp9  ;x=1\t", `video/mp4; codecs="vp9" x="1"`},
		{"unquoted list", "video/mp4;codecs=avc1.64001f,mp4a.40.2", `video/mp4; codecs="avc1.64001f,mp4a.40.2"`},
		{"escape", `a/b;x="a\"b\\c"`, `a/b; x="a"b\c"`},
		{"junk after the quote", `a/b;x="1"junk;y=2`, `a/b; x="1" y="2"`},
		{"unterminated quote", `a/b;x="1;y=2`, `a/b; x="1;y=2"`},
		{"quote at the end", `video/webm;codecs="`, `video/webm; codecs=""`},
		{"empty quoted", `a/b;x=""`, `a/b; x=""`},
		{"empty unquoted is dropped", "a/b;x=;y=1", `a/b; y="1"`},
		{"name alone is dropped", "a/b;x;y=1", `a/b; y="1"`},
		{"first one wins", "a/b;x=1;X=2", `a/b; x="1"`},
		{"name is no token", "a/b;x y=1;z=2", `a/b; z="2"`},
		{"control character in a value", "a/b;x=\x01;z=2", `a/b; z="2"`},
		{"empty", " ", "!empty"},
		{"no slash", "xxx", "!no slash"},
		{"empty type", "/mp4", "!no type"},
		{"empty subtype", "video/", "!no type"},
		{"bad subtype", "video/m p", "!no type"},
		{"too long", "a/" + strings.Repeat("b", 5000), "!longer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := mime.ParseType(tt.in)
			if part, bad := strings.CutPrefix(tt.want, "!"); bad {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Fatalf("got %v, want an error with %q", err, part)
				}
				return
			}
			if err != nil {
				t.Fatalf("got error %v, want %s", err, tt.want)
			}
			s, sep := got.Essence(), ";"
			for _, p := range got.Params {
				s += sep + " " + p.Name + `="` + p.Value + `"`
				sep = ""
			}
			if s != tt.want {
				t.Fatalf("got %s, want %s", s, tt.want)
			}
		})
	}
}

// TestIsTypeSupported holds the rows of the conformance suite for a program that has every parser and decoder, and
// our own rows behind them.
func TestIsTypeSupported(t *testing.T) {
	all := &mime.Support{Containers: []mime.Container{mime.ISOBMFF, mime.WebM, mime.MP2T, mime.MPEGAudio, mime.ADTS, mime.AC3}}
	for _, tt := range []struct {
		in  string
		why string // "" = supported, else a part of the reason
	}{
		{`video`, "no slash"},
		{`video/`, "no type"},
		{`video/webm`, "needs a codecs"},
		{`video/webm;`, "needs a codecs"},
		{`video/webm;codecs`, "needs a codecs"},
		{`video/webm;codecs=`, "needs a codecs"},
		{`video/webm;codecs="`, "needs a codecs"},
		{`video/webm;codecs=""`, "needs a codecs"},
		{`video/webm;codecs=","`, "empty item"},
		{`audio/webm;aaacodecsbbb=opus`, "needs a codecs"},
		{`unsupported_mediatype`, "no slash"},
		{``, "empty"},
		{`null`, "no slash"},
		{`xxx`, "no slash"},
		{`text/html`, "no media type"},
		{`image/jpeg`, "no media type"},
		{`audio/webm;codecs="vp8"`, "video codec"},
		{`audio/mp4;codecs="avc1.4d001e"`, "video codec"},
		{`audio/mp4;codecs="vorbis"`, "cannot carry"},
		{`audio/webm;codecs="mp4a.40.2"`, "cannot carry"},
		{`video/mp4;codecs="vp8"`, "cannot carry"},
		{`video/mp4;codecs="vorbis"`, "cannot carry"},
		{`video/webm;codecs="mp4a.40.2"`, "cannot carry"},
		{`audio/mpeg;codecs="mp3"`, "takes no codecs"},
		{`audio/mpeg;codecs="mp4a.69"`, "takes no codecs"},
		{`audio/mpeg;codecs="mp4a.6B"`, "takes no codecs"},
		{`audio/aac;codecs="aac"`, "takes no codecs"},
		{`audio/aac;codecs="adts"`, "takes no codecs"},
		{`audio/aac;codecs="mp4a.40"`, "takes no codecs"},
		{`audio/mp4;codecs="mp4a"`, "malformed"},
		{`audio/mp4;codecs="mp4a.40"`, "malformed"},
		{`audio/mp4;codecs="mp4a.40."`, "malformed"},
		{`audio/mp4;codecs="mp4a.67.3"`, "malformed"},
		{`video/webm;codecs="vp8"`, ""},
		{`video/webm;codecs="vorbis"`, ""},
		{`video/webm;codecs="vp8,vorbis"`, ""},
		{`video/webm;codecs="vorbis, vp8"`, ""},
		{`audio/webm;codecs="vorbis"`, ""},
		{`AUDIO/WEBM;CODECS="vorbis"`, ""},
		{`audio/webm;codecs=vorbis;test="6"`, ""},
		{`audio/webm;codecs="opus"`, ""},
		{`video/webm;codecs="opus"`, ""},
		{`video/mp4;codecs="avc1.4d001e"`, ""},
		{`video/mp4;codecs="avc1.42001e"`, ""},
		{`audio/mp4;codecs="mp4a.40.2"`, ""},
		{`audio/mp4;codecs="mp4a.40.5"`, ""},
		{`audio/mp4;codecs="mp4a.67"`, ""},
		{`video/mp4;codecs="mp4a.40.2"`, ""},
		{`video/mp4;codecs="avc1.4d001e,mp4a.40.2"`, ""},
		{`video/mp4;codecs="mp4a.40.2 , avc1.4d001e "`, ""},
		{`video/mp4;codecs="avc1.4d001e,mp4a.40.5"`, ""},
		{`audio/mp4;codecs="Opus"`, ""},
		{`video/mp4;codecs="Opus"`, ""},
		{`audio/mp4;codecs="fLaC"`, ""},
		{`video/mp4;codecs="fLaC"`, ""},

		{`video/mp4`, ""},
		{`audio/mpeg`, ""},
		{`audio/aac`, ""},
		{`audio/ac3`, ""},
		{`audio/eac3`, ""},
		{`video/mp2t`, ""},
		{`video/mp2t;codecs="avc1.4d001e,mp4a.40.2"`, ""},
		{`video/mp2t;codecs="vp09.00.10.08"`, "cannot carry"},
		{`application/mp4;codecs="stpp.ttml.im1t"`, ""},
		{`application/mp4;codecs="avc1.4d001e"`, "video codec"},
		{`video/mp4;codecs="hvc1.1.6.L93.90"`, ""},
		{`video/mp4;codecs="av01.0.04M.08"`, ""},
		{`video/mp4;codecs="dvh1.08.07"`, ""},
		{`video/mp4;codecs="dvh1.05.07"`, "Dolby Vision profile 5"},
		{`audio/mp4;codecs="ac-4.02.01.01"`, "AC-4 has no decoder"},
		{`audio/mp4;codecs="mhm1.0x0D"`, "MPEG-H"},
		{`video/mp4;codecs="avc3.42001e,mp4a.6B"`, ""},
		{`video/mp4;codecs="vp09.00.10.08,Opus"`, ""},
		{`video/mp4;codecs="vp9"`, "cannot carry"},
		{`audio/mp4;codecs="ac-3"`, ""},
		{`audio/mp4;codecs="ec-3"`, ""},
		{`audio/mp4;codecs="mp3"`, ""},
		{`audio/mp4;codecs="flac"`, ""},
		{`audio/mp4;codecs="opus"`, ""},
		{`video/mp4;codecs="avc1.4d001e,stpp.ttml.im1t"`, ""},
		{`audio/mp4;codecs="wvtt"`, "text codec"},
		{`application/mp4;codecs="wvtt"`, ""},
		{`video/webm;codecs="vp09.00.10.08,opus"`, ""},
		{`video/webm;codecs="av01.0.04M.08"`, ""},
		{`video/webm;codecs="avc1.4d001e"`, "cannot carry"},
		{`audio/webm;codecs="flac"`, "cannot carry"},
		{`video/webm;codecs="vp8,,vorbis"`, "empty item"},
		{`video/mp2t;codecs="hvc1.1.6.L93.90,ac-3"`, ""},
		{`audio/mp2t;codecs="mp4a.40.2"`, ""},
		{`video/mp2t;codecs="avc1.4d001e,opus"`, ""},
		{`audio/mp2t;codecs="Opus"`, ""},
		{`video/mp2t;codecs="mp2v"`, "cannot carry"},
		{`video/mp2t;codecs="avc1.4d001e,dtsc"`, "cannot carry"},
		{`audio/mp2t;codecs="avc1.4d001e"`, "video codec"},
		{`audio/mpeg;codecs=""`, "takes no codecs"},
		{`audio/mpeg;rate=44100`, ""},
		{`audio/aac;codecs=mp4a.40.2`, "takes no codecs"},
		{`video/mpeg`, "no media type"},
		{`video/mp4;codecs="lvc1"`, "LCEVC"},
		{`video/mp4;codecs="nope.1"`, `unknown codec "nope.1"`},
		{`video/mp4;codecs="avc1.4d001e,nope"`, `unknown codec "nope"`},
	} {
		t.Run(tt.in, func(t *testing.T) {
			ok, reason := all.IsTypeSupported(tt.in)
			if ok != (tt.why == "") || !strings.Contains(reason, tt.why) || ok != (reason == "") {
				t.Fatalf("got %v %q, want %q", ok, reason, tt.why)
			}
		})
	}
}

func TestSupportTable(t *testing.T) {
	s := &mime.Support{Containers: []mime.Container{mime.ISOBMFF}, Decodes: func(id media.CodecID) bool { return id != media.HEVC && id != media.MP3 }}
	for _, tt := range []struct{ in, want string }{
		{`video/mp4;codecs="hvc1.1.6.L93.90"`, "no decoder for hevc"},
		{`video/mp4;codecs="avc1.64001f"`, ""},
		{`video/webm;codecs="vp9"`, "WebM is not handled"},
		{`video/mp2t`, "MPEG-2 transport stream is not handled"},
		{`audio/mpeg`, "MPEG audio is not handled"},
		{`audio/aac`, "AAC (ADTS) is not handled"},
	} {
		if _, got := s.IsTypeSupported(tt.in); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.in, got, tt.want)
		}
	}
	s.Containers = append(s.Containers, mime.MPEGAudio, mime.WebM)
	if _, got := s.IsTypeSupported("audio/mpeg"); got != "no decoder for mp3" {
		t.Errorf("the format that a type implies is asked for: got %q", got)
	}
	var zero mime.Support
	if ok, why := zero.IsTypeSupported("video/mp4"); ok || why == "" {
		t.Errorf("the zero value: got %v %q, want refusal", ok, why)
	}
	for _, typ := range []string{"video/webm", "audio/webm", "video/mp4", `video/webm; codecs="vp9"`} {
		if ok, why := s.CanAdd(typ); !ok {
			t.Errorf("CanAdd(%s): %s", typ, why)
		}
	}
	for _, typ := range []string{"", "invalidType", "video/mp2t", `video/webm; codecs="mp4a.40.2"`, `video/webm; codecs=""`} {
		if ok, _ := s.CanAdd(typ); ok {
			t.Errorf("CanAdd(%s) is true", typ)
		}
	}
}

func TestContainers(t *testing.T) {
	for essence, want := range map[string]mime.Container{"video/mp4": mime.ISOBMFF, "audio/webm": mime.WebM, "audio/mp2t": mime.MP2T, "audio/mpeg": mime.MPEGAudio, "audio/aac": mime.ADTS, "audio/ac3": mime.AC3, "audio/eac3": mime.AC3} {
		got, ok := mime.ContainerOf(essence)
		if !ok || got != want {
			t.Errorf("%s: got %v, want %v", essence, got, want)
		}
		if gen := want == mime.MPEGAudio || want == mime.ADTS || want == mime.AC3; got.GenerateTimestamps() != gen {
			t.Errorf("%s: GenerateTimestamps is %v", essence, !gen)
		}
	}
	if _, ok := mime.ContainerOf("text/plain"); ok {
		t.Error("text/plain is no container")
	}
}

func FuzzMIME(f *testing.F) {
	for _, s := range []string{
		`video/mp4; codecs="avc1.64001f, mp4a.40.2"`, `video/webm;codecs="vp09.00.10.08.01.09.16.09.00"`, `a/b;x="\`, `a/b;;;=;x==`, "/", ";", `audio/mp4;codecs=",,,"`,
		`video/mp4;codecs="hvc1.A1.80.L93.B0"`, `video/mp4;codecs="av01.0.04M.08.0.110.01.01.01.0"`, `application/mp4;codecs="stpp.ttml.im1t|etd1"`, `video/mp4;codecs="dvh1.08.06"`,
	} {
		f.Add(s)
	}
	all := &mime.Support{Containers: []mime.Container{mime.ISOBMFF, mime.WebM, mime.MP2T, mime.MPEGAudio, mime.ADTS, mime.AC3}}
	f.Fuzz(func(t *testing.T, s string) {
		ok, reason := all.IsTypeSupported(s)
		if ok != (reason == "") {
			t.Fatalf("%q: %v with reason %q", s, ok, reason)
		}
		if can, _ := all.CanAdd(s); ok && !can {
			t.Fatalf("%q is supported but cannot be added", s)
		}
		typ, err := mime.ParseType(s)
		if err != nil {
			if ok {
				t.Fatalf("%q is supported but does not parse: %v", s, err)
			}
			return
		}
		// What was understood, written out again, means the same.
		again, err := mime.ParseType(mime.Format(typ.Essence(), ""))
		if err != nil || again.Essence() != typ.Essence() {
			t.Fatalf("%q: essence %q does not parse again: %v", s, typ.Essence(), err)
		}
		for _, c := range typ.Codecs {
			if c.ID == "" && typ.CodecsErr == nil {
				t.Fatalf("%q: codec %q has neither identity nor error", s, c.String)
			}
		}
	})
}
