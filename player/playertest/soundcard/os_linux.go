package soundcard

import (
	"os"
	"os/exec"
	"syscall"
)

// setPipeSize is F_SETPIPE_SZ, which package syscall does not name.
const setPipeSize = 1031

// shrinkPipe makes a pipe as small as it can be, so that nearly all that was written is in our hands.
func shrinkPipe(f *os.File) error {
	conn, err := f.SyscallConn() // f.Fd would make it blocking
	if err != nil {
		return err
	}
	var errno syscall.Errno
	if err := conn.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall(syscall.SYS_FCNTL, fd, setPipeSize, pipeBytes)
	}); err != nil {
		return err
	}
	if errno != 0 {
		return errno
	}
	return nil
}

// endWithParent makes the kernel kill the command when the thread that starts it ends.
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

// priority is how eagerly processes that play sound are scheduled, as sound servers are.
const priority = -15

// Hurry lets the calling thread, and what it starts, run before others, where the user may do that. Lock the goroutine
// to its thread and let it end with the goroutine.
func Hurry() {
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, priority) // not everybody may
}

// mkfifo makes a named pipe.
func mkfifo(name string) error { return syscall.Mkfifo(name, 0o600) }
