//go:build mpi && cgo

package train

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/report"
	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/train/checkpoint"
)

// TestMain lets the processes that mpirun starts be the program: it gives them
// arguments that are none of a test's.
func TestMain(m *testing.M) {
	beProgram()
	os.Exit(m.Run())
}

// TestMPISignals interrupts runs of two processes: all that was done is saved, once,
// the exit code is 130, and one process alone goes on from there.
func TestMPISignals(t *testing.T) {
	need.Tool(t, "mpi")
	t.Setenv("OMPI_ALLOW_RUN_AS_ROOT", "1")
	t.Setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
	out := filepath.Join(t.TempDir(), "run")
	args := append(append(pictures(t, 5), tiny...), "-out", out, "-epochs", "1000000", "-np", "2", "-mpirun", "--oversubscribe")
	step := 0
	for _, signal := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		p := start(t, args...)
		require.Equal(t, 130, p.stop(t, signal), &p.stderr)
		step = savedOnce(t, out, step)
		args = []string{"-quiet", "-resume", out, "-np", "2", "-mpirun", "--oversubscribe"}
	}
	require.NoError(t, overridden([]string{"-quiet", "-resume", out, "-steps", strconv.Itoa(step + 1)}))
	require.FileExists(t, filepath.Join(out, "final.pth"))
}

// savedOnce wants a run to have stopped after more steps than before, all of which it
// has saved, and returns their number.
func savedOnce(t *testing.T, out string, before int) int {
	s, err := checkpoint.Newest(out)
	require.NoError(t, err)
	require.Greater(t, s.Step, before)
	losses, err := report.ReadLosses(filepath.Join(out, "losses.csv"))
	require.NoError(t, err)
	require.Len(t, losses.Rows, s.Step)
	record, err := report.ReadRun(filepath.Join(out, "run.json"), nil)
	require.NoError(t, err)
	require.Equal(t, "stopped", record.Outcome)
	return s.Step
}

// TestMPIRun interrupts mpirun itself. SIGUSR1 it passes on, and exits as its processes
// do. SIGINT it answers by ending them as fast as it can, and exits with 1 whatever they
// do (ess_hnp_module.c, clean_abort, in Open MPI 4.1): what was saved is whole.
func TestMPIRun(t *testing.T) {
	mpirun := need.Tool(t, "mpi")
	out := filepath.Join(t.TempDir(), "run")
	args := append(append(pictures(t, 5), tiny...), "-out", out, "-epochs", "1000000")
	interrupt := func(signal os.Signal) int {
		p := command(mpirun, "--allow-run-as-root", "--oversubscribe", "-np", "2", os.Args[0])
		p.start(t, args...)
		args = []string{"-quiet", "-resume", out}
		return p.stop(t, signal)
	}
	require.Equal(t, 130, interrupt(syscall.SIGUSR1))
	step := savedOnce(t, out, 0)
	require.Equal(t, 1, interrupt(syscall.SIGINT))
	s, err := checkpoint.Newest(out)
	require.NoError(t, err)
	require.GreaterOrEqual(t, s.Step, step)
	require.Equal(t, 130, interrupt(syscall.SIGUSR1))
	savedOnce(t, out, s.Step)
}
