package file_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mseplayer/mse/msetest/collection"
	"mseplayer/player/file"
)

// sniffExceptions are files whose name or facts say something else than their bytes do, and what the bytes are.
var sniffExceptions = map[string]file.Kind{
	// Zeros before the first frame: only a demuxer that searches finds it.
	"codec_mp3/androidx/bear-cbr-constant-frame-size-no-seek-table.mp3": file.Unknown,
	"codec_mp3/androidx/bear-cbr-variable-frame-size-no-seek-table.mp3": file.Unknown,
	"codec_mp3/androidx/bear-vbr-no-seek-table.mp3":                     file.Unknown,
	// An element of a manifest, to be linked into one.
	"manifests/dashifconf/schematron__xlink_examples__ex01_include.mpd":                        file.Unknown,
	"manifests/dashifconf/schematron__xlink_examples__ex01_include_1.mpd":                      file.Unknown,
	"manifests/dashifconf/schematron__xlink_examples__ex02_circular.mpd":                       file.Unknown,
	"manifests/dashifconf/to_be_ported__DASH_mpdvalidator__xlink_examples__ex01_include.mpd":   file.Unknown,
	"manifests/dashifconf/to_be_ported__DASH_mpdvalidator__xlink_examples__ex01_include_1.mpd": file.Unknown,
	"manifests/m3u8parser/test__fixtures__integration__empty.m3u8":                             file.Empty,
	// A cluster without the segment that it belongs to.
	"ts_ps/vhs/webmVideo.webm": file.Unknown,
	// Fragments behind a movie box that lists samples.
	"mp4struct/androidx/sample_partially_fragmented.mp4": file.ProgressiveMP4,
	// The facts are those of a WebM initialization segment in front.
	"mp4struct/shaka/cea-interleaved-trun-segment.mp4":    file.FragmentedMP4,
	"mp4struct/shaka/cea608-interleaved-trun-segment.mp4": file.FragmentedMP4,
}

// TestSniff_RealFiles needs MSEPLAYER_MEDIA; TestSniff does the same on generated beginnings.
func TestSniff_RealFiles(t *testing.T) {
	root := os.Getenv("MSEPLAYER_MEDIA")
	if root == "" {
		return
	}
	root = filepath.Join(root, "content")
	fragmented := structures(t, filepath.Join(root, "INDEX.tsv"))
	n := map[file.Kind]int{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		var want file.Kind
		switch strings.ToLower(filepath.Ext(path)) {
		case ".mpd":
			want = file.DASH
		case ".m3u8":
			want = file.HLS
		default:
			var ok bool
			if want, ok = fragmented[rel]; !ok {
				return nil
			}
		}
		if k, ok := sniffExceptions[rel]; ok {
			want = k
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		got, err := file.SniffFile(f)
		if err != nil || got != want {
			t.Errorf("%s: %v, %v, want %v", rel, got, err, want)
		}
		n[got]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%v", n)
	if n[file.DASH] == 0 || n[file.HLS] == 0 || n[file.FragmentedMP4] == 0 || n[file.ProgressiveMP4] == 0 || n[file.Media] == 0 {
		t.Errorf("not every kind was seen: %v", n)
	}
}

// structures reads from the index of media files which kind each is.
func structures(t *testing.T, path string) map[string]file.Kind {
	t.Helper()
	out := map[string]file.Kind{}
	for _, row := range collection.Table(t, path) {
		if count := row["v_packets"] + row["a_packets"]; row["status"] != "ok" || strings.Trim(count, "0") == "" {
			continue // an initialization segment, or nothing at all
		}
		switch format := row["format"]; {
		case format == "", strings.Contains(row["class"], "image"), strings.Contains(row["class"], "broken"):
		case !strings.HasPrefix(format, "mov"):
			out[row["path"]] = file.Media
		case strings.Contains(row["structure"], "moof="), strings.Contains(row["structure"], "mvex"):
			out[row["path"]] = file.FragmentedMP4
		default:
			out[row["path"]] = file.ProgressiveMP4
		}
	}
	return out
}
