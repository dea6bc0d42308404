package text

import (
	"fmt"

	"mseplayer/mse/media"
	"mseplayer/player/text/cue"
)

// Coding is how a sample of a track holds text.
type Coding uint8

// The codings.
const (
	// CodingWVTT: boxes of ISO/IEC 14496-30, in MP4. The configuration is the header of the file (box vttC).
	CodingWVTT Coding = iota + 1
	// CodingSTPP: a TTML document in each sample, in MP4.
	CodingSTPP
	// CodingTX3G: 3GPP timed text (also FFmpeg's mov_text). The configuration is the sample description: what comes
	// after the data reference index in tx3g, or FFmpeg's extradata, which is the same.
	CodingTX3G
	// CodingASS: a line of events without its times (Matroska's S_TEXT/ASS, FFmpeg's ass). The configuration is the
	// header of the script.
	CodingASS
	// CodingSubRip: the text of one cue in the markup of SubRip (Matroska's S_TEXT/UTF8, FFmpeg's subrip).
	CodingSubRip
	// CodingWebVTT: the text of one cue of WebVTT (Matroska's S_TEXT/WEBVTT, FFmpeg's webvtt). The configuration is the
	// header of the file, if there is one.
	CodingWebVTT
)

// codings are the names of codecs: of RFC 6381, of Matroska and of FFmpeg.
var codings = map[string]Coding{
	"wvtt": CodingWVTT, "stpp": CodingSTPP, "tx3g": CodingTX3G, "text": CodingTX3G, "mov_text": CodingTX3G,
	"ass": CodingASS, "ssa": CodingASS, "S_TEXT/ASS": CodingASS, "S_TEXT/SSA": CodingASS,
	"subrip": CodingSubRip, "srt": CodingSubRip, "S_TEXT/UTF8": CodingSubRip,
	"webvtt": CodingWebVTT, "S_TEXT/WEBVTT": CodingWebVTT, "D_WEBVTT/SUBTITLES": CodingWebVTT,
}

// CodingOf is the coding of a codec, whose name may go on after a dot, as in "stpp.ttml.im1t".
func CodingOf(codec string) (Coding, bool) {
	for i := range len(codec) {
		if codec[i] == '.' {
			codec = codec[:i]
			break
		}
	}
	c, ok := codings[codec]
	return c, ok
}

// Sample is one sample or packet of a track.
type Sample struct {
	Data []byte
	// Start and End are the times of presentation.
	Start, End media.Time
	// ID and Settings belong to cues of CodingWebVTT, whose container keeps them beside the text.
	ID, Settings string
}

// Decoder reads the samples of one track.
type Decoder struct {
	coding Coding
	o      Options
}

// NewDecoder prepares for a track with the given configuration, which it does not keep.
func NewDecoder(c Coding, config []byte, o Options) (*Decoder, []Warning, error) {
	if c < CodingWVTT || c > CodingWebVTT {
		return nil, nil, fmt.Errorf("text: coding %d cannot be read", c)
	}
	return &Decoder{coding: c, o: o}, nil, nil
}

// Sample reads one sample. Its cues lie inside [s.Start, s.End).
func (d *Decoder) Sample(s Sample) ([]cue.Cue, []Warning, error) {
	return nil, nil, fmt.Errorf("text: coding %d cannot be read", d.coding)
}
