package wpt

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// maxTasks bounds the tasks and timers of one page. A page that reaches it has lost control of itself.
const maxTasks = 1 << 16

// loop is a page's event loop: tasks and timers in one queue, run by one goroutine in the order in which they are due.
type loop struct {
	wake chan struct{} // one slot: look at the queue again

	mu    sync.Mutex
	queue queue  // guarded by mu
	last  uint64 // guarded by mu: number of the latest task
}

// task is a function that is due at a time; seq keeps the order of those due at the same one.
type task struct {
	at  time.Time
	seq uint64
	fn  func()
}

func newLoop() *loop { return &loop{wake: make(chan struct{}, 1)} }

// post queues fn. It may be called from any goroutine.
func (l *loop) post(fn func()) { l.after(0, fn) }

// after queues fn for the time when d has passed and returns the number that cancels it, 0 when the queue is full.
func (l *loop) after(d time.Duration, fn func()) uint64 {
	l.mu.Lock()
	if len(l.queue) >= maxTasks {
		l.mu.Unlock()
		return 0
	}
	l.last++
	id := l.last
	heap.Push(&l.queue, task{at: time.Now().Add(max(d, 0)), seq: id, fn: fn})
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
	return id
}

// cancel takes a task out. Those that have run or do not exist are ignored.
func (l *loop) cancel(id uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, t := range l.queue {
		if t.seq == id {
			heap.Remove(&l.queue, i)
			return
		}
	}
}

// run runs tasks until ctx ends.
func (l *loop) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		fn, wait := l.next(time.Now())
		if fn != nil {
			fn()
			continue
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
		case <-l.wake:
		case <-timer.C:
		}
	}
}

// next takes out the first task if it is due, else it says how long to wait.
func (l *loop) next(now time.Time) (fn func(), wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		return nil, time.Hour
	}
	if wait := l.queue[0].at.Sub(now); wait > 0 {
		return nil, wait
	}
	return heap.Pop(&l.queue).(task).fn, 0
}

// queue is a heap of tasks.
type queue []task

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if !q[i].at.Equal(q[j].at) {
		return q[i].at.Before(q[j].at)
	}
	return q[i].seq < q[j].seq
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(task)) }
func (q *queue) Pop() any {
	old := *q
	t := old[len(old)-1]
	old[len(old)-1] = task{}
	*q = old[:len(old)-1]
	return t
}
