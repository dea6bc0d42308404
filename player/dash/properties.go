package dash

import (
	"encoding/hex"
	"errors"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/Eyevinn/dash-mpd/mpd"

	"mseplayer/mse/mime"
	"mseplayer/player/manifest"
)

const (
	schemeTrickMode    = "http://dashif.org/guidelines/trickmode"
	schemePreselection = "urn:mpeg:dash:preselection:2016"
)

// knownEssential are the schemes that do not keep this player from playing what carries them.
var knownEssential = map[string]bool{
	schemeTrickMode:    true,
	schemePreselection: true,
	"http://dashif.org/guidelines/thumbnail_tile":      true,
	"http://dashif.org/thumbnail_tile":                 true,
	"urn:mpeg:mpegb:cicp:colourprimaries":              true,
	"urn:mpeg:mpegb:cicp:transfercharacteristics":      true,
	"urn:mpeg:mpegb:cicp:matrixcoefficients":           true,
	"urn:mpeg:mpegb:cicp:videofullrangeflag":           true,
	"urn:mpeg:dash:audio-receiver-mix:2014":            true,
	"urn:dvb:dash:fontdownload:2014":                   true,
	"urn:mpeg:dash:adaptation-set-switching:2016":      true,
	"urn:mpeg:dash:period-continuity:2015":             true,
	"urn:mpeg:dash:period-connectivity:2015":           true,
	"http://dashif.org/guidelines/last-segment-number": true,
	"urn:mpeg:dash:pattern:2024":                       true,
	schemeURLParam:                                     true,
	schemeURLParam2:                                    true,
	"urn:mpeg:dash:urlparam:2025":                      true, // RequestParam
}

// essential reports whether every essential property is understood, and each that is not becomes a finding.
// Properties with the same id are alternatives: one understood is enough.
// ISO/IEC 23009-1 §5.8.4.8.
func (b *builder) essential(at place, ds []*mpd.DescriptorType) bool {
	understood := map[string]bool{}
	for _, d := range ds {
		if d.Id != "" && knownEssential[strings.ToLower(string(d.SchemeIdUri))] {
			understood[d.Id] = true
		}
	}
	ok := true
	for _, d := range ds {
		if knownEssential[strings.ToLower(string(d.SchemeIdUri))] || understood[d.Id] {
			continue
		}
		consequence := "it is left out"
		if at.path == "MPD" {
			consequence = "played all the same"
		}
		b.find(at, manifest.CodeUnknownEssential, manifest.SeverityWarning, "", "the essential property %q is not understood; %s",
			clip(string(d.SchemeIdUri)), consequence)
		ok = false
	}
	return ok
}

// applyProperties sets what the known properties mean for the set.
func applyProperties(s *manifest.AdaptationSet, ds []manifest.Descriptor) {
	for _, d := range ds {
		switch {
		case strings.EqualFold(d.Scheme, schemeTrickMode):
			s.TrickMode, s.TrickModeFor = true, d.Value
		case strings.HasSuffix(strings.ToLower(d.Scheme), "/thumbnail_tile"):
			c, r, _ := strings.Cut(strings.ToLower(d.Value), "x")
			cols, _ := strconv.ParseUint(strings.TrimSpace(c), 10, 15)
			rows, _ := strconv.ParseUint(strings.TrimSpace(r), 10, 15)
			s.Tiles = &manifest.Tiles{Columns: max(1, int(cols)), Rows: max(1, int(rows))}
		case strings.EqualFold(d.Scheme, "urn:mpeg:dash:adaptation-set-switching:2016"):
			s.SwitchTo = append(s.SwitchTo, fields(d.Value)...)
		case strings.EqualFold(d.Scheme, "urn:mpeg:dash:period-continuity:2015"):
			s.ContinuousWith = append(s.ContinuousWith, d.Value)
		case strings.EqualFold(d.Scheme, "urn:mpeg:dash:period-connectivity:2015"):
			s.ConnectedWith = append(s.ConnectedWith, d.Value)
		}
	}
}

// fields splits a list at commas and white space.
func fields(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' || r == '\r' })
}

// inband adds the schemes of in-band events that are not known yet.
func inband(known []manifest.Descriptor, streams []*mpd.EventStreamType) []manifest.Descriptor {
	for _, s := range streams {
		d := manifest.Descriptor{Scheme: string(s.SchemeIdUri), Value: s.Value}
		if !slices.Contains(known, d) {
			known = append(known, d)
		}
	}
	return known
}

// collectProtection indexes the content protection descriptors that others refer to.
func (b *builder) collectProtection(m *mpd.MPD) {
	b.refs = map[string]*mpd.ContentProtectionType{}
	add := func(cps []*mpd.ContentProtectionType) {
		for _, cp := range cps {
			if cp.RefId != "" {
				b.refs[cp.RefId] = cp
			}
		}
	}
	add(m.ContentProtection)
	for _, p := range m.Periods {
		add(p.ContentProtections)
		for _, as := range p.AdaptationSets {
			add(as.ContentProtections)
			for _, r := range as.Representations {
				add(r.ContentProtections)
			}
		}
	}
}

// maxProtections bounds the descriptors in effect over all representations, inherited ones included.
const maxProtections = 1 << 18

// protection converts descriptors, the outermost first. Of two with the same scheme the inner one counts.
func (b *builder) protection(cps []*mpd.ContentProtectionType) []manifest.Protection {
	if b.protections += len(cps); b.protections > maxProtections {
		return nil // the document is refused
	}
	var out []manifest.Protection
	for _, cp := range cps {
		if target := b.refs[cp.Ref]; cp.Ref != "" && target != nil {
			cp = target
		}
		p := manifest.Protection{Scheme: strings.ToLower(string(cp.SchemeIdUri)), Value: cp.Value}
		p.System = manifest.SystemName(p.Scheme)
		for _, k := range strings.Fields(cp.DefaultKID) {
			if kid, ok := parseKID(k); ok {
				p.KIDs = append(p.KIDs, kid)
			}
		}
		if cp.Pssh != nil {
			p.PSSH = strings.Join(strings.Fields(cp.Pssh.Value), "")
		}
		if cp.LaURL != nil {
			p.LicenseURL = strings.TrimSpace(string(cp.LaURL.Value))
		}
		replaced := false
		for i := range out {
			if out[i].Scheme == p.Scheme && p.Scheme != "" {
				out[i], replaced = p, true
			}
		}
		if !replaced {
			out = append(out, p)
		}
	}
	return out
}

// parseKID reads a key identifier, a UUID with or without hyphens.
func parseKID(s string) (kid [16]byte, ok bool) {
	b, err := hex.DecodeString(strings.ReplaceAll(strings.Trim(s, "{}"), "-", ""))
	if err != nil || len(b) != len(kid) {
		return kid, false
	}
	copy(kid[:], b)
	return kid, true
}

// cicpChannels is the number of channels of a ChannelConfiguration, ISO/IEC 23091-3 Table 3.
var cicpChannels = [...]int{0, 1, 2, 3, 4, 5, 6, 8, 2, 3, 4, 7, 8, 24, 8, 12, 10, 12, 14, 12, 14}

// dolbyPairs are the bits of Dolby's channel map that stand for two channels. ETSI TS 102 366 Table E.1.4.
const dolbyPairs = 1<<(15-5) | 1<<(15-6) | 1<<(15-9) | 1<<(15-10) | 1<<(15-11) | 1<<(15-13)

// channels counts the channels that descriptors declare, 0 when they do not tell.
func channels(ds []*mpd.DescriptorType) int {
	const maxChannels = 64
	for _, d := range ds {
		scheme, value := strings.ToLower(string(d.SchemeIdUri)), strings.TrimSpace(d.Value)
		switch {
		case strings.HasSuffix(scheme, ":23003:3:audio_channel_configuration:2011"), strings.HasPrefix(scheme, "tag:dts.com"):
			// The number is in practice the count of channels, and equal to the configuration up to 5.1.
			if n, err := strconv.Atoi(value); err == nil && n > 0 && n <= maxChannels {
				return n
			}
		case scheme == "urn:mpeg:mpegb:cicp:channelconfiguration":
			if n, err := strconv.Atoi(value); err == nil && n > 0 && n < len(cicpChannels) {
				return cicpChannels[n]
			}
		case strings.HasPrefix(scheme, "tag:dolby.com,2014:"), strings.HasPrefix(scheme, "urn:dolby:dash:audio_channel_configuration"):
			if v, err := strconv.ParseUint(value, 16, 16); err == nil {
				return bits.OnesCount16(uint16(v)) + bits.OnesCount16(uint16(v)&dolbyPairs)
			}
		}
	}
	return 0
}

func isMalformed(err error) bool { return errors.Is(err, mime.ErrMalformed) }
