// Package early hears signals while the rest of the program is still being initialized, which takes a tenth of a second on
// a machine that is busy. It imports next to nothing, so that its turn comes first.
//
// # Ownership
//
// The channel belongs to the process.
//
// # Concurrency
//
// One signal waits in the channel until somebody reads it.
//
// # Errors
//
// None.
package early

import (
	"os"
	"os/signal"
	"syscall"
)

// Signals gives the first SIGINT or SIGTERM of a process whose command is check; nobody hears those of others.
var Signals = hear()

func hear() chan os.Signal {
	c := make(chan os.Signal, 1)
	if len(os.Args) > 1 && os.Args[1] == "check" {
		signal.Notify(c, os.Interrupt, syscall.SIGTERM)
	}
	return c
}
