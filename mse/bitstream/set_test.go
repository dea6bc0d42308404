package bitstream_test

import (
	"fmt"
	"testing"

	"mseplayer/mse/bitstream"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest/coded"
)

// TestSet reads parameter sets in full.
func TestSet(t *testing.T) {
	for _, c := range []struct {
		name, hex string
		avc       bool
		want      string
	}{
		{"baseline", coded.AVCBaseline, true, `0142c00d "4:2:0" 8 bits 350x198 1:1 1/50 s frames=true planes=false one=true num=4`},
		{"4:2:2", coded.AVC422PQ, true, `017a000d "4:2:2" 10 bits 350x198 1:1 1/50 s frames=true planes=false one=false num=4`},
		{"fields", coded.AVCFields, true, `0164001e "4:2:0" 8 bits 720x576 1:1 1/50 s frames=false planes=false one=false num=4`},
		{"16 bits", "6764000aa132d02c3720", true, `0164000a "4:2:0" 16 bits 352x208 0:0 0/0 s frames=true planes=false one=true num=4`},
		{"17 bits", "6764000aa152d02c3720", true, `0164000a "4:2:0" 0 bits 352x208 0:0 0/0 s frames=true planes=false one=true num=4`},
		{"as many bits as can be written", "6764000aa0000003001ffffffff2d02c3720", true, `0164000a "4:2:0" 0 bits 352x208 0:0 0/0 s frames=true planes=false one=true num=4`},
		{"reserved chroma", "6764000a88cb40b0dc80", true, `0164000a "" 8 bits 352x208 0:0 0/0 s frames=true planes=false one=true num=4`},
		{"HEVC", coded.HEVCMain, false, `0101600000009000000000003c "4:2:0" 8 bits 350x198 1:1 1/25 s frames=true planes=false one=false num=0`},
		{"HEVC of 10 bits", coded.HEVC10PQ, false, `01222000000090000000000099 "4:2:0" 10 bits 350x198 1:1 1/25 s frames=true planes=false one=false num=0`},
		{"HEVC with range extensions", coded.HEVCRextHLG, false, `0104080000009e08000000003c "4:4:4" 8 bits 350x198 1:1 1/25 s frames=true planes=false one=false num=0`},
	} {
		t.Run(c.name, func(t *testing.T) {
			nal := coded.Unhex(t, c.hex)
			read, id := bitstream.HEVCSet, media.HEVC
			if c.avc {
				read, id = bitstream.AVCSet, media.H264
			}
			s, ok := read(nal)
			got := fmt.Sprintf("%x %q %d bits %dx%d %d:%d %d/%d s frames=%v planes=%v one=%v num=%d", s.Head, s.Chroma, s.BitDepth, s.Width, s.Height,
				s.SARNum, s.SARDen, s.Units, s.Scale, s.FrameOnly, s.SeparatePlanes, s.OneReference, s.FrameNumBits)
			if !ok || got != c.want {
				t.Errorf("ok=%v\n got %s\nwant %s", ok, got, c.want)
			}
			// Facts are of what there is.
			_, f := bitstream.OfConfig(&media.DecoderConfig{Codec: id, Extradata: codes(nal)})
			if (f != nil) != (s.Chroma != "" && s.BitDepth > 0) {
				t.Errorf("facts: %s", show(f))
			}
			for n := range nal {
				if s, ok := read(nal[:n]); ok && (s.Width <= 0 || s.Height <= 0) {
					t.Errorf("%d bytes of it: %+v", n, s)
				}
			}
			if _, ok := read(nal[:6]); ok {
				t.Error("6 bytes of it tell a size")
			}
		})
	}
}
