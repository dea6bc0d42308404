package dash

import (
	"strings"
	"testing"
)

func TestParseDuration(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want float64
		err  string
	}{
		{"PT60S", 60, ""},
		{"PT1M60.5S", 120.5, ""},
		{"P1DT2H3M4.25S", 93784.25, ""},
		{"P0Y0M0DT0H9M56.46S", 596.46, ""},
		{"PT2.736067S", 2.736067, ""},
		{"PT1.0010000467300415S", 1.0010000467300415, ""},
		{"PT634.566666666667S", 634.566666666667, ""},
		{"PT0.04S", 0.04, ""},
		{"PT0S", 0, ""},
		{" PT.5S ", 0.5, ""},
		{"PT1,5S", 1.5, ""},
		{"PT1.S", 1, ""},
		{"PT1.5H", 5400, ""},
		{"P1.5D", 129600, ""},
		{"P2W", 1209600, ""},
		{"P1Y2M3DT10H30M", 31536000 + 2*2592000 + 3*86400 + 37800, ""},
		{"-PT1S", 0, "negative"},
		{"PT-1S", 0, "without its unit"},
		{"", 0, "form"},
		{"60", 0, "form"},
		{"P", 0, "form"},
		{"PT", 0, "T without"},
		{"P1DT", 0, "T without"},
		{"PT1", 0, "without its unit"},
		{"PTS", 0, "without its number"},
		{"PT1S2M", 0, "out of order"},
		{"P1S", 0, "unknown"},
		{"PT1D", 0, "unknown"},
		{"PTT1S", 0, "T without"},
		{"PT1.5M1S", 0, "before the last"},
		{"PT1.2.3S", 0, "decimal points"},
		{"PT99999999999999999999S", 0, "too large"},
		{"PT9999999999H", 0, "three hundred"},
		{"pt1s", 0, "form"},
	} {
		got, err := parseDuration(tt.in)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%q: got %v, %v; want an error with %q", tt.in, got, err, tt.err)
			}
			continue
		}
		if err != nil || float64(got) != tt.want {
			t.Errorf("%q: got %v, %v; want %v", tt.in, got, err, tt.want)
		}
	}
}

func TestTemplate(t *testing.T) {
	for _, tt := range []struct{ in, want, err string }{
		{"$RepresentationID$/$Number$.m4s", "a$b/7.m4s", ""},
		{"$Number%05d$-$Time$-$SubNumber%02d$", "00007-90000-03", ""},
		{"$Bandwidth%09d$", "000128000", ""},
		{"$$$Number$$$", "$7$", ""},
		{"plain", "plain", ""},
		{"", "", ""},
		{"a$b", "a$b", ""},
		{"$Number%0d$", "7", ""},
		{"$Number%3d$", "007", ""},
		{"$Number%d$", "", "format"},
		{"$Number%05x$", "", "format"},
		{"$Number%-5d$", "", "format"},
		{"$Number%01001d$", "", "width above 1000"},
		{"$Number%099999999d$", "", "format"},
		{"$nr$", "", "unknown identifier"},
	} {
		tm, stray, err := parseTemplate(tt.in, "a$b", 128000)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%q: got %v, want an error with %q", tt.in, err, tt.err)
			}
			continue
		}
		if err != nil || tm.expand(7, 90000, 3) != tt.want || stray != (tt.in == "a$b") {
			t.Errorf("%q: got %q, stray %v, %v; want %q", tt.in, tm.expand(7, 90000, 3), stray, err, tt.want)
		}
	}
	tm, _, err := parseTemplate("$Time%06d$", "", 0)
	if got := tm.expand(0, -15, 0); err != nil || got != "-00015" {
		t.Errorf("negative time: got %q, %v", got, err)
	}
}
