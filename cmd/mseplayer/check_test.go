package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// report is a check report as a script reads it.
type report struct {
	Schema, Source, Kind, Verdict string
	Complete, Live                bool
	Duration                      float64
	Summary                       struct{ Errors, Warnings, Infos, Waived int }
	VideoPlaybackQuality          struct {
		TotalVideoFrames, DroppedVideoFrames, CorruptedVideoFrames int
	}
	Tracks []struct {
		ID, Type, Codecs, Container, Representation, Period   string
		Encrypted                                             bool
		Segments, CodedFrames, FramesDecoded, FramesCorrupted *int
		DecodeErrors, KeyFrames                               *int
		AudioSamplesDecoded, AudioSamplesPresented            *int
		FirstPTS, ContainerFirstPTS, LastPTS, End, DecodeFPS  *float64
		Width, Height                                         *int
		Bytes                                                 int
	}
	Findings []struct {
		Code, Severity, Message, Track string
		Waived                         bool
	}
}

func (r *report) codes() string {
	var out []string
	for _, f := range r.Findings {
		if !slices.Contains(out, f.Code) {
			out = append(out, f.Code)
		}
	}
	return strings.Join(out, " ")
}

// parseReport reads the one report that a run of check --json - wrote.
func parseReport(t *testing.T, text string) *report {
	t.Helper()
	var r report
	d := json.NewDecoder(strings.NewReader(text))
	if err := d.Decode(&r); err != nil {
		t.Fatalf("%v in %.300s", err, text)
	}
	if r.Schema != "mseplayer.check/1" {
		t.Errorf("schema %q", r.Schema)
	}
	return &r
}

// TestCheck_Demo checks the built-in demo: what is known of it must come out.
func TestCheck_Demo(t *testing.T) {
	r := parseReport(t, expect(t, exitOK, "", "", "check", "--json", "-", demoName).out)
	if r.Verdict != "pass" || r.Kind != "dash" || r.Duration < 15.99 || r.Duration > 16.05 || len(r.Findings) != 0 {
		t.Errorf("%s %s %v %v", r.Verdict, r.Kind, r.Duration, r.Findings)
	}
	video, sound := 0, 0
	for _, x := range r.Tracks {
		switch x.Type {
		case "video":
			video++
			if *x.FramesDecoded != 480 || *x.CodedFrames != 480 || *x.FramesCorrupted != 0 || *x.DecodeErrors != 0 || *x.DecodeFPS <= 0 {
				t.Errorf("%+v", x)
			}
		case "audio":
			sound++
			if *x.AudioSamplesDecoded != *x.CodedFrames*1024 || *x.AudioSamplesPresented < 16*48000-1024 || *x.AudioSamplesPresented > 16*48000+1024 {
				t.Errorf("%s: %d samples decoded, %d presented", x.ID, *x.AudioSamplesDecoded, *x.AudioSamplesPresented)
			}
		}
	}
	if video != 3 || sound != 1 || r.VideoPlaybackQuality.TotalVideoFrames != 3*480 {
		t.Errorf("%d video, %d audio, %+v", video, sound, r.VideoPlaybackQuality)
	}
}

// TestCheck_Outputs checks where reports go.
func TestCheck_Outputs(t *testing.T) {
	folder, manifest := demoFiles(t)
	expect(t, exitOK, "PASS  "+folder, "", "check", "--no-decode", folder)
	expect(t, exitOK, "PASS  "+manifest, "", "check", manifest, "--no-decode", "--quiet") // flags may follow
	expect(t, exitOK, "PASS", "", "check", "--no-decode", "--text", "--json", filepath.Join(t.TempDir(), "x"), manifest)
	r := expect(t, exitOK, `"verdict":"pass"`, "PASS", "check", "--no-decode", "--text", "--json", "-", manifest)
	if strings.Contains(r.out, "PASS") {
		t.Error("text among the JSON")
	}
	r = expect(t, exitOK, "", "", "check", "--no-decode", "--json", "-", manifest, demoName)
	if strings.Count(r.out, "\n") != 2 || strings.Count(r.out, `"schema"`) != 2 {
		t.Errorf("two sources: %d lines", strings.Count(r.out, "\n"))
	}
	file := filepath.Join(t.TempDir(), "report.json")
	r = expect(t, exitOK, "", "", "check", "--json="+file, "--first-only", "--no-decode", "--max-duration", "5", "--jobs", "1", manifest, demoName)
	b, err := os.ReadFile(file)
	if err != nil || strings.Count(string(b), "\n") != 2 || r.out != "" {
		t.Errorf("%v %d lines, stdout %q", err, strings.Count(string(b), "\n"), r.out)
	}
	first := parseReport(t, string(b))
	if len(first.Tracks) != 2 || first.Tracks[0].FramesDecoded != nil || *first.Tracks[0].CodedFrames >= 480 {
		t.Errorf("%+v", first.Tracks)
	}
	expect(t, exitUsage, "", "--json /does/not/exist/x: no such file or directory", "check", "--json", "/does/not/exist/x", manifest)
	expect(t, exitUsage, "", "no such representation", "check", "--representation", "nobody", manifest)
	rules := expect(t, exitOK, "timing.gap", "", "check", "--list-rules")
	if n := strings.Count(rules.out, "\n"); n < 24 {
		t.Errorf("%d rules", n)
	}
}

// TestCheck_Verdict checks exit codes, severities and waivers.
func TestCheck_Verdict(t *testing.T) {
	folder, manifest := demoFiles(t)
	segments, err := filepath.Glob(filepath.Join(folder, "*", "*.m4s"))
	if more, err2 := filepath.Glob(filepath.Join(folder, "*.m4s")); err2 == nil {
		segments = append(segments, more...)
	}
	if err != nil || len(segments) < 4 {
		t.Fatalf("%v %v", err, segments)
	}
	slices.Sort(segments)
	gone := segments[len(segments)/2]
	content, err := os.ReadFile(gone)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	expect(t, exitFailed, "FAIL", "", "check", "--no-decode", manifest)
	expect(t, exitOK, "FAIL", "", "check", "--no-decode", "--fail-on", "none", manifest)
	expect(t, exitOK, "PASS", "", "check", "--no-decode", "--ignore", "segment.missing", "--ignore", "timing.gap:2999-01-01", "--ignore", "timing.start-offset", "--ignore=manifest.duration-mismatch", manifest)
	expect(t, exitFailed, "FAIL", "", "check", "--no-decode", "--ignore", "segment.missing:2001-01-01", manifest)
	list := write(t, filepath.Join(t.TempDir(), "waivers"), "# known\nsegment.missing # since May\n\n timing.gap\ntiming.start-offset\n")
	expect(t, exitOK, "PASS", "", "check", "--no-decode", "--ignore-file", list, manifest)
	expect(t, exitUsage, "", "waivers:2: ", "check", "--no-decode", "--ignore-file", write(t, filepath.Join(t.TempDir(), "waivers"), "timing.gap\nnonsense\n"), manifest)
	expect(t, exitOK, "PASS", "", "check", "--no-decode", "--rules", "-segment,-timing,-manifest", manifest)
	expect(t, exitFailed, "1 error, 0 warnings;", "", "check", "--no-decode", "--rules", "segment.missing", manifest)
	write(t, gone, string(content[:len(content)*2/3]))
	r := parseReport(t, expect(t, exitFailed, "", "", "check", "--no-decode", "--json", "-", manifest).out)
	if !strings.Contains(r.codes(), "segment.truncated") {
		t.Errorf("truncated: %s", r.codes())
	}
	write(t, gone, string(content))
	doc, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	write(t, manifest, strings.Replace(string(doc), `codecs="avc1`, `codecs="avc3`, 1))
	expect(t, exitOK, "WARN", "", "check", "--no-decode", manifest)
	expect(t, exitFailed, "WARN", "", "check", "--no-decode", "--fail-on=warning", manifest)
}

// TestCheck_BadInput gives the program what is no source. Each time there is one line that names it, and the exit code
// says so.
func TestCheck_BadInput(t *testing.T) {
	folder := t.TempDir()
	empty := t.TempDir()
	two, manifest := demoFiles(t)
	doc, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(two, "other.mpd"), string(doc))
	file := func(name, content string) string { return write(t, filepath.Join(folder, name), content) }
	for _, c := range []struct{ name, source, err, found string }{
		{"missing file", filepath.Join(folder, "nothing.mpd"), "nothing.mpd: no such file or directory", "network.failed"},
		{"empty file", file("empty.mpd", ""), "empty.mpd: the file is empty", "segment.empty"},
		{"page", file("page.mpd", "<!DOCTYPE html><html>"), "page.mpd: this is a web page", "segment.not-media"},
		{"truncated manifest", file("cut.mpd", string(doc[:len(doc)*2/3])), "cut.mpd", "manifest.unreadable"},
		{"no manifest", file("text.mpd", "hello"), "text.mpd", "manifest.unreadable"},
		{"no media", file("text.mp4", "hello"), "text.mp4", "segment.not-media"},
		{"playlist", file("x.m3u8", "#EXTM3U\n"), "x.m3u8: ", ""},
		{"nothing but zeros", file("zero.mp4", strings.Repeat("\x00", 100000)), "zero.mp4", ""},
		{"folder without a manifest", empty, "there is no manifest", ""},
		{"folder with two", two, "there are 2 manifests in this folder, name one: ", ""},
		{"unknown scheme", "gopher://h/x", "gopher", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := expect(t, exitUsage, "", c.err, "check", c.source)
			if strings.Count(r.err, "\n") != 1 || r.out != "" {
				t.Errorf("stdout %q, stderr %q", r.out, r.err)
			}
			expect(t, exitUsage, "", c.err, "probe", "--json", c.source)
			if c.found == "" {
				return
			}
			r = expect(t, exitUsage, "", c.err, "check", "--json", "-", c.source)
			if rep := parseReport(t, r.out); rep.codes() != c.found || rep.Verdict != "fail" {
				t.Errorf("report: %s %s", rep.Verdict, rep.codes())
			}
		})
	}
}

// TestCheck_Network checks a source on a server, with headers and a failing segment.
func TestCheck_Network(t *testing.T) {
	folder, _ := demoFiles(t)
	serve := http.FileServer(http.Dir(folder))
	var lose atomic.Bool // the media
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("X-Token") != "secret" || r.UserAgent() != "tester":
			w.WriteHeader(http.StatusForbidden)
		case lose.Load() && strings.HasSuffix(r.URL.Path, ".m4s"):
			http.NotFound(w, r)
		default:
			serve.ServeHTTP(w, r)
		}
	}))
	defer origin.Close()
	url := origin.URL + "/manifest.mpd"
	expect(t, exitUsage, "", "403 Forbidden", "check", url)
	flags := []string{"--header", "X-Token: secret", "--user-agent", "tester"}
	expect(t, exitOK, "PASS", "", append([]string{"check", url}, flags...)...)
	expect(t, exitOK, "period", "", append([]string{"probe", url}, flags...)...)
	lose.Store(true)
	r := parseReport(t, expect(t, exitFailed, "", "", append([]string{"check", "--json", "-", url}, flags...)...).out)
	if !strings.Contains(r.codes(), "segment.missing") && !strings.Contains(r.codes(), "segment.init-missing") {
		t.Errorf("%s", r.codes())
	}
}

// TestCheck_Stdin reads media and manifests from standard input.
func TestCheck_Stdin(t *testing.T) {
	for _, args := range [][]string{{"check", "-"}, {"probe", "-"}} {
		r := program(t, strings.NewReader(""), args...)
		if r.code != exitUsage || !strings.Contains(r.err, "empty") {
			t.Errorf("%v of nothing: %d %s", args, r.code, r.err)
		}
		r = program(t, io.LimitReader(nonsense{}, 100_000), args...)
		if r.code != exitUsage || strings.Count(r.err, "\n") != 1 {
			t.Errorf("%v of nonsense: %d %s", args, r.code, r.err)
		}
	}
}

// nonsense is a stream that is no media.
type nonsense struct{}

func (nonsense) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(i*i) | 1
	}
	return len(p), nil
}

func TestProbe(t *testing.T) {
	_, manifest := demoFiles(t)
	r := expect(t, exitOK, "", "", "probe", "--json", manifest)
	var v struct {
		Schema, Kind string
		Duration     float64
		Periods      []struct {
			AdaptationSets []struct {
				Type            string
				Representations []struct {
					ID, Codecs, Addressing string
					Supported              bool
					Segments, Width        *int
					Bandwidth              int
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(r.out), &v); err != nil {
		t.Fatal(err)
	}
	if v.Schema != probeSchema || v.Kind != "dash" || v.Duration != 16 || len(v.Periods) != 1 || len(v.Periods[0].AdaptationSets) != 2 {
		t.Fatalf("%+v", v)
	}
	n := 0
	for _, s := range v.Periods[0].AdaptationSets {
		for _, x := range s.Representations {
			if n++; !x.Supported || x.Segments == nil || *x.Segments < 2 || x.Bandwidth == 0 || x.Codecs == "" {
				t.Errorf("%+v", x)
			}
		}
	}
	if n != 4 {
		t.Errorf("%d representations", n)
	}
	if strings.Contains(r.out, `"kid":`) {
		t.Error("keys are wanted for what is not protected")
	}
	expect(t, exitOK, "8 segments (nominal) of 2 s", "", "probe", manifest)
	expect(t, exitUsage, "", "no such file or directory", "probe", manifest+"x")
}
