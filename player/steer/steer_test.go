package steer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mseplayer/player/manifest"
	"mseplayer/player/steer"
)

// three is a resource at three locations.
var three = manifest.Resource{URL: "https://a.example/x?t=1", Alternatives: []string{"https://b.example/x", "https://c.example/x"}, Locations: []string{"A", "B", "C"}}

// bare is one whose places have no names.
var bare = manifest.Resource{URL: "https://a.example/x", Alternatives: []string{"https://b.example/x", "https://A.example/y"}}

// based is one at three base URLs of two hosts.
var based = manifest.Resource{URL: "https://a.example/up/x", Alternatives: []string{"https://a.example/down/x", "https://b.example/x"},
	Bases: []string{"https://a.example/up/", "https://a.example/down/", "https://b.example/"}}

// away is the error of a host that cannot be reached.
type away struct{}

func (away) Error() string     { return "refused" }
func (away) Unreachable() bool { return true }

var errCut = fmt.Errorf("try: %w", away{})

func order(r *steer.Router, res manifest.Resource, now time.Time) string {
	var s []string
	for _, p := range r.Places(res, now) {
		s = append(s, fmt.Sprint(p.Location, p.Index))
	}
	return strings.Join(s, " ")
}

func place(res manifest.Resource, i int) steer.Place {
	return steer.Place{Index: i, URL: append([]string{res.URL}, res.Alternatives...)[i], Location: append(slices.Clone(res.Locations), "", "", "")[i],
		Base: append(slices.Clone(res.Bases), "", "", "")[i]}
}

func TestRouter_Places(t *testing.T) {
	t0 := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name   string
		prefer []string
		failed []int
		err    error
		res    manifest.Resource
		after  time.Duration
		want   string
	}{
		{"as written", nil, nil, nil, three, 0, "A0 B1 C2"},
		{"preferred", []string{"C", "A"}, nil, nil, three, 0, "C2 A0 B1"},
		{"unknown ones", []string{"X", "B"}, nil, nil, three, 0, "B1 A0 C2"},
		{"failed", nil, []int{0}, nil, three, 0, "B1 C2 A0"},
		{"failed, preferred", []string{"C", "A", "B"}, []int{2}, nil, three, 0, "A0 B1 C2"},
		{"failed, just before the end", nil, []int{0}, nil, three, time.Minute - 1, "B1 C2 A0"},
		{"failed, over", nil, []int{0}, nil, three, time.Minute, "A0 B1 C2"},
		{"all failed", []string{"B"}, []int{0, 1, 2}, nil, three, 0, "B1 A0 C2"},
		{"by host", nil, []int{0}, nil, bare, 0, "1 0 2"},
		{"names only for some", []string{"A"}, nil, nil, manifest.Resource{URL: "x:a", Alternatives: []string{"x:b"}, Locations: []string{"", "A"}}, 0, "A1 0"},
		{"local", nil, []int{0}, nil, manifest.Resource{URL: "file:///a", Alternatives: []string{"file:///b"}}, 0, "0 1"},
		{"by base", nil, []int{0}, nil, based, 0, "1 2 0"},
		{"no way to the host", nil, []int{0}, errCut, based, 0, "2 0 1"},
		{"no way to the host of a location", nil, []int{0}, errCut, manifest.Resource{URL: "http://a/x", Alternatives: []string{"http://a/y", "http://b/x"}, Locations: []string{"A", "B", "C"}}, 0, "C2 A0 B1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r steer.Router
			r.Prefer(tt.prefer)
			for _, i := range tt.failed {
				r.Failed(place(tt.res, i), tt.err, t0)
			}
			if got := order(&r, tt.res, t0.Add(tt.after)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestRouter_Penalty follows the length of the exclusions of a place that fails again and again.
func TestRouter_Penalty(t *testing.T) {
	var r steer.Router
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	a := place(three, 0)
	var got []time.Duration
	for i := range 7 {
		if i == 6 {
			r.Succeeded(a, 0, 0)
		}
		r.Failed(a, nil, now)
		r.Failed(a, nil, now.Add(time.Second)) // the other requests that were under way
		d := time.Duration(0)
		for order(&r, three, now.Add(d)) != "A0 B1 C2" {
			d += time.Second
		}
		got = append(got, d)
		now = now.Add(d)
	}
	if s := fmt.Sprint(got); s != "[1m0s 2m0s 4m0s 8m0s 8m0s 8m0s 1m0s]" {
		t.Errorf("got %s", s)
	}
}

func TestRouter_Bounded(t *testing.T) {
	var r steer.Router
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 1000 {
		r.Failed(steer.Place{URL: fmt.Sprintf("https://h%d.example/", i)}, nil, now.Add(time.Duration(i)*time.Millisecond))
	}
	res := manifest.Resource{URL: "https://h0.example/", Alternatives: []string{"https://h999.example/", "https://x.example/"}}
	if got := order(&r, res, now); got != "0 2 1" {
		t.Errorf("got %s, want the oldest forgotten and the latest known", got)
	}
}

func TestRouter_Try(t *testing.T) {
	now := func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }
	var r steer.Router
	var asked []string
	try := func(bad ...string) error {
		asked = nil
		return r.Try(t.Context(), three, now, func(p steer.Place) error {
			asked = append(asked, p.Location)
			if slices.Contains(bad, p.Location) {
				return errors.New(p.Location + " failed")
			}
			return nil
		})
	}
	if err := try("A", "B"); err != nil || fmt.Sprint(asked) != "[A B C]" {
		t.Errorf("asked %v: %v", asked, err)
	}
	if err := try(); err != nil || fmt.Sprint(asked) != "[C]" {
		t.Errorf("asked %v: %v", asked, err)
	}
	if err := try("A", "B", "C"); err == nil || err.Error() != "C failed" || fmt.Sprint(asked) != "[C A B]" {
		t.Errorf("asked %v: %v", asked, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	asked = nil
	err := r.Try(ctx, three, now, func(p steer.Place) error { asked = append(asked, p.Location); cancel(); return ctx.Err() })
	if !errors.Is(err, context.Canceled) || len(asked) != 1 {
		t.Errorf("after the end: asked %v: %v", asked, err)
	}
}

func TestParse(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"hls", `{"VERSION":1,"TTL":30,"RELOAD-URI":"r?x=1","PATHWAY-PRIORITY":["B","A"]}`, "30s r?x=1 [B A] []"},
		{"dash draft", `{"VERSION":1,"SERVICE-LOCATION-PRIORITY":["b"],"SOMETHING":{"x":[1]}}`, "5m0s  [b] []"},
		{"ttl too short", `{"VERSION":1,"TTL":0.1,"PATHWAY-PRIORITY":["A"]}`, "2s  [A] []"},
		{"ttl too long", `{"VERSION":1,"TTL":1e300,"PATHWAY-PRIORITY":["A"]}`, "24h0m0s  [A] []"},
		{"ttl is text", `{"VERSION":1,"TTL":"soon","PATHWAY-PRIORITY":["A"]}`, "5m0s  [A] []"},
		{"clone", `{"VERSION":1,"PATHWAY-PRIORITY":["D"],"PATHWAY-CLONES":[{"BASE-ID":"A","ID":"D","URI-REPLACEMENT":{"HOST":"d.example:81","PARAMS":{"k":"v"}}}]}`, "5m0s  [D] [{A D d.example:81 map[k:v] map[]}]"},
		{"URIs of a clone", `{"VERSION":1,"PATHWAY-PRIORITY":["D"],"PATHWAY-CLONES":[{"BASE-ID":"A","ID":"D","URI-REPLACEMENT":{"PER-VARIANT-URIS":{"v1":"http://x/v","":"y"},"PER-RENDITION-URIS":{"v1":"http://x/r","a":""}}}]}`,
			"5m0s  [D] [{A D  map[] map[rendition v1:http://x/r variant v1:http://x/v]}]"},
		{"clones that are left out", `{"VERSION":1,"PATHWAY-PRIORITY":["D"],"PATHWAY-CLONES":[{"BASE-ID":"A","ID":"A"},{"ID":"x"},{"BASE-ID":"A","ID":"D","URI-REPLACEMENT":{"HOST":"u:p@h/x"}},` +
			`{"BASE-ID":"","ID":"E","URI-REPLACEMENT":{"PER-VARIANT-URIS":{"v1":"http://x/"}}}]}`, "5m0s  [D] []"},
		{"no version", `{"PATHWAY-PRIORITY":["A"]}`, "!VERSION is missing"},
		{"another version", `{"VERSION":2,"PATHWAY-PRIORITY":["A"]}`, "!version 2; only version 1"},
		{"nothing preferred", `{"VERSION":1,"PATHWAY-PRIORITY":[""]}`, "!PATHWAY-PRIORITY is empty"},
		{"no json", "<html>", "!no steering document: invalid character"},
		{"wrong type", `{"VERSION":1,"PATHWAY-PRIORITY":"A"}`, "!no steering document"},
		{"too long", strings.Repeat(" ", 70000), "!more than 65536 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, err := steer.Parse([]byte(tt.text))
			if part, bad := strings.CutPrefix(tt.want, "!"); bad {
				if err == nil || !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), "\n") {
					t.Errorf("got %v, want %q", err, part)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprintf("%v %s %v %v", d.TTL, d.Reload, d.Priority, d.Clones); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestRouter_Clones(t *testing.T) {
	var r steer.Router
	r.Apply(&steer.Document{Priority: []string{"E", "D", "B"}, Clones: []steer.Clone{
		{Base: "A", ID: "D", Host: "d.example:81", Params: map[string]string{"t": "2 3", "k": "&"}},
		{Base: "D", ID: "E", Host: "e.example"}, {Base: "A", ID: "B", Host: "no.example"}, {Base: "X", ID: "Y", Host: "no.example"}}})
	var got []string
	for _, p := range r.Places(three, time.Time{}) {
		got = append(got, fmt.Sprint(p.Index, " ", p.URL))
	}
	want := []string{"0 https://e.example/x?k=%26&t=2+3", "0 https://d.example:81/x?k=%26&t=2+3", "1 https://b.example/x", "0 https://a.example/x?t=1", "2 https://c.example/x"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// TestRouter_ClonesOfPlaylists: a clone's own URL of a playlist takes the place of what would follow from its host; it cannot
// lead where the manifest could not.
func TestRouter_ClonesOfPlaylists(t *testing.T) {
	var r steer.Router
	r.Apply(&steer.Document{Priority: []string{"D"}, Clones: []steer.Clone{{Base: "A", ID: "D", Host: "d.example", Params: map[string]string{"k": "v"},
		URLs: map[string]string{"variant v": "https://x.example/own?q=1", "rendition v": "../r.m3u8", "variant local": "file:///etc/passwd"}}}})
	for _, tt := range []struct{ stable, want string }{
		{manifest.StableVariant("v"), "https://x.example/own?q=1&k=v D"},
		{manifest.StableRendition("v"), "https://a.example/r.m3u8?k=v D"},
		{manifest.StableVariant("other"), "https://d.example/dir/x?k=v D"},
		{"", "https://a.example/dir/x A"},
		{manifest.StableVariant("local"), "https://a.example/dir/x A"},
	} {
		res := manifest.Resource{URL: "https://a.example/dir/x", Locations: []string{"A"}, Stable: tt.stable}
		p := r.Places(res, time.Time{})[0]
		if got := p.URL + " " + p.Location; got != tt.want {
			t.Errorf("%q: got %s, want %s", tt.stable, got, tt.want)
		}
	}
}

// TestPoller lets a server steer for half an hour, in which it fails, moves and at last is gone.
func TestPoller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var asked, failures []string
		answers := []string{
			`{"VERSION":1,"TTL":10,"RELOAD-URI":"/r?s=1","PATHWAY-PRIORITY":["B","A"]}`,
			`{"VERSION":1,"TTL":60,"PATHWAY-PRIORITY":["C"]}`,
			"!timeout", `{"VERSION":7}`,
			`{"VERSION":1,"TTL":600,"RELOAD-URI":"file:///etc/passwd","PATHWAY-PRIORITY":["A"]}`,
			"gone",
		}
		pres := &manifest.Presentation{Format: manifest.HLS, URL: "https://h.example/m.m3u8",
			Steering: &manifest.Steering{URL: "https://s.example/a?_HLS_pathway=x&q=1", Default: []string{"C"}}}
		var r steer.Router
		p, err := steer.NewPoller(pres, &r, func(_ context.Context, u string) (steer.Answer, error) {
			a := answers[0]
			answers = answers[1:]
			asked = append(asked, fmt.Sprint(time.Since(start), " ", u, " ", order(&r, three, time.Now())))
			switch {
			case a == "gone":
				return steer.Answer{}, steer.ErrGone
			case a[0] == '!':
				return steer.Answer{}, errors.New(a[1:])
			}
			r.Succeeded(steer.Place{Location: "A"}, 1000, time.Second)
			r.Succeeded(steer.Place{Location: "B"}, 125_000, time.Second)
			r.Succeeded(steer.Place{Location: "B"}, 125_000, 0)
			return steer.Answer{Text: []byte(a), URL: "https://t.example/redirected"}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.Run(t.Context(), true, func(err error) { failures = append(failures, err.Error()) })
		want := []string{
			"0s https://s.example/a?_HLS_pathway=x&q=1 C2 A0 B1",
			"10s https://t.example/r?s=1&_HLS_pathway=%22B%22&_HLS_throughput=2000000 B1 A0 C2",
			"1m10s https://t.example/r?s=1&_HLS_pathway=%22B%22&_HLS_throughput=2000000 C2 A0 B1",
			"2m10s https://t.example/r?s=1&_HLS_pathway=%22B%22 C2 A0 B1",
			"3m10s https://t.example/r?s=1&_HLS_pathway=%22B%22&_HLS_throughput=2000000 C2 A0 B1",
			"13m10s https://t.example/r?s=1&_HLS_pathway=%22B%22&_HLS_throughput=2000000 C2 A0 B1",
		}
		if !slices.Equal(asked, want) {
			t.Errorf("asked\n%s\nwant\n%s", strings.Join(asked, "\n"), strings.Join(want, "\n"))
		}
		if s := strings.Join(failures, "; "); !strings.Contains(s, "steer: timeout; ") || !strings.Contains(s, "version 7") || !strings.Contains(s, "may not point to local files") || len(failures) != 4 {
			t.Errorf("failures: %s", s)
		}
	})
}

// TestPoller_DASH reports all locations that were used, and ends with its context.
func TestPoller_DASH(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		var r steer.Router
		pres := &manifest.Presentation{Format: manifest.DASH, URL: "https://h.example/m.mpd", Steering: &manifest.Steering{URL: "https://s.example/a"}}
		p, err := steer.NewPoller(pres, &r, func(_ context.Context, u string) (steer.Answer, error) {
			asked = append(asked, u)
			r.Succeeded(steer.Place{Location: "A&B"}, 1_000_000, time.Second)
			r.Succeeded(steer.Place{Location: "C"}, 500_000, time.Second)
			return steer.Answer{Text: []byte(`{"VERSION":1,"TTL":100,"PATHWAY-PRIORITY":["A"]}`), URL: u}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Second)
		defer cancel()
		p.Run(ctx, false, nil)
		if s := strings.Join(asked, " "); s != "https://s.example/a https://s.example/a?_DASH_pathway=%22A%26B%2CC%22&_DASH_throughput=8000000%2C4000000" {
			t.Errorf("asked %s", s)
		}
	})
}

// TestPoller_Data reads a document that is in the manifest itself.
func TestPoller_Data(t *testing.T) {
	var r steer.Router
	pres := &manifest.Presentation{Format: manifest.HLS, URL: "https://h.example/a/m.m3u8", Steering: &manifest.Steering{URL: "data:application/json,x"}}
	var asked []string
	p, err := steer.NewPoller(pres, &r, func(_ context.Context, u string) (steer.Answer, error) {
		asked = append(asked, u)
		return steer.Answer{Text: []byte(`{"VERSION":1,"RELOAD-URI":"s","PATHWAY-PRIORITY":["C"]}`), URL: u}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		r.Succeeded(steer.Place{Location: "A"}, 0, 0)
		if err := p.Poll(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if s := strings.Join(asked, " "); s != "data:application/json,x https://h.example/a/s?_HLS_pathway=%22A%22" {
		t.Errorf("asked %s", s)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"VERSION":1,"TTL":10,"PATHWAY-PRIORITY":["D"],"PATHWAY-CLONES":[{"BASE-ID":"A","ID":"D","URI-REPLACEMENT":{"HOST":"h","PARAMS":{"a":"b"}}}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := steer.Parse(b)
		if err != nil {
			return
		}
		if len(d.Priority) == 0 || d.TTL < 2*time.Second || d.TTL > 24*time.Hour {
			t.Errorf("%+v", d)
		}
		var r steer.Router
		r.Apply(d)
		if n := len(r.Places(three, time.Time{})); n < 3 || n > 3+len(d.Clones) {
			t.Errorf("%d places", n)
		}
	})
}

// TestRouter_Version counts what may change the order.
func TestRouter_Version(t *testing.T) {
	t0 := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var r steer.Router
	for i, step := range []struct {
		name string
		do   func()
		want uint64
	}{
		{"an order", func() { r.Prefer([]string{"B"}) }, 1},
		{"the same order", func() { r.Prefer([]string{"B"}) }, 1},
		{"a document with another", func() { r.Apply(&steer.Document{Priority: []string{"A", "B"}}) }, 2},
		{"a document with the same", func() { r.Apply(&steer.Document{Priority: []string{"A", "B"}}) }, 2},
		{"a failure", func() { r.Failed(place(three, 0), nil, t0) }, 3},
		{"the same failure, seen by another request", func() { r.Failed(place(three, 0), nil, t0.Add(time.Second)) }, 3},
		{"a success", func() { r.Succeeded(place(three, 1), 1, time.Second) }, 3},
	} {
		step.do()
		if got := r.Version(); got != step.want {
			t.Errorf("%d, %s: got %d, want %d", i, step.name, got, step.want)
		}
	}
}
