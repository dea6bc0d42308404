package mp2t_test

import (
	"bytes"
	"errors"
	"testing"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/mse/mp2t"
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

// TestSourceBuffer_Pictures appends tables and single pictures, each followed by abort, which is all that ends a picture.
func TestSourceBuffer_Pictures(t *testing.T) {
	sb := bytestreamtest.NewBuffer(t, `video/mp2t; codecs="avc1.4d001e"`)
	var tables muxer
	tables.tables(stream{0x1b, videoPID, nil})
	sb.Append(tables.b)
	sb.Do(sb.Abort())
	for i := range int64(3) {
		var m muxer
		m.video(90000*(i+1), untimed, picture(8*int(i), 100, true))
		sb.Append(m.b)
		sb.Do(sb.Abort())
	}
	if got, s := sb.Thousandths(), sb.Stats(); got != "[1.000,1.040)[2.000,2.040)[3.000,3.040)" || s.Frames != 3 {
		t.Errorf("%s, %d frames", got, s.Frames)
	}
}

// TestEndOfStream ends a stream whose last frames nothing follows, which are buffered then, goes on with it and ends it
// again.
func TestEndOfStream(t *testing.T) {
	b := movie(2, 120)
	cut := bytes.LastIndex(b, []byte{0x47, 0x40, 0, 0x11}) // the second pair of tables
	sb := bytestreamtest.NewBuffer(t, `video/mp2t; codecs="avc1.4d001e,mp4a.40.2"`)
	check := func(what, buffered string, frames int64) {
		t.Helper()
		if got := sb.Thousandths(); got != buffered || sb.Stats().Frames != frames {
			t.Errorf("%s: %d frames in %s, want %d in %s", what, sb.Stats().Frames, got, frames, buffered)
		}
	}
	sb.Append(b[:cut])
	check("before the first end", "[1.040,1.299)", 20)
	if d := sb.End(); d < 1.3599 || d > 1.4 {
		t.Errorf("duration %v", d)
	}
	check("first end", "[1.040,1.360)", 24)
	sb.Append(b[cut:])
	check("before the second end", "[1.040,1.640)", 46)
	if d := sb.End(); d < 1.6799 || d > 1.7 {
		t.Errorf("duration %v", d)
	}
	check("second end", "[1.040,1.683)", 47) // a frame of sound lay across the first end
}

// TestTimestampOffset proves that what a rollover has added to the times goes away when the application sets
// timestampOffset.
func TestTimestampOffset(t *testing.T) {
	const wrap = int64(1) << 33
	stream := func(from int64) []byte {
		var m muxer
		m.tables(stream{0x1b, videoPID, nil})
		for i := range int64(10) {
			m.video((from+3600*i)%wrap, untimed, picture(int(i), 50, i == 0))
		}
		return m.b
	}
	sb := bytestreamtest.NewBuffer(t, `video/mp2t; codecs="avc1.4d001e"`)
	sb.Append(stream(wrap - 3*3600))
	if err := sb.SetTimestampOffset(10); !errors.Is(err, mse.ErrInvalidState) {
		t.Errorf("timestampOffset inside of a media segment: %v", err)
	}
	sb.Do(sb.Abort())
	if got := sb.Thousandths(); got != "[95443.598,95443.998)" {
		t.Errorf("over a rollover: %s", got)
	}
	sb.Do(sb.SetTimestampOffset(10))
	sb.Append(stream(7 * 3600))
	sb.End()
	if got := sb.Thousandths(); got != "[10.280,10.680)[95443.598,95443.998)" {
		t.Errorf("with another timestampOffset: %s", got)
	}

	p, r := mp2t.New(), &recorder{Quiet: true}
	if err := bytestreamtest.Feed(p, r, stream(wrap-3*3600)); err != nil {
		t.Fatal(err)
	}
	p.ResetTimestampOffset()
	if err := bytestreamtest.Finish(p, r, stream(7*3600)); err != nil {
		t.Fatal(err)
	}
	if f := r.Frames[videoPID]; len(f) != 20 || f[10].PTS != media.FromTicks(7*3600, 90000) {
		t.Errorf("%d frames, the eleventh at %v, want 20, %v", len(f), f[10].PTS, media.FromTicks(7*3600, 90000))
	}
}
