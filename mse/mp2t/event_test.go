package mp2t_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mseplayer/mse/msetest/bytestreamtest"
	"mseplayer/mse/msetest/collection"
)

// The streams of events, and the stream_id of metadata.
const (
	tagPID    = 0x102
	splicePID = 0x103
	streamIDM = 0xbd
)

// tag is an ID3 tag with some bytes behind its header.
func tag(n int) []byte {
	return append([]byte{'I', 'D', '3', 4, 0, 0, 0, byte(n >> 14 & 127), byte(n >> 7 & 127), byte(n & 127)}, make([]byte, n)...)
}

// spliceSection makes a splice_info_section with a command. ANSI/SCTE 35 §9.6.
func spliceSection(encrypted bool, adjustment uint64, command byte, body []byte) []byte {
	var w bitWriter
	flag := uint32(0)
	if encrypted {
		flag = 1
	}
	w.bits(8, 0).bits(1, flag).bits(6, 0).bits(1, uint32(adjustment>>32)).bits(32, uint32(adjustment))
	w.bits(8, 0).bits(12, 0xfff).bits(12, uint32(len(body))).bits(8, uint32(command))
	sec := append([]byte{0xfc, 0, 0}, w.b...)
	sec = append(append(sec, body...), 0, 0)
	be.PutUint16(sec[1:], 0x3000|uint16(len(sec)-3+4))
	return be.AppendUint32(sec, crcMPEG(sec))
}

// spliceTime is a splice_time.
func spliceTime(pts uint64) []byte {
	var w bitWriter
	return w.bits(1, 1).bits(6, 63).bits(1, uint32(pts>>32)).bits(32, uint32(pts)).b
}

// insert is a splice_insert: at once without a time, for a length if that is not 0.
func insert(id uint32, pts, length uint64) []byte {
	var w bitWriter
	w.bits(32, id).bits(1, 0).bits(7, 127).bits(1, 1).bits(1, 1)
	for _, set := range []bool{length > 0, pts == 0} {
		v := uint32(0)
		if set {
			v = 1
		}
		w.bits(1, v)
	}
	w.bits(4, 15)
	b := w.b
	if pts > 0 {
		b = append(b, spliceTime(pts)...)
	}
	if length > 0 {
		var w bitWriter
		b = append(b, w.bits(1, 1).bits(6, 63).bits(1, uint32(length>>32)).bits(32, uint32(length)).b...)
	}
	return append(b, 0, 1, 0, 0) // unique_program_id and avails
}

// events lists the events of the log of a recorder.
func events(r *recorder) (out []string) {
	for line := range strings.Lines(r.Log.String()) {
		if strings.HasPrefix(line, "event") {
			f := strings.Fields(line)
			out = append(out, strings.Join(append(f[1:2:2], f[3:]...), " "))
		}
	}
	return out
}

// TestEvents reads ID3 tags and splices out of transport streams, and passes over what is none.
func TestEvents(t *testing.T) {
	const id3, scte = `"https://aomedia.org/emsg/ID3"`, `"urn:scte:scte35:2013:bin"`
	meta := func(id byte, bounded bool, pts int64, b []byte) func(*muxer) {
		return func(m *muxer) { m.packets(tagPID, pesPacket(id, bounded, pts, untimed, b)) }
	}
	cue := func(encrypted bool, adjustment uint64, command byte, body []byte) func(*muxer) {
		return func(m *muxer) { m.section(splicePID, spliceSection(encrypted, adjustment, command, body)) }
	}
	for _, tt := range []struct {
		name string
		put  []func(*muxer)
		want []string
	}{
		{"a tag", []func(*muxer){meta(streamIDM, true, 180_000, tag(5))}, []string{id3 + " id=0 at=2 dur=0 data=15:"}},
		{"a long tag", []func(*muxer){meta(streamIDM, true, 180_000, tag(1000))}, []string{id3 + " id=0 at=2 dur=0 data=1010:"}},
		{"of unknown length, and another", []func(*muxer){meta(streamIDM, false, 180_000, tag(5)), meta(streamIDM, false, 270_000, tag(5))},
			[]string{id3 + " id=0 at=2 dur=0 data=15:", id3 + " id=0 at=3 dur=0 data=15:"}},
		{"with an invalid stream_id", []func(*muxer){meta(0x0d, true, 180_000, tag(5))}, []string{id3 + " id=0 at=2 dur=0 data=15:"}},
		{"stuffing behind it", []func(*muxer){meta(streamIDM, true, 180_000, append(tag(5), 1, 2, 3))}, []string{id3 + " id=0 at=2 dur=0 data=15:"}},
		{"no time", []func(*muxer){meta(streamIDM, true, untimed, tag(5))}, nil},
		{"no tag", []func(*muxer){meta(streamIDM, true, 180_000, make([]byte, 20))}, nil},
		{"too large", []func(*muxer){meta(streamIDM, false, 180_000, tag(65<<10))}, nil},
		{"a hole", []func(*muxer){func(m *muxer) {
			var other muxer
			other.packets(tagPID, pesPacket(streamIDM, true, 180_000, untimed, tag(1000)))
			m.b = append(append(m.b, other.b[:packetSize]...), other.b[2*packetSize:]...)
		}}, nil},
		{"a splice at a time", []func(*muxer){cue(false, 0, 6, spliceTime(450_000))}, []string{scte + " id=0 at=5 dur=+Inf data=25:"}},
		{"with an adjustment over the rollover", []func(*muxer){cue(false, 1<<33-90_000, 6, spliceTime(450_000))}, []string{scte + " id=0 at=4 dur=+Inf data=25:"}},
		{"a break", []func(*muxer){cue(false, 0, 5, insert(9, 450_000, 2_700_000))}, []string{scte + " id=9 at=5 dur=30 data=40:"}},
		{"a break at once", []func(*muxer){cue(false, 0, 5, insert(9, 0, 0))}, []string{scte + " id=9 at=1 dur=+Inf data=30:"}},
		{"encrypted", []func(*muxer){cue(true, 0, 6, spliceTime(450_000))}, []string{scte + " id=0 at=1 dur=+Inf data=25:"}},
		{"cut off", []func(*muxer){cue(false, 0, 5, []byte{0, 0, 0, 9})}, []string{scte + " id=9 at=1 dur=+Inf data=24:"}},
		{"null command", []func(*muxer){cue(false, 0, 0, nil)}, []string{scte + " id=0 at=1 dur=+Inf data=20:"}},
		{"damaged", []func(*muxer){func(m *muxer) {
			sec := spliceSection(false, 0, 6, spliceTime(450_000))
			sec[15]++
			m.section(splicePID, sec)
		}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var m muxer
			m.tables(stream{0x1b, videoPID, nil}, stream{0x15, tagPID, nil}, stream{0x86, splicePID, desc(5, "CUEI")})
			for i := range int64(20) {
				m.video(90_000+3600*i, untimed, picture(int(i), 50, i == 0))
				if i == 0 {
					for _, put := range tt.put {
						put(&m)
					}
				}
			}
			r, _, err := parse(bytes.Clone(m.b))
			if err != nil {
				t.Fatal(err)
			}
			got := events(r)
			ok := len(got) == len(tt.want)
			for i := range got {
				ok = ok && strings.HasPrefix(got[i], tt.want[i])
			}
			if !ok || len(r.Frames[videoPID]) != 20 {
				t.Errorf("%d frames, got\n%s\nwant\n%s", len(r.Frames[videoPID]), strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
			want, _ := digestOf(bytes.Clone(m.b))
			for _, n := range []int{1, 100, 188} {
				if got, err := digestOf(bytestreamtest.CutUp(m.b, n)...); got != want {
					t.Errorf("in pieces of %d bytes: another result (%v)", n, err)
				}
			}
		})
	}
}

// TestEvents_Files reads the tags of other people's files.
func TestEvents_Files(t *testing.T) {
	dir := collection.Dir(t)
	if dir == "" {
		t.Log("MSEPLAYER_MEDIA is not set: TestEvents has built ones")
		return
	}
	for name, want := range map[string][]string{
		"shaka/id3-metadata.ts": {`"https://aomedia.org/emsg/ID3" id=0 at=90022.999822222 dur=0 data=133:8eeca31b`, `"https://aomedia.org/emsg/ID3" id=0 at=90024.365155556 dur=0 data=90:9631ca08`},
		"vhs/id3.ts":            {`"https://aomedia.org/emsg/ID3" id=0 at=10.000011111 dur=0 data=47:4e400663`},
	} {
		b, err := os.ReadFile(filepath.Join(dir, "content", "ts_ps", name))
		if err != nil {
			t.Fatal(err)
		}
		r, _, err := parse(b)
		if got := events(r); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got\n%s\nwant\n%s\n(%v)", name, strings.Join(got, "\n"), strings.Join(want, "\n"), err)
		}
	}
}
