package golden_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/golden"
	"github.com/impasto-go/impasto/internal/need"
)

// TestRegenerated computes everything again with the PyTorch of this machine and
// compares with the files.
func TestRegenerated(t *testing.T) {
	need.Tool(t, "pillow")
	need.Tool(t, "torch")
	out, err := exec.Command(need.Tool(t, "torchvision"), "make.py", "--check").CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// TestSize keeps the clone small.
func TestSize(t *testing.T) {
	size := int64(0)
	require.NoError(t, fs.WalkDir(os.DirFS("testdata"), ".", func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		size += info.Size()
		return err
	}))
	require.Less(t, size, int64(2_000_000))
}

func TestRead(t *testing.T) {
	f := golden.Read(t, "op/upsample2.safetensors")
	require.Equal(t, []int{2, 3, 5, 7}, f.Get(t, "x").Shape)
	require.Len(t, f.Get(t, "x").Data, 2*3*5*7)
	require.Equal(t, []int{2, 3, 10, 14}, f.Get(t, "y").Shape)
	require.Equal(t, f.Get(t, "x").Data[6], f.Get(t, "y").Data[13])
	require.Equal(t, golden.Unit(2, 2*3*5*7), f.Get(t, "x").Data)
	entries, err := os.ReadDir(filepath.Join(golden.Path(t, "training"), "dataset", "drawn"))
	require.NoError(t, err)
	require.Len(t, entries, 10)
}
