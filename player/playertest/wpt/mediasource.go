package wpt

import (
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

func (p *page) mediaSourceOptions() mse.Options {
	return mse.Options{Loop: p.media, Decodes: p.opt.Decoders.Supports, Log: p.log}
}

func (p *page) defineMediaSource() {
	buffers := func(name string, of func(*mse.MediaSource) *mse.SourceBufferList) member {
		return ro(p, name, func(ms *mse.MediaSource) any { return p.wrap("SourceBufferList", of(ms)) })
	}
	p.define(iface{name: "SourceBufferList", parent: "EventTarget", members: append([]member{
		ro(p, "length", func(l *mse.SourceBufferList) any { return l.Len() }),
	}, handlers(p, "addsourcebuffer", "removesourcebuffer")...),
		at: func(o *object, i int) any {
			if sb := o.impl.(*mse.SourceBufferList).At(i); sb != nil {
				return p.sourceBuffer(sb)
			}
			return nil
		}})
	p.define(iface{name: "MediaSource", parent: "EventTarget",
		construct: func([]goja.Value) any { return mse.New(p.mediaSourceOptions()) },
		members: append([]member{
			buffers("sourceBuffers", (*mse.MediaSource).SourceBuffers),
			buffers("activeSourceBuffers", (*mse.MediaSource).ActiveSourceBuffers),
			ro(p, "readyState", func(ms *mse.MediaSource) any { return ms.ReadyState().String() }),
			rw(p, "duration", func(ms *mse.MediaSource) any {
				if d, ok := ms.Duration(); ok {
					return d
				}
				return nan
			}, func(ms *mse.MediaSource, v goja.Value) { p.check(ms.SetDuration(media.Time(v.ToFloat()))) }),
			op(p, "addSourceBuffer", 1, func(ms *mse.MediaSource, args []goja.Value) any {
				sb, err := ms.AddSourceBuffer(text(args[0]))
				p.check(err)
				if p.mediaSource(ms).name == "ManagedMediaSource" {
					return p.wrap("ManagedSourceBuffer", sb)
				}
				return p.sourceBuffer(sb)
			}),
			op(p, "removeSourceBuffer", 1, func(ms *mse.MediaSource, args []goja.Value) any {
				sb, ok := given[*mse.SourceBuffer](p, args, 0)
				if !ok {
					p.typeError("MediaSource.removeSourceBuffer: the argument is not a SourceBuffer")
				}
				p.check(ms.RemoveSourceBuffer(sb))
				return goja.Undefined()
			}),
			op(p, "endOfStream", 0, func(ms *mse.MediaSource, args []goja.Value) any {
				p.check(ms.EndOfStream(p.endReason(arg(args, 0))))
				return goja.Undefined()
			}),
			op(p, "setLiveSeekableRange", 2, func(ms *mse.MediaSource, args []goja.Value) any {
				p.check(ms.SetLiveSeekableRange(media.Time(p.double(args[0])), media.Time(p.double(args[1]))))
				return goja.Undefined()
			}),
			op(p, "clearLiveSeekableRange", 0, func(ms *mse.MediaSource, _ []goja.Value) any {
				p.check(ms.ClearLiveSeekableRange())
				return goja.Undefined()
			}),
			staticOp("isTypeSupported", 1, func(args []goja.Value) any {
				o := p.mediaSourceOptions()
				ok, _ := o.IsTypeSupported(text(args[0]))
				return ok
			}),
		}, handlers(p, "sourceopen", "sourceended", "sourceclose")...)})
	p.define(iface{name: "ManagedMediaSource", parent: "MediaSource",
		construct: func([]goja.Value) any {
			o := p.mediaSourceOptions()
			o.Managed = true
			return mse.New(o)
		},
		members: append([]member{
			ro(p, "streaming", func(ms *mse.MediaSource) any { return ms.Streaming() }),
		}, handlers(p, "startstreaming", "endstreaming")...)})
}

// mediaSource and sourceBuffer return the objects that stand for them.
func (p *page) mediaSource(ms *mse.MediaSource) *object   { return p.wrap("MediaSource", ms) }
func (p *page) sourceBuffer(sb *mse.SourceBuffer) *object { return p.wrap("SourceBuffer", sb) }

func (p *page) endReason(v goja.Value) mse.EndReason {
	if goja.IsUndefined(v) {
		return mse.EndNormal
	}
	switch text(v) {
	case "network":
		return mse.EndNetwork
	case "decode":
		return mse.EndDecode
	default:
		p.typeError("MediaSource.endOfStream: " + text(v) + " is not an EndOfStreamError")
		return mse.EndNormal
	}
}

// check throws err if there is one.
func (p *page) check(err error) {
	if err != nil {
		p.throw(err)
	}
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
	if last == nil || !equal(last.impl.(media.Ranges), r) {
		last = p.fresh("TimeRanges", r)
		p.buffered[sb] = last
	}
	return last
}

func equal(a, b media.Ranges) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
