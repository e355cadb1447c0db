//go:build gl && cgo && linux

package gpu_test

import (
	"os"
	"testing"

	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/backendtest"
)

// TestSharedConformance runs the kernels with shared memory wherever the tests run.
func TestSharedConformance(t *testing.T) {
	backendtest.Run(t, func(t testing.TB) backend.Backend { return gpu.Shared(open(t)) }, flush)
}

// TestForcedConformance runs every kernel for convolutions on everything, for which
// software renderers need minutes.
func TestForcedConformance(t *testing.T) {
	if os.Getenv("IMPASTO_LONG") != "1" {
		t.Skip("only with IMPASTO_LONG=1; TestConvTile is the short form")
	}
	for _, name := range gpu.ConvKernels() {
		t.Run(name, func(t *testing.T) {
			t.Setenv("IMPASTO_GPU_KERNELS", name)
			backendtest.Run(t, func(t testing.TB) backend.Backend { return open(t) }, flush)
		})
	}
}
