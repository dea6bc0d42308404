package player

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mseplayer/mse"
	"mseplayer/mse/media"
	"mseplayer/player/abr"
	"mseplayer/player/file"
	"mseplayer/player/manifest"
	"mseplayer/player/stream"
	"mseplayer/player/stream/plan"
)

const (
	// chosen is the reason of a change of tracks that somebody asked for.
	chosen = "chosen"
	// maxSwitches bounds the list of changes, maxReopen how often a stream that ends meanwhile is opened again.
	maxSwitches, maxReopen = 4096, 8
)

// Track is something that can be chosen while playing.
type Track struct {
	Kind media.Kind
	// ID is what SetVideoTrack and SetAudioTrack take; it is unique among the tracks of its kind.
	ID string
	// Lang is a BCP 47 tag, "" when nobody says; Role what the author says that it is for, Label what it is called.
	Lang, Role, Label string
	// Codecs are as declared. Channels, Width and Height are 0 when not known; of several sizes they are the largest.
	Codecs                  string
	Channels, Width, Height int
	// Chosen is set for the one of its kind that plays, or will in a moment.
	Chosen bool

	// names are what else means the track: its representations. play plays it, with a name of these that representation only.
	names []string
	play  func(name string) error
}

// String describes the track in a few words.
func (t Track) String() string {
	parts := make([]string, 0, 5)
	for _, s := range []string{t.Lang, t.Label, t.Role} {
		if s != "" && !slices.Contains(parts, s) {
			parts = append(parts, s)
		}
	}
	if t.Channels > 0 {
		parts = append(parts, fmt.Sprintf("%d ch", t.Channels))
	}
	if t.Height > 0 {
		parts = append(parts, fmt.Sprintf("%d×%d", t.Width, t.Height))
	}
	if t.Codecs != "" {
		parts = append(parts, t.Codecs)
	}
	if len(parts) == 0 {
		return t.ID
	}
	return strings.Join(parts, ", ")
}

// Tracks lists what can be chosen at the playback position, pictures first. Of a kind of which nothing plays there is
// nothing to choose.
func (p *Player) Tracks() []Track {
	p.mu.Lock()
	src, prog, packets := p.src, p.prog, p.packs
	p.mu.Unlock()
	switch {
	case prog != nil:
		return slices.Concat(p.renditions(prog, media.Video), p.renditions(prog, media.Audio))
	case packets != nil:
		return p.streams(src.File, packets)
	}
	return nil
}

// SetVideoTrack plays the pictures of another track: its ID, or that of a representation, which is then stayed with. Of other
// periods the most similar is played.
// Errors: there is no such track, with those that there are.
func (p *Player) SetVideoTrack(name string) error { return p.setTrack(media.Video, name) }

// SetAudioTrack plays the sound of another track: its ID, that of a representation, or a language. Playback goes on; the
// new sound is heard as soon as it is there.
// Errors: there is no such track, with those that there are.
func (p *Player) SetAudioTrack(name string) error { return p.setTrack(media.Audio, name) }

// NextTrack plays the next track of a kind, after the last one the first. It returns what plays then, with its number, from
// 1, and how many there are; 0 of 0 when there is nothing to choose from.
// Errors: why the next track cannot be played.
func (p *Player) NextTrack(k media.Kind) (t Track, number, of int, err error) {
	p.choosing.Lock()
	defer p.choosing.Unlock()
	tracks := p.tracksOf(k)
	if len(tracks) == 0 {
		return Track{}, 0, 0, nil
	}
	now := slices.IndexFunc(tracks, func(t Track) bool { return t.Chosen })
	next := (now + 1) % len(tracks)
	if next != now {
		if err := p.playTrack(tracks[next], ""); err != nil {
			return Track{}, 0, 0, err
		}
	}
	return tracks[next], next + 1, len(tracks), nil
}

func (p *Player) tracksOf(k media.Kind) []Track {
	return slices.DeleteFunc(p.Tracks(), func(t Track) bool { return t.Kind != k })
}

func (p *Player) setTrack(k media.Kind, name string) error {
	p.choosing.Lock()
	defer p.choosing.Unlock()
	tracks := p.tracksOf(k)
	i := slices.IndexFunc(tracks, func(t Track) bool { return t.ID == name })
	if i >= 0 {
		return p.playTrack(tracks[i], "")
	}
	if i = slices.IndexFunc(tracks, func(t Track) bool { return slices.Contains(t.names, name) }); i >= 0 {
		return p.playTrack(tracks[i], name)
	}
	for _, exact := range []bool{true, false} {
		i = slices.IndexFunc(tracks, func(t Track) bool { return plan.SameLanguage(name, t.Lang, exact) })
		if i >= 0 && k == media.Audio {
			return p.playTrack(tracks[i], "")
		}
	}
	there := "none"
	for i, t := range tracks {
		if i == 0 {
			there = ""
		} else {
			there += "; "
		}
		there += fmt.Sprintf("%s (%s)", t.ID, t)
	}
	return fmt.Errorf("player: no %s track %q can be chosen; there are: %s", k, name, there)
}

// playTrack plays a track, and lets subtitles follow the language of a sound.
func (p *Player) playTrack(t Track, name string) error {
	if err := t.play(name); err != nil {
		return err
	}
	if t.Kind == media.Audio {
		p.followSound(t.Lang)
	}
	return nil
}

// renditions lists what an adaptive stream offers. Where all sound is inside of the pictures, it is the tracks in there.
func (p *Player) renditions(prog *stream.Program, k media.Kind) (out []Track) {
	at, _ := p.el.Playhead()
	list := prog.Renditions(manifest.Kind(k), at)
	if k == media.Audio && !slices.ContainsFunc(list, func(r stream.Rendition) bool { return r.Set.Kind == manifest.Audio }) {
		return p.inside()
	}
	if k == media.Video && p.cfg.VideoTrack == None || k == media.Audio && p.cfg.AudioTrack == None {
		return nil
	}
	for _, r := range list {
		t := Track{Kind: k, ID: r.Set.ID, Lang: r.Set.Lang, Label: r.Set.Label, Role: role(r.Set), Chosen: r.Chosen}
		for _, rep := range r.Reps {
			t.names = append(t.names, rep.ID, rep.TrackID)
			t.Channels, t.Codecs = max(t.Channels, rep.Channels), rep.Codecs
			if k == media.Video && rep.Height >= t.Height {
				t.Width, t.Height = rep.Width, rep.Height
			}
		}
		t.play = func(name string) error {
			like := plan.Like{Set: r.Set}
			if i := slices.IndexFunc(r.Reps, func(rep *manifest.Representation) bool { return name != "" && (rep.ID == name || rep.TrackID == name) }); i >= 0 {
				like.Rep = r.Reps[i]
			}
			return p.follow(prog, k, like)
		}
		out = append(out, t)
	}
	return out
}

// role is what a set is for, in the author's words.
func role(s *manifest.AdaptationSet) string {
	var all []string
	for _, d := range slices.Concat(s.Roles, s.Accessibility) {
		if d.Value != "" && !slices.Contains(all, d.Value) {
			all = append(all, d.Value)
		}
	}
	return strings.Join(all, " ")
}

// follow makes streaming go on with a choice. Sound that was inside of the pictures gets a feed of its own, or loses it.
func (p *Player) follow(prog *stream.Program, k media.Kind, like plan.Like) error {
	add, gone, err := prog.Choose(manifest.Kind(k), like)
	if err != nil {
		return err
	}
	p.mu.Lock()
	engine := p.engine
	p.mu.Unlock()
	if gone != nil {
		engine.Remove(gone)
		prog.Leave(gone)
		p.mu.Lock()
		p.feeds = slices.DeleteFunc(slices.Clone(p.feeds), func(f *stream.Segments) bool { return f == gone })
		p.switched = append(p.switched, switches(gone.Uses())...)
		p.mu.Unlock()
		p.noteSwitch(media.Audio, lastUsed(gone), p.pictures())
		if err := p.ms.RemoveSourceBuffer(gone.SourceBuffer()); err != nil {
			return err
		}
	}
	if add == nil {
		return nil
	}
	sb, err := p.reopen(add.Current())
	if err != nil {
		return err
	}
	f := stream.NewSegments(prog, add, manifest.Audio, sb, p.selector(prog))
	p.mu.Lock()
	p.feeds = append(slices.Clip(p.feeds), f)
	p.mu.Unlock()
	p.noteSwitch(media.Audio, p.pictures(), add.Current().ID)
	engine.Add(f)
	return nil
}

// pictures is the ID of the representation of pictures that is played, "" for none.
func (p *Player) pictures() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.feeds {
		if f.Kind() == manifest.Video {
			return lastUsed(f)
		}
	}
	return ""
}

// lastUsed is the ID of the representation that a feed used last, "" for none.
func lastUsed(f *stream.Segments) string {
	if u := f.Uses(); len(u) > 0 {
		return u[len(u)-1].Rep.ID
	}
	return ""
}

// reopen adds a SourceBuffer. What has ended is opened for it again, as appending would.
func (p *Player) reopen(r *manifest.Representation) (sb *mse.SourceBuffer, err error) {
	for range maxReopen {
		for _, old := range p.ms.SourceBuffers().All() {
			if p.ms.ReadyState() == mse.Ended {
				_ = old.SetTimestampOffset(old.TimestampOffset()) // when it fails, something is being appended, which opens it as well
			}
		}
		if sb, err = p.addSourceBuffer(r); !errors.Is(err, mse.ErrInvalidState) {
			break
		}
	}
	return sb, err
}

// noteSwitch lists a change that is none between representations of one feed.
func (p *Player) noteSwitch(k media.Kind, from, to string) {
	at, _ := p.el.Playhead()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.switched) < maxSwitches {
		p.switched = append(p.switched, Switch{Seconds(at), k.String(), from, to, chosen})
	}
}

// inside lists the tracks of sound that the media itself has.
func (p *Player) inside() (out []Track) {
	if p.cfg.AudioTrack == None {
		return nil
	}
	all := p.el.AudioTracks().All()
	on := slices.IndexFunc(all, (*mse.Track).Enabled)
	for i, t := range all {
		c := Track{Kind: media.Audio, ID: t.ID(), Lang: t.Language(), Label: t.Label(), Role: t.Role(), Chosen: i == on}
		if info := t.Info().Config; info != nil {
			c.Codecs, c.Channels = info.CodecString, info.Channels
		}
		c.play = func(string) error {
			if i == on {
				return nil
			}
			from := ""
			if on >= 0 {
				from = all[on].ID()
			}
			t.SetEnabled(true)
			for _, other := range all {
				if other != t {
					other.SetEnabled(false)
				}
			}
			p.noteSwitch(media.Audio, from, t.ID())
			return nil
		}
		out = append(out, c)
	}
	return out
}

// streams lists the tracks of a demultiplexed file.
func (p *Player) streams(f *file.Source, packets *stream.Packets) (out []Track) {
	tracks, ids := f.Tracks(), packets.Tracks()
	for _, kind := range []media.Kind{media.Video, media.Audio} {
		i := slices.IndexFunc(tracks, func(t file.Track) bool { return t.Kind == kind && slices.Contains(ids, t.ID) })
		if i < 0 {
			continue
		}
		now := tracks[i].ID
		for _, t := range tracks {
			if t.Kind != kind || !p.dep.Decoders.Supports(t.Config.Codec) {
				continue
			}
			c := Track{Kind: kind, ID: strconv.FormatUint(uint64(t.ID), 10), Lang: t.Language, Label: t.Label, Codecs: t.Config.CodecString, Channels: t.Config.Channels,
				Width: t.Config.Width, Height: t.Config.Height, Chosen: t.ID == now}
			c.play = func(string) error {
				if t.ID != now {
					packets.Choose(now, t.ID)
					if kind == media.Audio {
						p.level(f, t.ID)
					}
					p.noteSwitch(kind, strconv.FormatUint(uint64(now), 10), c.ID)
				}
				return nil
			}
			out = append(out, c)
		}
	}
	return out
}

// selector is what decides about representations, nil where nobody does.
func (p *Player) selector(prog *stream.Program) stream.Selector {
	if prog.Adaptive() {
		return abr.New(abr.Config{})
	}
	return nil
}
