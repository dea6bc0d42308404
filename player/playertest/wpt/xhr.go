package wpt

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

// request is what is behind an XMLHttpRequest.
type request struct {
	url    *url.URL
	header map[string]string
	typ    string
	state  int
	res    *response
	body   goja.Value // response converted, once
	sent   uint64     // counts send and abort; answers to others than the latest are dropped
}

func (p *page) defineXHR() {
	p.define(iface{name: "XMLHttpRequestEventTarget", parent: "EventTarget",
		members: handlers(p, "loadstart", "progress", "abort", "error", "load", "timeout", "loadend")})
	header := func(r *request, name string) any {
		if r.res == nil {
			return nil
		}
		switch strings.ToLower(name) {
		case "content-type":
			return r.res.typ
		case "content-length":
			return strconv.Itoa(len(r.res.body))
		default:
			return nil
		}
	}
	p.define(iface{name: "XMLHttpRequest", parent: "XMLHttpRequestEventTarget",
		construct: func([]goja.Value) any { return &request{header: map[string]string{}} },
		members: append(append([]member{
			ro(p, "readyState", func(r *request) any { return r.state }),
			ro(p, "status", func(r *request) any {
				if r.res == nil {
					return 0
				}
				return r.res.status
			}),
			ro(p, "statusText", func(r *request) any {
				if r.res == nil {
					return ""
				}
				return r.res.text
			}),
			ro(p, "responseURL", func(r *request) any {
				if r.res == nil {
					return ""
				}
				return r.res.url
			}),
			rw(p, "responseType", func(r *request) any { return r.typ }, func(r *request, v goja.Value) {
				switch t := text(v); t {
				case "", "text", "arraybuffer", "json":
					r.typ = t
				case "blob", "document":
					p.domException("NotSupportedError", "XMLHttpRequest.responseType: "+t)
				}
			}),
			ro(p, "response", func(r *request) any { return p.responseBody(r) }),
			ro(p, "responseText", func(r *request) any {
				if r.typ != "" && r.typ != "text" {
					p.domException("InvalidStateError", "XMLHttpRequest.responseText: the response is not text")
				}
				return p.responseBody(r)
			}),
			op(p, "open", 2, func(r *request, args []goja.Value) any {
				if len(args) > 2 && !args[2].ToBoolean() {
					p.domException("NotSupportedError", "XMLHttpRequest.open: only asynchronous requests")
				}
				if m := strings.ToUpper(text(args[0])); m != "GET" {
					p.domException("NotSupportedError", "XMLHttpRequest.open: method "+m)
				}
				*r = request{url: p.parseURL(p.url, text(args[1])), header: map[string]string{}, typ: r.typ, state: 1, sent: r.sent + 1}
				return goja.Undefined()
			}),
			op(p, "setRequestHeader", 2, func(r *request, args []goja.Value) any {
				r.header[strings.ToLower(text(args[0]))] = text(args[1])
				return goja.Undefined()
			}),
			op(p, "overrideMimeType", 1, func(*request, []goja.Value) any { return goja.Undefined() }),
			op(p, "getResponseHeader", 1, func(r *request, args []goja.Value) any { return header(r, text(args[0])) }),
			op(p, "send", 0, func(o *object, _ []goja.Value) any { p.sendRequest(o); return goja.Undefined() }),
			op(p, "abort", 0, func(r *request, _ []goja.Value) any {
				r.sent++
				r.state, r.res = 0, nil
				return goja.Undefined()
			}),
		}, handlers(p, "readystatechange")...),
			constants(0, "UNSENT", "OPENED", "HEADERS_RECEIVED", "LOADING", "DONE")...)})
}

// sendRequest reads the file in the background and tells of it as XMLHttpRequest does.
func (p *page) sendRequest(o *object) {
	r, ok := o.impl.(*request)
	if !ok || r.state != 1 {
		p.domException("InvalidStateError", "XMLHttpRequest.send: not opened")
	}
	r.sent++
	sent := r.sent
	progress := func(typ string, n int) {
		p.fire(o, "ProgressEvent", typ, map[string]goja.Value{"lengthComputable": p.vm.ToValue(n > 0), "loaded": p.vm.ToValue(n), "total": p.vm.ToValue(n)})
	}
	change := func(state int) {
		r.state = state
		p.fire(o, "Event", "readystatechange", nil)
	}
	progress("loadstart", 0)
	p.background(func() func() {
		res, err := p.get(r.url, r.header["range"])
		return func() {
			if r.sent != sent {
				return
			}
			if err != nil {
				change(4)
				progress("error", 0)
				progress("loadend", 0)
				return
			}
			r.res = res
			change(2)
			change(3)
			progress("progress", len(res.body))
			change(4)
			progress("load", len(res.body))
			progress("loadend", len(res.body))
		}
	})
}

func (p *page) responseBody(r *request) goja.Value {
	isText := r.typ == "" || r.typ == "text"
	switch {
	case r.state != 4 || r.res == nil:
		if isText {
			return p.vm.ToValue("")
		}
		return goja.Null()
	case r.body != nil:
	case isText:
		r.body = p.vm.ToValue(decodeText(r.res.body))
	case r.typ == "json":
		v, err := p.parseJSON(r.res.body)
		if err != nil {
			v = goja.Null()
		}
		r.body = v
	default:
		r.body = p.vm.ToValue(p.vm.NewArrayBuffer(bytes.Clone(r.res.body)))
	}
	return r.body
}
