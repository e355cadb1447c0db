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

// TestWinograd compares with the CPU within the bound that the conformance suite has
// for F(4x4,3x3): a relative L2 error of 1e-5.
func TestWinograd(t *testing.T) {
	for i, c := range []struct {
		x       backend.Shape
		outputs int
		g       backend.ConvBlock
		block   int // MaxBlock
	}{
		{backend.Shape{2, 35, 9, 10}, 40, backend.ConvBlock{Conv: backend.Conv{Stride: 1, Pad: 1}, Upsample: 1, ReLU: true}, 0},
		{backend.Shape{1, 32, 8, 14}, 33, backend.ConvBlock{Conv: backend.Conv{Stride: 1, Pad: 1}, Upsample: 2, Reflect: true}, 0},
		{backend.Shape{1, 48, 60, 33}, 32, backend.ConvBlock{Conv: backend.Conv{Stride: 1}, Upsample: 1}, 600 << 10}, // several runs of tiles
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			d := openDevice(t, MaxBlock(c.block))
			d.kernels = kernels{shared: true, tuned: true, conv: "64x64", winograd: true, groups: cardGroups}
			w := backend.Shape{c.outputs, c.x[1], 3, 3}
			y := c.g.Out(c.x, w)
			rng := rand.New(rand.NewPCG(5, 6))
			in := [][]float32{noise(rng, c.x.Len()), noise(rng, w.Len()), noise(rng, c.outputs), noise(rng, y.Len())}
			run := func(b backend.Backend) (out [2][]float32) {
				var buffers []backend.Buffer
				for i, s := range []backend.Shape{c.x, w, backend.Vec(c.outputs), y} {
					buffers = append(buffers, b.Alloc(s))
					b.Write(buffers[i], in[i])
				}
				x, weights, bias, dst := buffers[0], buffers[1], buffers[2], buffers[3]
				convBlock(b, dst, x, weights, bias, c.g)
				out[0] = make([]float32, y.Len())
				b.Read(out[0], dst)
				b.Write(dst, in[3])
				if c.g.Upsample == 1 {
					b.Conv2dGradInput(x, dst, weights, c.g.Conv, true)
				}
				out[1] = make([]float32, c.x.Len())
				b.Read(out[1], x)
				return out
			}
			got, want := run(d), run(reference.New())
			require.NoError(t, d.Sync())
			for k := range got {
				var off, size float64
				for i, v := range want[k] {
					off += math.Pow(float64(got[k][i]-v), 2)
					size += math.Pow(float64(v), 2)
				}
				require.Less(t, math.Sqrt(off/size), 1e-5)
			}
		})
	}
}

// convBlock runs a block on a backend that may have none.
func convBlock(b backend.Backend, dst, x, w, bias backend.Buffer, g backend.ConvBlock) {
	if f, ok := b.(backend.ConvFuser); ok {
		f.ConvBlock(dst, x, w, bias, g)
		return
	}
	s := x.Shape()
	up := b.Alloc(backend.Shape{s[0], s[1], s[2] * g.Upsample, s[3] * g.Upsample})
	b.Upsample(up, x, g.Upsample)
	conv := g.Conv
	if g.Reflect {
		padded := b.Alloc(backend.Shape{s[0], s[1], up.Shape()[2] + 2*g.Pad, up.Shape()[3] + 2*g.Pad})
		b.ReflectPad(padded, up, g.Pad)
		up, conv.Pad = padded, 0
	}
	b.Conv2d(dst, up, w, bias, conv)
	if g.ReLU {
		b.ReLU(dst, dst)
	}
}
