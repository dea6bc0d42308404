package file

import (
	"math"
	"testing"
)

func TestLoudness(t *testing.T) {
	db := func(v float64) float64 { return math.Pow(10, v/20) }
	for _, c := range []struct {
		name         string
		stream, file map[string]string
		track, album float64
	}{
		{"no tags", nil, nil, 1, 1},
		{"ReplayGain", nil, map[string]string{"replaygain_track_gain": "-6.5 dB", "replaygain_album_gain": "+2.00 dB"}, db(-6.5), db(2)},
		{"without unit, in small letters", nil, map[string]string{"replaygain_track_gain": " -6.5", "replaygain_album_gain": "2db"}, db(-6.5), db(2)},
		{"the peak bounds it", nil, map[string]string{"replaygain_track_gain": "12 dB", "replaygain_track_peak": "0.5"}, 2, 2},
		{"a peak that leaves room", nil, map[string]string{"replaygain_track_gain": "3 dB", "replaygain_track_peak": "0.1"}, db(3), db(3)},
		{"one for the other", nil, map[string]string{"replaygain_album_gain": "-3 dB"}, db(-3), db(-3)},
		{"the stream's tags come first", map[string]string{"replaygain_track_gain": "-1 dB"}, map[string]string{"replaygain_track_gain": "-2 dB"}, db(-1), db(-1)},
		{"R128", map[string]string{"r128_track_gain": "-1280", "r128_album_gain": "256"}, nil, 1, db(6)},
		{"no numbers", nil, map[string]string{"replaygain_track_gain": "loud", "replaygain_album_gain": "NaN dB"}, 1, 1},
		{"beyond all bounds", nil, map[string]string{"replaygain_track_gain": "900 dB", "replaygain_album_gain": "-900 dB"}, db(18), db(-60)},
	} {
		s := &Source{c: &Container{Metadata: c.file, Streams: []Stream{{ID: 1, Metadata: c.stream}}}, tracks: []*track{{stream: 0}}}
		s.list = []Track{{}}
		s.list[0].ID = 1
		l := s.Loudness(1)
		if got := l.Factor(false); math.Abs(got-c.track) > 1e-12 {
			t.Errorf("%s: the track is amplified by %v, want %v", c.name, got, c.track)
		}
		if got := l.Factor(true); math.Abs(got-c.album) > 1e-12 {
			t.Errorf("%s: the album is amplified by %v, want %v", c.name, got, c.album)
		}
		if got := s.Loudness(2).Factor(false); got != 1 {
			t.Errorf("%s: a track that is not there is amplified by %v", c.name, got)
		}
	}
}
