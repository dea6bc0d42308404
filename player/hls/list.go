package hls

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/manifest"
)

const (
	// maxPlainLoads is after how many directives that a server did not answer they are given up.
	maxPlainLoads = 3
	// partSlack is how far the parts of a segment may miss its length, in nanoseconds.
	partSlack = second / 10
	// changedLength is what a segment's length may change by, in nanoseconds, without being worth a word.
	changedLength = second / 1000
)

// playlist is the list of segments of one representation: a media playlist, to be loaded once or again and again. It
// implements manifest.Lazy.
type playlist struct {
	// immutable
	resource manifest.Resource
	imports  map[string]string
	shared   *timeline
	mime     string // type of the representation

	mu sync.Mutex
	// guarded by mu
	last   *state
	primed bool // the last state has not been given to anybody
	again  bool // the last state is not good any more, even though it is complete
	plain  int  // directives that failed one after the other
}

// state is what is remembered of a playlist from one load to the next. It is immutable.
type state struct {
	list     *manifest.List
	segments []entry // whole segments, placed
	all      []entry // what the list gives
	number   int64   // as index.number
	first    int64
	next     int64 // media sequence number after the last segment
	parts    int64 // how many parts of that segment are known
	end      int64
	target   int64
	control  control
	ranges   []dateRange
	complete bool
	text     string
	full     time.Time // when the last full playlist came
}

// Load implements manifest.Lazy. A playlist that will not change any more is loaded once.
// RFC 8216bis §6.3.4 and §6.2.5.
func (p *playlist) Load(get manifest.Getter) (*manifest.List, error) {
	p.mu.Lock()
	last, primed, plain := p.last, p.primed, p.plain >= maxPlainLoads
	again := p.again
	p.primed = false
	p.mu.Unlock()
	if last != nil && !again && (last.complete || primed && time.Since(last.full) < time.Duration(last.target)) {
		return last.list, nil
	}
	d := ""
	if !plain && !again {
		d = p.directives(last, time.Now())
	}
	s, err := p.load(get, last, d)
	if err != nil && d != "" {
		// Whatever it was that the server did not like, a plain request must work.
		s, err = p.load(get, last, "")
		p.mu.Lock()
		p.plain++
		p.mu.Unlock()
	} else if d != "" {
		p.mu.Lock()
		p.plain = 0
		p.mu.Unlock()
	}
	if err != nil {
		return nil, err
	}
	if again {
		p.mu.Lock()
		p.again = false
		p.mu.Unlock()
	}
	return s.list, nil
}

// Places is how many places the playlist is to be had from.
func (p *playlist) Places() int { return 1 + len(p.resource.Alternatives) }

// Again makes the next Load ask for the whole playlist, even if it is complete: the segments that it names may be better
// had from another place, whose playlist names those of its own.
func (p *playlist) Again() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.again = true
}

// directives are what is added to the query of the next request.
// RFC 8216bis §6.2.5.
func (p *playlist) directives(last *state, now time.Time) string {
	if last == nil {
		r, ok := p.shared.reported(p.resource.URL)
		switch {
		case !ok:
			return ""
		case r.part >= 0:
			return fmt.Sprintf("_HLS_msn=%d&_HLS_part=%d", r.msn, r.part)
		}
		return fmt.Sprintf("_HLS_msn=%d", r.msn)
	}
	var d []string
	if last.control.block {
		d = append(d, "_HLS_msn="+strconv.FormatInt(last.next, 10))
		if last.control.part > 0 {
			d = append(d, "_HLS_part="+strconv.FormatInt(last.parts, 10))
		}
	}
	if until := last.control.skipUntil; until > 0 && now.Sub(last.full) < time.Duration(until/2) {
		skip := "YES"
		if last.control.skipRanges {
			skip = "v2"
		}
		d = append(d, "_HLS_skip="+skip)
	}
	return strings.Join(d, "&")
}

// withQuery adds directives to a URL.
func withQuery(u, directives string) string {
	if directives == "" || strings.HasPrefix(u, "data:") || strings.HasPrefix(u, "file:") {
		return u
	}
	if strings.Contains(u, "?") {
		return u + "&" + directives
	}
	return u + "?" + directives
}

// fetch asks for the playlist and returns it with where it came from: its URL and its pathway, "" for none.
func (p *playlist) fetch(get manifest.Getter, directives string) (data []byte, base manifest.Base, pathway string, err error) {
	r := p.resource
	r.URL = withQuery(r.URL, directives)
	r.Alternatives = nil
	for _, a := range p.resource.Alternatives {
		r.Alternatives = append(r.Alternatives, withQuery(a, directives))
	}
	from, place := "", 0
	r.From = func(i int, location, u string) { place, pathway, from = i, location, u }
	if data, err = get(r); err != nil {
		return nil, base, "", err
	}
	if from == "" {
		from = r.URL
	}
	if pathway == "" && place >= 0 && place < len(r.Locations) {
		pathway = r.Locations[place]
	}
	asked, err := manifest.ParseBase(p.resource.URL)
	if err != nil {
		return nil, base, "", err
	}
	// Where a redirection or an alternative leads is under the rule of the document that named the playlist.
	base, err = asked.Resolve(stripDirectives(from))
	return data, base, pathway, err
}

// stripDirectives takes the directives out of a URL, so that what refers to the query sees the author's.
func stripDirectives(u string) string {
	at := strings.Index(u, "_HLS_")
	if at < 1 || u[at-1] != '?' && u[at-1] != '&' {
		return u
	}
	q, err := url.Parse(u)
	if err != nil {
		return u
	}
	var keep []string
	for pair := range strings.SplitSeq(q.RawQuery, "&") {
		if !strings.HasPrefix(pair, "_HLS_") {
			keep = append(keep, pair)
		}
	}
	q.RawQuery = strings.Join(keep, "&")
	return q.String()
}

// load gets the playlist once, or twice when what a delta update leaves out is not known.
func (p *playlist) load(get manifest.Getter, last *state, directives string) (*state, error) {
	now := time.Now()
	data, base, pathway, err := p.fetch(get, directives)
	if err != nil {
		return nil, err
	}
	text := string(data)
	m, findings, err := parseMedia(text, base, p.imports, last)
	if err != nil {
		return nil, err
	}
	switch {
	case !m.delta:
	case m.resumed:
		fillSkipped(m, last)
	case directives != "":
		return p.load(get, last, "")
	default:
		findings = append(findings, m.withoutSkipped())
	}
	return p.accept(m, findings, text, pathway, now), nil
}

// fillSkipped puts the segments that a delta update leaves out in front of those that it lists.
func fillSkipped(m *mediaPlaylist, last *state) {
	var begin, length int64
	if n := len(m.old); n > 0 {
		begin, length = m.old[0].start, m.old[n-1].end()-m.old[0].start
	}
	filled := make([]entry, 0, len(m.old)+len(m.segments))
	for _, e := range m.old {
		e.start -= begin
		filled = append(filled, e)
	}
	move(m.segments, length, 0)
	move(m.parts, length, 0)
	if m.hint != nil {
		m.hint.start += length
	}
	m.segments, m.total, m.skipped = append(filled, m.segments...), m.total+length, 0
	removed := map[string]bool{}
	for _, id := range m.removed {
		removed[id] = true
	}
	var ranges []dateRange
	for _, d := range last.ranges {
		if !removed[d.id] {
			ranges = append(ranges, d)
		}
	}
	for _, d := range m.ranges {
		if len(ranges) < maxDateRanges {
			ranges = mergeRange(ranges, d)
		}
	}
	m.ranges = ranges
}

// withoutSkipped lets a delta update that nobody asked for begin behind what it leaves out.
func (m *mediaPlaylist) withoutSkipped() manifest.Finding {
	f := manifest.Finding{Code: manifest.CodeInvalid, Severity: manifest.SeverityWarning,
		Message: fmt.Sprintf("%s: the playlist skips %d segments that nobody has seen", m.base.Redacted(), m.skipped)}
	m.first, m.skipped = m.first+m.skipped, 0
	return f
}

// accept puts a playlist in its place behind what was known before and makes the list of it. It is the only place
// that changes the state.
func (p *playlist) accept(m *mediaPlaylist, found []manifest.Finding, text, pathway string, now time.Time) *state {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := p.last
	s := &state{segments: m.segments, first: m.first, next: m.next(), parts: m.lastParts, target: m.target, control: m.control,
		complete: m.complete(), text: text, full: now, ranges: m.ranges}
	if s.control.part == 0 || !s.control.block {
		// Without blocking reloads there is nothing to gain from parts.
		s.control.part, s.control.partHold, s.parts, m.parts, m.hint = 0, 0, 0, nil, nil
	}
	var fs manifest.Findings
	for _, f := range found {
		fs.Add(f)
	}
	oddity := func(format string, args ...any) {
		fs.Add(manifest.Finding{Code: manifest.CodeInvalid, Severity: manifest.SeverityWarning, Message: m.base.Redacted() + ": " + fmt.Sprintf(format, args...)})
	}
	var shift, disc int64
	switch {
	case last == nil:
		var by evidence
		if shift, disc, by = p.shared.place(p, m, true); by == guessed {
			oddity("neither dates nor numbers say when the playlist begins; its end is put where that of another one is")
		}
	default:
		var stale bool
		if shift, disc, stale = p.follow(s, last, m, oddity); stale {
			again := *last
			list := *last.list
			list.Findings, list.Reload = fs.List(), time.Duration(last.target/2)
			again.list = &list
			p.last = &again
			return p.last
		}
	}
	for _, entries := range [][]entry{s.segments, m.parts} {
		move(entries, shift, disc)
	}
	if m.hint != nil {
		m.hint.start += shift
		m.hint.disc += disc
	}
	s.all = flatten(s.segments, m.parts, m.hint)
	s.end = m.total + shift
	if n := len(s.all); n > 0 {
		s.end = s.all[n-1].end()
		if m.hint != nil {
			s.end = m.hint.start
		}
	}
	if last != nil {
		reuse(s.all, last.all)
	}
	p.shared.placed(p, s.segments, s.end, !s.complete, m.reports)
	s.list = p.list(s, m, pathway)
	unchanged := last != nil && (last.text == text || last.next == s.next && last.parts == s.parts && last.first == s.first && last.complete == s.complete)
	s.list.Reload = s.reload(unchanged)
	s.list.Events = events(s.ranges, s.segments, p.shared.zero(), m.base, &fs)
	s.list.Findings = fs.List()
	p.last = s
	return s
}

// move puts entries in their place.
func move(entries []entry, shift, disc int64) {
	if shift == 0 && disc == 0 {
		return
	}
	for i := range entries {
		entries[i].start += shift
		entries[i].disc += disc
	}
}

// samePath compares references up to their query, which may hold a token that changes.
func samePath(a, b string) bool {
	a, _, _ = strings.Cut(a, "?")
	b, _, _ = strings.Cut(b, "?")
	return a == b
}

// follow finds the place of a playlist that was loaded before: what is to be added to its times and its numbers of
// discontinuities. stale says that it is an older one than the last, which some cache kept.
func (p *playlist) follow(s, last *state, m *mediaPlaylist, oddity func(string, ...any)) (shift, disc int64, stale bool) {
	s.number = last.number
	a, b := common(last.segments, s.segments)
	backwards := s.next < last.next || s.next == last.next && s.parts < last.parts && s.control.part > 0
	if backwards && !s.complete {
		if a != nil && b != nil && samePath(a.ref, b.ref) || len(s.segments) == 0 {
			oddity("the playlist is older than the one before: it ends at segment %d, not %d; it is not used", s.next, last.next)
			return 0, 0, true
		}
		oddity("the media sequence number goes back from %d to %d; the playlist is taken as a new one that follows", last.next, s.first)
		a, b = nil, nil
		s.number += last.next - s.first
		if last.parts > 0 {
			s.number++
		}
	} else if backwards {
		oddity("the playlist ends at segment %d, though segment %d has been there before", s.next, last.next-1)
	}
	if m.event && !backwards && s.first > last.first {
		oddity("a playlist of type EVENT has lost its first %d segments", s.first-last.first)
	}
	if a != nil && b != nil {
		if d := a.length - b.length; !samePath(a.ref, b.ref) || d > changedLength || d < -changedLength {
			oddity("segment %d is not what it was before", b.msn)
		}
		return a.start - b.start, a.disc - b.disc, false
	}
	if len(s.segments) == 0 {
		return last.end, lastDisc(last), false
	}
	// Nothing in common: where others say, else behind the last one.
	first, restarted := &s.segments[0], s.number != last.number
	shift = last.end
	missing := int64(0)
	if n := len(last.segments); !restarted && n > 0 {
		shift, missing = last.segments[n-1].end(), first.msn-last.next
	}
	switch before := lastDisc(last); {
	case restarted:
		disc = before + 1 - first.disc
	case !m.hasDiscNumber || first.disc < before:
		disc = before - first.disc
	}
	if missing == 0 && !restarted {
		return shift, disc, false
	}
	at, d, by := p.shared.place(p, m, !restarted)
	if by == byNumber {
		return at, max(d, disc), false
	}
	if missing > 0 && s.full.Sub(last.full) < 2*time.Duration(last.target) {
		oddity("%d segments have come and gone between two loads of the playlist", missing)
	}
	if by == byDate && at >= shift-partSlack {
		return max(at, shift), disc, false
	}
	mean := m.target
	if n := int64(len(last.segments)); n > 0 {
		mean = (last.segments[n-1].end() - last.segments[0].start) / n
	}
	return shift + min(missing, maxSegments)*mean, disc, false
}

func lastDisc(s *state) int64 {
	if n := len(s.segments); n > 0 {
		return s.segments[n-1].disc
	}
	return 0
}

// flatten gives the parts of the segments that list them in place of the whole, then the parts of the segment that is
// still to come, and the hint.
func flatten(segments, parts []entry, hint *entry) []entry {
	if len(parts) == 0 && hint == nil {
		return segments
	}
	all := make([]entry, 0, len(segments)+len(parts)+1)
	for i := range segments {
		e := segments[i]
		for len(parts) > 0 && parts[0].msn < e.msn {
			parts = parts[1:]
		}
		n := 0
		for n < len(parts) && parts[n].msn == e.msn {
			n++
		}
		mine := parts[:n]
		parts = parts[n:]
		if n == 0 || mine[0].sub != 1 || mine[n-1].sub != int32(n) {
			all = append(all, e)
			continue
		}
		if off := mine[n-1].end() - e.end(); off > partSlack || off < -partSlack {
			all = append(all, e)
			continue
		}
		for j := range mine {
			part := mine[j]
			part.start = max(part.start, e.start)
			end := min(part.end(), e.end())
			if j == n-1 {
				end = e.end()
			}
			part.length = max(end-part.start, 0)
			all = append(all, part)
		}
	}
	all = append(all, parts...)
	if hint != nil {
		all = append(all, *hint)
	}
	return all
}

// reuse lets entries point to the initialization sections and keys of the load before where those are the same.
func reuse(entries, before []entry) {
	carry(entries, before, func(e *entry) **section { return &e.init }, keyOfSection)
	carry(entries, before, func(e *entry) **manifest.Key { return &e.key }, keyOf)
}

// carry lets what entries have in one field point to what those before had there, where both have the same name. Entries
// with the same pointer follow each other, so names are made once for each.
func carry[V any, K comparable](entries, before []entry, field func(*entry) **V, name func(*V) K) {
	known := map[K]*V{}
	var last *V
	for i := range before {
		if v := *field(&before[i]); v != nil && v != last {
			last, known[name(v)] = v, v
		}
	}
	var next *V // what takes the place of last
	last = nil
	for i := range entries {
		at := field(&entries[i])
		if *at == nil {
			continue
		}
		if *at != last {
			last, next = *at, *at
			if v := known[name(last)]; v != nil {
				next = v
			}
		}
		*at = next
	}
}

// keyKey tells keys apart.
type keyKey struct {
	method      manifest.KeyMethod
	url, format string
	iv          [16]byte
	hasIV       bool
}

func keyOf(k *manifest.Key) keyKey {
	if k == nil {
		return keyKey{}
	}
	c := keyKey{method: k.Method, url: k.URL, format: k.Format, hasIV: k.IV != nil}
	if k.IV != nil {
		c.iv = *k.IV
	}
	return c
}

// sectionKey tells initialization sections apart.
type sectionKey struct {
	url string
	rng manifest.Range
	key keyKey
}

func keyOfSection(s *section) sectionKey { return sectionKey{s.URL, s.Range, keyOf(s.key)} }

// list makes what Load returns, but for what depends on earlier loads.
func (p *playlist) list(s *state, m *mediaPlaylist, pathway string) *manifest.List {
	x := &index{entries: s.all, number: s.number}
	if pathway != "" {
		x.locations = []string{pathway}
		for i := range x.entries { // those of earlier loads have theirs
			if init := x.entries[i].init; init != nil && init.Locations == nil {
				init.Locations = x.locations
			}
		}
	}
	// What ends before time 0 cannot be presented.
	for len(x.entries) > 0 && x.entries[0].end() <= 0 && x.entries[0].start < 0 {
		x.entries = x.entries[1:]
	}
	l := &manifest.List{Index: x, Growing: !s.complete, Begin: m.begin, Protection: m.protection, Pictures: m.iframes, Independent: m.independent || p.shared.independent}
	if n := x.Len(); n > 0 && x.entries[0].init != nil {
		l.Init = &x.entries[0].init.Resource
	}
	if t := containerOf(x); t != "" && p.mime != "" && !sameContainer(t, p.mime) {
		l.MIMEType = t
	}
	if s.complete {
		return l
	}
	l.Live = &manifest.Live{Depth: media.Span(media.Forever), Delay: span(s.control.holdBack), PartDelay: span(s.control.partHold)}
	if !m.event {
		l.Live.Depth = span(m.total)
	}
	if l.Live.Delay == 0 {
		l.Live.Delay = span(3 * min(s.target, maxTotal))
	}
	if l.Live.PartDelay == 0 && s.control.part > 0 {
		l.Live.PartDelay = span(3 * min(s.control.part, maxTotal))
	}
	if zero := p.shared.zero(); zero != 0 {
		l.Live.Start = time.Unix(0, zero).UTC()
	}
	return l
}

func span(ns int64) media.Span { return media.Span(nano(ns)) }

// reload says how long to wait before the playlist is loaded again.
// RFC 8216bis §6.3.4.
func (s *state) reload(unchanged bool) time.Duration {
	switch {
	case s.complete:
		return 0
	case unchanged:
		return time.Duration(s.target / 2)
	case s.control.block:
		return 0
	}
	return time.Duration(s.target)
}
