package studio

import (
	"context"
	"os/exec"
	"os/signal"
	"syscall"
)

// stopSignal is one that package cli understands: the program saves its work and ends.
const stopSignal = syscall.SIGTERM

// orphaned is what the system sends when the studio was killed. It comes again with each
// thread of the studio that ends, and so must be one that does nothing by itself: of
// stopSignal the second would end the program before it has saved its work.
const orphaned = syscall.SIGWINCH

// apart keeps the terminal's signals from a process, and has the system tell it if this
// one is killed, unless it is to go on.
func apart(cmd *exec.Cmd, ends bool) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if ends {
		cmd.SysProcAttr.Pdeathsig = orphaned
	}
}

// withStudio returns a context that ends when the studio was killed.
func withStudio(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, orphaned)
}
