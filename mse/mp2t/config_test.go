package mp2t_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/mp2t"
	"mseplayer/mse/msetest/bytestreamtest"
)

// TestParameterSets lists sequence parameter sets with what is read from them.
func TestParameterSets(t *testing.T) {
	// high is a set of the High 4:4:4 profile, with scaling lists, of a chroma format.
	high := func(chroma uint32, order func(w *bitWriter)) []byte {
		w := new(bitWriter)
		w.bits(8, 244).bits(8, 0).bits(8, 40).ue(0, chroma)
		lists := 8
		if chroma == 3 {
			w.bits(1, 0)
			lists = 12
		}
		w.ue(0, 0).bits(1, 0).bits(1, 1)
		for i := range lists {
			switch i {
			case 0: // all of the default
				w.bits(1, 1).ue(16) // the next scale is 0
			case 1, 6:
				w.bits(1, 1)
				for range map[bool]int{true: 64, false: 16}[i == 6] {
					w.ue(1)
				}
			default:
				w.bits(1, 0)
			}
		}
		w.ue(0)
		order(w)
		w.ue(4).bits(1, 0).ue(39, 29).bits(1, 1).bits(1, 1).bits(1, 1).ue(1, 1, 1, 1)
		return w.bits(1, 1).bits(1, 1).bits(8, 14).bits(3, 0).bits(1, 1).bits(32, 1001).bits(32, 60000).bits(1, 1).bits(4, 0).nal(0x67)
	}
	plain := func(w *bitWriter) { w.ue(0, 0) }
	counted := func(w *bitWriter) { w.ue(1).bits(1, 0).ue(3, 4, 2, 1, 2) }
	for _, tt := range []struct {
		name string
		typ  uint8
		sets []byte
		want string
	}{
		{"main", 0x1b, avcSets, "avc1.4d001e 320x180 4:3 0.040"},
		{"odd size, no timing", 0x1b, cat(avcSPS(130, 70, 0, true), avcPPS(0)), "avc1.4d001e 130x70 4:3 0.000"},
		{"fields", 0x1b, cat(avcSPS(1920, 1080, 3003, false), avcPPS(0)), "avc1.4d001e 1920x1080 4:3 0.033"},
		{"a thousand hours a frame", 0x1b, cat(avcSPS(64, 64, 1<<31, true), avcPPS(0)), "avc1.4d001e 64x64 4:3 0.000"},
		{"monochrome", 0x1b, cat(high(0, plain), avcPPS(0)), "avc1.f40028 638x478 4:3 0.033"},
		{"4:2:0, scaling lists", 0x1b, cat(high(1, plain), avcPPS(0)), "avc1.f40028 636x476 4:3 0.033"},
		{"4:2:2, order of type 1", 0x1b, cat(high(2, counted), avcPPS(0)), "avc1.f40028 636x478 4:3 0.033"},
		{"4:4:4, order of type 2", 0x1b, cat(high(3, func(w *bitWriter) { w.ue(2) }), avcPPS(0)), "avc1.f40028 638x478 4:3 0.033"},
		{"HEVC", 0x24, hevcSets, "hvc1.1.6.L93.90 322x182 4:3 0.040"},
		{"HEVC by registration", 0x06, hevcSets, "hvc1.1.6.L93.90 322x182 4:3 0.040"},
		{"no picture is left", 0x1b, cat(new(bitWriter).bits(8, 66).bits(8, 0).bits(8, 30).ue(0, 0, 0, 0, 1).bits(1, 0).ue(0, 0).bits(1, 1).bits(1, 1).bits(1, 1).ue(4, 4, 0, 0).bits(1, 0).nal(0x67), avcPPS(0)), "BadParameters:1"},
		{"too large", 0x1b, cat(new(bitWriter).bits(8, 66).bits(8, 0).bits(8, 30).ue(0, 0, 0, 0, 1).bits(1, 0).ue(9000, 0).bits(1, 1).bits(1, 1).bits(1, 0).bits(1, 0).nal(0x67), avcPPS(0)), "BadParameters:1"},
		{"endless number", 0x1b, cat([]byte{0, 0, 0, 1, 0x67, 66, 0, 30, 0, 0, 3, 0, 0, 3, 0, 0, 3, 0, 0x80}, avcPPS(0)), "BadParameters:1"},
		{"empty", 0x1b, cat([]byte{0, 0, 0, 1, 0x67}, avcPPS(0)), "BadParameters:1"},
		{"HEVC, empty", 0x24, []byte{0, 0, 0, 1, 33 << 1, 1}, "BadParameters:1"},
		{"too long", 0x1b, cat(avcSPS(64, 64, 0, true), []byte{0, 0, 1, 0x68}, []byte(strings.Repeat("x", 70<<10))), "BadParameters:1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var m muxer
			s := stream{tt.typ, videoPID, nil}
			if tt.typ == 0x06 {
				s.descs = desc(5, "HEVC")
			}
			m.tables(s)
			slice := avcSlice(5, 0, 0, 40)
			if tt.typ != 0x1b {
				slice = hevcNAL(19, true, 0, 40)
			}
			m.video(0, untimed, cat(tt.sets, slice))
			r, p, err := parse(m.b)
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprintf("%+v", p.Stats())
			if len(r.Inits) > 0 {
				track := r.Inits[0].Tracks[0]
				c := track.Config
				got = fmt.Sprintf("%s %dx%d %d:%d %.3f", c.CodecString, c.Width, c.Height, c.SARNum, c.SARDen, track.FrameDuration)
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestSounds lists audio frames with what is read from their headers.
func TestSounds(t *testing.T) {
	sized := func(n int, head ...byte) []byte { return append(head, make([]byte, n-len(head))...) }
	asc := func(version uint32, config func(w *bitWriter)) []byte {
		w := new(bitWriter).bits(1, 0).bits(1, version)
		if version == 1 {
			w.bits(1, 0).bits(2, 1).bits(16, 500)
		}
		w.bits(1, 1).bits(6, 0).bits(4, 0).bits(3, 0)
		if version == 1 {
			w.bits(2, 0).bits(8, 30)
		}
		config(w)
		for range 20 {
			w.bits(8, 0)
		}
		return append([]byte{0x56, 0xe0, byte(len(w.b))}, w.b...)
	}
	opus := func(channels string) stream {
		return stream{0x06, soundPID, cat(desc(5, "Opus"), desc(0x7f, "\x80"+channels))}
	}
	opusOf := func(b ...byte) []byte { return cat([]byte{0x7f, 0xe0, byte(len(b))}, b) }
	mpeg, dolby, loas, aac := stream{0x04, soundPID, nil}, stream{0x81, soundPID, nil}, stream{0x11, soundPID, nil}, stream{0x0f, soundPID, nil}
	for _, tt := range []struct {
		name  string
		s     stream
		frame []byte
		want  string // codec, rate, channels, samples of a frame, bytes of a frame
	}{
		{"MPEG-1 layer I", mpeg, sized(384, 0xff, 0xff, 0xc4, 0), "mp1 48000 Hz 2 ch 384 samples 384 bytes"},
		{"MPEG-1 layer II", mpeg, mp2Frame(0), "mp2 48000 Hz 1 ch 1152 samples 96 bytes"},
		{"MPEG-1 layer III, padded", mpeg, sized(418, 0xff, 0xfb, 0x92, 0x40), "mp3 44100 Hz 2 ch 1152 samples 418 bytes"},
		{"MPEG-2 layer I", mpeg, sized(64, 0xff, 0xf7, 0x14, 0), "mp1 24000 Hz 2 ch 384 samples 64 bytes"},
		{"MPEG-2 layer II", mpeg, sized(48, 0xff, 0xf5, 0x14, 0), "mp2 24000 Hz 2 ch 1152 samples 48 bytes"},
		{"MPEG-2.5 layer III", mpeg, sized(72, 0xff, 0xe3, 0x18, 0xc0), "mp3 8000 Hz 1 ch 576 samples 72 bytes"},
		{"ADTS with a checksum", aac, sized(50, 0xff, 0xf0, 0x4c, 0x80, 50>>3, 50<<5&0xff|0x1f, 0xfc), "aac 48000 Hz 2 ch 1024 samples 41 bytes"},
		{"ADTS of two blocks", aac, sized(60, 0xff, 0xf1, 0x4c, 0x80, 60>>3, 60<<5&0xff|0x1f, 0xfd), "aac 48000 Hz 2 ch 2048 samples 53 bytes"},
		{"ADTS of two blocks with checksums", aac, sized(60, 0xff, 0xf0, 0x4c, 0x80, 60>>3, 60<<5&0xff|0x1f, 0xfd), "aac 48000 Hz 2 ch 2048 samples 60 bytes"},
		{"ADTS of eight channels", aac, adtsFrame(3, 7, 0, 30), "aac 48000 Hz 8 ch 1024 samples 30 bytes"},
		{"ADTS of unknown channels", aac, adtsFrame(3, 0, 0, 30), "aac 48000 Hz 0 ch 1024 samples 37 bytes"},
		{"AC-3, 44.1 kHz", dolby, sized(140, 0x0b, 0x77, 0, 0, 1<<6|1, 8<<3, 2<<5), "ac3 44100 Hz 2 ch 1536 samples 140 bytes"},
		{"AC-3, 32 kHz, half rate", dolby, sized(192, 0x0b, 0x77, 0, 0, 2<<6, 9<<3, 1<<5), "ac3 16000 Hz 1 ch 1536 samples 192 bytes"},
		{"AC-3, 3/2 with the low channel", dolby, ac3Frame(7, 0), "ac3 48000 Hz 6 ch 1536 samples 128 bytes"},
		{"E-AC-3, one block", dolby, sized(64, 0x0b, 0x77, 0, 31, 7<<1|1, 16<<3, 0), "eac3 48000 Hz 6 ch 256 samples 64 bytes"},
		{"E-AC-3, half rate", dolby, sized(64, 0x0b, 0x77, 0, 31, 3<<6|1<<4|1<<1, 16<<3, 0), "eac3 22050 Hz 1 ch 1536 samples 64 bytes"},
		{"LOAS", loas, latmFrame(true, 0, 40), "aac_latm 48000 Hz 2 ch 1024 samples 47 bytes"},
		{"LOAS, short frames, rate in full", loas, asc(0, func(w *bitWriter) { w.bits(5, 2).bits(4, 15).bits(24, 12345).bits(4, 1).bits(3, 4) }), "aac_latm 12345 Hz 1 ch 960 samples 30 bytes"},
		{"LOAS, HE-AAC", loas, asc(0, func(w *bitWriter) { w.bits(5, 5).bits(4, 6).bits(4, 2).bits(4, 3).bits(5, 2).bits(3, 0) }), "aac_latm 48000 Hz 2 ch 2048 samples 29 bytes"},
		{"LOAS, HE-AAC v2, version 1", loas, asc(1, func(w *bitWriter) { w.bits(5, 29).bits(4, 6).bits(4, 1).bits(4, 3).bits(5, 2).bits(3, 0) }), "aac_latm 48000 Hz 2 ch 2048 samples 32 bytes"},
		{"Opus, mono, three frames of 2.5 ms", opus("\x01"), opusOf(28<<3|3, 3, 0, 0), "opus 48000 Hz 1 ch 360 samples 4 bytes"},
		{"Opus, two mono, 60 ms", opus("\x00"), opusOf(3<<3, 0, 0), "opus 48000 Hz 2 ch 2880 samples 3 bytes"},
		{"Opus, 5.1, two of 20 ms hybrid", opus("\x06"), opusOf(15<<3|1, 0, 0), "opus 48000 Hz 6 ch 1920 samples 3 bytes"},
		{"Opus, no channels described", stream{0x06, soundPID, desc(5, "Opus")}, opusOf(31<<3, 0, 0), "opus 48000 Hz 2 ch 960 samples 3 bytes"},
		{"Opus with an extension", opus("\x02"), []byte{0x7f, 0xe4, 3, 2, 9, 9, 31 << 3, 0, 0}, "opus 48000 Hz 2 ch 960 samples 3 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var m muxer
			m.tables(tt.s)
			m.packets(soundPID, pesPacket(streamIDP, true, 0, untimed, cat(tt.frame, tt.frame, tt.frame)))
			r, p, err := parse(m.b)
			if err != nil {
				t.Fatal(err)
			}
			frames := r.Frames[soundPID]
			if len(frames) != 3 || p.Stats() != (mp2t.Stats{}) {
				t.Fatalf("%d frames, %+v", len(frames), p.Stats())
			}
			c := frames[0].Config
			got := fmt.Sprintf("%s %d Hz %d ch %.0f samples %d bytes", c.Codec, c.SampleRate, c.Channels, float64(frames[0].Duration)*float64(c.SampleRate), len(frames[0].Data))
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if want := 2 * frames[0].Duration; frames[2].PTS.Sub(0)-want > 1e-9 || want-frames[2].PTS.Sub(0) > 1e-9 {
				t.Errorf("the third frame is at %v, want %v", frames[2].PTS, want)
			}
		})
	}
}

// TestNoSound lists bytes that look like headers of audio frames and are none.
func TestNoSound(t *testing.T) {
	for _, tt := range []struct {
		name  string
		typ   uint8
		descs []byte
		b     []byte
	}{
		{"MPEG, free bit rate", 0x03, nil, []byte{0xff, 0xfb, 0x00, 0}},
		{"MPEG, reserved bit rate", 0x03, nil, []byte{0xff, 0xfb, 0xf0, 0}},
		{"MPEG, reserved rate", 0x03, nil, []byte{0xff, 0xfb, 0x9c, 0}},
		{"MPEG, reserved layer", 0x03, nil, []byte{0xff, 0xf9, 0x90, 0}},
		{"MPEG, reserved version", 0x03, nil, []byte{0xff, 0xeb, 0x90, 0}},
		{"ADTS, reserved rate", 0x0f, nil, []byte{0xff, 0xf1, 0x78, 0x80, 4, 0x1f, 0xfc}},
		{"AC-3, reserved rate", 0x81, nil, []byte{0x0b, 0x77, 0, 0, 0xc0, 8 << 3, 0}},
		{"AC-3, reserved size", 0x81, nil, []byte{0x0b, 0x77, 0, 0, 0x3f, 8 << 3, 0}},
		{"AC-3, later version", 0x81, nil, []byte{0x0b, 0x77, 0, 0, 0, 17 << 3, 0}},
		{"E-AC-3, reserved kind", 0x87, nil, []byte{0x0b, 0x77, 0xc0, 31, 0, 16 << 3, 0}},
		{"E-AC-3, reserved half rate", 0x87, nil, []byte{0x0b, 0x77, 0, 31, 0xf0, 16 << 3, 0}},
		{"E-AC-3, shorter than its header", 0x87, nil, []byte{0x0b, 0x77, 0, 1, 0, 16 << 3, 0}},
		{"LOAS, other sync word", 0x11, nil, append([]byte{0x57, 0xe0, 30}, make([]byte, 40)...)},
		{"LOAS, no configuration yet", 0x11, nil, latmFrame(false, 0, 40)},
		{"LOAS, reserved version", 0x11, nil, append([]byte{0x56, 0xe0, 30, 0x60}, make([]byte, 40)...)},
		{"LOAS, two programs", 0x11, nil, append([]byte{0x56, 0xe0, 30, 0x20, 0x10}, make([]byte, 40)...)},
		{"Opus, 121 ms", 0x06, desc(5, "Opus"), []byte{0x7f, 0xe0, 3, 31<<3 | 3, 7, 0}},
		{"Opus, empty", 0x06, desc(5, "Opus"), []byte{0x7f, 0xe0, 0, 31 << 3, 0, 0}},
		{"Opus, endless", 0x06, desc(5, "Opus"), cat([]byte{0x7f, 0xe0}, []byte(strings.Repeat("\xff", 300)))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var m muxer
			m.tables(stream{tt.typ, soundPID, tt.descs})
			m.packets(soundPID, pesPacket(streamIDP, true, 0, untimed, cat(tt.b, make([]byte, 300))))
			r, p, err := parse(m.b)
			if err != nil || len(r.Frames) > 0 || p.Stats().BadSound == 0 {
				t.Errorf("%d frames, %+v, %v", len(r.Frames[soundPID]), p.Stats(), err)
			}
		})
	}
}

// TestLengths lists distances of decoding times with the lengths that the pictures get.
func TestLengths(t *testing.T) {
	for _, tt := range []struct {
		name  string
		ticks uint32 // of the frame rate in the stream, 0 for none
		dts   []int64
		want  string
	}{
		{"as announced", 3600, []int64{0, 3600, 7200}, "3600 3600 3600"},
		{"irregular", 3600, []int64{0, 3000, 7500}, "3000 4500 3600"},
		{"a gap", 3600, []int64{0, 3600, 3600 + 90001, 97201}, "3600 3600 3600 3600"},
		{"a pause", 3600, []int64{0, 3600, 3600 + 90000, 97200}, "3600 90000 3600 3600"},
		{"back", 3600, []int64{90000, 93600, 0, 3600}, "3600 3600 3600 3600"},
		{"no rate", 0, []int64{0, 3003, 6006}, "3003 3003 3003"},
		{"no rate, one picture", 0, []int64{0}, "3600"},
		{"slide show", 0, []int64{0, 450000, 900000, 2000000, 2450000}, "450000 450000 450000 450000 450000"},
		{"announced slide show", 180000, []int64{0, 180000, 540000, 540000 + 360001}, "180000 360000 180000 180000"},
		{"too slow for a slide show", 0, []int64{0, 900001}, "3600 3600"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var m muxer
			m.tables(videoOnly)
			sets := cat(avcSPS(64, 64, tt.ticks, true), avcPPS(0))
			for i, dts := range tt.dts {
				m.video(dts+100, dts, cat(avcAUD, sets, avcSlice(5, 0, i, 20)))
			}
			r, _, err := parse(m.b)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range r.Frames[videoPID] {
				got = append(got, fmt.Sprintf("%.0f", f.Duration*90000))
			}
			if g := strings.Join(got, " "); g != tt.want {
				t.Errorf("got %s, want %s", g, tt.want)
			}
		})
	}
}

// TestRandomAccess lists access units with whether decoding can begin at them.
func TestRandomAccess(t *testing.T) {
	oneReference := func() []byte {
		w := new(bitWriter).bits(8, 66).bits(8, 0).bits(8, 30).ue(0, 0, 0, 0, 1).bits(1, 0).ue(3, 3)
		return cat(w.bits(1, 1).bits(1, 1).bits(1, 0).bits(1, 0).nal(0x67), avcPPS(0))
	}()
	inter := func(typ byte) []byte { return fill(new(bitWriter).ue(0, 5, 0).bits(8, 0), 0, 20).nal(typ) }
	for _, tt := range []struct {
		name string
		typ  uint8
		sets []byte
		au   []byte
		want bool
	}{
		{"IDR", 0x1b, avcSets, avcSlice(5, 0, 0, 20), true},
		{"intra", 0x1b, avcSets, avcSlice(1, 0, 0, 20), false},
		{"recovery point", 0x1b, avcSets, cat(recovery(0), avcSlice(1, 0, 0, 20)), true},
		{"gradual recovery", 0x1b, avcSets, cat(recovery(30), inter(0x61)), true},
		{"another message", 0x1b, avcSets, cat(new(bitWriter).bits(8, 5).bits(8, 2).bits(16, 0x0606).nal(6), avcSlice(1, 0, 0, 20)), false},
		{"message cut off", 0x1b, avcSets, cat([]byte{0, 0, 1, 6, 0xff}, avcSlice(1, 0, 0, 20)), false},
		{"intra, one reference picture", 0x1b, oneReference, avcSlice(1, 0, 0, 20), true},
		{"intra that is no reference", 0x1b, oneReference, fill(new(bitWriter).ue(0, 7, 0).bits(8, 0), 0, 20).nal(1), false},
		{"inter, one reference picture", 0x1b, oneReference, inter(0x61), false},
		{"HEVC IDR", 0x24, hevcSets, hevcNAL(19, true, 0, 20), true},
		{"HEVC BLA", 0x24, hevcSets, hevcNAL(16, true, 0, 20), true},
		{"HEVC CRA", 0x24, hevcSets, hevcNAL(21, true, 0, 20), true},
		{"HEVC trailing", 0x24, hevcSets, hevcNAL(1, true, 0, 20), false},
		{"HEVC leading", 0x24, hevcSets, hevcNAL(8, true, 0, 20), false},
		{"HEVC of another layer", 0x24, hevcSets, cat(hevcNAL(1, true, 0, 20), new(bitWriter).bits(16, 0x8055).nal(19<<1, 1<<3|1)), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var m muxer
			m.tables(stream{tt.typ, videoPID, nil})
			first := avcSlice(5, 0, 0, 20)
			if tt.typ == 0x24 {
				first = hevcNAL(19, true, 0, 20)
			}
			m.video(0, untimed, cat(tt.sets, first))
			m.video(3600, untimed, tt.au)
			r, _, err := parse(m.b)
			if err != nil {
				t.Fatal(err)
			}
			if frames := r.Frames[videoPID]; len(frames) != 2 || frames[1].RAP != tt.want {
				t.Errorf("got %+v, want two frames, the second with random access %v", frames, tt.want)
			}
		})
	}
}

// TestSilentTrack lists how long a track without frames is waited for.
func TestSilentTrack(t *testing.T) {
	build := func(seconds int64, scrambled bool) []byte {
		var m muxer
		m.tables(videoOnly, stream{0x0f, soundPID, nil})
		for i := range seconds * 25 {
			m.video(i*frameTicks, untimed, picture(int(i), 20, i%25 == 0))
			if scrambled {
				at := len(m.b)
				m.sound(i*frameTicks, adtsFrame(3, 2, int(i), 40))
				m.b[at+3] |= 0x80
			}
		}
		return m.b
	}
	for _, tt := range []struct {
		name   string
		b      []byte
		inits  int // before Flush
		reason string
	}{
		{"short", build(2, false), 0, "no frame of it was found"},
		{"long", build(5, false), 1, "no frame of it was found"},
		{"scrambled", build(5, true), 1, "its packets are scrambled"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, r := mp2t.New(), &recorder{}
			if err := bytestreamtest.Feed(p, r, tt.b); err != nil {
				t.Fatal(err)
			}
			if len(r.Inits) != tt.inits {
				t.Errorf("%d initialization segments before Flush, want %d", len(r.Inits), tt.inits)
			}
			if err := p.Flush(r); err != nil {
				t.Fatal(err)
			}
			if len(r.Inits) != 1 || r.Inits[0].Tracks[1].Config.Codec != "" || p.Refusal(soundPID) != tt.reason || p.Refusal(videoPID) != "" || p.Refusal(1) != "" {
				t.Errorf("%d initialization segments, refusal %q, want 1, %q", len(r.Inits), p.Refusal(soundPID), tt.reason)
			}
			// What comes too late stays out, so that the tracks remain those of the first initialization segment.
			var late muxer
			late.cc = map[uint16]uint8{soundPID: 5}
			late.sound(0, cat(adtsFrame(3, 2, 0, 40), adtsFrame(3, 2, 1, 40)))
			if err := bytestreamtest.Feed(p, r, late.b); err != nil || len(r.Inits) != 1 || len(r.Frames[soundPID]) != 0 {
				t.Errorf("%d initialization segments, %d frames, %v", len(r.Inits), len(r.Frames[soundPID]), err)
			}
		})
	}
}

// refusing is a handler whose calls fail from the one with number at on.
type refusing struct{ at, n int }

var errRefused = errors.New("refused")

func (r *refusing) call() error {
	if r.n++; r.n > r.at {
		return errRefused
	}
	return nil
}

func (r *refusing) InitSegment(*media.InitSegment) error    { return r.call() }
func (r *refusing) MediaSegmentStart() error                { return r.call() }
func (r *refusing) MediaSegmentEnd() error                  { return r.call() }
func (r *refusing) Fragment([]bytestream.TrackFrames) error { return r.call() }

// TestHandlerErrors proves that an error of any call comes back as it is and sticks.
func TestHandlerErrors(t *testing.T) {
	b := changes()
	for at := range 100 {
		h, p := &refusing{at: at}, mp2t.New()
		err := bytestreamtest.Feed(p, h, b)
		if err == nil {
			err = p.Flush(h)
		}
		if err == nil {
			if at < 10 {
				t.Errorf("%d calls for the whole stream", h.n)
			}
			return
		}
		if err != errRefused || h.n != at+1 {
			t.Fatalf("call %d: %v after %d calls", at, err, h.n)
		}
		if more, err := p.Step(h); more || err != errRefused || h.n != at+1 {
			t.Errorf("call %d: then %v, %v after %d calls", at, more, err, h.n)
		}
	}
	t.Error("the stream does not end")
}
