package mse_test

import (
	"mseplayer/mse"
	"mseplayer/mse/media"
)

// wptAbort is about abort. The type is the one without a codecs parameter.
var wptAbort = wptArea{"abort", []wptRow{
	{"SourceBuffer-abort/02", func(p *page) {
		ok, why := (&mse.Options{}).IsTypeSupported("video/mp4")
		p.is("supported "+why, ok, true)
		sb := p.add("video/mp4")
		p.ok(sb.Abort())
		p.is("window", []media.Time{sb.AppendWindowStart(), sb.AppendWindowEnd()}, []media.Time{0, inf})
		p.want("sb")
	}},
	{"SourceBuffer-abort-readyState/02", func(p *page) {
		sb := p.add("video/mp4")
		p.eos()
		p.fails(sb.Abort(), mse.InvalidStateError)
	}},
	{"SourceBuffer-abort-removed/02", func(p *page) {
		sb := p.add("video/mp4")
		p.ok(p.ms.RemoveSourceBuffer(sb))
		p.fails(sb.Abort(), mse.InvalidStateError)
	}},
	{"SourceBuffer-abort-updating/02", func(p *page) {
		sb := p.add("video/mp4")
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
		p.start(sb, file(p.T, fileV).all())
		p.want("sb", "updatestart", "abort", "updateend")
		p.want("ms", "sourceended")
	}},
}}
