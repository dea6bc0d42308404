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

// WriteText writes the report for people: the verdict, a table of the tracks, the findings.
func (r *Report) WriteText(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "%s  %s\n", strings.ToUpper(string(r.Verdict)), r.Source)
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
	if len(r.Tracks) > 0 {
		fmt.Fprintln(b)
		r.table(b)
	}
	if len(r.Findings) > 0 {
		fmt.Fprintln(b)
		r.list(b)
	}
	return b.Flush()
}

// table writes one line for each track.
func (r *Report) table(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "TRACK\tTYPE\tCODECS\tFORMAT\tkbit/s\tPEAK\tSEGMENTS\tCODED\tDECODED\tKEYS\tBAD\tFROM\tTO\tSPEED")
	for i := range r.Tracks {
		x := &r.Tracks[i]
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
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", x.ID, x.Type, or(codecs), or(format), kilo(x.AverageBitrate), kilo(x.PeakBitrate),
			number(x.Segments), number(x.CodedFrames), number(decoded), number(x.KeyFrames), number(bad), clock(x.FirstPTS), clock(x.End), speed)
	}
	t.Flush()
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
func (r *Report) list(w io.Writer) {
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
			fmt.Fprintf(w, "%-7s  %s  %s%s\n", head, f.Code, where, f.Message)
			if f.Segment != nil {
				fmt.Fprintf(w, "         %s\n", f.Segment.URL)
			}
			if f.Hint != "" {
				fmt.Fprintf(w, "         hint: %s\n", f.Hint)
			}
		}
		for _, rule := range codesIn(r.Findings) {
			if n := shown[rule] - maxShown; n > 0 {
				fmt.Fprintf(w, "%-7s  %s  and %d more\n", sev, rule, n)
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
