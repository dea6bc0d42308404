package track

import "mseplayer/mse/media"

const (
	// fan is how many entries a node of the tree has at most: what makes a node fill a size class of the allocator.
	fan = 18
	// maxJoined is how many entries two neighbouring nodes may have together to become one.
	maxJoined = fan * 3 / 4
)

// tree holds the blocks of a Buffer in the order of their keys: a list for stepping from one to the next, and over it a
// B+ tree. What a search compares lies in the nodes, side by side, so that it meets only as many cache lines as the tree
// is deep, and a block is not touched before it has been found. For each entry a node also knows the hull of what is
// below, so that the blocks that can intersect an interval are found without looking at the others, whatever their
// lengths.
type tree struct {
	root        *node
	first, last *block
}

// node is a leaf, whose entries are blocks, or has nodes of the level below as its entries.
type node struct {
	up   *node
	n    int32
	leaf bool

	key             [fan]media.Time // the key of an entry, or of the first block below it
	start, end, pts [fan]media.Time // its hull
	sub             [fan]*node      // unless leaf
	blk             [fan]*block     // if leaf
}

// entry is one entry of a node: what is below has key, presents something from start to end, and at pts the last.
type entry struct {
	key, start, end, pts media.Time
	sub                  *node
	blk                  *block
}

// floor returns the last block whose key is at most t, nil when there is none.
func (tr *tree) floor(t media.Time) *block {
	n := tr.root
	if n == nil || !(n.key[0] <= t) {
		return nil
	}
	for !n.leaf {
		n = n.sub[n.find(t)]
	}
	return n.blk[n.find(t)]
}

// after returns the first block whose key is greater than t, nil when there is none.
func (tr *tree) after(t media.Time) *block {
	if n := tr.floor(t); n != nil {
		return n.next
	}
	return tr.first
}

// highest returns the highest PTS of all blocks, minus infinity when there are none.
func (tr *tree) highest() media.Time {
	if tr.root == nil {
		return minusInf
	}
	return tr.root.entry().pts
}

// insert puts blk behind all blocks of the same or a smaller key.
func (tr *tree) insert(blk *block) {
	blk.prev, blk.next, blk.until = nil, nil, media.Forever
	if tr.root == nil {
		tr.root = &node{leaf: true}
		tr.root.insert(0, blk.entry())
		tr.first, tr.last = blk, blk
		return
	}
	n := tr.root
	for !n.leaf {
		n = n.sub[n.find(blk.key)]
	}
	i := n.find(blk.key)
	if blk.key < n.key[i] {
		blk.next = n.blk[i]
		blk.prev = blk.next.prev
	} else {
		blk.prev = n.blk[i]
		blk.next = blk.prev.next
		i++
	}
	if blk.prev != nil {
		blk.prev.next, blk.prev.until = blk, blk.key
	} else {
		tr.first = blk
	}
	if blk.next != nil {
		blk.next.prev, blk.until = blk, blk.next.key
	} else {
		tr.last = blk
	}
	tr.put(n, i, blk.entry())
}

// remove takes blk out. Its prev and next keep pointing where they did.
func (tr *tree) remove(blk *block) {
	if blk.prev != nil {
		blk.prev.next, blk.prev.until = blk.next, blk.until
	} else {
		tr.first = blk.next
	}
	if blk.next != nil {
		blk.next.prev = blk.prev
	} else {
		tr.last = blk.prev
	}
	n := blk.leaf
	n.drop(n.slotOf(blk))
	blk.leaf = nil
	for n.n == 0 {
		up := n.up
		if up == nil {
			tr.root = nil
			return
		}
		up.drop(up.slot(n))
		n = up
	}
	for up := n.up; up != nil; n, up = up, up.up {
		i := up.slot(n)
		up.join(i)
		if i > 0 {
			up.join(i - 1)
		}
	}
	for !tr.root.leaf && tr.root.n == 1 {
		tr.root = tr.root.sub[0]
		tr.root.up = nil
	}
}

// changed tells the tree that the key or the hull of blk is another one. The order of the blocks is not.
func (tr *tree) changed(blk *block) {
	n, e := blk.leaf, blk.entry()
	i := n.slotOf(blk)
	if n.key[i] != e.key && blk.prev != nil {
		blk.prev.until = e.key
	}
	for {
		if n.key[i] == e.key && n.start[i] == e.start && n.end[i] == e.end && n.pts[i] == e.pts {
			return
		}
		grown := e.start <= n.start[i] && e.end >= n.end[i] && e.pts >= n.pts[i]
		n.set(i, e)
		up := n.up
		if up == nil {
			return
		}
		i = up.slot(n)
		if grown {
			e = entry{key: n.key[0], start: least(up.start[i], e.start), end: most(up.end[i], e.end), pts: most(up.pts[i], e.pts), sub: n}
		} else {
			e = n.entry()
		}
		n = up
	}
}

// put makes e entry i of n, and two nodes of n when it is full.
func (tr *tree) put(n *node, i int, e entry) {
	if n.n < fan {
		n.insert(i, e)
		for up := n.up; up != nil; n, up = up, up.up {
			up.set(up.slot(n), n.entry())
		}
		return
	}
	cut := fan / 2
	if i == fan {
		cut = fan // as what comes in order goes on: leave full nodes behind
	}
	r := &node{leaf: n.leaf}
	for k := cut; k < fan; k++ {
		r.insert(k-cut, n.get(k))
	}
	n.truncate(cut)
	if i > cut || i == fan {
		r.insert(i-cut, e)
	} else {
		n.insert(i, e)
	}
	if n.up == nil {
		tr.root = &node{}
		tr.root.insert(0, n.entry())
	}
	up := n.up
	k := up.slot(n)
	up.set(k, n.entry())
	tr.put(up, k+1, r.entry())
}

// find returns the last entry whose key is at most t, the first one when there is none.
func (n *node) find(t media.Time) int {
	lo, hi := 0, int(n.n)
	for hi-lo > 1 {
		if m := (lo + hi) / 2; n.key[m] <= t {
			lo = m
		} else {
			hi = m
		}
	}
	return lo
}

// slot returns the entry that is sub, slotOf the one that is blk. The last entry is the likeliest.
func (n *node) slot(sub *node) int {
	i := int(n.n) - 1
	for n.sub[i] != sub {
		i--
	}
	return i
}

func (n *node) slotOf(blk *block) int {
	i := int(n.n) - 1
	for n.blk[i] != blk {
		i--
	}
	return i
}

// get returns entry i, set writes it; insert makes room for it, drop closes the room.
func (n *node) get(i int) entry {
	return entry{n.key[i], n.start[i], n.end[i], n.pts[i], n.sub[i], n.blk[i]}
}

func (n *node) set(i int, e entry) {
	n.key[i], n.start[i], n.end[i], n.pts[i] = e.key, e.start, e.end, e.pts
	if n.leaf {
		if n.blk[i] != e.blk {
			n.blk[i], e.blk.leaf = e.blk, n
		}
		return
	}
	if n.sub[i] != e.sub {
		n.sub[i], e.sub.up = e.sub, n
	}
}

func (n *node) insert(i int, e entry) {
	k := int(n.n)
	copy(n.key[i+1:k+1], n.key[i:k])
	copy(n.start[i+1:k+1], n.start[i:k])
	copy(n.end[i+1:k+1], n.end[i:k])
	copy(n.pts[i+1:k+1], n.pts[i:k])
	if n.leaf {
		copy(n.blk[i+1:k+1], n.blk[i:k])
		n.blk[i] = nil
	} else {
		copy(n.sub[i+1:k+1], n.sub[i:k])
		n.sub[i] = nil
	}
	n.n++
	n.set(i, e)
}

func (n *node) drop(i int) {
	k := int(n.n)
	copy(n.key[i:k], n.key[i+1:k])
	copy(n.start[i:k], n.start[i+1:k])
	copy(n.end[i:k], n.end[i+1:k])
	copy(n.pts[i:k], n.pts[i+1:k])
	copy(n.sub[i:k], n.sub[i+1:k])
	copy(n.blk[i:k], n.blk[i+1:k])
	n.truncate(k - 1)
}

// truncate forgets the entries from k on.
func (n *node) truncate(k int) {
	clear(n.sub[k:n.n])
	clear(n.blk[k:n.n])
	n.n = int32(k)
}

// join brings entry i up to date, and makes one node of it and the one that follows where they have room in one.
func (n *node) join(i int) {
	a := n.sub[i]
	if i+1 < int(n.n) {
		if b := n.sub[i+1]; a.n+b.n <= maxJoined {
			for k := range int(b.n) {
				a.insert(int(a.n), b.get(k))
			}
			n.drop(i + 1)
		}
	}
	n.set(i, a.entry())
}

// entry describes n to the node above, and a block to its leaf.
func (n *node) entry() entry {
	e := entry{key: n.key[0], start: n.start[0], end: n.end[0], pts: n.pts[0], sub: n}
	for i := 1; i < int(n.n); i++ {
		e.start, e.end, e.pts = least(e.start, n.start[i]), most(e.end, n.end[i]), most(e.pts, n.pts[i])
	}
	return e
}

func (blk *block) entry() entry {
	return entry{key: blk.key, start: blk.minPTS, end: blk.maxEnd, pts: blk.maxPTS, blk: blk}
}

// touching appends the blocks whose hull intersects or touches [from, to] to out, in order.
func (tr *tree) touching(out []*block, from, to media.Time) []*block {
	if tr.root == nil {
		return out
	}
	return tr.root.touching(out, from, to)
}

func (n *node) touching(out []*block, from, to media.Time) []*block {
	for i := range int(n.n) {
		switch {
		case !(n.end[i] >= from && n.start[i] <= to):
		case n.leaf:
			out = append(out, n.blk[i])
		default:
			out = n.sub[i].touching(out, from, to)
		}
	}
	return out
}

// least and most are min and max without their care for what is not a number: stored times are numbers.
func least(x, y media.Time) media.Time {
	if y < x {
		return y
	}
	return x
}

func most(x, y media.Time) media.Time {
	if y > x {
		return y
	}
	return x
}
