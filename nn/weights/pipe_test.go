//go:build unix

package weights_test

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/weights"
)

// TestPipe: a named pipe into which nobody writes is refused and not waited for.
func TestPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe.pth")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	_, err := weights.ReadFile(path)
	require.ErrorContains(t, err, "not a regular file")
}
