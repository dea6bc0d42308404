package mse

import (
	"errors"
	"fmt"
	"slices"

	"mseplayer/mse/media"
)

var (
	errNoInit  = errors.New("a media segment comes before any initialization segment")
	errOldInit = errors.New("a media segment comes before an initialization segment of the changed type")
)

// initReceived runs the initialization segment received algorithm.
// MSE: sourcebuffer-init-segment-received.
func (sb *SourceBuffer) initReceived(tx *Tx, s *media.InitSegment) error {
	ms := sb.ms
	// 1.
	if isNaN(ms.duration) {
		if err := ms.changeDuration(tx, s.Duration); err != nil {
			return err
		}
	}
	// 2., 3.1. and 5.1.
	infos, err := sb.usable(s.Tracks)
	if err != nil {
		return err
	}
	// 3.
	if sb.gotInit {
		if err := sb.matchTracks(infos); err != nil {
			return err
		}
		for _, tb := range sb.tracks {
			tb.wantRAP()
		}
	}
	// 4. and 5.
	activate := false
	if !sb.gotInit {
		for _, info := range infos {
			if sb.addTrack(tx, info).on() {
				activate = true
			}
		}
		if activate {
			ms.updateActive(tx, sb)
		}
		sb.gotInit = true
		if ms.att != nil {
			ms.att.host.TracksChanged(tx)
		}
	}
	// 6.
	sb.wantInit = false
	ms.log.Debug("initialization segment", "type", sb.mime, "tracks", len(infos), "duration", s.Duration)
	if ms.att == nil {
		return nil
	}
	// 8.
	if activate {
		ms.att.host.NewTracksActive(tx)
	}
	// 9.
	for _, other := range ms.sourceBuffers.items {
		if !other.gotInit {
			return nil
		}
	}
	ms.att.host.MetadataComplete(tx)
	return nil
}

// usable returns the tracks that can be decoded, in order.
// MSE: sourcebuffer-init-segment-received steps 2, 3.1 and 5.1.
func (sb *SourceBuffer) usable(infos []media.TrackInfo) ([]media.TrackInfo, error) {
	out := make([]media.TrackInfo, 0, len(infos))
	for _, info := range infos {
		err := sb.decodable(info)
		if err == nil {
			out = append(out, info)
		} else if !sb.ms.opt.SkipUnsupportedTracks {
			return nil, err
		}
	}
	if len(out) == 0 {
		if len(infos) > 0 {
			return nil, sb.decodable(infos[0])
		}
		return nil, errors.New("the initialization segment has no track")
	}
	seen := map[uint32]bool{}
	for _, info := range out {
		if seen[info.ID] {
			return nil, fmt.Errorf("two tracks have the ID %d", info.ID)
		}
		seen[info.ID] = true
	}
	return out, nil
}

// refuser is a parser that knows why it could not tell the codec of a track.
type refuser interface{ Refusal(track uint32) string }

func (sb *SourceBuffer) decodable(info media.TrackInfo) error {
	c := info.Config
	decodes := sb.ms.opt.Decodes
	switch {
	case c == nil || c.Codec == "":
		why := "unknown codec"
		if r, ok := sb.parser.(refuser); ok && r.Refusal(info.ID) != "" {
			why = r.Refusal(info.ID)
		}
		return fmt.Errorf("%s track %d: %s", info.Kind, info.ID, why)
	case info.Kind == media.Text:
		return nil
	case decodes != nil && !decodes(c.Codec):
		return fmt.Errorf("%s track %d: no decoder for %s", info.Kind, info.ID, c.Codec)
	}
	return nil
}

// matchTracks checks a later initialization segment against the tracks of the first and takes over its track IDs and
// descriptions.
// MSE: sourcebuffer-init-segment-received step 3.
func (sb *SourceBuffer) matchTracks(infos []media.TrackInfo) error {
	found := make(map[*trackBuffer]media.TrackInfo, len(infos))
	for _, kind := range []media.Kind{media.Audio, media.Video, media.Text} {
		have, got := sb.tracksOf(kind), ofKind(infos, kind)
		if len(have) != len(got) {
			return fmt.Errorf("the initialization segment has %d %s tracks, the first one had %d", len(got), kind, len(have))
		}
		for _, info := range got {
			i := 0
			if len(got) > 1 {
				i = slices.IndexFunc(have, func(tb *trackBuffer) bool { return tb.id == info.ID })
			}
			if i < 0 {
				return fmt.Errorf("%s track %d was not in the first initialization segment", kind, info.ID)
			}
			found[have[i]] = info
		}
	}
	for tb, info := range found {
		tb.id, tb.preroll = info.ID, info.Config.Preroll
	}
	return nil
}

// tracksOf returns the track buffers of a kind.
func (sb *SourceBuffer) tracksOf(kind media.Kind) (out []*trackBuffer) {
	for _, tb := range sb.tracks {
		if tb.track.kind == kind {
			out = append(out, tb)
		}
	}
	return out
}

func ofKind(infos []media.TrackInfo, kind media.Kind) (out []media.TrackInfo) {
	for _, info := range infos {
		if info.Kind == kind {
			out = append(out, info)
		}
	}
	return out
}

// byID returns the track buffer of a container's track ID.
func (sb *SourceBuffer) byID(id uint32) *trackBuffer {
	for _, tb := range sb.tracks {
		if tb.id == id {
			return tb
		}
	}
	return nil
}
