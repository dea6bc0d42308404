package collection_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"mseplayer/mse/msetest/collection"
)

// failures notes what fails.
type failures struct {
	testing.TB
	list []string
}

func (f *failures) Helper() {}

func (f *failures) Errorf(format string, args ...any) {
	f.list = append(f.list, fmt.Sprintf(format, args...))
}

func TestGolden(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.golden")
	texts := map[string]string{"b": "", "a": "1\n2 # 3\n", "c": "4\n"}
	t.Setenv("UPDATE", "1")
	collection.Golden(t, file, texts)
	if b, err := os.ReadFile(file); err != nil || string(b) != "# a\n1\n2 # 3\n# b\n# c\n4\n" {
		t.Fatalf("wrote %q, %v", b, err)
	}
	t.Setenv("UPDATE", "")
	for _, c := range []struct {
		name string
		got  map[string]string
		want []string
	}{
		{"the same", texts, nil},
		{"others", map[string]string{"a": "1\n2 # 3\n", "b": "5\n", "c": "", "d": "6\n"}, []string{"b:\n got 5\n\nwant ", "c:\n got \nwant 4\n"}},
		{"a third of them", map[string]string{"c": "4\n"}, nil},
		{"nothing", nil, []string{"0 texts, 3 are known"}},
	} {
		f := &failures{TB: t}
		collection.Golden(f, file, c.got)
		slices.Sort(f.list)
		if !slices.Equal(f.list, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, f.list, c.want)
		}
	}
}
