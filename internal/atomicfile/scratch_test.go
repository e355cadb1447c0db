package atomicfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/atomicfile"
)

// TestScratch keeps the folders of those at work, and removes one whose owner was
// killed: its lock is there and held by nobody.
func TestScratch(t *testing.T) {
	dir := t.TempDir()
	first, removeFirst, err := atomicfile.Scratch(dir, "film")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(first, "picture"), []byte("x"), 0o600))
	killed := filepath.Join(dir, ".film-123")
	require.NoError(t, os.MkdirAll(killed, 0o700))
	for _, name := range []string{"lock", "picture"} {
		require.NoError(t, os.WriteFile(filepath.Join(killed, name), []byte("x"), 0o600))
	}
	beginning, other := filepath.Join(dir, ".film-456"), filepath.Join(dir, ".movie-1")
	for _, d := range []string{beginning, other} {
		require.NoError(t, os.MkdirAll(d, 0o700))
	}
	require.NoError(t, os.WriteFile(filepath.Join(other, "lock"), nil, 0o600))

	second, removeSecond, err := atomicfile.Scratch(dir, "film")
	require.NoError(t, err)
	require.NotEqual(t, first, second)
	require.NoDirExists(t, killed)
	for _, d := range []string{first, second, beginning, other} {
		require.DirExists(t, d)
	}
	require.FileExists(t, filepath.Join(first, "picture"))
	require.NoError(t, removeFirst())
	require.NoError(t, removeSecond())
	require.NoDirExists(t, first)
	require.NoDirExists(t, second)
	_, _, err = atomicfile.Scratch(filepath.Join(dir, "none"), "film")
	require.Error(t, err)
}
