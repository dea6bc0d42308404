package ffmpeg_test

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/mse/msetest/collection"
	"mseplayer/player/decode"
	"mseplayer/player/ffmpeg"
)

// deviations are the files for which FFmpeg 5.1, which measured the facts, says something else than we do, and why.
var deviations = map[string]string{
	"codec_other/androidx/sample_fpcm_32be.mp4":                     "5.1 does not know fpcm",
	"codec_other/androidx/sample_fpcm_32le.mp4":                     "5.1 does not know fpcm",
	"codec_other/androidx/sample_fpcm_64le.mp4":                     "5.1 does not know fpcm",
	"codec_other/androidx/sample_iamf.mp4":                          "5.1 does not know IAMF",
	"codec_other/spk/bear-iamf-base-opus.mp4":                       "5.1 does not know IAMF",
	"codec_aac/spk/bear-iamf-simple-aac-lc.mp4":                     "5.1 does not know IAMF",
	"codec_flac/spk/bear-iamf-simple-flac.mp4":                      "5.1 does not know IAMF",
	"mp4struct/mp4ff/iamf.mp4":                                      "5.1 does not know IAMF",
	"mp4struct/androidx/sample_fragmented_sgpd_v2.mp4":              "encrypted: 5.1 takes it as it is and makes what it can of that; without a key there are no pictures here",
	"mp4struct/androidx/sample_fragmented_variable_length_sgpd.mp4": "encrypted: as above",
	"codec_other/androidx/sample_vvc.mp4":                           "5.1 has no VVC decoder",
	"webm_mkv/androidx/bear-flac-32bit.mka":                         "5.1 has no 32-bit FLAC",
	"codec_flac/androidx/bear_32bit.flac":                           "5.1 has no 32-bit FLAC",
	"webm_mkv/androidx/sample_with_chapters.mkv":                    "sound before time 0 is not presented",
}

// fact is a row of the index of media files.
type fact = collection.Row

// facts reads the rows that a plain file source must agree with: those that FFmpeg opened, in one piece, in the
// clear, and not for the fragmented MP4 parser. There are none without MSEPLAYER_MEDIA.
func facts(t *testing.T) (rows []fact, root string) {
	t.Helper()
	if root = collection.Dir(t); root == "" {
		return nil, ""
	}
	root = filepath.Join(root, "content")
	for _, r := range collection.Table(t, root, "INDEX.tsv") {
		mp4 := strings.HasPrefix(r["format"], "mov")
		switch {
		case r["status"] != "ok", r["format"] == "":
		case r["class"] == "broken", r["class"] == "image", r["class"] == "drm":
		case strings.HasPrefix(r["note"], "facts are of"):
		// Fragments behind a movie box that lists samples count as a plain file.
		case mp4 && strings.Contains(r["structure"], "moof=") && !strings.Contains(r["structure"], "stss"):
		case number(r, "v_packets")+number(r, "a_packets") == 0:
		default:
			rows = append(rows, r)
		}
	}
	if len(rows) == 0 {
		t.Fatalf("no rows of INDEX.tsv are for plain files")
	}
	return rows, root
}

func number(r fact, name string) int {
	n, _ := strconv.Atoi(r[name])
	return n
}

// disagreements decodes a file and lists where it differs from the facts.
func disagreements(t *testing.T, path string, r fact) (out []string) {
	t.Helper()
	v, a, s, err := decodeFile(t, path, decode.Options{})
	if err != nil {
		return []string{err.Error()}
	}
	differ := func(name string, got int) {
		if want := number(r, name); got != want {
			out = append(out, fmt.Sprintf("%s %d, want %d", name, got, want))
		}
	}
	near := func(name string, got float64) {
		if want, err := strconv.ParseFloat(r[name], 64); err == nil && math.Abs(got-want) > 0.0011 {
			out = append(out, fmt.Sprintf("%s %f, want %f", name, got, want))
		}
	}
	first := map[media.Kind]media.Opt{}
	for _, tr := range s.Tracks() {
		if _, ok := first[tr.Kind]; !ok {
			first[tr.Kind] = tr.ContainerFirst
		}
	}
	if v != nil && (ffmpeg.Factory{}).Supports(v.codec) {
		differ("v_packets", v.coded)
		differ("v_frames", v.pictures)
		if v.any && first[media.Video].Set {
			near("v_ffirst", float64(v.first.Add(s.Info().Shift)))
			near("v_first", float64(first[media.Video].T))
		}
	}
	if a != nil && (ffmpeg.Factory{}).Supports(a.codec) {
		differ("a_samples", a.presented)
		if first[media.Audio].Set {
			near("a_first", float64(first[media.Audio].T))
		}
	}
	return out
}

// checkFacts compares the rows that keep lets through; every row must agree but the known deviations.
func checkFacts(t *testing.T, keep func(i int, r fact) bool) {
	rows, root := facts(t)
	checked, agreed := map[string]int{}, map[string]int{}
	for i, r := range rows {
		if !keep(i, r) {
			continue
		}
		format, _, _ := strings.Cut(r["format"], ",")
		checked[format]++
		bad := disagreements(t, filepath.Join(root, r["path"]), r)
		reason, known := deviations[r["path"]]
		switch {
		case len(bad) == 0 && known:
			t.Errorf("%s agrees although %q", r["path"], reason)
		case len(bad) == 0:
			agreed[format]++
		case !known:
			t.Errorf("%s: %s", r["path"], strings.Join(bad, "; "))
		}
	}
	for _, format := range slices.Sorted(maps.Keys(checked)) {
		t.Logf("%-10s %d of %d agree", format, agreed[format], checked[format])
	}
}

// TestFacts compares a sample of the real files with what FFmpeg 5.1 counted in them; the long tests compare all.
// It needs MSEPLAYER_MEDIA; TestPictures and TestSound_Trims do the same on generated files.
func TestFacts(t *testing.T) {
	checkFacts(t, func(i int, r fact) bool { return i%8 == 0 && number(r, "bytes") < 200_000 })
}
