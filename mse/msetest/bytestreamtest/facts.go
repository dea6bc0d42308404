package bytestreamtest

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/mse/msetest/collection"
)

// pictureFact and soundFact read the tool's description of a stream: "h264(High) 640x360 yuv420p sar=4:3 rot=-90 fps=…",
// "aac(LC) 44100Hz 2ch".
var (
	pictureFact = regexp.MustCompile(`^v:(\w+)(?:\([^)]*\))? (\d+)x(\d+)(?:.* sar=(\d+):(\d+))?`)
	soundFact   = regexp.MustCompile(`^a:(\w+)(?:\([^)]*\))? (\d+)Hz (\d+)ch`)
)

// Deviations compares the first video and the first audio track of what was parsed with the facts of an independent tool.
// counts compares the frames of a track; the names of the facts begin with prefix.
func Deviations(r *Recorder, facts collection.Row, counts func(frames []media.CodedFrame, prefix string, facts collection.Row) []string) (out []string) {
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

// Counts compares frames with the packets that the tool counted, whose times may be off by tolerance, in seconds. The end
// is compared only where the tool knew how long the last packet is: it takes 0 at the end of some files, and the codec's own
// frame length for audio that the container ends earlier.
func Counts(frames []media.CodedFrame, prefix string, facts collection.Row, tolerance float64) (out []string) {
	const longestAudioFrame = 0.05
	return Compare(frames, prefix, facts, Tool{
		Span: func(f *media.CodedFrame) (start, end float64) { return float64(f.PTS), float64(f.End()) },
		Off: func(name string, d float64) bool {
			return math.Abs(d) > tolerance && !(name == "end" && prefix == "a_" && math.Abs(d) < longestAudioFrame)
		},
	})
}

// Tool is how the tool that found the facts looks at frames.
type Tool struct {
	// Span is where a frame lies for it, in seconds.
	Span func(f *media.CodedFrame) (start, end float64)
	// Off reports whether the number of that name may not differ from the fact by d.
	Off func(name string, d float64) bool
}

// Compare compares frames with the packets that a tool counted: "packets" and "key" are numbers, "first", "last" and "end"
// times in seconds. The names of the facts begin with prefix. The end is not compared where the tool gave the last packet no
// length.
func Compare(frames []media.CodedFrame, prefix string, facts collection.Row, tool Tool) (out []string) {
	got := map[string]float64{"packets": float64(len(frames)), "first": math.Inf(1), "last": math.Inf(-1)}
	for i := range frames {
		if frames[i].RAP {
			got["key"]++
		}
		start, end := tool.Span(&frames[i])
		got["first"] = min(got["first"], start)
		if start >= got["last"] {
			got["last"], got["end"] = start, end
		}
	}
	for _, name := range []string{"packets", "key", "first", "last", "end"} {
		s := facts[prefix+name]
		if s == "" || name == "end" && s == facts[prefix+"last"] {
			continue
		}
		want, err := strconv.ParseFloat(s, 64)
		if err != nil {
			out = append(out, fmt.Sprintf("the fact %s%s is %q", prefix, name, s))
			continue
		}
		if tool.Off(name, got[name]-want) {
			out = append(out, fmt.Sprintf("%s%s is %.6f, the fact says %s", prefix, name, got[name], s))
		}
	}
	return out
}

// Judge logs a deviation that is known, by its name and with a reason, and fails for one that is not, and for a known one that
// is gone. It reports whether there is none.
func Judge(t testing.TB, known map[string]string, name string, dev []string) (good bool) {
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
