package checkpoint_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/safetensors"
	"github.com/impasto-go/impasto/train/checkpoint"
)

// FuzzRead reads arbitrary files; what it accepts can be saved and read again.
func FuzzRead(f *testing.F) {
	dir := f.TempDir()
	d, err := checkpoint.Open(dir, 2)
	require.NoError(f, err)
	defer d.Close()
	empty := &checkpoint.State{Progress: checkpoint.Progress{LearningRate: 1}}
	for _, s := range []*checkpoint.State{stateAt(7), empty} {
		require.NoError(f, d.Save(s))
		file, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("state-%09d.safetensors", s.Step)))
		require.NoError(f, err)
		f.Add(file)
	}
	path := filepath.Join(dir, "fuzzed")
	f.Fuzz(func(t *testing.T, file []byte) {
		s, err := readBounded(t, path, file)
		if err != nil {
			require.True(t, errors.Is(err, safetensors.ErrCorrupt) || errors.Is(err, safetensors.ErrTooLarge), err)
			return
		}
		require.NoError(t, d.Save(s))
	})
}
