package mse

import "mseplayer/mse/media"

// Bounds of the frames of text tracks of one SourceBuffer that nobody has taken: how many, and their bytes.
const (
	maxTextFrames = 16384
	maxTextBytes  = 16 << 20
)

// TextFrame is a coded frame of a text track.
type TextFrame struct {
	Track *Track
	// Frame has its times on the timeline of the presentation, inside of the append window. It is never changed.
	Frame *media.CodedFrame
}

// TakeTextFrames returns what has been appended to text tracks since the last call, in decode order, if
// [Options].TextFrames is set. The frames of an append are there when its update event comes. When too many wait, the
// oldest go and count in Stats.LostTexts. The caller owns the slice.
//
// DEVIATION: an addition to the specification, which leaves it to the user agent what text tracks become.
func (sb *SourceBuffer) TakeTextFrames() []TextFrame {
	sb.loop.mu.Lock()
	defer sb.loop.mu.Unlock()
	list := sb.texts
	sb.texts, sb.textBytes = nil, 0
	return list
}

// noteText keeps a frame for TakeTextFrames.
func (sb *SourceBuffer) noteText(t *Track, f *media.CodedFrame) {
	if !sb.ms.opt.TextFrames {
		return
	}
	sb.texts, sb.textBytes = append(sb.texts, TextFrame{t, f}), sb.textBytes+len(f.Data)
	for len(sb.texts) > maxTextFrames || sb.textBytes > maxTextBytes {
		sb.textBytes -= len(sb.texts[0].Frame.Data)
		sb.texts = append(sb.texts[:0], sb.texts[1:]...)
		sb.stats.LostTexts++
	}
}
