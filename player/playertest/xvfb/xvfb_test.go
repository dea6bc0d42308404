package xvfb_test

import (
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"mseplayer/player/playertest/xvfb"
)

func TestServer(t *testing.T) {
	a := start(t, 320, 200)
	b := start(t, 1023, 77)
	if a.Display == b.Display {
		t.Fatalf("two servers on display %s", a.Display)
	}
	for _, s := range []*xvfb.Server{a, b} {
		c, err := net.Dial("unix", socket(s))
		if err != nil {
			t.Fatalf("display %s does not listen: %v", s.Display, err)
		}
		_ = c.Close()
		img, err := s.Screenshot()
		if err != nil {
			t.Fatal(err)
		}
		if got := img.Bounds().Size(); got.X != s.Width || got.Y != s.Height {
			t.Errorf("screenshot is %v, want %d×%d", got, s.Width, s.Height)
		}
		if !slices.Contains(s.Env(), "DISPLAY="+s.Display) {
			t.Errorf("environment lacks the display %s", s.Display)
		}
	}
	for range 2 {
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if c, err := net.Dial("unix", socket(a)); err == nil {
		_ = c.Close()
		t.Error("the server still listens after Close")
	}
	if _, err := a.Screenshot(); err == nil {
		t.Error("the frame buffer file is still there after Close")
	}
}

// TestServer_Xdotool asks for the size of the screen, and for what there is not.
func TestServer_Xdotool(t *testing.T) {
	s := start(t, 320, 200)
	if got, err := s.Xdotool("getdisplaygeometry"); got != "320 200" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := s.Xdotool("fly"); err == nil || !strings.Contains(err.Error(), "[fly]") {
		t.Errorf("error %v", err)
	}
}

// TestServer_Probe looks at single pixels: of the screen's corners, of what lies outside, and of a server that has ended.
func TestServer_Probe(t *testing.T) {
	s := start(t, 31, 17)
	for _, at := range [][2]int{{0, 0}, {30, 16}} {
		look, done, err := s.Probe(at[0], at[1])
		if err != nil {
			t.Fatal(err)
		}
		if r, g, b, err := look(); r|g|b != 0 || err != nil {
			t.Errorf("%v of an empty screen: %d %d %d, %v", at, r, g, b, err)
		}
		if err := done(); err != nil {
			t.Error(err)
		}
		if _, _, _, err := look(); err == nil {
			t.Errorf("%v can be looked at after done", at)
		}
	}
	for _, at := range [][2]int{{-1, 0}, {0, -1}, {31, 0}, {0, 17}} {
		if _, _, err := s.Probe(at[0], at[1]); err == nil {
			t.Errorf("pixel %v is taken for one of the screen", at)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Probe(0, 0); err == nil {
		t.Error("a server that has ended can be looked at")
	}
}

func TestStart_BadSize(t *testing.T) {
	for _, size := range [][2]int{{0, 10}, {10, -1}, {1 << 20, 10}} {
		if s, err := xvfb.Start(size[0], size[1]); err == nil {
			t.Errorf("%v: started %s", size, s.Display)
			_ = s.Close()
		}
	}
}

func TestStart_NoProgram(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := xvfb.Start(10, 10); err == nil || !strings.Contains(err.Error(), "Xvfb") {
		t.Errorf("got %v, want an error that names Xvfb", err)
	}
}

// TestStart_ServerFails runs a program in the server's place that ends at once with a message.
func TestStart_ServerFails(t *testing.T) {
	dir := t.TempDir()
	script := "#!/bin/sh\necho 'no such screen' >&2\nexit 1\n"
	if err := os.WriteFile(dir+"/Xvfb", []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	if _, err := xvfb.Start(10, 10); err == nil || !strings.Contains(err.Error(), "no such screen") {
		t.Errorf("got %v, want the server's own message", err)
	}
}

func start(t *testing.T, w, h int) *xvfb.Server {
	t.Helper()
	s, err := xvfb.Start(w, h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func socket(s *xvfb.Server) string { return "/tmp/.X11-unix/X" + strings.TrimPrefix(s.Display, ":") }
