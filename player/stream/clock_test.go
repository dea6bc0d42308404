package stream_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"mseplayer/player/fetch"
	"mseplayer/player/manifest"
	"mseplayer/player/playertest/netsim"
	"mseplayer/player/stream"
)

// TestAskClock learns a clock that is 100 s fast in each way that there is.
func TestAskClock(t *testing.T) {
	const ahead = 100 * time.Second
	for _, tt := range []struct {
		name, scheme, value string
		want                time.Duration
		by, err             string
	}{
		{"direct", "direct:2014", "2000-01-01T00:01:40Z", ahead, "direct", ""},
		{"head", "http-head:2014", "http://t.example/head", ahead, "http-head", ""},
		{"iso", "http-iso:2014", "http://t.example/iso", ahead, "http-iso", ""},
		{"xsdate", "http-xsdate:2014", "http://t.example/xsdate", ahead, "http-xsdate", ""},
		{"the second of a list", "http-xsdate:2014", "http://t.example/gone http://t.example/xsdate", ahead, "http-xsdate", ""},
		{"the date of the manifest", "http-iso:2014", "http://t.example/gone", ahead, "date", "404 Not Found"},
		{"no time", "http-iso:2014", "http://t.example/text", ahead, "date", "is no time"},
		{"ntp", "ntp:2014", "ntp.example", ahead, "date", "this scheme is not handled"},
		{"unknown", "sundial:2014", "http://t.example/", ahead, "date", "this scheme is not known"},
		{"no value", "http-head:2014", "", ahead, "date", "it names no server"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := &netsim.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					now := time.Now().UTC().Add(ahead)
					w.Header().Set("Date", now.Format(http.TimeFormat))
					text := map[string]string{"/iso": now.Format("20060102T150405Z0700"), "/xsdate": now.Format("2006-01-02T15:04:05.999"), "/text": "noon", "/head": "", "/m.mpd": ""}
					body, ok := text[r.URL.Path]
					if !ok {
						w.WriteHeader(http.StatusNotFound)
					}
					_, _ = w.Write([]byte(body)) // whoever hangs up does not want it
				})}
				s.Start()
				defer s.Close()
				c, err := fetch.New(fetch.Config{Dial: s.Dial})
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = c.Close() }()
				skew, err := stream.AskClock(t.Context(), c, []manifest.Descriptor{{Scheme: "urn:mpeg:dash:utc:" + tt.scheme, Value: tt.value}}, "http://h.example/m.mpd")
				if (skew.Offset-tt.want).Abs() > time.Second || !strings.Contains(skew.Scheme, tt.by) {
					t.Errorf("got %+v, want %v by %s", skew, tt.want, tt.by)
				}
				if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
					t.Errorf("got %v, want %q", err, tt.err)
				}
			})
		})
	}
}
