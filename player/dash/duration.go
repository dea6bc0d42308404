package dash

import (
	"errors"
	"strconv"
	"strings"

	"mseplayer/mse/media"
)

// maxDurationSeconds bounds every duration of a document: about three hundred years.
const maxDurationSeconds = 1e10

// parseDuration reads an XML Schema duration, "PT1M30.5S", "P1DT2H". The result is the float64 nearest to the
// decimal value: the seconds of all parts are added as integers and the fraction is read together with them. Values
// above their usual range (PT1M60.5S) and fractions of any last part are taken; years count 365 days and months 30.
// A negative duration is an error.
// XML Schema Part 2 §3.2.6.
func parseDuration(s string) (media.Span, error) {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, "-") {
		return 0, errors.New("negative duration")
	}
	rest, ok := strings.CutPrefix(s, "P")
	if !ok || rest == "" {
		return 0, errors.New("not of the form P1DT2H3M4.5S")
	}
	var total int64 // whole seconds
	var seconds string
	fraction := 0.0
	units, inTime := dateUnits, false
	last := -1
	for rest != "" {
		if rest[0] == 'T' {
			if inTime || len(rest) == 1 {
				return 0, errors.New("a T without a time behind it")
			}
			units, inTime, last, rest = timeUnits, true, -1, rest[1:]
			continue
		}
		n := strings.IndexFunc(rest, func(r rune) bool { return (r < '0' || r > '9') && r != '.' && r != ',' })
		if n <= 0 {
			return 0, errors.New("a number without its unit, or a unit without its number")
		}
		number, unit := strings.Replace(rest[:n], ",", ".", 1), rest[n]
		rest = rest[n+1:]
		at := strings.IndexByte(units.names, unit)
		if at < 0 || at <= last {
			return 0, errors.New("units out of order or unknown")
		}
		last = at
		whole, frac, dotted := strings.Cut(number, ".")
		if whole == "" {
			whole = "0"
		}
		v, err := strconv.ParseInt(whole, 10, 64)
		if err != nil || v > maxDurationSeconds {
			return 0, errors.New("number too large")
		}
		total += v * units.seconds[at]
		if total > maxDurationSeconds {
			return 0, errors.New("longer than three hundred years")
		}
		if !dotted || frac == "" {
			continue
		}
		if rest != "" {
			return 0, errors.New("a fraction before the last unit")
		}
		if strings.Contains(frac, ".") {
			return 0, errors.New("two decimal points")
		}
		if unit == 'S' && inTime {
			seconds = frac
			continue
		}
		f, err := strconv.ParseFloat("0."+frac, 64)
		if err != nil {
			return 0, errors.New("not a number")
		}
		fraction = f * float64(units.seconds[at])
	}
	if last < 0 {
		return 0, errors.New("not of the form P1DT2H3M4.5S")
	}
	v, err := strconv.ParseFloat(strconv.FormatInt(total, 10)+"."+seconds, 64)
	if err != nil {
		return 0, errors.New("not a number")
	}
	return media.Span(v + fraction), nil
}

type durationUnits struct {
	names   string
	seconds [4]int64
}

var (
	dateUnits = durationUnits{"YMWD", [4]int64{365 * 86400, 30 * 86400, 7 * 86400, 86400}}
	timeUnits = durationUnits{"HMS", [4]int64{3600, 60, 1}}
)
