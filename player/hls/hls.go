package hls

import (
	"time"

	"mseplayer/mse/media"
	"mseplayer/player/manifest"
)

// Options tell Parse what the document does not.
type Options struct {
	// BaseURL is where the document came from, after redirects: an absolute URL; for a local file a file URL.
	BaseURL string
	// Get fetches what Parse needs besides: one media playlist for each container format there may be, and the first
	// bytes of a segment whose name does not tell what it is. With nil, types are guessed.
	Get manifest.Getter
}

// Parse reads a multivariant playlist or a media playlist. It keeps data's text, not data. With an error, which is a
// *manifest.Error, the presentation is nil.
func Parse(data []byte, o Options) (*manifest.Presentation, error) {
	base, err := manifest.ParseBase(o.BaseURL)
	if err != nil {
		return nil, &manifest.Error{Code: manifest.CodeInvalid, Msg: "playlist", Err: err}
	}
	text := string(data)
	if isMultivariant(text) {
		m, fs, err := parseMultivariant(text, base)
		if err != nil {
			return nil, err
		}
		return newBuilder(m, fs, base, o.Get).presentation()
	}
	return direct(text, base, o.Get)
}

// direct makes a presentation of a media playlist that nobody describes.
func direct(text string, base manifest.Base, get manifest.Getter) (*manifest.Presentation, error) {
	m, findings, err := parseMedia(text, base, nil, nil)
	if err != nil {
		return nil, err
	}
	p := &playlist{resource: manifest.Resource{URL: base.String()}, shared: &timeline{}, primed: true}
	if m.delta {
		findings = append(findings, m.withoutSkipped())
	}
	if len(m.segments) == 0 && len(m.parts) == 0 {
		return nil, &manifest.Error{Code: manifest.CodeInvalid, URL: base.Redacted(), Msg: "the playlist lists no segments"}
	}
	l := p.accept(m, findings, text, "", time.Now()).list
	c := examine(l, get, true)
	kind := c.kind
	if kind == 0 {
		kind = kindOfName(l.Index)
	}
	container := c.container
	if container == "" {
		container = typeMP4
	}
	rep := newRepresentation(nameOf(base.String()), kind, p)
	rep.MIMEType, rep.Width, rep.Height, rep.Bandwidth = typeFor(container, kind), c.width, c.height, m.maxBitrate*1000
	if !packedAudio(container) {
		rep.Codecs = c.codecs
	}
	rep.Protection = l.Protection
	p.mime = rep.MIMEType
	set := &manifest.AdaptationSet{Kind: kind, Default: true, AutoSelect: true, Representations: []*manifest.Representation{rep}}
	var fs manifest.Findings
	if m.iframes {
		fs.Add(manifest.Finding{Code: manifest.CodeInvalid, Severity: manifest.SeverityInfo, Message: "the playlist is for fast winding: it lists single pictures"})
	}
	pres := assemble(base, []*manifest.AdaptationSet{set})
	pres.Findings = fs.List()
	pres.learn(l, true)
	return pres.Presentation, nil
}

// kindOfName guesses what files carry whose content is not known: picture, unless the name is one for sound.
func kindOfName(x manifest.Index) manifest.Kind {
	if x.Len() > 0 {
		switch end := extensionOf(x.At(0).URL); end {
		case ".m4a", ".cmfa", ".mp4a", ".tsa":
			return manifest.Audio
		case ".cmft":
			return manifest.Text
		}
	}
	return manifest.Video
}

// newRepresentation fills in what is the same for all.
func newRepresentation(id string, kind manifest.Kind, p *playlist) *manifest.Representation {
	return &manifest.Representation{ID: id, Kind: kind, QualityRanking: -1, Priority: 1, Timescale: 1, Floating: true, Addressing: manifest.Explicit, Lazy: p}
}

// presentation is a manifest.Presentation in the making.
type presentation struct{ *manifest.Presentation }

// assemble numbers sets and representations and puts them into one period.
func assemble(base manifest.Base, sets []*manifest.AdaptationSet) presentation {
	period := &manifest.Period{ID: "0", Sets: sets}
	for i, s := range sets {
		s.Index, s.ID, s.Group, s.Priority = i, setID(i), -1, max(s.Priority, 1)
		for j, r := range s.Representations {
			r.Index, r.TrackID = j, manifest.TrackID(period.ID, s.ID, r.ID)
		}
	}
	return presentation{&manifest.Presentation{Format: manifest.HLS, URL: base.String(), Periods: []*manifest.Period{period}}}
}

// learn takes over what a list that has been loaded says about the whole; lasts says that its length is that of the
// presentation.
func (p presentation) learn(l *manifest.List, lasts bool) {
	if l.Growing && p.Live == nil {
		live := *l.Live
		p.Live, p.Duration = &live, media.Opt{}
	}
	if n := l.Index.Len(); n > 0 && !l.Growing && p.Live == nil && lasts {
		if end := l.Index.At(n - 1).End(); !p.Duration.Set || end > p.Duration.T {
			p.Duration = media.Some(end)
		}
	}
	if p.Begin == nil {
		p.Begin = l.Begin
	}
	if per := p.Periods[0]; per.Events == nil {
		per.Events = l.Events
	}
}
