package check

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"mseplayer/player/manifest"
)

// The finding codes besides those of package manifest.
const (
	codeTimelineGap = "manifest.timeline-gap"
	codeTimelineLap = "manifest.timeline-overlap"
	codeResolution  = "manifest.resolution-mismatch"
	codeMissing     = "segment.missing"
	codeInitMissing = "segment.init-missing"
	codeEmpty       = "segment.empty"
	codeTruncated   = "segment.truncated"
	codeNotMedia    = "segment.not-media"
	codeMalformed   = "segment.malformed"
	codeNoRAP       = "segment.no-random-access"
	codeGap         = "timing.gap"
	codeStartOffset = "timing.start-offset"
	codePeriodGap   = "timing.period-gap"
	codeDecodeError = "decode.error"

	codeTimescale    = "manifest.timescale-mismatch"
	codeFrameRate    = "manifest.framerate-mismatch"
	codeAudio        = "manifest.audio-mismatch"
	codeBandwidth    = "manifest.bandwidth-exceeded"
	codeSAR          = "manifest.sar-mismatch"
	codeColor        = "manifest.color-mismatch"
	codeType         = "manifest.mimetype-mismatch"
	codeInitMismatch = "segment.init-mismatch"
	codeConfig       = "segment.config-mismatch"
	codeAVOffset     = "timing.av-offset"
	codeEnd          = "timing.end-mismatch"
	codeEvent        = "timing.event"
	codeEditList     = "timing.edit-list"
	codeMisaligned   = "switching.misaligned-keyframes"
	codeOpenGOP      = "switching.open-gop"
	codeDuplicate    = "segment.duplicate"
	codeOutOfOrder   = "segment.out-of-order"
	codeDeviates     = "segment.duration-deviates"
	codeTimeline     = "segment.timeline-mismatch"
	codeSidx         = "segment.sidx-mismatch"
	codeSparse       = "segment.sparse-random-access"
	codeOverlap      = "timing.overlap"
	codeReset        = "timing.reset"
	codeDrift        = "timing.drift"
	codeDTS          = "timing.non-monotonic-dts"
	codePTS          = "timing.pts-before-dts"
	codeSamePTS      = "timing.duplicate-pts"

	codeCorrupt     = "decode.corrupt-frames"
	codeUnsupported = "decode.unsupported"

	codeParameterChange = "decode.parameter-change"

	codeKeyMissing    = "drm.key-missing"
	codeWrongKey      = "drm.wrong-key"
	codeNetworkFailed = "network.failed"

	codeTextUnreadable = "text.unreadable"
	codeTextEmpty      = "text.empty"
	codeTextOutside    = "text.outside-timeline"

	codeUnsupportedSystem = "drm.unsupported-system"

	// of checks that go deep
	codeAfterSwitch  = "switching.corrupt-after-switch"
	codeBlack        = "content.black"
	codeFreeze       = "content.freeze"
	codeSilence      = "content.silence"
	codeClipping     = "content.clipping"
	codeLoudness     = "content.loudness"
	codeLoudnessJump = "content.loudness-jump"
	codeInterlaced   = "content.interlaced"
	codeFieldOrder   = "content.field-order"
	codeLetterbox    = "content.letterbox"
	codeLanguage     = "content.language"

	// of checks with a reference
	codeMisfit    = "reference.misfit"
	codeInversion = "reference.quality-inversion"

	// of live presentations
	codeUpdateStale       = "manifest.update-stale"
	codeUpdateChanged     = "manifest.update-changed"
	codeUpdatePatch       = "manifest.update-patch"
	codePublishTime       = "live.publish-time"
	codeNotUpdated        = "live.not-updated"
	codeSequenceBack      = "live.sequence-back"
	codeSequenceJump      = "live.sequence-jump"
	codeDiscontinuityJump = "live.discontinuity-jump"
	codeSegmentChanged    = "live.segment-changed"
)

// Rule is one kind of finding. Severity is the usual one; a finding says its own.
type Rule struct {
	Code     string
	Severity manifest.Severity
	Summary  string
}

// rules lists all codes that a check can give, by area in the order in which a source is looked at.
var rules = []Rule{
	{manifest.CodeUnreadable, manifest.SeverityError, "the manifest is cut off, not well-formed or no manifest at all"},
	{manifest.CodeInvalid, manifest.SeverityWarning, "the manifest breaks a rule of its format"},
	{manifest.CodeUnknownEssential, manifest.SeverityWarning, "an essential property is of a scheme that the player does not know"},
	{manifest.CodeDurationMismatch, manifest.SeverityWarning, "the declared duration is not that of the periods, the segments or the media"},
	{manifest.CodeZeroDuration, manifest.SeverityError, "a period or a segment is declared to last no time"},
	{manifest.CodeCodecsMismatch, manifest.SeverityWarning, "the codecs string does not agree with what the media says of itself"},
	{manifest.CodeCodecUnsupported, manifest.SeverityError, "the codecs string names a format that no decoder takes, or none at all"},
	{codeTimelineGap, manifest.SeverityWarning, "the segments that the manifest lists leave a gap"},
	{codeTimelineLap, manifest.SeverityWarning, "segments that the manifest lists overlap"},
	{codeTimescale, manifest.SeverityError, "the segments are longer or shorter than the manifest says, all by the same factor"},
	{codeResolution, manifest.SeverityWarning, "the declared width or height is not that of the pictures"},
	{codeFrameRate, manifest.SeverityWarning, "the declared frame rate is not that of the pictures"},
	{codeSAR, manifest.SeverityWarning, "the declared sample aspect ratio is not that of the pictures"},
	{codeColor, manifest.SeverityWarning, "the colour that the manifest or the container announces is not that of the pictures"},
	{codeAudio, manifest.SeverityWarning, "the declared sampling rate or number of channels is not that of the sound"},
	{codeType, manifest.SeverityError, "the media is not of the type that the manifest says"},
	{codeBandwidth, manifest.SeverityWarning, "a representation needs more than its declared bandwidth"},
	{manifest.CodeLimits, manifest.SeverityError, "there is more of something than the player accepts"},
	{codeUpdateStale, manifest.SeverityWarning, "an older version of a manifest came after a later one"},
	{codeUpdateChanged, manifest.SeverityWarning, "a later version of a manifest says something else about what had been there before"},
	{codeUpdatePatch, manifest.SeverityInfo, "the patch for a manifest could not be used, so the whole was fetched"},
	{codePublishTime, manifest.SeverityWarning, "the manifest has changed, but not when it says that it was published"},
	{codeNotUpdated, manifest.SeverityWarning, "a playlist that grows has not been updated within one and a half target durations"},
	{codeSequenceBack, manifest.SeverityError, "the media sequence number of a playlist goes back"},
	{codeSequenceJump, manifest.SeverityError, "the media sequence number of a playlist jumps over segments that nobody has seen"},
	{codeDiscontinuityJump, manifest.SeverityError, "the discontinuity sequence number of a playlist does not count the discontinuities that have gone"},
	{codeSegmentChanged, manifest.SeverityError, "a playlist lists something else under a number than before"},
	{manifest.CodeTargetDuration, manifest.SeverityError, "segments of a playlist are longer than its target duration"},
	{codePlaylistVersion, manifest.SeverityWarning, "a playlist uses what its EXT-X-VERSION does not have"},
	{codeDateDrift, manifest.SeverityWarning, "the dates of segments do not agree with their lengths"},
	{codeDiscontinuities, manifest.SeverityError, "the playlists of a presentation have different discontinuities"},
	{codePeakBandwidth, manifest.SeverityWarning, "BANDWIDTH is off the measured peak by more than a tenth"},
	{codeMeanBandwidth, manifest.SeverityWarning, "AVERAGE-BANDWIDTH is off the measured mean by more than a tenth"},
	{codeIFrames, manifest.SeverityWarning, "there is no I-frame playlist, or it does not list all"},
	{codeIndependent, manifest.SeverityError, "segments depend on others though EXT-X-INDEPENDENT-SEGMENTS says that none does"},
	{codeKeyRotation, manifest.SeverityWarning, "a key comes back with an IV that it has been used with"},
	{codeMissing, manifest.SeverityError, "a media segment does not exist"},
	{codeInitMissing, manifest.SeverityError, "an initialization segment does not exist"},
	{codeInitMismatch, manifest.SeverityError, "an initialization segment is not for the media segments"},
	{codeConfig, manifest.SeverityWarning, "the decoder configuration outside of the media does not agree with the parameter sets in it"},
	{codeEmpty, manifest.SeverityError, "a segment has no bytes, or no frames, or a track of a file has none"},
	{codeTruncated, manifest.SeverityError, "a segment ends too early"},
	{codeNotMedia, manifest.SeverityError, "something else than media came where a segment was expected"},
	{codeMalformed, manifest.SeverityError, "the structure of a segment is broken"},
	{codeNoRAP, manifest.SeverityWarning, "decoding cannot begin with a segment, or not with its first frame"},
	{codeDuplicate, manifest.SeverityError, "a segment is a copy of another one"},
	{codeOutOfOrder, manifest.SeverityError, "a segment holds the media that belongs in the place of another one"},
	{codeTimeline, manifest.SeverityError, "the media of a segment is not at the time that the manifest says"},
	{codeSidx, manifest.SeverityError, "a segment index does not agree with the media"},
	{codeDeviates, manifest.SeverityWarning, "a segment is longer or shorter than the manifest says"},
	{codeSparse, manifest.SeverityWarning, "random access points are far apart"},
	{codeOverlap, manifest.SeverityError, "two segments of a track are presented at the same time in part"},
	{codeReset, manifest.SeverityError, "the times of a track jump back and go on from there"},
	{codeDrift, manifest.SeverityWarning, "the times of a track drift away from the manifest, or sound away from its own length"},
	{codeDTS, manifest.SeverityError, "decode times go back"},
	{codePTS, manifest.SeverityError, "a frame is to be presented before it is to be decoded"},
	{codeSamePTS, manifest.SeverityWarning, "two pictures of a track are to be presented at the same time"},
	{codeGap, manifest.SeverityError, "there is no media for a stretch of time within a track"},
	{codeStartOffset, manifest.SeverityWarning, "a track begins noticeably later than its period"},
	{codeAVOffset, manifest.SeverityWarning, "sound and pictures of a period do not begin together"},
	{codeEnd, manifest.SeverityWarning, "sound and pictures of a period do not end together"},
	{codeEvent, manifest.SeverityWarning, "an event in the media is at a time that no player can act on"},
	{codeEditList, manifest.SeverityWarning, "an edit list says more than players do in fragmented media"},
	{codeMisaligned, manifest.SeverityWarning, "the segments of representations do not begin with key frames at the same times"},
	{codeOpenGOP, manifest.SeverityInfo, "segments begin with pictures that need the segment before"},
	{codePeriodGap, manifest.SeverityWarning, "the media of a period ends noticeably before the next period begins"},
	{codeDecodeError, manifest.SeverityError, "the decoder rejected coded frames"},
	{codeCorrupt, manifest.SeverityError, "the decoder flagged pictures or sound as damaged"},
	{codeUnsupported, manifest.SeverityWarning, "there is no parser or no decoder for a track, so it was not decoded"},
	{codeParameterChange, manifest.SeverityWarning, "the size, the profile or the format of what is coded changes within a track"},
	{codeAfterSwitch, manifest.SeverityError, "pictures are damaged or missing after a switch between representations (--deep)"},
	{codeBlack, manifest.SeverityWarning, "the picture is black for two seconds or more (--deep)"},
	{codeFreeze, manifest.SeverityWarning, "the picture stands still for two seconds or more (--deep)"},
	{codeSilence, manifest.SeverityWarning, "there is nothing to be heard for two seconds or more (--deep)"},
	{codeClipping, manifest.SeverityWarning, "sound is cut off at full scale (--deep)"},
	{codeLoudness, manifest.SeverityInfo, "the loudness or the true peak is far from what is usual (--deep)"},
	{codeLoudnessJump, manifest.SeverityWarning, "renditions or periods differ in loudness (--deep)"},
	{codeInterlaced, manifest.SeverityWarning, "pictures consist of two fields, or are said to and do not (--deep)"},
	{codeFieldOrder, manifest.SeverityWarning, "the fields of a picture come in the other order than the bitstream says (--deep)"},
	{codeLetterbox, manifest.SeverityInfo, "there are black bars around the picture (--deep)"},
	{codeLanguage, manifest.SeverityWarning, "the language that the manifest says is not that of the media, or is missing (--deep)"},
	{codeMisfit, manifest.SeverityWarning, "the pictures do not go together with the reference: length, times, shape, light or content (--reference)"},
	{codeInversion, manifest.SeverityWarning, "pictures are less like the reference than those of a representation with fewer bits (--reference)"},
	{codeKeyMissing, manifest.SeverityWarning, "a track is encrypted and its key is not known, so it was not decoded"},
	{codeWrongKey, manifest.SeverityError, "what was decrypted with a key that was given is no media"},
	{codeUnsupportedSystem, manifest.SeverityWarning, "the key is to be had from a protection system only that the player does not do"},
	{codeTextUnreadable, manifest.SeverityError, "subtitles are not of the format that they should be"},
	{codeTextEmpty, manifest.SeverityWarning, "a track of subtitles has none"},
	{codeTextOutside, manifest.SeverityWarning, "subtitles lie outside of their segment, of their period or of the media"},
	{codeNetworkFailed, manifest.SeverityError, "the network, the server or the disk failed to deliver"},
	{codeGapTolerance, manifest.SeverityError, "with --profile: these browsers would stop at a gap"},
	{codeCodecUnsupported, manifest.SeverityError, "with --profile: these browsers have no decoder for a track, or take no such container"},
	{codeStartGap, manifest.SeverityError, "with --profile: these browsers would wait for media at the start for ever"},
}

// Rules returns all rules, in the order of the areas that a check goes through.
func Rules() []Rule { return slices.Clone(rules) }

// ruleOf returns the rule of a code; one that is unknown is an error.
func ruleOf(code string) Rule {
	i := slices.IndexFunc(rules, func(r Rule) bool { return r.Code == code })
	if i < 0 {
		return Rule{Code: code, Severity: manifest.SeverityError}
	}
	return rules[i]
}

// maxPerRule bounds the findings of one rule about one representation. The rest is counted.
const maxPerRule = 20

// findings collects what is found about one representation. The zero value is ready.
type findings struct {
	list  []Finding
	given map[string]int
}

// add appends f, with the severity of its rule unless it has one.
func (fs *findings) add(f Finding) {
	if f.Severity == "" {
		f.Severity = ruleOf(f.Code).Severity
	}
	if f.Evidence == nil {
		f.Evidence = map[string]any{}
	}
	if fs.given == nil {
		fs.given = map[string]int{}
	}
	if fs.given[f.Code]++; fs.given[f.Code] <= maxPerRule {
		fs.list = append(fs.list, f)
	}
}

// all returns what was collected. The last finding of a rule that met its bound says how many more there were.
func (fs *findings) all() []Finding {
	for code, n := range fs.given {
		if n <= maxPerRule {
			continue
		}
		last := 0
		for i := range fs.list {
			if fs.list[i].Code == code {
				last = i
			}
		}
		fs.list[last].Evidence["notListed"] = n - maxPerRule
	}
	return fs.list
}

// millis is a length as evidence: milliseconds with microseconds as decimals.
func millis(seconds float64) float64 { return math.Round(seconds*1e6) / 1e3 }

// Waiver says that findings of a rule do not count until a day has passed.
type Waiver struct {
	// Code is a rule, Track the track that the finding must be about, "" for every one.
	Code, Track string
	// Until is the last day on which the waiver holds, in UTC; the zero value is for ever.
	Until time.Time
}

// ParseWaiver reads CODE[@TRACK][:YYYY-MM-DD].
func ParseWaiver(s string) (Waiver, error) {
	var w Waiver
	rest := strings.TrimSpace(s)
	if i := strings.LastIndexByte(rest, ':'); i >= 0 {
		day, err := time.Parse(time.DateOnly, rest[i+1:])
		switch {
		case err == nil:
			w.Until, rest = day, rest[:i]
		case !strings.Contains(rest, "@") || looksLikeDate(rest[i+1:]):
			return w, fmt.Errorf("%q is no date of the form YYYY-MM-DD", rest[i+1:])
		}
	}
	w.Code, w.Track, _ = strings.Cut(rest, "@")
	if !slices.ContainsFunc(rules, func(r Rule) bool { return r.Code == w.Code }) {
		return w, fmt.Errorf("%q is no finding code; check --list-rules lists them", w.Code)
	}
	return w, nil
}

// looksLikeDate reports whether s can only be meant as a date: a track id may hold a colon as well.
func looksLikeDate(s string) bool {
	return s != "" && strings.Trim(s, "0123456789-") == "" && strings.Contains(s, "-")
}

// covers reports whether the waiver is for f.
func (w Waiver) covers(f *Finding, now time.Time) bool {
	if w.Code != f.Code || w.Track != "" && w.Track != string(f.Track) && w.Track != string(f.Representation) {
		return false
	}
	return w.Until.IsZero() || now.Before(w.Until.AddDate(0, 0, 1))
}
