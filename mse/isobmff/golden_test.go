package isobmff_test

import (
	"bytes"
	"testing"

	"mseplayer/mse/isobmff"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/mse/msetest/bytestreamtest"
)

// samples makes n samples of equal length from a decode time on, with payloads that tell their presentation time.
func samples(n int, from, dur int64, timescale uint32, size int) (out []msetest.BuilderSample) {
	for i := range int64(n) {
		at := from + i*dur
		out = append(out, msetest.BuilderSample{PTS: at, DTS: at, Dur: dur, Key: i == 0, Data: msetest.Payload(media.FromTicks(at, timescale), size+int(i))})
	}
	return out
}

// small is a short movie of two tracks with what initialization segments can say about them.
func small() *msetest.Builder {
	video := *msetest.H264Config(320, 240)
	video.SARNum, video.SARDen, video.Rotation = 4, 3, 90
	video.Color = media.ColorInfo{Primaries: 9, Transfer: 16, Matrix: 9, FullRange: true, Known: true}
	b := &msetest.Builder{
		Duration: 0.2,
		Tracks: []msetest.BuilderTrack{
			{ID: 7, Timescale: 90000, Entries: []msetest.BuilderEntry{{DecoderConfig: &video}}, Label: "VideoHandler", Delay: 95},
			{ID: 9, Timescale: 48000, Entries: []msetest.BuilderEntry{{DecoderConfig: msetest.AACConfig()}}, Language: "swe", Label: "Ljud", Skip: 1024,
				Samples: samples(9, 0, 1024, 48000, 20)},
		},
	}
	for i, pts := range []int64{0, 3, 1, 2, 4} {
		b.Tracks[0].Samples = append(b.Tracks[0].Samples, msetest.BuilderSample{
			PTS: pts * 3600, DTS: int64(i-1) * 3600, Dur: 3600, Key: i == 0 || i == 4, Data: msetest.Payload(media.Time(pts)*0.04, 30),
		})
	}
	return b
}

// protected is a movie that changes from clear to encrypted samples, with a track for each way to encrypt.
func protected() *msetest.Builder {
	kid := [16]byte{1, 2, 3, 15: 16}
	b := &msetest.Builder{Tracks: []msetest.BuilderTrack{
		{ID: 1, Timescale: 1000, Entries: []msetest.BuilderEntry{
			{DecoderConfig: msetest.H264Config(64, 64)},
			{DecoderConfig: msetest.H264Config(64, 64), Scheme: "cenc", KID: kid, IVBytes: 8},
		}, Samples: samples(4, 0, 40, 1000, 100)},
		{ID: 2, Timescale: 1000, Entries: []msetest.BuilderEntry{
			{DecoderConfig: msetest.H264Config(64, 64), Scheme: "cbcs", KID: kid, ConstantIV: bytes.Repeat([]byte{0xab}, 16), CryptBlocks: 1, SkipBlocks: 9},
		}, Samples: samples(2, 0, 40, 1000, 100)},
		{ID: 3, Timescale: 1000, Entries: []msetest.BuilderEntry{
			{DecoderConfig: msetest.AACConfig(), Scheme: "cbcs", KID: kid, ConstantIV: bytes.Repeat([]byte{0xcd}, 16)},
		}, Samples: samples(2, 0, 40, 1000, 50)},
		{ID: 4, Timescale: 1000, Entries: []msetest.BuilderEntry{
			{DecoderConfig: msetest.AACConfig(), Scheme: "cenc", KID: kid, IVBytes: 16},
		}, Samples: samples(2, 0, 40, 1000, 50)},
	}}
	for i := range b.Tracks[0].Samples[2:] {
		s := &b.Tracks[0].Samples[2+i]
		s.Entry, s.IV = 1, []byte{9, 9, 9, 9, 0, 0, 0, byte(i)}
		s.Subsamples = []media.Subsample{{Clear: 10, Protected: 32}, {Clear: 5, Protected: uint32(len(s.Data) - 47)}}
	}
	for i := range b.Tracks[1].Samples {
		s := &b.Tracks[1].Samples[i]
		s.Subsamples = []media.Subsample{{Clear: 12, Protected: uint32(len(s.Data) - 12)}}
	}
	for i := range b.Tracks[3].Samples {
		b.Tracks[3].Samples[i].IV = bytes.Repeat([]byte{byte(i + 1)}, 16)
	}
	return b
}

// codecs is an initialization segment with a track of every format.
func codecs() *msetest.Builder {
	v := func(id media.CodecID, extradata ...byte) *media.DecoderConfig {
		return &media.DecoderConfig{Kind: media.Video, Codec: id, Width: 640, Height: 360, Extradata: extradata}
	}
	a := func(id media.CodecID, rate, channels int, extradata ...byte) *media.DecoderConfig {
		return &media.DecoderConfig{Kind: media.Audio, Codec: id, SampleRate: rate, Channels: channels, Extradata: extradata}
	}
	text := func(id media.CodecID, extradata string) *media.DecoderConfig {
		return &media.DecoderConfig{Kind: media.Text, Codec: id, Extradata: []byte(extradata)}
	}
	hvcC := []byte{1, 1, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 93, 0xf0, 0, 0xfc, 0xfd, 0xf8, 0xf8, 0, 0, 0x0f, 0}
	opus := append([]byte("OpusHead"), 1, 2, 0x38, 1, 0x80, 0xbb, 0, 0, 0, 0, 0)
	streamInfo := make([]byte, 34)
	copy(streamInfo[10:], []byte{0x17, 0x70, 0x03, 0x70}) // 96 kHz, 2 channels, 24 bits
	alac := append([]byte{0, 0, 0, 36, 'a', 'l', 'a', 'c', 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 24, 40, 10, 14, 6}, make([]byte, 14)...)
	copy(alac[32:], []byte{0, 1, 0x77, 0}) // 96 kHz
	var b msetest.Builder
	for _, e := range []msetest.BuilderEntry{
		{DecoderConfig: msetest.H264Config(1920, 1080)},
		{DecoderConfig: msetest.H264Config(1920, 1080), Format: "avc3"},
		{DecoderConfig: v(media.HEVC, hvcC...)},
		{DecoderConfig: v(media.HEVC, hvcC...), Format: "hev1"},
		{DecoderConfig: v(media.VP8, 1, 0, 0, 0, 0, 10, 0x82, 2, 2, 2, 0, 0)},
		{DecoderConfig: v(media.VP9, 1, 0, 0, 0, 2, 31, 0xa3, 9, 16, 9, 0, 0)},
		{DecoderConfig: v(media.AV1, 0x81, 8, 12, 0)},
		{DecoderConfig: v("mjpeg"), Format: "mjpg"},
		{DecoderConfig: msetest.AACConfig()},
		{DecoderConfig: a(media.AAC, 24000, 2, 0x2b, 0x11, 0x88, 0)}, // HE-AAC: 24 kHz core, 48 kHz out
		{DecoderConfig: a(media.AAC, 44100, 2, 0x12, 0x10, 0x56, 0xe5, 0)},
		{DecoderConfig: a(media.MP3, 44100, 2)},
		{DecoderConfig: a(media.Opus, 48000, 2, opus...)},
		{DecoderConfig: a(media.FLAC, 0, 0, streamInfo...)},
		{DecoderConfig: a(media.ALAC, 0, 0, alac...)},
		{DecoderConfig: a(media.AC3, 0, 0, 0x50, 0x3d, 0x40)},
		{DecoderConfig: a(media.EAC3, 0, 0, 0x06, 0, 0x20, 0x0f, 0)},
		{DecoderConfig: a("pcm_s16le", 48000, 2), Format: "sowt"},
		{DecoderConfig: a("pcm_s16be", 48000, 1), Format: "twos"},
		{DecoderConfig: a("ac4", 48000, 2), Format: "ac-4"},
		{DecoderConfig: text(media.WebVTT, "WEBVTT")},
		{DecoderConfig: text(media.TTML, "")},
		{DecoderConfig: v("", 0), Format: "zzzz"},
		{DecoderConfig: v("", 0), Format: "dvh1"},
	} {
		b.Tracks = append(b.Tracks, msetest.BuilderTrack{ID: uint32(len(b.Tracks) + 1), Timescale: 48000, Entries: []msetest.BuilderEntry{e}})
	}
	return &b
}

// TestGolden compares everything a handler hears about built movies with text files. UPDATE=1 writes them.
func TestGolden(t *testing.T) {
	for _, tt := range []struct {
		name  string
		build *msetest.Builder
	}{
		{"small", small()},
		{"protected", protected()},
		{"codecs", codecs()},
		{"movie", msetest.Movie(msetest.MovieSpec{Width: 64, Height: 48, Length: 1, GOP: 12, BitsPerSecond: 20_000, Audio: true})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stream := append(tt.build.Init(), bytes.Join(tt.build.Segments(0.5, 2), nil)...)
			r, err := parse(isobmff.Options{Strict: true}, stream)
			if err != nil {
				t.Fatal(err)
			}
			bytestreamtest.Golden(t, tt.name, r.Log.String())
		})
	}
}
