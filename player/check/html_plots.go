package check

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math"
	"strings"

	"mseplayer/mse/media"
)

const (
	// maxPagePictures bounds the pictures of findings on a page, maxPictureBytes each of them.
	maxPagePictures = 200
	maxPictureBytes = 256 << 10
	// shortTermSeconds is how much sound a value of short-term loudness is of. EBU Tech 3341 §2.2.
	shortTermSeconds = 3
	// quietestPlotted is the loudness in LUFS below which a plot goes no further, loudestPlotted where it ends at least.
	quietestPlotted, loudestPlotted = -60.0, -10.0
	// highestPlotted is the ratio in dB beyond which pictures are as good as the same.
	highestPlotted = 60.0
)

// picture shows what a finding is about.
func (p *page) picture(f *Finding) {
	kind := ""
	switch {
	case bytes.HasPrefix(f.Picture, []byte("\x89PNG")):
		kind = "png"
	case bytes.HasPrefix(f.Picture, []byte("\xff\xd8\xff")):
		kind = "jpeg"
	}
	if kind == "" || len(f.Picture) > maxPictureBytes || p.pictures == maxPagePictures {
		return
	}
	p.pictures++
	p.add("<br><img alt=\"the picture at %s\" src=\"data:image/%s;base64,%s\">", clock(f.Time), kind, raw(base64.StdEncoding.EncodeToString(f.Picture)))
}

// plot is a frame for curves over time.
type plot struct {
	*page
	from, to  float64 // seconds
	low, high float64
}

func (p *plot) x(at float64) float64 {
	return plotLeft + (min(max(at, p.from), p.to)-p.from)/(p.to-p.from)*(plotWidth-plotLeft-plotRightAxis)
}

func (p *plot) y(v float64) float64 {
	return plotTop + (1-(min(max(v, p.low), p.high)-p.low)/(p.high-p.low))*(plotHeight-plotTop-plotBottom)
}

// plotRightAxis is what a plot leaves for a second scale.
const plotRightAxis = 60.0

// open begins the drawing, with lines for the values on the left.
func (p *plot) open(label, unit string) {
	p.add("<svg role=\"img\" aria-label=\"%s\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\">\n", label, plotWidth, plotHeight, plotWidth)
	step := niceStep((p.high - p.low) / 5)
	for n, v := 0, math.Ceil(p.low/step)*step; v <= p.high && n < 20; n, v = n+1, v+step {
		p.add("<path d=\"M%.0f %.1fH%.0f\" stroke=\"#8886\"/><text x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">%s%s</text>\n", plotLeft, p.y(v), plotWidth-plotRightAxis, plotLeft-6, p.y(v)+4, trimmed(v), unit)
	}
}

// right writes the second scale, whose values lie at the heights of others.
func (p *plot) right(low, high float64) {
	step := niceStep((high - low) / 4)
	for n, v := 0, math.Ceil(low/step)*step; v <= high+1e-9 && n < 20; n, v = n+1, v+step {
		p.add("<text x=\"%.0f\" y=\"%.1f\">%s</text>", plotWidth-plotRightAxis+6, p.y(p.low+(v-low)/(high-low)*(p.high-p.low))+4, trimmed(v))
	}
}

// close ends it with the line of time.
func (p *plot) close() {
	step := niceStep((p.to - p.from) / 8)
	for n, at := 0, math.Ceil(p.from/step)*step; at <= p.to && n < 20; n, at = n+1, at+step {
		p.add("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>", p.x(at), plotHeight-8, axisTime(at))
	}
	p.add("</svg>\n")
}

// trimmed writes a number without zeros at its end.
func trimmed(v float64) string {
	s := fmt.Sprintf("%.4f", v)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// vertex is a value for a stretch of time.
type vertex struct{ from, to, value float64 }

// stairs draws values that hold for a stretch each.
func (p *plot) stairs(list []vertex, colour, style, title string) {
	var d strings.Builder
	last := math.NaN()
	for _, v := range thinned(list, lowest) {
		if math.Abs(v.from-last) < 0.5 {
			fmt.Fprintf(&d, "V%.1fH%.1f", p.y(v.value), p.x(v.to))
		} else {
			fmt.Fprintf(&d, "M%.1f %.1fH%.1f", p.x(v.from), p.y(v.value), p.x(v.to))
		}
		last = v.to
	}
	p.add("<path d=\"%s\" fill=\"none\" stroke=\"%s\"%s><title>%s</title></path>\n", raw(d.String()), colour, raw(style), title)
}

// curve draws a line through values.
func (p *plot) curve(list []vertex, colour, title string) {
	var d strings.Builder
	last := math.NaN()
	for _, v := range thinned(list, lowest) {
		if v.from-last < 1e-3 {
			fmt.Fprintf(&d, "L%.1f %.1f", p.x(v.to), p.y(v.value))
		} else {
			fmt.Fprintf(&d, "M%.1f %.1f", p.x(v.to), p.y(v.value))
		}
		last = v.to
	}
	p.add("<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" stroke-linejoin=\"round\"><title>%s</title></path>\n", raw(d.String()), colour, title)
}

// thinned makes one of several that follow each other where there are more values than are drawn: join takes one more into
// the last.
func thinned[T any](list []T, join func(last *T, next T)) []T {
	per := (len(list) + maxPoints - 1) / maxPoints
	var out []T
	for i, v := range list {
		if i%per == 0 {
			out = append(out, v)
		} else {
			join(&out[len(out)-1], v)
		}
	}
	return out
}

// lowest keeps the lower of two values.
func lowest(last *vertex, next vertex) { last.to, last.value = next.to, min(last.value, next.value) }

// loudness draws the short-term loudness of each rendition.
func (p *page) loudness(r *Report) {
	q := plot{page: p, low: math.Inf(1), high: loudestPlotted}
	q.from, q.to = r.span()
	var tracks []*Track
	for i := range r.Tracks {
		t := &r.Tracks[i]
		if t.Content == nil || t.Content.Loudness == nil || len(t.Content.Loudness.ShortTerm) == 0 || !t.FirstPTS.Known() || len(tracks) == maxPlotted {
			continue
		}
		tracks = append(tracks, t)
		for _, v := range t.Content.Loudness.ShortTerm {
			if v.Known() {
				q.low, q.high = min(q.low, float64(v)), max(q.high, float64(v)+1)
			}
		}
	}
	if len(tracks) == 0 || !(q.to > q.from) {
		return
	}
	q.low = max(quietestPlotted, min(q.low-3, q.high-20))
	p.add("<section class=\"loudness\"><h2>Short-term loudness</h2>\n")
	q.open("loudness", " LUFS")
	for i, t := range tracks {
		var list []vertex
		for k, v := range t.Content.Loudness.ShortTerm {
			if v.Known() {
				at := float64(t.FirstPTS) + shortTermSeconds + float64(k)
				list = append(list, vertex{at - 1, at, float64(v)})
			}
		}
		q.curve(list, palette[i%len(palette)], t.ID)
	}
	q.close()
	p.add("<p>")
	for i, t := range tracks {
		p.add("<span style=\"color:%s\">■</span> %s", palette[i%len(palette)], t.ID)
		if v := t.Content.Loudness.Integrated; v.Known() {
			p.add(" (%.1f LUFS in all)", float64(v))
		}
		p.add(" &nbsp; ")
	}
	p.add("each value is of the %d seconds before</p></section>\n", shortTermSeconds)
}

// likeness draws, for each representation, how much its pictures differ from those of the reference.
func (p *page) likeness(r *Report) {
	q := plot{page: p, low: math.Inf(1), high: math.Inf(-1)}
	q.from, q.to = r.span()
	similar := 1.0
	var tracks []*Track
	for i := range r.Tracks {
		t := &r.Tracks[i]
		if t.Likeness == nil || len(t.Likeness.Segments) == 0 || len(tracks) == maxPlotted {
			continue
		}
		tracks = append(tracks, t)
		for _, s := range t.Likeness.Segments {
			q.low, q.high = min(q.low, ratioOf(s.PSNR.Min)), max(q.high, ratioOf(s.PSNR.Average))
			if s.SSIM.Min.Known() {
				similar = min(similar, float64(s.SSIM.Min))
			}
		}
	}
	if len(tracks) == 0 || r.Reference == nil || !(q.to > q.from) {
		return
	}
	q.low, q.high = math.Floor(q.low-1), math.Ceil(q.high+1)
	similar = math.Floor((similar-0.005)*50) / 50
	p.add("<section class=\"likeness\"><h2>Likeness to %s</h2>\n<div class=\"scroll\"><table><thead><tr>", r.Reference.Source)
	for i, h := range likenessHeads {
		p.cell("th", i > 0, h)
	}
	p.add("</tr></thead><tbody>\n")
	for _, t := range tracks {
		p.add("<tr>")
		for i, v := range t.likenessCells() {
			p.cell("td", i > 0, v)
		}
		p.add("</tr>\n")
	}
	p.add("</tbody></table></div>\n")
	for i, t := range tracks {
		colour := palette[i%len(palette)]
		var mean, least, alike []vertex
		for _, s := range t.Likeness.Segments {
			if s.Row >= len(t.SegmentList) {
				continue
			}
			from := float64(s.Start)
			to := from + float64(t.SegmentList[s.Row].Duration)
			mean, least = append(mean, vertex{from, to, ratioOf(s.PSNR.Average)}), append(least, vertex{from, to, ratioOf(s.PSNR.Min)})
			if s.SSIM.All.Known() {
				alike = append(alike, vertex{from, to, q.low + (float64(s.SSIM.All)-similar)/(1-similar)*(q.high-q.low)})
			}
		}
		p.add("<h3>%s</h3>\n", t.ID)
		q.open("likeness", " dB")
		q.right(similar, 1)
		q.stairs(mean, colour, ` stroke-width="2"`, t.ID+": PSNR of each segment")
		q.stairs(least, colour, ` stroke-width="1" opacity=".6"`, t.ID+": PSNR of the worst picture of each segment")
		q.stairs(alike, "currentColor", ` stroke-dasharray="4 3" opacity=".8"`, t.ID+": SSIM of each segment")
		q.close()
	}
	p.add("<p>Thick: PSNR of each segment; thin: of its worst picture; dashed, on the right: SSIM.</p></section>\n")
}

// ratioOf is a ratio as it is drawn; what does not differ is at the top.
func ratioOf(s Seconds) float64 {
	if !s.Known() {
		return highestPlotted
	}
	return min(float64(s), highestPlotted)
}

// likenessHeads are the heads of the columns of likenessCells.
var likenessHeads = []string{"REPRESENTATION", "PSNR Y", "U", "V", "ALL", "SSIM Y", "ALL", "WORST PSNR", "AT", "WORST SSIM", "AT", "PICTURES", "BITS", "OFFSET"}

// likenessCells is one line about how alike a track and the reference are.
func (t *Track) likenessCells() []string {
	l := t.Likeness
	ratio := func(s Seconds, same bool) string {
		switch {
		case s.Known():
			return fmt.Sprintf("%.2f", float64(s))
		case same:
			return "same"
		}
		return "-"
	}
	similar := func(s Seconds) string {
		if !s.Known() {
			return "-"
		}
		return fmt.Sprintf("%.4f", float64(s))
	}
	same := l.Identical == l.Pictures
	gray := !l.SSIM.U.Known() // without chroma
	of := fmt.Sprintf("%d", l.Pictures)
	if l.Unmatched > 0 {
		of = fmt.Sprintf("%d of %d", l.Pictures, l.Pictures+l.Unmatched)
	}
	bits := fmt.Sprintf("%d", l.BitDepth)
	if l.ComparedBitDepth != l.BitDepth {
		bits = fmt.Sprintf("%d, compared as %d", l.BitDepth, l.ComparedBitDepth)
	}
	return []string{t.ID, ratio(l.PSNR.Y, same || l.SSIM.Y == 1), ratio(l.PSNR.U, !gray), ratio(l.PSNR.V, !gray), ratio(l.PSNR.Average, same), similar(l.SSIM.Y), similar(l.SSIM.All), ratio(l.PSNR.Min, same), clock(l.PSNR.MinTime),
		similar(l.SSIM.Min), clock(l.SSIM.MinTime), of, bits, fmt.Sprintf("%+.3f s", math.Round(float64(l.Offset)*1e3)/1e3+0)}
}

// words says what the reference is like.
func (r *Reference) words() string {
	out := r.Source
	if r.Width != nil && r.Height != nil {
		out += fmt.Sprintf(", %dx%d", *r.Width, *r.Height)
	}
	if r.BitDepth != nil {
		out += fmt.Sprintf(", %d bits", *r.BitDepth)
	}
	if r.FrameRate.Known() {
		out += ", " + trimmed(float64(r.FrameRate)) + " fps"
	}
	return out + ", " + media.Time(r.Duration).Clock()
}
