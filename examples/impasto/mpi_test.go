//go:build mpi && cgo

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
)

// TestMPICommand trains with two processes that mpirun starts, and goes on with two that
// the command has it start.
func TestMPICommand(t *testing.T) {
	mpirun := need.Tool(t, "mpi")
	t.Setenv("OMPI_ALLOW_RUN_AS_ROOT", "1")
	t.Setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
	out := filepath.Join(t.TempDir(), "run")
	cmd := exec.CommandContext(t.Context(), mpirun, "--oversubscribe", "-np", "2", os.Args[0])
	cmd.Env = append(os.Environ(), argsEnv+"=train -quiet -out "+out+
		" -steps 2 -batch-size 2 -image-size 16 -style-size 16 -filters 2,2,2 -res-blocks 1 -style-layers relu1_2")
	said, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", said)
	require.FileExists(t, filepath.Join(out, "state-000000002.safetensors"))

	code, stdout, stderr := impasto(t, "train -np 2 -mpirun --oversubscribe -quiet -steps 4 -resume "+out)
	require.Zero(t, code, stdout+stderr)
	require.FileExists(t, filepath.Join(out, "state-000000004.safetensors"))
}
