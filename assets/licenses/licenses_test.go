package licenses_test

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mseplayer/assets/licenses"
)

const collect = "run assets/licenses/collect.sh"

// licence matches the names under which modules keep licences and notices, in a folder of Go files.
var licence = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents)[^/]*$`)

// pkg is what of go list's answer the test reads.
type pkg struct {
	Dir    string
	Module *struct {
		Path, Dir string
		Main      bool
	}
}

// linked returns the packages of other modules that packages of this one import, tests left aside.
func linked(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-deps", "-json=Dir,Module", "mseplayer/...")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1") // what needs cgo is linked, too; listing compiles nothing
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); err == io.EOF {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Module != nil && !p.Module.Main {
			pkgs = append(pkgs, p)
		}
	}
}

// section returns what Text has under the heading of a component's file.
func section(text, component, name string) (string, bool) {
	_, after, ok := strings.Cut(text, "===\n"+component+": "+name+"\n===")
	after, _, _ = strings.Cut(after, "\n=====")
	_, after, _ = strings.Cut(after, "\n\n")
	return strings.TrimSpace(after), ok
}

// plain is b as collect.sh keeps it.
func plain(b []byte) string {
	lines := strings.Split(string(b), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " \t\r\f\v")
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// TestEveryModule asks that the licence of each module that is linked in is there, as the module has it, and those of
// its packages that have one of their own.
func TestEveryModule(t *testing.T) {
	text := licenses.Text()
	found := map[string]bool{} // by module
	seen := map[string]bool{}  // by folder
	for _, p := range linked(t) {
		if !found[p.Module.Path] {
			found[p.Module.Path] = false // until one turns up
		}
		for dir := p.Dir; strings.HasPrefix(dir, p.Module.Dir) && !seen[dir]; dir = filepath.Dir(dir) {
			seen[dir] = true
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			component := p.Module.Path + filepath.ToSlash(strings.TrimPrefix(dir, p.Module.Dir))
			for _, e := range entries {
				if e.IsDir() || strings.HasSuffix(e.Name(), ".go") || !licence.MatchString(e.Name()) {
					continue
				}
				b, err := os.ReadFile(filepath.Join(dir, e.Name()))
				if err != nil {
					t.Fatal(err)
				}
				got, ok := section(text, component, e.Name())
				if !ok || got != plain(b) {
					t.Errorf("%s: %s is not there, or not as the module has it; %s", component, e.Name(), collect)
				}
				found[p.Module.Path] = true
			}
		}
	}
	if len(found) == 0 {
		t.Fatal("go list named no module")
	}
	for module, ok := range found {
		if !ok {
			t.Errorf("%s has no licence", module)
		}
	}
}

// TestBuiltFromSource asks for our own licence, those of what the Makefile builds, and the offer that the LGPL asks for.
func TestBuiltFromSource(t *testing.T) {
	text := licenses.Text()
	if !strings.HasPrefix(text, "This program contains:\n\n  mseplayer\n  ffmpeg\n  dav1d\n  libva\n  go\n") {
		t.Errorf("begins with %.100q", text)
	}
	own, err := os.ReadFile("../../LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := section(text, "mseplayer", "LICENSE"); got != plain(own) {
		t.Errorf("our own licence is not the repository's; %s", collect)
	}
	versions, err := os.ReadFile("../../player/ffmpeg/build/versions")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ component, licence string }{
		{"ffmpeg", "GNU LESSER GENERAL PUBLIC LICENSE"},
		{"dav1d", "Redistribution and use in source and binary forms"},
		{"libva", "Permission is hereby granted, free of charge"},
	} {
		if got, _ := section(text, c.component, "LICENSE"); !strings.Contains(got, c.licence) {
			t.Errorf("%s: %.60q has no %q", c.component, got, c.licence)
		}
		notice, _ := section(text, c.component, "NOTICE")
		for _, v := range []string{"version", "url", "sha256"} {
			m := regexp.MustCompile(`(?m)^` + c.component + "_" + v + `=(.+)$`).FindSubmatch(versions)
			if m == nil || !strings.Contains(notice, string(m[1])) {
				t.Errorf("the notice of %s does not say its %s (%q); %s", c.component, v, m, collect)
			}
		}
	}
	if got, _ := section(text, "go", "LICENSE"); !strings.Contains(got, "The Go Authors") && !strings.Contains(got, "Google LLC") {
		t.Errorf("go: %.60q", got)
	}
	if notice, _ := section(text, "ffmpeg", "NOTICE"); !strings.Contains(notice, "player/ffmpeg/build") {
		t.Errorf("no word of where the build scripts are:\n%s", notice)
	}
	if fonts, ok := section(text, "golang.org/x/image/font/gofont/ttfs", "README"); !ok || !strings.Contains(fonts, "Bigelow & Holmes") {
		t.Errorf("no licence of the fonts")
	}
}
