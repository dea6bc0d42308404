package plan

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"mseplayer/mse/media"
	"mseplayer/mse/mime"
	"mseplayer/player/manifest"
)

// None as a track name in Rules means that no track of that kind is wanted.
const None = "no"

// Rules say which tracks are wanted. The zero value takes the best of everything, and no subtitles.
type Rules struct {
	// Supports reports whether media of a type can be played, and if not, why. Nil means everything can.
	Supports func(mimeType string) (ok bool, reason string)
	// Video, Audio and Text name a track: a track id, the id of a representation or an adaptation set, a language, or
	// None. Empty means the default, which for Text is None.
	Video, Audio, Text string
	// LikeVideo and LikeAudio are what was chosen while playing; they take the place of Video and Audio.
	LikeVideo, LikeAudio Like
	// Quality is "max" or "min", the id of a representation, or "auto" or empty for an adaptive start: the lowest.
	Quality string
	// MaxHeight and MaxBandwidth leave out video above so many lines or bits per second, as long as any is left.
	// 0 means no bound.
	MaxHeight    int
	MaxBandwidth int64
}

// Like is a set that was chosen, in whatever period or version of the presentation. Each period plays what is most like
// it. The zero value is no choice.
type Like struct {
	// Set is nil for nothing. Of sound, a set of pictures stands for the sound that is inside of them.
	Set *manifest.AdaptationSet
	// Rep is the representation to stay with, nil for all of the set's.
	Rep *manifest.Representation
}

// Selection is what is played.
type Selection struct {
	// Video, Audio and Text are nil when there is none of the kind.
	Video, Audio, Text *Track
	// LeftOut are the representations that cannot be played.
	LeftOut []LeftOut
}

// LeftOut says why a representation is not played.
type LeftOut struct {
	Track, Reason string
	Period        *manifest.Period
	Set           *manifest.AdaptationSet
	Rep           *manifest.Representation
}

// Select chooses tracks of every period of a presentation. What cannot be played is left out; the error says why
// nothing remains, or which track that was asked for is not there.
func Select(p *manifest.Presentation, rules Rules) (*Selection, error) {
	if rules.Video == None && rules.Audio == None && (rules.Text == None || rules.Text == "") {
		return nil, errors.New("plan: no track is wanted")
	}
	s := &selector{rules: rules, usable: map[*manifest.AdaptationSet][]*manifest.Representation{}}
	sel := &Selection{}
	for _, per := range p.Periods {
		for _, set := range per.Sets {
			if set.Normal() {
				s.examine(per, set)
			}
		}
	}
	sel.LeftOut = s.leftOut
	var err error
	for _, k := range []struct {
		kind  manifest.Kind
		want  string
		like  Like
		track **Track
	}{{manifest.Video, rules.Video, rules.LikeVideo, &sel.Video}, {manifest.Audio, rules.Audio, rules.LikeAudio, &sel.Audio},
		{manifest.Text, rules.Text, Like{}, &sel.Text}} {
		if k.want == None || k.kind == manifest.Text && k.want == "" {
			continue
		}
		if *k.track, err = s.track(p, k.kind, k.want, k.like, sel.Video); err != nil {
			return nil, err
		}
	}
	if sel.Video == nil && sel.Audio == nil && sel.Text == nil {
		return nil, s.nothing()
	}
	return sel, nil
}

// Sets returns the sets of a kind in a period of which something can be played, with the representations of each, in the
// order of the manifest. Those that do not go with the pictures that video plays are not among them; nil is no pictures.
func Sets(per *manifest.Period, kind manifest.Kind, rules Rules, video *Track) []Choice {
	s := &selector{rules: rules, usable: map[*manifest.AdaptationSet][]*manifest.Representation{}}
	sets := s.candidates(per, kind)
	if fit := beside(sets, video, per); len(fit) > 0 {
		sets = fit
	}
	out := make([]Choice, len(sets))
	for i, set := range sets {
		out[i] = Choice{Period: per, Set: set, Representations: s.usable[set]}
	}
	return out
}

// candidates examines the sets of a kind in a period, and returns those of which something can be played.
func (s *selector) candidates(per *manifest.Period, kind manifest.Kind) (sets []*manifest.AdaptationSet) {
	for _, set := range per.Sets {
		if !set.Normal() || set.Kind != kind {
			continue
		}
		if s.examine(per, set); len(s.usable[set]) > 0 {
			sets = append(sets, set)
		}
	}
	return sets
}

// SelectText chooses subtitles as Rules.Text names them: one set in each period that has one like the first that was
// found, or at least in its language and of its kind, none in the others. It returns nil when want is None or empty.
func SelectText(p *manifest.Presentation, supports func(string) (bool, string), want string) (*Track, error) {
	if want == "" || want == None {
		return nil, nil
	}
	s := &selector{rules: Rules{Supports: supports}, usable: map[*manifest.AdaptationSet][]*manifest.Representation{}}
	for _, per := range p.Periods {
		for _, set := range per.Sets {
			if set.Normal() && set.Kind == manifest.Text {
				s.examine(per, set)
			}
		}
	}
	return s.track(p, manifest.Text, want, Like{}, nil)
}

// All returns a choice of its own for every usable representation of every period, each as its only representation, in
// the order of the manifest, and those that cannot be played. Sets for fast winding and thumbnails are among them.
func All(p *manifest.Presentation, supports func(string) (bool, string)) ([]Choice, []LeftOut) {
	s := &selector{rules: Rules{Supports: supports}, usable: map[*manifest.AdaptationSet][]*manifest.Representation{}}
	var all []Choice
	for _, per := range p.Periods {
		for _, set := range per.Sets {
			s.examine(per, set)
			for _, r := range s.usable[set] {
				all = append(all, Choice{Period: per, Set: set, Representations: []*manifest.Representation{r}})
			}
		}
	}
	return all, s.leftOut
}

type selector struct {
	rules   Rules
	usable  map[*manifest.AdaptationSet][]*manifest.Representation
	leftOut []LeftOut
}

// examine sorts a set's representations into usable ones and others.
func (s *selector) examine(per *manifest.Period, set *manifest.AdaptationSet) {
	for _, r := range set.Representations {
		reason := r.Unusable
		switch {
		case reason == "" && r.Segments == nil && r.Lazy == nil:
			reason = "its segments are not known"
		case reason == "":
			reason = s.unsupported(r)
		}
		if reason != "" {
			s.leftOut = append(s.leftOut, LeftOut{Track: r.TrackID, Reason: reason, Period: per, Set: set, Rep: r})
			continue
		}
		s.usable[set] = append(s.usable[set], r)
	}
}

// unsupported asks the rules about a representation. A codecs string that is broken but for its family says nothing;
// the media will tell what it is.
func (s *selector) unsupported(r *manifest.Representation) string {
	if s.rules.Supports == nil || r.Kind == manifest.Image {
		return ""
	}
	ok, reason := s.rules.Supports(r.Type())
	if ok {
		return ""
	}
	if _, err := mime.ParseCodecs(r.Codecs); errors.Is(err, mime.ErrMalformed) {
		if ok, _ := s.rules.Supports(r.MIMEType); ok {
			return ""
		}
	}
	if reason == "" {
		reason = "not supported"
	}
	return reason
}

// track chooses one set of the kind in each period, beside the pictures of video. It returns nil when no period has one.
func (s *selector) track(p *manifest.Presentation, kind manifest.Kind, want string, like Like, video *Track) (*Track, error) {
	var choices []Choice
	var last *manifest.AdaptationSet
	fixed := like.Rep
	chosen := like.Set != nil && like.Set.Kind == kind
	if like.Set != nil {
		want = ""
	}
	found := want == ""
	for _, per := range p.Periods {
		var sets []*manifest.AdaptationSet
		for _, set := range per.Sets {
			if set.Normal() && set.Kind == kind && len(s.usable[set]) > 0 {
				sets = append(sets, set)
			}
		}
		if want == "" {
			if fit := beside(sets, video, per); !chosen || len(fit) > 0 {
				sets = fit
			}
		}
		if len(sets) == 0 {
			continue
		}
		set, rep := s.named(per, sets, want)
		found = found || set != nil
		if chosen {
			set = mostLike(sets, like.Set)
		}
		if set == nil && kind == manifest.Text {
			if set = related(sets, last); set == nil {
				continue // better nothing than another language
			}
		}
		if set == nil {
			set = resembling(sets, last)
		}
		if set == nil {
			set = best(sets)
		}
		if rep == nil && fixed != nil {
			rep = closest(s.usable[set], fixed)
		}
		choices = append(choices, s.choose(per, set, rep))
		last, fixed = set, rep
	}
	if !found {
		return nil, fmt.Errorf("plan: no %s track %q; there are: %s", kind, want, s.names(p, kind))
	}
	if len(choices) == 0 {
		return nil, nil
	}
	t := NewTrack(choices...)
	t.live, t.ends = p.Live, p.Duration.Set
	return t, nil
}

// beside leaves those of sets that go with the pictures that are played in a period. Pictures with sound in the same
// segments need no other.
func beside(sets []*manifest.AdaptationSet, video *Track, per *manifest.Period) []*manifest.AdaptationSet {
	if video == nil {
		return sets
	}
	i := slices.IndexFunc(video.choices, func(c Choice) bool { return c.Period == per })
	if i < 0 {
		return sets
	}
	reps := video.choices[i].Representations
	if slices.ContainsFunc(reps, func(r *manifest.Representation) bool { return r.With == nil }) {
		if Sounding(reps[0]) {
			return nil
		}
		return sets
	}
	var fit []*manifest.AdaptationSet
	for _, set := range sets {
		if !Sounding(reps[0]) && slices.ContainsFunc(reps, func(r *manifest.Representation) bool { return slices.Contains(r.With, set.ID) }) {
			fit = append(fit, set)
		}
	}
	return fit
}

// Sounding reports whether a representation says that it has sound.
func Sounding(r *manifest.Representation) bool {
	codecs, _ := mime.ParseCodecs(r.Codecs)
	return slices.ContainsFunc(codecs, func(c mime.Codec) bool { return c.Kind == media.Audio })
}

// named finds the set that the user named, and the representation if the name is of one.
func (s *selector) named(per *manifest.Period, sets []*manifest.AdaptationSet, want string) (*manifest.AdaptationSet, *manifest.Representation) {
	if want == "" {
		return nil, nil
	}
	for _, id := range []func(*manifest.Representation) string{
		func(r *manifest.Representation) string { return r.TrackID },
		func(r *manifest.Representation) string { return r.ID },
	} {
		for _, set := range sets {
			for _, r := range s.usable[set] {
				if id(r) == want {
					return set, r
				}
			}
		}
	}
	for _, set := range sets {
		if set.ID == want {
			return set, nil
		}
	}
	for _, p := range per.Preselections {
		if p.ID == want || p.Tag == want && want != "" {
			if set := component(sets, p); set != nil {
				return set, nil
			}
		}
	}
	var match []*manifest.AdaptationSet
	for _, exact := range []bool{true, false} {
		for _, set := range sets {
			if SameLanguage(want, set.Lang, exact) {
				match = append(match, set)
			}
		}
		if len(match) > 0 {
			return best(match), nil
		}
	}
	for _, exact := range []bool{true, false} {
		for _, p := range per.Preselections {
			if set := component(sets, p); set != nil && SameLanguage(want, p.Lang, exact) {
				return set, nil
			}
		}
	}
	return nil, nil
}

// component is the one of sets that a combination has, nil when it has none or several: those would have to be decoded
// together.
func component(sets []*manifest.AdaptationSet, p manifest.Preselection) *manifest.AdaptationSet {
	var one *manifest.AdaptationSet
	for _, set := range sets {
		if slices.Contains(p.Components, set.ID) {
			if one != nil {
				return nil
			}
			one = set
		}
	}
	return one
}

// resembling finds the set that continues one of the period before: the same id, or else the same language and
// roles.
func resembling(sets []*manifest.AdaptationSet, last *manifest.AdaptationSet) *manifest.AdaptationSet {
	if last == nil {
		return nil
	}
	for _, set := range sets {
		if set.ID == last.ID && set.Lang == last.Lang {
			return set
		}
	}
	for _, set := range sets {
		if set.Lang == last.Lang && roleRank(set) == roleRank(last) {
			return set
		}
	}
	return nil
}

// related finds the subtitles that continue those of the period before: in the same language, if need be of another region,
// and as much for the deaf, or for foreign parts only.
func related(sets []*manifest.AdaptationSet, last *manifest.AdaptationSet) *manifest.AdaptationSet {
	if last == nil {
		return nil
	}
	var match []*manifest.AdaptationSet
	for _, exact := range []bool{true, false} {
		for _, set := range sets {
			same := SameLanguage(last.Lang, set.Lang, exact) || last.Lang == set.Lang
			if !same || set.Forced != last.Forced || set.HasRole("caption") != last.HasRole("caption") {
				continue
			}
			if set.ID == last.ID {
				return set
			}
			match = append(match, set)
		}
		if len(match) > 0 {
			return best(match)
		}
	}
	return nil
}

// mostLike finds the set that is most like a chosen one: it itself, or one of the same language, or of pictures any, with
// the same roles, label, channels and ID, in this order. It returns nil when none has the language.
func mostLike(sets []*manifest.AdaptationSet, chosen *manifest.AdaptationSet) *manifest.AdaptationSet {
	var found *manifest.AdaptationSet
	most := -1
	for _, set := range sets {
		if set == chosen {
			return set
		}
		if set.Lang != chosen.Lang && set.Kind != manifest.Video {
			continue
		}
		score := 0
		for _, same := range []bool{set.Lang == chosen.Lang, roles(set) == roles(chosen), roleRank(set) == roleRank(chosen), set.Label == chosen.Label,
			channels(set) == channels(chosen), set.ID == chosen.ID} {
			score *= 2
			if same {
				score++
			}
		}
		if score > most {
			found, most = set, score
		}
	}
	return found
}

// roles lists the roles of a set, and whom it is for.
func roles(s *manifest.AdaptationSet) string {
	var values []string
	for _, d := range slices.Concat(s.Roles, s.Accessibility) {
		values = append(values, d.Value)
	}
	slices.Sort(values)
	return strings.Join(values, " ")
}

// channels is the count that a set of sound declares, 0 for none.
func channels(s *manifest.AdaptationSet) int {
	if len(s.Representations) == 0 {
		return 0
	}
	return s.Representations[0].Channels
}

// best returns the set to play when nobody asked for one.
func best(sets []*manifest.AdaptationSet) *manifest.AdaptationSet {
	return slices.MinFunc(sets, func(a, b *manifest.AdaptationSet) int {
		switch {
		case a.Partial != b.Partial:
			return a.Partial - b.Partial
		case roleRank(a) != roleRank(b):
			return roleRank(a) - roleRank(b)
		case a.Priority != b.Priority:
			return b.Priority - a.Priority
		case a.Kind == manifest.Video && height(a) != height(b):
			return height(b) - height(a)
		}
		return a.Index - b.Index
	})
}

// roleRank orders sets by what they are for: the main content, what says nothing, and what is an addition for some.
func roleRank(s *manifest.AdaptationSet) int {
	switch {
	case s.HasRole("main"):
		return 0
	case s.HasRole("description") || s.HasRole("commentary") || s.HasRole("sign") || s.HasRole("enhanced-audio-intelligibility"):
		return 4
	case s.HasRole("dub"):
		return 2
	case s.HasRole("alternate") || s.HasRole("supplementary") || s.HasRole("emergency"):
		return 3
	}
	return 1
}

// height is the picture height of a set's largest representation.
func height(s *manifest.AdaptationSet) int {
	h := 0
	for _, r := range s.Representations {
		h = max(h, r.Height)
	}
	return h
}

// choose orders a set's representations and picks the one to begin with.
func (s *selector) choose(per *manifest.Period, set *manifest.AdaptationSet, rep *manifest.Representation) Choice {
	reps := slices.Clone(s.usable[set])
	for _, other := range per.Sets {
		if rep == nil && switchable(set, other) {
			for _, r := range s.usable[other] {
				if alike(s.usable[set][0], r) {
					reps = append(reps, r)
				}
			}
		}
	}
	sort.SliceStable(reps, func(i, j int) bool { return reps[i].Bandwidth < reps[j].Bandwidth })
	if rep != nil {
		return Choice{Period: per, Set: set, Representations: []*manifest.Representation{rep}}
	}
	if set.Kind == manifest.Video {
		reps = within(reps, func(r *manifest.Representation) bool { return s.rules.MaxHeight > 0 && r.Height > s.rules.MaxHeight })
		reps = within(reps, func(r *manifest.Representation) bool {
			return s.rules.MaxBandwidth > 0 && r.Bandwidth > s.rules.MaxBandwidth
		})
	}
	c := Choice{Period: per, Set: set, Representations: reps}
	switch q := s.rules.Quality; q {
	case "", "auto":
	case "min":
		c.Representations = reps[:1]
	case "max":
		c.Representations = reps[len(reps)-1:]
	default:
		if i := slices.IndexFunc(reps, func(r *manifest.Representation) bool { return r.ID == q || r.TrackID == q }); i >= 0 {
			c.Representations = reps[i : i+1]
		}
	}
	return c
}

// switchable reports whether the author lets playback go from one set to another while it goes on.
// ISO/IEC 23009-1 §5.3.3.5.
func switchable(from, to *manifest.AdaptationSet) bool {
	return from != to && slices.Contains(from.SwitchTo, to.ID) && from.Kind == to.Kind && to.Normal() && to.Partial == 0 && from.Lang == to.Lang
}

// alike reports whether what plays a can play b: the same container and coding format, under the same keys.
func alike(a, b *manifest.Representation) bool {
	format := func(r *manifest.Representation) (ids []media.CodecID) {
		list, _ := mime.ParseCodecs(r.Codecs)
		for _, c := range list {
			ids = append(ids, c.ID)
		}
		return ids
	}
	keys := func(r *manifest.Representation) (ids [][16]byte) {
		for _, p := range r.Protection {
			ids = append(ids, p.KIDs...)
		}
		return ids
	}
	return a.MIMEType == b.MIMEType && slices.Equal(format(a), format(b)) && a.Encrypted() == b.Encrypted() && slices.Equal(keys(a), keys(b))
}

// within leaves out what is too much, but never everything: the smallest always stays.
func within(reps []*manifest.Representation, tooMuch func(*manifest.Representation) bool) []*manifest.Representation {
	var fit []*manifest.Representation
	for _, r := range reps {
		if !tooMuch(r) {
			fit = append(fit, r)
		}
	}
	if len(fit) == 0 {
		return reps[:1]
	}
	return fit
}

// names lists the tracks of a kind for a message.
func (s *selector) names(p *manifest.Presentation, kind manifest.Kind) string {
	const maxNames = 20
	var list []string
	for _, per := range p.Periods {
		for _, set := range per.Sets {
			if !set.Normal() || set.Kind != kind {
				continue
			}
			for _, r := range s.usable[set] {
				name := r.TrackID
				if set.Lang != "" {
					name += " (" + set.Lang + ")"
				}
				list = append(list, name)
			}
		}
	}
	switch {
	case len(list) == 0:
		return "none"
	case len(list) > maxNames:
		list = append(list[:maxNames], "…")
	}
	return strings.Join(list, ", ")
}

// nothing says why nothing can be played: each reason once.
func (s *selector) nothing() error {
	const maxReasons = 5
	var reasons []string
	for _, l := range s.leftOut {
		if r := l.Track + ": " + l.Reason; !slices.ContainsFunc(reasons, func(o string) bool { return strings.HasSuffix(o, ": "+l.Reason) }) {
			reasons = append(reasons, r)
		}
	}
	if len(reasons) == 0 {
		return errors.New("plan: there is nothing to play")
	}
	if len(reasons) > maxReasons {
		reasons = append(reasons[:maxReasons], "…")
	}
	return fmt.Errorf("plan: nothing can be played: %s", strings.Join(reasons, "; "))
}
