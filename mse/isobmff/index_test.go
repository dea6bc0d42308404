package isobmff_test

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/isobmff"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/mse/msetest/bytestreamtest"
	"mseplayer/mse/msetest/collection"
)

// TestIndexOfFile finds and reads the index of a built file with as few bytes as possible, and parses each
// subsegment at the place the index names.
func TestIndexOfFile(t *testing.T) {
	movie := msetest.Movie(msetest.MovieSpec{Width: 64, Height: 48, Length: 4, GOP: 30, BitsPerSecond: 100_000})
	file := movie.File(1.001)
	var head isobmff.Head
	var err error
	for n, asked := 8, 0; ; asked++ {
		if head, err = isobmff.FindIndex(file[:n]); err != nil {
			t.Fatal(err)
		}
		if head.Need == 0 {
			break
		}
		if head.Need <= int64(n) || asked > 5 {
			t.Fatalf("with %d bytes it wants %d", n, head.Need)
		}
		n = int(head.Need)
	}
	if want := int64(len(movie.Init())); head.InitSize != want || head.IndexOffset != want {
		t.Errorf("got %+v, want an initialization segment of %d bytes and the index behind it", head, want)
	}
	x, err := isobmff.ParseIndex(file[head.IndexOffset:head.IndexOffset+head.IndexSize], head.IndexOffset)
	if err != nil {
		t.Fatal(err)
	}
	if len(x.References) != 4 || x.ReferenceID != msetest.MovieVideo || x.Timescale != 30000 {
		t.Fatalf("got %+v, want 4 references of track 1", x)
	}
	p, r := isobmff.New(isobmff.Options{Strict: true}), &recorder{Quiet: true}
	if err := bytestreamtest.Feed(p, r, file[:head.InitSize]); err != nil {
		t.Fatal(err)
	}
	for i, ref := range x.References {
		if err := bytestreamtest.Feed(p, r, file[ref.Offset:ref.Offset+ref.Size]); err != nil {
			t.Fatalf("reference %d: %v", i, err)
		}
		if want := media.Time(float64(30030*i) / 30000); ref.Start != want || !ref.SAP || ref.IsIndex || r.Ends != i+1 {
			t.Errorf("reference %d: %+v, %d segments; want one segment from %v", i, ref, r.Ends, want)
		}
	}
	last := x.References[3]
	if end := last.Offset + last.Size; end != int64(len(file)) {
		t.Errorf("the last reference ends at %d, the file at %d", end, len(file))
	}
}

// sidx writes a segment index of version 1.
func sidx(scale uint32, from, firstOffset uint64, refs ...uint32) []byte {
	return bx("sidx", uint32(1<<24), uint32(1), scale, from, firstOffset, uint16(0), uint16(len(refs)/3), refs)
}

func TestParseIndex(t *testing.T) {
	for _, tt := range []struct {
		name string
		b    []byte
		want isobmff.Index
		err  string
	}{
		{
			name: "a gap, an index of indexes, a late random access point",
			b:    cat(bx("styp", "msdh"), sidx(1000, 1<<40, 50, 1<<31|700, 2000, 0x90000000, 900, 1500, 0x20000010)),
			want: isobmff.Index{ReferenceID: 1, Timescale: 1000, References: []isobmff.Reference{
				{Offset: 5000 + 12 + 64 + 50, Size: 700, Start: 1099511627.776, Duration: 2, StartTicks: 1 << 40, DurationTicks: 2000, SAP: true, SAPType: 1, IsIndex: true},
				{Offset: 5000 + 12 + 64 + 750, Size: 900, Start: 1099511629.776, Duration: 1.5, StartTicks: 1<<40 + 2000, DurationTicks: 1500, SAPType: 2, SAPDelta: 0.016},
			}},
		},
		{name: "none", b: bx("free", "x"), err: "stream at byte 5000: no sidx in 9 bytes"},
		{name: "cut off", b: sidx(1000, 0, 0, 1, 1, 1)[:40], err: "stream at byte 5000: box sidx ends 12 bytes beyond"},
		{name: "no timescale", b: sidx(0, 0, 0), err: "sidx at byte 5000: timescale is 0"},
		{name: "beyond any file", b: sidx(1, 0, 1<<63), err: "sidx at byte 5000: begins beyond any file"},
		{name: "more references than bytes", b: bx("sidx", uint32(0), uint32(1), uint32(1), uint64(0), uint16(0), uint16(9)), err: "sidx at byte 5000: unreadable"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := isobmff.ParseIndex(tt.b, 5000)
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
	large := binary.BigEndian.AppendUint64([]byte("\x00\x00\x00\x01mdat"), 1<<33)
	for _, tt := range []struct {
		name string
		b    []byte
		want isobmff.Head
		err  string
	}{
		{name: "nothing yet", want: isobmff.Head{Need: 16}},
		{name: "no index before the first fragment", b: cat(head(), simple(0)), want: isobmff.Head{InitSize: 1028}},
		{name: "index cut off", b: cat(head(), sidx(1, 0, 0, 1, 1, 1))[:1050], want: isobmff.Head{InitSize: 1028, IndexOffset: 1028, IndexSize: 52, Need: 1080}},
		{name: "moov behind a large mdat", b: cat(ftyp, large), want: isobmff.Head{Need: 20 + 1<<33 + 16}},
		{name: "64-bit size cut off", b: cat(ftyp, large[:10]), want: isobmff.Head{Need: 20 + 16}},
		{name: "a box to the end", b: cat(head(), []byte("\x00\x00\x00\x00mdat")), want: isobmff.Head{InitSize: 1028}},
		{name: "no MP4", b: []byte("<?xml version"), err: "is not the type of an ISO BMFF box"},
		{name: "a size of nothing", b: []byte("\x00\x00\x00\x04free"), err: "free at byte 0: declares a size that no box has"},
		{name: "a huge moov", b: []byte("\x70\x00\x00\x00moov"), err: "moov at byte 0: declares 1879048192 bytes"},
		{name: "a huge index", b: []byte("\x70\x00\x00\x00sidx"), err: "sidx at byte 0: declares 1879048192 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := isobmff.FindIndex(tt.b)
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

// TestIndexOfRealFiles follows the index of every file of the collection that has one before its first fragment:
// each part that it names begins with a box of a media segment.
func TestIndexOfRealFiles(t *testing.T) {
	dir := collection.Dir(t)
	if dir == "" {
		t.Log("MSEPLAYER_MEDIA is not set: TestIndexOfFile does the same with a built file")
		return
	}
	files, parts := 0, 0
	err := filepath.WalkDir(filepath.Join(dir, "content", "presentations"), func(path string, d os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".mp4" {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		head, err := isobmff.FindIndex(b)
		if err != nil || head.IndexSize == 0 || head.Need > 0 {
			return nil
		}
		x, err := isobmff.ParseIndex(b[head.IndexOffset:head.IndexOffset+head.IndexSize], head.IndexOffset)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return nil
		}
		files++
		for i, ref := range x.References {
			if ref.Offset+ref.Size > int64(len(b)) {
				t.Errorf("%s: reference %d ends at %d of %d", path, i, ref.Offset+ref.Size, len(b))
				break
			}
			if typ := string(b[ref.Offset+4 : ref.Offset+8]); !strings.Contains("moof styp sidx emsg prft free", typ) {
				t.Errorf("%s: reference %d begins with %q", path, i, typ)
			}
			parts++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files with %d parts", files, parts)
	if files < 20 {
		t.Errorf("only %d files with an index", files)
	}
}
