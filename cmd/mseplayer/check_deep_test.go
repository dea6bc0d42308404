package main

import (
	"encoding/json"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// deepReport is what check --deep adds to a report.
type deepReport struct {
	Summary struct{ Errors, Warnings int }
	Tracks  []struct {
		ID, Type    string
		SegmentList []struct {
			Index           int
			Start, Duration float64
			Bytes           int64
		}
		Content *struct {
			Black, Freeze, Silence [][2]float64
			Bars                   *struct{ Top, Bottom, Left, Right int }
			Fields                 *struct {
				TopFirst, BottomFirst, Progressive, Unknown, FlaggedTopFirst, FlaggedBottomFirst, FlaggedProgressive int
			}
			Quantizer *struct{ Mean, Min, Max float64 }
			Loudness  *struct{ Integrated, Range, TruePeak, SamplePeak float64 }
			Clipped   *int
		}
	}
	Findings []finding
}

// finding is one of those.
type finding struct {
	Code, Severity, Track string
	Time                  *float64
	Segment               *struct{ Index int }
}

// deep checks a source and returns the report; found lists "severity code" of its findings.
func deep(t *testing.T, code int, source string) (r deepReport, found string) {
	t.Helper()
	if err := json.Unmarshal([]byte(expect(t, code, "", "", "check", "--deep", "--json", "-", source).out), &r); err != nil {
		t.Fatal(err)
	}
	var out []string
	r.Findings = slices.DeleteFunc(r.Findings, func(f finding) bool { return f.Code == "hls.iframes-missing" })
	for _, f := range r.Findings {
		out = append(out, f.Severity+" "+f.Code)
	}
	slices.Sort(out)
	return r, strings.Join(out, "\n")
}

// filtered runs filters of the ffmpeg program over a file and returns the values that they give last; those of black and
// stillness as often as they come.
func filtered(t *testing.T, path, kind, filters string) (last map[string]float64, all map[string][]float64) {
	t.Helper()
	print := map[string]string{"v": "metadata", "a": "ametadata"}[kind]
	out := ffmpegProgram(t, "-i", path, "-map", "0:"+kind, "-"+kind+"f", filters+","+print+"=print:file=-", "-f", "null", "-")
	last, all = map[string]float64{}, map[string][]float64{}
	for line := range strings.Lines(string(out)) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if x, err := strconv.ParseFloat(value, 64); ok && err == nil {
			key = strings.TrimPrefix(key, "lavfi.")
			last[key] = x
			if list := all[key]; len(list) == 0 || list[len(list)-1] != x {
				all[key] = append(list, x)
			}
		}
	}
	return last, all
}

// sameSpans compares beginnings and ends of stretches with the ffmpeg program's, which tells no end at the end.
func sameSpans(t *testing.T, what string, got [][2]float64, starts, ends []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(starts) || len(got) == 0 {
		t.Errorf("%s: got %v, want starts %v", what, got, starts)
		return
	}
	for i, r := range got {
		if math.Abs(r[0]-starts[i]) > tolerance || i < len(ends) && math.Abs(r[1]-ends[i]) > tolerance {
			t.Errorf("%s: got %v, want %v to %v", what, got, starts, ends)
		}
	}
}

// TestCheck_DeepContent compares what is found in pictures and sound with the ffmpeg program's filters.
func TestCheck_DeepContent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "odd.mp4")
	ffmpegProgram(t, "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=20", "-f", "lavfi", "-i", "sine=997:sample_rate=48000:duration=20",
		"-filter_complex", "[0:v]drawbox=enable='between(t,4,7.99)':color=black:t=fill,loop=loop=74:size=1:start=300,setpts=N/25/TB,trim=duration=20,crop=640:280,pad=640:360:0:40[v];"+
			"[1:a]volume=8:enable='lt(t,5)',volume=0:enable='between(t,9,12)'[a]", "-map", "[v]", "-map", "[a]",
		"-c:v", "libx264", "-preset", "veryfast", "-c:a", "aac", "-b:a", "192k", path)
	r, found := deep(t, exitOK, path)
	for _, code := range []string{"warning content.black", "warning content.freeze", "warning content.silence", "warning content.clipping", "warning content.loudness", "info content.letterbox"} {
		if !slices.Contains(strings.Split(found, "\n"), code) {
			t.Errorf("no %s among\n%s", code, found)
		}
	}
	video, sound := r.Tracks[0].Content, r.Tracks[1].Content
	_, seen := filtered(t, path, "v", "blackdetect,freezedetect")
	sameSpans(t, "black", video.Black, seen["black_start"], seen["black_end"], 0.041)
	sameSpans(t, "freeze", video.Freeze, seen["freezedetect.freeze_start"], seen["freezedetect.freeze_end"], 0.041)
	if b := *video.Bars; b.Top < 38 || b.Top > 40 || b.Bottom < 38 || b.Bottom > 40 || b.Left != 0 || b.Right != 0 {
		t.Errorf("bars %+v", b)
	}
	if q := video.Quantizer; q == nil || q.Min > q.Mean || q.Mean > q.Max || q.Max > 51 || q.Mean < 5 {
		t.Errorf("quantizer %+v", q)
	}
	last, all := filtered(t, path, "a", "silencedetect=d=2,ebur128=metadata=1:peak=true+sample")
	sameSpans(t, "silence", sound.Silence, all["silence_start"], all["silence_end"], 0.03)
	for _, c := range []struct {
		what      string
		got       float64
		key       string
		tolerance float64
		power     bool
	}{
		{"integrated", sound.Loudness.Integrated, "r128.I", 0.15, false}, {"range", sound.Loudness.Range, "r128.LRA", 0.6, false},
		{"true peak", sound.Loudness.TruePeak, "r128.true_peaks_ch0", 0.3, true}, {"sample peak", sound.Loudness.SamplePeak, "r128.sample_peaks_ch0", 0.05, true},
	} {
		want, ok := last[c.key]
		if c.power {
			want = 20 * math.Log10(want)
		}
		if !ok || math.Abs(c.got-want) > c.tolerance {
			t.Errorf("%s: %.2f, want %.2f (%v)", c.what, c.got, want, ok)
		}
	}
}

// TestCheck_DeepFields tells interlaced pictures, what is said about them, and the order of their fields.
func TestCheck_DeepFields(t *testing.T) {
	for _, c := range []struct{ name, filter, x264, found string }{
		{"progressive", "null", "bframes=2", ""},
		{"interlaced", "interlace=scan=tff,setfield=tff", "tff=1", "warning content.interlaced"},
		{"wrong order", "interlace=scan=bff,setfield=tff", "tff=1", "warning content.field-order\nwarning content.interlaced"},
		{"not flagged", "interlace=scan=tff,setfield=prog", "bframes=2", "warning content.interlaced"},
		{"flagged only", "fps=25,setfield=bff", "bff=1", "info content.interlaced"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "f.mp4")
			ffmpegProgram(t, "-f", "lavfi", "-i", "testsrc=size=320x240:rate=50:duration=4", "-vf", "scroll=h=0.01,"+c.filter, "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "veryfast", "-x264-params", c.x264, path)
			r, found := deep(t, exitOK, path)
			if found != c.found {
				t.Errorf("found\n%s\nwant\n%s\n%+v", found, c.found, *r.Tracks[0].Content.Fields)
			}
			last, _ := filtered(t, path, "v", "idet")
			f := r.Tracks[0].Content.Fields
			for _, x := range []struct {
				what string
				got  int
				key  string
			}{{"top", f.TopFirst, "tff"}, {"bottom", f.BottomFirst, "bff"}, {"whole", f.Progressive, "progressive"}} {
				if want := int(last["idet.single."+x.key]); x.got-want > 8 || want-x.got > 8 {
					t.Errorf("%s first: %d, want %d", x.what, x.got, want)
				}
			}
		})
	}
}

// TestCheck_DeepSwitching switches between two representations in both directions at each segment.
func TestCheck_DeepSwitching(t *testing.T) {
	for _, c := range []struct {
		name, options, format, manifest string
		code                            int
		found                           string
	}{
		{"closed", "-g 50 -keyint_min 50", "hls", "m.m3u8", exitOK, ""},
		{"closed, DASH", "-g 50 -keyint_min 50", "dash", "m.mpd", exitOK, ""},
		{"open", "-g 50 -keyint_min 50 -x264-params open-gop=1", "hls", "m.m3u8", exitFailed,
			"error switching.corrupt-after-switch\nerror switching.corrupt-after-switch\ninfo switching.open-gop\ninfo switching.open-gop"},
		{"misaligned", "-g:v:0 50 -keyint_min:v:0 50 -g:v:1 60 -keyint_min:v:1 60", "dash", "m.mpd", exitOK, "warning switching.misaligned-keyframes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			args := []string{"-f", "lavfi", "-i", "testsrc=size=640x360:rate=25:duration=12", "-filter_complex", "[0:v]split=2[a][b];[a]scale=320:180[c]", "-map", "[c]", "-map", "[b]",
				"-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-sc_threshold", "0", "-b:v:0", "100k", "-b:v:1", "300k"}
			args = append(args, strings.Fields(c.options)...)
			if c.format == "hls" {
				args = append(args, "-f", "hls", "-hls_time", "2", "-hls_list_size", "0", "-master_pl_name", c.manifest, "-var_stream_map", "v:0 v:1",
					"-hls_segment_filename", filepath.Join(dir, "s%v-%d.ts"), filepath.Join(dir, "v%v.m3u8"))
			} else {
				args = append(args, "-f", "dash", "-seg_duration", "2", "-adaptation_sets", "id=0,streams=v", filepath.Join(dir, c.manifest))
			}
			ffmpegProgram(t, args...)
			r, found := deep(t, c.code, filepath.Join(dir, c.manifest))
			if found != c.found {
				t.Errorf("found\n%s\nwant\n%s", found, c.found)
			}
			for _, f := range r.Findings {
				if f.Time == nil || *f.Time < 1.5 || *f.Time > 3 || f.Code == "switching.corrupt-after-switch" && (f.Segment == nil || f.Segment.Index != 1) {
					t.Errorf("%+v", f)
				}
			}
			for _, x := range r.Tracks {
				var sum int64
				for i, s := range x.SegmentList {
					if sum += s.Bytes; s.Index != i || s.Duration <= 0 {
						t.Errorf("%s: %+v", x.ID, s)
					}
				}
				if len(x.SegmentList) < 5 || sum < 10000 {
					t.Errorf("%s: %d segments, %d bytes", x.ID, len(x.SegmentList), sum)
				}
			}
		})
	}
}

// TestCheck_DeepSame runs the same check twice: the reports are the same apart from times.
func TestCheck_DeepSame(t *testing.T) {
	_, manifest := demoFiles(t)
	var first map[string]any
	for range 2 {
		var r map[string]any
		if err := json.Unmarshal([]byte(expect(t, exitOK, "", "", "check", "--deep", "--max-duration", "4", "--json", "-", manifest).out), &r); err != nil {
			t.Fatal(err)
		}
		delete(r, "elapsed")
		delete(r["videoPlaybackQuality"].(map[string]any), "creationTime")
		for _, x := range r["tracks"].([]any) {
			delete(x.(map[string]any), "decodeFps")
		}
		if first == nil {
			first = r
			continue
		}
		a, _ := json.Marshal(first)
		b, _ := json.Marshal(r)
		if string(a) != string(b) {
			t.Errorf("\n%s\n%s", a, b)
		}
	}
	expect(t, exitUsage, "", "--deep and --no-decode", "check", "--deep", "--no-decode", manifest)
}

// TestCheck_SimulateAndFrames works out sessions over two networks, and lists coded frames.
func TestCheck_SimulateAndFrames(t *testing.T) {
	_, manifest := demoFiles(t)
	dir := t.TempDir()
	score := map[string]float64{}
	for name, text := range map[string]string{"fast": "30 20000 10\n", "slow": "20 100 50\n5 0 # a tunnel\n"} {
		var r struct {
			Sessions []struct {
				Period, AdaptationSet string
				Score                 float64
				StallCount            int
			}
		}
		out := expect(t, exitOK, "", "simulated session", "check", "--no-decode", "--simulate", write(t, filepath.Join(dir, name), text), "--json", "-", "--text", manifest).out
		if err := json.Unmarshal([]byte(out), &r); err != nil || len(r.Sessions) != 1 || (r.Sessions[0].StallCount > 0) != (name == "slow") {
			t.Fatalf("%s: %v %+v", name, err, r)
		}
		score[name] = r.Sessions[0].Score
	}
	if score["slow"] >= score["fast"] || score["slow"] < 1 || score["fast"] > 5 {
		t.Errorf("%v", score)
	}
	expect(t, exitUsage, "", "line 1: ", "check", "--simulate", write(t, filepath.Join(dir, "bad"), "quick\n"), manifest)
	expect(t, exitUsage, "", "no such file", "check", "--simulate", filepath.Join(dir, "none"), manifest)
	rows := strings.Split(strings.TrimSpace(expect(t, exitOK, "track,segment,type,pts,dts,size,key,corrupt", "", "check", "--first-only", "--max-duration", "2", "--frames", "-", manifest).out), "\n")
	types := map[string]int{}
	for _, row := range rows[1:] {
		f := strings.Split(row, ",")
		if len(f) != 8 {
			t.Fatal(row)
		}
		if types[f[2]]++; f[2] == "I" && f[6] != "1" || f[2] != "" && f[7] != "0" {
			t.Error(row)
		}
	}
	if types["I"] != 1 || types["P"]+types["B"] != 59 || types[""] < 90 {
		t.Errorf("%v of %d", types, len(rows))
	}
	expect(t, exitUsage, "", "goes to standard output already", "check", "--frames", "-", "--json", "-", manifest)
}
