package hud

import "mseplayer/mse/media"

// State is what the window tells about playback, a snapshot. Slices and strings may be reused by whoever fills it.
type State struct {
	// Title names what plays.
	Title string

	// Position is the current playback position; while seeking, the target.
	Position media.Time
	// Duration is the end of the presentation when DurationKnown; otherwise it is ignored.
	Duration      media.Time
	DurationKnown bool
	// Live is set while the presentation grows; Seekable is the part of it that can be sought to.
	Live     bool
	Seekable media.Range
	// Buffered are the ranges that can be played without waiting.
	Buffered media.Ranges
	// Chapters are the named parts of the presentation, in order. SectionStart and SectionEnd are the ends of the section
	// that is repeated, as far as they are set.
	Chapters                 []Chapter
	SectionStart, SectionEnd media.Opt

	// Paused is the wish of the user; Ended, that playback reached the end; Seeking, that a seek is under way;
	// Buffering, that playback waits for data.
	Paused, Ended, Seeking, Buffering bool
	// NoVideo is set when it is known that there will be no picture, because there is only sound.
	NoVideo bool

	// Volume is in percent, 100 being unchanged.
	Volume float64
	Muted  bool

	// Error, when not empty, says why playback ended early.
	Error string
	// Notice is a short message that is shown for a moment whenever NoticeSeq, which starts at 0, has changed.
	Notice    string
	NoticeSeq uint64
	// Stats are the lines of the statistics panel, which is visible while there are any. The part of a line up to
	// its first colon is its label.
	Stats []string
}

// Chapter is a part of the presentation, [Start, End); an End that does not lie behind Start is that of the next one's Start.
type Chapter struct {
	Start, End media.Time
	Title      string
}

// chapterAt returns the chapter that contains t.
func (s *State) chapterAt(t media.Time) (c Chapter, ok bool) {
	for _, x := range s.Chapters {
		if x.Start <= t && (t < x.End || !(x.Start < x.End)) {
			c, ok = x, true // the later one where they overlap
		}
	}
	return c, ok
}

// Span returns the stretch of media time that the seek bar stands for: the whole presentation when its end is known,
// otherwise what can be sought to. ok is false when there is no such stretch.
func (s *State) Span() (r media.Range, ok bool) {
	r = s.Seekable
	if s.DurationKnown && !s.Live {
		r = media.Range{Start: 0, End: s.Duration}
	}
	if !r.Start.IsFinite() || !r.End.IsFinite() || r.Start >= r.End {
		return media.Range{}, false
	}
	return r, true
}

// liveEdge is how near the end of the seekable range counts as watching live.
const liveEdge media.Span = 15

// AtEdge reports whether a live presentation is watched at its live edge.
func (s *State) AtEdge() bool {
	return s.Live && s.Seekable.End.Sub(s.Position) <= liveEdge
}
