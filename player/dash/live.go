package dash

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/Eyevinn/dash-mpd/mpd"

	"mseplayer/mse/media"
	"mseplayer/player/manifest"
)

// availability is when segments of a presentation that is not complete can be asked for.
type availability struct {
	start time.Time // wall time of time 0 of the presentation
	ahead float64   // how much earlier than at their end segments are there, in seconds
}

// at returns when a segment that ends at t is there; nil says that everything is.
// ISO/IEC 23009-1 §5.3.9.5.3.
func (a *availability) at(t media.Time) time.Time {
	if a == nil {
		return time.Time{}
	}
	return wallTime(a.start, float64(t)-a.ahead)
}

// wallTime adds seconds to a time, as many as there may be.
func wallTime(t time.Time, seconds float64) time.Time {
	whole := math.Floor(min(max(seconds, -maxDurationSeconds), maxDurationSeconds))
	ns := math.Round((min(max(seconds, -maxDurationSeconds), maxDurationSeconds) - whole) * 1e9)
	return time.Unix(t.Unix()+int64(whole), int64(t.Nanosecond())+int64(ns)).UTC()
}

// parseTime reads an XML Schema dateTime. One without a time zone is in UTC.
func parseTime(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() < 10000 {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// over reports whether a dynamic presentation can be played like a recording: it will not change any more and all
// of it is available.
func over(start time.Time, end media.Opt, updates bool, now time.Time) bool {
	if updates || !end.Set || now.IsZero() || start.IsZero() {
		return false
	}
	return !wallTime(start, float64(end.T)).After(now)
}

// available says when segments behind these bases appear, given what the segment information says; nil for at once.
// The offsets of all BaseURL elements and of the segment information add up.
// ISO/IEC 23009-1 §5.3.9.5.3.
func (b *builder) available(o *origins, t *mpd.SegmentBaseType) *availability {
	ahead := o.list[0].ahead + float64(t.AvailabilityTimeOffset)
	if !b.live || b.start.IsZero() || math.IsInf(ahead, 1) || math.IsNaN(ahead) {
		return nil
	}
	return &availability{b.start, ahead}
}

// chunked reports whether segments may be asked for before they are complete.
func chunked(o *origins, t *mpd.SegmentBaseType) bool {
	if t.AvailabilityTimeComplete != nil {
		return !*t.AvailabilityTimeComplete
	}
	return o.list[0].chunked
}

// describeLive fills in what a dynamic presentation says about time.
func (b *builder) describeLive(m *mpd.MPD) *manifest.Live {
	facts := &b.doc.facts
	l := &manifest.Live{Start: b.start, Depth: media.Span(media.Forever), Delay: facts.delay.v, Latency: b.latency(m)}
	if facts.depth.set {
		l.Depth = facts.depth.v
	}
	if b.start.IsZero() {
		b.find(place{path: "MPD"}, manifest.CodeInvalid, manifest.SeverityWarning, "add an availabilityStartTime",
			"availabilityStartTime=%q is no date and time; when segments appear cannot be told", clip(string(m.AvailabilityStartTime)))
	}
	for _, d := range descriptors(m.UTCTimings) {
		d.Value = b.clockValue(d)
		l.Clocks = append(l.Clocks, d)
	}
	if facts.minUpdate.set {
		l.Refresh = facts.minUpdate.v.Duration()
	}
	return l
}

// clockValue resolves the references of a clock that is asked by HTTP.
func (b *builder) clockValue(d manifest.Descriptor) string {
	if !strings.Contains(strings.ToLower(d.Scheme), ":utc:http-") {
		return d.Value
	}
	var out []string
	for _, ref := range strings.Fields(d.Value) {
		u, err := b.from.ResolveURL(ref)
		if err != nil {
			b.find(place{path: "MPD/UTCTiming"}, manifest.CodeInvalid, manifest.SeverityWarning, "", "a clock is ignored: %v", err)
			continue
		}
		out = append(out, u)
	}
	return strings.Join(out, " ")
}

// latency reads the service descriptions; the document's own come before those of its periods.
// ISO/IEC 23009-1 Annex K.
func (b *builder) latency(m *mpd.MPD) *manifest.Latency {
	all := m.ServiceDescription
	for _, p := range m.Periods {
		all = append(all[:len(all):len(all)], p.ServiceDescriptions...)
	}
	ms := func(v *uint32) media.Span {
		if v == nil {
			return 0
		}
		return media.Span(*v) / 1000
	}
	for _, d := range all {
		var l manifest.Latency
		if len(d.Latencies) > 0 {
			l.Min, l.Target, l.Max = ms(d.Latencies[0].Min), ms(d.Latencies[0].Target), ms(d.Latencies[0].Max)
		}
		if len(d.PlaybackRates) > 0 {
			l.MinRate, l.MaxRate = max(0, d.PlaybackRates[0].Min), max(0, d.PlaybackRates[0].Max)
		}
		if l != (manifest.Latency{}) {
			return &l
		}
	}
	return nil
}

// steering finds the server that orders service locations.
func (b *builder) steering(m *mpd.MPD) *manifest.Steering {
	all := []*mpd.ContentSteeringType{m.ContentSteering}
	for _, d := range m.ServiceDescription {
		all = append(all, d.ContentSteerings...)
	}
	for _, s := range all {
		if s == nil {
			continue
		}
		u, err := b.from.ResolveURL(s.Value)
		if err != nil {
			b.find(place{path: "MPD/ContentSteering"}, manifest.CodeInvalid, manifest.SeverityWarning, "", "content steering is ignored: %v", err)
			continue
		}
		return &manifest.Steering{URL: u, Default: strings.Fields(s.DefaultServiceLocation), Before: s.QueryBeforeStart}
	}
	return nil
}

// events puts the events that a period lists on the presentation timeline.
// ISO/IEC 23009-1 §5.10.2.
func (p *periodFacts) events(start media.Time) []manifest.Event {
	var out []manifest.Event
	for _, s := range p.streams {
		for _, e := range s.events {
			v := manifest.Event{Scheme: s.scheme, Value: s.value, ID: e.id, Data: e.data,
				Start: start.Add(media.SpanFromTicks(e.time-s.offset, s.timescale))}
			if e.length >= 0 {
				v.Duration = media.Some(media.FromTicks(e.length, s.timescale))
			}
			for name, value := range map[string]string{"status": e.status, "contentEncoding": e.encoding} {
				if value == "" {
					continue
				}
				if v.Attributes == nil {
					v.Attributes = map[string]string{}
				}
				v.Attributes[name] = value
			}
			out = append(out, v)
		}
	}
	slices.SortStableFunc(out, func(a, b manifest.Event) int {
		switch {
		case a.Start < b.Start:
			return -1
		case a.Start > b.Start:
			return 1
		}
		return 0
	})
	return out
}

// producerTimes notes when media was captured or encoded.
// ISO/IEC 23009-1 §5.12.
func producerTimes(in []*mpd.ProducerReferenceTimeType, p *manifest.Period, r *manifest.Representation) []manifest.ProducerTime {
	var out []manifest.ProducerTime
	for _, t := range in {
		wall, ok := parseTime(t.WallClockTime)
		if !ok || t.PresentationTime > maxTicks {
			continue
		}
		out = append(out, manifest.ProducerTime{ID: strconv.FormatUint(uint64(t.Id), 10), Type: first(string(t.Type), "encoder"), Wall: wall,
			Time: p.Start.Add(media.SpanFromTicks(int64(t.PresentationTime)-r.OffsetTicks, r.Timescale)), Inband: t.Inband})
	}
	return out
}
