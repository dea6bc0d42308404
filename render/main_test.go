package render

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/hajimehoshi/ebiten/v2"

	"mseplayer/player/playertest/xvfb"
)

// The screen that tests run on.
const screenW, screenH = 1920, 1080

var (
	server *xvfb.Server
	loop   = &testLoop{jobs: make(chan func(*ebiten.Image))}
)

// TestMain runs the tests beside the graphics library's loop, on a virtual display of their own. In a child process
// it runs the program under test instead; see TestRun.
func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		os.Exit(child())
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if server, err = xvfb.Start(screenW, screenH); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = server.Close() }()
	_ = os.Setenv("DISPLAY", server.Display)
	_ = os.Unsetenv("WAYLAND_DISPLAY")

	code := 1
	ctx, stop := context.WithCancel(context.Background())
	loop.ctx = ctx
	go func() {
		defer stop()
		code = m.Run()
	}()
	ebiten.SetTPS(ebiten.SyncWithFPS)
	ebiten.SetScreenClearedEveryFrame(false)
	ebiten.SetWindowSize(640, 360)
	if err := ebiten.RunGame(loop); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// testLoop is the game that the tests run in. It does jobs within frames, and hands everything to a guest while there
// is one.
type testLoop struct {
	ctx  context.Context
	jobs chan func(screen *ebiten.Image)

	mu    sync.Mutex
	guest *game // guarded by mu
}

func (l *testLoop) LayoutF(w, h float64) (float64, float64) {
	if g := l.current(); g != nil {
		return g.LayoutF(w, h)
	}
	return w, h
}

func (l *testLoop) Layout(w, h int) (int, int) { return w, h }

func (l *testLoop) Update() error {
	if l.ctx.Err() != nil {
		return ebiten.Termination
	}
	if g := l.current(); g != nil {
		return g.Update()
	}
	return nil
}

func (l *testLoop) Draw(screen *ebiten.Image) {
	select {
	case job := <-l.jobs:
		job(screen)
	default:
	}
	if g := l.current(); g != nil {
		g.Draw(screen)
	}
}

func (l *testLoop) DrawFinalScreen(screen ebiten.FinalScreen, off *ebiten.Image, m ebiten.GeoM) {
	if g := l.current(); g != nil {
		g.DrawFinalScreen(screen, off, m)
	}
}

func (l *testLoop) current() *game {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.guest
}

// host runs g until the test ends. The loop draws with the refreshes then, whatever g has made of it.
func (l *testLoop) host(t testing.TB, g *game) {
	t.Helper()
	set := func(g *game) {
		inFrame(func(*ebiten.Image) {
			l.mu.Lock()
			defer l.mu.Unlock()
			if old := l.guest; old != nil {
				old.beat.stop()
				old.beat.demand(false)
			}
			l.guest = g
		})
	}
	set(g)
	t.Cleanup(func() { set(nil) })
}

// inFrame runs f within the drawing of a frame and waits for it.
func inFrame(f func(screen *ebiten.Image)) {
	done := make(chan struct{})
	loop.jobs <- func(screen *ebiten.Image) {
		defer close(done)
		f(screen)
	}
	<-done
}

// frames waits until n frames have been drawn.
func frames(n int) {
	for range n {
		inFrame(func(*ebiten.Image) {})
	}
}
