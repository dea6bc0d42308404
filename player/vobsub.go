package player

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"strings"

	"mseplayer/mse/media"
	"mseplayer/player/decode"
	"mseplayer/player/fetch"
	"mseplayer/player/source"
	"mseplayer/player/subtitle"
	"mseplayer/player/text/vobsub"
)

// The endings of the two files of VobSub.
const vobSubIndex, vobSubStream = "idx", "sub"

// loadVobSub reads the index of a VobSub file, adds a track for each of its languages, and begins to read the pictures. c
// may be either of the two files.
func (p *Player) loadVobSub(ctx context.Context, c source.Sidecar, bitmaps decode.SubtitleFactory) {
	idx, sub := c.URL, other(c.URL, vobSubStream)
	if c.Format == vobSubStream {
		idx, sub = other(c.URL, vobSubIndex), c.URL
	}
	warn := func(file string, err error) {
		if ctx.Err() == nil {
			p.log.Warn("subtitles cannot be read: VobSub is two files, .idx and .sub", "file", fetch.Redact(file), "err", err)
		}
	}
	b, _, err := p.dep.Fetch.ReadAll(ctx, fetch.Request{URL: idx, Kind: fetch.Text})
	if err != nil {
		warn(idx, err)
		return
	}
	x, err := vobsub.ParseIndex(b)
	if err != nil {
		warn(idx, err)
		return
	}
	cfg := &media.DecoderConfig{Kind: media.Text, Codec: codecDVD, Extradata: x.Config}
	if !subtitle.Supports(cfg, bitmaps) {
		return
	}
	done := make(chan struct{})
	readers := make([]*subtitle.Packets, len(x.Tracks))
	for i := range x.Tracks {
		t := &x.Tracks[i]
		id := p.text.free(c.Name)
		track := subtitle.Track{ID: id, Language: t.Language, Label: c.Name, Codec: codecDVD, Kind: c.Kind, Forced: c.Forced, External: true}
		if t.Language == "" && len(x.Tracks) == 1 {
			track.Language = c.Language
		}
		if t.Label != "" {
			track.Label = c.Name + ": " + t.Label
		}
		l := p.text.add(track)
		if l == nil {
			continue
		}
		r := subtitle.NewPackets(l, media.TrackInfo{ID: uint32(i), Kind: media.Text, Config: cfg, Language: track.Language}, nil, 0, bitmaps, func(err error) { warn(sub, err) })
		p.text.loading[id], p.text.beside[id] = done, r
		readers[i] = r
	}
	p.group.Go(func() {
		defer close(done)
		b, _, err := p.dep.Fetch.ReadAll(ctx, fetch.Request{URL: sub, Kind: fetch.Segment})
		if err != nil {
			warn(sub, err)
			return
		}
		for i, r := range readers {
			if r == nil {
				continue
			}
			for _, pic := range x.Tracks[i].Pictures(b) {
				r.Add(&media.CodedFrame{PTS: pic.At, DTS: pic.At, RAP: true, Config: cfg, Data: pic.Data})
			}
		}
	})
}

// codecDVD is the coding format of VobSub's pictures.
const codecDVD = "dvd_subtitle"

// other is the address of the file beside one that has another ending, in the same letters.
func other(address, ending string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	ext := path.Ext(u.Path)
	if ext != "" && ext == strings.ToUpper(ext) {
		ending = strings.ToUpper(ending)
	}
	u.Path, u.RawPath = strings.TrimSuffix(u.Path, ext)+"."+ending, ""
	return u.String()
}

// free makes an ID of a name that no track has.
func (s *subtitles) free(name string) string {
	id := name
	for n := 2; s.lanes[id] != nil; n++ {
		id = fmt.Sprintf("%s (%d)", name, n)
	}
	return id
}
