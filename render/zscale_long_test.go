//go:build long

package render

import "testing"

func TestSurface_ZscaleAll(t *testing.T) {
	drawLikeZscale(t, zscaleRows([]uint8{8, 10, 12}, "420", "422", "444", "440", "411", "410", "400"))
}
