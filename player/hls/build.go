package hls

import (
	"cmp"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"mseplayer/mse/media"
	"mseplayer/mse/mime"
	"mseplayer/player/manifest"
)

// maxEarlyLoads bounds the media playlists that Parse loads.
const maxEarlyLoads = 16

// maxBackups bounds the groups that stand in for another one.
const maxBackups = 8

// The schemes of descriptors that say what DASH says, too, and so are understood by the same readers.
const (
	schemeRole        = "urn:mpeg:dash:role:2011"
	schemeCEA608      = "urn:scte:dash:cc:cea-608:2015"
	schemeCEA708      = "urn:scte:dash:cc:cea-708:2015"
	schemePurpose     = "urn:tva:metadata:cs:AudioPurposeCS:2007"
	schemeTransfer    = "urn:mpeg:mpegB:cicp:TransferCharacteristics"
	characteristic    = "CHARACTERISTICS"
	purposeVisual     = "1" // for people who see little
	purposeHearing    = "2" // for people who hear little
	characteristicTag = "public.accessibility."
)

// stream is one or several variants that mean the same encoding: redundant ones, and those that differ only in the
// renditions that go with them.
type stream struct {
	variant
	kind          manifest.Kind
	places        []place
	audioGroups   []string
	textGroups    []string
	captionGroups []string
	uses          []use
}

// use is which groups go with which codecs.
type use struct{ audio, text, codecs string }

// place is where a playlist is, and in which pathway.
type place struct{ url, pathway string }

// groupKey names a group of renditions.
type groupKey struct{ kind, id string }

// builder makes a presentation of a multivariant playlist.
type builder struct {
	m        *multivariant
	fs       *manifest.Findings
	base     manifest.Base
	get      manifest.Getter
	shared   *timeline
	steered  bool
	prefer   string // pathway to begin with
	loads    int
	lists    map[*playlist]*manifest.List // that have been loaded, nil for what could not be
	contents map[groupKey]int             // what a group holds, as a number
	known    map[string]int               // the numbers of contents
	codecs   map[groupKey]string          // of a group's renditions
	groups   map[groupKey][]*rendition
	backups  map[groupKey][]backup // groups that stand in for another one
	streams  []*stream
	iframes  []*stream
	names    map[string]string // by URL
	setOf    map[*rendition]*manifest.AdaptationSet
	loaded   []early
	// inPicture are the captions of groups, by the names of those.
	inPicture map[string][]manifest.Descriptor
	// playlists are by the first of their URLs.
	playlists map[string]*playlist
	of        map[*manifest.Representation]*stream
}

// early is a list that has been loaded while the presentation is made.
type early struct {
	*manifest.List
	kind manifest.Kind
}

// backup is a group that holds the same renditions as another, elsewhere.
type backup struct {
	id      string
	pathway string
}

func newBuilder(m *multivariant, fs *manifest.Findings, base manifest.Base, get manifest.Getter) *builder {
	b := &builder{m: m, fs: fs, base: base, get: get, shared: &timeline{independent: m.independent}, lists: map[*playlist]*manifest.List{}, contents: map[groupKey]int{}, known: map[string]int{}, codecs: map[groupKey]string{},
		groups: map[groupKey][]*rendition{}, backups: map[groupKey][]backup{},
		names: map[string]string{}, setOf: map[*rendition]*manifest.AdaptationSet{}, inPicture: map[string][]manifest.Descriptor{}, playlists: map[string]*playlist{}, of: map[*manifest.Representation]*stream{}}
	for i := range m.renditions {
		r := &m.renditions[i]
		k := groupKey{r.kind, r.group}
		b.groups[k] = append(b.groups[k], r)
	}
	b.steered = m.steering != nil
	for _, v := range m.variants {
		b.steered = b.steered || v.pathway != defaultPathway
	}
	b.prefer = defaultPathway
	if m.steering != nil && m.steering.Default != nil {
		b.prefer = m.steering.Default[0]
	} else if len(m.variants) > 0 {
		b.prefer = m.variants[0].pathway
	}
	return b
}

// odd notes something about a line of the playlist.
func (b *builder) odd(line int, severity manifest.Severity, format string, args ...any) {
	b.fs.Add(manifest.Finding{Code: manifest.CodeInvalid, Severity: severity, Message: fmt.Sprintf(format, args...), Where: "line " + strconv.Itoa(line)})
}

// presentation builds the whole.
func (b *builder) presentation() (*manifest.Presentation, error) {
	b.merge()
	b.name()
	b.kinds()
	sets := slices.Concat(b.videoSets(), b.renditionSets(typeAudio, manifest.Audio), b.renditionSets(typeText, manifest.Text), b.otherSets(), b.iframeSets())
	if len(sets) == 0 {
		return nil, &manifest.Error{Code: manifest.CodeInvalid, URL: b.base.Redacted(), Msg: "the multivariant playlist names no playlist that can be used"}
	}
	p := assemble(b.base, sets)
	b.companions(sets)
	b.types(sets)
	p.Steering, p.Session, p.Keys, p.Begin = b.m.steering, b.m.session, b.m.keys, b.m.begin
	onlyText := !slices.ContainsFunc(sets, func(s *manifest.AdaptationSet) bool { return s.Kind != manifest.Text })
	for _, l := range b.loaded {
		p.learn(l.List, onlyText || l.kind != manifest.Text)
	}
	p.Findings = b.fs.List()
	return p.Presentation, nil
}

// same is what variants have in common that are redundant. The groups are told apart by what they hold.
func (b *builder) same(v *variant) string {
	w := *v
	w.line, w.url, w.pathway, w.audio, w.video, w.subs, w.stable = 0, "", "", "", "", "", ""
	return fmt.Sprintf("%+v %d %d %d", w, b.holds(typeAudio, v.audio), b.holds(typeVideo, v.video), b.holds(typeText, v.subs))
}

// holds gives groups with the same renditions the same number, wherever those are.
func (b *builder) holds(kind, id string) int {
	k := groupKey{kind, id}
	if n, ok := b.contents[k]; ok {
		return n
	}
	var s strings.Builder
	for _, r := range b.groups[k] {
		s.WriteString(r.identity())
	}
	if s.Len() == 0 {
		s.WriteString(id)
	}
	text := s.String()
	if _, ok := b.known[text]; !ok {
		b.known[text] = len(b.known) + 1
	}
	b.contents[k] = b.known[text]
	return b.contents[k]
}

// identity describes a rendition without its place.
func (r *rendition) identity() string {
	return fmt.Sprintf("%q %q %q %v %v %v %q %q %v\n", r.name, r.lang, r.assoc, r.isDefault, r.autoSelect, r.forced, r.characteristics, r.channels, r.url != "")
}

// merge makes streams of variants.
// RFC 8216bis §4.4.6.2 and §7.2.
func (b *builder) merge() {
	type key struct {
		iframes bool
		text    string
	}
	byKey, byURL := map[key]*stream{}, map[key]*stream{}
	missing := map[groupKey]bool{}
	for i := range b.m.variants {
		v := &b.m.variants[i]
		for _, g := range []groupKey{{typeAudio, v.audio}, {typeVideo, v.video}, {typeText, v.subs}} {
			if g.id != "" && b.groups[g] == nil && !missing[g] {
				missing[g] = true
				b.odd(v.line, manifest.SeverityWarning, "the group %q of the type %s is not defined", clip(g.id), g.kind)
			}
		}
		k, u := key{v.iframes, b.same(v)}, key{v.iframes, v.url}
		if s := byURL[u]; s != nil {
			s.bandwidth, s.average = least(s.bandwidth, v.bandwidth), least(s.average, v.average)
			s.with(v)
			continue
		}
		if s := byKey[k]; s != nil {
			s.places = append(s.places, place{v.url, v.pathway})
			byURL[u] = s
			for _, g := range [][2]groupKey{{{typeAudio, s.audio}, {typeAudio, v.audio}}, {{typeText, s.subs}, {typeText, v.subs}}, {{typeVideo, s.video}, {typeVideo, v.video}}} {
				if stands := (backup{g[1].id, v.pathway}); g[0] != g[1] && len(b.backups[g[0]]) < maxBackups && !slices.Contains(b.backups[g[0]], stands) {
					b.backups[g[0]] = append(b.backups[g[0]], stands)
				}
			}
			continue
		}
		s := &stream{variant: *v, places: []place{{v.url, v.pathway}}}
		s.with(v)
		byKey[k], byURL[u] = s, s
		if v.iframes {
			b.iframes = append(b.iframes, s)
		} else {
			b.streams = append(b.streams, s)
		}
	}
}

// with notes the groups of a variant.
func (s *stream) with(v *variant) {
	add := func(list *[]string, id string) {
		if id != "" && id != "NONE" && !slices.Contains(*list, id) {
			*list = append(*list, id)
		}
	}
	add(&s.audioGroups, v.audio)
	add(&s.textGroups, v.subs)
	add(&s.captionGroups, v.captions)
	s.uses = append(s.uses, use{v.audio, v.subs, v.codecs})
}

// least is the smaller of two numbers of which 0 means unknown.
func least(a, b int64) int64 {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// absorbed reports whether a group only stands in for another one.
func (b *builder) absorbed(g groupKey) bool {
	for _, s := range b.streams {
		if g.kind == typeAudio && slices.Contains(s.audioGroups, g.id) || g.kind == typeText && slices.Contains(s.textGroups, g.id) || g.kind == typeVideo && s.video == g.id {
			return false
		}
	}
	for k, list := range b.backups {
		if k.kind == g.kind && slices.ContainsFunc(list, func(x backup) bool { return x.id == g.id }) {
			return true
		}
	}
	return false
}

// name gives every playlist its name: the last part of its path, more of it when two would be the same.
func (b *builder) name() {
	var urls []string
	add := func(u string) {
		if _, ok := b.names[u]; !ok && u != "" {
			b.names[u] = ""
			urls = append(urls, u)
		}
	}
	for _, s := range slices.Concat(b.streams, b.iframes) {
		add(s.url)
	}
	for i := range b.m.renditions {
		add(b.m.renditions[i].url)
	}
	count := map[string]int{}
	for _, u := range urls {
		count[nameOf(u)]++
	}
	used, tried := map[string]bool{}, map[string]int{}
	for _, u := range urls {
		n := nameOf(u)
		if count[n] > 1 {
			n = pathFrom(b.base.String(), u)
		}
		for first := n; used[n]; n = fmt.Sprintf("%s#%d", first, tried[first]+1) {
			tried[first]++
		}
		used[n] = true
		b.names[u] = n
	}
}

// nameOf is the last part of a URL's path.
func nameOf(u string) string {
	const maxName = 200
	if strings.HasPrefix(u, "data:") {
		return "data"
	}
	p, err := url.Parse(u)
	if err != nil {
		return "playlist"
	}
	n := path.Base(p.Path)
	if n == "." || n == "/" {
		return "playlist"
	}
	return clipName(n, maxName)
}

// pathFrom is the path of u as seen from the folder of base.
func pathFrom(base, u string) string {
	const maxName = 400
	p, err := url.Parse(u)
	if err != nil || strings.HasPrefix(u, "data:") {
		return nameOf(u)
	}
	from := "/"
	if q, err := url.Parse(base); err == nil {
		from = path.Dir(q.Path)
	}
	return clipName(strings.TrimPrefix(strings.TrimPrefix(p.Path, from), "/"), maxName)
}

// clipName bounds a name and keeps it on one line.
func clipName(n string, most int) string {
	n = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(n, "_"))
	if len(n) > most {
		n = strings.ToValidUTF8(n[len(n)-most:], "")
	}
	return n
}

func extensionOf(u string) string {
	if p, err := url.Parse(u); err == nil {
		return strings.ToLower(path.Ext(p.Path))
	}
	return ""
}

func setID(i int) string { return strconv.Itoa(i) }

// split sorts a CODECS list by kind. What is not known counts as video where there are pictures.
func split(codecs string) (video, audio, text []string) {
	for item := range strings.SplitSeq(codecs, ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		c, _ := mime.ParseCodec(item)
		switch manifest.Kind(c.Kind) {
		case manifest.Audio:
			audio = append(audio, item)
		case manifest.Text:
			text = append(text, item)
		default:
			video = append(video, item)
		}
	}
	return video, audio, text
}

// kinds decides what each stream carries. The media of those without CODECS is looked into, as far as the number of early
// loads allows; of what remains neither codecs nor size tell, it is taken for what others like it carry.
func (b *builder) kinds() {
	var unknown []*stream
	kind := manifest.Kind(0)
	for _, s := range b.streams {
		if s.codecs == "" {
			c := b.look(s)
			if s.width == 0 {
				s.width, s.height = c.width, c.height
			}
			if kind == 0 {
				kind = c.kind
			}
			if s.codecs = c.codecs; c.kind != 0 {
				s.kind = c.kind
				continue
			}
		}
		video, audio, text := split(s.codecs)
		switch {
		case len(video) > 0 || s.width > 0 || s.rate.Den > 0 || s.video != "":
			s.kind = manifest.Video
		case len(audio) > 0:
			s.kind = manifest.Audio
		case len(text) > 0:
			s.kind = manifest.Text
		default:
			unknown = append(unknown, s)
		}
	}
	if kind == 0 {
		kind = manifest.Video
	}
	for _, s := range unknown {
		s.kind = kind
	}
}

// look loads the playlist of a stream and examines its media.
func (b *builder) look(s *stream) content {
	if l := b.load(b.playlist(manifest.StableVariant(s.stable), s.places), manifest.Video); l != nil {
		return examine(l, b.get, true)
	}
	return content{}
}

// playlist makes the list of segments that is to be had in several places, with the preferred pathway first. stable is its
// name for a steering server.
func (b *builder) playlist(stable string, places []place) *playlist {
	places = slices.Clone(places)
	slices.SortStableFunc(places, func(x, y place) int {
		return cmp.Compare(boolean(x.pathway != b.prefer), boolean(y.pathway != b.prefer))
	})
	if p := b.playlists[places[0].url]; p != nil {
		return p
	}
	p := &playlist{resource: manifest.Resource{URL: places[0].url, Stable: stable}, imports: b.m.vars, shared: b.shared}
	b.playlists[places[0].url] = p
	for i, x := range places {
		if i > 0 {
			p.resource.Alternatives = append(p.resource.Alternatives, x.url)
		}
		if b.steered {
			p.resource.Locations = append(p.resource.Locations, x.pathway)
		}
		if len(places) > 1 {
			p.resource.Bases = append(p.resource.Bases, x.url) // each fails on its own
		}
	}
	return p
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// load loads a playlist while the presentation is made; whoever loads it first finds it there. nil when that fails.
func (b *builder) load(p *playlist, kind manifest.Kind) *manifest.List {
	if l, ok := b.lists[p]; ok {
		return l
	}
	if b.get == nil || b.loads >= maxEarlyLoads {
		return nil
	}
	b.loads++
	b.lists[p] = nil // should it fail
	l, err := p.Load(b.get)
	if err != nil {
		b.fs.Add(manifest.Finding{Code: manifest.CodeUnreadable, Severity: manifest.SeverityWarning,
			Message: "a media playlist cannot be loaded: " + strings.ReplaceAll(err.Error(), "\n", " ")})
		return nil
	}
	p.mu.Lock()
	p.primed = true
	p.mu.Unlock()
	b.lists[p] = l
	b.loaded = append(b.loaded, early{l, kind})
	return l
}

// hasURL reports whether any rendition of the groups is a playlist of its own, inside whether one is in the variant.
func (b *builder) hasURL(kind string, ids []string) (own, inside bool) {
	for _, id := range ids {
		for _, r := range b.groups[groupKey{kind, id}] {
			own = own || r.url != ""
			inside = inside || r.url == ""
		}
	}
	return own, inside
}

// muxed reports whether a stream has its sound inside.
func (b *builder) muxed(s *stream) bool {
	_, audio, _ := split(s.codecs)
	own, inside := b.hasURL(typeAudio, s.audioGroups)
	return (!own || inside) && (len(audio) > 0 || s.codecs == "")
}

// videoSets makes the sets of streams with pictures: one for each codec, range and layout, and for each rendition of
// their groups.
func (b *builder) videoSets() []*manifest.AdaptationSet {
	type key struct {
		codec                    media.CodecID
		videoRange, layout, name string
		muxed, alternative       bool
	}
	type member struct {
		key
		id string
	}
	var sets []*manifest.AdaptationSet
	byKey, seen := map[key]*manifest.AdaptationSet{}, map[member]bool{}
	add := func(k key, s *stream, r *rendition, id, stable string, codecs []string, places func() []place) {
		// Several variants may name the same rendition.
		if seen[member{k, id}] {
			return
		}
		seen[member{k, id}] = true
		rep := s.representation(id, codecs, b.playlist(stable, places()))
		set := byKey[k]
		if set == nil {
			set = &manifest.AdaptationSet{Kind: manifest.Video, Default: !k.alternative, AutoSelect: true}
			if r != nil {
				r.describe(set)
			}
			b.captions(set, s)
			if k.muxed {
				b.inside(set, s)
			}
			byKey[k] = set
			sets = append(sets, set)
		}
		rep.Extra = append(rep.Extra, s.descriptors()...)
		set.Representations = append(set.Representations, rep)
		b.of[rep] = s
	}
	for _, s := range b.streams {
		if s.kind != manifest.Video {
			continue
		}
		video, audio, _ := split(s.codecs)
		k := key{codec: family(video), videoRange: s.videoRange, layout: s.layout, muxed: b.muxed(s)}
		codecs := video
		if k.muxed {
			codecs = slices.Concat(video, audio)
		}
		var main *rendition
		var others []*rendition
		for _, r := range b.groups[groupKey{typeVideo, s.video}] {
			switch {
			case s.video == "":
			case r.url == "" || r.url == s.url:
				main = r
			default:
				others = append(others, r)
			}
		}
		if main != nil {
			k.name = main.name
		}
		add(k, s, main, b.names[s.url], manifest.StableVariant(s.stable), codecs, func() []place { return s.places })
		for _, r := range others {
			k := k
			k.name, k.alternative = r.name, true
			if r.isDefault && main == nil {
				k.alternative = false
			}
			add(k, s, r, b.names[r.url], manifest.StableRendition(r.stable), codecs, func() []place { return b.placesOf(r) })
		}
	}
	for _, set := range sets {
		rank(set.Representations, b.of)
	}
	return sets
}

// family is the codec of the first item, which tells what can be switched to without a change of decoder.
func family(codecs []string) media.CodecID {
	if len(codecs) == 0 {
		return ""
	}
	c, _ := mime.ParseCodec(codecs[0])
	if c.ID == "" {
		return media.CodecID(c.Family)
	}
	return c.ID
}

// representation makes one of the attributes of a variant.
func (s *stream) representation(id string, codecs []string, p *playlist) *manifest.Representation {
	r := newRepresentation(id, s.kind, p)
	r.Codecs, r.SupplementalCodecs, r.Bandwidth = strings.Join(codecs, ","), s.supplemental, s.bandwidth
	r.Width, r.Height, r.FrameRate = s.width, s.height, s.rate
	if why := s.refused(); why != "" {
		r.Unusable, r.Lazy = why, nil
	}
	return r
}

// refused says why a layout of pictures cannot be shown, "" when it can.
func (s *stream) refused() string {
	for item := range strings.FieldsFuncSeq(s.layout, func(r rune) bool { return r == ',' || r == '/' }) {
		switch strings.TrimSpace(item) {
		case "CH-MONO", "CH-STEREO", "PROJ-RECT": // of a stereo pair, the picture for one eye
		default:
			return "the video layout " + clip(s.layout) + " is not shown"
		}
	}
	return ""
}

// descriptors say what has no field.
func (s *stream) descriptors() []manifest.Descriptor {
	var out []manifest.Descriptor
	add := func(scheme, value string) {
		if value != "" {
			out = append(out, manifest.Descriptor{Scheme: scheme, Value: value})
		}
	}
	transfer := map[string]string{"SDR": "1", "PQ": "16", "HLG": "18"}
	if v, ok := transfer[s.videoRange]; ok {
		add(schemeTransfer, v)
	} else {
		add("VIDEO-RANGE", s.videoRange)
	}
	add("REQ-VIDEO-LAYOUT", s.layout)
	add("HDCP-LEVEL", s.hdcp)
	add("ALLOWED-CPC", s.cpc)
	add("STABLE-VARIANT-ID", s.stable)
	add("NAME", s.name)
	if s.average > 0 {
		add("AVERAGE-BANDWIDTH", strconv.FormatInt(s.average, 10))
	}
	return out
}

// rank turns the scores of a set into ranks, provided that all have one.
func rank(reps []*manifest.Representation, of map[*manifest.Representation]*stream) {
	if slices.ContainsFunc(reps, func(r *manifest.Representation) bool { return !of[r].hasScore }) {
		return
	}
	order := slices.Clone(reps)
	slices.SortStableFunc(order, func(x, y *manifest.Representation) int { return cmp.Compare(of[y].score, of[x].score) })
	for i, r := range order {
		r.QualityRanking = i
	}
}

// captions notes the captions that a stream carries inside its pictures, in the words of DASH.
func (b *builder) captions(set *manifest.AdaptationSet, s *stream) {
	k := strings.Join(s.captionGroups, "\x00")
	if list, ok := b.inPicture[k]; ok {
		set.Accessibility = append(set.Accessibility, list...)
		return
	}
	var cc, service []string
	for _, id := range s.captionGroups {
		for _, r := range b.groups[groupKey{typeCaptions, id}] {
			lang := cmp.Or(r.lang, "und")
			if strings.HasPrefix(r.instream, "CC") {
				cc = append(cc, r.instream+"="+lang)
			} else if n, ok := strings.CutPrefix(r.instream, "SERVICE"); ok {
				service = append(service, n+"=lang:"+lang)
			}
		}
	}
	if cc != nil {
		b.inPicture[k] = append(b.inPicture[k], manifest.Descriptor{Scheme: schemeCEA608, Value: strings.Join(cc, ";")})
	}
	if service != nil {
		b.inPicture[k] = append(b.inPicture[k], manifest.Descriptor{Scheme: schemeCEA708, Value: strings.Join(service, ";")})
	}
	set.Accessibility = append(set.Accessibility, b.inPicture[k]...)
}

// inside gives a set with sound inside the language of that sound.
func (b *builder) inside(set *manifest.AdaptationSet, s *stream) {
	for _, id := range s.audioGroups {
		for _, r := range b.groups[groupKey{typeAudio, id}] {
			if r.url == "" && set.Lang == "" {
				set.Lang = language(r.lang)
				set.Label = cmp.Or(set.Label, r.name)
			}
		}
	}
}

func language(tag string) string {
	if strings.EqualFold(tag, "und") {
		return ""
	}
	return tag
}

// describe fills in a set what the rendition says.
func (r *rendition) describe(set *manifest.AdaptationSet) {
	set.Lang, set.Label = language(r.lang), r.name
	set.Default, set.AutoSelect, set.Forced = r.isDefault, r.autoSelect, r.forced
	role := func(v string) { set.Roles = append(set.Roles, manifest.Descriptor{Scheme: schemeRole, Value: v}) }
	access := func(scheme, v string) {
		set.Accessibility = append(set.Accessibility, manifest.Descriptor{Scheme: scheme, Value: v})
	}
	switch {
	case r.kind == typeText && r.forced:
		role("forced-subtitle")
	case r.kind == typeText && strings.Contains(r.characteristics, characteristicTag+"transcribes-spoken-dialog"):
		role("caption")
	case r.kind == typeText:
		role("subtitle")
	case r.isDefault:
		role("main")
	default:
		role("alternate")
	}
	for c := range strings.SplitSeq(r.characteristics, ",") {
		c = strings.TrimSpace(c)
		switch strings.TrimPrefix(c, characteristicTag) {
		case "":
			continue
		case "describes-video":
			role("description")
			access(schemePurpose, purposeVisual)
		case "transcribes-spoken-dialog", "describes-music-and-sound":
			access(schemePurpose, purposeHearing)
		case "easy-to-read", "public.easy-to-read":
			role("easyreader")
		}
		access(characteristic, c)
	}
	for _, x := range [][2]string{{"GROUP-ID", r.group}, {"ASSOC-LANGUAGE", r.assoc}, {"CHANNELS", r.channels}, {"STABLE-RENDITION-ID", r.stable}} {
		if x[1] != "" {
			set.Extra = append(set.Extra, manifest.Descriptor{Scheme: x[0], Value: x[1]})
		}
	}
	if r.bitDepth > 0 {
		set.Extra = append(set.Extra, manifest.Descriptor{Scheme: "BIT-DEPTH", Value: strconv.FormatInt(r.bitDepth, 10)})
	}
}

// placesOf lists where a rendition is to be had: its own URL and those of groups that stand in for its group.
func (b *builder) placesOf(r *rendition) []place {
	own := place{r.url, b.prefer}
	for _, s := range b.streams {
		if s.audio == r.group && r.kind == typeAudio || s.subs == r.group && r.kind == typeText || s.video == r.group && r.kind == typeVideo {
			own.pathway = s.pathway
			break
		}
	}
	out := []place{own}
	for _, x := range b.backups[groupKey{r.kind, r.group}] {
		// Groups that stand in hold the same in the same order.
		i := slices.Index(b.groups[groupKey{r.kind, r.group}], r)
		o := b.groups[groupKey{r.kind, x.id}][i]
		if !slices.ContainsFunc(out, func(q place) bool { return q.url == o.url }) {
			out = append(out, place{o.url, x.pathway})
		}
	}
	return out
}

// renditionSets makes a set of each rendition that is a playlist of its own.
func (b *builder) renditionSets(kind string, k manifest.Kind) []*manifest.AdaptationSet {
	var sets []*manifest.AdaptationSet
	type key struct{ url, identity string }
	byKey := map[key]*manifest.AdaptationSet{}
	for i := range b.m.renditions {
		r := &b.m.renditions[i]
		if r.kind != kind || r.url == "" || b.absorbed(groupKey{kind, r.group}) {
			continue
		}
		if set := byKey[key{r.url, r.identity()}]; set != nil {
			b.setOf[r] = set // the same in another group
			continue
		}
		set := &manifest.AdaptationSet{Kind: k}
		r.describe(set)
		rep := newRepresentation(b.names[r.url], k, b.playlist(manifest.StableRendition(r.stable), b.placesOf(r)))
		rep.Codecs = b.groupCodecs(groupKey{kind, r.group}, k)
		rep.SampleRate = int(min(r.sampleRate, 1<<30))
		if n, _, _ := strings.Cut(r.channels, "/"); n != "" {
			if c, err := strconv.ParseUint(n, 10, 16); err == nil {
				rep.Channels = int(c)
			}
		}
		// A variant of sound alone that is the same playlist tells more about it.
		for _, s := range b.streams {
			if s.url == r.url && s.kind == k {
				rep.Bandwidth = s.bandwidth
			}
		}
		set.Representations = []*manifest.Representation{rep}
		byKey[key{r.url, r.identity()}], b.setOf[r] = set, set
		sets = append(sets, set)
	}
	return sets
}

// groupCodecs finds the codec of a group's renditions: the one that all variants have in common that name the group.
// Variants without pictures name the group of what they may be exchanged for, so they count only if there are no others.
func (b *builder) groupCodecs(g groupKey, k manifest.Kind) string {
	if c, ok := b.codecs[g]; ok {
		return c
	}
	var in []string
	for _, pictures := range []bool{true, false} {
		first := true
		for _, s := range b.streams {
			for _, u := range s.uses {
				id := u.audio
				if k == manifest.Text {
					id = u.text
				}
				if id != g.id || (s.kind == manifest.Video) != pictures {
					continue
				}
				_, list, text := split(u.codecs)
				if k == manifest.Text {
					list = text
				}
				switch {
				case len(list) == 0:
				case first:
					first, in = false, list
				default:
					in = slices.DeleteFunc(in, func(c string) bool { return !slices.Contains(list, c) })
				}
			}
		}
		if !first {
			break
		}
	}
	b.codecs[g] = ""
	if len(in) == 1 {
		b.codecs[g] = in[0]
	}
	return b.codecs[g]
}

// otherSets makes the sets of variants without pictures.
func (b *builder) otherSets() []*manifest.AdaptationSet {
	type key struct {
		kind  manifest.Kind
		codec media.CodecID
	}
	var sets []*manifest.AdaptationSet
	byKey := map[key]*manifest.AdaptationSet{}
	listed := map[string]bool{} // as renditions
	for r := range b.setOf {
		listed[r.url] = true
	}
	pictures := slices.ContainsFunc(b.streams, func(s *stream) bool { return s.kind == manifest.Video })
	for _, s := range b.streams {
		if s.kind == manifest.Video || listed[s.url] {
			continue
		}
		codecs, audio, text := split(s.codecs)
		switch s.kind {
		case manifest.Audio:
			codecs = audio
		case manifest.Text:
			codecs = text
		case manifest.Video, manifest.Image:
		}
		k := key{s.kind, family(codecs)}
		set := byKey[k]
		if set == nil {
			set = &manifest.AdaptationSet{Kind: s.kind, Default: !pictures, AutoSelect: !pictures}
			b.inside(set, s)
			byKey[k] = set
			sets = append(sets, set)
		}
		rep := s.representation(b.names[s.url], codecs, b.playlist(manifest.StableVariant(s.stable), s.places))
		rep.Extra = s.descriptors()
		b.of[rep] = s
		set.Representations = append(set.Representations, rep)
	}
	for _, set := range sets {
		rank(set.Representations, b.of)
	}
	return sets
}

// iframeSets makes the sets for fast winding.
func (b *builder) iframeSets() []*manifest.AdaptationSet {
	type key struct {
		codec              media.CodecID
		videoRange, layout string
	}
	var sets []*manifest.AdaptationSet
	byKey := map[key]*manifest.AdaptationSet{}
	for _, s := range b.iframes {
		s.kind = manifest.Video
		video, _, _ := split(s.codecs)
		k := key{family(video), s.videoRange, s.layout}
		set := byKey[k]
		if set == nil {
			set = &manifest.AdaptationSet{Kind: manifest.Video, TrickMode: true}
			byKey[k] = set
			sets = append(sets, set)
		}
		rep := s.representation(b.names[s.url], video, b.playlist(manifest.StableVariant(s.stable), s.places))
		rep.Extra = s.descriptors()
		set.Representations = append(set.Representations, rep)
	}
	return sets
}

// companions says which sets go with which representation, and for which set a set for fast winding is.
func (b *builder) companions(sets []*manifest.AdaptationSet) {
	if len(b.setOf) > 0 || slices.ContainsFunc(sets, func(s *manifest.AdaptationSet) bool { return s.Kind != manifest.Video }) {
		shared := map[string][]string{} // most variants name the same groups
		for rep, s := range b.of {
			k := fmt.Sprintf("%d %q %q", rep.Kind, s.audioGroups, s.textGroups)
			with, ok := shared[k]
			if !ok {
				with = b.with(rep.Kind, s)
				shared[k] = with
			}
			rep.With = with
		}
	}
	for _, t := range sets {
		if !t.TrickMode {
			continue
		}
		video, _, _ := split(t.Representations[0].Codecs)
		for _, s := range sets {
			if s.Kind != manifest.Video || s.TrickMode || !s.Default {
				continue
			}
			if other, _, _ := split(s.Representations[0].Codecs); t.TrickModeFor == "" || family(other) == family(video) {
				t.TrickModeFor = s.ID
				if family(other) == family(video) {
					break
				}
			}
		}
	}
}

// with lists the sets of the groups of a stream, but for those of one kind.
func (b *builder) with(but manifest.Kind, s *stream) []string {
	with, seen := []string{}, map[string]bool{}
	for _, g := range []struct {
		kind string
		ids  []string
	}{{typeAudio, s.audioGroups}, {typeText, s.textGroups}} {
		for _, id := range g.ids {
			for _, r := range b.groups[groupKey{g.kind, id}] {
				if set := b.setOf[r]; set != nil && set.Kind != but && !seen[set.ID] {
					seen[set.ID] = true
					with = append(with, set.ID)
				}
			}
		}
	}
	return with
}

// types finds the container of each set. Sets of one group, and those for fast winding, are of the type of the first.
func (b *builder) types(sets []*manifest.AdaptationSet) {
	byGroup := map[string]string{}
	var video string
	for _, set := range sets {
		group := ""
		for _, d := range set.Extra {
			if d.Scheme == "GROUP-ID" && set.Kind != manifest.Video {
				group = set.Kind.String() + "\x00" + d.Value
			}
		}
		container := byGroup[group]
		switch {
		case set.TrickMode && video != "":
			container = video
		case container == "":
			container = b.container(set)
			if group != "" {
				byGroup[group] = container
			}
		}
		if set.Kind == manifest.Video && video == "" {
			video = container
		}
		if container == "" {
			container = typeMP4
			if set.Kind == manifest.Text {
				container = typeVTT
			}
		}
		var protection []manifest.Protection
		for _, c := range b.m.protection {
			protection = addProtection(protection, c)
		}
		for _, r := range set.Representations {
			if p, ok := r.Lazy.(*playlist); ok && p.last != nil {
				for _, c := range p.last.list.Protection {
					protection = addProtection(protection, c)
				}
			}
		}
		for _, r := range set.Representations {
			r.MIMEType, r.Protection = typeFor(container, set.Kind), protection
			if packedAudio(container) || textType(container) {
				r.Codecs = ""
			}
			if p, ok := r.Lazy.(*playlist); ok {
				p.mime = r.MIMEType
			}
		}
	}
}

// container loads playlists of a set until one tells what its segments are.
func (b *builder) container(set *manifest.AdaptationSet) string {
	const maxTried = 2
	for i, r := range set.Representations {
		p, ok := r.Lazy.(*playlist)
		if !ok || i == maxTried {
			break
		}
		l := b.load(p, set.Kind)
		if l == nil {
			continue
		}
		c := examine(l, b.get, r.Codecs == "")
		if r.Codecs == "" {
			r.Codecs = c.codecs
		}
		if r.Width == 0 && r.Kind == manifest.Video {
			r.Width, r.Height = c.width, c.height
		}
		if c.container != "" {
			return c.container
		}
	}
	return ""
}
