package checkpoint_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/atomicfile"
)

// TestStaleTemporaryFilesAreRemoved makes them as the writers do, and puts them
// back as a killed process leaves them.
func TestStaleTemporaryFilesAreRemoved(t *testing.T) {
	path := t.TempDir()
	var temporary []string
	for _, name := range []string{"state-000000001.safetensors", "ckpt_epoch_0_batch_id_500.pth", "final.pth", "final.png", "final.onnx", "losses.png", "samples.png", "run.json"} {
		name = filepath.Join(path, name)
		require.NoError(t, atomicfile.Write(name, func(io.Writer) error {
			temporary = append(temporary, names(t, path)...)
			return nil
		}))
		require.NoError(t, os.Remove(name))
	}
	require.Len(t, temporary, 8)
	mine := []string{".hidden", ".notes.txt1", "final.pth", "ckpt_epoch_0_batch_id_500.pth"}
	for _, name := range append(temporary, mine...) {
		require.NoError(t, os.WriteFile(filepath.Join(path, name), []byte("x"), 0o666))
	}
	open(t, path, 2)
	left := names(t, path)
	require.Len(t, left, len(mine)+1, "and the lock")
	require.Subset(t, left, mine)
}
