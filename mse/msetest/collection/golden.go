package collection

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// Golden compares texts, by the names of what they are of, with those that a file knows, which has a line "# name" before
// each. Names that only one side has do not count, but half of those known must be there. With the environment variable
// UPDATE the file is written anew instead. Texts are empty or end with a line break, and no line of them begins with "# ".
func Golden(t testing.TB, file string, got map[string]string) {
	t.Helper()
	if os.Getenv("UPDATE") != "" {
		var b strings.Builder
		for _, name := range slices.Sorted(maps.Keys(got)) {
			fmt.Fprintf(&b, "# %s\n%s", name, got[name])
		}
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	old, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	known := 0
	for _, part := range strings.Split("\n"+strings.TrimSuffix(string(old), "\n"), "\n# ")[1:] {
		name, want, _ := strings.Cut(part+"\n", "\n")
		known++
		if g, ok := got[name]; ok && g != want {
			t.Errorf("%s:\n got %s\nwant %s", name, g, want)
		}
	}
	if len(got) < known/2 {
		t.Errorf("%d texts, %d are known", len(got), known)
	}
}
