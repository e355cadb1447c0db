package vgg_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// newBackend returns the backend that tests run on.
func newBackend(t testing.TB) backend.Backend {
	be := tensor.CPU()
	t.Cleanup(func() { require.NoError(t, be.Close()) })
	return be
}

// relativeL2 is |got-want| / |want|.
func relativeL2(t *testing.T, want, got []float32) float64 {
	t.Helper()
	require.Len(t, got, len(want))
	var diff, norm float64
	for i := range want {
		d := float64(got[i]) - float64(want[i])
		diff += d * d
		norm += float64(want[i]) * float64(want[i])
	}
	return math.Sqrt(diff / norm)
}
