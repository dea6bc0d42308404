package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"mseplayer/player/check"
)

const (
	// redraw is how often the progress of a check is drawn at most.
	redraw = 100 * time.Millisecond
	// leastElapsed and leastShare are when it begins to say how long the rest will take.
	leastElapsed, leastShare = time.Second, 0.02
	barCells, maxNameCells   = 24, 40
)

// progressLine shows on one line of a terminal how far a check is. A nil progressLine does nothing.
type progressLine struct {
	name   string
	out    io.Writer
	now    func() time.Time
	colour bool

	shown       bool
	begun, last time.Time
}

func (p *progressLine) show(at check.Progress) {
	now := p.now()
	if p.begun.IsZero() {
		p.begun = now
	}
	if p.shown && now.Sub(p.last) < redraw {
		return
	}
	p.shown, p.last = true, now
	fmt.Fprint(p.out, "\r\033[K"+progressText(oneLine(p.name), at, now.Sub(p.begun), p.colour))
}

func (p *progressLine) clear() {
	if p != nil && p.shown {
		fmt.Fprint(p.out, "\r\033[K")
	}
}

// progressText is one line: the end of the name, a bar where it is known how much there is to do, and how long that will take.
func progressText(name string, at check.Progress, elapsed time.Duration, colour bool) string {
	if r := []rune(name); len(r) > maxNameCells {
		name = "…" + string(r[len(r)-maxNameCells+1:])
	}
	counts := fmt.Sprintf("%d of %d tracks, %d segments, %.1f MB", at.Tracks, at.Total, at.Segments, float64(at.Bytes)/1e6)
	if at.Share <= 0 {
		return name + ": " + counts
	}
	share := min(at.Share, 1)
	full := int(share * barCells)
	bar := strings.Repeat("█", full) + strings.Repeat("░", barCells-full)
	if colour {
		bar = "\033[36m" + bar + "\033[0m"
	}
	left := ""
	if elapsed >= leastElapsed && share >= leastShare {
		rest := time.Duration(float64(elapsed) * (1 - share) / share).Round(time.Second)
		left = fmt.Sprintf(", %d:%02d left", int(rest.Minutes()), int(rest.Seconds())%60)
	}
	return fmt.Sprintf("%s %s %3.0f %%%s, %s", name, bar, 100*share, left, counts)
}
