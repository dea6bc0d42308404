package subtitle

import (
	"errors"
	"fmt"

	"mseplayer/mse/media"
	"mseplayer/player/decode"
	"mseplayer/player/text"
	"mseplayer/player/text/cue"
)

// ReaderOptions tune a Reader.
type ReaderOptions struct {
	text.Options
	// Bitmaps opens decoders of subtitles that are pictures; nil for none.
	Bitmaps decode.SubtitleFactory
}

// Reader reads the coded frames of one track. Close it.
type Reader struct {
	words    *text.Decoder          // nil for pictures
	pictures decode.SubtitleDecoder // nil for text
}

// NewReader prepares for a track.
func NewReader(cfg *media.DecoderConfig, o ReaderOptions) (*Reader, error) {
	coding, ok := coding(cfg)
	if ok {
		d, _, err := text.NewDecoder(coding, cfg.Extradata, o.Options)
		if err != nil {
			return nil, err
		}
		return &Reader{words: d}, nil
	}
	if o.Bitmaps == nil || !o.Bitmaps.SupportsSubtitle(cfg.Codec) {
		name := string(cfg.Codec)
		if name == "" {
			name = cfg.CodecString
		}
		return nil, fmt.Errorf("subtitles of the coding format %q are not read", name)
	}
	d, err := o.Bitmaps.NewSubtitle(cfg)
	if err != nil {
		return nil, err
	}
	return &Reader{pictures: d}, nil
}

// coding is how the samples of a track hold text.
func coding(cfg *media.DecoderConfig) (text.Coding, bool) {
	switch {
	case cfg.Codec == media.WebVTT && cfg.CodecString == "wvtt":
		return text.CodingWVTT, true
	case cfg.Codec == media.TTML:
		return text.CodingSTPP, true
	}
	return text.CodingOf(string(cfg.Codec))
}

// Supports reports whether a track can be read, with bitmaps as for ReaderOptions.
func Supports(cfg *media.DecoderConfig, bitmaps decode.SubtitleFactory) bool {
	_, ok := coding(cfg)
	return ok || bitmaps != nil && bitmaps.SupportsSubtitle(cfg.Codec)
}

// Text reports whether the track is text. Otherwise it is pictures, each of which is taken away by the next frame.
func (r *Reader) Text() bool { return r.words != nil }

// Read returns the cues of a coded frame. A picture whose end is not known ends at media.Forever.
func (r *Reader) Read(f *media.CodedFrame) ([]cue.Cue, []Warning, error) {
	switch {
	case f.Crypt != nil:
		return nil, nil, errors.New("encrypted subtitles are not read")
	case r.pictures != nil:
		cues, err := r.pictures.Decode(f)
		return cues, nil, err
	}
	s := text.Sample{Data: f.Data, Start: f.PTS, End: f.End()}
	for _, d := range side(f) {
		switch d.Type {
		case decode.SideWebVTTID:
			s.ID = string(d.Data)
		case decode.SideWebVTTSettings:
			s.Settings = string(d.Data)
		}
	}
	return r.words.Sample(s)
}

func side(f *media.CodedFrame) []media.SideData {
	if f.Side == nil {
		return nil
	}
	return *f.Side
}

// Flush makes the next frame the first of its row.
func (r *Reader) Flush() {
	if r.pictures != nil {
		r.pictures.Flush()
	}
}

// Close frees the decoder.
func (r *Reader) Close() {
	if r.pictures != nil {
		r.pictures.Close()
	}
}
