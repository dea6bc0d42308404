package check_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"mseplayer/player/check"
)

// TestRun_LiveText watches presentations with subtitles whose window moves on, and whose documents count from the beginning
// of the broadcast, which is seconds or hours before the window, by a clock of their own. Nothing is outside. A document that
// stands where another belongs is.
func TestRun_LiveText(t *testing.T) {
	files := fstest.MapFS{}
	add(files, "v", pictures(60))
	window := func(age time.Duration) (first, last int) { n := int(age / (2 * time.Second)); return 1 + n, 6 + n }
	list := func(name, head, ending string) func(time.Duration) string {
		return func(age time.Duration) string {
			first, last := window(age)
			s := fmt.Sprintf("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n%s", first, head)
			for n := first; n <= last; n++ {
				s += fmt.Sprintf("#EXTINF:2,\n%s%d%s\n", name, n, ending)
			}
			return s
		}
	}
	const master = "#EXTM3U\n#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"English\",LANGUAGE=\"en\",URI=\"s.m3u8\"\n" +
		"#EXT-X-STREAM-INF:BANDWIDTH=250000,CODECS=\"avc1.640028\",RESOLUTION=320x180,SUBTITLES=\"s\"\nv.m3u8\n"
	clock := func(seconds float64) string {
		return fmt.Sprintf("%02d:%02d:%06.3f", int(seconds)/3600, int(seconds)/60%60, seconds-float64(int(seconds)/60*60))
	}
	for _, before := range []float64{0, 10, 30, 55, 70, 3000, 90000} {
		for _, header := range []string{"", "X-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n"} {
			for _, wrong := range []int{0, 5} {
				if wrong != 0 && before > 60 {
					continue
				}
				t.Run(fmt.Sprintf("%g s before, %q, wrong %d", before, header, wrong), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						b := broadcast{files, map[string]func(time.Duration) string{
							"m.m3u8": func(time.Duration) string { return master },
							"v.m3u8": list("v", "#EXT-X-MAP:URI=\"vinit\"\n", ""), "s.m3u8": list("s", "", ".vtt"),
						}}
						for n := 1; n <= 30; n++ {
							at := before + 2*float64(n-1)
							if n == wrong {
								at += 20
							}
							body := "WEBVTT\n" + header + "\n" + clock(at+0.5) + " --> " + clock(at+1.5) + "\nwords\n\n" + clock(at+1.6) + " --> " + clock(at+4) + "\nthat reach into the next segment\n"
							if n%4 == 2 {
								body = "WEBVTT\n" + header
							}
							b.documents[fmt.Sprintf("s%d.vtt", n)] = func(time.Duration) string { return body }
						}
						r := b.watch(t, "m.m3u8", 16*time.Second)
						outside := strings.Contains(codes(r), "text.outside-timeline")
						if outside != (wrong != 0) {
							t.Errorf("findings %+v", r.Findings)
						}
						var row *check.Track
						for i := range r.Tracks {
							if r.Tracks[i].Type == "text" {
								row = &r.Tracks[i]
							}
						}
						if row == nil || row.CodedFrames == nil || *row.CodedFrames < 10 {
							t.Errorf("row %+v", row)
						}
					})
				})
			}
		}
	}
}

// TestRun_LiveTextDASH is the same with documents that a manifest of DASH numbers, on a timeline that began hours before.
func TestRun_LiveTextDASH(t *testing.T) {
	for _, offset := range []int{0, 36000} {
		synctest.Test(t, func(t *testing.T) {
			files := fstest.MapFS{}
			add(files, "v", pictures(60))
			epoch := time.Now().UTC()
			b := broadcast{files, map[string]func(time.Duration) string{"m.mpd": func(time.Duration) string {
				return fmt.Sprintf(`<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="dynamic" minBufferTime="PT2S" availabilityStartTime="%s" publishTime="%s" minimumUpdatePeriod="PT60S" timeShiftBufferDepth="PT10S"><Period id="0" start="PT0S">`+
					`<AdaptationSet id="v" contentType="video" mimeType="video/mp4"><SegmentTemplate duration="2" media="v$Number$" initialization="vinit"/><Representation id="180p" bandwidth="250000" codecs="avc1.640028" width="320" height="180"/></AdaptationSet>`+
					`<AdaptationSet id="t" contentType="text" mimeType="text/vtt" lang="sv"><SegmentTemplate duration="2" presentationTimeOffset="%d" media="s$Number$.vtt"/><Representation id="s" bandwidth="1"/></AdaptationSet></Period></MPD>`,
					epoch.Add(-20*time.Second).Format(time.RFC3339Nano), epoch.Format(time.RFC3339Nano), offset)
			}}}
			for n := 1; n <= 30; n++ {
				at := offset + 2*(n-1)
				b.documents[fmt.Sprintf("s%d.vtt", n)] = func(time.Duration) string {
					return fmt.Sprintf("WEBVTT\n\n%02d:%02d:%02d.200 --> %02d:%02d:%02d.800\nwords\n", at/3600, at/60%60, at%60, at/3600, at/60%60, at%60)
				}
			}
			r := b.watch(t, "m.mpd", 16*time.Second)
			if got := codes(r); strings.Contains(got, "text.") {
				t.Errorf("offset %d: findings %+v", offset, r.Findings)
			}
		})
	}
}
