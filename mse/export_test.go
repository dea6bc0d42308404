package mse

import "mseplayer/mse/media"

// Frames returns what a SourceBuffer stores, track by track in decode order.
func (sb *SourceBuffer) Frames() (out [][]media.CodedFrame) {
	sb.loop.mu.Lock()
	defer sb.loop.mu.Unlock()
	for _, tb := range sb.tracks {
		var list []media.CodedFrame
		tb.buf.Each(func(f *media.CodedFrame) bool {
			list = append(list, *f)
			return true
		})
		out = append(out, list)
	}
	return out
}
