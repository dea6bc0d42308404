//go:build long

package ffmpeg_test

import "testing"

// TestFacts_All compares every real file.
func TestFacts_All(t *testing.T) {
	checkFacts(t, func(int, fact) bool { return true })
}
