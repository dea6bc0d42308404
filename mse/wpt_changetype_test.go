package mse_test

import (
	"fmt"
	"slices"
	"strings"

	"mseplayer/mse"
	"mseplayer/mse/media"
)

// wptChangeType is about changeType, and about another codec without it. The offsets are the suite's.
var wptChangeType = wptArea{"changetype", append([]wptRow{
	{"mediasource-changetype/01", func(p *page) { p.fails(p.add(bothType).ChangeType(""), mse.TypeError) }, nil},
	{"mediasource-changetype/02", func(p *page) {
		sb := p.add(bothType)
		p.ok(p.ms.RemoveSourceBuffer(sb))
		p.fails(sb.ChangeType(bothType), mse.InvalidStateError)
	}, nil},
	{"mediasource-changetype/03", func(p *page) {
		sb := p.add(bothType)
		p.start(sb, []byte{})
		p.fails(sb.ChangeType(bothType), mse.InvalidStateError)
	}, nil},
	{"mediasource-changetype/04", func(p *page) { p.fails(p.add(bothType).ChangeType("null"), mse.NotSupportedError) }, nil},
	{"mediasource-changetype/05", func(p *page) { p.fails(p.add(bothType).ChangeType("invalidType"), mse.NotSupportedError) }, nil},
	{"mediasource-changetype/06", func(p *page) {
		sb := p.loaded()
		p.append(sb, p.main.all())
		p.eos()
		p.ok(sb.ChangeType(bothType))
		p.is("state", p.ms.ReadyState(), mse.Open)
		p.want("ms", "sourceopen")
	}, nil},
	{"mediasource-changetype/07", func(p *page) {
		sb := p.add(audioType)
		p.ok(sb.ChangeType("audio/mpeg"))
		p.is("mode", sb.Mode(), mse.Sequence)
	}, nil},
	{"mediasource-changetype/08", func(p *page) {
		sb := p.add(audioType)
		p.ok(sb.ChangeType(audioType))
		p.is("mode", sb.Mode(), mse.Segments)
		p.ok(sb.SetMode(mse.Sequence))
		p.ok(sb.ChangeType(audioType))
		p.is("mode", sb.Mode(), mse.Sequence)
	}, nil},
	// The preparations of the suite's pages: enough types to change between are supported.
	{"mediasource-changetype-play/01", func(p *page) { p.supports(false, sounds, pictures) }, nil},
	{"mediasource-changetype-play-without-codecs-parameter/01", func(p *page) { p.supports(true, sounds, pictures) }, nil},
	{"mediasource-changetype-play-implicit/01", func(p *page) { p.supports(false, []codec{vorbis, vorbis}, []codec{vp8, vp9}) }, nil},
	{"mediasource-changetype-play-negative/01", func(p *page) { p.supports(false, []codec{vorbis, aac}, []codec{vp8, avc}) }, nil},
}, switchRows()...)}

// supports checks that SourceBuffers can be made for all of the codecs.
func (p *page) supports(plain bool, groups ...[]codec) {
	p.Helper()
	for _, c := range slices.Concat(groups...) {
		sb, err := p.ms.AddSourceBuffer(c.typ(plain))
		p.ok(err)
		p.ok(p.ms.RemoveSourceBuffer(sb))
	}
}

// codec is a file of one coding format.
type codec struct {
	file, container, codecs string
	kind                    media.Kind
}

// typ is the file's type, without the codecs parameter if plain is set.
func (c codec) typ(plain bool) string {
	if plain || c.codecs == "" {
		return c.container
	}
	return c.container + `; codecs="` + c.codecs + `"`
}

var (
	vorbis = codec{"webm/test-a-128k-44100Hz-1ch.webm", "audio/webm", "vorbis", media.Audio}
	aac    = codec{fileA, "audio/mp4", "mp4a.40.2", media.Audio}
	mp3    = codec{"mp3/sound_5.mp3", "audio/mpeg", "", media.Audio}
	vp8    = codec{"webm/test-v-128k-320x240-24fps-8kfr.webm", "video/webm", "vp8", media.Video}
	vp9    = codec{"webm/test-vp9.webm", "video/webm", "vp9", media.Video}
	avc    = codec{fileV24, "video/mp4", "avc1.4D4001", media.Video}

	suite = codec{"the suite's files", "video/mp4", "avc1.4D4001", media.Video}

	sounds   = []codec{vorbis, aac, mp3}
	pictures = []codec{vp8, vp9, avc}
)

// offsets are where the suite puts the four files that follow the first one, of codec a: two of codec b, two of a.
func offsets(a, b codec) []media.Span {
	switch {
	case a != avc && b == avc:
		return []media.Span{0.416667, 1.083333, 1.833332, 1.499999}
	case a == avc && b == avc:
		return []media.Span{0.666666, 0.999999, 1.666665, 1.333332}
	case a == avc:
		return []media.Span{0.749999, 1, 1.416667, 1.216667}
	default:
		return []media.Span{0.5, 1, 1.5, 1.3}
	}
}

// switchRows lists the suite's rows in its order: every pair of codecs of a kind with changeType, with and without codecs
// parameters; the pairs in one container without changeType; and sound after pictures and the other way round, which
// must fail.
func switchRows() (rows []wptRow) {
	add := func(name string, n int, a, b codec, run func(p *page)) {
		rows = append(rows, wptRow{fmt.Sprintf("mediasource-changetype-play%s/%02d", name, n), run, []codec{a, b}})
	}
	same := func(a, b codec) bool {
		return strings.TrimLeft(a.container, "audiove") == strings.TrimLeft(b.container, "audiove")
	}
	n, implicit := 2, 2
	for _, group := range [][]codec{sounds, pictures} {
		for _, a := range group {
			for _, b := range group {
				add("", n, a, b, func(p *page) { p.switches(a, b, false, true) })
				add("-without-codecs-parameter", n, a, b, func(p *page) { p.switches(a, b, true, true) })
				n++
				if !same(a, b) {
					continue
				}
				for _, plain := range []bool{false, true} {
					if plain && a.codecs == "" {
						continue
					}
					add("-implicit", implicit, a, b, func(p *page) { p.switches(a, b, plain, false) })
					implicit++
				}
			}
		}
	}
	n = 2
	for _, s := range sounds {
		for _, v := range pictures {
			for _, plain := range []bool{false, true} {
				for _, change := range []bool{true, false} {
					if !change && !same(s, v) {
						continue
					}
					for _, pair := range [][2]codec{{s, v}, {v, s}} {
						add("-negative", n, pair[0], pair[1], func(p *page) { p.refusesSwitch(pair[0], pair[1], plain, change) })
						n++
					}
				}
			}
		}
	}
	return rows
}

// whole is the whole file of a codec.
func (p *page) whole(c codec) []byte {
	p.Helper()
	if strings.HasPrefix(c.file, "mp4/") {
		return file(p.T, c.file).all()
	}
	b, _ := wptFile(p.T, c.file)
	return b
}

// switches appends a file of one codec, two of another and two of the first, with changeType in between or without.
func (p *page) switches(a, b codec, plain, change bool) {
	p.Helper()
	sb := p.add(a.typ(plain))
	p.append(sb, p.whole(a))
	for i, c := range []codec{b, b, a, a} {
		if change {
			p.ok(sb.ChangeType(c.typ(plain)))
		}
		p.ok(sb.SetTimestampOffset(offsets(a, b)[i]))
		p.append(sb, p.whole(c))
	}
	p.is("longer than 2.1 s", p.duration() > 2.1, true)
	p.trim(sb)
	p.readsThrough()
}

// refusesSwitch appends pictures to sound or the other way round: an error stops it.
func (p *page) refusesSwitch(a, b codec, plain, change bool) {
	p.Helper()
	sb := p.add(a.typ(plain))
	p.append(sb, p.whole(a))
	if change {
		if err := sb.ChangeType(b.typ(plain)); err != nil {
			p.fails(err, mse.NotSupportedError)
			return
		}
	}
	p.start(sb, p.whole(b))
	p.want("sb", "updatestart", "error", "updateend")
	p.is("error", p.code, 3)
}
