package hud

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hajimehoshi/ebiten/v2"

	"mseplayer/mse/media"
)

const (
	// fadeIn and fadeOut are how long the controls take to come and go.
	fadeIn, fadeOut = 110 * time.Millisecond, 240 * time.Millisecond
	// volumeTime and noticeTime are how long a message stays, messageFade of it fading.
	volumeTime  = 1200 * time.Millisecond
	noticeTime  = 3 * time.Second
	messageFade = 200 * time.Millisecond
	// flashTime is how long the symbol of a pause or resume fades in the middle of the picture.
	flashTime = 500 * time.Millisecond
	// busyDelay is how long waiting goes unmentioned.
	busyDelay = 350 * time.Millisecond
	// spinnerStep is the time between the steps of the spinner.
	spinnerStep = 80 * time.Millisecond
	spinnerDots = 12

	// maxStats, maxErrorLines, maxRanges and maxMarks bound what one frame draws.
	maxStats      = 48
	maxErrorLines = 8
	maxRanges     = 128
	maxMarks      = 256
	// markGap is how near to the mark before one may be, in units; nearer ones are left out.
	markGap = 5
)

var (
	white  = color{1, 1, 1, 1}
	dim    = color{1, 1, 1, 0.62}
	black  = color{0, 0, 0, 1}
	accent = color{0.298, 0.624, 0.996, 1}
	loud   = color{1, 0.72, 0.25, 1}
	red    = color{1, 0.27, 0.25, 1}
	panel  = color{0.055, 0.063, 0.082, 0.86}
	// The screen without a picture runs from one of these to the other.
	backTop    = color{0.105, 0.118, 0.153, 1}
	backBottom = color{0.047, 0.055, 0.075, 1}
)

// View is what one frame is built for.
type View struct {
	Now    time.Time
	Layout Layout
	// Controls asks for the controls; they fade in and out by themselves.
	Controls bool
	// Fullscreen says which of its two symbols the fullscreen button bears.
	Fullscreen bool
	// Picture says that there is a picture below. Without one the whole view is filled.
	Picture bool
	// X, Y is the pointer, over Over. When it is not in the window, Over is OnPicture.
	X, Y float32
	Over Target
	// Dragging says that the pointer holds the seek bar, at DragTo.
	Dragging bool
	DragTo   media.Time
}

// HUD is the overlay.
type HUD struct {
	canvas   canvas
	previous []ebiten.Vertex // the display list of the last Build
	indices  []uint16
	options  ebiten.DrawTrianglesOptions

	last      time.Time // of the last Build
	fade      float64   // how visible the controls are, 0 to 1
	volumeAt  time.Time // when the volume was last asked for
	noticeAt  time.Time
	noticeSeq uint64
	flashAt   time.Time
	flash     icon
	busySince time.Time
	text      []byte // scratch
}

// New parses the fonts. It needs no display.
func New() (*HUD, error) {
	a, err := newAtlas()
	if err != nil {
		return nil, err
	}
	h := &HUD{canvas: canvas{atlas: a}}
	h.options.ColorScaleMode = ebiten.ColorScaleModePremultipliedAlpha
	return h, nil
}

// ShowVolume shows the volume for a moment.
func (h *HUD) ShowVolume(now time.Time) { h.volumeAt = now }

// Flash shows, for a moment, that playback was paused or resumed.
func (h *HUD) Flash(now time.Time, paused bool) {
	h.flashAt, h.flash = now, iconPlay
	if paused {
		h.flash = iconPause
	}
}

// Build makes the display list for one frame. changed reports whether it differs from the one before, so that the
// screen has to be drawn again.
func (h *HUD) Build(v *View, s *State) (changed bool) {
	h.advance(v, s)
	h.previous, h.canvas.vs = h.canvas.vs, h.previous
	generation := h.canvas.atlas.generation
	h.list(v, s)
	if h.canvas.atlas.generation != generation {
		// The atlas overflowed and began anew, so what was listed before that points to the wrong places. A second
		// overflow within one frame would need more than an atlas of different glyphs; it shows wrong ones.
		h.list(v, s)
		changed = true
	}
	return changed || !slices.Equal(h.previous, h.canvas.vs)
}

// Empty reports whether the last Build left nothing to draw.
func (h *HUD) Empty() bool { return len(h.canvas.vs) == 0 }

// Drawer is what a HUD is drawn on: an image or the final screen.
type Drawer interface {
	DrawTriangles(vertices []ebiten.Vertex, indices []uint16, img *ebiten.Image, options *ebiten.DrawTrianglesOptions)
}

// Prepare brings new glyphs and shapes into the texture. It belongs before Draw, while no other target is being
// drawn on.
func (h *HUD) Prepare() {
	if !h.Empty() {
		h.canvas.atlas.image()
	}
}

// Draw draws the list of the last Build.
func (h *HUD) Draw(dst Drawer) {
	if h.Empty() {
		return
	}
	for q := len(h.indices) / 6; q < len(h.canvas.vs)/4; q++ {
		i := uint16(4 * q)
		h.indices = append(h.indices, i, i+1, i+2, i+1, i+3, i+2)
	}
	dst.DrawTriangles(h.canvas.vs, h.indices[:len(h.canvas.vs)/4*6], h.canvas.atlas.image(), &h.options)
}

// advance moves everything that changes with time.
func (h *HUD) advance(v *View, s *State) {
	var dt time.Duration
	if !h.last.IsZero() {
		dt = max(v.Now.Sub(h.last), 0)
	}
	h.last = v.Now
	if v.Controls {
		h.fade = min(1, h.fade+dt.Seconds()/fadeIn.Seconds())
	} else {
		h.fade = max(0, h.fade-dt.Seconds()/fadeOut.Seconds())
	}
	if s.NoticeSeq != h.noticeSeq {
		h.noticeSeq, h.noticeAt = s.NoticeSeq, v.Now
	}
	switch {
	case s.Error != "" || s.Ended || !s.Buffering && !s.Seeking:
		h.busySince = time.Time{}
	case h.busySince.IsZero():
		h.busySince = v.Now
	}
}

// remaining is how visible a message is that was asked for at the given time and stays for d, the last part fading.
func remaining(now, at time.Time, d, fade time.Duration) float32 {
	if at.IsZero() {
		return 0
	}
	left := d - now.Sub(at)
	if left <= 0 {
		return 0
	}
	return min(1, float32(left)/float32(fade))
}

func (h *HUD) list(v *View, s *State) {
	c := &h.canvas
	c.begin()
	if v.Layout.W < 1 || v.Layout.H < 1 {
		return
	}
	if !v.Picture {
		h.blank(v, s)
	}
	switch {
	case s.Error != "":
		h.failure(v, s)
	case h.busy(v.Now):
		h.spinner(v)
	default:
		h.flashed(v)
	}
	if h.fade > 0 {
		c.opacity = float32(h.fade)
		h.controls(v, s)
		c.opacity = 1
	}
	if len(s.Stats) > 0 {
		h.stats(v, s)
	}
	h.messages(v, s)
}

// busy reports whether playback has been waiting for long enough to mention it.
func (h *HUD) busy(now time.Time) bool {
	return !h.busySince.IsZero() && now.Sub(h.busySince) >= busyDelay
}

// blank fills a view without a picture.
func (h *HUD) blank(v *View, s *State) {
	c, u := &h.canvas, v.Layout.Unit
	c.gradient(0, 0, v.Layout.W, v.Layout.H, backTop, backBottom)
	if s.Error != "" {
		return
	}
	title := s.Title
	if title == "" {
		title = "mseplayer"
	}
	y := v.Layout.H / 2
	if s.NoVideo {
		c.disc(v.Layout.W/2, y-26*u, 44*u, white.alpha(0.08))
		if !h.busy(v.Now) {
			c.icon(iconNote, v.Layout.W/2-2*u, y-26*u, 40*u, white.alpha(0.9))
		}
	}
	st := style{medium, int(round(18 * u)), white.alpha(0.92)}
	limit := v.Layout.W - 4*margin*u
	w := min(c.width(st, title), limit)
	c.clipped(st, (v.Layout.W-w)/2, y+52*u, limit, title)
}

func (h *HUD) spinner(v *View) {
	c, u := &h.canvas, v.Layout.Unit
	x, y := v.Layout.W/2, v.Layout.H/2
	if v.Picture {
		c.disc(x, y, 38*u, black.alpha(0.5))
	} else {
		y -= 26 * u // the title is below
	}
	step := int(v.Now.Sub(h.busySince)/spinnerStep) % spinnerDots
	for i := range spinnerDots {
		a := 2*math.Pi*float64(i)/spinnerDots - math.Pi/2
		age := (step - i + spinnerDots) % spinnerDots
		col := white.alpha(max(0.12, 1-float32(age)*0.11))
		c.disc(x+20*u*float32(math.Cos(a)), y+20*u*float32(math.Sin(a)), 2.6*u, col)
	}
}

func (h *HUD) flashed(v *View) {
	a := remaining(v.Now, h.flashAt, flashTime, flashTime)
	if a == 0 {
		return
	}
	c, u := &h.canvas, v.Layout.Unit
	x, y := v.Layout.W/2, v.Layout.H/2
	c.disc(x, y, 38*u, black.alpha(0.55*a))
	c.icon(h.flash, x, y, 38*u, white.alpha(a))
}

// failure is the card that says why playback ended.
func (h *HUD) failure(v *View, s *State) {
	c, u, l := &h.canvas, v.Layout.Unit, &v.Layout
	head := style{medium, int(round(16 * u)), white}
	body := style{regular, int(round(14 * u)), white.alpha(0.82)}
	pad, icon, lead := 22*u, 26*u, 21*u
	w := min(560*u, l.W-2*margin*u)
	textX := pad + icon + 14*u
	limit := w - textX - pad
	if limit < 40*u {
		return
	}
	n := 0
	for rest := s.Error; rest != "" && n < maxErrorLines; n++ {
		_, rest = c.line(body, rest, limit)
	}
	ht := 2*pad + 20*u + float32(n)*lead
	x, y := (l.W-w)/2, max(0, (l.H-ht)/2)
	c.rounded(x, y, w, ht, 12*u, panel.alpha(1.08))
	c.icon(iconAlert, x+pad+icon/2, y+pad+9*u, icon, red)
	c.clipped(head, x+textX, y+pad+14*u, limit, "Playback failed")
	rest := s.Error
	for i := range n {
		var line string
		line, rest = c.line(body, rest, limit)
		base := y + pad + 40*u + float32(i)*lead
		if i == n-1 && rest != "" {
			w := c.clipped(body, x+textX, base, limit-c.width(body, ellipsis), line)
			c.text(body, x+textX+w, base, ellipsis)
			return
		}
		c.text(body, x+textX, base, line)
	}
}

// controls draws the strip at the bottom and the title at the top.
func (h *HUD) controls(v *View, s *State) {
	c, l, u := &h.canvas, &v.Layout, v.Layout.Unit
	// Two ramps each, steeper near the edge: one alone would show where it begins.
	c.gradient(0, l.H-128*u, l.W, 58*u, black.alpha(0), black.alpha(0.4))
	c.gradient(0, l.H-70*u, l.W, 70*u, black.alpha(0.4), black.alpha(0.84))
	if s.Title != "" && v.Picture && l.H > 200*u {
		c.gradient(0, 0, l.W, 30*u, black.alpha(0.66), black.alpha(0.4))
		c.gradient(0, 30*u, l.W, 42*u, black.alpha(0.4), black.alpha(0))
		c.clipped(style{medium, int(round(15 * u)), white.alpha(0.95)}, l.TrackX, 30*u, l.TrackW, s.Title)
	}

	h.seekBar(v, s)
	h.button(v, l.Play, OnPlay, playIcon(s))
	h.button(v, l.Mute, OnMute, volumeIcon(s))
	if l.VolumeW > 0 {
		h.volumeSlider(v, s)
	}
	if v.Fullscreen {
		h.button(v, l.Fullscreen, OnFullscreen, iconWindow)
	} else {
		h.button(v, l.Fullscreen, OnFullscreen, iconFullscreen)
	}
	h.times(v, s)
}

func playIcon(s *State) icon {
	switch {
	case s.Ended:
		return iconReplay
	case s.Paused:
		return iconPlay
	default:
		return iconPause
	}
}

func volumeIcon(s *State) icon {
	switch {
	case s.Muted || s.Volume <= 0:
		return iconVolumeOff
	case s.Volume < 50:
		return iconVolumeLow
	default:
		return iconVolumeHigh
	}
}

// fraction limits f to what lies between nothing and all; what is no number is nothing.
func fraction(f float64) float32 {
	if f != f {
		return 0
	}
	return float32(min(max(f, 0), 1))
}

func (h *HUD) button(v *View, r Rect, t Target, i icon) {
	col := white.alpha(0.88)
	if v.Over == t && !v.Dragging {
		h.canvas.disc(r.X+r.W/2, r.Y+r.H/2, r.W/2, white.alpha(0.14))
		col = white
	}
	h.canvas.icon(i, r.X+r.W/2, r.Y+r.H/2, 22*v.Layout.Unit, col)
}

func (h *HUD) volumeSlider(v *View, s *State) {
	c, l, u := &h.canvas, &v.Layout, v.Layout.Unit
	level := fraction(s.Volume / 100)
	col := white.alpha(0.92)
	switch {
	case s.Muted:
		col = white.alpha(0.4)
	case s.Volume > 100:
		col = loud
	}
	t := round(4 * u)
	y := round(l.RowY - t/2)
	c.rounded(l.VolumeX, y, l.VolumeW, t, t/2, white.alpha(0.24))
	c.rounded(l.VolumeX, y, level*l.VolumeW, t, t/2, col)
	r := 5 * u
	if v.Over == OnVolume {
		r = 6.5 * u
	}
	c.disc(l.VolumeX+level*l.VolumeW, l.RowY, r, col.alpha(1/max(col.a, 0.4)))
}

// seekBar draws the track with what is buffered and played, where chapters and the repeated section begin and end, the
// knob, and the time and chapter under the pointer.
func (h *HUD) seekBar(v *View, s *State) {
	c, l, u := &h.canvas, &v.Layout, v.Layout.Unit
	span, ok := s.Span()
	active := ok && (v.Over == OnSeek || v.Dragging)
	t := round(4 * u)
	if active {
		t = round(6 * u)
	}
	y := round(l.TrackY - t/2)
	c.rounded(l.TrackX, y, l.TrackW, t, t/2, white.alpha(0.22))
	if !ok {
		return
	}
	at := func(m media.Time) float32 {
		return l.TrackX + l.TrackW*fraction(float64(m.Sub(span.Start))/float64(span.Len()))
	}
	n := 0
	for _, r := range s.Buffered {
		x0, x1 := at(r.Start), at(r.End)
		if x1-x0 < 1 || n == maxRanges {
			continue
		}
		n++
		c.rounded(x0, y, x1-x0, t, t/2, white.alpha(0.3))
	}
	pos := s.Position
	if v.Dragging {
		pos = v.DragTo
	}
	x := at(pos)
	c.rounded(l.TrackX, y, max(x-l.TrackX, 0), t, t/2, accent)
	h.marks(v, s, span, y, t)
	r := 6.5 * u
	if active {
		r = 8 * u
	}
	c.disc(x, l.TrackY, r, white)

	if !active {
		return
	}
	hover := span.Start.Add(media.Span(l.SeekFraction(v.X)) * span.Len())
	if v.Dragging {
		hover = v.DragTo
	}
	st := style{medium, int(round(13 * u)), white}
	h.text = h.appendTime(h.text[:0], s, span, hover)
	limit := l.TrackW - 16*u
	name := ""
	if chapter, ok := s.chapterAt(hover); ok && chapter.Title != "" {
		h.text = append(h.text, "  "...)
		name = chapter.Title
	}
	tw := c.widthBytes(st, h.text)
	w := min(tw+c.width(st, name), max(limit, tw)) + 16*u
	bx := min(max(at(hover)-w/2, l.TrackX), max(l.TrackX+l.TrackW-w, l.TrackX))
	by := l.TrackY - 44*u
	c.rounded(bx, by, w, 26*u, 6*u, panel.alpha(1.05))
	c.bytes(st, bx+8*u, by+17.5*u, h.text)
	if name != "" {
		st.col = white.alpha(0.82)
		c.clipped(st, bx+8*u+tw, by+17.5*u, w-16*u-tw, name)
	}
}

// marks draws where chapters begin, as cuts in the track whose top is y and thickness t, and the ends of the repeated
// section.
func (h *HUD) marks(v *View, s *State, span media.Range, y, t float32) {
	c, l, u := &h.canvas, &v.Layout, v.Layout.Unit
	at := func(m media.Time) float32 {
		return l.TrackX + l.TrackW*fraction(float64(m.Sub(span.Start))/float64(span.Len()))
	}
	w := max(round(2*u), 1)
	last := l.TrackX
	n := 0
	for _, x := range s.Chapters {
		if !(span.Start < x.Start && x.Start < span.End) {
			continue
		}
		if p := at(x.Start); p-last >= markGap*u && n < maxMarks {
			c.rect(round(p-w/2), y, w, t, black.alpha(0.8))
			last = p
			n++
		}
	}
	for _, o := range [...]media.Opt{s.SectionStart, s.SectionEnd} {
		if o.Set && span.Start <= o.T && o.T <= span.End {
			c.rect(round(at(o.T)-w/2), y-3*u, w, t+6*u, loud)
		}
	}
}

// appendTime writes a time as the controls show it: from the start of the presentation, or, live, from the live edge.
func (h *HUD) appendTime(b []byte, s *State, span media.Range, t media.Time) []byte {
	if s.Live {
		return appendClock(append(b, '-'), media.Time(math.Max(0, float64(span.End.Sub(t)))), false)
	}
	return appendClock(b, t, span.End >= 3600)
}

// times writes the position and the length on the left and what remains on the right, or the live tag.
func (h *HUD) times(v *View, s *State) {
	c, l, u := &h.canvas, &v.Layout, v.Layout.Unit
	st := style{regular, int(round(13.5 * u)), white.alpha(0.95)}
	base := l.RowY + 4.8*u
	span, ok := s.Span()
	pos := s.Position
	if v.Dragging {
		pos = v.DragTo
	}
	right := l.Fullscreen.X
	if s.Live && l.Live.W > 0 {
		h.liveTag(v, s, base)
		right = l.Live.X
	}

	x := l.TimeX()
	switch {
	case !ok:
		h.text = appendClock(h.text[:0], pos, false)
		c.bytes(st, x, base, h.text)
	case s.Live:
		if !s.AtEdge() || v.Dragging {
			h.text = h.appendTime(h.text[:0], s, span, pos)
			c.bytes(st, x, base, h.text)
		}
	default:
		hours := span.End >= 3600
		h.text = appendClock(h.text[:0], pos, hours)
		x += c.bytes(st, x, base, h.text)
		st.col = dim
		h.text = appendClock(append(h.text[:0], "  /  "...), span.End, hours)
		w := c.widthBytes(st, h.text)
		if x+w < right-8*u {
			x += c.bytes(st, x, base, h.text)
		}
		// Rounded up, so that it reaches zero at the end and not a second before.
		left := media.Time(math.Ceil(math.Max(0, float64(span.End.Sub(pos)))))
		h.text = appendClock(append(h.text[:0], "−"...), left, hours)
		w = c.widthBytes(st, h.text)
		if right-w-10*u > x+16*u {
			c.bytes(st, right-w-10*u, base, h.text)
		}
	}
}

func (h *HUD) liveTag(v *View, s *State, base float32) {
	c, l, u := &h.canvas, &v.Layout, v.Layout.Unit
	dot, col := white.alpha(0.5), dim
	if s.AtEdge() {
		dot, col = red, white
	} else if v.Over == OnLive {
		col = white
	}
	c.disc(l.Live.X+8*u, l.RowY, 4*u, dot)
	c.text(style{medium, int(round(12 * u)), col}, l.Live.X+16*u, base-0.4*u, "LIVE")
}

// stats draws the statistics panel.
func (h *HUD) stats(v *View, s *State) {
	c, l, u := &h.canvas, &v.Layout, v.Layout.Unit
	lines := s.Stats[:min(len(s.Stats), maxStats)]
	st := style{mono, int(round(13 * u)), white}
	cell := c.width(st, "0")
	lead, pad := round(18*u), 12*u
	x, y := round(margin*u), round(48*u)
	columns := 0
	for _, line := range lines {
		columns = max(columns, utf8.RuneCountInString(line))
	}
	w := min(float32(columns)*cell, l.W-2*x-2*pad)
	// As many lines as fit.
	n := min(len(lines), int((l.H-y-2*pad)/lead))
	if n < 1 || w < cell {
		return
	}
	c.rounded(x, y, w+2*pad, float32(n)*lead+2*pad, 8*u, panel.alpha(0.92))
	most := int(w / cell)
	for i, line := range lines[:n] {
		base := y + pad + float32(i)*lead + round(13.2*u)
		label := strings.IndexByte(line, ':')
		column := 0
		for k, r := range line {
			if column == most {
				break
			}
			st.col = white
			if k <= label {
				st.col = color{0.60, 0.76, 0.98, 1}
			}
			// Cell by cell, so that columns stay columns whatever the glyphs are.
			c.cell(st, x+pad+float32(column)*cell, base, r)
			column++
		}
	}
}

// messages draws the volume and the notice: in the middle of the top, or on the right where the statistics are on the
// left.
func (h *HUD) messages(v *View, s *State) {
	c, l, u := &h.canvas, &v.Layout, v.Layout.Unit
	st := style{medium, int(round(15 * u)), white}
	y, ht := round(52*u), round(40*u)
	base := y + ht/2 + 5.3*u
	place := func(w float32) float32 {
		if len(s.Stats) > 0 {
			return max(0, round(l.W-w-margin*u))
		}
		return round((l.W - w) / 2)
	}
	if a := remaining(v.Now, h.volumeAt, volumeTime, messageFade); a > 0 {
		c.opacity = a
		if s.Muted {
			h.text = append(h.text[:0], "Muted"...)
		} else {
			h.text = append(h.text[:0], "Volume "...)
			h.text = append(strconv.AppendInt(h.text, int64(math.Round(1000*float64(fraction(s.Volume/1000)))), 10), " %"...)
		}
		// As wide as the widest volume, so that it does not tremble while the number changes.
		tw := max(c.widthBytes(st, h.text), c.width(st, "Volume 100 %"))
		bar := 96 * u
		w := 16*u + 22*u + 10*u + bar + 14*u + tw + 18*u
		if w > l.W-2*margin*u {
			bar = 0
			w = 16*u + 22*u + 10*u + tw + 18*u
		}
		x := place(w)
		c.rounded(x, y, w, ht, ht/2, panel)
		c.icon(volumeIcon(s), x+27*u, y+ht/2, 22*u, white)
		x += 48 * u
		if bar > 0 {
			t := round(4 * u)
			col := white
			switch {
			case s.Muted:
				col = white.alpha(0.35)
			case s.Volume > 100:
				col = loud
			}
			by := round(y + ht/2 - t/2)
			c.rounded(x, by, bar, t, t/2, white.alpha(0.22))
			c.rounded(x, by, bar*fraction(s.Volume/100), t, t/2, col)
			x += bar + 14*u
		}
		c.bytes(st, x, base, h.text)
		y, base = y+ht+8*u, base+ht+8*u
	}
	if a := remaining(v.Now, h.noticeAt, noticeTime, messageFade); a > 0 && s.Notice != "" {
		c.opacity = a
		limit := l.W - 2*margin*u - 40*u
		w := min(c.width(st, s.Notice), limit)
		x := place(w + 40*u)
		c.rounded(x, y, w+40*u, ht, ht/2, panel)
		c.clipped(st, x+20*u, base, limit, s.Notice)
	}
	c.opacity = 1
}
