package source_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mseplayer/player/fetch"
	"mseplayer/player/manifest"
	"mseplayer/player/source"
)

const (
	master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"avc1.64001f\"\nv.m3u8?a=1\n"
	list   = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-DEFINE:QUERYPARAM=\"b\"\n#EXTINF:4,\nseg.ts?b={$b}\n#EXT-X-ENDLIST\n"
)

// TestOpen_Playlist opens playlists over the network: where redirections lead is what references are resolved against.
func TestOpen_Playlist(t *testing.T) {
	mux := http.NewServeMux()
	serve := func(path, text string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, text) })
	}
	redirect := func(path, to string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			to := to
			if r.URL.RawQuery == "a=1" {
				to += "?b=2"
			}
			http.Redirect(w, r, to, http.StatusFound)
		})
	}
	redirect("/start", "/one/master.m3u8")
	serve("/one/master.m3u8", master)
	redirect("/one/v.m3u8", "/two/v.m3u8")
	serve("/two/v.m3u8", list)
	serve("/local.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n")
	serve("/empty.m3u8", "#EXTM3U\n")
	srv := httptest.NewServer(mux)
	defer srv.Close()
	c := client(t)
	open := func(path string) (*source.Source, error) {
		return source.Open(t.Context(), srv.URL+path, source.Options{Fetch: c})
	}

	s, err := open("/start")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Presentation.Format != manifest.HLS || s.URL != srv.URL+"/one/master.m3u8" || s.Presentation.Duration.T != 4 {
		t.Errorf("%s from %s, %s long", s.Presentation.Format, s.URL, s.Presentation.Duration)
	}
	get := source.Getter(t.Context(), c, s.URL)
	l, err := s.Presentation.Periods[0].Sets[0].Representations[0].Lazy.Load(get)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := l.Index.At(0).URL, srv.URL+"/two/seg.ts?b=2"; got != want {
		t.Errorf("the segment is at %s, want %s", got, want)
	}

	s, err = open("/local.m3u8")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if l, err = s.Presentation.Periods[0].Sets[0].Representations[0].Lazy.Load(get); err != nil || !l.Index.At(0).Gap || l.Index.At(0).URL != "" {
		t.Errorf("a playlist from the network names a file: %v, %+v", err, l.Index.At(0))
	}

	if _, err = open("/empty.m3u8"); err == nil || !strings.Contains(err.Error(), "HLS playlist names neither") {
		t.Errorf("empty playlist: %v", err)
	}
}

// client asks once.
func client(t *testing.T) *fetch.Client {
	t.Helper()
	c, err := fetch.New(fetch.Config{Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestGetter tries alternatives, tells which one answered, and gives nothing for a range behind the end.
func TestGetter(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/there" {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, "", time.Unix(1, 0), strings.NewReader("0123456789"))
	}))
	defer srv.Close()
	c := client(t)
	get := source.Getter(t.Context(), c, srv.URL)
	place, from := -1, ""
	r := manifest.Resource{URL: srv.URL + "/away", Alternatives: []string{srv.URL + "/gone", srv.URL + "/there"},
		From: func(i int, _, u string) { place, from = i, u }}
	b, err := get(r)
	if err != nil || string(b) != "0123456789" || place != 2 || from != srv.URL+"/there" {
		t.Errorf("got %q from place %d, %s: %v", b, place, from, err)
	}
	r.Range = manifest.Range{Start: 4, End: 6}
	if b, err = get(r); err != nil || string(b) != "45" {
		t.Errorf("range: %q, %v", b, err)
	}
	r.Range = manifest.Range{Start: 100, End: 200}
	if b, err = get(r); err != nil || len(b) != 0 {
		t.Errorf("range behind the end: %q, %v", b, err)
	}
	if _, err = get(manifest.Resource{URL: srv.URL + "/away", Alternatives: []string{srv.URL + "/gone"}}); err == nil || !strings.Contains(err.Error(), "/away") {
		t.Errorf("nothing there: %v", err)
	}
}

// TestOpen_Once asks for a manifest once, however it is named and however the server answers.
func TestOpen_Once(t *testing.T) {
	const mpd = `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT4S"><Period><AdaptationSet mimeType="video/mp4" codecs="avc1.64001f">` +
		`<SegmentTemplate media="$Number$" duration="2"/><Representation id="1" bandwidth="1"/></AdaptationSet></Period>`
	small := mpd + "</MPD>"
	large := mpd + strings.Repeat("<!-- "+strings.Repeat("x", 4<<10)+" -->", 300) + "</MPD>" // more than one block
	huge := mpd + strings.Repeat(" ", 17<<20) + "</MPD>"
	for _, tt := range []struct {
		name, path, doc string
		ranges          bool
		asked           int
		err             string
	}{
		{"by name", "/m.mpd", small, true, 1, ""},
		{"by name with a query", "/m.mpd?x=1", large, true, 1, ""},
		{"no name, ranges", "/m", small, true, 1, ""},
		{"no name, large, ranges", "/m", large, true, 2, ""},
		{"no name, no ranges", "/m", large, false, 2, ""},
		{"redirected", "/to", small, true, 2, ""},
		{"too large", "/m", huge, false, 3, "larger than accepted"},
		{"a playlist", "/m?b=2", list, true, 1, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked := 0
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/seg.ts" {
					asked++
				}
				switch {
				case r.URL.Path == "/to":
					http.Redirect(w, r, "/sub/m", http.StatusFound)
				case tt.ranges:
					http.ServeContent(w, r, "", time.Time{}, strings.NewReader(tt.doc))
				default:
					_, _ = fmt.Fprint(w, tt.doc)
				}
			}))
			defer srv.Close()
			c := client(t)
			s, err := source.Open(t.Context(), srv.URL+tt.path, source.Options{Fetch: c})
			if asked != tt.asked {
				t.Errorf("asked %d times, want %d", asked, tt.asked)
			}
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("got %v, want %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if want := strings.Replace(srv.URL+tt.path, "/to", "/sub/m", 1); s.URL != want || len(s.Presentation.Periods) != 1 {
				t.Errorf("from %s, want %s", s.URL, want)
			}
		})
	}
}
