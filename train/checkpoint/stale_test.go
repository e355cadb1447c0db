//go:build !windows

package checkpoint_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/renameio/v2"
	"github.com/stretchr/testify/require"
)

// TestStaleTemporaryFilesAreRemoved makes them as the writers do outside Windows,
// where the names have the same form.
func TestStaleTemporaryFilesAreRemoved(t *testing.T) {
	path := t.TempDir()
	for _, name := range []string{"state-000000001.safetensors", "ckpt_epoch_0_batch_id_500.pth", "final.pth", "final.png", "losses.csv"} {
		f, err := renameio.NewPendingFile(filepath.Join(path, name), renameio.WithTempDir(path))
		require.NoError(t, err)
		require.NoError(t, f.Close()) // as a killed process leaves it
	}
	require.Len(t, names(t, path), 5)
	mine := []string{".hidden", ".notes.txt1", "final.pth", "ckpt_epoch_0_batch_id_500.pth"}
	for _, name := range mine {
		require.NoError(t, os.WriteFile(filepath.Join(path, name), []byte("x"), 0o666))
	}
	open(t, path, 2)
	require.ElementsMatch(t, append(mine, ".lock"), names(t, path))
}
