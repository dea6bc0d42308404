package manifest

import (
	"fmt"
	"strings"
	"unicode"
)

// The finding codes of this area. They are part of the report format: stable, never reused.
const (
	CodeUnreadable       = "manifest.unreadable"
	CodeInvalid          = "manifest.invalid"
	CodeUnknownEssential = "manifest.unknown-essential"
	CodeDurationMismatch = "manifest.duration-mismatch"
	CodeZeroDuration     = "manifest.zero-duration"
	CodeCodecUnsupported = "manifest.codecs-unsupported"
	CodeCodecsMismatch   = "manifest.codecs-mismatch"
	CodeLimits           = "manifest.limits"
	CodeTargetDuration   = "hls.target-duration"
)

// Severity of a finding.
type Severity string

// The severities, spelled as the reports spell them.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
	SeverityInfo    Severity = "info"
)

// Finding is one thing about a manifest that a person should know though it could be read.
type Finding struct {
	Code     string
	Severity Severity
	// Message is one sentence, Hint says what to change ("" if the message does).
	Message, Hint string
	// Where is the place in the document: "Period[1]/AdaptationSet[0]/Representation[720p]" or "line 12".
	Where string
	// Track and Period name the track id and the period id the finding is about, "" for neither.
	Track, Period string
}

// String gives the finding on one line.
func (f Finding) String() string {
	s := string(f.Severity) + " " + f.Code
	if f.Where != "" {
		s += " at " + f.Where
	}
	return s + ": " + f.Message
}

// maxFindings bounds the findings of one document. A document that breaks a rule in each of a million elements
// does not need a million reports.
const maxFindings = 1000

// Findings collects findings up to a fixed number. The zero value is ready.
type Findings struct {
	list    []Finding
	dropped int
}

// Add appends f, or counts it when the list is full. What a document put into its texts is kept on one line.
func (fs *Findings) Add(f Finding) {
	if len(fs.list) >= maxFindings {
		fs.dropped++
		return
	}
	f.Message, f.Hint, f.Where = OneLine(f.Message), OneLine(f.Hint), OneLine(f.Where)
	fs.list = append(fs.list, f)
}

// OneLine replaces control characters, line breaks among them, by spaces.
func OneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

// List returns what was collected; the last entry tells how many did not fit.
func (fs *Findings) List() []Finding {
	if fs.dropped == 0 {
		return fs.list
	}
	return append(fs.list[:len(fs.list):len(fs.list)], Finding{
		Code: CodeLimits, Severity: SeverityWarning, Message: fmt.Sprintf("%d further findings are not listed", fs.dropped),
	})
}

// Error says why a document is useless as a manifest. It is one line.
type Error struct {
	// Code is the finding code of the fact: CodeUnreadable, CodeInvalid or CodeLimits.
	Code string
	// URL is the document, without credentials; Line the line in it, 0 if none applies.
	URL  string
	Line int
	Msg  string
	Err  error
}

// Error gives "URL:line: message: cause".
func (e *Error) Error() string {
	s := e.URL
	if e.Line > 0 {
		s += fmt.Sprintf(":%d", e.Line)
	}
	if s != "" {
		s += ": "
	}
	s += e.Msg
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return OneLine(s)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
