package pth

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/golden"
)

// TestReadContainers reads a network from both of PyTorch's containers. Its weights
// are hashed numbers, except that the last layer's were scaled in one file.
func TestReadContainers(t *testing.T) {
	zipped, err := ReadFile(golden.Path(t, "tutorial.pth"))
	require.NoError(t, err)
	legacy, err := ReadFile(golden.Path(t, "training/tutorial.pth"))
	require.NoError(t, err)
	require.Len(t, zipped, 2*(6+4*2+5))
	last := len(zipped) - 2
	requireEqual(t, zipped[:last], legacy[:last])
	require.Equal(t, zipped.Names(), legacy.Names())
	require.Equal(t, "conv1.conv2d.weight", zipped[0].Name)
	for i, u := range golden.Unit(0, 8*3*9*9) {
		require.InDelta(t, float64(u)/15.588457268119896, zipped[0].Data[i], 1e-8) // the root of 3*9*9
	}
}
