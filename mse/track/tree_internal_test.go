package track

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"mseplayer/mse/media"
)

// TestTree_AgainstList does the same with a tree and with a sorted list of the same blocks, while their number goes up
// and down by thousands, which makes the tree four levels deep.
func TestTree_AgainstList(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	var tr tree
	var list []*block
	hull := func(blk *block) {
		blk.minPTS = blk.key.Add(-media.Span(r.IntN(5)))
		blk.maxPTS = blk.key.Add(media.Span(r.IntN(20)))
		blk.maxEnd = blk.maxPTS.Add(media.Span(r.IntN(5)))
	}
	behind := func(key media.Time) int {
		i, _ := slices.BinarySearchFunc(list, key, func(x *block, key media.Time) int {
			if x.key <= key {
				return -1
			}
			return 1
		})
		return i
	}
	depth := 0
	check := func() {
		t.Helper()
		at := tr.first
		for i, blk := range list {
			if at != blk || at.prev != nil && at.prev.next != at || i == len(list)-1 && (at != tr.last || at.next != nil) {
				t.Fatalf("block %d of %d is not where it belongs", i, len(list))
			}
			at = at.next
		}
		if tr.root == nil {
			if len(list) > 0 {
				t.Fatal("an empty tree")
			}
			return
		}
		next, d := tr.root.check(tr.first)
		if next != nil {
			t.Fatal("the tree ends before the list")
		}
		depth = max(depth, d)
	}
	const most = 12_000
	key := media.Time(0)
	for step := range 6 * most {
		growing := step/most%2 == 0
		switch op := r.IntN(8); {
		case len(list) == 0 || op < 6 && growing || op < 1:
			// In order as appending does it, at random, or where there is one already.
			switch {
			case step/most == 0:
				key++
			case len(list) > 0 && r.IntN(4) == 0:
				key = list[r.IntN(len(list))].key
			default:
				key = media.Time(r.IntN(most))
			}
			blk := &block{key: key}
			hull(blk)
			list = slices.Insert(list, behind(key), blk)
			tr.insert(blk)
		case op < 6:
			i := r.IntN(len(list))
			if step%3 == 0 {
				i = 0
			}
			tr.remove(list[i])
			list = slices.Delete(list, i, i+1)
		default:
			blk := list[r.IntN(len(list))]
			hull(blk)
			if blk.next != nil && r.IntN(2) == 0 {
				blk.key = (blk.key + blk.next.key) / 2
			}
			tr.changed(blk)
		}
		at := media.Time(r.IntN(most+20) - 10)
		var want *block
		if i := behind(at); i > 0 {
			want = list[i-1]
		}
		if got := tr.floor(at); got != want {
			t.Fatalf("step %d: floor of %s is %p, want %p", step, at, got, want)
		}
		if step%997 != 0 {
			continue
		}
		check()
		var hits []*block
		highest := minusInf
		for _, blk := range list {
			if blk.maxEnd >= at && blk.minPTS <= at+3 {
				hits = append(hits, blk)
			}
			highest = max(highest, blk.maxPTS)
		}
		if got := tr.touching(nil, at, at+3); !slices.Equal(got, hits) {
			t.Fatalf("step %d: %d blocks touch %s, want %d", step, len(got), at, len(hits))
		}
		if got := tr.highest(); got != highest {
			t.Fatalf("step %d: highest PTS %s, want %s", step, got, highest)
		}
	}
	if depth < 4 {
		t.Errorf("the tree was %d levels deep, want at least 4", depth)
	}
	for len(list) > 0 {
		tr.remove(list[len(list)-1])
		list = list[:len(list)-1]
	}
	check()
	if tr.root != nil || tr.first != nil || tr.last != nil {
		t.Error("something is left of an empty tree")
	}
}

// TestBlock_Search: the frames of a run are found whatever their distances.
func TestBlock_Search(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	for seed := range 300 {
		blk := &block{run: true}
		pts := media.Time(r.IntN(100))
		for range 1 + r.IntN(maxRun) {
			blk.frames = append(blk.frames, &media.CodedFrame{PTS: pts, Duration: 1, RAP: true})
			pts++
			if seed%3 > 0 {
				pts += media.Time(r.IntN(3) * r.IntN(200))
			}
		}
		blk.key = blk.frames[0].PTS
		blk.recompute()
		at := []media.Time{minusInf, media.Forever, blk.key, blk.maxPTS, blk.maxEnd}
		for range 200 {
			at = append(at, blk.key-1+media.Time(r.IntN(2*int(blk.maxEnd-blk.key+2)))/2)
		}
		for _, x := range at {
			from, after := 0, 0
			for _, f := range blk.frames {
				if f.PTS < x {
					from++
				}
				if f.PTS <= x {
					after++
				}
			}
			got := fmt.Sprint(blk.from(x), blk.after(x))
			if want := fmt.Sprint(from, after); got != want {
				t.Fatalf("seed %d: %s is found at %s, want %s of %d frames", seed, x, got, want, len(blk.frames))
			}
		}
	}
}
