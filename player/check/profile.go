package check

import (
	"fmt"
	"slices"

	"mseplayer/mse/media"
	"mseplayer/mse/mime"
	"mseplayer/player/manifest"
)

// The finding codes of profiles.
const (
	codeGapTolerance     = "player.gap-tolerance"
	codeCodecUnsupported = "player.codec-unsupported"
	codeStartGap         = "player.start-gap"
)

// startSlack is what a first time stamp may be off by, in seconds.
const startSlack = 0.001

// quirk is what a family of players does with a coding format or a container that not all take. why is "" for what it takes.
type quirk struct {
	why, source string
	// device is set when it depends on the machine.
	device bool
}

// profile is what a family of players tolerates. Each number and each row has its source, which findings name.
type profile struct {
	name, title string
	// gap is the longest gap that is played over where it is more than two of the longest frames; start is the latest first
	// frame that playback begins with by itself. In seconds.
	gap, start             float64
	gapSource, startSource string
	codecs                 map[media.CodecID]quirk
	containers             map[string]quirk
}

const (
	sourceFormats = "W3C Media Source Extensions Byte Stream Format Registry and the browser tables of MDN, Media container formats"
	sourceVideo   = "browser tables of MDN, Web video codec guide"
	sourceAudio   = "browser tables of MDN, Web audio codec guide"
	sourceRanges  = "W3C Media Source Extensions, track buffer ranges: up to two of the longest frames"
	sourceStart   = "w3c/media-source#267; WebKit, MediaSource::currentTimeFudgeFactor of 2002/24000 s"
)

// What more than one of them lacks.
var (
	dolby     = quirk{why: "it has no decoder for Dolby Digital", source: sourceAudio}
	alac      = quirk{why: "it has no decoder for ALAC", source: sourceAudio}
	layer2    = quirk{why: "it has no decoder for MPEG audio layer 2", source: sourceAudio}
	transport = quirk{why: "its Media Source Extensions take no MPEG transport streams", source: sourceFormats}
)

// profiles are those that can be asked for. What strict takes, all the others take.
var profiles = []profile{
	{name: "chrome", title: "Chrome and its family", start: 1,
		gapSource:   sourceRanges + "; Chromium, SourceBufferStream: twice the longest distance between frames",
		startSource: "Chromium, SourceBufferStream: a range that begins within the first 1000 ms counts as the start",
		codecs: map[media.CodecID]quirk{
			media.AC3: dolby, media.EAC3: dolby, media.ALAC: alac, media.MP2: layer2,
			media.HEVC: {why: "it decodes HEVC only where the system does", source: sourceVideo, device: true},
		},
		containers: map[string]quirk{"mp2t": transport}},
	{name: "firefox", title: "Firefox", gap: 0.125, start: 1,
		gapSource:   "video-dev/hls.js#249: it stalls at more than 125 ms",
		startSource: "Gecko, MediaSourceDemuxer: EOS_FUZZ_START of 1 s",
		codecs: map[media.CodecID]quirk{
			media.AC3: dolby, media.EAC3: dolby, media.ALAC: alac, media.MP2: layer2,
			media.HEVC: {why: "it decodes HEVC only in late versions, and only where the system does", source: sourceVideo, device: true},
		},
		containers: map[string]quirk{"mp2t": transport}},
	{name: "safari", title: "Safari", start: 2002.0 / 24000,
		gapSource: sourceRanges, startSource: sourceStart,
		codecs: map[media.CodecID]quirk{
			media.AV1:    {why: "it decodes AV1 only on machines that have a decoder for it", source: sourceVideo, device: true},
			media.Vorbis: {why: "it plays Vorbis only in late versions", source: sourceAudio, device: true},
			media.VP8:    {why: "it plays VP8 in WebM only in late versions", source: sourceVideo, device: true},
			media.MP2:    {why: "it plays no MPEG audio layer 2 through Media Source Extensions", source: sourceAudio},
		}},
}

// strict takes what all profiles take.
func strict() profile {
	s := profile{name: "strict", title: "some of the common browsers", start: 3600, codecs: map[media.CodecID]quirk{}, containers: map[string]quirk{}}
	for _, p := range profiles {
		if s.gapSource == "" || p.gap < s.gap {
			s.gap, s.gapSource = p.gap, p.gapSource
		}
		if p.start < s.start {
			s.start, s.startSource = p.start, p.startSource
		}
		for k, q := range p.containers {
			if _, ok := s.containers[k]; !ok {
				q.why = p.title + ": " + q.why
				s.containers[k] = q
			}
		}
		for k, q := range p.codecs {
			if old, ok := s.codecs[k]; !ok || old.device && !q.device {
				q.why = p.title + ": " + q.why
				s.codecs[k] = q
			}
		}
	}
	return s
}

// Profiles are the names that Options.Profile takes.
func Profiles() []string {
	out := []string{"strict"}
	for _, p := range profiles {
		out = append(out, p.name)
	}
	return out
}

// profileOf returns the profile of a name.
func profileOf(name string) (profile, bool) {
	if name == "strict" {
		return strict(), true
	}
	i := slices.IndexFunc(profiles, func(p profile) bool { return p.name == name })
	if i < 0 {
		return profile{}, false
	}
	return profiles[i], true
}

// findings says what the players of the profile would refuse or stop at. start is when the presentation begins, unknown for
// a live one; first is the id of its first period.
func (p *profile) findings(kind string, start Seconds, first string, tracks []Track) []Finding {
	var found findings
	for i := range tracks {
		t := &tracks[i]
		if t.Type != media.Video.String() && t.Type != media.Audio.String() {
			continue
		}
		of := func(code, source, format string, args ...any) Finding {
			return Finding{Code: code, Track: Text(t.ID), Period: Text(t.Period), Representation: Text(t.Representation), Time: Unknown,
				Message: fmt.Sprintf(format, args...), Hint: Text("source: " + source), Evidence: map[string]any{"profile": p.name}}
		}
		if q, ok := p.refuses(kind, t); ok {
			f := of(codeCodecUnsupported, q.source, "%s", q.why)
			if p.name != "strict" {
				f.Message = p.title + ": " + q.why
			}
			if q.device {
				f.Severity = manifest.SeverityWarning
			}
			f.Evidence["codecs"], f.Evidence["container"] = string(t.Codecs), t.Container
			found.add(f)
		}
		for k := 1; k < len(t.Buffered); k++ {
			from, to := t.Buffered[k-1][1], t.Buffered[k][0]
			if float64(to-from) <= p.gap {
				continue
			}
			f := of(codeGapTolerance, p.gapSource, "%s would stop at %s, where %.0f ms are missing, unless the page jumps over them", p.title, clock(from), 1000*float64(to-from))
			f.Time, f.Evidence["gapMs"] = from, millis(float64(to-from))
			if p.gap > 0 {
				f.Evidence["toleranceMs"] = millis(p.gap)
			}
			found.add(f)
		}
		if late := float64(t.FirstPTS - start); t.Period == first && t.FirstPTS.Known() && start.Known() && late > p.start+startSlack {
			f := of(codeStartGap, p.startSource, "%s would not begin by itself: the first frame is %.0f ms after the start", p.title, 1000*late)
			f.Time, f.Evidence["offsetMs"], f.Evidence["toleranceMs"] = start, millis(late), millis(p.start)
			found.add(f)
		}
	}
	return found.all()
}

// refuses reports whether the players of the profile do not take a track. Playlists are played by pages that put another
// container around the same streams, so there the format counts alone.
func (p *profile) refuses(kind string, t *Track) (quirk, bool) {
	if kind != manifest.HLS.String() {
		if q, ok := p.containers[t.Container]; ok {
			return q, true
		}
		if t.Container == otherContainer {
			return quirk{why: "Media Source Extensions have no byte stream format for this container", source: "W3C Media Source Extensions Byte Stream Format Registry"}, true
		}
	}
	list, err := mime.ParseCodecs(string(t.Codecs))
	if err != nil {
		return quirk{}, false
	}
	for _, c := range list {
		if q, ok := p.codecs[c.ID]; ok {
			return q, true
		}
		if c.ID == "" {
			return quirk{why: "no browser has a decoder for " + c.String, source: sourceVideo + "; " + sourceAudio}, true
		}
	}
	return quirk{}, false
}
