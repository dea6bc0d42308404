package check_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"
	"testing/fstest"

	"mseplayer/mse/msetest"
)

// reference is an entry of a segment index: bytes, ticks of 1/25 s, and the type of the random access point at the start.
type reference struct {
	size, ticks uint32
	sap         byte
}

// sidx is a segment index of track 1 from a time in ticks on.
func sidx(from uint32, list ...reference) []byte {
	b := make([]byte, 4)
	for _, v := range []uint32{1, 25, from, 0, uint32(len(list))} {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	for _, r := range list {
		sap := uint32(0)
		if r.sap > 0 {
			sap = 1<<31 | uint32(r.sap)<<28
		}
		for _, v := range []uint32{r.size, r.ticks, sap} {
			b = binary.BigEndian.AppendUint32(b, v)
		}
	}
	return box("sidx", b)
}

// TestRun_SegmentIndex puts an index into each segment of pictures, and makes one thing in those from the second on wrong.
func TestRun_SegmentIndex(t *testing.T) {
	const bad = "warning segment.sidx-mismatch p0/v/180p #1 @2"
	whole := func(n uint32) []reference { return []reference{{n, 50, 1}} }
	for _, c := range []struct {
		name  string
		index func(i int, from, size uint32, data []byte) []byte
		found string
	}{
		{"right", func(_ int, from, size uint32, _ []byte) []byte { return sidx(from, whole(size)...) }, ""},
		{"two parts", func(_ int, from, size uint32, data []byte) []byte {
			second := uint32(bytes.LastIndex(data, []byte("moof")) - 4)
			return sidx(from, reference{second, 25, 1}, reference{size - second, 25, 1})
		}, ""},
		{"too many bytes", func(_ int, from, size uint32, _ []byte) []byte { return sidx(from, whole(size+1)...) }, bad},
		{"too few bytes", func(_ int, from, size uint32, _ []byte) []byte { return sidx(from, whole(size-100)...) }, bad},
		{"a part that begins in a box", func(_ int, from, size uint32, _ []byte) []byte {
			return sidx(from, reference{500, 25, 1}, reference{size - 500, 25, 1})
		}, bad},
		{"another length", func(_ int, from, size uint32, _ []byte) []byte { return sidx(from, reference{size, 40, 1}) }, bad},
		{"another time", func(i int, from, size uint32, _ []byte) []byte { return sidx(from+10, whole(size)...) }, bad},
		{"times that an edit list moves", func(_ int, from, size uint32, _ []byte) []byte { return sidx(from+2, whole(size)...) }, ""},
		{"a key frame that is none", func(_ int, from, size uint32, data []byte) []byte {
			second := uint32(bytes.LastIndex(data, []byte("moof")) - 4)
			return sidx(from, reference{second, 10, 1}, reference{size - second, 40, 1})
		}, bad},
		{"no word about key frames", func(_ int, from, size uint32, data []byte) []byte {
			second := uint32(bytes.LastIndex(data, []byte("moof")) - 4)
			return sidx(from, reference{second, 10, 0}, reference{size - second, 40, 0})
		}, ""},
		{"an index that is none", func(int, uint32, uint32, []byte) []byte { return box("sidx", []byte{0, 0, 0, 0, 1}) }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := tenSeconds()
			for i, s := range pictures(10).Segments(2, 2) {
				from := uint32(50 * i)
				index := c.index(i, from, uint32(len(s)), s)
				moved := c.name == "times that an edit list moves"
				if i == 0 && !moved { // the first one is right
					index = sidx(0, whole(uint32(len(s)))...)
				}
				files[fmt.Sprint("v", i+1)] = &fstest.MapFile{Data: append(index, s...)}
			}
			want(t, "findings", found(run(t, files)), c.found)
		})
	}
}

// TestRun_IndexOfMoved moves a segment whose index stays: that is one thing wrong, not two.
func TestRun_IndexOfMoved(t *testing.T) {
	files := tenSeconds()
	for i, s := range pictures(10).Segments(2, 1) {
		files[fmt.Sprint("v", i+1)] = &fstest.MapFile{Data: append(sidx(uint32(50*i), reference{uint32(len(s)), 50, 1}), s...)}
	}
	files["v4"].Data = moved(t, files["v4"].Data, -12)
	want(t, "findings", found(run(t, files)), "error timing.overlap p0/v/180p #3 @5.52\ninfo timing.gap p0/v/180p #3 @7.52\ninfo segment.sidx-mismatch p0/v/180p #3 @6")
}

// TestRun_IndexKeys says of parts of a file that they begin with key frames that do not.
func TestRun_IndexKeys(t *testing.T) {
	set := `<AdaptationSet id="v" contentType="video" mimeType="video/mp4"><Representation id="180p" bandwidth="900000" codecs="avc1.640028"><BaseURL>v.mp4</BaseURL><SegmentBase/></Representation></AdaptationSet>`
	b := msetest.Movie(msetest.MovieSpec{Width: 320, Height: 180, Length: 10, FrameRateNum: 25, FrameRateDen: 1, GOP: 30, BFrames: -1, BitsPerSecond: 200_000})
	file := b.File(2)
	got := found(run(t, fstest.MapFS{"m.mpd": {Data: []byte(head + set + tail)}, "v.mp4": {Data: file}}))
	want(t, "findings", got, "warning segment.sidx-mismatch p0/v/180p #1 @2")
	for at := 0; ; { // no word about key frames
		i := bytes.Index(file[at:], []byte{0, 0, 0, 50, 0x90, 0, 0, 0})
		if i < 0 {
			break
		}
		at += i + 4
		file[at] = 0
	}
	want(t, "no word", found(run(t, fstest.MapFS{"m.mpd": {Data: []byte(head + set + tail)}, "v.mp4": {Data: file}})), "")
}
