package assets_test

import (
	"bytes"
	"image/png"
	"testing"

	"mseplayer/assets"
)

func TestAssets(t *testing.T) {
	img, err := png.Decode(bytes.NewReader(assets.Icon))
	if err != nil {
		t.Fatal(err)
	}
	if s := img.Bounds().Size(); s.X != 256 || s.Y != 256 {
		t.Errorf("icon is %v, want 256×256", s)
	}
	if _, _, _, a := img.At(0, 0).RGBA(); a != 0 {
		t.Error("the icon's corner is not transparent")
	}
	for name, src := range map[string][]byte{"chroma": assets.Chroma, "chroma16": assets.Chroma16, "exact": assets.Exact, "scale": assets.Scale,
		"picture": assets.Picture("", "bytes1", "exact", "matrix", "direct", "nearest")} {
		if !bytes.HasPrefix(src, []byte("//kage:unit pixels\n")) {
			t.Errorf("%s does not count in pixels", name)
		}
	}
}
