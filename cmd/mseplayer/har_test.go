package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestHAR lets each command that fetches write down its requests, and playing tell the server about itself.
func TestHAR(t *testing.T) {
	folder, manifest := demoFiles(t)
	var mu sync.Mutex
	var told []string
	files := http.FileServer(http.Dir(folder))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		told = append(told, r.URL.Query().Get("CMCD"))
		mu.Unlock()
		files.ServeHTTP(w, r)
	}))
	defer server.Close()
	source := server.URL + "/" + filepath.Base(manifest) + "?token=s3cret"
	for _, tt := range []struct {
		args []string
		// least is how many requests there must be.
		least int
	}{
		{[]string{"probe"}, 1},
		{[]string{"check", "--first-only", "--no-decode", "--quiet"}, 4},
		{[]string{"play", "--headless", "--audio-out", "null", "--quiet", "--duration", "0.5", "--cmcd", "query"}, 4},
	} {
		mu.Lock()
		told = nil
		mu.Unlock()
		file := filepath.Join(t.TempDir(), "a.har")
		args := append(tt.args, "--header", "Authorization: Bearer s3cret", "--har", file, source)
		if r := program(t, nil, args...); r.code != exitOK {
			t.Fatalf("%v: exit %d: %s", args, r.code, r.err)
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var har struct {
			Log struct {
				Version string
				Entries []struct {
					Request  struct{ URL string }
					Response struct{ Status int }
				}
			}
		}
		if err := json.Unmarshal(b, &har); err != nil {
			t.Fatal(err)
		}
		if har.Log.Version != "1.2" || len(har.Log.Entries) < tt.least || strings.Contains(string(b), "s3cret") {
			t.Errorf("%v: %d requests, version %q\n%.2000s", tt.args, len(har.Log.Entries), har.Log.Version, b)
		}
		for _, e := range har.Log.Entries {
			// A check asks whether the media goes on behind the end.
			behind := tt.args[0] == "check" && strings.Contains(e.Request.URL, "-9.m4s") && e.Response.Status == http.StatusNotFound
			if !strings.HasPrefix(e.Request.URL, server.URL) || e.Response.Status/100 != 2 && !behind {
				t.Errorf("%v: %+v", tt.args, e)
			}
		}
		mu.Lock()
		asked := slices.Clone(told)
		mu.Unlock()
		for _, s := range asked {
			if strings.Contains(s, "sid=") != (tt.args[0] == "play") {
				t.Errorf("%v: told the server %q", tt.args, s)
			}
		}
	}
}
