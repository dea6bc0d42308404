package isobmff_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mseplayer/mse/isobmff"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest/bytestreamtest"
	"mseplayer/mse/msetest/collection"
)

// tolerance is for facts that were printed with six decimals.
const tolerance = 1.1e-6

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

func counts(frames []media.CodedFrame, prefix string, facts collection.Row) []string {
	return bytestreamtest.Counts(frames, prefix, facts, tolerance)
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
			dev = append(dev, bytestreamtest.Deviations(r, facts, counts)...)
		} else if err != nil && strings.Contains(err.Error(), "no moov came before it") {
			dev = nil // a segment whose initialization segment is not in the collection; the tool cannot read it either
		}
		if bytestreamtest.Judge(t, known, facts["path"], dev) {
			good++
		}
	}
	t.Logf("%d of %d files agree", good, n)
}
