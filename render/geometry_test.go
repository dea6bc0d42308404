package render

import (
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseGeometry(t *testing.T) {
	tests := []struct {
		in   string
		want Geometry
		ok   bool
	}{
		{"1280x720", Geometry{Width: 1280, Height: 720}, true},
		{"1280X720", Geometry{Width: 1280, Height: 720}, true},
		{"640x360+10+20", Geometry{Width: 640, Height: 360, X: 10, Y: 20, Placed: true}, true},
		{"640x360-0-40", Geometry{Width: 640, Height: 360, X: 0, Y: 40, Placed: true, FromRight: true, FromBottom: true}, true},
		{"+5-6", Geometry{X: 5, Y: 6, Placed: true, FromBottom: true}, true},
		{"", Geometry{}, false},
		{"x", Geometry{}, false},
		{"640", Geometry{}, false},
		{"640x", Geometry{}, false},
		{"0x360", Geometry{}, false},
		{"640x360x2", Geometry{}, false},
		{"640x360+10", Geometry{}, false},
		{"640x360+10+20+30", Geometry{}, false},
		{"640x360++10", Geometry{}, false},
		{"99999x10", Geometry{}, false},
		{"99999999999999999999x10", Geometry{}, false},
		{"50%x50%", Geometry{}, false},
	}
	for _, tc := range tests {
		got, err := ParseGeometry(tc.in)
		if got != tc.want || (err == nil) != tc.ok {
			t.Errorf("%q: got %+v, %v, want %+v, valid %t", tc.in, got, err, tc.want, tc.ok)
		}
		if err != nil && (!strings.Contains(err.Error(), tc.in) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%q: the error %q does not quote it on one line", tc.in, err)
		}
	}
}

func TestCheckDisplay(t *testing.T) {
	ln, err := net.Listen("unix", filepath.Join(t.TempDir(), "x:7"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := tcp.Addr().(*net.TCPAddr).Port
	if err := tcp.Close(); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, display, wayland string
		want                   string // part of the error, "" for none
	}{
		{"running server", server.Display, "", ""},
		{"running server, with screen", server.Display + ".0", "", ""},
		{"socket path", ln.Addr().String(), "", ""},
		{"nothing set", "", "", "DISPLAY is not set"},
		{"Wayland alone", "", "wayland-0", "Xwayland"},
		{"no such server", ":59000", "", "59000"},
		{"no number", "nonsense", "", "no display number"},
		{"empty number", ":", "", "no display number"},
		{"number too large", ":65536", "", "no display number"},
	}
	if closed >= 6000 {
		tests = append(tests, struct{ name, display, wayland, want string }{"remote server is down", "127.0.0.1:" + itoa(closed-6000) + ".0", "", "127.0.0.1"})
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			env := map[string]string{"DISPLAY": tc.display, "WAYLAND_DISPLAY": tc.wayland}
			err := checkDisplay(func(k string) string { return env[k] })
			if tc.want == "" {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			if !errors.Is(err, ErrNoDisplay) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want ErrNoDisplay with %q", err, tc.want)
			}
		})
	}
}
