// Command wpt runs pages of web-platform-tests against the player's MediaSource and media element, with the real decoders
// and in real time, each page in a process of its own.
//
//	wpt [flags] SUITE [FOLDER or PAGE]...
//
// SUITE is a checkout of the suite; without folders it is media-source and media-playback-quality. The exit status is 0
// when every result is as expected, 1 when one is not, 2 when the run could not begin.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"mseplayer/player/decode"
	"mseplayer/player/ffmpeg"
	"mseplayer/player/frame"
	"mseplayer/player/playertest/wpt"
	"mseplayer/render/yuv"
)

const (
	// patience is how long a page's process may take at most, times the multiplier: longer than a page is given.
	patience = 90 * time.Second
	// maxTail bounds what is kept of what a process that failed wrote.
	maxTail = 4096
)

// version can be set by the linker.
var version = "unknown"

type config struct {
	suite      string
	pages      []string
	jobs       int
	multiplier float64
	report     string
	verbose    bool
	page       string
	hide       string

	out      io.Writer     // where results go
	patience time.Duration // how long a page's process may take, times the multiplier
}

func main() {
	c, err := parse(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		fmt.Fprintln(os.Stderr, "wpt:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c.out = os.Stdout
	run := c.runAll
	if c.page != "" {
		run = c.runPage
	}
	code, err := run(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "wpt:", err)
		code = 2
	}
	stop()
	os.Exit(code)
}

func parse(args []string) (config, error) {
	c := config{patience: patience}
	f := flag.NewFlagSet("wpt", flag.ContinueOnError)
	f.IntVar(&c.jobs, "jobs", 4, "how many pages run at the same time")
	f.Float64Var(&c.multiplier, "timeout-multiplier", 2, "multiplies all time limits")
	f.StringVar(&c.hide, "hide", "", "deny that a `subtype` such as mp4 is supported, so that pages take their other media")
	f.StringVar(&c.report, "report", "", "write a wptreport `file`")
	f.BoolVar(&c.verbose, "verbose", false, "log what pages and player do to standard error")
	f.StringVar(&c.page, "page", "", "run one `page` in this process and print its result as JSON")
	if err := f.Parse(args); err != nil {
		return c, err
	}
	if f.NArg() == 0 {
		return c, errors.New("no suite is named: wpt [flags] SUITE [FOLDER or PAGE]")
	}
	if c.jobs < 1 || c.multiplier <= 0 {
		return c, errors.New("--jobs and --timeout-multiplier must be positive")
	}
	c.suite, c.pages = f.Arg(0), f.Args()[1:]
	if len(c.pages) == 0 {
		c.pages = []string{"media-source", "media-playback-quality"}
	}
	return c, nil
}

// runPage runs one page here.
func (c config) runPage(ctx context.Context) (int, error) {
	var log *slog.Logger
	if c.verbose {
		log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	res, err := wpt.Run(ctx, wpt.Options{Suite: os.DirFS(c.suite), Decoders: ffmpeg.Factory{}, Decoder: decode.Options{Threads: 1, Formats: yuv.Supports},
		Hide: c.hide, TimeoutMultiplier: c.multiplier, Log: log}, c.page)
	if err != nil {
		return 2, err
	}
	if n := frame.Live(); n != 0 && res.Status == wpt.OK {
		res.Status, res.Message = wpt.Error, fmt.Sprintf("%d pictures or blocks of sound were not released", n)
	}
	return 0, json.NewEncoder(c.out).Encode(res)
}

// runAll runs the pages in processes and prints what became of them, in the order of the pages.
func (c config) runAll(ctx context.Context) (int, error) {
	lists, err := wpt.DefaultLists()
	if err != nil {
		return 2, err
	}
	pages, err := wpt.Pages(os.DirFS(c.suite), c.pages...)
	if err != nil {
		return 2, err
	}
	report := wpt.NewReport(lists)
	results := make([]chan wpt.Result, len(pages))
	slots := make(chan struct{}, c.jobs)
	var group sync.WaitGroup
	for i, page := range pages {
		if _, skip := lists.NotApplicable(page, ""); skip {
			continue
		}
		results[i] = make(chan wpt.Result, 1)
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			results[i] <- c.process(ctx, page)
		})
	}
	for i, page := range pages {
		if results[i] == nil {
			reason, _ := lists.NotApplicable(page, "")
			report.Skip(c.out, page, reason)
			continue
		}
		report.Add(c.out, <-results[i])
	}
	group.Wait()
	report.Summary(c.out)
	if c.report != "" {
		if err := writeReport(report, c.report); err != nil {
			return 2, err
		}
	}
	if report.Totals().Unexpected > 0 || ctx.Err() != nil {
		return 1, nil
	}
	return 0, nil
}

func writeReport(r *wpt.Report, name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := r.WriteJSON(f, "mseplayer", version); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// process runs one page in a process of its own. One that hangs is asked for its goroutines and killed.
func (c config) process(ctx context.Context, page string) wpt.Result {
	began := time.Now()
	limit := time.Duration(float64(c.patience) * c.multiplier)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	self, err := os.Executable()
	if err != nil {
		return wpt.Result{Test: "/" + page, Status: wpt.Error, Message: err.Error()}
	}
	args := []string{"-page", page, "-hide", c.hide, "-timeout-multiplier", strconv.FormatFloat(c.multiplier, 'g', -1, 64)}
	if c.verbose {
		args = append(args, "-verbose")
	}
	cmd := exec.CommandContext(ctx, self, append(args, c.suite)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGQUIT) }
	cmd.WaitDelay = 5 * time.Second
	err = cmd.Run()
	if c.verbose {
		fmt.Fprintf(os.Stderr, "==> %s\n%s", page, errs.Bytes())
	}
	var res wpt.Result
	if err == nil {
		err = json.Unmarshal(out.Bytes(), &res)
	}
	if err != nil {
		res = wpt.Result{Test: "/" + page, Status: wpt.Crash, Message: fmt.Sprintf("%v: %s", err, head(errs.String())), Duration: time.Since(began)}
		if ctx.Err() != nil {
			res.Status = wpt.Timeout
		}
	}
	return res
}

// head keeps the beginning of a crash's report, in one line.
func head(s string) string {
	if len(s) > maxTail {
		s = s[:maxTail]
	}
	return strings.ReplaceAll(strings.TrimSpace(s), "\n", " | ")
}
