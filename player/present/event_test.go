package present_test

import (
	"math"
	"testing"
	"time"

	"mseplayer/player/present"
)

func TestEvent_Append(t *testing.T) {
	for _, c := range []struct {
		e    present.Event
		want string
	}{
		{present.Event{Kind: present.Presented, N: 12, Vsync: 27, PTS: 0.44, Gen: 1, From: at(1.45), To: at(1.45 + 1.0/60), Offset: 1.0 / 300, HasOffset: true, CRC: 0x1f2e3d4c},
			"v 12 pts=0.440000 gen=1 vsync=27 at=1.450000 to=1.466667 off=0.003333 crc=1f2e3d4c"},
		{present.Event{Kind: present.Presented, N: 1, Vsync: 1, PTS: -0.5, Gen: 3, From: at(0), To: at(0.02)},
			"v 1 pts=-0.500000 gen=3 vsync=1 at=0.000000 to=0.020000 crc=00000000"},
		{present.Event{Kind: present.Dropped, Why: present.WhyLate, Vsync: 30, PTS: 0.48, Gen: 1, From: at(1.5), To: at(1.52), CRC: 0xff},
			"drop pts=0.480000 gen=1 why=late vsync=30 at=1.500000 to=1.520000 crc=000000ff"},
		{present.Event{Kind: present.Dropped, Why: present.WhyFlushed, PTS: 1, Gen: 2},
			"drop pts=1.000000 gen=2 why=flushed vsync=0 crc=00000000"},
		{present.Event{Kind: present.Sound, N: 48000, PTS: 1, Gen: 1, Frames: 1024, From: at(1.5), To: at(1.5 + 1024.0/48000), CRC: 1},
			"a 48000 pts=1.000000 gen=1 frames=1024 at=1.500000 to=1.521333 crc=00000001"},
		{present.Event{Kind: present.Silence, Why: present.WhyUnderrun, N: 48000, PTS: 1, Gen: 1, Frames: 480, From: at(1.5), To: at(1.51)},
			"silence 48000 pts=1.000000 gen=1 frames=480 at=1.500000 to=1.510000 why=underrun"},
		{present.Event{Kind: present.Recording, From: at(0.02)}, "wav0 at=0.020000"},
	} {
		if got := string(c.e.Append([]byte("|"), epoch)); got != "|"+c.want {
			t.Errorf("got  %s\nwant |%s", got, c.want)
		}
	}
	for w, want := range map[present.Why]string{
		present.WhyLate: "late", present.WhyCadence: "cadence", present.WhyHidden: "hidden", present.WhyStepped: "stepped",
		present.WhyFlushed: "flushed", present.WhyGap: "gap", present.WhyUnderrun: "underrun", 0: "",
	} {
		if got := w.String(); got != want {
			t.Errorf("reason %d is %q, want %q", w, got, want)
		}
	}
}

// TestQueue_Dump checks a whole dump, checksums included.
func TestQueue_Dump(t *testing.T) {
	var got []string
	r := newRig(t, present.Options{Dump: func(e present.Event) { got = append(got, string(e.Append(nil, epoch))) }})
	r.run(1, 0, 1, 0)
	r.put(0, 0, 0.04, 0.08, 0.12)
	r.pick(1.001)
	r.pick(1.018)
	r.pick(1.034)
	r.pick(1.124)
	r.Flush(1)
	r.put(0, 0.16)
	want := []string{
		"v 1 pts=0.000000 gen=0 vsync=1 at=1.001000 to=1.017667 crc=00000000",
		"v 2 pts=0.040000 gen=0 vsync=3 at=1.034000 to=1.050667 off=-0.006000 crc=2ee003c0",
		"drop pts=0.080000 gen=0 why=late vsync=4 at=1.124000 to=1.140667 crc=5dc00780",
		"v 3 pts=0.120000 gen=0 vsync=4 at=1.124000 to=1.140667 off=0.004000 crc=8ca00b40",
		"drop pts=0.160000 gen=0 why=flushed vsync=4 crc=bb800f00",
	}
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d:\n%q", len(got), len(want), got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("line %d\ngot  %s\nwant %s", i, got[i], want[i])
		}
	}
}

func TestCounters_Offset(t *testing.T) {
	ms := func(f float64) time.Duration { return time.Duration(f * 1e6) }
	for _, c := range []struct {
		name                string
		in                  []time.Duration
		mean, p95, max, top float64 // ms
	}{
		{"none", nil, 0, 0, 0, 0},
		{"one", []time.Duration{ms(3.2)}, 3.2, 3.2, 3.2, 3.2},
		{"early and late", []time.Duration{ms(-4), ms(2)}, -1, 4, 4, 2},
		{"all early", []time.Duration{ms(-4), ms(-6)}, -5, 6, 6, 0},
		{"a tail", append(same(95, ms(1.2)), same(5, ms(30))...), 2.64, 1.5, 30, 30},
		{"a bigger tail", append(same(94, ms(1.2)), same(6, ms(30))...), 2.928, 30, 30, 30},
		{"beyond the histogram", []time.Duration{ms(5000), ms(5001)}, 5000.5, 5001, 5001, 5001},
	} {
		t.Run(c.name, func(t *testing.T) {
			var n present.Counters
			for _, d := range c.in {
				n.Offset(d)
			}
			s := n.Quality().Offset
			for what, v := range map[string][2]float64{"mean": {float64(s.Mean), c.mean}, "p95": {float64(s.P95), c.p95}, "max": {float64(s.Max), c.max}, "lateness": {float64(s.MaxLateness), c.top}} {
				if math.Abs(v[0]*1000-v[1]) > 1e-6 {
					t.Errorf("%s %v ms, want %v", what, v[0]*1000, v[1])
				}
			}
			if s.Count != uint64(len(c.in)) {
				t.Errorf("count %d, want %d", s.Count, len(c.in))
			}
		})
	}
}

func same(n int, d time.Duration) []time.Duration {
	s := make([]time.Duration, n)
	for i := range s {
		s[i] = d
	}
	return s
}
