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

// TestFrozenWeightsArePackedOnce counts the dispatches of two convolutions.
func TestFrozenWeightsArePackedOnce(t *testing.T) {
	d := openDevice(t)
	x, y, w := d.Alloc(backend.Shape{1, 4, 8, 8}), d.Alloc(backend.Shape{1, 4, 8, 8}), d.Alloc(backend.Shape{4, 4, 3, 3})
	d.Fill(x, 1)
	d.Fill(w, 1)
	dispatches := func() int {
		before := d.Stats().Dispatches
		d.Conv2d(y, x, w, nil, backend.Conv{Stride: 1, Pad: 1})
		return d.Stats().Dispatches - before
	}
	require.Equal(t, 2, dispatches())
	require.Equal(t, 2, dispatches(), "packed anew while nobody has promised anything")
	d.Freeze(w)
	require.Equal(t, 2, dispatches())
	require.Equal(t, 1, dispatches())
	d.Fill(w, 2)
	require.Equal(t, 2, dispatches())
	d.Write(w, full(4*4*9, 3))
	require.Equal(t, 2, dispatches())
	require.Equal(t, 1, dispatches())
	require.NoError(t, d.Sync())
}

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
