package manifest

import (
	"strings"
	"time"

	"mseplayer/mse/media"
	"mseplayer/mse/mime"
)

// Format is the kind of document a presentation came from.
type Format uint8

// The formats.
const (
	DASH Format = iota + 1
	HLS
	File
)

// String gives "dash", "hls" or "file", as the reports spell it.
func (f Format) String() string {
	switch f {
	case DASH:
		return "dash"
	case HLS:
		return "hls"
	case File:
		return "file"
	default:
		return "unknown"
	}
}

// Kind is what an adaptation set carries. The first three have the values of media.Kind.
type Kind uint8

// The kinds. Image is thumbnails.
const (
	Video = Kind(media.Video)
	Audio = Kind(media.Audio)
	Text  = Kind(media.Text)
	Image = Text + 1
)

// String gives "video", "audio", "text", "image" or "unknown".
func (k Kind) String() string {
	if k == Image {
		return "image"
	}
	return media.Kind(k).String()
}

// Presentation is what a manifest describes.
type Presentation struct {
	Format Format
	// URL is where the manifest came from, after redirects. Like all URLs of the model it may hold credentials.
	URL string
	// Live is set while the manifest may change or segments appear over time, nil for a complete presentation. HLS knows
	// only when a list has been loaded: see List.Live.
	Live *Live
	// Duration is the end of the last period, unset when unknown.
	Duration media.Opt
	// DeclaredDuration is what the document says about the whole, unset if nothing.
	DeclaredDuration media.Opt
	MinBufferTime    media.Span
	Title            string
	// Profiles is the document's list of profiles, raw.
	Profiles string
	Periods  []*Period
	// Steering is where the order of service locations is to be asked for, nil for nowhere.
	Steering *Steering
	// Session is data about the whole for applications (EXT-X-SESSION-DATA).
	Session []SessionData
	// Keys are those that the segments will need, announced to be had early (EXT-X-SESSION-KEY).
	Keys []*Key
	// Begin is where the manifest asks playback to begin, nil for nowhere.
	Begin *Begin
	// Findings are all oddities met while parsing, in document order.
	Findings []Finding
}

// Live is what a presentation that is not complete says about time.
type Live struct {
	// Start is the wall time of time 0 of the presentation by the server's clock; zero when not known.
	Start time.Time
	// Depth is how far before the live edge media stays available; media.Span(media.Forever) for from the beginning.
	Depth media.Span
	// Delay is the distance from the live edge that the author suggests, Part the one for low latency; 0 for no
	// suggestion.
	Delay, PartDelay media.Span
	// Latency is what the service asks for, nil for nothing.
	Latency *Latency
	// Clocks are ways to learn the server's time, in the order of preference.
	Clocks []Descriptor
	// Updater gives later versions of the presentation, nil when it does not change, or changes list by list. Refresh is
	// how long one stays valid at least; 0 says that it changes only when its media says so.
	Updater Updater
	Refresh time.Duration
}

// Latency is the latency and the range of playback rates that a service asks for (ServiceDescription). Zeros are for
// what it does not say.
type Latency struct {
	Min, Target, Max media.Span
	MinRate, MaxRate float64
}

// Updater obtains later versions of a presentation.
type Updater interface {
	// Update asks get for the document as it is at now, the time at the server, and returns what it describes. Periods,
	// sets and representations that went on keep their IDs and their place on the timeline. nil without an error says that
	// nothing has changed.
	Update(now time.Time, get Getter) (*Presentation, error)
}

// Steering is a server that orders service locations (content steering).
type Steering struct {
	URL string
	// Default lists the locations to begin with; Before asks the server before anything is fetched.
	Default []string
	Before  bool
}

// SessionData is one datum about a whole presentation.
type SessionData struct {
	ID, Lang, Value string
	// URL is where the value is to be had, "" when it is Value.
	URL string
}

// Event is something that happens at a time: an element of an EventStream, a date range, an event message.
type Event struct {
	Scheme, Value, ID string
	Start             media.Time
	// Duration is unset when unknown.
	Duration media.Opt
	// Data is the message, as written; Attributes are what the manifest says besides, by name.
	Data       string
	Attributes map[string]string
}

// Period is a section of the presentation with its own adaptation sets.
type Period struct {
	// ID is the manifest's, or the index; Index counts from 0 over the document, left-out periods included.
	ID    string
	Index int
	Start media.Time
	// End is unset when nobody knows it before the media is read.
	End  media.Opt
	Sets []*AdaptationSet
	// Events are the timed events that the manifest lists, in order of time.
	Events []Event
	// Preselections are the author's combinations of sets.
	Preselections []Preselection
}

// Preselection is a combination of adaptation sets that are to be played together as one experience.
type Preselection struct {
	ID, Tag, Lang, Label, Codecs string
	// Components are the IDs of the sets, the main one first.
	Components           []string
	Roles, Accessibility []Descriptor
	// Channels is a count, 0 when not declared; Priority is the author's preference, higher first; the default is 1.
	Channels, Priority int
}

// ProducerTime says at what wall time media was captured or encoded.
type ProducerTime struct {
	// Type is "encoder", "captured" or "application".
	ID, Type string
	Wall     time.Time
	Time     media.Time
	// Inband is set when the media repeats such times.
	Inband bool
}

// Window returns the append window of the period; its end is media.Forever when unknown.
func (p *Period) Window() media.Range {
	if !p.End.Set {
		return media.Range{Start: p.Start, End: media.Forever}
	}
	return media.Range{Start: p.Start, End: p.End.T}
}

// AdaptationSet holds representations that are interchangeable during playback.
type AdaptationSet struct {
	// ID is the manifest's, or the index; Index counts over the period, left-out sets included.
	ID    string
	Index int
	Kind  Kind
	// Lang is a BCP 47 tag, "" when missing or "und".
	Lang  string
	Label string
	// Group is the number of an exclusive group of adaptation sets, -1 for none.
	Group                                              int
	Roles, Accessibility, Viewpoints, Essential, Extra []Descriptor // Extra: SupplementalProperty
	Protection                                         []Protection
	// TrickMode is set when the set is meant for fast winding only, with the IDs of the sets it belongs to.
	TrickMode    bool
	TrickModeFor string
	// Inband are the schemes of event messages that the media carries.
	Inband []Descriptor
	// ContinuousWith are the IDs of earlier periods whose set of the same ID goes on here without a seam in its media
	// timestamps; ConnectedWith those where the initialization segment may be kept.
	ContinuousWith, ConnectedWith []string
	// SwitchTo are the IDs of sets of the same period whose representations may be switched to as well.
	SwitchTo []string
	// Forced marks subtitles of what is said in a foreign language; Default and AutoSelect are the author's.
	Forced, Default, AutoSelect bool
	// Partial is set when the set is meant to be decoded together with others of its kind: 1 for the main one of them, 2 for
	// what is added to it, 0 for what is complete.
	Partial int
	// Tiles is the layout of thumbnail pictures, nil when the set has none.
	Tiles *Tiles
	// Priority is the author's preference among sets, higher first; the default is 1.
	Priority        int
	Representations []*Representation
}

// Normal reports whether the set takes part in ordinary selection: not for fast winding, not thumbnails.
func (s *AdaptationSet) Normal() bool { return !s.TrickMode && s.Tiles == nil && s.Kind != Image }

// HasRole reports whether the set has a role of the DASH role scheme ("main", "alternate", "caption", …).
func (s *AdaptationSet) HasRole(role string) bool {
	for _, d := range s.Roles {
		if d.Value == role {
			return true
		}
	}
	return false
}

// Tiles is a grid of thumbnails in one picture.
type Tiles struct{ Columns, Rows int }

// Descriptor is a scheme with a value, kept as written.
type Descriptor struct{ Scheme, Value, ID string }

// Protection is one content protection descriptor.
type Protection struct {
	// Scheme is the schemeIdUri in lower case, System its name ("cenc", "widevine", "clearkey", …) or "".
	Scheme, System string
	// Value is the encryption scheme for the common descriptor: "cenc", "cbcs", …
	Value string
	// KIDs are the default key identifiers, in the order of writing.
	KIDs [][16]byte
	// PSSH is the protection system header box in base64, LicenseURL where keys are to be had; "" when absent.
	PSSH, LicenseURL string
}

// Rational is an exact ratio; 0/0 means unknown.
type Rational struct{ Num, Den int64 }

// Float returns the quotient, 0 when unknown.
func (r Rational) Float() float64 {
	if r.Den == 0 {
		return 0
	}
	return float64(r.Num) / float64(r.Den)
}

// Representation is one encoding of an adaptation set's content.
type Representation struct {
	// ID is the manifest's, or the index; Index counts over the adaptation set, left-out ones included.
	ID    string
	Index int
	// TrackID names the track over the whole presentation: p<period>/<adaptation set>/<representation>.
	TrackID string
	Kind    Kind
	// MIMEType is the type without parameters, Codecs the RFC 6381 list as written; SupplementalCodecs names
	// enhancements that a player may use.
	MIMEType, Codecs, SupplementalCodecs string
	// Bandwidth is bits per second as declared, 0 when unknown. QualityRanking is lower for better, -1 for none.
	Bandwidth      int64
	QualityRanking int
	Width, Height  int
	FrameRate, SAR Rational
	// SampleRate is in Hz, Channels a count; 0 when not declared.
	SampleRate, Channels int
	Essential, Extra     []Descriptor
	// Protection is what applies to this representation, its set's descriptors included.
	Protection []Protection
	Priority   int
	// With are the IDs of the sets of other kinds that are made to go with this representation, those with sound first;
	// nil when all are. A representation with sound inside needs none of them.
	With []string

	// Timescale is the ticks per second of the manifest's times, OffsetTicks the time on the media timeline that
	// is presented at the period's start.
	Timescale   uint32
	OffsetTicks int64

	// Floating is set when the media's own timestamps do not say where on the presentation timeline it belongs: the
	// first segment that is had of a Discontinuity is placed at its Start, and all others of that number, of whatever
	// representation, are moved by the same.
	Floating bool
	// Chunked is set when segments may be asked for before they are complete, and are answered while they are produced.
	Chunked bool

	// ResyncEvery is the longest distance between places inside of segments where reading can begin, 0 when not declared.
	ResyncEvery media.Span
	// Produced relate media times to the wall times of production.
	Produced []ProducerTime

	// Init is the initialization segment, nil when segments begin with it or need none.
	Init *Resource
	// Exactly one of Segments and Lazy is set, unless Unusable says why neither is.
	Addressing Addressing
	Segments   Index
	Lazy       Lazy
	// Unusable is why this representation cannot be fetched at all, "" when it can.
	Unusable string
}

// Type returns the MIME type with its codecs parameter, as isTypeSupported takes it.
func (r *Representation) Type() string { return mime.Format(r.MIMEType, r.Codecs) }

// Offset returns OffsetTicks in seconds.
func (r *Representation) Offset() media.Span { return media.SpanFromTicks(r.OffsetTicks, r.Timescale) }

// TimestampOffset is what is added to the representation's own times to put them on the presentation timeline.
func (r *Representation) TimestampOffset(p *Period) media.Span {
	return media.Span(p.Start) - r.Offset()
}

// Encrypted reports whether the manifest says that the media is protected.
func (r *Representation) Encrypted() bool { return len(r.Protection) > 0 }

// TrackID builds the name of a track.
func TrackID(period, set, representation string) string {
	return "p" + period + "/" + set + "/" + representation
}

// systems names the protection systems by the UUID of their descriptor.
var systems = map[string]string{
	"urn:mpeg:dash:mp4protection:2011":              "cenc",
	"urn:mpeg:dash:sea:2012":                        "sea",
	"urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed": "widevine",
	"urn:uuid:9a04f079-9840-4286-ab92-e65be0885f95": "playready",
	"urn:uuid:94ce86fb-07ff-4f43-adb8-93d2fa968ca2": "fairplay",
	"urn:uuid:5e629af5-38da-4063-8977-97ffbd9902d4": "marlin",
	"urn:uuid:f239e769-efa3-4850-9c16-a903c6932efb": "primetime",
	"urn:uuid:e2719d58-a985-b3c9-781a-b030af78d30e": "clearkey",
	"urn:uuid:1077efec-c0b2-4d02-ace3-3c1e52e2fb4b": "clearkey",
	"urn:uuid:29701fe4-3cc7-4a34-8c5b-ae90c7439a47": "fairplay",
}

// SystemName names a protection system by its descriptor's scheme in any case, "" when unknown.
func SystemName(scheme string) string { return systems[strings.ToLower(scheme)] }
