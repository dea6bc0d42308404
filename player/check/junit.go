package check

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"

	"mseplayer/player/manifest"
)

// maxJUnitFindings bounds the findings that a test case lists; the rest is counted.
const maxJUnitFindings = 20

// trackAreas are the areas whose rules are looked at for each track. Those of the others are about the presentation, unless
// they have found something in a track.
var trackAreas = []string{"segment", "timing", "decode", "switching", "content", "drm", "text", "player"}

// presentationPlace names the test cases that are about no track.
const presentationPlace = "presentation"

type junitSuites struct {
	XMLName xml.Name `xml:"testsuites"`
	junitTotals
	Suites []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	junitTotals
	Cases []junitCase `xml:"testcase"`
}

// junitTotals is what a suite and all of them together say of their test cases.
type junitTotals struct {
	Name     string `xml:"name,attr"`
	Tests    int    `xml:"tests,attr"`
	Failures int    `xml:"failures,attr"`
	Errors   int    `xml:"errors,attr"`
	Skipped  int    `xml:"skipped,attr"`
	Time     string `xml:"time,attr"`
}

type junitCase struct {
	Class   string      `xml:"classname,attr"`
	Name    string      `xml:"name,attr"`
	Time    string      `xml:"time,attr"`
	Skipped *junitText  `xml:"skipped"`
	Failure *junitText  `xml:"failure"`
	Out     *junitPlain `xml:"system-out"`
}

type junitText struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

type junitPlain struct {
	Text string `xml:",chardata"`
}

// WriteJUnit writes reports as JUnit XML: a suite for each source, a test case for each rule and track. A case fails with a
// finding at or above the severity; lower ones are its output. What is waived, and what could not be judged because nothing
// was decoded, is skipped. "none" fails nothing.
func WriteJUnit(w io.Writer, failOn manifest.Severity, reports ...*Report) error {
	all := junitSuites{junitTotals: junitTotals{Name: "mseplayer check"}}
	elapsed := Seconds(0)
	for _, r := range reports {
		s := r.junit(failOn)
		all.Tests, all.Failures, all.Skipped = all.Tests+s.Tests, all.Failures+s.Failures, all.Skipped+s.Skipped
		all.Suites = append(all.Suites, s)
		elapsed += r.Elapsed
	}
	all.Time = fmt.Sprintf("%.3f", float64(elapsed))
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", " ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// junit is the suite of a report.
func (r *Report) junit(failOn manifest.Severity) junitSuite {
	s := junitSuite{junitTotals: junitTotals{Name: r.Source, Time: fmt.Sprintf("%.3f", float64(r.Elapsed))}}
	type place struct{ track, code string }
	found := map[place][]*Finding{}
	tracks := []string{presentationPlace}
	row := map[string]*Track{}
	for i := range r.Tracks {
		tracks = append(tracks, r.Tracks[i].ID)
		row[r.Tracks[i].ID] = &r.Tracks[i]
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		at := string(f.Track)
		if at == "" {
			at = presentationPlace
		}
		if !slices.Contains(tracks, at) {
			tracks = append(tracks, at)
		}
		found[place{at, f.Code}] = append(found[place{at, f.Code}], f)
	}
	for _, track := range tracks {
		for _, rule := range rules {
			area, _, _ := strings.Cut(rule.Code, ".")
			list := found[place{track, rule.Code}]
			if len(list) == 0 && slices.Contains(trackAreas, area) == (track == presentationPlace) {
				continue
			}
			c := junitOf(list, failOn)
			c.Class, c.Name, c.Time = track, rule.Code, "0"
			if t := row[track]; len(list) == 0 && area == "decode" && t != nil && t.DecodeErrors == nil {
				c.Skipped = &junitText{Message: "not decoded"}
			}
			s.Tests++
			switch {
			case c.Failure != nil:
				s.Failures++
			case c.Skipped != nil:
				s.Skipped++
			}
			s.Cases = append(s.Cases, c)
		}
	}
	return s
}

// junitOf is the test case of what a rule has found in one place.
func junitOf(list []*Finding, failOn manifest.Severity) junitCase {
	var c junitCase
	var failing, other, waived []*Finding
	for _, f := range list {
		switch {
		case f.Waived:
			waived = append(waived, f)
		case f.Severity == manifest.SeverityError && failOn != "none",
			f.Severity == manifest.SeverityWarning && failOn == manifest.SeverityWarning:
			failing = append(failing, f)
		default:
			other = append(other, f)
		}
	}
	switch {
	case len(failing) > 0:
		c.Failure = &junitText{Message: failing[0].Message, Type: string(failing[0].Severity), Text: junitLines(failing)}
	case len(waived) > 0 && len(other) == 0:
		c.Skipped = &junitText{Message: "waived: " + waived[0].Message}
	}
	if len(other) > 0 {
		c.Out = &junitPlain{junitLines(other)}
	}
	return c
}

// junitLines lists findings with their places.
func junitLines(list []*Finding) string {
	var b strings.Builder
	for i, f := range list {
		if i == maxJUnitFindings {
			fmt.Fprintf(&b, "and %d more\n", len(list)-i)
			break
		}
		fmt.Fprintf(&b, "%s: %s", f.Severity, manifest.OneLine(f.Message))
		if f.Time.Known() {
			fmt.Fprintf(&b, " (at %s)", clock(f.Time))
		}
		if f.Segment != nil {
			fmt.Fprintf(&b, " %s", manifest.OneLine(f.Segment.URL))
		}
		if f.Hint != "" {
			fmt.Fprintf(&b, "; hint: %s", manifest.OneLine(string(f.Hint)))
		}
		b.WriteByte('\n')
	}
	return b.String()
}
