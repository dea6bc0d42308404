package wav_test

import (
	"encoding/binary"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mseplayer/audio/pcm"
	"mseplayer/audio/wav"
	"mseplayer/mse/media"
	"mseplayer/player/frame"
)

const rateHz = 48000

// recording is what a WAV file holds.
type recording struct {
	tag, channels, bits int
	rateHz              int
	dataBytes           uint32
	samples             []byte
}

// parse reads a WAV file with nothing but the definition of the format.
func parse(t *testing.T, file string) recording {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		t.Fatalf("no WAV file: % x", b[:min(len(b), 16)])
	}
	if n := le.Uint32(b[4:]); n != math.MaxUint32 && int(n) > len(b)-8 {
		t.Errorf("RIFF size %d in a file of %d bytes", n, len(b))
	}
	var r recording
	for p := b[12:]; len(p) >= 8; {
		id, n := string(p[:4]), le.Uint32(p[4:])
		p = p[8:]
		switch id {
		case "fmt ":
			r.tag, r.channels, r.rateHz, r.bits = int(le.Uint16(p)), int(le.Uint16(p[2:])), int(le.Uint32(p[4:])), int(le.Uint16(p[14:]))
			if r.tag == 0xfffe {
				r.tag = int(le.Uint16(p[24:]))
			}
			if want := r.rateHz * r.channels * r.bits / 8; int(le.Uint32(p[8:])) != want || int(le.Uint16(p[12:])) != r.channels*r.bits/8 {
				t.Errorf("byte rate %d and block %d do not fit", le.Uint32(p[8:]), le.Uint16(p[12:]))
			}
		case "data":
			r.dataBytes = n
			r.samples = p[:min(int64(n), int64(len(p)))]
			return r
		}
		p = p[n:]
	}
	t.Fatalf("no data chunk")
	return r
}

// tone is an exact 16-bit value for every frame.
func tone(i int) float32 { return float32(i%60000-30000) / 32768 }

func block(first, frames, channels int) *frame.Audio {
	a := &frame.Audio{Gen: 1, PTS: media.Time(first) / rateHz, Format: frame.AudioFormat{Rate: rateHz, Channels: channels}}
	for i := range frames {
		for range channels {
			a.Samples = append(a.Samples, tone(first+i))
		}
	}
	a.Arm(nil)
	return a
}

// play lets a sink run for two seconds, with sound from half a second on.
func play(t *testing.T, s *wav.Sink, channels int) {
	t.Helper()
	s.Flush(1, 0)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	go func() {
		for n := 0; n < rateHz; n += 960 {
			if err := s.Write(t.Context(), block(n, 960, channels)); err != nil {
				t.Errorf("write: %v", err)
				return
			}
		}
		s.EndOfStream(1)
	}()
	time.Sleep(500 * time.Millisecond)
	s.SetRunning(true)
	time.Sleep(1500 * time.Millisecond)
	synctest.Wait()
}

func TestSink_RecordsWhatIsHeard(t *testing.T) {
	for _, c := range []struct {
		name     string
		float    bool
		channels int
		tag      int
		bits     int
	}{
		{"16 bit stereo", false, 2, 1, 16},
		{"float stereo", true, 2, 3, 32},
		{"16 bit mono", false, 1, 1, 16},
		{"float 5.1", true, 6, 3, 32},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				file := filepath.Join(t.TempDir(), "out.wav")
				var blocks []pcm.Played
				o := wav.Options{Float: c.float}
				o.Format = frame.AudioFormat{Rate: rateHz, Channels: c.channels}
				o.Dump = func(p pcm.Played) { blocks = append(blocks, p) }
				s, err := wav.Create(file, o)
				if err != nil {
					t.Fatal(err)
				}
				play(t, s, c.channels)
				first, epoch := s.Stats().FirstSound, s.Epoch()
				if got := s.Stats().Device; got != "wav:"+file {
					t.Errorf("device %q", got)
				}
				for range 2 {
					if err := s.Close(); err != nil {
						t.Fatal(err)
					}
				}
				r := parse(t, file)
				if r.tag != c.tag || r.channels != c.channels || r.bits != c.bits || r.rateHz != rateHz || int(r.dataBytes) != len(r.samples) {
					t.Fatalf("header says %+v", r)
				}
				size := c.bits / 8
				at := func(frame int) float32 {
					p := r.samples[frame*c.channels*size:]
					if c.float {
						return math.Float32frombits(binary.LittleEndian.Uint32(p))
					}
					return float32(int16(binary.LittleEndian.Uint16(p))) / 32768
				}
				start := int(math.Round(first.Sub(epoch).Seconds() * rateHz))
				if start < rateHz*48/100 || start > rateHz*54/100 {
					t.Errorf("the sound begins with frame %d, want about half a second in", start)
				}
				for i := range start {
					if at(i) != 0 {
						t.Fatalf("frame %d before the sound is %v", i, at(i))
					}
				}
				for i := 240; i < rateHz; i++ { // after the fade
					if at(start+i) != tone(i) {
						t.Fatalf("frame %d of the sound is %v, want %v", i, at(start+i), tone(i))
					}
				}
				if n := len(r.samples) / size / c.channels; n < 2*rateHz || n > 2*rateHz+3*480 {
					t.Errorf("%d frames, want two seconds", n)
				}
				// the dump tells where in the file each block is
				if len(blocks) != 50 || blocks[0].Index != int64(start) || blocks[49].Index != int64(start+49*960) || blocks[0].PTS != 0 {
					t.Errorf("%d blocks in the dump, the first %+v, want 50 from frame %d on", len(blocks), blocks[0], start)
				}
			})
		})
	}
	if n := frame.Live(); n != 0 {
		t.Errorf("%d blocks were not released", n)
	}
}

// TestSink_Killed looks at the file while it is being recorded.
func TestSink_Killed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "out.wav")
		s, err := wav.Create(file, wav.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		play(t, s, 2)
		r := parse(t, file)
		if n := len(r.samples) / 4; n < rateHz || int(r.dataBytes) != len(r.samples) {
			t.Errorf("%d frames (header: %d bytes) on disk after two seconds, want at least one second", n, r.dataBytes)
		}
	})
}

// pipe makes a sink that records into a pipe.
func pipe(t *testing.T) (*wav.Sink, *os.File) {
	t.Helper()
	pr, pw, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pw.Close()
	s, err := wav.Create("/dev/fd/"+strconv.Itoa(int(pw.Fd())), wav.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s, pr
}

// TestSink_Pipe records into something that cannot be rewritten.
func TestSink_Pipe(t *testing.T) {
	t.Parallel()
	s, pr := pipe(t)
	defer pr.Close()
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	time.Sleep(30 * time.Millisecond)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(pr)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) < 44+4*480 || string(b[:4]) != "RIFF" || binary.LittleEndian.Uint32(b[4:]) != math.MaxUint32 || binary.LittleEndian.Uint32(b[40:]) != math.MaxUint32 {
		t.Errorf("%d bytes that begin % x, want an endless stream", len(b), b[:min(len(b), 44)])
	}
}

// TestSink_Breaks records into a pipe whose reader has gone: the recording ends, the playback goes on.
func TestSink_Breaks(t *testing.T) {
	t.Parallel()
	s, pr := pipe(t)
	pr.Close()
	s.Flush(1, 0)
	s.SetRunning(true)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n := 0; n < rateHz; n += 4800 {
		if err := s.Write(t.Context(), block(n, 4800, 2)); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(s.Stats().Device, "recording ended") {
		t.Errorf("device %q, want it to say that the recording ended", s.Stats().Device)
	}
	for range 2 {
		if err := s.Close(); err == nil || !strings.Contains(err.Error(), "broken pipe") {
			t.Errorf("Close returned %v, want the failure", err)
		}
	}
	if st := s.Stats(); st.SamplesPlayed < rateHz/2 {
		t.Errorf("the playback stopped: %+v", st)
	}
}

// TestSink_Stuck records into a pipe that nobody reads: neither the clock nor Close may wait for it.
func TestSink_Stuck(t *testing.T) {
	t.Parallel()
	s, pr := pipe(t)
	defer pr.Close()
	s.Flush(1, 0)
	s.SetRunning(true)
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n := 0; n < rateHz; n += 4800 {
		if err := s.Write(t.Context(), block(n, 4800, 2)); err != nil {
			t.Fatal(err)
		}
	}
	begin := time.Now()
	if err := s.Close(); err == nil || !strings.Contains(err.Error(), "not done after") {
		t.Errorf("Close returned %v, want that the pipe is stuck", err)
	}
	if d := time.Since(begin); d > 5*time.Second {
		t.Errorf("Close took %v", d)
	}
}

func TestSink_NeverStarted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out.wav")
	s, err := wav.Create(file, wav.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := s.Start(t.Context()); err == nil {
		t.Errorf("started after Close")
	}
	if r := parse(t, file); len(r.samples) != 0 {
		t.Errorf("%d bytes of sound", len(r.samples))
	}
}

func TestCreate_Fails(t *testing.T) {
	if _, err := wav.Create(filepath.Join(t.TempDir(), "no", "such", "directory.wav"), wav.Options{}); err == nil || !strings.Contains(err.Error(), "directory.wav") {
		t.Errorf("error %v, want one that names the file", err)
	}
	if _, err := wav.Create("/dev/full", wav.Options{}); err == nil || !strings.Contains(err.Error(), "no space") {
		t.Errorf("error %v of a full disk, want one that says so", err)
	}
}
