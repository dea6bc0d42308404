package check_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/net/html"

	"mseplayer/player/check"
	"mseplayer/player/manifest"
)

// schemaFile is the schema of reports.
const schemaFile = "report.schema.json"

// schema is a part of a JSON Schema: the keywords that ours uses.
type schema struct {
	Ref        string             `json:"$ref"`
	Defs       map[string]*schema `json:"$defs"`
	Type       any                `json:"type"`
	Required   []string           `json:"required"`
	Properties map[string]*schema `json:"properties"`
	Additional bool               `json:"additionalProperties"`
	Items      *schema            `json:"items"`
	MinItems   int                `json:"minItems"`
	MaxItems   int                `json:"maxItems"`
	Enum       []any              `json:"enum"`
	Const      any                `json:"const"`
	Minimum    *float64           `json:"minimum"`
	MinLength  int                `json:"minLength"`
	Pattern    string             `json:"pattern"`

	About string `json:"description"`
	Title string `json:"title"`
	Form  string `json:"$schema"`
}

// loadSchema reads the schema; a keyword that validate does not know is an error.
func loadSchema(t testing.TB) *schema {
	t.Helper()
	b, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var s schema
	if err := d.Decode(&s); err != nil {
		t.Fatalf("%s: %v", schemaFile, err)
	}
	return &s
}

// validate returns what is wrong with v at a path. A property that the schema does not describe is wrong, too, unless it
// says that there may be others: what the report has, the schema explains.
func (s *schema) validate(root *schema, path string, v any) (faults []string) {
	for s.Ref != "" {
		name, ok := strings.CutPrefix(s.Ref, "#/$defs/")
		if !ok || root.Defs[name] == nil {
			return []string{path + ": no definition " + s.Ref}
		}
		s = root.Defs[name]
	}
	bad := func(format string, args ...any) { faults = append(faults, path+": "+fmt.Sprintf(format, args...)) }
	kind := "null"
	switch x := v.(type) {
	case map[string]any:
		kind = "object"
		for _, k := range s.Required {
			if _, ok := x[k]; !ok {
				bad("%s is missing", k)
			}
		}
		for k, e := range x {
			switch p := s.Properties[k]; {
			case p != nil:
				faults = append(faults, p.validate(root, path+"."+k, e)...)
			case !s.Additional:
				bad("%s is not described", k)
			}
		}
	case []any:
		kind = "array"
		if len(x) < s.MinItems || s.MaxItems > 0 && len(x) > s.MaxItems {
			bad("%d items", len(x))
		}
		for i, e := range x {
			if s.Items != nil {
				faults = append(faults, s.Items.validate(root, fmt.Sprintf("%s[%d]", path, i), e)...)
			}
		}
	case string:
		kind = "string"
		if s.Pattern != "" && !regexp.MustCompile(s.Pattern).MatchString(x) || len(x) < s.MinLength {
			bad("%q does not fit", x)
		}
	case bool:
		kind = "boolean"
	case float64:
		if kind = "number"; x == math.Trunc(x) {
			kind = "integer"
		}
		if s.Minimum != nil && x < *s.Minimum {
			bad("%v is less than %v", x, *s.Minimum)
		}
	}
	if s.Const != nil && s.Const != v || s.Enum != nil && !slices.Contains(s.Enum, v) {
		bad("%v is not among the values", v)
	}
	var types []any
	switch x := s.Type.(type) {
	case string:
		types = []any{x}
	case []any:
		types = x
	}
	if len(types) > 0 && !slices.Contains(types, any(kind)) && !(kind == "integer" && slices.Contains(types, any("number"))) {
		bad("%s is none of %v", kind, types)
	}
	return faults
}

// accepts reports whether a report in JSON conforms.
func (s *schema) accepts(t testing.TB, text string) bool {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return len(s.validate(s, "report", v)) == 0
}

// conforms compares the JSON of a report with the schema.
func conforms(t testing.TB, s *schema, r *check.Report) {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(b.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	if faults := s.validate(s, "report", v); len(faults) > 0 {
		t.Errorf("%s: %s", r.Source, strings.Join(faults, "\n"))
	}
}

// spoilt is a presentation with findings of all severities, in names that need care.
func spoilt() fstest.MapFS {
	files := tenSeconds()
	delete(files, "v3")
	files["a2"].Data = files["a2"].Data[:len(files["a2"].Data)*2/3]
	files["m.mpd"].Data = []byte(head + strings.NewReplacer("avc1.640028", "avc1.64001e", `id="180p"`, `id="&lt;b&gt;&amp;&quot;180p"`).Replace(video) + audio + tail)
	return files
}

// reports are some of each kind.
func reports(t *testing.T) map[string]*check.Report {
	t.Helper()
	waive := func(o *check.Options) { o.Waivers = []check.Waiver{{Code: "timing.gap", Track: "p0/a/aac"}} }
	return map[string]*check.Report{
		"good": run(t, tenSeconds()), "spoilt": run(t, spoilt(), waive), "playlists": run(t, playlists()),
		"structure": run(t, tenSeconds(), func(o *check.Options) { o.Decoders = nil }),
	}
}

// TestSchema validates reports, and sees to it that what must not pass does not.
func TestSchema(t *testing.T) {
	s := loadSchema(t)
	all := reports(t)
	for _, r := range all {
		conforms(t, s, r)
	}
	var b bytes.Buffer
	if err := all["spoilt"].WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{{`"mseplayer.check/1"`, `"mseplayer.check/2"`}, {`"errors":`, `"mistakes":`}, {`"verdict":"fail"`, `"verdict":"bad"`}, {`"live":false`, `"live":0`},
		{`"code":"segment.missing"`, `"code":"missing"`}, {`"index":2`, `"index":2.5`}, {`"codedFrames":200`, `"codedFrames":-1`}, {`"segment":null`, `"segment":"v3"`}, {`[0.0,4.0]`, `[0.0]`}} {
		text := strings.Replace(b.String(), c[0], c[1], 1)
		if text == b.String() {
			t.Fatalf("%s is not in the report", c[0])
		}
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		if len(s.validate(s, "report", v)) == 0 {
			t.Errorf("%s passes", c[1])
		}
	}
}

// TestReport_Read reads what was written.
func TestReport_Read(t *testing.T) {
	for name, r := range reports(t) {
		var a, b bytes.Buffer
		if err := r.WriteJSON(&a); err != nil {
			t.Fatal(err)
		}
		var back check.Report
		if err := json.Unmarshal(a.Bytes(), &back); err != nil {
			t.Fatal(err)
		}
		if err := back.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		if want := strings.ReplaceAll(a.String(), ".000000", ".0"); b.String() != want {
			t.Errorf("%s\n got %s\nwant %s", name, b.String(), want)
		}
	}
}

// junit is a JUnit file as its readers see it.
type junit struct {
	XMLName                          xml.Name `xml:"testsuites"`
	Tests, Failures, Errors, Skipped int
	Suites                           []struct {
		Name     string `xml:"name,attr"`
		Tests    int    `xml:"tests,attr"`
		Failures int    `xml:"failures,attr"`
		Skipped  int    `xml:"skipped,attr"`
		Cases    []struct {
			Class   string `xml:"classname,attr"`
			Name    string `xml:"name,attr"`
			Skipped *struct {
				Message string `xml:"message,attr"`
			} `xml:"skipped"`
			Failure *struct {
				Message string `xml:"message,attr"`
				Text    string `xml:",chardata"`
			} `xml:"failure"`
			Out string `xml:"system-out"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

func TestJUnit(t *testing.T) {
	all := reports(t)
	for _, c := range []struct {
		failOn             string
		failures, warnings int
	}{{"error", 2, 2}, {"warning", 3, 1}, {"none", 0, 4}} {
		var b bytes.Buffer
		if err := check.WriteJUnit(&b, manifest.Severity(c.failOn), all["good"], all["spoilt"], all["structure"]); err != nil {
			t.Fatal(err)
		}
		var j junit
		if err := xml.Unmarshal(b.Bytes(), &j); err != nil {
			t.Fatal(err)
		}
		if len(j.Suites) != 3 || j.Suites[0].Failures != 0 || j.Suites[0].Skipped != 0 {
			t.Fatalf("%d suites: %.500s", len(j.Suites), b.String())
		}
		for _, s := range j.Suites {
			seen := map[string]bool{}
			failures, skipped := 0, 0
			for _, x := range s.Cases {
				if key := x.Class + " " + x.Name; x.Class == "" || x.Name == "" || seen[key] {
					t.Errorf("%s: %q occurs twice or has no name", s.Name, key)
				} else {
					seen[key] = true
				}
				if x.Failure != nil {
					failures++
				}
				if x.Skipped != nil {
					skipped++
				}
			}
			if s.Tests != len(s.Cases) || s.Failures != failures || s.Skipped != skipped {
				t.Errorf("%s counts %d, %d failed, %d skipped; there are %d, %d, %d", s.Name, s.Tests, s.Failures, s.Skipped, len(s.Cases), failures, skipped)
			}
		}
		s := j.Suites[1]
		outputs := 0
		for _, x := range s.Cases {
			if x.Out != "" {
				outputs++
			}
			if waived := x.Class == "p0/a/aac" && x.Name == "timing.gap"; waived != (x.Skipped != nil) {
				t.Errorf("%s %s: skipped %v", x.Class, x.Name, x.Skipped != nil)
			}
			if x.Class == `p0/v/<b>&"180p` && x.Name == "segment.missing" && c.failOn != "none" && (x.Failure == nil || !strings.Contains(x.Failure.Text, "mem:///v3")) {
				t.Errorf("%+v", x)
			}
		}
		if s.Failures != c.failures || outputs != c.warnings {
			t.Errorf("--fail-on %s: %d failures, %d outputs", c.failOn, s.Failures, outputs)
		}
		if j.Suites[2].Skipped == 0 {
			t.Error("nothing is skipped where nothing was decoded")
		}
	}
}

// TestHTML parses a page: it is well-formed, what others wrote is text in it, there is nothing in it that has to be fetched
// or run, and each plot is there.
func TestHTML(t *testing.T) {
	all := reports(t)
	var b bytes.Buffer
	if err := check.WriteHTML(&b, all["good"], all["spoilt"], all["playlists"]); err != nil {
		t.Fatal(err)
	}
	var open []string
	count := map[string]int{}
	text := ""
	void := []string{"meta", "br", "img"}
	z := html.NewTokenizer(bytes.NewReader(b.Bytes()))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			if z.Err() != io.EOF {
				t.Fatal(z.Err())
			}
			break
		}
		tok := z.Token()
		for _, a := range tok.Attr {
			if slices.Contains([]string{"src", "href", "xlink:href", "srcset", "action", "onload", "onclick"}, a.Key) && !strings.HasPrefix(a.Val, "data:") {
				t.Errorf("%s", tok)
			}
		}
		switch kind {
		case html.StartTagToken:
			count[tok.Data]++
			if !slices.Contains(void, tok.Data) {
				open = append(open, tok.Data)
			}
		case html.SelfClosingTagToken:
			count[tok.Data]++
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != tok.Data {
				t.Fatalf("%v ends with %s", open, tok.Data)
			}
			open = open[:len(open)-1]
		case html.TextToken:
			text += tok.Data
		case html.ErrorToken, html.CommentToken, html.DoctypeToken:
		}
	}
	if len(open) > 0 {
		t.Errorf("open: %v", open)
	}
	if count["script"]+count["link"]+count["iframe"]+count["object"]+count["b"] != 0 {
		t.Errorf("%v", count)
	}
	if count["article"] != 3 || count["svg"] != 3*4 { // timeline, two of bit rates, key frames
		t.Errorf("%d articles, %d plots", count["article"], count["svg"])
	}
	for _, want := range []string{`p0/v/<b>&"180p`, "segment.missing", "gap of 2.000 s", "does not begin with one", "publish the segment"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
}

// TestText_Colours checks that colours are in the text only where they are asked for, and no controls of others ever.
func TestText_Colours(t *testing.T) {
	r := run(t, spoilt())
	r.Findings[0].Message += "\x1b[2J\r\n"
	for _, colour := range []bool{false, true} {
		var b bytes.Buffer
		if err := r.WriteText(&b, colour); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "\x1b[1;31mFAIL\x1b[0m") != colour || !colour && strings.Contains(b.String(), "\x1b") || strings.ContainsAny(b.String(), "\r") || strings.Contains(b.String(), "\x1b[2J") {
			t.Errorf("colour %v: %q", colour, b.String())
		}
		if finding, table := strings.Index(b.String(), "segment.missing"), strings.Index(b.String(), "TRACK"); finding < 0 || table < finding {
			t.Errorf("findings at %d, tracks at %d", finding, table)
		}
	}
}

// timeless writes a report without the times of the check itself.
func timeless(t *testing.T, r *check.Report) string {
	t.Helper()
	r.Elapsed, r.Quality.CreationTime = 0, 0
	for i := range r.Tracks {
		r.Tracks[i].DecodeFPS = check.Unknown
	}
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestRun_Deterministic: two runs, with one job and with many, give the same report but for the times of the check itself.
func TestRun_Deterministic(t *testing.T) {
	for name, files := range map[string]fstest.MapFS{"good": tenSeconds(), "spoilt": spoilt(), "playlists": playlists()} {
		var first string
		for i := range 4 {
			r := run(t, files, func(o *check.Options) {
				o.Jobs, o.Now = 1+i, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			})
			got := timeless(t, r)
			if first == "" {
				first = got
			}
			if got != first {
				t.Errorf("%s, run %d:\n got %s\nwant %s", name, i, got, first)
			}
		}
	}
}

// TestProgress: the share of the work that is done rises from 0 to 1, whatever the kind of source.
func TestProgress(t *testing.T) {
	for name, files := range map[string]fstest.MapFS{"good": tenSeconds(), "spoilt": spoilt(), "playlists": playlists()} {
		last, steps := 0.0, 0
		run(t, files, func(o *check.Options) {
			o.Progress = func(p check.Progress) {
				if p.Share < last || p.Share > 1 {
					t.Errorf("%s: %v after %v", name, p.Share, last)
				}
				if p.Share > last {
					steps++
				}
				last = p.Share
			}
		})
		if last < 0.999 || steps < 8 {
			t.Errorf("%s: %v at the end, %d steps", name, last, steps)
		}
	}
}
