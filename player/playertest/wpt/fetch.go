package wpt

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

// maxFileBytes bounds the files that a page can load.
const maxFileBytes = 64 << 20

// origin is where pages seem to come from.
const origin = "http://web-platform.test:8000"

// response is what the suite's files answer to a request.
type response struct {
	status int
	text   string // of the status
	typ    string
	body   []byte
	url    string
}

// get answers a request for a URL out of the suite's files. rangeHeader may ask for bytes a-b of the file. The error is
// a network error.
func (p *page) get(u *url.URL, rangeHeader string) (*response, error) {
	if u.Scheme+"://"+u.Host != origin {
		return nil, fmt.Errorf("%s is not a file of the suite", u)
	}
	r := &response{status: 200, text: "OK", url: u.String(), typ: contentTypes[path.Ext(u.Path)]}
	name := strings.TrimPrefix(path.Clean(u.Path), "/")
	if other, ok := aliases[name]; ok {
		name = other
	}
	b, err := readFile(p.opt.Suite, name)
	if err != nil {
		r.status, r.text = 404, "Not Found"
		return r, nil
	}
	if r.body = b; rangeHeader == "" {
		return r, nil
	}
	first, last, ok := parseRange(rangeHeader, len(b))
	if !ok {
		r.status, r.text, r.body = 416, "Range Not Satisfiable", nil
		return r, nil
	}
	r.status, r.text, r.body = 206, "Partial Content", b[first:last+1]
	return r, nil
}

// contentTypes are the types of the files that scripts ask for.
var contentTypes = map[string]string{".mp4": "video/mp4", ".webm": "video/webm", ".mp3": "audio/mpeg", ".json": "application/json",
	".html": "text/html", ".js": "text/javascript", ".idl": "text/plain"}

// aliases are files that the suite's server has under other names.
var aliases = map[string]string{"resources/WebIDLParser.js": "resources/webidl2/lib/webidl2.js"}

func readFile(files fs.FS, name string) ([]byte, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err == nil && len(b) > maxFileBytes {
		err = fmt.Errorf("%s: larger than %d bytes", name, maxFileBytes)
	}
	return b, err
}

// parseRange understands "bytes=a-b", "bytes=a-" and "bytes=-n".
func parseRange(header string, size int) (first, last int, ok bool) {
	spec, ok := strings.CutPrefix(strings.ReplaceAll(header, " ", ""), "bytes=")
	from, to, dash := strings.Cut(spec, "-")
	if !ok || !dash {
		return 0, 0, false
	}
	last = size - 1
	if from == "" {
		n, err := strconv.Atoi(to)
		return max(size-n, 0), last, err == nil && n > 0 && size > 0
	}
	first, err := strconv.Atoi(from)
	if err != nil {
		return 0, 0, false
	}
	if to != "" {
		n, err := strconv.Atoi(to)
		if err != nil {
			return 0, 0, false
		}
		last = min(last, n)
	}
	return first, last, first <= last
}

func (p *page) parseJSON(b []byte) (goja.Value, error) {
	if !json.Valid(b) {
		return nil, fmt.Errorf("not JSON")
	}
	parse, _ := goja.AssertFunction(p.vm.Get("JSON").(*goja.Object).Get("parse"))
	return parse(goja.Undefined(), p.vm.ToValue(decodeText(b)))
}

// background runs work on a goroutine of its own and the function it returns as a task. The page waits for it before it
// ends.
func (p *page) background(work func() (then func())) {
	p.group.Go(func() { p.loop.post(work()) })
}

// defineFetch gives pages the function fetch for files of the suite.
func (p *page) defineFetch() {
	body := func(name string, convert func(b []byte) (goja.Value, error)) member {
		return op(p, name, 0, func(r *response, _ []goja.Value) any {
			promise, resolve, reject := p.vm.NewPromise()
			v, err := convert(r.body)
			if err != nil {
				p.must(reject(p.vm.NewTypeError("%s", err.Error())))
			} else {
				p.must(resolve(v))
			}
			return p.vm.ToValue(promise)
		})
	}
	p.define(iface{name: "Response", members: []member{
		ro(p, "ok", func(r *response) any { return r.status/100 == 2 }),
		ro(p, "status", func(r *response) any { return r.status }),
		ro(p, "statusText", func(r *response) any { return r.text }),
		ro(p, "url", func(r *response) any { return r.url }),
		body("arrayBuffer", func(b []byte) (goja.Value, error) { return p.vm.ToValue(p.vm.NewArrayBuffer(bytes.Clone(b))), nil }),
		body("text", func(b []byte) (goja.Value, error) { return p.vm.ToValue(decodeText(b)), nil }),
		body("json", p.parseJSON),
	}})
	p.must(p.vm.Set("fetch", p.function("fetch", 1, func(_ goja.Value, args []goja.Value) any {
		p.need(args, 1, "fetch")
		promise, resolve, reject := p.vm.NewPromise()
		u, err := p.url.Parse(text(args[0]))
		var asked string
		if init, ok := arg(args, 1).(*goja.Object); ok {
			if headers, ok := init.Get("headers").(*goja.Object); ok {
				for _, k := range headers.Keys() {
					if strings.EqualFold(k, "range") {
						asked = headers.Get(k).String()
					}
				}
			}
		}
		p.background(func() func() {
			var res *response
			if err == nil {
				res, err = p.get(u, asked)
			}
			return func() {
				p.settle(func() {
					if err != nil {
						p.must(reject(p.vm.NewTypeError("%s", err.Error())))
						return
					}
					p.must(resolve(p.fresh("Response", res).js))
				})
			}
		})
		return p.vm.ToValue(promise)
	})))
}
