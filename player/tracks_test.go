package player_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mseplayer/mse/media"
	"mseplayer/player"
	"mseplayer/player/playertest"
	"mseplayer/player/playertest/netsim"
)

// languages are sounds that decoders can tell apart: another rate, another number of channels, another codec.
var languages = []playertest.Sound{
	{ID: "fr", Lang: "fr", Config: &media.DecoderConfig{Kind: media.Audio, Codec: media.AAC, SampleRate: 44100, Channels: 2, Extradata: []byte{0x12, 0x10}}},
	{ID: "de", Lang: "de", Config: &media.DecoderConfig{Kind: media.Audio, Codec: media.AAC, SampleRate: 48000, Channels: 6, Extradata: []byte{0x11, 0xb0}}},
	{ID: "ja", Lang: "ja", Codecs: "opus", Config: &media.DecoderConfig{Kind: media.Audio, Codec: media.Opus, SampleRate: 48000, Channels: 2,
		Extradata: []byte("OpusHead\x01\x02\x00\x00\x80\xbb\x00\x00\x00\x00\x00")}},
}

// language names the sound of a configuration.
func language(c *media.DecoderConfig) string {
	switch {
	case c.Codec == media.Opus:
		return "ja"
	case c.SampleRate == 44100:
		return "fr"
	case c.Channels == 6:
		return "de"
	}
	return "en"
}

// spoken lists what was decoded as "language from-to", in order.
func (r *rig) spoken() (out []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := 0; i < len(r.decoded); {
		k := i
		for k < len(r.decoded) && language(r.decoded[k].cfg) == language(r.decoded[i].cfg) {
			k++
		}
		out = append(out, fmt.Sprintf("%s %.1f-%.1f", language(r.decoded[i].cfg), r.decoded[i].pts, r.decoded[k-1].pts))
		i = k
	}
	return out
}

// chosen names the track of a kind that plays.
func (r *rig) chosen(k media.Kind) string {
	for _, t := range r.p.Tracks() {
		if t.Kind == k && t.Chosen {
			return t.Lang
		}
	}
	return "none"
}

// TestSetAudioTrack chooses other sound in the middle of playback: of another rate, number of channels and codec. It is heard
// within a second and a half, the sound before it goes on until then, the pictures go on, and so does the choice in the next
// period, whose sets are in another order, and at a seek.
func TestSetAudioTrack(t *testing.T) {
	for _, want := range []string{"fr", "de", "ja"} {
		t.Run(want, func(t *testing.T) {
			within(t, func(t *testing.T) {
				line := &netsim.Line{Steps: []netsim.Step{{BitsPerSecond: 4e6}}, Delay: 50 * time.Millisecond}
				r := newNetRig(t, playertest.Package{Periods: []float64{20, 20}, Sounds: languages}.Files(), line, player.Config{})
				defer r.stop()
				r.open()
				r.p.Play()
				time.Sleep(5 * time.Second)
				at, _ := r.p.Playhead()
				if err := r.p.SetAudioTrack(want); err != nil {
					t.Fatal(err)
				}
				if got := r.chosen(media.Audio); got != want {
					t.Errorf("%s is chosen, want %s", got, want)
				}
				r.finish(45 * time.Second)
				rep := r.report()
				if len(rep.Stalls)+len(rep.GapsJumped) != 0 || rep.Error != nil || rep.Quality.Dropped != 0 || rep.Audio.Underruns != 0 {
					t.Errorf("stalls %v, gaps %v, error %s, %d dropped, %d underruns", rep.Stalls, rep.GapsJumped, deref(rep.Error), rep.Quality.Dropped, rep.Audio.Underruns)
				}
				shownWhole(t, r.surface.Pictures(), 40)
				spoken := r.spoken()
				var lang string
				var from, to float64
				if len(spoken) != 2 || !strings.HasPrefix(spoken[0], "en ") {
					t.Fatalf("heard %v", spoken)
				}
				if _, err := fmt.Sscanf(spoken[1], "%s %f-%f", &lang, &from, &to); err != nil || lang != want || from > float64(at)+1.5 || to < 39.9 {
					t.Errorf("heard %v after choosing %s at %s", spoken, want, at)
				}
				if !slices.ContainsFunc(rep.Switches, func(s player.Switch) bool {
					return s.Kind == "audio" && s.From == "a" && s.To == want && s.Reason == "chosen"
				}) {
					t.Errorf("switches %+v", rep.Switches)
				}
			})
		})
	}
}

// TestSetAudioTrack_Back chooses, seeks back to what was buffered before, and chooses the first sound again.
func TestSetAudioTrack_Back(t *testing.T) {
	within(t, func(t *testing.T) {
		r := newRig(t, playertest.Package{Periods: []float64{30}, Sounds: languages}.Files(), player.Config{})
		defer r.stop()
		r.open()
		r.p.Play()
		time.Sleep(10 * time.Second)
		if err := r.p.SetAudioTrack("fre"); err != nil { // another way to say fr
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second)
		r.p.Seek(4)
		time.Sleep(3 * time.Second)
		if err := r.p.SetAudioTrack("en"); err != nil {
			t.Fatal(err)
		}
		r.finish(40 * time.Second)
		spoken := r.spoken()
		if len(spoken) != 3 || !strings.HasPrefix(spoken[0], "en ") || !strings.HasPrefix(spoken[1], "fr 1") || !strings.HasPrefix(spoken[2], "en ") {
			// The seek leads back within fr.
			t.Errorf("heard %v", spoken)
		}
		if rep := r.report(); rep.Error != nil || len(rep.GapsJumped) != 0 || len(rep.Switches) != 2 {
			t.Errorf("error %s, gaps %v, switches %v", deref(rep.Error), rep.GapsJumped, rep.Switches)
		}
	})
}

func TestSetTrack_Unknown(t *testing.T) {
	within(t, func(t *testing.T) {
		r := newRig(t, playertest.Package{Periods: []float64{4}, Sounds: languages}.Files(), player.Config{})
		defer r.stop()
		r.open()
		for _, name := range []string{"", "xx", "no"} {
			err := r.p.SetAudioTrack(name)
			if err == nil || !strings.Contains(err.Error(), "en, ") || !strings.Contains(err.Error(), "ja, ") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: %v", name, err)
			}
		}
		if err := r.p.SetVideoTrack("en"); err == nil {
			t.Error("a language names pictures")
		}
		if got := r.chosen(media.Audio); got != "en" {
			t.Errorf("%s plays", got)
		}
	})
}

// TestNextTrack goes round.
func TestNextTrack(t *testing.T) {
	within(t, func(t *testing.T) {
		r := newRig(t, playertest.Package{Periods: []float64{30}, Rungs: 3, Sounds: languages}.Files(), player.Config{})
		defer r.stop()
		r.open()
		r.p.Play()
		var got []string
		for range 5 {
			time.Sleep(2 * time.Second)
			track, n, of, err := r.p.NextTrack(media.Audio)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%d/%d %s", n, of, track.Lang))
		}
		if s := strings.Join(got, ", "); s != "2/4 fr, 3/4 de, 4/4 ja, 1/4 en, 2/4 fr" {
			t.Errorf("went through %s", s)
		}
		if _, n, of, err := r.p.NextTrack(media.Video); n != 1 || of != 1 || err != nil {
			t.Errorf("pictures: %d of %d, %v", n, of, err)
		}
		if err := r.p.SetVideoTrack("v1"); err != nil {
			t.Error(err)
		}
		r.finish(40 * time.Second)
		rep := r.report()
		if len(rep.Stalls)+len(rep.GapsJumped) != 0 || rep.Error != nil || rep.Video == nil || deref(rep.Video.Representation) != "v1" {
			t.Errorf("stalls %v, gaps %v, error %s, video %+v", rep.Stalls, rep.GapsJumped, deref(rep.Error), rep.Video)
		}
		shownWhole(t, r.surface.Pictures(), 30)
	})
}

// TestSetView plays a ladder in a window that grows: the sizes that are shown do not exceed what fills it, and go up with it.
func TestSetView(t *testing.T) {
	within(t, func(t *testing.T) {
		line := &netsim.Line{Steps: []netsim.Step{{BitsPerSecond: 50e6}}}
		files := playertest.Package{Periods: []float64{60}, Ladder: []int{300_000, 700_000, 1_800_000}, Sizes: []string{"416x234", "640x360", "1280x720"}}.Files()
		r := newNetRig(t, files, line, player.Config{Quality: "auto", Ahead: 12})
		defer r.stop()
		r.p.SetView(600, 300)
		r.open()
		r.p.Play()
		time.Sleep(20 * time.Second)
		r.p.SetView(1920, 1080)
		time.Sleep(15 * time.Second)
		r.p.SetView(0, 0)
		r.finish(65 * time.Second)
		if small := levels(line, 0, 20*time.Second); slices.Max(small) != 2 {
			t.Errorf("asked for the levels %v in a small window", small)
		}
		if large := levels(line, 20*time.Second, time.Hour); len(large) < 5 || slices.Min(large) != 3 {
			t.Errorf("asked for the levels %v in a large window", large)
		}
		rep := r.report()
		if !slices.ContainsFunc(rep.Decisions, func(d player.Decision) bool { return d.ViewWidth == 600 && strings.Contains(d.Reason, "window") }) {
			t.Error("no decision tells of the window")
		}
	})
}
