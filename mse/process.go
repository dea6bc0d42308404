package mse

import (
	"fmt"

	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/track"
)

const (
	// maxBridge is how late after the beginning of its coded frame group a track may begin without a hole to what is
	// stored before the group.
	maxBridge media.Span = 0.25
	// maxLead bounds the decode-only frames that wait for a presented one.
	maxLead = 4096
	// overlapSlack is the specification's window for a frame that replaces another at the same time.
	overlapSlack media.Span = 1e-6
)

// process runs the coded frame processing algorithm over one fragment.
// MSE: sourcebuffer-coded-frame-processing.
func (sb *SourceBuffer) process(tx *Tx, tracks []bytestream.TrackFrames) error {
	bufs := make([]*trackBuffer, len(tracks))
	for i, t := range tracks {
		bufs[i] = sb.byID(t.Track)
		if bufs[i] == nil && !sb.ms.opt.SkipUnsupportedTracks {
			return fmt.Errorf("track %d is not in the initialization segment", t.Track)
		}
	}
	// Frames of several tracks are taken in decode order, but the frame that decides where a sequence starts is the one
	// that is presented first.
	next := make([]*media.CodedFrame, len(tracks))
	done := make([]int, len(tracks))
	for {
		pick := -1
		for i, t := range tracks {
			if next[i] = nil; bufs[i] == nil || done[i] == len(t.Frames) {
				continue
			}
			f := &t.Frames[done[i]]
			next[i] = f
			if pick < 0 || sb.groupStart.Set && f.PTS < next[pick].PTS || !sb.groupStart.Set && f.DTS < next[pick].DTS {
				pick = i
			}
		}
		if pick < 0 {
			break
		}
		sb.processFrame(bufs[pick], next[pick], &tracks[pick], next)
		done[pick]++
	}
	// 2. to 4.
	sb.ms.bufferedChanged(tx)
	// 5.
	if !isNaN(sb.ms.duration) && sb.groupEnd > sb.ms.duration {
		return sb.ms.changeDuration(tx, sb.groupEnd)
	}
	return nil
}

// processFrame decides where one frame goes, and stores it. It may change the frame's times: the slab is ours. next are
// the frames of all tracks of the fragment that come next, f among them.
//
// DEVIATION: where nothing is said for a while, that ends the group of the text track alone: pictures and sound of the same
// segments go on.
// MSE: sourcebuffer-coded-frame-processing step 1.
func (sb *SourceBuffer) processFrame(tb *trackBuffer, f *media.CodedFrame, from *bytestream.TrackFrames, next []*media.CodedFrame) {
	kind := tb.track.kind
	// 1.1.
	if sb.generate {
		f.PTS, f.DTS = 0, 0
	}
	var pts, dts media.Time
	for {
		// 1.3.
		if sb.mode == Sequence && sb.groupStart.Set {
			sb.timestampOffset = sb.groupStart.T.Sub(f.PTS)
			sb.groupEnd = sb.groupStart.T
			for _, t := range sb.tracks {
				t.wantRAP()
			}
			sb.groupStart = media.Opt{}
		}
		// 1.4.
		pts, dts = f.PTS, f.DTS
		if sb.timestampOffset != 0 {
			pts, dts = pts.Add(sb.timestampOffset), dts.Add(sb.timestampOffset)
		}
		// 1.6.
		if !tb.lastDTS.Set || !discontinuous(dts.Sub(tb.lastDTS.T), tb.lastDuration, from.Contiguous) {
			break
		}
		if kind == media.Text && dts >= tb.lastDTS.T {
			tb.resetGroup()
			break
		}
		switch sb.mode {
		case Segments:
			sb.groupEnd = pts
		case Sequence:
			sb.groupStart = media.Some(sb.groupEnd)
		}
		sb.resetGroups()
	}
	if !sb.groupBegin.Set {
		// The earliest time of any track. Decode times count: what is presented late only because of reordering leaves no
		// hole.
		at := min(f.PTS, f.DTS)
		for _, x := range next {
			if x != nil {
				at = min(at, x.PTS, x.DTS)
			}
		}
		sb.groupBegin = media.Some(at.Add(sb.timestampOffset))
	}
	f.PTS, f.DTS = pts, dts
	// 1.7.
	end := f.End()
	if !f.DecodeOnly && !sb.window(tb, f, kind) {
		sb.stats.OutsideWindow++
		tb.late = true
		return
	}
	// 1.10.
	if tb.needRAP {
		if !f.RAP {
			sb.stats.NoRAP++
			tb.late = true
			return
		}
		tb.needRAP = false
	}
	if f.DecodeOnly {
		sb.holdLead(tb, f)
	} else {
		sb.store(tb, f, kind, from.Rounded)
		if kind == media.Text {
			sb.noteText(tb.track, f)
		}
	}
	// 1.17. to 1.20.
	tb.lastDTS, tb.lastDuration = media.Some(f.DTS), f.Duration
	if !f.DecodeOnly {
		if !tb.highestEnd.Set || f.End() > tb.highestEnd.T {
			tb.highestEnd = media.Some(f.End())
		}
		sb.groupEnd = max(sb.groupEnd, f.End())
	}
	// 1.21.
	if sb.generate {
		sb.timestampOffset = media.Span(end)
	}
}

// discontinuous is the test of step 1.6 on the distance of two decode times.
func discontinuous(step media.Span, lastDuration media.Span, contiguous bool) bool {
	return step < 0 || !contiguous && step > 2*lastDuration
}

// window applies the append window and reports whether the frame stays.
//
// DEVIATION: sound that straddles an edge is trimmed to the sample instead of dropped, as the specification's notes
// allow, and the frame that ends before the window is kept for decoding, because the first samples of a transform
// codec are wrong without it. Pictures outside the window are kept for decoding, if Options ask for that.
// MSE: sourcebuffer-coded-frame-processing steps 1.8 and 1.9.
func (sb *SourceBuffer) window(tb *trackBuffer, f *media.CodedFrame, kind media.Kind) bool {
	start, end := sb.appendWindowStart, sb.appendWindowEnd
	if f.PTS >= start && f.End() <= end {
		return true
	}
	if kind == media.Video && sb.ms.opt.DecodeOutsideWindow && f.DTS < end && !(f.RAP && f.PTS >= end) {
		f.DecodeOnly = true
		return true
	}
	if kind == media.Audio {
		switch {
		case f.End() <= start && f.Duration > 0:
			tb.wantRAP()
			f.DecodeOnly = true
			tb.lead = []*media.CodedFrame{f}
			// The variables of the group go on, so that the next frame is not taken for a discontinuity.
			tb.lastDTS, tb.lastDuration = media.Some(f.DTS), f.Duration
			return false
		case f.PTS < start && f.End() > start || f.PTS < end && f.End() > end:
			if cut := start.Sub(f.PTS); cut > 0 {
				f.TrimFront += cut
				f.Duration -= cut
				f.PTS = start
			}
			if cut := f.End().Sub(end); cut > 0 {
				f.TrimBack += cut
				f.Duration = end.Sub(f.PTS)
			}
			return true
		}
	}
	tb.wantRAP()
	return false
}

// holdLead keeps a decode-only frame where decoding needs it: in the open GOP, or in front of the next one.
func (sb *SourceBuffer) holdLead(tb *trackBuffer, f *media.CodedFrame) {
	if f.RAP && tb.track.kind != media.Audio {
		tb.lead = nil
	}
	if !f.RAP && len(tb.lead) == 0 && tb.buf.CanContinue() {
		tb.buf.Add(f, nil)
		sb.stats.Appended++
		return
	}
	if len(tb.lead) == maxLead {
		tb.lead = append(tb.lead[:0], tb.lead[1:]...)
	}
	tb.lead = append(tb.lead, f)
}

// store removes what the frame replaces and adds it.
//
// DEVIATION: where the container rounds times, a stored frame that begins just before the end of the new one follows it,
// and a new one just before the end of the last one takes the place of what is stored there. Otherwise a group of
// pictures would go because the frame in front of it seems to end a fraction of a tick too late.
// MSE: sourcebuffer-coded-frame-processing steps 1.11 to 1.16.
func (sb *SourceBuffer) store(tb *trackBuffer, f *media.CodedFrame, kind media.Kind, rounded media.Span) {
	rounded = min(rounded, f.Duration/2)
	// 1.13.
	if !tb.lastDTS.Set || len(tb.lead) > 0 && !tb.highestEnd.Set {
		if old := tb.buf.At(f.PTS); old != nil {
			switch kind {
			case media.Audio:
				spliceAudio(tb, old, f)
			case media.Video:
				if f.PTS < old.PTS.Add(overlapSlack) {
					tb.buf.RemoveOverlapped(old.PTS, old.PTS.Add(2*track.Slack(old.PTS)))
				}
			case media.Text:
				shortened := *old
				shortened.Duration = f.PTS.Sub(old.PTS)
				tb.buf.Replace(old, &shortened)
			}
		}
	}
	// 1.14. and 1.15.
	switch {
	case !tb.highestEnd.Set:
		tb.buf.RemoveOverlapped(f.PTS, f.End().Add(-rounded))
	case tb.highestEnd.T <= f.PTS.Add(track.Slack(f.PTS)+rounded):
		tb.buf.RemoveOverlapped(min(tb.highestEnd.T, f.PTS), f.End().Add(-rounded))
	}
	// 1.16.
	lead := tb.lead
	tb.lead = nil
	if !f.RAP && len(lead) == 0 && !tb.buf.CanContinue() {
		// What it depends on has been removed meanwhile.
		sb.stats.NoRAP++
		tb.wantRAP()
		return
	}
	if !tb.lastDTS.Set && !tb.late && sb.groupBegin.T < f.PTS && f.PTS.Sub(sb.groupBegin.T) <= maxBridge {
		tb.buf.Bridge(media.Range{Start: sb.groupBegin.T, End: f.PTS})
	}
	tb.buf.Add(f, lead)
	sb.stats.Appended++
}

// spliceAudio makes room for sound that starts inside an old frame: the old one is cut at that sample.
//
// DEVIATION: the text puts silence from the old frame's start to the new one's; cutting keeps the sound and gives
// the same buffered ranges. It also moves the new frame to the old one's sample grid, but none of the frames that follow
// it: it could then end after the next one begins, which would therefore not replace the old frame at its place.
// MSE: sourcebuffer-audio-splice-frame-algorithm.
func spliceAudio(tb *trackBuffer, old, f *media.CodedFrame) {
	if f.PTS <= old.PTS {
		return // replaced as a whole by what follows
	}
	cut := *old
	cut.TrimBack += old.End().Sub(f.PTS)
	cut.Duration = f.PTS.Sub(old.PTS)
	tb.buf.Replace(old, &cut)
}
