package ffmpeg_test

import (
	"errors"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/decode"
	"mseplayer/player/ffmpeg"
	"mseplayer/player/playertest/pgs"
)

func TestSubtitle_Pictures(t *testing.T) {
	cfg := &media.DecoderConfig{Kind: media.Text, Codec: "hdmv_pgs_subtitle"}
	f := ffmpeg.Factory{}
	if !f.SupportsSubtitle(cfg.Codec) || f.SupportsSubtitle("h264") || f.SupportsSubtitle("subrip") {
		t.Fatal("what is a subtitle in pictures is not told")
	}
	d, err := f.NewSubtitle(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	cues, err := d.Decode(&media.CodedFrame{Config: cfg, PTS: 2, Data: pgs.Box(480, 900, 960, 60, 0).Packet()})
	if err != nil || len(cues) != 1 {
		t.Fatalf("got %d cues, error %v; want 1", len(cues), err)
	}
	c := cues[0]
	if c.Start != 2 || c.End != media.Forever || c.Rect.X != 0.25 || c.Rect.W != 0.5 || c.Rect.Y != 900.0/1080 || c.Rect.H != 60.0/1080 {
		t.Errorf("got [%s, %s) at %+v", c.Start, c.End, c.Rect)
	}
	if p := c.Image; p.Width != 960 || p.Height != 60 || len(p.Pixels) != 4*960*60 || min(p.Pixels[0], p.Pixels[1], p.Pixels[2]) < 250 || p.Pixels[3] != 255 {
		t.Errorf("got %d × %d, first pixel %v; want white", p.Width, p.Height, p.Pixels[:4])
	}
	if cues, err := d.Decode(&media.CodedFrame{Config: cfg, PTS: 4, Data: pgs.Empty().Packet()}); err != nil || len(cues) != 0 {
		t.Errorf("the end of a screen gave %d cues, error %v", len(cues), err)
	}
	part := pgs.Box(480, 900, 960, 60, 0).Packet()
	if _, err := d.Decode(&media.CodedFrame{Config: cfg, PTS: 5, Data: part[:22]}); !errors.Is(err, decode.ErrIncomplete) {
		t.Errorf("a part of a screen gave %v, want %v", err, decode.ErrIncomplete)
	}
	d.Flush()
	if _, err := d.Decode(&media.CodedFrame{Config: cfg, PTS: 6}); err == nil {
		t.Error("an empty frame gave no error")
	}
}
