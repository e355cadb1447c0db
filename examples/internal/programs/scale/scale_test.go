package scale

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestModel compares with times computed by hand.
func TestModel(t *testing.T) {
	l := link{1e-3, 1e6}
	require.Zero(t, l.sum(1000, 1))
	require.InDelta(t, 5e-3, l.sum(1000, 2), 1e-12)  // 1 ms and 4000 bytes
	require.InDelta(t, 15e-3, l.sum(1000, 8), 1e-12) // three rounds
	require.InDelta(t, 15e-3, l.sum(1000, 3), 1e-12) // one, and one before and after
	m := model{compute: 0.1, fixed: 0.01, batch: 8, buckets: []int{1000, 250}, link: l}
	require.InDelta(t, 0.81, m.step(1), 1e-12)
	require.InDelta(t, 0.41+0.005+0.002, m.step(2), 1e-12)
	require.InDelta(t, 0.11+0.015+0.006, m.step(8), 1e-12)
	require.Equal(t, 8, m.stop(), "there are no more pictures than that")
	sum := 0
	for _, n := range buckets(netFloats) {
		sum += n
	}
	require.Equal(t, netFloats+64, sum)
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	m := model{compute: 0.25, batch: 32, buckets: buckets(netFloats)}
	m.table(&b, 50e-6, []float64{1, 100})
	require.Contains(t, b.String(), "| 1 | 8e+03 ms, 1.0x | 8e+03 ms, 1.0x |\n")
	require.Contains(t, b.String(), "| pays up to | 32 | 32 |\n")
	for _, args := range [][]string{{"-gbit", "x"}, {"-batch", "0"}} {
		require.Error(t, Run(context.Background(), args))
	}
	require.NoError(t, Run(context.Background(), nil))
}
