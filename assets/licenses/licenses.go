// Package licenses holds the licences of all that is linked into the program, gathered by collect.sh.
//
// # Ownership
//
// The texts are part of the program's image; nobody writes to them.
//
// # Concurrency
//
// Text may be called by any goroutine.
//
// # Errors
//
// None: what is missing fails the build or the tests.
package licenses

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

//go:embed texts
var texts embed.FS

// first are the components that Text begins with; the Go modules follow by name.
var first = []string{"mseplayer", "ffmpeg", "dav1d", "libva", "go"}

const rule = "========================================================================"

// Text returns everything as one plain text, some hundred thousand bytes long: a list of the components, then for each
// its notices and licences under a heading that names it.
func Text() string {
	type file struct{ component, name, text string }
	var files []file
	err := fs.WalkDir(texts, "texts", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := texts.ReadFile(p)
		files = append(files, file{path.Dir(strings.TrimPrefix(p, "texts/")), path.Base(p), string(b)})
		return err
	})
	if err != nil {
		panic("licenses: an embedded file cannot be read: " + err.Error())
	}
	rank := func(component string) int {
		if i := slices.Index(first, component); i >= 0 {
			return i
		}
		return len(first)
	}
	slices.SortStableFunc(files, func(a, b file) int {
		if d := rank(a.component) - rank(b.component); d != 0 {
			return d
		}
		return strings.Compare(a.component, b.component)
	})

	var list, body strings.Builder
	for i, f := range files {
		if i == 0 || f.component != files[i-1].component {
			fmt.Fprintf(&list, "  %s\n", f.component)
		}
		fmt.Fprintf(&body, "\n%s\n%s: %s\n%s\n\n%s", rule, f.component, f.name, rule, f.text)
	}
	return "This program contains:\n\n" + list.String() + "\nTheir licences and notices:\n" + body.String()
}
