package media

// Kind says what a track carries.
type Kind uint8

// The kinds of track.
const (
	Video Kind = iota + 1
	Audio
	Text
)

// String gives "video", "audio" or "text".
func (k Kind) String() string {
	switch k {
	case Video:
		return "video"
	case Audio:
		return "audio"
	case Text:
		return "text"
	default:
		return "unknown"
	}
}

// CodecID names a coding format in FFmpeg's spelling ("h264", "hevc", "vp9", "av1", "aac", "opus", "mpeg4", …).
// It is an open set: a demuxed file may hold any format that the built-in FFmpeg knows.
type CodecID string

// The coding formats that the byte stream parsers of this project name themselves.
const (
	H264   CodecID = "h264"
	HEVC   CodecID = "hevc"
	VP8    CodecID = "vp8"
	VP9    CodecID = "vp9"
	AV1    CodecID = "av1"
	AAC    CodecID = "aac"
	MP3    CodecID = "mp3"
	MP2    CodecID = "mp2"
	Opus   CodecID = "opus"
	Vorbis CodecID = "vorbis"
	FLAC   CodecID = "flac"
	ALAC   CodecID = "alac"
	AC3    CodecID = "ac3"
	EAC3   CodecID = "eac3"
	WebVTT CodecID = "webvtt"
	TTML   CodecID = "ttml"
)

// DecoderConfig is what a decoder must know before the first coded frame. It is immutable and interned: two
// frames need the same decoder state exactly when they carry the same pointer, and a change of pointer between
// neighbours is a configuration change.
type DecoderConfig struct {
	Kind  Kind
	Codec CodecID
	// CodecString is the RFC 6381 codecs value derived from the media itself ("avc1.64001f"), "" if unknown.
	CodecString string
	// Extradata is the out-of-band decoder configuration in the layout FFmpeg expects: the payload of avcC,
	// hvcC, av1C or vpcC; an AudioSpecificConfig; an OpusHead; a FLAC STREAMINFO. Nil when the stream has none.
	Extradata []byte
	// Timescale is the ticks per second of the container's time stamps, for messages; times are converted already.
	Timescale uint32

	// Video: coded size in pixels, sample aspect ratio (0:0 = unknown, meaning square), clockwise rotation in
	// degrees (0, 90, 180, 270) and the colour description of the container (zero = take the bitstream's).
	Width, Height  int
	SARNum, SARDen int
	Rotation       int
	// Mirror is set when the picture is to be mirrored left to right, before it is rotated.
	Mirror bool
	// Clean is the part of the picture that is to be shown, within what the bitstream shows; zero = all of it.
	Clean Clean
	Color ColorInfo

	// Audio: samples per second, channels, and the decoded samples (per channel) to discard at the very start
	// of the stream because the codec says so (Opus pre-skip). Preroll is how much media before a seek target a
	// decoder must see for correct output there.
	SampleRate, Channels int
	InitialPadding       int
	Preroll              Span

	// What FFmpeg's codec parameters hold beyond the above; zero except for streams of the demuxer.
	CodecTag      uint32
	BitsPerSample int
	BlockAlign    int
	BitRate       int64
	Format        int
	Profile       int
	ChannelMask   uint64

	// Encrypted is set when the frames are protected; they then carry a Crypt each.
	Encrypted bool
}

// Clean is how many pixels at each side of a coded picture are not to be shown, as the container says it: a clean
// aperture (ISO/IEC 14496-12 §12.1.4) or cropping.
type Clean struct{ Left, Right, Top, Bottom int }

// ColorInfo is a colour description in the code points of ISO/IEC 23091-2 (H.273). 0 in Primaries, Transfer or
// Matrix means "not described" (H.273 reserves 0; matrix 0, GBR, is carried as MatrixGBR).
type ColorInfo struct {
	Primaries, Transfer, Matrix uint8
	FullRange                   bool
	// Known is set when the container described the colour at all.
	Known bool
	// Siting is where chroma samples lie: 1 left, 2 centre, 3 top left, 4 top, 5 bottom left, 6 bottom, which is H.273's
	// chroma sample location type plus 1. 0 means "not described".
	Siting uint8
	// Light is what the content was mastered for.
	Light Light
}

// Light is how bright high dynamic range content is, in candela per square metre; 0 means "not described".
type Light struct {
	// Peak and Black are what the mastering display reaches (SMPTE ST 2086).
	Peak, Black float32
	// MaxCLL is the brightest pixel, MaxFALL the brightest frame on average (CTA-861.3).
	MaxCLL, MaxFALL float32
}

// MatrixGBR stands for H.273 matrix coefficients 0 (identity, G B R planes) in ColorInfo.Matrix.
const MatrixGBR = 255

// CodedFrame is one access unit as the buffer stores it. It is immutable once it has been inserted into a track
// buffer. Data aliases the arena of the segment it came in; the struct itself lives in a per-fragment slab, so a
// pointer to it stays valid while anyone holds it.
type CodedFrame struct {
	// PTS is the presentation time of the first picture or sample that is kept, Duration the length of what is
	// kept: trimmed sound lies outside [PTS, PTS+Duration).
	PTS, DTS Time
	Duration Span
	// Config is never nil.
	Config *DecoderConfig
	Data   []byte
	// TrimFront and TrimBack are how much of the decoded audio to discard at either end: priming, padding,
	// append window and splices. The first decoded sample lies at PTS - TrimFront.
	TrimFront, TrimBack Span
	// Crypt is nil for a clear frame.
	Crypt *Crypt
	// Side is nil unless the demuxer attached side data that the decoder must see. Hardly any frame has some, and there
	// are many frames: a pointer is smaller than a slice.
	Side *[]SideData
	// RAP marks a random access point (SAP type 1 or 2).
	RAP bool
	// DecodeOnly marks a frame that is needed for decoding others but is never presented: it does not count as
	// buffered, and its pictures or samples are discarded (a frame that the container cuts off, audio preroll).
	DecodeOnly bool
}

// End returns the presentation end time, PTS + Duration.
func (f *CodedFrame) End() Time { return f.PTS.Add(f.Duration) }

// SideData is one piece of packet side data; Type is FFmpeg's AVPacketSideDataType.
type SideData struct {
	Type int
	Data []byte
}

// Protection schemes: those of common encryption (ISO/IEC 23001-7 §10), and what HTTP Live Streaming does inside transport
// streams and packed audio: AES-128 in CBC mode, of the slices of H.264 in the pattern 1:9 behind the first 32 bytes and
// under the emulation prevention, and of sound behind the first 16 bytes of a frame. Frames of the latter have no subsample
// map, for the codec tells what is clear. "MPEG-2 Stream Encryption Format for HTTP Live Streaming".
const (
	SchemeCENC      = "cenc"
	SchemeCENS      = "cens"
	SchemeCBC1      = "cbc1"
	SchemeCBCS      = "cbcs"
	SchemeSampleAES = "sample-aes"
)

// SampleKey is the key and the initialization vector of protected samples where a playlist tells them, not the media.
// KID is the name under which the key is known, zero where the playlist does not tell that.
type SampleKey struct {
	KID, IV [16]byte
	// NoIV says that the playlist does not tell the vector either: it comes with a license.
	NoIV bool
}

// Crypt says how a protected frame was encrypted. It is immutable.
type Crypt struct {
	Scheme     string      // one of the schemes above
	KID        [16]byte    // zero when the media does not tell
	IV         []byte      // 8 or 16 bytes; the constant IV for cbcs; nil when the media does not tell
	Subsamples []Subsample // empty: the whole frame is protected
	CryptBlocks,
	SkipBlocks uint8 // the pattern in 16-byte blocks; 0:0 = no pattern
}

// Subsample is a run of clear bytes followed by a run of protected bytes.
type Subsample struct{ Clear, Protected uint32 }

// InitSegment is what an initialization segment told, independent of the byte stream format.
// MSE: init-segment.
type InitSegment struct {
	// Duration is the declared length of the presentation, Forever when none is declared.
	Duration Time
	Tracks   []TrackInfo
	// Systems are the protection systems that the media names.
	Systems []ProtectionSystem
}

// ProtectionSystem is a system that gives keys, and the keys that it says it is for, as far as it does. ISO/IEC 23001-7 §8.1.
type ProtectionSystem struct {
	ID   [16]byte
	KIDs [][16]byte
}

// TrackInfo describes one track of an initialization segment.
type TrackInfo struct {
	// ID is the container's number of the track (ISO BMFF track_ID, Matroska TrackNumber, MPEG-2 TS PID).
	ID   uint32
	Kind Kind
	// Config is the track's first or only configuration; each frame points at the one it needs.
	Config *DecoderConfig
	// Language is a BCP 47 tag, "" when unknown or "und".
	Language string
	Label    string
	// Role is HTML's kind of the track ("main", "descriptions", "captions", …) where the container names one, else "".
	Role string
	// FrameDuration is the nominal frame length, 0 when unknown.
	FrameDuration Span
	// KID is the key of protected frames unless they name another, zero when there is none or it is not told.
	KID [16]byte
}
