//go:build mpi && cgo

package sweep

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/internal/need"
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

// TestMPISweep spreads five trials over two processes: the files are those of one.
func TestMPISweep(t *testing.T) {
	need.Tool(t, "mpi")
	one, two := t.TempDir(), t.TempDir()
	args := append(small, "-style-weights", "1e6,1e7,1e8,1e9,1e10", "-style-sizes", "32", "-batch-size", "2")
	require.NoError(t, overridden(append(args, "-out", one)))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1",
		argsEnv+"="+strings.Join(append(args, "-out", two, "-np", "2", "-mpirun", "--oversubscribe"), "\n"))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "[5/5]")
	files, err := filepath.Glob(filepath.Join(one, "*"))
	require.NoError(t, err)
	require.Len(t, files, 12)
	for _, file := range files {
		want, err := os.ReadFile(file)
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(two, filepath.Base(file)))
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), filepath.Base(file))
	}
}
