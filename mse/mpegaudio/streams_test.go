package mpegaudio_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/mpegaudio"
	"mseplayer/mse/msetest/bytestreamtest"
)

// summary writes what a handler heard: for each initialization segment "codec/rate/channels", for each frame its
// kept samples, with "+n" and "-n" for what is trimmed at the front and back, "!" for what is only decoded.
func summary(r *recorder) string {
	var out []string
	var config *media.DecoderConfig
	samples := func(f *media.CodedFrame, d media.Span) int {
		return int(math.Round(float64(d) * float64(f.Config.SampleRate)))
	}
	for i := range r.Frames[trackID] {
		f := &r.Frames[trackID][i]
		if c := f.Config; c != config {
			config = c
			out = append(out, fmt.Sprintf("%s/%d/%d", c.Codec, c.SampleRate, c.Channels))
		}
		s := fmt.Sprint(samples(f, f.Duration))
		if n := samples(f, f.TrimFront); n > 0 {
			s += fmt.Sprintf("+%d", n)
		}
		if n := samples(f, f.TrimBack); n > 0 {
			s += fmt.Sprintf("-%d", n)
		}
		if f.DecodeOnly {
			s += "!"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

// streams are the streams that tests share, with what the parser makes of them.
var streams = []struct {
	name   string
	format mpegaudio.Format
	b      []byte
	want   string
}{
	{"MPEG-1 layer III", mpegaudio.MPEG, cat(layer3(1), layer3(2), mpegFrame(0xfffb5200, 3), layer3(4)), "mp3/44100/2 1152 1152 1152 1152"},
	{"one frame alone", mpegaudio.MPEG, layer3(1), "mp3/44100/2 1152"},
	{"joint stereo is no other configuration", mpegaudio.MPEG, cat(layer3(1), mpegFrame(0xfffb5040, 2), layer3(3)), "mp3/44100/2 1152 1152 1152"},
	{"a checksum is no other configuration", mpegaudio.MPEG, cat(layer3(1), mpegFrame(0xfffa5000, 2)), "mp3/44100/2 1152 1152"},
	{"MPEG-2 layer III", mpegaudio.MPEG, cat(lsf(1), lsf(2)), "mp3/22050/1 576 576"},
	{"MPEG-2.5 layer III", mpegaudio.MPEG, cat(mpegFrame(0xffe340c0, 1), mpegFrame(0xffe340c0, 2)), "mp3/11025/1 576 576"},
	{"layer II", mpegaudio.MPEG, cat(mpegFrame(0xfffd4400, 1), mpegFrame(0xfffd4400, 2)), "mp2/48000/2 1152 1152"},
	{"MPEG-2 layer II", mpegaudio.MPEG, cat(mpegFrame(0xfff55400, 1), mpegFrame(0xfff55400, 2)), "mp2/24000/2 1152 1152"},
	{"layer I", mpegaudio.MPEG, cat(mpegFrame(0xffff2800, 1), mpegFrame(0xffff2800, 2)), "mp1/32000/2 384 384"},
	{"MPEG-2 layer I", mpegaudio.MPEG, cat(mpegFrame(0xfff728c0, 1), mpegFrame(0xfff728c0, 2)), "mp1/16000/1 384 384"},
	{"channels change", mpegaudio.MPEG, cat(layer3(1), mono(2), mono(3), layer3(4), layer3(5)), "mp3/44100/2 1152 mp3/44100/1 1152 1152 mp3/44100/2 1152 1152"},
	{"rate changes", mpegaudio.MPEG, cat(layer3(1), mpegFrame(0xfffb5400, 2), mpegFrame(0xfffb5400, 3)), "mp3/44100/2 1152 mp3/48000/2 1152 1152"},
	{"a change that nothing follows but the end", mpegaudio.MPEG, cat(layer3(1), mono(2)), "mp3/44100/2 1152 mp3/44100/1 1152"},
	{"a change that a tag follows", mpegaudio.MPEG, cat(layer3(1), mono(2), id3v1()), "mp3/44100/2 1152 mp3/44100/1 1152"},
	{"last frame incomplete", mpegaudio.MPEG, cat(layer3(1), layer3(2)[:207]), "mp3/44100/2 1152"},

	{"tags around", mpegaudio.MPEG, cat(id3(3, 0, fill(300, 1)), layer3(1), id3(4, 0x10, fill(20, 1)), []byte("3DI\x04\x00\x10\x00\x00\x00\x14"), layer3(2), ape(500), id3v1()), "mp3/44100/2 1152 1152"},
	{"old and extended tags", mpegaudio.MPEG, cat(id3(2, 0, fill(10, 1)), layer3(1), append([]byte("TAG+"), fill(223, 1)...), id3v1(), layer3(2), []byte("3DI\x04\x00\x10\x00\x00\x00\x14"), layer3(3)), "mp3/44100/2 1152 1152 1152"},
	{"APE footer", mpegaudio.MPEG, cat(layer3(1), ape(10)[42:], layer3(2)), "mp3/44100/2 1152 1152"},
	{"Icecast", mpegaudio.MPEG, cat([]byte("ICY 200 OK\r\nicy-name: TAG ID3 x\r\n\r\n"), layer3(1), []byte("ICY 200 OK\r\n\r\n"), layer3(2)), "mp3/44100/2 1152 1152"},
	{"tag with what looks like frames", mpegaudio.MPEG, cat(id3(4, 0, layer3(8), layer3(9)), layer3(1)), "mp3/44100/2 1152"},

	{"garbage in front", mpegaudio.MPEG, cat(fill(1000, 1), layer3(1), layer3(2)), "mp3/44100/2 1152 1152"},
	{"garbage between", mpegaudio.MPEG, cat(layer3(1), fill(77, 3), layer3(2), layer3(3)), "mp3/44100/2 1152 1152 1152"},
	{"false headers in garbage", mpegaudio.MPEG, cat([]byte{0, 0xff, 0xfb, 0x50, 0, 0xff}, mono(1)[:100], layer3(2), layer3(3)), "mp3/44100/2 1152 1152"},
	{"false marks in garbage", mpegaudio.MPEG, cat([]byte("xIDx3DxAPETxGEIxICYxTA"), layer3(2), layer3(3)), "mp3/44100/2 1152 1152"},
	{"a frame cut short", mpegaudio.MPEG, cat(layer3(1), layer3(2)[:100], layer3(3), layer3(4), layer3(5)), "mp3/44100/2 1152 1152 1152 1152"},
	{"garbage behind", mpegaudio.MPEG, cat(layer3(1), layer3(2), fill(5000, 1)), "mp3/44100/2 1152 1152"},
	{"free format behind frames is garbage", mpegaudio.MPEG, cat(layer3(1), []byte{0xff, 0xfb, 0, 0}, layer3(2), layer3(3)), "mp3/44100/2 1152 1152 1152"},

	{"Xing without encoder", mpegaudio.MPEG, cat(info(layer3(0), 32, "Xing", 3, "", 0, 0), layer3(1), layer3(2)), "mp3/44100/2 1152 1152"},
	{"Info of LAME", mpegaudio.MPEG, cat(info(layer3(0), 32, "Info", 3, "LAME3.100", 576, 1000), layer3(1), layer3(2), layer3(3), layer3(4)), "mp3/44100/2 47+1105 1152 681-471 1152"},
	{"Info of Lavf, mono", mpegaudio.MPEG, cat(info(mono(0), 17, "Info", 2, "Lavf58.20", 576, 0), mono(1), mono(2)), "mp3/44100/1 47+1105 1152"},
	{"Info without a count", mpegaudio.MPEG, cat(info(layer3(0), 32, "Info", 0, "Lavc", 1, 4095), layer3(1), layer3(2)), "mp3/44100/2 622+530 1152"},
	{"Info, short frames", mpegaudio.MPEG, cat(info(lsf(0), 9, "Xing", 5, "LAME", 576, 529+700), lsf(1), lsf(2), lsf(3), lsf(4), lsf(5)), "mp3/22050/1 0+576! 47+529 576 452-124 0-576!"},
	{"Info, everything padded", mpegaudio.MPEG, cat(info(lsf(0), 9, "Xing", 1, "LAME", 576, 4095), lsf(1), lsf(2)), "mp3/22050/1 0+576! 47+529"},
	{"Info with a checksum", mpegaudio.MPEG, cat(info(mpegFrame(0xfffa5000, 0), 34, "Info", 0, "LAME", 0, 0), layer3(1)), "mp3/44100/2 623+529"},
	{"Info of another encoder", mpegaudio.MPEG, cat(info(layer3(0), 32, "Info", 2, "GOGO", 576, 1000), layer3(1)), "mp3/44100/2 1152"},
	{"two files", mpegaudio.MPEG, cat(info(layer3(0), 32, "Info", 1, "LAME", 0, 529), layer3(1), info(layer3(0), 32, "Info", 1, "LAME", 0, 529), layer3(2)), "mp3/44100/2 623+529 623+529"},
	{"frames too short for a directory", mpegaudio.MPEG, cat(mpegFrame(0xfff31400, 1), mpegFrame(0xfff31400, 2)), "mp3/24000/2 576 576"},
	{"Xing cut short", mpegaudio.MPEG, cat(info(mpegFrame(0xfff31000, 0), 17, "Xing", 0, "", 0, 0), mpegFrame(0xfff31000, 1)), "mp3/22050/2 576"},
	{"Xing, table cut short", mpegaudio.MPEG, cat(append(append(mpegFrame(0xfffb1400, 0)[:36:36], "Xing\x00\x00\x00\x04"...), fill(52, 0)...), mpegFrame(0xfffb1400, 1)), "mp3/48000/2 1152"},
	{"VBRI", mpegaudio.MPEG, cat(append(append(layer3(0)[:36:36], "VBRI"...), layer3(0)[40:]...), layer3(1)), "mp3/44100/2 1152"},
	{"Xing in layer II is payload", mpegaudio.MPEG, cat(info(mpegFrame(0xfffd4400, 0), 32, "Xing", 1, "LAME", 0, 0), mpegFrame(0xfffd4400, 1)), "mp2/48000/2 1152 1152"},

	{"AAC", mpegaudio.ADTS, cat(adts(2, 100, 1), adts(2, 1, 2), adts(2, 8184, 3)), "aac/44100/2 1024 1024 1024"},
	{"AAC, every channel configuration", mpegaudio.ADTS, cat(adts(1, 9, 1), id3(4, 0), adts(6, 9, 2), id3(4, 0), adts(7, 9, 3)), "aac/44100/1 1024 aac/44100/6 1024 aac/44100/8 1024"},
	{"AAC with checksum", mpegaudio.ADTS, cat(adtsFrame(1, 3, 2, 1, true, fill(50, 1)), adtsFrame(1, 3, 2, 1, true, fill(60, 2))), "aac/48000/2 1024 1024"},
	{"AAC, several blocks", mpegaudio.ADTS, cat(adtsFrame(1, 4, 2, 4, false, fill(400, 1)), adts(2, 100, 2)), "aac/44100/2 4096 1024"},
	{"AAC Main", mpegaudio.ADTS, adtsFrame(0, 4, 2, 1, false, fill(40, 1)), "aac/44100/2 1024"},
	{"AAC, channels change", mpegaudio.ADTS, cat(adts(2, 50, 1), adts(1, 40, 2), adts(1, 40, 3), adts(2, 60, 4), adts(2, 60, 5)), "aac/44100/2 1024 aac/44100/1 1024 1024 aac/44100/2 1024 1024"},
	{"AAC, channels in the payload", mpegaudio.ADTS, cat(adtsFrame(1, 4, 0, 1, false, programConfig()), adts(0, 40, 1), adts(0, 41, 1)), "aac/44100/6 1024 1024 1024"},
	{"AAC with a tag and garbage", mpegaudio.ADTS, cat(id3(4, 0, priv(90000)), fill(30, 1), adts(2, 50, 1), adts(2, 50, 2), []byte{0xff}), "aac/44100/2 1024 1024"},

	{"AC-3", mpegaudio.AC3, cat(ac3(0, 8, 7, 1, 1), ac3(0, 8, 7, 1, 2), ac3(0, 8, 7, 1, 3)), "ac3/48000/6 1536 1536 1536"},
	{"AC-3, other rates", mpegaudio.AC3, cat(ac3(1, 8, 2, 0, 1), ac3(1, 8, 2, 0, 2), ac3(2, 9, 1, 0, 3), ac3(2, 9, 1, 0, 4)), "ac3/44100/2 1536 1536 ac3/16000/1 1536 1536"},
	{"E-AC-3", mpegaudio.AC3, cat(eac3(0, 0, 3, 7, 200, 1), eac3(0, 0, 3, 7, 100, 2)), "eac3/48000/6 1536 1536"},
	{"E-AC-3, one block a frame", mpegaudio.AC3, cat(id3(4, 0, priv(1)), eac3(0, 0, 0, 2, 200, 1), eac3(0, 0, 0, 2, 200, 2)), "eac3/48000/3 256 256"},
	{"E-AC-3 with dependent frames", mpegaudio.AC3, cat(eac3(0, 0, 3, 7, 200, 1), eac3(1, 0, 3, 7, 90, 1), eac3(1, 1, 3, 7, 80, 1), eac3(0, 0, 3, 7, 200, 2), eac3(1, 0, 3, 7, 90, 2), eac3(1, 1, 3, 7, 80, 2)), "eac3/48000/6 1536 1536"},
	{"E-AC-3, fewer dependent frames", mpegaudio.AC3, cat(eac3(0, 0, 3, 7, 200, 1), eac3(1, 0, 3, 7, 90, 1), eac3(0, 0, 3, 7, 200, 2), eac3(0, 0, 3, 7, 200, 3), eac3(1, 0, 3, 7, 90, 3)), "eac3/48000/6 1536 1536 1536"},
	{"E-AC-3, second program", mpegaudio.AC3, cat(eac3(0, 0, 3, 7, 200, 1), eac3(0, 1, 3, 2, 90, 1), eac3(0, 0, 3, 7, 200, 2), eac3(0, 1, 3, 2, 90, 2)), "eac3/48000/6 1536 1536"},
	{"E-AC-3 behind a dependent frame", mpegaudio.AC3, cat(eac3(1, 0, 3, 7, 90, 1), eac3(0, 0, 3, 7, 200, 2), eac3(1, 0, 3, 7, 90, 2)), "eac3/48000/6 1536"},
}

func TestStreams(t *testing.T) {
	for _, tt := range streams {
		t.Run(tt.name, func(t *testing.T) {
			r, err := parse(tt.format, bytes.Clone(tt.b))
			if err != nil {
				t.Fatal(err)
			}
			if got := summary(r); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			at := media.Time(0)
			if len(r.Frames[trackID]) > 0 {
				at = r.Frames[trackID][0].PTS
			}
			for i := range r.Frames[trackID] {
				f := &r.Frames[trackID][i]
				if d := f.PTS.Sub(at); math.Abs(float64(d)) > 1e-9 || f.DTS != f.PTS || !f.RAP {
					t.Errorf("frame %d at %s (decoded at %s, key %v), want %s", i, f.PTS, f.DTS, f.RAP, at)
				}
				at = f.End()
			}
		})
	}
}

// TestGolden compares everything that a handler hears about some of the streams with text files. UPDATE=1 writes them.
func TestGolden(t *testing.T) {
	for file, names := range map[string][]string{
		"mpeg": {"MPEG-1 layer III", "MPEG-2.5 layer III", "layer II", "layer I", "rate changes", "Info, short frames"},
		"adts": {"AAC", "AAC with checksum", "AAC, several blocks", "AAC, channels change", "AAC, channels in the payload", "AAC with a tag and garbage"},
		"ac3":  {"AC-3", "AC-3, other rates", "E-AC-3, one block a frame", "E-AC-3 with dependent frames"},
	} {
		t.Run(file, func(t *testing.T) {
			var got strings.Builder
			for _, name := range names {
				for _, s := range streams {
					if s.name != name {
						continue
					}
					r, err := parse(s.format, bytes.Clone(s.b))
					if err != nil {
						t.Fatal(err)
					}
					fmt.Fprintf(&got, "# %s\n%s", name, r.Log.String())
				}
			}
			bytestreamtest.Golden(t, file, got.String())
		})
	}
}

// TestMalformed feeds what violates the format. What is complete before the fault comes out.
func TestMalformed(t *testing.T) {
	const enough = 256<<10 + 1
	for _, tt := range []struct {
		name   string
		format mpegaudio.Format
		b      []byte
		frames int
		want   string
	}{
		{"garbage only", mpegaudio.MPEG, fill(enough, 1), 0, "MPEG audio at byte 0: no frame in 262144 bytes; is this MPEG audio?"},
		{"garbage behind frames", mpegaudio.ADTS, cat(adts(2, 93, 1), adts(2, 93, 2), fill(enough, 1)), 2, "ADTS at byte 200: no frame in 262144 bytes; is this ADTS?"},
		{"garbage behind a tag", mpegaudio.AC3, cat(id3(4, 0, fill(90, 1)), fill(enough, 1)), 0, "AC-3 at byte 100: no frame in 262144 bytes; is this AC-3?"},
		{"false headers only", mpegaudio.MPEG, bytes.Repeat(cat(mono(1)[:50], layer3(1)[:50]), 3000)[50:], 1, "MPEG audio at byte 208: no frame in 262144 bytes; is this MPEG audio?"},
		{"free format", mpegaudio.MPEG, cat(id3(4, 0), []byte{0xff, 0xfb, 0, 0}, fill(500, 1)), 0, "MPEG audio at byte 10: the frame is in free format, which does not tell its size; it is not supported"},
		{"free format behind garbage", mpegaudio.MPEG, cat(fill(5, 1), bytes.Repeat(append([]byte{0xff, 0xfb, 0, 0}, fill(500, 1)...), 600)), 0, "MPEG audio at byte 0: no frame that tells its size in 262144 bytes; free format is not supported"},
		{"endless Icecast header", mpegaudio.MPEG, cat(layer3(1), []byte("ICY "), fill(5000, 1)), 1, "MPEG audio at byte 208: the Icecast header does not end within 4096 bytes"},
		{"AAC without channels", mpegaudio.ADTS, cat(adts(2, 93, 1), id3(4, 0), adts(0, 50, 1)), 1, "ADTS at byte 110: the frame tells its channels neither in the header nor in a program config element"},
		{"AAC, program config cut short", mpegaudio.ADTS, adtsFrame(1, 4, 0, 1, false, programConfig()[:6]), 0, "ADTS at byte 0: the frame tells its channels neither in the header nor in a program config element"},
		{"AAC, blocks with checksums", mpegaudio.ADTS, adtsFrame(1, 4, 2, 3, true, fill(50, 1)), 0, "ADTS at byte 0: the frame has 3 raw data blocks with checksums between them, which is not supported"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, p := &recorder{Quiet: true}, mpegaudio.New(tt.format)
			err := bytestreamtest.Feed(p, r, bytes.Clone(tt.b))
			var format *bytestream.FormatError
			if !errors.As(err, &format) || err.Error() != tt.want {
				t.Fatalf("got  %v\nwant %s", err, tt.want)
			}
			if len(r.Frames[trackID]) != tt.frames {
				t.Errorf("%d frames, want %d", len(r.Frames[trackID]), tt.frames)
			}
			if _, again := p.Step(r); again != err {
				t.Errorf("the next Step gives %v", again)
			}
			if again := p.Flush(r); again != err {
				t.Errorf("Flush gives %v", again)
			}
			p.Reset()
			good := map[mpegaudio.Format][]byte{mpegaudio.MPEG: layer3(1), mpegaudio.ADTS: adts(2, 10, 1), mpegaudio.AC3: ac3(0, 8, 2, 0, 1)}[tt.format]
			if err := bytestreamtest.Feed(p, r, cat(good, good)); err != nil || len(r.Frames[trackID]) != tt.frames+2 {
				t.Errorf("after Reset: %d frames more, error %v; want 2", len(r.Frames[trackID])-tt.frames, err)
			}
		})
	}
}

// TestNotFrames feeds headers that no standard allows: they are passed over.
func TestNotFrames(t *testing.T) {
	for _, tt := range []struct {
		name   string
		format mpegaudio.Format
		head   []byte
	}{
		{"reserved version", mpegaudio.MPEG, []byte{0xff, 0xeb, 0x50, 0}},
		{"reserved layer", mpegaudio.MPEG, []byte{0xff, 0xf9, 0x50, 0}},
		{"bad bit rate", mpegaudio.MPEG, []byte{0xff, 0xfb, 0xf0, 0}},
		{"reserved rate", mpegaudio.MPEG, []byte{0xff, 0xfb, 0x5c, 0}},
		{"reserved AAC rate", mpegaudio.ADTS, []byte{0xff, 0xf1, 0x74, 0x80, 4, 0x1f, 0xfc}},
		{"AAC frame of nothing", mpegaudio.ADTS, []byte{0xff, 0xf1, 0x50, 0x80, 0, 0xff, 0xfc}},
		{"AAC frame within its checksum", mpegaudio.ADTS, []byte{0xff, 0xf0, 0x50, 0x80, 1, 0x3f, 0xfc}},
		{"AAC layer", mpegaudio.ADTS, []byte{0xff, 0xf3, 0x50, 0x80, 4, 0x1f, 0xfc}},
		{"AC-3 rate", mpegaudio.AC3, []byte{0x0b, 0x77, 0, 0, 0xc0, 0x40, 0}},
		{"AC-3 size", mpegaudio.AC3, []byte{0x0b, 0x77, 0, 0, 38, 0x40, 0}},
		{"AC-3 version", mpegaudio.AC3, []byte{0x0b, 0x77, 0, 0, 0, 17 << 3, 0}},
		{"E-AC-3 kind", mpegaudio.AC3, []byte{0x0b, 0x77, 0xc0, 0x40, 0x30, 0x80, 0}},
		{"E-AC-3 rate", mpegaudio.AC3, []byte{0x0b, 0x77, 0, 0x40, 0xf0, 0x80, 0}},
		{"E-AC-3 size", mpegaudio.AC3, []byte{0x0b, 0x77, 0, 1, 0x30, 0x80, 0}},
		{"tag version", mpegaudio.MPEG, []byte("ID3\x05\x00\x00\x00\x00\x00\x00")},
		{"tag revision", mpegaudio.MPEG, []byte("ID3\x04\xff\x00\x00\x00\x00\x00")},
		{"tag size", mpegaudio.MPEG, []byte("ID3\x04\x00\x00\x00\x00\x00\x80")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, p := &recorder{Quiet: true}, mpegaudio.New(tt.format)
			if err := bytestreamtest.Feed(p, r, cat(tt.head, fill(300, 1))); err != nil {
				t.Fatal(err)
			}
			if len(r.Frames[trackID])+len(r.Inits) > 0 || p.Buffered() > 0 || p.State() != bytestream.WaitingForSegment {
				t.Errorf("%d frames, %d initialization segments, %d bytes held, %v; want none and waiting", len(r.Frames[trackID]), len(r.Inits), p.Buffered(), p.State())
			}
		})
	}
}

// TestTimestamps follows the time stamps of packed audio: they move the frames behind them, beyond their 33 bits.
func TestTimestamps(t *testing.T) {
	const wrap = 1 << 33
	frame := media.SpanFromTicks(1024, 44100)
	for _, tt := range []struct {
		name string
		b    []byte
		want []media.Time
	}{
		{"none", cat(adts(2, 9, 1), adts(2, 9, 2)), []media.Time{0, media.Time(frame)}},
		{"a segment", cat(id3(4, 0, priv(900000)), adts(2, 9, 1), adts(2, 9, 2)), []media.Time{10, media.Time(10).Add(frame)}},
		{"zero", cat(id3(4, 0, priv(0)), adts(2, 9, 1)), []media.Time{0}},
		{"version 3", cat(id3(3, 0, id3Frame("TIT2", fill(20, 1)), priv(90000)), adts(2, 9, 1)), []media.Time{1}},
		{"extended header", cat(id3(4, 0x40, []byte{0, 0, 0, 6, 1, 0}, priv(90000)), adts(2, 9, 1)), []media.Time{1}},
		{"extended header of version 3", cat(id3(3, 0x40, []byte{0, 0, 0, 6, 0, 0, 0, 0, 0, 0}, priv(90000)), adts(2, 9, 1)), []media.Time{1}},
		{"upper bits", cat(id3(4, 0, priv(90000|0xfe<<32)), adts(2, 9, 1)), []media.Time{1}},
		{"segments", cat(id3(4, 0, priv(900000)), adts(2, 9, 1), id3(4, 0, priv(1800000)), adts(2, 9, 2)), []media.Time{10, 20}},
		{"wrap", cat(id3(4, 0, priv(wrap-90000)), adts(2, 9, 1), id3(4, 0, priv(90000)), adts(2, 9, 2)), []media.Time{wrap/90000. - 1, wrap/90000. + 1}},
		{"back", cat(id3(4, 0, priv(900000)), adts(2, 9, 1), id3(4, 0, priv(90000)), adts(2, 9, 2)), []media.Time{10, 1}},
		{"other owner", cat(id3(4, 0, id3Frame("PRIV", append([]byte("com.example\x00"), fill(60, 1)...))), adts(2, 9, 1)), []media.Time{0}},
		{"other frame", cat(id3(4, 0, append([]byte("GEOB"), priv(90000)[4:]...)), adts(2, 9, 1)), []media.Time{0}},
		{"stamp too short", cat(id3(4, 0, id3Frame("PRIV", priv(90000)[10:60])), adts(2, 9, 1)), []media.Time{0}},
		{"frame longer than the tag", cat(id3(4, 0, priv(90000)[:40]), adts(2, 9, 1)), []media.Time{0}},
		{"extended header longer than the tag", cat(id3(4, 0x40, []byte{0, 0, 1, 6}), id3(4, 0x40), id3(4, 0, []byte("PRIV\x80\x80\x80\x80\x00\x00")), adts(2, 9, 1)), []media.Time{0}},
		{"old tag", cat(id3(2, 0, priv(90000)), adts(2, 9, 1)), []media.Time{0}},
		{"padding", cat(id3(4, 0, make([]byte, 200)), adts(2, 9, 1)), []media.Time{0}},
		{"large tag", cat(id3(4, 0, priv(90000), fill(300<<10, 1)), adts(2, 9, 1)), []media.Time{1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := parse(mpegaudio.ADTS, bytes.Clone(tt.b))
			if err != nil {
				t.Fatal(err)
			}
			var got []media.Time
			for i := range r.Frames[trackID] {
				got = append(got, r.Frames[trackID][i].PTS)
			}
			if fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// TestEvents: tags between frames are events, unless they hold nothing but the time, and belong to the frame behind them.
func TestEvents(t *testing.T) {
	title, other := id3Frame("TIT2", fill(20, 1)), id3Frame("PRIV", append([]byte("com.example\x00"), fill(9, 1)...))
	first, second := id3(4, 0, priv(900000), title), id3(3, 0, other)
	frame := media.SpanFromTicks(1024, 44100)
	for _, tt := range []struct {
		name string
		b    []byte
		want string
	}{
		{"time only", cat(id3(4, 0, priv(90000)), adts(2, 9, 1)), ""},
		{"nothing", cat(id3(4, 0), id3(4, 0, make([]byte, 30)), adts(2, 9, 1)), ""},
		{"with the time", cat(first, adts(2, 9, 1)), fmt.Sprintf("10 %x", first)},
		{"two at once", cat(first, second, adts(2, 9, 1)), fmt.Sprintf("10 %x 10 %x", first, second)},
		{"between frames", cat(first, adts(2, 9, 1), second, adts(2, 9, 2)), fmt.Sprintf("10 %x %v %x", first, media.Time(10).Add(frame), second)},
		{"at the end", cat(adts(2, 9, 1), second), ""},
		{"old", cat(id3(2, 0, []byte("TT2\x00\x00\x02\x00a")), adts(2, 9, 1)), fmt.Sprintf("0 %x", id3(2, 0, []byte("TT2\x00\x00\x02\x00a")))},
		{"damaged", cat(id3(4, 0, priv(90000), []byte("TIT2\x80\x80\x80\x80\x00\x00")), adts(2, 9, 1)), ""},
		{"too large", cat(id3(4, 0, title, id3Frame("GEOB", fill(70<<10, 1))), adts(2, 9, 1)), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := parse(mpegaudio.ADTS, bytes.Clone(tt.b))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range r.Events {
				got = append(got, fmt.Sprintf("%v %x", e.Time, e.Data))
				if e.Scheme != media.SchemeID3 || e.Kind != media.EventMessage {
					t.Errorf("%+v", e)
				}
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("got %s\nwant %s", s, tt.want)
			}
			bytestreamtest.CheckCuts(t, tt.name, tt.b, func(pieces ...[]byte) (uint64, error) { return digestOf(mpegaudio.ADTS, pieces...) })
		})
	}
}
