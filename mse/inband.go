package mse

import "mseplayer/mse/media"

// Bounds of the events of one SourceBuffer that nobody has taken: how many, and their bytes.
const (
	maxInbandEvents = 1024
	maxInbandBytes  = 1 << 20
)

// TakeInbandEvents returns what appended media segments have said beside their frames since the last call, in stream
// order, if [Options].InbandEvents is set. Times are those of the presentation, with the timestampOffset that the frames
// near the event got; the append window does not apply. The events of an append are there when its update event comes.
// When too many wait, the oldest go and count in Stats.LostEvents. The caller owns the slice.
//
// DEVIATION: an addition to the specification, which ignores these parts of the byte streams.
func (sb *SourceBuffer) TakeInbandEvents() []media.InbandEvent {
	sb.loop.mu.Lock()
	defer sb.loop.mu.Unlock()
	list := sb.inband
	sb.inband, sb.inbandBytes = nil, 0
	return list
}

// Inband implements bytestream.InbandHandler.
func (h *appendHandler) Inband(e media.InbandEvent) {
	sb := h.sb
	if !sb.ms.opt.InbandEvents {
		return
	}
	e.Time = e.Time.Add(sb.timestampOffset)
	if sb.generate { // the times of the stream do not count: the event belongs to the frame that has just come
		e.Time = sb.groupEnd
		for _, tb := range sb.tracks {
			if tb.lastDTS.Set {
				e.Time = tb.lastDTS.T
			}
		}
	}
	sb.inband, sb.inbandBytes = append(sb.inband, e), sb.inbandBytes+e.Size()
	for len(sb.inband) > maxInbandEvents || sb.inbandBytes > maxInbandBytes {
		sb.inbandBytes -= sb.inband[0].Size()
		sb.inband = append(sb.inband[:0], sb.inband[1:]...)
		sb.stats.LostEvents++
	}
}
