package file

import (
	"context"
	"io"
	"math"

	"mseplayer/mse/media"
)

// NoTicks is a time stamp that the container does not give.
const NoTicks = math.MinInt64

// Input is the bytes of one media file.
type Input struct {
	// R reads the bytes in order. When it is an io.Seeker too, the file is seekable; without, only formats that
	// can be read front to back are playable and Seek fails.
	R io.Reader
	// Size is the length in bytes, -1 when it is unknown.
	Size int64
	// Name is the path or URL, for messages and as a hint about the format.
	Name string
}

// seeker returns the input's io.Seeker, nil if it has none.
func (in Input) seeker() io.Seeker {
	s, _ := in.R.(io.Seeker)
	return s
}

// Opener opens demuxers. It is implemented by ffmpeg.Factory.
type Opener interface {
	// OpenDemuxer finds out the format of in and what streams it has. It does not take ownership of in.R, which
	// must stay usable until the demuxer is closed. The error says when no demuxer knows the format.
	OpenDemuxer(ctx context.Context, in Input) (Demuxer, error)
}

// Demuxer takes a container apart. It belongs to one goroutine.
type Demuxer interface {
	// Container describes the file; the result does not change.
	Container() *Container
	// Select makes ReadPacket return the packets of a stream or not. All streams are selected at first.
	Select(stream int, on bool)
	// ReadPacket fills p with the next packet of a selected stream, io.EOF at the end of the file. p.Data is valid
	// until the next call of any method.
	ReadPacket(ctx context.Context, p *Packet) error
	// Seek makes ReadPacket go on at or before the key frame that is needed for showing time ticks of a stream, as
	// far as the format's index tells.
	Seek(ctx context.Context, stream int, ticks int64) error
	// SeekByte makes ReadPacket go on with the first packet at or behind a position in the file.
	SeekByte(ctx context.Context, pos int64) error
	// Close frees the demuxer.
	Close()
}

// TimeBase is the length of a stream's tick, Num/Den seconds.
type TimeBase struct{ Num, Den int }

// Container is what the demuxer knows about a file.
type Container struct {
	// Format is FFmpeg's name of the format ("mov,mp4,m4a,3gp,3g2,mj2").
	Format string
	// KeepsOrigin is set for formats in which time 0 means the start of the presentation. Discontinuous is set for
	// formats whose times may jump.
	KeepsOrigin, Discontinuous bool
	// Duration is the container's own idea of the length, 0 when unknown.
	Duration media.Span
	// BitRate is in bits per second, 0 when unknown.
	BitRate  int64
	Metadata map[string]string
	Chapters []Chapter
	Streams  []Stream
}

// Chapter is a named part of the presentation; Start and End are on the container's time line.
type Chapter struct {
	Start, End media.Time
	Title      string
}

// Stream is one elementary stream of a container.
type Stream struct {
	// ID is the container's number of the stream, unique and not 0.
	ID uint32
	// Kind is 0 for streams that are neither video, audio nor text.
	Kind   media.Kind
	Config *media.DecoderConfig
	Base   TimeBase
	// First is when the first presented sample or picture is due, Length how long the stream is; NoTicks and 0
	// when unknown.
	First, Length int64
	// FrameDuration is the nominal length of a frame, 0 when unknown.
	FrameDuration media.Span
	// Reorder is how many pictures a decoder holds back to show them in order.
	Reorder  int
	Language string
	Title    string
	// Default, Forced and Picture are the dispositions: chosen by the author, only foreign parts, a still picture
	// that decorates the file (cover art, thumbnails) and is no video to play.
	Default, Forced, Picture bool
	// Frames is how many packets the container declares, 0 when it does not.
	Frames  int64
	BitRate int64
	// Metadata are the tags of the stream alone, keys in lower case.
	Metadata map[string]string
}

// Packet is one coded frame as the container has it.
type Packet struct {
	Stream int
	// PTS and DTS are ticks, NoTicks when absent. Duration is 0 when absent.
	PTS, DTS, Duration int64
	// Pos is the position in the file, -1 when unknown.
	Pos int64
	Key bool
	// Discard is set when the container wants the packet decoded but not presented.
	Discard bool
	// SkipFront and SkipBack are samples to discard from the sound that the packet starts and ends with. Skip is
	// set when the packet says anything about it.
	Skip                bool
	SkipFront, SkipBack int
	// Samples is how many samples (per channel) the packet decodes to, 0 when Duration is all that is known.
	Samples int
	// Order sorts pictures into presentation order between key frames, for packets without PTS. Ordered tells
	// whether it is set.
	Order   int64
	Ordered bool
	// NewExtradata replaces the configuration's, nil when it does not change. It is among Side, too.
	NewExtradata []byte
	// Crypt is how Data is encrypted, nil when it is clear; it is not reused.
	Crypt *media.Crypt
	// Side is what the decoder must see besides Data; it is not reused.
	Side []media.SideData
	Data []byte
}
