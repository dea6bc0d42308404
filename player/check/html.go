package check

import (
	"bufio"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"math"
	"strconv"
	"strings"

	"mseplayer/mse/media"
	"mseplayer/player/manifest"
)

// Bounds of what a page draws: the findings of one report, the points of a curve, the columns of a matrix, the tracks of a
// plot.
const (
	maxPageFindings = 2000
	maxPoints       = 2000
	maxColumns      = 600
	maxPlotted      = 64
)

// Sizes of the plots in their own units.
const (
	plotWidth, plotHeight = 960.0, 240.0
	plotLeft, plotRight   = 70.0, 24.0
	plotTop, plotBottom   = 10.0, 24.0
	barHeight             = 14.0
	labelWidth            = 200.0
	cellWidth, cellHeight = 9.0, 14.0
)

// shortestPlotted is how long a segment must last to have a bit rate of its own, in seconds.
const shortestPlotted = 0.5

// pageStyle is all that makes a page look as it does. Nothing comes from elsewhere: the policy forbids it.
const pageStyle = `:root{color-scheme:light dark}
body{font:14px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:75rem;padding:0 1rem;background:Canvas;color:CanvasText}
h1{font-size:1.3rem;overflow-wrap:anywhere}h2{font-size:1.1rem;margin-top:2rem}h3{font-size:1rem;margin-bottom:.3rem}
table{border-collapse:collapse;width:100%;font-size:13px}th,td{text-align:left;padding:.25rem .5rem;border-bottom:1px solid #8884;vertical-align:top;overflow-wrap:anywhere}
td.n,th.n{text-align:right;white-space:nowrap}
.b{display:inline-block;padding:0 .5em;border-radius:.3em;color:#fff;font-weight:600}
.pass{background:#197a3b}.warn,.warning{background:#9a6200}.fail,.error{background:#b3202a}.info{background:#2a6496}.waived{opacity:.55}
.b{white-space:nowrap}.findings td:nth-child(-n+2){white-space:nowrap}.findings td:nth-child(3){min-width:9em}
.hint{opacity:.8}.scroll{overflow-x:auto}svg{max-width:100%;height:auto}svg.wide{max-width:none}svg text{fill:currentColor;font:11px system-ui,sans-serif}
code{font-family:ui-monospace,monospace;font-size:12px}details{font-size:12px}img{max-width:20rem;height:auto;border:1px solid #8886}`

// palette are the colours of curves.
var palette = []string{"#3b76c4", "#d1752f", "#3d9a50", "#b8434e", "#8163b5", "#8a6a4f", "#c866a9", "#7f7f7f", "#a3a52b", "#2fa9b8"}

// WriteHTML writes reports as one page that needs nothing else: it opens from a disk, without a network and without scripts.
func WriteHTML(w io.Writer, reports ...*Report) error {
	p := &page{Writer: bufio.NewWriter(w)}
	p.add(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>mseplayer check: %s</title>
<style>%s</style></head><body>
`, pageTitle(reports), raw(pageStyle))
	for _, r := range reports {
		p.report(r)
	}
	p.add("</body></html>\n")
	return p.Flush()
}

func pageTitle(reports []*Report) string {
	if len(reports) == 1 {
		return reports[0].Source
	}
	return plural(int64(len(reports)), "source")
}

// raw is text that is HTML already.
type raw string

// page writes HTML. What is formatted with %s is escaped unless it is raw.
type page struct {
	*bufio.Writer
	pictures int // so many are on it
}

func (p *page) add(format string, args ...any) {
	for i, a := range args {
		switch v := a.(type) {
		case raw:
			args[i] = string(v)
		case string:
			args[i] = html.EscapeString(manifest.OneLine(v))
		}
	}
	fmt.Fprintf(p, format, args...)
}

func (p *page) report(r *Report) {
	p.add("<article>\n<h1><span class=\"b %s\">%s</span> %s</h1>\n<p>", string(r.Verdict), strings.ToUpper(string(r.Verdict)), r.Source)
	p.add("%s, %s, %s, %d waived", plural(int64(r.Summary.Errors), "error"), plural(int64(r.Summary.Warnings), "warning"), plural(int64(r.Summary.Infos), "remark"), r.Summary.Waived)
	if r.Duration.Known() {
		p.add("; %s, %s of media", plural(int64(len(r.Tracks)), "track"), clock(r.Duration))
	}
	p.add("; checked in %.1f s by %s %s.</p>\n", float64(r.Elapsed), r.Tool.Name, r.Tool.Version)
	if !r.Complete {
		p.add("<p><strong>The check was cut short: this is about a part of the source.</strong></p>\n")
	}
	p.findings(r)
	p.timeline(r)
	p.bitrates(r)
	p.likeness(r)
	p.loudness(r)
	p.keyMatrices(r)
	p.tracks(r)
	p.add("</article>\n")
}

// findings lists them, the errors first.
func (p *page) findings(r *Report) {
	p.add("<section class=\"findings\"><h2>Findings</h2>\n")
	defer p.add("</section>\n")
	if len(r.Findings) == 0 {
		p.add("<p>None.</p>\n")
		return
	}
	p.add("<table><thead><tr><th>Severity</th><th>Code</th><th>Where</th><th>What</th></tr></thead><tbody>\n")
	shown := 0
	for _, sev := range []manifest.Severity{manifest.SeverityError, manifest.SeverityWarning, manifest.SeverityInfo} {
		for i := range r.Findings {
			f := &r.Findings[i]
			if f.Severity != sev {
				continue
			}
			if shown++; shown > maxPageFindings {
				continue
			}
			p.finding(f)
		}
	}
	p.add("</tbody></table>\n")
	if shown > maxPageFindings {
		p.add("<p>%d more are not listed.</p>\n", shown-maxPageFindings)
	}
}

func (p *page) finding(f *Finding) {
	class, note := "", ""
	if f.Waived {
		class, note = ` class="waived"`, " (waived)"
	}
	p.add("<tr%s><td><span class=\"b %s\">%s</span>%s</td><td><code>%s</code></td><td>", raw(class), string(f.Severity), string(f.Severity), note, f.Code)
	switch {
	case f.Track != "":
		p.add("%s", string(f.Track))
	case f.Period != "":
		p.add("period %s", string(f.Period))
	}
	if f.Time.Known() {
		p.add("<br>%s", clock(f.Time))
	}
	p.add("</td><td>%s", f.Message)
	p.picture(f)
	if f.Segment != nil {
		p.add("<br><code>%s</code>", f.Segment.URL)
	}
	if f.Hint != "" {
		p.add("<br><span class=\"hint\">%s</span>", string(f.Hint))
	}
	if len(f.Evidence) > 0 {
		b, err := json.Marshal(f.Evidence)
		if err == nil {
			p.add("<details><summary>evidence</summary><code>%s</code></details>", string(b))
		}
	}
	p.add("</td></tr>\n")
}

// span is from when to when the tracks of a report reach, and at least a second long.
func (r *Report) span() (from, to float64) {
	from, to = math.Inf(1), math.Inf(-1)
	for i := range r.Tracks {
		if t := &r.Tracks[i]; t.FirstPTS.Known() && t.End.Known() {
			from, to = min(from, float64(t.FirstPTS)), max(to, float64(t.End))
		}
	}
	for i := range r.Findings {
		if s := r.Findings[i].Time; s.Known() && !math.IsInf(from, 0) {
			from, to = min(from, float64(s)), max(to, float64(s))
		}
	}
	if math.IsInf(from, 0) {
		return 0, 0
	}
	return from, max(to, from+1)
}

// axis is the line of time below a plot that is as wide as from left to the right edge.
func (p *page) axis(from, to, left, y float64) {
	step := niceStep((to - from) / 8)
	for n, at := 0, math.Ceil(from/step)*step; at <= to && n < 20; n, at = n+1, at+step {
		x := left + (at-from)/(to-from)*(plotWidth-left-plotRight)
		p.add("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>", x, y, axisTime(at))
	}
}

func axisTime(at float64) string {
	return strings.TrimSuffix(media.Time(at).Clock(), ".000")
}

// niceStep is the next 1, 2 or 5 times a power of ten.
func niceStep(least float64) float64 {
	if !(least > 0) || math.IsInf(least, 0) {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(least)))
	for _, m := range []float64{1, 2, 5} {
		if m*unit >= least {
			return m * unit
		}
	}
	return 10 * unit
}

// timeline draws what of each track there is, its gaps and where the findings are.
func (p *page) timeline(r *Report) {
	from, to := r.span()
	var tracks []*Track
	for i := range r.Tracks {
		if len(r.Tracks[i].Buffered) > 0 && len(tracks) < maxPlotted {
			tracks = append(tracks, &r.Tracks[i])
		}
	}
	if len(tracks) == 0 || !(to > from) {
		return
	}
	height := float64(len(tracks))*(barHeight+6) + plotTop + plotBottom
	p.add("<section class=\"timeline\"><h2>Timeline and gaps</h2>\n<svg role=\"img\" aria-label=\"timeline\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\">\n", plotWidth, height, plotWidth)
	x := func(at Seconds) float64 {
		return labelWidth + (min(max(float64(at), from), to)-from)/(to-from)*(plotWidth-labelWidth-plotRight)
	}
	for i, t := range tracks {
		y := plotTop + float64(i)*(barHeight+6)
		p.add("<text x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">%s</text>", labelWidth-6, y+barHeight-3, clip(t.ID, 30))
		for k, b := range t.Buffered {
			p.add("<rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.0f\" fill=\"%s\"/>", x(b[0]), y, max(0.5, x(b[1])-x(b[0])), barHeight, palette[i%len(palette)])
			if k > 0 {
				gap := t.Buffered[k-1][1]
				p.add("<rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.0f\" fill=\"#d0021b\"><title>gap of %.3f s from %s</title></rect>",
					x(gap), y, max(1.5, x(b[0])-x(gap)), barHeight, float64(b[0]-gap), clock(gap))
			}
		}
		marks := 0
		for k := range r.Findings {
			f := &r.Findings[k]
			if string(f.Track) != t.ID || !f.Time.Known() || marks == maxPageFindings {
				continue
			}
			marks++
			at := x(f.Time)
			p.add("<path d=\"M%.2f %.1fl-4 -7h8z\" fill=\"%s\" stroke=\"#fff\" stroke-width=\".7\"><title>%s: %s</title></path>", at, y+8, severityColour(f.Severity), f.Code, f.Message)
		}
		p.add("\n")
	}
	p.axis(from, to, labelWidth, height-8)
	p.add("</svg>\n</section>\n")
}

func severityColour(s manifest.Severity) string {
	switch s {
	case manifest.SeverityError:
		return "#b3202a"
	case manifest.SeverityWarning:
		return "#e08a00"
	case manifest.SeverityInfo:
		return "#2a6496"
	default:
		return "#000"
	}
}

// clip shortens a text to n characters.
func clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return "…" + string(r[len(r)-n+1:])
}

// point is the bit rate over a stretch of time.
type point struct{ from, to, rate float64 }

// curve is the bit rate of each segment; of a long track the highest of several. What lasts less than half a second counts
// together with the segment before it: a single frame at the end has no rate that means anything.
func curve(t *Track) []point {
	var all []point
	var bytes int64
	var length Seconds
	for _, s := range t.SegmentList {
		switch n := len(all); {
		case !(s.Duration > 0):
		case n > 0 && s.Duration < shortestPlotted:
			bytes, length = bytes+s.Bytes, length+s.Duration
			all[n-1].to, all[n-1].rate = float64(s.Start+s.Duration), float64(bytes)*8/float64(length)
		default:
			bytes, length = s.Bytes, s.Duration
			all = append(all, point{float64(s.Start), float64(s.Start + s.Duration), float64(bytes) * 8 / float64(length)})
		}
	}
	return thinned(all, func(last *point, q point) {
		last.from, last.to, last.rate = min(last.from, q.from), max(last.to, q.to), max(last.rate, q.rate)
	})
}

// bitrates draws the bit rate of each segment by rung, and what the manifest declares.
func (p *page) bitrates(r *Report) {
	from, to := r.span()
	for _, kind := range []string{media.Video.String(), media.Audio.String()} {
		var tracks []*Track
		highest := 0.0
		for i := range r.Tracks {
			t := &r.Tracks[i]
			if t.Type != kind || len(t.SegmentList) == 0 || len(tracks) == maxPlotted {
				continue
			}
			tracks = append(tracks, t)
			for _, q := range curve(t) {
				highest = max(highest, q.rate)
			}
			if t.DeclaredBandwidth != nil {
				highest = max(highest, min(float64(*t.DeclaredBandwidth), 3*highest))
			}
		}
		if highest == 0 || !(to > from) {
			continue
		}
		highest *= 1.05
		x := func(at float64) float64 {
			return plotLeft + (min(max(at, from), to)-from)/(to-from)*(plotWidth-plotLeft-plotRight)
		}
		y := func(rate float64) float64 {
			return plotTop + (1-min(rate/highest, 1))*(plotHeight-plotTop-plotBottom)
		}
		p.add("<section class=\"bitrate\"><h2>Bit rate of each segment: %s</h2>\n<svg role=\"img\" aria-label=\"bit rates\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\">\n", kind, plotWidth, plotHeight, plotWidth)
		step := niceStep(highest / 5)
		for n, v := 0, 0.0; v <= highest && n < 20; n, v = n+1, v+step {
			p.add("<path d=\"M%.0f %.1fH%.0f\" stroke=\"#8886\"/><text x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">%s k</text>\n", plotLeft, y(v), plotWidth-plotRight, plotLeft-6, y(v)+4, strconv.FormatFloat(v/1000, 'f', -1, 64))
		}
		for i, t := range tracks {
			colour := palette[i%len(palette)]
			var d strings.Builder
			last := math.NaN()
			for _, q := range curve(t) {
				if math.Abs(q.from-last) < 0.5 {
					fmt.Fprintf(&d, "V%.1fH%.1f", y(q.rate), x(q.to))
				} else {
					fmt.Fprintf(&d, "M%.1f %.1fH%.1f", x(q.from), y(q.rate), x(q.to))
				}
				last = q.to
			}
			p.add("<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\"><title>%s</title></path>\n", raw(d.String()), colour, t.ID)
			if t.DeclaredBandwidth != nil && float64(*t.DeclaredBandwidth) <= highest {
				at := y(float64(*t.DeclaredBandwidth))
				p.add("<path d=\"M%.0f %.1fH%.0f\" stroke=\"%s\" stroke-dasharray=\"4 4\" opacity=\".7\"><title>%s: declared</title></path>\n", plotLeft, at, plotWidth-plotRight, colour, t.ID)
			}
		}
		p.axis(from, to, plotLeft, plotHeight-8)
		p.add("</svg>\n<p>")
		for i, t := range tracks {
			p.add("<span style=\"color:%s\">■</span> %s &nbsp; ", palette[i%len(palette)], t.ID)
		}
		p.add("(dashed: declared)</p></section>\n")
	}
}

// keyMatrices draws, for the pictures of each adaptation set, which segments begin with a random access point, and whether
// the representations cut at the same times.
func (p *page) keyMatrices(r *Report) {
	type set struct{ period, id string }
	var sets []set
	rows := map[set][]*Track{}
	for i := range r.Tracks {
		t := &r.Tracks[i]
		if t.Type != media.Video.String() || len(t.SegmentList) == 0 {
			continue
		}
		s := set{t.Period, t.AdaptationSet}
		if rows[s] == nil {
			sets = append(sets, s)
		}
		rows[s] = append(rows[s], t)
	}
	if len(sets) == 0 {
		return
	}
	p.add("<section class=\"keyframes\"><h2>Random access points</h2>\n<p>A cell for each segment: <span style=\"color:#3d9a50\">■</span> begins with a key frame, where the first representation does; " +
		"<span style=\"color:#e08a00\">■</span> begins at another time; <span style=\"color:#b3202a\">■</span> does not begin with one; empty: not there.</p>\n")
	for _, s := range sets {
		p.keyMatrix(fmt.Sprintf("Period %s, adaptation set %s", s.period, s.id), rows[s])
	}
	p.add("</section>\n")
}

func (p *page) keyMatrix(title string, tracks []*Track) {
	tracks = tracks[:min(len(tracks), maxPlotted)]
	first, columns := math.MaxInt, 0
	for _, t := range tracks {
		for _, s := range t.SegmentList {
			first, columns = min(first, s.Index), max(columns, s.Index+1)
		}
	}
	columns -= first
	shown := min(columns, maxColumns)
	width, height := labelWidth+float64(shown)*cellWidth, float64(len(tracks))*(cellHeight+2)+4
	p.add("<h3>%s</h3>\n<div class=\"scroll\"><svg class=\"wide\" role=\"img\" aria-label=\"random access points\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\">\n", title, width, height, width, height)
	reference := map[int]Seconds{}
	for _, s := range tracks[0].SegmentList {
		reference[s.Index] = s.Start
	}
	for i, t := range tracks {
		y := float64(i) * (cellHeight + 2)
		tolerance := 0.04
		if t.FrameRate.Known() && t.FrameRate > 0 {
			tolerance = 1 / float64(t.FrameRate)
		}
		p.add("<text x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">%s</text>", labelWidth-6, y+cellHeight-3, clip(t.ID, 30))
		for _, s := range t.SegmentList {
			if s.Index-first >= shown {
				continue
			}
			colour, note := "#3d9a50", ""
			at, known := reference[s.Index]
			switch {
			case !s.Key:
				colour, note = "#b3202a", ", does not begin with a key frame"
			case known && math.Abs(float64(s.Start-at)) > tolerance:
				colour, note = "#e08a00", fmt.Sprintf(", %.3f s from that of the first representation", float64(s.Start-at))
			}
			p.add("<rect x=\"%.0f\" y=\"%.1f\" width=\"%.0f\" height=\"%.0f\" fill=\"%s\"><title>segment %d at %s: %s%s</title></rect>", labelWidth+float64(s.Index-first)*cellWidth, y,
				cellWidth-1, cellHeight, colour, s.Index, clock(s.Start), plural(int64(s.KeyFrames), "key frame"), note)
		}
		p.add("\n")
	}
	p.add("</svg></div>\n")
	if shown < columns {
		p.add("<p>The first %d of %d segments.</p>\n", shown, columns)
	}
}

// tracks is the table of what was measured.
func (p *page) tracks(r *Report) {
	if len(r.Tracks) == 0 {
		return
	}
	p.add("<section class=\"tracks\"><h2>Tracks</h2>\n<div class=\"scroll\"><table><thead><tr>")
	heads := []string{"Track", "Type", "Codecs", "Format", "kbit/s", "Peak", "Declared", "Segments", "Coded", "Decoded", "Keys", "Errors", "From", "To"}
	const firstNumber = 4
	for i, h := range heads {
		p.cell("th", i >= firstNumber, h)
	}
	p.add("</tr></thead><tbody>\n")
	for i := range r.Tracks {
		t := &r.Tracks[i]
		decoded, bad := t.FramesDecoded, t.DecodeErrors
		if t.Type == media.Audio.String() {
			decoded = t.AudioSamplesDecoded
		}
		if bad != nil && t.FramesCorrupted != nil {
			bad = count(*bad + *t.FramesCorrupted)
		}
		p.add("<tr>")
		for k, v := range []string{t.ID, t.Type, or(string(t.Codecs)), or(t.format()), kilo(t.AverageBitrate), kilo(t.PeakBitrate), kilo(t.DeclaredBandwidth),
			number(t.Segments), number(t.CodedFrames), number(decoded), number(t.KeyFrames), number(bad), clock(t.FirstPTS), clock(t.End)} {
			p.cell("td", k >= firstNumber, v)
		}
		p.add("</tr>\n")
	}
	p.add("</tbody></table></div></section>\n")
}

func (p *page) cell(tag string, number bool, text string) {
	class := ""
	if number {
		class = ` class="n"`
	}
	p.add("<%s%s>%s</%s>", raw(tag), raw(class), text, raw(tag))
}
