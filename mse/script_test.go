package mse_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mseplayer/mse"
	"mseplayer/mse/msetest"
)

// TestScripts runs every scenario of testdata/script. The lines "# quota 100" and "# decode outside
// window" set options.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/script/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			var o mse.Options
			if strings.Contains(string(text), "# quota 100\n") {
				o.VideoQuota, o.AudioQuota = 100, 100
			}
			o.DecodeOutsideWindow = strings.Contains(string(text), "# decode outside window\n")
			if err := msetest.RunScript(string(text), o); err != nil {
				t.Fatalf("%s: %v", f, err)
			}
		})
	}
}
