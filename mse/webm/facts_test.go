package webm_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/mse/msetest/bytestreamtest"
	"mseplayer/mse/msetest/collection"
	"mseplayer/mse/webm"
)

// tolerance is for facts in whole ticks of the usual length.
const tolerance = 0.001001

// Reasons for deviations that several files share.
const (
	toolGuesses   = "the container does not tell the length of pictures, and the tool takes it from a frame rate that it guesses"
	toolDefault   = "DefaultDuration is that of a field, or of nothing; pictures last until the next one"
	toolEncrypted = "the tool does not split the signal byte and the initialization vector off, and takes encrypted bytes for the bitstream's own"
	toolLaces     = "the tool cuts the length of laced frames to whole ticks before it adds them up"
	lateTracks    = "Tracks comes behind the Clusters: the file can be played by seeking, but is no byte stream"
)

// knownFacts lists where we deviate from the facts, with the reason.
var knownFacts = map[string]string{
	"webm_mkv/androidx/sample.mkv":                                    toolGuesses,
	"webm_mkv/androidx/sample_with_ass_subtitles.mkv":                 toolGuesses,
	"webm_mkv/androidx/sample_with_htc_rotation_track_name.mkv":       toolGuesses,
	"webm_mkv/androidx/sample_with_null_terminated_ssa_subtitles.mkv": toolGuesses,
	"webm_mkv/androidx/sample_with_srt.mkv":                           toolGuesses,
	"webm_mkv/androidx/sample_with_vtt_subtitles.mkv":                 toolGuesses,
	"mse/wpt/media/400x300-red-resize-200x150-green.webm":             toolGuesses,
	"webm_mkv/androidx/sample_last_cluster.mkv":                       lateTracks,
	"webm_mkv/androidx/subsample_encrypted_noaltref.webm":             toolEncrypted,
	"drm/spk/bear-320x240-16x9-aspect-av_enc-av.webm":                 toolEncrypted,
	"drm/spk/bear-320x240-av_enc-av_clear-1s.webm":                    toolEncrypted,
	"drm/spk/bear-640x360-av_enc-av.webm":                             toolEncrypted,
}

func counts(frames []media.CodedFrame, prefix string, facts collection.Row) []string {
	return bytestreamtest.Counts(frames, prefix, facts, tolerance)
}

// TestFacts_Files compares every WebM and Matroska file of the collection with what an independent tool counted in it.
func TestFacts_Files(t *testing.T) {
	dir := collection.Dir(t)
	if dir == "" {
		t.Log("MSEPLAYER_MEDIA is not set: TestGolden covers built content")
		return
	}
	content := filepath.Join(dir, "content")
	n, good := 0, 0
	for _, facts := range collection.Table(t, filepath.Join(content, "INDEX.tsv")) {
		if facts["format"] != "matroska,webm" || facts["status"] != "ok" || strings.HasPrefix(facts["note"], "facts are of ") {
			continue
		}
		n++
		b, err := os.ReadFile(filepath.Join(content, facts["path"]))
		if err != nil {
			t.Error(err)
			continue
		}
		r, err := parse(webm.Options{}, b)
		var dev []string
		if err != nil {
			dev = append(dev, err.Error())
		}
		if bytestreamtest.Judge(t, knownFacts, facts["path"], append(dev, bytestreamtest.Deviations(r, facts, counts)...)) {
			good++
		}
	}
	t.Logf("%d of %d files agree", good, n)
	if n < 50 {
		t.Errorf("only %d files", n)
	}
}
