package mime

import (
	"fmt"
	"slices"
	"strings"

	"mseplayer/mse/media"
)

// Container is a byte stream format of the registry.
type Container uint8

// The byte stream formats.
const (
	ISOBMFF Container = iota + 1
	WebM
	MP2T
	MPEGAudio
	ADTS
	AC3 // AC-3 and E-AC-3
)

// String names the format as a person would.
func (c Container) String() string {
	if int(c) < len(formats) && c > 0 {
		return formats[c].name
	}
	return "unknown container"
}

// GenerateTimestamps is the registry's flag of that name: frames carry no times of their own.
// MSE byte stream format registry.
func (c Container) GenerateTimestamps() bool { return c == MPEGAudio || c == ADTS || c == AC3 }

// codecsRule says whether a type must, may or must not have a codecs parameter.
type codecsRule uint8

const (
	codecsOptional codecsRule = iota
	codecsRequired
	codecsForbidden
)

type format struct {
	name   string
	codecs codecsRule
	// carries lists, by lower-case family, the codecs that the format's binding defines and that its parser knows.
	carries string
}

// formats is indexed by Container.
var formats = [...]format{
	ISOBMFF: {"MP4 (ISO BMFF)", codecsOptional, "avc1 avc2 avc3 avc4 hvc1 hev1 vp08 vp09 av01 mp4v vvc1 vvi1 " +
		"dvh1 dvhe dva1 dvav dav1 mp4a mp3 .mp3 ac-3 ec-3 opus flac alac dtsc dtse dtsh dtsl dtsx mlpa wvtt stpp stxt tx3g " +
		"c608 c708 lvc1 mha1 mha2 mhm1 mhm2 ac-4 iamf evc1 svc1 svc2 mvc1 mvc2 lhv1 lhe1"},
	WebM:      {"WebM", codecsRequired, "vp8 vp9 vp08 vp09 av01 vorbis opus"},
	MP2T:      {"MPEG-2 transport stream", codecsOptional, "avc1 avc3 hvc1 hev1 mp4a mp3 mp2 mp2a ac-3 ec-3 opus"},
	MPEGAudio: {"MPEG audio", codecsForbidden, ""},
	ADTS:      {"AAC (ADTS)", codecsForbidden, ""},
	AC3:       {"AC-3", codecsForbidden, ""},
}

// essence is one row of the registry.
type essence struct {
	container Container
	// kinds are the kinds of codec the type may list.
	kinds []media.Kind
	// implied is the coding format of types without a codecs parameter, "" where the media tells.
	implied media.CodecID
}

var (
	audioOnly = []media.Kind{media.Audio}
	textOnly  = []media.Kind{media.Text}
	allKinds  = []media.Kind{media.Video, media.Audio, media.Text}
)

// registry holds the MIME types of the byte stream format registry, application/mp4 for text tracks, and the two kinds of
// packed audio that HLS has besides those of the registry (RFC 8216 §3.4; types of RFC 4184 and RFC 4598).
var registry = map[string]essence{
	"video/mp4":       {ISOBMFF, allKinds, ""},
	"audio/mp4":       {ISOBMFF, audioOnly, ""},
	"application/mp4": {ISOBMFF, textOnly, ""},
	"video/webm":      {WebM, allKinds, ""},
	"audio/webm":      {WebM, audioOnly, ""},
	"video/mp2t":      {MP2T, allKinds, ""},
	"audio/mp2t":      {MP2T, audioOnly, ""},
	"audio/mpeg":      {MPEGAudio, audioOnly, media.MP3},
	"audio/aac":       {ADTS, audioOnly, media.AAC},
	"audio/ac3":       {AC3, audioOnly, media.AC3},
	"audio/eac3":      {AC3, audioOnly, media.EAC3},
}

// ContainerOf returns the byte stream format that a type's essence names ("video/mp4"), given in lower case.
func ContainerOf(essence string) (Container, bool) {
	e, ok := registry[essence]
	return e.container, ok
}

// Support is what a program can play: the byte stream formats it has a parser for, and its decoders. The zero
// value supports nothing.
type Support struct {
	// Containers are the formats with a parser.
	Containers []Container
	// Decodes reports whether a coding format has a decoder. Nil means that all have.
	Decodes func(media.CodecID) bool
}

// IsTypeSupported decides whether media of that type can be appended and decoded, and if not, why, in a phrase
// such as "no decoder for vp9". A type whose format does not need a codecs parameter is supported without one.
// MSE: dom-mediasource-istypesupported.
func (s *Support) IsTypeSupported(typ string) (ok bool, reason string) {
	t, e, reason := s.container(typ)
	if reason != "" {
		return false, reason
	}
	f := formats[e.container]
	switch {
	case f.codecs == codecsForbidden && paramPresent(t):
		return false, fmt.Sprintf("%s takes no codecs parameter", t.Essence())
	case f.codecs == codecsRequired && !t.HasCodecs:
		return false, fmt.Sprintf("%s needs a codecs parameter", t.Essence())
	case e.implied != "" && !s.decodes(e.implied):
		return false, fmt.Sprintf("no decoder for %s", e.implied)
	}
	return s.codecs(t, e)
}

// CanAdd is the looser test for creating or changing a source buffer: a type without codecs parameter is accepted
// for every format that has a parser, since the media itself will tell.
func (s *Support) CanAdd(typ string) (ok bool, reason string) {
	t, _, reason := s.container(typ)
	if reason != "" {
		return false, reason
	}
	if !paramPresent(t) {
		return true, ""
	}
	return s.IsTypeSupported(typ)
}

// container parses the type and finds its row. reason is "" when the format has a parser.
func (s *Support) container(typ string) (Type, essence, string) {
	t, err := ParseType(typ)
	if err != nil {
		return t, essence{}, strings.TrimPrefix(err.Error(), "mime: ")
	}
	e, ok := registry[t.Essence()]
	if !ok {
		return t, e, fmt.Sprintf("%s is no media type of a byte stream format", t.Essence())
	}
	if !slices.Contains(s.Containers, e.container) {
		return t, e, fmt.Sprintf("%s is not handled", e.container)
	}
	return t, e, ""
}

func paramPresent(t Type) bool {
	_, ok := t.Param("codecs")
	return ok
}

func (s *Support) decodes(id media.CodecID) bool { return s.Decodes == nil || s.Decodes(id) }

// codecs checks each item of the list against row and decoders.
func (s *Support) codecs(t Type, e essence) (bool, string) {
	if t.CodecsErr != nil {
		return false, t.CodecsErr.Error()
	}
	for _, c := range t.Codecs {
		switch {
		case !slices.Contains(strings.Fields(formats[e.container].carries), strings.ToLower(c.Family)):
			return false, fmt.Sprintf("%s cannot carry %s", e.container, clip(c.String))
		case !slices.Contains(e.kinds, c.Kind):
			return false, fmt.Sprintf("%s is a %s codec, the type says %s", clip(c.String), c.Kind, t.Type)
		case !s.decodes(c.ID):
			return false, fmt.Sprintf("no decoder for %s", c.ID)
		}
	}
	return true, ""
}
