package dash

import (
	"slices"
	"strings"

	"github.com/Eyevinn/dash-mpd/mpd"

	"mseplayer/player/manifest"
)

// maxPreselections bounds the combinations of a period, maxComponents the sets of each.
const maxPreselections, maxComponents = 256, 64

// preselections lists the author's combinations of sets.
// ISO/IEC 23009-1 §5.3.11.
func preselections(in []*mpd.PreselectionType) []manifest.Preselection {
	var out []manifest.Preselection
	for _, s := range atMost(in, maxPreselections) {
		p := manifest.Preselection{ID: first(s.Id, "1"), Tag: s.Tag, Lang: language(s.Lang), Codecs: s.Codecs, Priority: 1,
			Roles: descriptors(s.Roles), Accessibility: descriptors(s.Accessibilities), Channels: channels(s.AudioChannelConfigurations)}
		if s.PreselectionComponents != nil {
			p.Components = atMost(strings.Fields(string(*s.PreselectionComponents)), maxComponents)
		}
		if s.SelectionPriority != nil {
			p.Priority = int(*s.SelectionPriority)
		}
		if len(s.Labels) > 0 {
			p.Label = strings.TrimSpace(s.Labels[0].Value)
		}
		out = append(out, p)
	}
	return out
}

// combine gives each set of a period what the most preferred of the combinations that it is in says about it. Two of a kind cannot be decoded
// together: such combinations are passed over, and their sets are for when there is nothing that is complete.
// ISO/IEC 23009-1 §5.3.11.
func (b *builder) combine(at place, p *manifest.Period) {
	for _, s := range p.Sets {
		p.Preselections = append(p.Preselections, described(s, s.Essential)...)
		p.Preselections = append(p.Preselections, described(s, s.Extra)...)
		if slices.ContainsFunc(s.Essential, func(d manifest.Descriptor) bool { return isPreselection(d) && d.Value == "" }) {
			s.Partial = 2
		}
	}
	p.Preselections = atMost(p.Preselections, maxPreselections)
	sets := map[string]*manifest.AdaptationSet{}
	for _, s := range p.Sets {
		if sets[s.ID] == nil && s.Normal() {
			sets[s.ID] = s
		}
	}
	alone := map[*manifest.AdaptationSet]manifest.Preselection{}
	var passed []string
	for _, pre := range p.Preselections {
		over := false
		for _, kind := range []manifest.Kind{manifest.Video, manifest.Audio} {
			parts := components(sets, pre, kind)
			if len(parts) == 1 {
				s := parts[0]
				if best, known := alone[s]; !known || pre.Priority > best.Priority {
					alone[s] = pre
				}
			}
			for i, s := range parts {
				switch {
				case len(parts) == 1:
				case i > 0:
					s.Partial, over = 2, true
				case !slices.ContainsFunc(s.Extra, isPreselection): // the property says that it may be played without the others
					s.Partial, over = max(s.Partial, 1), true
				}
			}
		}
		if over {
			passed = append(passed, first(first(pre.Label, pre.Tag), pre.ID))
		}
	}
	for s, pre := range alone {
		s.Partial = 0
		if s.Kind == manifest.Audio || len(components(sets, pre, manifest.Audio)) == 0 { // it is about the sound if it has any
			present(s, pre)
		}
	}
	if len(passed) > 0 && !b.combined {
		b.combined = true
		b.find(at, manifest.CodeUnknownEssential, manifest.SeverityWarning, "offer a mix of its own, too",
			"preselection %s: several streams would have to be decoded together, which is not done; one is played alone where there is nothing else",
			clip(strings.Join(passed, ", ")))
	}
}

func isPreselection(d manifest.Descriptor) bool {
	return strings.EqualFold(d.Scheme, schemePreselection)
}

// described reads the combinations that properties of a main set describe: a tag, a comma, and the sets.
// ISO/IEC 23009-1 §5.3.11.3.
func described(s *manifest.AdaptationSet, ds []manifest.Descriptor) []manifest.Preselection {
	var out []manifest.Preselection
	for _, d := range ds {
		tag, list, found := strings.Cut(d.Value, ",")
		if sets := atMost(strings.Fields(list), maxComponents); isPreselection(d) && found && len(sets) > 0 {
			tag = strings.TrimSpace(tag)
			out = append(out, manifest.Preselection{ID: tag, Tag: tag, Lang: s.Lang, Label: s.Label, Components: sets, Roles: s.Roles, Accessibility: s.Accessibility, Priority: s.Priority})
		}
	}
	return out
}

// components are the sets of a kind that a combination has, in its order.
func components(sets map[string]*manifest.AdaptationSet, pre manifest.Preselection, kind manifest.Kind) (parts []*manifest.AdaptationSet) {
	for _, id := range pre.Components {
		if s := sets[id]; s != nil && s.Kind == kind && !slices.Contains(parts, s) {
			parts = append(parts, s)
		}
	}
	return parts
}

func atMost[T any](list []T, n int) []T { return list[:min(len(list), n)] }

// present makes a set known as what a combination, in which nothing else of its kind is, presents it as.
func present(s *manifest.AdaptationSet, pre manifest.Preselection) {
	add := func(to *[]manifest.Descriptor, from []manifest.Descriptor) {
		for _, d := range from {
			if !slices.Contains(*to, d) {
				*to = append(*to, d)
			}
		}
	}
	add(&s.Roles, pre.Roles)
	add(&s.Accessibility, pre.Accessibility)
	s.Lang, s.Label = first(s.Lang, pre.Lang), first(s.Label, pre.Label)
	s.Priority, s.Default = max(s.Priority, pre.Priority), s.HasRole("main")
}
