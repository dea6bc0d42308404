package dash

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/Eyevinn/dash-mpd/mpd"

	"mseplayer/player/manifest"
)

// TestFilter_Limits starts the counters just below their limits, so that a handful of elements crosses them.
func TestFilter_Limits(t *testing.T) {
	const entries = "<MPD><Period><SegmentList><SegmentURL/><SegmentTimeline><S/></SegmentTimeline></SegmentList></Period></MPD>"
	for _, tt := range []struct {
		name, doc string
		set       func(*filter)
		msg       string // "" = passes
	}{
		{"entries fit", entries, func(f *filter) { f.entries = maxEntries - 2 }, ""},
		{"entries", entries, func(f *filter) { f.entries = maxEntries - 1 }, "more than 1048576 elements such as <S>"},
		{"representations", "<MPD><Period><AdaptationSet><Representation/></AdaptationSet></Period></MPD>", func(f *filter) { f.representations = maxRepresentations }, "more than 65536 elements such as <Representation>"},
		{"sets", "<MPD><Period><AdaptationSet/></Period></MPD>", func(f *filter) { f.sets = maxSets }, "more than 65536 elements such as <AdaptationSet>"},
		{"others", "<MPD><BaseURL/></MPD>", func(f *filter) { f.elements = maxElements - 1 }, "more than 262144 elements such as <BaseURL>"},
		{"children", "<MPD>" + strings.Repeat("<EssentialProperty/>", 257) + "</MPD>", func(*filter) {}, "<MPD> has more than 256 elements such as <EssentialProperty>"},
		{"children of each its own", "<MPD>" + strings.Repeat("<Period>"+strings.Repeat("<BaseURL/>", 200)+"</Period>", 2) + "</MPD>", func(*filter) {}, ""},
		{"left-out elements are free", "<MPD><x/><x/><x/></MPD>", func(f *filter) { f.elements = maxElements - 1 }, ""},
		{"remotes", `<MPD xmlns:xlink="http://www.w3.org/1999/xlink"><Period xlink:href="x"/></MPD>`, func(f *filter) { f.remotes = maxRemotes }, "more than 64 remote elements"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var fs manifest.Findings
			f := &filter{findings: &fs, facts: &facts{}}
			f.sources = append(f.sources, f.newSource([]byte(tt.doc)))
			tt.set(f)
			var err error
			for err == nil {
				_, err = f.Token()
			}
			if tt.msg == "" {
				if !errors.Is(err, io.EOF) {
					t.Fatalf("got %v, want the end", err)
				}
				return
			}
			var e *manifest.Error
			if !errors.As(err, &e) || e.Code != manifest.CodeLimits || !strings.Contains(e.Msg, tt.msg) {
				t.Fatalf("got %v, want manifest.limits with %q", err, tt.msg)
			}
		})
	}
}

// TestBuilder_CompileLimit has compiled as many timeline entries as it may.
func TestBuilder_CompileLimit(t *testing.T) {
	b := &builder{entries: maxCompiled - 1, findings: &manifest.Findings{}}
	p, r := &manifest.Period{}, &manifest.Representation{Timescale: 1}
	one := &mpd.MultipleSegmentBaseType{SegmentTimeline: &mpd.SegmentTimelineType{S: []*mpd.S{{D: 2}}}}
	if tl, bad := b.compile(place{}, p, r, one, 1, false, 9); bad != nil || tl.len() != 1 {
		t.Fatalf("got %v, %v; want the last one that fits", tl, bad)
	}
	if _, bad := b.compile(place{}, p, r, one, 1, false, 9); bad == nil || bad.code != manifest.CodeLimits {
		t.Fatalf("got %v, want manifest.limits", bad)
	}
}

// TestPatch_Limits gives documents and patches more than they may hold.
func TestPatch_Limits(t *testing.T) {
	const doc = `<MPD id="m" publishTime="1"><a/></MPD>`
	patch := func(ops string) string { return `<Patch mpdId="m" originalPublishTime="1">` + ops + `</Patch>` }
	wide := `<MPD id="m" publishTime="1">` + strings.Repeat("<a/>", 2000) + `<b/></MPD>`
	for _, tt := range []struct{ name, doc, patch, msg string }{
		{"operations", doc, patch(strings.Repeat("<x/>", maxPatchOps+1)), "more than 65536 operations"},
		{"work", wide, patch(strings.Repeat(`<add sel="/MPD/b" type="@x">1</add>`, maxPatchOps)), "too much work for one patch"},
		{"depth", doc, strings.Repeat("<a>", maxDepth+1), "64 levels"},
		{"attributes", doc, "<Patch" + strings.Repeat(" a='1'", maxAttributes+1) + "/>", "64 attributes"},
		{"cut off", doc, "<Patch><add>", "cut off"},
		{"wrong end", doc, "<Patch></add>", "</add> closes nothing"},
		{"nothing", doc, "", "cut off"},
		{"another document", doc, doc, "the root element is <MPD>, not Patch"},
		{"long path", doc, patch(`<remove sel="/MPD` + strings.Repeat("/a", maxAttributeBytes) + `"/>`), "is no path"},
		{"many steps", doc, patch(`<remove sel="/MPD` + strings.Repeat("/a", maxSteps+1) + `"/>`), "0 nodes fit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if out, err := applyPatch([]byte(tt.doc), []byte(tt.patch)); err == nil || !strings.Contains(err.Error(), tt.msg) {
				t.Fatalf("got %d bytes, %v; want an error with %q", len(out), err, tt.msg)
			}
		})
	}
}

// TestFilter_Events bounds events and their messages.
func TestFilter_Events(t *testing.T) {
	const head, tail = `<MPD><Period><EventStream>`, `</EventStream></Period></MPD>`
	read := func(doc string, events int) (*filter, []manifest.Finding, error) {
		var fs manifest.Findings
		f := &filter{findings: &fs, facts: &facts{}, events: events}
		f.sources = append(f.sources, f.newSource([]byte(doc)))
		var err error
		for err == nil {
			_, err = f.Token()
		}
		return f, fs.List(), err
	}
	if _, _, err := read(head+"<Event/>"+tail, maxEvents); err == nil || !strings.Contains(err.Error(), "more than 16384 elements such as <Event>") {
		t.Errorf("got %v", err)
	}
	f, list, err := read(head+"<Event>"+strings.Repeat("x", maxEventBytes+1)+"</Event><Event>y</Event>"+tail, 0)
	if !errors.Is(err, io.EOF) || len(list) != 2 || !strings.Contains(list[1].Message, "its message is left out: 65537 bytes") {
		t.Fatalf("got %v, %v", err, list)
	}
	if events := f.facts.periods[0].streams[0].events; len(events) != 2 || events[0].data != "" || events[1].data != "y" {
		t.Errorf("got %+v", events)
	}
}

// TestPatch_NameSpaces brings elements of other name spaces into a document: their prefixes come along, the patch's own
// default name space does not.
func TestPatch_NameSpaces(t *testing.T) {
	out, err := applyPatch([]byte(`<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><!-- c --> <a x="&lt;&quot;">t&amp;u</a></MPD>`),
		[]byte(`<p:Patch xmlns:p="urn:mpeg:dash:schema:mpd-patch:2020" xmlns="urn:x" xmlns:cenc="urn:mpeg:cenc:2013" publishTime="2"><p:add sel="/MPD/a" type="namespace::y">urn:y</p:add>
<p:add sel="/MPD"><b><cenc:pssh>AA</cenc:pssh></b></p:add></p:Patch>`))
	const want = `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" publishTime="2"><a x="&lt;&#34;" xmlns:y="urn:y">t&amp;u</a>` +
		`<b xmlns:p="urn:mpeg:dash:schema:mpd-patch:2020" xmlns:cenc="urn:mpeg:cenc:2013"><cenc:pssh>AA</cenc:pssh></b></MPD>`
	if err != nil || string(out) != want {
		t.Errorf("got  %s, %v\nwant %s", out, err, want)
	}
}
