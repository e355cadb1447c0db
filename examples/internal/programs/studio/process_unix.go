//go:build unix && !linux

package studio

import (
	"context"
	"os/exec"
	"syscall"
)

// stopSignal is one that package cli understands: the program saves its work and ends.
const stopSignal = syscall.SIGTERM

// apart keeps the terminal's signals from a process. One goes on if this one is
// killed: the system has no way to tell it.
func apart(cmd *exec.Cmd, _ bool) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// withStudio returns a context that the end of the studio does not end.
func withStudio(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithCancel(ctx)
}
