//go:build long

package main

import "testing"

// TestFactsLong_Files compares all MP4 files.
func TestFactsLong_Files(t *testing.T) { checkFiles(t, func(int, fact) bool { return true }) }
