package wpt

import (
	"fmt"
	"math"

	"github.com/dop251/goja"

	"mseplayer/mse"
	"mseplayer/mse/media"
)

// object is a platform object: what scripts see, and what is behind it.
type object struct {
	js     *goja.Object
	name   string // of its interface
	impl   any
	events listeners
}

// iface describes one interface as Web IDL does.
type iface struct {
	name, parent string
	// construct makes what is behind a new object; nil means that scripts cannot. required is how many arguments it
	// must be given.
	construct func(args []goja.Value) any
	required  int
	members   []member
	// at gives the objects indices, o[0], o[1] and so on, and iteration. It returns nil beyond the end.
	at func(o *object, i int) any
}

// member is an attribute, an operation, a static operation or a constant.
type member struct {
	name   string
	kind   memberKind
	length int // arguments an operation must be given
	get    func(this goja.Value) any
	set    func(this, v goja.Value)
	call   func(this goja.Value, args []goja.Value) any
	value  int
}

type memberKind uint8

const (
	attribute memberKind = iota
	operation
	static
	constant
)

// ro is a read-only attribute of objects with a T behind them.
func ro[T any](p *page, name string, get func(T) any) member {
	return member{name: name, kind: attribute, get: func(this goja.Value) any { return get(behind[T](p, this)) }}
}

// rw is an attribute that can be set.
func rw[T any](p *page, name string, get func(T) any, set func(T, goja.Value)) member {
	m := ro(p, name, get)
	m.set = func(this, v goja.Value) { set(behind[T](p, this), v) }
	return m
}

// op is an operation that must be given n arguments.
func op[T any](p *page, name string, n int, call func(T, []goja.Value) any) member {
	return member{name: name, kind: operation, length: n, call: func(this goja.Value, args []goja.Value) any { return call(behind[T](p, this), args) }}
}

// staticOp is an operation of the interface itself.
func staticOp(name string, n int, call func([]goja.Value) any) member {
	return member{name: name, kind: static, length: n, call: func(_ goja.Value, args []goja.Value) any { return call(args) }}
}

// handlers are event handler attributes, one for each event type.
func handlers(p *page, types ...string) []member {
	var ms []member
	for _, typ := range types {
		ms = append(ms, rw(p, "on"+typ,
			func(o *object) any { return o.events.handler(typ) },
			func(o *object, v goja.Value) { o.events.setHandler(typ, v) }))
	}
	return ms
}

// constants numbers names from first, as the ready states of a media element are.
func constants(first int, names ...string) []member {
	var ms []member
	for i, n := range names {
		ms = append(ms, member{name: n, kind: constant, value: first + i})
	}
	return ms
}

// define makes the interface object and the interface prototype object.
func (p *page) define(d iface) {
	construct := func(call goja.FunctionCall) goja.Value {
		target := call.Argument(0).(*goja.Object)
		args := call.Arguments[1:]
		if d.construct == nil {
			p.typeError("Illegal constructor: " + d.name)
		}
		p.need(args, d.required, d.name+" constructor")
		proto, ok := target.Get("prototype").(*goja.Object)
		if !ok {
			proto = p.protos[d.name]
		}
		impl := d.construct(args)
		o := p.adopt(p.vm.CreateObject(proto), d.name, impl)
		if impl != nil {
			p.wrapped[impl] = o
		}
		return o.js
	}
	v, err := p.makeConstructor(goja.Undefined(), p.vm.ToValue(d.name), p.vm.ToValue(d.required), p.vm.ToValue(construct))
	p.must(err)
	ctor := v.(*goja.Object)
	proto := ctor.Get("prototype").(*goja.Object)
	p.must(ctor.DefineDataProperty("prototype", proto, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE))
	if d.parent != "" {
		p.must(proto.SetPrototype(p.protos[d.parent]))
		p.must(ctor.SetPrototype(p.vm.Get(d.parent).(*goja.Object)))
	}
	p.must(proto.DefineDataPropertySymbol(goja.SymToStringTag, p.vm.ToValue(d.name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	for _, m := range d.members {
		p.member(d.name, ctor, proto, m)
	}
	if d.at != nil {
		p.indices[d.name] = d.at
		values := p.vm.Get("Array").(*goja.Object).Get("prototype").(*goja.Object).Get("values")
		p.must(proto.DefineDataPropertySymbol(goja.SymIterator, values, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	}
	p.protos[d.name] = proto
	p.must(p.vm.GlobalObject().DefineDataProperty(d.name, ctor, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
}

func (p *page) member(owner string, ctor, proto *goja.Object, m member) {
	const yes, no = goja.FLAG_TRUE, goja.FLAG_FALSE
	switch m.kind {
	case attribute:
		get := p.function("get "+m.name, 0, func(this goja.Value, _ []goja.Value) any { return m.get(this) })
		var set goja.Value = goja.Undefined()
		if m.set != nil {
			set = p.function("set "+m.name, 1, func(this goja.Value, args []goja.Value) any {
				p.need(args, 1, owner+"."+m.name)
				m.set(this, args[0])
				return goja.Undefined()
			})
		}
		p.must(proto.DefineAccessorProperty(m.name, get, set, yes, yes))
	case operation, static:
		f := p.function(m.name, m.length, func(this goja.Value, args []goja.Value) any {
			p.need(args, m.length, owner+"."+m.name)
			return m.call(this, args)
		})
		on := proto
		if m.kind == static {
			on = ctor
		}
		p.must(on.DefineDataProperty(m.name, f, yes, yes, yes))
	case constant:
		p.must(proto.DefineDataProperty(m.name, p.vm.ToValue(m.value), no, no, yes))
		p.must(ctor.DefineDataProperty(m.name, p.vm.ToValue(m.value), no, no, yes))
	default:
		panic("wpt: impossible kind of member")
	}
}

// function makes a function object with a name and a length.
func (p *page) function(name string, length int, fn func(this goja.Value, args []goja.Value) any) *goja.Object {
	f := p.vm.ToValue(func(c goja.FunctionCall) goja.Value { return p.value(fn(c.This, c.Arguments)) }).(*goja.Object)
	p.must(f.DefineDataProperty("name", p.vm.ToValue(name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	p.must(f.DefineDataProperty("length", p.vm.ToValue(length), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	return f
}

// adopt makes js the platform object that impl is behind.
func (p *page) adopt(js *goja.Object, name string, impl any) *object {
	o := &object{js: js, name: name, impl: impl}
	p.objects[js] = o
	if t, ok := impl.(interface{ Listen(func(mse.Event)) func() }); ok {
		t.Listen(func(e mse.Event) { p.deliver(o, e) })
	}
	return o
}

// wrap returns the object that impl, a pointer, is behind: always the same one.
func (p *page) wrap(name string, impl any) *object {
	if o := p.wrapped[impl]; o != nil {
		return o
	}
	o := p.fresh(name, impl)
	p.wrapped[impl] = o
	return o
}

// fresh returns a new object with impl behind it.
func (p *page) fresh(name string, impl any) *object {
	js := p.vm.CreateObject(p.protos[name])
	at := p.indices[name]
	if at == nil {
		return p.adopt(js, name, impl)
	}
	var o *object
	item := func(i int) any {
		if i < 0 {
			return nil
		}
		return at(o, i)
	}
	js = p.vm.ToValue(p.vm.NewProxy(js, &goja.ProxyTrapConfig{
		GetIdx: func(_ *goja.Object, i int, _ goja.Value) goja.Value {
			if v := item(i); v != nil {
				return p.value(v)
			}
			return goja.Undefined()
		},
		HasIdx: func(_ *goja.Object, i int) bool { return item(i) != nil },
		GetOwnPropertyDescriptorIdx: func(_ *goja.Object, i int) goja.PropertyDescriptor {
			v := item(i)
			if v == nil {
				return goja.PropertyDescriptor{}
			}
			return goja.PropertyDescriptor{Value: p.value(v), Configurable: goja.FLAG_TRUE, Enumerable: goja.FLAG_TRUE, Writable: goja.FLAG_FALSE}
		},
	})).(*goja.Object)
	o = p.adopt(js, name, impl)
	return o
}

// behind returns what is behind a script's value: the T, or the *object itself if T is that. Anything else is a
// TypeError. Where there is no value, the global object is meant.
func behind[T any](p *page, v goja.Value) T {
	t, ok := lookup[T](p, v)
	if !ok {
		p.typeError("Illegal invocation: this is not the kind of object that it must be")
	}
	return t
}

// lookup is behind that reports whether there is a T.
func lookup[T any](p *page, v goja.Value) (t T, ok bool) {
	if v == nil || goja.IsUndefined(v) || goja.IsNull(v) {
		v = p.vm.GlobalObject()
	}
	js, isObject := v.(*goja.Object)
	if !isObject {
		return t, false
	}
	o := p.objects[js]
	if o == nil {
		return t, false
	}
	if t, ok = any(o).(T); ok {
		return t, true
	}
	t, ok = o.impl.(T)
	return t, ok
}

// given is lookup for an argument, which is never the global object by omission.
func given[T any](p *page, args []goja.Value, i int) (t T, ok bool) {
	if i >= len(args) || goja.IsUndefined(args[i]) || goja.IsNull(args[i]) {
		return t, false
	}
	return lookup[T](p, args[i])
}

// value converts a result for scripts.
func (p *page) value(v any) goja.Value {
	switch v := v.(type) {
	case nil:
		return goja.Null()
	case goja.Value:
		return v
	case *object:
		if v == nil {
			return goja.Null()
		}
		return v.js
	case media.Time:
		return p.vm.ToValue(float64(v))
	case media.Span:
		return p.vm.ToValue(float64(v))
	case media.Ranges:
		return p.fresh("TimeRanges", v).js
	case error:
		p.throw(v)
	}
	return p.vm.ToValue(v)
}

// need throws a TypeError if there are fewer than n arguments.
func (p *page) need(args []goja.Value, n int, who string) {
	if len(args) < n {
		p.typeError(fmt.Sprintf("%s: %d arguments required, but only %d present", who, n, len(args)))
	}
}

// arg returns argument i, undefined where it is left out.
func arg(args []goja.Value, i int) goja.Value {
	if i < len(args) {
		return args[i]
	}
	return goja.Undefined()
}

// optional returns argument i as a string, "" where it is left out.
func optional(args []goja.Value, i int) string {
	if v := arg(args, i); !goja.IsUndefined(v) {
		return text(v)
	}
	return ""
}

// double converts to Web IDL's double: infinities and NaN are TypeErrors.
func (p *page) double(v goja.Value) float64 {
	f := v.ToFloat()
	if math.IsNaN(f) || math.IsInf(f, 0) {
		p.typeError("The provided value is non-finite")
	}
	return f
}

// text converts to a string.
func text(v goja.Value) string { return v.String() }

// absent is an attribute or operation that the product does not have yet: touching it throws an error that says so.
func absent(p *page, owner string, names ...string) []member {
	var ms []member
	for _, name := range names {
		fail := func(goja.Value) any {
			p.domException("NotSupportedError", owner+"."+name+" does not exist in the product")
			return nil
		}
		ms = append(ms, member{name: name, kind: attribute, get: fail, set: func(_, _ goja.Value) { fail(nil) }})
	}
	return ms
}

// nan is a value of its own: comparisons do not find it.
var nan = math.NaN()
