package check

import (
	"errors"
	"fmt"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/player/decode"
	"mseplayer/player/fetch"
	"mseplayer/player/file"
	"mseplayer/player/manifest"
	"mseplayer/player/stream/plan"
	"mseplayer/player/subtitle"
	"mseplayer/player/text/cue"
)

// outsideTolerance is how far outside of its place a subtitle may lie, in seconds: authors round.
const outsideTolerance media.Span = 1

// words is what is measured of subtitles.
type words struct {
	cues        int64
	samples     int64 // those of a container, 0 for documents
	first, last media.Time
	end         media.Time
	outside     int
	where       *plan.Item // of the first that is outside
	at          media.Time
	failed      bool // something could not be read, so nothing is said about what there is not

	// early is, of each stretch of continuous times, by how much the clock of the documents is ahead of the presentation.
	early map[int64]media.Span

	init, data []byte // of the segment that is being read
	tooLong    bool
}

// count measures cues that belong into a range of time.
func (w *words) count(cues []cue.Cue, in media.Range, it *plan.Item) {
	for i := range cues {
		c := &cues[i]
		if w.cues == 0 || c.Start < w.first {
			w.first = c.Start
		}
		w.last, w.end = max(w.last, c.Start), max(w.end, c.End)
		w.cues++
		if c.Start < in.End.Add(outsideTolerance) && c.End > in.Start.Add(-outsideTolerance) {
			continue
		}
		if w.outside == 0 {
			w.where, w.at = it, c.Start
		}
		w.outside++
	}
}

// fill puts what was measured into a row.
func (w *words) fill(row *Track) {
	switch {
	case row.CodedFrames != nil: // samples, which have been counted
	case w.samples > 0:
		row.CodedFrames = count(w.samples)
	default:
		row.CodedFrames = count(w.cues)
	}
	if w.cues > 0 {
		row.FirstPTS, row.LastPTS = Seconds(w.first), Seconds(w.last)
		if w.end.IsFinite() {
			row.End = Seconds(w.end)
		}
	}
}

// judge reports what is odd about all of a track.
func (w *words) judge(found *findings, make func(code, message string) Finding) {
	if w.cues == 0 && !w.failed {
		f := make(codeTextEmpty, "there is not a single subtitle in it")
		f.Hint = "leave the track out, or see what became of its contents"
		found.add(f)
	}
	if w.outside > 0 {
		f := make(codeTextOutside, fmt.Sprintf("%s outside of where they belong, the first one at %s", plural(int64(w.outside), "subtitle"), w.at.Clock()))
		f.Hint, f.Time = "check presentationTimeOffset, X-TIMESTAMP-MAP and the times in the file against the media", Seconds(w.at)
		f.Evidence = map[string]any{"cues": w.outside}
		if w.where != nil {
			f.Segment = &Segment{Index: w.where.Index, URL: fetch.Redact(w.where.URL)}
		}
		found.add(f)
	}
}

// collect takes bytes of the segment of subtitles that is being read.
func (t *segmentTask) collect(b []byte) {
	w := &t.words
	if int64(len(w.data)+len(b)) > fetch.Text.MaxBytes() {
		w.tooLong = true
		return
	}
	w.data = append(w.data, b...)
}

// readWords reads the segment of subtitles that has ended.
func (t *segmentTask) readWords() {
	w, c := &t.words, &t.cur
	data, tooLong := w.data, w.tooLong
	w.data, w.tooLong = nil, false
	switch {
	case c.init:
		w.init = data
		return
	case c.skip || len(data) == 0:
		w.failed = true
		return
	case tooLong:
		w.failed = true
		t.report(c.where, manifest.CodeLimits, fmt.Sprintf("it has more than %d bytes", fetch.Text.MaxBytes()), "", nil)
		return
	}
	if ok, _ := subtitle.Readable(t.rep.Type()); !ok {
		w.failed = true
		return
	}
	it := c.item
	seg := subtitle.Segment{Name: it.URL, MIMEType: it.MIMEType, Init: w.init, Data: data, Language: t.choice.Set.Lang, Start: it.Start, Duration: it.Duration,
		Exact: !t.rep.Floating}
	d := t.keys.Decrypter()
	seg.Clear = func(f *media.CodedFrame) (*media.CodedFrame, error) { return subtitle.Clear(t.ctx, d, f) }
	in := t.choice.Period.Window()
	if t.rep.Floating {
		in = media.Range{Start: it.Start, End: it.Start.Add(it.Duration)}
		seg.Start, seg.Offset = it.Start, 0
	} else {
		seg.Offset = t.rep.TimestampOffset(t.choice.Period)
		if t.rep.Addressing != manifest.Single && it.Duration > 0 && t.rep.Addressing != manifest.Nominal {
			in = media.Range{Start: it.Start, End: it.Start.Add(it.Duration)}
		}
	}
	cues, _, err := seg.Read()
	if err != nil {
		w.failed = true
		t.report(c.where, codeTextUnreadable, err.Error(), "see what the server sends for this address", nil)
	}
	if t.rep.Floating && seg.Init != nil { // where samples lie is decided by the pictures
		in = media.Range{Start: media.Time(-media.Forever), End: media.Forever}
	} else if t.rep.Floating {
		in = w.settle(cues, in, it.Discontinuity)
	}
	w.count(cues, in, &it)
}

// settle moves the cues of a document without a place of its own, which belongs into a range of time, by what the first
// document of its stretch was off: it counts from the beginning of a broadcast that has been on for a while. It returns the
// range that they can lie in, which is wider by what nobody knows of the first one.
func (w *words) settle(cues []cue.Cue, in media.Range, stretch int64) media.Range {
	if len(cues) == 0 {
		return in
	}
	early, known := w.early[stretch]
	if !known {
		first := cues[0].Start
		for _, c := range cues {
			first = min(first, c.Start)
		}
		if first > in.End.Add(outsideTolerance) || first < in.Start.Add(-outsideTolerance) {
			early = first.Sub(in.Start)
		}
		if w.early == nil {
			w.early = map[int64]media.Span{}
		}
		w.early[stretch] = early
	}
	if early == 0 {
		return in
	}
	for i := range cues {
		cues[i].Start, cues[i].End = cues[i].Start.Add(-early), cues[i].End.Add(-early)
	}
	length := in.Len()
	return media.Range{Start: in.Start.Add(-length), End: in.End.Add(length)}
}

// textInput is the way of one track of subtitles in a file.
type textInput struct {
	bytestream.Discard
	words
	track   file.Track
	parser  bytestream.Parser
	reader  *subtitle.Reader
	bytes   int64
	found   func(code, message string, at media.Time)
	in      media.Range
	refused int
}

// newTextInput prepares for a track; it returns nil when nobody can read it.
func newTextInput(t file.Track, init []byte, decoders decode.Factory, length media.Span) *textInput {
	bitmaps, _ := decoders.(decode.SubtitleFactory)
	if !subtitle.Supports(t.Config, bitmaps) {
		return nil
	}
	r, err := subtitle.NewReader(t.Config, subtitle.ReaderOptions{Options: cue.Options{Language: t.Language}, Bitmaps: bitmaps})
	if err != nil {
		return nil
	}
	in := &textInput{track: t, parser: file.NewParser(), reader: r, in: media.Range{Start: 0, End: media.Forever}}
	if length > 0 {
		in.in.End = media.Time(length)
	}
	in.push(init)
	return in
}

func (t *textInput) push(b []byte) {
	t.parser.Push(b)
	_ = bytestream.Drain(t.parser, t) // it cannot fail: the stream is this program's own
}

// Fragment implements bytestream.Handler.
func (t *textInput) Fragment(tracks []bytestream.TrackFrames) error {
	for _, x := range tracks {
		for i := range x.Frames {
			f := &x.Frames[i]
			t.samples++
			t.bytes += int64(len(f.Data))
			cues, _, err := t.reader.Read(f)
			if err != nil && !errors.Is(err, decode.ErrIncomplete) {
				t.failed = true
				if t.refused++; t.refused == 1 {
					t.found(codeTextUnreadable, fmt.Sprintf("the sample at %s: %v", f.PTS.Clock(), err), f.PTS)
				}
				continue
			}
			for k := range cues {
				if !cues[k].End.IsFinite() {
					cues[k].End = cues[k].Start.Add(max(f.Duration, 1e-3))
				}
			}
			t.count(cues, t.in, nil)
		}
	}
	return nil
}
