package text

import (
	"fmt"

	"mseplayer/player/text/ass"
	"mseplayer/player/text/cue"
	"mseplayer/player/text/srt"
	"mseplayer/player/text/ttml"
	"mseplayer/player/text/webvtt"
)

// Format is a format of files of subtitles.
type Format uint8

// The formats. ASS includes SSA; TTML includes IMSC, EBU-TT-D and their relatives.
const (
	WebVTT Format = iota + 1
	SubRip
	ASS
	TTML
)

// String is the usual name of the format.
func (f Format) String() string {
	switch f {
	case WebVTT:
		return "WebVTT"
	case SubRip:
		return "SubRip"
	case ASS:
		return "ASS"
	case TTML:
		return "TTML"
	}
	return "unknown"
}

// Options and Warning are those of the parsers.
type (
	Options = cue.Options
	Warning = cue.Warning
)

// Parse reads a whole file, or a segment that stands for itself. The cues are in the order of the file.
func Parse(f Format, data []byte, o Options) ([]cue.Cue, []Warning, error) {
	switch f {
	case WebVTT:
		return webvtt.Parse(UTF8(data), o)
	case SubRip:
		return srt.Parse(western(UTF8(data)), o)
	case ASS:
		return ass.Parse(western(UTF8(data)), o)
	case TTML:
		cues, warnings, err := ttml.Parse(data, ttml.Options{Image: o.Image, Offset: o.Offset, Window: o.Window, Aspect: o.Aspect})
		list := make([]Warning, len(warnings))
		for i, w := range warnings {
			list[i] = Warning(w)
		}
		return cues, list, err
	}
	return nil, nil, fmt.Errorf("text: format %v cannot be read", f)
}
