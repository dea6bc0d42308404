package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"mseplayer/cmd/mseplayer/early"
	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/player/check"
	"mseplayer/player/crypt"
	"mseplayer/player/ffmpeg"
	"mseplayer/player/manifest"
	simulation "mseplayer/player/session"
	"mseplayer/player/source"
)

// maxJobs bounds --jobs, maxIgnoreBytes an --ignore-file, maxLiveSeconds --live-duration.
const (
	maxLiveSeconds = 7 * 24 * 3600
	maxJobs        = 256
	maxIgnoreBytes = 1 << 20
)

// checkOptions are the flags of check.
type checkOptions struct {
	net             netOptions
	keys            keyOptions
	json            string
	junit           string
	html            string
	text            bool
	failOn          string
	ignore          []string
	ignoreFile      string
	representations []string
	firstOnly       bool
	noDecode        bool
	deep            bool
	simulate        string
	frames          string
	reference       string
	maxDuration     float64
	liveDuration    float64
	jobs            int
	profile         string
	quiet           bool
	listRules       bool
	rules           string
}

func checkFlags(o *checkOptions) *pflag.FlagSet {
	f := pflag.NewFlagSet("check", pflag.ContinueOnError)
	f.SortFlags = false
	f.StringVar(&o.json, "json", "", "write the report as JSON to `FILE|-`, one line for each source")
	f.StringVar(&o.junit, "junit", "", "write the report as JUnit XML to `FILE|-`: a test case for each rule and track")
	f.StringVar(&o.html, "html", "", "write the report as one HTML page with plots and pictures to `FILE|-`")
	f.BoolVar(&o.text, "text", false, "write the report as text (the default when no other is asked for)")
	f.StringVar(&o.failOn, "fail-on", "error", "exit with 1 from which severity on: `error|warning|none`")
	f.StringVar(&o.rules, "rules", "", "which rules count: +CODE or -CODE besides the usual ones, CODE for those alone; an area such as timing stands for all of it (`LIST` with commas)")
	f.StringArrayVar(&o.ignore, "ignore", nil, "waive a finding, `CODE[@TRACK][:YYYY-MM-DD]` (repeatable)")
	f.StringVar(&o.ignoreFile, "ignore-file", "", "waive the findings in `FILE`, one a line")
	f.StringArrayVar(&o.representations, "representation", nil, "check the representation `ID` only (repeatable)")
	f.BoolVar(&o.firstOnly, "first-only", false, "check the best representation of each adaptation set only")
	f.BoolVar(&o.noDecode, "no-decode", false, "check the structure only")
	f.BoolVar(&o.deep, "deep", false, "look at the content of pictures and sound too, and decode every switch between representations; takes longer")
	f.StringVar(&o.simulate, "simulate", "", "work out playback over the network in `TRACE`: lines of SECONDS KBIT/S [LATENCY-MS]")
	f.StringVar(&o.frames, "frames", "", "write a line for each coded frame to `FILE|-` as comma-separated values")
	f.StringVar(&o.reference, "reference", "", "compare the pictures with those of `FILE`, a file or a manifest: PSNR and SSIM; takes longer")
	f.Float64Var(&o.maxDuration, "max-duration", 0, "check the first `D` seconds of each track")
	f.Float64Var(&o.liveDuration, "live-duration", 30, "watch a live presentation for `D` seconds")
	f.IntVar(&o.jobs, "jobs", 0, "check `N` representations at the same time (default: the number of cores)")
	f.StringVar(&o.profile, "profile", "", "find also what a family of browsers would refuse or stop at: `strict|chrome|firefox|safari`")
	o.net.declare(f)
	o.keys.declare(f)
	f.BoolVar(&o.quiet, "quiet", false, "show no progress")
	f.BoolVar(&o.listRules, "list-rules", false, "list the finding codes with their severities")
	return f
}

// check tells what is wrong with the values.
func (o *checkOptions) check(f *pflag.FlagSet) error {
	switch {
	case o.failOn != "error" && o.failOn != "warning" && o.failOn != "none":
		return usage("--fail-on %s: takes error, warning or none", o.failOn)
	case o.deep && o.noDecode:
		return usage("--deep and --no-decode: give one of them")
	case f.Changed("reference") && o.reference == "":
		return usage("--reference: takes the name of a file or of a manifest")
	case o.reference != "" && o.noDecode:
		return usage("--reference and --no-decode: give one of them")
	case o.maxDuration < 0 || f.Changed("max-duration") && !(o.maxDuration > 0):
		return usage("--max-duration %g: must be more than 0 seconds", o.maxDuration)
	case !(o.liveDuration > 0 && o.liveDuration <= maxLiveSeconds):
		return usage("--live-duration %g: must be more than 0 and at most %d seconds", o.liveDuration, maxLiveSeconds)
	case f.Changed("jobs") && (o.jobs < 1 || o.jobs > maxJobs):
		return usage("--jobs %d: must be 1 to %d", o.jobs, maxJobs)
	case f.Changed("profile") && !slices.Contains(check.Profiles(), o.profile):
		return usage("--profile %s: takes %s", o.profile, strings.Join(check.Profiles(), ", "))
	}
	taken := ""
	for _, out := range []struct{ flag, file string }{{"json", o.json}, {"junit", o.junit}, {"html", o.html}, {"frames", o.frames}} {
		switch {
		case f.Changed(out.flag) && out.file == "":
			return usage("--%s: takes the name of a file, or - for standard output", out.flag)
		case out.file == "-" && taken != "":
			return usage("--%s -: --%s goes to standard output already", out.flag, taken)
		case out.file == "-":
			taken = out.flag
		}
	}
	return nil
}

// taken reports whether a report goes to standard output that is not the text.
func (o *checkOptions) taken() bool {
	return o.json == "-" || o.junit == "-" || o.html == "-" || o.frames == "-"
}

// waivers reads --ignore and --ignore-file.
func (o *checkOptions) waivers() ([]check.Waiver, error) {
	var out []check.Waiver
	for _, s := range o.ignore {
		w, err := check.ParseWaiver(s)
		if err != nil {
			return nil, usage("--ignore %s: %w", s, err)
		}
		out = append(out, w)
	}
	if o.ignoreFile == "" {
		return out, nil
	}
	f, err := os.Open(o.ignoreFile)
	if err != nil {
		return nil, usage("--ignore-file %s: %w", o.ignoreFile, pathCause(err))
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n, bytes := 1, 0; lines.Scan(); n++ {
		if bytes += len(lines.Bytes()); bytes > maxIgnoreBytes {
			return nil, usage("--ignore-file %s: more than %d bytes", o.ignoreFile, maxIgnoreBytes)
		}
		line, _, _ := strings.Cut(lines.Text(), "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		w, err := check.ParseWaiver(line)
		if err != nil {
			return nil, usage("--ignore-file %s:%d: %w", o.ignoreFile, n, err)
		}
		out = append(out, w)
	}
	if err := lines.Err(); err != nil {
		return nil, usage("--ignore-file %s: %w", o.ignoreFile, pathCause(err))
	}
	return out, nil
}

// trace reads the file of --simulate.
func (o *checkOptions) trace(f *pflag.FlagSet) ([]simulation.Step, error) {
	if !f.Changed("simulate") {
		return nil, nil
	}
	file, err := os.Open(o.simulate)
	if err != nil {
		return nil, usage("--simulate %s: %w", o.simulate, pathCause(err))
	}
	defer file.Close()
	steps, err := simulation.ParseTrace(file)
	if err != nil {
		return nil, usage("--simulate %s: %w", o.simulate, pathCause(err))
	}
	return steps, nil
}

// checkCommand runs check with its arguments and returns the exit code.
func checkCommand(args []string) (code int) {
	ctx, stop := interruptibleBy(early.Signals) // before anything else: whoever interrupts gets a report
	defer stop()
	var o checkOptions
	f := checkFlags(&o)
	help := func() string {
		return usageText("check", "Check sources without showing them: fetch, parse, buffer and decode everything, and report what is wrong.", f,
			"Exit code: 0 no finding at or above --fail-on, 1 findings, 2 a source cannot be opened, 130 interrupted.\n")
	}
	if code, done := parse(f, args, help); done {
		return code
	}
	if o.listRules {
		listRules()
		return exitOK
	}
	if err := o.check(f); err != nil {
		return fail("check", exitUsage, err)
	}
	waivers, err := o.waivers()
	if err != nil {
		return fail("check", exitUsage, err)
	}
	trace, err := o.trace(f)
	if err != nil {
		return fail("check", exitUsage, err)
	}
	if f.NArg() == 0 {
		return fail("check", exitUsage, errors.New("name a source: a path, a URL, a folder, or - for standard input"))
	}
	var rules check.Selection
	if f.Changed("rules") {
		if rules, err = check.ParseSelection(o.rules); err != nil {
			return fail("check", exitUsage, usage("--rules %s: %w", o.rules, err))
		}
	}
	keys, err := o.keys.config()
	if err != nil {
		return fail("check", exitUsage, err)
	}
	open, err := o.net.open(ctx)
	if err != nil {
		return fail("check", exitUsage, err)
	}
	defer open.Fetch.Close()
	har, err := createHAR(o.net.har)
	if err != nil {
		return fail("check", exitUsage, err)
	}
	defer func() {
		if err := writeHAR(har, open.Fetch); err != nil && code == exitOK {
			code = fail("check", exitFailed, err)
		}
	}()
	c := checker{opt: &o, open: open, keys: keys, rules: rules, waivers: waivers, trace: trace}
	for i, name := range f.Args() {
		if i > 0 && ctx.Err() != nil {
			break
		}
		c.one(ctx, name, i == 0)
	}
	if ctx.Err() != nil {
		c.exit(exitInterrupted)
	}
	c.writeAll()
	return c.code
}

// checker checks the sources of one command line.
type checker struct {
	opt     *checkOptions
	open    source.Options
	keys    crypt.Config
	rules   check.Selection
	waivers []check.Waiver
	trace   []simulation.Step
	code    int
	reports []*check.Report
}

// exit notes an exit code; the worst one stays.
func (c *checker) exit(code int) {
	rank := map[int]int{exitOK: 0, exitFailed: 1, exitUsage: 2, exitInterrupted: 3, exitInternal: 4}
	if rank[code] > rank[c.code] {
		c.code = code
	}
}

// one checks one source and writes its report.
func (c *checker) one(ctx context.Context, name string, first bool) {
	o := c.opt
	resolved, err := resolve(name)
	if err != nil {
		c.exit(fail("check", exitUsage, err))
		return
	}
	opt := check.Options{Source: c.open, Formats: mse.Formats(), Decoders: ffmpeg.Factory{}, Representations: o.representations, FirstOnly: o.firstOnly,
		MaxDuration: media.Span(o.maxDuration), LiveDuration: media.Span(o.liveDuration).Duration(), Jobs: o.jobs, Keys: c.keys, Rules: c.rules, Waivers: c.waivers, Profile: o.profile, Version: version, Deep: o.deep, Trace: c.trace, Frames: o.frames != ""}
	if o.noDecode {
		opt.Decoders = nil
	}
	if o.reference != "" {
		if opt.Reference, err = resolve(o.reference); err != nil {
			c.exit(fail("check", exitUsage, fmt.Errorf("--reference: %w", err)))
			return
		}
		opt.Fitter = func() check.Fitter { return &ffmpeg.Fitter{} }
	}
	if o.html != "" {
		opt.Pictures = thumbnail
	}
	var bar *progressLine
	if !o.quiet && terminal(os.Stderr) {
		bar = &progressLine{name: name, out: os.Stderr, now: time.Now, colour: colours(os.Stderr)}
		opt.Progress = bar.show
	}
	rep, err := check.Run(ctx, resolved, opt)
	bar.clear()
	var bug *check.PanicError
	var bad *source.Error
	switch {
	case errors.As(err, &bug):
		c.exit(internalFailure(fmt.Sprint(bug.Value), bug.Stack))
	case errors.Is(err, errInterrupted):
		c.exit(exitInterrupted)
	case errors.Is(err, check.ErrSelection), errors.Is(err, check.ErrReference):
		c.exit(fail("check", exitUsage, errors.New(strings.TrimPrefix(err.Error(), "check: "))))
	case errors.As(err, &bad):
		c.exit(fail("check", exitUsage, err))
	case err != nil:
		c.exit(internalFailure(err.Error(), nil))
	case o.failOn != "none" && rep.At(manifest.Severity(o.failOn)):
		c.exit(exitFailed)
	}
	if rep != nil {
		c.write(rep, first, bad != nil)
	}
}

// write writes the report where it was asked for. A source that could not be opened has no report but those.
func (c *checker) write(rep *check.Report, first, unopened bool) {
	o := c.opt
	if o.json != "" {
		var b strings.Builder
		err := rep.WriteJSON(&b)
		if err == nil {
			err = writeTo(o.json, []byte(b.String()), !first)
		}
		if err != nil {
			c.exit(fail("check", exitUsage, fmt.Errorf("--json %s: %w", o.json, pathCause(err))))
		}
	}
	if o.frames != "" {
		var b strings.Builder
		err := rep.WriteFrames(&b, first)
		if err == nil {
			err = writeTo(o.frames, []byte(b.String()), !first)
		}
		if err != nil {
			c.exit(fail("check", exitUsage, fmt.Errorf("--frames %s: %w", o.frames, pathCause(err))))
		}
	}
	c.reports = append(c.reports, rep)
	switch {
	case o.text && o.taken():
		_ = rep.WriteText(os.Stderr, colours(os.Stderr)) // standard output is taken
	case o.text || o.json == "" && o.junit == "" && o.html == "" && o.frames != "-" && !unopened:
		if !first {
			fmt.Println()
		}
		if err := rep.WriteText(os.Stdout, colours(os.Stdout)); err != nil {
			c.exit(fail("check", exitUsage, pathCause(err)))
		}
	}
}

// writeAll writes the reports that are one document for all sources.
func (c *checker) writeAll() {
	o := c.opt
	for _, out := range []struct {
		flag, file string
		write      func(io.Writer) error
	}{
		{"junit", o.junit, func(w io.Writer) error {
			return check.WriteJUnit(w, manifest.Severity(o.failOn), c.reports...)
		}},
		{"html", o.html, func(w io.Writer) error { return check.WriteHTML(w, c.reports...) }},
	} {
		if out.file == "" {
			continue
		}
		var b bytes.Buffer
		err := out.write(&b)
		if err == nil {
			err = writeTo(out.file, b.Bytes(), false)
		}
		if err != nil {
			c.exit(fail("check", exitUsage, fmt.Errorf("--%s %s: %w", out.flag, out.file, pathCause(err))))
		}
	}
}

// colours reports whether what goes to f is to be coloured: on a terminal, unless the environment says otherwise.
// https://no-color.org
func colours(f *os.File) bool {
	return terminal(f) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

func listRules() {
	for _, r := range check.Rules() {
		fmt.Printf("%-30s %-8s %s\n", r.Code, r.Severity, r.Summary)
	}
}
