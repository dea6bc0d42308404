package manifest

import (
	"fmt"
	"time"

	"mseplayer/mse/media"
)

// Range is a part of a resource in bytes, [Start, End). End 0 means to the end of the resource, so the zero value
// is the whole of it.
type Range struct{ Start, End int64 }

// IsWhole reports whether r is the whole resource.
func (r Range) IsWhole() bool { return r.Start == 0 && r.End == 0 }

// Len returns the number of bytes, or 0 when r is open-ended.
func (r Range) Len() int64 {
	if r.End == 0 {
		return 0
	}
	return r.End - r.Start
}

// String gives "100-199", the spelling of HTTP with the last byte included; the whole is "".
func (r Range) String() string {
	switch {
	case r.IsWhole():
		return ""
	case r.End == 0:
		return fmt.Sprintf("%d-", r.Start)
	}
	return fmt.Sprintf("%d-%d", r.Start, r.End-1)
}

// Resource is bytes to fetch.
type Resource struct {
	// URL is absolute.
	URL string
	// Alternatives are other places with the same bytes, to be tried in this order; usually nil.
	Alternatives []string
	// Locations name the service locations (DASH) or pathways (HLS) of URL and of each of Alternatives, for steering;
	// nil when the manifest names none.
	Locations []string
	// Bases are the base URLs that URL and each of Alternatives were made from, nil when they have none of their own. What
	// fails at one base says nothing about another one, though both be at one host.
	Bases []string
	Range Range
	// Stable is the name by which a steering server may give the resource another URL: that of StableVariant or
	// StableRendition; "" for none.
	Stable string
	// From, when set, is told by whoever fetches where the bytes came from: which place, 0 for URL and i for
	// Alternatives[i-1], its service location if whoever fetches knows of others than Locations, else "", and its URL
	// after redirects.
	From func(place int, location, url string)
}

// StableVariant and StableRendition make a Resource's Stable of a STABLE-VARIANT-ID or a STABLE-RENDITION-ID.
func StableVariant(id string) string { return stable("variant", id) }

// StableRendition is StableVariant for renditions.
func StableRendition(id string) string { return stable("rendition", id) }

func stable(kind, id string) string {
	if id == "" {
		return ""
	}
	return kind + " " + id
}

// KeyMethod is how a playlist says that segments are encrypted (RFC 8216 §4.4.4.4).
type KeyMethod uint8

// The methods.
const (
	// AES128, AES256 and AES256CTR encrypt whole resources, the first two in CBC mode with padding.
	AES128 KeyMethod = iota + 1
	AES256
	AES256CTR
	// SampleAES and SampleAESCTR encrypt samples.
	SampleAES
	SampleAESCTR
)

// String gives the name that playlists use.
func (m KeyMethod) String() string {
	switch m {
	case AES128:
		return "AES-128"
	case AES256:
		return "AES-256"
	case AES256CTR:
		return "AES-256-CTR"
	case SampleAES:
		return "SAMPLE-AES"
	case SampleAESCTR:
		return "SAMPLE-AES-CTR"
	default:
		return "unknown"
	}
}

// WholeResource reports whether the method encrypts whole resources, not samples.
func (m KeyMethod) WholeResource() bool { return m == AES128 || m == AES256 || m == AES256CTR }

// Key says with what a playlist encrypts segments. It is shared by all segments it is for.
type Key struct {
	Method KeyMethod
	// Resource is where the key's bytes are to be had. Its URL may be of a scheme that nobody can fetch ("skd:").
	Resource
	// Format is the KEYFORMAT, "identity" for bare bytes.
	Format string
	// IV is the initialization vector, nil when each segment's number is its own.
	IV *[16]byte
}

// SegmentRef is one media segment.
type SegmentRef struct {
	Resource
	// Number is the segment's number as the manifest counts, Sub its place in a segment sequence, from 1, or 0.
	Number int64
	Sub    int
	// Start is where the segment begins on the presentation timeline, as the manifest says, and Duration how long
	// it is. With Representation.Addressing Nominal both may be off by up to half a segment.
	Start    media.Time
	Duration media.Span
	// Available is when the segment can be asked for, by the clock of the server; the zero time says that it is there.
	Available time.Time
	// Init is the initialization segment to append before this one, nil for that of the list. Segments that share one
	// share the pointer.
	Init *Resource
	// InitKey is set when Init is encrypted as a whole; its IV is never nil.
	InitKey *Key
	// Discontinuity numbers the stretches within which media timestamps are continuous. It matters where
	// Representation.Floating is set.
	Discontinuity int64
	// Key is set when the segment is encrypted as a whole or by samples under the playlist's rules; IV is then the
	// vector to use.
	Key *Key
	IV  [16]byte
	// Gap marks a segment that is missing and must not be asked for.
	Gap bool
	// Dependent marks a part of a segment that does not begin with a random access point.
	Dependent bool
	// Hint marks a part that is announced only: the server answers once there is one, which may turn out to be another or
	// none; Duration is an estimate.
	Hint bool
	// Time is the wall time of the segment's first frame, zero when not known.
	Time time.Time
}

// End returns Start + Duration.
func (s SegmentRef) End() media.Time { return s.Start.Add(s.Duration) }

// Index lists the media segments of one representation in the order of presentation. Implementations compute
// entries on demand in at most logarithmic time and are immutable.
type Index interface {
	// Len is the number of segments, 0 for a list of a live presentation that has none yet.
	Len() int
	// At returns segment i, 0 ≤ i < Len; another i panics as an index into a slice does.
	At(i int) SegmentRef
	// Find returns the segment that contains t, else the first one that begins after t, else Len.
	Find(t media.Time) int
}

// Getter fetches the bytes of r. When the resource ends early it returns what is there; an empty result is for a
// range that begins at or after the end. It tries r.Alternatives and tells r.From.
type Getter func(r Resource) ([]byte, error)

// List is the segments of a representation as far as they are known.
type List struct {
	// Init is the initialization segment, nil when media segments hold it, need none, or name their own.
	Init  *Resource
	Index Index
	// Growing is set while more segments are to come; Reload is then how long to wait, from when the list was asked
	// for, before it is loaded again; 0 asks at once, which the server answers when there is something new.
	Growing bool
	Reload  time.Duration
	// Live is what the list says about time, nil for a list that is complete.
	Live *Live
	// MIMEType is the type of the segments when it is another than the representation's, "" when it is that one.
	MIMEType string
	// Pictures says that each segment is for one picture, and may be a part of a fragment (EXT-X-I-FRAMES-ONLY).
	Pictures bool
	// Independent says that each segment can be decoded without any other (EXT-X-INDEPENDENT-SEGMENTS).
	Independent bool
	// Begin is where the list asks playback to begin, nil for nowhere.
	Begin *Begin
	// Events are the timed events that the list names, in order of time.
	Events []Event
	// Protection names the systems that give the keys of its segments, besides SegmentRef.Key.
	Protection []Protection
	// Findings are oddities met while reading it.
	Findings []Finding
}

// Begin is where an author wants playback to begin.
type Begin struct {
	// Offset is from time 0, or if negative from the end or the live edge.
	Offset media.Span
	// Precise asks for exactly that time; without it, the segment that contains it will do.
	Precise bool
}

// Lazy is a list of segments that must be fetched first: from the media file, or as a media playlist.
type Lazy interface {
	// Load asks get for as many resources as it needs, a bounded number of bounded size, and returns the list as it is
	// now. While the list is Growing, another Load gives a later one; times stay on the same timeline, and segments keep
	// their Number.
	Load(get Getter) (*List, error)
}

// Addressing is how a manifest names its segments, which decides how exact their times are.
type Addressing uint8

// The ways of addressing.
const (
	// Nominal: a constant duration; real segments may deviate by half of it.
	Nominal Addressing = iota + 1
	// Explicit: each segment's time is written down.
	Explicit
	// Listed: a list of URLs with a constant or no duration.
	Listed
	// Indexed: a segment index in the media file.
	Indexed
	// Single: the whole representation is one segment.
	Single
)

// String gives the name in lower case.
func (a Addressing) String() string {
	switch a {
	case Nominal:
		return "nominal"
	case Explicit:
		return "explicit"
	case Listed:
		return "listed"
	case Indexed:
		return "indexed"
	case Single:
		return "single"
	default:
		return "unknown"
	}
}

// SingleIndex is an Index of one segment.
type SingleIndex SegmentRef

// Len is 1.
func (s SingleIndex) Len() int { return 1 }

// At returns the segment.
func (s SingleIndex) At(i int) SegmentRef { return [1]SegmentRef{SegmentRef(s)}[i] }

// Find returns 0 before the end of the segment, then 1. A segment of unknown length contains everything.
func (s SingleIndex) Find(t media.Time) int {
	if s.Duration > 0 && t >= SegmentRef(s).End() {
		return 1
	}
	return 0
}
