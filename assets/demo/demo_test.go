package demo_test

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"mseplayer/assets/demo"
)

// maxBytes is what the demo may add to the program.
const maxBytes = 2_000_000

// mpd is what of the manifest the tests read.
type mpd struct {
	Duration string `xml:"mediaPresentationDuration,attr"`
	Sets     []struct {
		ContentType string `xml:"contentType,attr"`
		Template    struct {
			Timescale      int    `xml:"timescale,attr"`
			Duration       int    `xml:"duration,attr"`
			StartNumber    int    `xml:"startNumber,attr"`
			Initialization string `xml:"initialization,attr"`
			Media          string `xml:"media,attr"`
		} `xml:"SegmentTemplate"`
		Representations []struct {
			ID        string `xml:"id,attr"`
			Codecs    string `xml:"codecs,attr"`
			Bandwidth int    `xml:"bandwidth,attr"`
		} `xml:"Representation"`
	} `xml:"Period>AdaptationSet"`
}

func manifest(t *testing.T) mpd {
	t.Helper()
	b, err := fs.ReadFile(demo.FS, demo.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	var m mpd
	if err := xml.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestFiles asks that the manifest and the files beside it are one whole: each file it names is there and begins as it
// should, none is larger than the manifest's bandwidth says, and no other file is there.
func TestFiles(t *testing.T) {
	m := manifest(t)
	var seconds int
	if _, err := fmt.Sscanf(m.Duration, "PT%dS", &seconds); err != nil {
		t.Fatalf("duration %q: %v", m.Duration, err)
	}
	var kinds []string
	used := map[string]bool{demo.Manifest: true}
	for _, set := range m.Sets {
		segments := seconds * set.Template.Timescale / set.Template.Duration
		if segments < 1 || seconds*set.Template.Timescale%set.Template.Duration != 0 {
			t.Fatalf("%s: %d segments do not make %d s", set.ContentType, segments, seconds)
		}
		for _, r := range set.Representations {
			kinds = append(kinds, set.ContentType+" "+r.Codecs)
			name := func(template string, number int) string {
				return path.Join(path.Dir(demo.Manifest),
					strings.NewReplacer("$RepresentationID$", r.ID, "$Number$", fmt.Sprint(number)).Replace(template))
			}
			read := func(name string, first ...string) int {
				used[name] = true
				b, err := fs.ReadFile(demo.FS, name)
				if err != nil {
					t.Error(err)
					return 0
				}
				for _, want := range first {
					if len(b) < 8 || string(b[4:8]) != want || int(binary.BigEndian.Uint32(b)) > len(b) {
						t.Errorf("%s: no box %s where it should be", name, want)
						return 0
					}
					b = b[binary.BigEndian.Uint32(b):]
				}
				return len(b)
			}
			read(name(set.Template.Initialization, 0), "ftyp", "moov")
			for i := range segments {
				n := name(set.Template.Media, set.Template.StartNumber+i)
				size := read(n, "styp", "sidx", "moof")
				if bits := size * 8 * set.Template.Timescale / set.Template.Duration; bits > r.Bandwidth {
					t.Errorf("%s: %d bit/s, more than the bandwidth of %d", n, bits, r.Bandwidth)
				}
			}
		}
	}
	want := []string{"audio mp4a.40.2", "video avc1.4d400d", "video avc1.4d401e", "video avc1.64001f"}
	if slices.Sort(kinds); !slices.Equal(kinds, want) {
		t.Errorf("representations %q, want %q", kinds, want)
	}

	total := 0
	err := fs.WalkDir(demo.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if !used[name] {
			t.Errorf("%s is not in the manifest", name)
		}
		info, err := d.Info()
		if err == nil {
			total += int(info.Size())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if total > maxBytes {
		t.Errorf("%d bytes, more than %d", total, maxBytes)
	}
}

// TestEditLists asks that the sound's priming and the pictures' reordering are declared, so that the first sample and
// the first picture both belong to time zero.
func TestEditLists(t *testing.T) {
	for _, set := range manifest(t).Sets {
		for _, r := range set.Representations {
			b, err := fs.ReadFile(demo.FS, path.Join(path.Dir(demo.Manifest), r.ID+"-init.mp4"))
			if err != nil {
				t.Fatal(err)
			}
			// elst: size, type, version and flags, one entry: duration, media time, rate
			i := bytes.Index(b, []byte("elst"))
			if i < 0 || len(b) < i+20 {
				t.Errorf("%s: no edit list", r.ID)
				continue
			}
			if entries, start := binary.BigEndian.Uint32(b[i+8:]), binary.BigEndian.Uint32(b[i+16:]); entries != 1 || start != 1024 {
				t.Errorf("%s: edit list of %d entries begins at %d, want one at 1024", r.ID, entries, start)
			}
		}
	}
}
