package stream

import (
	"cmp"
	"log/slog"
	"math"
	"slices"
	"sort"
	"strconv"
	"sync"

	"mseplayer/mse/media"
	"mseplayer/player/manifest"
)

// maxTimed and maxTimedBytes bound the timed events that are kept; the earliest go first.
const maxTimed, maxTimedBytes = 4096, 4 << 20

const (
	// schemeMPD is the scheme of messages to the client itself: the manifest has another version.
	schemeMPD = "urn:mpeg:dash:event:2012"
	// schemeInterstitial is the class of date ranges that ask for other media to be played.
	schemeInterstitial = "com.apple.hls.interstitial"
)

// TimedEvent is something that the manifest or the media says about a time. It is immutable.
type TimedEvent struct {
	Start media.Time
	// Duration is unset when nobody says.
	Duration          media.Opt
	Scheme, Value, ID string
	Data              []byte
	// Reached is set once the playhead has come to it.
	Reached bool
}

// size is what it takes, in bytes.
func (x *TimedEvent) size() int { return len(x.Scheme) + len(x.Value) + len(x.ID) + len(x.Data) }

// end is when it is over.
func (x *TimedEvent) end() media.Time {
	if !x.Duration.Set {
		return x.Start
	}
	return x.Start.Add(media.Span(x.Duration.T))
}

// timedKey tells events apart. Where the author gives no identity, the time does, in milliseconds.
type timedKey struct {
	scheme, value, id string
	start             int64
}

// key returns what tells x apart. ID3 tags and the splices of transport streams have no identity; 0 is none either.
func (x *TimedEvent) key() timedKey {
	k := timedKey{scheme: x.Scheme, value: x.Value, id: x.ID}
	if x.ID == "" || x.ID == "0" || x.Scheme == media.SchemeID3 {
		k.start = int64(math.Round(float64(x.Start) * 1000))
	}
	return k
}

// timed are the timed events of a program, in order of time. The zero value is ready.
type timed struct {
	// immutable
	log     *slog.Logger
	reached func(TimedEvent)

	mu    sync.Mutex
	list  []*TimedEvent // guarded by mu
	known map[timedKey]*TimedEvent
	bytes int  // guarded by mu
	told  bool // guarded by mu: that interstitials are not played

	// owned by Engine.Run
	last  media.Time
	seeks media.Gen
}

// add takes an event in and reports whether it is new. One that is known takes over what is said about it now.
func (t *timed) add(x TimedEvent) bool {
	if !x.Start.IsFinite() || x.size() > maxTimedBytes {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known == nil {
		t.known = map[timedKey]*TimedEvent{}
	}
	old := t.known[x.key()]
	if old != nil {
		if x.Duration.Set {
			old.Duration = x.Duration
		}
		return false
	}
	i := sort.Search(len(t.list), func(i int) bool { return t.list[i].Start > x.Start })
	t.list = slices.Insert(t.list, i, &x)
	t.known[x.key()] = &x
	t.bytes += x.size()
	for len(t.list) > maxTimed || t.bytes > maxTimedBytes {
		first := t.list[0]
		t.bytes -= first.size()
		delete(t.known, first.key())
		t.list = slices.Delete(t.list, 0, 1)
	}
	if x.Scheme == schemeInterstitial && !t.told {
		t.told = true
		t.log.Warn("interstitials are not played; the programme goes on without them", "id", x.ID, "t", x.Start)
	}
	return true
}

// reach tells of the events that the playhead has come to: those that begin there, and after a seek, or when they come late,
// those that are still going on.
func (t *timed) reach(at media.Time, seeks media.Gen) {
	if seeks != t.seeks || at < t.last {
		t.seeks, t.last = seeks, at
	}
	var now []TimedEvent
	t.mu.Lock()
	for _, x := range t.list {
		if x.Start > at {
			break
		}
		if !x.Reached && (x.Start >= t.last || x.end() > at) {
			x.Reached = true
			now = append(now, *x)
		}
	}
	t.mu.Unlock()
	t.last = at
	for _, x := range now {
		t.log.Info("timed event", "t", x.Start, "scheme", x.Scheme, "value", x.Value, "id", x.ID, "bytes", len(x.Data))
		if t.reached != nil {
			t.reached(x)
		}
	}
}

// TimedEvents lists what manifest and media have said about times, in order of time.
func (p *Program) TimedEvents() []TimedEvent {
	t := &p.events
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]TimedEvent, len(t.list))
	for i, x := range t.list {
		out[i] = *x
	}
	return out
}

// listed takes in the events that a document lists.
func (p *Program) listed(events []manifest.Event) {
	for _, x := range events {
		p.events.add(TimedEvent{Start: x.Start, Duration: x.Duration, Scheme: x.Scheme, Value: x.Value, ID: x.ID,
			Data: []byte(cmp.Or(x.Data, x.Attributes["X-ASSET-URI"], x.Attributes["X-ASSET-LIST"]))})
	}
}

// listEvents takes in the events of a version of the presentation.
func (p *Program) listEvents(pres *manifest.Presentation) {
	for _, per := range pres.Periods {
		p.listed(per.Events)
	}
}

// takeEvents takes in what the media that has been appended says. A message that the manifest has another version makes the
// program ask for it: the event's time is when the old one ends to be valid.
// ISO/IEC 23009-1 §5.10.4.
// DEVIATION: a manifest or patch inside of the message is not used; the server has it as well.
func (f *Segments) takeEvents() {
	for _, x := range f.sb.TakeInbandEvents() {
		if x.Kind != media.EventMessage {
			continue
		}
		ev := TimedEvent{Start: x.Time, Scheme: x.Scheme, Value: x.Value, ID: strconv.FormatUint(uint64(x.ID), 10), Data: x.Data}
		if media.Time(x.Duration).IsFinite() && x.Duration >= 0 {
			ev.Duration = media.Some(media.Time(x.Duration))
		}
		if isNew := f.prog.events.add(ev); isNew && x.Scheme == schemeMPD && (x.Value == "1" || x.Value == "2" || x.Value == "3") {
			f.prog.log.Info("the media says that the manifest changes", "t", x.Time)
			f.prog.starve()
		}
	}
}

// takeText hands out the frames of text tracks that have been appended.
func (f *Segments) takeText() {
	if list := f.sb.TakeTextFrames(); len(list) > 0 && f.prog.texts != nil {
		f.prog.texts(list)
	}
}
