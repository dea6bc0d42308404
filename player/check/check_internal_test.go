package check

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/isobmff"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/player/crypt"
	"mseplayer/player/playertest"
)

// TestCoverage compares with the plain arithmetic of sets, for frames that come in and out of order.
func TestCoverage(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		var c coverage
		var all []media.Range
		tol := c.tolerance()
		at := 0
		for range 1 + r.IntN(60) {
			at += r.IntN(8) - 2
			d := 1 + r.IntN(3)
			f := media.Range{Start: media.Time(at), End: media.Time(at + d)}
			all = append(all, f)
			c.add(f.Start, f.End, 0)
			tol = c.tolerance()
		}
		var widened []media.Range // gaps up to the tolerance vanish when every frame is longer by it
		for _, f := range all {
			widened = append(widened, media.Range{Start: f.Start, End: f.End.Add(tol)})
		}
		var want, got []string
		for _, w := range media.NewRanges(widened...) {
			want = append(want, fmt.Sprintf("%v-%.3f", w.Start, float64(w.End.Add(-tol))))
		}
		for _, s := range c.stretches() {
			got = append(got, fmt.Sprintf("%v-%.3f", s.Start, float64(s.End)))
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Fatalf("seed %d: %v\n got %v\nwant %v", seed, all, got, want)
		}
	}
}

// TestCoverage_Bound adds more stretches than are told apart.
func TestCoverage_Bound(t *testing.T) {
	var c coverage
	for i := range 2 * maxRanges {
		c.add(media.Time(10*i), media.Time(10*i+1), i)
	}
	if n := len(c.stretches()); n != maxRanges {
		t.Errorf("%d stretches", n)
	}
}

// TestPlacer checks that frames get rising times whatever their own are, and that those can be found again.
func TestPlacer(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var p placer
	out := media.Time(0)
	type pair struct{ own, placed media.Time }
	var key []pair
	at := 0.0
	for i := range 2000 {
		if r.IntN(40) == 0 {
			at += r.Float64()*2e6 - 1e6
		}
		f := media.CodedFrame{PTS: media.Time(at), DTS: media.Time(at), Duration: 0.04, RAP: i%5 == 0}
		at += 0.04
		own := f.PTS
		p.place(&f)
		if f.DTS < out {
			t.Fatalf("frame %d at %v goes back from %v to %v", i, own, out, f.DTS)
		}
		out = f.DTS
		if f.RAP {
			key = append(key, pair{own, f.PTS})
		}
	}
	for _, k := range key {
		if back, _ := p.source(k.placed); math.Abs(float64(back.Sub(k.own))) > 1e-6 {
			t.Fatalf("%v was placed at %v and is found at %v", k.own, k.placed, back)
		}
	}
}

func TestRates(t *testing.T) {
	for _, c := range []struct {
		name string
		add  []rate
		want int64
	}{
		{"nothing", nil, 0},
		{"even", []rate{{1000, 2}, {1000, 2}}, 4000},
		{"one high segment", []rate{{1000, 2}, {3000, 2}, {1000, 2}}, 12000},
		{"a short one at the end is joined with the one before", []rate{{1000, 2}, {1000, 0.04}}, 7843},
		{"many short ones make a second", []rate{{100, 0.25}, {100, 0.25}, {100, 0.25}, {500, 0.25}, {100, 0.25}}, 6400},
		{"less than a second in all", []rate{{100, 0.25}, {100, 0.25}}, 3200},
		{"no time at all", []rate{{100, 0}}, 0},
	} {
		var r rates
		for _, a := range c.add {
			r.add(a.bytes, a.length)
		}
		if got := r.highest(); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestSeconds(t *testing.T) {
	for in, want := range map[Seconds]string{0: "0.0", 60: "60.0", 59.96: "59.960000", -0.0213333333: "-0.021333", 1e-9: "0.000000", Seconds(math.Inf(1)): "null"} {
		b, err := json.Marshal(in)
		if err != nil || !json.Valid(b) || string(b) != want {
			t.Errorf("%v: %s %v, want %s", float64(in), b, err, want)
		}
	}
	if b, err := json.Marshal(Unknown); err != nil || string(b) != "null" {
		t.Errorf("%s %v", b, err)
	}
}

// testPipe is a pipe with one input for ISO BMFF.
func testPipe(t testing.TB, quota int64) (*pipe, *input, func()) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(context.Background())
	g := &group{cancel: cancel}
	f := &playertest.Factory{Depth: 2}
	p, err := newPipe(ctx, g, f, crypt.New(crypt.Config{}, nil), 1, quota, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	in, err := p.add(newMeter(isobmff.New(isobmff.Options{}), frameOf{window: media.Range{Start: 0, End: media.Forever}}, f.Supports))
	if err != nil {
		t.Fatal(err)
	}
	return p, in, func() {
		p.close()
		cancel(nil)
		g.wg.Wait()
	}
}

// TestPipe_Memory sees to it that what has been decoded does not stay in memory.
func TestPipe_Memory(t *testing.T) {
	p, in, done := testPipe(t, quotaBytes)
	defer done()
	m := msetest.Movie(msetest.MovieSpec{Width: 320, Height: 180, Length: 10, FrameRateNum: 25, FrameRateDen: 1, GOP: 25, BitsPerSecond: 4_000_000, Audio: true})
	if err := p.append(in, m.Init()); err != nil {
		t.Fatal(err)
	}
	most := int64(0)
	coded := 0
	segments := m.Segments(2, 2)
	for range 4 { // the same again and again: the timeline goes back, too
		for _, s := range segments {
			if err := p.append(in, bytes.Clone(s)); err != nil {
				t.Fatal(err)
			}
			if err := p.settle(in); err != nil {
				t.Fatal(err)
			}
			most = max(most, in.sb.Stats().Bytes)
		}
		coded += 250
	}
	if err := p.finish(); err != nil {
		t.Fatal(err)
	}
	if l := p.lane(in.streams[0]); l.out.pictures != int64(coded) {
		t.Errorf("%d pictures of %d", l.out.pictures, coded)
	}
	if limit := int64(keptBytes + 4<<20); most > limit {
		t.Errorf("%d bytes were held, more than %d", most, limit)
	}
}

// TestPipe_Full appends a group of pictures that is larger than the buffer.
func TestPipe_Full(t *testing.T) {
	p, in, done := testPipe(t, 1<<20)
	defer done()
	m := msetest.Movie(msetest.MovieSpec{Width: 320, Height: 180, Length: 20, FrameRateNum: 25, FrameRateDen: 1, GOP: 10000, BitsPerSecond: 2_000_000})
	if err := p.append(in, m.Init()); err != nil {
		t.Fatal(err)
	}
	var err error
	for _, s := range m.Segments(2, 1) {
		if err = p.append(in, s); err != nil {
			break
		}
		if err := p.settle(in); err != nil {
			t.Fatal(err)
		}
	}
	if err == nil || !strings.Contains(err.Error(), "QuotaExceededError") {
		t.Errorf("got %v", err)
	}
	if err := p.finish(); err != nil {
		t.Fatal(err)
	}
}

// TestMeter_Allocations checks the work for each frame.
func TestMeter_Allocations(t *testing.T) {
	s := newStream(media.TrackInfo{ID: 1, Kind: media.Video}, frameOf{window: media.Range{Start: 0, End: media.Forever}})
	data := make([]byte, 100)
	i := 0
	allocs := testing.AllocsPerRun(5000, func() {
		f := media.CodedFrame{PTS: media.FromTicks(int64(i), 25), DTS: media.FromTicks(int64(i), 25), Duration: 0.04, RAP: i%25 == 0, Data: data}
		s.frame(&f, 0)
		s.place.place(&f)
		i++
	})
	if allocs != 0 {
		t.Errorf("%v allocations for a frame", allocs)
	}
}

// BenchmarkMeter is what measuring costs on top of parsing. Budget: 1 GB/s for an 8 Mbit/s movie.
func BenchmarkMeter(b *testing.B) {
	m := msetest.Movie(msetest.MovieSpec{Length: 10})
	data := m.Init()
	for _, s := range m.Segments(2, 1) {
		data = append(data, s...)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		p := newMeter(isobmff.New(isobmff.Options{}), frameOf{window: media.Range{Start: 0, End: media.Forever}}, func(media.CodecID) bool { return true })
		p.Push(data)
		if err := bytestream.Drain(p, bytestream.Discard{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPipe is what a check costs besides decoding: parsing, measuring, buffering, reading. Allocations are for
// segments, not for frames: 0 a frame beyond what the decoders of the test make.
func BenchmarkPipe(b *testing.B) {
	m := msetest.Movie(msetest.MovieSpec{Length: 10})
	init, segments := m.Init(), m.Segments(2, 1)
	var size int64
	for _, s := range segments {
		size += int64(len(s))
	}
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		p, in, done := testPipe(b, quotaBytes)
		for _, s := range append([][]byte{init}, segments...) {
			if err := p.append(in, bytes.Clone(s)); err != nil {
				b.Fatal(err)
			}
			if err := p.settle(in); err != nil {
				b.Fatal(err)
			}
		}
		if err := p.finish(); err != nil {
			b.Fatal(err)
		}
		done()
	}
}
