package session

import (
	"math"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/abr"
)

// goal is how far ahead is fetched.
const goal media.Span = 30

// maxListed bounds the switches and stalls that are listed; all are counted.
const maxListed = 1000

// Rung is one representation: what is told of it, and the bytes of its segments.
type Rung struct {
	ID            string
	Bandwidth     int64
	Width, Height int
	FrameRate     float64
	// Efficiency is how many times fewer bits its coding format needs than H.264; 0 is 1.
	Efficiency float64
	Bytes      []int64
}

// Ladder is what is played: rungs in ascending order of bandwidth, all with a segment for each length. Other is how many
// bits a second of sound come on top of each.
type Ladder struct {
	Lengths []media.Span
	Rungs   []Rung
	Other   float64
}

// Stall is a time without playback, At in media time.
type Stall struct {
	At     media.Span `json:"at"`
	Length media.Span `json:"duration"`
}

// Switch is a change of the rung, At in media time.
type Switch struct {
	At   media.Span `json:"at"`
	From string     `json:"from"`
	To   string     `json:"to"`
}

// Result is how it went. Times are in seconds, bitrates in bits per second.
type Result struct {
	// Score is from 1, bad, to 5, excellent; Quality is that without stalls and switches.
	Score   float64 `json:"score"`
	Quality float64 `json:"quality"`
	// Startup is the time to the first picture, Stalled the sum of the stalls.
	Startup media.Span `json:"startup"`
	Stalled media.Span `json:"stalled"`
	// MeanBitrate is of what was played.
	MeanBitrate float64  `json:"meanBitrate"`
	StallCount  int      `json:"stallCount"`
	SwitchCount int      `json:"switchCount"`
	Stalls      []Stall  `json:"stalls"`
	Switches    []Switch `json:"switches"`
}

// Play plays a ladder over a trace, which must carry something.
func Play(l Ladder, trace []Step) Result {
	r := Result{Stalls: []Stall{}, Switches: []Switch{}}
	if len(l.Rungs) == 0 || len(l.Lengths) == 0 || len(trace) == 0 {
		return r
	}
	net := newNetwork(trace)
	c := abr.New(abr.Config{})
	rungs := make([]abr.Rung, len(l.Rungs))
	for i, g := range l.Rungs {
		rungs[i] = abr.Rung{ID: g.ID, Bandwidth: g.Bandwidth, Width: g.Width, Height: g.Height, FrameRate: g.FrameRate}
	}
	var now, buffer, at media.Span
	epoch := time.Unix(0, 0)
	current := -1
	var q quality
	bits := 0.0
	for i, length := range l.Lengths {
		if wait := buffer + length - goal; wait > 0 && buffer > 0 {
			wait = min(wait, buffer)
			now, buffer = now+wait, buffer-wait
		}
		next, _ := c.Choose(abr.State{Now: epoch.Add(now.Duration()), Buffer: buffer, Goal: goal, Segment: length, Rungs: rungs, Current: current, Speed: 1, Playing: current >= 0})
		if current >= 0 && next != current {
			if r.SwitchCount++; len(r.Switches) < maxListed {
				r.Switches = append(r.Switches, Switch{at, l.Rungs[current].ID, l.Rungs[next].ID})
			}
		}
		current = next
		g := l.Rungs[current]
		bytes := g.Bytes[i] + int64(l.Other*float64(length)/8)
		took, first := net.fetch(now, bytes)
		c.Sample(bytes, first.Duration(), (took - first).Duration(), epoch.Add((now + took).Duration()))
		now += took
		switch {
		case i == 0:
			r.Startup = took
		case took > buffer:
			stalled := took - buffer
			r.Stalled += stalled
			if r.StallCount++; len(r.Stalls) < maxListed {
				r.Stalls = append(r.Stalls, Stall{at, stalled})
			}
			buffer = 0
		default:
			buffer -= took
		}
		buffer += length
		q.add(g, length, float64(g.Bytes[i])*8/float64(length))
		bits += float64(g.Bytes[i]) * 8
		at += length
	}
	r.MeanBitrate = math.Round(bits / float64(at))
	r.Quality, r.Score = q.score(&r, at)
	return r
}
