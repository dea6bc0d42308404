package wpt

import (
	_ "embed"
	"fmt"
	"path"
	"strings"
)

//go:embed notapplicable.tsv
var notApplicable string

//go:embed expected.tsv
var expected string

// Lists say which results are not counted and which failures are known.
type Lists struct {
	notApplicable, expected []entry
}

// entry is one line of a list: page, subtest and reason, with tabs between. The page is a pattern of path.Match; a
// subtest that ends with an asterisk stands for all that begin so.
type entry struct{ page, subtest, reason string }

// DefaultLists returns the lists that belong to this package.
func DefaultLists() (Lists, error) {
	na, err := parseList("notapplicable.tsv", notApplicable)
	if err != nil {
		return Lists{}, err
	}
	ex, err := parseList("expected.tsv", expected)
	return Lists{na, ex}, err
}

func parseList(name, text string) ([]entry, error) {
	var list []entry
	for n, line := range strings.Split(text, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 3 || f[0] == "" || f[1] == "" || f[2] == "" {
			return nil, fmt.Errorf("wpt: %s:%d: not page, subtest and reason with tabs between", name, n+1)
		}
		if _, err := path.Match(f[0], ""); err != nil {
			return nil, fmt.Errorf("wpt: %s:%d: %w", name, n+1, err)
		}
		list = append(list, entry{f[0], f[1], f[2]})
	}
	return list, nil
}

func find(list []entry, page, subtest string) (reason string, ok bool) {
	for _, e := range list {
		if ok, _ := path.Match(e.page, strings.TrimPrefix(page, "/")); !ok {
			continue
		}
		if prefix, all := strings.CutSuffix(e.subtest, "*"); e.subtest == subtest || all && strings.HasPrefix(subtest, prefix) {
			return e.reason, true
		}
	}
	return "", false
}

// NotApplicable returns why a subtest does not apply to a player without a browser around it. An empty subtest asks for
// the whole page.
func (l Lists) NotApplicable(page, subtest string) (reason string, ok bool) {
	if subtest == "" {
		for _, e := range l.notApplicable {
			if ok, _ := path.Match(e.page, strings.TrimPrefix(page, "/")); ok && e.subtest == "*" {
				return e.reason, true
			}
		}
		return "", false
	}
	return find(l.notApplicable, page, subtest)
}

// ExpectedFailure returns why a subtest is known to fail.
func (l Lists) ExpectedFailure(page, subtest string) (reason string, ok bool) {
	return find(l.expected, page, subtest)
}
