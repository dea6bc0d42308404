package wpt

import (
	"slices"
	"strings"

	"github.com/dop251/goja"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// noder is behind every object that is a node of the document.
type noder interface{ node() *html.Node }

// domNode is behind the nodes that are nothing more than nodes.
type domNode struct{ n *html.Node }

func (d *domNode) node() *html.Node { return d.n }

// reflecting is behind elements that act on their content attributes.
type reflecting interface {
	// attributeChanged tells of a new value, or that the attribute is gone.
	attributeChanged(name, value string, present bool)
}

// nodeTypes are the numbers of the DOM.
var nodeTypes = map[html.NodeType]int{html.ElementNode: 1, html.TextNode: 3, html.CommentNode: 8, html.DocumentNode: 9, html.DoctypeNode: 10}

// nodeObject returns the object that stands for n, nil for none.
func (p *page) nodeObject(n *html.Node) *object {
	if n == nil {
		return nil
	}
	if o := p.nodes[n]; o != nil {
		return o
	}
	var o *object
	d := &domNode{n}
	switch n.Type {
	case html.DocumentNode:
		o = p.fresh("Document", d)
	case html.TextNode:
		o = p.fresh("Text", d)
	case html.CommentNode:
		o = p.fresh("Comment", d)
	case html.ElementNode:
		o = p.elementObject(d)
	default:
		o = p.fresh("Node", d)
	}
	p.nodes[n] = o
	return o
}

func (p *page) elementObject(d *domNode) *object {
	switch d.n.Data {
	case "video":
		return p.newMedia("HTMLVideoElement", d)
	case "audio":
		return p.newMedia("HTMLAudioElement", d)
	case "canvas":
		return p.fresh("HTMLCanvasElement", &canvas{domNode: d})
	case "script":
		return p.fresh("HTMLScriptElement", d)
	case "meta":
		return p.fresh("HTMLMetaElement", d)
	default:
		return p.fresh("HTMLElement", d)
	}
}

func attributeOf(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// setAttribute sets a content attribute and lets the element act on it.
func (p *page) setAttribute(d noder, name, value string) {
	n := d.node()
	if i := slices.IndexFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name }); i >= 0 {
		n.Attr[i].Val = value
	} else {
		n.Attr = append(n.Attr, html.Attribute{Key: name, Val: value})
	}
	if r, ok := d.(reflecting); ok {
		r.attributeChanged(name, value, true)
	}
}

func removeAttribute(d noder, name string) {
	n := d.node()
	if _, ok := attributeOf(n, name); !ok {
		return
	}
	n.Attr = slices.DeleteFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
	if r, ok := d.(reflecting); ok {
		r.attributeChanged(name, "", false)
	}
}

// stringAttribute reflects a content attribute.
func stringAttribute(p *page, name string) member {
	return rw(p, name,
		func(d noder) any { s, _ := attributeOf(d.node(), name); return s },
		func(d noder, v goja.Value) { p.setAttribute(d, name, text(v)) })
}

// boolAttribute reflects the presence of a content attribute.
func boolAttribute(p *page, name, content string) member {
	return rw(p, name,
		func(d noder) any { _, ok := attributeOf(d.node(), content); return ok },
		func(d noder, v goja.Value) {
			if v.ToBoolean() {
				p.setAttribute(d, content, "")
			} else {
				removeAttribute(d, content)
			}
		})
}

// urlAttribute reflects a content attribute that holds a URL.
func urlAttribute(p *page, name string) member {
	return rw(p, name,
		func(d noder) any {
			s, ok := attributeOf(d.node(), name)
			if !ok {
				return ""
			}
			return p.resolve(s)
		},
		func(d noder, v goja.Value) { p.setAttribute(d, name, text(v)) })
}

func (p *page) defineNodes() {
	child := func(args []goja.Value, i int) noder {
		d, ok := given[noder](p, args, i)
		if !ok {
			p.typeError("the argument is not a Node")
		}
		return d
	}
	var relation = func(name string, of func(*html.Node) *html.Node) member {
		return ro(p, name, func(d noder) any { return p.nodeObject(of(d.node())) })
	}
	p.define(iface{name: "Node", parent: "EventTarget", members: append([]member{
		ro(p, "nodeType", func(d noder) any { return nodeTypes[d.node().Type] }),
		ro(p, "nodeName", func(d noder) any { return nodeName(d.node()) }),
		ro(p, "ownerDocument", func(noder) any { return p.document }),
		ro(p, "isConnected", func(d noder) any { return p.connected(d.node()) }),
		relation("parentNode", func(n *html.Node) *html.Node { return n.Parent }),
		relation("parentElement", func(n *html.Node) *html.Node {
			if n.Parent != nil && n.Parent.Type == html.ElementNode {
				return n.Parent
			}
			return nil
		}),
		relation("firstChild", func(n *html.Node) *html.Node { return n.FirstChild }),
		relation("lastChild", func(n *html.Node) *html.Node { return n.LastChild }),
		relation("nextSibling", func(n *html.Node) *html.Node { return n.NextSibling }),
		relation("previousSibling", func(n *html.Node) *html.Node { return n.PrevSibling }),
		ro(p, "childNodes", func(d noder) any { return p.nodeArray(slices.Collect(d.node().ChildNodes())) }),
		rw(p, "textContent", func(d noder) any { return textContent(d.node()) }, func(d noder, v goja.Value) {
			n := d.node()
			if n.Type == html.TextNode || n.Type == html.CommentNode {
				n.Data = text(v)
				return
			}
			for n.FirstChild != nil {
				p.removeNode(n.FirstChild)
			}
			if s := text(v); s != "" {
				n.AppendChild(&html.Node{Type: html.TextNode, Data: s})
			}
		}),
		op(p, "appendChild", 1, func(d noder, args []goja.Value) any { return p.insert(d.node(), child(args, 0).node(), nil) }),
		op(p, "insertBefore", 2, func(d noder, args []goja.Value) any {
			var before *html.Node
			if b, ok := given[noder](p, args, 1); ok {
				before = b.node()
			}
			return p.insert(d.node(), child(args, 0).node(), before)
		}),
		op(p, "removeChild", 1, func(d noder, args []goja.Value) any {
			n := child(args, 0).node()
			if n.Parent != d.node() {
				p.domException("NotFoundError", "removeChild: not a child of this node")
			}
			p.removeNode(n)
			return args[0]
		}),
		op(p, "contains", 1, func(d noder, args []goja.Value) any {
			o, ok := given[noder](p, args, 0)
			return ok && within(o.node(), d.node())
		}),
	}, append(constants(1, "ELEMENT_NODE", "ATTRIBUTE_NODE", "TEXT_NODE", "CDATA_SECTION_NODE"),
		constants(7, "PROCESSING_INSTRUCTION_NODE", "COMMENT_NODE", "DOCUMENT_NODE", "DOCUMENT_TYPE_NODE", "DOCUMENT_FRAGMENT_NODE")...)...)})
	data := rw(p, "data", func(d noder) any { return d.node().Data }, func(d noder, v goja.Value) { d.node().Data = text(v) })
	p.define(iface{name: "CharacterData", parent: "Node", members: []member{data}})
	p.define(iface{name: "Text", parent: "CharacterData"})
	p.define(iface{name: "Comment", parent: "CharacterData"})
	find := op(p, "getElementsByTagName", 1, func(d noder, args []goja.Value) any {
		name := strings.ToLower(text(args[0]))
		var found []*html.Node
		for n := range d.node().Descendants() {
			if n.Type == html.ElementNode && (name == "*" || n.Data == name) {
				found = append(found, n)
			}
		}
		return p.nodeArray(found)
	})
	p.define(iface{name: "Element", parent: "Node", members: []member{
		find,
		ro(p, "tagName", func(d noder) any { return nodeName(d.node()) }),
		ro(p, "localName", func(d noder) any { return d.node().Data }),
		ro(p, "namespaceURI", func(noder) any { return "http://www.w3.org/1999/xhtml" }),
		stringAttribute(p, "id"),
		ro(p, "outerHTML", func(d noder) any { return render(d.node()) }),
		rw(p, "innerHTML", func(d noder) any {
			var b strings.Builder
			for c := range d.node().ChildNodes() {
				b.WriteString(render(c))
			}
			return b.String()
		}, func(d noder, v goja.Value) {
			n := d.node()
			parsed, err := html.ParseFragment(strings.NewReader(text(v)), n)
			if err != nil {
				p.domException("SyntaxError", err.Error())
			}
			for n.FirstChild != nil {
				p.removeNode(n.FirstChild)
			}
			for _, c := range parsed {
				p.insert(n, c, nil)
			}
		}),
		ro(p, "children", func(d noder) any {
			return p.nodeArray(slices.DeleteFunc(slices.Collect(d.node().ChildNodes()), func(n *html.Node) bool { return n.Type != html.ElementNode }))
		}),
		op(p, "getAttribute", 1, func(d noder, args []goja.Value) any {
			if v, ok := attributeOf(d.node(), strings.ToLower(text(args[0]))); ok {
				return v
			}
			return nil
		}),
		op(p, "hasAttribute", 1, func(d noder, args []goja.Value) any {
			_, ok := attributeOf(d.node(), strings.ToLower(text(args[0])))
			return ok
		}),
		op(p, "setAttribute", 2, func(d noder, args []goja.Value) any {
			p.setAttribute(d, strings.ToLower(text(args[0])), text(args[1]))
			return goja.Undefined()
		}),
		op(p, "removeAttribute", 1, func(d noder, args []goja.Value) any {
			removeAttribute(d, strings.ToLower(text(args[0])))
			return goja.Undefined()
		}),
		op(p, "remove", 0, func(d noder, _ []goja.Value) any {
			if d.node().Parent != nil {
				p.removeNode(d.node())
			}
			return goja.Undefined()
		}),
	}})
	p.define(iface{name: "HTMLElement", parent: "Element", members: []member{
		stringAttribute(p, "title"), stringAttribute(p, "className"), boolAttribute(p, "hidden", "hidden"),
		ro(p, "style", func(o *object) any {
			if o.js.GetSymbol(p.styleKey) == nil {
				p.must(o.js.DefineDataPropertySymbol(p.styleKey, p.vm.NewObject(), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE))
			}
			return o.js.GetSymbol(p.styleKey)
		}),
	}})
	p.define(iface{name: "HTMLScriptElement", parent: "HTMLElement", members: []member{urlAttribute(p, "src")}})
	p.define(iface{name: "HTMLMetaElement", parent: "HTMLElement", members: []member{stringAttribute(p, "name"), stringAttribute(p, "content")}})
	p.define(iface{name: "Document", parent: "Node", members: append([]member{
		find,
		op(p, "createElement", 1, func(_ noder, args []goja.Value) any {
			return p.nodeObject(newElement(text(args[0])))
		}),
		op(p, "createElementNS", 2, func(_ noder, args []goja.Value) any {
			return p.nodeObject(newElement(text(args[1])))
		}),
		op(p, "createTextNode", 1, func(_ noder, args []goja.Value) any {
			return p.nodeObject(&html.Node{Type: html.TextNode, Data: text(args[0])})
		}),
		op(p, "getElementById", 1, func(d noder, args []goja.Value) any {
			for n := range d.node().Descendants() {
				if id, ok := attributeOf(n, "id"); ok && id == text(args[0]) {
					return p.nodeObject(n)
				}
			}
			return nil
		}),
		ro(p, "documentElement", func(d noder) any { return p.nodeObject(firstElement(d.node(), "html")) }),
		ro(p, "head", func(d noder) any { return p.nodeObject(firstElement(d.node(), "head")) }),
		rw(p, "body", func(d noder) any { return p.nodeObject(firstElement(d.node(), "body")) }, func(d noder, v goja.Value) {
			n := behind[noder](p, v).node()
			if old := firstElement(d.node(), "body"); old != nil {
				p.removeNode(old)
			}
			p.insert(firstElement(d.node(), "html"), n, nil)
		}),
		ro(p, "title", func(d noder) any {
			if t := firstElement(d.node(), "title"); t != nil {
				return strings.TrimSpace(textContent(t))
			}
			return ""
		}),
		ro(p, "readyState", func(noder) any { return p.readyState }),
		ro(p, "visibilityState", func(noder) any { return "visible" }),
		ro(p, "hidden", func(noder) any { return false }),
		ro(p, "URL", func(noder) any { return p.url.String() }),
		ro(p, "location", func(noder) any { return p.vm.Get("location") }),
		ro(p, "defaultView", func(noder) any { return p.window }),
		ro(p, "contentType", func(noder) any { return "text/html" }),
	}, handlers(p, "readystatechange", "DOMContentLoaded")...)})
}

func newElement(name string) *html.Node {
	name = strings.ToLower(name)
	return &html.Node{Type: html.ElementNode, Data: name, DataAtom: atom.Lookup([]byte(name))}
}

func nodeName(n *html.Node) string {
	switch n.Type {
	case html.ElementNode:
		return strings.ToUpper(n.Data)
	case html.TextNode:
		return "#text"
	case html.CommentNode:
		return "#comment"
	case html.DocumentNode:
		return "#document"
	default:
		return n.Data
	}
}

func (p *page) nodeArray(nodes []*html.Node) goja.Value {
	items := make([]any, len(nodes))
	for i, n := range nodes {
		items[i] = p.nodeObject(n).js
	}
	return p.vm.NewArray(items...)
}

// insert puts n, taken out of where it is, below parent.
func (p *page) insert(parent, n, before *html.Node) *object {
	if within(parent, n) || before != nil && before.Parent != parent {
		p.domException("HierarchyRequestError", "the node cannot be inserted there")
	}
	if n.Parent != nil {
		n.Parent.RemoveChild(n)
	}
	parent.InsertBefore(n, before)
	return p.nodeObject(n)
}

// removeNode takes n out of its parent. Media elements that leave the document pause.
func (p *page) removeNode(n *html.Node) {
	n.Parent.RemoveChild(n)
	p.loop.post(func() {
		for d := range n.Descendants() {
			p.pauseRemoved(d)
		}
		p.pauseRemoved(n)
	})
}

func (p *page) pauseRemoved(n *html.Node) {
	if o := p.nodes[n]; o != nil && !p.connected(n) {
		if m, ok := o.impl.(*mediaElement); ok {
			m.el.Pause()
		}
	}
}

func (p *page) connected(n *html.Node) bool { return within(n, p.tree) }

// within reports whether n is root or below it.
func within(n, root *html.Node) bool {
	for ; n != nil; n = n.Parent {
		if n == root {
			return true
		}
	}
	return false
}

func firstElement(root *html.Node, name string) *html.Node {
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == name {
			return n
		}
	}
	return nil
}

func textContent(n *html.Node) string {
	if n.Type == html.TextNode || n.Type == html.CommentNode {
		return n.Data
	}
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

func render(n *html.Node) string {
	var b strings.Builder
	if err := html.Render(&b, n); err != nil {
		return ""
	}
	return b.String()
}
