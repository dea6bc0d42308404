package mse

import (
	"cmp"
	"slices"
	"strings"

	"mseplayer/mse/media"
)

// evictBehind is how much before the playhead eviction leaves alone at first.
const evictBehind media.Span = 10

// quota is the limit of this SourceBuffer in bytes.
func (sb *SourceBuffer) quota() int64 {
	if len(sb.tracksOf(media.Video)) > 0 || len(sb.tracks) == 0 && !strings.HasPrefix(sb.mime, "audio/") {
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

// evict runs the coded frame eviction algorithm for n new bytes. It sets or clears the buffer full flag.
// MSE: sourcebuffer-coded-frame-eviction.
func (sb *SourceBuffer) evict(tx *Tx, n int64) {
	want := sb.bytes() + n - sb.quota()
	sb.full = want > 0 && sb.free(tx, want) < want
}

// free removes whole GOPs until want bytes are gone: first what lies well behind the playhead, then what lies ahead of
// it behind a gap, the latest first, then what lies right behind. What is buffered without a gap from the playhead on
// stays, and so do the GOP being read and the one being appended. All tracks lose the same time. It returns the bytes
// freed.
func (sb *SourceBuffer) free(tx *Tx, want int64) (freed int64) {
	at := sb.ms.playhead
	freed = sb.freeFront(want, func(*trackBuffer) media.Time { return at.Add(-evictBehind) })
	freed += sb.freeBack(want-freed, func(tb *trackBuffer) media.Time { return tb.playableEnd(at) })
	freed += sb.freeFront(want-freed, func(tb *trackBuffer) media.Time {
		if start, ok := tb.buf.GOPStart(at); ok {
			return min(at, start)
		}
		return at
	})
	if freed > 0 {
		sb.ms.log.Debug("evicted", "type", sb.mime, "bytes", freed)
		sb.ms.bufferedChanged(tx)
	}
	return freed
}

// freeFront removes GOPs that end before each track's limit, the earliest of all tracks first.
func (sb *SourceBuffer) freeFront(want int64, limit func(*trackBuffer) media.Time) (freed int64) {
	rest := slices.Clone(sb.tracks)
	for freed < want && len(rest) > 0 {
		tb := slices.MinFunc(rest, func(x, y *trackBuffer) int { return cmp.Compare(x.buf.Front(), y.buf.Front()) })
		n := tb.buf.EvictFront(1, limit(tb))
		if n == 0 {
			rest = slices.DeleteFunc(rest, func(x *trackBuffer) bool { return x == tb })
		}
		freed += n
	}
	return freed
}

// freeBack removes GOPs that start at or after each track's limit, the latest of all tracks first.
func (sb *SourceBuffer) freeBack(want int64, limit func(*trackBuffer) media.Time) (freed int64) {
	rest := slices.Clone(sb.tracks)
	for freed < want && len(rest) > 0 {
		tb := slices.MaxFunc(rest, func(x, y *trackBuffer) int { return cmp.Compare(x.buf.Back(), y.buf.Back()) })
		n := tb.buf.EvictBack(1, limit(tb))
		if n == 0 {
			rest = slices.DeleteFunc(rest, func(x *trackBuffer) bool { return x == tb })
		}
		freed += n
	}
	return freed
}

// playableEnd is the end of what is buffered without a gap from t on, t itself where nothing is. A beginning that lies a
// little after t counts.
func (tb *trackBuffer) playableEnd(t media.Time) media.Time {
	rs := tb.buf.View()
	if r, ok := rs.Find(t); ok {
		return r.End
	}
	if len(rs) > 0 && t < rs[0].Start && rs[0].Start.Sub(t) <= startAllowance {
		return rs[0].End
	}
	return t
}
