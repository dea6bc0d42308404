//go:build !linux

package soundcard

import (
	"errors"
	"os"
	"os/exec"
)

var errNotHere = errors.New("only Linux has what this needs")

// shrinkPipe does nothing: only Linux can size a pipe, and the card's buffer is larger elsewhere.
func shrinkPipe(*os.File) error { return nil }

// endWithParent does nothing: only Linux can tie a process to its parent.
func endWithParent(*exec.Cmd) {}

// Hurry does nothing here.
func Hurry() {}

func mkfifo(string) error { return errNotHere }
