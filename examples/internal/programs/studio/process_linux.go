package studio

import (
	"os/exec"
	"syscall"
)

// stopSignal is one that package cli understands: the program saves its work and ends.
const stopSignal = syscall.SIGTERM

// apart keeps the terminal's signals from a process, and has the system tell it to
// stop if this one is killed, unless it is to go on.
func apart(cmd *exec.Cmd, ends bool) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if ends {
		cmd.SysProcAttr.Pdeathsig = stopSignal
	}
}
