package wpt

import (
	"context"

	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/dop251/goja"
	"golang.org/x/net/html"

	"mseplayer/mse"
	"mseplayer/player/decode"
)

const (
	// shortTimeout and longTimeout are testharness.js's time limits of a page.
	shortTimeout = 10 * time.Second
	longTimeout  = 60 * time.Second
	// grace is how long after its own time limit a page is given up.
	grace = 5 * time.Second
)

// constructorSource makes a constructor that must be called with new and leaves the work to a function of ours.
const constructorSource = `(function (name, length, construct) {
  const f = {[name]: function (...args) {
    if (new.target === undefined)
      throw new TypeError(name + ": please use the 'new' operator");
    return construct(new.target, ...args);
  }}[name];
  Object.defineProperty(f, "length", {value: length, configurable: true});
  return f;
})`

// stickySource makes sticky regular expressions look at the place where they must match, and not at all that follows. The
// engine searches the rest of the text, which made parsing the suite's interface descriptions take most of a minute.
const stickySource = `(function () {
  const exec = RegExp.prototype.exec, anchored = new Map();
  RegExp.prototype.exec = function (text) {
    if (!this.sticky || this.multiline)
      return exec.call(this, text);
    const key = this.flags + this.source;
    if (!anchored.has(key))
      anchored.set(key, new RegExp("^(?:" + this.source + ")", this.flags.replace(/[gy]/g, "")));
    const at = this.lastIndex, match = exec.call(anchored.get(key), String(text).slice(at));
    this.lastIndex = match ? at + match[0].length : 0;
    if (match) {
      match.index = at;
      match.input = text;
    }
    return match;
  };
})()`

// reportSource stands for the suite's testharnessreport.js.
const reportSource = `(function (multiplier, report) {
  setup({timeout_multiplier: multiplier, output: false});
  add_completion_callback(function (tests, status) {
    report(status.status, String(status.message || ""), tests.map(t => [String(t.name), t.status, String(t.message || "")]));
  });
})`

// Options configure a run. Suite and Decoders are required.
type Options struct {
	// Suite holds the test suite: resources/testharness.js and the folders of tests.
	Suite fs.FS
	// Decoders makes the decoders of the pages' media elements.
	Decoders decode.Factory
	// Decoder tunes them.
	Decoder decode.Options
	// Hide is a subtype, such as mp4, that MediaSource.isTypeSupported denies, so that pages take their other media.
	Hide string
	// TimeoutMultiplier multiplies the time limits of pages and subtests; 0 is 1.
	TimeoutMultiplier float64
	// Log gets what pages write to the console, at Info, and what the product logs. Nil is silent.
	Log *slog.Logger
}

// Status is the outcome of a page or a subtest, spelled as in wptreport files.
type Status string

// The outcomes. A page is OK, Error, Timeout or Crash, a subtest Pass, Fail, Timeout or NotRun; either may lack a
// precondition.
const (
	OK                 Status = "OK"
	Error              Status = "ERROR"
	Crash              Status = "CRASH"
	Pass               Status = "PASS"
	Fail               Status = "FAIL"
	Timeout            Status = "TIMEOUT"
	NotRun             Status = "NOTRUN"
	PreconditionFailed Status = "PRECONDITION_FAILED"
)

// Result is what became of one page.
type Result struct {
	// Test is the page's path below the suite's root, with a slash in front.
	Test     string
	Status   Status
	Message  string
	Duration time.Duration
	Subtests []Subtest
}

// Subtest is one test of a page.
type Subtest struct {
	Name    string
	Status  Status
	Message string
}

// page is one document with its scripts.
type page struct {
	// immutable
	opt   Options
	log   *slog.Logger
	url   *url.URL
	began time.Time
	loop  *loop
	media *mse.EventLoop
	ctx   context.Context
	group sync.WaitGroup

	// owned by the loop
	vm              *goja.Runtime
	makeConstructor goja.Callable
	protos          map[string]*goja.Object
	indices         map[string]func(o *object, i int) any
	objects         map[*goja.Object]*object
	wrapped         map[any]*object
	nodes           map[*html.Node]*object
	tree            *html.Node
	window          *object
	document        *object
	readyState      string
	styleKey        *goja.Symbol
	intervals       map[uint64]uint64 // the timer that is set, by the identifier that the script knows
	rejected        []*goja.Promise
	buffered        map[*mse.SourceBuffer]*object // the TimeRanges that were shown last
	contexts        map[*canvas]*context2D
	cueLists        map[cueList]*object
	cueTracks       map[*mse.Cue]*mse.Track // where the cues are that a script has added
	objectURLs      []string
	players         []*mediaElement
	long            bool
	result          Result
	finish          context.CancelFunc
}

// Run runs one page, or the page that is made for a .window.js or .any.js file, and waits until its tests are done or
// its time is over. The page's name is a path below the suite's root. Everything that the page created is gone when Run
// returns. The error says that there is no such page.
func Run(ctx context.Context, o Options, name string) (Result, error) {
	source, err := pageSource(o.Suite, name)
	if err != nil {
		return Result{}, err
	}
	tree, err := html.Parse(strings.NewReader(source))
	if err != nil {
		return Result{}, fmt.Errorf("wpt: %s: %w", name, err)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.TimeoutMultiplier == 0 {
		o.TimeoutMultiplier = 1
	}
	p := &page{opt: o, log: o.Log.With("page", name), url: &url.URL{Scheme: "http", Host: strings.TrimPrefix(origin, "http://"), Path: "/" + name},
		began: time.Now(), loop: newLoop(), vm: goja.New(), tree: tree, readyState: "loading",
		protos: map[string]*goja.Object{}, indices: map[string]func(*object, int) any{}, objects: map[*goja.Object]*object{}, wrapped: map[any]*object{}, nodes: map[*html.Node]*object{},
		buffered: map[*mse.SourceBuffer]*object{}, contexts: map[*canvas]*context2D{}, cueLists: map[cueList]*object{}, cueTracks: map[*mse.Cue]*mse.Track{}, intervals: map[uint64]uint64{}, styleKey: goja.NewSymbol("style"),
		result: Result{Test: "/" + name, Status: Timeout, Message: "the page did not finish in time"}}
	p.media = mse.NewEventLoop(p.loop.post)
	for n := range tree.Descendants() {
		if n.Data == "meta" && n.Type == html.ElementNode {
			k, _ := attributeOf(n, "name")
			v, _ := attributeOf(n, "content")
			p.long = p.long || k == "timeout" && v == "long"
		}
	}
	p.run(ctx)
	p.result.Duration = time.Since(p.began)
	return p.result, nil
}

// limit is when the page is given up at the latest.
func (p *page) limit() time.Duration {
	d := shortTimeout
	if p.long {
		d = longTimeout
	}
	return time.Duration(float64(d)*p.opt.TimeoutMultiplier) + grace
}

// run builds the page's world, runs the scripts and the loop, and takes everything down again.
func (p *page) run(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, p.limit())
	defer cancel()
	p.ctx, p.finish = context.WithCancel(ctx)
	defer p.finish()
	stop := context.AfterFunc(ctx, func() { p.vm.Interrupt("the page's time is over") })
	defer stop()
	defer p.close()
	p.defineAll()
	p.vm.SetPromiseRejectionTracker(func(promise *goja.Promise, op goja.PromiseRejectionOperation) {
		if op == goja.PromiseRejectionReject {
			p.rejected = append(p.rejected, promise)
			p.loop.post(p.reportRejections)
			return
		}
		for i, r := range p.rejected {
			if r == promise {
				p.rejected[i] = nil
			}
		}
	})
	p.loop.post(func() { p.load() })
	p.loop.run(p.ctx)
}

// close ends what the page started.
func (p *page) close() {
	for _, m := range p.players {
		m.close()
	}
	for _, u := range p.objectURLs {
		mse.RevokeObjectURL(u)
	}
	p.group.Wait()
}

// defineAll defines everything that scripts find.
func (p *page) defineAll() {
	v, err := p.vm.RunString(constructorSource)
	p.must(err)
	p.makeConstructor, _ = goja.AssertFunction(v)
	p.defineException()
	p.defineEvents()
	p.defineNodes()
	p.defineWindow()
	p.defineXHR()
	p.defineFetch()
	p.defineTimeRanges()
	p.defineMediaSource()
	p.defineSourceBuffer()
	p.defineCues()
	p.defineTracks()
	p.defineMedia()
	p.defineCanvas()
	p.defineAudio()
}

// load runs the scripts in order and tells that the document is complete.
func (p *page) load() {
	for n := range p.tree.Descendants() {
		p.nodeObject(n) // media elements begin to load
	}
	var scripts []*html.Node
	for n := range p.tree.Descendants() {
		if n.Type == html.ElementNode && n.Data == "script" {
			scripts = append(scripts, n)
		}
	}
	for _, n := range scripts {
		if p.ctx.Err() != nil {
			return
		}
		if err := p.script(n); err != nil {
			p.report(err)
		}
	}
	p.readyState = "interactive"
	p.fire(p.document, "Event", "readystatechange", nil)
	p.fire(p.document, "Event", "DOMContentLoaded", nil)
	p.loop.post(func() {
		p.readyState = "complete"
		p.fire(p.document, "Event", "readystatechange", nil)
		p.fire(p.window, "Event", "load", nil)
	})
}

// script runs one script element.
func (p *page) script(n *html.Node) error {
	src, ok := attributeOf(n, "src")
	if !ok {
		_, err := p.vm.RunScript(path.Base(p.url.Path), textContent(n))
		return err
	}
	u, err := p.url.Parse(src)
	if err != nil {
		return err
	}
	if u.Path == "/resources/testharnessreport.js" {
		return p.harness()
	}
	if u.Path == "/resources/WebIDLParser.js" {
		if _, err := p.vm.RunString(stickySource); err != nil {
			return err
		}
	}
	r, err := p.get(u, "")
	if err != nil {
		return err
	}
	if r.status != 200 {
		return fmt.Errorf("script %s: %s", src, r.text)
	}
	_, err = p.vm.RunScript(path.Base(u.Path), decodeText(r.body))
	return err
}

// harness makes testharness.js report to us.
func (p *page) harness() error {
	v, err := p.vm.RunString(reportSource)
	if err != nil {
		return err
	}
	f, _ := goja.AssertFunction(v)
	_, err = f(goja.Undefined(), p.vm.ToValue(p.opt.TimeoutMultiplier), p.function("report", 3, func(_ goja.Value, args []goja.Value) any {
		p.complete(args)
		return goja.Undefined()
	}))
	return err
}

// complete takes the outcome that testharness.js reports.
func (p *page) complete(args []goja.Value) {
	page := []Status{OK, Error, Timeout, PreconditionFailed}
	sub := []Status{Pass, Fail, Timeout, NotRun, PreconditionFailed}
	status := func(of []Status, v goja.Value) Status {
		if i := v.ToInteger(); i >= 0 && i < int64(len(of)) {
			return of[i]
		}
		return Error
	}
	p.result.Status, p.result.Message = status(page, args[0]), text(args[1])
	p.result.Subtests = nil
	p.vm.ForOf(args[2], func(v goja.Value) bool {
		t := v.(*goja.Object)
		p.result.Subtests = append(p.result.Subtests, Subtest{Name: text(t.Get("0")), Status: status(sub, t.Get("1")), Message: text(t.Get("2"))})
		return true
	})
	p.finish()
}

// report tells the window of an exception that nobody caught.
// HTML: report-the-error.
func (p *page) report(err error) {
	if p.ctx.Err() != nil {
		return
	}
	p.log.Debug("exception", "err", err)
	fields := map[string]goja.Value{"message": p.vm.ToValue("Uncaught " + err.Error()), "filename": p.vm.ToValue(p.url.String()),
		"lineno": p.vm.ToValue(0), "colno": p.vm.ToValue(0), "error": goja.Null()}
	var ex *goja.Exception
	if errors.As(err, &ex) {
		fields["error"] = ex.Value()
		if s := ex.Stack(); len(s) > 0 {
			fields["filename"], fields["lineno"], fields["colno"] = p.vm.ToValue(s[0].SrcName()), p.vm.ToValue(s[0].Position().Line), p.vm.ToValue(s[0].Position().Column)
		}
	}
	p.fire(p.window, "ErrorEvent", "error", fields)
}

// reportRejections tells the window of the promises whose rejection nobody has handled.
func (p *page) reportRejections() {
	rejected := p.rejected
	p.rejected = nil
	for _, r := range rejected {
		if r == nil {
			continue
		}
		fields := map[string]goja.Value{"promise": p.vm.ToValue(r), "reason": r.Result()}
		p.fire(p.window, "PromiseRejectionEvent", "unhandledrejection", fields)
	}
}

// settle runs fn, which settles promises, as a task of its own: their reactions run right after it.
func (p *page) settle(fn func()) {
	f, _ := goja.AssertFunction(p.function("", 0, func(goja.Value, []goja.Value) any { fn(); return goja.Undefined() }))
	p.call(f)
}

// must panics where setting up the page fails, which would be a mistake in this package. It does not when the page's time
// is over.
func (p *page) must(err error) {
	var over *goja.InterruptedError
	if err != nil && !errors.As(err, &over) {
		panic(fmt.Sprintf("wpt: %v", err))
	}
}
