package wpt

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"time"
)

// Report gathers the results of a run.
type Report struct {
	lists   Lists
	began   time.Time
	results []Result
	totals  Totals
}

// Totals count subtests; a page without any counts as one.
type Totals struct {
	Pass, Fail, Timeout, NotRun, Precondition int
	// NotApplicable were not counted above. Expected are failures that are known, Unexpected those that are not, and
	// subtests that pass though they are listed as failures.
	NotApplicable, Expected, Unexpected int
}

// NewReport returns an empty report that judges by the lists.
func NewReport(l Lists) *Report { return &Report{lists: l, began: time.Now()} }

// Totals returns the counts so far.
func (r *Report) Totals() Totals { return r.totals }

// Skip notes a page that does not apply and was not run. It writes one line.
func (r *Report) Skip(w io.Writer, page, reason string) {
	r.totals.NotApplicable++
	fmt.Fprintf(w, "N/A      /%s: %s\n", page, reason)
}

// Add notes what became of a page. It writes one line for each subtest: the outcome, the page, the subtest and the
// message; an exclamation mark shows what was not expected.
func (r *Report) Add(w io.Writer, res Result) {
	for _, s := range res.Subtests {
		r.line(w, res.Test, s)
	}
	if res.Status != OK || len(res.Subtests) == 0 {
		status := res.Status
		if status == OK {
			status = Error
		}
		r.line(w, res.Test, Subtest{Name: "(page)", Status: status, Message: res.Message})
	}
	r.results = append(r.results, res)
}

func (r *Report) line(w io.Writer, page string, s Subtest) {
	if reason, ok := r.lists.NotApplicable(page, s.Name); ok {
		r.totals.NotApplicable++
		fmt.Fprintf(w, "N/A      %s: %s: %s\n", page, s.Name, reason)
		return
	}
	reason, known := r.lists.ExpectedFailure(page, s.Name)
	passed := false
	switch s.Status {
	case Pass:
		passed = true
		r.totals.Pass++
	case Timeout:
		r.totals.Timeout++
	case NotRun:
		r.totals.NotRun++
	case PreconditionFailed:
		passed = true
		r.totals.Precondition++
	case OK, Error, Crash, Fail:
		r.totals.Fail++
	default:
		panic("wpt: impossible status " + string(s.Status))
	}
	mark := " "
	switch {
	case passed == known:
		mark = "!"
		r.totals.Unexpected++
	case known:
		r.totals.Expected++
	}
	fmt.Fprintf(w, "%-8s%s%s: %s", s.Status, mark, page, s.Name)
	if s.Message != "" && s.Message != "null" {
		fmt.Fprintf(w, ": %s", s.Message)
	}
	if known {
		fmt.Fprintf(w, " (expected: %s)", reason)
	}
	fmt.Fprintln(w)
}

// Summary writes the totals in one line.
func (r *Report) Summary(w io.Writer) {
	t := r.totals
	fmt.Fprintf(w, "%d pages in %.0f s: %d passed, %d failed, %d timed out, %d not run, %d without precondition, %d not applicable; %d failures expected, %d results not\n",
		len(r.results), time.Since(r.began).Seconds(), t.Pass, t.Fail, t.Timeout, t.NotRun, t.Precondition, t.NotApplicable, t.Expected, t.Unexpected)
}

// The wptreport format.
type (
	reportFile struct {
		RunInfo   map[string]string `json:"run_info"`
		TimeStart int64             `json:"time_start"`
		TimeEnd   int64             `json:"time_end"`
		Results   []reportPage      `json:"results"`
	}
	reportPage struct {
		Test     string          `json:"test"`
		Status   Status          `json:"status"`
		Message  *string         `json:"message"`
		Duration int64           `json:"duration"`
		Subtests []reportSubtest `json:"subtests"`
	}
	reportSubtest struct {
		Name     string  `json:"name"`
		Status   Status  `json:"status"`
		Message  *string `json:"message"`
		Expected Status  `json:"expected,omitempty"`
	}
)

// WriteJSON writes the results as a wptreport file. A subtest's expected status is there where it was another one; nothing
// is expected of what does not apply.
func (r *Report) WriteJSON(w io.Writer, product, version string) error {
	f := reportFile{RunInfo: map[string]string{"product": product, "browser_version": version,
		"os": runtime.GOOS, "processor": runtime.GOARCH}, TimeStart: r.began.UnixMilli(), TimeEnd: time.Now().UnixMilli(),
		Results: []reportPage{}}
	message := func(s string) *string {
		if s == "" || s == "null" {
			return nil
		}
		return &s
	}
	for _, res := range r.results {
		p := reportPage{Test: res.Test, Status: res.Status, Message: message(res.Message), Duration: res.Duration.Milliseconds(), Subtests: []reportSubtest{}}
		for _, s := range res.Subtests {
			out := reportSubtest{Name: s.Name, Status: s.Status, Message: message(s.Message)}
			_, known := r.lists.ExpectedFailure(res.Test, s.Name)
			_, exempt := r.lists.NotApplicable(res.Test, s.Name)
			switch {
			case exempt:
			case known && s.Status == Pass:
				out.Expected = Fail
			case !known && s.Status != Pass:
				out.Expected = Pass
			}
			p.Subtests = append(p.Subtests, out)
		}
		f.Results = append(f.Results, p)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	if err := e.Encode(f); err != nil {
		return fmt.Errorf("wpt: report: %w", err)
	}
	return nil
}
