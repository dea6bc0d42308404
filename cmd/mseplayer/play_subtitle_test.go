package main

import (
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mseplayer/player/playertest/pgs"
)

// screens is a file of Blu-ray subtitles for 1920 × 1080: a white box from second 1 to 2 at the bottom, from 3 to 4 at the
// top. flags are those of the boxes.
func screens(flags byte) (out []byte) {
	for _, s := range []struct {
		at     float64
		screen pgs.Screen
	}{{0, pgs.Empty()}, {1, pgs.Box(480, 900, 960, 80, flags)}, {2, pgs.Empty()}, {3, pgs.Box(480, 100, 960, 80, flags)}, {4, pgs.Empty()}} {
		out = s.screen.Append(out, s.at)
	}
	return out
}

// changed is the rectangle in which two pictures differ.
func changed(t *testing.T, a, b string) image.Rectangle {
	t.Helper()
	read := func(name string) image.Image {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		img, err := png.Decode(f)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return img
	}
	x, y := read(a), read(b)
	if x.Bounds() != y.Bounds() {
		t.Fatalf("%s is %v, %s %v", a, x.Bounds(), b, y.Bounds())
	}
	var r image.Rectangle
	for j := range x.Bounds().Dy() {
		for i := range x.Bounds().Dx() {
			if x.At(i, j) != y.At(i, j) {
				r = r.Union(image.Rect(i, j, i+1, j+1))
			}
		}
	}
	return r
}

// TestPlay_Subtitles takes pictures of files with subtitles of all kinds inside and beside, with and without them.
func TestPlay_Subtitles(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	srt := write("s.srt", "1\n00:00:01,000 --> 00:00:02,000\nbelow\n\n2\n00:00:03,000 --> 00:00:04,000\nbelow again\n")
	ass := write("s.ass", `[Script Info]
ScriptType: v4.00+
PlayResX: 320
PlayResY: 180

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&H00FFFFFF,&H000000FF,&H00000000,&H80000000,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,below
Dialogue: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,{\an8}above
`)
	vtt := write("s.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nbelow\n\n00:03.000 --> 00:04.000 line:0\nabove\n")
	sup := write("s.sup", string(screens(0)))
	const source = "-f lavfi -i color=c=blue:s=320x180:r=25:d=5 -map 0 -map 1 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -bf 0"
	pack := func(name, subtitles, codec string) string {
		name = filepath.Join(dir, name)
		words := strings.Fields(source)
		args := append(append([]string{}, words[:4]...), "-i", subtitles)
		args = append(append(append(args, words[4:]...), strings.Fields(codec)...), "-y", name)
		ffmpegProgram(t, args...)
		return name
	}
	below, above := image.Rect(0, 90, 320, 180), image.Rect(0, 0, 320, 90)
	cases := []struct {
		file, track string
		at3         image.Rectangle
	}{
		{pack("text.mp4", srt, "-c:s mov_text"), "2", below},
		{pack("srt.mkv", srt, "-c:s srt -metadata:s:s:0 language=ger"), "de", below},
		{pack("ass.mkv", ass, "-c:s ass"), "2", above},
		{pack("vtt.mkv", vtt, "-c:s copy"), "2", above},
		{pack("pgs.mkv", sup, "-c:s copy"), "2", above},
		{pack("dvb.ts", sup, "-c:s dvbsub"), "257", above},
		{pack("vob.mkv", sup, "-c:s dvdsub"), "2", above},
	}
	film := pack("film.mp4", srt, "-c:s mov_text -map -1:s")
	write("film.sv.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nbelow\n\n00:03.000 --> 00:04.000 line:0\nabove\n")
	cases = append(cases, struct {
		file, track string
		at3         image.Rectangle
	}{film, "", above})
	together(len(cases), 2, func(i int) {
		c := cases[i]
		shots := func(track string) (names []string) {
			args := []string{"play", "--headless", "--audio-out", "null", "--frames", "1", "--sub-track", track}
			for _, at := range []string{"1.5", "2.5", "3.5"} {
				names = append(names, filepath.Join(dir, fmt.Sprintf("%s-%s-%s.png", filepath.Base(c.file), track, at)))
				args = append(args, "--screenshot", at+":"+names[len(names)-1])
			}
			r, ok := launch(t, patienceOf(20), nil, append(args, c.file)...)
			if !ok || r.code != 0 {
				t.Errorf("%s: exit code %d\n%s", c.file, r.code, r.err)
				return nil
			}
			return names
		}
		with, without := shots(c.track), shots("no")
		if with == nil || without == nil {
			return
		}
		for k, in := range []image.Rectangle{below, {}, c.at3} {
			r := changed(t, with[k], without[k])
			if k > 0 && filepath.Ext(c.file) == ".ts" {
				continue // ffmpeg writes wrong times behind the first screen
			}
			if k == 1 && filepath.Base(c.file) == "vob.mkv" {
				continue // and leaves out what takes a picture away
			}
			if r.Empty() != in.Empty() || !r.In(in) {
				t.Errorf("%s, picture %d: subtitles at %v, want them in %v", c.file, k, r, in)
			}
		}
	})
}

// pictured takes a picture of a file at a time with a track of subtitles, and one without.
func pictured(t *testing.T, dir, file, track, at string, flags ...string) (with, without string) {
	t.Helper()
	var names []string
	for _, tr := range []string{track, "no"} {
		name := filepath.Join(dir, fmt.Sprintf("%s-%s-%s.png", filepath.Base(file), tr, at))
		args := append([]string{"play", "--headless", "--audio-out", "null", "--frames", "1", "--sub-track", tr, "--screenshot", at + ":" + name}, flags...)
		r, ok := launch(t, patienceOf(20), nil, append(args, file)...)
		if !ok || r.code != 0 {
			t.Fatalf("%s: exit code %d\n%s", file, r.code, r.err)
		}
		names = append(names, name)
	}
	return names[0], names[1]
}

// TestPlay_SubtitleCanvas shows pictures of subtitles over a film without the bars that they were made for.
func TestPlay_SubtitleCanvas(t *testing.T) {
	dir := t.TempDir()
	sup := filepath.Join(dir, "s.sup")
	if err := os.WriteFile(sup, screens(0), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		size string
		want image.Rectangle
	}{
		{"320x120", image.Rect(80, 106, 240, 120)}, // the second line of the canvas is on its bar
		{"240x180", image.Rect(40, 150, 200, 164)},
	} {
		film := filepath.Join(dir, c.size+".mkv")
		ffmpegProgram(t, "-f", "lavfi", "-i", "color=c=blue:s="+c.size+":r=25:d=3", "-i", sup, "-map", "0", "-map", "1", "-c:v", "libx264", "-preset", "ultrafast",
			"-pix_fmt", "yuv420p", "-c:s", "copy", "-y", film)
		with, without := pictured(t, dir, film, "2", "1.5")
		got := changed(t, with, without)
		if d := got.Min.Sub(c.want.Min); d.X < -1 || d.X > 1 || d.Y < -1 || d.Y > 1 || got.Dx() < 159 || got.Dx() > 161 || got.Dy() < 13 || got.Dy() > 15 {
			t.Errorf("%s: subtitles at %v, want them at %v", c.size, got, c.want)
		}
	}
}

// TestPlay_SubtitleBegun seeks into a long line that began far before.
func TestPlay_SubtitleBegun(t *testing.T) {
	dir := t.TempDir()
	srt := filepath.Join(dir, "s.srt")
	if err := os.WriteFile(srt, []byte("1\n00:00:01,000 --> 00:00:45,000\na long line\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"film.mkv", "film.mp4"} {
		film, codec := filepath.Join(dir, name), "srt"
		if filepath.Ext(name) == ".mp4" {
			codec = "mov_text"
		}
		ffmpegProgram(t, "-f", "lavfi", "-i", "color=c=blue:s=320x180:r=5:d=50", "-f", "lavfi", "-i", "sine=d=50", "-i", srt, "-map", "0", "-map", "1", "-map", "2",
			"-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-pix_fmt", "yuv420p", "-c:a", "aac", "-c:s", codec, "-y", film)
		with, without := pictured(t, dir, film, "3", "40.5")
		if changed(t, with, without).Empty() {
			t.Errorf("%s: nothing is shown of what began 39 s before", name)
		}
		with, without = pictured(t, dir, film, "3", "47.5", "--start", "30")
		if r := changed(t, with, without); !r.Empty() {
			t.Errorf("%s: something is shown behind the end, at %v", name, r)
		}
	}
}

// TestPlay_SubtitleFlags tries what the flags about subtitles do not take.
func TestPlay_SubtitleFlags(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--sub-file /does/not/exist.srt", "--sub-file /does/not/exist.srt: no such file"},
		{"--sub-file /", "--sub-file /: it is a folder"},
		{"--sub-delay NaN", "--sub-delay NaN: must be"},
		{"--sub-scale 0", "--sub-scale 0: must be 0.1 to 10"},
	} {
		expect(t, exitUsage, "", c.want, append(append([]string{"play", "--headless"}, strings.Fields(c.args)...), "demo:///x")...)
	}
	expect(t, exitFailed, "", `no subtitle track "xx"; there are: none`, "play", "--headless", "--audio-out", "null", "--sub-track", "xx")
}

// TestProbe_Subtitles lists the subtitles inside of a file and beside it, and what is special about its pictures.
func TestProbe_Subtitles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	sup, srt := write("s.sup", string(screens(0))), write("s.srt", "1\n00:00:01,000 --> 00:00:02,000\nwords\n")
	film := filepath.Join(dir, "film.mkv")
	ffmpegProgram(t, "-f", "lavfi", "-i", "color=c=blue:s=320x180:r=25:d=3", "-i", sup, "-i", srt, "-map", "0", "-map", "1", "-map", "2", "-c:v", "libx264", "-preset", "ultrafast",
		"-pix_fmt", "yuv420p", "-chroma_sample_location", "topleft", "-c:s:0", "copy", "-c:s:1", "srt", "-metadata:s:s:0", "language=ger", "-disposition:s:1", "forced", "-y", film)
	write("film.sv.forced.vtt", "WEBVTT\n")
	r := expect(t, exitOK, "", "", "probe", "--json", film)
	var v struct {
		Tracks []struct {
			Type, Codec, Lang string
			ChromaSiting      string
			Supported, Forced bool
		}
		Sidecars []struct {
			Name, Format, Lang, Kind string
			Forced                   bool
		}
	}
	if err := json.Unmarshal([]byte(r.out), &v); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%+v", v)
	want := "{Tracks:[{Type:video Codec:h264 Lang:und ChromaSiting:top left Supported:true Forced:false} {Type:text Codec:hdmv_pgs_subtitle Lang:ger ChromaSiting: Supported:true Forced:false} " +
		"{Type:text Codec:subrip Lang:und ChromaSiting: Supported:true Forced:true}] Sidecars:[{Name:film.sv.forced.vtt Format:vtt Lang:sv Kind:subtitles Forced:true}]}"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	expect(t, exitOK, "chroma top left", "", "probe", film)
	expect(t, exitOK, "beside it: film.sv.forced.vtt, subtitles, sv, forced", "", "probe", film)
}

// TestPlay_SubtitleForced shows pictures of subtitles that are forced although none are wanted.
func TestPlay_SubtitleForced(t *testing.T) {
	dir := t.TempDir()
	var shots []string
	for i, flags := range []byte{0, pgs.Forced} {
		sup, film := filepath.Join(dir, fmt.Sprintf("%d.sup", i)), filepath.Join(dir, fmt.Sprintf("%d.mkv", i))
		if err := os.WriteFile(sup, screens(flags), 0o644); err != nil {
			t.Fatal(err)
		}
		ffmpegProgram(t, "-f", "lavfi", "-i", "color=c=blue:s=320x180:r=25:d=3", "-i", sup, "-map", "0", "-map", "1", "-c:v", "libx264", "-preset", "ultrafast",
			"-pix_fmt", "yuv420p", "-c:s", "copy", "-y", film)
		_, off := pictured(t, dir, film, "2", "1.5")
		shots = append(shots, off)
	}
	if r, want := changed(t, shots[0], shots[1]), image.Rect(80, 150, 240, 164); r != want && r != image.Rect(80, 150, 240, 163) {
		t.Errorf("forced subtitles at %v, want them at %v", r, want)
	}
}
