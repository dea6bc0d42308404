package manifest

import (
	"fmt"

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
	Range        Range
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
}

// End returns Start + Duration.
func (s SegmentRef) End() media.Time { return s.Start.Add(s.Duration) }

// Index lists the media segments of one representation in the order of presentation. Implementations compute
// entries on demand in at most logarithmic time and are immutable.
type Index interface {
	// Len is the number of segments.
	Len() int
	// At returns segment i, 0 ≤ i < Len; another i panics as an index into a slice does.
	At(i int) SegmentRef
	// Find returns the segment that contains t, else the first one that begins after t, else Len.
	Find(t media.Time) int
}

// Getter fetches the bytes of r. When the resource ends early it returns what is there; an empty result is for a
// range that begins at or after the end.
type Getter func(r Resource) ([]byte, error)

// Lazy is a list of segments that must be read from the media file first.
type Lazy interface {
	// Load asks get for as many byte ranges as it needs, a bounded number of bounded size, and returns the
	// initialization segment (nil when the first media segment holds it) and the list.
	Load(get Getter) (*Resource, Index, error)
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
