package check

import (
	"fmt"
	"slices"
	"strings"
)

// Selection says which rules count. The zero value is all.
type Selection struct {
	only  bool
	terms []term
}

// term is a rule or an area that is taken or left out.
type term struct {
	name string
	out  bool
}

// ParseSelection reads a list of finding codes, or of areas such as "timing", with commas between: +CODE takes a rule,
// -CODE leaves it out, and CODE without a sign leaves out everything that is not named. Later terms win.
func ParseSelection(s string) (Selection, error) {
	var out Selection
	for part := range strings.SplitSeq(s, ",") {
		part = strings.TrimSpace(part)
		t := term{name: strings.TrimLeft(part, "+-"), out: strings.HasPrefix(part, "-")}
		out.only = out.only || t.name == part
		t.name = strings.TrimSuffix(t.name, ".*")
		if !slices.ContainsFunc(rules, func(r Rule) bool { return t.covers(r.Code) }) {
			return Selection{}, fmt.Errorf("%q is neither a finding code nor an area of them; check --list-rules lists them", t.name)
		}
		out.terms = append(out.terms, t)
	}
	return out, nil
}

// covers reports whether the term is about a code.
func (t term) covers(code string) bool {
	return t.name != "" && (t.name == code || strings.HasPrefix(code, t.name+"."))
}

// Has reports whether findings of a code count.
func (s Selection) Has(code string) bool {
	in := !s.only
	for _, t := range s.terms {
		if t.covers(code) {
			in = !t.out
		}
	}
	return in
}
