package track

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"mseplayer/mse/media"
)

// check panics when an invariant of the storage does not hold.
func (b *Buffer) check() {
	var bytes, count int64
	var prev *block
	for blk := b.blocks.first; blk != nil; prev, blk = blk, blk.next {
		if blk.prev != prev || prev != nil && prev.next != blk {
			panic("list of blocks")
		}
		if len(blk.frames) == 0 || !blk.presents() {
			panic("empty block")
		}
		if prev != nil && prev.key > blk.key {
			panic("blocks out of order")
		}
		if !blk.frames[0].RAP {
			panic("block does not begin with a random access point")
		}
		var sum int64
		for j, f := range blk.frames {
			sum += int64(len(f.Data))
			if blk.run && (!f.RAP || f.DecodeOnly || j > 0 && f.PTS <= blk.frames[j-1].PTS) {
				panic("run out of order")
			}
			if blk.run && blk.next != nil && f.PTS > blk.next.key {
				panic("run reaches over the next block")
			}
			if !blk.run && j > 0 && f.DTS < blk.frames[j-1].DTS {
				panic("decode times go back inside a GOP")
			}
			if !f.DecodeOnly && (f.PTS < blk.minPTS || f.PTS > blk.maxPTS || f.End() > blk.maxEnd) {
				panic("frame outside the hull of its block")
			}
		}
		if blk.first != blk.frames[0] || blk.firstEnd != blk.first.End() || blk.led != blk.first.DecodeOnly || !blk.led && blk.key != blk.first.PTS {
			panic("what a block knows of its first frame")
		}
		if blk.next == nil && blk.until != media.Forever || blk.next != nil && blk.until != blk.next.key {
			panic("the key that follows")
		}
		if sum != blk.bytes {
			panic("bytes of a block")
		}
		bytes, count = bytes+sum, count+int64(len(blk.frames))
	}
	if b.last != nil && (b.home == nil || b.home.frames[len(b.home.frames)-1] != b.last) {
		panic("home of the last frame")
	}
	if prev != b.blocks.last {
		panic("last block")
	}
	if bytes != b.bytes || count != b.count {
		panic(fmt.Sprintf("sums: %d bytes %d frames, counted %d %d", b.bytes, b.count, bytes, count))
	}
	at := b.blocks.first
	if root := b.blocks.root; root != nil {
		if root.up != nil || !root.leaf && root.n == 1 {
			panic("root of the tree")
		}
		at, _ = root.check(at)
	}
	if at != nil {
		panic("the tree ends before the list")
	}
}

// checkRanges panics when what is kept of the ranges is not what comes out when everything is derived anew.
func (b *Buffer) checkRanges() {
	want := media.Ranges(b.bridged(merge(b.ranges.all, b.covered.all, b.tol), b.tol))
	if got := b.View(); !got.Equal(want) {
		panic(fmt.Sprintf("ranges %s, derived anew %s\nof frames %s\ncovered %s\nbridges %s", got, want, b.ranges.all, b.covered.all, media.Ranges(b.bridges)))
	}
}

// check walks a subtree along the list, whose next member is at, and returns the member after the subtree and the depth.
func (n *node) check(at *block) (next *block, depth int) {
	if n.n < 1 || n.n > fan {
		panic("size of a node")
	}
	for i := range int(n.n) {
		if n.leaf {
			if n.blk[i] != at || at.leaf != n || n.get(i) != at.entry() {
				panic("leaf of the tree")
			}
			at = at.next
			continue
		}
		if n.sub[i].up != n || n.get(i) != n.sub[i].entry() {
			panic("node of the tree")
		}
		var d int
		if at, d = n.sub[i].check(at); i > 0 && d != depth {
			panic("depth of the tree")
		}
		depth = max(depth, d)
	}
	for i := int(n.n); i < fan; i++ {
		if n.sub[i] != nil || n.blk[i] != nil {
			panic("what has been removed is still held")
		}
	}
	return at, depth + 1
}

// model is the specification's track buffer spelled out: a list of frames, searched from end to end.
type model struct {
	gops    [][]*media.CodedFrame
	longest media.Span
}

func (m *model) remove(start, end media.Time, keep int) {
	var out [][]*media.CodedFrame
	for i, g := range m.gops {
		if i != keep {
			if k := slices.IndexFunc(g, func(f *media.CodedFrame) bool { return f.PTS >= start && f.PTS < end }); k >= 0 {
				g = g[:k]
			}
		}
		if len(g) > 0 {
			out = append(out, g)
		}
	}
	m.gops = out
}

// appendGOP adds a GOP frame by frame as one coded frame group.
func (m *model) appendGOP(frames []*media.CodedFrame) {
	open := -1
	highest := media.Opt{}
	for _, f := range frames {
		m.longest = max(m.longest, f.Duration)
		from := f.PTS
		if highest.Set {
			from = highest.T
		}
		if from <= f.PTS.Add(Slack(f.PTS)) {
			var g []*media.CodedFrame
			if open >= 0 {
				g = m.gops[open]
				m.gops = slices.Delete(m.gops, open, open+1)
			}
			m.remove(from.Add(-Slack(from)), f.End().Add(-Slack(f.End())), -1)
			if g != nil {
				m.gops = append(m.gops, g)
				open = len(m.gops) - 1
			}
		}
		if open < 0 {
			m.gops = append(m.gops, nil)
			open = len(m.gops) - 1
		}
		m.gops[open] = append(m.gops[open], f)
		if !highest.Set || f.End() > highest.T {
			highest = media.Some(f.End())
		}
	}
}

func (m *model) ranges() media.Ranges {
	var all []media.Range
	for _, g := range m.gops {
		for _, f := range g {
			all = append(all, media.Range{Start: f.PTS, End: f.End()})
		}
	}
	var out []media.Range
	tol := max(2*m.longest+1e-6, minTolerance)
	for _, r := range media.NewRanges(all...) {
		if n := len(out); n > 0 && r.Start.Sub(out[n-1].End) <= tol {
			out[n-1].End = r.End
			continue
		}
		out = append(out, r)
	}
	return out
}

func (m *model) frames() string {
	var all []string
	for _, g := range m.gops {
		for _, f := range g {
			all = append(all, string(f.Data))
		}
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func (b *Buffer) dump() string {
	var all []string
	b.Each(func(f *media.CodedFrame) bool { all = append(all, string(f.Data)); return true })
	slices.Sort(all)
	return strings.Join(all, " ")
}

// gop makes n frames from start, in decode order, with B frames when reorder is set. step is in ticks of 1/1000.
func gop(start, step, n int, reorder, independent bool, tag int) []*media.CodedFrame {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	if reorder {
		for i := 1; i+2 < n; i += 3 {
			order[i], order[i+1], order[i+2] = i+2, i, i+1
		}
	}
	out := make([]*media.CodedFrame, n)
	for i, k := range order {
		pts := media.FromTicks(int64(start+k*step), 1000)
		out[i] = &media.CodedFrame{PTS: pts, DTS: media.FromTicks(int64(start+i*step-3*step), 1000), Duration: media.SpanFromTicks(int64(step), 1000),
			RAP: i == 0 || independent, Data: fmt.Appendf(nil, "%d/%d.%d", start+k*step, tag, k)}
	}
	return out
}

// run replays a random sequence of operations on both, and reads along with a cursor.
func replay(seed uint64, steps int) error {
	r := rand.New(rand.NewPCG(seed, 1))
	b, m := New(), &model{}
	c := b.Cursor()
	defer c.Close()
	c.Seek(0, 0)
	independent, bridges := seed%3 == 0, seed%4 == 1
	lent, was := b.Ranges(), ""
	var log []string
	fail := func(format string, args ...any) error {
		return fmt.Errorf("seed %d: %s\nafter %s", seed, fmt.Sprintf(format, args...), strings.Join(log, "; "))
	}
	for i := range steps {
		start, step := r.IntN(40)*50, []int{20, 25, 40}[r.IntN(3)]
		switch op := r.IntN(10); {
		case bridges && op == 0:
			length := 1 + r.IntN(400)
			log = append(log, fmt.Sprintf("bridge %d+%d", start, length))
			b.Bridge(media.Range{Start: media.FromTicks(int64(start), 1000), End: media.FromTicks(int64(start+length), 1000)})
		case bridges && op == 1:
			length := 1 + r.IntN(200)
			log = append(log, fmt.Sprintf("cover %d+%d", start, length))
			b.Cover(media.Range{Start: media.FromTicks(int64(start), 1000), End: media.FromTicks(int64(start+length), 1000)})
		case op < 6:
			n := 1 + r.IntN(12)
			frames := gop(start, step, n, r.IntN(2) == 0, independent, i)
			log = append(log, fmt.Sprintf("append %d+%dx%d", start, n, step))
			if independent {
				slices.SortFunc(frames, func(x, y *media.CodedFrame) int { return int(1e6 * (x.PTS - y.PTS)) })
				for _, f := range frames {
					m.appendGOP([]*media.CodedFrame{f})
				}
			} else {
				m.appendGOP(frames)
			}
			b.EndGroup()
			highest := media.Opt{}
			for _, f := range frames {
				switch {
				case !highest.Set:
					b.RemoveOverlapped(f.PTS, f.End())
				case highest.T <= f.PTS.Add(Slack(f.PTS)):
					b.RemoveOverlapped(highest.T, f.End())
				}
				b.Add(f, nil)
				b.check()
				if !highest.Set || f.End() > highest.T {
					highest = media.Some(f.End())
				}
			}
		case op < 8:
			length := 1 + r.IntN(300)
			log = append(log, fmt.Sprintf("remove %d+%d", start, length))
			from, to := media.FromTicks(int64(start), 1000), media.FromTicks(int64(start+length), 1000)
			b.Remove(from, to)
			m.remove(from, to, -1)
			b.EndGroup()
		case op == 8 && i%2 == 0:
			log = append(log, fmt.Sprintf("skip to %d", start))
			t := media.FromTicks(int64(start), 1000)
			if n := c.SkipTo(t, t.Add(0.5)); n < 0 || n > int(b.Len()) {
				return fail("skipped %d of %d frames", n, b.Len())
			}
		case op == 8:
			c.Seek(media.FromTicks(int64(start), 1000), 0)
			log = append(log, fmt.Sprintf("seek %d", start))
		default:
			n := r.IntN(20)
			log = append(log, fmt.Sprintf("read %d", n))
			c.Relocate(0, false)
			last := minusInf
			for range n {
				it, s := c.Next()
				if s != Ready {
					break
				}
				if it.Frame == nil {
					if !bridges || it.Silence.Len() <= 0 {
						return fail("nil frame")
					}
					continue
				}
				if independent && !it.DecodeOnly {
					if it.Frame.PTS < last {
						return fail("reading went back from %s to %s", last, it.Frame.PTS)
					}
					last = it.Frame.PTS
				}
			}
		}
		b.check()
		if got, want := b.dump(), m.frames(); got != want {
			return fail("frames\n got %s\nwant %s", got, want)
		}
		b.View()
		if got, want := b.ranges.all.String(), m.ranges().String(); got != want {
			return fail("ranges\n got %s\nwant %s", got, want)
		}
		b.checkRanges()
		if got := lent.String(); got != was && i > 0 {
			return fail("ranges that have been returned became\n %s, were\n %s", got, was)
		}
		if r.IntN(3) > 0 {
			lent = b.Ranges()
		}
		was = lent.String()
	}
	return nil
}

func TestBuffer_AgainstModel(t *testing.T) {
	for seed := range uint64(400) {
		if err := replay(seed, 40); err != nil {
			t.Fatal(err)
		}
	}
}

func FuzzTrackOps(f *testing.F) {
	f.Add(uint64(1), uint8(20))
	f.Fuzz(func(t *testing.T, seed uint64, steps uint8) {
		if err := replay(seed, int(steps)); err != nil {
			t.Fatal(err)
		}
	})
}

func TestBuffer_Evict(t *testing.T) {
	b := New()
	for i := range 10 {
		for _, f := range gop(i*400, 40, 10, true, false, i) {
			b.Add(f, nil)
		}
	}
	c := b.Cursor()
	defer c.Close()
	c.Seek(1.3, 0)
	c.Relocate(0, false)
	if _, s := c.Next(); s != Ready {
		t.Fatalf("status %d", s)
	}
	b.EvictFront(1<<20, 10)
	b.EvictBack(1<<20, 0)
	b.check()
	if got, want := b.Ranges().String(), "[1.2,1.6) [3.6,4)"; got != want {
		t.Errorf("after eviction: %s, want %s: the GOP being read and the one being added to stay", got, want)
	}
}
