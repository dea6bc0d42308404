package mse

import "slices"

// SourceBufferList is a live list of SourceBuffers.
// MSE: sourcebufferlist.
type SourceBufferList struct {
	EventTarget

	items []*SourceBuffer // guarded by loop; never changed in place
}

func newSourceBufferList(l *EventLoop) *SourceBufferList {
	return &SourceBufferList{EventTarget: NewEventTarget(l)}
}

// Len returns the number of members.
// MSE: dom-sourcebufferlist-length.
func (l *SourceBufferList) Len() int {
	l.loop.mu.Lock()
	defer l.loop.mu.Unlock()
	return len(l.items)
}

// At returns member i, nil beyond the end.
func (l *SourceBufferList) At(i int) *SourceBuffer {
	l.loop.mu.Lock()
	defer l.loop.mu.Unlock()
	if i < 0 || i >= len(l.items) {
		return nil
	}
	return l.items[i]
}

// All returns the members at this moment.
func (l *SourceBufferList) All() []*SourceBuffer {
	l.loop.mu.Lock()
	defer l.loop.mu.Unlock()
	return l.items
}

func (l *SourceBufferList) contains(sb *SourceBuffer) bool { return slices.Contains(l.items, sb) }

func (l *SourceBufferList) remove(sb *SourceBuffer) {
	l.items = slices.DeleteFunc(slices.Clone(l.items), func(x *SourceBuffer) bool { return x == sb })
}
