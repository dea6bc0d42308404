package mse_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"mseplayer/mse"
	"mseplayer/mse/bytestream"
	"mseplayer/mse/media"
	"mseplayer/mse/msetest"
)

// unit is what the model counts time in: 1/64 s, which is exact in binary and in microseconds. bridge is as much of it as
// a track may begin late.
const (
	unit       = 1.0 / 64
	unitMicros = 15625
	bridge     = 16
	forever    = int(1e9)
)

// model is a SourceBuffer as the specification spells it out: lists of frames, searched from end to end.
type model struct {
	sequence               bool
	offset                 int
	windowStart, windowEnd int
	groupStart             *int
	groupEnd               int
	duration               int
	ended                  bool
	groupBegin             *int
	tracks                 []*modelTrack
}

type modelTrack struct {
	audio      bool
	frames     []modelFrame // in the order of appending
	lastDTS    *int
	lastDur    int
	highestEnd *int
	needRAP    bool
	late       bool // frames of the group were dropped before the first that was kept
	lead       bool // the frame before this one is kept for decoding only
	gop        int
	longest    int
	bridges    [][2]int
}

// modelFrame is a coded frame. id is how a test recognizes it: the size of its payload.
type modelFrame struct {
	pts, dts, dur, id int
	rap               bool
	gop               int
}

func (f modelFrame) end() int { return f.pts + f.dur }

func ptr(v int) *int { return &v }

func (m *model) reset() {
	for _, t := range m.tracks {
		t.lastDTS, t.highestEnd, t.lastDur = nil, nil, 0
		t.needRAP, t.late, t.lead = true, false, false
	}
	m.groupBegin = nil
}

// abort is the reset parser state algorithm with what abort adds.
func (m *model) abort() {
	m.reset()
	if m.sequence {
		m.groupStart = ptr(m.groupEnd)
	}
	m.windowStart, m.windowEnd = 0, forever
}

// process is the coded frame processing algorithm.
func (m *model) process(t *modelTrack, f modelFrame) {
	var pts, dts int
	for {
		if m.sequence && m.groupStart != nil {
			m.offset, m.groupEnd = *m.groupStart-f.pts, *m.groupStart
			for _, x := range m.tracks {
				x.needRAP = true
			}
			m.groupStart = nil
		}
		pts, dts = f.pts+m.offset, f.dts+m.offset
		if t.lastDTS == nil || dts >= *t.lastDTS && dts-*t.lastDTS <= 2*t.lastDur {
			break
		}
		if m.sequence {
			m.groupStart = ptr(m.groupEnd)
		} else {
			m.groupEnd = pts
		}
		m.reset()
	}
	if m.groupBegin == nil {
		m.groupBegin = ptr(min(pts, dts))
	}
	f.pts, f.dts = pts, dts
	if t.audio && pts < m.windowStart {
		// Sound is trimmed, and what lies before the window is kept for decoding.
		if f.end() <= m.windowStart {
			t.needRAP, t.late, t.lead = true, true, true
			t.lastDTS, t.lastDur = ptr(dts), f.dur
			return
		}
		f.pts, f.dur = m.windowStart, f.end()-m.windowStart
		pts = f.pts
	}
	if pts < m.windowStart || f.end() > m.windowEnd {
		t.needRAP, t.late = true, true
		return
	}
	if t.needRAP && !f.rap {
		t.late = true
		return
	}
	t.needRAP = false
	if t.lastDTS == nil || t.lead && t.highestEnd == nil {
		if i := t.at(pts); i >= 0 && t.audio && pts > t.frames[i].pts {
			t.frames[i].dur = pts - t.frames[i].pts // sound is cut instead of replaced by silence
		} else if i >= 0 && !t.audio && t.frames[i].pts == pts {
			t.remove(func(x modelFrame) bool { return x.id == t.frames[i].id })
		}
	}
	switch {
	case t.highestEnd == nil:
		t.remove(func(x modelFrame) bool { return x.pts >= pts && x.pts < f.end() })
	case *t.highestEnd <= pts:
		from := *t.highestEnd
		t.remove(func(x modelFrame) bool { return x.pts >= from && x.pts < f.end() })
	}
	if f.rap {
		t.gop++
	}
	f.gop = t.gop
	if t.lastDTS == nil && !t.late && *m.groupBegin < pts && pts-*m.groupBegin <= bridge {
		t.bridges = append(t.bridges, [2]int{*m.groupBegin, pts})
	}
	t.lead = false
	t.frames = append(t.frames, f)
	t.longest = max(t.longest, f.dur)
	t.lastDTS, t.lastDur = ptr(dts), f.dur
	if t.highestEnd == nil || f.end() > *t.highestEnd {
		t.highestEnd = ptr(f.end())
	}
	m.groupEnd = max(m.groupEnd, f.end())
}

// at returns the frame that contains a time, -1 when none does.
func (t *modelTrack) at(pts int) int {
	best := -1
	for i, x := range t.frames {
		if x.pts <= pts && pts < x.end() && (best < 0 || x.pts >= t.frames[best].pts) {
			best = i
		}
	}
	return best
}

// remove removes frames and what was decoded after them in the same group of pictures.
func (t *modelTrack) remove(out func(modelFrame) bool) (gone []modelFrame) {
	broken := map[int]bool{}
	t.frames = slices.DeleteFunc(slices.Clone(t.frames), func(x modelFrame) bool {
		if out(x) {
			broken[x.gop] = true
		}
		if broken[x.gop] {
			gone = append(gone, x)
		}
		return broken[x.gop]
	})
	return gone
}

// removal is the coded frame removal algorithm.
func (m *model) removal(start, end int) {
	for _, t := range m.tracks {
		removeEnd := m.duration
		next := forever
		for _, x := range t.frames {
			if x.rap && x.pts >= end && x.pts < next {
				next, removeEnd = x.pts, x.pts
			}
		}
		last := t.lastDTS
		// The last frame of the group can go as a dependant, too.
		for _, x := range t.remove(func(x modelFrame) bool { return x.pts >= start && x.pts < removeEnd }) {
			if last != nil && x.dts == *last && x.gop == t.gop {
				if m.sequence {
					m.groupStart = ptr(m.groupEnd)
				} else {
					m.groupEnd = x.pts
				}
				m.reset()
			}
		}
	}
}

// ranges are the track buffer ranges.
func (t *modelTrack) ranges() (out [][2]int) {
	frames := slices.Clone(t.frames)
	slices.SortFunc(frames, func(x, y modelFrame) int { return x.pts - y.pts })
	for _, x := range frames {
		if n := len(out); n > 0 && x.pts-out[n-1][1] <= 2*t.longest {
			out[n-1][1] = max(out[n-1][1], x.end())
		} else {
			out = append(out, [2]int{x.pts, x.end()})
		}
	}
	for i := 0; i+1 < len(out); {
		end, start := out[i][1], out[i+1][0]
		if slices.ContainsFunc(t.bridges, func(b [2]int) bool {
			return b[0]-end <= 2*t.longest && end < b[1] && max(b[1]-start, start-b[1]) <= 2*t.longest
		}) {
			out[i][1] = out[i+1][1]
			out = slices.Delete(out, i+1, i+2)
			continue
		}
		i++
	}
	return out
}

// buffered is the buffered attribute.
func (m *model) buffered() media.Ranges {
	high := 0
	for _, t := range m.tracks {
		if r := t.ranges(); len(r) > 0 {
			high = max(high, r[len(r)-1][1])
		}
	}
	out := media.NewRanges(media.Range{Start: 0, End: media.Time(high) * unit})
	for _, t := range m.tracks {
		var rs []media.Range
		list := t.ranges()
		for i, r := range list {
			if i == len(list)-1 && m.ended {
				r[1] = high
			}
			rs = append(rs, media.Range{Start: media.Time(r[0]) * unit, End: media.Time(r[1]) * unit})
		}
		out = out.Intersect(media.NewRanges(rs...))
	}
	return out
}

// stored lists the frames of a track in a form that can be compared.
func (t *modelTrack) stored() string {
	var out []string
	for _, x := range t.frames {
		out = append(out, fmt.Sprintf("%d@%d|%d+%d", x.id, x.pts, x.dts, x.dur))
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// script writes frames in the language of msetest.
func script(frames []modelFrame) string {
	var b strings.Builder
	for _, f := range frames {
		fmt.Fprintf(&b, "%du|%duD%du#%d", f.pts*unitMicros, f.dts*unitMicros, f.dur*unitMicros, f.id)
		if f.rap {
			b.WriteByte('K')
		}
		b.WriteByte(' ')
	}
	return b.String() + "\n"
}

// compare runs one random string of operations on both and returns the first difference.
func compare(seed uint64, steps int) error {
	r := rand.New(rand.NewPCG(seed, 3))
	var queue []func()
	loop := mse.NewEventLoop(func(run func()) { queue = append(queue, run) })
	pump := func() {
		for len(queue) > 0 {
			queue[0]()
			queue = queue[1:]
		}
	}
	ms := mse.New(mse.Options{Loop: loop, Private: map[string]func() bytestream.Parser{msetest.TextType: msetest.NewTextParser}})
	a, err := ms.Attach(nil)
	if err != nil {
		return err
	}
	defer a.Detach()
	sb, err := ms.AddSourceBuffer(msetest.TextType)
	if err != nil {
		return err
	}
	m := &model{windowEnd: forever, duration: 64}
	init := "init"
	for range 1 + r.IntN(2) {
		audio := len(m.tracks) == 1
		m.tracks = append(m.tracks, &modelTrack{audio: audio, needRAP: true})
		init += map[bool]string{true: " audio aac", false: " video h264"}[audio]
	}
	init += " dur=1\n"
	_ = sb.AppendBuffer([]byte(init))
	pump()
	id := 20 // payload sizes; the text of a time is shorter
	var log []string
	for range steps {
		var err error
		switch op := r.IntN(16); {
		case op < 8: // append a few frames: a group of pictures, or its rest
			n := r.IntN(len(m.tracks))
			t := m.tracks[n]
			start, dur, count := r.IntN(200), 1+r.IntN(3), 1+r.IntN(8)
			if t.lastDTS != nil && r.IntN(2) == 0 {
				start = max(*t.lastDTS+t.lastDur-m.offset, 0) // go on where the last frame ended
			}
			noKey := !t.audio && r.IntN(5) == 0
			var frames []modelFrame
			for i := range count {
				k := i
				if !t.audio && i > 0 && (i-1)/2*2+2 < count {
					k = i + []int{1, -1}[(i-1)%2] // reordered in pairs
				}
				id++
				frames = append(frames, modelFrame{pts: start + k*dur, dts: start + i*dur, dur: dur, id: id, rap: t.audio || i == 0 && !noKey})
			}
			line := fmt.Sprintf("%d: %s", n+1, script(frames))
			log = append(log, strings.TrimSpace("append "+line))
			err = sb.AppendBuffer([]byte(line))
			m.ended = false
			for _, f := range frames {
				m.process(t, f)
			}
			m.duration = max(m.duration, m.groupEnd)
		case op < 10:
			from := r.IntN(m.duration + 1)
			to := from + 1 + r.IntN(60)
			if r.IntN(10) == 0 {
				to = forever
			}
			log = append(log, fmt.Sprintf("remove %d-%d", from, to))
			end := media.Time(to) * unit
			if to == forever {
				end = media.Forever
			}
			err = sb.Remove(media.Time(from)*unit, end)
			m.ended = false
			m.removal(from, to)
		case op == 10 && !m.ended:
			log = append(log, "abort")
			err = sb.Abort()
			m.abort()
		case op == 11 && len(m.tracks) == 1: // a window trims sound, which the model does not
			m.windowStart = r.IntN(60)
			m.windowEnd = m.windowStart + 1 + r.IntN(100)
			log = append(log, fmt.Sprintf("window %d-%d", m.windowStart, m.windowEnd))
			_ = sb.SetAppendWindowStart(0)
			_ = sb.SetAppendWindowEnd(media.Forever)
			_ = sb.SetAppendWindowStart(media.Time(m.windowStart) * unit)
			err = sb.SetAppendWindowEnd(media.Time(m.windowEnd) * unit)
		case op == 12:
			m.offset = r.IntN(100)
			if m.sequence {
				m.groupStart = ptr(m.offset)
			}
			m.ended = false
			log = append(log, fmt.Sprintf("offset %d", m.offset))
			err = sb.SetTimestampOffset(media.Span(m.offset) * unit)
		case op == 13:
			m.sequence, m.ended = !m.sequence, false
			if m.sequence {
				m.groupStart = ptr(m.groupEnd)
			}
			log = append(log, fmt.Sprintf("sequence %v", m.sequence))
			err = sb.SetMode(map[bool]mse.AppendMode{true: mse.Sequence, false: mse.Segments}[m.sequence])
		case op == 14 && !m.ended:
			log = append(log, "eos")
			err = ms.EndOfStream(mse.EndNormal)
			m.ended, m.duration = true, 0
			for _, t := range m.tracks {
				if rs := t.ranges(); len(rs) > 0 {
					m.duration = max(m.duration, rs[len(rs)-1][1])
				}
			}
		case op == 15: // the same initialization segment again
			log = append(log, "init")
			err = sb.AppendBuffer([]byte(init))
			m.ended = false
			for _, t := range m.tracks {
				t.needRAP = true
			}
		}
		pump()
		differ := func(what string, got, want any) error {
			return fmt.Errorf("seed %d: %s:\n got %v\nwant %v\nafter\n  %s", seed, what, got, want, strings.Join(log, "\n  "))
		}
		if err != nil {
			return differ("error", err, nil)
		}
		for i, list := range sb.Frames() {
			t := &modelTrack{}
			for _, f := range list {
				if f.DecodeOnly {
					continue
				}
				t.frames = append(t.frames, modelFrame{pts: int(f.PTS / unit), dts: int(f.DTS / unit), dur: int(f.Duration / unit), id: len(f.Data)})
			}
			if got, want := t.stored(), m.tracks[i].stored(); got != want {
				return differ(fmt.Sprintf("frames of track %d", i+1), got, want)
			}
		}
		if got, _ := sb.Buffered(); got.String() != m.buffered().String() {
			return differ("buffered", got, m.buffered())
		}
		if got, want := sb.TimestampOffset(), media.Span(m.offset)*unit; got != want {
			return differ("timestampOffset", got, want)
		}
		if got, _ := ms.Duration(); got != media.Time(m.duration)*unit {
			return differ("duration", got, media.Time(m.duration)*unit)
		}
	}
	return nil
}

// TestModel compares the coded frame processing, removal and buffered algorithms with their model on random strings of
// operations.
func TestModel(t *testing.T) {
	for seed := range uint64(500) {
		if err := compare(seed, 25); err != nil {
			t.Fatal(err)
		}
	}
}

func FuzzModel(f *testing.F) {
	f.Add(uint64(1), uint8(20))
	f.Fuzz(func(t *testing.T, seed uint64, steps uint8) {
		if err := compare(seed, int(steps)); err != nil {
			t.Fatal(err)
		}
	})
}
