package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"mseplayer/assets/demo"
	"mseplayer/cmd/mseplayer/early"
	"mseplayer/player/playertest/soundcard"
)

// programVariable makes the test binary be the program.
const programVariable = "MSEPLAYER_BE_THE_PROGRAM"

func TestMain(m *testing.M) {
	soundcard.Main()
	if os.Getenv(programVariable) != "" {
		main()
	}
	os.Exit(m.Run())
}

// patience bounds one run of the program. Whatever the input, it must be done by then.
const patience = 30 * time.Second

// result is what a run of the program gave.
type result struct {
	out, err string
	code     int
}

// program runs the program with arguments and input.
func program(t *testing.T, stdin io.Reader, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c := exec.CommandContext(ctx, os.Args[0], args...)
	c.Env = append(os.Environ(), programVariable+"=1")
	var out, stderr bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = stdin, &out, &stderr
	err := c.Run()
	var exit *exec.ExitError
	if ctx.Err() != nil || err != nil && !errors.As(err, &exit) {
		t.Fatalf("mseplayer %s: %v after %v\n%s", strings.Join(args, " "), err, patience, stderr.String())
	}
	return result{out.String(), stderr.String(), c.ProcessState.ExitCode()}
}

// expect runs the program and compares exit code and parts of the output.
func expect(t *testing.T, code int, out, stderr string, args ...string) result {
	t.Helper()
	r := program(t, nil, args...)
	if r.code != code || !strings.Contains(r.out, out) || !strings.Contains(r.err, stderr) || stderr == "" && r.err != "" {
		t.Errorf("mseplayer %s: exit %d, want %d\nstdout %.300s\n want %s\nstderr %.500s\n want %s", strings.Join(args, " "), r.code, code, r.out, out, r.err, stderr)
	}
	if strings.Contains(r.err, "goroutine ") {
		t.Errorf("mseplayer %s: a Go trace\n%s", strings.Join(args, " "), r.err)
	}
	return r
}

// demoFiles copies the built-in demo into a folder and returns its manifest.
func demoFiles(t *testing.T) (folder, manifest string) {
	t.Helper()
	folder = t.TempDir()
	root, err := fs.Sub(demo.FS, "media")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(folder, root); err != nil {
		t.Fatal(err)
	}
	return folder, filepath.Join(folder, filepath.Base(demo.Manifest))
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"-h"}, {"help"}} {
		r := expect(t, exitOK, "Commands:", "", args...)
		for _, c := range commands() {
			if !strings.Contains(r.out, "\n  "+c.name+" ") {
				t.Errorf("%v does not list %s", args, c.name)
			}
		}
	}
	for _, c := range commands() {
		for _, args := range [][]string{{c.name, "--help"}, {c.name, "-h"}, {"help", c.name}} {
			want := "mseplayer " + c.name + " "
			switch c.name {
			case "play":
				want = "mseplayer [play] [flags]"
			case "help":
				want = "Commands:"
			}
			r := program(t, nil, args...)
			if r.code != exitOK || r.err != "" || !strings.Contains(r.out, want) {
				t.Errorf("%v: exit %d\n%.300s\n%.300s", args, r.code, r.out, r.err)
			}
			c.flags().VisitAll(func(f *pflag.Flag) {
				if !strings.Contains(r.out, "--"+f.Name) {
					t.Errorf("%v does not explain --%s", args, f.Name)
				}
			})
		}
	}
	expect(t, exitUsage, "", `"nonsense" is no command; there are play, check`, "help", "nonsense")
}

func TestUsage(t *testing.T) {
	for _, c := range []struct {
		args string
		err  string // names the flag and what it takes
	}{
		{"check", "name a source"},
		{"play --speed 0", "--speed 0: must be 0.25 to 4"},
		{"play --speed 4.5 x", "--speed 4.5: must be 0.25 to 4"},
		{"play --speed -1 x", "--speed -1: must be 0.25 to 4"},
		{"play --ab-loop-a 3 x", "--ab-loop-a and --ab-loop-b: a section has both"},
		{"play --ab-loop-b 3 x", "--ab-loop-a and --ab-loop-b: a section has both"},
		{"play --ab-loop-a 3 --ab-loop-b 3 x", "--ab-loop-a 3 --ab-loop-b 3: must be two positions"},
		{"play --ab-loop-a NaN --ab-loop-b 3 x", "--ab-loop-a NaN --ab-loop-b 3: must be two positions"},
		{"play --ab-loop-a -1 --ab-loop-b 3 x", "must be two positions, not negative"},
		{"play --audio-delay 5.1 x", "--audio-delay 5.1: must be -5 to 5"},
		{"play --audio-delay NaN x", "--audio-delay NaN: must be -5 to 5"},
		{"play --speed NaN x", "--speed NaN: must be 0.25 to 4"},
		{"play --speed fast x", `invalid argument "fast" for "--speed"`},
		{"probe", "name a source"},
		{"probe a b", "takes one source, got 2"},
		{"supports", "name a MIME type"},
		{"check --nonsense x", "unknown flag: --nonsense"},
		{"check x --json", "flag needs an argument: --json"},
		{"check --json= x", "--json: takes the name of a file, or -"},
		{"check --fail-on never x", "--fail-on never: takes error, warning or none"},
		{"check --jobs 0 x", "--jobs 0: must be 1 to 256"},
		{"check --jobs many x", `invalid argument "many" for "--jobs"`},
		{"check --live-duration 0 x", "--live-duration 0: must be more than 0 and at most 604800 seconds"},
		{"check --live-duration NaN x", "--live-duration NaN: must be more than 0"},
		{"check --max-duration -1 x", "--max-duration -1: must be more than 0 seconds"},
		{"check --max-duration 0 x", "--max-duration 0: must be more than 0 seconds"},
		{"check --max-duration NaN x", "--max-duration NaN: must be more than 0 seconds"},
		{"check --ignore gap x", `--ignore gap: "gap" is no finding code`},
		{"check --ignore timing.gap:tomorrow x", `--ignore timing.gap:tomorrow: "tomorrow" is no date`},
		{"check --rules timing,nonsense x", "--rules timing,nonsense: \"nonsense\" is neither a finding code nor an area"},
		{"check --ignore-file /does/not/exist x", "--ignore-file /does/not/exist: no such file"},
		{"check --header nonsense x", `--header "nonsense": takes 'Name: value'`},
		{"check --har /does/not/exist/x x", "--har /does/not/exist/x: no such file"},
		{"probe --har /does/not/exist/x x", "--har /does/not/exist/x: no such file"},
		{"play --cmcd body x", "--cmcd body: takes query or header"},
		{"play --scale nearest x", "--scale nearest: takes bilinear, bicubic or lanczos"},
		{"play --deinterlace maybe x", "--deinterlace maybe: takes auto, yes or no"},
		{"play --hwdec cuda x", "--hwdec cuda: takes auto, no or vaapi"},
		{"play --buffer 1 x", "--buffer 1: must be 2 to 3600 seconds"},
		{"play --buffer NaN x", "--buffer NaN: must be 2 to 3600 seconds"},
		{"check --throttle -5 x", "--throttle -5: must not be negative"},
		{"check --ca-file /does/not/exist x", "--ca-file /does/not/exist: "},
		{"check --text=maybe x", `invalid argument "maybe" for "--text"`},
		{"version --json --licenses", "--json and --licenses exclude each other"},
		{"version 2", `takes no arguments, got "2"`},
		{"completion tcsh", "bash, zsh or fish"},
		{"completion", "bash, zsh or fish"},
	} {
		r := expect(t, exitUsage, "", c.err, strings.Fields(c.args)...)
		if strings.Count(r.err, "\n") != 1 || !strings.HasPrefix(r.err, "mseplayer ") {
			t.Errorf("%s: not one line: %q", c.args, r.err)
		}
	}
}

func TestVersion(t *testing.T) {
	expect(t, exitOK, "mseplayer "+version+" ("+commit+")", "", "version")
	expect(t, exitOK, "mseplayer "+version, "", "--version")
	r := expect(t, exitOK, "", "", "version", "--json")
	var v struct {
		Name, Version, Commit, FFmpeg, FFmpegLicense string
		Decoders, Demuxers                           []string
	}
	if err := json.Unmarshal([]byte(r.out), &v); err != nil {
		t.Fatal(err)
	}
	if v.Name != "mseplayer" || v.Version != version || !strings.HasPrefix(v.FFmpeg, "7.1") || !strings.Contains(v.FFmpegLicense, "LGPL") || len(v.Decoders) < 50 || len(v.Demuxers) < 20 {
		t.Errorf("%+v", v)
	}
	expect(t, exitOK, "FFmpeg", "", "version", "--licenses")
}

func TestSupports(t *testing.T) {
	for _, c := range []struct {
		types []string
		out   string
		code  int
	}{
		{[]string{`video/mp4; codecs="avc1.64001f, mp4a.40.2"`}, "yes\n", exitOK},
		{[]string{`video/mp4`, `video/mp4; codecs="hvc1.1.6.L93.B0"`}, "yes\nyes\n", exitOK},
		{[]string{`video/mp4; codecs="avc1.64001f"`, `video/mp4; codecs="xvid.1"`}, "yes\nno: unknown codec \"xvid.1\"\n", exitFailed},
		{[]string{`text/html`}, "no: text/html is no media type of a byte stream format\n", exitFailed},
		{[]string{``}, "no: empty type\n", exitFailed},
	} {
		if r := program(t, nil, append([]string{"supports"}, c.types...)...); r.out != c.out || r.code != c.code || r.err != "" {
			t.Errorf("%q: %q %q %d", c.types, r.out, r.err, r.code)
		}
	}
}

// TestCompletion runs the scripts as far as the shells are there, and sees to it that they know every flag.
func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		script := expect(t, exitOK, "mseplayer", "", "completion", shell).out
		for _, c := range commands() {
			c.flags().VisitAll(func(f *pflag.Flag) {
				if !regexp.MustCompile(`(--|-l )` + f.Name + `\b`).MatchString(script) {
					t.Errorf("%s does not complete --%s of %s", shell, f.Name, c.name)
				}
			})
		}
		path, err := exec.LookPath(shell)
		if err != nil {
			continue
		}
		c := exec.Command(path, "-n")
		c.Stdin = strings.NewReader(script)
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", shell, err, out)
		}
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal(err)
	}
	script := program(t, nil, "completion", "bash").out
	folder := t.TempDir()
	write(t, filepath.Join(folder, "movie.mp4"), "")
	for _, c := range []struct{ line, want string }{
		{"che", "check"},
		{"check --fail", "--fail-on"},
		{"check --fail-on ", "error warning none"},
		{"check --fail-on w", "warning"},
		{"play --audio-o", "--audio-out"},
		{"--headl", "--headless"},
		{"help pr", "probe"},
		{"completion ", "bash zsh fish"},
		{"version --l", "--licenses"},
		{"probe mo", "movie.mp4"},
		{"mo", "movie.mp4"},
		{"check a.mpd --jo", "--jobs"},
	} {
		words := strings.Split(c.line, " ")
		test := script + "\nCOMP_WORDS=(mseplayer"
		for _, w := range words {
			test += " '" + w + "'"
		}
		test += ")\nCOMP_CWORD=" + string(rune('0'+len(words))) + "\ncompopt() { :; }\n_mseplayer\necho \"${COMPREPLY[*]}\"\n"
		cmd := exec.Command(bash, "-c", test)
		cmd.Dir = folder
		out, err := cmd.CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != c.want {
			t.Errorf("mseplayer %s: %q %v, want %q", c.line, got, err, c.want)
		}
	}
}

// TestGuard checks what a bug looks like.
func TestGuard(t *testing.T) {
	for _, trace := range []string{"", "1"} {
		t.Setenv(traceVariable, trace)
		stderr := os.Stderr
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		os.Stderr = w
		code := guard(func() int { panic("index out of range\ngoroutine 1") })
		os.Stderr = stderr
		w.Close()
		out, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		text := string(out)
		if code != exitInternal || !strings.Contains(text, "internal failure: index out of range\nThis is a bug") || !strings.Contains(text, "report it") ||
			strings.Contains(text, "main_test.go") != (trace != "") {
			t.Errorf("exit %d\n%s", code, text)
		}
	}
}

// TestInterrupt ends a slow check by a signal: the report about what was seen is still written.
func TestInterrupt(t *testing.T) {
	_, manifest := demoFiles(t)
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		report := filepath.Join(t.TempDir(), "report.json")
		c := exec.Command(os.Args[0], "check", "--throttle", "400000", "--json", report, manifest)
		c.Env = append(os.Environ(), programVariable+"=1")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(700*time.Millisecond, func() { _ = c.Process.Signal(sig) })
		timeout := time.AfterFunc(patience, func() { _ = c.Process.Kill() })
		_ = c.Wait()
		timeout.Stop()
		if code := c.ProcessState.ExitCode(); code != exitInterrupted {
			t.Errorf("%v: exit %d", sig, code)
		}
		b, err := os.ReadFile(report)
		var rep struct {
			Complete bool
			Tracks   []any
		}
		if err != nil || json.Unmarshal(b, &rep) != nil || rep.Complete || len(rep.Tracks) == 0 {
			t.Errorf("%v: %v, report %.200s", sig, err, b)
		}
	}
}

// TestInterrupt_First hears a signal that came before anything else was done: there is a report all the same.
func TestInterrupt_First(t *testing.T) {
	_, manifest := demoFiles(t)
	report := filepath.Join(t.TempDir(), "report.json")
	early.Signals <- os.Interrupt
	if code := checkCommand([]string{"--quiet", "--json", report, manifest, manifest}); code != exitInterrupted {
		t.Errorf("exit %d", code)
	}
	b, err := os.ReadFile(report)
	var rep struct{ Complete bool }
	if err != nil || json.Unmarshal(b, &rep) != nil || rep.Complete {
		t.Errorf("%v, report %.200s", err, b)
	}
}

// TestInterrupt_Input ends a check that waits for standard input.
func TestInterrupt_Input(t *testing.T) {
	report := filepath.Join(t.TempDir(), "report.json")
	c := exec.Command(os.Args[0], "check", "--quiet", "--json", report, "-")
	c.Env = append(os.Environ(), programVariable+"=1")
	stdin, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	timeout := time.AfterFunc(patience, func() { _ = c.Process.Kill() })
	// More than a pipe holds: it is over when the program reads.
	if _, err := stdin.Write(bytes.Repeat([]byte("<MPD "), 1<<15)); err != nil {
		t.Error(err)
	}
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	_ = c.Wait()
	timeout.Stop()
	b, err := os.ReadFile(report)
	if code := c.ProcessState.ExitCode(); code != exitInterrupted || err != nil || !json.Valid(b) {
		t.Errorf("exit %d, %v, report %.200s", code, err, b)
	}
}
