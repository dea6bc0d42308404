package hls_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mseplayer/player/hls"
	"mseplayer/player/manifest"
)

var update = flag.Bool("update", os.Getenv("UPDATE") != "", "rewrite the goldens")

// origin is where the playlists of the tests come from.
const origin = "https://user:secret@origin.example/dir/"

// site is a server in memory: documents by their URL relative to origin, without what the player adds to the query.
type site struct {
	files    map[string]string
	moved    map[string]string // redirections
	requests []string
}

func short(u string) string { return strings.TrimPrefix(u, origin) }

// get implements manifest.Getter.
func (s *site) get(r manifest.Resource) ([]byte, error) {
	var err error
	if len(r.Alternatives) > 0 && len(r.Bases) != len(r.Alternatives)+1 {
		return nil, fmt.Errorf("the places of %s share what they fail by: %q", r.URL, r.Bases)
	}
	for i, u := range append([]string{r.URL}, r.Alternatives...) {
		name := short(u)
		s.requests = append(s.requests, strings.TrimSpace(name+" "+r.Range.String()))
		if i := strings.Index(name, "_HLS_"); i > 0 {
			name = name[:i-1]
		}
		if to, ok := s.moved[name]; ok {
			name = to
		}
		text, ok := s.files[name]
		if !ok {
			err = errors.Join(err, fmt.Errorf("GET %s: 404", name))
			continue
		}
		from := min(r.Range.Start, int64(len(text)))
		to := int64(len(text))
		if r.Range.End != 0 {
			to = min(to, r.Range.End)
		}
		if r.From != nil {
			r.From(i, "", origin+name)
		}
		return []byte(text[from:to]), nil
	}
	return nil, err
}

// readSite reads a file of documents, each behind a line "-- name --". The first is the one to open; a name behind an
// arrow is where a redirection leads.
func readSite(t testing.TB, text string) (s *site, first string) {
	t.Helper()
	s = &site{files: map[string]string{}, moved: map[string]string{}}
	name := ""
	for line := range strings.Lines(text) {
		if head, ok := strings.CutPrefix(line, "-- "); ok {
			name, _, _ = strings.Cut(head, " --")
			if from, to, ok := strings.Cut(name, " -> "); ok {
				s.moved[from] = to
				name = to
			}
			if first == "" {
				first = name
			}
			s.files[name] = ""
			continue
		}
		s.files[name] += line
	}
	if first == "" {
		t.Fatal("no document")
	}
	return s, first
}

func (s *site) parse(first string) (*manifest.Presentation, error) {
	return hls.Parse([]byte(s.files[first]), hls.Options{BaseURL: origin + first, Get: s.get})
}

// printer writes facts as indented lines.
type printer struct{ strings.Builder }

func (b *printer) line(indent int, format string, args ...any) {
	b.WriteString(strings.TrimRight(strings.Repeat("  ", indent)+fmt.Sprintf(format, args...), " ") + "\n")
}

// dump writes a presentation as text, the way the goldens hold it, and loads every list once.
func (s *site) dump(p *manifest.Presentation) string {
	b := &printer{}
	b.line(0, "%s %s duration=%s declared=%s", p.Format, short(p.URL), p.Duration, p.DeclaredDuration)
	b.live(0, p.Live)
	b.begin(0, p.Begin)
	if st := p.Steering; st != nil {
		b.line(0, "steering %s default=%v before=%v", short(st.URL), st.Default, st.Before)
	}
	for _, d := range p.Session {
		b.line(0, "session %s lang=%q value=%q url=%q", d.ID, d.Lang, d.Value, short(d.URL))
	}
	for _, k := range p.Keys {
		b.line(0, "key %s", showKey(k))
	}
	for _, per := range p.Periods {
		b.line(0, "period %s [%s,%s)", per.ID, per.Start, per.Window().End)
		b.events(1, per.Events)
		for _, set := range per.Sets {
			b.set(set)
			for _, r := range set.Representations {
				b.representation(per, r)
				if r.Lazy == nil {
					continue
				}
				l, err := r.Lazy.Load(s.get)
				if err != nil {
					b.line(3, "error: %v", err)
					continue
				}
				b.list(3, l)
			}
		}
	}
	for _, f := range p.Findings {
		b.line(0, "%s", f)
	}
	return b.String()
}

func (b *printer) live(indent int, l *manifest.Live) {
	if l == nil {
		return
	}
	start := "unknown"
	if !l.Start.IsZero() {
		start = l.Start.Format("2006-01-02T15:04:05.000Z07:00")
	}
	b.line(indent, "live start=%s depth=%s delay=%s part=%s", start, l.Depth, l.Delay, l.PartDelay)
}

func (b *printer) begin(indent int, x *manifest.Begin) {
	if x != nil {
		b.line(indent, "begin %s precise=%v", x.Offset, x.Precise)
	}
}

func (b *printer) events(indent int, events []manifest.Event) {
	for _, e := range events {
		var names []string
		for n := range e.Attributes {
			names = append(names, n)
		}
		slices.Sort(names)
		s := ""
		for _, n := range names {
			s += fmt.Sprintf(" %s=%q", n, short(e.Attributes[n]))
		}
		b.line(indent, "event %s %q at %s for %s data=%q%s", e.Scheme, e.ID, e.Start, e.Duration, e.Data, s)
	}
}

func (b *printer) set(s *manifest.AdaptationSet) {
	f := ""
	for _, x := range []struct {
		on   bool
		name string
	}{{s.Default, " default"}, {s.AutoSelect, " autoselect"}, {s.Forced, " forced"}, {s.TrickMode, " trick mode for " + s.TrickModeFor}} {
		if x.on {
			f += x.name
		}
	}
	b.line(1, "set %s %s lang=%q label=%q%s", s.ID, s.Kind, s.Lang, s.Label, f)
	for _, g := range []struct {
		name string
		list []manifest.Descriptor
	}{{"role", s.Roles}, {"accessibility", s.Accessibility}, {"extra", s.Extra}} {
		for _, d := range g.list {
			b.line(2, "%s %s=%s", g.name, d.Scheme, d.Value)
		}
	}
}

func (b *printer) representation(per *manifest.Period, r *manifest.Representation) {
	s := fmt.Sprintf("%s %s %s %s bandwidth=%d", r.TrackID, r.Kind, r.Type(), r.Addressing, r.Bandwidth)
	if r.Width > 0 {
		s += fmt.Sprintf(" %dx%d", r.Width, r.Height)
	}
	if r.FrameRate.Den > 0 {
		s += fmt.Sprintf(" %d/%d fps", r.FrameRate.Num, r.FrameRate.Den)
	}
	if r.Channels > 0 {
		s += fmt.Sprintf(" %d channels", r.Channels)
	}
	if r.SampleRate > 0 {
		s += fmt.Sprintf(" %d Hz", r.SampleRate)
	}
	if r.QualityRanking >= 0 {
		s += fmt.Sprintf(" rank=%d", r.QualityRanking)
	}
	if r.SupplementalCodecs != "" {
		s += " supplemental=" + r.SupplementalCodecs
	}
	if !r.Floating || r.TimestampOffset(per) != 0 {
		s += " not floating"
	}
	if r.With != nil {
		s += fmt.Sprintf(" with=%v", r.With)
	}
	b.line(2, "%s", s)
	for _, d := range r.Extra {
		b.line(3, "extra %s=%s", d.Scheme, d.Value)
	}
	b.protection(3, r.Protection)
	if r.Unusable != "" {
		b.line(3, "unusable: %s", r.Unusable)
	}
}

func (b *printer) protection(indent int, list []manifest.Protection) {
	for _, p := range list {
		b.line(indent, "protection %s %s %s kids=%x pssh=%q license=%q", p.System, p.Scheme, p.Value, p.KIDs, p.PSSH, p.LicenseURL)
	}
}

// list writes what Load gave.
func (b *printer) list(indent int, l *manifest.List) {
	if l.Independent {
		b.line(indent, "independent segments")
	}
	reload := ""
	if l.Growing {
		reload = fmt.Sprintf(" growing, reload after %s", l.Reload)
	}
	if l.MIMEType != "" {
		reload += " really " + l.MIMEType
	}
	b.line(indent, "%d segments%s", l.Index.Len(), reload)
	if l.Init != nil {
		b.line(indent, "init %s", showResource(*l.Init))
	}
	b.live(indent, l.Live)
	b.begin(indent, l.Begin)
	b.protection(indent, l.Protection)
	b.events(indent, l.Events)
	var init *manifest.Resource
	var key *manifest.Key
	const shown = 12
	n := l.Index.Len()
	for i := range n {
		if i == shown-1 && n > shown {
			b.line(indent+1, "…")
		}
		if i >= shown-1 && i < n-1 {
			continue
		}
		s := l.Index.At(i)
		if s.Init != init {
			init = s.Init
			k := ""
			if s.InitKey != nil {
				k = " key " + showKey(s.InitKey)
			}
			b.line(indent+1, "init %s%s", showResource(*s.Init), k)
		}
		if s.Key != key {
			if key = s.Key; key != nil {
				b.line(indent+1, "key %s", showKey(key))
			} else {
				b.line(indent+1, "key none")
			}
		}
		b.line(indent+1, "%s", showSegment(s))
	}
	for _, f := range l.Findings {
		b.line(indent, "%s", f)
	}
}

func showSegment(s manifest.SegmentRef) string {
	text := fmt.Sprint(s.Number)
	if s.Sub > 0 {
		text += fmt.Sprintf(".%d", s.Sub)
	}
	text += fmt.Sprintf(" [%s,%s) %s", s.Start, s.End(), showResource(s.Resource))
	if s.Discontinuity != 0 {
		text += fmt.Sprintf(" disc=%d", s.Discontinuity)
	}
	if !s.Time.IsZero() {
		text += s.Time.Format(" 15:04:05.000")
	}
	if s.Key != nil {
		text += fmt.Sprintf(" iv=%x", s.IV)
	}
	for _, x := range []struct {
		on   bool
		name string
	}{{s.Gap, " gap"}, {s.Dependent, " dependent"}, {s.Hint, " hint"}} {
		if x.on {
			text += x.name
		}
	}
	return text
}

func showResource(r manifest.Resource) string {
	s := short(r.URL)
	if !r.Range.IsWhole() {
		s += " " + r.Range.String()
	}
	for _, a := range r.Alternatives {
		s += " | " + short(a)
	}
	if r.Locations != nil {
		s += fmt.Sprintf(" %v", r.Locations)
	}
	return s
}

func showKey(k *manifest.Key) string {
	s := fmt.Sprintf("%s %s %s", k.Method, k.Format, short(k.URL))
	if k.IV != nil {
		s += fmt.Sprintf(" iv=%x", *k.IV)
	}
	return s
}

// TestParse_Golden opens the documents of testdata/golden and writes down everything there is to know about them.
func TestParse_Golden(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden documents: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, first := readSite(t, string(data))
			p, err := s.parse(first)
			got := ""
			if err != nil {
				got = "error: " + err.Error() + "\n"
			} else {
				got = s.dump(p)
			}
			got += "requests: " + strings.Join(s.requests, ", ") + "\n"
			golden := strings.TrimSuffix(file, ".txt") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s\n(UPDATE=1 rewrites it)", got, want)
			}
			if strings.Contains(strings.ReplaceAll(got, "https://user:secret@", ""), "secret") {
				t.Error("the dump shows credentials")
			}
		})
	}
}
