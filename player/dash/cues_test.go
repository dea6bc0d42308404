package dash_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"testing"

	"mseplayer/player/manifest"
)

// ebml writes an element; its size takes eight bytes.
func ebml(id uint32, parts ...[]byte) []byte {
	var body []byte
	for _, p := range parts {
		body = append(body, p...)
	}
	out := binary.BigEndian.AppendUint32(nil, id)
	for out[0] == 0 {
		out = out[1:]
	}
	return append(binary.BigEndian.AppendUint64(out, 1<<56|uint64(len(body))), body...)
}

func ebmlUint(id uint32, v int) []byte {
	return ebml(id, binary.BigEndian.AppendUint64(nil, uint64(v)))
}

// webmFile has two clusters of 300 bytes at 0 s and 4 s, and its cues before or behind them. It returns where the
// clusters and the cues begin.
func webmFile(behind, cues bool) (file []byte, at, index, indexEnd int) {
	head := ebml(0x1A45DFA3, ebmlUint(0x4286, 1), ebml(0x4282, []byte("webm")))
	info := ebml(0x1549A966, ebmlUint(0x2AD7B1, 1_000_000), ebml(0x4489, binary.BigEndian.AppendUint64(nil, math.Float64bits(9000))))
	tracks := ebml(0x1654AE6B, ebml(0xAE, ebmlUint(0xD7, 1), ebmlUint(0x73C5, 1), ebmlUint(0x83, 1), ebml(0x86, []byte("V_VP9"))))
	build := func(first int) []byte {
		var points []byte
		for i := range 2 {
			points = append(points, ebml(0xBB, ebmlUint(0xB3, 4000*i), ebml(0xB7, ebmlUint(0xF7, 1), ebmlUint(0xF1, first+300*i)))...)
		}
		return ebml(0x1C53BB6B, points)
	}
	seek := func(at int) []byte {
		return ebml(0x114D9B74, ebml(0x4DBB, ebml(0x53AB, []byte{0x1C, 0x53, 0xBB, 0x6B}), ebmlUint(0x53AC, at)))
	}
	clusters := append(ebml(0x1F43B675, make([]byte, 288)), ebml(0x1F43B675, make([]byte, 288))...)
	size, start := len(build(0)), len(seek(0))+len(info)+len(tracks) // from the Segment's first byte
	var body []byte
	switch {
	case !cues:
		body = append(append(append(body, info...), tracks...), clusters...)
	case behind:
		at, index = start, start+len(clusters)
		body = append(append(append(append(append(body, seek(index)...), info...), tracks...), clusters...), build(at)...)
	default:
		at, index = start+size, start
		body = append(append(append(append(append(body, seek(index)...), info...), tracks...), build(at)...), clusters...)
	}
	shift := len(head) + 12
	return append(head, ebml(0x18538067, body)...), shift + at, shift + index, shift + index + size
}

func TestLazy_WebM(t *testing.T) {
	front, at, index, indexEnd := webmFile(false, true)
	back, backAt, backIndex, _ := webmFile(true, true)
	none, _, _, _ := webmFile(false, false)
	ranges := fmt.Sprintf(`indexRange="%d-%d"><Initialization range="0-%d"/`, index, indexEnd-1, index-1)
	clusters := func(at, end int) string {
		return fmt.Sprintf("%d-%d [-1,3) %d-%d [3,8)", at, at+299, at+300, end-1)
	}
	for _, tt := range []struct {
		name, base string
		file       []byte
		want       string
		requests   int
		err        string
	}{
		{"ranges given", ranges, front, fmt.Sprintf("0-%d: ", index-1) + clusters(at, at+600), 1, ""},
		{"found in front", "", front, fmt.Sprintf("0-%d: ", index-1) + clusters(at, at+600), 1, ""},
		{"found behind", "", back, fmt.Sprintf("0-%d: ", backAt-1) + clusters(backAt, backAt+600), 2, ""},
		{"index range without init", fmt.Sprintf(`indexRange="%d-"`, backIndex), back, fmt.Sprintf("0-%d: ", backAt-1) + clusters(backAt, backAt+600), 2, ""},
		{"no cues", "", none, ": 0- [0,10)", 1, ""},
		{"not WebM", "", []byte("hello, this is text"), ": 0- [0,10)", 1, ""},
		{"not WebM, but it should be", `indexRange="5-9"`, []byte("hello, this is text"), "", 2, "not the beginning of WebM"},
		{"wrong index range", `indexRange="5-60"`, front, fmt.Sprintf("0-%d: ", index-1) + clusters(at, at+600), 2, ""},
		{"cut off", ranges, front[:index+20], "", 4, "segment index"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := representation(t, `<Representation mimeType="video/webm" codecs="vp9"><BaseURL>v.webm</BaseURL><SegmentBase timescale="1000" presentationTimeOffset="1000" `+tt.base+`></SegmentBase></Representation>`)
			testLazy(t, r, tt.file, "v.webm", tt.want, tt.requests, tt.err)
		})
	}
	gone := errors.New("GET: 404")
	r := representation(t, `<Representation mimeType="video/webm" codecs="vp9"><SegmentBase/></Representation>`)
	if _, err := r.Lazy.Load(func(manifest.Resource) ([]byte, error) { return nil, gone }); !errors.Is(err, gone) {
		t.Errorf("got %v, want the getter's error", err)
	}
}
