package render

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hajimehoshi/ebiten/v2"

	"mseplayer/assets"
	"mseplayer/mse/media"
	"mseplayer/player/frame"
	"mseplayer/player/playertest/xvfb"
	"mseplayer/player/present"
	"mseplayer/render/hud"
	"mseplayer/render/yuv"
)

// The queue is what the window is made for.
var _ Source = (*present.Queue)(nil)

func itoa(n int) string { return strconv.Itoa(n) }

// projector lends pictures in turn. It is used on the window's goroutine; tests look at it between frames.
type projector struct {
	pictures  []*frame.Video
	every     int // a new one every so many calls; 0 only the first
	calls     int
	intervals [][2]time.Time
	at        []time.Time
	keep      bool // whether to keep intervals
	last      time.Time
	gaps      func() // called when a long time passed between two calls
}

func (p *projector) Pick(from, to time.Time) (*frame.Video, bool) {
	if p.gaps != nil {
		if now := time.Now(); !p.last.IsZero() && now.Sub(p.last) > 300*time.Millisecond {
			p.gaps()
		}
		p.last = time.Now()
	}
	if p.keep {
		p.intervals, p.at = append(p.intervals, [2]time.Time{from, to}), append(p.at, time.Now())
	}
	p.calls++
	if len(p.pictures) == 0 || p.calls > 1 && (p.every == 0 || p.calls%p.every != 0) {
		return nil, false
	}
	return p.pictures[p.calls%len(p.pictures)], true
}

func testGame(t testing.TB, o Options) *game {
	t.Helper()
	if o.Controls == nil {
		o.Controls = silent{}
	}
	g, err := newGame(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	g.sized = true // the window belongs to all tests
	return g
}

func TestNewGame_Incomplete(t *testing.T) {
	for _, o := range []Options{{}, {Source: &projector{}}, {Controls: silent{}}} {
		if _, err := newGame(context.Background(), o); err == nil {
			t.Errorf("%+v: accepted", o)
		}
	}
}

// TestGame_Picks: one Pick a frame, for intervals that follow one another and lie ahead.
func TestGame_Picks(t *testing.T) {
	p := &projector{pictures: []*frame.Video{bars(frame.I420, 64, 36, 0, media.ColorInfo{}), bars(frame.I420, 64, 36, 0, media.ColorInfo{})}, every: 1, keep: true}
	g := testGame(t, Options{Source: p})
	loop.host(t, g)
	frames(60)
	inFrame(func(*ebiten.Image) {
		if n := len(p.intervals); n < 60 || n > 64 {
			t.Errorf("%d calls of Pick in about 60 frames", n)
		}
		for i, iv := range p.intervals {
			if d := iv[1].Sub(iv[0]); d < minVsync || d > maxVsync {
				t.Errorf("frame %d: interval of %v", i, d)
			}
			if lead := iv[0].Sub(p.at[i]); lead > 3*maxVsync {
				t.Errorf("frame %d: visible only %v after Pick", i, lead)
			}
			if i > 0 && (iv[0].Before(p.intervals[i-1][0]) || !iv[0].After(p.at[i-1])) {
				t.Errorf("frame %d: the interval begins before the one of the last frame, or before that was drawn", i)
			}
		}
		if g.surface.made != 4 {
			t.Errorf("%d textures made for pictures of one kind", g.surface.made)
		}
	})
}

// TestGame_Idle: nothing is drawn while nothing changes, and it is drawn again once something does.
func TestGame_Idle(t *testing.T) {
	p := &projector{pictures: []*frame.Video{bars(frame.I420, 64, 36, 0, media.ColorInfo{})}}
	g := testGame(t, Options{Source: p})
	loop.host(t, g)
	frames(3 * settleFrames)
	drawn, calls := 0, 0
	inFrame(func(*ebiten.Image) { drawn, calls = g.drawn, p.calls })
	if drawn == 0 {
		t.Fatal("nothing is drawn at all")
	}
	frames(20)
	inFrame(func(*ebiten.Image) {
		if g.drawn != drawn {
			t.Errorf("%d redraws while nothing changed", g.drawn-drawn)
		}
		if p.calls < calls+20 {
			t.Errorf("Pick is not called while idle: %d times in 20 frames", p.calls-calls)
		}
		g.hud.ShowVolume(time.Now())
	})
	frames(2)
	inFrame(func(*ebiten.Image) {
		if g.drawn == drawn {
			t.Error("a message is not drawn")
		}
	})
}

// TestGame_Paused: a paused window asks for pictures, but one that stays is neither converted nor drawn again.
func TestGame_Paused(t *testing.T) {
	for _, soft := range []bool{false, true} {
		p := &projector{pictures: []*frame.Video{bars(frame.I420, 64, 36, 0, media.ColorInfo{})}}
		g := testGame(t, Options{Source: p, Controls: stateOf{state: State{Paused: true}}})
		inFrame(func(*ebiten.Image) {
			if soft {
				g.soft = newSoft()
			}
		})
		loop.host(t, g)
		frames(3 * settleFrames)
		var drawn, uploads, calls int
		inFrame(func(*ebiten.Image) { drawn, uploads, calls = g.drawn, g.uploads, p.calls })
		if drawn == 0 || uploads != 1 {
			t.Errorf("soft %v: drawn %d times, one picture made ready %d times", soft, drawn, uploads)
		}
		frames(20)
		inFrame(func(*ebiten.Image) {
			if g.drawn != drawn || g.uploads != uploads || p.calls < calls+20 {
				t.Errorf("soft %v: in 20 frames drawn %d times, %d pictures made ready, asked for %d times, want 0, 0 and 20", soft, g.drawn-drawn, g.uploads-uploads, p.calls-calls)
			}
			p.calls = 0 // the picture comes anew
		})
		frames(2)
		inFrame(func(*ebiten.Image) {
			if g.drawn == drawn || g.uploads != uploads+1 {
				t.Errorf("soft %v: after a new picture drawn %d times, %d made ready", soft, g.drawn-drawn, g.uploads-uploads)
			}
		})
	}
}

// TestGame_Away: a window that is not on the screen, or minimised, fetches, converts and draws nothing, whatever is played and
// shown. Back on the screen it does so with the first frame.
func TestGame_Away(t *testing.T) {
	frames(5)
	window, err := server.Xdotool("search", "--onlyvisible", "--maxdepth", "1", "--any", "--name", "--class", "--classname", ".")
	if err != nil || window == "" || strings.Contains(window, "\n") {
		t.Fatalf("windows: %q, %v", window, err)
	}
	move := func(how string) func(t *testing.T) {
		return func(t *testing.T) {
			if _, err := server.Xdotool(how, "--sync", window); err != nil {
				t.Fatal(err)
			}
		}
	}
	iconic := func(state uint32) func(t *testing.T) {
		return func(t *testing.T) { setWindowState(t, server.Display, window, state) }
	}
	until := func(t *testing.T, g *game, away bool, look func()) {
		t.Helper()
		for deadline := time.Now().Add(patience); ; {
			is := false
			inFrame(func(*ebiten.Image) {
				is = g.away
				look()
			})
			if is == away {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("the window counts as away: %v", is)
			}
		}
	}
	for _, c := range []struct {
		name        string
		soft        bool
		leave, back func(t *testing.T)
	}{
		{"unmapped", false, move("windowunmap"), move("windowmap")},
		{"unmapped, without graphics hardware", true, move("windowunmap"), move("windowmap")},
		{"minimised", true, iconic(3), iconic(1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &projector{every: 1}
			for range 2 {
				p.pictures = append(p.pictures, bars(frame.I420, 64, 36, 0, media.ColorInfo{}))
			}
			overlays := 0
			g := testGame(t, Options{Source: p, Overlay: func(int, int) *Overlay { overlays++; return &Overlay{} }})
			inFrame(func(*ebiten.Image) {
				if c.soft {
					g.soft = newSoft()
				}
			})
			loop.host(t, g)
			frames(10)
			c.leave(t)
			var drawn, uploads, calls, asked int
			until(t, g, true, func() { drawn, uploads, calls, asked = g.drawn, g.uploads, p.calls, overlays })
			if drawn == 0 || uploads == 0 {
				t.Errorf("before, drawn %d times, %d pictures made ready", drawn, uploads)
			}
			inFrame(func(*ebiten.Image) { g.hud.ShowVolume(time.Now()) })
			for range 2 * settleFrames {
				Wake()
				frames(1)
			}
			inFrame(func(*ebiten.Image) {
				if g.drawn != drawn || g.uploads != uploads || p.calls != calls || overlays != asked {
					t.Errorf("drawn %d times, %d pictures made ready, asked for %d and %d overlays", g.drawn-drawn, g.uploads-uploads, p.calls-calls, overlays-asked)
				}
			})
			c.back(t)
			until(t, g, false, func() {})
			frames(1)
			inFrame(func(*ebiten.Image) {
				if g.drawn == drawn || g.uploads == uploads || p.calls == calls {
					t.Errorf("back on the screen, drawn %d times, %d pictures made ready of %d", g.drawn-drawn, g.uploads-uploads, p.calls-calls)
				}
			})
		})
	}
}

// setWindowState does what a window manager does to a window that it minimises (3), or brings back (1): it sets WM_STATE.
func setWindowState(t *testing.T, display, window string, state uint32) {
	t.Helper()
	id, err := strconv.ParseUint(window, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("unix", "/tmp/.X11-unix/X"+strings.TrimPrefix(display, ":"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	order := binary.LittleEndian
	send := func(opcode, data byte, words ...uint32) {
		b := []byte{opcode, data}
		b = order.AppendUint16(b, uint16(len(words)+1))
		for _, w := range words {
			b = order.AppendUint32(b, w)
		}
		if _, err := c.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	receive := func(n int) []byte {
		b := make([]byte, n)
		if _, err := io.ReadFull(c, b); err != nil {
			t.Fatal(err)
		}
		return b
	}
	if _, err := c.Write([]byte{'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0}); err != nil { // version 11, no authorization
		t.Fatal(err)
	}
	head := receive(8)
	if head[0] != 1 {
		t.Fatal("the X server refuses the connection")
	}
	receive(4 * int(order.Uint16(head[6:])))
	name := []byte("WM_STATE")
	send(16, 0, uint32(len(name)), order.Uint32(name), order.Uint32(name[4:])) // InternAtom
	atom := order.Uint32(receive(32)[8:])
	send(18, 0, uint32(id), atom, atom, 32, 2, state, 0) // ChangeProperty
	send(43, 0)                                          // GetInputFocus, which is answered when all that is done
	receive(32)
}

// TestGame_BadPictures are logged once for each kind, and playback goes on.
func TestGame_BadPictures(t *testing.T) {
	var log bytes.Buffer
	bad := bars(frame.I420, 64, 36, 0, media.ColorInfo{})
	bad.Crop.W = 1000
	p := &projector{pictures: []*frame.Video{bad, bad}, every: 1}
	g := testGame(t, Options{Source: p, Log: slog.New(slog.NewTextHandler(&log, nil))})
	loop.host(t, g)
	frames(10)
	inFrame(func(*ebiten.Image) {
		if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), "crop 1000") {
			t.Errorf("logged %q, want one line about the crop", log.String())
		}
		p.pictures[0] = bars(frame.I420, 64, 36, 0, media.ColorInfo{})
	})
	frames(4)
	inFrame(func(*ebiten.Image) {
		if g.surface.shown == nil {
			t.Error("a good picture after bad ones is not shown")
		}
	})
}

// TestGame_OverlayIsDrawn compares the drawn overlay with the picture alone.
func TestGame_OverlayIsDrawn(t *testing.T) {
	v := bars(frame.I420, 640, 360, 0, media.ColorInfo{Matrix: 1})
	g := testGame(t, Options{Source: &projector{pictures: []*frame.Video{v}}})
	g.options.Controls = stateOf{state: State{Title: "A title", Duration: 60, DurationKnown: true, Stats: []string{"video: bars"}, Volume: 100}}
	img := image.NewRGBA(image.Rect(0, 0, 640, 360))
	inFrame(func(screen *ebiten.Image) {
		dst := ebiten.NewImage(640, 360)
		g.density = 1
		if err := g.Update(); err != nil {
			t.Error(err)
		}
		g.Draw(screen)
		g.layout = hud.NewLayout(640, 360, 1)
		view := hud.View{Now: t0, Layout: g.layout, Controls: true, Picture: true}
		g.hud.Build(&view, &g.state)
		view.Now = t0.Add(time.Second)
		g.hud.Build(&view, &g.state)
		g.hud.Prepare()
		g.DrawFinalScreen(dst, nil, ebiten.GeoM{})
		dst.ReadPixels(img.Pix)
	})
	want := reference(v, 640, 360)
	changed := func(r image.Rectangle) int {
		n := 0
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				if a, b := img.RGBAAt(x, y), want.RGBAAt(x, y); abs(float32(a.R)-float32(b.R)) > 2 || abs(float32(a.G)-float32(b.G)) > 2 {
					n++
				}
			}
		}
		return n
	}
	if n := changed(image.Rect(18, 48, 130, 80)); n < 500 {
		t.Errorf("the statistics panel changes %d pixels", n)
	}
	if n := changed(image.Rect(18, 310, 620, 350)); n < 5000 {
		t.Errorf("the controls change %d pixels", n)
	}
	if n := changed(image.Rect(200, 110, 620, 220)); n != 0 {
		t.Errorf("%d pixels of the picture's middle differ", n)
	}
}

// stateOf shows a state that does not change.
type stateOf struct {
	silent
	state State
}

func (s stateOf) State(to *State) { *to = s.state }

func TestWindowIcons(t *testing.T) {
	icons, err := windowIcons(assets.Icon)
	if err != nil {
		t.Fatal(err)
	}
	for i, side := range []int{256, 128, 64, 48, 32, 16} {
		if got := icons[i].Bounds().Size(); got != image.Pt(side, side) {
			t.Errorf("icon %d is %v, want %d", i, got, side)
		}
		_, _, _, a := icons[i].At(side/2, side/2).RGBA()
		if _, _, _, c := icons[i].At(0, 0).RGBA(); a != 0xffff || c > 0x4000 {
			t.Errorf("icon of %d: opacity %x in the middle, %x in the corner", side, a, c)
		}
	}
	if _, err := windowIcons([]byte("no picture")); err == nil {
		t.Error("a damaged icon is accepted")
	}
}

// BenchmarkFrame draws frames with a new picture each through the real window, at picture sizes that equal the
// window and that do not. The number to look at is frames/s; software rendering is what bounds it on a virtual
// display.
func BenchmarkFrame(b *testing.B) {
	for _, bc := range []struct {
		name           string
		vw, vh, ww, wh int
		controls       bool
	}{
		{"640x360", 640, 360, 640, 360, false},
		{"1280x720", 1280, 720, 1280, 720, false},
		{"1280x720/controls", 1280, 720, 1280, 720, true},
		{"1920x1080", 1920, 1080, 1920, 1080, false},
		{"1280x720_in_1920x1080", 1280, 720, 1920, 1080, false},
		{"1920x1080_in_1280x720", 1920, 1080, 1280, 720, false},
	} {
		b.Run(bc.name, func(b *testing.B) {
			p := &projector{every: 1}
			for range 3 {
				p.pictures = append(p.pictures, bars(frame.I420, bc.vw, bc.vh, 0, media.ColorInfo{Matrix: 1}))
			}
			state := State{Duration: 60, DurationKnown: true, NoVideo: false, Title: "Title"}
			g := testGame(b, Options{Source: p, Controls: stateOf{state: state}})
			ebiten.SetVsyncEnabled(false)
			ebiten.SetWindowSize(bc.ww, bc.wh)
			loop.host(b, g)
			for deadline := time.Now().Add(10 * time.Second); ; {
				var w, h int
				inFrame(func(screen *ebiten.Image) { w, h = screen.Bounds().Dx(), screen.Bounds().Dy() })
				if w == bc.ww && h == bc.wh {
					break
				}
				if time.Now().After(deadline) {
					b.Fatalf("the window is %d×%d, want %d×%d", w, h, bc.ww, bc.wh)
				}
			}
			if bc.controls {
				inFrame(func(*ebiten.Image) { g.desk.until = time.Now().Add(time.Hour) })
			}
			frames(5)
			b.ResetTimer()
			b.ReportAllocs()
			start := time.Now()
			frames(b.N)
			b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "frames/s")
			b.StopTimer()
			ebiten.SetVsyncEnabled(true)
			ebiten.SetWindowSize(640, 360)
			frames(2)
		})
	}
}

// BenchmarkUpload measures what uploading a picture costs the window's goroutine.
func BenchmarkUpload(b *testing.B) {
	for _, size := range [][2]int{{1280, 720}, {1920, 1080}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			s := testSurface(b)
			v := bars(frame.I420, size[0], size[1], 0, media.ColorInfo{Matrix: 1})
			b.SetBytes(v.SizeBytes())
			b.ReportAllocs()
			var took time.Duration
			for b.Loop() {
				inFrame(func(*ebiten.Image) {
					start := time.Now()
					if err := s.upload(v); err != nil {
						b.Error(err)
					}
					took += time.Since(start)
				})
			}
			b.ReportMetric(float64(took.Microseconds())/float64(b.N), "µs/upload")
		})
	}
}

// The rest of this file runs the real window in a child process, on a display of its own, and drives it with xdotool.

const childVariable = "MSEPLAYER_RENDER_CHILD"

const childW, childH = 640, 360

func childPicture() *frame.Video {
	return bars(frame.I420, childW, childH, 0, media.ColorInfo{Matrix: 1})
}

// logged is a recorder that prints, and keeps the state that the window shows.
type logged struct {
	recorder
	state State
}

func (l *logged) flush() {
	for _, line := range l.log {
		fmt.Println(line)
	}
	l.log = l.log[:0]
}

func (l *logged) State(s *State) { *s = l.state }
func (l *logged) TogglePause() {
	l.state.Paused = !l.state.Paused
	l.recorder.TogglePause()
	l.flush()
}
func (l *logged) SeekBy(d media.Span, exact bool) { l.recorder.SeekBy(d, exact); l.flush() }
func (l *logged) SeekTo(t media.Time, exact bool) {
	l.state.Position = t
	l.recorder.SeekTo(t, exact)
	l.flush()
}
func (l *logged) Step(n int)             { l.recorder.Step(n); l.flush() }
func (l *logged) VolumeBy(v float64)     { l.recorder.VolumeBy(v); l.flush() }
func (l *logged) SetVolume(v float64)    { l.recorder.SetVolume(v); l.flush() }
func (l *logged) ToggleMute()            { l.recorder.ToggleMute(); l.flush() }
func (l *logged) SpeedBy(f float64)      { l.recorder.SpeedBy(f); l.flush() }
func (l *logged) NormalSpeed()           { l.recorder.NormalSpeed(); l.flush() }
func (l *logged) NextTrack(k media.Kind) { l.recorder.NextTrack(k); l.flush() }
func (l *logged) Bound(w, h int) {
	l.recorder.Bound(w, h)
	l.flush()
}
func (l *logged) ToggleStats()                  { l.recorder.ToggleStats(); l.flush() }
func (l *logged) CycleSubtitles(n int)          { l.recorder.CycleSubtitles(n); l.flush() }
func (l *logged) ToggleSubtitles()              { l.recorder.ToggleSubtitles(); l.flush() }
func (l *logged) DelaySubtitlesBy(d media.Span) { l.recorder.DelaySubtitlesBy(d); l.flush() }

// child is the program under test: a window that shows one picture and prints what it is asked to do.
func child() int {
	ctx, cancel := context.WithCancelCause(context.Background())
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	go func() { // lives as long as the process
		<-interrupted
		cancel(errors.New("interrupted"))
	}()
	o := Options{Source: &projector{pictures: []*frame.Video{childPicture()}, gaps: func() { fmt.Println("picked after a pause") }},
		Controls: &logged{state: State{Title: "Bars", Duration: 100, DurationKnown: true, Volume: 100}}}
	for _, arg := range strings.Fields(os.Getenv(childVariable)) {
		switch name, value, _ := strings.Cut(arg, "="); name {
		case "geometry":
			g, err := ParseGeometry(value)
			if err != nil {
				fmt.Println(err)
				return 2
			}
			o.Geometry = g
		case "fullscreen":
			o.Fullscreen = true
		}
	}
	err := Run(ctx, o)
	fmt.Printf("returned %v\n", err)
	if ctx.Err() == nil {
		fmt.Printf("again %v\n", Run(ctx, o))
	}
	switch {
	case errors.Is(err, ErrNoDisplay):
		return 2
	case err != nil:
		return 1
	}
	return 0
}

// program is a running child.
type program struct {
	t      *testing.T
	server *xvfb.Server
	cmd    *exec.Cmd
	lines  chan string
	log    []string // what came since the last line that was expected
}

func startProgram(t *testing.T, w, h int, options string) *program {
	t.Helper()
	return startProgramOn(t, startServer(t, w, h), options)
}

func startServer(t *testing.T, w, h int) *xvfb.Server {
	t.Helper()
	s, err := xvfb.Start(w, h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func startProgramOn(t *testing.T, s *xvfb.Server, options string) *program {
	t.Helper()
	p := &program{t: t, server: s, lines: make(chan string, 1024)}
	p.cmd = exec.Command(os.Args[0])
	p.cmd.Env = append(s.Env(), childVariable+"=run "+options)
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { // ends with the child's output
		defer close(p.lines)
		for in := bufio.NewScanner(out); in.Scan(); {
			p.lines <- in.Text()
		}
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	})
	return p
}

// xdotool sends input.
func (p *program) xdotool(args ...string) string {
	p.t.Helper()
	cmd := exec.Command("xdotool", args...)
	cmd.Env = p.server.Env()
	out, err := cmd.CombinedOutput()
	if err != nil {
		p.t.Fatalf("xdotool %v: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// patience bounds how long a test waits for the window to do something.
const patience = 20 * time.Second

// expect waits for a line.
func (p *program) expect(want string) {
	p.t.Helper()
	p.await(want, func(line string) bool { return line == want })
}

// await waits for a line that is what it should be.
func (p *program) await(want string, is func(line string) bool) {
	p.t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case line, ok := <-p.lines:
			if !ok {
				p.t.Fatalf("the program ended; want %q, got %q", want, p.log)
			}
			p.log = append(p.log, line)
			if is(line) {
				p.log = nil
				return
			}
		case <-timeout:
			p.t.Fatalf("no %q, got %q", want, p.log)
		}
	}
}

// shows waits until the child's picture fills the part r of the screen, with black around it as far as it does not
// fit, to within 2 in any component.
func (p *program) shows(what string, r image.Rectangle) {
	p.t.Helper()
	v := childPicture()
	dw, dh := v.DisplaySize()
	want := image.NewRGBA(image.Rectangle{Max: r.Size()})
	for i := 3; i < len(want.Pix); i += 4 {
		want.Pix[i] = 255
	}
	yuv.Scale(want.SubImage(yuv.Fit(r.Dx(), r.Dy(), dw, dh)).(*image.RGBA), v)
	var worst int
	var at image.Point
	var got *image.RGBA
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		screen, err := p.server.Screenshot()
		if err != nil {
			p.t.Fatal(err)
		}
		got = image.NewRGBA(image.Rectangle{Max: r.Size()})
		for y := range r.Dy() {
			copy(got.Pix[y*got.Stride:(y+1)*got.Stride], screen.Pix[screen.PixOffset(r.Min.X, r.Min.Y+y):])
		}
		if worst, _, at = difference(got, want); worst <= 2 {
			return
		}
	}
	name := filepath.Join(os.TempDir(), "mseplayer-"+strings.ReplaceAll(p.t.Name(), "/", "-")+".png")
	if f, err := os.Create(name); err == nil {
		_ = png.Encode(f, got)
		_ = f.Close()
	}
	p.t.Fatalf("%s: the screen differs by %d at %v; see %s", what, worst, at, name)
}

// ends waits for the program's end and returns its exit status.
func (p *program) ends() int {
	p.t.Helper()
	timeout := time.After(patience)
	for open := true; open; {
		select {
		case _, open = <-p.lines:
		case <-timeout:
			p.t.Fatal("the program does not end")
		}
	}
	_ = p.cmd.Wait() // the status is looked at
	return p.cmd.ProcessState.ExitCode()
}

func TestRun(t *testing.T) {
	const w, h = 1000, 700
	p := startProgram(t, w, h, "")
	// The pointer starts in the middle of the screen and is not drawn; the window takes the size of the picture.
	at := image.Rect((w-childW)/2, (h-childH)/2, (w+childW)/2, (h+childH)/2)
	p.shows("first picture", at)
	window := p.xdotool("search", "--name", "^Bars – mseplayer$")
	if window == "" || strings.Contains(window, "\n") {
		t.Fatalf("windows of that title: %q", window)
	}

	for _, k := range []struct{ key, want string }{
		{"space", "pause"}, {"Right", "by 5 near"}, {"shift+Left", "by -1 exact"}, {"Up", "by 60 near"}, {"period", "step 1"}, {"comma", "step -1"},
		{"9", "volume by -2"}, {"asterisk", "volume by 2"}, {"slash", "volume by -2"}, {"m", "mute"}, {"i", "stats"},
		{"j", "subtitles +1"}, {"v", "subtitles on or off"}, {"Home", "to 0.00 exact"},
	} {
		p.xdotool("key", k.key)
		p.expect(k.want)
	}
	p.xdotool("keydown", "Left")
	for range 5 {
		// A slow machine does several at once.
		p.await("by -5 near, or a multiple", func(line string) bool { return strings.HasPrefix(line, "by -") && strings.HasSuffix(line, " near") })
	}
	p.xdotool("keyup", "Left")

	// The pointer: the wheel, and a click in the middle of the seek bar.
	l := hud.NewLayout(childW, childH, 1)
	on := func(x, y float32) (string, string) {
		return itoa(at.Min.X + int(x)), itoa(at.Min.Y + int(y))
	}
	x, y := on(l.TrackX+l.TrackW/2, l.TrackY)
	p.xdotool("mousemove", x, y)
	p.xdotool("click", "4")
	p.expect("volume by 2")
	p.xdotool("mousemove", x, y, "click", "1")
	p.expect(fmt.Sprintf("to %.2f exact", 100*l.SeekFraction(float32(int(l.TrackX+l.TrackW/2)))))

	// A double click fills the screen, Escape undoes it. The pointer then rests until the controls are gone.
	x, y = on(300, 100)
	p.xdotool("mousemove", x, y, "click", "--repeat", "2", "--delay", "60", "1")
	p.shows("fullscreen", image.Rect(0, 0, w, h))
	p.xdotool("key", "Escape")
	p.shows("window again", at)

	p.xdotool("windowsize", "--sync", window, "500", "500")
	p.shows("resized", image.Rect(at.Min.X, at.Min.Y, at.Min.X+500, at.Min.Y+500))

	// A window that nobody can see asks for no pictures; it has its own back when it returns.
	p.xdotool("windowunmap", "--sync", window)
	time.Sleep(600 * time.Millisecond)
	p.xdotool("windowmap", "--sync", window)
	p.expect("picked after a pause")
	p.shows("mapped again", image.Rect(at.Min.X, at.Min.Y, at.Min.X+500, at.Min.Y+500))

	p.xdotool("windowfocus", "--sync", window)
	p.xdotool("key", "q")
	p.expect("returned <nil>")
	p.expect("again render: the window can be opened once in a process")
	if code := p.ends(); code != 0 {
		t.Errorf("exit status %d", code)
	}
}

func TestRun_Geometry(t *testing.T) {
	p := startProgram(t, 800, 600, "geometry=320x200-10+20")
	p.shows("placed", image.Rect(800-320-10, 20, 800-10, 220))
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	p.expect("returned interrupted")
	if code := p.ends(); code != 1 {
		t.Errorf("exit status %d", code)
	}
}

func TestRun_LargerThanTheScreen(t *testing.T) {
	p := startProgram(t, 400, 400, "")
	// Nine tenths of 400 wide; the height of 202.5 is rounded up.
	p.shows("reduced", image.Rect(20, 98, 380, 98+203))
	p.xdotool("key", "q")
	if code := p.ends(); code != 0 {
		t.Errorf("exit status %d", code)
	}
}

// TestRun_Dense opens the window on a screen of twice the ordinary density: a sample of the picture is still a pixel of
// the screen, and the controls are twice as large.
func TestRun_Dense(t *testing.T) {
	s := startServer(t, 1000, 700)
	set := exec.Command("xprop", "-root", "-f", "RESOURCE_MANAGER", "8s", "-set", "RESOURCE_MANAGER", "Xft.dpi:\t192")
	set.Env = s.Env()
	if out, err := set.CombinedOutput(); err != nil {
		t.Fatalf("xprop: %v: %s", err, out)
	}
	p := startProgramOn(t, s, "")
	at := image.Rect((1000-childW)/2, (700-childH)/2, (1000+childW)/2, (700+childH)/2)
	p.shows("first picture", at)
	l := hud.NewLayout(childW, childH, 2)
	p.xdotool("mousemove", itoa(at.Min.X+int(l.TrackX+l.TrackW/4)), itoa(at.Min.Y+int(l.TrackY)))
	time.Sleep(settleTime + 100*time.Millisecond) // the window has just got its size
	p.xdotool("mousemove_relative", "1", "0", "click", "1")
	p.expect(fmt.Sprintf("to %.2f exact", 100*l.SeekFraction(float32(int(l.TrackX+l.TrackW/4)+1))))
	p.xdotool("key", "q")
	if code := p.ends(); code != 0 {
		t.Errorf("exit status %d", code)
	}
}

func TestRun_Fullscreen(t *testing.T) {
	p := startProgram(t, 500, 400, "fullscreen")
	p.shows("fullscreen", image.Rect(0, 0, 500, 400))
	p.xdotool("key", "f")
	p.shows("window", image.Rect(25, 72, 475, 72+255))
	p.xdotool("key", "q")
	if code := p.ends(); code != 0 {
		t.Errorf("exit status %d", code)
	}
}

func TestRun_CancelledBefore(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	want := errors.New("no need for a window")
	cancel(want)
	if err := Run(ctx, Options{}); !errors.Is(err, want) {
		t.Errorf("got %v, want the cause", err)
	}
}

func TestRun_NoDisplay(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(s string) bool {
		return strings.HasPrefix(s, "DISPLAY=") || strings.HasPrefix(s, "WAYLAND_DISPLAY=")
	}), childVariable+"=run")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(string(out), "render: no display") {
		t.Errorf("got %v: %s", err, out)
	}
}

// TestGame_Bound tells how large pictures can be seen: not while the window has the size of its first picture or is changing.
func TestGame_Bound(t *testing.T) {
	r := &recorder{}
	g := testGame(t, Options{Source: &projector{}, Controls: r})
	g.own = [2]int{640, 360}
	for _, s := range []struct {
		w, h       int
		fullscreen bool
		want       string
	}{
		{0, 0, false, ""}, // nothing has been drawn yet
		{640, 360, false, ""},
		{641, 359, false, ""}, // rounded
		{1000, 600, false, "bound 1000×600"},
		{640, 360, true, "bound 640×360"}, // a small screen bounds, whatever the picture
		{640, 360, false, "bound 0×0"},
	} {
		r.log = nil
		g.w, g.h, g.fullscreen = s.w, s.h, s.fullscreen
		g.bound()
		if g.measured != [2]int{s.w, s.h} || len(r.log) != 0 && s.w == 1000 {
			t.Errorf("%+v: told %q before the size has settled", s, r.log)
		}
		g.bound()
		g.bound()
		if got := strings.Join(r.log, ", "); got != s.want {
			t.Errorf("%+v: told %q", s, got)
		}
	}
}
