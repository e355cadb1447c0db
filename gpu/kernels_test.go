//go:build gl && cgo && (linux || windows)

package gpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor/backend"
)

// Shared makes a device use the kernels with shared memory, for good.
func Shared(d *Device) *Device {
	d.kernels.shared, d.kernels.tuned = true, true
	return d
}

// ConvKernels are the names of the kernels for convolutions with shared memory.
func ConvKernels() []string { return convKernels() }

// TestDispatchesAllocateNothing counts what the host allocates for operations that
// were run before.
func TestDispatchesAllocateNothing(t *testing.T) {
	d := openDevice(t)
	s := backend.Shape{1, 4, 8, 8}
	x, y, vec := d.Alloc(s), d.Alloc(s), d.Alloc(backend.Vec(4))
	ops := func() {
		for range 10 {
			d.Fill(x, 1)
			d.Add(y, x, x)
			d.ReLUGrad(x, y, x, true)
			d.ReflectPadGrad(x, y, 0, false)
			d.ChannelAffine(y, x, vec, vec)
		}
	}
	waiting := testing.AllocsPerRun(100, func() { d.Err() })
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { ops(); d.Err() }), waiting)
}
