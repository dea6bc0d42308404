package wpt

import (
	"slices"
	"time"

	"github.com/dop251/goja"

	"mseplayer/mse"
	"mseplayer/mse/media"
)

// listeners are the event listeners of one object, in the order of registration. An event handler attribute is one of
// them.
type listeners struct {
	list []*listener
}

type listener struct {
	typ           string
	callback      *goja.Object
	capture, once bool
	handler       bool // an event handler attribute
	removed       bool
}

func (l *listeners) find(typ string, callback *goja.Object, capture bool) int {
	return slices.IndexFunc(l.list, func(x *listener) bool {
		return !x.handler && x.typ == typ && x.callback == callback && x.capture == capture
	})
}

func (l *listeners) add(n *listener) {
	if l.find(n.typ, n.callback, n.capture) < 0 {
		l.list = append(slices.Clip(l.list), n)
	}
}

func (l *listeners) remove(i int) {
	if i >= 0 {
		l.list[i].removed = true
		l.list = slices.Delete(slices.Clone(l.list), i, i+1)
	}
}

func (l *listeners) handlerIndex(typ string) int {
	return slices.IndexFunc(l.list, func(x *listener) bool { return x.handler && x.typ == typ })
}

func (l *listeners) handler(typ string) any {
	if i := l.handlerIndex(typ); i >= 0 {
		return goja.Value(l.list[i].callback)
	}
	return nil
}

// setHandler sets an event handler attribute. A new function takes the place of the one before.
func (l *listeners) setHandler(typ string, v goja.Value) {
	i := l.handlerIndex(typ)
	f, ok := v.(*goja.Object)
	switch {
	case !ok:
		l.remove(i)
	case i >= 0:
		l.list[i].callback = f
	default:
		l.list = append(slices.Clip(l.list), &listener{typ: typ, callback: f, handler: true})
	}
}

// event is what is behind an Event of any kind.
type event struct {
	typ                       string
	target, current           *object
	phase                     int
	bubbles, cancelable       bool
	canceled, stopped, halted bool // preventDefault, stopPropagation, stopImmediatePropagation
	dispatching, trusted      bool
	at                        time.Time
	fields                    map[string]goja.Value // what its kind adds
}

const (
	capturing = 1 + iota
	atTarget
	bubbling
)

// field is what a kind of event has beyond Event. blank makes its value where none is given.
type field struct {
	name  string
	blank func() any
}

func (p *page) defineEvents() {
	p.define(iface{name: "EventTarget",
		construct: func([]goja.Value) any { return nil },
		members: []member{
			op(p, "addEventListener", 2, func(o *object, args []goja.Value) any {
				n := &listener{typ: text(args[0])}
				var ok bool
				if n.callback, ok = args[1].(*goja.Object); !ok {
					return goja.Undefined()
				}
				n.capture, n.once = listenOptions(arg(args, 2))
				o.events.add(n)
				return goja.Undefined()
			}),
			op(p, "removeEventListener", 2, func(o *object, args []goja.Value) any {
				if f, ok := args[1].(*goja.Object); ok {
					capture, _ := listenOptions(arg(args, 2))
					o.events.remove(o.events.find(text(args[0]), f, capture))
				}
				return goja.Undefined()
			}),
			op(p, "dispatchEvent", 1, func(o *object, args []goja.Value) any {
				e, ok := given[*event](p, args, 0)
				if !ok {
					p.typeError("dispatchEvent: the argument is not an Event")
				}
				if e.dispatching {
					p.domException("InvalidStateError", "dispatchEvent: the event is being dispatched")
				}
				e.trusted = false
				return p.dispatch(o, p.objects[args[0].(*goja.Object)])
			}),
		}})
	p.define(iface{name: "Event", required: 1,
		construct: func(args []goja.Value) any { return p.newEvent(args, nil) },
		members: append([]member{
			ro(p, "type", func(e *event) any { return e.typ }),
			ro(p, "target", func(e *event) any { return e.target }),
			ro(p, "srcElement", func(e *event) any { return e.target }),
			ro(p, "currentTarget", func(e *event) any { return e.current }),
			ro(p, "eventPhase", func(e *event) any { return e.phase }),
			ro(p, "bubbles", func(e *event) any { return e.bubbles }),
			ro(p, "cancelable", func(e *event) any { return e.cancelable }),
			ro(p, "defaultPrevented", func(e *event) any { return e.canceled }),
			ro(p, "isTrusted", func(e *event) any { return e.trusted }),
			ro(p, "timeStamp", func(e *event) any { return milliseconds(e.at.Sub(p.began)) }),
			op(p, "preventDefault", 0, func(e *event, _ []goja.Value) any { e.canceled = e.cancelable; return goja.Undefined() }),
			op(p, "stopPropagation", 0, func(e *event, _ []goja.Value) any { e.stopped = true; return goja.Undefined() }),
			op(p, "stopImmediatePropagation", 0, func(e *event, _ []goja.Value) any {
				e.stopped, e.halted = true, true
				return goja.Undefined()
			}),
		}, constants(0, "NONE", "CAPTURING_PHASE", "AT_TARGET", "BUBBLING_PHASE")...)})
	null := func() any { return nil }
	zero := func() any { return 0 }
	ranges := func() any { return p.fresh("TimeRanges", media.Ranges(nil)) }
	p.defineEvent("CustomEvent", field{"detail", null})
	p.defineEvent("ErrorEvent", field{"message", func() any { return "" }}, field{"filename", func() any { return "" }},
		field{"lineno", zero}, field{"colno", zero}, field{"error", func() any { return goja.Undefined() }})
	p.defineEvent("PromiseRejectionEvent", field{"promise", null}, field{"reason", func() any { return goja.Undefined() }})
	p.defineEvent("ProgressEvent", field{"lengthComputable", func() any { return false }}, field{"loaded", zero}, field{"total", zero})
	p.defineEvent("MessageEvent", field{"data", null}, field{"origin", func() any { return "" }}, field{"source", null})
	p.defineEvent("TrackEvent", field{"track", null})
	p.defineEvent("BufferedChangeEvent", field{"addedRanges", ranges}, field{"removedRanges", ranges})
}

// defineEvent defines a kind of Event.
func (p *page) defineEvent(name string, fields ...field) {
	d := iface{name: name, parent: "Event", required: 1, construct: func(args []goja.Value) any { return p.newEvent(args, fields) }}
	for _, f := range fields {
		d.members = append(d.members, ro(p, f.name, func(e *event) any {
			v, ok := e.fields[f.name]
			if !ok {
				v = p.value(f.blank())
				if e.fields == nil {
					e.fields = map[string]goja.Value{}
				}
				e.fields[f.name] = v
			}
			return v
		}))
	}
	p.define(d)
}

// newEvent is the event constructing steps.
func (p *page) newEvent(args []goja.Value, fields []field) *event {
	e := &event{typ: text(args[0]), at: time.Now(), fields: map[string]goja.Value{}}
	init, ok := arg(args, 1).(*goja.Object)
	if !ok {
		if v := arg(args, 1); !goja.IsUndefined(v) && !goja.IsNull(v) {
			p.typeError("Event constructor: the second argument is not an object")
		}
		return e
	}
	get := func(name string) (goja.Value, bool) {
		v := init.Get(name)
		return v, v != nil && !goja.IsUndefined(v)
	}
	if v, ok := get("bubbles"); ok {
		e.bubbles = v.ToBoolean()
	}
	if v, ok := get("cancelable"); ok {
		e.cancelable = v.ToBoolean()
	}
	for _, f := range fields {
		if v, ok := get(f.name); ok {
			e.fields[f.name] = v
		}
	}
	return e
}

func listenOptions(v goja.Value) (capture, once bool) {
	o, ok := v.(*goja.Object)
	if !ok {
		return v.ToBoolean(), false
	}
	is := func(name string) bool { f := o.Get(name); return f != nil && f.ToBoolean() }
	return is("capture"), is("once")
}

// fire dispatches a new event of a kind at o.
func (p *page) fire(o *object, kind, typ string, fields map[string]goja.Value) (proceed bool) {
	return p.dispatch(o, p.fresh(kind, &event{typ: typ, at: time.Now(), trusted: true, cancelable: typ == "error", fields: fields}))
}

// deliver dispatches an event of the product at the object that stands for its target.
func (p *page) deliver(o *object, e mse.Event) {
	switch {
	case e.Track != nil:
		p.fire(o, "TrackEvent", e.Type, map[string]goja.Value{"track": p.value(p.track(e.Track))})
	case e.Type == mse.EventBufferedChange:
		p.fire(o, "BufferedChangeEvent", e.Type, map[string]goja.Value{"addedRanges": p.value(e.Added), "removedRanges": p.value(e.Removed)})
	default:
		p.fire(o, "Event", e.Type, nil)
	}
}

// dispatch runs the listeners along the event's path. It reports whether the default action is to be taken.
// DOM: concept-event-dispatch.
func (p *page) dispatch(target, o *object) (proceed bool) {
	e := o.impl.(*event)
	e.target, e.dispatching = target, true
	path := p.path(target)
	for i := len(path) - 1; i > 0; i-- {
		p.invoke(path[i], o, e, capturing)
	}
	p.invoke(target, o, e, atTarget)
	for i := 1; i < len(path) && e.bubbles; i++ {
		p.invoke(path[i], o, e, bubbling)
	}
	e.current, e.phase, e.dispatching, e.stopped, e.halted = nil, 0, false, false, false
	return !e.canceled
}

// path lists target and what is above it.
func (p *page) path(target *object) []*object {
	path := []*object{target}
	n, ok := target.impl.(noder)
	if !ok {
		return path
	}
	for at := n.node().Parent; at != nil; at = at.Parent {
		path = append(path, p.nodeObject(at))
	}
	if path[len(path)-1] == p.document {
		path = append(path, p.window)
	}
	return path
}

// invoke calls the listeners of one object on the path.
func (p *page) invoke(at, o *object, e *event, phase int) {
	if e.stopped {
		return
	}
	e.current, e.phase = at, phase
	for _, l := range at.events.list {
		if l.removed || l.typ != e.typ || phase == capturing && !l.capture || phase == bubbling && l.capture {
			continue
		}
		if l.once {
			at.events.remove(slices.Index(at.events.list, l))
		}
		p.callListener(at, o, e, l)
		if e.halted {
			return
		}
	}
}

func (p *page) callListener(at, o *object, e *event, l *listener) {
	this, args := goja.Value(at.js), []goja.Value{o.js}
	f, ok := goja.AssertFunction(l.callback)
	if !ok && !l.handler {
		this = l.callback
		f, ok = goja.AssertFunction(l.callback.Get("handleEvent"))
	}
	if !ok {
		return
	}
	if l.handler && at == p.window && e.typ == "error" && e.fields["message"] != nil {
		args = []goja.Value{e.fields["message"], e.fields["filename"], e.fields["lineno"], e.fields["colno"], e.fields["error"]}
	}
	v, err := f(this, args...)
	if err != nil {
		p.report(err)
		return
	}
	if l.handler && e.cancelable && v != nil && v.StrictEquals(p.vm.ToValue(false)) {
		e.canceled = true
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
