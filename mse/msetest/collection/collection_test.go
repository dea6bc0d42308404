package collection_test

import (
	"maps"
	"os"
	"path/filepath"
	"testing"

	"mseplayer/mse/msetest/collection"
)

func TestTable(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.tsv")
	if err := os.WriteFile(name, []byte("a\tb\tc\n1\t\"2\t\n3\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	got := collection.Table(t, name)
	want := []collection.Row{{"a": "1", "b": `"2`, "c": ""}, {"a": "3"}}
	if len(got) != 2 || !maps.Equal(got[0], want[0]) || !maps.Equal(got[1], want[1]) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestDir(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"", dir} {
		t.Setenv("MSEPLAYER_MEDIA", name)
		if got := collection.Dir(t); got != name {
			t.Errorf("%q, want %q", got, name)
		}
	}
}
