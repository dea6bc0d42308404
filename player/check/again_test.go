package check_test

import (
	"testing"
	"testing/fstest"

	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
	"mseplayer/player/check"
	"mseplayer/player/decode"
	"mseplayer/player/frame"
	"mseplayer/player/playertest"
)

// racy makes decoders that flag the pictures of damaged media by chance when they have several threads, like those whose
// threads look at each other's pictures. With one thread they flag every tenth.
type racy struct {
	playertest.Factory
	chance int // counts up over all runs
	sound  bool
}

func (r *racy) NewVideo(c *media.DecoderConfig, o decode.Options) (decode.VideoDecoder, error) {
	d, err := r.Factory.NewVideo(c, o)
	return playertest.Through{VideoDecoder: d, Show: (&racer{r: r, threads: o.Threads}).flag}, err
}

type racer struct {
	r          *racy
	threads, n int
}

func (d *racer) flag(v *frame.Video, emit func(*frame.Video) error) error {
	d.n++
	d.r.chance = d.r.chance*7 + 1
	if !d.r.sound {
		v.Corrupt = d.n%10 == 0 || d.threads > 1 && d.r.chance%3 == 0
	}
	return emit(v)
}

// TestRun_DamagedAgain counts damaged pictures as one thread does, whatever several see, and decodes nothing twice that is
// not damaged.
func TestRun_DamagedAgain(t *testing.T) {
	for _, c := range []struct {
		name   string
		files  func() fstest.MapFS
		tracks int
	}{
		{"segments", tenSeconds, 2},
		{"a file", func() fstest.MapFS { return fstest.MapFS{"m.mpd": {Data: pictures(10).File(2)}} }, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			decoders := &racy{Factory: playertest.Factory{Depth: 2}}
			for range 3 {
				var last check.Progress
				r := run(t, c.files(), func(o *check.Options) {
					o.Decoders, o.Cores, o.Jobs = decoders, 4, 1
					o.Progress = func(p check.Progress) { last = p }
				})
				v := r.Tracks[0]
				if len(r.Tracks) != c.tracks || n(v.FramesCorrupted) != "25" || n(v.FramesDecoded) != "250" || n(v.CodedFrames) != "250" || n(v.Segments) == "0" || len(r.Findings) != 1 {
					t.Errorf("%s\n%s", lines(r), found(r))
				}
				if last.Tracks != last.Total || last.Share > 1 {
					t.Errorf("%+v", last)
				}
			}
		})
	}
	t.Run("sound", func(t *testing.T) {
		decoders := &racy{Factory: playertest.Factory{Depth: 2}, sound: true}
		run(t, tenSeconds(), func(o *check.Options) { o.Decoders, o.Cores, o.Jobs = decoders, 4, 1 })
		if opened := decoders.Opened(); opened != 2 {
			t.Errorf("%d decoders for two tracks", opened)
		}
	})
	t.Run("switches", func(t *testing.T) {
		first := ""
		decoders := &racy{Factory: playertest.Factory{Depth: 2}}
		for range 3 {
			r := run(t, twoRungs(func(*msetest.Builder) {}), func(o *check.Options) { o.Decoders, o.Cores, o.Jobs, o.Deep = decoders, 4, 1, true })
			r.Findings = nil
			if got := lines(r); first == "" {
				first = got
			} else if got != first {
				t.Errorf("got %s\nwant %s", got, first)
			}
		}
	})
}
