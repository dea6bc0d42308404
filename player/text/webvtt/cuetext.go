package webvtt

import (
	"html"
	"strings"

	"mseplayer/mse/media"
)

// maxDepth and maxNodes bound the tree of one cue: tags beyond are as if they were not there.
const (
	maxDepth = 64
	maxNodes = 10_000
)

// node is a WebVTT Node Object.
//
// WebVTT §6.4.
type node struct {
	// tag is the name of the element, "" for the root, "#" for text, "@" for a time stamp.
	tag     string
	text    string // of text; the voice of v
	classes []string
	lang    string
	time    media.Time
	parent  *node
	childs  []*node
	// order is the place in a depth-first traversal; last is that of the last descendant.
	order, last int
}

// empty tells whether there is no text.
func (n *node) empty() bool {
	if n.tag == "#" {
		return n.text == ""
	}
	for _, c := range n.childs {
		if !c.empty() {
			return false
		}
	}
	return true
}

// times appends the time stamps inside (start, end), as long as they grow.
func (n *node) times(to []media.Time, start, end media.Time) []media.Time {
	if n.tag == "@" && n.time > start && n.time < end && (len(to) == 0 || n.time > to[len(to)-1]) && len(to) < maxParts {
		to = append(to, n.time)
	}
	for _, c := range n.childs {
		to = c.times(to, start, end)
	}
	return to
}

// parseText makes the tree of a cue's text.
//
// WebVTT §6.4, cue text parsing rules.
func parseText(s, language string) *node {
	root := &node{lang: language}
	current, depth, count := root, 0, 0
	add := func(n *node) {
		count++
		n.parent, n.order = current, count
		current.childs = append(current.childs, n)
	}
	attach := func(n *node) {
		if depth >= maxDepth || count >= maxNodes {
			return
		}
		if n.lang == "" && n.tag != "lang" {
			n.lang = current.lang
		}
		add(n)
		current = n
		depth++
	}
	leave := func() {
		current.last = count
		current = current.parent
		depth--
	}
	for s != "" {
		if s[0] != '<' {
			at := strings.IndexByte(s, '<')
			if at < 0 {
				at = len(s)
			}
			if count < maxNodes {
				add(&node{tag: "#", text: html.UnescapeString(s[:at]), lang: current.lang})
			}
			s = s[at:]
			continue
		}
		at := strings.IndexByte(s, '>')
		body, rest := s[1:], ""
		if at >= 0 {
			body, rest = s[1:at], s[at+1:]
		}
		s = rest
		switch {
		case strings.HasPrefix(body, "/"):
			switch name := body[1:]; {
			case current.tag == name && name != "":
				leave()
			case name == "ruby" && current.tag == "rt":
				leave()
				leave()
			}
		case body != "" && body[0] >= '0' && body[0] <= '9':
			if t, rest, ok := timestamp(body); ok && rest == "" && count < maxNodes {
				add(&node{tag: "@", time: t})
			}
		default:
			name, classes, annotation := startTag(body)
			switch name {
			case "c", "i", "b", "u", "ruby":
				attach(&node{tag: name, classes: classes})
			case "rt":
				if current.tag == "ruby" {
					attach(&node{tag: name, classes: classes})
				}
			case "v":
				attach(&node{tag: name, classes: classes, text: annotation})
			case "lang":
				attach(&node{tag: name, classes: classes, lang: annotation})
			}
		}
	}
	for current != nil {
		current.last = count
		current = current.parent
	}
	return root
}

// startTag takes the inside of a start tag apart.
//
// WebVTT §6.4, cue text tokenizer.
func startTag(body string) (name string, classes []string, annotation string) {
	if at := strings.IndexAny(body, " \t\n\f"); at >= 0 {
		body, annotation = body[:at], strings.Join(strings.FieldsFunc(html.UnescapeString(body[at:]), isSpace), " ")
	}
	name, list, _ := strings.Cut(body, ".")
	for _, c := range strings.Split(list, ".") {
		if c != "" {
			classes = append(classes, c)
		}
	}
	return name, classes, annotation
}
