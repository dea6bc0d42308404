package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"slices"

	"mseplayer/mse/media"
)

// What one call of Next reads.
const (
	// minStep and maxStep are how much media a chunk of the leading track holds: at least minStep where key frames
	// allow, no more than about maxStep.
	minStep media.Span = 1
	maxStep media.Span = 2.5
	// maxStepBytes ends a step early, maxPendingBytes even where the leading track has nothing to show for it.
	maxStepBytes    = 1 << 20
	maxPendingBytes = 64 << 20
	// maxPrimeBytes bounds what Open reads to find the first packet of every track.
	maxPrimeBytes = 4 << 20
	// maxPacketBytes bounds one packet; a larger one is skipped.
	maxPacketBytes = 256 << 20
	// maxSkew is how far a track may run ahead of the leading one before a step ends.
	maxSkew media.Span = 4
)

// maxSeekTries bounds the attempts to land before a target; each goes twice as far back as the one before.
const maxSeekTries = 7

// Errors of a Source.
var (
	// ErrNoTracks says that the file holds neither video nor sound.
	ErrNoTracks = errors.New("no video or audio in the file")
	// ErrNotSeekable says that the input cannot go back.
	ErrNotSeekable = errors.New("the input is not seekable")
)

// Info describes a file. It is immutable.
type Info struct {
	// Format is FFmpeg's name of the container, Title the author's of the work.
	Format, Title string
	// Duration is the length of the presentation, 0 when unknown.
	Duration media.Span
	// Shift is what was subtracted from the container's times.
	Shift    media.Span
	BitRate  int64
	Metadata map[string]string
	// Chapters are on the presentation timeline.
	Chapters []Chapter
	// Others are the streams that are not in Tracks: cover pictures, data.
	Others []Stream
	// Seekable tells whether Seek works.
	Seekable bool
}

// Track is one elementary stream that can be played. It is immutable.
type Track struct {
	media.TrackInfo
	// ContainerFirst is the first packet's presentation time as the container says it; unset when it does not, or
	// when no packet of the track lies near the beginning.
	ContainerFirst media.Opt
	// Default and Forced are the author's marks.
	Default, Forced bool
	// Frames is how many packets the container declares, 0 when it does not; BitRate is in bits per second.
	Frames, BitRate int64
}

// Chunk is a portion of one track: a media segment of the private byte stream.
type Chunk struct {
	Track uint32
	// Data is to be appended to the track's SourceBuffer and passes to it. It is nil when the track has nothing to
	// present in this stretch of the file.
	Data []byte
	// Every frame of the track that is presented in [From, Through) is in this chunk or in one before: where there is
	// none, nothing is missing. That is for the buffer to know, too (SourceBuffer.Cover). From == Through says nothing.
	From, Through media.Time
	// Start and End enclose what the chunk presents, [Start, End); both 0 when it presents nothing.
	Start, End media.Time
	// Frames is how many packets it holds.
	Frames int
}

// Source reads one file.
type Source struct {
	d    Demuxer
	c    *Container
	in   Input
	info Info
	list []Track

	tracks   []*track // in the order of list
	byStream []*track // nil for streams that are no tracks
	selected []bool   // in the order of list
	eof      bool
	packet   Packet
	parts    parts
}

// Open finds out what is in a file and reads as far as its first packets. All tracks are selected; those that are not
// wanted are to be left out by Select before Next. The caller keeps the ownership of in.R.
func Open(ctx context.Context, in Input, o Opener) (*Source, error) {
	d, err := o.OpenDemuxer(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("file: %s: %w", display(in.Name), err)
	}
	s := &Source{d: d, c: d.Container(), in: in}
	if err := s.open(ctx); err != nil {
		d.Close()
		return nil, fmt.Errorf("file: %s: %w", display(in.Name), err)
	}
	return s, nil
}

func display(name string) string {
	if name == "" {
		return "input"
	}
	return name
}

func (s *Source) open(ctx context.Context) error {
	s.byStream = make([]*track, len(s.c.Streams))
	for i := range s.c.Streams {
		st := &s.c.Streams[i]
		if st.Kind == 0 || st.Picture || st.Config == nil {
			s.info.Others = append(s.info.Others, *st)
			s.d.Select(i, false)
			continue
		}
		t := newTrack(i, st)
		t.setPadding()
		s.byStream[i] = t
		s.tracks = append(s.tracks, t)
		s.selected = append(s.selected, true)
		s.list = append(s.list, Track{
			TrackInfo: media.TrackInfo{ID: st.ID, Kind: st.Kind, Config: t.config, Language: st.Language, Label: st.Title, FrameDuration: st.FrameDuration},
			Default:   st.Default, Forced: st.Forced, Frames: st.Frames, BitRate: st.BitRate,
		})
		t.info = s.list[len(s.list)-1]
	}
	if !slices.ContainsFunc(s.tracks, func(t *track) bool { return t.config.Kind != media.Text }) {
		return ErrNoTracks
	}
	s.parts = parts{list: []part{{start: media.Time(math.Inf(-1))}}}
	if err := s.prime(ctx); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	s.setOrigin()
	s.describe()
	return nil
}

// prime reads until pictures and sound have a packet each, if that does not take long.
func (s *Source) prime(ctx context.Context) error {
	bytes := 0
	for bytes < maxPrimeBytes {
		missing := false
		for i, t := range s.tracks {
			missing = missing || s.selected[i] && !t.began && t.config.Kind != media.Text
		}
		if !missing {
			return nil
		}
		n, err := s.read(ctx)
		if err != nil {
			return err
		}
		bytes += n
	}
	return nil
}

// setOrigin decides which container time is 0.
func (s *Source) setOrigin() {
	if s.c.KeepsOrigin {
		return
	}
	var lead *track
	var origin int64
	for _, t := range s.tracks {
		at := s.c.Streams[t.stream].First
		if at == NoTicks {
			at = t.first
		}
		if at = t.sane(at); at == NoTicks || t.config.Kind == media.Text {
			continue
		}
		if lead == nil || t.span(at) < lead.span(origin) {
			lead, origin = t, at
		}
	}
	if lead == nil {
		return
	}
	s.info.Shift = lead.span(origin)
	for _, t := range s.tracks {
		t.shift = rescale(origin, lead.base, t.base)
	}
}

// rescale converts ticks from one time base into another, rounding to the nearest.
func rescale(ticks int64, from, to TimeBase) int64 {
	if from == to {
		return ticks
	}
	r := new(big.Rat).SetFrac(big.NewInt(int64(from.Num)), big.NewInt(int64(from.Den)))
	r.Mul(r, new(big.Rat).SetFrac(big.NewInt(int64(to.Den)), big.NewInt(int64(to.Num))))
	r.Mul(r, new(big.Rat).SetInt64(ticks))
	f, _ := r.Float64()
	return int64(math.Round(max(-maxTicks, min(maxTicks, f))))
}

func (s *Source) describe() {
	i := &s.info
	i.Format, i.Metadata, i.BitRate = s.c.Format, s.c.Metadata, s.c.BitRate
	i.Title = s.c.Metadata["title"]
	i.Seekable = s.in.seeker() != nil
	for _, c := range s.c.Chapters {
		c.Start, c.End = c.Start.Add(-i.Shift), c.End.Add(-i.Shift)
		i.Chapters = append(i.Chapters, c)
	}
	var end media.Time
	for k, t := range s.tracks {
		st := &s.c.Streams[t.stream]
		if t.config.Encrypted && !s.list[k].Config.Encrypted {
			s.list[k].Config = t.config
			t.info = s.list[k]
		}
		if t.first != NoTicks {
			s.list[k].ContainerFirst = media.Some(media.Time(t.span(t.first)))
			t.info = s.list[k]
		}
		if first, length := t.sane(st.First), t.sane(st.Length); st.Kind != media.Text && length > 0 {
			if first == NoTicks {
				first = t.shift
			}
			end = max(end, t.time(first+length))
		}
	}
	i.Duration = media.Span(end)
	if end <= 0 {
		i.Duration = max(0, s.c.Duration)
	}
}

// Info describes the file.
func (s *Source) Info() *Info { return &s.info }

// Tracks lists what can be played, in the container's order. The caller must not change the slice.
func (s *Source) Tracks() []Track { return s.list }

// Select makes Next yield exactly these tracks from now on. What was read of others is forgotten; a track that is
// added begins where reading stands, so a Seek usually follows.
func (s *Source) Select(ids ...uint32) {
	for i, t := range s.tracks {
		on := slices.Contains(ids, t.info.ID)
		if !on {
			t.restart()
		}
		s.selected[i] = on
		s.d.Select(t.stream, on)
	}
}

// Init is the initialization segment of a track, to be appended before its first chunk; nil for an unknown track.
func (s *Source) Init(id uint32) []byte {
	for i := range s.list {
		if s.list[i].ID == id {
			d := media.Forever
			if s.info.Duration > 0 {
				d = media.Time(s.info.Duration)
			}
			return appendInit(nil, d, &s.list[i].TrackInfo)
		}
	}
	return nil
}

// leader is the selected track that decides where steps end: the first with video, otherwise with sound, otherwise
// any. It is nil when nothing is selected.
func (s *Source) leader() *track {
	for _, kind := range [...]media.Kind{media.Video, media.Audio, media.Text} {
		for i, t := range s.tracks {
			if s.selected[i] && t.config.Kind == kind {
				return t
			}
		}
	}
	return nil
}

// Next reads on and returns one chunk for each selected track that has something to give, or io.EOF when the file
// has ended. After another error it may be called again; it goes on behind what could not be read, if it can.
func (s *Source) Next(ctx context.Context) ([]Chunk, error) {
	lead := s.leader()
	if lead == nil {
		return nil, fmt.Errorf("file: %s: no track is selected", display(s.in.Name))
	}
	for {
		if s.eof || s.full(lead) {
			if out := s.chunks(lead); len(out) > 0 {
				return out, nil
			}
			if s.eof {
				return nil, io.EOF
			}
			// The queue is long but its pictures wait for each other: one more packet at a time.
			if s.pending() >= maxPendingBytes {
				return nil, fmt.Errorf("file: %s: no picture order within %d bytes", display(s.in.Name), maxPendingBytes)
			}
		}
		switch _, err := s.read(ctx); {
		case errors.Is(err, io.EOF):
			s.eof = true
		case err != nil:
			return nil, fmt.Errorf("file: %s: %w", display(s.in.Name), err)
		}
	}
}

// pending is how many bytes the queues hold.
func (s *Source) pending() int {
	n := 0
	for _, t := range s.tracks {
		n += t.buffered()
	}
	return n
}

// full reports whether enough was read for a step.
func (s *Source) full(lead *track) bool {
	if lead.border(lead.ready(), minStep) > 0 || lead.length() >= maxStep {
		return true
	}
	for _, t := range s.tracks {
		if t != lead && t.length() >= lead.length()+maxSkew {
			return true
		}
	}
	return s.pending() >= maxStepBytes
}

// chunks takes what is ready from every track.
func (s *Source) chunks(lead *track) []Chunk {
	reached := media.Time(math.Inf(-1)) // how far reading has come
	for i, t := range s.tracks {
		if s.selected[i] && t.next != NoTicks && t.config.Kind != media.Text {
			reached = max(reached, t.time(t.next))
		}
	}
	var out []Chunk
	for i, t := range s.tracks {
		if !s.selected[i] {
			continue
		}
		n := len(t.queue)
		if behind := reached.Add(-maxSkew); !s.eof {
			n = t.ready()
			if b := t.border(n, minStep); t == lead && b > 0 {
				n = b
			} else if n == 0 && len(t.queue) > 0 && t.time(t.next) < behind {
				n = t.placed() // nothing follows for a while: a slide show, a single picture
			}
		}
		c, _ := t.take(n, s.eof)
		c.From = t.covered
		out = append(out, c)
	}
	end := media.Time(math.Inf(-1)) // of everything
	for i, t := range s.tracks {
		if s.selected[i] && t.config.Kind != media.Text {
			end = max(end, t.end)
		}
	}
	some := out[:0]
	for i, t := range s.tracks {
		if !s.selected[i] {
			continue
		}
		c := out[0]
		out = out[1:]
		through := end
		if !s.eof {
			through = max(t.end, reached.Add(-maxSkew))
			if p := t.pending(); p < through {
				through = p
			}
		}
		t.covered = max(t.covered, through)
		c.Track, c.Through = t.info.ID, t.covered
		if c.Data != nil || c.From < c.Through {
			some = append(some, c)
		}
	}
	return some
}

// read takes one packet from the demuxer into its track's queue and returns its size.
func (s *Source) read(ctx context.Context) (int, error) {
	p := &s.packet
	if err := s.d.ReadPacket(ctx, p); err != nil {
		return 0, err
	}
	if p.Stream < 0 || p.Stream >= len(s.byStream) || s.byStream[p.Stream] == nil {
		return len(p.Data), nil
	}
	t := s.byStream[p.Stream]
	if len(p.Data) == 0 || len(p.Data) > maxPacketBytes {
		return len(p.Data), nil // an empty packet repeats a picture
	}
	if s.c.Discontinuous {
		s.parts.place(t, p)
	}
	t.add(p)
	return len(p.Data), nil
}

// Close frees the demuxer. The input stays open.
func (s *Source) Close() {
	if s.d != nil {
		s.d.Close()
		s.d = nil
	}
}
