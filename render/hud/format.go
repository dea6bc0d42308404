package hud

import (
	"math"
	"strconv"

	"mseplayer/mse/media"
)

// maxClock bounds the times that are written out, 1000 hours.
const maxClock = 3600 * 1000

// appendClock appends t as m:ss or h:mm:ss, rounded down to whole seconds as clocks do; hours sets the long form. A
// time that is not finite or beyond what fits becomes "–:––".
func appendClock(b []byte, t media.Time, hours bool) []byte {
	if !t.IsFinite() || math.Abs(float64(t)) >= maxClock {
		return append(b, "–:––"...)
	}
	s := int64(math.Floor(float64(t)))
	if s < 0 {
		b, s = append(b, '-'), -s
	}
	if h := s / 3600; h > 0 || hours {
		b = append(strconv.AppendInt(b, h, 10), ':')
		b = appendTwo(b, s/60%60)
	} else {
		b = strconv.AppendInt(b, s/60, 10)
	}
	return appendTwo(append(b, ':'), s%60)
}

func appendTwo(b []byte, n int64) []byte {
	return append(b, byte('0'+n/10), byte('0'+n%10))
}
