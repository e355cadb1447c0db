//go:build gl && cgo && linux

package gpu_test

import (
	"testing"

	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/backendtest"
)

// TestSharedConformance runs the kernels with shared memory wherever the tests run.
func TestSharedConformance(t *testing.T) {
	backendtest.Run(t, func(t testing.TB) backend.Backend { return gpu.Shared(open(t)) }, flush)
}
