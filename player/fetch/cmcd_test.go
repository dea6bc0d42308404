package fetch_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mseplayer/player/fetch"
)

// everything has a value for each key.
var everything = fetch.CMCD{Bitrate: 3_200_499, TopBitrate: 6_000_500, Buffer: 21_349 * time.Millisecond, Buffered: true, Starved: true, Content: `faec "5"\`,
	Duration: 4004 * time.Millisecond, Deadline: 18_550 * time.Millisecond, Throughput: 25_449_999, MaxThroughput: 15_050_000,
	Next: "http://h.example/300kbps/track b.m4v?x=1", NextRange: fetch.Range{Start: 12323, End: 48763}, Object: fetch.CMCDVideo, Rate: 1.08, Format: fetch.CMCDDASH, Urgent: true}

func TestCMCD(t *testing.T) {
	for _, tt := range []struct {
		name string
		data *fetch.CMCD
		kind fetch.Kind
		want string
	}{
		{"everything", &everything, fetch.Segment, `bl=21300,br=3200,bs,cid="faec \"5\"\\",d=4004,dl=18600,mtp=25400,nor="..%2F300kbps%2Ftrack%2520b.m4v%3Fx%3D1",nrr="12323-48762",ot=v,pr=1.08,rtp=15100,sf=d,sid="s-1",st=v,su,tb=6001`},
		{"nothing", nil, fetch.Segment, `sid="s-1"`},
		{"by kind: manifest", nil, fetch.Manifest, `ot=m,sid="s-1"`},
		{"by kind: init", nil, fetch.Init, `ot=i,sid="s-1"`},
		{"by kind: key", nil, fetch.Key, `ot=k,sid="s-1"`},
		{"by kind: text", nil, fetch.Text, `ot=c,sid="s-1"`},
		{"empty buffer, paused, live", &fetch.CMCD{Buffered: true, Paused: true, Rate: 1, Live: true, Format: fetch.CMCDHLS}, fetch.Segment, `bl=0,pr=0,sf=h,sid="s-1",st=l`},
		{"ordinary rate", &fetch.CMCD{Rate: 1}, fetch.Segment, `sid="s-1"`},
		{"next on another host", &fetch.CMCD{Next: "http://other.example/x"}, fetch.Segment, `sid="s-1"`},
		{"next beside", &fetch.CMCD{Next: "http://h.example/a/3.m4s"}, fetch.Segment, `nor="3.m4s",sid="s-1"`},
		{"next with a colon", &fetch.CMCD{Next: "http://h.example/a/b:3"}, fetch.Segment, `nor=".%2Fb%3A3",sid="s-1"`},
		{"odd content", &fetch.CMCD{Content: "é\r\n" + strings.Repeat("x", 100)}, fetch.Segment, `cid="%C3%A9%0D%0A` + strings.Repeat("x", 60) + `",sid="s-1"`},
		{"open range", &fetch.CMCD{NextRange: fetch.Range{Start: 5}}, fetch.Segment, `nrr="5-",sid="s-1"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var query string
				var header http.Header
				o := newOrigin(t, func(w http.ResponseWriter, r *http.Request) {
					query, header = r.URL.RawQuery, r.Header
					w.Write([]byte("x"))
				})
				ask := func(mode fetch.CMCDMode) *fetch.Response {
					c := o.client(fetch.Config{CMCD: mode, Session: "s-1"})
					_, resp, err := c.ReadAll(t.Context(), fetch.Request{URL: "http://h.example/a/2.m4s?sig=%2f&CMCD=old", Kind: tt.kind, CMCD: tt.data})
					if err != nil {
						t.Fatal(err)
					}
					return resp
				}
				resp := ask(fetch.CMCDQuery)
				before, packed, _ := strings.Cut(query, "&CMCD=")
				got, err := url.PathUnescape(packed)
				if err != nil || got != tt.want || before != "sig=%2f" || strings.ContainsAny(packed, "+&") {
					t.Errorf("query %s (%v)\n got %s\nwant %s", query, err, got, tt.want)
				}
				if resp.URL != "http://h.example/a/2.m4s?sig=%2f" {
					t.Errorf("the answer is from %s", resp.URL)
				}
				ask(fetch.CMCDHeader)
				var list []string
				for _, f := range []string{"Request", "Object", "Status", "Session"} {
					if v := header.Get("CMCD-" + f); v != "" {
						list = append(list, splitCMCD(v)...)
					}
				}
				slices.SortFunc(list, func(a, b string) int {
					a, _, _ = strings.Cut(a, "=")
					b, _, _ = strings.Cut(b, "=")
					return strings.Compare(a, b)
				})
				if got := strings.Join(list, ","); got != tt.want {
					t.Errorf("header fields\n got %s\nwant %s", got, tt.want)
				}
				ask(fetch.NoCMCD)
				if query != "sig=%2f&CMCD=old" || len(header.Values("CMCD-Session")) > 0 {
					t.Errorf("nobody asked for it: %s %v", query, header)
				}
			})
		})
	}
}

// splitCMCD cuts at the commas that are outside of quotes.
func splitCMCD(s string) []string {
	return regexp.MustCompile(`[a-z]+(=("(\\.|[^"\\])*"|[^,"]*))?`).FindAllString(s, -1)
}

// TestCMCD_Fields says in which field each key belongs.
func TestCMCD_Fields(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got string
		o := newOrigin(t, func(w http.ResponseWriter, r *http.Request) {
			for _, f := range []string{"Object", "Request", "Session", "Status"} {
				var keys []string
				for _, p := range splitCMCD(r.Header.Get("CMCD-" + f)) {
					k, _, _ := strings.Cut(p, "=")
					keys = append(keys, k)
				}
				got += fmt.Sprint(f, keys)
			}
		})
		c := o.client(fetch.Config{CMCD: fetch.CMCDHeader})
		if _, _, err := c.ReadAll(t.Context(), fetch.Request{URL: "http://h.example/a/b", CMCD: &everything}); err != nil {
			t.Fatal(err)
		}
		if got != "Object[br d ot tb]Request[bl dl mtp nor nrr su]Session[cid pr sf sid st]Status[bs rtp]" {
			t.Errorf("got %s", got)
		}
	})
}

// TestCMCD_Session is a random one that stays, and the data of a redirect is not doubled.
func TestCMCD_Session(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []string
		o := newOrigin(t, func(w http.ResponseWriter, r *http.Request) {
			got = append(got, r.URL.Query()["CMCD"]...)
			if r.URL.Path == "/from" {
				http.Redirect(w, r, "/to?"+r.URL.RawQuery, http.StatusFound)
			}
		})
		c := o.client(fetch.Config{CMCD: fetch.CMCDQuery})
		_, resp, err := get(c, "http://h.example/from", fetch.Segment, fetch.Range{})
		if err != nil || resp.URL != "http://h.example/to?" && resp.URL != "http://h.example/to" {
			t.Fatalf("%v, from %s", err, resp.URL)
		}
		if len(got) != 2 || got[0] != got[1] || !regexp.MustCompile(`^sid="[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"$`).MatchString(got[0]) {
			t.Errorf("got %q", got)
		}
	})
}
