//go:build unix

package render

import (
	"syscall"
	"time"
)

// processorTime is what the process has used of the processors so far.
func processorTime() (d time.Duration, ok bool) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, false
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), true
}
