package check

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"mseplayer/mse/media"
	"mseplayer/player/manifest"
)

// maxShown bounds the findings of one code that the text lists.
const maxShown = 10

// The colours of a terminal.
const (
	red, yellow, green, blue = "\x1b[1;31m", "\x1b[1;33m", "\x1b[1;32m", "\x1b[36m"
	plain                    = "\x1b[0m"
)

// colours are those of verdicts and severities.
var colours = map[string]string{string(Pass): green, string(Warn): yellow, string(Fail): red,
	string(manifest.SeverityError): red, string(manifest.SeverityWarning): yellow, string(manifest.SeverityInfo): blue}

// painter writes in colours, or not.
type painter bool

// paint puts text into the colour of a verdict or a severity.
func (p painter) paint(of, text string) string {
	if !p {
		return text
	}
	return colours[of] + text + plain
}

// WriteText writes the report for people, what matters most first: the verdict, the findings, a table of the tracks. What a
// source put into its names is kept from the terminal, which gets colours if it is to.
func (r *Report) WriteText(w io.Writer, colour bool) error {
	b, p := bufio.NewWriter(w), painter(colour)
	fmt.Fprintf(b, "%s  %s\n", p.paint(string(r.Verdict), strings.ToUpper(string(r.Verdict))), manifest.OneLine(r.Source))
	parts := []string{plural(int64(r.Summary.Errors), "error"), plural(int64(r.Summary.Warnings), "warning")}
	if r.Summary.Infos > 0 {
		parts = append(parts, plural(int64(r.Summary.Infos), "remark"))
	}
	if r.Summary.Waived > 0 {
		parts = append(parts, fmt.Sprintf("%d waived", r.Summary.Waived))
	}
	line := strings.Join(parts, ", ")
	if r.Duration.Known() {
		line += fmt.Sprintf("; %s, %s of media", plural(int64(len(r.Tracks)), "track"), media.Time(r.Duration).Clock())
	}
	fmt.Fprintf(b, "%s, checked in %.1f s\n", line, float64(r.Elapsed))
	if !r.Complete {
		fmt.Fprintln(b, "The check was cut short: this is about a part of the source.")
	}
	if len(r.Findings) > 0 {
		fmt.Fprintln(b)
		r.list(b, p)
	}
	if len(r.Tracks) > 0 {
		fmt.Fprintln(b)
		r.table(b)
	}
	if r.Reference != nil {
		fmt.Fprintln(b)
		r.likeness(b)
	}
	if len(r.Sessions) > 0 {
		fmt.Fprintln(b)
	}
	for _, s := range r.Sessions {
		fmt.Fprintf(b, "simulated session, period %s, set %s: score %.2f of 5 (%.2f without interruptions), start after %.1f s, %s of %.1f s, %s, %d kbit/s\n",
			s.Period, s.AdaptationSet, s.Score, s.Result.Quality, float64(s.Startup), plural(int64(s.StallCount), "stall"), float64(s.Stalled), switchesOf(s.SwitchCount), int64(s.MeanBitrate)/1000)
	}
	return b.Flush()
}

// table writes one line for each track.
func (r *Report) table(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "TRACK\tTYPE\tCODECS\tFORMAT\tkbit/s\tPEAK\tSEGMENTS\tCODED\tDECODED\tKEYS\tBAD\tFROM\tTO\tSPEED")
	for i := range r.Tracks {
		x := &r.Tracks[i]
		format := x.format()
		decoded := x.FramesDecoded
		if x.Type == media.Audio.String() {
			decoded = x.AudioSamplesDecoded
		}
		codecs := string(x.Codecs)
		if x.Encrypted {
			codecs += " (encrypted)"
		}
		speed := "-"
		if x.DecodeFPS.Known() {
			speed = fmt.Sprintf("%.0f fps", float64(x.DecodeFPS))
		}
		var bad *int64
		if x.DecodeErrors != nil {
			n := *x.DecodeErrors
			if x.FramesCorrupted != nil {
				n += *x.FramesCorrupted
			}
			bad = &n
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", manifest.OneLine(x.ID), x.Type, or(manifest.OneLine(codecs)), or(manifest.OneLine(format)), kilo(x.AverageBitrate), kilo(x.PeakBitrate),
			number(x.Segments), number(x.CodedFrames), number(decoded), number(x.KeyFrames), number(bad), clock(x.FirstPTS), clock(x.End), speed)
	}
	t.Flush()
}

// likeness writes one line for each track that was compared with the reference.
func (r *Report) likeness(w io.Writer) {
	fmt.Fprintf(w, "Compared with %s\n", manifest.OneLine(r.Reference.words()))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(likenessHeads, "\t"))
	for i := range r.Tracks {
		if x := &r.Tracks[i]; x.Likeness != nil {
			cells := x.likenessCells()
			for k := range cells {
				cells[k] = manifest.OneLine(cells[k])
			}
			fmt.Fprintln(t, strings.Join(cells, "\t"))
		}
	}
	t.Flush()
}

// format says what the pictures or the sound are like.
func (x *Track) format() string {
	format := ""
	switch {
	case x.Width != nil && x.Height != nil:
		format = fmt.Sprintf("%dx%d", *x.Width, *x.Height)
		if x.FrameRate.Known() {
			format += " " + strconv.FormatFloat(float64(x.FrameRate), 'f', -1, 32)
		}
	case x.SampleRate != nil && x.Channels != nil:
		format = fmt.Sprintf("%d Hz %d ch", *x.SampleRate, *x.Channels)
	}
	if x.Language != "und" {
		format = strings.TrimSpace(format + " " + x.Language)
	}
	return format
}

func or(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func number(n *int64) string {
	if n == nil {
		return "-"
	}
	return strconv.FormatInt(*n, 10)
}

func kilo(bps *int64) string {
	if bps == nil {
		return "-"
	}
	return strconv.FormatInt((*bps+500)/1000, 10)
}

func clock(s Seconds) string {
	if !s.Known() {
		return "-"
	}
	return media.Time(s).Clock()
}

// list writes the findings, the errors first.
func (r *Report) list(w io.Writer, p painter) {
	for _, sev := range []manifest.Severity{manifest.SeverityError, manifest.SeverityWarning, manifest.SeverityInfo} {
		shown := map[string]int{}
		for i := range r.Findings {
			f := &r.Findings[i]
			if f.Severity != sev {
				continue
			}
			if shown[f.Code]++; shown[f.Code] > maxShown {
				continue
			}
			head := string(f.Severity)
			if f.Waived {
				head += " (waived)"
			}
			where := string(f.Track)
			if where == "" && f.Period != "" {
				where = "period " + string(f.Period)
			}
			if f.Time.Known() {
				where = strings.TrimSpace(where + " at " + clock(f.Time))
			}
			if where != "" {
				where += ": "
			}
			fmt.Fprintf(w, "%s  %s  %s\n", p.paint(string(sev), fmt.Sprintf("%-7s", head)), f.Code, manifest.OneLine(where+f.Message))
			if f.Segment != nil {
				fmt.Fprintf(w, "         %s\n", manifest.OneLine(f.Segment.URL))
			}
			if f.Hint != "" {
				fmt.Fprintf(w, "         hint: %s\n", manifest.OneLine(string(f.Hint)))
			}
		}
		for _, rule := range codesIn(r.Findings) {
			if n := shown[rule] - maxShown; n > 0 {
				fmt.Fprintf(w, "%s  %s  and %d more\n", p.paint(string(sev), fmt.Sprintf("%-7s", sev)), rule, n)
			}
		}
	}
}

// codesIn lists the codes of findings in the order of their first use.
func codesIn(list []Finding) []string {
	seen := map[string]bool{}
	var out []string
	for i := range list {
		if c := list[i].Code; !seen[c] {
			seen[c] = true
			out = append(out, c)
		}
	}
	return out
}
