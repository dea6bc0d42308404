package mse

import "mseplayer/mse/media"

const (
	// evictBehind is how much before the playhead eviction leaves alone at first.
	evictBehind media.Span = 10
	// evictAhead is how much after the playhead eviction leaves alone.
	evictAhead media.Span = 30
)

// quota is the limit of this SourceBuffer in bytes.
func (sb *SourceBuffer) quota() int64 {
	for _, tb := range sb.tracks {
		if tb.track.kind == media.Video {
			return sb.ms.opt.VideoQuota
		}
	}
	if len(sb.tracks) == 0 {
		return sb.ms.opt.VideoQuota
	}
	return sb.ms.opt.AudioQuota
}

// bytes is what is stored and what waits in the input buffer.
func (sb *SourceBuffer) bytes() int64 {
	n := int64(sb.parser.Buffered())
	for _, tb := range sb.tracks {
		n += tb.buf.Bytes()
	}
	return n
}

// evict runs the coded frame eviction algorithm for n new bytes: whole GOPs go, first what lies well behind the
// playhead, then what lies far ahead of it, then what lies right behind, then what lies ahead behind a gap. The GOP
// being read and the one being appended stay. It sets or clears the buffer full flag.
// MSE: sourcebuffer-coded-frame-eviction.
func (sb *SourceBuffer) evict(tx *Tx, n int64) {
	quota, have := sb.quota(), sb.bytes()
	sb.full = false
	if have+n <= quota {
		return
	}
	want := have + n - quota
	at := sb.ms.playhead
	freed := int64(0)
	each := func(evict func(tb *trackBuffer, want int64) int64) {
		for _, tb := range sb.tracks {
			if freed < want {
				freed += evict(tb, want-freed)
			}
		}
	}
	each(func(tb *trackBuffer, want int64) int64 { return tb.buf.EvictFront(want, at.Add(-evictBehind)) })
	each(func(tb *trackBuffer, want int64) int64 { return tb.buf.EvictBack(want, at.Add(evictAhead)) })
	each(func(tb *trackBuffer, want int64) int64 {
		limit := at
		if s, ok := tb.buf.GOPStart(at); ok {
			limit = min(limit, s)
		}
		return tb.buf.EvictFront(want, limit)
	})
	each(func(tb *trackBuffer, want int64) int64 {
		limit := at
		if r, ok := tb.buf.Ranges().Find(at); ok {
			limit = r.End
		}
		return tb.buf.EvictBack(want, limit)
	})
	sb.full = freed < want
	if freed > 0 {
		sb.ms.log.Debug("evicted", "type", sb.mime, "bytes", freed, "full", sb.full)
		sb.ms.bufferedChanged(tx)
	}
}
