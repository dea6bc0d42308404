package webm_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/msetest/bytestreamtest"
	"mseplayer/mse/msetest/collection"
	"mseplayer/mse/webm"
)

// FuzzFeed feeds any bytes, cut in up to three places. Nothing may panic or hang, frames may only hold bytes that
// were fed, an error is a format error, memory is bounded, and the cuts make no difference.
func FuzzFeed(f *testing.F) {
	for _, b := range [][]byte{
		small(), protected(), codecs(), live(),
		cat(head(track(1, 2, "A_VORBIS", sound(44100, 1), el(idPrivate, vorbisPrivate()))), clu(0, sb(1, 0, xiph, "\x02\x04\x02", "abcdefgh"), sb(1, 30, ebml, "\x03\x84\xbd\xc1", "abcdefghijkl"), sb(1, 70, fixed, "\x01", "abcd"))),
		cat(head(track(1, 1, "V_MPEG4/ISO/AVC", picture(64, 48))), clu(0, sb(1, 0, key, "I"), sb(1, 120, 0, "P"), sb(1, 40, 0, "b"), bg(blk(1, 80, 0, "c"), el(idBlockDur, 9), el(idReference, 1)))),
	} {
		f.Add(b, uint16(20), uint16(500), uint16(900), false)
		f.Add(b, uint16(1), uint16(2), uint16(3), true)
	}
	f.Fuzz(func(t *testing.T, b []byte, i, j, k uint16, strict bool) {
		opt := webm.Options{Strict: strict}
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
		r, p := &recorder{Quiet: true}, webm.New(opt)
		if bytestreamtest.Feed(p, r, bytes.Clone(b)) == nil && p.Buffered() > len(b) {
			t.Fatalf("%d bytes of %d are held", p.Buffered(), len(b))
		}
		_ = p.Flush(r) // must not panic; what fails is the format's business
		total := 0
		for _, frames := range r.Frames {
			for i := range frames {
				x := &frames[i]
				if x.Config == nil || !x.PTS.IsFinite() || !x.DTS.IsFinite() || !(x.Duration >= 0 && x.TrimFront >= 0 && x.TrimBack >= 0) {
					t.Fatalf("frame %+v", x)
				}
				total += len(x.Data)
			}
		}
		if total > 4096*(len(b)+1) { // zlib inflates by 1032 at most, and a header comes before each frame
			t.Fatalf("frames hold %d bytes, %d were fed", total, len(b))
		}
		h, err := webm.FindIndex(b)
		if err == nil && h.Need > 0 && h.Need <= int64(len(b)) {
			t.Fatalf("FindIndex wants %d of %d bytes", h.Need, len(b))
		}
		x, err := webm.ParseIndex(b, b, 0, int64(len(b)))
		if err != nil && !errors.As(err, &format) {
			t.Fatalf("error %T: %v", err, err)
		}
		for _, ref := range x.References {
			if ref.Size < 0 || ref.Duration < 0 {
				t.Fatalf("reference %+v", ref)
			}
		}
	})
}

// TestOthers feeds everything of the collection that is no WebM, or meant to be broken: in one piece and in small
// ones.
func TestOthers(t *testing.T) {
	dir := collection.Dir(t)
	if dir == "" {
		t.Log("MSEPLAYER_MEDIA is not set: TestBlocks and the corpus of FuzzFeed cover broken streams")
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
			whole, err1 := digestOf(webm.Options{}, bytes.Clone(b))
			if err1 != nil {
				refused++
				if strings.Contains(err1.Error(), "\n") {
					t.Errorf("%s: the error has several lines: %v", path, err1)
				}
			}
			if cut, err2 := digestOf(webm.Options{}, bytestreamtest.CutUp(bytes.Clone(b), 1499)...); cut != whole {
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

// TestCutsOfRealFiles feeds every file of the conformance suite in pieces of several sizes.
func TestCutsOfRealFiles(t *testing.T) {
	dir := collection.Dir(t)
	if dir == "" {
		t.Log("MSEPLAYER_MEDIA is not set: TestEverySplit and TestPortions cut built streams")
		return
	}
	paths, err := filepath.Glob(filepath.Join(dir, "wpt", "*", "*.webm"))
	if err != nil || len(paths) < 20 {
		t.Fatalf("%d files, error %v", len(paths), err)
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want, err := digestOf(webm.Options{Strict: true}, bytes.Clone(b))
		if err != nil {
			t.Errorf("%s: strictly: %v", path, err)
		}
		for _, size := range []int{61, 4097, 64 << 10} {
			if got, _ := digestOf(webm.Options{Strict: true}, bytestreamtest.CutUp(bytes.Clone(b), size)...); got != want {
				t.Errorf("%s: in pieces of %d bytes another result", path, size)
			}
		}
	}
}
