package wpt

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// meta is a line of a script that says something about the page that is to be made for it.
var meta = regexp.MustCompile(`(?m)^//\s*META:\s*(\w+)=(.*?)\s*$`)

// madeFrom returns the script that a page is made from, if it is such a page.
func madeFrom(page string) (script string, ok bool) {
	base, ok := strings.CutSuffix(page, ".html")
	return base + ".js", ok && (strings.HasSuffix(base, ".window") || strings.HasSuffix(base, ".any"))
}

// pageSource returns the text of a page. The pages x.window.html and x.any.html are made from the scripts x.window.js and
// x.any.js, as the suite's server does.
func pageSource(suite fs.FS, name string) (string, error) {
	source, made := madeFrom(name)
	if !made {
		b, err := readFile(suite, name)
		return decodeText(b), err
	}
	script, err := readFile(suite, source)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("<!doctype html>\n<meta charset=utf-8>\n")
	var scripts []string
	for _, m := range meta.FindAllStringSubmatch(string(script), -1) {
		switch m[1] {
		case "timeout":
			fmt.Fprintf(&b, "<meta name=timeout content=%q>\n", m[2])
		case "title":
			fmt.Fprintf(&b, "<title>%s</title>\n", m[2])
		case "script":
			scripts = append(scripts, m[2])
		}
	}
	scripts = append([]string{"/resources/testharness.js", "/resources/testharnessreport.js"}, scripts...)
	for _, s := range append(scripts, "/"+source) {
		fmt.Fprintf(&b, "<script src=%q></script>\n", s)
	}
	b.WriteString("<div id=log></div>\n")
	return b.String(), nil
}

// Pages lists the test pages below the given folders, or the pages that are named themselves, in order: what includes
// testharness.js, and the pages that are made for .window.js and .any.js files.
func Pages(suite fs.FS, under ...string) ([]string, error) {
	var pages []string
	for _, root := range under {
		root = path.Clean(root)
		if script, ok := madeFrom(root); ok {
			root = script
		}
		err := fs.WalkDir(suite, root, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			if base, ok := strings.CutSuffix(name, ".js"); ok {
				if _, ok := madeFrom(base + ".html"); ok {
					pages = append(pages, base+".html")
				}
			}
			if path.Ext(name) != ".html" {
				return nil
			}
			b, err := readFile(suite, name)
			if strings.Contains(string(b), "testharness.js") {
				pages = append(pages, name)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("wpt: %w", err)
		}
	}
	slices.Sort(pages)
	return slices.Compact(pages), nil
}
