//go:build gl && cgo && (linux || windows)

package gpu

import (
	"fmt"
	"testing"
	"time"

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

// TestTrace tells of every dispatch, and of nothing once that has ended; Count tells the
// same, and does nothing; Time tells how long the device took, too.
func TestTrace(t *testing.T) {
	d := openDevice(t)
	s := backend.Shape{2, 4, 8, 8}
	x, y, w := d.Alloc(s), d.Alloc(s), d.Alloc(backend.Shape{4, 4, 3, 3})
	d.Fill(x, 1)
	d.Fill(w, 1)
	var told []Dispatch
	d.Trace(func(p Dispatch) { told = append(told, p) })
	before := d.Stats().Dispatches
	d.Add(y, x, x)
	d.Conv2d(y, x, w, nil, backend.Conv{Stride: 1, Pad: 1})
	after := d.Stats().Dispatches
	d.Trace(nil)
	d.Add(y, x, x)
	require.NoError(t, d.Sync())
	require.Len(t, told, after-before)
	require.Equal(t, "elementwise", told[0].Kernel)
	require.Equal(t, 3*4*s.Len(), told[0].Bytes)
	flops := 0.0
	for _, p := range told {
		require.Positive(t, p.Host)
		flops += p.FLOPs
	}
	require.Equal(t, float64(2*4*9*s.Len()), flops)

	kernels := func() (all []string) {
		for _, p := range told {
			all = append(all, fmt.Sprint(p.Kernel, p.FLOPs, p.Bytes))
		}
		return all
	}
	want := kernels()
	told = nil
	d.Fill(y, 5)
	d.Count(func(p Dispatch) { told = append(told, p) })
	d.Add(y, x, x)
	d.Conv2d(y, x, w, nil, backend.Conv{Stride: 1, Pad: 1})
	require.Equal(t, make([]float32, s.Len()), read(d, y))
	d.Count(nil)
	require.Equal(t, want, kernels())
	require.Equal(t, full(s.Len(), 5), read(d, y))

	told = nil
	d.Time(func(p Dispatch) { told = append(told, p) })
	d.Add(y, x, x)
	d.Conv2d(y, x, w, nil, backend.Conv{Stride: 1, Pad: 1})
	d.Time(nil)
	require.Equal(t, want, kernels())
	require.Equal(t, float32(16), read(d, y)[0], "a corner has 4 of 9 weights in each of 4 channels")
	for range 50 { // one alone may take less than a driver's clock tells
		d.Time(func(p Dispatch) { told = append(told, p) })
		d.Add(y, x, x)
		d.Time(nil)
	}
	var device time.Duration
	for _, p := range told {
		device += p.Device
	}
	require.Positive(t, device)
	require.NoError(t, d.Sync())
}

// TestDispatchesAllocateNothing counts what the host allocates for operations that
// were run before, with each kind of kernels.
func TestDispatchesAllocateNothing(t *testing.T) {
	for _, name := range []string{"direct", "64x64", "winograd"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("IMPASTO_GPU_KERNELS", name)
			d := openDevice(t)
			const c = 32 // channels, for Winograd's method
			s := backend.Shape{1, c, 8, 8}
			alloc := func(s backend.Shape) backend.Buffer {
				b := d.Alloc(s)
				d.Fill(b, 1)
				return b
			}
			x, y, vec, loss := alloc(s), alloc(s), alloc(backend.Vec(c)), alloc(backend.Scalar)
			w, gram := alloc(backend.Shape{c, c, 3, 3}), alloc(backend.Shape{1, 1, c, c})
			mean, rstd := alloc(backend.Shape{1, c, 1, 1}), alloc(backend.Shape{1, c, 1, 1})
			pooled := alloc(backend.Shape{1, c, 4, 4})
			d.Freeze(w)
			dw, dvec := alloc(w.Shape()), alloc(vec.Shape())
			block := backend.ConvBlock{Conv: backend.Conv{Stride: 1, Pad: 1}, Reflect: true, Upsample: 1, ReLU: true}
			norm := backend.NormBlock{Eps: 1e-5, ReLU: true}
			for name, op := range map[string]func(){
				"fill": func() { d.Fill(x, 1) }, "add": func() { d.Add(y, x, x) }, "reluGrad": func() { d.ReLUGrad(x, y, x, true) },
				"pad": func() { d.ReflectPadGrad(x, y, 0, false) }, "affine": func() { d.ChannelAffine(y, x, vec, vec) },
				"conv": func() { d.ConvBlock(y, x, w, nil, block) }, "biased": func() { d.Conv2d(y, x, w, vec, block.Conv) },
				"gradInput":  func() { d.Conv2dGradInput(x, y, w, block.Conv, false) },
				"gradWeight": func() { d.Conv2dGradWeight(dw, dvec, x, y, block.Conv, false) },
				"convNorm": func() {
					d.Conv2d(y, x, w, nil, block.Conv)
					d.InstanceNorm(x, mean, rstd, y, vec, vec, norm.Eps)
				},
				"convPool": func() { d.ConvBlockPool(y, pooled, x, w, vec, backend.ConvBlock{Conv: block.Conv, Upsample: 1}) },
				"gated": func() {
					d.ConvBlockGradInputGated(x, y, y, w, y, backend.ConvBlock{Conv: block.Conv, Upsample: 1}, true)
				},
				"norm": func() { d.NormBlock(y, mean, rstd, y, vec, vec, x, norm) },
				"deferred": func() {
					d.NormBlock(x, mean, rstd, x, vec, vec, nil, norm)
					d.ConvBlock(y, x, w, nil, block)
					d.ReLU(x, x)
				},
				"normGrad": func() { d.NormBlockGrad(x, dvec, dvec, y, x, mean, rstd, vec, vec, norm, false, false) },
				"gram":     func() { d.Gram(gram, x) }, "gramGrad": func() { d.GramGrad(x, gram, y, true) },
				"mse": func() { d.MSE(loss, x, y, 1) }, "mseGrad": func() { d.MSEGrad(x, loss, x, y, 1, false) },
			} {
				ops := func() {
					for range 10 {
						op()
					}
				}
				ops()
				waiting := testing.AllocsPerRun(20, func() { d.Err() })
				require.LessOrEqual(t, testing.AllocsPerRun(20, func() { ops(); d.Err() }), waiting, name)
			}
			require.NoError(t, d.Sync())
		})
	}
}
