package cea_test

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/isobmff"
	"mseplayer/mse/media"
	"mseplayer/mse/mp2t"
	"mseplayer/mse/msetest/bytestreamtest"
	"mseplayer/mse/msetest/collection"
	"mseplayer/player/text/cea"
	"mseplayer/player/text/cue"
)

// reader gathers the captions of a byte stream, and sends those that have a track of their own to a decoder.
type reader struct {
	bytestream.Discard
	dec      cea.Decoder
	pictures []picture // in the order of decoding
	first    float64
	last     float64
}

// picture is the captions of one.
type picture struct {
	at   media.Time
	list []cea.Triplet
}

func (r *reader) Fragment(tracks []bytestream.TrackFrames) error {
	for _, t := range tracks {
		for _, f := range t.Frames {
			if f.Config.Codec == "eia_608" {
				r.dec.Add(f.PTS, cea.ExtractTrack(f.Data))
			}
			if f.Config.Kind != media.Video {
				continue
			}
			if list := coded(&f); len(list) > 0 {
				r.pictures = append(r.pictures, picture{f.PTS, list})
			}
			r.first, r.last = min(r.first, float64(f.PTS)), max(r.last, float64(f.End()))
		}
	}
	return nil
}

// read decodes the captions of files that follow each other.
func read(t *testing.T, files ...string) *reader {
	t.Helper()
	var p bytestream.Parser = isobmff.New(isobmff.Options{})
	if strings.HasSuffix(files[0], ".ts") {
		p = mp2t.New()
	}
	r := &reader{first: math.Inf(1)}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := bytestreamtest.Feed(p, r, b); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
	}
	if err := bytestreamtest.Finish(p, r); err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(r.pictures, func(a, b picture) int { return cmp.Compare(a.at, b.at) })
	for _, p := range r.pictures {
		r.dec.Add(p.at, p.list)
	}
	r.dec.Reset(media.Time(r.last))
	return r
}

// words is the text of a cue, with lines apart by a slash.
func words(c cue.Cue) string {
	var b strings.Builder
	for _, bl := range c.Blocks {
		for _, s := range bl.Spans {
			b.WriteString(s.Text)
		}
		b.WriteByte('\n')
	}
	return strings.ReplaceAll(strings.TrimRight(b.String(), "\n"), "\n", "/")
}

// TestFiles compares the captions of other people's files with what FFmpeg's decoder says of CC1; CC3 it does not know.
// Where characters come one by one FFmpeg waits for the end of the row, so only the texts that stood on the screen at
// the given times are compared; times count from the first picture.
func TestFiles(t *testing.T) {
	dir := collection.Dir(t)
	if dir == "" {
		t.Log("MSEPLAYER_MEDIA is not set: TestLine21 covers what these files hold")
		return
	}
	livesim := "presentations/livesim2_testpic_2s/V300_with_cc1_and_cc3/"
	for _, test := range []struct {
		files   []string
		channel string
		want    []string // of all cues
		at      map[float64]string
	}{
		{files: []string{"presentations/androidx_dash_cea608/sd-dash0000000000.m4s"}, channel: "CC1",
			want: []string{"0.000-0.875 First subtitle", "1.167-2.500 Second subtitle"}},
		{files: []string{"mp4struct/shaka/cea608-track-init.mp4", "mp4struct/shaka/cea608-track-segment.mp4"}, channel: "CC1",
			want: []string{"0.806-3.303 [woman narrating]/ There are days/ in every child’s life", "3.303-5.214  that change who they are/ forever."}},
		{files: []string{"ts_ps/vhs/caption.ts"}, channel: "CC1", want: []string{"0.333-0.533 Bip!", "0.600-0.617 Bop!"}},
		{files: []string{"mp4struct/androidx/fragmented_captions.mp4"}, channel: "CC1", want: []string{"1.869-2.035 ♪MUSIC♪"}},
		{files: []string{"mp4struct/androidx/fragmented_captions_h265.mp4"}, channel: "CC1", want: []string{"1.869-2.035 ♪MUSIC♪"}},
		{files: []string{"ts_ps/muxjs/dash-608-captions-init.mp4", "ts_ps/muxjs/dash-608-captions-seg.m4s"}, channel: "CC1",
			want: []string{"0.000-119.000 00:00:00", "120.000-125.000 00:02:00"}},
		{files: []string{livesim + "init.mp4", livesim + "1.m4s", livesim + "2.m4s"}, channel: "CC1",
			want: []string{"0.000-1.000 eng: 00:00:00:00", "1.000-2.000 eng: 00:00:01:00", "2.000-3.000 eng: 00:00:02:00", "3.000-4.000 eng: 00:00:03:00"}},
		{files: []string{livesim + "init.mp4", livesim + "1.m4s", livesim + "2.m4s"}, channel: "CC3",
			want: []string{"0.000-1.000 swe: 00:00:00:00", "1.000-2.000 swe: 00:00:01:00", "2.000-3.000 swe: 00:00:02:00", "3.000-4.000 swe: 00:00:03:00"}},
		{files: []string{"ts_ps/muxjs/multi-channel-608-captions.ts"}, channel: "CC1",
			at: map[float64]string{3.4: "PERIOD, FOLKS.", 4.471: "PERIOD, FOLKS./WE’RE LOSING TIME FROM QUESTION"}},
		{files: []string{"ts_ps/muxjs/multi-channel-608-captions.ts"}, channel: "CC3",
			at: map[float64]string{1.2: "être une période de questions", 3: "être une période de questions/très courte, chers députés."}},
	} {
		var files []string
		for _, f := range test.files {
			files = append(files, filepath.Join(dir, "content", f))
		}
		r := read(t, files...)
		var got []string
		cues := r.dec.Take(test.channel)
		for _, c := range cues {
			got = append(got, fmt.Sprintf("%.3f-%.3f %s", float64(c.Start)-r.first, float64(c.End)-r.first, words(c)))
		}
		if test.want != nil && fmt.Sprintf("%q", got) != fmt.Sprintf("%q", test.want) {
			t.Errorf("%s %s:\n got %q\nwant %q", test.files[0], test.channel, got, test.want)
		}
		for at, want := range test.at {
			text := ""
			for _, c := range cues {
				if float64(c.Start)-r.first <= at && at < float64(c.End)-r.first {
					text += words(c)
				}
			}
			if strings.TrimSpace(text) != want {
				t.Errorf("%s %s at %g: got %q, want %q", test.files[0], test.channel, at, text, want)
			}
		}
	}
}
