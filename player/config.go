package player

import (
	"fmt"
	"slices"

	"mseplayer/mse/media"
	"mseplayer/player/crypt"
	"mseplayer/player/subtitle"
)

// Config says what is played and how. The zero value works. Times are in seconds.
type Config struct {
	// Start is the initial position. Default 0.
	Start media.Time
	// Quality is "max" or "min", the representation with the highest or lowest bandwidth of each adaptation set, the id of
	// a representation, or "auto", which follows the network (what is local is played at its best). Default "max".
	Quality string
	// VideoTrack and AudioTrack name a track: its id, that of a representation or adaptation set, for sound also a
	// language; "no" for none. Default: the best by the author's marks.
	VideoTrack, AudioTrack string
	// SubTrack names a track of subtitles: its id, that of a representation or adaptation set, the name of a file, a
	// language; "no" for none. Default: a file of SubFiles or one that was found, foreign parts in the language of the
	// sound, the author's default.
	SubTrack string
	// Language takes the place of the language of the sound where subtitles are chosen by it; "" is that of the sound.
	Language string
	// SubFiles are files of subtitles, paths or URLs, besides those that are found beside a local media file.
	SubFiles []string
	// SubDelay shows subtitles later, in seconds, or earlier; SubScale makes them larger, 0 being 1.
	SubDelay media.Span
	SubScale float64
	// MaxHeight, in lines, and MaxBitrate, in bits per second, leave out larger video as long as any is left. 0 is no
	// bound.
	MaxHeight  int
	MaxBitrate int64
	// Ahead is how far ahead of the position media is fetched, in seconds: default 30, at least 2.
	Ahead media.Span
	// LiveDelay is the distance from the live edge that is kept, in seconds. Default: what the presentation asks for, else
	// three segments.
	LiveDelay media.Span
	// VideoQuota and AudioQuota bound the bytes that are buffered of each kind. Default 150 MiB and 12 MiB.
	VideoQuota, AudioQuota int64
	// ReplayGain is "track" or "album": bring the sound of a file to the level of others by what its tags say, each
	// work on its own or an album as a whole. Default "no".
	ReplayGain string
	// Keys says where the keys of protected media come from.
	Keys crypt.Config
}

// What ReplayGain can be besides None.
const (
	ReplayGainTrack = "track"
	ReplayGainAlbum = "album"
)

// MinAhead is the least that Ahead can be: what playing needs.
const MinAhead media.Span = 2

func (c Config) withDefaults() Config {
	if c.Quality == "" {
		c.Quality = "max"
	}
	return c
}

func (c Config) validate() error {
	switch {
	case c.Start < 0 || !c.Start.IsFinite():
		return fmt.Errorf("player: the start %s is no position", c.Start)
	case c.Ahead != 0 && c.Ahead < MinAhead:
		return fmt.Errorf("player: %s s ahead is less than the %s that playing needs", c.Ahead, MinAhead)
	case !(c.LiveDelay >= 0) || !media.Time(c.LiveDelay).IsFinite():
		return fmt.Errorf("player: the live delay %s is no distance", c.LiveDelay)
	case !slices.Contains([]string{"", None, ReplayGainTrack, ReplayGainAlbum}, c.ReplayGain):
		return fmt.Errorf("player: ReplayGain %q: takes %s, %s or %s", c.ReplayGain, None, ReplayGainTrack, ReplayGainAlbum)
	case !media.Time(c.SubDelay).IsFinite():
		return fmt.Errorf("player: the delay of subtitles %s is no time", c.SubDelay)
	case c.SubScale != 0 && !(c.SubScale >= subtitle.MinScale && c.SubScale <= subtitle.MaxScale):
		return fmt.Errorf("player: the scale of subtitles %g is not %g to %d", c.SubScale, subtitle.MinScale, subtitle.MaxScale)
	case c.MaxHeight < 0 || c.MaxBitrate < 0 || c.VideoQuota < 0 || c.AudioQuota < 0:
		return fmt.Errorf("player: a bound is negative")
	}
	return nil
}
