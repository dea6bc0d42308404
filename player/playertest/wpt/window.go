package wpt

import (
	"bytes"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dop251/goja"

	"mseplayer/mse"
)

// frameInterval is the pace of requestAnimationFrame.
const frameInterval = time.Second / 60

type windowObject struct{}

func (p *page) defineWindow() {
	p.define(iface{name: "Window", parent: "EventTarget", members: handlers(p, "load", "error", "unhandledrejection", "message")})
	global := p.vm.GlobalObject()
	p.must(global.SetPrototype(p.protos["Window"]))
	p.window = p.adopt(global, "Window", &windowObject{})
	p.document = p.nodeObject(p.tree)
	for _, name := range []string{"window", "self", "frames", "parent", "top"} {
		p.must(global.Set(name, global))
	}
	p.must(global.Set("opener", goja.Null()))
	p.must(global.Set("document", p.document.js))
	p.must(global.Set("isSecureContext", true))
	p.must(global.Set("origin", p.url.Scheme+"://"+p.url.Host))
	p.must(global.Set("navigator", map[string]any{"userAgent": "mseplayer", "language": "en"}))
	p.must(global.Set("location", p.location(p.url)))
	performance := p.vm.NewObject()
	p.must(performance.Set("now", p.function("now", 0, func(goja.Value, []goja.Value) any { return milliseconds(time.Since(p.began)) })))
	p.must(performance.Set("timeOrigin", float64(p.began.UnixMicro())/1000))
	p.must(global.Set("performance", performance))
	console := p.vm.NewObject()
	for _, name := range []string{"log", "info", "warn", "error", "debug"} {
		p.must(console.Set(name, p.function(name, 0, func(_ goja.Value, args []goja.Value) any {
			words := make([]string, len(args))
			for i, a := range args {
				words[i] = a.String()
			}
			p.log.Info("console", "level", name, "text", strings.Join(words, " "))
			return goja.Undefined()
		})))
	}
	p.must(global.Set("console", console))
	p.must(global.Set("postMessage", p.function("postMessage", 1, func(_ goja.Value, args []goja.Value) any {
		p.need(args, 1, "postMessage")
		p.postMessage(args)
		return goja.Undefined()
	})))
	p.defineTimers(global)
	p.defineURL()
	p.defineText()
}

// postMessage gives the window a message of its own. What is to be transferred, ArrayBuffers alone, is detached here and
// arrives as a new object; everything else arrives as it is.
func (p *page) postMessage(args []goja.Value) {
	list := arg(args, 2)
	if o, ok := arg(args, 1).(*goja.Object); ok {
		list = o.Get("transfer")
	}
	data := args[0]
	if list != nil && !goja.IsUndefined(list) && !goja.IsNull(list) {
		p.vm.ForOf(list, func(v goja.Value) bool {
			b, ok := v.Export().(goja.ArrayBuffer)
			if !ok || b.Detached() {
				p.domException("DataCloneError", "postMessage: only ArrayBuffers can be transferred, and once")
			}
			moved := p.vm.ToValue(p.vm.NewArrayBuffer(bytes.Clone(b.Bytes())))
			b.Detach()
			if v.StrictEquals(data) {
				data = moved
			}
			return true
		})
	}
	p.loop.post(func() {
		p.fire(p.window, "MessageEvent", "message", map[string]goja.Value{"data": data, "origin": p.vm.Get("origin"), "source": p.window.js})
	})
}

// location is what window.location shows; pages stay where they are.
func (p *page) location(u *url.URL) *goja.Object {
	o := p.vm.NewObject()
	for name, v := range urlParts(u) {
		p.must(o.Set(name, v))
	}
	p.must(o.Set("toString", p.function("toString", 0, func(goja.Value, []goja.Value) any { return u.String() })))
	return o
}

func urlParts(u *url.URL) map[string]string {
	parts := map[string]string{"href": u.String(), "protocol": u.Scheme + ":", "host": u.Host, "hostname": u.Hostname(), "port": u.Port(),
		"pathname": u.EscapedPath(), "origin": u.Scheme + "://" + u.Host, "search": "", "hash": ""}
	if u.RawQuery != "" {
		parts["search"] = "?" + u.RawQuery
	}
	if f := u.EscapedFragment(); f != "" {
		parts["hash"] = "#" + f
	}
	return parts
}

func (p *page) defineTimers(global *goja.Object) {
	callback := func(v goja.Value) goja.Callable {
		if f, ok := goja.AssertFunction(v); ok {
			return f
		}
		source := text(v)
		return func(goja.Value, ...goja.Value) (goja.Value, error) { return p.vm.RunString(source) }
	}
	// The engine's argument slices are only valid during the call.
	rest := func(args []goja.Value) []goja.Value { return slices.Clone(args[min(2, len(args)):]) }
	delay := func(args []goja.Value) time.Duration {
		return time.Duration(max(arg(args, 1).ToInteger(), 0)) * time.Millisecond
	}
	timer := func(name string, n int, set func(args []goja.Value) any) {
		p.must(global.Set(name, p.function(name, n, func(_ goja.Value, args []goja.Value) any {
			p.need(args, n, name)
			return set(args)
		})))
	}
	timer("setTimeout", 1, func(args []goja.Value) any {
		f, more := callback(args[0]), rest(args)
		return p.loop.after(delay(args), func() { p.call(f, more...) })
	})
	timer("setInterval", 1, func(args []goja.Value) any {
		f, more, d := callback(args[0]), rest(args), max(delay(args), time.Millisecond)
		var id uint64
		var tick func()
		tick = func() {
			p.intervals[id] = p.loop.after(d, tick)
			p.call(f, more...)
		}
		id = p.loop.after(d, tick)
		p.intervals[id] = id
		return id
	})
	stop := func(args []goja.Value) any {
		id := uint64(max(arg(args, 0).ToInteger(), 0))
		if latest, ok := p.intervals[id]; ok {
			delete(p.intervals, id)
			id = latest
		}
		p.loop.cancel(id)
		return goja.Undefined()
	}
	timer("clearTimeout", 0, stop)
	timer("clearInterval", 0, stop)
	timer("requestAnimationFrame", 1, func(args []goja.Value) any {
		f := callback(args[0])
		return p.loop.after(frameInterval, func() { p.call(f, p.vm.ToValue(milliseconds(time.Since(p.began)))) })
	})
	timer("cancelAnimationFrame", 1, stop)
	timer("queueMicrotask", 1, func(args []goja.Value) any {
		f := callback(args[0])
		promise, resolve, _ := p.vm.NewPromise()
		then, _ := goja.AssertFunction(p.vm.ToValue(promise).(*goja.Object).Get("then"))
		_, err := then(p.vm.ToValue(promise), p.function("", 0, func(goja.Value, []goja.Value) any { p.call(f); return goja.Undefined() }))
		p.must(err)
		p.must(resolve(goja.Undefined()))
		return goja.Undefined()
	})
}

// call calls a script's function as a task does: what it throws is reported.
func (p *page) call(f goja.Callable, args ...goja.Value) {
	if _, err := f(goja.Undefined(), args...); err != nil {
		p.report(err)
	}
}

func (p *page) defineURL() {
	part := func(name string) member { return ro(p, name, func(u *url.URL) any { return urlParts(u)[name] }) }
	p.define(iface{name: "URL", required: 1,
		construct: func(args []goja.Value) any {
			base := &url.URL{}
			if v := arg(args, 1); !goja.IsUndefined(v) {
				base = p.parseURL(base, text(v))
			}
			u := p.parseURL(base, text(args[0]))
			if !u.IsAbs() {
				p.typeError("URL constructor: " + text(args[0]) + " is not a valid URL")
			}
			return u
		},
		members: []member{part("href"), part("protocol"), part("host"), part("hostname"), part("port"), part("pathname"), part("origin"), part("search"), part("hash"),
			op(p, "toString", 0, func(u *url.URL, _ []goja.Value) any { return u.String() }),
			staticOp("createObjectURL", 1, func(args []goja.Value) any {
				ms, ok := given[*mse.MediaSource](p, args, 0)
				if !ok {
					p.typeError("URL.createObjectURL: the argument is not a MediaSource")
				}
				u, err := mse.CreateObjectURL(ms)
				if err != nil {
					return err
				}
				p.objectURLs = append(p.objectURLs, u)
				return u
			}),
			staticOp("revokeObjectURL", 1, func(args []goja.Value) any {
				mse.RevokeObjectURL(text(args[0]))
				return goja.Undefined()
			}),
		}})
}

func (p *page) parseURL(base *url.URL, s string) *url.URL {
	u, err := base.Parse(s)
	if err != nil {
		p.typeError(err.Error())
	}
	return u
}

// resolve makes a URL absolute; what cannot be parsed stays as it is.
func (p *page) resolve(s string) string {
	u, err := p.url.Parse(strings.TrimSpace(s))
	if err != nil {
		return s
	}
	return u.String()
}

func (p *page) defineText() {
	p.define(iface{name: "TextDecoder",
		construct: func(args []goja.Value) any {
			if label := arg(args, 0); !goja.IsUndefined(label) && !strings.HasPrefix(strings.ToLower(text(label)), "utf") {
				p.domException("NotSupportedError", "TextDecoder decodes UTF-8 only")
			}
			return &textCoder{}
		},
		members: []member{
			ro(p, "encoding", func(*textCoder) any { return "utf-8" }),
			op(p, "decode", 0, func(_ *textCoder, args []goja.Value) any {
				if len(args) == 0 || goja.IsUndefined(args[0]) {
					return ""
				}
				return decodeText(p.bytes(args[0]))
			}),
		}})
	p.define(iface{name: "TextEncoder", construct: func([]goja.Value) any { return &textCoder{} },
		members: []member{
			ro(p, "encoding", func(*textCoder) any { return "utf-8" }),
			op(p, "encode", 0, func(_ *textCoder, args []goja.Value) any {
				s := ""
				if v := arg(args, 0); !goja.IsUndefined(v) {
					s = text(v)
				}
				array, err := p.vm.New(p.vm.Get("Uint8Array"), p.vm.ToValue(p.vm.NewArrayBuffer([]byte(s))))
				p.must(err)
				return array
			}),
		}})
}

type textCoder struct{ _ int }

// decodeText decodes UTF-8 and drops a byte order mark.
func decodeText(b []byte) string {
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	if !utf8.Valid(b) {
		b = bytes.ToValidUTF8(b, []byte("\ufffd"))
	}
	return string(b)
}

// bytes returns what a BufferSource holds; the slice aliases the script's memory. What has been transferred away is empty.
// Anything else is a TypeError.
func (p *page) bytes(v goja.Value) []byte {
	o, ok := v.(*goja.Object)
	if !ok {
		p.typeError("the argument is not an ArrayBuffer or a view of one")
	}
	// Exporting a view of a buffer that was transferred panics, so views are told by their buffer.
	if view, ok := o.Get("buffer").(*goja.Object); ok {
		b, ok := view.Export().(goja.ArrayBuffer)
		switch at := o.Get("byteOffset").ToInteger(); {
		case !ok:
		case b.Detached():
			return nil
		default:
			return b.Bytes()[at : at+o.Get("byteLength").ToInteger()]
		}
	}
	b, ok := o.Export().(goja.ArrayBuffer)
	if !ok {
		p.typeError("the argument is not an ArrayBuffer or a view of one")
	}
	if b.Detached() {
		return nil
	}
	return b.Bytes()
}
