package paint_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/paint"
)

func TestSeeds(t *testing.T) {
	require.Equal(t, paint.Scene(3, 40, 24), paint.Scene(3, 40, 24))
	require.NotEqual(t, paint.Scene(3, 40, 24).Pix, paint.Scene(4, 40, 24).Pix)
	require.Equal(t, paint.Style(1, 32), paint.Style(1, 32))
}

func TestContrast(t *testing.T) {
	for seed := range uint64(20) {
		lo, hi := uint8(255), uint8(0)
		for _, v := range paint.Scene(seed, 64, 48).Pix {
			lo, hi = min(lo, v), max(hi, v)
		}
		require.Greater(t, int(hi)-int(lo), 128, "scene %d is flat", seed)
	}
}
