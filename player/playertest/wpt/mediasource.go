package wpt

import (
	"strings"

	"github.com/dop251/goja"

	"mseplayer/mse"
	"mseplayer/mse/media"
)

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
				o, typ := p.mediaSourceOptions(), text(args[0])
				ok, _ := o.IsTypeSupported(typ)
				return ok && !p.hidden(typ)
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

// hidden reports whether pages are not to know that a type is supported.
func (p *page) hidden(typ string) bool {
	essence, _, _ := strings.Cut(typ, ";")
	_, subtype, _ := strings.Cut(essence, "/")
	return p.opt.Hide != "" && strings.EqualFold(strings.TrimSpace(subtype), p.opt.Hide)
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
