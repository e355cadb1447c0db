package atomicfile_test

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/atomicfile"
	"github.com/impasto-go/impasto/internal/need"
)

func names(t *testing.T, dir string) (list []string) {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// TestRemoveStaleSparesLiveFiles looks for stale files while one is being written.
func TestRemoveStaleSparesLiveFiles(t *testing.T) {
	if runtime.GOOS == "js" || runtime.GOOS == "wasip1" {
		need.Missing(t, "platform", "no file locks")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "final.pth")
	require.NoError(t, atomicfile.Write(path, func(w io.Writer) error {
		require.NoError(t, atomicfile.RemoveStale(dir, func(string) bool { return true }))
		_, err := io.WriteString(w, "weights")
		return err
	}))
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "weights", string(content))
	require.Equal(t, []string{"final.pth"}, names(t, dir))
}

// TestRemoveStale puts back the temporary files of finished writes, as if the
// process had been killed in the middle.
func TestRemoveStale(t *testing.T) {
	dir := t.TempDir()
	var temporary []string
	for _, name := range []string{"final.pth", "run.json", "theirs.pth"} {
		require.NoError(t, atomicfile.Write(filepath.Join(dir, name), func(io.Writer) error {
			for _, n := range names(t, dir) {
				if n[0] == '.' {
					temporary = append(temporary, n)
				}
			}
			return nil
		}))
	}
	require.Len(t, temporary, 3)
	keep := []string{"final.pth", "run.json", "theirs.pth", ".final.pth", "final.pth1", "..final.pth1", "final.pth.1", temporary[2]}
	for _, name := range slices.Concat(temporary, keep) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o666))
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, ".final.pth7"), 0o777))
	require.NoError(t, atomicfile.RemoveStale(dir, func(name string) bool { return name == "final.pth" || name == "run.json" }))
	require.ElementsMatch(t, append(keep, ".final.pth7"), names(t, dir))
	require.ErrorIs(t, atomicfile.RemoveStale(filepath.Join(dir, "missing"), nil), os.ErrNotExist)
}
