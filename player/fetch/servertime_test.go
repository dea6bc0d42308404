package fetch_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mseplayer/player/fetch"
)

func TestServerTime(t *testing.T) {
	want := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	method := ""
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		method = r.Method
		switch r.URL.Path {
		case "/none":
			w.Header()["Date"] = nil
		case "/bad":
			w.Header().Set("Date", "yesterday")
		default:
			w.Header().Set("Date", want.Format(http.TimeFormat))
		}
	}))
	defer srv.Close()
	c, err := fetch.New(fetch.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if got, err := c.ServerTime(t.Context(), srv.URL+"/time"); err != nil || !got.Equal(want) || method != http.MethodHead {
		t.Errorf("got %v, %v by %s", got, err, method)
	}
	for _, url := range []string{srv.URL + "/none", srv.URL + "/bad", "file:///etc/hostname", "http://user:secret@127.0.0.1:1/"} {
		_, err := c.ServerTime(t.Context(), url)
		if err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", url, err)
		}
	}
}
