package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor/backend"
)

// TestPeakFLOPS wants a rate of every thread, also with more threads than
// processors; how high it is depends on the machine.
func TestPeakFLOPS(t *testing.T) {
	for _, threads := range []int{1, 2, 5} {
		b := New(Options{Threads: threads})
		var p backend.Prober = b
		require.Greater(t, p.PeakFLOPS(), 1e6)
		require.NoError(t, b.Close())
	}
}
