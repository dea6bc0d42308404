package check

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
)

// PanicError is the cause of the end of a check that a bug has brought about.
type PanicError struct {
	// Value is what the program panicked with, Stack where.
	Value any
	Stack []byte
}

// Error gives the value on one line.
func (e *PanicError) Error() string { return fmt.Sprintf("check: internal failure: %v", e.Value) }

// group runs the goroutines of a check. A panic in one of them ends the check with a *PanicError.
type group struct {
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup
}

// run calls fn on a goroutine of its own.
func (g *group) run(fn func()) {
	g.wg.Go(func() {
		defer func() {
			if v := recover(); v != nil {
				g.cancel(&PanicError{v, debug.Stack()})
			}
		}()
		fn()
	})
}
