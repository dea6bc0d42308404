package isobmff_test

import (
	"testing"

	"mseplayer/mse/isobmff"
	"mseplayer/mse/media"
)

// TestShown reads how pictures are to be shown: all eight orientations, the clean aperture and how bright they are.
func TestShown(t *testing.T) {
	avcC := bx("avcC", "\x01\x64\x00\x28\xff\xe0\x00")
	const one = 1 << 16
	clap := func(v ...uint32) []byte {
		var b []any
		for _, n := range v {
			b = append(b, n)
		}
		return bx("clap", b...)
	}
	turn := func(a, b, c, d int32) [9]int32 { return [9]int32{a, b, 0, c, d, 0, 0, 0, 1 << 30} }
	upright := turn(one, 0, 0, one)
	light := cat(bx("mdcv", make([]byte, 16), uint32(6_000_000), uint32(50)), bx("clli", uint16(800), uint16(150)))
	vp9 := cat(bx("SmDm", uint32(0), make([]byte, 16), uint32(1000<<8), uint32(1<<13)), bx("CoLL", uint32(0), uint16(700), uint16(90)))
	neg := func(n int32) uint32 { return uint32(n) }
	for _, tt := range []struct {
		name   string
		matrix [9]int32
		kids   []byte
		want   media.DecoderConfig
	}{
		{"upright", upright, nil, media.DecoderConfig{}},
		{"90", turn(0, one, -one, 0), nil, media.DecoderConfig{Rotation: 90}},
		{"180", turn(-one, 0, 0, -one), nil, media.DecoderConfig{Rotation: 180}},
		{"270", turn(0, -one, one, 0), nil, media.DecoderConfig{Rotation: 270}},
		{"mirrored", turn(-one, 0, 0, one), nil, media.DecoderConfig{Mirror: true}},
		{"mirrored, 90", turn(0, -one, -one, 0), nil, media.DecoderConfig{Mirror: true, Rotation: 90}},
		{"upside down", turn(one, 0, 0, -one), nil, media.DecoderConfig{Mirror: true, Rotation: 180}},
		{"mirrored, 270", turn(0, one, one, 0), nil, media.DecoderConfig{Mirror: true, Rotation: 270}},
		{"slanted", turn(one, one, -one, one), nil, media.DecoderConfig{}},
		{"no matrix", [9]int32{}, nil, media.DecoderConfig{}},
		{"aperture in the middle", upright, clap(704, 1, 568, 1, 0, 1, 0, 1), media.DecoderConfig{Clean: media.Clean{Left: 8, Right: 8, Top: 4, Bottom: 4}}},
		{"aperture off the middle", upright, clap(1400, 2, 560, 1, neg(-10), 1, 3, 1), media.DecoderConfig{Clean: media.Clean{Left: 0, Right: 20, Top: 11, Bottom: 5}}},
		{"aperture outside", upright, clap(704, 1, 568, 1, 9, 1, 0, 1), media.DecoderConfig{}},
		{"aperture of nothing", upright, clap(0, 1, 568, 1, 0, 1, 0, 1), media.DecoderConfig{}},
		{"aperture by zero", upright, clap(704, 0, 568, 1, 0, 0, 0, 1), media.DecoderConfig{}},
		{"aperture cut short", upright, clap(704, 1, 568), media.DecoderConfig{}},
		{"light", upright, light, media.DecoderConfig{Color: media.ColorInfo{Light: media.Light{Peak: 600, Black: 0.005, MaxCLL: 800, MaxFALL: 150}}}},
		{"light with colour", upright, cat(light, bx("colr", "nclx", uint16(9), uint16(16), uint16(9), byte(0))), media.DecoderConfig{
			Color: media.ColorInfo{Primaries: 9, Transfer: 16, Matrix: 9, Known: true, Light: media.Light{Peak: 600, Black: 0.005, MaxCLL: 800, MaxFALL: 150}}}},
		{"light of VP9", upright, vp9, media.DecoderConfig{Color: media.ColorInfo{Light: media.Light{Peak: 1000, Black: 0.5, MaxCLL: 700, MaxFALL: 90}}}},
	} {
		m := movieOf{handler: "vide", entry: visual("avc1", avcC, tt.kids), matrix: tt.matrix}
		r, err := parse(isobmff.Options{}, m.bytes())
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		c := r.Inits[0].Tracks[0].Config
		if c.Rotation != tt.want.Rotation || c.Mirror != tt.want.Mirror || c.Clean != tt.want.Clean || c.Color != tt.want.Color {
			t.Errorf("%s: rotation %d, mirror %v, clean %+v, colour %+v; want %d, %v, %+v, %+v", tt.name, c.Rotation, c.Mirror, c.Clean, c.Color,
				tt.want.Rotation, tt.want.Mirror, tt.want.Clean, tt.want.Color)
		}
	}
}
