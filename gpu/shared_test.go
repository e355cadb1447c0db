//go:build gl && cgo && (linux || windows)

package gpu_test

import (
	"testing"

	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/internal/need"
)

// TestSharedConformance runs the kernels with shared memory wherever the tests run.
func TestSharedConformance(t *testing.T) { conform(t, gpu.Shared) }

// TestForcedConformance runs every kernel for convolutions on everything, for which
// software renderers need minutes.
func TestForcedConformance(t *testing.T) {
	need.OnlyLong(t) // TestConvTile is the short form
	for _, name := range gpu.ConvKernels() {
		t.Run(name, func(t *testing.T) {
			t.Setenv("IMPASTO_GPU_KERNELS", name)
			conform(t, asIs)
		})
	}
}
