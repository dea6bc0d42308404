package ffmpeg_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/decode"
	"mseplayer/player/ffmpeg"
	"mseplayer/player/file"
	"mseplayer/player/frame"
)

// args returns the arguments of a picture vector.
func args(t testing.TB, name string) string {
	t.Helper()
	for _, c := range pictureVectors {
		if c.name == name {
			return c.args
		}
	}
	t.Fatalf("no vector %s", name)
	return ""
}

// sums decodes frames and returns the checksum of each picture by its time.
func sums(t testing.TB, v decode.VideoDecoder, frames []media.CodedFrame, drain bool) map[media.Time]uint32 {
	t.Helper()
	out := map[media.Time]uint32{}
	emit := func(p *frame.Video) error {
		out[p.PTS] = p.Checksum()
		p.Release()
		return nil
	}
	decodeAll(t, v, frames, drain, emit)
	return out
}

// decodeAll decodes frames one after the other, up to the end of the stream if drain is set.
func decodeAll(t testing.TB, v decode.VideoDecoder, frames []media.CodedFrame, drain bool, emit func(*frame.Video) error) {
	t.Helper()
	for i := range frames {
		if err := v.Decode(&frames[i], emit); err != nil {
			t.Fatal(err)
		}
	}
	if !drain {
		return
	}
	if err := v.Drain(emit); err != nil {
		t.Fatal(err)
	}
}

// TestFlush forgets what was sent before, and decodes on from a key frame, also after draining.
func TestFlush(t *testing.T) {
	for _, name := range []string{"h264.mp4", "hevc.mp4", "vp9.webm", "av1.mp4", "mpeg4.mp4", "mjpeg.mp4"} {
		t.Run(name, func(t *testing.T) {
			frames := codedFrames(t, vector(t, name, args(t, name)), media.Video)
			last := 0
			for i, f := range frames {
				if f.RAP && i < len(frames)-4 {
					last = i
				}
			}
			v, err := ffmpeg.Factory{}.NewVideo(frames[0].Config, decode.Options{Threads: 3})
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			want := sums(t, v, frames, true)
			for round := range 4 {
				v.Flush()
				sums(t, v, frames[:3+round], round%2 == 0)
				v.Flush()
				got := sums(t, v, frames[last:], true)
				for _, f := range frames[last:] {
					if f.PTS < frames[last].PTS {
						continue // leads the key frame and needs what is before it
					}
					if sum, ok := got[f.PTS]; !ok || sum != want[f.PTS] {
						t.Errorf("after Flush the picture at %v is %08x, want %08x", f.PTS, sum, want[f.PTS])
					}
				}
			}
		})
	}
}

// TestUnmarkedEntry begins an H.264 stream at an I picture that neither is an IDR picture nor has a recovery point: what
// is shown from there on comes out whole and is not called corrupt, what leads it does not come out.
func TestUnmarkedEntry(t *testing.T) {
	path := vector(t, "h264-unmarked.mp4", "-f lavfi -i testsrc2=size=160x96:rate=25:duration=2 -c:v libx264 -pix_fmt yuv420p -bf 2 "+
		"-x264-params keyint=10:min-keyint=10:scenecut=0:open-gop=1:b-pyramid=none -bsf:v filter_units=remove_types=6")
	frames := codedFrames(t, path, media.Video)
	entry := slices.IndexFunc(frames, func(f media.CodedFrame) bool { return math.Abs(float64(f.PTS-frames[0].PTS)-0.8) < 0.001 })
	if entry < 0 || frames[entry].RAP {
		t.Fatalf("the I picture at 0.8 s is frame %d", entry)
	}
	whole, err := ffmpeg.Factory{}.NewVideo(frames[0].Config, decode.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	want := sums(t, whole, frames, true)
	marked := &frames[entry]
	marked.RAP = true
	d := &trackDecoder{options: decode.Options{Threads: 2}}
	got := map[media.Time]uint32{}
	d.onVideo = func(v *frame.Video) { got[v.PTS] = v.Checksum() }
	for i := range frames[entry:] {
		if err := d.add(&frames[entry+i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.finish(); err != nil || d.errors != 0 || d.corrupt != 0 {
		t.Fatalf("%v, %d rejected, %d corrupt", err, d.errors, d.corrupt)
	}
	shown := 0
	for _, f := range frames[entry:] {
		sum, ok := got[f.PTS]
		if leads := f.PTS < marked.PTS; ok == leads || !leads && sum != want[f.PTS] {
			t.Errorf("picture at %v, entry at %v: out %v, %08x, want %08x", f.PTS, marked.PTS, ok, sum, want[f.PTS])
		}
		if ok {
			shown++
		}
	}
	if shown != len(got) || shown == 0 {
		t.Errorf("%d pictures, %d of them known", len(got), shown)
	}
}

// TestPicturesOutliveDecoder keeps pictures beyond Close and looks at them.
func TestPicturesOutliveDecoder(t *testing.T) {
	frames := codedFrames(t, vector(t, "h264.mp4", args(t, "h264.mp4")), media.Video)
	v, err := ffmpeg.Factory{}.NewVideo(frames[0].Config, decode.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var kept []*frame.Video
	var want []uint32
	for i := range frames[:20] {
		if err := v.Decode(&frames[i], func(p *frame.Video) error {
			kept, want = append(kept, p), append(want, p.Checksum())
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	v.Close()
	v.Close()
	if len(kept) < 10 {
		t.Fatalf("%d pictures", len(kept))
	}
	for i, p := range kept {
		if p.Checksum() != want[i] {
			t.Errorf("picture %d changed", i)
		}
		p.Release()
	}
}

// TestRelease_Elsewhere gives pictures and sound back from other goroutines while decoding goes on and after Close.
func TestRelease_Elsewhere(t *testing.T) {
	path := vector(t, "av.mkv", picture+" "+tone+" -c:v libx264 -preset fast -bf 2 -c:a aac")
	video, audio := codedFrames(t, path, media.Video), codedFrames(t, path, media.Audio)
	live := frame.Live()
	for _, formats := range []func(frame.PixelFormat) bool{nil, func(frame.PixelFormat) bool { return false }} {
		v, err := ffmpeg.Factory{}.NewVideo(video[0].Config, decode.Options{Threads: 2, Formats: formats})
		if err != nil {
			t.Fatal(err)
		}
		a, err := ffmpeg.Factory{}.NewAudio(audio[0].Config, decode.Options{})
		if err != nil {
			t.Fatal(err)
		}
		pictures, blocks := make(chan *frame.Video, 4), make(chan *frame.Audio, 4)
		var wg sync.WaitGroup
		wg.Go(func() {
			for p := range pictures {
				p.Checksum()
				p.Release()
			}
		})
		wg.Go(func() {
			for b := range blocks {
				b.Samples[0]++
				b.Release()
			}
		})
		for i := range video {
			if err := v.Decode(&video[i], func(p *frame.Video) error { pictures <- p; return nil }); err != nil {
				t.Fatal(err)
			}
			if err := a.Decode(&audio[i], func(b *frame.Audio) error { blocks <- b; return nil }); err != nil {
				t.Fatal(err)
			}
		}
		v.Close()
		a.Close()
		close(pictures)
		close(blocks)
		wg.Wait()
	}
	if n := frame.Live(); n != live {
		t.Errorf("%d left", n-live)
	}
}

// TestEmitError stops decoding, and the decoder can still be flushed and used.
func TestEmitError(t *testing.T) {
	frames := codedFrames(t, vector(t, "h264.mp4", args(t, "h264.mp4")), media.Video)
	v, err := ffmpeg.Factory{}.NewVideo(frames[0].Config, decode.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	stop := errors.New("enough")
	for i := range frames {
		if err = v.Decode(&frames[i], func(p *frame.Video) error { p.Release(); return stop }); err != nil {
			break
		}
	}
	if err != stop {
		t.Fatalf("error %v", err)
	}
	v.Flush()
	if n := len(sums(t, v, frames, true)); n != len(frames) {
		t.Errorf("%d pictures", n)
	}
}

func TestOpen_Refuses(t *testing.T) {
	video := media.DecoderConfig{Kind: media.Video, Codec: media.H264}
	for name, c := range map[string]struct {
		cfg  *media.DecoderConfig
		want string
	}{
		"nil":        {nil, "ffmpeg: no decoder configuration"},
		"unknown":    {&media.DecoderConfig{Kind: media.Video, Codec: "ac4", CodecString: "ac-4"}, "ffmpeg: no decoder for ac4 (ac-4) is built in"},
		"nameless":   {&media.DecoderConfig{Kind: media.Video}, "ffmpeg: no decoder for an unknown format is built in"},
		"wrong kind": {&media.DecoderConfig{Kind: media.Audio, Codec: media.AAC}, "ffmpeg: audio configuration given to a video decoder"},
		"size":       {&media.DecoderConfig{Kind: media.Video, Codec: media.H264, Width: 1 << 20}, "ffmpeg: picture size 1048576x0 beyond 32768"},
		"extradata":  {&media.DecoderConfig{Kind: media.Video, Codec: media.H264, Extradata: make([]byte, 17<<20)}, "ffmpeg: decoder configuration of 17825792 bytes, more than 16777216"},
		"bad avcC":   {&media.DecoderConfig{Kind: media.Video, Codec: media.HEVC, Extradata: []byte{1, 0, 0, 0, 1, 2}}, ""},
	} {
		_, err := ffmpeg.Factory{}.NewVideo(c.cfg, decode.Options{})
		if c.want != "" && (err == nil || err.Error() != c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
		if strings.Contains(errString(err), "\n") {
			t.Errorf("%s: error of several lines: %v", name, err)
		}
	}
	if _, err := (ffmpeg.Factory{}).NewAudio(&video, decode.Options{}); err == nil {
		t.Error("a video configuration opened a sound decoder")
	}
	f := ffmpeg.Factory{}
	for _, id := range []media.CodecID{media.H264, media.HEVC, media.VP8, media.VP9, media.AV1, media.AAC, media.MP3, media.Opus, media.Vorbis, media.FLAC, "mpeg4", "mjpeg", "pcm_s16le"} {
		if !f.Supports(id) {
			t.Errorf("no decoder for %s", id)
		}
	}
	if f.Supports("nonsense") || f.Supports("") {
		t.Error("a decoder for nonsense")
	}
}

func errString(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestEncryptedAndEmpty rejects a frame that nobody decrypted and passes over one without data.
func TestEncryptedAndEmpty(t *testing.T) {
	frames := codedFrames(t, vector(t, "h264.mp4", args(t, "h264.mp4")), media.Video)
	v, err := ffmpeg.Factory{}.NewVideo(frames[0].Config, decode.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	emit := func(p *frame.Video) error { p.Release(); return nil }
	f := frames[0]
	f.PTS, f.Crypt = 42, &media.Crypt{Scheme: "cenc"}
	var pe *decode.PacketError
	if err := v.Decode(&f, emit); !errors.As(err, &pe) || pe.PTS != 42 || !strings.Contains(err.Error(), "encrypted") {
		t.Errorf("error %v", err)
	}
	f.Crypt, f.Data = nil, nil
	if err := v.Decode(&f, emit); err != nil {
		t.Errorf("empty frame: %v", err)
	}
	if n := len(sums(t, v, frames, true)); n != len(frames) {
		t.Errorf("%d pictures", n)
	}
}

// TestDamage flips bits in coded frames and cuts them: decoding goes on, says what is damaged, and never gives more
// pictures than there were frames.
func TestDamage(t *testing.T) {
	for _, name := range []string{"h264.mp4", "h264-10.mp4", "hevc.mp4", "vp8.webm", "vp9.webm", "av1.mp4", "mpeg4.mp4", "mpeg2.mpg", "mjpeg.mp4"} {
		t.Run(name, func(t *testing.T) {
			frames := codedFrames(t, vector(t, name, args(t, name)), media.Video)
			noticed := 0
			for seed := range uint64(6) {
				r := rand.New(rand.NewPCG(seed, 2))
				d := &trackDecoder{options: decode.Options{Threads: 1 + int(seed%3)}}
				for i := range frames {
					f := frames[i]
					if i > 0 && r.IntN(4) == 0 {
						f.Data = bytes.Clone(f.Data)
						if r.IntN(3) == 0 {
							f.Data = f.Data[:r.IntN(len(f.Data))]
						}
						for k := 0; k < 8 && len(f.Data) > 0; k++ {
							f.Data[r.IntN(len(f.Data))] ^= 1 << r.IntN(8)
						}
					}
					if err := d.add(&f); err != nil {
						t.Fatalf("seed %d, frame %d: %v", seed, i, err)
					}
				}
				if err := d.finish(); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				noticed += d.errors + d.corrupt + len(frames) - d.pictures
				// A damaged header may split one frame in two, no more.
				if d.pictures > len(frames)+5 {
					t.Errorf("seed %d: %d pictures of %d frames", seed, d.pictures, len(frames))
				}
			}
			if noticed == 0 {
				t.Error("nothing was noticed")
			}
		})
	}
}

// TestDamage_Flags sets Corrupt for H.264 with flipped payload.
func TestDamage_Flags(t *testing.T) {
	frames := codedFrames(t, vector(t, "h264.mp4", args(t, "h264.mp4")), media.Video)
	d := &trackDecoder{options: decode.Options{Threads: 1}}
	for i := range frames {
		f := frames[i]
		if i%5 == 2 {
			f.Data = bytes.Clone(f.Data)
			for k := len(f.Data) / 2; k < len(f.Data); k += 3 {
				f.Data[k] ^= 0x55
			}
		}
		if err := d.add(&f); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.finish(); err != nil || d.corrupt == 0 {
		t.Errorf("%v, %d corrupt pictures, %d rejected", err, d.corrupt, d.errors)
	}
}

// TestDamage_Sound does the same with sound.
func TestDamage_Sound(t *testing.T) {
	for name, a := range map[string]string{"aac.mp4": "-c:a aac -ar 48000", "mp3.mp3": "-c:a libmp3lame -ar 48000", "opus.ogg": "-c:a libopus -ar 48000",
		"vorbis.ogg": "-c:a libvorbis -ar 48000", "flac.mkv": "-c:a flac -ar 48000", "ac3.mp4": "-c:a ac3 -ar 48000"} {
		frames := codedFrames(t, vector(t, name, noise+" "+a), media.Audio)
		for seed := range uint64(5) {
			r := rand.New(rand.NewPCG(seed, 3))
			d := &trackDecoder{}
			for i := range frames {
				f := frames[i]
				if r.IntN(4) == 0 {
					f.Data = bytes.Clone(f.Data[:1+r.IntN(len(f.Data))])
					for range 4 {
						f.Data[r.IntN(len(f.Data))] ^= 1 << r.IntN(8)
					}
				}
				if err := d.add(&f); err != nil {
					t.Fatalf("%s, seed %d, frame %d: %v", name, seed, i, err)
				}
			}
			if err := d.finish(); err != nil {
				t.Fatalf("%s, seed %d: %v", name, seed, err)
			}
		}
	}
}

// TestDamage_Files opens and reads files with flipped bytes and cut files: an error or an end, nothing else.
func TestDamage_Files(t *testing.T) {
	paths := []string{vector(t, "aac.mp4", noise+" -c:a aac -ar 48000"), vector(t, "mp3.mp3", noise+" -c:a libmp3lame -ar 48000"),
		vector(t, "opus.ogg", noise+" -c:a libopus -ar 48000"), vector(t, "16.flac", noise+" -c:a flac"), vector(t, "s16.wav", noise+" -c:a pcm_s16le")}
	for _, name := range []string{"h264.mp4", "h264.mkv", "h264.ts", "h264.h264", "mpeg4.avi", "mpeg2.mpg", "vp9.webm"} {
		paths = append(paths, vector(t, name, args(t, name)))
	}
	for _, path := range paths {
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for seed := range uint64(12) {
			r := rand.New(rand.NewPCG(seed, 4))
			b := bytes.Clone(whole)
			if seed%3 == 0 {
				b = b[:r.IntN(len(b))]
			}
			for range 1 + r.IntN(30) {
				if len(b) > 0 {
					b[r.IntN(len(b))] = byte(r.Uint32())
				}
				if len(b) > 2000 { // headers matter most
					b[r.IntN(2000)] ^= 1 << r.IntN(8)
				}
			}
			s, err := file.Open(context.Background(), file.Input{R: bytes.NewReader(b), Size: int64(len(b)), Name: path}, ffmpeg.Factory{})
			if err != nil {
				if strings.Contains(err.Error(), "\n") {
					t.Errorf("error of several lines: %v", err)
				}
				continue
			}
			for range 500 {
				if _, err = s.Next(context.Background()); errors.Is(err, io.EOF) {
					break
				}
			}
			if !errors.Is(err, io.EOF) {
				t.Errorf("%s, seed %d: reading does not end: %v", path, seed, err)
			}
			if _, err := s.Seek(context.Background(), 1); err == nil {
				if _, err := s.Next(context.Background()); err != nil && strings.Contains(err.Error(), "\n") {
					t.Errorf("error of several lines: %v", err)
				}
			}
			s.Close()
		}
	}
}

// residentBytes is the memory of the process as the kernel counts it.
func residentBytes(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(b))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// TestLeak opens, decodes, flushes and closes 200 times: every picture comes back and memory stays flat.
func TestLeak(t *testing.T) {
	path := vector(t, "av.mkv", picture+" "+tone+" -c:v libx264 -preset fast -bf 2 -c:a aac")
	live := frame.Live()
	cycle := func(i int) {
		s, err := openFile(path)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		byID := map[uint32]*trackDecoder{}
		for _, tr := range s.Tracks() {
			d := &trackDecoder{options: decode.Options{Threads: 2}}
			if i%3 == 0 {
				d.options.Formats = func(frame.PixelFormat) bool { return false }
			}
			byID[tr.ID] = d
		}
		n := 0
		stop := errors.New("stop")
		if err := s.frames(func(id uint32, f *media.CodedFrame) error {
			if n++; n == 40+i%40 {
				return stop
			}
			if n%25 == 24 {
				if v := byID[id].video; v != nil {
					v.Flush()
				}
				if a := byID[id].audio; a != nil {
					a.Flush()
				}
			}
			return byID[id].add(f)
		}); err != stop {
			t.Fatal(err)
		}
		for _, d := range byID {
			d.close()
		}
		r, err := ffmpeg.Factory{}.NewResampler(frame.AudioFormat{Rate: 44100, Channels: 6}, frame.AudioFormat{Rate: 48000, Channels: 2})
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
	}
	for i := range 40 { // until pools and allocators have what they want
		cycle(i)
	}
	runtime.GC()
	before := residentBytes(t)
	for i := range 200 {
		cycle(i)
	}
	runtime.GC()
	if grown := residentBytes(t) - before; grown > 24<<20 {
		t.Errorf("memory grew by %d KiB", grown>>10)
	} else {
		t.Logf("memory grew by %d KiB of %d", grown>>10, before>>10)
	}
	if n := frame.Live(); n != live {
		t.Errorf("%d pictures or blocks left", n-live)
	}
}

// TestVersions knows what is linked in.
func TestVersions(t *testing.T) {
	v := ffmpeg.LinkedVersions()
	if !strings.HasPrefix(v.FFmpeg, "7.1") || !strings.Contains(v.License, "LGPL") || !strings.Contains(v.Configuration, "--") {
		t.Errorf("%q, %q, %q", v.FFmpeg, v.License, v.Configuration)
	}
	has := func(list []string, want string) bool {
		for _, s := range list {
			for _, alias := range strings.Split(s, ",") {
				if alias == want {
					return true
				}
			}
		}
		return false
	}
	for _, d := range []string{"h264", "libdav1d", "vp9", "opus"} {
		if !has(v.Decoders, d) {
			t.Errorf("decoder %s is missing", d)
		}
	}
	for _, d := range []string{"mov", "matroska", "mpegts", "mp3", "flac", "ogg", "wav", "avi"} {
		if !has(v.Demuxers, d) {
			t.Errorf("demuxer %s is missing", d)
		}
	}
	for _, id := range v.Codecs {
		if id == media.H264 {
			return
		}
	}
	t.Error("no codec h264")
}

func TestError(t *testing.T) {
	frames := codedFrames(t, vector(t, "ffv1.mkv", args(t, "ffv1.mkv")), media.Video)
	v, err := ffmpeg.Factory{}.NewVideo(frames[0].Config, decode.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	f := frames[0]
	f.Data = f.Data[:3]
	err = v.Decode(&f, func(p *frame.Video) error { p.Release(); return nil })
	var e *ffmpeg.Error
	var pe *decode.PacketError
	if !errors.As(err, &pe) || !errors.As(err, &e) || !errors.Is(err, ffmpeg.ErrInvalidData) || pe.PTS != f.PTS {
		t.Fatalf("error %v", err)
	}
	if want := "decode: frame at 0 s: ffmpeg: " + e.Call + ": Invalid data found when processing input"; err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
}
