package media_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"mseplayer/mse/media"
)

func TestTime(t *testing.T) {
	// The conformance suite's value: two roundings must not creep in.
	ten, one, rate := 10.0, 1.0, 24.0 // variables: constants would be added exactly
	if got, want := media.FromTicks(10, 24).Add(media.SpanFromTicks(1, 24)), media.Time(ten/rate+one/rate); got != want {
		t.Errorf("10/24 + 1/24 = %v, want %v", got, want)
	}
	if got := media.FromTicks(5, 0); got != 5 {
		t.Errorf("timescale 0: %v", got)
	}
	for _, c := range []struct {
		d    media.Span
		want time.Duration
	}{{0.0000000005, 1}, {1.5, 1500 * time.Millisecond}, {media.Span(math.Inf(1)), math.MaxInt64}, {media.Span(math.Inf(-1)), math.MinInt64}, {media.Span(math.NaN()), 0}} {
		if got := c.d.Duration(); got != c.want {
			t.Errorf("%v as a duration: %v, want %v", float64(c.d), got, c.want)
		}
	}
	for _, c := range []struct {
		t    media.Time
		want string
	}{{0, "0:00.000"}, {59.9996, "1:00.000"}, {61.25, "1:01.250"}, {3600, "1:00:00.000"}, {-1.5, "-0:01.500"}, {media.Forever, "+Inf"}} {
		if got := c.t.Clock(); got != c.want {
			t.Errorf("%v: %s, want %s", float64(c.t), got, c.want)
		}
	}
}

// TestRanges compares the set operations with membership of single points.
func TestRanges(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	draw := func() media.Ranges {
		var rs []media.Range
		for range r.IntN(6) {
			a := media.Time(r.IntN(40))
			rs = append(rs, media.Range{Start: a, End: a + media.Time(r.IntN(6))})
		}
		return media.NewRanges(rs...)
	}
	for range 5000 {
		a, b := draw(), draw()
		u, n, d := a.Union(b), a.Intersect(b), a.Subtract(b)
		for _, s := range []media.Ranges{a, b, u, n, d} {
			for i, x := range s {
				if x.Start >= x.End || i > 0 && s[i-1].End >= x.Start {
					t.Fatalf("%s is not normalized", s)
				}
			}
		}
		for p := media.Time(-0.5); p < 50; p += 0.5 {
			_, ina := a.Find(p)
			_, inb := b.Find(p)
			for _, c := range []struct {
				name string
				set  media.Ranges
				want bool
			}{{"union", u, ina || inb}, {"intersection", n, ina && inb}, {"difference", d, ina && !inb}} {
				if _, got := c.set.Find(p); got != c.want {
					t.Fatalf("%s and %s: %s %s at %s: %v, want %v", a, b, c.name, c.set, p, got, c.want)
				}
			}
		}
	}
	if got, ok := (media.Ranges{{Start: 0, End: 1}, {Start: 2, End: 3}}).Next(0.5); !ok || got.Start != 2 {
		t.Errorf("next range after 0.5: %v %v", got, ok)
	}
	if got := (media.Ranges{}).String() + (media.Ranges{{Start: 0, End: 0.5}, {Start: 1, End: 2}}).String(); got != "[][0,0.5) [1,2)" {
		t.Errorf("text: %s", got)
	}
}
