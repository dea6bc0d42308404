package text

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"mseplayer/mse/media"
	"mseplayer/player/text/ass"
	"mseplayer/player/text/cue"
	"mseplayer/player/text/srt"
	"mseplayer/player/text/webvtt"
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
	webvtt *webvtt.Track
	script *ass.Script
	tx3g   tx3g
}

// NewDecoder prepares for a track with the given configuration, which it does not keep. o.Window is not used: samples
// have one of their own.
func NewDecoder(c Coding, config []byte, o Options) (*Decoder, []Warning, error) {
	d := &Decoder{coding: c, o: o}
	switch c {
	case CodingWVTT, CodingWebVTT:
		d.webvtt = webvtt.NewTrack(config)
	case CodingASS:
		d.script = ass.NewScript(western(UTF8(config)))
	case CodingTX3G:
		d.tx3g = newTX3G(config)
	case CodingSTPP, CodingSubRip:
	default:
		return nil, nil, fmt.Errorf("text: samples of coding %d cannot be read", c)
	}
	return d, nil, nil
}

// Sample reads one sample. Its cues lie inside [s.Start, s.End), moved by the offset of the options.
func (d *Decoder) Sample(s Sample) ([]cue.Cue, []Warning, error) {
	if !(s.Start < s.End) {
		return nil, nil, nil
	}
	one := func(c cue.Cue, ok bool) []cue.Cue {
		if !ok {
			return nil
		}
		return []cue.Cue{c}
	}
	o := d.o
	o.Window = media.Range{}
	switch d.coding {
	case CodingWVTT:
		return d.wvtt(s, o)
	case CodingTX3G:
		c, ok, err := d.tx3g.sample(s, o)
		return one(c, ok), nil, err
	case CodingASS:
		return one(d.script.Packet(s.Data, s.Start, s.End, o)), nil, nil
	case CodingSubRip:
		return one(srt.Cue(string(western(UTF8(s.Data))), s.Start, s.End, o)), nil, nil
	case CodingWebVTT:
		return d.webvtt.Cue(s.ID, s.Settings, string(s.Data), s.Start, s.End, o), nil, nil
	case CodingSTPP:
		o.Window = media.Range{Start: s.Start + o.Offset, End: s.End + o.Offset}
		return Parse(TTML, s.Data, o)
	}
	return nil, nil, fmt.Errorf("text: samples of coding %d cannot be read", d.coding)
}

// maxSampleCues bounds one sample of MP4.
const maxSampleCues = 1000

// wvtt reads the boxes of a sample.
//
// ISO/IEC 14496-30 §7.4.
func (d *Decoder) wvtt(s Sample, o Options) ([]cue.Cue, []Warning, error) {
	var cues []cue.Cue
	err := boxes(s.Data, func(kind string, body []byte) error {
		if kind != "vttc" {
			return nil // vtte is an empty one, and vtta a note
		}
		if len(cues) >= maxSampleCues {
			return fmt.Errorf("text: a sample has more than %d cues", maxSampleCues)
		}
		var id, settings, payload string
		if err := boxes(body, func(kind string, body []byte) error {
			switch kind {
			case "iden":
				id = string(body)
			case "sttg":
				settings = string(body)
			case "payl":
				payload = strings.TrimRight(string(body), "\x00")
			}
			return nil
		}); err != nil {
			return err
		}
		cues = append(cues, d.webvtt.Cue(id, settings, payload, s.Start, s.End, o)...)
		return nil
	})
	return cues, nil, err
}

// boxes calls f for each box of data.
func boxes(data []byte, f func(kind string, body []byte) error) error {
	for len(data) > 0 {
		if len(data) < 8 {
			return errors.New("text: a box of a sample is cut off")
		}
		n := binary.BigEndian.Uint32(data)
		if n < 8 || uint64(n) > uint64(len(data)) {
			return fmt.Errorf("text: a box of a sample says it has %d bytes, where %d are left", n, len(data))
		}
		if err := f(string(data[4:8]), data[8:n]); err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}
