package fetch_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mseplayer/player/fetch"
)

// harMembers are the members that HAR 1.2 asks for, by object; "?" begins those that may be missing.
var harMembers = map[string]string{
	"":         "log",
	"log":      "version creator entries ?browser ?pages ?comment",
	"creator":  "name version ?comment",
	"entries":  "startedDateTime time request response cache timings ?pageref ?serverIPAddress ?connection ?comment",
	"request":  "method url httpVersion cookies headers queryString headersSize bodySize ?postData ?comment",
	"response": "status statusText httpVersion cookies headers content redirectURL headersSize bodySize ?comment",
	"content":  "size mimeType ?compression ?text ?encoding ?comment",
	"cache":    "?beforeRequest ?afterRequest ?comment",
	"timings":  "send wait receive ?blocked ?dns ?connect ?ssl ?comment",
	"headers":  "name value ?comment", "queryString": "name value ?comment", "cookies": "name value ?path ?domain ?expires ?httpOnly ?secure ?comment",
}

// validHAR fails when v is no HAR 1.2.
func validHAR(t *testing.T, name string, v any) {
	t.Helper()
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			validHAR(t, name, x)
		}
	case map[string]any:
		rule, known := harMembers[name]
		if !known {
			t.Errorf("object %q is not part of HAR", name)
		}
		var may []string
		for m := range strings.FieldsSeq(rule) {
			if m, optional := strings.CutPrefix(m, "?"); optional {
				may = append(may, m)
				continue
			} else if _, ok := v[m]; !ok {
				t.Errorf("%s has no %s: %v", name, m, v)
			}
			may = append(may, m)
		}
		for k, x := range v {
			if !slices.Contains(may, k) && !strings.HasPrefix(k, "_") {
				t.Errorf("%s may not have %s", name, k)
			}
			validHAR(t, k, x)
		}
	case nil:
		t.Errorf("%s is null", name)
	case string:
		if _, err := time.Parse(time.RFC3339, v); name == "startedDateTime" && err != nil {
			t.Error(err)
		}
	case float64:
		if slices.Contains([]string{"send", "wait", "receive", "time"}, name) && v < 0 {
			t.Errorf("%s is %v", name, v)
		}
	}
}

func TestWriteHAR(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		data := content(50_000)
		n := 0
		o := newOrigin(t, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(100 * time.Millisecond)
			switch r.URL.Path {
			case "/login":
				http.SetCookie(w, &http.Cookie{Name: "sid", Value: "c00kie-s3cret"})
				w.Header().Set("Location", "http://user:pass-s3cret@b.example/m.mpd?token=url-s3cret&a=1")
				w.WriteHeader(http.StatusFound)
			case "/seg":
				if n++; n == 1 {
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				w.Header().Set("Content-Type", "video/mp4")
				w.Write(data[:30_000])
				w.(http.Flusher).Flush()
				time.Sleep(200 * time.Millisecond)
				w.Write(data[30_000:])
			case "/gone":
				panic(http.ErrAbortHandler)
			}
		})
		o.server.ErrorLog = quiet
		c := o.client(fetch.Config{Exchanges: 100, Header: http.Header{"authorization": {"Bearer h-s3cret"}, "X-Thing": {"x-s3cret"}, "Accept-Language": {"de"}}})
		for _, u := range []string{"http://me:auth-s3cret@a.example/login?sig=q-s3cret&Policy=p-s3cret", "http://a.example/seg?x=%20y&n", "http://a.example/gone", "data:,s3cret"} {
			_, _, _ = get(c, u, fetch.Segment, fetch.Range{}) // what failed is in the archive
		}
		var b bytes.Buffer
		if err := c.WriteHAR(&b, "mseplayer", "1"); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "s3cret") {
			t.Errorf("a credential is in it:\n%s", b.String())
		}
		var v any
		if err := json.Unmarshal(b.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		validHAR(t, "", v)
		var got []string
		for _, e := range v.(map[string]any)["log"].(map[string]any)["entries"].([]any) {
			e := e.(map[string]any)
			resp, timings := e["response"].(map[string]any), e["timings"].(map[string]any)
			sum := 0.0
			for k, x := range timings {
				if x.(float64) > 0 && k != "ssl" {
					sum += x.(float64)
				}
			}
			if math.Abs(sum-e["time"].(float64)) > 0.01 {
				t.Errorf("time is %v, the phases are %v", e["time"], timings)
			}
			got = append(got, fmt.Sprint(e["request"].(map[string]any)["url"], " ", resp["status"], " ", resp["bodySize"], " ", timings["wait"], "+", timings["receive"], " try ", e["_attempt"]))
		}
		want := []string{
			"http://a.example/login?sig=%5Bredacted%5D&Policy=%5Bredacted%5D 302 0 100+0 try 1",
			"http://b.example/m.mpd?token=%5Bredacted%5D&a=1 200 0 100+0 try 1",
			"http://a.example/seg?x=%20y&n 503 0 100+0 try 1",
			"http://a.example/seg?x=%20y&n 200 50000 100+200 try 2",
		}
		for i := range 4 {
			want = append(want, fmt.Sprintf("http://a.example/gone 0 -1 100+0 try %d", i+1))
		}
		if !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		for _, part := range []string{`{"name":"Accept-Language","value":"de"}`, `{"name":"Set-Cookie","value":"[redacted]"}`, `{"name":"X-Thing","value":"[redacted]"}`,
			`"queryString":[{"name":"x","value":" y"},{"name":"n","value":""}]`, `"_error":"EOF"`, `"mimeType":"video/mp4"`} {
			if !strings.Contains(b.String(), part) {
				t.Errorf("%s is not in it:\n%s", part, b.String())
			}
		}
	})
}

// TestWriteHAR_Bounded keeps the latest exchanges, and none when nobody asked for them.
func TestWriteHAR_Bounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOrigin(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Long", strings.Repeat("x", 100_000))
		})
		for _, keep := range []int{0, 10} {
			c := o.client(fetch.Config{Exchanges: keep})
			for i := range 25 {
				if _, _, err := get(c, fmt.Sprintf("http://h.example/%d", i), fetch.Segment, fetch.Range{}); err != nil {
					t.Fatal(err)
				}
			}
			var b bytes.Buffer
			if err := c.WriteHAR(&b, "mseplayer", "1"); err != nil {
				t.Fatal(err)
			}
			var har struct {
				Log struct {
					Entries []struct{ Request struct{ URL string } }
				}
			}
			if err := json.Unmarshal(b.Bytes(), &har); err != nil {
				t.Fatal(err)
			}
			e := har.Log.Entries
			if len(e) != keep || b.Len() > 10_000 || keep > 0 && (e[0].Request.URL != "http://h.example/15" || e[9].Request.URL != "http://h.example/24") {
				t.Errorf("%d entries in %d bytes: %v", len(e), b.Len(), e)
			}
		}
	})
}
