package stream_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"mseplayer/player/fetch"
	"mseplayer/player/hls"
	"mseplayer/player/manifest"
	"mseplayer/player/stream"
)

// TestPathways plays playlists that two hosts have, each with segments of its own host, while the segments of one go away.
func TestPathways(t *testing.T) {
	const steered = "#EXT-X-CONTENT-STEERING:SERVER-URI=\"http://steer.example/\",PATHWAY-ID=\"A\"\n"
	for _, tt := range []struct {
		name   string
		head   string
		path   string // attribute of a variant
		after  time.Duration
		orders string // where the steering server sends everybody, "" for that it is gone
		to     string // who has the segments in the end
	}{
		{"redundant variants from the beginning", "", "", 0, "", "b"},
		{"redundant variants while it plays", "", "", 4 * time.Second, "", "b"},
		{"pathways from the beginning", steered, `,PATHWAY-ID="%s"`, 0, "", "b"},
		{"a server that steers away", steered, `,PATHWAY-ID="%s"`, time.Hour, `"PATHWAY-PRIORITY":["B","A"]`, "b"},
		{"a clone with URLs of its own", steered, `,STABLE-VARIANT-ID="v",PATHWAY-ID="%s"`, time.Hour, `"PATHWAY-PRIORITY":["C"],"PATHWAY-CLONES":[{"BASE-ID":"A","ID":"C",` +
			`"URI-REPLACEMENT":{"HOST":"wrong.example","PER-VARIANT-URIS":{"v":"http://c.example/deep/list.m3u8"}}}]`, "c"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				h := &hosts{files: fstest.MapFS{}}
				movie(h.files, "", 60, 0, 100_000)
				var list strings.Builder
				list.WriteString("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-MAP:URI=\"v-init\"\n")
				for i := range 30 {
					fmt.Fprintf(&list, "#EXTINF:2,\nv-%d\n", i)
				}
				list.WriteString("#EXT-X-ENDLIST\n")
				h.files["list.m3u8"] = &fstest.MapFile{Data: []byte(list.String())}
				h.fault = func(w http.ResponseWriter, r *http.Request) bool {
					switch {
					case r.Host == "steer.example" && tt.orders != "":
						fmt.Fprintf(w, `{"VERSION":1,"TTL":10,%s}`, tt.orders)
					case r.Host == "c.example" && strings.HasPrefix(r.URL.Path, "/deep/"):
						http.StripPrefix("/deep", http.FileServerFS(h.files)).ServeHTTP(w, r)
					case r.Host == "steer.example":
						w.WriteHeader(http.StatusGone)
					case r.Host == "a.example" && strings.HasPrefix(r.URL.Path, "/v-") && time.Since(h.begun) >= tt.after:
						w.WriteHeader(http.StatusServiceUnavailable)
					default:
						return false
					}
					return true
				}
				org := network(t, h)
				master := "#EXTM3U\n" + tt.head
				for _, x := range []string{"a", "b"} {
					path := tt.path
					if path != "" {
						path = fmt.Sprintf(path, strings.ToUpper(x))
					}
					master += fmt.Sprintf("#EXT-X-STREAM-INF:BANDWIDTH=100000,CODECS=\"avc1.64001f\"%s\nhttp://%s.example/list.m3u8\n", path, x)
				}
				client, err := fetch.New(org.config)
				if err != nil {
					t.Fatal(err)
				}
				pres, err := hls.Parse([]byte(master), hls.Options{BaseURL: "http://a.example/m.m3u8", Get: func(r manifest.Resource) ([]byte, error) {
					b, resp, err := client.ReadAll(context.Background(), fetch.Request{URL: r.URL, Kind: fetch.Manifest})
					if err == nil && r.From != nil {
						r.From(0, "", resp.URL)
					}
					return b, err
				}})
				_ = client.Close()
				if err != nil {
					t.Fatal(err)
				}
				r := start(t, org, pres, stream.ProgramOptions{}, nil)
				defer r.stop()
				r.el.Play()
				r.ended(90 * time.Second)
				if got := r.pictures(); got != "0.00-59.96" || r.stalls() != 0 || r.el.Error() != nil {
					t.Errorf("shown %s, stalls %v, error %v\n%s", got, r.el.Report().Stalls, r.el.Error(), r.log.String())
				}
				segments, lists := tt.to+".example/v-", tt.to+".example/list"
				if tt.to == "c" {
					segments, lists = "c.example/deep/v-", "c.example/deep/list"
				}
				if h.count(segments) == 0 || h.count("a.example/list") == 0 || h.count(lists) > 2 || h.count("wrong.example") > 0 {
					t.Errorf("asked %v", h.asked)
				}
			})
		})
	}
}
