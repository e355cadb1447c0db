package progress

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHistory(t *testing.T) {
	const steps = 70_000
	h := newHistory(2)
	for i := 1; i <= steps; i++ {
		h.add(i, float64(i), 7)
		if len(h.points) >= maxPoints || h.last() != i {
			t.Fatalf("step %d: %d points up to step %d", i, len(h.points), h.last())
		}
	}
	require.Equal(t, 32, h.stride)
	require.Greater(t, len(h.points), maxPoints/2)
	for i, p := range h.points {
		// A point is the mean of 32 steps, the last of which is its own.
		require.Equal(t, 32*(i+1), p.step)
		require.Equal(t, float64(p.step)-15.5, p.values[0])
		require.Equal(t, 7.0, p.values[1])
	}
}

func TestHistoryGoesBack(t *testing.T) {
	h := newHistory(1)
	for i := 1; i <= 10; i++ {
		h.add(i, float64(i))
	}
	before, version := h.points, h.version
	h.add(7, 70)
	require.NotEqual(t, version, h.version)
	require.Len(t, h.points, 7)
	require.Equal(t, point{7, []float64{70}, []byte("[7,70]")}, h.points[6])
	h.add(8, 80)
	require.Equal(t, 8.0, before[7].values[0], "what others hold stays as it was")
	h.add(1, 1)
	require.Len(t, h.points, 1)
}

func TestHistoryWithoutLayers(t *testing.T) {
	h := newHistory(3)
	h.add(1, 2)
	h.add(2, 2, 3, 4, 5)
	require.Equal(t, "[[1,2,null,null],[2,2,3,4]]", string(appendPoints(nil, h.points)))
	require.Equal(t, "[]", string(appendPoints(nil, nil)))
}

func TestNumbers(t *testing.T) {
	b, err := json.Marshal([]number{1, number(math.NaN()), number(math.Inf(-1)), 1e300, 123456789, -0.000012345678})
	require.NoError(t, err)
	require.Equal(t, "[1,null,null,1e+300,1.2346e+08,-1.2346e-05]", string(b))
}
