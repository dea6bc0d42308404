package ffmpeg_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/player/decode"
	"mseplayer/player/ffmpeg"
)

// pgs builds a screen of Blu-ray subtitles of 1920 × 1080: one box of w × h pixels of one colour at x, y, or none.
func pgs(x, y, w, h int) []byte {
	var out []byte
	segment := func(kind byte, body ...byte) {
		out = append(out, kind)
		out = binary.BigEndian.AppendUint16(out, uint16(len(body)))
		out = append(out, body...)
	}
	u16 := func(b []byte, v ...int) []byte {
		for _, n := range v {
			b = binary.BigEndian.AppendUint16(b, uint16(n))
		}
		return b
	}
	composition := append(u16(nil, 1920, 1080), 0x10, 0, 1, 0x80, 0, 0)
	if w == 0 {
		segment(0x16, append(composition, 0)...)
		segment(0x80)
		return out
	}
	composition = append(composition, 1)
	segment(0x16, u16(append(composition, 0, 0, 0, 0), x, y)...)
	segment(0x17, append([]byte{1, 0}, u16(nil, x, y, w, h)...)...)
	segment(0x14, 0, 0, 1, 235, 128, 128, 255) // colour 1: white
	var runs []byte
	for range h {
		runs = append(runs, 0, 0xc0|byte(w>>8), byte(w), 1, 0, 0)
	}
	object := append([]byte{0, 0, 0, 0xc0, 0, 0, byte(len(runs) + 4)}, u16(nil, w, h)...)
	object[4], object[5] = byte((len(runs)+4)>>16), byte((len(runs)+4)>>8)
	segment(0x15, append(object, runs...)...)
	segment(0x80)
	return out
}

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
	cues, err := d.Decode(&media.CodedFrame{Config: cfg, PTS: 2, Data: pgs(480, 900, 960, 60)})
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
	if cues, err := d.Decode(&media.CodedFrame{Config: cfg, PTS: 4, Data: pgs(0, 0, 0, 0)}); err != nil || len(cues) != 0 {
		t.Errorf("the end of a screen gave %d cues, error %v", len(cues), err)
	}
	part := pgs(480, 900, 960, 60)
	if _, err := d.Decode(&media.CodedFrame{Config: cfg, PTS: 5, Data: part[:22]}); !errors.Is(err, decode.ErrIncomplete) {
		t.Errorf("a part of a screen gave %v, want %v", err, decode.ErrIncomplete)
	}
	d.Flush()
	if _, err := d.Decode(&media.CodedFrame{Config: cfg, PTS: 6}); err == nil {
		t.Error("an empty frame gave no error")
	}
}
