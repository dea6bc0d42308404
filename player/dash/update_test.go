package dash_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"mseplayer/player/dash"
	"mseplayer/player/manifest"
)

// liveDoc is a live document of one period with a timeline; attrs go into the MPD, head before the period.
func liveDoc(published, attrs, head, timeline string) string {
	return `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" id="m" type="dynamic" availabilityStartTime="2024-01-01T00:00:00Z" publishTime="` + published +
		`" minimumUpdatePeriod="PT2S" ` + attrs + `>` + head + `<Period id="p" start="PT0S"><AdaptationSet id="v" mimeType="video/mp4" codecs="avc1.64001f">` +
		`<SegmentTemplate media="$Time$.m4s"><SegmentTimeline>` + timeline + `</SegmentTimeline></SegmentTemplate><Representation id="1" bandwidth="1"/>` +
		`</AdaptationSet></Period></MPD>`
}

// later is when updates are asked for, while patches are there.
var later = time.Date(2024, 1, 1, 0, 0, 20, 0, time.UTC)

const patchLocation = `<PatchLocation ttl="60">next.mpp</PatchLocation>`

var (
	liveOne = liveDoc("2024-01-01T00:00:10Z", "", patchLocation, `<S t="0" d="2" r="4"/>`)
	liveTwo = liveDoc("2024-01-01T00:00:14Z", "", patchLocation, `<S t="4" d="2" r="4"/>`)
)

const patchTwo = `<?xml version="1.0"?><Patch xmlns="urn:mpeg:dash:schema:mpd-patch:2020" mpdId="m" originalPublishTime="2024-01-01T00:00:10.0Z" publishTime="2024-01-01T00:00:14Z">
<replace sel="/MPD/@publishTime">2024-01-01T00:00:14Z</replace>
<remove sel="/MPD/Period[@id='p']/AdaptationSet[@id='v']/SegmentTemplate/SegmentTimeline/S[1]"/>
<add sel="/MPD/Period[@id='p']/AdaptationSet[@id='v']/SegmentTemplate/SegmentTimeline" pos="prepend"><S t="4" d="2" r="4"/></add></Patch>`

// server answers an update by the last part of the URL, and writes down what was asked for.
type server struct {
	mu    sync.Mutex
	files map[string]string
	asked []string
	// moved are the URLs after redirects, by name.
	moved map[string]string
}

func (s *server) get(r manifest.Resource) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := r.URL[strings.LastIndexByte(r.URL, '/')+1:]
	s.asked = append(s.asked, name)
	if len(r.Alternatives) > 0 && len(r.Bases) != len(r.Alternatives)+1 {
		return nil, fmt.Errorf("the places of %s share what they fail by: %q", name, r.Bases)
	}
	if data, ok := s.files[name]; ok {
		if r.From != nil {
			to := r.URL
			if m := s.moved[name]; m != "" {
				to = m
			}
			r.From(0, "", to)
		}
		return []byte(data), nil
	}
	return nil, errors.New("GET: 404")
}

// times writes the list of segments.
func times(p *manifest.Presentation) string {
	if p == nil {
		return "same"
	}
	var out []string
	for _, per := range p.Periods {
		x := per.Sets[0].Representations[0].Segments
		if x.Len() == 0 {
			out = append(out, per.ID+":none")
			continue
		}
		out = append(out, fmt.Sprintf("%s:%s-%s", per.ID, x.At(0).Start, x.At(x.Len()-1).End()))
	}
	return strings.Join(out, " ")
}

func TestUpdate(t *testing.T) {
	moved := func(old, new string) string { return strings.ReplaceAll(liveTwo, old, new) }
	plain := strings.ReplaceAll(liveOne, patchLocation, "")
	bad := func(old, new string) string { return strings.ReplaceAll(patchTwo, old, new) }
	nameless := func(periods string) string {
		return `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" id="m" type="dynamic" availabilityStartTime="2024-01-01T00:00:00Z" minimumUpdatePeriod="PT2S">` + periods + `</MPD>`
	}
	period := func(start int) string {
		return fmt.Sprintf(`<Period start="PT%dS"><AdaptationSet mimeType="video/mp4" codecs="avc1.64001f"><SegmentTemplate duration="2" endNumber="2" media="$Number$"/><Representation id="1" bandwidth="1"/></AdaptationSet></Period>`, start)
	}
	for _, tt := range []struct {
		name, first string
		files       map[string]string
		want, asked string
		finding     string // "" for none
		err         string
	}{
		{"whole document", plain, map[string]string{"m.mpd": liveTwo}, "p:4-14", "m.mpd", "", ""},
		{"unchanged", plain, map[string]string{"m.mpd": plain}, "same", "m.mpd", "", ""},
		{"patch", liveOne, map[string]string{"next.mpp": patchTwo}, "p:4-14", "next.mpp", "", ""},
		{"empty patch", liveOne, map[string]string{"next.mpp": ""}, "same", "next.mpp", "", ""},
		{"whole document in place of the patch", liveOne, map[string]string{"next.mpp": liveTwo}, "p:4-14", "next.mpp", "", ""},
		{"no patch there", liveOne, map[string]string{"m.mpd": liveTwo}, "p:4-14", "next.mpp m.mpd", "update-patch", ""},
		{"patch of another version", liveOne, map[string]string{"next.mpp": bad("00:00:10", "00:00:08"), "m.mpd": liveTwo}, "p:4-14", "next.mpp m.mpd", "it is for the version of", ""},
		{"patch of another document", liveOne, map[string]string{"next.mpp": bad(`mpdId="m"`, `mpdId="n"`), "m.mpd": liveTwo}, "p:4-14", "next.mpp m.mpd", `it is for the MPD "n"`, ""},
		{"patch that does not fit", liveOne, map[string]string{"next.mpp": bad("/S[1]", "/S[2]"), "m.mpd": liveTwo}, "p:4-14", "next.mpp m.mpd", "0 nodes fit", ""},
		{"patch that is no XML", liveOne, map[string]string{"next.mpp": "<Patch", "m.mpd": liveTwo}, "p:4-14", "next.mpp m.mpd", "the patch is not used", ""},
		{"location", strings.Replace(plain, "<Period", `<Location serviceLocation="a">there.mpd</Location><Location>other.mpd</Location><Period`, 1),
			map[string]string{"there.mpd": liveTwo}, "p:4-14", "there.mpd", "", ""},
		{"nothing there", plain, nil, "", "m.mpd", "", "GET: 404"},
		{"unreadable", plain, map[string]string{"m.mpd": "<html/>"}, "", "m.mpd", "", "root element is <html>"},
		{"older", plain, map[string]string{"m.mpd": moved("00:00:14Z", "00:00:08Z")}, "p:0-10", "m.mpd", "a document of 2024-01-01T00:00:08Z came after one of 2024-01-01T00:00:10Z", ""},
		{"shorter", plain, map[string]string{"m.mpd": moved(`t="4" d="2" r="4"`, `t="4" d="2" r="0"`)}, "p:4-6", "m.mpd", "ended at 10 s and ends at 6 s now", ""},
		{"first segment", strings.ReplaceAll(plain, `<S t="0" d="2" r="4"/>`, ""), map[string]string{"m.mpd": plain}, "p:0-10", "m.mpd", "", ""},
		{"no segment any more", plain, map[string]string{"m.mpd": moved(`<S t="4" d="2" r="4"/>`, "")}, "p:none", "m.mpd", "had 5 segments and has none now", ""},
		{"another past", plain, map[string]string{"m.mpd": moved(`t="4" d="2" r="4"`, `t="3" d="2" r="4"`)}, "p:3-13", "m.mpd", "none that begins there now", ""},
		{"period moved", plain, map[string]string{"m.mpd": moved(`start="PT0S"`, `start="PT1S"`)}, "p:5-15", "m.mpd", "the start of the period went from 0 s to 1 s", ""},
		{"representation gone", plain, map[string]string{"m.mpd": moved(`id="1"`, `id="2"`)}, "p:4-14", "m.mpd", "the representation is gone", ""},
		{"another start", plain, map[string]string{"m.mpd": moved(`availabilityStartTime="2024-01-01`, `availabilityStartTime="2024-01-02`)}, "p:4-14", "m.mpd", "availabilityStartTime went from", ""},
		{"ended", plain, map[string]string{"m.mpd": strings.Replace(moved("dynamic", "static"), "<MPD ", `<MPD mediaPresentationDuration="PT14S" `, 1)}, "p:4-14", "m.mpd", "", ""},
		{"periods without id", nameless(period(0) + period(4)), map[string]string{"m.mpd": nameless(period(4) + period(8))}, "1:4-8 2:8-12", "m.mpd", "", ""},
		{"period in the middle gone", nameless(period(0) + period(4) + period(8)), map[string]string{"m.mpd": nameless(period(0) + period(8))}, "0:0-4 2:8-12", "m.mpd", "is gone, though it is not the oldest", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := parse(t, tt.first)
			s := &server{files: tt.files}
			next, err := p.Live.Updater.Update(later, s.get)
			if asked := strings.Join(s.asked, " "); asked != tt.asked {
				t.Errorf("asked for %s, want %s", asked, tt.asked)
			}
			if tt.err != "" {
				if next != nil || err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("got %v, %v; want an error with %q", next, err, tt.err)
				}
				return
			}
			if err != nil || times(next) != tt.want {
				t.Fatalf("got %s, %v; want %s", times(next), err, tt.want)
			}
			var findings []string
			if next != nil {
				for _, f := range next.Findings {
					findings = append(findings, f.String())
				}
			}
			if all := strings.Join(findings, "; "); !strings.Contains(all, tt.finding) || (tt.finding == "") != (all == "") {
				t.Errorf("findings %q, want %q", all, tt.finding)
			}
		})
	}
}

// TestUpdate_Chain patches what was patched, is told once of a stale document, and ends.
func TestUpdate_Chain(t *testing.T) {
	p := parse(t, liveOne)
	u := p.Live.Updater
	s := &server{files: map[string]string{"next.mpp": patchTwo}}
	step := func(want string) *manifest.Presentation {
		t.Helper()
		next, err := u.Update(later, s.get)
		if err != nil || times(next) != want {
			t.Fatalf("got %s, %v; want %s", times(next), err, want)
		}
		return next
	}
	step("p:4-14")
	s.files["next.mpp"] = `<Patch mpdId="m" originalPublishTime="2024-01-01T00:00:14Z" publishTime="2024-01-01T00:00:16Z">
		<replace sel="/MPD/Period/AdaptationSet[1]/SegmentTemplate/SegmentTimeline/S/@r">5</replace></Patch>`
	step("p:4-16")
	delete(s.files, "next.mpp")
	s.files["m.mpd"] = liveOne
	step("p:4-16") // with the finding
	step("same")   // told already
	s.files["m.mpd"] = strings.NewReplacer("dynamic", "static", "00:00:14", "00:00:18", "<MPD ", `<MPD mediaPresentationDuration="PT14S" `).Replace(liveTwo)
	if last := step("p:4-14"); last.Live != nil {
		t.Error("a static document is still live")
	}
}

// TestUpdate_TTL stops to ask for patches when their time is over.
func TestUpdate_TTL(t *testing.T) {
	end := later.Add(50 * time.Second) // a minute after publishing
	two := strings.Replace(liveOne, patchLocation, `<PatchLocation ttl="60">next.mpp</PatchLocation><PatchLocation ttl="90.5">longer.mpp</PatchLocation>`, 1)
	for _, tt := range []struct {
		name, doc string
		now       time.Time
		asked     string
	}{
		{"in time", liveOne, end.Add(-1), "next.mpp"},
		{"over", liveOne, end, "m.mpd"},
		{"the first one over", two, end, "longer.mpp"},
		{"both over", two, end.Add(31 * time.Second), "m.mpd"},
		{"no end", strings.Replace(liveOne, ` ttl="60"`, "", 1), end.Add(24 * time.Hour), "next.mpp"},
		{"bad end", strings.Replace(liveOne, ` ttl="60"`, ` ttl="soon"`, 1), end.Add(24 * time.Hour), "next.mpp"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &server{files: map[string]string{"next.mpp": patchTwo, "longer.mpp": patchTwo, "m.mpd": liveTwo}}
			next, err := parse(t, tt.doc).Live.Updater.Update(tt.now, s.get)
			if asked := strings.Join(s.asked, " "); err != nil || times(next) != "p:4-14" || asked != tt.asked {
				t.Errorf("asked for %s, got %s, %v; want %s", asked, times(next), err, tt.asked)
			}
		})
	}
}

// TestUpdate_Params appends the parameters that are for the manifest and for remote elements, once and where they belong.
func TestUpdate_Params(t *testing.T) {
	const params = `<SupplementalProperty schemeIdUri="urn:mpeg:dash:urlparam:2016" xmlns:up="urn:mpeg:dash:schema:urlparam:2016">` +
		`<up:ExtUrlQueryInfo includeInRequests="mpd xlink" queryTemplate="$querypart$" queryString="both=1"/></SupplementalProperty>` +
		`<SupplementalProperty schemeIdUri="urn:mpeg:dash:urlparam:2016" xmlns:up="urn:mpeg:dash:schema:urlparam:2016">` +
		`<up:ExtUrlQueryInfo includeInRequests="mpd" sameOriginPolicy="true" queryTemplate="$querypart$" queryString="mine=1"/></SupplementalProperty>` +
		`<SupplementalProperty schemeIdUri="urn:mpeg:dash:urlparam:2016" xmlns:up="urn:mpeg:dash:schema:urlparam:2016">` +
		`<up:ExtUrlQueryInfo sameOriginPolicy="true" queryTemplate="$querypart$" queryString="seg=1"/></SupplementalProperty>`
	with := func(doc, head string) string {
		doc = strings.Replace(strings.Replace(doc, "</MPD>", params+"</MPD>", 1), patchLocation, head, 1)
		return strings.Replace(doc, "<Period id", `<BaseURL>media/</BaseURL><BaseURL>https://cdn.example/</BaseURL><Period xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="https://far.example/p?x=1"/><Period id`, 1)
	}
	const far = `<Period id="far" start="PT0S" duration="PT0S"/>`
	for _, tt := range []struct{ name, head, asked string }{
		{"where it came from", "", "p?x=1&both=1 m.mpd?both=1&mine=1 p?x=1&both=1 m.mpd?both=1&mine=1 p?x=1&both=1"},
		{"another origin", "<Location>https://other.example/l.mpd?a=b</Location>", "p?x=1&both=1 l.mpd?a=b&both=1 p?x=1&both=1 l.mpd?a=b&both=1&mine=1 p?x=1&both=1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &server{files: map[string]string{"p?x=1&both=1": far}}
			s.files["l.mpd?a=b&both=1&mine=1"] = with(liveTwo, tt.head) // it has moved there, and belongs there now
			s.files["m.mpd?both=1&mine=1"], s.files["l.mpd?a=b&both=1"] = with(liveTwo, tt.head), with(liveTwo, tt.head)
			fetch := func(u string) ([]byte, error) { return s.get(manifest.Resource{URL: u}) }
			p, err := dash.Parse([]byte(with(liveOne, tt.head)), dash.Options{BaseURL: origin, Fetch: fetch})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				next, err := p.Live.Updater.Update(later, s.get)
				if err != nil {
					t.Fatalf("%v, asked for %q", err, s.asked)
				}
				if next != nil {
					p = next
				}
			}
			if got := strings.Join(s.asked, " "); got != tt.asked {
				t.Errorf("asked for %s, want %s", got, tt.asked)
			}
			first := p.Periods[0].Sets[0].Representations[0].Segments.At(0)
			if !strings.HasSuffix(first.URL, "?seg=1") || strings.Contains(first.Alternatives[0], "seg=1") {
				t.Errorf("got %s and %s", first.URL, first.Alternatives)
			}
		})
	}
}

// TestUpdate_Redirect moves the document: what is relative follows it, and so does the next update.
func TestUpdate_Redirect(t *testing.T) {
	plain := strings.ReplaceAll(liveOne, patchLocation, "")
	p := parse(t, plain)
	s := &server{files: map[string]string{"m.mpd": liveTwo, "there.mpd": liveTwo, "next.mpp": patchTwo}, moved: map[string]string{"m.mpd": "https://other.example/x/there.mpd"}}
	first := func(p *manifest.Presentation) string {
		return p.URL + " " + p.Periods[0].Sets[0].Representations[0].Segments.At(0).URL
	}
	next, err := p.Live.Updater.Update(later, s.get)
	if err != nil || first(next) != "https://other.example/x/there.mpd https://other.example/x/4.m4s" {
		t.Fatalf("got %s, %v", first(next), err)
	}
	s.files["next.mpp"] = strings.NewReplacer("00:00:10.0Z", "00:00:14Z", "00:00:14Z", "00:00:16Z", `S[1]"/>`, `S[1]"/><!-- -->`).Replace(patchTwo)
	next, err = p.Live.Updater.Update(later, s.get)
	if err != nil || first(next) != "https://other.example/x/there.mpd https://other.example/x/4.m4s" {
		t.Fatalf("patched: got %v", err)
	}
	// Only the place is another one.
	p = parse(t, plain)
	s.files["m.mpd"] = plain
	next, err = p.Live.Updater.Update(later, s.get)
	if err != nil || next == nil || first(next) != "https://other.example/x/there.mpd https://other.example/x/0.m4s" {
		t.Fatalf("the same document from another place: %v, %v", next, err)
	}
	if again, err := p.Live.Updater.Update(later, s.get); err == nil && again != nil && strings.Join(s.asked, " ") != "m.mpd next.mpp m.mpd there.mpd" {
		t.Errorf("asked for %s, got %v", s.asked, again)
	}
}

// TestUpdate_Together runs updates at the same time; the race detector looks on.
func TestUpdate_Together(t *testing.T) {
	u := parse(t, liveOne).Live.Updater
	s := &server{files: map[string]string{"next.mpp": patchTwo, "m.mpd": liveTwo}}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if p, err := u.Update(later, s.get); err != nil || times(p) != "p:4-14" && p != nil {
				t.Errorf("got %s, %v", times(p), err)
			}
		})
	}
	wg.Wait()
}

// TestUpdate_Origin keeps a document from the network away from local files, however it gets there.
func TestUpdate_Origin(t *testing.T) {
	doc := strings.Replace(liveOne, patchLocation, `<PatchLocation>file:///etc/passwd</PatchLocation><Location>file:///etc/passwd</Location>`, 1)
	p := parse(t, doc)
	if len(p.Findings) != 2 {
		t.Errorf("findings %v", p.Findings)
	}
	s := &server{files: map[string]string{"m.mpd": strings.Replace(liveTwo, "<Period ", "<BaseURL>file:///etc/</BaseURL><Period ", 1)}}
	next, err := p.Live.Updater.Update(later, s.get)
	if err != nil || strings.Join(s.asked, " ") != "m.mpd" {
		t.Fatalf("asked for %q, %v", s.asked, err)
	}
	if u := next.Periods[0].Sets[0].Representations[0].Segments.At(0).URL; strings.HasPrefix(u, "file:") {
		t.Errorf("the segments are at %s", u)
	}
}

// TestUpdate_PatchOperations applies single operations to a small document and looks at the base URL and the period.
func TestUpdate_PatchOperations(t *testing.T) {
	doc := liveDoc("2024-01-01T00:00:10Z", "", `<BaseURL>one/</BaseURL>`+patchLocation, `<S t="0" d="2"/>`)
	for _, tt := range []struct{ name, op, url, err string }{
		{"replace text", `<replace sel="/MPD/BaseURL/text()">two/</replace>`, "two/0.m4s", ""},
		{"replace element", `<replace sel="/MPD/BaseURL[1]"><BaseURL>a&amp;b/</BaseURL></replace>`, "a&b/0.m4s", ""},
		{"remove element", `<remove sel="/MPD/BaseURL"/>`, "0.m4s", ""},
		{"remove attribute", `<remove sel="/MPD/Period[@id='p']/@start"/>`, "one/0.m4s", ""},
		{"add before", `<add sel="/MPD/BaseURL[1]" pos="before"><BaseURL>zero/</BaseURL></add>`, "zero/0.m4s", ""},
		{"add after", `<add sel="/MPD/BaseURL[1]" pos="after"><BaseURL>two/</BaseURL></add>`, "one/0.m4s", ""},
		{"add at the end", `<add sel="/MPD/Period/AdaptationSet"><BaseURL>set/</BaseURL></add>`, "one/set/0.m4s", ""},
		{"add attribute", `<add sel="/MPD/Period/AdaptationSet/SegmentTemplate" type="@presentationTimeOffset">0</add>`, "one/0.m4s", ""},
		{"prefixes and any name", `<replace sel="/d:MPD/*[2]">` + patchLocation + `</replace>`, "one/0.m4s", ""},
		{"slash in a value", `<replace sel="/MPD/Period[@id='a/b']"><Period/></replace>`, "", "0 nodes fit"},
		{"several fit", `<remove sel="/MPD/*"/>`, "", "3 nodes fit"},
		{"unknown operation", `<move sel="/MPD"/>`, "", "not an operation"},
		{"unknown path", `<remove sel="//MPD"/>`, "", "is not understood"},
		{"unknown condition", `<remove sel="/MPD/BaseURL[last()]"/>`, "", "the condition [last()] is not understood"},
		{"unknown position", `<add sel="/MPD" pos="under"/>`, "", `pos="under" is not known`},
		{"no path", `<remove/>`, "", "no sel"},
		{"no such attribute", `<replace sel="/MPD/@x">1</replace>`, "", "an attribute that is not there"},
		{"root removed", `<remove sel="/MPD"/>`, "", "it leaves no document"},
		{"two for one", `<replace sel="/MPD/BaseURL"><BaseURL/><BaseURL/></replace>`, "", "by one element"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			patch := `<Patch mpdId="m" originalPublishTime="2024-01-01T00:00:10Z" publishTime="2024-01-01T00:00:12Z">` + tt.op + `</Patch>`
			s := &server{files: map[string]string{"next.mpp": patch, "m.mpd": strings.Replace(doc, "one/", "whole/", 1)}}
			next, err := parse(t, doc).Live.Updater.Update(later, s.get)
			if err != nil || next == nil {
				t.Fatalf("got %v, %v", next, err)
			}
			want := tt.url
			if tt.err != "" {
				want = "whole/0.m4s"
				if len(next.Findings) != 1 || !strings.Contains(next.Findings[0].Message, tt.err) {
					t.Errorf("findings %v, want %q", next.Findings, tt.err)
				}
			}
			if got := next.Periods[0].Sets[0].Representations[0].Segments.At(0).URL; !strings.HasSuffix(got, "/dir/"+want) {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// TestParse_Seed draws among base URLs: the same seed gives the same order, and the weights count.
func TestParse_Seed(t *testing.T) {
	doc := strings.Replace(wrap(`<Representation id="1"><SegmentTemplate duration="5" media="$Number$"/></Representation>`), "<Period", `
<BaseURL xmlns:dvb="urn:dvb:dash:dash-extensions:2014-1" dvb:priority="2" serviceLocation="last">http://last.example/</BaseURL>
<BaseURL xmlns:dvb="urn:dvb:dash:dash-extensions:2014-1" dvb:priority="1" dvb:weight="9" serviceLocation="often">http://often.example/</BaseURL>
<BaseURL xmlns:dvb="urn:dvb:dash:dash-extensions:2014-1" dvb:priority="1" dvb:weight="1" serviceLocation="seldom">http://seldom.example/</BaseURL><Period`, 1)
	count := map[string]int{}
	for seed := range uint64(200) {
		var both []string
		for range 2 {
			p, err := dash.Parse([]byte(doc), dash.Options{BaseURL: origin, Seed: seed})
			if err != nil {
				t.Fatal(err)
			}
			s := p.Periods[0].Sets[0].Representations[0].Segments.At(0)
			both = append(both, strings.Join(s.Locations, " "))
			if !strings.HasPrefix(s.URL, "http://"+s.Locations[0]) || len(s.Alternatives) != 2 || s.Locations[2] != "last" {
				t.Fatalf("seed %d: %+v", seed, s)
			}
		}
		if both[0] != both[1] {
			t.Fatalf("seed %d: %q", seed, both)
		}
		count[both[0]]++
	}
	if n := count["often seldom last"]; n < 165 || n > 195 {
		t.Errorf("the heavier one is first %d times of 200", n)
	}
}
