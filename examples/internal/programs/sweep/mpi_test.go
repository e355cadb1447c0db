//go:build mpi && cgo

package sweep

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/cli/clitest"
	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn/imageio"
)

// argsEnv makes the test binary be the program, with these arguments, one a line.
const argsEnv = "IMPASTO_TEST_ARGS"

func TestMain(m *testing.M) {
	if args := os.Getenv(argsEnv); args != "" {
		os.Args = append([]string{"sweep"}, strings.Split(args, "\n")...)
		cli.Main(Run)
	}
	os.Exit(m.Run())
}

// TestMPISweep spreads two styles with three weights each over two processes, once to
// the end and once interrupted and resumed: the files are those of one process.
func TestMPISweep(t *testing.T) {
	need.Tool(t, "mpi")
	styles, one, two := t.TempDir(), t.TempDir(), t.TempDir()
	for i, name := range []string{"a.png", "b.png"} {
		require.NoError(t, imageio.Save(filepath.Join(styles, name), paint.Style(uint64(i), 32), imageio.SaveOptions{}))
	}
	args := append(small, "-style", styles, "-style-weights", "1e6,1e8,1e10", "-style-sizes", "32", "-batch-size", "2")
	require.NoError(t, overridden(append(args, "-out", one)))
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	spread := func(dir string, more ...string) (*exec.Cmd, *bytes.Buffer) {
		cmd, out := exec.CommandContext(ctx, os.Args[0]), &bytes.Buffer{}
		cmd.Stdout, cmd.Stderr = out, out
		cmd.Env = append(os.Environ(), "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1",
			argsEnv+"="+strings.Join(append(clitest.Override(append(args, "-out", dir, "-np", "2", "-mpirun", "--oversubscribe")...), more...), "\n"))
		require.NoError(t, cmd.Start())
		return cmd, out
	}
	cmd, out := spread(two)
	require.NoError(t, cmd.Wait(), out)
	require.Contains(t, out.String(), "[6/6]")

	var interrupted string
	for code := 0; code == 0 && ctx.Err() == nil; { // it may be over before it is interrupted
		interrupted = t.TempDir()
		cmd, out = spread(interrupted)
		for ctx.Err() == nil {
			if _, err := os.Stat(filepath.Join(interrupted, "a_style_size_32_style_weight_1e8.json")); err == nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
		require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
		_ = cmd.Wait()
		code = cmd.ProcessState.ExitCode()
		require.Contains(t, []int{0, 130}, code, out)
	}
	require.NoError(t, ctx.Err(), out)
	cmd, out = spread(interrupted, "-resume")
	require.NoError(t, cmd.Wait(), out)

	files, err := filepath.Glob(filepath.Join(one, "*"))
	require.NoError(t, err)
	require.Len(t, files, 2+2*6)
	for _, file := range files {
		want, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, dir := range []string{two, interrupted} {
			got, err := os.ReadFile(filepath.Join(dir, filepath.Base(file)))
			require.NoError(t, err)
			require.Equal(t, string(want), string(got), filepath.Base(file))
		}
	}
}
