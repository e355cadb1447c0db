//go:build unix

package launch

import (
	"os/exec"
	"syscall"
)

// stopSignal is one that mpirun passes on to all processes, and that package cli
// understands.
const stopSignal = syscall.SIGUSR1

// apart keeps the terminal's signals from the command.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
