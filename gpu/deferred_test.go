//go:build gl && cgo && (linux || windows)

package gpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// normalizedConv is a convolution of what was normalized in place.
type normalizedConv struct {
	kernels string // as the environment forces them
	x       backend.Shape
	outputs int
	size    int
	g       backend.ConvBlock
	relu    bool // of the normalization
	block   int  // MaxBlock
}

var normalizedConvs = []normalizedConv{
	{"direct", backend.Shape{2, 5, 20, 21}, 9, 3, backend.ConvBlock{Conv: backend.Conv{Stride: 2, Pad: 1}, Upsample: 1}, true, 0},
	{"direct", backend.Shape{2, 5, 20, 21}, 9, 9, backend.ConvBlock{Conv: backend.Conv{Stride: 1, Pad: 4}, Reflect: true, Upsample: 2, ReLU: true}, false, 16 << 10},
	{"8x256", backend.Shape{2, 5, 20, 21}, 9, 3, backend.ConvBlock{Conv: backend.Conv{Stride: 1, Pad: 1}, Upsample: 2, ReLU: true}, true, 0},
	{"64x64", backend.Shape{3, 16, 24, 25}, 9, 3, backend.ConvBlock{Conv: backend.Conv{Stride: 2, Pad: 1}, Reflect: true, Upsample: 1}, false, 40 << 10},
	{"winograd", backend.Shape{2, 33, 12, 13}, 32, 3, backend.ConvBlock{Conv: backend.Conv{Stride: 1, Pad: 1}, Upsample: 1}, true, 0},
	{"winograd", backend.Shape{1, 32, 9, 7}, 35, 3, backend.ConvBlock{Conv: backend.Conv{Stride: 1, Pad: 1}, Reflect: true, Upsample: 2}, false, 0},
}

// TestDeferredNorm has convolutions of every kernel normalize what they load, a
// normalization its residual, and a sum what it adds, with zeros and mirrored pixels around what is normalized;
// planes far from zero are among them. All others find the tensor normalized.
func TestDeferredNorm(t *testing.T) {
	for i, c := range normalizedConvs {
		t.Run(fmt.Sprint(c.kernels, " ", i), func(t *testing.T) {
			t.Setenv(kernelsEnv, c.kernels)
			d := openDevice(t, MaxBlock(c.block))
			got, want := c.run(t, d), c.run(t, reference.New())
			require.NoError(t, d.Sync())
			require.Empty(t, d.unsettled, "all were read or freed")
			for k := range want {
				worst, largest := 0.0, 0.0
				for i, v := range want[k] {
					worst = max(worst, math.Abs(float64(got[k][i]-v))) // NaN stays
					largest = max(largest, math.Abs(float64(v)))
				}
				require.LessOrEqual(t, worst/largest, 3e-5, "result %d", k)
			}
		})
	}
}

// run returns the convolution, a normalization with the residual, the tensor plus
// itself and plus another, its square, and the tensor.
func (c normalizedConv) run(t *testing.T, b backend.Backend) (out [6][]float32) {
	rng := rand.New(rand.NewPCG(1, 2))
	load := func(s backend.Shape, mean float32) backend.Buffer {
		v := noise(rng, s.Len())
		for i := range v {
			v[i] += mean
		}
		x := b.Alloc(s)
		b.Write(x, v)
		return x
	}
	w := load(backend.Shape{c.outputs, c.x[1], c.size, c.size}, 0)
	gamma, beta := load(backend.Vec(c.x[1]), 1), load(backend.Vec(c.x[1]), 0)
	mean, rstd := b.Alloc(backend.Shape{c.x[0], c.x[1], 1, 1}), b.Alloc(backend.Shape{c.x[0], c.x[1], 1, 1})
	other := load(c.x, 0)
	rest := rng.Uint64()
	waiting := func(x backend.Buffer, want bool) {
		if buf, ok := x.(*buffer); ok {
			require.Equal(t, want, buf.norms.storage != nil)
		}
	}
	normalized := func() backend.Buffer {
		rng = rand.New(rand.NewPCG(rest, 3))
		x := load(c.x, 300)
		normBlock(b, x, mean, rstd, x, gamma, beta, nil, backend.NormBlock{Eps: 1e-5, ReLU: c.relu})
		waiting(x, true)
		return x
	}
	read := func(x backend.Buffer) []float32 {
		v := make([]float32, x.Shape().Len())
		b.Read(v, x)
		return v
	}
	x := normalized()
	y := b.Alloc(c.g.Out(c.x, w.Shape()))
	convBlock(b, y, x, w, nil, c.g)
	waiting(x, true)
	out[0] = read(y)

	z := b.Alloc(c.x)
	normBlock(b, z, mean, rstd, other, gamma, beta, x, backend.NormBlock{Eps: 1e-5, Alpha: -2})
	waiting(x, true)
	out[1] = read(z)
	b.Add(z, x, x)
	waiting(x, true)
	out[2] = read(z)
	b.Add(z, other, x)
	waiting(x, true)
	out[3] = read(z)
	b.Free(x)

	x = normalized()
	b.Mul(z, x, x, false)
	waiting(x, false)
	out[4] = read(z)
	out[5] = read(normalized())
	return out
}

// normBlock runs a block on a backend that may have none.
func normBlock(b backend.Backend, dst, mean, rstd, x, gamma, beta, residual backend.Buffer, g backend.NormBlock) {
	if f, ok := b.(backend.NormFuser); ok {
		f.NormBlock(dst, mean, rstd, x, gamma, beta, residual, g)
		return
	}
	y := b.Alloc(x.Shape())
	b.InstanceNorm(y, mean, rstd, x, gamma, beta, g.Eps)
	if g.ReLU {
		b.ReLU(y, y)
	}
	if residual != nil {
		b.Axpy(y, residual, g.Alpha, true)
	}
	b.Axpy(dst, y, 1, false)
	b.Free(y)
}

// TestDeferredNormMustNotStay writes to a tensor whose normalization waits, normalizes
// it once more, and records with such tensors from before and to the end.
func TestDeferredNormMustNotStay(t *testing.T) {
	d := openDevice(t)
	s := backend.Shape{1, 2, 3, 4}
	x, gamma, beta := d.Alloc(s), d.Alloc(backend.Vec(2)), d.Alloc(backend.Vec(2))
	mean, rstd := d.Alloc(backend.Vec(2)), d.Alloc(backend.Vec(2))
	d.Fill(gamma, 2)
	d.Fill(beta, 1)
	norm := func() {
		d.NormBlock(x, mean, rstd, x, gamma, beta, nil, backend.NormBlock{Eps: 1e-5})
		require.NotNil(t, x.(*buffer).norms.storage)
	}
	ramp := make([]float32, s.Len())
	for i := range ramp {
		ramp[i] = float32(i % 12)
	}
	read := func() []float32 {
		v := make([]float32, s.Len())
		d.Read(v, x)
		return v
	}
	d.Write(x, ramp)
	norm()
	d.Write(x, ramp)
	require.Equal(t, ramp, read())

	norm()
	once := read()
	require.InDelta(t, 1-2*math.Sqrt(33.0/13), once[0], 1e-5, "(0 - 5.5) / sqrt(143/12) * 2 + 1")
	norm()
	norm()
	require.InDeltaSlice(t, once, read(), 1e-5)

	d.Write(x, ramp)
	norm()
	r, err := d.Record(norm)
	require.NoError(t, err)
	require.Equal(t, once, read(), "what waited before the recording")
	for range 3 {
		for i := range r.Len() {
			r.Run(i, 0, r.Groups(i))
		}
		require.InDeltaSlice(t, once, read(), 1e-5)
	}
	require.NoError(t, d.Sync())
}
