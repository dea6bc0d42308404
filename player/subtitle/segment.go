package subtitle

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"mseplayer/mse"
	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/mime"
	"mseplayer/player/text"
	"mseplayer/player/text/cue"
)

const (
	// rollover is after how long the clock of transport streams begins anew, mpegHz how often it ticks in a second.
	mpegHz              = 90000.0
	rollover media.Span = (1 << 33) / mpegHz
	// maxAstray is how far from its segment a cue may lie that is where the document says, in seconds. A document whose
	// times are farther off counts from the beginning of something else.
	maxAstray media.Span = 60
	// headBytes is where the header of a WebVTT file is looked for.
	headBytes = 4096
)

// Readable reports whether subtitles of a MIME type, with its codecs parameter, can be read, and if not, why.
func Readable(mimeType string) (ok bool, reason string) {
	t, err := mime.ParseType(mimeType)
	if err != nil {
		return false, err.Error()
	}
	essence := t.Essence()
	if _, ok := documentType(essence); ok {
		return true, ""
	}
	if c, ok := mime.ContainerOf(essence); !ok || c != mime.ISOBMFF {
		return false, "subtitles in " + essence + " are not read"
	}
	codecs, has := t.Param("codecs")
	if !has {
		return true, "" // the media tells
	}
	for _, c := range strings.Split(codecs, ",") {
		if coding, ok := text.CodingOf(strings.TrimSpace(c)); ok && (coding == text.CodingWVTT || coding == text.CodingSTPP || coding == text.CodingTX3G) {
			return true, ""
		}
	}
	return false, "subtitles of the coding format " + codecs + " are not read"
}

// documentType returns the format of documents of a MIME type without parameters.
func documentType(essence string) (text.Format, bool) {
	switch essence {
	case "text/vtt", "text/webvtt", "application/x-webvtt":
		return text.WebVTT, true
	case "application/ttml+xml", "text/ttml", "application/ttaf+xml", "application/xml", "text/xml":
		return text.TTML, true
	case "application/x-subrip", "text/srt", "application/srt", "text/x-srt":
		return text.SubRip, true
	case "text/x-ssa", "text/x-ass", "application/x-ass":
		return text.ASS, true
	}
	return 0, false
}

// Segment is a piece of subtitles as a manifest lists it: a document of its own, or samples in MP4.
type Segment struct {
	// Name is for messages and helps to find out the format; MIMEType is without parameters.
	Name, MIMEType string
	// Init is the initialization segment, nil for none.
	Init, Data []byte
	// Language is that of the track, "" for unknown.
	Language string
	// Aspect is the width of the picture by its height, as it is shown; 0 is unknown.
	Aspect float64
	// Start and Duration say where the manifest puts the segment; Duration 0 is unknown.
	Start    media.Time
	Duration media.Span
	// Offset is what is added to the times of the segment, Clock what is added to times of the clock that the pictures
	// have: a document may refer to that (X-TIMESTAMP-MAP). Known tells whether Clock is.
	Offset, Clock media.Span
	Known         bool
	// Exact takes the times of a document as they are, even where they make no sense. Otherwise one whose times are far
	// from the segment is taken to count from the segment's beginning.
	Exact bool
	// Window cuts cues, unless zero.
	Window media.Range
	// Image fetches a picture that a document names; nil fetches none.
	Image func(src string) ([]byte, error)
	// Clear takes the protection off a sample; nil fails.
	Clear func(*media.CodedFrame) (*media.CodedFrame, error)
}

// Warning is something that was left out of a segment, or repaired.
type Warning = text.Warning

// Read returns the cues of a segment.
func (s Segment) Read() ([]cue.Cue, []Warning, error) {
	if c, ok := mime.ContainerOf(s.MIMEType); ok && c == mime.ISOBMFF || isMP4(s.Init) || isMP4(s.Data) {
		return s.samples()
	}
	f, ok := text.Sniff(s.Name, s.Data)
	if !ok {
		f, ok = documentType(s.MIMEType)
	}
	if !ok {
		return nil, nil, errors.New("this is of no known format of subtitles")
	}
	o := s.options()
	if f != text.WebVTT {
		return text.Parse(f, s.Data, o)
	}
	at, mapped := timestampMap(s.Data)
	o.Offset, o.Window = 0, media.Range{}
	cues, warnings, err := text.Parse(f, s.Data, o)
	offset := media.Time(s.Offset)
	if len(cues) > 0 {
		first := cues[0].Start
		if clock := at.Add(s.Clock); mapped && s.Known { // the times are those of the pictures, moved by what the header says
			turns := math.Round(float64(s.Start.Sub(first+clock) / rollover))
			if clock = clock.Add(media.Span(turns) * rollover); !s.astray(first + clock) {
				offset = clock
			}
		}
		if !s.Exact && s.astray(first+offset) { // they count from the beginning of the segment, or from anywhere
			offset = s.Start
			if s.astray(first + offset) {
				offset = s.Start - first
			}
		}
	}
	place := cue.Options{Offset: offset, Window: s.Window}
	kept := cues[:0]
	for _, c := range cues {
		if place.Place(&c) {
			kept = append(kept, c)
		}
	}
	return kept, warnings, err
}

// astray reports whether t is not where the segment is.
func (s Segment) astray(t media.Time) bool {
	return t < s.Start.Add(-maxAstray) || s.Duration > 0 && t > s.Start.Add(s.Duration+maxAstray)
}

func (s Segment) options() text.Options {
	return text.Options{Language: s.Language, Aspect: s.Aspect, Offset: media.Time(s.Offset), Window: s.Window, Image: s.Image}
}

// timestampMap finds what the header of a WebVTT segment says about the clock of the pictures: the time on that clock of
// time 0 of the document.
// RFC 8216 §3.5.
func timestampMap(data []byte) (at media.Time, ok bool) {
	for line := range bytes.Lines(text.UTF8(data[:min(len(data), headBytes)])) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || bytes.Contains(line, []byte("-->")) {
			return 0, false // the header has ended
		}
		value, has := bytes.CutPrefix(line, []byte("X-TIMESTAMP-MAP"))
		if !has {
			continue
		}
		var ticks, local float64
		seen := 0
		for _, part := range strings.Split(strings.TrimLeft(string(value), "=: \t"), ",") {
			name, v, _ := strings.Cut(strings.TrimSpace(part), ":")
			switch strings.ToUpper(strings.TrimSpace(name)) {
			case "MPEGTS":
				n, err := strconv.ParseUint(strings.TrimSpace(v), 10, 64)
				if err != nil {
					return 0, false
				}
				ticks = float64(n & (1<<33 - 1))
				seen++
			case "LOCAL":
				var known bool
				if local, known = clockTime(strings.TrimSpace(v)); !known {
					return 0, false
				}
				seen++
			}
		}
		return media.Time(ticks/mpegHz - local), seen == 2
	}
	return 0, false
}

// clockTime reads [hh:]mm:ss.ttt.
func clockTime(s string) (seconds float64, ok bool) {
	parts := strings.Split(s, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return 0, false
	}
	for _, p := range parts {
		n, err := strconv.ParseFloat(p, 64)
		if err != nil || !(n >= 0) || n > 1e6 {
			return 0, false
		}
		seconds = 60*seconds + n
	}
	return seconds, true
}

// isMP4 reports whether data begins with a box of MP4.
func isMP4(data []byte) bool {
	if len(data) < 8 {
		return false
	}
	switch string(data[4:8]) {
	case "ftyp", "styp", "moov", "moof", "sidx", "prft", "emsg":
		return true
	}
	return false
}

// samples reads MP4.
func (s Segment) samples() ([]cue.Cue, []Warning, error) {
	g := &gather{o: s.options(), clear: s.Clear}
	p := mse.Formats()[mime.ISOBMFF]()
	for _, part := range [][]byte{s.Init, s.Data} {
		if len(part) == 0 {
			continue
		}
		p.Push(slices.Clone(part))
		if err := bytestream.Drain(p, g); err != nil {
			return g.cues, g.warnings, err
		}
	}
	if g.reader == nil {
		return nil, g.warnings, errors.New("there is no track of subtitles in it")
	}
	return g.cues, g.warnings, g.err
}

// gather takes the samples of the first track of subtitles.
type gather struct {
	bytestream.Discard
	o        text.Options
	clear    func(*media.CodedFrame) (*media.CodedFrame, error)
	track    uint32
	reader   *Reader
	cues     []cue.Cue
	warnings []Warning
	err      error // the first sample that could not be read
}

// InitSegment implements bytestream.Handler.
func (g *gather) InitSegment(init *media.InitSegment) error {
	for _, t := range init.Tracks {
		if t.Kind != media.Text || t.Config == nil {
			continue
		}
		r, err := NewReader(t.Config, ReaderOptions{Options: g.o})
		if err != nil {
			return err
		}
		g.track, g.reader = t.ID, r
		return nil
	}
	return errors.New("there is no track of subtitles in it")
}

// Fragment implements bytestream.Handler.
func (g *gather) Fragment(tracks []bytestream.TrackFrames) error {
	for _, t := range tracks {
		if t.Track != g.track || g.reader == nil {
			continue
		}
		for i := range t.Frames {
			f := &t.Frames[i]
			if err := g.read(f); err != nil && g.err == nil {
				g.err = fmt.Errorf("sample at %s: %w", f.PTS.Clock(), err)
			}
		}
	}
	return nil
}

func (g *gather) read(f *media.CodedFrame) error {
	if f.Crypt != nil && g.clear != nil {
		clear, err := g.clear(f)
		if err != nil {
			return err
		}
		f = clear
	}
	cues, warnings, err := g.reader.Read(f)
	g.cues, g.warnings = append(g.cues, cues...), append(g.warnings, warnings...)
	return err
}
