// Package launch has a program start itself several times with mpirun, on one or many
// machines, and stop when its user wants it to: mpirun itself answers Ctrl-C by killing
// all within two seconds.
package launch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"github.com/impasto-go/impasto/examples/internal/cli"
)

// always are what mpirun is told first: threads of a process may use all cores, and a
// machine that does not answer for some seconds is lost.
var always = []string{
	"--bind-to", "none",
	"--mca", "oob_tcp_keepalive_time", "5", "--mca", "oob_tcp_keepalive_intvl", "2", "--mca", "oob_tcp_keepalive_probes", "3",
}

// Ranks runs this program n times, with the same arguments, by mpirun and what it may
// be told besides. When ctx ends, all of them are told to stop. Its error has been
// reported by them.
func Ranks(ctx context.Context, n int, mpirun string, args []string) error {
	path, err := exec.LookPath("mpirun")
	if err != nil {
		return fmt.Errorf("-np %d needs Open MPI (Debian and Ubuntu: openmpi-bin): %w", n, err)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(path, slices.Concat(always, []string{"-np", strconv.Itoa(n)}, strings.Fields(mpirun), []string{self}, cli.Arguments(args...))...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	apart(cmd)
	if err := cmd.Start(); err != nil {
		return err
	}
	over := make(chan struct{})
	defer close(over)
	go func() {
		select {
		case <-ctx.Done():
			_ = cmd.Process.Signal(stopSignal) // it may have ended by now
		case <-over:
		}
	}()
	err = cmd.Wait()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit) && ctx.Err() != nil:
		return cli.Told(ctx.Err())
	}
	return cli.Told(err)
}
