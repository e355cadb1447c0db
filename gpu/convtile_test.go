//go:build gl && cgo && (linux || windows)

package gpu

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// TestConvTiles runs each number of tiles per thread, of which conformance's small
// shapes do not reach the largest, with kernels whose loops are unrolled and not.
func TestConvTiles(t *testing.T) {
	d, r := openDevice(t), reference.New()
	for _, c := range []struct {
		x             backend.Shape
		outputs, size int
		g             backend.Conv
		tile          int
	}{
		{backend.Shape{1, 2, 20, 20}, 4, 3, backend.Conv{Stride: 1, Pad: 1}, 1},
		{backend.Shape{1, 2, 20, 20}, 5, 3, backend.Conv{Stride: 1, Pad: 1}, 2},
		{backend.Shape{1, 3, 203, 201}, 27, 3, backend.Conv{Stride: 1, Pad: 1}, 4},
		{backend.Shape{1, 1, 256, 256}, 17, 9, backend.Conv{Stride: 1, Pad: 4}, 4},
		{backend.Shape{1, 2, 401, 403}, 30, 3, backend.Conv{Stride: 2, Pad: 1}, 4},
		{backend.Shape{1, 2, 256, 256}, 19, 2, backend.Conv{Stride: 1}, 4},
	} {
		w := backend.Shape{c.outputs, c.x[1], c.size, c.size}
		y := c.g.Out(c.x, w)
		require.Equal(t, c.tile, convTile(c.outputs, y[0]*y[2]*y[3]))
		rng := rand.New(rand.NewPCG(1, 2))
		in := [3][]float32{noise(rng, c.x.Len()), noise(rng, w.Len()), noise(rng, c.outputs)}
		convolve := func(b backend.Backend) []float32 {
			bx, bw, bias, by := b.Alloc(c.x), b.Alloc(w), b.Alloc(backend.Vec(c.outputs)), b.Alloc(y)
			for i, buf := range []backend.Buffer{bx, bw, bias} {
				b.Write(buf, in[i])
			}
			b.Conv2d(by, bx, bw, bias, c.g)
			out := make([]float32, y.Len())
			b.Read(out, by)
			for _, buf := range []backend.Buffer{bx, bw, bias, by} {
				b.Free(buf)
			}
			return out
		}
		got, want := convolve(d), convolve(r)
		require.NoError(t, d.Sync())
		for i := range want {
			// Values are about as large as the root of the number of terms, at most 163.
			if diff := got[i] - want[i]; !(diff < 1e-4 && diff > -1e-4) {
				t.Fatalf("%+v: element %d is %v, want %v", c, i, got[i], want[i])
			}
		}
	}
}

func noise(rng *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(rng.NormFloat64())
	}
	return v
}
