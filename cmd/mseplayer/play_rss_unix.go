//go:build unix

package main

import (
	"runtime"
	"syscall"
)

// peakRSS is the most memory the process has occupied, in bytes; nil if the system does not tell.
func peakRSS() *int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return nil
	}
	n := int64(u.Maxrss)
	if runtime.GOOS != "darwin" {
		n <<= 10 // kilobytes everywhere else
	}
	return &n
}
