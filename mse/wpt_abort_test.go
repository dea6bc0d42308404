package mse_test

import (
	"mseplayer/mse"
	"mseplayer/mse/media"
)

// wptAbort is about abort.
var wptAbort = wptArea{"abort", append(abortRows("01", vp8.container+`; codecs="vorbis,vp8"`, vp8), abortRows("02", "video/mp4", avc)...)}

// abortRows are the rows about one type.
func abortRows(n, typ string, c codec) []wptRow {
	return []wptRow{
		{"SourceBuffer-abort/" + n, func(p *page) {
			ok, why := (&mse.Options{}).IsTypeSupported(typ)
			p.is("supported "+why, ok, true)
			sb := p.add(typ)
			p.ok(sb.Abort())
			p.is("window", []media.Time{sb.AppendWindowStart(), sb.AppendWindowEnd()}, []media.Time{0, inf})
			p.want("sb")
		}, nil},
		{"SourceBuffer-abort-readyState/" + n, func(p *page) {
			sb := p.add(typ)
			p.eos()
			p.fails(sb.Abort(), mse.InvalidStateError)
		}, nil},
		{"SourceBuffer-abort-removed/" + n, func(p *page) {
			sb := p.add(typ)
			p.ok(p.ms.RemoveSourceBuffer(sb))
			p.fails(sb.Abort(), mse.InvalidStateError)
		}, nil},
		{"SourceBuffer-abort-updating/" + n, func(p *page) {
			sb := p.add(typ)
			p.is("updating", sb.Updating(), false)
			sb.Listen(func(e mse.Event) {
				switch e.Type {
				case mse.EventUpdateStart:
					p.ok(sb.Abort())
					p.is("updating", sb.Updating(), false)
					p.is("window", []media.Time{sb.AppendWindowStart(), sb.AppendWindowEnd()}, []media.Time{0, inf})
				case mse.EventUpdateEnd:
					p.ok(p.ms.EndOfStream(mse.EndNormal))
				}
			})
			p.start(sb, p.whole(c))
			p.want("sb", "updatestart", "abort", "updateend")
			p.want("ms", "sourceended")
		}, []codec{c}},
	}
}
