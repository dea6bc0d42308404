package dash

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"mseplayer/player/manifest"
)

// Bounds on patching a document.
const (
	maxNodes     = maxEntries + maxElements
	maxPatchOps  = 1 << 16
	maxPatchWork = 1 << 26 // nodes looked at
	maxSteps     = maxDepth
)

// node is an element, or text when it has no name.
type node struct {
	name  xml.Name // as written, with the prefix
	attrs []xml.Attr
	kids  []*node
	text  string
}

func (n *node) is(local string) bool { return n.name.Local == local && local != "" }

// attr returns the value of an attribute by its name without prefix.
func (n *node) attr(name string) (value string, ok bool) {
	for _, a := range n.attrs {
		if a.Name.Local == name && a.Name.Space != "xmlns" {
			return a.Value, true
		}
	}
	return "", false
}

// parseTree reads a document. Comments, instructions and white space between elements are left out.
func parseTree(data []byte) (*node, error) {
	if len(data) > maxDocumentBytes {
		return nil, fmt.Errorf("%d bytes, more than the %d accepted", len(data), maxDocumentBytes)
	}
	var fs manifest.Findings
	text, _ := decodeText(data, &fs)
	dec := xml.NewDecoder(bytes.NewReader(text))
	dec.Strict = false
	top := &node{}
	stack := []*node{top}
	for count := 0; ; {
		tok, err := dec.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errors.New(syntaxMessage(err))
		}
		parent := stack[len(stack)-1]
		switch t := tok.(type) {
		case xml.StartElement:
			if count++; count > maxNodes || len(stack) > maxDepth || len(t.Attr) > maxAttributes {
				return nil, fmt.Errorf("more than %d elements, %d levels, or %d attributes of one", maxNodes, maxDepth, maxAttributes)
			}
			n := &node{name: t.Name, attrs: slices.Clone(t.Attr)}
			parent.kids = append(parent.kids, n)
			stack = append(stack, n)
		case xml.EndElement:
			if len(stack) == 1 || parent.name != t.Name {
				return nil, fmt.Errorf("</%s> closes nothing", clip(t.Name.Local))
			}
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if len(stack) > 1 && len(bytes.TrimSpace(t)) > 0 {
				if count++; count > maxNodes {
					return nil, fmt.Errorf("more than %d elements", maxNodes)
				}
				parent.kids = append(parent.kids, &node{text: string(t)})
			}
		}
	}
	if len(stack) > 1 || len(top.kids) == 0 {
		return nil, errors.New("the document is cut off")
	}
	return top.kids[0], nil
}

// write appends the element as XML.
func (n *node) write(b *bytes.Buffer) {
	if n.name.Local == "" {
		_ = xml.EscapeText(b, []byte(n.text)) // a buffer takes everything
		return
	}
	name := qualified(n.name)
	b.WriteString("<" + name)
	for _, a := range n.attrs {
		b.WriteString(" " + qualified(a.Name) + `="`)
		_ = xml.EscapeText(b, []byte(a.Value))
		b.WriteByte('"')
	}
	b.WriteByte('>')
	for _, k := range n.kids {
		k.write(b)
	}
	b.WriteString("</" + name + ">")
}

func qualified(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

// applyPatch applies an MPD patch to the document it was made for and returns the new document.
// ISO/IEC 23009-1 §5.15, RFC 5261.
func applyPatch(document, patch []byte) ([]byte, error) {
	p, err := parseTree(patch)
	if err != nil {
		return nil, fmt.Errorf("patch: %w", err)
	}
	if !p.is("Patch") {
		return nil, fmt.Errorf("patch: the root element is <%s>, not Patch", clip(p.name.Local))
	}
	mpd, err := parseTree(document)
	if err != nil {
		return nil, err
	}
	if want, has := mpd.attr("id"); has {
		if got, _ := p.attr("mpdId"); got != want {
			return nil, fmt.Errorf("patch: it is for the MPD %q, this one is %q", clip(got), clip(want))
		}
	}
	if got, want := attrTime(p, "originalPublishTime"), attrTime(mpd, "publishTime"); got != want {
		return nil, fmt.Errorf("patch: it is for the version of %q, this one is of %q", clip(got), clip(want))
	}
	if len(p.kids) > maxPatchOps {
		return nil, fmt.Errorf("patch: more than %d operations", maxPatchOps)
	}
	w := patcher{root: &node{kids: []*node{mpd}}, patch: p}
	for i, op := range p.kids {
		if op.name.Local == "" {
			continue
		}
		if err := w.apply(op); err != nil {
			return nil, fmt.Errorf("patch: operation %d, <%s>: %w", i+1, clip(op.name.Local), err)
		}
	}
	if len(w.root.kids) != 1 {
		return nil, errors.New("patch: it leaves no document")
	}
	if t, ok := p.attr("publishTime"); ok {
		w.root.kids[0].set("publishTime", t)
	}
	var b bytes.Buffer
	w.root.kids[0].write(&b)
	return b.Bytes(), nil
}

// attrTime reads a time so that two spellings of it are the same.
func attrTime(n *node, name string) string {
	v, _ := n.attr(name)
	if t, ok := parseTime(v); ok {
		return stamp(t)
	}
	return strings.TrimSpace(v)
}

// set gives an attribute a value.
func (n *node) set(name, value string) {
	for i, a := range n.attrs {
		if qualified(a.Name) == name || a.Name.Local == name && a.Name.Space != "xmlns" {
			n.attrs[i].Value = value
			return
		}
	}
	prefix, local, found := strings.Cut(name, ":")
	if !found {
		prefix, local = "", name
	}
	n.attrs = append(n.attrs, xml.Attr{Name: xml.Name{Space: prefix, Local: local}, Value: value})
}

// patcher applies operations to the tree under root.
type patcher struct {
	root, patch *node
	work        int
}

// target is what a selector names: a child of an element, or an attribute of that child.
type target struct {
	parent *node
	at     int
	attr   string
}

func (t target) node() *node { return t.parent.kids[t.at] }

func (w *patcher) apply(op *node) error {
	sel, ok := op.attr("sel")
	if !ok {
		return errors.New("no sel")
	}
	t, err := w.find(sel)
	if err != nil {
		return err
	}
	switch op.name.Local {
	case "add":
		return w.add(op, t)
	case "replace":
		return w.replace(op, t)
	case "remove":
		if t.attr != "" {
			n := t.node()
			n.attrs = slices.DeleteFunc(n.attrs, func(a xml.Attr) bool { return a.Name.Local == t.attr && a.Name.Space != "xmlns" })
			return nil
		}
		w.work += len(t.parent.kids)
		t.parent.kids = slices.Delete(t.parent.kids, t.at, t.at+1)
		return nil
	}
	return errors.New("not an operation of RFC 5261")
}

func (w *patcher) add(op *node, t target) error {
	if t.attr != "" {
		return errors.New("something is to be added to an attribute")
	}
	if typ, ok := op.attr("type"); ok {
		name, attribute := strings.CutPrefix(strings.TrimSpace(typ), "@")
		if space, found := strings.CutPrefix(name, "namespace::"); found {
			name, attribute = "xmlns:"+space, true
		}
		if !attribute || name == "" || len(t.node().attrs) >= maxAttributes {
			return fmt.Errorf("type=%q cannot be added", clip(typ))
		}
		t.node().set(name, strings.TrimSpace(op.content()))
		return nil
	}
	kids := w.adopt(op.kids)
	w.work += len(t.parent.kids) + len(t.node().kids)
	pos, _ := op.attr("pos")
	switch n := t.node(); pos {
	case "":
		n.kids = append(n.kids, kids...)
	case "prepend":
		n.kids = slices.Insert(n.kids, 0, kids...)
	case "before":
		t.parent.kids = slices.Insert(t.parent.kids, t.at, kids...)
	case "after":
		t.parent.kids = slices.Insert(t.parent.kids, t.at+1, kids...)
	default:
		return fmt.Errorf("pos=%q is not known", clip(pos))
	}
	return nil
}

func (w *patcher) replace(op *node, t target) error {
	n := t.node()
	if t.attr != "" {
		n.set(t.attr, strings.TrimSpace(op.content()))
		return nil
	}
	if n.name.Local == "" {
		n.text = op.content()
		return nil
	}
	kids := slices.DeleteFunc(w.adopt(op.kids), func(k *node) bool { return k.name.Local == "" })
	if len(kids) != 1 {
		return errors.New("an element is not to be replaced by one element")
	}
	t.parent.kids[t.at] = kids[0]
	return nil
}

// content is the text of an operation.
func (n *node) content() string {
	var b strings.Builder
	for _, k := range n.kids {
		b.WriteString(k.text)
	}
	return b.String()
}

// adopt prepares elements of the patch for the document: they bring the prefixes that the patch's root declares. Its
// default name space stays behind; there the elements are of the MPD's.
func (w *patcher) adopt(kids []*node) []*node {
	for _, k := range kids {
		for _, a := range w.patch.attrs {
			if k.name.Local != "" && a.Name.Space == "xmlns" && a.Name.Local != "xsi" && len(k.attrs) < maxAttributes &&
				!slices.ContainsFunc(k.attrs, func(b xml.Attr) bool { return b.Name == a.Name }) {
				k.attrs = append(k.attrs, a)
			}
		}
	}
	return slices.Clone(kids)
}

// find locates the one node that a selector names: steps by name or *, with conditions [n] and [@name='value'], and as
// the last step possibly @name or text().
func (w *patcher) find(sel string) (target, error) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(sel), "/")
	if !ok || len(sel) > maxAttributeBytes {
		return target{}, fmt.Errorf("sel=%q is no path from the root", clip(sel))
	}
	parent, t := w.root, target{}
	for steps := 0; ; steps++ {
		step, conditions, after, err := cutStep(rest)
		if err != nil || steps > maxSteps {
			return target{}, fmt.Errorf("sel=%q is not understood", clip(sel))
		}
		if name, attribute := strings.CutPrefix(step, "@"); attribute {
			if steps == 0 || after != "" || len(conditions) > 0 {
				return target{}, fmt.Errorf("sel=%q is not understood", clip(sel))
			}
			_, name = cutPrefix(name)
			if _, has := t.node().attr(name); !has {
				return target{}, fmt.Errorf("sel=%q names an attribute that is not there", clip(sel))
			}
			t.attr = name
			return t, nil
		}
		at, err := w.step(parent, step, conditions)
		if err != nil {
			return target{}, fmt.Errorf("sel=%q: %w", clip(sel), err)
		}
		t = target{parent: parent, at: at}
		if after == "" {
			return t, nil
		}
		parent, rest = t.node(), after
	}
}

// cutStep takes the first step off a path. A slash inside of quotes does not end it.
func cutStep(path string) (name string, conditions []string, after string, err error) {
	end := strings.IndexAny(path, "/[")
	if end < 0 {
		return path, nil, "", nonEmpty(path)
	}
	name, path = path[:end], path[end:]
	for strings.HasPrefix(path, "[") {
		var quote byte
		n := 1
		for ; n < len(path) && (quote != 0 || path[n] != ']'); n++ {
			switch c := path[n]; {
			case quote == 0 && (c == '\'' || c == '"'):
				quote = c
			case c == quote:
				quote = 0
			}
		}
		if n == len(path) {
			return "", nil, "", errors.New("a bracket is not closed")
		}
		conditions = append(conditions, strings.TrimSpace(path[1:n]))
		path = path[n+1:]
	}
	if path == "" {
		return name, conditions, "", nonEmpty(name)
	}
	after, ok := strings.CutPrefix(path, "/")
	if !ok || after == "" {
		return "", nil, "", errors.New("something follows a bracket")
	}
	return name, conditions, after, nonEmpty(name)
}

func nonEmpty(name string) error {
	if name == "" {
		return errors.New("an empty step")
	}
	return nil
}

// cutPrefix splits a qualified name.
func cutPrefix(name string) (prefix, local string) {
	prefix, local, found := strings.Cut(name, ":")
	if !found {
		return "", name
	}
	return prefix, local
}

// step finds the one child that a step names.
func (w *patcher) step(parent *node, name string, conditions []string) (int, error) {
	if w.work += len(parent.kids) * (1 + len(conditions)); w.work > maxPatchWork {
		return 0, errors.New("too much work for one patch")
	}
	_, local := cutPrefix(name)
	var found []int
	for i, k := range parent.kids {
		if local == "text()" && k.name.Local == "" || k.is(local) || local == "*" && k.name.Local != "" {
			found = append(found, i)
		}
	}
	for _, c := range conditions {
		if n, err := strconv.Atoi(c); err == nil {
			if n < 1 || n > len(found) {
				found = nil
				break
			}
			found = found[n-1 : n]
			continue
		}
		key, value, ok := strings.Cut(c, "=")
		key, isAttr := strings.CutPrefix(strings.TrimSpace(key), "@")
		value = strings.TrimSpace(value)
		if !ok || !isAttr || value == "" {
			return 0, fmt.Errorf("the condition [%s] is not understood", clip(c))
		}
		if q := value[0]; q == '\'' || q == '"' {
			value = strings.Trim(value, string(q))
		}
		_, key = cutPrefix(key)
		found = slices.DeleteFunc(found, func(i int) bool { v, has := parent.kids[i].attr(key); return !has || v != value })
	}
	if len(found) != 1 {
		return 0, fmt.Errorf("%d nodes fit, not one", len(found))
	}
	return found[0], nil
}
