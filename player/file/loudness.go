package file

import (
	"math"
	"strconv"
	"strings"
)

// Loudness is what the tags of a file say of how loud its sound is.
type Loudness struct{ Track, Album Gain }

// Gain is what brings a work to the level of others.
type Gain struct {
	// DB is the amplification in decibels. Known is set when the file tells it.
	DB    float64
	Known bool
	// Peak is the highest sample, 1 being full scale; 0 when it is not known.
	Peak float64
}

const (
	// r128Reference is how far the reference level of ReplayGain lies above that of R128 tags, in decibels.
	r128Reference = 5
	// maxGainDB and minGainDB bound what tags can ask for.
	maxGainDB, minGainDB = 18, -60
)

// Loudness reads the tags about a track. An unknown track has none.
// ReplayGain 2.0, "Metadata format"; RFC 7845 §5.2.1 (R128_TRACK_GAIN, R128_ALBUM_GAIN).
func (s *Source) Loudness(track uint32) Loudness {
	for i := range s.list {
		if s.list[i].ID == track {
			tags := []map[string]string{s.c.Streams[s.tracks[i].stream].Metadata, s.c.Metadata}
			return Loudness{gain(tags, "track"), gain(tags, "album")}
		}
	}
	return Loudness{}
}

// gain looks for one gain in the tags, those of a stream before those of the file.
func gain(tags []map[string]string, of string) (g Gain) {
	number := func(key string) (float64, bool) {
		for _, t := range tags {
			s := strings.TrimSpace(t[key])
			if n := len(s) - len("dB"); n > 0 && strings.EqualFold(s[n:], "dB") {
				s = strings.TrimSpace(s[:n])
			}
			if v, err := strconv.ParseFloat(s, 64); err == nil && !math.IsNaN(v) && !math.IsInf(v, 0) {
				return v, true
			}
		}
		return 0, false
	}
	if v, ok := number("replaygain_" + of + "_gain"); ok {
		g.DB, g.Known = v, true
		if peak, ok := number("replaygain_" + of + "_peak"); ok && peak > 0 {
			g.Peak = peak
		}
	} else if v, ok := number("r128_" + of + "_gain"); ok {
		g.DB, g.Known = v/256+r128Reference, true // a fixed-point number with 8 binary places
	}
	g.DB = min(max(g.DB, minGainDB), maxGainDB)
	return g
}

// Factor is the linear amplification for the gain of the track or of the album, one standing in for the other where it
// is not known; 1 where neither is. It is lowered so far that the peak stays within full scale.
func (l Loudness) Factor(album bool) float64 {
	g, other := l.Track, l.Album
	if album {
		g, other = other, g
	}
	if !g.Known {
		g = other
	}
	if !g.Known {
		return 1
	}
	f := math.Pow(10, g.DB/20)
	if g.Peak > 0 && f*g.Peak > 1 {
		f = 1 / g.Peak
	}
	return f
}
