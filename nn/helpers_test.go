package nn_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// backends returns the backends that everything is tested on.
func backends() map[string]backend.Backend {
	return map[string]backend.Backend{
		"reference": reference.New(),
		"cpu":       tensor.CPU(),
		"precise":   tensor.CPU(tensor.Precise()),
	}
}

// eachBackend runs f on every backend, and closes it.
func eachBackend(t *testing.T, f func(t *testing.T, be backend.Backend)) {
	for name, be := range backends() {
		t.Run(name, func(t *testing.T) {
			f(t, be)
			require.NoError(t, be.Sync())
			require.NoError(t, be.Close())
		})
	}
}

// randomImage returns n values between 0 and 255.
func randomImage(rng *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = 255 * rng.Float32()
	}
	return v
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

// largest returns the largest absolute value.
func largest(values []float32) float64 {
	m := 0.0
	for _, v := range values {
		m = max(m, math.Abs(float64(v)))
	}
	return m
}
