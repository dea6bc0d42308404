package mp2t_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/mp2t"
	"mseplayer/mse/msetest/bytestreamtest"
	"mseplayer/mse/msetest/collection"
)

var videoOnly = stream{0x1b, videoPID, nil}

// TestErrors lists streams that cannot be taken, with the error.
func TestErrors(t *testing.T) {
	packets := func(n int, packet []byte) []byte {
		b := make([]byte, packetSize)
		copy(b, packet)
		return bytes.Repeat(b, n)
	}
	mapped := func(streams ...stream) []byte {
		var m muxer
		m.tables(streams...)
		return m.b
	}
	truncated := func(at int, v byte) []byte {
		sec := pmtSection(0, 1, stream{0x1b, videoPID, desc(5, "HDMV")})
		sec = sec[:len(sec)-4]
		sec[at] = v
		var m muxer
		m.section(0, patSection(0, 1, mapPID))
		m.section(mapPID, seal(sec))
		return m.b
	}
	for _, tt := range []struct {
		name string
		b    []byte
		want string
	}{
		{"zeros", make([]byte, 70<<10), "stream at byte 65536: no packets of a transport stream follow within 65536 bytes; is this MPEG-2 TS?"},
		{"text", bytes.Repeat([]byte("GET / HTTP/1.1\r\n\r\n"), 5<<10), "stream at byte 65536: no packets of a transport stream follow within 65536 bytes; is this MPEG-2 TS?"},
		{"garbage inside", cat(mapped(videoOnly), make([]byte, 70<<10)), "stream at byte 65912: no packets of a transport stream follow within 65536 bytes; is this MPEG-2 TS?"},
		{"no tables", packets(23000, []byte{0x47, 0x1f, 0xff, 0x10}), "stream at byte 4194468: no program with tracks in 4194304 bytes"},
		{"no map", cat(mapped(videoOnly)[:packetSize], packets(23000, []byte{0x47, 0x1f, 0xff, 0x10})), "stream at byte 4194468: no program with tracks in 4194304 bytes"},
		{"no tracks", cat(mapped(stream{0x86, 0x300, nil}), packets(23000, []byte{0x47, 0x1f, 0xff, 0x10})), "stream at byte 4194468: no program with tracks in 4194304 bytes"},
		{"program descriptors", truncated(11, 0xff), "PMT at byte 188: has program descriptors beyond its end"},
		{"stream descriptors", truncated(16, 0xff), "PMT at byte 188: has stream descriptors beyond its end"},
		{"too many streams", mapped(func() (s []stream) {
			for i := range uint16(65) {
				s = append(s, stream{0x0f, 0x200 + i, nil})
			}
			return s
		}()...), "PMT at byte 376: lists too many streams"},
		{"PID twice", mapped(videoOnly, stream{0x0f, videoPID, nil}), "PMT at byte 188: a stream has the PID 256, which is taken"},
		{"PID of the map", mapped(stream{0x0f, mapPID, nil}), "PMT at byte 188: a stream has the PID 4096, which is taken"},
		{"endless frame", func() []byte {
			var m muxer
			m.tables(videoOnly)
			m.video(0, untimed, picture(0, 20, true))
			m.video(3600, untimed, picture(1, 20, false))
			for i := range 95000 {
				m.b = append(m.b, 0x47, videoPID>>8, videoPID&0xff, 0x10|byte(i+2)&15)
				m.b = append(m.b, bytes.Repeat([]byte{0xaa}, payloadMax)...)
			}
			return m.b
		}(), "PID 256 at byte 17142592: more than 16777216 bytes belong to one frame"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, p, err := parse(tt.b)
			var format *bytestream.FormatError
			if !errors.As(err, &format) || err.Error() != tt.want {
				t.Fatalf("got  %v\nwant %s", err, tt.want)
			}
			if more, again := p.Step(&recorder{}); more || again != err {
				t.Errorf("the next Step gives %v, %v", more, again)
			}
			if err := p.Flush(&recorder{}); err != nil {
				t.Errorf("Flush after the error gives %v", err)
			}
			p.Reset()
			if err := bytestreamtest.Feed(p, &recorder{}, short()); err != nil {
				t.Errorf("after Reset: %v", err)
			}
		})
	}
}

// TestDamage lists damaged streams of which the rest is taken, with what is left and what is counted.
func TestDamage(t *testing.T) {
	// Nine pictures in one packet each, behind the tables.
	build := func(change func(i int, packet []byte) []byte) []byte {
		var m muxer
		m.tables(videoOnly)
		for i := range int64(9) {
			m.video(i*frameTicks, untimed, picture(int(i), 20, i == 0))
		}
		var out []byte
		for i := range len(m.b) / packetSize {
			out = append(out, change(i, bytes.Clone(m.b[i*packetSize:(i+1)*packetSize]))...)
		}
		return out
	}
	at := func(n int, change func(packet []byte) []byte) []byte {
		return build(func(i int, packet []byte) []byte {
			if i == n {
				return change(packet)
			}
			return packet
		})
	}
	sound := func(parts ...[]byte) []byte {
		var m muxer
		m.tables(stream{0x0f, soundPID, nil})
		m.sound(0, cat(parts...))
		return m.b
	}
	frame := func(i int) []byte { return adtsFrame(3, 2, i, 40) }
	for _, tt := range []struct {
		name   string
		b      []byte
		frames int
		stats  mp2t.Stats
	}{
		{"nothing", build(func(_ int, p []byte) []byte { return p }), 9, mp2t.Stats{}},
		{"duplicate", at(5, func(p []byte) []byte { return cat(p, p) }), 9, mp2t.Stats{}},
		{"three times", at(5, func(p []byte) []byte { return cat(p, p, p) }), 9, mp2t.Stats{LostPackets: 1, DamagedFrames: 1}},
		{"lost", at(5, func([]byte) []byte { return nil }), 7, mp2t.Stats{LostPackets: 1, DamagedFrames: 1}},
		{"marked as broken", at(5, func(p []byte) []byte { p[1] |= 0x80; return p }), 7, mp2t.Stats{LostPackets: 1, DamagedFrames: 1, BrokenPackets: 1}},
		{"lost behind tables", at(5, func([]byte) []byte { var m muxer; m.tables(videoOnly); return m.b }), 8, mp2t.Stats{}},
		{"jump that is announced", at(5, func(p []byte) []byte { p[3], p[5] = p[3]&0xf0|9, 0x80; return p }), 8, mp2t.Stats{LostPackets: 1, DamagedFrames: 1}},
		{"jump without a packet", at(5, func(p []byte) []byte { p[3], p[4], p[5] = 0x20, 183, 0x80; return p }), 8, mp2t.Stats{}},
		{"jump inside of a picture", func() []byte {
			var m muxer
			m.tables(videoOnly)
			m.video(0, untimed, picture(0, 20, true))
			m.video(3600, untimed, picture(1, 150, false))
			m.b[len(m.b)-packetSize+3] ^= 8
			m.b[len(m.b)-packetSize+5] = 0x80
			m.cc[videoPID] ^= 8
			m.video(7200, untimed, picture(2, 20, false))
			return m.b
		}(), 2, mp2t.Stats{DamagedFrames: 1}},
		{"scrambled", at(5, func(p []byte) []byte { p[3] |= 0xc0; return p }), 8, mp2t.Stats{Scrambled: 1}},
		{"scrambled PES packet", at(5, func(p []byte) []byte { p[bytes.Index(p, []byte{0, 0, 1, streamIDV})+6] |= 0x30; return p }), 8, mp2t.Stats{Scrambled: 1}},
		{"garbage", at(5, func(p []byte) []byte { return cat([]byte("some bytes"), p) }), 9, mp2t.Stats{Resyncs: 1, Garbage: 10}},
		{"a byte less", at(5, func(p []byte) []byte { return p[:packetSize-1] }), 7, mp2t.Stats{Resyncs: 1, Garbage: 187, LostPackets: 1, DamagedFrames: 1}},
		{"map with a wrong checksum", at(1, func(p []byte) []byte { q := bytes.Clone(p); q[10] ^= 1; q[3] = 0x1f; return cat(q, p) }), 9, mp2t.Stats{BadSections: 1}},
		{"map of another program", at(1, func(p []byte) []byte {
			var m muxer
			m.section(mapPID, pmtSection(0, 2, stream{0x24, videoPID, nil}))
			return cat(m.b, p)
		}), 9, mp2t.Stats{}},
		{"map for later", at(1, func(p []byte) []byte {
			sec := pmtSection(0, 1, stream{0x24, videoPID, nil})
			sec = sec[:len(sec)-4]
			sec[5] &^= 1
			var m muxer
			m.section(mapPID, seal(sec))
			return cat(m.b, p)
		}), 9, mp2t.Stats{}},
		{"pointer beyond the packet", at(1, func(p []byte) []byte { q := bytes.Clone(p); q[4] = 0xff; return cat(q, p) }), 9, mp2t.Stats{BadSections: 1}},
		{"no PES packet", at(5, func(p []byte) []byte { p[bytes.Index(p, []byte{0, 0, 1, streamIDV})+2] = 2; return p }), 8, mp2t.Stats{BadPES: 1}},
		{"PES of another kind", at(5, func(p []byte) []byte { p[bytes.Index(p, []byte{0, 0, 1, streamIDV})+3] = 0xbf; return p }), 8, mp2t.Stats{BadPES: 1}},
		{"no key picture", at(2, func([]byte) []byte { return nil }), 0, mp2t.Stats{NoConfig: 8}},
		{"parameters cut off", func() []byte {
			var m muxer
			m.tables(videoOnly)
			m.video(0, untimed, cat(avcSets[:10], avcSlice(5, 0, 0, 30)))
			m.video(3600, untimed, picture(1, 30, true))
			return m.b
		}(), 1, mp2t.Stats{BadParameters: 1, NoConfig: 1}},
		{"sound", sound(frame(1), frame(2), frame(3)), 3, mp2t.Stats{}},
		{"sound with garbage", sound([]byte("abc"), frame(1), []byte{0xff, 0xf1, 0x4c, 0x80, 0, 0x9f, 0xfc}, frame(2), frame(3), frame(4)), 3, mp2t.Stats{BadSound: 57}},
		{"sound cut off", sound(frame(1), frame(2), frame(3)[:30]), 2, mp2t.Stats{}},
		{"sound without time", func() []byte {
			var m muxer
			m.tables(stream{0x0f, soundPID, nil})
			m.sound(untimed, cat(frame(1), frame(2)))
			m.sound(1920, cat(frame(3)))
			m.sound(untimed, cat(frame(4)))
			return m.b
		}(), 2, mp2t.Stats{NoTime: 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, p, err := parse(tt.b)
			if err != nil {
				t.Fatal(err)
			}
			if got := len(r.Frames[videoPID]) + len(r.Frames[soundPID]); got != tt.frames || p.Stats() != tt.stats {
				t.Errorf("got  %d frames, %+v\nwant %d frames, %+v", got, p.Stats(), tt.frames, tt.stats)
			}
		})
	}
}

// TestAnyLoss takes each packet in turn out of a stream. What comes out must be frames of the whole stream, intact and at
// their time.
func TestAnyLoss(t *testing.T) {
	b := movie(2, 600)
	whole, _, err := parse(b)
	if err != nil {
		t.Fatal(err)
	}
	key := func(f *media.CodedFrame) string { return fmt.Sprintf("%v %v %x", f.PTS, f.DTS, f.Data) }
	known := map[string]bool{}
	for _, frames := range whole.Frames {
		for i := range frames {
			known[key(&frames[i])] = true
		}
	}
	n := len(b) / packetSize
	for i := range n {
		pid := be.Uint16(b[i*packetSize+1:]) & 0x1fff
		r, p, err := parse(cat(b[:i*packetSize], b[(i+1)*packetSize:]))
		if err != nil {
			t.Fatalf("without packet %d: %v", i, err)
		}
		lost := len(known)
		for _, frames := range r.Frames {
			for k := range frames {
				if lost--; known[key(&frames[k])] {
					continue
				}
				// Nothing tells that the last packet of a picture is missing if nothing of its track follows, or if
				// tables show that another segment begins.
				next := bytes.Index(b[(i+1)*packetSize:], []byte{0, 0, 1, streamIDV})
				tables := next > 0 && bytes.Contains(b[(i+1)*packetSize:(i+1)*packetSize+next], []byte{0x47, 0x40, 0})
				if pid == videoPID && (next < 0 || tables) {
					continue
				}
				t.Errorf("without packet %d of PID %d: a frame at %v that is not in the stream", i, pid, frames[k].PTS)
			}
		}
		if lost > 8 && pid >= videoPID && pid != mapPID && i > 4 {
			t.Errorf("without packet %d of PID %d: %d frames are lost (%+v)", i, pid, lost, p.Stats())
		}
	}
}

// FuzzFeed feeds any bytes, cut in up to three places. Nothing may panic or hang, frames may only hold bytes that were
// fed, an error is a format error, memory is bounded, and the cuts make no difference.
func FuzzFeed(f *testing.F) {
	for _, s := range scenarios {
		f.Add(s.b, uint16(100), uint16(500), uint16(1000))
	}
	f.Add(restride(short(), 4, 0), uint16(1), uint16(2), uint16(3))
	f.Fuzz(func(t *testing.T, b []byte, i, j, k uint16) {
		reseal(b)
		var whole uint64
		var err error
		bytestreamtest.CheckMemory(t, len(b), func() { whole, err = digestOf(bytes.Clone(b)) })
		var format *bytestream.FormatError
		if err != nil && !errors.As(err, &format) {
			t.Fatalf("error %T: %v", err, err)
		}
		if cut, err2 := digestOf(bytestreamtest.Cut(b, i, j, k)...); cut != whole {
			t.Fatalf("cut at %d, %d, %d: another result than in one piece\nwhole: %v\ncut:   %v", i, j, k, err, err2)
		}
		r, p := &recorder{Quiet: true}, mp2t.New()
		if bytestreamtest.Feed(p, r, bytes.Clone(b)) == nil && p.Buffered() > len(b) {
			t.Fatalf("%d bytes of %d are held", p.Buffered(), len(b))
		}
		_ = p.Flush(r) // must not panic
		total := 0
		for _, frames := range r.Frames {
			for i := range frames {
				if frames[i].Config == nil {
					t.Fatal("a frame without configuration")
				}
				if !frames[i].PTS.IsFinite() || !frames[i].DTS.IsFinite() || frames[i].Duration < 0 {
					t.Fatalf("a frame at %v, %v for %v", frames[i].PTS, frames[i].DTS, frames[i].Duration)
				}
				total += len(frames[i].Data)
			}
		}
		if total > len(b) {
			t.Fatalf("frames hold %d bytes, %d were fed", total, len(b))
		}
	})
}

// reseal puts right the checksums of tables in single packets, so that changed ones are read.
func reseal(b []byte) {
	for ; len(b) >= packetSize; b = b[packetSize:] {
		pid := be.Uint16(b[1:]) & 0x1fff
		if b[0] != 0x47 || pid != 0 && pid != mapPID || b[4] != 0 {
			continue
		}
		sec := b[5:packetSize]
		if n := 3 + int(be.Uint16(sec[1:])&0xfff); n >= 12 && n <= len(sec) {
			be.PutUint32(sec[n-4:], crcMPEG(sec[:n-4]))
		}
	}
}

// TestForeign feeds everything of the collection that is meant to be broken or is another format: in one piece and in
// small ones.
func TestForeign(t *testing.T) {
	dir := collection.Dir(t)
	if dir == "" {
		t.Log("MSEPLAYER_MEDIA is not set: TestErrors, TestDamage and the corpus of FuzzFeed cover broken streams")
		return
	}
	files, refused := 0, 0
	for _, folder := range []string{"broken", "manifests", "webm_mkv", "ts_ps", "codec_mp3", "text", "drm"} {
		err := filepath.WalkDir(filepath.Join(dir, "content", folder), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			files++
			whole, err1 := digestOf(bytes.Clone(b))
			if err1 != nil {
				refused++
				if strings.Contains(err1.Error(), "\n") {
					t.Errorf("%s: the error has several lines: %v", path, err1)
				}
			}
			if cut, err2 := digestOf(bytestreamtest.CutUp(b, 1499)...); cut != whole {
				t.Errorf("%s: in pieces another result\nwhole:  %v\npieces: %v", path, err1, err2)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d files, %d refused", files, refused)
}
