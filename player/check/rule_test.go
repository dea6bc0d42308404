package check_test

import (
	"strings"
	"testing"
	"time"

	"mseplayer/player/check"
)

func TestRules(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range check.Rules() {
		area, problem, ok := strings.Cut(r.Code, ".")
		if !ok || area == "" || problem == "" || seen[r.Code] || r.Summary == "" || strings.Contains(r.Summary, "\n") {
			t.Errorf("%+v", r)
		}
		if r.Severity != "error" && r.Severity != "warning" && r.Severity != "info" {
			t.Errorf("%s is of severity %q", r.Code, r.Severity)
		}
		seen[r.Code] = true
	}
	for _, code := range strings.Fields(`manifest.unreadable manifest.invalid manifest.unknown-essential manifest.zero-duration manifest.duration-mismatch
		manifest.codecs-mismatch manifest.codecs-unsupported manifest.resolution-mismatch manifest.limits segment.missing segment.init-missing segment.empty
		segment.truncated segment.not-media segment.malformed segment.no-random-access timing.gap timing.start-offset timing.period-gap decode.error
		decode.corrupt-frames decode.unsupported drm.key-missing drm.wrong-key drm.unsupported-system network.failed`) {
		if !seen[code] {
			t.Errorf("no rule %s", code)
		}
	}
}

func TestParseWaiver(t *testing.T) {
	day := func(s string) time.Time {
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, c := range []struct {
		in   string
		want check.Waiver
		err  string
	}{
		{"timing.gap", check.Waiver{Code: "timing.gap"}, ""},
		{" timing.gap@p0/v/720p ", check.Waiver{Code: "timing.gap", Track: "p0/v/720p"}, ""},
		{"timing.gap:2026-12-31", check.Waiver{Code: "timing.gap", Until: day("2026-12-31")}, ""},
		{"timing.gap@p0/v/720p:2026-12-31", check.Waiver{Code: "timing.gap", Track: "p0/v/720p", Until: day("2026-12-31")}, ""},
		{"timing.gap@urn:x", check.Waiver{Code: "timing.gap", Track: "urn:x"}, ""},
		{"timing.gap:soon", check.Waiver{}, `"soon" is no date`},
		{"timing.gap@x:2026-13-01", check.Waiver{}, `"2026-13-01" is no date`},
		{"timing.gape", check.Waiver{}, `"timing.gape" is no finding code`},
		{"", check.Waiver{}, `"" is no finding code`},
	} {
		got, err := check.ParseWaiver(c.in)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%q: error %v, want %q", c.in, err, c.err)
			}
			continue
		}
		if err != nil || got != c.want {
			t.Errorf("%q: %+v %v", c.in, got, err)
		}
	}
}

// TestWaivers checks whom a waiver covers and until when.
func TestWaivers(t *testing.T) {
	files := tenSeconds()
	delete(files, "v3")
	delete(files, "a2")
	for _, c := range []struct {
		name, waiver, now string
		errors, waived    int
	}{
		{"none", "", "2026-06-01", 2, 0},
		{"code", "segment.missing", "2026-06-01", 0, 2},
		{"track", "segment.missing@p0/a/aac", "2026-06-01", 1, 1},
		{"representation", "segment.missing@aac", "2026-06-01", 1, 1},
		{"other track", "segment.missing@p0/a/opus", "2026-06-01", 2, 0},
		{"last day", "segment.missing:2026-06-01", "2026-06-01", 0, 2},
		{"over", "segment.missing:2026-05-31", "2026-06-01", 2, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := run(t, files, func(o *check.Options) {
				now, err := time.Parse(time.DateOnly, c.now)
				if err != nil {
					t.Fatal(err)
				}
				o.Now = now.Add(20 * time.Hour)
				if c.waiver != "" {
					w, err := check.ParseWaiver(c.waiver)
					if err != nil {
						t.Fatal(err)
					}
					o.Waivers = []check.Waiver{w}
				}
			})
			if r.Summary.Errors != c.errors || r.Summary.Waived != c.waived {
				t.Errorf("%+v", r.Summary)
			}
		})
	}
}
