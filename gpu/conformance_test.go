//go:build gl && cgo && (linux || windows)

package gpu_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/gpu/selftest"
	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/backendtest"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// open opens a device, or skips.
func open(t testing.TB, opts ...gpu.Option) *gpu.Device {
	t.Helper()
	d, err := gpu.Open(opts...)
	if err != nil {
		need.Missing(t, "opengl", "%v", err)
	}
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

// flush is what the OpenGL Shading Language allows.
var flush = backendtest.Tolerance{FlushSubnormals: true}

// conform runs the suite on devices that are made of open ones, with the bounds that their
// choice of kernels has.
func conform(t *testing.T, of func(*gpu.Device) *gpu.Device) {
	tolerance := flush
	if strings.Contains(open(t).Kernels(), "winograd") {
		tolerance.Conv = 4 // what the suite documents for F(4x4, 3x3)
	}
	backendtest.Run(t, func(t testing.TB) backend.Backend { return of(open(t)) }, tolerance)
}

func asIs(d *gpu.Device) *gpu.Device { return d }

func TestConformance(t *testing.T) { conform(t, asIs) }

// TestSelfTest runs with whole tensors, and with tensors of up to 380 KiB cut to
// slabs of single images and of a few planes, for which 32 KiB have room.
func TestSelfTest(t *testing.T) {
	s := backend.Shape{2, 19, 24, 26}
	for _, limit := range []int{0, 64 << 10, 32 << 10} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			results, err := selftest.Run(open(t, gpu.MaxBlock(limit)), reference.New(), s)
			require.NoError(t, err)
			require.NotEmpty(t, results)
			for _, r := range results {
				require.True(t, r.OK(), "%+v", r)
			}
		})
	}
}
