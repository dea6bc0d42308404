package dash

import (
	"bytes"
	"hash/fnv"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/Eyevinn/dash-mpd/mpd"

	"mseplayer/player/manifest"
)

// maxBases bounds the alternative base URLs of a representation, and maxQueryBytes what is appended to each URL.
const (
	maxBases      = 16
	maxQueryBytes = 4 << 10
)

// origin is a base URL in effect, with what the BaseURL elements on the way to it say.
type origin struct {
	base manifest.Base
	// root is the base URL of the innermost level that offers a choice of them.
	root     string
	location string // name of the service location
	// byteRange is the template that puts byte ranges into the URL, "" for none.
	byteRange string
	// ahead is how much earlier than computed segments are available, in seconds; +Inf for always.
	ahead float64
	// chunked is set when segments may be asked for before they are complete.
	chunked bool
}

// origins are the places where the resources of a representation are, in the order of preference, and the query
// that goes with every request. They are immutable once a representation has them.
type origins struct {
	list  []origin
	query params
}

// params are queries to append to URLs: every to all, own to those of the document's origin only.
type params struct{ every, own, origin string }

// add appends them to a URL, unless it has them already: the URL of a document may be one that they were added to.
func (q params) add(u string) string {
	for _, query := range []string{q.every, q.own} {
		if query == "" {
			continue
		}
		if _, has, _ := strings.Cut(u, "?"); !strings.Contains("&"+has+"&", "&"+query+"&") && (query == q.every || sameOrigin(u, q.origin)) {
			u = withQuery(u, query)
		}
	}
	return u
}

func sameOrigin(a, b string) bool {
	x, err := url.Parse(a)
	y, err2 := url.Parse(b)
	return err == nil && err2 == nil && x.Scheme == y.Scheme && strings.EqualFold(x.Host, y.Host)
}

// check tries a reference. Whether it can be resolved does not depend on the base.
func (o *origins) check(ref string) error {
	_, err := o.list[0].base.ResolveURL(ref)
	return err
}

// resource resolves a reference against all bases. A reference that one base cannot take is left out; the builder
// has tried a sample, so the first base takes all.
func (o *origins) resource(ref string, r manifest.Range) manifest.Resource {
	res := manifest.Resource{Range: r}
	named := slices.ContainsFunc(o.list, func(b origin) bool { return b.location != "" })
	for i, b := range o.list {
		u := b.base.String()
		if ref != "" {
			var err error
			if u, err = b.base.ResolveURL(ref); err != nil {
				u = ""
			}
		}
		if u == "" && i > 0 {
			continue
		}
		u = o.query.add(u)
		// A base that takes the range in its URL cannot stand in for one that does not.
		inURL := b.byteRange != "" && r.End > 0
		if inURL {
			u = expandRange(b.byteRange, u, r)
		}
		switch {
		case i == 0 && inURL:
			res.URL, res.Range = u, manifest.Range{}
		case i == 0:
			res.URL = u
		case inURL != (res.Range != r) || u == res.URL:
			continue
		default:
			res.Alternatives = append(res.Alternatives, u)
		}
		if named {
			res.Locations = append(res.Locations, b.location)
		}
		if len(o.list) > 1 {
			res.Bases = append(res.Bases, b.root)
		}
	}
	return res
}

// withQuery appends a query to a URL.
func withQuery(u, query string) string {
	switch {
	case query == "" || u == "" || strings.HasPrefix(u, "data:"):
		return u
	case strings.Contains(u, "?"):
		return u + "&" + query
	}
	return u + "?" + query
}

// expandRange builds the URL that asks for bytes without a Range header.
// ISO/IEC 23009-1 Annex E.
func expandRange(template, u string, r manifest.Range) string {
	base, query, _ := strings.Cut(u, "?")
	out := strings.NewReplacer("$base$", base, "$query$", query, "$first$", strconv.FormatInt(r.Start, 10),
		"$last$", strconv.FormatInt(r.End-1, 10), "$$", "$").Replace(template)
	if !strings.Contains(template, "$base$") {
		out = withQuery(u, strings.TrimLeft(out, "?&"))
	}
	return out
}

// documentBases are what references of the document are relative to: where it came from and, if nothing is to be had
// there, where it says that it is. Authors rely on either.
// ISO/IEC 23009-1 §5.6.4.
func (b *builder) documentBases(m *mpd.MPD) []origin {
	bases := []origin{{base: b.from}}
	folder := func(o origin) string {
		f, err := o.base.ResolveURL(".")
		if err != nil {
			return ""
		}
		return f
	}
	for i, l := range m.Location {
		if i == maxLocations {
			break
		}
		next, err := b.from.Resolve(string(l.Value))
		o := origin{base: next, root: next.String()}
		if err != nil || slices.ContainsFunc(bases, func(x origin) bool { return folder(x) == folder(o) }) {
			continue
		}
		bases = append(bases, o)
	}
	if len(bases) > 1 {
		bases[0].root = b.from.String()
	}
	return bases
}

// resolveBases applies the BaseURL elements of one level to the bases of the level above.
// ISO/IEC 23009-1 §5.6.4.
func (b *builder) resolveBases(at place, above []origin, urls []*mpd.BaseURLType) []origin {
	var out []origin
	for _, u := range b.ranked(urls) {
		facts := b.baseFacts(u)
		for _, from := range above {
			if len(out) == maxBases {
				return out
			}
			next, err := from.base.Resolve(string(u.Value))
			if err == nil && facts.byteRange != "" {
				_, err = from.base.ResolveURL(expandRange(facts.byteRange, next.String(), manifest.Range{End: 1}))
			}
			if err != nil {
				b.find(at, manifest.CodeInvalid, manifest.SeverityError, "", "BaseURL is ignored: %v", err)
				break
			}
			if slices.ContainsFunc(out, func(o origin) bool { return o.base.String() == next.String() }) {
				continue
			}
			if u, err := url.Parse(strings.TrimSpace(string(u.Value))); err == nil && u.IsAbs() {
				from = origin{} // nothing of the level above is in use
			}
			root := from.root
			if root == "" || len(urls) > 1 {
				root = next.String()
			}
			o := origin{base: next, root: root, location: first(facts.location, from.location), byteRange: first(facts.byteRange, from.byteRange),
				ahead: from.ahead + facts.ahead, chunked: from.chunked}
			if facts.complete != nil {
				o.chunked = !*facts.complete
			}
			out = append(out, o)
		}
	}
	if out == nil {
		return above
	}
	return out
}

// baseFacts finds the facts of a BaseURL, whose number the library keeps for us.
func (b *builder) baseFacts(u *mpd.BaseURLType) baseFacts {
	if n, err := strconv.Atoi(u.ServiceLocation); err == nil && n >= 0 && n < len(b.doc.facts.bases) {
		return b.doc.facts.bases[n]
	}
	return baseFacts{}
}

// ranked orders the BaseURL elements of one level: by priority, and within a priority by a draw in which each counts
// by its weight. The draw is the same each time for the same elements and seed. Without priorities and weights the
// order is the author's.
// ETSI TS 103 285 §10.8.2.1.
func (b *builder) ranked(urls []*mpd.BaseURLType) []*mpd.BaseURLType {
	if !slices.ContainsFunc(urls, func(u *mpd.BaseURLType) bool { return b.baseFacts(u).ranked }) {
		return urls
	}
	h := fnv.New64a()
	for _, u := range urls {
		_, _ = h.Write([]byte(u.Value)) // a hash takes everything
	}
	draw := rand.New(rand.NewPCG(b.opts.Seed, h.Sum64()))
	rest := slices.Clone(urls)
	slices.SortStableFunc(rest, func(x, y *mpd.BaseURLType) int { return b.baseFacts(x).priority - b.baseFacts(y).priority })
	var out []*mpd.BaseURLType
	for len(rest) > 0 {
		priority, total := b.baseFacts(rest[0]).priority, 0
		n := 0
		for ; n < len(rest) && b.baseFacts(rest[n]).priority == priority; n++ {
			total += b.baseFacts(rest[n]).weight
		}
		pick := 0
		if total > 0 {
			for at := draw.IntN(total); at >= b.baseFacts(rest[pick]).weight; pick++ {
				at -= b.baseFacts(rest[pick]).weight
			}
		}
		out = append(out, rest[pick])
		rest = slices.Delete(rest, pick, pick+1)
	}
	return out
}

// The schemes of URL parameters, ISO/IEC 23009-1 Annex I.
const (
	schemeURLParam  = "urn:mpeg:dash:urlparam:2014"
	schemeURLParam2 = "urn:mpeg:dash:urlparam:2016"
)

// The requests that parameters may be for.
const (
	forSegments = "segment"
	forManifest = "mpd"
	forRemote   = "xlink"
)

// queryInfo is what a descriptor says about URL parameters, nil for nothing.
func queryInfo(d *mpd.DescriptorType) *mpd.ExtendedUrlInfoType {
	if d.UrlQueryInfo != nil {
		return &mpd.ExtendedUrlInfoType{UrlQueryInfoType: *d.UrlQueryInfo}
	}
	return d.ExtUrlQueryInfo
}

// query adds the URL parameters of one level for a kind of request to those of the level above.
// ISO/IEC 23009-1 Annex I.
func (b *builder) query(at place, above params, request string, infos []*mpd.ExtendedUrlInfoType, lists ...[]*mpd.DescriptorType) params {
	above.origin = b.from.String()
	add := func(q *mpd.ExtendedUrlInfoType) {
		if !slices.Contains(strings.Fields(first(q.IncludeInRequests, forSegments)), request) {
			return
		}
		to := &above.every
		if q.SameOriginPolicy {
			to = &above.own
		}
		initial := strings.TrimLeft(q.QueryString, "?&")
		if u, err := url.Parse(b.from.String()); err == nil && q.UseMPDUrlQuery && u.RawQuery != "" {
			initial = strings.TrimRight(u.RawQuery+"&"+initial, "&")
		}
		part, ok := expandQuery(q.QueryTemplate, initial)
		if !ok {
			b.find(at, manifest.CodeInvalid, manifest.SeverityWarning, "", "queryTemplate=%q has an identifier that is not known", clip(q.QueryTemplate))
			return
		}
		if part == "" || part == *to || strings.HasSuffix(*to, "&"+part) {
			return
		}
		if len(*to)+1+len(part) > maxQueryBytes {
			b.find(at, manifest.CodeLimits, manifest.SeverityError, "", "the query of its URLs is longer than %d bytes; what is too much is left out", maxQueryBytes)
			return
		}
		*to = strings.TrimLeft(*to+"&"+part, "&")
	}
	for _, q := range infos {
		add(q)
	}
	for _, list := range lists {
		for _, d := range list {
			if q := queryInfo(d); q != nil {
				add(q)
			}
		}
	}
	return above
}

// remoteQuery finds the parameters for remote elements. They may be described behind those, so the document is read for it.
func remoteQuery(data []byte, from manifest.Base) params {
	var ignored manifest.Findings
	text, _ := decodeText(data, &ignored)
	if !bytes.Contains(text, []byte("includeInRequests")) || !bytes.Contains(text, []byte(nsXLink)) {
		return params{}
	}
	doc, err := readDocument(data, from, nil, &ignored)
	if err != nil {
		return params{} // it is told when the document is read for good
	}
	b := &builder{doc: doc, from: from, findings: &ignored}
	return b.query(place{}, params{}, forRemote, doc.tree.RequestParam, doc.tree.EssentialProperties, doc.tree.SupplementalProperties)
}

// expandQuery fills in a template: $querypart$ is the whole of the initial query, $query:name$ the value of one
// parameter. ok is false for any other identifier.
func expandQuery(template, initial string) (out string, ok bool) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(template, "$")
		b.WriteString(before)
		if !found {
			return strings.Trim(escapeQuery(b.String()), "&"), true
		}
		name, after, closed := strings.Cut(rest, "$")
		param, single := strings.CutPrefix(name, "query:")
		switch {
		case !closed:
			return "", false
		case name == "":
			b.WriteByte('$')
		case name == "querypart":
			b.WriteString(initial)
		case single:
			for pair := range strings.SplitSeq(initial, "&") {
				if key, value, _ := strings.Cut(pair, "="); key == param {
					b.WriteString(value)
					break
				}
			}
		default:
			return "", false
		}
		if b.Len() > maxQueryBytes {
			return "", false
		}
		template = after
	}
}

// escapeQuery makes sure that what is appended stays a query.
func escapeQuery(s string) string {
	return strings.NewReplacer(" ", "%20", "#", "%23", "\t", "%09", "\n", "%0A", "\r", "%0D", "\"", "%22", "<", "%3C", ">", "%3E").Replace(s)
}
