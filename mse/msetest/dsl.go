package msetest

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"mseplayer/mse/media"
)

// Frames reads a list of coded frames written as "pts[|dts][Ddur][#bytes][K]", separated by spaces, times in
// milliseconds or, with the suffix u, in microseconds:
//
//	0K 40 80 120K          four frames, two of them random access points
//	0|-40D40K 120|0 40|40   reordered frames with decode times
//
// A missing decode time equals the presentation time. A missing duration is the distance to the next frame in
// decode order, and for the last frame that of the one before (40 ms for a single frame). The payload is the
// presentation time in text, padded to the given number of bytes, so that a test can see where a frame came from
// after it has been moved. All frames point at cfg.
func Frames(cfg *media.DecoderConfig, list string) ([]media.CodedFrame, error) {
	words := strings.Fields(list)
	out := make([]media.CodedFrame, 0, len(words))
	var given []bool
	for _, w := range words {
		f, hasDur, err := frame(w)
		if err != nil {
			return nil, fmt.Errorf("msetest: frame %q: %w", w, err)
		}
		f.Config = cfg
		out = append(out, f)
		given = append(given, hasDur)
	}
	for i := range out {
		switch {
		case given[i]:
		case i+1 < len(out) && out[i+1].DTS > out[i].DTS:
			out[i].Duration = out[i+1].DTS.Sub(out[i].DTS)
		case i > 0:
			out[i].Duration = out[i-1].Duration
		default:
			out[i].Duration = 0.04
		}
	}
	return out, nil
}

// MustFrames is Frames for lists written in a test's source; it panics when the list does not parse.
func MustFrames(cfg *media.DecoderConfig, list string) []media.CodedFrame {
	f, err := Frames(cfg, list)
	if err != nil {
		panic(err)
	}
	return f
}

func frame(w string) (f media.CodedFrame, hasDur bool, err error) {
	w, f.RAP = strings.CutSuffix(w, "K")
	w, size, hasSize := strings.Cut(w, "#")
	w, dur, hasDur := strings.Cut(w, "D")
	pts, dts, hasDTS := strings.Cut(w, "|")
	if f.PTS, err = moment(pts); err != nil {
		return f, false, err
	}
	f.DTS = f.PTS
	if hasDTS {
		if f.DTS, err = moment(dts); err != nil {
			return f, false, err
		}
	}
	if hasDur {
		d, err := moment(dur)
		if err != nil {
			return f, false, err
		}
		f.Duration = media.Span(d)
	}
	f.Data = []byte(pts)
	if hasSize {
		n, err := strconv.Atoi(size)
		if err != nil || n < len(f.Data) {
			return f, false, fmt.Errorf("size %q", size)
		}
		f.Data = append(f.Data, make([]byte, n-len(f.Data))...)
	}
	return f, hasDur, nil
}

// moment reads milliseconds, or microseconds with the suffix u.
func moment(s string) (media.Time, error) {
	unit := 1e3
	if rest, ok := strings.CutSuffix(s, "u"); ok {
		s, unit = rest, 1e6
	}
	x, err := strconv.ParseFloat(s, 64)
	return media.Time(x / unit), err
}

// String writes frames in the language that Frames reads, without durations. A frame whose payload tells another
// presentation time than its own is written "33>40": it was at 33 and is now at 40. Decode-only frames are
// followed by "d".
func String(frames ...*media.CodedFrame) string {
	words := make([]string, len(frames))
	for i, f := range frames {
		w := millis(f.PTS)
		if was := strings.TrimRight(string(f.Data), "\x00"); was != w && was != "" && !strings.HasSuffix(was, "u") {
			w = was + ">" + w
		}
		if f.RAP {
			w += "K"
		}
		if f.DecodeOnly {
			w += "d"
		}
		words[i] = w
	}
	return strings.Join(words, " ")
}

func millis(t media.Time) string {
	return strconv.FormatFloat(math.Round(float64(t)*1e6)/1e3, 'f', -1, 64)
}
