package atomicfile_test

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/atomicfile"
)

// faulty is a temporary file that does all but what is set otherwise.
type faulty struct {
	atomicfile.PendingFile
	write          error
	cleanup, close func() error
}

func (f *faulty) Write(p []byte) (int, error) {
	if f.write != nil {
		return 0, f.write
	}
	return f.PendingFile.Write(p)
}

func (f *faulty) Cleanup() error {
	err := f.PendingFile.Cleanup()
	if f.cleanup != nil {
		return f.cleanup()
	}
	return err
}

func (f *faulty) CloseAtomicallyReplace() error {
	err := f.PendingFile.CloseAtomicallyReplace()
	if f.close != nil {
		return f.close()
	}
	return err
}

// TestLateFaults has all go well until the data leave the buffer, until the file has its
// name, and until the temporary one is gone.
func TestLateFaults(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	require.NoError(t, os.Mkdir(dir, 0o777))
	path := filepath.Join(dir, "f")
	write := func(f faulty) error {
		atomicfile.Intercept(t, func(p atomicfile.PendingFile) atomicfile.PendingFile {
			f.PendingFile = p
			return &f
		})
		return atomicfile.Write(path, func(w io.Writer) error {
			_, err := io.WriteString(w, "short")
			return err
		})
	}
	fails := func() error { return syscall.EIO }
	require.ErrorIs(t, write(faulty{write: syscall.ENOSPC}), syscall.ENOSPC)
	require.Empty(t, names(t, dir))
	require.ErrorIs(t, write(faulty{cleanup: fails}), syscall.EIO)
	require.ErrorIs(t, write(faulty{close: fails}), syscall.EIO)
	if runtime.GOOS != "windows" { // the folder is flushed last, and cannot be when it is gone
		gone := func() error { return os.Rename(dir, dir+"2") }
		require.ErrorIs(t, write(faulty{close: gone}), os.ErrNotExist)
		require.ErrorIs(t, atomicfile.SyncDir(dir), os.ErrNotExist)
	}
}

// TestStaleFaults has others remove a file first, and what cannot be removed in its place.
func TestStaleFaults(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, ".final.pth1")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.NoError(t, atomicfile.RemoveStale(dir, func(string) bool {
		require.NoError(t, os.Remove(path))
		return true
	}))
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.Error(t, atomicfile.RemoveStale(dir, func(string) bool {
		require.NoError(t, os.Remove(path))
		require.NoError(t, os.MkdirAll(filepath.Join(path, "full"), 0o700))
		return true
	}))

	require.NoError(t, os.MkdirAll(filepath.Join(dir, ".film-1", "lock", "full"), 0o700))
	_, _, err := atomicfile.Scratch(dir, "film")
	require.Error(t, err, "nobody's lock, and yet it stays")
}
