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
	if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, f.Fd(), setPipeSize, pipeBytes); errno != 0 {
		return errno
	}
	return nil
}

// endWithParent makes the kernel kill the command when the thread that starts it ends.
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

// mkfifo makes a named pipe.
func mkfifo(name string) error { return syscall.Mkfifo(name, 0o600) }
