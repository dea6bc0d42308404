package mse_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mseplayer/mse"
	"mseplayer/mse/media"
)

// wptRow is one assertion of the public conformance suite, named after its file and number. A name that begins with "part
// of" stands for what the buffer has to do with a row that the media element's tests are about.
type wptRow struct {
	id  string
	run func(p *page)
	// needs are files that the row appends. Where they cannot be built and are not there, or have no byte stream format,
	// the row is not run.
	needs []codec
}

// lacks returns the first of what a row needs that is not there, "" when all is.
func (r wptRow) lacks() string {
	for _, c := range r.needs {
		if ok, _ := (&mse.Options{}).IsTypeSupported(c.typ(false)); !ok {
			return c.typ(false)
		}
		if !strings.HasPrefix(c.file, "mp4/") && os.Getenv("MSEPLAYER_MEDIA") == "" {
			return c.file
		}
	}
	return ""
}

// wptArea is a group of rows.
type wptArea struct {
	name string
	rows []wptRow
}

// wptAreas are the areas of the suite that need no decoder. Every area has its file. Rows that play are carried out up
// to there, and then everything is read from beginning to end without having to wait.
var wptAreas = []wptArea{wptSource, wptLists, wptAppend, wptAbort, wptAttributes, wptBuffered, wptRemove, wptDuration, wptConfig, wptChangeType, wptManaged, wptTypes}

// TestWPT runs the rows on a queue that the test pumps, and prints how many pass. Rows about the suite's main file run
// on each of its variants for which there is a byte stream format.
func TestWPT(t *testing.T) {
	passed, all := 0, 0
	seen := map[string]bool{}
	for _, area := range wptAreas {
		n, out := 0, 0
		for _, row := range area.rows {
			if seen[row.id] {
				t.Errorf("%s is there twice", row.id)
			}
			seen[row.id] = true
			if file := row.lacks(); file != "" {
				t.Logf("%s needs %s, which is not there", row.id, file)
				out++
				continue
			}
			ok := t.Run(row.id, func(t *testing.T) {
				for _, v := range variants(t) {
					row.run(newPage(t, v))
				}
			})
			if ok {
				n++
			}
		}
		t.Logf("%-10s %3d of %3d rows pass, %d need files that are not there", area.name, n, len(area.rows), out)
		passed, all = passed+n, all+len(area.rows)
	}
	t.Logf("%-10s %3d of %3d rows pass", "all", passed, all)
}

// page is what a test page of the suite has: a media element and a MediaSource that is open.
type page struct {
	*testing.T
	main  *medium
	loop  *mse.EventLoop
	queue []func()
	ms    *mse.MediaSource
	player
	events map[string][]string
}

func newPage(t *testing.T, main *medium) *page {
	return newPageWith(t, main, mse.Options{})
}

func newPageWith(t *testing.T, main *medium, o mse.Options) *page {
	t.Helper()
	p := newClosedPage(t, main, o)
	p.attach()
	return p
}

// newClosedPage is a page whose MediaSource is not attached yet.
func newClosedPage(t *testing.T, main *medium, o mse.Options) *page {
	t.Helper()
	p := &page{T: t, main: main, events: map[string][]string{}}
	p.loop = mse.NewEventLoop(func(run func()) { p.queue = append(p.queue, run) })
	p.player = player{EventTarget: mse.NewEventTarget(p.loop), lists: mse.NewTrackLists(p.loop), duration: media.Time(math.NaN())}
	o.Loop = p.loop
	p.ms = mse.New(o)
	p.listen("ms", p.ms)
	p.listen("buffers", p.ms.SourceBuffers())
	p.listen("active", p.ms.ActiveSourceBuffers())
	p.listen("player", &p.player)
	p.listen("player.audio", p.lists.Audio)
	p.listen("player.video", p.lists.Video)
	return p
}

// attach makes the MediaSource the source of the element and waits for sourceopen.
func (p *page) attach() {
	p.Helper()
	a, err := p.ms.Attach(&p.player)
	p.ok(err)
	p.att = a
	p.pump()
	p.want("ms", "sourceopen")
}

// pump runs the queued tasks.
func (p *page) pump() {
	for len(p.queue) > 0 {
		run := p.queue[0]
		p.queue = p.queue[1:]
		run()
	}
}

func (p *page) listen(name string, t interface {
	Listen(func(mse.Event)) func()
}) {
	t.Listen(func(e mse.Event) {
		p.events[name] = append(p.events[name], e.Type)
		p.events["all"] = append(p.events["all"], name+"."+e.Type)
	})
}

// want pumps and compares the events of a target since the last look.
func (p *page) want(name string, types ...string) {
	p.Helper()
	p.pump()
	if got := p.events[name]; !slices.Equal(got, types) {
		p.Errorf("%s: events of %s: %v, want %v", p.main.name, name, got, types)
	}
	delete(p.events, name)
}

// never checks that an event has not been fired.
func (p *page) never(name, typ string) {
	p.Helper()
	if slices.Contains(p.events[name], typ) {
		p.Errorf("%s: %s fired %s", p.main.name, name, typ)
	}
}

// add adds a SourceBuffer.
func (p *page) add(typ string) *mse.SourceBuffer {
	p.Helper()
	sb, err := p.ms.AddSourceBuffer(typ)
	p.ok(err)
	if sb != nil {
		p.listen("sb", sb)
	}
	return sb
}

// loaded is a page with a SourceBuffer for the main file.
func (p *page) loaded() *mse.SourceBuffer {
	p.Helper()
	return p.add(p.main.typ)
}

// start begins an append.
func (p *page) start(sb *mse.SourceBuffer, b []byte) {
	p.Helper()
	p.ok(sb.AppendBuffer(append([]byte{}, b...)))
	p.is("updating", sb.Updating(), true)
}

var appended = []string{"updatestart", "update", "updateend"}

// append appends and waits for updateend.
func (p *page) append(sb *mse.SourceBuffer, b []byte) {
	p.Helper()
	p.pump()
	delete(p.events, "sb")
	p.start(sb, b)
	p.want("sb", appended...)
	p.is("updating", sb.Updating(), false)
}

// remove removes and waits for updateend.
func (p *page) remove(sb *mse.SourceBuffer, from, to media.Time) {
	p.Helper()
	p.pump()
	delete(p.events, "sb")
	p.ok(sb.Remove(from, to))
	p.is("updating", sb.Updating(), true)
	p.want("sb", appended...)
	p.is("updating", sb.Updating(), false)
}

// eos ends the stream.
func (p *page) eos() {
	p.Helper()
	delete(p.events, "ms")
	p.ok(p.ms.EndOfStream(mse.EndNormal))
	p.is("state", p.ms.ReadyState(), mse.Ended)
	p.pump()
	if got := p.events["ms"]; len(got) == 0 || got[0] != "sourceended" {
		p.Errorf("%s: events %v, want sourceended", p.main.name, got)
	}
	delete(p.events, "ms")
}

func (p *page) ok(err error) {
	p.Helper()
	if err != nil {
		p.Fatalf("%s: %v", p.main.name, err)
	}
}

// fails checks the name of an error.
func (p *page) fails(err error, name mse.Name) {
	p.Helper()
	var e *mse.Error
	if !errors.As(err, &e) || e.Name != name {
		p.Errorf("%s: error %v, want %s", p.main.name, err, name)
	}
}

// is compares anything that prints differently when it differs.
func (p *page) is(what string, got, want any) {
	p.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		p.Errorf("%s: %s: %s, want %s", p.main.name, what, g, w)
	}
}

// near compares times as the suite does.
func (p *page) near(what string, got, want media.Time, tolerance float64) {
	p.Helper()
	if math.Abs(float64(got-want)) > tolerance {
		p.Errorf("%s: %s: %v, want %v", p.main.name, what, got, want)
	}
}

// buffered compares ranges as the suite prints them, with three decimals.
func (p *page) buffered(sb *mse.SourceBuffer, want string) {
	p.Helper()
	r, err := sb.Buffered()
	p.ok(err)
	p.ranges("buffered", r, want)
}

func (p *page) ranges(what string, r media.Ranges, want string) {
	p.Helper()
	var b strings.Builder
	for _, x := range r {
		fmt.Fprintf(&b, " [%.3f, %.3f)", x.Start, x.End)
	}
	if got := "{" + b.String() + " }"; got != want && !(p.main.webm() && close3(got, want)) {
		p.Errorf("%s: %s: %s, want %s", p.main.name, what, got, want)
	}
}

var number = regexp.MustCompile(`[0-9]+\.[0-9]+`)

// close3 compares two lists of numbers with a tolerance of 0.001.
func close3(got, want string) bool {
	a, b := number.FindAllString(got, -1), number.FindAllString(want, -1)
	return len(a) == len(b) && slices.EqualFunc(a, b, func(x, y string) bool {
		u, _ := strconv.ParseFloat(x, 64)
		v, _ := strconv.ParseFloat(y, 64)
		return math.Abs(u-v) < 0.0015
	})
}

// duration returns the MediaSource's duration, NaN while unknown.
func (p *page) duration() media.Time {
	d, known := p.ms.Duration()
	if !known {
		return media.Time(math.NaN())
	}
	return d
}

// player is the part of a media element that these tests look at: readyState without playback, error, duration.
type player struct {
	mse.EventTarget
	lists    *mse.TrackLists
	att      *mse.Attachment
	ready    int // HTML's numbers
	code     int // of the error attribute, 0 for none
	duration media.Time
}

// HasError implements mse.Host.
func (p *player) HasError() bool { return p.code != 0 }

// TrackLists implements mse.Host.
func (p *player) TrackLists() *mse.TrackLists { return p.lists }

// TracksChanged implements mse.Host.
func (p *player) TracksChanged(*mse.Tx) {}

// DurationChanged implements mse.Host.
func (p *player) DurationChanged(tx *mse.Tx, d media.Time) {
	p.duration = d
	tx.Queue(&p.EventTarget, "durationchange")
}

// NewTracksActive implements mse.Host.
func (p *player) NewTracksActive(*mse.Tx) { p.ready = min(p.ready, 1) }

// MetadataComplete implements mse.Host.
func (p *player) MetadataComplete(tx *mse.Tx) {
	if p.ready == 0 {
		p.ready = 1
		tx.Queue(&p.EventTarget, "loadedmetadata")
	}
}

// BufferedChanged implements mse.Host: there is data at the position 0 if a range begins soon.
func (p *player) BufferedChanged(tx *mse.Tx) {
	if p.ready == 1 && p.att != nil {
		if b := p.att.BufferedTx(tx); len(b) > 0 && b[0].Start < 1 {
			p.ready = 2
			tx.Queue(&p.EventTarget, "loadeddata")
		}
	}
}

// PlayheadRemoved implements mse.Host.
func (p *player) PlayheadRemoved(*mse.Tx) { p.ready = min(p.ready, 1) }

// StreamEnded implements mse.Host.
func (p *player) StreamEnded(tx *mse.Tx, reason mse.EndReason, cause error) {
	switch {
	case reason == mse.EndNormal:
		return
	case p.ready == 0:
		p.code = 4
		tx.QueueStep(func(tx *mse.Tx) { p.att.DetachTx(tx) })
	case reason == mse.EndNetwork:
		p.code = 2
	case reason == mse.EndDecode:
		p.code = 3
	}
	tx.QueueError(&p.EventTarget, "error", cause)
}
