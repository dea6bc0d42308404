package main

import (
	"context"
	"fmt"
	"math"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mseplayer/mse"
	"mseplayer/mse/mime"
	"mseplayer/mse/msetest/collection"
	"mseplayer/player/check"
	"mseplayer/player/crypt"
	"mseplayer/player/ffmpeg"
	"mseplayer/player/frame"
)

// A fact is what other tools found in one representation or file, by the name of the column.
type fact map[string]string

func (f fact) number(column string) (int64, bool) {
	n, err := strconv.ParseInt(f[column], 10, 64)
	return n, err == nil
}

func (f fact) seconds(column string) (float64, bool) {
	s, err := strconv.ParseFloat(f[column], 64)
	return s, err == nil
}

// readFacts reads a table of facts below MSEPLAYER_MEDIA. Without that variable there are none: what these tests look at,
// TestCheck_Demo and the tests of package check look at in content of our own.
func readFacts(t *testing.T, table string) (rows []fact, root string) {
	t.Helper()
	return readRows(t, table, func(f fact) bool { return f["status"] == "ok" })
}

// readRows is readFacts for the rows that keep lets through.
func readRows(t *testing.T, table string, keep func(fact) bool) (rows []fact, root string) {
	t.Helper()
	if root = collection.Dir(t); root == "" {
		return nil, ""
	}
	root = filepath.Join(root, "content")
	for _, r := range collection.Table(t, root, table) {
		if keep(fact(r)) {
			rows = append(rows, fact(r))
		}
	}
	if len(rows) == 0 {
		t.Fatalf("%s: no row of use", table)
	}
	return rows, root
}

// checkFile checks a source in this process.
func checkFile(t *testing.T, name string, keys ...crypt.Key) *check.Report {
	t.Helper()
	var n netOptions
	open, err := n.open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer open.Fetch.Close()
	r, err := check.Run(context.Background(), name, check.Options{Source: open, Formats: mse.Formats(), Decoders: ffmpeg.Factory{}, Keys: crypt.Config{Keys: keys}})
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if n := frame.Live(); n != 0 {
		t.Errorf("%s: %d pictures leaked", name, n)
	}
	return r
}

// disagreements lists in what a track differs from the facts. presented says that the facts about sound are of what is
// presented, not of what is decoded.
func disagreements(x *check.Track, f fact, presented bool) (out []string) {
	differ := func(column string, got *int64) {
		if want, ok := f.number(column); ok && (got == nil || *got != want) {
			text := "unknown"
			if got != nil {
				text = fmt.Sprint(*got)
			}
			out = append(out, fmt.Sprintf("%s %s, want %d", column, text, want))
		}
	}
	// The times of the facts are those of the container. The last time stamp tells how far they are off. Where the length
	// that the tool guesses for the last frame is not the container's, its duration of the file is.
	end := func(first, last, column string) {
		l, ok := f.seconds(last)
		want, ok2 := f.seconds(column)
		if !ok || !ok2 || want <= l {
			return // the container does not say how long the last frame is
		}
		for _, got := range [...]float64{float64(x.End-x.LastPTS) + l, float64(x.End)} {
			if math.Abs(got-want) <= 0.001 {
				return
			}
		}
		s, ok := f.seconds(first)
		length, ok2 := f.seconds("duration")
		length0 := float64(x.End - x.FirstPTS)
		if ok && ok2 && (math.Abs(length0-length) <= 0.001 || math.Abs(length0+s-length) <= 0.001) {
			return
		}
		out = append(out, fmt.Sprintf("%s %f, want %f", column, float64(x.End), want))
	}
	near := func(column string, got check.Seconds) {
		want, ok := f.seconds(column)
		diff := float64(got) - want
		if x.Container == "mp2t" {
			const rollover = (1 << 33) / 90000.0 // of which the tool takes off one where time stamps begin anew
			diff -= math.Round(diff/rollover) * rollover
		}
		if ok && math.Abs(diff) > 0.001 {
			out = append(out, fmt.Sprintf("%s %f, want %f", column, float64(got), want))
		}
	}
	switch x.Type {
	case "video":
		differ("v_frames", x.FramesDecoded)
		differ("v_packets", x.CodedFrames)
		differ("v_key", x.KeyFrames)
		near("v_first", x.ContainerFirstPTS)
		end("v_first", "v_last", "v_end")
	case "audio":
		samples := x.AudioSamplesDecoded
		if presented {
			samples = x.AudioSamplesPresented
		}
		differ("a_samples", samples)
		near("a_first", x.ContainerFirstPTS)
		end("a_first", "a_last", "a_end")
	}
	if x.DecodeErrors != nil && *x.DecodeErrors > 0 && f["errors"] == "0" {
		out = append(out, fmt.Sprintf("%d decode errors", *x.DecodeErrors))
	}
	return out
}

// noKeys is why a row is about the beginning that is clear.
const noKeys = "the tool has no keys for the samples of a playlist, and ends where they begin to be encrypted"

// presentationDeviations are the representations of which the tool that made the facts says something else, and why.
var presentationDeviations = map[string]string{
	"presentations/shaka/6339/master.mpd P0/AS0/a4c937bb-6f30-4ecb-8301-09fc1fd94c30": "begins with a picture that is no IDR; " +
		"the container calls it a random access point, the tool's parser does not",
	"presentations/shaka/dash-multi-codec/dash.mpd P0/AS2/17":                  "the last block says that it lasts shorter than its packet of 20 ms",
	"presentations/spk_avc-ts-with-encryption/bear-640x360-video.m3u8":         noKeys,
	"presentations/spk_avc-ts-with-encryption/bear-640x360-audio.m3u8":         noKeys,
	"presentations/spk_ec3-packed-audio-encrypted/bear-640x360-ec3-video.m3u8": noKeys,
}

// noted are the keys that a note tells, as key_id=KID key=KEY or kid=KID key=KEY. A note may say that both are rotated left by
// a byte from one crypto period to the next.
func noted(t *testing.T, note string) (keys []crypt.Key) {
	t.Helper()
	for _, m := range regexp.MustCompile(`(?:key_id|kid)=([0-9a-f]{32}) key=([0-9a-f]{32})`).FindAllStringSubmatch(note, -1) {
		k, err := crypt.ParseKey(m[1] + ":" + m[2])
		if err != nil {
			t.Fatalf("%s: %v", note, err)
		}
		keys = append(keys, k)
		for range len(k.KID) {
			if !strings.Contains(note, "rotated") {
				break
			}
			k.KID = [crypt.KeyBytes]byte(append(k.KID[1:], k.KID[0]))
			k.Key = [crypt.KeyBytes]byte(append(k.Key[1:], k.Key[0]))
			keys = append(keys, k)
		}
	}
	return keys
}

// TestFacts_Presentations compares the counts of all complete presentations with what FFmpeg found in their
// representations: DASH and HLS, complete or a copy of a live one, clear or encrypted with the keys in the note. A multivariant
// playlist is compared with the rows of its media playlists.
func TestFacts_Presentations(t *testing.T) {
	rows, root := readRows(t, "PRESENTATIONS.tsv", func(f fact) bool {
		return f["completeness"] == "COMPLETE" || strings.HasPrefix(f["completeness"], "COMPLETE ")
	})
	reports := map[string]*check.Report{}
	report := func(f fact) *check.Report {
		r := reports[f["manifest"]]
		if r == nil {
			r = checkFile(t, filepath.Join(root, f["manifest"]), noted(t, f["note"])...)
			reports[f["manifest"]] = r
		}
		return r
	}
	used := map[*check.Track]bool{}
	agreed, all := 0, 0
	one := func(name string, f fact, r *check.Report, id string) {
		for _, kind := range []string{"video", "audio"} {
			if kind == "video" && f["v_packets"] == "" || kind == "audio" && f["a_packets"] == "" {
				continue
			}
			if f["errors"] != "0" || strings.Contains(f["streams"], "a:?") {
				continue // nobody agrees about what the tool cannot read: without keys, parts of fragments, IAMF
			}
			all++
			var best []string
			found := false
			for i := range r.Tracks {
				x := &r.Tracks[i]
				if x.Type != kind || id != "" && x.Representation != id || used[x] {
					continue
				}
				if bad := disagreements(x, f, false); !found || len(bad) < len(best) {
					best, found = bad, true
					if len(bad) == 0 {
						used[x] = true
						break
					}
				}
			}
			reason, known := presentationDeviations[name]
			switch {
			case !found:
				t.Errorf("%s in %s: no such track", name, r.Source)
			case len(best) == 0 && known:
				t.Errorf("%s in %s agrees although %q", name, r.Source, reason)
			case len(best) == 0:
				agreed++
			case !known:
				t.Errorf("%s in %s: %s: %s", name, r.Source, kind, strings.Join(best, "; "))
			}
		}
	}
	for _, f := range rows {
		r := report(f)
		switch parts := strings.SplitN(f["rep"], "/", 3); {
		case r == nil:
		case len(parts) == 3:
			one(f["manifest"]+" "+f["rep"], f, r, parts[2])
		case f["rep"] == "media playlist":
			one(f["manifest"], f, r, "")
		default: // a multivariant playlist
			for _, m := range rows {
				if m["rep"] != "media playlist" || path.Dir(m["manifest"]) != path.Dir(f["manifest"]) {
					continue
				}
				id := path.Base(m["manifest"])
				if slices.ContainsFunc(r.Tracks, func(x check.Track) bool { return x.Representation == id }) {
					one(m["manifest"], m, r, id)
				}
			}
		}
	}
	if root != "" {
		t.Logf("%d of %d streams agree", agreed, all)
	}
}

// checkFiles compares files that keep lets through.
func checkFiles(t *testing.T, keep func(i int, f fact) bool) {
	rows, root := readFacts(t, "INDEX.tsv")
	agreed, all := 0, 0
	n := 0
	for _, f := range rows {
		_, video := f.number("v_frames")
		_, sound := f.number("a_samples")
		if !strings.HasPrefix(f["format"], "mov") || f["class"] == "broken" || f["class"] == "image" || f["class"] == "drm" || f["errors"] != "0" ||
			strings.HasPrefix(f["note"], "facts are of") || strings.Contains(f["streams"], "a:?") || !video && !sound {
			continue
		}
		if p, _ := f.number("v_packets"); p == 0 && f["a_packets"] == "0" || p == 0 && f["a_packets"] == "" {
			continue // an initialization segment
		}
		if n++; !keep(n, f) {
			continue
		}
		r := checkFile(t, filepath.Join(root, f["path"]))
		var bad []string
		seen := map[string]bool{}
		for i := range r.Tracks {
			x := &r.Tracks[i]
			if seen[x.Type] || unknownToOthers(x) {
				continue
			}
			seen[x.Type] = true
			bad = append(bad, disagreements(x, f, !strings.Contains(f["structure"], "moof=") || x.Container != "isobmff" || x.Segments == nil)...)
		}
		all++
		if len(bad) == 0 {
			agreed++
		} else {
			t.Errorf("%s: %s", f["path"], strings.Join(bad, "; "))
		}
	}
	if root != "" {
		t.Logf("%d of %d files agree", agreed, all)
	}
}

// unknownToOthers reports whether a track could not be decoded here, or not by the FFmpeg 5.1 that made the facts.
func unknownToOthers(x *check.Track) bool {
	if x.FramesDecoded == nil && x.AudioSamplesDecoded == nil {
		return true
	}
	c, _ := mime.ParseCodec(string(x.Codecs))
	for _, id := range []string{"iamf", "fpcm", "vvc"} {
		if string(c.ID) == id || strings.HasPrefix(string(x.Codecs), id) {
			return true
		}
	}
	return false
}

// TestFacts_Files compares one file in eight; with the build tag long all.
func TestFacts_Files(t *testing.T) { checkFiles(t, func(i int, _ fact) bool { return i%8 == 0 }) }
