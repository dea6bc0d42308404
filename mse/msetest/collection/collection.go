// Package collection gives tests other people's media and what independent tools say of them, where a machine has them.
package collection

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Dir is the folder that the environment variable MSEPLAYER_MEDIA names, "" when it is not set. A folder that is named
// and absent fails the test.
func Dir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("MSEPLAYER_MEDIA")
	if dir == "" {
		return ""
	}
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("MSEPLAYER_MEDIA: %v", err)
	}
	return dir
}

// Row is one line of a table, by the names of the columns.
type Row map[string]string

// Table reads a table whose columns are separated by tabs and named by the first line. A table without rows fails the
// test.
func Table(t testing.TB, path ...string) []Row {
	t.Helper()
	name := filepath.Join(path...)
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var columns []string
	var rows []Row
	for line := range strings.Lines(string(b)) {
		v := strings.Split(strings.TrimRight(line, "\r\n"), "\t")
		if columns == nil {
			columns = v
			continue
		}
		r := Row{}
		for i, c := range columns[:min(len(columns), len(v))] {
			r[c] = v[i]
		}
		rows = append(rows, r)
	}
	if len(rows) == 0 {
		t.Fatalf("%s: no rows", name)
	}
	return rows
}
