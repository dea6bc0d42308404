package wpt

import (
	"slices"

	"github.com/dop251/goja"

	"mseplayer/mse"
	"mseplayer/mse/media"
)

func (p *page) defineTimeRanges() {
	at := func(r media.Ranges, args []goja.Value) media.Range {
		i := int64(uint32(args[0].ToInteger()))
		if i >= int64(len(r)) {
			p.domException("IndexSizeError", "TimeRanges: index out of range")
		}
		return r[i]
	}
	p.define(iface{name: "TimeRanges", members: []member{
		ro(p, "length", func(r media.Ranges) any { return len(r) }),
		op(p, "start", 1, func(r media.Ranges, args []goja.Value) any { return at(r, args).Start }),
		op(p, "end", 1, func(r media.Ranges, args []goja.Value) any { return at(r, args).End }),
	}})
}

func (p *page) defineSourceBuffer() {
	p.define(iface{name: "SourceBuffer", parent: "EventTarget", members: append([]member{
		rw(p, "mode", func(sb *mse.SourceBuffer) any { return sb.Mode().String() }, func(sb *mse.SourceBuffer, v goja.Value) {
			switch text(v) {
			case "segments":
				p.check(sb.SetMode(mse.Segments))
			case "sequence":
				p.check(sb.SetMode(mse.Sequence))
			}
		}),
		ro(p, "updating", func(sb *mse.SourceBuffer) any { return sb.Updating() }),
		ro(p, "buffered", func(sb *mse.SourceBuffer) any {
			r, err := sb.Buffered()
			p.check(err)
			return p.sameRanges(sb, r)
		}),
		rw(p, "timestampOffset", func(sb *mse.SourceBuffer) any { return sb.TimestampOffset() },
			func(sb *mse.SourceBuffer, v goja.Value) { p.check(sb.SetTimestampOffset(media.Span(p.double(v)))) }),
		rw(p, "appendWindowStart", func(sb *mse.SourceBuffer) any { return sb.AppendWindowStart() },
			func(sb *mse.SourceBuffer, v goja.Value) { p.check(sb.SetAppendWindowStart(media.Time(p.double(v)))) }),
		rw(p, "appendWindowEnd", func(sb *mse.SourceBuffer) any { return sb.AppendWindowEnd() },
			func(sb *mse.SourceBuffer, v goja.Value) { p.check(sb.SetAppendWindowEnd(media.Time(v.ToFloat()))) }),
		ro(p, "audioTracks", func(sb *mse.SourceBuffer) any { return p.trackList(media.Audio, sb.AudioTracks()) }),
		ro(p, "videoTracks", func(sb *mse.SourceBuffer) any { return p.trackList(media.Video, sb.VideoTracks()) }),
		ro(p, "textTracks", func(sb *mse.SourceBuffer) any { return p.trackList(media.Text, sb.TextTracks()) }),
		op(p, "appendBuffer", 1, func(sb *mse.SourceBuffer, args []goja.Value) any {
			p.check(sb.AppendBuffer(append([]byte{}, p.bytes(args[0])...)))
			return goja.Undefined()
		}),
		op(p, "abort", 0, func(sb *mse.SourceBuffer, _ []goja.Value) any { p.check(sb.Abort()); return goja.Undefined() }),
		op(p, "remove", 2, func(sb *mse.SourceBuffer, args []goja.Value) any {
			p.check(sb.Remove(media.Time(p.double(args[0])), media.Time(args[1].ToFloat())))
			return goja.Undefined()
		}),
		op(p, "changeType", 1, func(sb *mse.SourceBuffer, args []goja.Value) any {
			p.check(sb.ChangeType(text(args[0])))
			return goja.Undefined()
		}),
	}, handlers(p, "updatestart", "update", "updateend", "error", "abort")...)})
	p.define(iface{name: "ManagedSourceBuffer", parent: "SourceBuffer", members: handlers(p, "bufferedchange")})
}

// sameRanges returns the TimeRanges object that showed a SourceBuffer's ranges before, as long as they are the same.
func (p *page) sameRanges(sb *mse.SourceBuffer, r media.Ranges) *object {
	last := p.buffered[sb]
	if last == nil || !slices.Equal(last.impl.(media.Ranges), r) {
		last = p.fresh("TimeRanges", r)
		p.buffered[sb] = last
	}
	return last
}
