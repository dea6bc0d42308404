package player

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/player/crypt"
	"mseplayer/player/decode"
	"mseplayer/player/fetch"
	"mseplayer/player/file"
	"mseplayer/player/frame"
	"mseplayer/player/manifest"
	"mseplayer/player/source"
	"mseplayer/player/stream"
	"mseplayer/player/subtitle"
)

const (
	// subtitlePatience is how long a picture waits for the subtitles that belong to it.
	subtitlePatience = 5 * time.Second
	// subtitlePreroll is how long before the target of a seek a file is read for subtitles, subtitleReach how long a local
	// one is, in seconds.
	subtitlePreroll, subtitleReach media.Span = 6, 60
	// maxSubtitleFiles bounds the files of subtitles of one source.
	maxSubtitleFiles = 64
	// mainChannel is the channel of captions that there is first.
	mainChannel = "CC1"
)

// subtitles is what a Player does with subtitles.
type subtitles struct {
	board *subtitle.Board
	log   *slog.Logger
	lanes map[string]*subtitle.Lane // complete before playback begins
	video *subtitle.Captions        // captions inside of pictures
	feed  *stream.Text              // nil where no manifest lists subtitles
	// loading are the files that are being read, by the ID of their track: closed when that is over.
	loading map[string]chan struct{}
	readers map[uint32]*subtitle.Packets // of tracks in a demultiplexed file
	beside  map[string]*subtitle.Packets // of files of pictures, by the ID of the track; complete before playback begins
	// inside are the tracks inside of segments that have been seen, decrypters those of protected ones.
	inside     map[uint32]bool
	decrypters map[uint32]*crypt.Decrypter
	refused    sync.Map // the IDs of those of which it has been told that they cannot be had
	asked      bool     // somebody has chosen
	wish       string   // the track that was asked for and has not been seen yet, "" for none
	// spoken is the language of the sound, alone tells that there are neither pictures nor sound.
	spoken string
	alone  bool
	aspect float64 // of the picture, as it is shown; 0 is unknown
}

// Subtitles is the board of subtitles. It is there from the beginning and stays the same; use SelectSubtitle to choose.
func (p *Player) Subtitles() *subtitle.Board { return p.text.board }

// stage makes the feed that lets time pass where there is nothing but subtitles.
func (p *Player) stage() (stream.Feed, error) {
	tracks := p.text.board.Tracks()
	i := slices.IndexFunc(tracks, func(t subtitle.Track) bool { return !t.External })
	if i < 0 {
		return nil, errors.New("there is nothing to play")
	}
	sb, err := p.ms.AddSourceBuffer(file.MIMEType)
	if err != nil {
		return nil, err
	}
	return stream.NewStage(sb, file.Silence(), p.text.feed, tracks[i].ID), nil
}

// onlyText reports whether a presentation has nothing but subtitles.
func onlyText(pres *manifest.Presentation) bool {
	text := false
	for _, per := range pres.Periods {
		for _, set := range per.Sets {
			if set.Normal() && set.Kind != manifest.Text {
				return false
			}
			text = text || set.Kind == manifest.Text
		}
	}
	return text
}

// addTrack puts a track on the board.
func (s *subtitles) add(t subtitle.Track) *subtitle.Lane {
	if s.lanes[t.ID] != nil {
		return nil
	}
	l := s.board.Add(t)
	if l != nil {
		s.lanes[t.ID] = l
	}
	return l
}

// listManifest lists the subtitles of a presentation: sets of several periods that go on in each other once.
func (s *subtitles) listManifest(pres *manifest.Presentation) {
	type key struct{ id, lang string }
	seen := map[key]bool{}
	for _, per := range pres.Periods {
		for _, set := range per.Sets {
			k := key{set.ID, set.Lang}
			if set.Kind != manifest.Text || !set.Normal() || seen[k] {
				continue
			}
			for _, r := range set.Representations {
				if ok, _ := subtitle.Readable(r.Type()); !ok || r.Unusable != "" {
					continue
				}
				seen[k] = true
				kind := "subtitles"
				if set.HasRole("caption") {
					kind = "captions"
				}
				codec := r.Codecs
				if codec == "" {
					codec = r.MIMEType
				}
				s.add(subtitle.Track{ID: r.TrackID, Language: set.Lang, Label: set.Label, Kind: kind, Codec: codec, Default: set.Default, Forced: set.Forced})
				break
			}
		}
	}
}

// The schemes of descriptors that declare captions inside of pictures: "CC1=eng;CC3=swe" or "eng;swe", and
// "1=lang:eng;2=lang:swe".
// ANSI/SCTE 214-1.
const scheme608, scheme708 = "urn:scte:dash:cc:cea-608:2015", "urn:scte:dash:cc:cea-708:2015"

// listCaptions lists the captions that a manifest declares inside of pictures.
func (s *subtitles) listCaptions(pres *manifest.Presentation) {
	for _, per := range pres.Periods {
		for _, set := range per.Sets {
			if set.Kind != manifest.Video {
				continue
			}
			for _, d := range set.Accessibility {
				if d.Scheme == scheme608 || d.Scheme == scheme708 {
					s.declare(d)
				}
			}
		}
	}
}

func (s *subtitles) declare(d manifest.Descriptor) {
	for i, part := range strings.Split(d.Value, ";") {
		channel, rest, named := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case d.Scheme == scheme708:
			channel = "SERVICE" + channel
		case !named: // languages of CC1 and CC3
			channel, rest = fmt.Sprintf("CC%d", 2*i+1), channel
		}
		language, _, _ := strings.Cut(strings.TrimPrefix(rest, "lang:"), ",")
		if subtitle.IsChannel(channel) {
			s.video.Declare(subtitle.Track{ID: channel, Language: language})
		}
	}
}

// listFile lists the subtitles inside of a demultiplexed file.
func (s *subtitles) listFile(f *file.Source, bitmaps decode.SubtitleFactory) {
	for _, t := range f.Tracks() {
		if t.Kind == media.Text && subtitle.IsCaptions(t.Config) {
			s.video.Declare(subtitle.Track{ID: mainChannel, Language: t.Language, Label: t.Label})
			s.readers[t.ID] = subtitle.NewCaptionPackets(s.video, t.TrackInfo, file.NewParser())
			continue
		}
		if t.Kind != media.Text || !subtitle.Supports(t.Config, bitmaps) {
			continue
		}
		l := s.add(subtitle.Track{ID: fmt.Sprint(t.ID), Language: t.Language, Label: t.Label, Codec: string(t.Config.Codec), Default: t.Default, Forced: t.Forced})
		if l != nil {
			s.readers[t.ID] = subtitle.NewPackets(l, t.TrackInfo, file.NewParser(), s.aspect, bitmaps, func(err error) {
				s.log.Warn("subtitles cannot be read", "track", l.Track().ID, "err", err)
			})
		}
	}
}

// listMuxed lists the subtitles inside of a fragmented file.
func (p *Player) listMuxed(head *media.InitSegment) {
	for i := range head.Tracks {
		p.insideTrack(head.Tracks[i])
	}
}

// insideTrack lists a track inside of segments once, and returns what reads it; nil when nothing does.
func (p *Player) insideTrack(t media.TrackInfo) *subtitle.Packets {
	s := &p.text
	if t.Kind != media.Text || t.Config == nil || s.inside[t.ID] {
		return s.readers[t.ID]
	}
	s.inside[t.ID] = true
	switch {
	case subtitle.IsCaptions(t.Config):
		s.video.Declare(subtitle.Track{ID: mainChannel, Language: t.Language, Label: t.Label})
		s.readers[t.ID] = subtitle.NewCaptionPackets(s.video, t, nil)
	case subtitle.Supports(t.Config, nil):
		kind := "subtitles"
		if t.Role == "captions" {
			kind = t.Role
		}
		l := s.add(subtitle.Track{ID: fmt.Sprint(t.ID), Language: t.Language, Label: t.Label, Kind: kind, Codec: string(t.Config.Codec), Forced: t.Role == "forced"})
		if l == nil {
			return nil
		}
		s.readers[t.ID] = subtitle.NewPackets(l, t, nil, s.aspect, nil, func(err error) {
			s.log.Warn("subtitles cannot be read", "track", l.Track().ID, "err", err)
		})
	}
	return s.readers[t.ID]
}

// insideText takes the frames of text tracks inside of segments.
func (p *Player) insideText(list []mse.TextFrame) {
	for _, x := range list {
		info := x.Track.Info()
		p.textMu.Lock()
		known := p.text.inside[info.ID]
		r := p.insideTrack(info)
		if _, chosen := p.text.board.Selected(); !known && !chosen {
			p.show("") // it may be the one to stand by
		}
		d := p.text.decrypters[info.ID]
		if d == nil && x.Frame.Crypt != nil {
			d = p.keys.Decrypter()
			p.text.decrypters[info.ID] = d
		}
		wish := p.text.wish
		p.textMu.Unlock()
		if r == nil {
			continue
		}
		f, err := subtitle.Clear(p.ctx, d, x.Frame)
		if err != nil {
			if p.ctx.Err() == nil {
				p.text.refuse(info.ID, err)
			}
			continue
		}
		if r.Add(f); wish != "" {
			p.textMu.Lock()
			_ = p.selectSubtitle(wish) // it may be another track's turn
			p.textMu.Unlock()
		}
	}
}

// refuse tells once that a track inside of segments cannot be had.
func (s *subtitles) refuse(id uint32, err error) {
	if _, again := s.refused.LoadOrStore(id, true); !again {
		s.log.Warn("subtitles cannot be read", "track", id, "err", err)
	}
}

// awaits reports whether there may be subtitles inside of segments that have not been seen yet.
func awaits(pres *manifest.Presentation) bool {
	if pres == nil || pres.Format == manifest.File {
		return false
	}
	for _, per := range pres.Periods {
		for _, set := range per.Sets {
			for _, r := range set.Representations {
				if set.Kind == manifest.Text {
					continue
				}
				for _, c := range strings.Split(r.Codecs, ",") {
					switch c, _, _ := strings.Cut(strings.TrimSpace(c), "."); c {
					case "wvtt", "stpp", "tx3g", "c608":
						return true
					}
				}
			}
		}
	}
	return false
}

// openSubtitles lists the subtitles of the source and those beside it, and chooses.
func (p *Player) openSubtitles(ctx context.Context, src *source.Source) error {
	p.ctx = ctx
	s := &p.text
	s.aspect = aspectOf(src)
	bitmaps, _ := p.dep.Decoders.(decode.SubtitleFactory)
	for i, name := range p.cfg.SubFiles {
		if i == maxSubtitleFiles {
			return fmt.Errorf("player: more than %d files of subtitles", maxSubtitleFiles)
		}
		url, err := fetch.SourceURL(name, p.dep.Mounts)
		if err != nil {
			return err
		}
		p.loadSubtitles(ctx, source.Describe(url), bitmaps)
	}
	if src.Presentation == nil || src.Presentation.Format == manifest.File {
		for _, c := range source.Sidecars(src.URL) {
			p.loadSubtitles(ctx, c, bitmaps)
		}
	}
	if src.Presentation != nil {
		s.listManifest(src.Presentation)
		s.listCaptions(src.Presentation)
		if src.Muxed != nil {
			p.listMuxed(src.Muxed)
		}
	} else {
		s.listFile(src.File, bitmaps)
	}
	if subtitle.IsChannel(p.cfg.SubTrack) {
		s.video.Declare(subtitle.Track{ID: p.cfg.SubTrack})
	}
	return nil
}

// loadSubtitles reads a file of subtitles, and adds its track.
func (p *Player) loadSubtitles(ctx context.Context, c source.Sidecar, bitmaps decode.SubtitleFactory) {
	if c.Format == vobSubIndex || c.Format == vobSubStream {
		p.loadVobSub(ctx, c, bitmaps)
		return
	}
	id := p.text.free(c.Name)
	l := p.text.add(subtitle.Track{ID: id, Language: c.Language, Label: c.Name, Codec: c.Format, Kind: c.Kind, Forced: c.Forced, External: true})
	if l == nil {
		return
	}
	done := make(chan struct{})
	p.text.loading[id] = done
	p.group.Go(func() {
		defer close(done)
		b, _, err := p.dep.Fetch.ReadAll(ctx, fetch.Request{URL: c.URL, Kind: fetch.Text})
		if err == nil {
			seg := subtitle.Segment{Name: c.URL, Data: b, Language: c.Language, Aspect: p.text.aspect, Image: p.imagesOf(ctx, c.URL)}
			cues, warnings, rerr := seg.Read()
			p.complain(id, warnings)
			l.Add(cues...)
			err = rerr
		}
		if err != nil && ctx.Err() == nil {
			p.log.Warn("subtitles cannot be read", "file", fetch.Redact(c.URL), "err", err)
		}
	})
}

// imagesOf returns a function that fetches what a document at origin refers to.
func (p *Player) imagesOf(ctx context.Context, origin string) func(string) ([]byte, error) {
	return func(src string) ([]byte, error) {
		base, err := manifest.ParseBase(origin)
		if err != nil {
			return nil, err
		}
		u, err := base.ResolveURL(src)
		if err != nil {
			return nil, err
		}
		b, _, err := p.dep.Fetch.ReadAll(ctx, fetch.Request{URL: u, Kind: fetch.Text, Origin: origin})
		return b, err
	}
}

// aspectOf is the shape of a source's pictures, as they are shown: the width by the height; 0 when nobody says.
func aspectOf(src *source.Source) float64 {
	shape := func(c *media.DecoderConfig) float64 {
		if c == nil || c.Kind != media.Video || c.Width <= 0 || c.Height <= 0 {
			return 0
		}
		w, h := c.Width-c.Clean.Left-c.Clean.Right, c.Height-c.Clean.Top-c.Clean.Bottom
		if w <= 0 || h <= 0 {
			w, h = c.Width, c.Height
		}
		w, h = frame.DisplaySize(w, h, c.SARNum, c.SARDen, c.Rotation)
		return float64(w) / float64(h)
	}
	switch {
	case src.File != nil:
		for _, t := range src.File.Tracks() {
			if a := shape(t.Config); a > 0 {
				return a
			}
		}
		return 0
	case src.Muxed != nil:
		for _, t := range src.Muxed.Tracks {
			if a := shape(t.Config); a > 0 {
				return a
			}
		}
	}
	if src.Presentation == nil {
		return 0
	}
	for _, per := range src.Presentation.Periods {
		for _, set := range per.Sets {
			for _, r := range set.Representations {
				if set.Kind == manifest.Video && set.Normal() && r.Width > 0 && r.Height > 0 {
					w, h := frame.DisplaySize(r.Width, r.Height, int(r.SAR.Num), int(r.SAR.Den), 0)
					return float64(w) / float64(h)
				}
			}
		}
	}
	return 0
}

// complain logs the first warning of a document.
func (p *Player) complain(track string, w []subtitle.Warning) {
	if len(w) > 0 {
		p.log.Info("subtitles", "track", track, "warning", w[0].String(), "warnings", len(w))
	}
}

// sink returns what reads the segments of a track.
func (p *Player) sink(ctx context.Context, l *subtitle.Lane) stream.TextSink {
	d := p.keys.Decrypter()
	clear := func(f *media.CodedFrame) (*media.CodedFrame, error) { return subtitle.Clear(ctx, d, f) }
	return func(t stream.TextSegment) error {
		seg := subtitle.Segment{Name: t.URL, MIMEType: t.MIMEType, Init: t.InitData, Data: t.Data, Language: l.Track().Language, Aspect: p.text.aspect,
			Start: t.Start, Duration: t.Duration, Exact: t.Representation.Addressing == manifest.Single, Offset: t.Offset, Clock: t.Clock, Known: t.Known, Window: t.Window, Image: p.imagesOf(ctx, t.URL), Clear: clear}
		cues, warnings, err := seg.Read()
		p.complain(l.Track().ID, warnings)
		l.Add(cues...)
		return err
	}
}

// Spoken is the language of the sound by which subtitles are chosen, "" when nobody says.
func (p *Player) Spoken() string {
	p.textMu.Lock()
	defer p.textMu.Unlock()
	return p.text.spoken
}

// SelectSubtitle shows a track of Subtitles by its ID, or the first of a language; None shows none. It fails when there
// is no such track.
func (p *Player) SelectSubtitle(want string) error {
	p.textMu.Lock()
	defer p.textMu.Unlock()
	p.text.asked = true
	return p.selectSubtitle(want)
}

// selectSubtitle is SelectSubtitle, whoever decides.
func (p *Player) selectSubtitle(want string) error {
	if want == None || want == "" {
		p.text.wish = ""
		p.show("")
		return nil
	}
	tracks := p.text.board.Tracks()
	i := slices.IndexFunc(tracks, func(t subtitle.Track) bool { return t.ID == want })
	if i < 0 {
		i = slices.IndexFunc(tracks, func(t subtitle.Track) bool { return names(t.ID, want) })
	}
	if i < 0 {
		i = spoken(tracks, want)
	}
	if i < 0 {
		return fmt.Errorf("no subtitle track %q; there are: %s", want, subtitleNames(tracks))
	}
	p.text.wish = ""
	p.show(tracks[i].ID)
	return nil
}

// show shows a track of an ID; for "", what is forced in the track that is on standby.
func (p *Player) show(id string) {
	p.text.board.Select(id)
	standby := ""
	if i := p.standby(); i >= 0 {
		standby = p.text.board.Tracks()[i].ID
	}
	p.text.board.Standby(standby)
	if id == "" {
		id = standby
	}
	p.fetchSubtitles(id)
}

// standby is the track whose forced cues are shown while nothing is chosen, -1 for none: of those that can have such cues,
// that in the language of the sound; where nobody says what the sound is in, the author's default, or the only one.
func (p *Player) standby() int {
	tracks, unknown := p.text.board.Tracks(), sameLanguage(p.text.spoken, "und") || p.text.spoken == ""
	able, found := 0, -1
	for i, t := range tracks {
		codec, _, _ := strings.Cut(t.Codec, ".")
		switch codec {
		case "stpp", string(media.TTML), "application/ttml+xml", "hdmv_pgs_subtitle", "dvd_subtitle":
		default:
			continue
		}
		able++
		switch {
		case t.External || t.Forced:
		case !unknown && sameLanguage(t.Language, p.text.spoken):
			return i
		case unknown && (t.Default || able == 1):
			found = i
		}
	}
	if found >= 0 && able > 1 && !tracks[found].Default {
		return -1
	}
	return found
}

// followSound chooses anew after another sound has been chosen, unless somebody has asked for subtitles.
func (p *Player) followSound(language string) {
	p.textMu.Lock()
	defer p.textMu.Unlock()
	p.text.spoken = language
	now, _ := p.text.board.Selected()
	id := now.ID
	if !p.text.asked && p.cfg.SubTrack == "" && (now.Forced || id == "") {
		id = ""
		tracks := p.text.board.Tracks()
		if i := slices.IndexFunc(tracks, p.foreign); i >= 0 {
			id = tracks[i].ID
		}
	}
	p.show(id)
}

// foreign reports whether a track has the foreign parts in the language of the sound.
func (p *Player) foreign(t subtitle.Track) bool {
	return t.Forced && sameLanguage(t.Language, p.text.spoken)
}

// names reports whether want is the last part of a track's ID, which is a representation's.
func names(id, want string) bool {
	parts := strings.Split(id, "/")
	return len(parts) == 3 && (parts[2] == want || parts[1] == want)
}

// spoken finds the track of a language, by preference not one of foreign parts only.
func spoken(tracks []subtitle.Track, language string) int {
	for _, forced := range []bool{false, true} {
		if i := slices.IndexFunc(tracks, func(t subtitle.Track) bool { return t.Forced == forced && sameLanguage(t.Language, language) }); i >= 0 {
			return i
		}
	}
	return -1
}

// sameLanguage reports whether two language tags are of the same language, whatever the region.
func sameLanguage(a, b string) bool { return a != "" && source.Language(a) == source.Language(b) }

func subtitleNames(tracks []subtitle.Track) string {
	var list []string
	for _, t := range tracks {
		name := t.ID
		if t.Language != "" {
			name += " (" + t.Language + ")"
		}
		list = append(list, name)
	}
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// fetchSubtitles makes the feed fetch a track, or nothing.
func (p *Player) fetchSubtitles(id string) {
	inside := false
	for _, r := range p.text.readers {
		this := fmt.Sprint(r.Track()) == id
		r.Show(this)
		inside = inside || this
	}
	for of, r := range p.text.beside {
		r.Show(of == id)
	}
	if p.text.feed == nil {
		return
	}
	l := p.text.lanes[id]
	if l == nil || inside || l.Track().External {
		_ = p.text.feed.Select(None, nil) // None is always there
		return
	}
	if err := p.text.feed.Select(id, p.sink(p.ctx, l)); err != nil {
		p.log.Warn("subtitles cannot be fetched", "track", id, "err", err)
	}
}

// chooseSubtitle shows what the configuration names, or by default: a file that was given or found, the foreign parts in
// the language of the sound, the author's choice.
func (p *Player) chooseSubtitle() error {
	p.textMu.Lock()
	defer p.textMu.Unlock()
	if want := p.cfg.SubTrack; want != "" {
		err := p.selectSubtitle(want)
		if err != nil && awaits(p.src.Presentation) {
			p.text.wish, err = want, nil
		}
		return err
	}
	tracks := p.text.board.Tracks()
	for _, fits := range []func(subtitle.Track) bool{
		func(t subtitle.Track) bool { return t.External },
		p.foreign,
		func(t subtitle.Track) bool { return t.Default },
		func(subtitle.Track) bool { return p.text.alone },
	} {
		if i := slices.IndexFunc(tracks, fits); i >= 0 {
			return p.selectSubtitle(tracks[i].ID)
		}
	}
	return p.selectSubtitle(None)
}

// CycleSubtitle goes on to the next track, or back to the one before, with "none" between the last and the first.
func (p *Player) CycleSubtitle(step int) {
	tracks := p.text.board.Tracks()
	now := 0 // none
	if t, ok := p.text.board.Selected(); ok {
		now = 1 + slices.IndexFunc(tracks, func(x subtitle.Track) bool { return x.ID == t.ID })
	}
	n := len(tracks) + 1
	to := ((now+step)%n + n) % n
	want := None
	if to > 0 {
		want = tracks[to-1].ID
	}
	if err := p.SelectSubtitle(want); err != nil {
		p.log.Warn("subtitles", "err", err)
	}
	p.text.board.SetVisible(true)
}

// overlay draws the subtitles of a picture at t that is w × h pixels, once all that belong there have been read, or a
// while has passed.
func (p *Player) overlay(ctx context.Context, t media.Time, w, h int) (*subtitle.Overlay, error) {
	for deadline := time.Now().Add(subtitlePatience); !p.subtitlesReady(t) && time.Now().Before(deadline); {
		if err := p.pause(ctx); err != nil {
			return nil, err
		}
	}
	return p.text.board.Draw(t, w, h)
}

// subtitlesReady reports whether the subtitles that are due at t have been read.
func (p *Player) subtitlesReady(t media.Time) bool {
	track, ok := p.text.board.Active()
	if !ok {
		return true
	}
	t = t.Add(-p.text.board.Delay())
	if done := p.text.loading[track.ID]; done != nil {
		select {
		case <-done:
			return true
		default:
			return false
		}
	}
	return p.text.feed == nil || p.text.feed.Reached(t)
}

// position is the playback position, and how fast it moves.
func (p *Player) position() (media.Time, float64) {
	s := p.el.State()
	if s.Paused || s.Seeking || s.Stalled || s.Ended {
		return s.CurrentTime, 0
	}
	return s.CurrentTime, s.PlaybackRate
}

// readable reports whether a type can be played: that of subtitles, or one of the buffer's.
func readable(o mse.Options) func(string) (bool, string) {
	return func(mimeType string) (bool, string) {
		if ok, _ := subtitle.Readable(mimeType); ok {
			return true, ""
		}
		return o.IsTypeSupported(mimeType)
	}
}
