//go:build gl && cgo && (linux || windows)

package gpu_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFreeMemory: a driver that tells what is free of its memory tells of no more than
// there may be, and of nothing when the device is closed.
func TestFreeMemory(t *testing.T) {
	d := open(t)
	bytes, ok := d.FreeMemory()
	t.Logf("%v: %d bytes, told: %v", d.Name(), bytes, ok)
	require.Equal(t, ok, bytes > 0)
	require.Less(t, bytes, int64(1)<<42)
	require.NoError(t, d.Close())
	_, ok = d.FreeMemory()
	require.False(t, ok)
}
