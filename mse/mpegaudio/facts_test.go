package mpegaudio_test

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
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
	"mseplayer/mse/mpegaudio"
	"mseplayer/mse/msetest/collection"
)

// mediaDir is the folder of other people's media, "" when none is configured.
func mediaDir(t *testing.T) string {
	t.Helper()
	dir := collection.Dir(t)
	if dir == "" {
		t.Log("MSEPLAYER_MEDIA is not set: TestGolden and TestStreams cover built streams")
	}
	return dir
}

// formats are the files that the parser reads, by extension.
var formats = map[string]mpegaudio.Format{
	".mp3": mpegaudio.MPEG, ".aac": mpegaudio.ADTS, ".adts": mpegaudio.ADTS,
	".ac3": mpegaudio.AC3, ".ec3": mpegaudio.AC3, ".eac3": mpegaudio.AC3,
}

// walkMedia calls visit for every file of the collection that the parser reads. name is relative to dir.
func walkMedia(t *testing.T, dir string, visit func(name string, f mpegaudio.Format, b []byte)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		f, ok := formats[filepath.Ext(path)]
		if err != nil || d.IsDir() || !ok {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		visit(filepath.ToSlash(name), f, b)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// walkAll calls visit for every file in some folders of the collection.
func walkAll(t *testing.T, dir string, folders []string, visit func(name string, b []byte)) {
	t.Helper()
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(dir, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			if err == nil {
				visit(path, b)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// packet is one line of the tool's list.
type packet struct {
	Pts      string `json:"pts_time"`
	Duration string `json:"duration_time"`
	Size     string `json:"size"`
	Flags    string `json:"flags"`
	SideData []struct {
		Type string `json:"side_data_type"`
		Skip int    `json:"skip_samples"`
		Pad  int    `json:"discard_padding"`
	} `json:"side_data_list"`
}

// packets asks ffprobe for the audio packets of a file.
func packets(t *testing.T, path string) []packet {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "quiet", "-select_streams", "a:0", "-show_packets", "-of", "json", path).Output()
	if err != nil {
		return nil // a file that it cannot read
	}
	var list struct{ Packets []packet }
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatalf("%s: ffprobe: %v", path, err)
	}
	return list.Packets
}

// tolerance is for facts that were printed with six decimals.
const tolerance = 1.1e-6

// ticks is what the tool counts AC-3 in: it adds up durations that it has cut to whole ones.
const ticks = 90000

// compare lists the first difference between frames and the tool's packets. It counts presentation times from 0 with
// what is skipped; we count from the first sample that is kept, or from the time stamp in a tag. It takes nothing
// off the frame, we the ADTS header.
func compare(frames []media.CodedFrame, want []packet, strip int) string {
	if len(frames) != len(want) {
		return fmt.Sprintf("%d frames, the tool has %d", len(frames), len(want))
	}
	origin := frames[0].PTS.Sub(0)
	skipped, discarded := media.Span(0), media.Span(0)
	for i := range frames {
		f := &frames[i]
		pts := f.PTS.Sub(0) - origin + skipped
		whole := f.Duration + f.TrimFront + f.TrimBack
		slack := tolerance
		if f.Config.Codec == media.AC3 || f.Config.Codec == media.EAC3 {
			slack += float64(i+1) / ticks
		}
		near := func(s string, v media.Span) bool {
			x, err := strconv.ParseFloat(s, 64)
			return err == nil && math.Abs(x-float64(v)) <= slack
		}
		rate := media.Span(f.Config.SampleRate)
		switch w := want[i]; {
		case !near(w.Pts, pts):
			return fmt.Sprintf("frame %d: pts %s, the tool says %s", i, pts, w.Pts)
		case !near(w.Duration, whole):
			return fmt.Sprintf("frame %d: duration %s, the tool says %s", i, whole, w.Duration)
		case strconv.Itoa(len(f.Data)+strip) != w.Size:
			return fmt.Sprintf("frame %d: %d bytes, the tool says %s", i, len(f.Data)+strip, w.Size)
		case f.RAP != strings.HasPrefix(w.Flags, "K"):
			return fmt.Sprintf("frame %d: key %v, the tool says %s", i, f.RAP, w.Flags)
		default:
			// The tool names what to skip once, in samples from there on, and what to discard with each packet.
			pad := 0
			for _, s := range w.SideData {
				if s.Type == "Skip Samples" {
					discarded += media.Span(s.Skip) / rate
					pad = s.Pad
				}
			}
			discarded -= f.TrimFront
			if got := int(math.Round(float64(f.TrimBack * rate))); got != pad {
				return fmt.Sprintf("frame %d: %d samples off the end, the tool says %d", i, got, pad)
			}
		}
		skipped += f.TrimFront + f.TrimBack
	}
	if math.Abs(float64(discarded)) > tolerance {
		return fmt.Sprintf("%s s more are to be skipped at the front", discarded)
	}
	return ""
}

// known lists where we deviate from the tool, with the reason.
var known = map[string]string{
	"content/broken/androidx/200kB-garbage-prefix.mp3":                                  "the tool takes the garbage for AMR",
	"content/broken/androidx/test-cbr-info-header-trailing-garbage.mp3":                 "the tool hands out the garbage as one more frame",
	"content/presentations/spk_ec3-packed-audio-encrypted/bear-640x360-ec3-audio-2.ec3": "the tool does not recognize frames whose payload is encrypted",
	"content/presentations/spk_ec3-packed-audio-encrypted/bear-640x360-ec3-audio-3.ec3": "the tool does not recognize frames whose payload is encrypted",
	"facts content/ts_ps/androidx/sample_with_id3.adts":                                 "the tool's decoder rejects the last frame",
}

// TestFFprobe compares the frames of every file of the collection with the packets of an independent tool: how many,
// and time, duration, size, key flag and trimming of each.
func TestFFprobe(t *testing.T) {
	dir := mediaDir(t)
	if dir == "" {
		return
	}
	if _, err := exec.LookPath("ffprobe"); err != nil {
		t.Log("ffprobe is not installed: TestFacts compares with what it said")
		return
	}
	n, good := 0, 0
	seen := map[string]bool{}
	walkMedia(t, dir, func(name string, f mpegaudio.Format, b []byte) {
		n++
		seen[name] = true
		r, err := parse(f, b)
		dev := ""
		strip := 0
		if f == mpegaudio.ADTS {
			const headerBytes, crcBytes = 7, 2
			if i := bytes.IndexByte(b, 0xff); i >= 0 && b[i+1]&1 == 0 {
				strip = crcBytes
			}
			strip += headerBytes
		}
		if err != nil {
			dev = err.Error()
		} else {
			dev = compare(r.Frames[trackID], packets(t, filepath.Join(dir, name)), strip)
		}
		switch reason, expected := known[name]; {
		case dev == "" && !expected:
			good++
		case dev == "":
			t.Errorf("%s: no deviation any more (%s)", name, reason)
		case expected:
			t.Logf("%s: %s\n\treason: %s", name, dev, reason)
		default:
			t.Errorf("%s: %s", name, dev)
		}
	})
	t.Logf("%d of %d files agree", good, n)
	for name := range known {
		if !seen[strings.TrimPrefix(name, "facts ")] {
			t.Errorf("%s: is not in the collection", name)
		}
	}
}

// TestFacts compares with the collection's table of facts, which counts decoded samples behind the trimming too.
func TestFacts(t *testing.T) {
	dir := mediaDir(t)
	if dir == "" {
		return
	}
	b, err := os.ReadFile(filepath.Join(dir, "content", "INDEX.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	table := csv.NewReader(bytes.NewReader(b))
	table.Comma, table.LazyQuotes, table.FieldsPerRecord = '\t', true, -1
	lines, err := table.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, c := range lines[0] {
		column[c] = i
	}
	n, good := 0, 0
	for _, line := range lines[1:] {
		fact := func(name string) string { return line[column[name]] }
		f, ok := formats[filepath.Ext(fact("path"))]
		if !ok {
			continue
		}
		n++
		name := filepath.Join("content", fact("path"))
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			continue
		}
		var dev []string
		r, err := parse(f, b)
		if err != nil {
			dev = append(dev, err.Error())
		} else {
			samples := 0.0
			for i := range r.Frames[trackID] {
				samples += float64(r.Frames[trackID][i].Duration) * float64(r.Frames[trackID][i].Config.SampleRate)
			}
			if got := strconv.Itoa(len(r.Frames[trackID])); got != fact("a_packets") {
				dev = append(dev, fmt.Sprintf("%s frames, the fact says %s", got, fact("a_packets")))
			}
			if got := strconv.Itoa(int(math.Round(samples))); got != fact("a_samples") {
				dev = append(dev, fmt.Sprintf("%s samples, the fact says %s", got, fact("a_samples")))
			}
			c := r.Inits[0].Tracks[0].Config
			if got := fmt.Sprintf("%dHz %dch", c.SampleRate, c.Channels); !strings.Contains(fact("streams"), got) {
				dev = append(dev, fmt.Sprintf("%s, the fact says %s", got, fact("streams")))
			}
		}
		switch reason, expected := cmp.Or(known["facts "+name], known[name]), known["facts "+name] != "" || known[name] != ""; {
		case len(dev) == 0:
			good++
		case expected:
			t.Logf("%s: %s\n\treason: %s", name, strings.Join(dev, "; "), reason)
		default:
			t.Errorf("%s: %s", name, strings.Join(dev, "; "))
		}
	}
	t.Logf("%d of %d files agree", good, n)
}
