package check

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/mse/mime"
)

// TestJudgeOrder_BeforeDecoding: in transport streams nothing is presented before it is decoded, in ISO BMFF it may be.
func TestJudgeOrder_BeforeDecoding(t *testing.T) {
	for _, c := range []struct {
		name      string
		delay     media.Span
		container mime.Container
		found     int
	}{
		{"late enough", 0.08, mime.MP2T, 0},
		{"at once", 0, mime.MP2T, 0},
		{"too early", -0.04, mime.MP2T, 1},
		{"negative composition offsets", -0.04, mime.ISOBMFF, 0},
	} {
		s := newStream(media.TrackInfo{ID: 1, Kind: media.Video}, frameOf{window: media.Range{Start: 0, End: media.Forever}})
		for i := range 50 {
			dts := media.FromTicks(int64(i), 25)
			s.frame(&media.CodedFrame{PTS: dts.Add(c.delay), DTS: dts, Duration: 0.04, RAP: i%25 == 0}, 0)
		}
		s.closeSegment(segment{url: "v1", number: 1})
		s.settle()
		var fs findings
		s.judgeOrder(&fs, func(code, message string) Finding { return Finding{Code: code, Message: message} }, c.container)
		if len(fs.list) != c.found || c.found > 0 && (fs.list[0].Code != codePTS || fs.list[0].Segment.URL != "v1" || fs.list[0].Evidence["count"] != int64(50)) {
			t.Errorf("%s: %+v", c.name, fs.list)
		}
	}
}

// elst is an initialization segment with one track and these edits of version 1: media time and rate.
func elst(list ...[2]int64) []byte {
	box := func(name string, body []byte) []byte {
		return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), name...), body...)
	}
	b := binary.BigEndian.AppendUint32([]byte{1, 0, 0, 0}, uint32(len(list)))
	for _, e := range list {
		b = binary.BigEndian.AppendUint64(b, 0)
		b = binary.BigEndian.AppendUint64(b, uint64(e[0]))
		b = binary.BigEndian.AppendUint32(b, uint32(e[1]<<16))
	}
	return append(box("ftyp", []byte("iso6")), box("moov", append(box("mvhd", nil), box("trak", box("edts", box("elst", b)))...))...)
}

func TestReadEdits(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []byte
		want []edits
	}{
		{"none", elst()[:20], nil},
		{"one", elst([2]int64{1024, 1}), []edits{{shown: 1}}},
		{"a delay and one", elst([2]int64{-1, 1}, [2]int64{0, 1}), []edits{{shown: 1}}},
		{"two", elst([2]int64{0, 1}, [2]int64{5000, 1}), []edits{{shown: 2}}},
		{"a pause within", elst([2]int64{0, 1}, [2]int64{-1, 1}), []edits{{shown: 1, cuts: true}}},
		{"twice as fast", elst([2]int64{0, 2}), []edits{{shown: 1, other: true}}},
		{"cut off", elst([2]int64{0, 1})[:40], nil},
	} {
		if got := readEdits(c.in); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// FuzzReadEdits looks for bytes that end the program.
func FuzzReadEdits(f *testing.F) {
	f.Add(elst([2]int64{0, 1}, [2]int64{-1, 1}))
	f.Add([]byte{0, 0, 0, 8, 'm', 'o', 'o', 'v'})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, e := range readEdits(b) {
			if e.shown > maxEdits {
				t.Errorf("%d edits", e.shown)
			}
		}
	})
}

// TestLeast compares with what follows from the definition, tried for every beginning and end.
func TestLeast(t *testing.T) {
	sizes := []int64{1000, 5000, 200, 9000, 9000, 100, 100, 4000}
	var list []placed
	for i, n := range sizes {
		at := media.Time(2 * i)
		list = append(list, placed{segment: &segment{index: i, bytes: n}, at: media.Range{Start: at, End: at + 2}})
	}
	const buffer, frame = 1.5, 0.04
	want, where := 0.0, 0
	for j := range list {
		sum := 0.0
		for i := j; i < len(list); i++ {
			sum += 8 * float64(list[i].bytes)
			if b := sum / (buffer + float64(list[i].at.End.Sub(list[j].at.Start)) - frame); b > want {
				want, where = b, i
			}
		}
	}
	if got, at := least(list, buffer, frame); math.Abs(got-want) > want/1e6 || at != where {
		t.Errorf("%v at %d, want %v at %d", got, at, want, where)
	}
}

func TestHistogram(t *testing.T) {
	h := histogram([]float64{1, 2, 2, 2, 3})
	if h["segments"] != 5 || h["shortest"] != 1.0 || h["longest"] != 3.0 || h["mean"] != 2.0 || !slices.Equal(h["histogram"].([]int), []int{1, 0, 0, 0, 0, 3, 0, 0, 0, 1}) {
		t.Errorf("%v", h)
	}
	if h := histogram([]float64{2, 2}); h["histogram"].([]int)[0] != 2 {
		t.Errorf("all the same: %v", h)
	}
}
