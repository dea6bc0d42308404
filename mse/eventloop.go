package mse

import (
	"context"
	"slices"
	"sync"
)

// maxTasks bounds the task queue. One operation per SourceBuffer keeps it short; it fills only when a listener
// does not return.
const maxTasks = 4096

// EventLoop is the lock and the task queue that a media element and its MediaSource objects share. Events and the
// asynchronous steps of algorithms are tasks; they run one at a time, in the order of queueing.
type EventLoop struct {
	post func(run func()) // immutable

	mu      sync.Mutex
	tasks   []task        // guarded by mu
	soon    []func()      // guarded by mu: what runs before the next task
	running bool          // guarded by mu: an executor is at work or has been asked for
	idle    chan struct{} // guarded by mu: closed when the queue runs empty; nil while nobody waits
	wake    chan struct{} // guarded by mu: closed and replaced when buffered data or state changed
}

// task is an event or a step. A step may belong to a target, too.
type task struct {
	target *EventTarget
	event  Event
	step   func() // takes the lock itself
}

// NewEventLoop returns a loop. post is asked to run the queue whenever it becomes non-empty; it must arrange for
// its argument to be called soon, on any goroutine, but never synchronously. With a nil post the loop uses a
// goroutine of its own, which lives only while there are tasks.
func NewEventLoop(post func(run func())) *EventLoop {
	if post == nil {
		post = func(run func()) { go run() }
	}
	return &EventLoop{post: post, wake: make(chan struct{})}
}

// Tx is proof that the loop's lock is held. It is valid only inside the function it was given to.
type Tx struct{ l *EventLoop }

// Do runs fn under the lock. fn must not block and must not call methods that lock.
func (l *EventLoop) Do(fn func(*Tx)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fn(&Tx{l})
}

// Queue queues a task that fires an event at t.
func (tx *Tx) Queue(t *EventTarget, typ string) { tx.QueueError(t, typ, nil) }

// QueueError queues a task that fires an event with a cause.
func (tx *Tx) QueueError(t *EventTarget, typ string, err error) {
	tx.l.add(task{target: t, event: Event{Type: typ, Target: t, Err: err}})
}

// QueueStep queues a task that runs fn under the lock.
func (tx *Tx) QueueStep(fn func(*Tx)) {
	l := tx.l
	l.add(task{step: func() { l.Do(fn) }})
}

// QueueCall queues a task that runs fn without the lock.
func (tx *Tx) QueueCall(fn func()) { tx.l.add(task{step: fn}) }

// QueueCallOf is QueueCall for a task that belongs to t, as the events do that are fired at t: Discard takes it back.
func (tx *Tx) QueueCallOf(t *EventTarget, fn func()) { tx.l.add(task{target: t, step: fn}) }

// Discard takes back the tasks that belong to t and have not begun.
func (tx *Tx) Discard(t *EventTarget) {
	tx.l.tasks = slices.DeleteFunc(tx.l.tasks, func(x task) bool { return x.target == t })
}

// Soon runs fn, without the lock, when the task that runs now has ended, or at once on the executor if none runs. It
// comes before all queued tasks.
// HTML: await-a-stable-state.
func (tx *Tx) Soon(fn func()) {
	tx.l.soon = append(tx.l.soon, fn)
	tx.l.execute()
}

// Changed wakes everything that waits for buffered data or state.
func (tx *Tx) Changed() {
	close(tx.l.wake)
	tx.l.wake = make(chan struct{})
}

// Changed returns a channel that is closed at the next change of buffered data, duration, tracks or state of anything
// that the loop guards.
func (l *EventLoop) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wake
}

// full reports that a listener is stuck and no new operation may start. The lock must be held.
func (l *EventLoop) full() bool { return len(l.tasks) >= maxTasks }

// add appends a task. The lock must be held.
func (l *EventLoop) add(t task) {
	l.tasks = append(l.tasks, t)
	l.execute()
}

// execute asks for an executor if there is none. The lock must be held.
func (l *EventLoop) execute() {
	if !l.running {
		l.running = true
		l.post(l.run)
	}
}

// run executes tasks until there are none.
func (l *EventLoop) run() {
	for {
		l.mu.Lock()
		if len(l.soon) > 0 {
			fn := l.soon[0]
			l.soon = slices.Delete(l.soon, 0, 1)
			l.mu.Unlock()
			fn()
			continue
		}
		if len(l.tasks) == 0 {
			l.running, l.tasks = false, nil
			if l.idle != nil {
				close(l.idle)
				l.idle = nil
			}
			l.mu.Unlock()
			return
		}
		t := l.tasks[0]
		l.tasks[0] = task{}
		l.tasks = l.tasks[1:]
		l.mu.Unlock()
		if t.step != nil {
			t.step()
			continue
		}
		t.target.dispatch(t.event)
	}
}

// Drain waits until the task queue is empty or ctx ends. It must not be called from a handler.
func (l *EventLoop) Drain(ctx context.Context) error {
	l.mu.Lock()
	if !l.running {
		l.mu.Unlock()
		return nil
	}
	if l.idle == nil {
		l.idle = make(chan struct{})
	}
	idle := l.idle
	l.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
