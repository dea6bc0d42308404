package plan_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/manifest"
	"mseplayer/player/stream/plan"
)

var epoch = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

func at(t float64) time.Time { return epoch.Add(time.Duration(t * float64(time.Second))) }

// refs is an Index of what it holds.
type refs []manifest.SegmentRef

func (r refs) Len() int                     { return len(r) }
func (r refs) At(i int) manifest.SegmentRef { return r[i] }
func (r refs) Find(t media.Time) int {
	for i, s := range r {
		if s.End() > t {
			return i
		}
	}
	return len(r)
}

// numbers is an Index without end: segments of two seconds from start on, each there when it is complete.
type numbers struct {
	name  string
	start media.Time
}

func (n numbers) Len() int { return 1 << 30 }
func (n numbers) At(i int) manifest.SegmentRef {
	t := n.start.Add(media.Span(2 * i))
	return manifest.SegmentRef{Resource: manifest.Resource{URL: fmt.Sprintf("%s%d", n.name, i+1)}, Number: int64(i + 1), Start: t, Duration: 2,
		Available: at(float64(t) + 2)}
}
func (n numbers) Find(t media.Time) int { return max(0, int(t.Sub(n.start)/2)) }

// timeline lists segments by their numbers: n covers [2n, 2n+2).
func timeline(name string, from, to int) manifest.Index {
	var r refs
	for n := from; n < to; n++ {
		r = append(r, manifest.SegmentRef{Resource: manifest.Resource{URL: fmt.Sprintf("%s%d", name, n)}, Number: int64(n), Start: media.Time(2 * n), Duration: 2})
	}
	return r
}

type part struct {
	id         string
	start, end float64 // end 0: open
	index      manifest.Index
	reps       []string
}

// grown makes a live presentation of video periods.
func grown(live *manifest.Live, duration float64, parts ...part) *manifest.Presentation {
	p := &manifest.Presentation{Format: manifest.DASH, Live: live}
	if duration > 0 {
		p.Duration = media.Some(media.Time(duration))
	}
	for _, x := range parts {
		per := &manifest.Period{ID: x.id, Start: media.Time(x.start)}
		if x.end > 0 {
			per.End = media.Some(media.Time(x.end))
		}
		set := &manifest.AdaptationSet{ID: "v", Kind: manifest.Video}
		for i, name := range append(x.reps, "r")[:max(1, len(x.reps))] {
			set.Representations = append(set.Representations, &manifest.Representation{ID: name, TrackID: manifest.TrackID(x.id, "v", name), Kind: manifest.Video,
				MIMEType: "video/mp4", Bandwidth: int64(i + 1), Init: &manifest.Resource{URL: "i" + x.id + name}, Segments: x.index})
		}
		per.Sets = []*manifest.AdaptationSet{set}
		p.Periods = append(p.Periods, per)
	}
	return p
}

func video(t *testing.T, p *manifest.Presentation) *plan.Track {
	t.Helper()
	sel, err := plan.Select(p, plan.Rules{})
	if err != nil {
		t.Fatal(err)
	}
	return sel.Video
}

// step takes what there is at now: items, then "~" for a wait without a time, "~12" for one until 12 s, "$" for the end.
func step(tr *plan.Track, now float64, get manifest.Getter) string {
	var out []string
	for range 50 {
		it, err := tr.Next(at(now), get)
		var w *plan.Wait
		switch {
		case err == io.EOF:
			return strings.Join(append(out, "$"), " ")
		case errors.As(err, &w) && w.Until.IsZero():
			return strings.Join(append(out, "~"), " ")
		case errors.As(err, &w):
			return strings.Join(append(out, fmt.Sprintf("~%g", w.Until.Sub(epoch).Seconds())), " ")
		case err != nil:
			return strings.Join(append(out, "!"+err.Error()), " ")
		case it.Gap:
			out = append(out, "gap"+it.URL)
		default:
			out = append(out, it.URL)
		}
	}
	return strings.Join(append(out, "…"), " ")
}

func TestTrack_Live(t *testing.T) {
	live := &manifest.Live{Start: epoch, Depth: 20}
	type do struct {
		now    float64
		update *manifest.Presentation
		seek   float64 // 0: none
		want   string
	}
	open := part{"a", 0, 0, numbers{"n", 0}, nil}
	for _, tt := range []struct {
		name  string
		first *manifest.Presentation
		steps []do
	}{
		{"numbers come when they are complete", grown(live, 0, open), []do{
			{now: 10.5, seek: 6, want: "iar n4 n5 ~12"}, {now: 12, want: "n6 ~14"}, {now: 19, want: "n7 n8 n9 ~20"}}},
		{"a later version goes on where the earlier one was", grown(live, 0, part{"a", 0, 0, timeline("n", 0, 5), nil}), []do{
			{now: 10, seek: 6, want: "iar n3 n4 ~"},
			{now: 12, update: grown(live, 0, part{"a", 0, 0, timeline("n", 1, 6), nil}), want: "n5 ~"},
			{now: 12, update: grown(live, 0, part{"a", 0, 0, timeline("n", 1, 6), nil}), want: "~"},
			{now: 16, update: grown(live, 0, part{"a", 0, 0, timeline("n", 3, 8), nil}), want: "n6 n7 ~"}}},
		{"a version that has lost what comes next goes on with what there is", grown(live, 0, part{"a", 0, 0, timeline("n", 0, 3), nil}), []do{
			{now: 6, want: "iar n0 n1 n2 ~"}, {now: 60, update: grown(live, 0, part{"a", 0, 0, timeline("n", 20, 22), nil}), want: "n20 n21 ~"}}},
		{"a period that ends is followed by one that comes later", grown(live, 0, open), []do{
			{now: 8, seek: 6, want: "iar n4 ~10"},
			{now: 8, update: grown(live, 0, part{"a", 0, 10, numbers{"n", 0}, nil}), want: "~10"},
			{now: 10, want: "n5 ~"},
			{now: 11, update: grown(live, 0, part{"a", 0, 10, numbers{"n", 0}, nil}, part{"b", 10, 0, numbers{"m", 10}, nil}), want: "~12"},
			{now: 12, want: "ibr m1 ~14"},
			{now: 14, update: grown(live, 0, part{"b", 10, 0, numbers{"m", 10}, nil}), want: "m2 ~16"}}},
		{"a period that turns out to have ended before what was taken", grown(live, 0, open), []do{
			{now: 8, seek: 4, want: "iar n3 n4 ~10"},
			{now: 10, update: grown(live, 0, part{"a", 0, 7, numbers{"n", 0}, nil}, part{"b", 7, 0, numbers{"m", 7}, nil}), want: "ibr m1 ~11"}}},
		{"what ends, ends", grown(live, 0, open), []do{
			{now: 8, seek: 6, want: "iar n4 ~10"},
			{now: 10, update: grown(live, 12, part{"a", 0, 12, numbers{"n", 0}, nil}), want: "n5 ~12"},
			{now: 12, want: "n6 $"}}},
		{"it becomes static", grown(live, 0, part{"a", 0, 0, timeline("n", 0, 2), nil}), []do{
			{now: 4, want: "iar n0 n1 ~"}, {now: 5, update: grown(nil, 6, part{"a", 0, 6, timeline("n", 0, 3), nil}), want: "n2 $"}}},
		{"the representation is kept by name", grown(live, 0, part{"a", 0, 0, timeline("n", 0, 1), []string{"lo", "hi"}}), []do{
			{now: 2, want: "ialo n0 ~"},
			{now: 4, update: grown(live, 0, part{"a", 0, 0, timeline("n", 0, 2), []string{"less", "lo", "hi"}}), want: "n1 ~"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tr := video(t, tt.first)
			for i, d := range tt.steps {
				if d.update != nil {
					tr.Update(video(t, d.update))
				}
				if d.seek > 0 {
					tr.Seek(media.Time(d.seek))
				}
				want(t, fmt.Sprintf("step %d", i), step(tr, d.now, noGet(t)), d.want)
			}
		})
	}
}

// list is a Lazy that answers with one version after the other.
type list struct {
	versions []manifest.List
	loads    int
	err      error
}

func (l *list) Load(manifest.Getter) (*manifest.List, error) {
	if l.err != nil {
		return nil, l.err
	}
	v := l.versions[min(l.loads, len(l.versions)-1)]
	l.loads++
	return &v, nil
}

func lazily(l *list) *plan.Track {
	rep := &manifest.Representation{ID: "r", TrackID: "p0/v/r", Kind: manifest.Video, MIMEType: "video/mp4", Lazy: l, Floating: true}
	set := &manifest.AdaptationSet{ID: "v", Kind: manifest.Video, Representations: []*manifest.Representation{rep}}
	return plan.NewTrack(plan.Choice{Period: &manifest.Period{ID: "0"}, Set: set, Representations: set.Representations})
}

func TestTrack_ListThatGrows(t *testing.T) {
	growing := func(from, to int, reload float64) manifest.List {
		return manifest.List{Index: timeline("s", from, to), Growing: true, Reload: time.Duration(reload * float64(time.Second)), Live: &manifest.Live{Depth: 6}}
	}
	l := &list{versions: []manifest.List{growing(0, 2, 4), growing(0, 2, 2), growing(1, 4, 4), {Index: timeline("s", 1, 5)}}}
	tr := lazily(l)
	if tr.Live() != nil {
		t.Error("it is live before the list is known")
	}
	want(t, "first", step(tr, 0, noGet(t)), "s0 s1 ~4")
	if tr.Live() == nil {
		t.Error("it is not live")
	}
	want(t, "nothing new", step(tr, 4, noGet(t)), "~6")
	want(t, "too early", step(tr, 5, noGet(t)), "~6")
	want(t, "two more", step(tr, 6.5, noGet(t)), "s2 s3 ~10.5")
	l.err = errors.New("outage")
	want(t, "failure", step(tr, 11, noGet(t)), "~13") // what is known stays good for half the time
	want(t, "failure at its end", step(tr, 13, noGet(t)), "~15")
	l.err = nil
	want(t, "the end", step(tr, 16, noGet(t)), "s4 $")
	if l.loads != 4 {
		t.Errorf("loaded %d times", l.loads)
	}

	// A server that answers when there is something new is asked again at once, but not without end.
	l = &list{versions: []manifest.List{growing(0, 1, 0), growing(0, 1, 0), growing(0, 2, 0)}}
	tr = lazily(l)
	want(t, "blocking", step(tr, 0, noGet(t)), "s0 ~0.05")
	want(t, "blocking, nothing new", step(tr, 0.1, noGet(t)), "~0.15")
	want(t, "blocking, one more", step(tr, 0.2, noGet(t)), "s1 ~0.25")
}

func TestTrack_InitsAndGaps(t *testing.T) {
	a, b := &manifest.Resource{URL: "A"}, &manifest.Resource{URL: "B", Range: manifest.Range{End: 5}}
	index := refs{
		{Resource: manifest.Resource{URL: "1"}, Start: 0, Duration: 2, Init: a},
		{Resource: manifest.Resource{URL: "2"}, Start: 2, Duration: 2, Init: &manifest.Resource{URL: "A"}},
		{Resource: manifest.Resource{URL: "3"}, Start: 4, Duration: 2, Init: b, Gap: true},
		{Resource: manifest.Resource{URL: "4"}, Start: 6, Duration: 2, Init: b, Discontinuity: 1, Key: &manifest.Key{Method: manifest.AES128}, IV: [16]byte{7}},
		{Resource: manifest.Resource{URL: "5"}, Start: 8, Duration: 2},
	}
	tr := lazily(&list{versions: []manifest.List{{Init: a, Index: index}}})
	want(t, "walk", step(tr, 0, noGet(t)), "A 1 2 gap3 B 4 A 5 $")
	tr.Seek(7)
	want(t, "again", step(tr, 0, noGet(t)), "B 4 A 5 $")
	tr.Seek(9)
	want(t, "nothing to initialize", step(tr, 0, noGet(t)), "5 $")
	tr.Forget()
	tr.Seek(7)
	if it, err := tr.Next(epoch, noGet(t)); err != nil || !it.Init || it.Range.End != 5 {
		t.Errorf("got %+v, %v", it, err)
	}
	it, err := tr.Next(epoch, noGet(t))
	if err != nil || it.Discontinuity != 1 || it.Key == nil || it.IV[0] != 7 || it.Start != 6 {
		t.Errorf("got %+v, %v", it, err)
	}
}

func TestTrack_Extent(t *testing.T) {
	live := &manifest.Live{Start: epoch, Depth: 20}
	for _, tt := range []struct {
		name string
		p    *manifest.Presentation
		now  float64
		want plan.Extent
	}{
		{"numbers", grown(live, 0, part{"a", 0, 0, numbers{"n", 0}, nil}), 101, plan.Extent{Range: media.Range{Start: 80, End: 100}, Segment: 2, Lead: 2}},
		{"numbers at the beginning", grown(live, 0, part{"a", 0, 0, numbers{"n", 0}, nil}), 7, plan.Extent{Range: media.Range{Start: 0, End: 6}, Segment: 2, Lead: 2}},
		{"nothing yet", grown(live, 0, part{"a", 0, 0, numbers{"n", 0}, nil}), 1, plan.Extent{}},
		{"a timeline says what there is", grown(live, 0, part{"a", 0, 0, timeline("n", 50, 53), nil}), 1, plan.Extent{Range: media.Range{Start: 100, End: 106}, Segment: 2, Lead: 2}},
		{"two periods", grown(live, 0, part{"a", 0, 50, numbers{"n", 0}, nil}, part{"b", 50, 0, numbers{"m", 50}, nil}), 61, plan.Extent{Range: media.Range{Start: 40, End: 60}, Segment: 2, Lead: 2}},
		{"the next period has not begun", grown(live, 0, part{"a", 0, 50, numbers{"n", 0}, nil}, part{"b", 50, 0, numbers{"m", 50}, nil}), 51, plan.Extent{Range: media.Range{Start: 30, End: 50}, Segment: 2, Lead: 2}},
		{"segments that are made ahead of their time", ahead(live), 101, plan.Extent{Range: media.Range{Start: 82, End: 102}, Segment: 2, Lead: 2}},
		{"complete", grown(nil, 10, part{"a", 0, 10, timeline("n", 0, 5), nil}), 1, plan.Extent{Range: media.Range{Start: 0, End: 10}, Segment: 2, Lead: 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := video(t, tt.p).Extent(at(tt.now), noGet(t))
			if err != nil || got != tt.want {
				t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
}

// ahead is a presentation all of whose segments are there already.
func ahead(live *manifest.Live) *manifest.Presentation {
	p := grown(live, 0, part{"a", 0, 0, early{numbers{"n", 0}}, nil})
	p.Periods[0].Sets[0].Representations[0].Addressing = manifest.Nominal
	return p
}

type early struct{ numbers }

func (e early) At(i int) manifest.SegmentRef {
	s := e.numbers.At(i)
	s.Available = time.Time{}
	return s
}

func TestTrack_EndIsKnown(t *testing.T) {
	live := &manifest.Live{Start: epoch, Depth: 20}
	for _, tt := range []struct {
		name  string
		tr    *plan.Track
		end   media.Time
		known bool
	}{
		{"static", video(t, grown(nil, 6, part{"a", 0, 6, timeline("n", 0, 3), nil})), 6, true},
		{"live", video(t, grown(live, 0, part{"a", 0, 0, timeline("n", 0, 3), nil})), 6, false},
		{"live with a known end", video(t, grown(live, 60, part{"a", 0, 60, numbers{"n", 0}, nil})), 60, true},
		{"a list that grows", lazily(&list{versions: []manifest.List{{Index: timeline("s", 0, 3), Growing: true, Reload: 1}}}), 6, false},
		{"a list that does not", lazily(&list{versions: []manifest.List{{Index: timeline("s", 0, 4)}}}), 8, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			end, known, err := tt.tr.End(epoch, noGet(t))
			if err != nil || end != tt.end || known != tt.known {
				t.Errorf("got %s, %v, %v", end, known, err)
			}
		})
	}
}

// TestTrack_Hint takes a part that is announced with a guess at its length, and goes on with what follows it, whichever
// part it turns out to have been.
func TestTrack_Hint(t *testing.T) {
	ref := func(number int64, sub int, start, length float64, hint bool) manifest.SegmentRef {
		return manifest.SegmentRef{Resource: manifest.Resource{URL: fmt.Sprintf("%d.%d", number, sub)}, Number: number, Sub: sub,
			Start: media.Time(start), Duration: media.Span(length), Hint: hint}
	}
	version := func(r ...manifest.SegmentRef) manifest.List { return manifest.List{Index: refs(r), Growing: true} }
	first := ref(1, 1, 0, 0.25, false)
	another := ref(2, 1, 0.25, 0.25, false)
	another.URL = "1.2" // announced as a part of the segment before
	for _, tt := range []struct {
		name string
		then manifest.List
		want string
	}{
		{"as long as said", version(first, ref(1, 2, 0.25, 0.25, false), ref(1, 3, 0.5, 0.25, true)), "1.3 ~0.15"},
		{"the short last part of its segment", version(first, ref(1, 2, 0.25, 0.04, false), ref(2, 1, 0.29, 0.25, false), ref(2, 2, 0.54, 0.25, true)), "2.1 2.2 ~0.15"},
		{"the first part of the next", version(first, another, ref(2, 2, 0.5, 0.25, true)), "2.2 ~0.15"},
		{"not listed yet", version(first), "~0.15"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tr := lazily(&list{versions: []manifest.List{version(first, ref(1, 2, 0.25, 0.25, true)), tt.then}})
			want(t, "announced", step(tr, 0, noGet(t)), "1.1 1.2 ~0.05")
			want(t, "listed", step(tr, 0.1, noGet(t)), tt.want)
		})
	}
}
