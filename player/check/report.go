package check

import (
	"encoding/json"
	"io"
	"math"
	"strconv"

	"mseplayer/mse/media"
	"mseplayer/player/manifest"
)

// Schema names the form of the report.
const Schema = "mseplayer.check/1"

// Verdict is the outcome of a check.
type Verdict string

// The verdicts: Fail with at least one error that is not waived, else Warn with at least one warning, else Pass.
const (
	Pass Verdict = "pass"
	Warn Verdict = "warn"
	Fail Verdict = "fail"
)

// Seconds is a time or a length in the report: a JSON number with six decimals where it is not whole, null when it is
// not known.
type Seconds float64

// Unknown is the Seconds that nobody knows.
var Unknown = Seconds(math.NaN())

// Known reports whether s is a number.
func (s Seconds) Known() bool { return !math.IsNaN(float64(s)) && !math.IsInf(float64(s), 0) }

// MarshalJSON implements json.Marshaler.
func (s Seconds) MarshalJSON() ([]byte, error) {
	f := float64(s)
	switch {
	case !s.Known():
		return []byte("null"), nil
	case f == math.Trunc(f) && math.Abs(f) < 1e15:
		return strconv.AppendFloat(nil, f+0, 'f', 1, 64), nil
	}
	return strconv.AppendFloat(nil, f, 'f', 6, 64), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Seconds) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*s = Unknown
		return nil
	}
	f, err := strconv.ParseFloat(string(b), 64)
	*s = Seconds(f)
	return err
}

// Text is a string in the report that is null when it is empty.
type Text string

// MarshalJSON implements json.Marshaler.
func (t Text) MarshalJSON() ([]byte, error) {
	if t == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(t))
}

// Report is what a check found. Its JSON form is fixed: other people's scripts read it. A nil pointer is an unknown
// value.
type Report struct {
	Schema string `json:"schema"`
	Tool   Tool   `json:"tool"`
	Source string `json:"source"`
	Kind   Text   `json:"kind"`
	Live   bool   `json:"live"`
	// Complete is false when the check was interrupted: everything then is about a part of the source.
	Complete bool    `json:"complete"`
	Verdict  Verdict `json:"verdict"`
	Summary  Summary `json:"summary"`
	// Elapsed is how long the check took.
	Elapsed Seconds `json:"elapsed"`
	// Duration is from the start of the track that begins first to the end of the one that ends last, as measured, on
	// the presentation timeline.
	Duration Seconds `json:"duration"`
	Quality  Quality `json:"videoPlaybackQuality"`
	// Sessions is how the presentation would play over a simulated network, where that was asked for.
	Sessions []Session `json:"sessions,omitempty"`
	// Reference is what the pictures were compared with, if with anything.
	Reference *Reference `json:"reference,omitempty"`
	// Frames are the coded frames where they were asked for, in decode order of each track.
	Frames []Frame `json:"-"`
	Tracks []Track `json:"tracks"`
	// Alignment compares the key frames of the representations that can be switched between.
	Alignment []Alignment `json:"keyFrameAlignment"`
	Findings  []Finding   `json:"findings"`
}

// Tool says what made the report.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Summary counts the findings that are not waived.
type Summary struct {
	Errors   int `json:"errors"`
	Warnings int `json:"warnings"`
	Infos    int `json:"infos"`
	Waived   int `json:"waived"`
}

// Quality is VideoPlaybackQuality over all video tracks. A check is never late, so pictures drop only where the decoder
// rejects a coded frame; those count as corrupted, too. CreationTime is in milliseconds since the check began.
type Quality struct {
	CreationTime float64 `json:"creationTime"`
	Total        int64   `json:"totalVideoFrames"`
	Dropped      int64   `json:"droppedVideoFrames"`
	Corrupted    int64   `json:"corruptedVideoFrames"`
}

// Track is what was measured of one elementary stream. Times are on the presentation timeline, in seconds, bit rates in
// bits per second.
type Track struct {
	ID             string  `json:"id"`
	Type           string  `json:"type"`
	Period         string  `json:"period"`
	AdaptationSet  string  `json:"adaptationSet"`
	Representation string  `json:"representation"`
	Language       string  `json:"lang"`
	MIMEType       Text    `json:"mimeType"`
	Codecs         Text    `json:"codecs"`
	Container      string  `json:"container"`
	Encrypted      bool    `json:"encrypted"`
	Width          *int64  `json:"width"`
	Height         *int64  `json:"height"`
	FrameRate      Seconds `json:"frameRate"`
	SampleRate     *int64  `json:"sampleRate"`
	Channels       *int64  `json:"channels"`
	// DeclaredBandwidth is the manifest's. AverageBitrate is that of Bytes over the length of the media;
	// PeakBitrate the highest over one media segment, or over as many as make up a second.
	DeclaredBandwidth *int64 `json:"declaredBandwidth"`
	AverageBitrate    *int64 `json:"averageBitrate"`
	PeakBitrate       *int64 `json:"peakBitrate"`
	// Segments and Bytes are of the media segments that arrived. Where several streams share segments, and in files
	// that have none, Bytes is the payload of the stream alone.
	Segments *int64 `json:"segments"`
	Bytes    int64  `json:"bytes"`
	// CodedFrames are the coded frames that were parsed, KeyFrames the random access points among them.
	CodedFrames *int64 `json:"codedFrames"`
	// FramesDecoded are the pictures that came out of the decoder, FramesCorrupted those among them that it flagged;
	// DecodeErrors are the coded frames it rejected.
	FramesDecoded   *int64 `json:"framesDecoded"`
	FramesCorrupted *int64 `json:"framesCorrupted"`
	DecodeErrors    *int64 `json:"decodeErrors"`
	KeyFrames       *int64 `json:"keyFrames"`
	// AudioSamplesDecoded is what the decoder put out per channel at its own rate, AudioSamplesPresented what remains
	// of it after priming, edit list and the borders of the period.
	AudioSamplesDecoded   *int64 `json:"audioSamplesDecoded"`
	AudioSamplesPresented *int64 `json:"audioSamplesPresented"`
	// FirstPTS is when the first frame is presented; sound before the start of its period is cut off. ContainerFirstPTS
	// is the time stamp of the first frame as the container has it, LastPTS the highest, End the end of the last frame.
	FirstPTS          Seconds      `json:"firstPts"`
	ContainerFirstPTS Seconds      `json:"containerFirstPts"`
	LastPTS           Seconds      `json:"lastPts"`
	End               Seconds      `json:"end"`
	Buffered          [][2]Seconds `json:"buffered"`
	// Content is what there is to see and to hear, of checks that go deep.
	Content *Content `json:"content,omitempty"`
	// Likeness compares the pictures with those of a reference, of checks that have one.
	Likeness *Likeness `json:"likeness,omitempty"`
	// DecodeFPS is how many pictures were decoded in a second while this track was checked.
	DecodeFPS Seconds `json:"decodeFps"`
	// SegmentList has a row for each media segment with frames, in the order in which they came.
	SegmentList []SegmentRow `json:"segmentList"`
}

// SegmentRow is what was measured of one media segment of a stream. Start is when its earliest frame is presented, Duration
// the sum of its frames'. Bytes is the size of the segment, of the stream's payload in it where it holds several.
type SegmentRow struct {
	Index     int     `json:"index"`
	Start     Seconds `json:"start"`
	Duration  Seconds `json:"duration"`
	Bytes     int64   `json:"bytes"`
	Frames    int     `json:"frames"`
	KeyFrames int     `json:"keyFrames"`
	// Key is set when the first frame in decode order is a random access point; in transport streams, where the last frames of
	// a segment show with the next one only, when there is one in the segment.
	Key bool `json:"key"`
}

// segmentList returns the rows of the segments. Times are final from settle on.
func (s *stream) segmentList() []SegmentRow {
	out := []SegmentRow{}
	for _, p := range s.parts {
		for _, g := range p.segments {
			out = append(out, SegmentRow{Index: g.index, Start: Seconds(g.first.Add(p.shift)), Duration: Seconds(g.length), Bytes: g.bytes, Frames: g.frames, KeyFrames: g.keys, Key: g.key || s.at.lags && g.keys > 0})
		}
	}
	return out
}

// Segment is the place of a finding in a representation. Index counts from 0; -1 is the initialization segment.
type Segment struct {
	Index int    `json:"index"`
	URL   string `json:"url"`
}

// Finding is one fact that somebody should know.
type Finding struct {
	Code     string            `json:"code"`
	Severity manifest.Severity `json:"severity"`
	// Message is one sentence that a person understands, Hint what to change.
	Message string `json:"message"`
	Hint    Text   `json:"hint"`
	// Waived is set when somebody has declared that the finding does not count, for now.
	Waived         bool           `json:"waived"`
	Track          Text           `json:"track"`
	Period         Text           `json:"period"`
	Representation Text           `json:"representation"`
	Segment        *Segment       `json:"segment"`
	Time           Seconds        `json:"time"`
	Evidence       map[string]any `json:"evidence"`
	// Picture is an image (PNG or JPEG) of what the finding is about, of checks that make some; nil for none.
	Picture []byte `json:"-"`
}

// WriteJSON writes the report as one JSON object on one line.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// At reports whether the report has a finding at or above the severity that is not waived.
func (r *Report) At(s manifest.Severity) bool {
	n := r.Summary.Errors
	if s != manifest.SeverityError {
		n += r.Summary.Warnings
	}
	if s == manifest.SeverityInfo {
		n += r.Summary.Infos
	}
	return n > 0
}

// judge counts the findings and derives the verdict.
func (r *Report) judge() {
	r.Summary = Summary{}
	for _, f := range r.Findings {
		switch {
		case f.Waived:
			r.Summary.Waived++
		case f.Severity == manifest.SeverityError:
			r.Summary.Errors++
		case f.Severity == manifest.SeverityWarning:
			r.Summary.Warnings++
		default:
			r.Summary.Infos++
		}
	}
	switch {
	case r.Summary.Errors > 0:
		r.Verdict = Fail
	case r.Summary.Warnings > 0:
		r.Verdict = Warn
	default:
		r.Verdict = Pass
	}
}

// measure derives what is about the whole from the tracks.
func (r *Report) measure() {
	first, end := math.Inf(1), math.Inf(-1)
	for i := range r.Tracks {
		t := &r.Tracks[i]
		if t.Type != media.Video.String() && t.Type != media.Audio.String() {
			continue
		}
		if t.FirstPTS.Known() && t.End.Known() {
			first, end = min(first, float64(t.FirstPTS)), max(end, float64(t.End))
		}
		if t.Type != media.Video.String() || t.FramesDecoded == nil {
			continue
		}
		r.Quality.Total += *t.FramesDecoded + *t.DecodeErrors
		r.Quality.Dropped += *t.DecodeErrors
		r.Quality.Corrupted += *t.FramesCorrupted + *t.DecodeErrors
	}
	r.Duration = Unknown
	if end >= first {
		r.Duration = Seconds(end - first)
	}
}

// count returns a pointer to a copy of n, for the fields of a Track.
func count[T int | int64](n T) *int64 {
	v := int64(n)
	return &v
}

// positive is count for numbers of which 0 means unknown.
func positive[T int | int64](n T) *int64 {
	if n <= 0 {
		return nil
	}
	return count(n)
}
