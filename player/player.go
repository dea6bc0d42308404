// Package player assembles fetching, buffer, decoders and clock behind one type: a [Player] opens what a user names and
// plays it into the sound device and the surface that it is given.
//
// # Ownership
//
// A Player owns everything it makes and frees it in Close. Decoders, sound device and fetch client are the caller's and
// must live longer.
//
// # Concurrency
//
// Every method may be called from any goroutine. Open starts the goroutines of element and streaming; Close waits for
// them, never for a surface. Listeners run on the event loop, with no lock held.
//
// # Errors
//
// Open fails when the source cannot be opened; what fails later ends playback: see Err. Errors are one line.
package player

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mseplayer/mse"
	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/player/crypt"
	"mseplayer/player/decode"
	"mseplayer/player/element"
	"mseplayer/player/fetch"
	"mseplayer/player/file"
	"mseplayer/player/frame"
	"mseplayer/player/manifest"
	"mseplayer/player/present"
	"mseplayer/player/source"
	"mseplayer/player/stream"
	"mseplayer/player/stream/plan"
	"mseplayer/player/subtitle"
)

// None as a track's name means that no track of that kind is wanted.
const None = plan.None

// auto as a quality follows the network.
const auto = "auto"

// blameWait is how long a failure of the element waits for streaming to tell more about it.
const blameWait = 100 * time.Millisecond

// AudioSink is the sound device.
type AudioSink = element.AudioSink

// Deps are what a Player is given.
type Deps struct {
	// Decoders makes the decoders, Demuxer opens files that are not adaptive streams.
	Decoders decode.Factory
	Demuxer  file.Opener
	// Formats tells which pixel formats the surface can show; others are converted. Nil accepts everything.
	Formats func(frame.PixelFormat) bool
	// Audio is the sound device; nil plays without sound.
	Audio AudioSink
	// Generation is what generations count from: players that use the same sound device one after the other need
	// numbers that do not overlap.
	Generation media.Gen
	Fetch      *fetch.Client
	// Mounts are the built-in file systems that names may refer to.
	Mounts map[string]fs.FS
	// Dump is told what became of each picture. Nil costs nothing.
	Dump func(present.Event)
	// TimedEvent is told of each timed event of manifest and media that the playhead comes to. Nil is for nobody.
	TimedEvent func(stream.TimedEvent)
	// Log gets what degrades playback at Warn, what happens at Info and Debug. Nil is silent.
	Log *slog.Logger
}

// Player plays one source.
type Player struct {
	// immutable
	cfg     Config
	dep     Deps
	keys    *crypt.Store
	log     *slog.Logger
	created time.Time
	ms      *mse.MediaSource
	el      *element.Element
	ended   chan struct{} // closed at the first end or failure of playback
	// streamed is closed when streaming has ended for whatever reason.
	streamed chan struct{}

	choosing sync.Mutex // held while a track is being chosen

	cancel context.CancelFunc // set by Open
	ctx    context.Context    // what Open has made; ends with Stop
	text   subtitles
	textMu sync.Mutex // one choice of subtitles at a time
	group  sync.WaitGroup
	once   sync.Once
	over   sync.Once

	view atomic.Pointer[[2]int] // what pictures are seen in, nil for no bound

	mu     sync.Mutex
	opened time.Time          // guarded by mu: when the source had been read
	src    *source.Source     // guarded by mu
	engine *stream.Engine     // guarded by mu
	prog   *stream.Program    // guarded by mu: nil for a demultiplexed file
	packs  *stream.Packets    // guarded by mu: nil for an adaptive stream
	feeds  []*stream.Segments // guarded by mu; never changed in place
	// guarded by mu: changes that no feed knows of
	switched []Switch
	err      error // guarded by mu: what streaming failed with
}

// New returns a player that has nothing to play yet.
func New(cfg Config, dep Deps) *Player {
	log := dep.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	p := &Player{cfg: cfg.withDefaults(), dep: dep, log: log, created: time.Now(), ended: make(chan struct{}), streamed: make(chan struct{})}
	p.keys = crypt.New(cfg.Keys, dep.Fetch)
	p.text = subtitles{log: log, board: subtitle.New(subtitle.Options{System: true, Delay: cfg.SubDelay, Scale: cfg.SubScale, Log: log}), lanes: map[string]*subtitle.Lane{},
		loading: map[string]chan struct{}{}, readers: map[uint32]*subtitle.Packets{}, beside: map[string]*subtitle.Packets{}, inside: map[uint32]bool{}, decrypters: map[uint32]*crypt.Decrypter{}}
	p.text.video = subtitle.NewCaptions(p.text.board)
	loop := mse.NewEventLoop(nil)
	audio := dep.Audio
	if cfg.AudioTrack == None {
		audio = nil
	}
	p.ms = mse.New(mse.Options{
		Loop:                  loop,
		Private:               map[string]func() bytestream.Parser{file.MIMEType: file.NewParser},
		Decodes:               dep.Decoders.Supports,
		SkipUnsupportedTracks: true,
		DecodeOutsideWindow:   true,
		KeepOpen:              true,
		InbandEvents:          true,
		TextFrames:            true,
		VideoQuota:            cfg.VideoQuota,
		AudioQuota:            cfg.AudioQuota,
		Log:                   log,
	})
	p.el = element.New(loop, element.Options{
		Decoders:   dep.Decoders,
		Decoder:    decode.Options{Formats: dep.Formats, Captions: p.text.video.Add},
		Decrypters: func() decode.Decrypter { return p.keys.Decrypter() },
		Audio:      audio,
		NoVideo:    cfg.VideoTrack == None,
		Queue:      present.Options{Created: p.created, Dump: dep.Dump},
		Start:      cfg.Start,

		MaxVolume:  element.MaxVolume,
		Generation: dep.Generation,
		Log:        log,
	})
	p.el.Listen(p.event)
	return p
}

// Open opens what name refers to, a path, a URL, or "-" for standard input, and begins to fetch. Playback starts with
// Play. It may be called once.
// Errors: *source.Error when the source cannot be opened; otherwise why nothing in it can be played.
func (p *Player) Open(ctx context.Context, name string) error {
	if err := p.cfg.validate(); err != nil {
		return err
	}
	ctx, p.cancel = context.WithCancel(ctx)
	src, err := source.Open(ctx, name, source.Options{Fetch: p.dep.Fetch, Demuxer: p.dep.Demuxer, Mounts: p.dep.Mounts})
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.src, p.opened = src, time.Now()
	p.mu.Unlock()
	p.el.Start(ctx)
	if err := p.attach(ctx); err != nil {
		return err
	}
	if err := p.openSubtitles(ctx, src); err != nil {
		return err
	}
	var feeds []stream.Feed
	opt := stream.Options{Ahead: p.cfg.Ahead, Log: p.log, Quality: func() (total, dropped uint64) {
		q := p.el.Quality()
		return q.Total, q.Dropped
	}, View: p.bounds}
	if src.Presentation != nil {
		p.keys.Learn(src.Presentation)
		opt.Program, feeds, err = p.segments(src.Presentation)
	} else {
		feeds, err = p.packets(src)
	}
	if err != nil {
		return err
	}
	if p.cfg.Language != "" {
		p.text.spoken = p.cfg.Language
	}
	if err := p.chooseSubtitle(); err != nil {
		return fmt.Errorf("%s: %w", fetch.Redact(src.Name), err)
	}
	p.group.Go(func() { p.text.board.Run(ctx, p.position) })
	engine := stream.New(p.ms, p.el, opt, feeds...)
	p.mu.Lock()
	p.engine = engine
	p.mu.Unlock()
	p.group.Go(func() {
		defer close(p.streamed)
		if err := engine.Run(ctx); err != nil && ctx.Err() == nil {
			p.fail(err)
		}
	})
	return nil
}

// attach makes the MediaSource what the element plays, and waits until it is open.
func (p *Player) attach(ctx context.Context) error {
	p.el.SetSrcObject(p.ms)
	for {
		changed := p.ms.EventLoop().Changed()
		if p.ms.ReadyState() == mse.Open {
			return nil
		}
		if err := p.el.Error(); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// segments makes the program of a presentation and its feeds.
func (p *Player) segments(pres *manifest.Presentation) (*stream.Program, []stream.Feed, error) {
	for _, f := range pres.Findings {
		if f.Severity != manifest.SeverityInfo {
			p.log.Warn(f.Message, "code", f.Code, "where", f.Where)
		}
	}
	opt := mse.Options{Decodes: p.dep.Decoders.Supports}
	rules := plan.Rules{Supports: readable(opt), Video: p.cfg.VideoTrack, Audio: p.cfg.AudioTrack, Quality: p.cfg.Quality,
		MaxHeight: p.cfg.MaxHeight, MaxBandwidth: p.cfg.MaxBitrate}
	if rules.Quality == auto && !strings.HasPrefix(pres.URL, "http") {
		rules.Quality = "max" // there is no network whose speed could matter
	}
	if pres.Format == manifest.File {
		rules = plan.Rules{} // one representation with all tracks in it
	}
	sel, err := plan.Select(pres, rules)
	if err != nil && onlyText(pres) {
		p.text.alone, sel, err = true, &plan.Selection{}, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", fetch.Redact(pres.URL), err)
	}
	if sel.Video == nil && p.cfg.VideoTrack != None {
		// Sound alone is not what somebody who opens a film wants; --video-track no says otherwise.
		for _, l := range sel.LeftOut {
			if l.Set.Normal() && l.Set.Kind == manifest.Video {
				return nil, nil, fmt.Errorf("%s: no video can be played: %s: %s", fetch.Redact(pres.URL), l.Track, l.Reason)
			}
		}
	}
	for _, l := range sel.LeftOut {
		p.log.Warn("not played", "track", l.Track, "why", l.Reason)
	}
	prog := stream.NewProgram(pres, stream.ProgramOptions{Fetch: p.dep.Fetch, Rules: rules, Delay: p.cfg.LiveDelay, Keys: p.keys, Event: p.dep.TimedEvent, Text: p.insideText, Log: p.log})
	p.text.feed = stream.NewText(prog, subtitle.Readable)
	feeds := []stream.Feed{p.text.feed}
	for _, k := range []struct {
		kind  manifest.Kind
		track *plan.Track
	}{{manifest.Video, sel.Video}, {manifest.Audio, sel.Audio}} {
		if k.track == nil {
			continue
		}
		if k.kind == manifest.Audio && len(k.track.Choices()) > 0 {
			p.text.spoken = k.track.Choices()[0].Set.Lang
		}
		sb, err := p.addSourceBuffer(k.track.Current())
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %s: %w", fetch.Redact(pres.URL), k.track.Current().TrackID, err)
		}
		f := stream.NewSegments(prog, k.track, k.kind, sb, p.selector(prog))
		p.mu.Lock()
		p.feeds = append(p.feeds, f)
		p.mu.Unlock()
		feeds = append(feeds, f)
	}
	if p.text.alone {
		stage, err := p.stage()
		if err != nil {
			return nil, nil, err
		}
		feeds = append(feeds, stage)
	}
	p.mu.Lock()
	p.prog = prog
	p.mu.Unlock()
	if pres.Live != nil {
		return prog, feeds, p.ms.SetDuration(media.Forever)
	}
	if pres.Duration.Set && pres.Duration.T > 0 {
		if err := p.ms.SetDuration(pres.Duration.T); err != nil {
			return nil, nil, err
		}
	}
	return prog, feeds, nil
}

// addSourceBuffer makes the SourceBuffer of a representation. A codecs string that says nothing useful is left out: the
// media tells.
func (p *Player) addSourceBuffer(r *manifest.Representation) (*mse.SourceBuffer, error) {
	sb, err := p.ms.AddSourceBuffer(r.Type())
	if errors.Is(err, mse.ErrNotSupported) && r.Codecs != "" {
		if plain, perr := p.ms.AddSourceBuffer(r.MIMEType); perr == nil {
			return plain, nil
		}
	}
	return sb, err
}

// packets makes the feed of a demultiplexed file.
func (p *Player) packets(src *source.Source) ([]stream.Feed, error) {
	var ids []uint32
	for _, k := range []struct {
		kind media.Kind
		want string
	}{{media.Video, p.cfg.VideoTrack}, {media.Audio, p.cfg.AudioTrack}} {
		t, err := chooseTrack(src.File.Tracks(), k.kind, k.want, p.dep.Decoders.Supports)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", fetch.Redact(src.Name), err)
		}
		if t == nil {
			continue
		}
		ids = append(ids, t.ID)
		if k.kind == media.Audio {
			p.level(src.File, t.ID)
			p.text.spoken = t.Language
		}
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("%s: no track can be played: %s", fetch.Redact(src.Name), trackNames(src.File.Tracks()))
	}
	packed := &packetSource{Source: src.File, text: p.text.readers, near: !strings.HasPrefix(src.URL, "http")}
	for id, l := range packed.text {
		l.Append(src.File.Init(id))
	}
	packed.Select(ids...)
	sbs := map[uint32]*mse.SourceBuffer{}
	for _, id := range ids {
		sb, err := p.ms.AddSourceBuffer(file.MIMEType)
		if err != nil {
			return nil, err
		}
		sbs[id] = sb
	}
	info := src.File.Info()
	if info.Duration > 0 {
		if err := p.ms.SetDuration(media.Time(info.Duration)); err != nil {
			return nil, err
		}
	}
	packets := stream.NewPackets(packed, fetch.Redact(src.Name), info.Seekable, sbs)
	p.mu.Lock()
	p.packs = packets
	p.mu.Unlock()
	return []stream.Feed{packets}, nil
}

// level brings a sound track to the level of others, if that is wanted.
func (p *Player) level(f *file.Source, track uint32) {
	if p.cfg.ReplayGain == ReplayGainTrack || p.cfg.ReplayGain == ReplayGainAlbum {
		p.el.SetLoudness(f.Loudness(track).Factor(p.cfg.ReplayGain == ReplayGainAlbum))
	}
}

// chooseTrack picks the track of a kind: the one that is named, else the author's default, else the first that has a
// decoder. It returns nil when there is none or none is wanted.
func chooseTrack(tracks []file.Track, kind media.Kind, want string, supports func(media.CodecID) bool) (*file.Track, error) {
	if want == None {
		return nil, nil
	}
	var usable []*file.Track
	for i := range tracks {
		if t := &tracks[i]; t.Kind == kind && supports(t.Config.Codec) {
			usable = append(usable, t)
		}
	}
	if want != "" {
		i := slices.IndexFunc(usable, func(t *file.Track) bool { return fmt.Sprint(t.ID) == want || t.Language != "" && t.Language == want })
		if i < 0 {
			return nil, fmt.Errorf("no %s track %q; there are: %s", kind, want, trackNames(tracks))
		}
		return usable[i], nil
	}
	if i := slices.IndexFunc(usable, func(t *file.Track) bool { return t.Default }); i >= 0 {
		return usable[i], nil
	}
	if len(usable) > 0 {
		return usable[0], nil
	}
	return nil, nil
}

// trackNames lists tracks for a message.
func trackNames(tracks []file.Track) string {
	var names []string
	for _, t := range tracks {
		s := fmt.Sprintf("%d (%s %s", t.ID, t.Kind, t.Config.Codec)
		if t.Language != "" {
			s += " " + t.Language
		}
		names = append(names, s+")")
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// packetSource shows a file.Source as what streaming needs, and keeps the subtitles of it.
type packetSource struct {
	*file.Source
	text map[uint32]*subtitle.Packets
	near bool // reading costs next to nothing
	// of the goroutine that reads
	selected []uint32     // without subtitles
	at       media.Range  // what has been read without a jump
	read     media.Ranges // what was read before
}

// Select implements stream.PacketSource. Subtitles are always read: there is little of them, and they can be shown at once.
func (s *packetSource) Select(tracks ...uint32) {
	s.selected = slices.Clone(tracks)
	for id := range s.text {
		tracks = append(tracks, id)
	}
	s.Source.Select(tracks...)
}

// Seek implements stream.PacketSource. Subtitles are shown long before the next ones come: reading begins early enough
// to find those that are on the screen at t, a little before t or, where that costs next to nothing, far before.
func (s *packetSource) Seek(ctx context.Context, t media.Time) (media.Time, error) {
	s.jump(t)
	shown := slices.Collect(maps.Keys(s.text))
	if shown = slices.DeleteFunc(shown, func(id uint32) bool { return !s.text[id].Shown() }); len(shown) > 0 {
		if s.near {
			if err := s.look(ctx, t, shown); err != nil {
				return 0, err
			}
		}
		t = max(0, t.Add(-subtitlePreroll))
	}
	s.reset()
	landed, err := s.Source.Seek(ctx, t)
	s.jump(landed)
	return landed, err
}

// look reads subtitles that began long before t.
func (s *packetSource) look(ctx context.Context, t media.Time, shown []uint32) error {
	from, selected := max(0, t.Add(-subtitleReach)), s.selected
	if r, ok := s.read.Find(from); ok && r.End >= t || from >= t || len(selected) == 0 {
		return nil
	}
	s.reset()
	// One of the other tracks tells how far reading has come. The last one is the sound, if there is any.
	pace := selected[len(selected)-1]
	s.Source.Select(append(shown, pace)...)
	defer s.Select(selected...)
	landed, err := s.Source.Seek(ctx, from)
	if err != nil {
		return nil // seeking to t tells why
	}
	for reached := landed; reached < t; {
		chunks, err := s.Next(ctx)
		if err != nil {
			return context.Cause(ctx) // what cannot be read, or the end, is found by seeking to t, too
		}
		for _, c := range chunks {
			if c.Track == pace {
				reached = max(reached, c.Start, c.Through)
			}
		}
	}
	s.at = media.Range{Start: landed, End: t}
	s.jump(t)
	return nil
}

func (s *packetSource) reset() {
	for id, l := range s.text {
		l.Reset(s.Init(id))
	}
}

// jump notes that reading goes on elsewhere.
func (s *packetSource) jump(to media.Time) {
	if s.at.Start < s.at.End {
		s.read = s.read.Union(media.NewRanges(s.at))
	}
	s.at = media.Range{Start: to, End: to}
}

// Next implements stream.PacketSource.
func (s *packetSource) Next(ctx context.Context) ([]stream.Chunk, error) {
	chunks, err := s.Source.Next(ctx)
	out := make([]stream.Chunk, len(chunks))
	for i, c := range chunks {
		if l := s.text[c.Track]; l != nil {
			if c.Data != nil {
				l.Append(c.Data)
			}
			continue
		}
		s.at.End = max(s.at.End, c.Start)
		out[i] = stream.Chunk{Track: c.Track, Data: c.Data, Start: c.Start, End: c.End, From: c.From, Through: c.Through}
	}
	return out, err
}

// event follows the element's events.
func (p *Player) event(e mse.Event) {
	p.text.board.Look()
	switch e.Type {
	case element.EventEnded:
		p.over.Do(func() { close(p.ended) })
	case element.EventError:
		// When appended data is to blame, streaming fails as well and can tell which segment it was.
		go func() {
			select {
			case <-p.streamed:
			case <-time.After(blameWait):
			}
			p.fail(nil)
		}()
	case element.EventLoadedMetadata:
		p.compareCodecs()
	}
}

// compareCodecs warns where the manifest names another codec than the media has. The media is right.
func (p *Player) compareCodecs() {
	p.mu.Lock()
	feeds := p.feeds
	p.mu.Unlock()
	for _, f := range feeds {
		f.CheckCodecs(func(rep *manifest.Representation, got string) {
			p.log.Warn("the codecs string does not fit the media; playing by the media", "track", rep.TrackID, "codecs", rep.Codecs, "media", got)
		})
	}
}

// fail notes a failure and ends playback.
func (p *Player) fail(err error) {
	p.mu.Lock()
	if p.err == nil {
		p.err = err
	}
	p.mu.Unlock()
	p.over.Do(func() { close(p.ended) })
}

// Ended is closed when playback has reached the end for the first time, or failed.
func (p *Player) Ended() <-chan struct{} { return p.ended }

// Err returns what ended playback before its end, nil if nothing did.
func (p *Player) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return p.err
	}
	if e := p.el.State().Error; e != nil {
		return e
	}
	return nil
}

// Empty reports whether playback has ended without anything to be seen or heard.
func (p *Player) Empty() bool {
	s := p.el.State()
	return s.Ended && s.Duration == 0
}

// Frames is what a surface draws from. It is there from the beginning and stays the same.
func (p *Player) Frames() *present.Queue { return p.el.Frames() }

// Play starts or resumes playback; from the beginning when it had ended.
func (p *Player) Play() { p.el.Play() }

// Pause stops playback.
func (p *Player) Pause() { p.el.Pause() }

// Seek moves to t, exactly.
func (p *Player) Seek(t media.Time) { p.el.Seek(t) }

// FastSeek moves to where decoding can begin at or before t, if t has been fetched, and to t otherwise.
func (p *Player) FastSeek(t media.Time) { p.el.FastSeek(t) }

// SetSection repeats what lies between two points, given in either order, until one of them is unset.
func (p *Player) SetSection(a, b media.Opt) { p.el.SetSection(a, b) }

// Section returns the points of SetSection.
func (p *Player) Section() (a, b media.Opt) { return p.el.Section() }

// SetAudioDelay has sound heard later than its pictures, earlier when d is negative, by at most element.MaxAudioDelay.
func (p *Player) SetAudioDelay(d media.Span) { p.el.SetAudioDelay(d) }

// AudioDelay returns what SetAudioDelay has set.
func (p *Player) AudioDelay() media.Span { return p.el.AudioDelay() }

// Step pauses and moves by n pictures.
func (p *Player) Step(n int) {
	p.el.Pause()
	p.el.Step(n)
}

// SetVolume sets the volume, 0 to element.MaxVolume; what lies outside is brought in.
func (p *Player) SetVolume(v float64) { _ = p.el.SetVolume(min(max(v, 0), element.MaxVolume)) } // NaN changes nothing

// SetSpeed sets how many seconds of media pass in one, element.MinRate to element.MaxRate; what lies outside is brought
// in. Sound keeps its pitch. A source that is opened later begins with it.
func (p *Player) SetSpeed(v float64) {
	v = min(max(v, element.MinRate), element.MaxRate)
	_ = p.el.SetDefaultPlaybackRate(v) // NaN changes nothing
	_ = p.el.SetPlaybackRate(v)
}

// SetView bounds what adapting to the network chooses from: nothing larger than what fills w by h pixels. 0 by 0, as at the
// beginning, is no bound. It counts from the next segment on.
func (p *Player) SetView(w, h int) {
	if w <= 0 || h <= 0 {
		p.view.Store(nil)
		return
	}
	p.view.Store(&[2]int{w, h})
}

func (p *Player) bounds() (w, h int) {
	if v := p.view.Load(); v != nil {
		return v[0], v[1]
	}
	return 0, 0
}

// SetMuted turns sound off and on.
func (p *Player) SetMuted(m bool) { p.el.SetMuted(m) }

// Playhead returns the playback position and a number that grows with every seek.
func (p *Player) Playhead() (at media.Time, seeks media.Gen) { return p.el.Playhead() }

// State returns the element's attributes.
func (p *Player) State() element.State { return p.el.State() }

// Listen calls fn for the element's events until stop is called.
func (p *Player) Listen(fn func(mse.Event)) (stop func()) { return p.el.Listen(fn) }

// Title is what to call the source: its author's title, or its name.
func (p *Player) Title() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.src == nil:
		return ""
	case p.src.File != nil && p.src.File.Info().Title != "":
		return p.src.File.Info().Title
	case p.src.Presentation != nil && p.src.Presentation.Title != "":
		return p.src.Presentation.Title
	}
	name := fetch.Redact(p.src.Name)
	if i := strings.LastIndexByte(strings.TrimRight(name, "/"), '/'); i >= 0 {
		name = name[i+1:]
	}
	return name
}

// Chapters are the named parts of a file, on the presentation timeline. Nobody may change the slice.
func (p *Player) Chapters() []file.Chapter {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.src == nil || p.src.File == nil {
		return nil
	}
	return p.src.File.Info().Chapters
}

// Stop ends playback and fetching. What a surface draws from stays valid. A second call does nothing.
func (p *Player) Stop() {
	p.once.Do(func() {
		if p.cancel != nil {
			p.cancel()
		}
		p.group.Wait()
		p.el.Stop()
		p.mu.Lock()
		src := p.src
		p.mu.Unlock()
		for _, l := range p.text.readers {
			l.Close()
		}
		for _, l := range p.text.beside {
			l.Close()
		}
		if src != nil {
			src.Close()
		}
		p.over.Do(func() { close(p.ended) })
	})
}

// Close is Stop that frees the pictures too: nobody may draw any more.
func (p *Player) Close() {
	p.Stop()
	p.el.Close()
}
