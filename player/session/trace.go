package session

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"mseplayer/mse/media"
)

const (
	// maxSteps bounds a trace, maxLine a line of one in bytes.
	maxSteps, maxLine = 1 << 16, 1 << 10
	// maxSeconds bounds the length of a step, maxKilobits its rate and maxMillis its latency.
	maxSeconds, maxKilobits, maxMillis = 1e6, 1e9, 1e6
)

// Step is a stretch of time in which a network is the same.
type Step struct {
	Length media.Span
	// BitsPerSecond is what the network carries, 0 for nothing; Latency is how long a request waits for its answer.
	BitsPerSecond float64
	Latency       media.Span
}

// ParseTrace reads a trace: a step on each line, its seconds, kbit/s and, where there is any, the latency in milliseconds,
// separated by spaces or commas. What follows a # is left out. It begins anew when it is over.
func ParseTrace(r io.Reader) ([]Step, error) {
	var out []Step
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	carries := false
	for n := 1; lines.Scan(); n++ {
		line, _, _ := strings.Cut(lines.Text(), "#")
		words := strings.FieldsFunc(line, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\r' })
		if len(words) == 0 {
			continue
		}
		if len(words) < 2 || len(words) > 3 {
			return nil, fmt.Errorf("line %d: %q: write SECONDS KBIT/S [LATENCY-MS]", n, strings.TrimSpace(line))
		}
		var v [3]float64
		for i, w := range words {
			x, err := strconv.ParseFloat(w, 64)
			if limit := [3]float64{maxSeconds, maxKilobits, maxMillis}[i]; err != nil || !(x >= 0 && x <= limit) {
				return nil, fmt.Errorf("line %d: %q is no number from 0 to %g", n, w, limit)
			}
			v[i] = x
		}
		if v[0] == 0 {
			return nil, fmt.Errorf("line %d: a step of 0 seconds", n)
		}
		if len(out) == maxSteps {
			return nil, fmt.Errorf("line %d: more than %d steps", n, maxSteps)
		}
		carries = carries || v[1] > 0
		out = append(out, Step{media.Span(v[0]), v[1] * 1000, media.Span(v[2] / 1000)})
	}
	switch err := lines.Err(); {
	case err != nil:
		return nil, err
	case !carries:
		return nil, errors.New("no step carries anything")
	}
	return out, nil
}

// network is a trace with a position.
type network struct {
	steps []Step
	// once is how long the trace is, bits what it carries.
	once media.Span
	bits float64
}

func newNetwork(steps []Step) network {
	n := network{steps: steps}
	for _, s := range steps {
		n.once += s.Length
		n.bits += s.BitsPerSecond * float64(s.Length)
	}
	return n
}

// at returns the step at a time since the beginning, and how much of it is left.
func (n network) at(now media.Span) (int, media.Span) {
	now -= n.once * media.Span(math.Floor(float64(now/n.once)))
	for i, s := range n.steps {
		if now < s.Length {
			return i, s.Length - now
		}
		now -= s.Length
	}
	return 0, n.steps[0].Length
}

// fetch is how long it takes to get so many bytes from now on, and how much of that passes before the first of them.
func (n network) fetch(now media.Span, bytes int64) (took, first media.Span) {
	i, _ := n.at(now)
	first = n.steps[i].Latency
	left := float64(bytes) * 8
	took = first + n.once*media.Span(math.Floor(left/n.bits))
	left -= n.bits * math.Floor(left/n.bits)
	i, rest := n.at(now + took)
	for range 2*len(n.steps) + 2 {
		rate := n.steps[i].BitsPerSecond
		if carries := rate * float64(rest); carries >= left {
			if left > 0 {
				took += media.Span(left / rate)
			}
			return took, first
		}
		left -= rate * float64(rest)
		took += rest
		i = (i + 1) % len(n.steps)
		rest = n.steps[i].Length
	}
	return took, first // what arithmetic has lost of a bit
}
