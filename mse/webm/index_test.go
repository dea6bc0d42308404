package webm_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest/bytestreamtest"
	"mseplayer/mse/msetest/collection"
	"mseplayer/mse/webm"
)

// cue writes a CuePoint.
func cue(time, track, cluster int) []byte {
	return el(idCue, el(idCueTime, time), el(idCuePos, el(idCueTrack, track), el(idCueCluster, cluster)))
}

// indexed writes a file of two Clusters whose Cues come before or behind them, and gives the place of the Cues.
func indexed(behind bool) (file []byte, init, cues, size int) {
	info := cat(el(idInfo, el(idScale, 1_000_000), el(idDuration, 100.0)), el(idTracks, vp8(1, el(idDefault, 40_000_000))))
	one, two := clu(0, sb(1, 0, key, "one")), clu(40, sb(1, 0, key, "two"))
	const seekBytes = 21
	place := func(v int) []byte { return el(idCueCluster, []byte{0, byte(v >> 8), byte(v)}) } // of a length that does not depend on v
	build := func(one, two int) []byte {
		return el(idCues, el(idCue, el(idCueTime, 0), el(idCuePos, el(idCueTrack, 1), place(one))), el(idCue, el(idCueTime, 40), el(idCuePos, el(idCueTrack, 1), place(two))))
	}
	size = len(build(0, 0))
	at := seekBytes + len(info)
	var parts []byte
	if behind {
		parts = cat(one, two, build(at, at+len(one)))
		cues = at + len(one) + len(two)
	} else {
		parts = cat(build(at+size, at+size+len(one)), one, two)
		cues = at
	}
	seek := el(idSeekHead, el(idSeek, el(idSeekID, raw(idCues)), el(idSeekAt, []byte{0, byte(cues >> 8), byte(cues)})))
	if len(seek) != seekBytes {
		panic(len(seek))
	}
	segment := el(idSegment, seek, info, parts)
	head := len(header) + len(segment) - len(seek) - len(info) - len(parts)
	return cat(header, segment), head + at, head + cues, size
}

// TestIndexOfFile finds and reads the index of a built file with as few bytes as possible, and parses each part at the
// place the index names.
func TestIndexOfFile(t *testing.T) {
	for _, behind := range []bool{false, true} {
		file, init, cues, size := indexed(behind)
		var head webm.Head
		var err error
		for n, asked := 8, 0; ; asked++ {
			if head, err = webm.FindIndex(file[:n]); err != nil {
				t.Fatal(err)
			}
			if head.Need == 0 {
				break
			}
			if head.Need <= int64(n) || asked > 10 {
				t.Fatalf("with %d bytes it wants %d", n, head.Need)
			}
			n = int(head.Need)
		}
		want := webm.Head{InitSize: int64(init), IndexOffset: int64(cues), IndexSize: int64(size)}
		if behind {
			want.IndexSize = 0
		}
		if head != want {
			t.Errorf("behind %v: got %+v, want %+v", behind, head, want)
		}
		x, err := webm.ParseIndex(file[:head.InitSize], file[head.IndexOffset:], head.IndexOffset, int64(len(file)))
		if err != nil {
			t.Fatal(err)
		}
		if len(x.References) != 2 || x.ReferenceID != 1 || x.Timescale != 1000 {
			t.Fatalf("behind %v: got %+v, want 2 references of track 1", behind, x)
		}
		p, r := webm.New(webm.Options{Strict: true}), &recorder{Quiet: true}
		if err := bytestreamtest.Feed(p, r, file[:head.InitSize]); err != nil {
			t.Fatal(err)
		}
		for i, ref := range x.References {
			if err := bytestreamtest.Feed(p, r, file[ref.Offset:ref.Offset+ref.Size]); err != nil {
				t.Fatalf("reference %d: %v", i, err)
			}
			if r.Ends != i+1 || len(r.Frames[1]) != i+1 || r.Frames[1][i].PTS != ref.Start {
				t.Errorf("behind %v: reference %d: %+v, %d segments, %d frames", behind, i, ref, r.Ends, len(r.Frames[1]))
			}
		}
		last := x.References[1]
		end := len(file)
		if behind {
			end = cues
		}
		if last.Offset+last.Size != int64(end) || last.Start != 0.04 || ms(float64(last.Duration)) != 60 || last.DurationTicks != 60 || x.References[0].Duration != 0.04 {
			t.Errorf("behind %v: the references are %+v, the media end at %d", behind, x.References, end)
		}
	}
}

func TestParseIndex(t *testing.T) {
	init := cat(header, endless(idSegment), el(idInfo, el(idScale, 500_000_000))) // Segment data from 28 on, two ticks a second
	const from = 1000
	for _, tt := range []struct {
		name string
		init []byte
		b    []byte
		size int64
		want webm.Index
		err  string
	}{
		{
			name: "several cues a Cluster, another track, an order of its own, no known end",
			b:    cat(el(idVoid, "xx"), el(idCues, cue(6, 1, 5000), cue(0, 1, 2000), cue(1, 1, 2000), cue(3, 2, 3000))),
			want: webm.Index{ReferenceID: 1, Timescale: 2, References: []webm.Reference{
				{Offset: 2028, Size: 3000, Start: 0, Duration: 3, DurationTicks: 6},
				{Offset: 5028, Start: 3, StartTicks: 6},
			}},
		},
		{
			name: "a file of known length", b: el(idCues, cue(0, 3, 2000)), size: 2128,
			want: webm.Index{ReferenceID: 3, Timescale: 2, References: []webm.Reference{{Offset: 2028, Size: 100}}},
		},
		{name: "no cues at all", b: el(idCues), want: webm.Index{Timescale: 2}},
		{name: "none", b: el(idVoid, "x"), err: "stream at byte 1000: no Cues in 3 bytes"},
		{name: "cut off", b: el(idCues, cue(0, 1, 2000))[:12], err: "stream at byte 1000: Cues ends 7 bytes beyond"},
		{name: "no place", b: el(idCues, el(idCue, el(idCuePos))), err: "Segment/Cues/CuePoint/CueTrackPositions at byte 1007: names no track and Cluster of a file"},
		{name: "beyond any timeline", b: el(idCues, cue(1<<62, 1, 0)), err: "Segment/Cues/CuePoint at byte 1005: its time is beyond any timeline"},
		{name: "times that fall", b: el(idCues, cue(9, 1, 2000), cue(3, 1, 3000)), err: "the Cluster at byte 3028 begins before the one in front of it"},
		{name: "beyond the file", b: el(idCues, cue(0, 1, 2000)), size: 2000, err: "the Cluster at byte 2028 lies beyond the end, byte 2000"},
		{name: "no Info", init: header, err: "Segment at byte 16: no Info in 16 bytes"},
		{name: "Info cut off", init: init[:len(init)-1], err: "Segment at byte 28: no Info in 40 bytes"},
		{name: "no WebM", init: []byte("<?xml version"), err: "stream at byte 0: element 0x3C3F78 is not the beginning of WebM"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.init == nil {
				tt.init = init
			}
			got, err := webm.ParseIndex(tt.init, tt.b, from, tt.size)
			if tt.err != "" {
				var f *bytestream.FormatError
				if !errors.As(err, &f) || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("got error %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v, %v\nwant %+v", got, err, tt.want)
			}
		})
	}
}

func TestFindIndex(t *testing.T) {
	for _, tt := range []struct {
		name string
		b    []byte
		want webm.Head
		err  string
	}{
		{name: "nothing yet", want: webm.Head{Need: 12}},
		{name: "no index", b: cat(head(vp8(1)), clu(0)), want: webm.Head{InitSize: 79}},
		{name: "index cut off", b: cat(head(vp8(1)), el(idCues, make([]byte, 100)))[:90], want: webm.Head{InitSize: 79, IndexOffset: 79, IndexSize: 105, Need: 184}},
		{name: "index in front of Tracks", b: cat(header, endless(idSegment), el(idCues), el(idInfo), el(idTracks), clu(0)), want: webm.Head{InitSize: 43, IndexOffset: 28, IndexSize: 5}},
		{name: "SeekHead cut off", b: cat(header, endless(idSegment), el(idSeekHead, make([]byte, 100)))[:50], want: webm.Head{Need: 133}},
		{name: "header cut off", b: head(vp8(1))[:53], want: webm.Head{Need: 51 + 12}},
		{name: "no WebM", b: []byte("\x00\x00\x00\x20ftypiso6"), err: "stream at byte 0: 0x00 begins no element ID; is this WebM?"},
		{name: "a huge index", b: cat(head(vp8(1)), raw(idCues), vint(1<<30, 0)), err: "Segment/Cues at byte 79: declares 1073741824 bytes"},
		{name: "a huge SeekHead", b: cat(header, endless(idSegment), raw(idSeekHead), vint(1<<30, 0)), err: "Segment/SeekHead at byte 28: declares 1073741824 bytes"},
		{name: "Tracks of unknown size", b: cat(header, endless(idSegment), endless(idTracks)), err: "Tracks at byte 28: has no size"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := webm.FindIndex(tt.b)
			switch {
			case tt.err != "":
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("got error %v, want %q", err, tt.err)
				}
			case err != nil || got != tt.want:
				t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

// TestIndexOfRealFiles follows the index of every WebM and Matroska file of the collection: each part begins with a
// Cluster, and all parts together hold all frames, the first of each at the time that the index names. Where a
// manifest says where the index lies, it lies there.
func TestIndexOfRealFiles(t *testing.T) {
	dir := collection.Dir(t)
	if dir == "" {
		t.Log("MSEPLAYER_MEDIA is not set: TestIndexOfFile does the same with built files")
		return
	}
	declared := regexp.MustCompile(`(?s)<BaseURL>([^<]*\.webm)</BaseURL>\s*<SegmentBase indexRange="(\d+)-(\d+)"[^>]*>\s*<Initialization range="0-(\d+)"`)
	ranges := map[string][]string{}
	var paths []string
	err := filepath.WalkDir(filepath.Join(dir, "content"), func(path string, d fs.DirEntry, err error) error {
		switch filepath.Ext(path) {
		case ".webm", ".mkv", ".mka":
			paths = append(paths, path)
		case ".mpd":
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, m := range declared.FindAllStringSubmatch(string(b), -1) {
				ranges[filepath.Join(filepath.Dir(path), m[1])] = m[2:]
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	files, parts, named := 0, 0, 0
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		head, err := webm.FindIndex(b)
		if err != nil || head.Need > 0 || head.IndexOffset == 0 || head.IndexOffset >= int64(len(b)) || head.InitSize == 0 {
			continue
		}
		if m := ranges[path]; m != nil {
			from, _ := strconv.ParseInt(m[0], 10, 64)
			to, _ := strconv.ParseInt(m[1], 10, 64)
			init, _ := strconv.ParseInt(m[2], 10, 64)
			if want := (webm.Head{InitSize: init + 1, IndexOffset: from, IndexSize: to + 1 - from}); head != want {
				t.Errorf("%s: got %+v, the manifest says %+v", path, head, want)
			}
			named++
		}
		x, err := webm.ParseIndex(b[:head.InitSize], b[head.IndexOffset:], head.IndexOffset, int64(len(b)))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if len(x.References) == 0 {
			continue
		}
		files++
		whole, _ := parse(webm.Options{}, b)
		p, r := webm.New(webm.Options{}), &recorder{Quiet: true}
		if err := bytestreamtest.Feed(p, r, b[:head.InitSize]); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for i, ref := range x.References {
			parts++
			n := len(r.Frames[x.ReferenceID])
			if err := bytestreamtest.Feed(p, r, b[ref.Offset:ref.Offset+ref.Size]); err != nil {
				t.Fatalf("%s: reference %d: %v", path, i, err)
			}
			frames := r.Frames[x.ReferenceID][n:]
			if len(frames) == 0 || !holds(frames, ref.Start) {
				t.Errorf("%s: reference %d is to begin at %v", path, i, ref.Start)
			}
		}
		if err := p.Flush(r); err != nil {
			t.Error(err)
		}
		got, want := len(r.Frames[x.ReferenceID]), len(whole.Frames[x.ReferenceID])
		if got != want {
			t.Errorf("%s: %d frames of track %d by the index, %d in the file", path, got, x.ReferenceID, want)
		}
	}
	t.Logf("%d files with %d parts, %d of them named by a manifest", files, parts, named)
	if files < 30 || named < 4 {
		t.Errorf("only %d files with an index, %d named by a manifest", files, named)
	}
}

// holds reports whether one of the frames is a random access point at that time, CodecDelay aside.
func holds(frames []media.CodedFrame, at media.Time) bool {
	const longestDelay = 0.3
	for i := range frames {
		if d := at.Sub(frames[i].PTS); frames[i].RAP && d >= -1e-9 && d < longestDelay {
			return true
		}
	}
	return false
}
