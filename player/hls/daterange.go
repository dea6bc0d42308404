package hls

import (
	"cmp"
	"maps"
	"slices"
	"sort"
	"strings"

	"mseplayer/mse/media"
	"mseplayer/player/manifest"
)

// SchemeDateRange is the scheme of the events that a date range without CLASS gives; with one, it is the class.
const SchemeDateRange = "EXT-X-DATERANGE"

// ClassInterstitial is the CLASS of date ranges that name content to be played in between.
const ClassInterstitial = "com.apple.hls.interstitial"

// dateRange is EXT-X-DATERANGE.
type dateRange struct {
	id, class  string
	start      int64 // nanoseconds since 1970
	length     int64 // nanoseconds, -1 when not known
	endOnNext  bool
	attributes map[string]string
}

// dateRange reads EXT-X-DATERANGE. Several tags of one ID say together what they say.
// RFC 8216bis §4.4.5.1.
func (m *mediaReader) dateRange(value string) error {
	if err := m.attributes(value); err != nil {
		return err
	}
	if m.dateRanges++; m.dateRanges > maxDateRanges {
		return m.fail(manifest.CodeLimits, "more than %d date ranges", maxDateRanges)
	}
	d := dateRange{id: m.str("ID"), class: m.str("CLASS"), length: -1, attributes: map[string]string{}}
	if d.id == "" {
		m.odd("the date range has no ID")
	}
	if text, ok := m.get("START-DATE"); ok {
		t, _, ok := parseDate(text)
		if !ok {
			m.odd("the start of the date range is %q, not a date", clip(text))
			return nil
		}
		d.start = t.UnixNano()
	}
	if n, ok := m.reader.length("DURATION"); ok && n >= 0 {
		d.length = n
	} else if text, ok := m.get("END-DATE"); ok {
		if t, _, ok := parseDate(text); ok && d.start != 0 && t.UnixNano() >= d.start {
			d.length = t.UnixNano() - d.start
		} else {
			m.odd("the date range ends before it begins, or at no date")
		}
	}
	d.endOnNext = m.yes("END-ON-NEXT")
	for _, a := range m.attr {
		if a.name != "ID" {
			d.attributes[a.name] = a.value
		}
	}
	for _, name := range []string{"X-ASSET-URI", "X-ASSET-LIST"} {
		ref, ok := d.attributes[name]
		if !ok {
			continue
		}
		u, err := m.base.ResolveURL(ref)
		if err != nil {
			m.odd("%s cannot be asked for: %v", name, err)
		}
		d.attributes[name] = u
	}
	if d.class == ClassInterstitial {
		m.note(manifest.CodeUnknownEssential, manifest.SeverityInfo, "the interstitial %q is listed and not played", clip(d.id))
	}
	m.p.ranges = mergeRange(m.p.ranges, d)
	return nil
}

// mergeRange adds d to list, or what it says to the one of the same ID.
func mergeRange(list []dateRange, d dateRange) []dateRange {
	i := slices.IndexFunc(list, func(x dateRange) bool { return d.id != "" && x.id == d.id })
	if i < 0 {
		return append(list, d)
	}
	x := list[i]
	x.attributes = maps.Clone(x.attributes)
	for _, name := range slices.Sorted(maps.Keys(d.attributes)) {
		if _, known := x.attributes[name]; known || len(x.attributes) < maxAttributes {
			x.attributes[name] = d.attributes[name]
		}
	}
	x.class, x.start = cmp.Or(d.class, x.class), cmp.Or(d.start, x.start)
	if d.length >= 0 {
		x.length = d.length
	}
	x.endOnNext = x.endOnNext || d.endOnNext
	list[i] = x
	return list
}

// events puts date ranges on the timeline: by the dates of the segments, else by the wall time of time 0.
func events(ranges []dateRange, segments []entry, zero int64, base *manifest.Base, fs *manifest.Findings) []manifest.Event {
	if len(ranges) == 0 {
		return nil
	}
	// Of dates that are not in order, the first ones count.
	var dated []int32
	var until int64
	for i := range segments {
		if e := &segments[i]; e.wall != 0 && (len(dated) == 0 || e.wall >= until-partSlack) {
			dated, until = append(dated, int32(i)), e.wall+e.length
		}
	}
	place := func(wall int64) (int64, bool) {
		i := sort.Search(len(dated), func(i int) bool { return segments[dated[i]].wall > wall })
		switch {
		case len(dated) > 0:
			e := &segments[dated[max(i-1, 0)]]
			return e.start + wall - e.wall, true
		case zero != 0:
			return wall - zero, true
		}
		return 0, false
	}
	starts := map[string][]int64{} // by class, in order
	for _, d := range ranges {
		starts[d.class] = append(starts[d.class], d.start)
	}
	for _, list := range starts {
		slices.Sort(list)
	}
	var out []manifest.Event
	for _, d := range ranges {
		start, ok := place(d.start)
		if d.start == 0 || !ok {
			fs.Add(manifest.Finding{Code: manifest.CodeInvalid, Severity: manifest.SeverityWarning,
				Message: base.Redacted() + ": the date range " + clip(d.id) + " has no place on the timeline: it has no start, or no segment has a date"})
			continue
		}
		e := manifest.Event{Scheme: cmp.Or(d.class, SchemeDateRange), ID: d.id, Start: nano(start), Attributes: d.attributes}
		length := d.length
		if length < 0 && d.endOnNext {
			// It ends where the next of its class begins.
			list := starts[d.class]
			if i := sort.Search(len(list), func(i int) bool { return list[i] > d.start }); i < len(list) {
				length = list[i] - d.start
			}
		}
		if length >= 0 {
			e.Duration = media.Some(nano(length))
		}
		for _, name := range []string{"SCTE35-CMD", "SCTE35-OUT", "SCTE35-IN"} {
			e.Data = cmp.Or(e.Data, d.attributes[name])
		}
		out = append(out, e)
	}
	slices.SortStableFunc(out, func(a, b manifest.Event) int { return cmp.Compare(a.Start, b.Start) })
	return out
}

// formats names the protection systems by KEYFORMAT; the others are UUIDs.
var formats = map[string]string{
	"com.apple.streamingkeydelivery": "fairplay",
	"com.microsoft.playready":        "playready",
	"com.widevine":                   "widevine",
	"org.w3.clearkey":                "clearkey",
}

// protectionOf describes a key that only a protection system can give, false for bare bytes.
func protectionOf(k *manifest.Key, keyID string) (manifest.Protection, bool) {
	if k.Format == identity {
		return manifest.Protection{}, false
	}
	scheme := strings.ToLower(k.Format)
	c := manifest.Protection{Scheme: scheme, System: cmp.Or(formats[scheme], manifest.SystemName(scheme)), Value: k.Method.String()}
	if kid, ok := parseIV(keyID); ok {
		c.KIDs = [][16]byte{kid}
	}
	if data, ok := strings.CutPrefix(k.URL, "data:"); ok {
		if head, body, ok := strings.Cut(data, ","); ok && strings.HasSuffix(head, ";base64") {
			c.PSSH = body
		}
	} else {
		c.LicenseURL = k.URL
	}
	return c, true
}

// addProtection adds c unless an equal one is there; the list is bounded like the keys of a segment.
func addProtection(list []manifest.Protection, c manifest.Protection) []manifest.Protection {
	same := func(o manifest.Protection) bool {
		return o.Scheme == c.Scheme && o.PSSH == c.PSSH && o.LicenseURL == c.LicenseURL && slices.Equal(o.KIDs, c.KIDs)
	}
	if len(list) >= maxKeys || slices.ContainsFunc(list, same) {
		return list
	}
	return append(list, c)
}
