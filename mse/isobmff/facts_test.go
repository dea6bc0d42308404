package isobmff_test

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

	"mseplayer/mse/isobmff"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest/collection"
)

// tolerance is for facts that were printed with six decimals.
const tolerance = 1.1e-6

// picture and sound read the tool's description of a stream: "h264(High) 640x360 yuv420p sar=4:3 rot=-90 fps=…",
// "aac(LC) 44100Hz 2ch".
var (
	picture = regexp.MustCompile(`^v:(\w+)(?:\([^)]*\))? (\d+)x(\d+)(?:.* sar=(\d+):(\d+))?`)
	sound   = regexp.MustCompile(`^a:(\w+)(?:\([^)]*\))? (\d+)Hz (\d+)ch`)
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
		if m := picture.FindStringSubmatch(s); m != nil && c.Kind == media.Video {
			sar := "1:1"
			if c.SARNum > 0 {
				sar = fmt.Sprintf("%d:%d", c.SARNum, c.SARDen)
			}
			if m[4] == "" {
				m[4], m[5] = "1", "1"
			}
			got = fmt.Sprintf("%s %dx%d %s", c.Codec, c.Width, c.Height, sar)
			want = fmt.Sprintf("%s %sx%s %s:%s", m[1], m[2], m[3], m[4], m[5])
		} else if m := sound.FindStringSubmatch(s); m != nil && c.Kind == media.Audio {
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

// known lists where we deviate from the facts, with the reason.
var known = map[string]string{
	"mp4struct/androidx/sample_partially_fragmented.mp4":                                                         "the moov has samples: not a fragmented file by the specification, to be played as a file",
	"mp4struct/androidx/sample_fragmented_sgpd_v2.mp4":                                                           "the tool takes an average for the length of the last frame, the container says 80 ms",
	"mp4struct/androidx/sample_fragmented_variable_length_sgpd.mp4":                                              "the tool takes an average for the length of the last frame, the container says 80 ms",
	"drm/androidx/sample_av1c_fragmented_clearkey.mp4":                                                           "the tool cannot read the encryption facts and reports no packets",
	"drm/androidx/sample_fragmented_clearkey.mp4":                                                                "the tool cannot read the encryption facts and loses the flags and the last packet",
	"mp4struct/spk/bear-640x360-av_frag.mp4":                                                                     "offsets count from the moof though no flag says so; the tool reads garbage as sound",
	"mp4struct/shaka/cea-interleaved-trun-segment.mp4":                                                           "the initialization segment that is listed for it is WebM",
	"mp4struct/shaka/cea608-interleaved-trun-segment.mp4":                                                        "the initialization segment that is listed for it is WebM",
	"mse/wpt/mp4/test.mp4":                                                                                       "the tool rounds frame lengths; the conformance suite's table agrees with us",
	"drm/wpt/video_512x288_h264-360k_enc_clear_dashinit.mp4":                                                     "the tool knows one sample entry a file and loses the second half",
	"mp4struct/mp4ff/vvc_400kbps_2s.mp4":                                                                         "the tool delays presentation times by the most negative composition offset",
	"drm/mp4ff/audio.mp4":                                                                                        "Windows Media audio is not supported in MP4; the facts are those of a converted file",
	"presentations/spk_audio-video-with-trick-play/output.mpd P0/AS2/2":                                          "the tool takes an average for the length of the last frame, the container says 734 ms",
	"presentations/spk_encryption-and-trick-play/output.mpd P0/AS2/2":                                            "the tool takes an average for the length of the last frame, the container says 734 ms",
	"presentations/spk_live-profile-and-key-rotation/output.mpd P0/AS0/0":                                        "the tool stops at the first change of key",
	"presentations/spk_live-profile-and-key-rotation/output.mpd P0/AS1/1":                                        "the tool stops at the first change of key",
	"presentations/spk_video-no-edit-list/output.mpd P0/AS0/0":                                                   "the media are damaged; the tool looks into them and finds no key frame where the container has three",
	"presentations/shaka/6339/master.mpd P0/AS0/a4c937bb-6f30-4ecb-8301-09fc1fd94c30":                            "the tool does not list the first packet as a key frame, the container does",
	"presentations/spk_encryption-and-output-media-info-and-mpd-from-media-info-segmentlist/output.mpd P0/AS0/0": "the tool loses its way in the byte ranges of this manifest",
}

// judge logs a deviation that is known and fails for one that is not, and for a known one that is gone.
func judge(t *testing.T, name string, dev []string) (good bool) {
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

// TestFacts_Files compares every fragmented MP4 of the collection with what an independent tool counted in it.
func TestFacts_Files(t *testing.T) {
	dir := collection.Dir(t)
	if dir == "" {
		t.Log("MSEPLAYER_MEDIA is not set: TestGolden covers built content")
		return
	}
	content := filepath.Join(dir, "content")
	n, good := 0, 0
	for _, facts := range collection.Table(t, filepath.Join(content, "INDEX.tsv")) {
		if !strings.Contains(facts["structure"], "moof=") {
			continue
		}
		n++
		var stream []byte
		if rest, ok := strings.CutPrefix(facts["note"], "facts are of "); ok {
			name, _, _ := strings.Cut(rest, " ")
			b, err := os.ReadFile(filepath.Join(content, filepath.Dir(facts["path"]), name))
			if err != nil {
				t.Error(err)
				continue
			}
			stream = b
		}
		b, err := os.ReadFile(filepath.Join(content, facts["path"]))
		if err != nil {
			t.Error(err)
			continue
		}
		r, err := parse(isobmff.Options{}, append(stream, b...))
		var dev []string
		if err != nil {
			dev = append(dev, err.Error())
		}
		if facts["status"] == "ok" {
			dev = append(dev, deviations(r, facts)...)
		} else if err != nil && strings.Contains(err.Error(), "no moov came before it") {
			dev = nil // a segment whose initialization segment is not in the collection; the tool cannot read it either
		}
		if judge(t, facts["path"], dev) {
			good++
		}
	}
	t.Logf("%d of %d files agree", good, n)
}
