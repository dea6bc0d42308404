package hls_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"mseplayer/mse/msetest/collection"
	"mseplayer/player/hls"
	"mseplayer/player/manifest"
)

// maxParse is how much time one document may take.
const maxParse = time.Second

// getFile is a manifest.Getter for files.
func getFile(r manifest.Resource) ([]byte, error) {
	u, err := url.Parse(r.URL)
	if err != nil || u.Scheme != "file" {
		return nil, fmt.Errorf("%s is no local file", r.URL)
	}
	f, err := os.Open(filepath.FromSlash(u.Path))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	end := info.Size()
	if r.Range.End > 0 {
		end = min(end, r.Range.End)
	}
	return io.ReadAll(io.NewSectionReader(f, r.Range.Start, end-r.Range.Start))
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
	return hls.Parse(data, hls.Options{BaseURL: (&url.URL{Scheme: "file", Path: filepath.ToSlash(abs)}).String(), Get: getFile})
}

// refusals are the foreign documents that are rightly of no use.
var refusals = map[string]string{
	"manifests/hlsm3u8/m3u8__sample-playlists__master-with-defines-invalid.m3u8":    "imports a variable that nothing defines",
	"manifests/hlsm3u8/m3u8__sample-playlists__master-with-defines.m3u8":            "a query parameter that the URL of a file does not have",
	"manifests/hlsm3u8/m3u8__sample-playlists__master-with-req-video-layout.m3u8":   "a query parameter that the URL of a file does not have",
	"manifests/hlsm3u8/m3u8__sample-playlists__media-playlist-with-queryparam.m3u8": "a query parameter that the URL of a file does not have",
	"manifests/m3u8parser/test__fixtures__integration__empty.m3u8":                  "it is empty",
	"manifests/m3u8parser/test__fixtures__integration__headerOnly.m3u8":             "it has one line",
}

// playlists lists the playlists of a folder.
func playlists(t *testing.T, root string) (files []string) {
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) == ".m3u8" {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestCorpus_Playlists opens every playlist of other people, or those that the test writes.
func TestCorpus_Playlists(t *testing.T) {
	root := collection.Dir(t)
	if root != "" {
		root = filepath.Join(root, "content")
	} else {
		root = t.TempDir()
		writePresentations(t, root)
	}
	refused, sets := 0, 0
	files := playlists(t, root)
	for _, path := range files {
		rel, _ := filepath.Rel(root, path)
		start := time.Now()
		p, err := parseFile(path)
		if took := time.Since(start); took > maxParse {
			t.Errorf("%s: took %v", rel, took)
		}
		if err != nil {
			var e *manifest.Error
			if !errors.As(err, &e) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %v", rel, err)
			}
			if refused++; refusals[filepath.ToSlash(rel)] == "" {
				t.Errorf("%s: refused: %v", rel, err)
			}
			continue
		}
		sets += len(p.Periods[0].Sets)
		walk(t, p, getFile)
	}
	if len(files) == 0 {
		t.Fatal("no playlist found")
	}
	t.Logf("%d playlists, %d refused, %d sets", len(files), refused, sets)
}

// segmentsOf finds "segs=N" among the features of a playlist.
var segmentsOf = regexp.MustCompile(`(?:^| )segs=(\d+)`)

// TestCorpus_Facts compares the lists of segments of complete presentations with what an independent tool counted, and
// with the files beside them.
func TestCorpus_Facts(t *testing.T) {
	root := collection.Dir(t)
	var rows []collection.Row
	if root != "" {
		root = filepath.Join(root, "content")
		rows = collection.Table(t, root, "PRESENTATIONS.tsv")
	} else {
		root = t.TempDir()
		rows = writePresentations(t, root)
	}
	compared := 0
	for _, row := range rows {
		m := segmentsOf.FindStringSubmatch(row["features"])
		if row["kind"] != "hls" || m == nil {
			continue
		}
		t.Run(row["manifest"], func(t *testing.T) {
			want, _ := strconv.Atoi(m[1])
			p, err := parseFile(filepath.Join(root, row["manifest"]))
			if err != nil {
				t.Fatal(err)
			}
			set := p.Periods[0].Sets[0]
			r := set.Representations[0]
			l, err := r.Lazy.Load(getFile)
			if err != nil {
				t.Fatal(err)
			}
			if n := l.Index.Len(); n != want {
				t.Errorf("%d segments, want %d", n, want)
			}
			compared++
			if live := strings.Contains(row["features"], "live"); live != l.Growing && !strings.Contains(row["features"], "EVENT") {
				t.Errorf("growing %v, want %v", l.Growing, live)
			}
			if row["completeness"] != "COMPLETE" {
				return
			}
			switch streams := row["streams"]; {
			case strings.HasPrefix(streams, "v:") && set.Kind != manifest.Video, strings.HasPrefix(streams, "a:") && set.Kind != manifest.Audio,
				strings.HasPrefix(streams, "subtitle:") && set.Kind != manifest.Text:
				t.Errorf("the playlist is taken for %s, its streams are %s", set.Kind, streams)
			}
			for i := range l.Index.Len() {
				checkFile(t, l.Index.At(i).Resource, l.Index.At(i).Gap)
				if init := l.Index.At(i).Init; init != nil {
					checkFile(t, *init, false)
				}
			}
		})
	}
	if compared == 0 {
		t.Fatal("no playlist compared")
	}
	t.Logf("%d playlists compared", compared)
}

// checkFile checks that the bytes of a resource exist, unless they are meant to be missing.
func checkFile(t *testing.T, r manifest.Resource, gap bool) {
	t.Helper()
	if gap {
		return
	}
	u, err := url.Parse(r.URL)
	if err != nil || u.Scheme != "file" {
		t.Errorf("%s is no local file: %v", r.URL, err)
		return
	}
	info, err := os.Stat(filepath.FromSlash(u.Path))
	if err != nil {
		t.Errorf("%v", err)
		return
	}
	if r.Range.Start > info.Size() || r.Range.End > info.Size() {
		t.Errorf("bytes %s of %s, which has %d", r.Range, u.Path, info.Size())
	}
}

// writePresentations writes what takes the place of other people's presentations, with what is known of it.
func writePresentations(t *testing.T, root string) []collection.Row {
	t.Helper()
	write := func(name, text string) {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	packets := strings.Repeat("\x47"+strings.Repeat("\xff", 187), 4)
	write("ts/a.ts", packets)
	write("ts/b.ts", packets)
	write("ts/media.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na.ts\n#EXTINF:2,\nb.ts\n#EXT-X-GAP\n#EXTINF:2,\nc.ts\n#EXT-X-ENDLIST\n")
	write("ts/range.m3u8", "#EXTM3U\r\n#EXT-X-TARGETDURATION:2\r\n#EXTINF:2\r\n#EXT-X-BYTERANGE:188@0\r\na.ts\r\n#EXTINF:2\r\n#EXT-X-BYTERANGE:188\r\na.ts\r\n")
	write("ts/master.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"avc1.64001f\"\nmedia.m3u8\n")
	write("text/a.vtt", "WEBVTT\n")
	write("text/media.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na.vtt\n#EXT-X-ENDLIST\n")
	row := func(name, features, streams string) collection.Row {
		return collection.Row{"manifest": name, "kind": "hls", "completeness": "COMPLETE", "features": features, "streams": streams}
	}
	return []collection.Row{row("ts/media.m3u8", "segs=3 gap TS", "v:h264"), row("ts/range.m3u8", "segs=2 byterange live TS", "v:h264"),
		row("ts/master.m3u8", "master variants=1", ""), row("text/media.m3u8", "segs=1", "subtitle:webvtt")}
}
