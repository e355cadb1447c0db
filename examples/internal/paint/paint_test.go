package paint_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/nn/imageio"
)

func TestSeeds(t *testing.T) {
	require.Equal(t, paint.Scene(3, 40, 24), paint.Scene(3, 40, 24))
	require.NotEqual(t, paint.Scene(3, 40, 24).Pix, paint.Scene(4, 40, 24).Pix)
	require.Equal(t, paint.Style(1, 32), paint.Style(1, 32))
	require.NotEqual(t, paint.Style(1, 32).Pix, paint.Style(2, 32).Pix)
}

// TestContrast: every scene, at night too, has light and dark, and so has every window,
// in its lead.
func TestContrast(t *testing.T) {
	span := func(m *imageio.Image) int {
		lo, hi := uint8(255), uint8(0)
		for _, v := range m.Pix {
			lo, hi = min(lo, v), max(hi, v)
		}
		return int(hi) - int(lo)
	}
	for seed := range uint64(20) {
		require.Greater(t, span(paint.Scene(seed, 64, 48)), 128, "scene %d is flat", seed)
	}
	require.Greater(t, span(paint.Style(1, 64)), 200)
}

// TestMoving: a moment changes a scene a little, and a second a lot more.
func TestMoving(t *testing.T) {
	still := paint.Scene(24, 96, 54)
	require.Equal(t, still, paint.Moving(24, 96, 54, 0))
	difference := func(time float64) (sum float64) {
		for i, v := range paint.Moving(24, 96, 54, time).Pix {
			sum += math.Abs(float64(v)-float64(still.Pix[i])) / float64(len(still.Pix))
		}
		return sum
	}
	moment, second := difference(0.02), difference(1)
	require.Positive(t, moment)
	require.Less(t, moment, 2.0)
	require.Greater(t, second, 3*moment)
}
