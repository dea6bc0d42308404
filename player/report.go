package player

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"mseplayer/mse/media"
	"mseplayer/player/abr"
	"mseplayer/player/fetch"
	"mseplayer/player/stream"
)

// Seconds is a time or a length in the report, or a ratio of two: a JSON number with at least six decimals where it is not whole, null
// when it is not known.
type Seconds float64

// Unknown is the Seconds that nobody knows.
var Unknown = Seconds(math.NaN())

// MarshalJSON implements json.Marshaler.
func (s Seconds) MarshalJSON() ([]byte, error) {
	f := float64(s)
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return []byte("null"), nil
	case f == math.Trunc(f) && math.Abs(f) < 1e15:
		return strconv.AppendFloat(nil, f, 'f', 1, 64), nil
	}
	return strconv.AppendFloat(nil, f, 'f', 6, 64), nil
}

// Millis is a length in milliseconds, with microseconds as decimals; null when it is not known.
type Millis float64

// MarshalJSON implements json.Marshaler.
func (m Millis) MarshalJSON() ([]byte, error) {
	f := float64(m)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, math.Round(f*1000)/1000, 'f', -1, 64), nil
}

// Report is the playback report. Its JSON form is fixed: other people's scripts read it.
type Report struct {
	Schema     string        `json:"schema"`
	Source     string        `json:"source"`
	Ended      bool          `json:"ended"`
	Error      *string       `json:"error"`
	Position   Seconds       `json:"position"`
	Speed      Seconds       `json:"playbackRate"`
	Duration   Seconds       `json:"duration"`
	WallTime   Seconds       `json:"wallTime"`
	Quality    QualityReport `json:"videoPlaybackQuality"`
	Frames     FrameReport   `json:"frames"`
	Audio      AudioReport   `json:"audio"`
	Sync       SyncReport    `json:"sync"`
	Startup    StartupReport `json:"startup"`
	Seeks      []SeekReport  `json:"seeks"`
	Stalls     []StallReport `json:"stalls"`
	GapsJumped []GapReport   `json:"gapsJumped"`
	Lost       []LossReport  `json:"lost"`
	Live       *LiveReport   `json:"live"`
	Switches   []Switch      `json:"switches"`
	// Decisions are the latest ones about representations, with all that they were made from.
	Decisions []Decision    `json:"decisions"`
	Buffered  [][2]Seconds  `json:"buffered"`
	Seekable  [][2]Seconds  `json:"seekable"`
	Requests  Requests      `json:"requests"`
	Events    []EventReport `json:"events"`
	// Timed are the events that manifest and media name, in order of time; the earliest are dropped when there are too many.
	Timed      []TimedReport `json:"timedEvents"`
	Memory     MemoryReport  `json:"memory"`
	Video      *TrackReport  `json:"video"`
	AudioTrack *TrackReport  `json:"audioTrack"`
}

// QualityReport is VideoPlaybackQuality.
type QualityReport struct {
	CreationTime Millis `json:"creationTime"`
	Total        uint64 `json:"totalVideoFrames"`
	Dropped      uint64 `json:"droppedVideoFrames"`
	Corrupted    uint64 `json:"corruptedVideoFrames"`
}

// FrameReport tells the counts behind it apart.
type FrameReport struct {
	Decoded           uint64 `json:"decoded"`
	Presented         uint64 `json:"presented"`
	CadenceSkipped    uint64 `json:"cadenceSkipped"`
	Late              uint64 `json:"late"`
	SkippedToKeyframe uint64 `json:"skippedToKeyframe"`
	Hidden            uint64 `json:"hidden"`
	DecodeErrors      uint64 `json:"decodeErrors"`
	DecodeOnly        uint64 `json:"decodeOnly"`
	Flushed           uint64 `json:"flushed"`
}

// AudioReport is what the sound device did, in samples per channel at its own rate.
type AudioReport struct {
	SamplesPlayed uint64  `json:"samplesPlayed"`
	SilentFrames  uint64  `json:"silentFrames"`
	Underruns     uint64  `json:"underruns"`
	Device        *string `json:"device"`
}

// SyncReport is how far pictures were from the time at which the sound of theirs was heard.
type SyncReport struct {
	Mean Millis `json:"avOffsetMeanMs"`
	P95  Millis `json:"avOffsetP95Ms"`
	Max  Millis `json:"avOffsetMaxMs"`
}

// StartupReport says when things were ready, in milliseconds since the player was created.
type StartupReport struct {
	Manifest     Millis `json:"manifestMs"`
	FirstSegment Millis `json:"firstSegmentMs"`
	FirstFrame   Millis `json:"firstFrameMs"`
	FirstSound   Millis `json:"firstSoundMs"`
}

// SeekReport is one completed seek.
type SeekReport struct {
	Target  Seconds `json:"target"`
	Landed  Seconds `json:"landed"`
	Latency Millis  `json:"latencyMs"`
}

// StallReport is one interruption for want of data.
type StallReport struct {
	At       Seconds `json:"at"`
	Duration Millis  `json:"durationMs"`
}

// GapReport is one hole in the media that playback was helped over.
type GapReport struct {
	From Seconds `json:"from"`
	To   Seconds `json:"to"`
}

// LossReport is media that could not be had and was left out.
type LossReport struct {
	From   Seconds `json:"from"`
	To     Seconds `json:"to"`
	Kind   string  `json:"kind"`
	Track  string  `json:"track"`
	URL    *string `json:"url"`
	Reason string  `json:"reason"`
}

// LiveReport is how live playback is, null for a presentation that is complete.
type LiveReport struct {
	// Latency is the distance from the live edge, Target the one that is kept to.
	Latency Seconds `json:"latency"`
	Target  Seconds `json:"target"`
	// ClockOffset is what the server's clock shows more than the local one, ClockSource the scheme by which that was
	// learnt, null when the local clock is believed.
	ClockOffset Seconds `json:"clockOffset"`
	ClockSource *string `json:"clockSource"`
}

// Switch is one change of representation.
type Switch struct {
	At     Seconds `json:"at"`
	Kind   string  `json:"kind"`
	From   string  `json:"from"`
	To     string  `json:"to"`
	Reason string  `json:"reason"`
}

// Decision is one decision about the representation of one kind of track.
type Decision struct {
	Track string `json:"track"`
	abr.Decision
}

// Requests are the totals of fetching.
type Requests struct {
	Count   int   `json:"count"`
	Bytes   int64 `json:"bytes"`
	Failed  int   `json:"failed"`
	Retried int   `json:"retried"`
}

// EventReport is one event of the media element.
type EventReport struct {
	T    Seconds `json:"t"`
	Type string  `json:"type"`
}

// TimedReport is one timed event. Data is text where it is some, else base64, which Encoding then says. Reached is whether
// the playhead has come to it.
type TimedReport struct {
	Start    Seconds `json:"start"`
	Duration Seconds `json:"duration"`
	Scheme   string  `json:"scheme"`
	Value    string  `json:"value"`
	ID       string  `json:"id"`
	Data     string  `json:"data"`
	Encoding string  `json:"encoding,omitempty"`
	Reached  bool    `json:"reached"`
}

// newTimedReport describes an event.
func newTimedReport(x stream.TimedEvent) TimedReport {
	r := TimedReport{Start: Seconds(x.Start), Duration: Unknown, Scheme: x.Scheme, Value: x.Value, ID: x.ID, Data: string(x.Data), Reached: x.Reached}
	if x.Duration.Set {
		r.Duration = Seconds(x.Duration.T)
	}
	binary := func(c rune) bool { return c < ' ' && c != '\t' && c != '\n' && c != '\r' }
	if !utf8.Valid(x.Data) || bytes.ContainsFunc(x.Data, binary) {
		r.Data, r.Encoding = base64.StdEncoding.EncodeToString(x.Data), "base64"
	}
	return r
}

// MemoryReport is what the process needed; it is filled in by who knows the process.
type MemoryReport struct {
	PeakRSS *int64 `json:"peakRssBytes"`
}

// TrackReport is what is decoded.
type TrackReport struct {
	Representation *string `json:"representation"`
	Codec          string  `json:"codec"`
	Codecs         *string `json:"codecs"`
	Width          *int    `json:"width,omitempty"`
	Height         *int    `json:"height,omitempty"`
	SampleRate     *int    `json:"sampleRate,omitempty"`
	Channels       *int    `json:"channels,omitempty"`
}

// AudioStats is what the report wants to know of the sound device.
type AudioStats struct {
	SamplesPlayed, SilentFrames, Underruns uint64
	FirstSound                             time.Time
	Device                                 string
}

// Report sums up playback so far. audio is what the sound device counted since playback began, nil without one.
func (p *Player) Report(audio *AudioStats) Report {
	now := time.Now()
	s := p.el.State()
	er := p.el.Report()
	q := p.el.Quality()
	p.mu.Lock()
	opened, src, engine, prog, feeds, switched := p.opened, p.src, p.engine, p.prog, p.feeds, slices.Clone(p.switched)
	p.mu.Unlock()
	r := Report{
		Schema:   "mseplayer.playback/1",
		Ended:    s.Ended,
		Position: Seconds(s.CurrentTime),
		Speed:    Seconds(s.PlaybackRate),
		Duration: Unknown,
		WallTime: Seconds(now.Sub(p.created).Seconds()),
		Quality:  QualityReport{Millis(q.CreationTime), q.Total, q.Dropped, q.Corrupted},
		Frames: FrameReport{Decoded: q.Decoded, Presented: q.Presented, CadenceSkipped: q.CadenceSkipped, Late: q.Late,
			SkippedToKeyframe: q.SkippedToKeyframe, Hidden: q.Hidden, DecodeErrors: q.DecodeErrors, DecodeOnly: q.DecodeOnly, Flushed: q.Flushed},
		Sync:    SyncReport{Millis(math.NaN()), Millis(math.NaN()), Millis(math.NaN())},
		Startup: StartupReport{p.since(opened), Millis(math.NaN()), p.since(er.FirstFrame), Millis(math.NaN())},
		Seeks:   []SeekReport{}, Stalls: []StallReport{}, GapsJumped: []GapReport{}, Lost: []LossReport{}, Switches: []Switch{}, Decisions: []Decision{}, Events: []EventReport{}, Timed: []TimedReport{},
		Buffered: pairs(s.Buffered), Seekable: pairs(s.Seekable),
	}
	if src != nil {
		r.Source = fetch.Redact(src.Name)
	}
	if err := p.Err(); err != nil {
		r.Error = text(err.Error())
	}
	if s.DurationKnown {
		r.Duration = Seconds(s.Duration)
	}
	if q.Offset.Count > 0 {
		r.Sync = SyncReport{millis(q.Offset.Mean), millis(q.Offset.P95), millis(q.Offset.Max)}
	}
	if audio != nil {
		r.Audio = AudioReport{audio.SamplesPlayed, audio.SilentFrames, audio.Underruns, &audio.Device}
		r.Startup.FirstSound = p.since(audio.FirstSound)
	}
	for _, x := range er.Seeks {
		r.Seeks = append(r.Seeks, SeekReport{Seconds(x.Target), Seconds(x.Landed), Millis(x.Latency.Seconds() * 1000)})
	}
	for _, x := range er.Stalls {
		r.Stalls = append(r.Stalls, StallReport{Seconds(x.At), Millis(x.Duration.Seconds() * 1000)})
	}
	for _, x := range er.Events {
		r.Events = append(r.Events, EventReport{Seconds(x.At), x.Type})
	}
	if engine != nil {
		r.Startup.FirstSegment = p.since(engine.FirstSegment())
		for _, g := range engine.Gaps() {
			r.GapsJumped = append(r.GapsJumped, GapReport{Seconds(g.From), Seconds(g.To)})
		}
	}
	if prog != nil {
		for _, x := range prog.TimedEvents() {
			r.Timed = append(r.Timed, newTimedReport(x))
		}
		for _, l := range prog.Lost() {
			r.Lost = append(r.Lost, LossReport{Seconds(l.From), Seconds(l.To), l.Kind.String(), l.Track, text(l.URL), l.Reason})
		}
		if l := prog.Latency(); l.Live {
			skew := prog.Skew()
			r.Live = &LiveReport{Seconds(l.Is), Seconds(l.Target), Seconds(skew.Offset.Seconds()), text(skew.Scheme)}
		}
	}
	for _, f := range feeds {
		r.Switches = append(r.Switches, switches(f.Uses())...)
		for _, d := range f.Decisions() {
			r.Decisions = append(r.Decisions, Decision{f.Kind().String(), d})
		}
	}
	r.Switches = append(r.Switches, switched...)
	if p.dep.Fetch != nil {
		st := p.dep.Fetch.Stats()
		r.Requests = Requests{st.Count, st.Bytes, st.Failed, st.Retried}
	}
	r.Video, r.AudioTrack = p.tracks(s.Video.Config, s.Audio.Config, feeds)
	return r
}

// since is a moment in milliseconds since the player was created.
func (p *Player) since(t time.Time) Millis {
	if t.IsZero() {
		return Millis(math.NaN())
	}
	return Millis(t.Sub(p.created).Seconds() * 1000)
}

func millis(d media.Span) Millis { return Millis(float64(d) * 1000) }

func pairs(r media.Ranges) [][2]Seconds {
	out := make([][2]Seconds, len(r))
	for i, x := range r {
		out[i] = [2]Seconds{Seconds(x.Start), Seconds(x.End)}
	}
	return out
}

// switches lists the changes among the representations that a feed used.
func switches(uses []stream.Use) (out []Switch) {
	for i := 1; i < len(uses); i++ {
		from, to := uses[i-1], uses[i]
		if from.Rep.ID == to.Rep.ID && from.Rep.TrackID == to.Rep.TrackID {
			continue
		}
		why := to.Reason
		if why == "" {
			why = "next period"
		}
		out = append(out, Switch{Seconds(to.At), to.Kind.String(), from.Rep.ID, to.Rep.ID, why})
	}
	return out
}

// tracks describes what is being decoded.
func (p *Player) tracks(video, audio *media.DecoderConfig, feeds []*stream.Segments) (v, a *TrackReport) {
	rep := func(kind media.Kind) *string {
		for _, f := range feeds {
			if u := f.Uses(); len(u) > 0 && media.Kind(u[len(u)-1].Kind) == kind {
				return &u[len(u)-1].Rep.ID
			}
		}
		return nil
	}
	if c := video; c != nil {
		v = &TrackReport{Representation: rep(media.Video), Codec: string(c.Codec), Codecs: text(c.CodecString), Width: &c.Width, Height: &c.Height}
	}
	if c := audio; c != nil {
		a = &TrackReport{Representation: rep(media.Audio), Codec: string(c.Codec), Codecs: text(c.CodecString), SampleRate: &c.SampleRate, Channels: &c.Channels}
	}
	return v, a
}

// text is s, or nil when it says nothing.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// JSON gives the report as one indented JSON document with a line feed at its end.
func (r Report) JSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	err := enc.Encode(r)
	return b.Bytes(), err
}
