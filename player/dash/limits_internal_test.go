package dash

import (
	"errors"
	"io"
	"strings"
	"testing"

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
