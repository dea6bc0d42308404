package subtitle

import (
	"cmp"
	"errors"
	"slices"
	"sync"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/player/decode"
	"mseplayer/player/text/cue"
)

const (
	// maxPacketBytes bounds the coded frames of subtitles that are kept of one track: those that are far from the newest
	// one go first.
	maxPacketBytes = 32 << 20
	// maxOpen is how long a picture of subtitles stays that nothing takes away.
	maxOpen media.Span = 60
)

// Packets reads one track of subtitles of a demultiplexed file. Its frames are kept, and read once somebody wants to
// see them.
type Packets struct {
	bytestream.Discard
	// immutable
	lane    *Lane
	info    media.TrackInfo
	bitmaps decode.SubtitleFactory
	aspect  float64
	warn    func(err error)
	// captions is set for a track of captions as they are inside of pictures, lane then nil.
	captions *Captions

	mu     sync.Mutex
	parser bytestream.Parser  // guarded by mu: of the private byte stream
	frames []media.CodedFrame // guarded by mu: by time
	bytes  int                // guarded by mu
	shown  bool               // guarded by mu
	reader *Reader            // guarded by mu: nil until the track is shown, or when it cannot be read
	failed bool               // guarded by mu
	told   bool               // guarded by mu: that a frame could not be read
	last   media.Time         // guarded by mu: of the frame that was read last
	open   []cue.Cue          // guarded by mu: pictures that the next frame takes away
}

// NewPackets returns what reads the track that info describes into lane. parser is that of the byte stream that Append
// gets; aspect is the shape of the picture as in Segment, bitmaps as for ReaderOptions. What is wrong with the track is told
// to warn, once.
func NewPackets(lane *Lane, info media.TrackInfo, parser bytestream.Parser, aspect float64, bitmaps decode.SubtitleFactory, warn func(error)) *Packets {
	return &Packets{lane: lane, info: info, parser: parser, aspect: aspect, bitmaps: bitmaps, warn: warn}
}

// NewCaptionPackets returns what reads a track of captions of CEA-608 (see IsCaptions) into the lanes of c. Other
// arguments are as for NewPackets.
func NewCaptionPackets(c *Captions, info media.TrackInfo, parser bytestream.Parser) *Packets {
	return &Packets{captions: c, info: info, parser: parser}
}

// IsCaptions reports whether a track holds captions as they are inside of pictures: several channels.
func IsCaptions(cfg *media.DecoderConfig) bool { return cfg != nil && cfg.Codec == codecCEA608 }

// Track is the ID of the track in its container.
func (l *Packets) Track() uint32 { return l.info.ID }

// Shown reports whether the track is being read.
func (l *Packets) Shown() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.shown
}

// Append takes bytes of the track's byte stream, which pass to it.
func (l *Packets) Append(b []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.push(b)
}

// Add takes frames of the track without protection. It copies them.
func (l *Packets) Add(frames ...*media.CodedFrame) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range frames {
		l.keep(*f)
	}
}

func (l *Packets) push(b []byte) {
	l.parser.Push(b)
	_ = bytestream.Drain(l.parser, l) // the stream is this program's own
}

// Reset begins anew behind a jump in the file, with the initialization segment.
func (l *Packets) Reset(init []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.parser.Reset()
	l.push(init)
}

// Show reads what has come, and what will come, or stops reading.
func (l *Packets) Show(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shown == on {
		return
	}
	l.shown = on
	if !on || l.captions != nil {
		return
	}
	if l.reader == nil && !l.failed {
		r, err := NewReader(l.info.Config, ReaderOptions{Options: cue.Options{Language: l.info.Language, Aspect: l.aspect}, Bitmaps: l.bitmaps})
		if err != nil {
			l.failed = true
			l.warn(err)
			return
		}
		l.reader = r
	}
	if l.reader == nil {
		return
	}
	l.reader.Flush()
	for i := range l.frames {
		l.read(i, true)
	}
}

// Close frees the decoder.
func (l *Packets) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reader != nil {
		l.reader.Close()
		l.reader, l.failed = nil, true
	}
}

// Fragment implements bytestream.Handler.
func (l *Packets) Fragment(tracks []bytestream.TrackFrames) error {
	for _, t := range tracks {
		for i := range t.Frames {
			l.keep(t.Frames[i])
		}
	}
	return nil
}

// keep takes a frame, unless it came before.
func (l *Packets) keep(f media.CodedFrame) {
	if f.DecodeOnly && f.End() <= 0 {
		return
	}
	if l.captions != nil {
		l.captions.sample(&f)
		return
	}
	at, found := slices.BinarySearchFunc(l.frames, f.PTS, func(have media.CodedFrame, t media.Time) int { return cmp.Compare(have.PTS, t) })
	for i := at; found && i < len(l.frames) && l.frames[i].PTS == f.PTS; i++ {
		if slices.Equal(l.frames[i].Data, f.Data) {
			return
		}
		at = i + 1
	}
	f.Data = slices.Clone(f.Data)
	l.frames = slices.Insert(l.frames, at, f)
	l.bytes += len(f.Data)
	if l.shown && l.reader != nil {
		l.read(at, false)
	}
	for l.bytes > maxPacketBytes && len(l.frames) > 1 {
		i := 0
		if at < len(l.frames)/2 {
			i = len(l.frames) - 1
		}
		l.bytes -= len(l.frames[i].Data)
		l.frames = slices.Delete(l.frames, i, i+1)
		at = min(at, len(l.frames)-1)
	}
}

// read puts the cues of frame i into the lane. replay is set when all that follow are read as well.
func (l *Packets) read(i int, replay bool) {
	f := &l.frames[i]
	if !l.inOrder(i) {
		l.reader.Flush()
		l.end(f.PTS)
	}
	l.last = f.PTS
	cues, _, err := l.reader.Read(f)
	if errors.Is(err, decode.ErrIncomplete) {
		return
	}
	l.end(f.PTS)
	if err != nil {
		if !l.told {
			l.told = true
			l.warn(err)
		}
		return
	}
	if l.reader.Text() {
		l.lane.Add(cues...)
		return
	}
	for k := range cues {
		c := &cues[k]
		if c.Image != nil {
			c.Image.Pack()
		}
		c.End = min(c.End, c.Start.Add(maxOpen))
		if !replay && i+1 < len(l.frames) { // which is not read again
			c.End = min(c.End, max(l.frames[i+1].PTS, c.Start))
		}
	}
	l.open = cues
	l.lane.Open(cues...)
}

// inOrder reports whether frame i is the one after the one that was read last.
func (l *Packets) inOrder(i int) bool {
	return i > 0 && l.frames[i-1].PTS == l.last || l.frames[i].PTS == l.last
}

// end ends at t the pictures whose end was not known.
func (l *Packets) end(t media.Time) {
	if len(l.open) == 0 {
		return
	}
	for _, c := range l.open {
		if t > c.Start { // a jump back leaves it as it is
			c.End = min(c.End, t)
		}
		l.lane.Add(c)
	}
	l.open = nil
	l.lane.Open()
}
