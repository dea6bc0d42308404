package mp2t_test

import (
	"fmt"
	"strings"
	"testing"

	"mseplayer/mse/media"
	"mseplayer/mse/mp2t"
	"mseplayer/mse/msetest/bytestreamtest"
)

// TestSetKey: frames get the key that holds where they were pushed, also the last of a segment, which ends with the next
// one's begin, and only those of the encrypted kinds.
func TestSetKey(t *testing.T) {
	p, r := mp2t.New(), &bytestreamtest.Recorder{Quiet: true}
	var m muxer
	at := int64(0)
	segment := func(video, sound uint8) []byte {
		m.b = nil
		m.tables(stream{video, videoPID, nil}, stream{sound, soundPID, nil})
		for i := range int64(3) {
			au := cat(avcAUD, avcSlice(1, 0, int(i), 90))
			if i == 0 {
				au = cat(avcAUD, avcSets, avcSlice(5, 0, int(i), 120))
			}
			m.video(at, untimed, au)
			m.sound(at, adtsFrame(3, 2, int(i), 50))
			at += frameTicks
		}
		return m.b
	}
	want := map[media.Kind][]string{}
	for _, c := range []struct {
		key          *media.SampleKey
		video, sound uint8
		crypt        string
	}{
		{nil, 0x1b, 0x0f, "clear"},
		{&media.SampleKey{KID: [16]byte{1}, IV: [16]byte{9}}, 0xdb, 0xcf, "sample-aes 1 9"},
		{&media.SampleKey{KID: [16]byte{1}, IV: [16]byte{8}}, 0xdb, 0xcf, "sample-aes 1 8"},
		{&media.SampleKey{KID: [16]byte{2}, IV: [16]byte{8}}, 0x1b, 0x0f, "clear"},
		{&media.SampleKey{KID: [16]byte{2}, IV: [16]byte{8}, NoIV: true}, 0xdb, 0xcf, "sample-aes 2 -"},
		{nil, 0xdb, 0xcf, "sample-aes 0 -"},
	} {
		if err := p.SetKey(c.key, r); err != nil {
			t.Fatal(err)
		}
		if err := bytestreamtest.Feed(p, r, segment(c.video, c.sound)); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			want[media.Video] = append(want[media.Video], c.crypt)
			want[media.Audio] = append(want[media.Audio], c.crypt)
		}
	}
	if err := p.Flush(r); err != nil {
		t.Fatal(err)
	}
	got := map[media.Kind][]string{}
	for _, frames := range r.Frames {
		for _, f := range frames {
			s := "clear"
			if c := f.Crypt; c != nil {
				iv := "-"
				if len(c.IV) > 0 {
					iv = fmt.Sprintf("%x", c.IV[0])
				}
				s = fmt.Sprintf("%s %x %s", c.Scheme, c.KID[0], iv)
			}
			got[f.Config.Kind] = append(got[f.Config.Kind], s)
		}
	}
	for _, k := range []media.Kind{media.Video, media.Audio} {
		if strings.Join(got[k], ", ") != strings.Join(want[k], ", ") {
			t.Errorf("%s\ngot  %q\nwant %q", k, got[k], want[k])
		}
	}
}
