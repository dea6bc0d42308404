package main

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCheck_Reports writes all kinds of reports at once, of two sources.
func TestCheck_Reports(t *testing.T) {
	folder, manifest := demoFiles(t)
	out := t.TempDir()
	names := map[string]string{}
	args := []string{"check", "--no-decode", "--profile", "strict"}
	for _, kind := range []string{"json", "junit", "html"} {
		names[kind] = filepath.Join(out, kind)
		args = append(args, "--"+kind, names[kind])
	}
	r := expect(t, exitOK, "", "", append(args, manifest, folder)...)
	if r.out != "" {
		t.Errorf("text: %s", r.out)
	}
	read := func(kind string) string {
		b, err := os.ReadFile(names[kind])
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if n := strings.Count(read("json"), "\n"); n != 2 {
		t.Errorf("%d reports", n)
	}
	var suites struct {
		Suites []struct {
			Name  string     `xml:"name,attr"`
			Cases []struct{} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(read("junit")), &suites); err != nil || len(suites.Suites) != 2 || len(suites.Suites[0].Cases) < 50 || suites.Suites[0].Name != manifest {
		t.Errorf("%v, %d suites, %.300s", err, len(suites.Suites), read("junit"))
	}
	if page := read("html"); strings.Count(page, "<article>") != 2 || !strings.HasSuffix(page, "</html>\n") {
		t.Errorf("%.300s", page)
	}
	r = expect(t, exitOK, "<testsuites", "PASS", "check", "--no-decode", "--text", "--junit", "-", manifest)
	if strings.Contains(r.out, "PASS") {
		t.Error("text among the XML")
	}
	for _, c := range [][2]string{
		{"--junit -: --json goes to standard output already", "--json - --junit - x"},
		{"--html: takes the name of a file, or -", "--html= x"},
		{"--profile netscape: takes strict, chrome, firefox, safari", "--profile netscape x"},
		{"--junit /does/not/exist/x: no such file", "--no-decode --junit /does/not/exist/x " + manifest},
		{"--html /does/not/exist/x: no such file", "--no-decode --html /does/not/exist/x " + manifest},
	} {
		expect(t, exitUsage, "", c[0], append([]string{"check"}, strings.Fields(c[1])...)...)
	}
}

// TestDiff compares reports that the program wrote.
func TestDiff(t *testing.T) {
	folder, manifest := demoFiles(t)
	out := t.TempDir()
	before, after := filepath.Join(out, "before"), filepath.Join(out, "after")
	expect(t, exitOK, "", "", "check", "--no-decode", "--json", before, manifest)
	segments, err := filepath.Glob(filepath.Join(folder, "*", "*.m4s"))
	if more, err2 := filepath.Glob(filepath.Join(folder, "*.m4s")); err2 == nil {
		segments = append(segments, more...)
	}
	if err != nil || len(segments) == 0 {
		t.Fatal(err)
	}
	if err := os.Remove(segments[len(segments)/2]); err != nil {
		t.Fatal(err)
	}
	expect(t, exitFailed, "", "", "check", "--no-decode", "--json", after, manifest)
	expect(t, exitOK, "SAME  ", "", "diff", before, before)
	expect(t, exitFailed, "WORSE  ", "", "diff", before, after)
	expect(t, exitOK, "BETTER  ", "", "diff", after, before)
	expect(t, exitFailed, `"schema":"mseplayer.diff/1"`, "", "diff", "--json", before, after)
	expect(t, exitUsage, "", "takes two reports of check --json", "diff", before)
	expect(t, exitUsage, "", "nothing: no such file", "diff", before, filepath.Join(out, "nothing"))
	expect(t, exitUsage, "", "no report of check --json", "diff", before, manifest)
	both := filepath.Join(out, "both")
	expect(t, exitFailed, "", "", "check", "--no-decode", "--json", both, manifest, manifest)
	expect(t, exitUsage, "", "has 1 reports and", "diff", before, both)
}
