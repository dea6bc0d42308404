package element_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mseplayer/audio/null"
	"mseplayer/mse"
	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/player/decode"
	"mseplayer/player/element"
	"mseplayer/player/playertest"
	"mseplayer/player/present"
)

// patience is how long, in virtual time, a page waits for an event.
const patience = 40 * time.Second

// page is what a test page of the suite has: an event loop, media elements with fake decoders, a null sink and a surface
// each, MediaSources, and a log of all events. Scripts run as tasks of the loop, as a page's do.
type page struct {
	t       *testing.T
	loop    *mse.EventLoop
	options mse.Options
	e       *element.Element    // the first player
	surface *playertest.Surface // of e
	ms      *mse.MediaSource    // of open
	url     string              // of ms; revoked
	sb      *mse.SourceBuffer

	webm     bool // main is the WebM file
	usesMain bool // main has been called

	ctx  context.Context
	quit []func()

	mu     sync.Mutex
	log    []string            // guarded by mu: "seeking" of the first player, "ms.sourceopen" of others
	seen   int                 // guarded by mu: what wait has passed
	grown  chan struct{}       // guarded by mu: closed and replaced when log grows
	hooks  map[string][]func() // guarded by mu: each called once, inside the event's task
	always map[string][]func() // guarded by mu: called each time
}

// pageSetup changes what the players of a page are made of.
type pageSetup struct {
	decoders decode.Factory
	out      func([]float32, time.Time)
}

func newPage(t *testing.T, setup pageSetup) *page {
	t.Helper()
	loop := mse.NewEventLoop(nil)
	p := &page{t: t, loop: loop, grown: make(chan struct{}), hooks: map[string][]func(){}, always: map[string][]func(){},
		options: mse.Options{Loop: loop, Private: map[string]func() bytestream.Parser{msetest.TextType: msetest.NewTextParser}}}
	ctx, cancel := context.WithCancel(t.Context())
	p.ctx = ctx
	p.quit = append(p.quit, cancel)
	p.e = p.player("", setup)
	return p
}

// close ends the page; nothing may be left.
func (p *page) close() {
	p.settle() // what a handler has begun comes to its end
	for _, quit := range slices.Backward(p.quit) {
		quit()
	}
	if err := p.loop.Drain(context.Background()); err != nil {
		p.t.Error(err)
	}
	synctest.Wait()
}

// player makes a media element. Its events are logged with the prefix.
func (p *page) player(prefix string, setup pageSetup) *element.Element {
	p.t.Helper()
	sink := null.New(null.Options{Out: setup.out})
	if err := sink.Start(p.ctx); err != nil {
		p.t.Fatal(err)
	}
	factory := setup.decoders
	if factory == nil {
		factory = &playertest.Factory{Depth: 2, Sized: true}
	}
	e := element.New(p.loop, element.Options{Decoders: factory, Audio: sink, Queue: present.Options{Created: time.Now()}})
	p.listen(&e.EventTarget, prefix)
	if prefix == "" {
		p.listen(&e.AudioTracks().EventTarget, "audioTracks.")
		p.listen(&e.VideoTracks().EventTarget, "videoTracks.")
		p.listen(&e.TextTracks().EventTarget, "textTracks.")
	}
	e.Start(p.ctx)
	surface, done := &playertest.Surface{}, make(chan struct{})
	if prefix == "" {
		p.surface = surface
	}
	sctx, scancel := context.WithCancel(p.ctx)
	go func() { defer close(done); surface.Run(sctx, e.Frames(), 20*time.Millisecond) }()
	p.quit = append(p.quit, func() {
		scancel()
		<-done
		e.Close()
		_ = sink.Close()
	})
	return e
}

// source makes a MediaSource whose events are logged with the prefix.
func (p *page) source(prefix string) *mse.MediaSource {
	ms := mse.New(p.options)
	p.listen(&ms.EventTarget, prefix)
	return ms
}

func (p *page) listen(t *mse.EventTarget, prefix string) {
	t.Listen(func(ev mse.Event) {
		name := prefix + ev.Type
		p.mu.Lock()
		p.log = append(p.log, name)
		close(p.grown)
		p.grown = make(chan struct{})
		hooks := append(p.hooks[name], p.always[name]...)
		delete(p.hooks, name)
		p.mu.Unlock()
		for _, h := range hooks {
			h()
		}
	})
}

// do runs a script as one task and waits for its end. Checks inside use Errorf, not Fatalf.
func (p *page) do(script func()) {
	done := make(chan struct{})
	p.loop.Do(func(tx *mse.Tx) {
		tx.QueueCall(func() {
			defer close(done)
			script()
		})
	})
	<-done
}

// on has fn called once, inside the task of the next event of that name; each has it called every time.
func (p *page) on(event string, fn func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hooks[event] = append(p.hooks[event], fn)
}

func (p *page) each(event string, fn func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.always[event] = append(p.always[event], fn)
}

// wait waits for events in that order, behind those waited for before; others may come in between.
func (p *page) wait(events ...string) {
	p.t.Helper()
	limit := time.After(patience)
	for _, want := range events {
		for {
			p.mu.Lock()
			i := slices.Index(p.log[p.seen:], want)
			if i >= 0 {
				p.seen += i + 1
			}
			grown := p.grown
			p.mu.Unlock()
			if i >= 0 {
				break
			}
			select {
			case <-grown:
			case <-limit:
				s := p.e.State()
				p.t.Fatalf("%s does not come.\nevents: %s\nstate: %+v", want, p.events(), s)
			}
		}
	}
}

// idle lets time pass.
func (p *page) idle(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// settle lets everything happen that happens without the passing of time.
func (p *page) settle() { synctest.Wait() }

// events lists those that were logged, of the given names or all.
func (p *page) events(names ...string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for _, e := range p.log {
		if len(names) == 0 || slices.Contains(names, e) {
			out = append(out, e)
		}
	}
	return strings.Join(out, " ")
}

// clear forgets what has been logged.
func (p *page) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.log, p.seen = nil, 0
}

// fired counts events of a name.
func (p *page) fired(name string) int { return len(strings.Fields(p.events(name))) }

// never fails the test if the event has been fired.
func (p *page) never(names ...string) {
	p.t.Helper()
	for _, n := range names {
		if p.fired(n) > 0 {
			p.t.Errorf("%s was fired: %s", n, p.events())
		}
	}
}

// only checks which of the named events came, and in which order.
func (p *page) only(want string, names ...string) {
	p.t.Helper()
	if got := p.events(names...); got != want {
		p.t.Errorf("events %q, want %q", got, want)
	}
}

// is compares.
func is[T comparable](p *page, what string, got, want T) {
	p.t.Helper()
	if got != want {
		p.t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// ok checks a condition.
func (p *page) ok(what string, cond bool) {
	p.t.Helper()
	if !cond {
		p.t.Errorf("%s: no; state %+v", what, p.e.State())
	}
}

// throws checks the name of an error.
func (p *page) throws(what string, err error, name mse.Name) {
	p.t.Helper()
	var e *mse.Error
	if !errors.As(err, &e) || e.Name != name {
		p.t.Errorf("%s: %v, want %s", what, err, name)
	}
}

// code is the number of the error attribute, 0 for none.
func code(e *element.Element) element.ErrorCode {
	if err := e.Error(); err != nil {
		return err.Code
	}
	return 0
}

// duration is the element's, NaN as -1.
func duration(e *element.Element) media.Time {
	d, known := e.Duration()
	if !known {
		return -1
	}
	return d
}

// attach gives the player a new MediaSource and waits until it is open.
func (p *page) attach() {
	p.t.Helper()
	p.ms = p.source("ms.")
	p.listen(&p.ms.SourceBuffers().EventTarget, "sourceBuffers.")
	p.listen(&p.ms.ActiveSourceBuffers().EventTarget, "active.")
	url, err := mse.CreateObjectURL(p.ms)
	if err != nil {
		p.t.Fatal(err)
	}
	p.url = url
	p.on("ms.sourceopen", func() { mse.RevokeObjectURL(url) })
	p.do(func() { p.e.SetSrc(url) })
	p.wait("ms.sourceopen")
}

// add adds a SourceBuffer whose events are logged with the prefix.
func (p *page) add(typ, prefix string) *mse.SourceBuffer {
	p.t.Helper()
	sb, err := p.ms.AddSourceBuffer(typ)
	if err != nil {
		p.t.Fatal(err)
	}
	p.listen(&sb.EventTarget, prefix)
	p.listen(&sb.AudioTracks().EventTarget, prefix+"audioTracks.")
	p.listen(&sb.VideoTracks().EventTarget, prefix+"videoTracks.")
	return sb
}

// open is attach with one SourceBuffer for the main medium.
func (p *page) open(m medium) {
	p.t.Helper()
	p.attach()
	p.sb = p.add(m.typ, "sb.")
}

// append appends to sb and waits for updateend.
func (p *page) append(data ...[]byte) {
	p.t.Helper()
	if err := p.sb.Append(p.ctx, slices.Concat(data...)); err != nil {
		p.t.Fatal(err)
	}
	p.settle()
}

// start begins an append to sb.
func (p *page) start(data ...[]byte) {
	p.t.Helper()
	if err := p.sb.AppendBuffer(slices.Concat(data...)); err != nil {
		p.t.Errorf("append: %v", err)
	}
}

// end ends the stream.
func (p *page) end(reason mse.EndReason) {
	p.t.Helper()
	if err := p.ms.EndOfStream(reason); err != nil {
		p.t.Errorf("end of stream: %v", err)
	}
}

// must fails the test.
func (p *page) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Error(err)
	}
}

// ranges prints ranges with three decimals.
func ranges(r media.Ranges) string {
	s := "{"
	for _, x := range r {
		s += fmt.Sprintf("[%.3f,%.3f)", float64(x.Start), float64(x.End))
	}
	return s + "}"
}

// nearly checks ranges, given as their bounds, to a millisecond: WebM has no finer times.
func (p *page) nearly(what string, r media.Ranges, bounds ...media.Time) {
	p.t.Helper()
	var got []media.Time
	for _, x := range r {
		got = append(got, x.Start, x.End)
	}
	same := slices.EqualFunc(got, bounds, func(a, b media.Time) bool { return math.Abs(float64(a-b)) <= 0.0011 })
	if !same {
		p.t.Errorf("%s: %s, want %v", what, r, bounds)
	}
}

// moves waits for a timeupdate that tells another position than the one at the call.
func (p *page) moves() {
	p.t.Helper()
	was := p.e.CurrentTime()
	for p.e.CurrentTime() == was {
		p.wait("timeupdate")
	}
}

// promise logs the settlement of a play call as NAME:ok or NAME:AbortError.
func (p *page) promise(name string) func(error) {
	return func(err error) {
		s := name + ":ok"
		var e *mse.Error
		if errors.As(err, &e) {
			s = name + ":" + string(e.Name)
		} else if err != nil {
			s = name + ":" + err.Error()
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.log = append(p.log, s)
		close(p.grown)
		p.grown = make(chan struct{})
	}
}

// serve makes a MediaSource that gets the whole medium, and its end, whenever it is opened empty. It returns a URL of it.
func (p *page) serve(m medium) string {
	p.t.Helper()
	p.ms = p.source("ms.")
	url, err := mse.CreateObjectURL(p.ms)
	if err != nil {
		p.t.Fatal(err)
	}
	p.quit = append(p.quit, func() { mse.RevokeObjectURL(url) })
	p.each("ms.sourceopen", func() {
		if p.ms.SourceBuffers().Len() > 0 {
			return // opened again
		}
		p.sb = p.add(m.typ, "sb.")
		p.start(m.all())
	})
	p.each("sb.update", func() { p.end(mse.EndNormal) })
	return url
}
