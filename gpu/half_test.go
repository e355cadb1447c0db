//go:build gl && cgo && (linux || windows)

package gpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor/backend"
)

// TestHalf computes a chain of what networks are made of with results in 16 bits, by all
// kernels, and compares it with the same in 32: a convolution, its normalization, a
// convolution of that, plain or upsampled, sums of both, and a product by an operation
// that knows nothing of 16 bits.
func TestHalf(t *testing.T) {
	for i, c := range []struct {
		kernels  string
		channels int
		upsample int
		half     bool // as the width of the result has it
		x        backend.Shape
	}{
		{"direct", 9, 1, true, backend.Shape{2, 3, 10, 12}},
		{"direct", 9, 2, true, backend.Shape{2, 3, 10, 12}},
		{"direct", 9, 2, true, backend.Shape{1, 3, 9, 6}}, // rows of one and a half quads
		{"direct", 9, 1, false, backend.Shape{1, 3, 9, 6}},
		{"8x256", 9, 2, true, backend.Shape{1, 3, 10, 12}},
		{"16x128", 9, 1, true, backend.Shape{2, 3, 10, 12}}, // without moments
		{"64x64", 70, 1, true, backend.Shape{1, 3, 6, 8}},   // split
		{"winograd", 33, 1, true, backend.Shape{1, 3, 10, 12}},
	} {
		t.Run(fmt.Sprint(i, c.kernels), func(t *testing.T) {
			t.Setenv(kernelsEnv, c.kernels)
			d := openDevice(t)
			chain := func() (out [3][]float32) {
				rng := rand.New(rand.NewPCG(1, 2))
				make := func(s backend.Shape) backend.Buffer { return load(d, s, noise(rng, s.Len())) }
				n := c.channels
				x, w, u := make(c.x), make(backend.Shape{n, 3, 3, 3}), make(backend.Shape{n, n, 3, 3})
				gamma, beta := make(backend.Vec(n)), make(backend.Vec(n))
				stats := backend.Shape{c.x[0], n, 1, 1}
				mean, rstd := d.Alloc(stats), d.Alloc(stats)
				s := backend.Shape{c.x[0], n, c.x[2], c.x[3]}
				y := d.Alloc(s)
				d.ConvBlock(y, x, w, nil, backend.ConvBlock{Conv: backend.Conv{Stride: 1, Pad: 1}, Reflect: true, Upsample: 1})
				d.NormBlock(y, mean, rstd, y, gamma, beta, nil, backend.NormBlock{Eps: 1e-5, ReLU: true})
				g := backend.ConvBlock{Conv: backend.Conv{Stride: 1, Pad: 1}, Reflect: true, Upsample: c.upsample}
				z := d.Alloc(g.Out(s, u.Shape()))
				d.ConvBlock(z, y, u, nil, g)
				require.Equal(t, d.half && c.half, z.(*buffer).half)
				sum := d.Alloc(z.Shape())
				if c.upsample == 1 {
					d.NormBlock(z, mean, rstd, z, gamma, beta, y, backend.NormBlock{Eps: 1e-5, Alpha: 0.5})
					d.Add(sum, z, y)
					require.Equal(t, d.half && c.half, sum.(*buffer).half)
				} else {
					d.NormBlock(z, mean, rstd, z, gamma, beta, z, backend.NormBlock{Eps: 1e-5, Alpha: 0.5})
					d.Mul(sum, z, z, false)
					require.False(t, z.(*buffer).half, "what multiplies finds 32 bits")
				}
				out = [3][]float32{read(d, y), read(d, z), read(d, sum)}
				for _, b := range []backend.Buffer{x, w, u, gamma, beta, mean, rstd, y, z, sum} {
					d.Free(b)
				}
				require.Empty(t, d.unsettled)
				return out
			}
			want := chain()
			d.Half(true)
			got := chain()
			require.NoError(t, d.Sync())
			require.Equal(t, c.half, !slices.Equal(want[1], got[1]), "whether anything was rounded")
			for k := range want {
				worst, largest := 0.0, 0.0
				for i, v := range want[k] {
					worst = max(worst, math.Abs(float64(got[k][i]-v))) // NaN stays
					largest = max(largest, math.Abs(float64(v)))
				}
				require.LessOrEqual(t, worst, 2e-3*largest, "result %d", k) // each rounding is of 2^-11
			}
		})
	}
}

// TestHalfIsExact stores values that 16 bits can have, and reads them again.
func TestHalfIsExact(t *testing.T) {
	d := openDevice(t)
	d.Half(true)
	s := backend.Shape{2, 5, 3, 8}
	v := make([]float32, s.Len())
	for i := range v {
		v[i] = float32(i*37%2048 - 1024)
	}
	v[0], v[1], v[2] = 65504, -65504, 1.0/(1<<24)
	identity := make([]float32, 25)
	for i := range 5 {
		identity[6*i] = 1
	}
	y := d.Alloc(s)
	d.Conv2d(y, load(d, s, v), load(d, backend.Shape{5, 5, 1, 1}, identity), nil, backend.Conv{Stride: 1})
	require.True(t, y.(*buffer).half)
	require.Equal(t, v, read(d, y))
	require.NoError(t, d.Sync())
}

// TestHalfOverflow has Sync tell of values that are too large, once; they become the
// largest.
func TestHalfOverflow(t *testing.T) {
	for _, large := range []float32{65520, 1e9, float32(math.Inf(1))} {
		d := openDevice(t)
		d.Half(true)
		s := backend.Shape{1, 8, 4, 4}
		x, w, y := d.Alloc(s), d.Alloc(backend.Shape{8, 8, 1, 1}), d.Alloc(s)
		d.Fill(x, large)
		d.Fill(w, -0.125)
		d.Conv2d(y, x, w, nil, backend.Conv{Stride: 1})
		require.Equal(t, full(s.Len(), -65504), read(d, y))
		require.ErrorIs(t, d.Sync(), ErrRange)
		require.NoError(t, d.Sync())
		d.Fill(x, 1)
		d.Conv2d(y, x, w, nil, backend.Conv{Stride: 1})
		require.Equal(t, full(s.Len(), -1), read(d, y))
		require.NoError(t, d.Sync())
	}
}
