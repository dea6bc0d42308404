package mp2t_test

import (
	"bytes"
	"fmt"
	"testing"

	"mseplayer/mse"
	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/mime"
	"mseplayer/mse/mp2t"
)

// element is a media element that does not mind.
type element struct{}

func (element) HasError() bool                            { return false }
func (element) DurationChanged(*mse.Tx, media.Time)       {}
func (element) TrackLists() *mse.TrackLists               { return nil }
func (element) TracksChanged(*mse.Tx)                     {}
func (element) NewTracksActive(*mse.Tx)                   {}
func (element) MetadataComplete(*mse.Tx)                  {}
func (element) BufferedChanged(*mse.Tx)                   {}
func (element) PlayheadRemoved(*mse.Tx)                   {}
func (element) StreamEnded(*mse.Tx, mse.EndReason, error) {}

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
			var queue []func()
			pump := func() {
				for len(queue) > 0 {
					run := queue[0]
					queue = queue[1:]
					run()
				}
			}
			ms := mse.New(mse.Options{
				Loop:    mse.NewEventLoop(func(run func()) { queue = append(queue, run) }),
				Formats: map[mime.Container]func() bytestream.Parser{mime.MP2T: func() bytestream.Parser { return mp2t.New() }}, SkipUnsupportedTracks: true,
			})
			if _, err := ms.Attach(element{}); err != nil {
				t.Fatal(err)
			}
			sb, err := ms.AddSourceBuffer(`video/mp2t; codecs="avc1.4d001e,mp4a.40.2"`)
			if err != nil {
				t.Fatal(err)
			}
			var failed error
			sb.Listen(func(e mse.Event) {
				if e.Type == mse.EventError {
					failed = e.Err
				}
			})
			for _, b := range tt.appends {
				if err := sb.AppendBuffer(bytes.Clone(b)); err != nil {
					t.Fatal(err)
				}
				pump()
				if failed != nil {
					t.Fatal(failed)
				}
				if err := sb.Abort(); err != nil {
					t.Fatal(err)
				}
				pump()
			}
			r, err := sb.Buffered()
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, x := range r {
				got += fmt.Sprintf("[%.3f,%.3f)", x.Start, x.End)
			}
			if s := sb.Stats(); got != tt.want || s.Frames != tt.frames {
				t.Errorf("got  %s, %+v\nwant %s, %d frames", got, s, tt.want, tt.frames)
			}
		})
	}
}
