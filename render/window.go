package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/hajimehoshi/ebiten/v2"
	"github.com/hajimehoshi/ebiten/v2/inpututil"

	"mseplayer/assets"
	"mseplayer/player/frame"
	"mseplayer/render/hud"
	"mseplayer/render/yuv"
)

const (
	// The window's size until the first picture tells a better one, and the smallest one it can have, in
	// density-independent pixels.
	defaultWidth, defaultHeight = 960, 540
	minWidth, minHeight         = 192, 108
	// screenShare is the part of the screen that a window takes whose picture is larger than the screen.
	screenShare = 0.9
	// pollInterval is how often the window system is asked about what seldom changes.
	pollInterval = 100 * time.Millisecond
	// ownTolerance is how many device pixels rounding may make of a size.
	ownTolerance = 2
	// settleFrames is how many frames after the last change are still presented, as the graphics library does it.
	settleFrames = 4
)

// ran is set by the first Run: the graphics library can be started once in a process.
var ran atomic.Bool

// Run opens the window and shows what o.Source lends until the user closes it, which returns nil, or ctx ends, which
// returns its cause. It must be called on the main goroutine, once in a process. Without a display the error is
// ErrNoDisplay.
func Run(ctx context.Context, o Options) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := checkDisplay(os.Getenv); err != nil {
		return err
	}
	if ran.Swap(true) {
		return errors.New("render: the window can be opened once in a process")
	}
	g, err := newGame(ctx, o)
	if err != nil {
		return err
	}
	icons, err := windowIcons(assets.Icon)
	if err != nil {
		return err
	}
	ebiten.SetWindowIcon(icons)
	ebiten.SetTPS(ebiten.SyncWithFPS)
	ebiten.SetScreenClearedEveryFrame(false)
	ebiten.SetRunnableOnUnfocused(true)
	ebiten.SetWindowClosingHandled(true)
	ebiten.SetWindowResizingMode(ebiten.WindowResizingModeEnabled)
	ebiten.SetWindowSizeLimits(minWidth, minHeight, -1, -1)
	ebiten.SetWindowTitle(windowTitle(""))
	g.placeFirst()
	ebiten.SetFullscreen(o.Fullscreen)
	g.probe = true
	defer g.beat.stop()
	defer context.AfterFunc(ctx, Wake)()
	err = ebiten.RunGameWithOptions(g, &ebiten.RunGameOptions{X11ClassName: "mseplayer", X11InstanceName: "mseplayer"})
	if err != nil {
		return fmt.Errorf("render: window: %w", err)
	}
	return context.Cause(ctx)
}

// game is the window as the graphics library drives it.
type game struct {
	ctx     context.Context // of Run, which created the game
	options Options
	log     *slog.Logger

	surface *surface
	soft    *soft // nil where there is graphics hardware
	probe   bool  // whether that is still to be found out
	softly  bool  // whether soft shows the picture, not surface
	lent    *frame.Video
	overlay overlay
	hud     *hud.HUD
	pacer   pacer
	beat    beat
	desk    desk
	layout  hud.Layout
	state   State
	input   input
	title   string

	w, h       int       // the view in device pixels, at the last Draw
	density    float64   // device pixels per density-independent pixel
	polled     time.Time // when the window system was last asked
	seen       bool      // whether the window has been on the screen
	away       bool      // whether it is not there now: minimised, or on another desktop
	focused    bool
	expose     bool // whether to draw although nothing changed
	fullscreen bool
	sized      bool   // whether the window has the size it is to have
	own        [2]int // the size in device pixels that it was given for its first picture
	measured   [2]int // the view when the window system was last asked
	told       [2]int // what Controls know about it
	hidden     bool   // whether the pointer is
	shape      ebiten.CursorShapeType
	complained string // the last error of a picture that was logged
	idle       int    // frames since the last change
	drawn      int    // how often the screen was drawn, for tests
	uploads    int    // pictures that were made ready for it, for tests
	stirred    bool   // whether there was input since the last Draw

	speck  *ebiten.Image // one texel, to mark the screen as changed with
	corner [3]ebiten.Vertex
}

func newGame(ctx context.Context, o Options) (*game, error) {
	if o.Source == nil || o.Controls == nil {
		return nil, errors.New("render: options need a source and controls")
	}
	s, err := newSurface()
	if err != nil {
		return nil, err
	}
	s.filter = o.Scale
	h, err := hud.New()
	if err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	g := &game{ctx: ctx, options: o, log: o.Log, surface: s, hud: h, density: 1, fullscreen: o.Fullscreen}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	g.pacer.latency = o.Latency
	g.input.held = ebiten.IsKeyPressed
	g.speck = ebiten.NewImageWithOptions(image.Rect(0, 0, 1, 1), &ebiten.NewImageOptions{Unmanaged: true})
	return g, nil
}

// LayoutF makes one unit of the screen one device pixel.
func (g *game) LayoutF(outsideWidth, outsideHeight float64) (w, h float64) {
	if now := time.Now(); g.away || now.Sub(g.polled) >= pollInterval { // who comes back is to be seen at once
		g.polled = now
		g.poll()
	}
	return max(1, outsideWidth*g.density), max(1, outsideHeight*g.density)
}

// poll asks the window system about what seldom changes.
func (g *game) poll() {
	g.density = density()
	visible := ebiten.IsWindowVisible()
	g.seen = g.seen || visible
	g.away = ebiten.IsWindowMinimized() || g.seen && !visible
	// Without a compositor, what was covered is lost; who uncovers a window usually gives it the focus.
	if f := ebiten.IsFocused(); f != g.focused {
		g.focused, g.expose = f, true
	}
	g.bound()
}

// bound tells the controls how large pictures can be seen, once the size has settled. A window that has taken the size of its
// first picture says nothing: had that been a small one, there would never be a larger.
func (g *game) bound() {
	now := [2]int{g.w, g.h}
	settled := now == g.measured && now != [2]int{}
	g.measured = now
	if !g.sized || !settled {
		return
	}
	near := func(a, b int) bool { return max(a-b, b-a) <= ownTolerance }
	if !g.fullscreen && near(now[0], g.own[0]) && near(now[1], g.own[1]) {
		now = [2]int{}
	}
	if now != g.told {
		g.told = now
		g.options.Controls.Bound(now[0], now[1])
	}
}

// Layout is LayoutF for the graphics library's older interface.
func (g *game) Layout(outsideWidth, outsideHeight int) (w, h int) {
	fw, fh := g.LayoutF(float64(outsideWidth), float64(outsideHeight))
	return int(fw), int(fh)
}

func density() float64 {
	if m := ebiten.Monitor(); m != nil {
		return m.DeviceScaleFactor()
	}
	return 1
}

// Update reads the input and the state of the player.
func (g *game) Update() error {
	if g.ctx.Err() != nil || ebiten.IsWindowBeingClosed() {
		return end()
	}
	g.options.Controls.State(&g.state)
	if g.state.Title != g.title {
		g.title = g.state.Title
		ebiten.SetWindowTitle(windowTitle(g.title))
	}
	x, y := g.input.x, g.input.y
	g.read(&g.input)
	g.stirred = g.stirred || g.input.stirs(x, y)
	q := g.desk.tick(&g.input, &g.layout, &g.state, g.options.Controls, g.hud)
	g.input.resized = false
	if q.quit {
		return end()
	}
	switch {
	case q.toggleFullscreen:
		g.setFullscreen(!g.fullscreen)
	case q.leaveFullscreen:
		g.setFullscreen(false)
	}
	g.cursor()
	return nil
}

func windowTitle(title string) string {
	if title == "" {
		return "mseplayer"
	}
	return title + " – mseplayer"
}

// read fills in what happened since the last call.
func (g *game) read(in *input) {
	in.now = time.Now()
	x, y := ebiten.CursorPositionF()
	in.x, in.y = float32(x), float32(y)
	in.inside = in.x >= 0 && in.y >= 0 && in.x < float32(g.w) && in.y < float32(g.h)
	in.down = ebiten.IsMouseButtonPressed(ebiten.MouseButtonLeft)
	in.pressed = inpututil.IsMouseButtonJustPressed(ebiten.MouseButtonLeft)
	in.secondary = inpututil.IsMouseButtonJustPressed(ebiten.MouseButtonRight)
	in.wheelX, in.wheelY = ebiten.Wheel()
	in.typed = ebiten.AppendInputChars(in.typed[:0])
	in.keys = inpututil.AppendJustPressedKeys(in.keys[:0])
	in.shift = ebiten.IsKeyPressed(ebiten.KeyShift)
	others := ebiten.IsKeyPressed(ebiten.KeyAlt) || ebiten.IsKeyPressed(ebiten.KeyMeta)
	in.control = ebiten.IsKeyPressed(ebiten.KeyControl) && !others
	in.modified = in.control || others
}

func (g *game) setFullscreen(on bool) {
	if g.fullscreen == on {
		return
	}
	g.fullscreen = on
	ebiten.SetFullscreen(on)
}

// cursor hides the pointer while it rests, and shows a hand over what can be clicked.
func (g *game) cursor() {
	if hide := g.desk.hidden(g.input.now, &g.state); hide != g.hidden {
		g.hidden = hide
		mode := ebiten.CursorModeVisible
		if hide {
			mode = ebiten.CursorModeHidden
		}
		ebiten.SetCursorMode(mode)
	}
	shape := ebiten.CursorShapeDefault
	if g.desk.controls() && g.desk.over != hud.OnPicture && g.desk.over != hud.OnControls {
		shape = ebiten.CursorShapePointer
	}
	if shape != g.shape {
		g.shape = shape
		ebiten.SetCursorShape(shape)
	}
}

// Draw fetches the picture for the coming refresh and builds the overlay. What it changes is drawn by
// DrawFinalScreen.
func (g *game) Draw(screen *ebiten.Image) {
	if g.probe {
		g.probe = false
		if g.surface.filter == yuv.Bilinear && softly() {
			g.soft = newSoft()
		}
	}
	now := time.Now()
	if g.away { // nothing is fetched, converted or drawn
		g.expose = true
		g.beat.plan(moment{now: now, away: true})
		return
	}
	changed := g.expose
	g.expose = false
	resized := false
	if b := screen.Bounds(); b.Dx() != g.w || b.Dy() != g.h {
		g.w, g.h = b.Dx(), b.Dy()
		changed, resized, g.input.resized = true, true, true
	}
	g.layout = hud.NewLayout(g.w, g.h, g.density)

	fresh := g.pick(now, resized)
	if g.options.Overlay != nil {
		area := g.area(g.w, g.h)
		if g.overlay.take(g.options.Overlay(area.Dx(), area.Dy())) {
			changed = true
		}
	}
	stirring := changed || g.stirred || g.state.Seeking || fresh && g.state.Paused || g.soft == nil && (fresh || !g.state.Paused && !g.state.NoVideo)
	g.stirred = false
	calm := g.soft != nil && g.state.Paused && !changed
	defer func() {
		g.beat.plan(moment{now: now, stirring: stirring, calm: calm, paused: g.state.Paused, soft: g.soft != nil, due: g.due})
	}()
	changed = changed || fresh
	v := hud.View{
		Now: now, Layout: g.layout, Controls: g.desk.controls(), Fullscreen: g.fullscreen,
		Picture: g.hasPicture() && !g.state.NoVideo || g.overlay.of != nil, X: g.desk.x, Y: g.desk.y, Over: g.desk.over,
		Dragging: g.desk.grip == gripSeek, DragTo: g.desk.dragTo,
	}
	if g.hud.Build(&v, &g.state) {
		changed, stirring = true, true
	}
	if !changed {
		g.idle = min(g.idle+1, settleFrames)
		return
	}
	g.idle = 0
	g.hud.Prepare()
	// The graphics library presents the screen only when this one has been drawn on. A triangle without area does
	// it at no cost.
	screen.DrawTriangles(g.corner[:], quadIndices[:3], g.speck, nil)
}

// due asks the source when its next picture is due.
func (g *game) due() (at time.Time, length time.Duration, ok bool) {
	if t, is := g.options.Source.(Timed); is {
		return t.Due()
	}
	return time.Time{}, 0, false
}

// interval is when the picture that is picked now will be visible.
func (g *game) interval(now time.Time) (from, to time.Time) {
	if g.soft == nil || !g.beat.onDemand {
		return g.pacer.next(now, g.idle < settleFrames && !g.beat.onDemand)
	}
	at, length, _ := g.due()
	return g.pacer.demanded(now, g.beat.latency(), at, length)
}

// pick takes the picture for the next interval and reports whether it is a new one. In a view of a new size that of the
// last one may have to be converted again.
func (g *game) pick(now time.Time, resized bool) bool {
	v, fresh := g.options.Source.Pick(g.interval(now))
	switch {
	case fresh && v != nil:
		g.lent = v
	case resized && g.softly:
		v = g.lent
	default:
		return false
	}
	if err := g.upload(v); err != nil {
		if m := err.Error(); m != g.complained {
			g.complained = m
			g.log.Warn("picture cannot be shown", "pts", float64(v.PTS), "err", err)
		}
		return false
	}
	if !g.sized {
		g.sizeTo(v.DisplaySize())
	}
	return true
}

// upload makes v the picture that is shown.
func (g *game) upload(v *frame.Video) error {
	g.uploads++
	if err := yuv.Check(v); err != nil || !g.soft.takes(v) {
		g.softly = g.softly && err != nil
		return g.surface.upload(v)
	}
	start := time.Now()
	g.soft.upload(v, g.w, g.h)
	g.softly = true
	g.beat.converted(time.Since(start))
	return nil
}

func (g *game) hasPicture() bool { return g.softly || g.surface.shown != nil }

// DrawFinalScreen draws the picture and the overlay. It may be called again for the same frame.
func (g *game) DrawFinalScreen(screen ebiten.FinalScreen, _ *ebiten.Image, _ ebiten.GeoM) {
	if g.away {
		return // nobody sees it
	}
	g.drawn++
	switch b := screen.Bounds(); {
	case g.state.NoVideo:
	case g.softly:
		g.soft.draw(screen, b.Dx(), b.Dy())
	default:
		g.surface.draw(screen, b.Dx(), b.Dy())
	}
	if b := screen.Bounds(); g.overlay.of != nil {
		g.overlay.draw(screen, g.area(b.Dx(), b.Dy()))
	}
	g.hud.Draw(screen)
}

// area is where the picture is in a view of w × h pixels; without one it is the whole view.
func (g *game) area(w, h int) image.Rectangle {
	switch {
	case g.state.NoVideo || !g.hasPicture():
		return image.Rect(0, 0, w, h)
	case g.softly:
		return yuv.Fit(w, h, g.soft.display.X, g.soft.display.Y)
	default:
		return yuv.Fit(w, h, g.surface.width, g.surface.height)
	}
}

// placeFirst gives the window the place it opens at.
func (g *game) placeFirst() {
	o, d := g.options.Geometry, density()
	w, h := float64(defaultWidth), float64(defaultHeight)
	if o.Width > 0 {
		w, h = float64(o.Width)/d, float64(o.Height)/d
		g.sized = true
	}
	g.resize(w, h)
}

// sizeTo gives the window the size of its first picture, or one of the same shape that fits the screen.
func (g *game) sizeTo(width, height int) {
	g.sized = true
	w, h := float64(width)/g.density, float64(height)/g.density
	if m := ebiten.Monitor(); m != nil {
		mw, mh := m.Size()
		if k := min(float64(mw)/w, float64(mh)/h); k > 0 && k < 1 {
			w, h = w*k*screenShare, h*k*screenShare
		}
	}
	w, h = max(w, minWidth), max(h, minHeight)
	g.own = [2]int{int(w * g.density), int(h * g.density)}
	g.resize(w, h)
}

// resize sets the size of the window, in density-independent pixels, and puts it where it belongs on the screen.
func (g *game) resize(w, h float64) {
	iw, ih := max(1, int(w+0.5)), max(1, int(h+0.5))
	ebiten.SetWindowSize(iw, ih)
	m := ebiten.Monitor()
	if m == nil {
		return
	}
	mw, mh := m.Size()
	x, y := (mw-iw)/2, (mh-ih)/2
	if o := g.options.Geometry; o.Placed {
		x, y = int(float64(o.X)/density()), int(float64(o.Y)/density())
		if o.FromRight {
			x = mw - iw - x
		}
		if o.FromBottom {
			y = mh - ih - y
		}
	}
	ebiten.SetWindowPosition(x, y)
}

// windowIcons makes the sizes that desktops ask for out of one.
func windowIcons(data []byte) ([]image.Image, error) {
	big, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("render: icon: %w", err)
	}
	icons := []image.Image{big}
	for _, side := range []int{128, 64, 48, 32, 16} {
		icons = append(icons, shrink(big, side))
	}
	return icons, nil
}

// shrink averages a square image down to side × side pixels.
func shrink(src image.Image, side int) image.Image {
	n := src.Bounds().Dx()
	dst := image.NewRGBA64(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			var sum [4]uint64
			var count uint64
			for sy := y * n / side; sy < max((y+1)*n/side, y*n/side+1); sy++ {
				for sx := x * n / side; sx < max((x+1)*n/side, x*n/side+1); sx++ {
					r, g, b, a := src.At(src.Bounds().Min.X+sx, src.Bounds().Min.Y+sy).RGBA()
					sum[0], sum[1], sum[2], sum[3] = sum[0]+uint64(r), sum[1]+uint64(g), sum[2]+uint64(b), sum[3]+uint64(a)
					count++
				}
			}
			o := dst.PixOffset(x, y)
			for i, s := range sum {
				v := s / count
				dst.Pix[o+2*i], dst.Pix[o+2*i+1] = uint8(v>>8), uint8(v)
			}
		}
	}
	return dst
}
