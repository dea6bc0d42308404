package track

import "mseplayer/mse/media"

// tree holds the blocks of a Buffer in the order of their keys: a list for stepping from one to the next, and over it a
// treap, a search tree that is balanced by random priorities. Every node knows the hull of its subtree, so that the
// blocks that can intersect an interval are found without looking at the others, whatever their lengths.
type tree struct {
	root        *block
	first, last *block
	seed        uint64
}

// links are what the tree keeps in a block.
type links struct {
	left, right *block
	// Over the subtree: the hull of the presented frames and their highest PTS.
	subStart, subEnd, subPTS media.Time

	up, prev, next *block
	prio           uint32
}

// floor returns the last block whose key is at most t, nil when there is none.
func (tr *tree) floor(t media.Time) *block {
	var best *block
	for n := tr.root; n != nil; {
		if n.key <= t {
			best, n = n, n.right
		} else {
			n = n.left
		}
	}
	return best
}

// after returns the first block whose key is greater than t, nil when there is none.
func (tr *tree) after(t media.Time) *block {
	if n := tr.floor(t); n != nil {
		return n.next
	}
	return tr.first
}

// insert puts blk behind all blocks of the same or a smaller key.
func (tr *tree) insert(blk *block) {
	// xorshift64: the shape of the tree depends on the order of operations alone.
	if tr.seed == 0 {
		tr.seed = 0x9e3779b97f4a7c15
	}
	tr.seed ^= tr.seed << 13
	tr.seed ^= tr.seed >> 7
	tr.seed ^= tr.seed << 17
	blk.links = links{prio: uint32(tr.seed >> 32)}
	if tr.root == nil {
		tr.root, tr.first, tr.last = blk, blk, blk
		blk.sum()
		return
	}
	for n := tr.root; ; {
		if blk.key < n.key {
			if n.left == nil {
				n.left, blk.up = blk, n
				blk.prev, blk.next = n.prev, n
				break
			}
			n = n.left
			continue
		}
		if n.right == nil {
			n.right, blk.up = blk, n
			blk.prev, blk.next = n, n.next
			break
		}
		n = n.right
	}
	if blk.prev != nil {
		blk.prev.next = blk
	} else {
		tr.first = blk
	}
	if blk.next != nil {
		blk.next.prev = blk
	} else {
		tr.last = blk
	}
	blk.sum()
	for blk.up != nil && blk.prio > blk.up.prio {
		tr.rotate(blk)
	}
	tr.changed(blk.up)
}

// remove takes blk out, which presents nothing any more. Its prev and next keep pointing where they did.
func (tr *tree) remove(blk *block) {
	tr.changed(blk)
	for blk.left != nil || blk.right != nil {
		if blk.right == nil || blk.left != nil && blk.left.prio > blk.right.prio {
			tr.rotate(blk.left)
		} else {
			tr.rotate(blk.right)
		}
	}
	up := blk.up
	switch {
	case up == nil:
		tr.root = nil
	case up.left == blk:
		up.left = nil
	default:
		up.right = nil
	}
	blk.up = nil
	if blk.prev != nil {
		blk.prev.next = blk.next
	} else {
		tr.first = blk.next
	}
	if blk.next != nil {
		blk.next.prev = blk.prev
	} else {
		tr.last = blk.prev
	}
}

// rotate lifts n above its parent.
func (tr *tree) rotate(n *block) {
	p, g := n.up, n.up.up
	if p.left == n {
		p.left, n.right = n.right, p
		if p.left != nil {
			p.left.up = p
		}
	} else {
		p.right, n.left = n.left, p
		if p.right != nil {
			p.right.up = p
		}
	}
	p.up, n.up = n, g
	switch {
	case g == nil:
		tr.root = n
	case g.left == p:
		g.left = n
	default:
		g.right = n
	}
	p.sum()
	n.sum()
}

// changed derives the hulls of n and of what is above it anew.
func (tr *tree) changed(n *block) {
	for ; n != nil; n = n.up {
		if !n.sum() {
			return
		}
	}
}

// sum derives the hull of a subtree from its root and the two below, and reports whether it is another one.
func (blk *block) sum() bool {
	start, end, pts := blk.minPTS, blk.maxEnd, blk.maxPTS
	for _, c := range [2]*block{blk.left, blk.right} {
		if c != nil {
			start, end, pts = min(start, c.subStart), max(end, c.subEnd), max(pts, c.subPTS)
		}
	}
	if start == blk.subStart && end == blk.subEnd && pts == blk.subPTS {
		return false
	}
	blk.subStart, blk.subEnd, blk.subPTS = start, end, pts
	return true
}

// touching appends the blocks whose hull intersects or touches [from, to] to out, in order.
func (tr *tree) touching(out []*block, from, to media.Time) []*block {
	return tr.root.touching(out, from, to)
}

func (blk *block) touching(out []*block, from, to media.Time) []*block {
	if blk == nil || blk.subEnd < from || blk.subStart > to {
		return out
	}
	out = blk.left.touching(out, from, to)
	if blk.maxEnd >= from && blk.minPTS <= to {
		out = append(out, blk)
	}
	return blk.right.touching(out, from, to)
}
