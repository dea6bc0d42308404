//go:build !amd64

package yuv

import "mseplayer/player/frame"

// fast is for processors with vector instructions.
type fast struct{}

func newFast() *fast { return nil }

func (*fast) prepare(_, _ []tap, _ [3][4]float32) {}

func (*fast) mix(int, *frame.Video, tap) {}

func (*fast) convert([]byte) {}
