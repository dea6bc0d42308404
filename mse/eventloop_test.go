package mse_test

import (
	"context"
	"strings"
	"testing"

	"mseplayer/mse"
)

// TestEventLoop_Order runs one task that queues others and checks what runs when.
func TestEventLoop_Order(t *testing.T) {
	tests := []struct {
		name string
		task func(l *mse.EventLoop, tx *mse.Tx, a, b *mse.EventTarget, call func(string) func())
		want string
	}{
		{"tasks in order", func(_ *mse.EventLoop, tx *mse.Tx, a, b *mse.EventTarget, call func(string) func()) {
			tx.Queue(a, "a1")
			tx.QueueCall(call("call"))
			tx.Queue(b, "b1")
		}, "a1 call b1"},
		{"soon comes before what is queued", func(l *mse.EventLoop, tx *mse.Tx, a, _ *mse.EventTarget, call func(string) func()) {
			tx.Queue(a, "a1")
			tx.Soon(call("soon1"))
			tx.Soon(call("soon2"))
		}, "soon1 soon2 a1"},
		{"soon comes after the task that runs", func(l *mse.EventLoop, tx *mse.Tx, a, _ *mse.EventTarget, call func(string) func()) {
			tx.QueueCall(func() {
				l.Do(func(tx *mse.Tx) {
					tx.Queue(a, "a1")
					tx.Soon(call("soon"))
				})
				call("task")()
			})
			tx.QueueCall(call("next"))
		}, "task soon next a1"},
		{"discard takes back one target's tasks", func(l *mse.EventLoop, tx *mse.Tx, a, b *mse.EventTarget, call func(string) func()) {
			tx.Queue(a, "a1")
			tx.Queue(b, "b1")
			tx.QueueCallOf(a, call("of a"))
			tx.QueueCallOf(b, call("of b"))
			tx.QueueCall(call("of none"))
			tx.Discard(a)
			tx.Queue(a, "a2")
		}, "b1 of b of none a2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			loop := mse.NewEventLoop(nil)
			a, b := mse.NewEventTarget(loop), mse.NewEventTarget(loop)
			var got []string // written by the executor alone until Drain returns
			note := func(s string) { got = append(got, s) }
			a.Listen(func(e mse.Event) { note(e.Type) })
			b.Listen(func(e mse.Event) { note(e.Type) })
			loop.Do(func(tx *mse.Tx) { tt.task(loop, tx, &a, &b, func(s string) func() { return func() { note(s) } }) })
			if err := loop.Drain(context.Background()); err != nil {
				t.Fatal(err)
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("ran %q, want %q", s, tt.want)
			}
		})
	}
}
