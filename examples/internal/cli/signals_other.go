//go:build !unix

package cli

import (
	"os"
	"syscall"
)

// stopSignals end a program.
var stopSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}
