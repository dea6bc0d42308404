package dash_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mseplayer/player/dash"
	"mseplayer/player/manifest"
)

// maxParse is how long one document may take.
const maxParse = time.Second

// mediaRoot is the folder of foreign test content, "" when there is none.
func mediaRoot(t *testing.T) string {
	root := os.Getenv("MSEPLAYER_MEDIA")
	if root == "" {
		return ""
	}
	if _, err := os.Stat(root); err != nil {
		t.Fatalf("MSEPLAYER_MEDIA: %v", err)
	}
	return filepath.Join(root, "content")
}

func parseFile(path string) (*manifest.Presentation, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	return dash.Parse(data, dash.Options{BaseURL: (&url.URL{Scheme: "file", Path: filepath.ToSlash(abs)}).String()})
}

// TestCorpus_Manifests parses every MPD there is: the foreign ones, or the goldens' own.
func TestCorpus_Manifests(t *testing.T) {
	roots := []string{"testdata"}
	if content := mediaRoot(t); content != "" {
		roots = []string{filepath.Join(content, "presentations"), filepath.Join(content, "manifests")}
	}
	var total, live, refused int
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".mpd" {
				return err
			}
			total++
			start := time.Now()
			p, err := parseFile(path)
			if took := time.Since(start); took > maxParse {
				t.Errorf("%s: took %v", path, took)
			}
			var e *manifest.Error
			switch {
			case err == nil && p.Live != nil:
				live++
			case errors.As(err, &e):
				refused++
				t.Logf("refused: %v", err)
			case err != nil:
				t.Errorf("%s: %v", path, err)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: the error has several lines: %q", path, err)
			}
			if p != nil {
				for _, per := range p.Periods {
					for _, s := range per.Sets {
						for _, r := range s.Representations {
							if r.Segments != nil {
								walkFileIndex(t, r)
							}
						}
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if total == 0 {
		t.Fatal("no document found")
	}
	t.Logf("%d documents, %d live, %d refused", total, live, refused)
}

func walkFileIndex(t *testing.T, r *manifest.Representation) {
	x := r.Segments
	if x.Len() == 0 {
		return // of a live period that has just begun
	}
	for _, i := range []int{0, x.Len() / 2, x.Len() - 1} {
		s := x.At(i)
		if got := x.Find(s.Start); s.URL == "" || got < 0 || got > x.Len() {
			t.Errorf("%s: segment %d: %+v, found at %d", r.TrackID, i, s, got)
		}
	}
}

// row is what is known about one representation of a presentation on disk.
type row struct {
	manifest, rep   string // rep is P<period>/AS<set>/<representation>, indices but for the last
	segments, files int
}

// exceptions explains the representations whose count is rightly another one.
var exceptions = map[string]struct {
	segments int
	why      string
}{
	"presentations/spk_vtt-text-to-mp4-with-ad-cues/output.mpd P1/AS2/2": {1, "two of the three begin after the end of the period"},
}

// TestCorpus_Presentations compares the segments of presentations with the files beside them: each segment exists,
// there are as many as an independent tool counted, and no file is left over.
func TestCorpus_Presentations(t *testing.T) {
	root, rows := mediaRoot(t), []row(nil)
	if root != "" {
		rows = readRows(t, root)
	} else {
		root = t.TempDir()
		rows = writePresentations(t, root)
	}
	byManifest := map[string][]row{}
	for _, r := range rows {
		byManifest[r.manifest] = append(byManifest[r.manifest], r)
	}
	segments := 0
	for name, rows := range byManifest {
		t.Run(name, func(t *testing.T) {
			p, err := parseFile(filepath.Join(root, name))
			if err != nil {
				t.Fatal(err)
			}
			used := map[string]bool{}
			for _, r := range rows {
				rep := findRepresentation(t, p, r.rep)
				n := countSegments(t, rep, used)
				segments += n
				want := r.segments
				if e, ok := exceptions[r.manifest+" "+r.rep]; ok {
					want = e.segments
				}
				if n != want {
					t.Errorf("%s: got %d segments, want %d", r.rep, n, want)
				}
			}
			missing := 0 // segments that an exception leaves out are files that nobody uses
			for _, r := range rows {
				if e, ok := exceptions[r.manifest+" "+r.rep]; ok {
					missing += r.segments - e.segments
				}
			}
			if len(used)+missing != rows[0].files {
				t.Errorf("%d files are used, %d exist: %v", len(used), rows[0].files, used)
			}
		})
	}
	t.Logf("%d presentations, %d representations, %d segments", len(byManifest), len(rows), segments)
}

// countSegments checks that all bytes of a representation exist, and returns how many segments it has; those of an
// indexed file count as one, like the file.
func countSegments(t *testing.T, r *manifest.Representation, used map[string]bool) int {
	t.Helper()
	init, x := r.Init, r.Segments
	get := func(res manifest.Resource) ([]byte, error) {
		data, err := os.ReadFile(localPath(t, res.URL))
		if err != nil {
			return nil, err
		}
		var requests []string
		return getter(data, &requests)(res)
	}
	if r.Lazy != nil {
		l, err := r.Lazy.Load(get)
		if err != nil {
			t.Errorf("%s: %v", r.TrackID, err)
			return 0
		}
		init, x = l.Init, l.Index
	}
	if x == nil {
		t.Errorf("%s: no segments: %s", r.TrackID, r.Unusable)
		return 0
	}
	var all []manifest.Resource
	if init != nil {
		all = append(all, *init)
	}
	urls := map[string]bool{}
	for i := range x.Len() {
		s := x.At(i)
		all = append(all, s.Resource)
		urls[s.URL] = true
		if found := x.Find(s.Start); found != i {
			t.Errorf("%s: segment %d begins at %s, but Find gives %d", r.TrackID, i, s.Start, found)
		}
	}
	for _, res := range all {
		path := localPath(t, res.URL)
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			t.Errorf("%s: %v", r.TrackID, err)
			continue
		}
		used[path] = true
		if res.Range.End > info.Size() || res.Range.Start > info.Size() {
			t.Errorf("%s: bytes %s of %s, which has %d", r.TrackID, res.Range, path, info.Size())
		}
	}
	if r.Addressing == manifest.Indexed {
		return len(urls)
	}
	return x.Len()
}

func localPath(t *testing.T, s string) string {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "file" {
		t.Fatalf("%s is no local file: %v", s, err)
	}
	return filepath.FromSlash(u.Path)
}

// findRepresentation looks for P<period>/AS<set>/<representation> by the two indices and the id.
func findRepresentation(t *testing.T, p *manifest.Presentation, name string) *manifest.Representation {
	t.Helper()
	parts := strings.SplitN(name, "/", 3)
	for _, per := range p.Periods {
		for _, s := range per.Sets {
			if fmt.Sprintf("P%d", per.Index) != parts[0] || fmt.Sprintf("AS%d", s.Index) != parts[1] {
				continue
			}
			if i := slices.IndexFunc(s.Representations, func(r *manifest.Representation) bool { return r.ID == parts[2] }); i >= 0 {
				return s.Representations[i]
			}
		}
	}
	t.Fatalf("no representation %s", name)
	return nil
}

// readRows reads the table of complete recorded DASH presentations.
func readRows(t *testing.T, root string) []row {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "PRESENTATIONS.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []row
	var column map[string]int
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if column == nil {
			column = map[string]int{}
			for i, name := range f {
				column[name] = i
			}
			continue
		}
		if f[column["kind"]] != "dash" || f[column["completeness"]] != "COMPLETE" {
			continue
		}
		segments, err1 := strconv.Atoi(f[column["segments"]])
		files, err2 := strconv.Atoi(f[column["files"]])
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row{f[column["manifest"]], f[column["rep"]], segments, files})
	}
	if len(rows) == 0 {
		t.Fatal("the table has no row")
	}
	return rows
}

// writePresentations writes presentations of our own in every way of addressing, with files of the right size and
// no media in them.
func writePresentations(t *testing.T, root string) []row {
	t.Helper()
	write := func(name string, data []byte) {
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	index := sidx(0, 1000, 0, 0, ref{size: 100, duration: 5000}, ref{size: 50, duration: 5000})
	write("indexed/v.mp4", append(append(box("ftyp", nil), index...), make([]byte, 150)...))
	write("indexed/m.mpd", []byte(wrap(`<Representation id="v"><BaseURL>v.mp4</BaseURL><SegmentBase indexRange="8-63"/></Representation>`)))
	write("single/v.mp4", []byte("x"))
	write("single/m.mpd", []byte(wrap(`<Representation id="v"><BaseURL>v.mp4</BaseURL></Representation>`)))
	write("list/v.mp4", make([]byte, 300))
	write("list/m.mpd", []byte(wrap(`<Representation id="v"><BaseURL>v.mp4</BaseURL><SegmentList duration="5"><Initialization range="0-99"/><SegmentURL mediaRange="100-199"/><SegmentURL mediaRange="200-299"/></SegmentList></Representation>`)))
	for i := range 4 {
		write(fmt.Sprintf("number/s %d.m4s", i+1), []byte("x"))
		write(fmt.Sprintf("number/sub/%06d.m4s", i*250), []byte("x"))
	}
	write("number/init.mp4", []byte("x"))
	write("number/m.mpd", []byte(wrap(`<Representation id="n"><SegmentTemplate initialization="init.mp4" timescale="2" duration="5" media="s $Number$.m4s"/></Representation>`+
		`<Representation id="t/1"><BaseURL>sub/</BaseURL><SegmentTemplate initialization="../init.mp4" timescale="100" media="$Time%06d$.m4s"><SegmentTimeline><S d="250" r="-1"/></SegmentTimeline></SegmentTemplate></Representation>`)))
	return []row{{"indexed/m.mpd", "P0/AS0/v", 1, 1}, {"single/m.mpd", "P0/AS0/v", 1, 1}, {"list/m.mpd", "P0/AS0/v", 2, 1},
		{"number/m.mpd", "P0/AS0/n", 4, 9}, {"number/m.mpd", "P0/AS0/t/1", 4, 9}}
}

// TestCorpus_Patches applies patches that another program made, and expects what it says comes of them.
func TestCorpus_Patches(t *testing.T) {
	dir := t.TempDir()
	cases := [][3]string{{"one.mpd", "next.mpp", "two.mpd"}}
	for name, text := range map[string]string{"one.mpd": liveOne, "next.mpp": patchTwo, "two.mpd": liveTwo} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if content := mediaRoot(t); content != "" {
		dir = filepath.Join(content, "manifests", "livesim2_patch")
		cases = [][3]string{{"multiperiod_1.mpd", "multiperiod_patch.mpp", "multiperiod_2.mpd"},
			{"segtimeline_multiper_full_min.mpd", "segtimeline_multiper_patch_after_full_min.mpp", "segtimeline_multiper_after_full_min.mpd"}}
	}
	for _, c := range cases {
		t.Run(c[0], func(t *testing.T) {
			was, err1 := parseFile(filepath.Join(dir, c[0]))
			want, err2 := parseFile(filepath.Join(dir, c[2]))
			patch, err3 := os.ReadFile(filepath.Join(dir, c[1]))
			if err := errors.Join(err1, err2, err3); err != nil {
				t.Fatal(err)
			}
			got, err := was.Live.Updater.Update(time.Time{}, func(r manifest.Resource) ([]byte, error) {
				if !strings.Contains(r.URL, ".mpp") {
					return nil, errors.New("the patch was not used")
				}
				return patch, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			got.Findings, want.Findings = nil, nil // they name lines
			if g, w := strings.ReplaceAll(dump(got), c[0], "x"), strings.ReplaceAll(dump(want), c[2], "x"); g != w {
				t.Errorf("got:\n%s\nwant:\n%s", g, w)
			}
		})
	}
}
