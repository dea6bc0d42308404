package check

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"mseplayer/player/manifest"
)

// DiffSchema names the form of a comparison.
const DiffSchema = "mseplayer.diff/1"

// Bounds of ReadReports and of what counts as a change.
const (
	maxReportBytes = 256 << 20
	maxReports     = 4096
	// sameTime is how far apart two times may be that count as the same, in seconds, sameRate by what part two rates may differ.
	sameTime = 0.001
	sameRate = 0.01
	// sameRatio is how far apart two peak signal-to-noise ratios may be that count as the same, in dB.
	sameRatio = 0.1
)

// Change says in which direction something has changed.
type Change string

// The changes: Other is neither for the better nor for the worse.
const (
	Better Change = "better"
	Worse  Change = "worse"
	Other  Change = "changed"
)

// Difference is one thing that is not as it was.
type Difference struct {
	Change Change `json:"change"`
	// What is a finding code, or the name of a field of a track or of the report.
	What    string `json:"what"`
	Track   Text   `json:"track"`
	Message string `json:"message"`
	Before  any    `json:"before"`
	After   any    `json:"after"`
}

// Comparison is what is different between two reports.
type Comparison struct {
	Schema string `json:"schema"`
	Before string `json:"before"` // sources
	After  string `json:"after"`
	Worse  int    `json:"worse"`
	Better int    `json:"better"`
	Other  int    `json:"changed"`
	// Differences come with those for the worse first.
	Differences []Difference `json:"differences"`
}

// ReadReports reads reports as WriteJSON writes them, one after the other.
func ReadReports(r io.Reader) ([]*Report, error) {
	limited := &io.LimitedReader{R: r, N: maxReportBytes + 1}
	d := json.NewDecoder(limited)
	var out []*Report
	for {
		var rep Report
		err := d.Decode(&rep)
		switch {
		case limited.N <= 0:
			return nil, fmt.Errorf("more than %d bytes", maxReportBytes)
		case errors.Is(err, io.EOF) && len(out) > 0:
			return out, nil
		case errors.Is(err, io.EOF):
			return nil, errors.New("the file is empty; check --json writes reports")
		case err != nil:
			return nil, fmt.Errorf("this is no report of check --json: %w", err)
		case rep.Schema != Schema:
			return nil, fmt.Errorf("this is no report of check --json: its schema is %q, not %q", rep.Schema, Schema)
		case len(out) == maxReports:
			return nil, fmt.Errorf("more than %d reports", maxReports)
		}
		out = append(out, &rep)
	}
}

// Compare tells what is different in report b, later, from report a. What is waived in both counts in neither.
func Compare(a, b *Report) *Comparison {
	c := &Comparison{Schema: DiffSchema, Before: a.Source, After: b.Source, Differences: []Difference{}}
	rank := map[Verdict]float64{Pass: 0, Warn: 1, Fail: 2}
	if a.Verdict != b.Verdict {
		c.add(direction(rank[b.Verdict]-rank[a.Verdict]), "verdict", "", fmt.Sprintf("the verdict was %s and is %s", a.Verdict, b.Verdict), a.Verdict, b.Verdict)
	}
	if a.Complete != b.Complete {
		c.add(Other, "complete", "", "one of the checks was cut short", a.Complete, b.Complete)
	}
	c.findings(a, b)
	c.tracks(a, b)
	order := []Change{Worse, Better, Other}
	slices.SortStableFunc(c.Differences, func(x, y Difference) int { return slices.Index(order, x.Change) - slices.Index(order, y.Change) })
	return c
}

// direction is Worse for a positive number.
func direction(worse float64) Change {
	switch {
	case worse > 0:
		return Worse
	case worse < 0:
		return Better
	}
	return Other
}

func (c *Comparison) add(how Change, what, track, message string, before, after any) {
	switch how {
	case Worse:
		c.Worse++
	case Better:
		c.Better++
	case Other:
		c.Other++
	}
	c.Differences = append(c.Differences, Difference{how, what, Text(track), message, before, after})
}

// spot tells findings apart: the same fact in the same place has the same one in every report.
func (f *Finding) spot() string {
	s := fmt.Sprintf("%s %s %s", f.Code, f.Track, f.Period)
	switch {
	case f.Segment != nil:
		s += fmt.Sprintf(" #%d", f.Segment.Index)
	case f.Time.Known():
		s += fmt.Sprintf(" @%.1f", float64(f.Time))
	}
	return s
}

// weight is how bad a finding is.
func (f *Finding) weight() float64 {
	switch {
	case f.Waived, f.Severity == manifest.SeverityInfo:
		return 0
	case f.Severity == manifest.SeverityWarning:
		return 1
	}
	return 2
}

// findings compares what was found: first in the same places, then what is new or gone. Where a rule has found as much as
// before in a track, only elsewhere, that has moved.
func (c *Comparison) findings(a, b *Report) {
	left := map[string][]*Finding{}
	for i := range a.Findings {
		f := &a.Findings[i]
		left[f.spot()] = append(left[f.spot()], f)
	}
	var fresh []*Finding
	for i := range b.Findings {
		f := &b.Findings[i]
		list := left[f.spot()]
		if len(list) == 0 {
			fresh = append(fresh, f)
			continue
		}
		old := list[0]
		left[f.spot()] = list[1:]
		if old.weight() != f.weight() || old.Waived != f.Waived {
			c.add(direction(f.weight()-old.weight()), f.Code, string(f.Track), fmt.Sprintf("%s now, was %s: %s", f.grade(), old.grade(), f.Message), old.grade(), f.grade())
		}
	}
	for i := range a.Findings {
		old := &a.Findings[i]
		if !slices.Contains(left[old.spot()], old) {
			continue
		}
		moved := slices.IndexFunc(fresh, func(f *Finding) bool {
			return f.Code == old.Code && f.Track == old.Track && f.weight() == old.weight()
		})
		if moved >= 0 {
			f := fresh[moved]
			fresh = slices.Delete(fresh, moved, moved+1)
			c.add(Other, f.Code, string(f.Track), "elsewhere now: "+f.Message, old.Message, f.Message)
			continue
		}
		c.add(direction(-old.weight()), old.Code, string(old.Track), fmt.Sprintf("gone, %s: %s", old.grade(), old.Message), old.Message, nil)
	}
	for _, f := range fresh {
		c.add(direction(f.weight()), f.Code, string(f.Track), fmt.Sprintf("new, %s: %s", f.grade(), f.Message), nil, f.Message)
	}
}

// grade is the severity, or that the finding is waived.
func (f *Finding) grade() string {
	if f.Waived {
		return "waived"
	}
	return string(f.Severity)
}

// tracks compares what was measured.
func (c *Comparison) tracks(a, b *Report) {
	for i := range a.Tracks {
		x := &a.Tracks[i]
		k := slices.IndexFunc(b.Tracks, func(y Track) bool { return y.ID == x.ID })
		if k < 0 {
			c.add(Worse, "track", x.ID, "the track is gone", x.ID, nil)
			continue
		}
		c.track(x, &b.Tracks[k])
	}
	for i := range b.Tracks {
		if y := &b.Tracks[i]; !slices.ContainsFunc(a.Tracks, func(x Track) bool { return x.ID == y.ID }) {
			c.add(Other, "track", y.ID, "the track is new", nil, y.ID)
		}
	}
}

// track compares two measures of a track. More that is damaged or less that is there is worse; other numbers are just other.
func (c *Comparison) track(a, b *Track) {
	for _, m := range []struct {
		what    string
		a, b    *int64
		worse   float64 // the sign of a change for the worse, 0 for none
		bounded bool    // a small part does not count
	}{
		{"framesCorrupted", a.FramesCorrupted, b.FramesCorrupted, 1, false},
		{"decodeErrors", a.DecodeErrors, b.DecodeErrors, 1, false},
		{"framesDecoded", a.FramesDecoded, b.FramesDecoded, 0, false},
		{"codedFrames", a.CodedFrames, b.CodedFrames, 0, false},
		{"audioSamplesPresented", a.AudioSamplesPresented, b.AudioSamplesPresented, 0, false},
		{"keyFrames", a.KeyFrames, b.KeyFrames, 0, false},
		{"segments", a.Segments, b.Segments, 0, false},
		{"declaredBandwidth", a.DeclaredBandwidth, b.DeclaredBandwidth, 0, false},
		{"averageBitrate", a.AverageBitrate, b.AverageBitrate, 0, true},
		{"peakBitrate", a.PeakBitrate, b.PeakBitrate, 0, true},
		{"width", a.Width, b.Width, 0, false}, {"height", a.Height, b.Height, 0, false},
		{"sampleRate", a.SampleRate, b.SampleRate, 0, false}, {"channels", a.Channels, b.Channels, 0, false},
	} {
		switch {
		case m.a == nil && m.b == nil:
		case m.a == nil || m.b == nil:
			c.add(Other, m.what, a.ID, fmt.Sprintf("%s was %s and is %s", m.what, number(m.a), number(m.b)), m.a, m.b)
		case *m.a == *m.b, m.bounded && math.Abs(float64(*m.b-*m.a)) <= sameRate*float64(*m.a):
		default:
			c.add(direction(m.worse*float64(*m.b-*m.a)), m.what, a.ID, fmt.Sprintf("%s was %d and is %d", m.what, *m.a, *m.b), *m.a, *m.b)
		}
	}
	if a.Codecs != b.Codecs {
		c.add(Other, "codecs", a.ID, fmt.Sprintf("the codec was %s and is %s", or(string(a.Codecs)), or(string(b.Codecs))), a.Codecs, b.Codecs)
	}
	if a.Likeness != nil && b.Likeness != nil {
		if x, y := ratioOf(a.Likeness.PSNR.Average), ratioOf(b.Likeness.PSNR.Average); math.Abs(x-y) > sameRatio {
			c.add(direction(x-y), "likeness", a.ID, fmt.Sprintf("PSNR against the reference was %.2f dB and is %.2f dB", x, y), decibels(x), decibels(y))
		}
	}
	if x, y := covered(a), covered(b); math.Abs(x-y) > sameTime {
		c.add(direction(x-y), "buffered", a.ID, fmt.Sprintf("%.3f s of media were there and %.3f s are", x, y), Seconds(x), Seconds(y))
	}
}

// covered is how much media of a track there is, in seconds.
func covered(t *Track) float64 {
	sum := 0.0
	for _, b := range t.Buffered {
		sum += float64(b[1] - b[0])
	}
	return sum
}

// WriteJSON writes the comparison as one JSON object on one line.
func (c *Comparison) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(c)
}

// WriteText writes the comparison for people.
func (c *Comparison) WriteText(w io.Writer, colour bool) error {
	b, p := bufio.NewWriter(w), painter(colour)
	verdict, of := "SAME", string(Pass)
	switch {
	case c.Worse > 0:
		verdict, of = "WORSE", string(Fail)
	case c.Better > 0:
		verdict = "BETTER"
	case c.Other > 0:
		verdict, of = "CHANGED", string(Warn)
	}
	source := manifest.OneLine(c.After)
	if c.Before != c.After {
		source = manifest.OneLine(c.Before) + " -> " + source
	}
	fmt.Fprintf(b, "%s  %s\n%d for the worse, %d for the better, %d other changes\n", p.paint(of, verdict), source, c.Worse, c.Better, c.Other)
	paint := map[Change]string{Worse: string(Fail), Better: string(Pass), Other: string(manifest.SeverityInfo)}
	for i, d := range c.Differences {
		if i == 0 {
			fmt.Fprintln(b)
		}
		where := strings.TrimSpace(d.What + "  " + manifest.OneLine(string(d.Track)))
		fmt.Fprintf(b, "%s  %s: %s\n", p.paint(paint[d.Change], fmt.Sprintf("%-7s", d.Change)), where, manifest.OneLine(d.Message))
	}
	return b.Flush()
}
