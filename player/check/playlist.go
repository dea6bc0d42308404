package check

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/fetch"
	"mseplayer/player/manifest"
)

// The finding codes of playlists.
const (
	codePlaylistVersion = "hls.version"
	codeDateDrift       = "hls.date-drift"
	codeDiscontinuities = "hls.discontinuity-sequence"
	codePeakBandwidth   = "hls.bandwidth"
	codeMeanBandwidth   = "hls.average-bandwidth"
	codeIFrames         = "hls.iframes-missing"
	codeIndependent     = "hls.independent-segments"
	codeKeyRotation     = "hls.key-rotation"
)

const (
	// maxPlaylists bounds the media playlists of a presentation that are looked at.
	maxPlaylists = 1024
	// dateTolerance is how far the dates of segments may be from the sum of their lengths, in seconds.
	dateTolerance = 0.5
	// declaredTolerance is by what part BANDWIDTH and AVERAGE-BANDWIDTH may be off.
	declaredTolerance = 0.1
)

// mediaList is what the rules look at of a media playlist, as it is written.
type mediaList struct {
	url       string
	version   int64 // 1 when none is given
	needs     int64
	why       string // the first thing that needs it
	target    float64
	discFirst int64
	iframes   bool
	ended     bool
	segments  []listSegment
}

// listSegment is a segment of a media playlist.
type listSegment struct {
	url      string
	from     int64 // where its byte range begins
	start    float64
	duration float64
	disc     int64 // discontinuities before it, counted from the first segment
	date     time.Time
	key, iv  string // of EXT-X-KEY, "" for none
}

// need notes that something takes a version of the protocol.
// RFC 8216bis §8.
func (l *mediaList) need(version int64, why string) {
	if version > l.needs {
		l.needs, l.why = version, why
	}
}

// attribute returns the value of a name in an attribute list, without its quotes.
// RFC 8216 §4.2.
func attribute(list, name string) string {
	for list != "" {
		key, rest, ok := strings.Cut(list, "=")
		if !ok {
			return ""
		}
		value := ""
		if strings.HasPrefix(rest, `"`) {
			value, rest, _ = strings.Cut(rest[1:], `"`)
			_, rest, _ = strings.Cut(rest, ",")
		} else {
			value, rest, _ = strings.Cut(rest, ",")
		}
		if strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
		list = rest
	}
	return ""
}

// readMediaList reads a media playlist for the rules. What is not as it should be is left to the player's own parser.
func readMediaList(text, base string) *mediaList {
	l := &mediaList{url: base, version: 1, needs: 1}
	at := listSegment{}
	var clock float64
	var rangeEnd int64
	var rangeText string
	anchor, _ := url.Parse(base)
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		line = strings.TrimSpace(line)
		tag, value, _ := strings.Cut(line, ":")
		switch {
		case line == "":
		case !strings.HasPrefix(line, "#"):
			if len(l.segments) == maxListed {
				return l
			}
			at.start = clock
			clock += at.duration
			at.url, at.from = resolve(anchor, line), 0
			if rangeText != "" {
				size, from, given := strings.Cut(rangeText, "@")
				if at.from = rangeEnd; given {
					at.from, _ = strconv.ParseInt(from, 10, 64)
				}
				n, _ := strconv.ParseInt(size, 10, 64)
				rangeEnd = at.from + n
			}
			l.segments = append(l.segments, at)
			at.duration, at.date, rangeText = 0, time.Time{}, ""
		case tag == "#EXT-X-VERSION":
			if n, err := strconv.ParseInt(value, 10, 64); err == nil {
				l.version = n
			}
		case tag == "#EXT-X-TARGETDURATION":
			l.target, _ = strconv.ParseFloat(value, 64)
		case tag == "#EXTINF":
			length, _, _ := strings.Cut(value, ",")
			if at.duration, _ = strconv.ParseFloat(length, 64); !(at.duration >= 0 && at.duration < 1e9) {
				at.duration = 0
			}
			if strings.Contains(length, ".") {
				l.need(3, "EXTINF with a fraction")
			}
		case tag == "#EXT-X-DISCONTINUITY-SEQUENCE":
			l.discFirst, _ = strconv.ParseInt(value, 10, 64)
		case tag == "#EXT-X-DISCONTINUITY":
			at.disc++
		case tag == "#EXT-X-PROGRAM-DATE-TIME":
			at.date = readDate(value)
		case tag == "#EXT-X-BYTERANGE":
			rangeText = value
			l.need(4, "EXT-X-BYTERANGE")
		case tag == "#EXT-X-I-FRAMES-ONLY":
			l.iframes = true
			l.need(4, "EXT-X-I-FRAMES-ONLY")
		case tag == "#EXT-X-ENDLIST":
			l.ended = true
		case tag == "#EXT-X-MAP":
			l.need(5, "EXT-X-MAP")
			if !strings.Contains(text, "#EXT-X-I-FRAMES-ONLY") {
				l.need(6, "EXT-X-MAP in a playlist that is not of I-frames")
			}
		case tag == "#EXT-X-KEY":
			at.key, at.iv = attribute(value, "URI"), strings.ToLower(attribute(value, "IV"))
			if attribute(value, "METHOD") == "NONE" {
				at.key, at.iv = "", ""
			}
			if at.iv != "" {
				l.need(2, "the IV of EXT-X-KEY")
			}
			if attribute(value, "KEYFORMAT") != "" || attribute(value, "KEYFORMATVERSIONS") != "" {
				l.need(5, "the KEYFORMAT of EXT-X-KEY")
			}
		case tag == "#EXT-X-DEFINE":
			l.need(8, "EXT-X-DEFINE")
			if attribute(value, "QUERYPARAM") != "" {
				l.need(11, "the QUERYPARAM of EXT-X-DEFINE")
			}
		case tag == "#EXT-X-SKIP":
			l.need(9, "EXT-X-SKIP")
			if strings.Contains(value, "RECENTLY-REMOVED-DATERANGES") {
				l.need(10, "the RECENTLY-REMOVED-DATERANGES of EXT-X-SKIP")
			}
		}
	}
	return l
}

// resolve makes an absolute URL of a reference, the reference itself when that is not possible.
func resolve(base *url.URL, ref string) string {
	u, err := url.Parse(ref)
	if err != nil || base == nil {
		return ref
	}
	return base.ResolveReference(u).String()
}

// readDate reads a date of ISO 8601 in the forms that occur, the zero time for others.
func readDate(s string) time.Time {
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(form, strings.TrimSpace(s)); err == nil {
			return t
		}
	}
	return time.Time{}
}

// end is when the last segment ends.
func (l *mediaList) end() float64 {
	if len(l.segments) == 0 {
		return 0
	}
	s := l.segments[len(l.segments)-1]
	return s.start + s.duration
}

// judge reports what is wrong with a playlist by itself. make makes a finding about it.
func (l *mediaList) judge(found *findings, make func(code, format string, args ...any) Finding) {
	place := func(f *Finding, i int) {
		f.Segment, f.Time = &Segment{Index: i, URL: fetch.Redact(l.segments[i].url)}, Seconds(l.segments[i].start)
	}
	long, longest, first := 0, 0.0, -1
	for i, s := range l.segments {
		if math.Round(s.duration) > l.target && l.target > 0 && !l.iframes {
			if long++; first < 0 {
				first = i
			}
			longest = max(longest, s.duration)
		}
	}
	if first >= 0 {
		f := make(manifest.CodeTargetDuration, "%s longer than the target duration of %g s; the longest lasts %.3f s", are(long, "segment"), l.target, longest)
		f.Hint = Text(fmt.Sprintf("write EXT-X-TARGETDURATION:%.0f, or cut the segments shorter", math.Round(longest)))
		f.Evidence = map[string]any{"count": long, "longest": longest, "targetDuration": l.target}
		place(&f, first)
		found.add(f)
	}
	if l.version < l.needs {
		f := make(codePlaylistVersion, "the playlist says that it is of version %d, but %s takes version %d", l.version, l.why, l.needs)
		f.Hint = Text(fmt.Sprintf("write EXT-X-VERSION:%d", l.needs))
		f.Evidence = map[string]any{"version": l.version, "needed": l.needs, "feature": l.why}
		found.add(f)
	}
	if i, drift := l.drift(); i >= 0 {
		f := make(codeDateDrift, "the date of a segment is %.3f s %s than those of the segments before it and their lengths make it", math.Abs(drift), laterOrEarlier(drift))
		f.Hint = "write the dates of the media, or EXT-X-DISCONTINUITY where time jumps"
		f.Evidence = map[string]any{"driftMs": millis(drift), "date": l.segments[i].date.UTC().Format(time.RFC3339Nano)}
		place(&f, i)
		found.add(f)
	}
	if i, why := l.repeats(); i >= 0 {
		f := make(codeKeyRotation, "%s", why)
		f.Hint = "leave IV out, so that each segment has its own, or give each segment another one"
		f.Evidence = map[string]any{"iv": l.segments[i].iv, "key": fetch.Redact(l.segments[i].key)}
		place(&f, i)
		found.add(f)
	}
}

func laterOrEarlier(d float64) string {
	if d > 0 {
		return "later"
	}
	return "earlier"
}

// are is a number with its noun and the verb.
func are(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " is"
	}
	return fmt.Sprintf("%d %ss are", n, noun)
}

// drift finds the first segment whose date does not follow from another one before it and the lengths between, -1 if none.
// Lengths in whole seconds are too coarse for that.
// RFC 8216bis §4.4.4.6, §6.2.1.
func (l *mediaList) drift() (index int, seconds float64) {
	if l.version < 3 {
		return -1, 0
	}
	ref := -1
	for i, s := range l.segments {
		if s.date.IsZero() {
			continue
		}
		if ref >= 0 && l.segments[ref].disc == s.disc {
			d := s.date.Sub(l.segments[ref].date).Seconds() - (s.start - l.segments[ref].start)
			if math.Abs(d) > dateTolerance {
				return i, d
			}
			continue
		}
		ref = i
	}
	return -1, 0
}

// repeats finds a key that comes back with an IV that it has been used with before: the two stretches are encrypted alike.
func (l *mediaList) repeats() (index int, why string) {
	type use struct{ key, iv string }
	left := map[use]bool{} // those that something else came after
	var last use
	for i, s := range l.segments {
		u := use{s.key, s.iv}
		if u == last {
			continue
		}
		if last.key != "" {
			left[last] = true
		}
		if u.key != "" && u.iv != "" && left[u] {
			return i, "a key comes back with the same IV as before"
		}
		last = u
	}
	return -1, ""
}

// variantInf is EXT-X-STREAM-INF with its URI.
type variantInf struct {
	url            string
	peak, mean     int64
	audio, subs    string
	video, iframes bool
}

// mainList is what the rules look at of a multivariant playlist.
type mainList struct {
	variants   []variantInf
	renditions map[string][]string // by type and group: URLs
}

func readMainList(text, base string) *mainList {
	m := &mainList{renditions: map[string][]string{}}
	anchor, _ := url.Parse(base)
	var pending *variantInf
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		line = strings.TrimSpace(line)
		tag, value, _ := strings.Cut(line, ":")
		switch {
		case line == "" || len(m.variants) >= maxPlaylists:
		case tag == "#EXT-X-MEDIA":
			if uri := attribute(value, "URI"); uri != "" {
				group := attribute(value, "TYPE") + " " + attribute(value, "GROUP-ID")
				m.renditions[group] = append(m.renditions[group], resolve(anchor, uri))
			}
		case tag == "#EXT-X-STREAM-INF" || tag == "#EXT-X-I-FRAME-STREAM-INF":
			v := variantInf{audio: attribute(value, "AUDIO"), subs: attribute(value, "SUBTITLES")}
			v.peak, _ = strconv.ParseInt(attribute(value, "BANDWIDTH"), 10, 64)
			v.mean, _ = strconv.ParseInt(attribute(value, "AVERAGE-BANDWIDTH"), 10, 64)
			v.video = attribute(value, "RESOLUTION") != ""
			if uri := attribute(value, "URI"); tag == "#EXT-X-I-FRAME-STREAM-INF" && uri != "" {
				v.iframes, v.url = true, resolve(anchor, uri)
				m.variants = append(m.variants, v)
			} else {
				pending = &v
			}
		case strings.HasPrefix(line, "#"):
		case pending != nil:
			pending.url = resolve(anchor, line)
			m.variants = append(m.variants, *pending)
			pending = nil
		}
	}
	return m
}

// playlists compares playlists with each other and with what was measured of their segments. p is complete.
func (r *run) playlists(p *manifest.Presentation, tasks []task) []Finding {
	var found findings
	get := func(address string) (text, from string, err error) {
		from = address
		b, err := openPlaylist(r, p.URL, manifest.Resource{URL: address, From: func(_ int, _, u string) { from = u }})
		return string(b), from, err
	}
	text, base, err := get(p.URL)
	if err != nil {
		return nil // standard input, or a server that gives it but once
	}
	lists := map[string]*mediaList{}
	of := map[string]*segmentTask{}
	var order []string
	read := func(address, text, base string) {
		if lists[address] == nil && len(order) < maxPlaylists {
			l := readMediaList(text, base)
			lists[address], of[address] = l, taskOf(l, tasks)
			order = append(order, address)
		}
	}
	main := &mainList{}
	if strings.Contains(text, "#EXTINF") {
		read(p.URL, text, base)
	} else {
		main = readMainList(text, base)
		var all []string
		for _, v := range main.variants {
			all = append(all, v.url)
		}
		for _, group := range sortedKeys(main.renditions) {
			all = append(all, main.renditions[group]...)
		}
		for _, address := range all {
			if lists[address] != nil || r.ctx.Err() != nil {
				continue
			}
			if text, base, err := get(address); err == nil && strings.Contains(text, "#EXTINF") {
				read(address, text, base)
			}
		}
	}
	for _, address := range order {
		t := of[address]
		lists[address].judge(&found, func(code, format string, args ...any) Finding {
			return playlistFinding(code, address, t, fmt.Sprintf(format, args...))
		})
	}
	judgeDiscontinuities(&found, order, lists, of)
	main.judgeRates(&found, lists, of)
	main.judgeIFrames(&found, lists, of, p.URL)
	return found.all()
}

// once leaves out what the player's parser says of target durations where the rule itself says where.
func once(list []Finding) []Finding {
	said := map[Text]bool{}
	for _, f := range list {
		if f.Code == manifest.CodeTargetDuration && f.Segment != nil {
			said[f.Track], said[""] = true, true
		}
	}
	return slices.DeleteFunc(list, func(f Finding) bool {
		return f.Code == manifest.CodeTargetDuration && f.Segment == nil && said[f.Track]
	})
}

func openPlaylist(r *run, origin string, x manifest.Resource) ([]byte, error) {
	resp, err := open(r.ctx, r.opt.Source.Fetch, origin, x, fetch.Manifest)
	if err != nil {
		return nil, err
	}
	return resp.All()
}

func sortedKeys(m map[string][]string) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// taskOf finds the task that has checked the segments of a list: it began with the same one.
func taskOf(l *mediaList, tasks []task) *segmentTask {
	for _, x := range tasks {
		t, ok := x.(*segmentTask)
		if !ok || t.pictures != l.iframes || t.head == nil {
			continue
		}
		if len(l.segments) > 0 && t.head.URL == l.segments[0].url && max(t.head.Range.Start, 0) == l.segments[0].from {
			return t
		}
	}
	return nil
}

// playlistFinding is a finding about a playlist, and about the representation of t unless that is nil.
func playlistFinding(code, address string, t *segmentTask, message string) Finding {
	f := Finding{Code: code, Message: message, Time: Unknown}
	if t != nil {
		f = t.finding(code, message)
	}
	f.Message = fmt.Sprintf("%s: %s", nameIn(address), message)
	return f
}

// nameIn is the last part of a URL's path.
func nameIn(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Path == "" {
		return fetch.Redact(address)
	}
	return u.Path[strings.LastIndexByte(u.Path, '/')+1:]
}

// judgeIndependent reports segments that do not begin with a random access point where the playlist says that all do.
// RFC 8216 §4.3.5.1.
func (t *segmentTask) judgeIndependent() {
	if !t.independent || t.pictures {
		return
	}
	for _, s := range t.meter.streams {
		if s.info.Kind != media.Video {
			continue
		}
		n := 0
		var first SegmentRow
		for _, g := range s.segmentList() {
			if !g.Key {
				if n++; n == 1 {
					first = g
				}
			}
		}
		if n == 0 {
			continue
		}
		f := playlistFinding(codeIndependent, t.rep.ID, t, fmt.Sprintf("EXT-X-INDEPENDENT-SEGMENTS says that each segment can be decoded by itself; %s not begin with a random access point, the first is segment %d", do(n, "segment"), first.Index))
		f.Hint, f.Time, f.Evidence = "begin each segment with a random access point, or take the tag away", first.Start, map[string]any{"count": n, "segment": first.Index}
		t.found.add(f)
	}
}

func do(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " does"
	}
	return fmt.Sprintf("%d %ss do", n, noun)
}

// judgeDiscontinuities compares when the discontinuities of the playlists of a presentation are.
// RFC 8216 §6.2.4.
func judgeDiscontinuities(found *findings, order []string, lists map[string]*mediaList, of map[string]*segmentTask) {
	var ref *mediaList
	refName := ""
	for _, address := range order {
		l := lists[address]
		if l.iframes || len(l.segments) == 0 || !l.ended || of[address] == nil || of[address].rep.Kind == manifest.Text {
			continue
		}
		if ref == nil {
			ref, refName = l, nameIn(address)
			continue
		}
		a, b := ref.discontinuities(), l.discontinuities()
		message := ""
		var at float64
		switch {
		case ref.discFirst != l.discFirst:
			message = fmt.Sprintf("the discontinuity sequence number of its first segment is %d, that of %s is %d", l.discFirst, refName, ref.discFirst)
		case len(a) != len(b):
			message = fmt.Sprintf("discontinuities: it has %d, %s has %d", len(b), refName, len(a))
		default:
			for i := range a {
				if math.Abs(a[i]-b[i]) > max(ref.target, l.target, 1)/2 {
					message = fmt.Sprintf("its discontinuity %d is at %s, that of %s at %s", i+1, clock(Seconds(b[i])), refName, clock(Seconds(a[i])))
					at = b[i]
					break
				}
			}
		}
		if message == "" {
			continue
		}
		f := playlistFinding(codeDiscontinuities, address, of[address], message)
		f.Time, f.Hint = Seconds(at), "put the same discontinuities into all playlists of a presentation"
		f.Evidence = map[string]any{"discontinuities": len(b), "others": len(a)}
		found.add(f)
	}
}

// discontinuities are the times at which those are.
func (l *mediaList) discontinuities() []float64 {
	var out []float64
	last := int64(0)
	for i, s := range l.segments {
		for ; last < s.disc; last++ {
			if i > 0 { // one before the first segment separates it from nothing
				out = append(out, s.start)
			}
		}
	}
	return out
}

// load is the size and the length of a segment by the playlist.
type load struct {
	bytes  int64
	length float64
}

// rateOf returns the mean bit rate of segments and the highest of any that last half a target duration to one and a half
// together.
// RFC 8216 §4.1.
func rateOf(list []load, target float64) (mean, peak float64) {
	var bytes int64
	var length float64
	for i, s := range list {
		bytes, length = bytes+s.bytes, length+s.length
		var b int64
		var d float64
		for _, o := range list[i:] {
			if b, d = b+o.bytes, d+o.length; d > 1.5*target {
				break
			}
			if d >= 0.5*target && d > 0 {
				peak = max(peak, float64(b)*8/d)
			}
			if d <= 0 {
				break
			}
		}
	}
	if length > 0 {
		mean = float64(bytes) * 8 / length
	}
	return mean, max(peak, mean)
}

// judgeRates compares BANDWIDTH and AVERAGE-BANDWIDTH with what was measured: of the variant, and of the largest rendition of
// each of its groups.
// RFC 8216 §4.3.4.2.
func (m *mainList) judgeRates(found *findings, lists map[string]*mediaList, of map[string]*segmentTask) {
	type measure struct {
		mean, peak float64
		whole      bool
	}
	measured := map[string]measure{}
	for address, t := range of {
		if t == nil || len(t.loads) == 0 || t.gaveUp {
			continue
		}
		mean, peak := rateOf(t.loads, lists[address].target)
		measured[address] = measure{mean, peak, len(t.loads) == len(lists[address].segments)}
	}
	for _, v := range m.variants {
		sum, ok := measured[v.url]
		if !ok || v.iframes {
			continue
		}
		for _, group := range []string{"AUDIO " + v.audio, "SUBTITLES " + v.subs} {
			var most measure
			for _, address := range m.renditions[group] {
				x, ok := measured[address]
				if !ok {
					sum.whole = false
				}
				if address != v.url && x.peak > most.peak {
					most = x
				}
			}
			sum.mean, sum.peak = sum.mean+most.mean, sum.peak+most.peak
		}
		for _, c := range []struct {
			code, name, what string
			declared         int64
			measured         float64
		}{{codePeakBandwidth, "BANDWIDTH", "peak", v.peak, sum.peak}, {codeMeanBandwidth, "AVERAGE-BANDWIDTH", "mean", v.mean, sum.mean}} {
			off := c.measured/float64(c.declared) - 1
			if c.declared <= 0 || math.Abs(off) <= declaredTolerance || off < 0 && !sum.whole {
				continue
			}
			f := playlistFinding(c.code, v.url, of[v.url], fmt.Sprintf("%s is %d, the %s of what plays together is %.0f bit/s, %.0f %% more", c.name, c.declared, c.what, c.measured, 100*off))
			if off < 0 {
				f.Severity = manifest.SeverityInfo
				f.Message = strings.Replace(f.Message, fmt.Sprintf("%.0f %% more", 100*off), fmt.Sprintf("%.0f %% less", -100*off), 1)
			}
			f.Hint = Text(fmt.Sprintf("write %s=%.0f", c.name, math.Ceil(c.measured)))
			f.Evidence = map[string]any{"declared": c.declared, "measured": math.Round(c.measured)}
			found.add(f)
		}
	}
}

// judgeIFrames reports that there is nothing to wind fast with, or not for the whole length.
func (m *mainList) judgeIFrames(found *findings, lists map[string]*mediaList, of map[string]*segmentTask, address string) {
	longest, pictures, winding := 0.0, false, false
	for _, v := range m.variants {
		pictures = pictures || v.video && !v.iframes
		winding = winding || v.iframes
		if l := lists[v.url]; l != nil && !v.iframes {
			longest = max(longest, l.end())
		}
	}
	if pictures && !winding {
		f := playlistFinding(codeIFrames, address, nil, "there is no I-frame playlist, so players show no pictures while winding fast")
		f.Severity, f.Hint = manifest.SeverityInfo, "add EXT-X-I-FRAME-STREAM-INF"
		found.add(f)
	}
	for _, v := range m.variants {
		l := lists[v.url]
		if !v.iframes || l == nil || len(l.segments) == 0 || longest-l.end() <= max(l.target, 1) {
			continue
		}
		f := playlistFinding(codeIFrames, v.url, of[v.url], fmt.Sprintf("the I-frame playlist ends at %s, the presentation at %s", clock(Seconds(l.end())), clock(Seconds(longest))))
		f.Time, f.Hint = Seconds(l.end()), "list the I-frames of all segments"
		f.Evidence = map[string]any{"end": l.end(), "presentation": longest}
		found.add(f)
	}
}
