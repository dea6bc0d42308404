package mp2t_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/mse/msetest/bytestreamtest"
	"mseplayer/mse/msetest/collection"
)

// sample is a stream of the collection with the facts about it.
type sample struct {
	name  string
	b     []byte
	facts collection.Row
}

// samples are the transport streams of the collection: files, and the segments of media playlists one behind the other.
func samples(t *testing.T, dir string) (out []sample) {
	t.Helper()
	content := filepath.Join(dir, "content")
	for _, facts := range collection.Table(t, filepath.Join(content, "INDEX.tsv")) {
		if facts["format"] != "mpegts" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(content, facts["path"]))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, sample{facts["path"], b, facts})
	}
	for _, facts := range collection.Table(t, filepath.Join(content, "PRESENTATIONS.tsv")) {
		features := strings.Fields(facts["features"])
		if !slices.Contains(features, "TS") || !strings.Contains(facts["features"], "segs=") {
			continue
		}
		b := segments(t, filepath.Join(content, facts["manifest"]), slices.Contains(features, "iframes-only"))
		out = append(out, sample{facts["manifest"], b, facts})
	}
	return out
}

// segments joins the segments of a media playlist. A playlist of single pictures leaves out the tables: they are at the
// start of each resource. RFC 8216 §4.3.3.6.
func segments(t *testing.T, playlist string, iframes bool) (out []byte) {
	t.Helper()
	text, err := os.ReadFile(playlist)
	if err != nil {
		t.Fatal(err)
	}
	length, from, next, gap := -1, 0, 0, false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if spec, ok := strings.CutPrefix(line, "#EXT-X-BYTERANGE:"); ok {
			n, at, has := strings.Cut(spec, "@")
			length, _ = strconv.Atoi(n)
			if from = next; has {
				from, _ = strconv.Atoi(at)
			}
			continue
		}
		gap = gap || line == "#EXT-X-GAP"
		if line == "" || line[0] == '#' {
			continue
		}
		if gap {
			gap = false
			continue
		}
		b, err := os.ReadFile(filepath.Join(filepath.Dir(playlist), line))
		if err != nil {
			t.Fatal(err)
		}
		if length >= 0 {
			if iframes {
				const tables = 2 * packetSize
				out = append(out, b[:tables]...)
			}
			next = from + length
			b, length = b[from:next], -1
		}
		out = append(out, b...)
	}
	return out
}

const (
	// printed is for facts with six decimals, rounded for the times of audio frames inside of a PES packet: the tool
	// adds up durations that it rounds down to ticks.
	printed = 1.1e-6
	rounded = 20.0 / 90000
	// rollover is the length of the time line of 33 bits.
	rollover = float64(1<<33) / 90000
)

// deviations compares the first video and the first audio track with the facts of an independent tool.
func deviations(r *recorder, facts collection.Row) []string {
	if len(r.Inits) == 0 && facts["v_packets"]+facts["a_packets"] == "00" {
		return nil
	}
	return bytestreamtest.Deviations(r, facts, counts)
}

// counts compares frames with the packets that the tool counted.
func counts(frames []media.CodedFrame, prefix string, facts collection.Row) []string {
	tolerance := printed
	if prefix == "a_" {
		tolerance = rounded
	}
	return bytestreamtest.Compare(frames, prefix, facts, bytestreamtest.Tool{
		Span: func(f *media.CodedFrame) (start, end float64) {
			return float64(f.PTS) - float64(f.TrimFront), float64(f.End()) + float64(f.TrimBack)
		},
		Off: func(name string, d float64) bool {
			switch name {
			case "first", "last":
				d = math.Remainder(d, rollover)
			case "end":
				// The tool takes the length that the codec's clock gives, in whole ticks.
				d = max(0, math.Abs(math.Remainder(d, rollover))-1.0/90000)
			}
			return math.Abs(d) > tolerance
		},
	})
}

// known lists where we deviate from the facts, with the reason.
var known = map[string]string{
	"ts_ps/androidx/sample_ac3.ts":                                                  "begins and ends inside of frames; the tool counts the fragments and gives the first one the time of the first frame",
	"ts_ps/androidx/sample_dts_hd_across_pes.ts":                                    "DTS is not supported",
	"ts_ps/androidx/sample_dts_hd_ma.ts":                                            "DTS is not supported",
	"ts_ps/androidx/sample_h262_mpeg_audio.ts":                                      "MPEG-2 video is not supported",
	"ts_ps/androidx/sample_mpegh_lcbl_cicp1_multi.ts":                               "MPEG-H is not supported; the tool takes it for MPEG audio",
	"ts_ps/androidx/sample_mpegh_lcbl_configchange_single.ts":                       "MPEG-H is not supported; the tool takes it for MPEG audio",
	"ts_ps/androidx/sample_with_sdt.ts":                                             "MPEG-2 video is not supported",
	"ts_ps/shaka/id3-metadata.ts":                                                   "HE-AAC v2 that only the decoder can tell from AAC",
	"ts_ps/vhs/id3.ts":                                                              "irregular decoding times, and no frame rate that would tell how long the last picture is",
	"presentations/spk_avc-ts-with-encryption/bear-640x360-video.m3u8":              "the tool's playlist reader stops where the encryption begins; TestPackets compares all frames",
	"presentations/spk_avc-ts-with-encryption/bear-640x360-audio.m3u8":              "the tool's playlist reader stops where the encryption begins; TestPackets compares all frames",
	"presentations/spk_ec3-packed-audio-encrypted/bear-640x360-ec3-video.m3u8":      "the tool's playlist reader stops where the encryption begins; TestPackets compares all frames",
	"presentations/spk_avc-ts-with-encryption-and-fairplay/bear-640x360-video.m3u8": "the tool's playlist reader stops where the encryption begins; TestPackets compares all frames",
	"presentations/spk_avc-ts-with-encryption-and-fairplay/bear-640x360-audio.m3u8": "the tool's playlist reader stops where the encryption begins; TestPackets compares all frames",
	"presentations/shaka/hls-text-offset/playlist-video.m3u8":                       "the tool's playlist reader takes a jump back in time for a rollover",
}

// TestFacts compares every transport stream of the collection with what an independent tool counted in it.
func TestFacts(t *testing.T) {
	dir := collection.Dir(t)
	if dir == "" {
		t.Log("MSEPLAYER_MEDIA is not set: TestGolden covers built content")
		return
	}
	n, good := 0, 0
	for _, s := range samples(t, dir) {
		n++
		r, _, err := parse(s.b)
		var dev []string
		if err != nil {
			dev = append(dev, err.Error())
		}
		if bytestreamtest.Judge(t, known, s.name, append(dev, deviations(r, s.facts)...)) {
			good++
		}
	}
	t.Logf("%d of %d streams agree", good, n)
}

// TestPiecesOfMedia cuts every transport stream of the collection into pieces. The handler must hear the same.
func TestPiecesOfMedia(t *testing.T) {
	dir := collection.Dir(t)
	if dir == "" {
		t.Log("MSEPLAYER_MEDIA is not set: TestPieces covers built content")
		return
	}
	for _, s := range samples(t, dir) {
		want, err := digestOf(bytes.Clone(s.b))
		if err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
		for _, n := range []int{1000, 64 << 10} {
			if got, err := digestOf(bytestreamtest.CutUp(s.b, n)...); got != want {
				t.Errorf("%s in pieces of %d bytes: another result (%v)", s.name, n, err)
			}
		}
	}
}

// TestEncrypted proves that what HTTP Live Streaming encrypts inside of transport streams is recognized: frames carry
// the scheme, and the configurations say so.
func TestEncrypted(t *testing.T) {
	streams := map[string][]byte{"built": changes()}
	if dir := collection.Dir(t); dir != "" {
		for _, s := range samples(t, dir) {
			if strings.Contains(s.facts["features"], "SAMPLE-AES") {
				streams[s.name] = s.b
			}
		}
	}
	for name, b := range streams {
		r, _, err := parse(b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		n := 0
		for _, frames := range r.Frames {
			for i := range frames {
				f := &frames[i]
				if (f.Crypt != nil) != f.Config.Encrypted || f.Crypt != nil && f.Crypt.Scheme != media.SchemeSampleAES {
					t.Errorf("%s: a frame at %v with %+v and encrypted %v", name, f.PTS, f.Crypt, f.Config.Encrypted)
				}
				if f.Crypt != nil {
					n++
				}
			}
		}
		if n == 0 {
			t.Errorf("%s: no encrypted frame", name)
		}
	}
}
