package stream_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/manifest"
	"mseplayer/player/stream"
)

// emsg makes an event message of version 1 with a timescale of 1000.
func emsg(scheme, value string, at, length, id uint32, data string) []byte {
	b := append([]byte("\x00\x00\x00\x00emsg"), 1, 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, 1000)
	b = binary.BigEndian.AppendUint64(b, uint64(at))
	b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, length), id)
	b = append(b, scheme+"\x00"+value+"\x00"+data...)
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	return b
}

// said writes events in one line each.
func said(events []stream.TimedEvent) string {
	var out []string
	for _, x := range events {
		d := "?"
		if x.Duration.Set {
			d = fmt.Sprint(float64(x.Duration.T))
		}
		out = append(out, fmt.Sprintf("%g+%s %s/%s/%s %q", float64(x.Start), d, x.Scheme, x.Value, x.ID, x.Data))
	}
	return strings.Join(out, "\n")
}

func TestTimedEvents(t *testing.T) {
	bubble(t, func(t *testing.T) {
		files := fstest.MapFS{}
		movie(files, "", 20, 0, 100_000)
		before := func(name string, boxes ...[]byte) {
			for _, b := range boxes {
				files[name] = &fstest.MapFile{Data: append(b, files[name].Data...)}
			}
		}
		before("v-1", emsg("urn:x", "v", 5000, 2000, 7, "once"))
		before("v-2", emsg("urn:x", "v", 5000, 2000, 7, "once"), emsg("urn:x", "v", 5000, 2000, 8, "other"))
		before("a-2", emsg("urn:x", "v", 5000, 2000, 7, "once"))
		before("v-3", emsg(media.SchemeID3, "", 6500, 0, 0, "ID3a"), emsg(media.SchemeID3, "", 7500, 0, 0, "ID3b"))
		before("v-6", emsg("urn:x", "v", 12_000, 1000, 9, "behind the seek"))
		pres := &manifest.Presentation{Format: manifest.DASH, URL: "org:///m", Duration: media.Some(20), Periods: []*manifest.Period{period("0", 0, 20,
			rep(manifest.Video, "v", "0", "v-init", index{"v-", 0, 10, time.Time{}, nil}),
			rep(manifest.Audio, "a", "0", "a-init", index{"a-", 0, 10, time.Time{}, nil}))}}
		pres.Periods[0].Events = []manifest.Event{{Scheme: "urn:m", ID: "1", Start: 1, Duration: media.Some(2), Data: "<a/>"},
			{Scheme: "com.apple.hls.interstitial", ID: "ad", Start: 14, Duration: media.Some(5), Attributes: map[string]string{"X-ASSET-URI": "http://ad.example/"}},
			{Scheme: "urn:m", ID: "2", Start: 19}}
		var reached []stream.TimedEvent
		var when []string
		var r *rig
		r = start(t, &origin{files: files}, pres, stream.ProgramOptions{Event: func(x stream.TimedEvent) {
			at, _ := r.el.Playhead()
			reached = append(reached, x)
			if late := at.Sub(x.Start); late < 0 || late > 0.3 && x.ID != "ad" {
				when = append(when, fmt.Sprintf("%s at %s", x.ID, at))
			}
		}}, nil)
		defer r.stop()
		r.el.Play()
		time.Sleep(9 * time.Second)
		r.el.Seek(15) // into what 14 has begun, past 12
		r.ended(20 * time.Second)
		time.Sleep(time.Second)
		synctest.Wait()
		const first = "1+2 urn:m//1 \"<a/>\"\n5+2 urn:x/v/8 \"other\"\n5+2 urn:x/v/7 \"once\"\n" +
			"6.5+0 https://aomedia.org/emsg/ID3//0 \"ID3a\"\n7.5+0 https://aomedia.org/emsg/ID3//0 \"ID3b\"\n"
		const last = "14+5 com.apple.hls.interstitial//ad \"http://ad.example/\"\n19+? urn:m//2 \"\""
		order := func(s string) string { // two begin at once, and come in the order of their boxes
			return strings.Replace(s, "5+2 urn:x/v/7 \"once\"\n5+2 urn:x/v/8 \"other\"\n", "5+2 urn:x/v/8 \"other\"\n5+2 urn:x/v/7 \"once\"\n", 1)
		}
		if got, want := order(said(reached)), first+last; got != want {
			t.Errorf("reached\n%s\nwant\n%s", got, want)
		}
		if got, want := order(said(r.prog.TimedEvents())), first+"12+1 urn:x/v/9 \"behind the seek\"\n"+last; got != want {
			t.Errorf("listed\n%s\nwant\n%s", got, want)
		}
		if when != nil {
			t.Errorf("told at the wrong time: %v", when)
		}
		if n := strings.Count(r.log.String(), "interstitials are not played"); n != 1 {
			t.Errorf("warned %d times of interstitials", n)
		}
	})
}

// TestTimedEvents_Bounds floods the list.
func TestTimedEvents_Bounds(t *testing.T) {
	pres := &manifest.Presentation{Format: manifest.DASH, URL: "org:///m", Periods: []*manifest.Period{{ID: "0"}}}
	for i := range 5000 {
		pres.Periods[0].Events = append(pres.Periods[0].Events, manifest.Event{Scheme: "urn:m", ID: fmt.Sprint(i), Start: media.Time(i)})
	}
	got := stream.NewProgram(pres, stream.ProgramOptions{}).TimedEvents()
	if len(got) != 4096 || got[0].ID != "904" || got[4095].ID != "4999" {
		t.Errorf("%d events, from %s to %s", len(got), got[0].ID, got[len(got)-1].ID)
	}
}

// TestLive_MediaSaysUpdate has a manifest that changes only when its media says so.
func TestLive_MediaSaysUpdate(t *testing.T) {
	for _, value := range []string{"1", "2", "3", "4"} {
		t.Run("value "+value, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				b := newBroadcast()
				for _, n := range []int{29, 34} {
					name := fmt.Sprint("v-", n)
					b.files[name] = &fstest.MapFile{Data: append(emsg("urn:mpeg:dash:event:2012", value, uint32(n)*2000, 0, uint32(n), "2026-01-01T00:00:00Z"), b.files[name].Data...)}
				}
				u := &updater{}
				u.make = func() (*manifest.Presentation, error) { return b.numbers(), nil }
				b.live.Updater = u
				r := start(t, &origin{files: b.files}, b.numbers(), stream.ProgramOptions{}, nil)
				defer r.stop()
				r.el.Play()
				time.Sleep(20 * time.Second)
				synctest.Wait()
				want := 2
				if value == "4" {
					want = 0
				}
				if u.calls != want || r.stalls() != 0 {
					t.Errorf("asked for %d updates, want %d; stalls %v\n%s", u.calls, want, r.el.Report().Stalls, r.log.String())
				}
			})
		})
	}
}
