package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// pages is a small suite: the pages that test the runner.
const pages = "../../player/playertest/wpt/testdata"

// TestMain is the command itself where the command starts a process for a page.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-page" {
		main()
	}
	os.Exit(m.Run())
}

func TestParse(t *testing.T) {
	tests := []struct {
		name, args, err string
	}{
		{"no suite", "", "no suite is named"},
		{"no jobs", "-jobs 0 suite", "must be positive"},
		{"no time", "-timeout-multiplier -1 suite", "must be positive"},
		{"unknown flag", "-x suite", "not defined: -x"},
		{"folders", "suite a b", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parse(strings.Fields(tt.args))
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("parse %q: %v, want %q", tt.args, err, tt.err)
			}
		})
	}
	c, err := parse([]string{"suite"})
	if err != nil || strings.Join(c.pages, " ") != "media-source media-playback-quality" {
		t.Errorf("without folders: %q, %v", c.pages, err)
	}
}

// TestRunAll runs pages in processes of their own, with the real decoders.
func TestRunAll(t *testing.T) {
	tests := []struct {
		name     string
		page     string
		patience time.Duration
		code     int
		want     []string
	}{
		{"all pass", "pages/window.html", patience, 0, []string{"PASS     /pages/window.html: text\n", "1 pages in ", " 7 passed, 0 failed"}},
		{"failures", "pages/outcomes.html", patience, 1, []string{"PASS     /pages/outcomes.html: passes\n", "FAIL    !/pages/outcomes.html: fails: numbers",
			"TIMEOUT !/pages/outcomes.html: never ends", "2 results not"}},
		{"a process that hangs", "pages/hangs.html", time.Second, 1, []string{"TIMEOUT !/pages/hangs.html: (page): ", "SIGQUIT"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			report := filepath.Join(t.TempDir(), "report.json")
			c := config{suite: pages, pages: []string{tt.page}, jobs: 1, multiplier: 0.1, report: report, out: &out, patience: tt.patience * 10}
			code, err := c.runAll(t.Context())
			if err != nil || code != tt.code {
				t.Errorf("code %d, %v; want %d", code, err, tt.code)
			}
			for _, want := range tt.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in\n%s", want, out.String())
				}
			}
			b, err := os.ReadFile(report)
			var f struct{ Results []struct{ Test string } }
			if err != nil || json.Unmarshal(b, &f) != nil || len(f.Results) != 1 || f.Results[0].Test != "/"+tt.page {
				t.Errorf("report %s, %v", b, err)
			}
		})
	}
	t.Run("no such page", func(t *testing.T) {
		c := config{suite: pages, pages: []string{"pages/none.html"}, jobs: 1, multiplier: 1, out: &bytes.Buffer{}, patience: patience}
		if code, err := c.runAll(t.Context()); err == nil || code != 2 {
			t.Errorf("code %d, %v", code, err)
		}
	})
}
