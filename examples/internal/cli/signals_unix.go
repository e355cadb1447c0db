//go:build unix

package cli

import (
	"os"
	"syscall"
)

// stopSignals end a program, like those that every system has. mpirun passes SIGUSR1
// on to all of its processes.
var stopSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1}
