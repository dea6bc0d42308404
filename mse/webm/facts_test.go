package webm_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/mse/msetest/collection"
	"mseplayer/mse/webm"
)

// tolerance is for facts in whole ticks of the usual length.
const tolerance = 0.001001

// pictureFact and soundFact read the tool's description of a stream: "h264(High) 640x360 yuv420p sar=4:3 rot=-90 fps=…",
// "aac(LC) 44100Hz 2ch".
var (
	pictureFact = regexp.MustCompile(`^v:(\w+)(?:\([^)]*\))? (\d+)x(\d+)(?:.* sar=(\d+):(\d+))?`)
	soundFact   = regexp.MustCompile(`^a:(\w+)(?:\([^)]*\))? (\d+)Hz (\d+)ch`)
)

// deviations compares the first video and the first audio track of what was parsed with the facts of an
// independent tool.
func deviations(r *recorder, facts collection.Row) (out []string) {
	if len(r.Inits) == 0 {
		return []string{"no initialization segment"}
	}
	for _, kind := range []media.Kind{media.Video, media.Audio} {
		prefix := kind.String()[:1] + "_"
		if facts[prefix+"packets"] == "" {
			continue
		}
		i := slices.IndexFunc(r.Inits[0].Tracks, func(t media.TrackInfo) bool { return t.Kind == kind })
		if i < 0 {
			out = append(out, kind.String()+" track is missing")
			continue
		}
		track := r.Inits[0].Tracks[i]
		out = append(out, describes(track.Config, facts["streams"])...)
		out = append(out, counts(r.Frames[track.ID], prefix, facts)...)
	}
	return out
}

// describes compares a configuration with the tool's line about the first stream of its kind.
func describes(c *media.DecoderConfig, streams string) []string {
	for s := range strings.SplitSeq(streams, " | ") {
		got, want := "", ""
		if m := pictureFact.FindStringSubmatch(s); m != nil && c.Kind == media.Video {
			sar := "1:1"
			if c.SARNum > 0 {
				sar = fmt.Sprintf("%d:%d", c.SARNum, c.SARDen)
			}
			if m[4] == "" {
				m[4], m[5] = "1", "1"
			}
			got = fmt.Sprintf("%s %dx%d %s", c.Codec, c.Width, c.Height, sar)
			want = fmt.Sprintf("%s %sx%s %s:%s", m[1], m[2], m[3], m[4], m[5])
		} else if m := soundFact.FindStringSubmatch(s); m != nil && c.Kind == media.Audio {
			got = fmt.Sprintf("%s %d Hz %d", c.Codec, c.SampleRate, c.Channels)
			want = fmt.Sprintf("%s %s Hz %s", m[1], m[2], m[3])
		} else {
			continue
		}
		if got != want {
			return []string{fmt.Sprintf("is %s, the fact says %s", got, want)}
		}
		return nil
	}
	return nil
}

// counts compares frames with the packets that the tool counted. The end is compared only where the tool knew how
// long the last packet is: it takes 0 at the end of some files, and the codec's own frame length for audio that the
// container ends earlier.
func counts(frames []media.CodedFrame, prefix string, facts collection.Row) (out []string) {
	const longestAudioFrame = 0.05
	got := map[string]float64{"packets": float64(len(frames)), "first": math.Inf(1), "last": math.Inf(-1)}
	for i := range frames {
		f := &frames[i]
		if f.RAP {
			got["key"]++
		}
		got["first"] = min(got["first"], float64(f.PTS))
		if float64(f.PTS) >= got["last"] {
			got["last"], got["end"] = float64(f.PTS), float64(f.End())
		}
	}
	for _, name := range []string{"packets", "key", "first", "last", "end"} {
		s := facts[prefix+name]
		if s == "" {
			continue
		}
		want, err := strconv.ParseFloat(s, 64)
		if err != nil {
			out = append(out, fmt.Sprintf("the fact %s%s is %q", prefix, name, s))
			continue
		}
		d := math.Abs(got[name] - want)
		switch {
		case d <= tolerance:
		case name == "end" && (s == facts[prefix+"last"] || prefix == "a_" && d < longestAudioFrame):
		default:
			out = append(out, fmt.Sprintf("%s%s is %.6f, the fact says %s", prefix, name, got[name], s))
		}
	}
	return out
}

// Reasons for deviations that several files share.
const (
	toolGuesses   = "the container does not tell the length of pictures, and the tool takes it from a frame rate that it guesses"
	toolDefault   = "DefaultDuration is that of a field, or of nothing; pictures last until the next one"
	toolEncrypted = "the tool does not split the signal byte and the initialization vector off, and takes encrypted bytes for the bitstream's own"
	toolLaces     = "the tool cuts the length of laced frames to whole ticks before it adds them up"
	lateTracks    = "Tracks comes behind the Clusters: the file can be played by seeking, but is no byte stream"
)

// judge logs a deviation that is known and fails for one that is not, and for a known one that is gone.
func judge(t *testing.T, known map[string]string, name string, dev []string) (good bool) {
	t.Helper()
	reason, expected := known[name]
	switch {
	case len(dev) == 0 && !expected:
		return true
	case len(dev) == 0:
		t.Errorf("%s: no deviation any more (%s)", name, reason)
	case expected:
		t.Logf("%s: %s\n\treason: %s", name, strings.Join(dev, "; "), reason)
	default:
		t.Errorf("%s: %s", name, strings.Join(dev, "; "))
	}
	return false
}

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
		if judge(t, knownFacts, facts["path"], append(dev, deviations(r, facts)...)) {
			good++
		}
	}
	t.Logf("%d of %d files agree", good, n)
	if n < 50 {
		t.Errorf("only %d files", n)
	}
}
