package isobmff_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mseplayer/mse/isobmff"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest/bytestreamtest"
	"mseplayer/mse/msetest/collection"
)

// knownPackets lists where we deviate from the tool, with the reason.
var knownPackets = map[string]string{
	"content/drm/mp4ff/audio.mp4":                                           "Windows Media audio is not supported in MP4; the tool guesses its length",
	"content/drm/mp4ff/cbcsdec.mp4":                                         toolCaptions,
	"content/mp4struct/mp4ff/main_1.mp4":                                    toolCaptions,
	"content/drm/mp4ff/complseg-1.0001.mp4":                                 toolLength,
	"content/mp4struct/androidx/fragmented_captions.mp4":                    toolLength,
	"content/mp4struct/androidx/sample_fragmented_sgpd_v2.mp4":              toolLength,
	"content/mp4struct/androidx/sample_fragmented_variable_length_sgpd.mp4": toolLength,
	"content/mse/wpt/mp4/test-boxes-video.mp4":                              toolLength,
	"wpt/mp4/test-boxes-video.mp4":                                          toolLength,
	"content/mse/wpt/mp4/test.mp4":                                          toolLength,
	"wpt/mp4/test.mp4":                                                      toolLength,
	"content/presentations/spk_audio-video-with-trick-play/bear-640x360-video-trick_play_factor_1.mp4":                      toolLength,
	"content/presentations/spk_encryption-and-trick-play/bear-640x360-video-trick_play_factor_1.mp4":                        toolLength,
	"content/presentations/spk_encryption-and-trick-play/decrypted-bear-640x360-video-trick_play_factor_1-0.mp4":            toolLength,
	"content/presentations/androidx_dash_emsg/sample.audio.mp4":                                                             toolLast,
	"content/presentations/shaka/dash-multi-codec/audio_en_2c_128k_aac.mp4":                                                 toolLast,
	"content/presentations/spk_acc-he/bear-640x360-aac_he-silent_right-audio.mp4":                                           toolLast,
	"content/drm/wpt/video_512x288_h264-360k_enc_clear_dashinit.mp4":                                                        "the tool goes on where the fragment before ended, tfdt says a frame later",
	"content/mp4struct/mp4ff/vvc_400kbps_2s.mp4":                                                                            known["mp4struct/mp4ff/vvc_400kbps_2s.mp4"],
	"content/mp4struct/spk/bear-640x360-av_frag.mp4":                                                                        known["mp4struct/spk/bear-640x360-av_frag.mp4"],
	"content/presentations/shaka/6339/v.mp4":                                                                                "the tool does not list the first packet as a key frame, the container does",
	"content/presentations/spk_video-no-edit-list/bear-640x360-no_edit_list-video.mp4":                                      known["presentations/spk_video-no-edit-list/output.mpd P0/AS0/0"],
	"content/presentations/spk_encryption-and-output-media-info-and-mpd-from-media-info-segmentlist/bear-640x360-audio.mp4": "the tool stops at encryption facts that it cannot read",
}

// Reasons that several files share.
const (
	toolLength   = "the tool takes lengths from an average or from the distance of decode times, the container has its own"
	toolLast     = "the tool takes the codec's length for the last frame, which the container ends earlier"
	toolCaptions = "the tool takes the captions out of their box"
)

// TestPackets compares every frame of every fragmented file of the collection that begins with its initialization segment
// with the packets that an independent tool finds in it: times and length to less than a tick, size, and key flag.
func TestPackets(t *testing.T) {
	dir := collection.Dir(t)
	tool, err := exec.LookPath("ffprobe")
	if dir == "" || err != nil {
		t.Log("MSEPLAYER_MEDIA is not set, or there is no ffprobe: TestGolden and TestLayouts cover built content")
		return
	}
	files, good, packets, same := 0, 0, 0, 0
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !slices.Contains([]string{".mp4", ".m4v", ".m4a", ".m4s", ".mov"}, filepath.Ext(path)) {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !bytes.Contains(b, []byte("moof")) || !bytes.Contains(b[:min(len(b), 64<<10)], []byte("moov")) {
			return nil
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		r, err := parse(isobmff.Options{}, bytes.Clone(b))
		if errors.Is(err, isobmff.ErrNotFragmented) || len(r.Inits) == 0 {
			return nil
		}
		files++
		bytestreamtest.CheckCuts(t, name, b, func(pieces ...[]byte) (uint64, error) { return digestOf(isobmff.Options{}, pieces...) })
		var dev []string
		if err != nil {
			dev = append(dev, err.Error())
		}
		n, ok, more := comparePackets(r, bytestreamtest.Probe(t, tool, path))
		packets, same = packets+n, same+ok
		if bytestreamtest.Judge(t, knownPackets, name, append(dev, more...)) {
			good++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d files agree, %d of %d packets", good, files, same, packets)
	if files < 60 {
		t.Errorf("only %d files", files)
	}
}

// comparePackets compares frames with packets, track by track. It returns how many packets there are, how many agree,
// and a line for each kind of deviation of each track.
func comparePackets(r *recorder, p bytestreamtest.Probed) (n, same int, dev []string) {
	for _, stream := range p.Streams {
		id, err := strconv.ParseUint(stream.ID, 0, 32)
		if err != nil {
			continue
		}
		list := slices.DeleteFunc(slices.Clone(p.Packets), func(k bytestreamtest.Packet) bool { return k.Stream != stream.Index })
		frames := r.Frames[uint32(id)]
		n += len(list)
		if len(frames) != len(list) {
			dev = append(dev, fmt.Sprintf("track %d: %d frames, the tool counts %d", id, len(frames), len(list)))
			continue
		}
		a, b, _ := strings.Cut(stream.TimeBase, "/")
		num, _ := strconv.ParseFloat(a, 64)
		den, _ := strconv.ParseFloat(b, 64)
		first, counts := map[string]string{}, map[string]int{}
		for k := range frames {
			bad := comparePacket(&frames[k], list[k], num/den)
			for kind, what := range bad {
				if counts[kind]++; counts[kind] == 1 {
					first[kind] = fmt.Sprintf("frame %d %s", k, what)
				}
			}
			if len(bad) == 0 {
				same++
			}
		}
		for _, kind := range []string{"pts", "dts", "length", "size", "key"} {
			if counts[kind] > 0 {
				dev = append(dev, fmt.Sprintf("track %d %s: %d of %d, first %s", id, kind, counts[kind], len(list), first[kind]))
			}
		}
	}
	return n, same, dev
}

// comparePacket names what differs.
func comparePacket(f *media.CodedFrame, p bytestreamtest.Packet, tick float64) map[string]string {
	const exact = 1e-3 // of a tick
	bad := map[string]string{}
	number := func(kind string, got float64, want json.Number) {
		if v, err := strconv.ParseFloat(want.String(), 64); err == nil && math.Abs(got/tick-v) > exact {
			bad[kind] = fmt.Sprintf("is %g ticks, the tool says %g", got/tick, v)
		}
	}
	number("pts", float64(f.PTS), p.PTS)
	number("dts", float64(f.DTS), p.DTS)
	number("length", float64(f.Duration), p.Duration)
	if v := p.Size.String(); v != strconv.Itoa(len(f.Data)) {
		bad["size"] = fmt.Sprintf("has %d bytes, the tool says %s", len(f.Data), v)
	}
	if key := strings.Contains(p.Flags, "K"); key != f.RAP {
		bad["key"] = fmt.Sprintf("%v, the tool says %v", f.RAP, key)
	}
	return bad
}
