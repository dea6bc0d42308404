package session_test

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/session"
)

// ladder is two minutes in segments of 2 s.
func ladder() session.Ladder {
	l := session.Ladder{}
	for _, g := range []session.Rung{{ID: "234p", Bandwidth: 300e3, Width: 416, Height: 234, FrameRate: 25}, {ID: "360p", Bandwidth: 800e3, Width: 640, Height: 360, FrameRate: 25},
		{ID: "720p", Bandwidth: 2500e3, Width: 1280, Height: 720, FrameRate: 25}, {ID: "1080p", Bandwidth: 5000e3, Width: 1920, Height: 1080, FrameRate: 25}} {
		for range 60 {
			g.Bytes = append(g.Bytes, g.Bandwidth/4)
		}
		l.Rungs = append(l.Rungs, g)
	}
	for range 60 {
		l.Lengths = append(l.Lengths, 2)
	}
	return l
}

func trace(t *testing.T, text string) []session.Step {
	t.Helper()
	s, err := session.ParseTrace(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestPlay plays over networks of which it is known how that must go.
func TestPlay(t *testing.T) {
	play := func(text string) session.Result { return session.Play(ladder(), trace(t, text)) }
	fast, medium, slow := play("1000 50000 20"), play("1000 1500 20"), play("1000 400 20")
	if fast.StallCount+medium.StallCount+slow.StallCount != 0 {
		t.Errorf("stalls on steady networks: %v %v %v", fast.Stalls, medium.Stalls, slow.Stalls)
	}
	if !(fast.Score > medium.Score && medium.Score > slow.Score && fast.Score <= 5 && slow.Score >= 1) {
		t.Errorf("scores %g %g %g", fast.Score, medium.Score, slow.Score)
	}
	if fast.MeanBitrate < 4.5e6 || medium.MeanBitrate > 1.5e6 || medium.MeanBitrate < 0.6e6 || slow.MeanBitrate > 400e3 {
		t.Errorf("bitrates %g %g %g", fast.MeanBitrate, medium.MeanBitrate, slow.MeanBitrate)
	}
	outage := play("20 1500 20\n60 0\n40 1500 20")
	if outage.StallCount == 0 || outage.Stalled < 20 || outage.Score >= medium.Score || outage.Quality < slow.Quality {
		t.Errorf("outage: %+v", outage)
	}
	too := play("1000 100 20")
	if too.StallCount < 10 || too.Score > 1.5 || math.Abs(float64(too.Startup)-16.02) > 0.01 {
		t.Errorf("too slow: %+v", too)
	}
	change := play("30 6000 20\n30 500 20")
	if change.SwitchCount < 2 || change.Score >= change.Quality {
		t.Errorf("change: %+v", change)
	}
	if again := play("30 6000 20\n30 500 20"); !reflect.DeepEqual(again, change) {
		t.Error("not the same again")
	}
	l := ladder()
	l.Other = 1e6
	if r := session.Play(l, trace(t, "1000 1500 20")); r.MeanBitrate >= medium.MeanBitrate {
		t.Errorf("with sound: %g of %g bit/s", r.MeanBitrate, medium.MeanBitrate)
	}
	if r := session.Play(session.Ladder{}, trace(t, "1 1")); r.Score != 0 || r.Stalls == nil {
		t.Errorf("nothing: %+v", r)
	}
}

// TestPlay_Rare fetches over a network that carries little, once in a long while: arithmetic must not take as long.
func TestPlay_Rare(t *testing.T) {
	l := ladder()
	l.Lengths = l.Lengths[:3]
	r := session.Play(l, trace(t, "0.001 1\n10 0"))
	if want := 200000 * 8 * 10.001; math.Abs(float64(r.Startup)-want) > 20 || r.Score > 1.01 {
		t.Errorf("start after %v s, want %v", r.Startup, want)
	}
}

// TestPlay_Efficiency takes a better coding format for the same bits.
func TestPlay_Efficiency(t *testing.T) {
	l := ladder()
	plain := session.Play(l, trace(t, "1000 1500"))
	for i := range l.Rungs {
		l.Rungs[i].Efficiency = 1.5
	}
	if r := session.Play(l, trace(t, "1000 1500")); r.Score <= plain.Score || r.MeanBitrate != plain.MeanBitrate {
		t.Errorf("%+v, %+v", r, plain)
	}
}

func TestParseTrace(t *testing.T) {
	got := trace(t, "# a train\n10 2000 50\n\n2.5,0 # tunnel\n")
	want := []session.Step{{Length: 10, BitsPerSecond: 2e6, Latency: media.Span(0.05)}, {Length: 2.5}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	for _, c := range []struct{ name, text, err string }{
		{"empty", "", "no step"}, {"nothing carried", "1 0\n", "no step"}, {"a word", "1 2\nfast 3", `line 2: "fast"`}, {"one number", "1", "line 1"},
		{"four", "1 2 3 4", "line 1"}, {"negative", "1 -2", "line 1"}, {"no time", "0 5", "0 seconds"}, {"not a number", "NaN 5", "line 1"},
		{"long line", strings.Repeat("1", 5000), "too long"}, {"too many", strings.Repeat("1 1\n", 70000), "more than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := session.ParseTrace(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%v", err)
			}
		})
	}
}
