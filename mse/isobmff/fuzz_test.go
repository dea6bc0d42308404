package isobmff_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/isobmff"
	"mseplayer/mse/msetest/bytestreamtest"
	"mseplayer/mse/msetest/collection"
)

// FuzzFeed feeds any bytes, cut in up to three places. Nothing may panic or hang, frames may only hold bytes that
// were fed, an error is a format error, memory is bounded, and the cuts make no difference.
func FuzzFeed(f *testing.F) {
	for _, b := range [][]byte{
		cat(head(), simple(0)),
		cat(head(), emsg0("a", "1", 1, 2, 3, "x"), emsg1("b", "", 1, 2, 3, "y"), bx("prft", uint32(0), uint32(1), uint64(1), uint32(2)), simple(9)),
		cat(small().Init(), small().Segment(1, -1, 1, 2)),
		cat(protected().Init(), protected().Segment(1, -1, 1, 1)),
		codecs().Init(),
		cat(ftyp, bx("moov", mvhd(), trak(1, "soun", nil, nil), bx("mvex", trex(1, 1, 2, 0))), simple(0), largeSize(simple(9))),
	} {
		f.Add(b, uint16(20), uint16(500), uint16(900), false)
		f.Add(b, uint16(1), uint16(2), uint16(3), true)
	}
	f.Fuzz(func(t *testing.T, b []byte, i, j, k uint16, strict bool) {
		opt := isobmff.Options{Strict: strict}
		var whole uint64
		var err error
		bytestreamtest.CheckMemory(t, len(b), func() { whole, err = digestOf(opt, bytes.Clone(b)) })
		var format *bytestream.FormatError
		if err != nil && !errors.As(err, &format) {
			t.Fatalf("error %T: %v", err, err)
		}
		if cut, err2 := digestOf(opt, bytestreamtest.Cut(b, i, j, k)...); cut != whole {
			t.Fatalf("cut at %d, %d, %d: another result than in one piece\nwhole: %v\ncut:   %v", i, j, k, err, err2)
		}
		r, p := &recorder{Quiet: true}, isobmff.New(opt)
		if bytestreamtest.Feed(p, r, bytes.Clone(b)) == nil && p.Buffered() > len(b) {
			t.Fatalf("%d bytes of %d are held", p.Buffered(), len(b))
		}
		_ = p.Flush(r) // must not panic; what fails is the handler's or the format's business
		total := 0
		for _, frames := range r.Frames {
			for i := range frames {
				if frames[i].Config == nil {
					t.Fatal("a frame without configuration")
				}
				total += len(frames[i].Data)
			}
		}
		if total > 64*len(b) {
			t.Fatalf("frames hold %d bytes, %d were fed", total, len(b))
		}
		_, _ = isobmff.ParseIndex(b, 0) // must not panic
		if h, err := isobmff.FindIndex(b); err == nil && h.Need > 0 && h.Need <= int64(len(b)) {
			t.Fatalf("FindIndex wants %d of %d bytes", h.Need, len(b))
		}
	})
}

// TestBroken feeds everything of the collection that is meant to be broken, and everything that is no MP4 at all: in
// one piece and in small ones.
func TestBroken(t *testing.T) {
	dir := collection.Dir(t)
	if dir == "" {
		t.Log("MSEPLAYER_MEDIA is not set: TestLayouts and the corpus of FuzzFeed cover broken streams")
		return
	}
	files, refused := 0, 0
	for _, folder := range []string{"broken", "manifests", "webm_mkv", "ts_ps", "codec_mp3", "text", "mp4struct"} {
		err := filepath.WalkDir(filepath.Join(dir, "content", folder), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			files++
			whole, err1 := digestOf(isobmff.Options{}, bytes.Clone(b))
			if err1 != nil {
				refused++
				if strings.Contains(err1.Error(), "\n") {
					t.Errorf("%s: the error has several lines: %v", path, err1)
				}
			}
			var pieces [][]byte
			for rest := b; len(rest) > 0; {
				n := min(1499, len(rest))
				pieces, rest = append(pieces, bytes.Clone(rest[:n])), rest[n:]
			}
			if cut, err2 := digestOf(isobmff.Options{}, pieces...); cut != whole {
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

// TestWPT parses the media of the conformance suite strictly: what its manifest files say is fragmented has frames,
// what is not fragmented is refused as such.
func TestWPT(t *testing.T) {
	dir := collection.Dir(t)
	if dir == "" {
		t.Log("MSEPLAYER_MEDIA is not set: TestGolden parses built media strictly")
		return
	}
	wpt := filepath.Join(dir, "wpt")
	n := map[string]int{}
	for _, row := range collection.Table(t, filepath.Join(wpt, "media-manifest.tsv")) {
		path := row["path"]
		if filepath.Ext(path) != ".mp4" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(wpt, path))
		if err != nil {
			t.Error(err)
			continue
		}
		if init, ok := strings.CutSuffix(path, "-media.mp4"); ok {
			head, err := os.ReadFile(filepath.Join(wpt, init+"-init.mp4"))
			if err != nil {
				t.Error(err)
				continue
			}
			b = append(head, b...)
		}
		r, err := parse(isobmff.Options{Strict: true}, b)
		fragmented := bytes.Contains(b, []byte("moof"))
		switch {
		case errors.Is(err, isobmff.ErrNotFragmented) && !fragmented:
			n["not fragmented"]++
		case err != nil:
			t.Errorf("%s: %v", path, err)
		case fragmented && len(r.Frames) == 0:
			t.Errorf("%s: no frames", path)
		default:
			n["parsed"]++
		}
	}
	t.Log(n)
	if n["parsed"] < 15 {
		t.Errorf("only %d files parsed", n["parsed"])
	}
}
