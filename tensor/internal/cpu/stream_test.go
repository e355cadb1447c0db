package cpu

import (
	"testing"

	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/backendtest"
)

// TestConformanceStreaming runs the suite, whose tensors are small, as if no
// result fitted the caches.
func TestConformanceStreaming(t *testing.T) {
	backendtest.Run(t, func(t testing.TB) backend.Backend {
		b := New(Options{})
		b.streamFrom = 0
		t.Cleanup(func() { b.Close() })
		return b
	}, backendtest.Tolerance{Conv: 4})
}
