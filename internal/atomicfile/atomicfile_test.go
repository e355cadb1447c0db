package atomicfile_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/atomicfile"
)

// TestWrite: an error or a panic of the writing function leaves the old file,
// with its permissions, and no temporary one.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	text := func(s string) func(io.Writer) error {
		return func(w io.Writer) error {
			_, err := io.WriteString(w, s)
			return err
		}
	}
	require.NoError(t, atomicfile.Write(path, text("old")))
	require.NoError(t, os.Chmod(path, 0o600))
	require.ErrorIs(t, atomicfile.Write(path, func(w io.Writer) error {
		io.WriteString(w, "half of the ")
		return io.ErrShortWrite
	}), io.ErrShortWrite)
	require.Panics(t, func() { atomicfile.Write(path, func(io.Writer) error { panic("bug") }) })
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "old", string(content))
	require.NoError(t, atomicfile.Write(path, text("new")))
	content, err = os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "new", string(content))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}
