package webm_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/mse/msetest/bytestreamtest"
	"mseplayer/mse/msetest/collection"
	"mseplayer/mse/webm"
)

// knownPackets lists where we deviate from the tool, with the reason.
var knownPackets = map[string]string{
	"content/webm_mkv/androidx/sample.mkv":                                    toolGuesses + "; " + toolLaces,
	"content/webm_mkv/androidx/sample_with_ass_subtitles.mkv":                 toolGuesses + "; " + toolLaces,
	"content/webm_mkv/androidx/sample_with_null_terminated_ssa_subtitles.mkv": toolGuesses + "; " + toolLaces,
	"content/webm_mkv/androidx/sample_with_vtt_subtitles.mkv":                 toolGuesses + "; " + toolLaces,
	"content/webm_mkv/androidx/sample_with_pgs_subtitles.mkv":                 toolLaces,
	"content/webm_mkv/androidx/sample_with_htc_rotation_track_name.mkv":       toolGuesses,
	"content/webm_mkv/androidx/sample_with_srt.mkv":                           toolGuesses,
	"content/webm_mkv/spk/bear-320x240-multitrack.webm":                       toolGuesses,
	"content/mse/wpt/media/400x300-red-resize-200x150-green.webm":             toolGuesses,
	"wpt/common/400x300-red-resize-200x150-green.webm":                        toolGuesses,
	"content/webm_mkv/androidx/sample_with_multiple_key_frames.mkv":           toolDefault,
	"content/webm_mkv/androidx/sample_with_vorbis_audio.mkv":                  toolDefault,
	"content/webm_mkv/androidx/sample_last_cluster.mkv":                       lateTracks,
	"content/webm_mkv/androidx/subsample_encrypted_noaltref.webm":             toolEncrypted,
	"content/drm/spk/bear-320x240-16x9-aspect-av_enc-av.webm":                 toolEncrypted,
	"content/drm/spk/bear-320x240-av_enc-av_clear-1s.webm":                    toolEncrypted,
	"content/drm/spk/bear-640x360-av_enc-av.webm":                             toolEncrypted,
	"content/presentations/spk_av1-webm-with-encryption/bear-av1-video.webm":  toolEncrypted,
	"content/presentations/spk_webm-with-encryption/bear-640x360-video.webm":  toolEncrypted,
	"content/presentations/shaka/dash-multi-codec/audio_es_2c_64k_opus.webm":  "BlockDuration ends the last packet early; the tool says how long the packet is",
	"content/mse/wpt/webm/test-vp8-vorbis-webvtt.webm":                        "the tool moves the identifier and the settings of a cue out of its packet",
	"wpt/webm/test-vp8-vorbis-webvtt.webm":                                    "the tool moves the identifier and the settings of a cue out of its packet",
}

// TestPackets compares every frame of every WebM and Matroska file of the collection with the packets that an
// independent tool finds in it: its times and its length to less than a tick, its size, and its
// key flag. A length that the container leaves open, which the tool takes from an average, may differ by a whole tick.
func TestPackets(t *testing.T) {
	dir := collection.Dir(t)
	tool, err := exec.LookPath("ffprobe")
	if dir == "" || err != nil {
		t.Log("MSEPLAYER_MEDIA is not set, or there is no ffprobe: TestGolden and TestBlocks cover built content")
		return
	}
	files, good, packets, same := 0, 0, 0, 0
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		switch filepath.Ext(path) {
		case ".webm", ".mkv", ".mka":
		default:
			return nil
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !bytes.HasPrefix(b, []byte{0x1a, 0x45, 0xdf, 0xa3}) || !bytes.Contains(b, []byte{0x1f, 0x43, 0xb6, 0x75}) {
			return nil // no WebM, or no media in it
		}
		files++
		bytestreamtest.CheckCuts(t, name, b, func(pieces ...[]byte) (uint64, error) { return digestOf(webm.Options{}, pieces...) })
		r, err := parse(webm.Options{}, bytes.Clone(b))
		var dev []string
		if err != nil {
			dev = append(dev, err.Error())
		}
		p := bytestreamtest.Probe(t, tool, path)
		n, ok, more := comparePackets(r, p)
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
	if len(r.Inits) == 0 {
		if len(p.Packets) == 0 {
			return 0, 0, nil
		}
		return 0, 0, []string{"no initialization segment"}
	}
	streams := 0
	for _, s := range p.Streams {
		if s.Type != "attachment" {
			streams++
		}
	}
	tracks := r.Inits[0].Tracks
	if len(tracks) != streams {
		return 0, 0, []string{fmt.Sprintf("%d tracks, the tool finds %d", len(tracks), streams)}
	}
	for i, track := range tracks {
		tick := timeBase(p.Streams[i].TimeBase)
		var list []bytestreamtest.Packet
		for _, x := range p.Packets {
			if x.Stream == i {
				list = append(list, x)
			}
		}
		frames := r.Frames[track.ID]
		n += len(list)
		if len(frames) != len(list) {
			dev = append(dev, fmt.Sprintf("track %d: %d frames, the tool counts %d", track.ID, len(frames), len(list)))
			continue
		}
		kinds := map[string]string{}
		counts := map[string]int{}
		for k := range frames {
			bad := comparePacket(&frames[k], list[k], tick)
			for kind, what := range bad {
				if counts[kind]++; counts[kind] == 1 {
					kinds[kind] = fmt.Sprintf("frame %d %s", k, what)
				}
			}
			if len(bad) == 0 {
				same++
			}
		}
		for _, kind := range []string{"time", "length", "size", "key"} {
			if counts[kind] > 0 {
				dev = append(dev, fmt.Sprintf("track %d (%s) %s: %d of %d, first %s", track.ID, track.Config.Codec, kind, counts[kind], len(list), kinds[kind]))
			}
		}
	}
	return n, same, dev
}

// comparePacket names what differs.
func comparePacket(f *media.CodedFrame, p bytestreamtest.Packet, tick float64) map[string]string {
	const exact = 1e-6 // of a tick
	bad := map[string]string{}
	first := float64(f.PTS) - float64(f.TrimFront)
	if v, err := strconv.ParseFloat(p.PTS.String(), 64); err == nil && math.Abs(first/tick-v) > 1-exact {
		bad["time"] = fmt.Sprintf("at %g, the tool says %g", first, v*tick)
	}
	whole := float64(f.Duration + f.TrimFront + f.TrimBack)
	if v, err := strconv.ParseFloat(p.Duration.String(), 64); err == nil && v > 0 && math.Abs(whole/tick-v) > 1+exact {
		bad["length"] = fmt.Sprintf("of %g at %g, the tool says %g", whole, first, v*tick)
	}
	if v := p.Size.String(); v != strconv.Itoa(len(f.Data)) {
		bad["size"] = fmt.Sprintf("of %d bytes at %g, the tool says %s", len(f.Data), first, v)
	}
	if key := strings.Contains(p.Flags, "K"); key != f.RAP {
		bad["key"] = fmt.Sprintf("at %g: %v, the tool says %v", first, f.RAP, key)
	}
	return bad
}

// timeBase reads "1/1000".
func timeBase(s string) float64 {
	a, b, _ := strings.Cut(s, "/")
	x, _ := strconv.ParseFloat(a, 64)
	y, _ := strconv.ParseFloat(b, 64)
	return x / y
}
