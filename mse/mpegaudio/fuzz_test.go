package mpegaudio_test

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/mpegaudio"
	"mseplayer/mse/msetest/bytestreamtest"
)

// FuzzFeed feeds any bytes, cut in up to three places. Nothing may panic or hang, frames may only hold bytes that
// were fed, time does not run backwards but for a time stamp, an error is a format error, memory is bounded, and the cuts make no
// difference.
func FuzzFeed(f *testing.F) {
	for _, s := range streams {
		f.Add(uint8(s.format), s.b, uint16(20), uint16(300), uint16(1))
	}
	f.Add(uint8(0), []byte("ICY \r\n\r\nTAG+APETAGEX3DI"), uint16(1), uint16(2), uint16(3))
	f.Fuzz(func(t *testing.T, format uint8, b []byte, i, j, k uint16) {
		fm := mpegaudio.Format(format % 3)
		var whole uint64
		var err error
		bytestreamtest.CheckMemory(t, len(b), func() { whole, err = digestOf(fm, bytes.Clone(b)) })
		var fe *bytestream.FormatError
		if err != nil && (!errors.As(err, &fe) || fe.Offset < 0 || fe.Offset > int64(len(b))) {
			t.Fatalf("error %T: %v", err, err)
		}
		if cut, err2 := digestOf(fm, bytestreamtest.Cut(b, i, j, k)...); cut != whole {
			t.Fatalf("cut at %d, %d, %d: another result than in one piece\nwhole: %v\ncut:   %v", i, j, k, err, err2)
		}
		r, err := parse(fm, bytes.Clone(b))
		total, at := 0, math.Inf(-1)
		for i := range r.Frames[trackID] {
			f := &r.Frames[trackID][i]
			total += len(f.Data)
			if f.Config == nil || f.Duration < 0 || f.TrimFront < 0 || f.TrimBack < 0 || f.DecodeOnly != (f.Duration == 0) {
				t.Fatalf("frame %d: %+v", i, f)
			}
			if float64(f.PTS) < at && !bytes.Contains(b, []byte("ID3")) {
				t.Fatalf("frame %d at %s, behind one at %v", i, f.PTS, at)
			}
			at = float64(f.PTS)
		}
		if total > len(b) {
			t.Fatalf("frames hold %d bytes, %d were fed (error %v)", total, len(b), err)
		}
	})
}

// TestOtherFormats feeds everything of the collection's smaller folders that is not packed audio: it is refused or
// passed over, and in pieces as it is whole.
func TestOtherFormats(t *testing.T) {
	dir := mediaDir(t)
	if dir == "" {
		return
	}
	files, refused := 0, 0
	walkAll(t, dir, []string{"content/broken", "content/text", "content/webm_mkv", "content/ts_ps", "content/codec_other"}, func(name string, b []byte) {
		for _, f := range []mpegaudio.Format{mpegaudio.MPEG, mpegaudio.ADTS, mpegaudio.AC3} {
			files++
			whole, err := digestOf(f, bytes.Clone(b))
			var fe *bytestream.FormatError
			if err != nil {
				refused++
				if !errors.As(err, &fe) {
					t.Errorf("%s as %s: %v", name, f, err)
				}
			}
			if cut, err2 := digestOf(f, bytestreamtest.CutUp(bytes.Clone(b), 1499)...); cut != whole {
				t.Errorf("%s as %s: in pieces another result\nwhole:  %v\npieces: %v", name, f, err, err2)
			}
		}
	})
	t.Logf("%d readings, %d refused", files, refused)
}
