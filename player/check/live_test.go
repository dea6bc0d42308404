package check_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"mseplayer/player/check"
	"mseplayer/player/fetch"
	"mseplayer/player/frame"
	"mseplayer/player/playertest/netsim"
)

// broadcast serves files, and documents that are made anew for each request, from the beginning of the bubble on.
type broadcast struct {
	files     fstest.MapFS
	documents map[string]func(age time.Duration) string
}

// watch checks what is broadcast for a while, in virtual time.
func (b broadcast) watch(t *testing.T, name string, length time.Duration) *check.Report {
	t.Helper()
	begun := time.Now()
	server := &netsim.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := b.documents[strings.TrimPrefix(r.URL.Path, "/")]; f != nil {
			fmt.Fprint(w, f(time.Since(begun)))
			return
		}
		http.FileServerFS(b.files).ServeHTTP(w, r)
	})}
	server.Start()
	c, err := fetch.New(fetch.Config{Dial: server.Dial, Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	o := options(t, b.files)
	o.Source.Fetch, o.LiveDuration = c, length
	r, err := check.Run(context.Background(), "http://origin.example/"+name, o)
	_ = c.Close()
	server.Close()
	synctest.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if n := frame.Live(); n != 0 {
		t.Errorf("%d pictures or blocks leaked", n)
	}
	return r
}

// codes lists the findings.
func codes(r *check.Report) string {
	var out []string
	for _, f := range r.Findings {
		out = append(out, f.Code)
	}
	return strings.Join(out, " ")
}

// TestRun_LivePeriod watches a presentation whose second period begins meanwhile: both have rows.
func TestRun_LivePeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		files := fstest.MapFS{}
		add(files, "v", pictures(40))
		epoch := time.Now().UTC()
		period := func(id int, start float64, numbers int) string {
			return fmt.Sprintf(`<Period id="p%d" start="PT%gS"><AdaptationSet id="v" contentType="video" mimeType="video/mp4"><SegmentTemplate duration="2" startNumber="%d" presentationTimeOffset="%d" media="v$Number$" initialization="vinit"/>`+
				`<Representation id="180p" bandwidth="250000" codecs="avc1.640028" width="320" height="180"/></AdaptationSet></Period>`, id, start, numbers, (numbers-1)*2)
		}
		b := broadcast{files, map[string]func(time.Duration) string{"m.mpd": func(age time.Duration) string {
			periods := period(0, 0, 1)
			if age >= 7*time.Second {
				periods += period(1, 10, 6)
			}
			return fmt.Sprintf(`<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="dynamic" minBufferTime="PT2S" availabilityStartTime="%s" publishTime="%s" minimumUpdatePeriod="PT2S" timeShiftBufferDepth="PT30S">%s</MPD>`,
				epoch.Format(time.RFC3339Nano), epoch.Add(age.Truncate(7*time.Second)).Format(time.RFC3339Nano), periods)
		}}}
		r := b.watch(t, "m.mpd", 21*time.Second)
		var rows []string
		for _, x := range r.Tracks {
			rows = append(rows, fmt.Sprintf("%s %s", x.ID, n(x.Segments)))
		}
		if got := strings.Join(rows, ", "); got != "pp0/v/180p 5, pp1/v/180p 5" {
			t.Errorf("rows %s", got)
		}
		if got := codes(r); got != "" {
			t.Errorf("findings %+v", r.Findings)
		}
	})
}

// TestRun_LiveFindings watches playlists that are wrong in one way each.
func TestRun_LiveFindings(t *testing.T) {
	files := fstest.MapFS{}
	add(files, "v", pictures(60))
	list := func(first, last, disc int) string {
		s := fmt.Sprintf("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-DISCONTINUITY-SEQUENCE:%d\n#EXT-X-MAP:URI=\"vinit\"\n", first, disc)
		for n := first; n <= last; n++ {
			s += "#EXTINF:2,\nv" + strconv.Itoa(n) + "\n"
		}
		return s
	}
	// at gives the window of segments at an age.
	at := func(age time.Duration) (first, last int) { n := int(age / (2 * time.Second)); return 1 + n, 6 + n }
	for _, tt := range []struct {
		name, want string
		list       func(age time.Duration) string
	}{
		{"good", "", func(age time.Duration) string { a, b := at(age); return list(a, b, 0) }},
		{"stands still", "live.not-updated", func(age time.Duration) string { a, b := at(min(age, 6*time.Second)); return list(a, b, 0) }},
		{"goes back", "live.sequence-back", func(age time.Duration) string {
			a, b := at(age)
			if age >= 8*time.Second && age < 11*time.Second {
				a, b = a-2, b-2
			}
			return list(a, b, 0)
		}},
		{"jumps", "live.sequence-jump", func(age time.Duration) string {
			a, b := at(age)
			if age > 8*time.Second {
				a, b = a+9, b+9
			}
			return list(a, b, 0)
		}},
		{"counts discontinuities that are not there", "live.discontinuity-jump", func(age time.Duration) string {
			a, b := at(age)
			return list(a, b, int(age/(6*time.Second)))
		}},
		{"a segment is missing", "segment.missing", func(age time.Duration) string {
			a, b := at(age)
			return strings.ReplaceAll(list(a, b, 0), "\nv9\n", "\nnone\n")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := broadcast{files, map[string]func(time.Duration) string{"m.m3u8": tt.list}}.watch(t, "m.m3u8", 16*time.Second)
				got := codes(r)
				if tt.want == "" && got != "" || !strings.Contains(" "+got+" ", " "+tt.want+" ") && tt.want != "" {
					t.Errorf("findings %q, want %q: %+v", got, tt.want, r.Findings)
				}
				for _, f := range r.Findings {
					if strings.HasPrefix(f.Code, "live.") && f.Code != tt.want {
						t.Errorf("and %s: %s", f.Code, f.Message)
					}
				}
			})
		})
	}
}

// TestRun_LiveUpdates watches manifests that change in a way they should not.
func TestRun_LiveUpdates(t *testing.T) {
	files := fstest.MapFS{}
	add(files, "v", pictures(40))
	const step = 4 * time.Second // between the versions
	// mpd is the version at an age: segments of two seconds from first on, up to the live edge.
	mpd := func(epoch time.Time, age time.Duration, first int, more string) string {
		version := age.Truncate(step)
		return fmt.Sprintf(`<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" id="m" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="dynamic" minBufferTime="PT2S" availabilityStartTime="%s" publishTime="%s" minimumUpdatePeriod="PT2S">%s`+
			`<Period id="p" start="PT0S"><AdaptationSet id="v" contentType="video" mimeType="video/mp4"><SegmentTemplate startNumber="%d" media="v$Number$" initialization="vinit"><SegmentTimeline><S t="%d" d="2" r="%d"/></SegmentTimeline></SegmentTemplate>`+
			`<Representation id="180p" bandwidth="250000" codecs="avc1.640028" width="320" height="180"/></AdaptationSet></Period></MPD>`,
			epoch.Format(time.RFC3339Nano), epoch.Add(version).Format(time.RFC3339Nano), more, first, 2*(first-1), 4+int(version/(2*time.Second))-first)
	}
	for _, tt := range []struct {
		name, want string
		list       func(epoch time.Time, age time.Duration) string
	}{
		{"good", "", func(epoch time.Time, age time.Duration) string { return mpd(epoch, age, 1, "") }},
		{"the past leaves", "", func(epoch time.Time, age time.Duration) string { return mpd(epoch, age, 1+int(age/step), "") }},
		{"an old one comes again", "manifest.update-stale", func(epoch time.Time, age time.Duration) string {
			if age >= 2*step && age < 3*step {
				age -= 2 * step
			}
			return mpd(epoch, age, 1, "")
		}},
		{"another beginning", "manifest.update-changed", func(epoch time.Time, age time.Duration) string {
			s := mpd(epoch, age, 1, "")
			if age >= 2*step {
				s = strings.Replace(s, epoch.Format(time.RFC3339Nano), epoch.Add(-time.Second).Format(time.RFC3339Nano), 1)
			}
			return s
		}},
		{"a patch that is not there", "manifest.update-patch", func(epoch time.Time, age time.Duration) string {
			return mpd(epoch, age, 1, `<PatchLocation ttl="60">none.mpp</PatchLocation>`)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				epoch := time.Now().UTC()
				r := broadcast{files, map[string]func(time.Duration) string{"m.mpd": func(age time.Duration) string { return tt.list(epoch, age) }}}.watch(t, "m.mpd", 16*time.Second)
				if got := codes(r); got != tt.want {
					t.Errorf("findings %q, want %q: %+v", got, tt.want, r.Findings)
				}
			})
		})
	}
}
