package mp2t_test

import (
	"bytes"
	"testing"

	"mseplayer/mse/msetest/bytestreamtest"
)

// TestSourceBuffer appends streams to a SourceBuffer: what is buffered in the end, after abort has flushed the last
// frames, and how many frames were taken.
func TestSourceBuffer(t *testing.T) {
	half := movie(2, 120)
	cut := bytes.LastIndex(half, []byte{0x47, 0x40, 0, 0x11}) // the second pair of tables
	for _, tt := range []struct {
		name    string
		appends [][]byte
		want    string
		frames  int64
	}{
		{"whole", [][]byte{movie(2, 120)}, "[1.040,1.680)", 48},
		// A frame of sound lies across the border of the segments, and abort gives it up.
		{"segments", [][]byte{half[:cut:cut], half[cut:]}, "[1.040,1.680)", 47},
		{"segments back to front", [][]byte{half[cut:], half[:cut:cut]}, "[1.040,1.680)", 47},
		{"pictures and Opus", [][]byte{hevcOpus()}, "[0.040,0.232)", 18},
		{"other sizes, programs and a rollover", [][]byte{changes()}, "[95443.518,95443.918)", 30},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sb := bytestreamtest.NewBuffer(t, `video/mp2t; codecs="avc1.4d001e,mp4a.40.2"`)
			for _, b := range tt.appends {
				sb.Append(b)
				sb.Do(sb.Abort())
			}
			if got, s := sb.Thousandths(), sb.Stats(); got != tt.want || s.Frames != tt.frames {
				t.Errorf("got  %s, %+v\nwant %s, %d frames", got, s, tt.want, tt.frames)
			}
		})
	}
}
