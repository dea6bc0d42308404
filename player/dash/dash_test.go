package dash_test

import (
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"mseplayer/mse/media"
	"mseplayer/player/dash"
	"mseplayer/player/manifest"
)

var update = flag.Bool("update", os.Getenv("UPDATE") != "", "rewrite the goldens")

const origin = "https://user:secret@origin.example/dir/m.mpd"

// ref is one entry of a segment index that sidx writes.
type ref struct {
	size, duration int
	nested         bool
}

// sidx writes a segment index box whose first reference begins first bytes behind it.
func sidx(version byte, timescale uint32, earliest, first int, refs ...ref) []byte {
	p := []byte{version, 0, 0, 0}
	p = binary.BigEndian.AppendUint32(p, 1)
	p = binary.BigEndian.AppendUint32(p, timescale)
	if version == 0 {
		p = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(p, uint32(earliest)), uint32(first))
	} else {
		p = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(p, uint64(earliest)), uint64(first))
	}
	p = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(p, 0), uint16(len(refs)))
	for _, r := range refs {
		w := uint32(r.size)
		if r.nested {
			w |= 1 << 31
		}
		p = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(p, w), uint32(r.duration))
		p = binary.BigEndian.AppendUint32(p, 1<<31)
	}
	return box("sidx", p)
}

func box(kind string, payload []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(8+len(payload)))
	return append(append(b, kind...), payload...)
}

// getter serves a file from memory and counts the requests.
func getter(file []byte, requests *[]string) manifest.Getter {
	return func(r manifest.Resource) ([]byte, error) {
		*requests = append(*requests, r.Range.String())
		from := min(r.Range.Start, int64(len(file)))
		to := int64(len(file))
		if r.Range.End != 0 {
			to = min(to, r.Range.End)
		}
		return file[from:to], nil
	}
}

// dump writes a presentation as text, the way the goldens hold it.
func dump(p *manifest.Presentation) string {
	var b strings.Builder
	line := func(indent int, format string, args ...any) {
		b.WriteString(strings.TrimRight(strings.Repeat("  ", indent)+fmt.Sprintf(format, args...), " ") + "\n")
	}
	line(0, "%s live=%v duration=%s declared=%s buffer=%s title=%q", p.Format, p.Live != nil, p.Duration, p.DeclaredDuration, p.MinBufferTime, p.Title)
	if l := p.Live; l != nil {
		line(0, "start=%s depth=%s delay=%s refresh=%s updates=%v clocks=%v", l.Start.Format(time.RFC3339Nano), l.Depth, l.Delay, l.Refresh, l.Updater != nil, l.Clocks)
		if l.Latency != nil {
			line(0, "latency %+v", *l.Latency)
		}
	}
	if p.Steering != nil {
		line(0, "steering %+v", *p.Steering)
	}
	for _, per := range p.Periods {
		line(0, "period %s #%d [%s,%s)", per.ID, per.Index, per.Start, per.Window().End)
		for _, e := range per.Events {
			line(1, "event %s %q %q [%s,+%s) %q %v", e.Scheme, e.Value, e.ID, e.Start, e.Duration, e.Data, e.Attributes)
		}
		for _, s := range per.Preselections {
			line(1, "preselection %+v", s)
		}
		for _, s := range per.Sets {
			line(1, "set %s #%d %s lang=%q label=%q group=%d priority=%d normal=%v", s.ID, s.Index, s.Kind, s.Lang, s.Label, s.Group, s.Priority, s.Normal())
			if s.Partial != 0 {
				line(2, "partial %d", s.Partial)
			}
			for name, ds := range map[string][]manifest.Descriptor{"role": s.Roles} {
				for _, d := range ds {
					line(2, "%s %s=%s", name, d.Scheme, d.Value)
				}
			}
			for _, d := range s.Accessibility {
				line(2, "accessibility %s=%s", d.Scheme, d.Value)
			}
			if s.TrickMode {
				line(2, "trick mode for %q", s.TrickModeFor)
			}
			if s.Tiles != nil {
				line(2, "tiles %dx%d", s.Tiles.Columns, s.Tiles.Rows)
			}
			for _, d := range s.Inband {
				line(2, "inband %s=%s", d.Scheme, d.Value)
			}
			if s.Forced || s.SwitchTo != nil || s.ContinuousWith != nil || s.ConnectedWith != nil {
				line(2, "forced=%v switch to %q continues %q connects %q", s.Forced, s.SwitchTo, s.ContinuousWith, s.ConnectedWith)
			}
			for _, r := range s.Representations {
				dumpRepresentation(line, per, r)
			}
		}
	}
	for _, f := range p.Findings {
		line(0, "%s", f)
	}
	return b.String()
}

func dumpRepresentation(line func(int, string, ...any), per *manifest.Period, r *manifest.Representation) {
	s := fmt.Sprintf("%s %s %s %s", r.TrackID, r.Kind, r.Type(), r.Addressing)
	if r.Width > 0 {
		s += fmt.Sprintf(" %dx%d", r.Width, r.Height)
	}
	if r.FrameRate.Den > 0 {
		s += fmt.Sprintf(" %d/%d fps", r.FrameRate.Num, r.FrameRate.Den)
	}
	if r.SAR.Den > 0 {
		s += fmt.Sprintf(" sar=%d:%d", r.SAR.Num, r.SAR.Den)
	}
	if r.SampleRate > 0 {
		s += fmt.Sprintf(" %d Hz", r.SampleRate)
	}
	if r.Channels > 0 {
		s += fmt.Sprintf(" %d channels", r.Channels)
	}
	if r.SupplementalCodecs != "" {
		s += " supplemental=" + r.SupplementalCodecs
	}
	line(2, "%s bandwidth=%d quality=%d priority=%d ticks=%d/%d offset=%s", s, r.Bandwidth, r.QualityRanking, r.Priority, r.OffsetTicks, r.Timescale, r.TimestampOffset(per))
	for _, p := range r.Protection {
		line(3, "protection %s %s %q kids=%x pssh=%q license=%q", p.System, p.Scheme, p.Value, p.KIDs, p.PSSH, p.LicenseURL)
	}
	if r.Chunked || r.ResyncEvery > 0 || r.Produced != nil {
		line(3, "chunked=%v resync=%s produced %v", r.Chunked, r.ResyncEvery, r.Produced)
	}
	if r.Init != nil {
		line(3, "init %s", dumpResource(*r.Init))
	}
	if r.Unusable != "" {
		line(3, "unusable: %s", r.Unusable)
	}
	if r.Lazy != nil {
		line(3, "lazy")
	}
	if r.Segments != nil {
		dumpIndex(line, r.Segments)
	}
}

func dumpIndex(line func(int, string, ...any), x manifest.Index) {
	const shown = 8
	n := x.Len()
	line(3, "%d segments", n)
	for i := 0; i < n; i++ {
		if i == shown-1 && n > shown {
			line(4, "…")
			i = n - 1
		}
		s := x.At(i)
		number := fmt.Sprint(s.Number)
		if s.Sub > 0 {
			number += fmt.Sprintf(".%d", s.Sub)
		}
		available := ""
		if !s.Available.IsZero() {
			available = " from " + s.Available.Format(time.RFC3339Nano)
		}
		line(4, "%s [%s,%s) %s%s", number, s.Start, s.End(), dumpResource(s.Resource), available)
	}
}

func dumpResource(r manifest.Resource) string {
	s := strings.ReplaceAll(r.URL, "https://user:secret@origin.example/dir/", "")
	if !r.Range.IsWhole() {
		s += " " + r.Range.String()
	}
	for _, a := range r.Alternatives {
		s += " | " + a
	}
	if r.Locations != nil {
		s += fmt.Sprintf(" at %q", r.Locations)
	}
	if r.Bases != nil && r.Locations == nil {
		s += fmt.Sprintf(" under %q", r.Bases)
	}
	return s
}

// remotes serves the remote elements of the goldens.
func remotes(url string) ([]byte, error) {
	if strings.HasSuffix(url, "/dir/two.xml") {
		return []byte(`<Period xmlns="urn:mpeg:dash:schema:mpd:2011" id="two a" start="PT10S"><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><SegmentTemplate duration="10" media="2a-$Number$"/></Representation></AdaptationSet></Period>
<Period id="two b" start="PT20S"><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><SegmentTemplate duration="10" media="2b-$Number$"/></Representation></AdaptationSet></Period>
<AdaptationSet/>`), nil
	}
	if strings.HasSuffix(url, "/dir/set.xml") {
		return []byte(`<AdaptationSet xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="set.xml" mimeType="video/mp4"><Representation id="s" bandwidth="1"><SegmentTemplate duration="10" media="s-$Number$"/></Representation></AdaptationSet>`), nil
	}
	if text, ok := map[string]string{
		"list.xml":   `<SegmentList xmlns="urn:mpeg:dash:schema:mpd:2011" duration="5"><SegmentURL media="r1"/><SegmentURL media="r2"/></SegmentList>`,
		"events.xml": `<EventStream xmlns="urn:mpeg:dash:schema:mpd:2011" schemeIdUri="urn:remote"><Event presentationTime="1">far</Event></EventStream>`,
		"query.xml":  `<UrlQueryInfo xmlns="urn:mpeg:dash:schema:urlparam:2014" queryTemplate="$querypart$" queryString="far=1"/>`,
	}[url[strings.LastIndexByte(url, '/')+1:]]; ok {
		return []byte(text), nil
	}
	return nil, errors.New("GET: 404 Not Found")
}

func TestParse_Golden(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.mpd")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden documents: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".mpd"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p, err := dash.Parse(data, dash.Options{BaseURL: origin, Fetch: remotes})
			var got string
			if p != nil {
				got = dump(p)
			}
			if err != nil {
				got += "error: " + err.Error() + "\n"
			}
			golden := strings.TrimSuffix(file, ".mpd") + ".golden"
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
			if strings.Contains(errText(err), "secret") {
				t.Errorf("the error shows credentials: %v", err)
			}
		})
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// wrap puts representation markup into a minimal document of ten seconds.
func wrap(representation string) string {
	return `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" mediaPresentationDuration="PT10S"><Period id="p"><AdaptationSet id="s" mimeType="video/mp4" codecs="avc1.64001f">` +
		representation + `</AdaptationSet></Period></MPD>`
}

func parse(t *testing.T, doc string) *manifest.Presentation {
	t.Helper()
	p, err := dash.Parse([]byte(doc), dash.Options{BaseURL: origin})
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return p
}

func representation(t *testing.T, markup string) *manifest.Representation {
	t.Helper()
	return parse(t, wrap(markup)).Periods[0].Sets[0].Representations[0]
}

func TestParse_Refused(t *testing.T) {
	for _, tt := range []struct {
		name, doc, code, msg string
	}{
		{"empty", "", manifest.CodeUnreadable, "no element"},
		{"only a comment", "<!-- x -->", manifest.CodeUnreadable, "no element"},
		{"not XML", "#EXTM3U\n", manifest.CodeUnreadable, "no element"},
		{"HTML", "<html><body>404</body></html>", manifest.CodeInvalid, "the root element is <html>, not MPD"},
		{"cut in an element", `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><AdaptationSet>`, manifest.CodeUnreadable, "ends inside <AdaptationSet>"},
		{"cut in a tag", `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period id="a`, manifest.CodeUnreadable, "the document ends in the middle of a tag"},
		{"cut in text", `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>abc`, manifest.CodeUnreadable, "ends inside <BaseURL>"},
		{"wrong end tag", "<MPD>\n<Period>\n</AdaptationSet></MPD>", manifest.CodeUnreadable, ":3: </AdaptationSet> closes <Period>"},
		{"stray end tag", "</MPD>", manifest.CodeUnreadable, "closes nothing"},
		{"control character", "<MPD>\x01</MPD>", manifest.CodeUnreadable, "illegal character"},
		{"no period", `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"/>`, manifest.CodeInvalid, "no period to play"},
		{"deep", `<MPD>` + strings.Repeat("<a>", 100), manifest.CodeLimits, "deeper than 64"},
		{"attributes", "<MPD " + manyAttributes(65) + "/>", manifest.CodeLimits, "more than 64 attributes"},
		{"periods", "<MPD>" + strings.Repeat("<Period/>", 4097) + "</MPD>", manifest.CodeLimits, "more than 4096 periods"},
		{"protections", wrap(strings.Repeat("<ContentProtection/>", 256) + strings.Repeat("<Representation><ContentProtection/></Representation>", 1100)), manifest.CodeLimits, "more than 262144 content protection descriptors"},
		{"size", strings.Repeat(" ", 16<<20+1), manifest.CodeLimits, "more than the 16777216 accepted"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := dash.Parse([]byte(tt.doc), dash.Options{BaseURL: origin})
			var e *manifest.Error
			if p != nil || !errors.As(err, &e) {
				t.Fatalf("got %v, %v; want a manifest error", p, err)
			}
			if e.Code != tt.code || !strings.Contains(err.Error(), tt.msg) || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "https://origin.example/dir/m.mpd") {
				t.Fatalf("got %s %q, want %s with %q and the URL in front", e.Code, err, tt.code, tt.msg)
			}
		})
	}
	if _, err := dash.Parse([]byte(wrap("")), dash.Options{BaseURL: "relative.mpd"}); err == nil || !strings.Contains(err.Error(), "no scheme") {
		t.Errorf("a relative base URL: got %v", err)
	}
}

func manyAttributes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "a%d='' ", i)
	}
	return b.String()
}

// TestParse_Encodings reads one document in every encoding and expects the same title.
func TestParse_Encodings(t *testing.T) {
	doc := func(enc string) string {
		return "<?xml version=\"1.0\" encoding=\"" + enc + "\"?>\r\n" + strings.Replace(wrap(`<Representation id="1"><BaseURL>a.mp4</BaseURL></Representation>`),
			"<Period", "<ProgramInformation><Title>Größe</Title></ProgramInformation><Period", 1)
	}
	utf16Of := func(s string, order binary.AppendByteOrder) []byte {
		var b []byte
		for _, u := range utf16.Encode([]rune(s)) {
			b = order.AppendUint16(b, u)
		}
		return b
	}
	latin1 := func(s string) []byte {
		var b []byte
		for _, r := range s {
			b = append(b, byte(r))
		}
		return b
	}
	for _, tt := range []struct {
		name string
		data []byte
		odd  bool // a finding is due
	}{
		{"UTF-8", []byte(doc("UTF-8")), false},
		{"UTF-8 with byte order mark", []byte("\xef\xbb\xbf" + doc("utf-8")), false},
		{"no declaration", []byte(doc("")[strings.Index(doc(""), "\n")+1:]), false},
		{"UTF-16 big", append([]byte("\xfe\xff"), utf16Of(doc("UTF-16"), binary.BigEndian)...), false},
		{"UTF-16 little", append([]byte("\xff\xfe"), utf16Of(doc("UTF-16"), binary.LittleEndian)...), false},
		{"UTF-16 big without mark", utf16Of(doc("UTF-16BE"), binary.BigEndian), false},
		{"UTF-16 little without mark", utf16Of(doc("UTF-16LE"), binary.LittleEndian), false},
		{"Latin-1", latin1(doc("ISO-8859-1")), false},
		{"Windows-1252", latin1(doc("windows-1252")), false},
		{"Latin-1 that says UTF-8", latin1(doc("UTF-8")), true},
		{"UTF-8 that says something else", []byte(doc("Shift_JIS")), true},
		{"Latin-1 that says something else", latin1(doc("Shift_JIS")), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := parse(t, string(tt.data))
			if p.Title != "Größe" || (len(p.Findings) > 0) != tt.odd {
				t.Fatalf("title %q, findings %v; want Größe, findings %v", p.Title, p.Findings, tt.odd)
			}
		})
	}
}

// TestParse_LongAttribute ignores what no attribute needs.
func TestParse_LongAttribute(t *testing.T) {
	p := parse(t, wrap(`<Representation id="r" codecs="`+strings.Repeat("avc1.64001f,", 1000)+`"><BaseURL>a</BaseURL></Representation>`))
	if f := p.Findings; len(f) != 1 || !strings.Contains(f[0].Message, "codecs is ignored: 12000 bytes, more than the 8192 accepted") {
		t.Errorf("findings %v", f)
	}
}

// TestParse_Position pins the line that a finding or an error names, with an XML declaration of several lines.
func TestParse_Position(t *testing.T) {
	doc := "<?xml\nversion=\"1.0\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\">\n<Period start=\"soon\" duration=\"PT1S\"/></MPD>"
	p := parse(t, doc)
	if f := p.Findings[0]; f.Where != "line 4 <Period>" || !strings.Contains(f.Message, `start="soon"`) {
		t.Errorf("got %v, want line 4", f)
	}
}

func TestIndex_Find(t *testing.T) {
	for _, tt := range []struct {
		name, markup string
		want         map[media.Time]int
	}{
		{"nominal", `<Representation><SegmentTemplate timescale="24000" duration="48048" media="$Number$"/></Representation>`,
			map[media.Time]int{-1: 0, 0: 0, 2.001: 0, 2.002: 1, 4.004: 2, 9.9: 4, 10: 5, 11: 5, media.Forever: 5}},
		{"gap and overlap", `<Representation><SegmentTemplate media="$Time$"><SegmentTimeline><S t="1" d="2"/><S t="5" d="3"/><S t="7" d="2"/></SegmentTimeline></SegmentTemplate></Representation>`,
			map[media.Time]int{0: 0, 1: 0, 2.9: 0, 3: 1, 4.9: 1, 5: 1, 6.9: 1, 7: 2, 8.9: 2, 9: 3}},
		{"not in order", `<Representation><SegmentTemplate media="$Time$"><SegmentTimeline><S t="4" d="2" r="1"/><S t="0" d="2" r="1"/></SegmentTimeline></SegmentTemplate></Representation>`,
			map[media.Time]int{0: 2, 1: 2, 2: 3, 4: 0, 5: 0, 7: 1}},
		{"more parts than ticks", `<Representation><SegmentTemplate timescale="2" duration="6" k="1000000" media="$SubNumber$"/></Representation>`,
			map[media.Time]int{0: 0, 0.4: 0, 0.5: 1, 9.9: 19, 10: 20, 12: 24}},
		{"pattern in parts", `<Representation><SegmentTemplate media="$Time$.$SubNumber$"><SegmentTimeline><Pattern id="1"><P d="4"/><P d="2"/></Pattern><S t="0" r="2" p="1" pE="1" k="2"/></SegmentTimeline></SegmentTemplate></Representation>`,
			map[media.Time]int{-1: 0, 0: 0, 0.9: 0, 1: 1, 2: 2, 3.9: 2, 4: 3, 5.9: 3, 6: 4, 7: 5, 8: 6}},
		{"list", `<Representation><SegmentList duration="4"><SegmentURL media="a"/><SegmentURL media="b"/></SegmentList></Representation>`,
			map[media.Time]int{0: 0, 4: 1, 7: 1, 8: 2}},
		{"single", `<Representation><BaseURL>a</BaseURL></Representation>`, map[media.Time]int{-1: 0, 0: 0, 9.9: 0, 10: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := representation(t, tt.markup).Segments
			for at, want := range tt.want {
				if got := x.Find(at); got != want {
					t.Errorf("Find(%s): got %d, want %d", at, got, want)
				}
			}
		})
	}
}

// TestIndex_FindRoundTrip asks for the start of every segment of timelines whose ticks do not divide evenly, also
// far from zero, where the way into ticks and back rounds.
func TestIndex_FindRoundTrip(t *testing.T) {
	for _, offset := range []int64{0, 1, 90001, 1 << 40, 1 << 52} {
		doc := strings.Replace(wrap(fmt.Sprintf(`<Representation><SegmentTemplate timescale="44100" presentationTimeOffset="%d" media="$Time$">
			<SegmentTimeline><S t="%d" d="1024" r="99"/><S d="1023" r="99"/><S d="1337" r="30"/></SegmentTimeline></SegmentTemplate></Representation>`, offset, offset)),
			`id="p"`, `start="PT1234567.891S" duration="PT10S"`, 1)
		x := parse(t, doc).Periods[0].Sets[0].Representations[0].Segments
		if x.Len() != 231 {
			t.Fatalf("got %d segments, want 231", x.Len())
		}
		for i := range x.Len() {
			if got := x.Find(x.At(i).Start); got != i {
				t.Errorf("offset %d: Find(At(%d).Start) = %d", offset, i, got)
			}
		}
	}
}

func TestIndex_OutOfRange(t *testing.T) {
	x := representation(t, `<Representation><SegmentTemplate duration="5" media="$Number$"/></Representation>`).Segments
	for _, i := range []int{-1, 2} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("At(%d) did not panic", i)
				}
			}()
			x.At(i)
		}()
	}
}

// TestIndex_Memory parses a timeline of sixteen million segments and walks over parts of it.
func TestIndex_Memory(t *testing.T) {
	doc := strings.Replace(wrap(`<Representation><SegmentTemplate timescale="1000" media="$Time$"><SegmentTimeline><S t="0" d="1" r="2147483647"/></SegmentTimeline></SegmentTemplate></Representation>`),
		"PT10S", "PT1000000S", 1)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	p := parse(t, doc)
	runtime.ReadMemStats(&after)
	bytes := after.TotalAlloc - before.TotalAlloc
	if bytes > 200<<10 {
		t.Errorf("parsing took %d bytes, want less than 200 KiB", bytes)
	}
	x := p.Periods[0].Sets[0].Representations[0].Segments
	if x.Len() != 1<<24 {
		t.Fatalf("got %d segments, want the limit", x.Len())
	}
	if got := x.At(1<<24 - 1).URL; !strings.HasSuffix(got, "/16777215") {
		t.Errorf("last segment: %s", got)
	}
	if got := x.Find(12345.678); got != 12345678 {
		t.Errorf("Find: got %d", got)
	}
}

// testLazy loads the index of a file, and compares the range of its initialization segment, its segments, the number of
// requests, and the error ("" for none).
func testLazy(t *testing.T, r *manifest.Representation, file []byte, name, want string, asked int, failure string) {
	t.Helper()
	if r.Lazy == nil {
		t.Fatalf("no lazy index: %+v", r)
	}
	var requests []string
	l, err := r.Lazy.Load(getter(file, &requests))
	if len(requests) != asked {
		t.Errorf("requests: got %q, want %d", requests, asked)
	}
	if failure != "" {
		if err == nil || !strings.Contains(err.Error(), failure) {
			t.Fatalf("got %v, want an error with %q", err, failure)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range l.Index.Len() {
		s := l.Index.At(i)
		rg := s.Range.String()
		if rg == "" {
			rg = "0-"
		}
		got = append(got, fmt.Sprintf("%s [%s,%s)", rg, s.Start, s.End()))
		if f := l.Index.Find(s.Start); f != i {
			t.Errorf("Find(%s): got %d, want %d", s.Start, f, i)
		}
		if !strings.HasSuffix(s.URL, "/dir/"+name) {
			t.Errorf("URL %s", s.URL)
		}
	}
	head := ""
	if l.Init != nil {
		head = l.Init.Range.String()
	}
	if s := head + ": " + strings.Join(got, " "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

func TestLazy(t *testing.T) {
	init := append(box("ftyp", make([]byte, 16)), box("moov", make([]byte, 100))...)
	flat := sidx(0, 1000, 500, 0, ref{size: 10, duration: 2000}, ref{size: 20, duration: 3000})
	simple := append(append(append([]byte{}, init...), flat...), make([]byte, 30)...)
	at := len(init)
	indexRange := fmt.Sprintf("%d-%d", at, at+len(flat)-1)

	inner1 := sidx(1, 1000, 500, 0, ref{size: 10, duration: 2000}, ref{size: 20, duration: 3000})
	inner2 := sidx(1, 1000, 5500, 0, ref{size: 5, duration: 1000})
	outer := sidx(0, 1000, 500, 0, ref{size: len(inner1) + 30, duration: 5000, nested: true}, ref{size: len(inner2) + 5, duration: 1000, nested: true})
	tree := append(append([]byte{}, init...), outer...)
	tree = append(append(tree, inner1...), make([]byte, 30)...)
	tree = append(append(tree, inner2...), make([]byte, 5)...)

	loop := append(append([]byte{}, init...), sidx(0, 1000, 0, 0, ref{size: 0, duration: 5, nested: true})...)

	for _, tt := range []struct {
		name, base string
		file       []byte
		want       string // init range: segment ranges and times
		requests   int
		err        string
	}{
		{"index range and init", `indexRange="` + indexRange + `"><Initialization range="0-131"/`, simple, "0-131: 188-197 [-0.5,1.5) 198-217 [1.5,4.5)", 1, ""},
		{"init is what precedes", `indexRange="` + indexRange + `"`, simple, "0-131: 188-197 [-0.5,1.5) 198-217 [1.5,4.5)", 1, ""},
		{"no index range", ``, simple, "0-131: 188-197 [-0.5,1.5) 198-217 [1.5,4.5)", 1, ""},
		{"wrong index range", `indexRange="3-40"`, simple, "0-131: 188-197 [-0.5,1.5) 198-217 [1.5,4.5)", 2, ""},
		{"index range too short", `indexRange="132-150"`, simple, "0-131: 188-197 [-0.5,1.5) 198-217 [1.5,4.5)", 2, ""},
		{"hierarchy", ``, tree, "0-131: 252-261 [-0.5,1.5) 262-281 [1.5,4.5) 334-338 [4.5,5.5)", 1, ""},
		{"no index", ``, append(append([]byte{}, init...), box("moof", make([]byte, 50))...), ": 0- [0,10)", 1, ""},
		{"no index but an init range", `><Initialization range="0-131"/`, append(append([]byte{}, init...), box("mdat", nil)...), "0-131: 132- [0,10)", 1, ""},
		{"not even boxes", ``, []byte("hello"), ": 0- [0,10)", 1, ""},
		{"empty file", ``, nil, ": 0- [0,10)", 1, ""},
		{"cut inside the index", `indexRange="` + indexRange + `"`, simple[:at+20], "", 3, "the file ends inside it"},
		{"index that refers to itself", ``, loop, "", 2, "segment index"},
		{"moov far away", ``, append(append(box("free", make([]byte, 100<<10)), init...), flat...), "0-102539: 102596-102605 [-0.5,1.5) 102606-102625 [1.5,4.5)", 2, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := representation(t, `<Representation><BaseURL>v.mp4</BaseURL><SegmentBase timescale="1000" presentationTimeOffset="1000" `+tt.base+`></SegmentBase></Representation>`)
			testLazy(t, r, tt.file, "v.mp4", tt.want, tt.requests, tt.err)
		})
	}
}

// TestLazy_GetFails hands the getter's error through.
// TestLazy_Apart reads indexes that are resources of their own.
func TestLazy_Apart(t *testing.T) {
	index := append(box("styp", []byte("sisx0000")), sidx(0, 1000, 500, 132, ref{size: 10, duration: 2000}, ref{size: 20, duration: 3000})...)
	nested := sidx(0, 1000, 500, 0, ref{size: 10, duration: 2000, nested: true}, ref{size: 10, duration: 3000, nested: true})
	media := append(append(box("moov", make([]byte, 124)), sidx(0, 1000, 500, 0, ref{size: 30, duration: 5000})...), make([]byte, 30)...)
	base := func(inner string) string {
		return `<Representation><BaseURL>v.mp4</BaseURL><SegmentBase timescale="1000" presentationTimeOffset="1000">` + inner + `</SegmentBase></Representation>`
	}
	list := func(attrs, inner string) string {
		return `<Representation><SegmentList timescale="1000" presentationTimeOffset="1000" ` + attrs + `><Initialization sourceURL="i.mp4"/>` + inner + `<SegmentURL media="a.m4s"/><SegmentURL media="b.m4s"/></SegmentList></Representation>`
	}
	const apart = `<RepresentationIndex sourceURL="x.sidx"/>`
	for _, tt := range []struct {
		name, doc string
		index     []byte
		want      string
		asked     string
		err       string
	}{
		{"of a file", base(apart), index, "v.mp4 0-131: v.mp4 132-141 [-0.5,1.5) v.mp4 142-161 [1.5,4.5)", "x.sidx", ""},
		{"of a file, a range of it", base(`<RepresentationIndex range="132-175"/>`), nil, "v.mp4 0-131: v.mp4 176-205 [-0.5,4.5)", "v.mp4", ""},
		{"of a file, no index: the file knows", base(apart), []byte("nothing"), "v.mp4 0-131: v.mp4 176-205 [-0.5,4.5)", "x.sidx v.mp4", ""},
		{"of a file, of indexes: the file knows", base(apart), nested, "v.mp4 0-131: v.mp4 176-205 [-0.5,4.5)", "x.sidx v.mp4", ""},
		{"of a list", list("startNumber=\"7\"", apart), nested, "i.mp4 : a.m4s  [-0.5,1.5) b.m4s  [1.5,4.5)", "x.sidx", ""},
		{"of a list with a duration", list("duration=\"2000\"", apart), nil, "a.m4s  [0,2) b.m4s  [2,4)", "", ""},
		{"of a list of another length", list("", apart), sidx(0, 1000, 500, 0, ref{size: 10, duration: 2000}), "", "x.sidx", "1 entries for 2 segments"},
		{"of a list, none", list("", apart), []byte{}, "", "x.sidx", "there is none in 0 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := representation(t, tt.doc)
			name := func(r manifest.Resource) string { return r.URL[strings.LastIndexByte(r.URL, '/')+1:] }
			var asked []string
			x, head := r.Segments, ""
			if r.Lazy != nil {
				l, err := r.Lazy.Load(func(r manifest.Resource) ([]byte, error) {
					asked = append(asked, name(r))
					var requests []string
					if name(r) == "x.sidx" {
						return getter(tt.index, &requests)(r)
					}
					return getter(media, &requests)(r)
				})
				if tt.err != "" {
					if err == nil || !strings.Contains(err.Error(), tt.err) {
						t.Fatalf("got %v, want %q", err, tt.err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				x, head = l.Index, name(*l.Init)+" "+l.Init.Range.String()+": "
			}
			var got []string
			for i := range x.Len() {
				s := x.At(i)
				got = append(got, fmt.Sprintf("%s %s [%s,%s)", name(s.Resource), s.Range.String(), s.Start, s.End()))
			}
			if s := head + strings.Join(got, " "); s != tt.want || strings.Join(asked, " ") != tt.asked {
				t.Errorf("got  %s (asked for %s)\nwant %s", s, asked, tt.want)
			}
		})
	}
}

func TestLazy_GetFails(t *testing.T) {
	gone := errors.New("GET: 404")
	for _, base := range []string{``, `indexRange="1-2"`} {
		r := representation(t, `<Representation><BaseURL>v.mp4</BaseURL><SegmentBase `+base+`/></Representation>`)
		_, err := r.Lazy.Load(func(manifest.Resource) ([]byte, error) { return nil, gone })
		if !errors.Is(err, gone) {
			t.Errorf("%q: got %v, want the getter's error", base, err)
		}
	}
}

// TestParse_DynamicThatIsOver plays a dynamic presentation like a recording when its end has passed for good.
func TestParse_DynamicThatIsOver(t *testing.T) {
	doc := func(attrs string) string {
		return strings.Replace(wrap(`<Representation id="1" bandwidth="1"><SegmentTemplate duration="5" media="$Number$"/></Representation>`), "<MPD ",
			`<MPD type="dynamic" availabilityStartTime="2024-01-01T00:00:00Z" `+attrs, 1)
	}
	start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name, attrs string
		now         time.Time
		live        bool
	}{
		{"all of it available", "", start.Add(10 * time.Second), false},
		{"a second too early", "", start.Add(9 * time.Second), true},
		{"may still change", `minimumUpdatePeriod="PT1H"`, start.Add(time.Hour), true},
		{"no idea of the time", "", time.Time{}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := dash.Parse([]byte(doc(tt.attrs)), dash.Options{BaseURL: origin, Now: tt.now})
			if err != nil || (p.Live != nil) != tt.live {
				t.Fatalf("got %+v, %v; want live %v", p, err, tt.live)
			}
			if s := p.Periods[0].Sets[0].Representations[0].Segments.At(1); s.Available.IsZero() == tt.live {
				t.Fatalf("the second segment is available at %v, live %v", s.Available, tt.live)
			}
		})
	}
}

func TestSniff(t *testing.T) {
	for doc, want := range map[string]bool{
		`<?xml version="1.0"?><!-- c --><x:MPD xmlns:x="y">`: true, "\xef\xbb\xbf<MPD>": true, "\xff\xfe<\x00M\x00P\x00D\x00>\x00": true,
		"<html>": false, "": false, "#EXTM3U": false, "\x00\x00\x00\x18ftypMPD ": false, "<MPDX>": false,
	} {
		if got := dash.Sniff([]byte(doc)); got != want {
			t.Errorf("Sniff(%q): got %v, want %v", doc, got, want)
		}
	}
}

// TestParse_LocalDocument pins where a document of the local disk may point.
func TestParse_LocalDocument(t *testing.T) {
	for _, tt := range []struct{ ref, want string }{
		{"../other/v.mp4", "file:///a/other/v.mp4"},
		{"http://h.example/v.mp4", "http://h.example/v.mp4"},
		{"file:///b/v.mp4", "file:///b/v.mp4"},
		{"file://localhost/b/v.mp4", "file://localhost/b/v.mp4"},
		{"v 1#x.mp4", "file:///a/b/v%201"},
		{"file://host/b/v.mp4", ""},
		{"demo:v.mp4", ""},
	} {
		p, err := dash.Parse([]byte(wrap(`<Representation><BaseURL>`+tt.ref+`</BaseURL></Representation>`)), dash.Options{BaseURL: "file:///a/b/m.mpd"})
		if err != nil {
			t.Fatal(err)
		}
		got := p.Periods[0].Sets[0].Representations[0].Segments.At(0).URL
		if tt.want == "" {
			tt.want = "file:///a/b/m.mpd"
			if len(p.Findings) == 0 {
				t.Errorf("%s: no finding", tt.ref)
			}
		}
		if got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.ref, got, tt.want)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	data, err := os.ReadFile("testdata/golden/number.mpd")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := dash.Parse(data, dash.Options{BaseURL: origin}); err != nil {
			b.Fatal(err)
		}
	}
}
