package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// TestUpsampledConv compares convolutions of upsampled images with float64 loops: the
// relative error in the L2 norm is at most 1e-5 and 4 times that of the direct form, as
// for Winograd convolutions, and 1, 2 and 3 threads give the same bits. Precise mode and
// few channels are computed directly.
func TestUpsampledConv(t *testing.T) {
	for _, c := range []struct {
		n, c, k, h, w int
		reflect, relu bool
		nine          bool // products
	}{
		{1, 16, 8, 11, 64, true, false, true},
		{2, 8, 3, 9, 33, true, false, true},
		{1, 32, 16, 5, 7, false, false, true},  // of blocks
		{1, 48, 32, 7, 20, true, true, true},   // to blocks
		{1, 9, 13, 6, 130, false, true, true},  // through emit
		{1, 8, 1, 1, 3, false, false, true},    // one row
		{1, 7, 8, 10, 40, true, false, false},  // few channels
		{3, 3, 4, 10, 16, false, false, false}, // fewer
	} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			r := rand.New(rand.NewPCG(9, 10))
			g := backend.ConvBlock{Conv: backend.Conv{Stride: 1, Pad: 1}, Reflect: c.reflect, Upsample: 2, ReLU: c.relu}
			xs, ws := backend.Shape{c.n, c.c, c.h, c.w}, backend.Shape{c.k, c.c, 3, 3}
			x, w, bias := normal(r, xs.Len(), 3, 1), normal(r, ws.Len(), 0, 1), normal(r, c.k, 0, 1)
			result := func(b backend.Backend) []float32 {
				bx, bw, shift, by := b.Alloc(xs), b.Alloc(ws), b.Alloc(backend.Vec(c.k)), b.Alloc(g.Out(xs, ws))
				b.Write(bx, x)
				b.Write(bw, w)
				b.Write(shift, bias)
				if fused, ok := b.(backend.ConvFuser); ok {
					fused.ConvBlock(by, bx, bw, shift, g)
				} else {
					up := b.Alloc(backend.Shape{c.n, c.c, 2 * c.h, 2 * c.w})
					b.Upsample(up, bx, 2)
					conv := g.Conv
					if c.reflect {
						padded := b.Alloc(backend.Shape{c.n, c.c, 2*c.h + 2, 2*c.w + 2})
						b.ReflectPad(padded, up, 1)
						up, conv.Pad = padded, 0
					}
					b.Conv2d(by, up, bw, shift, conv)
					if c.relu {
						b.ReLU(by, by)
					}
				}
				y := make([]float32, by.Shape().Len())
				b.Read(y, by)
				return y
			}
			var got []float32
			for _, threads := range []int{1, 2, 3} {
				b := New(Options{Threads: threads})
				y := result(b)
				require.Equal(t, c.nine, own[upsampledConv](b).tapConv != nil)
				require.NoError(t, b.Close())
				if got == nil {
					got = y
				}
				require.Equal(t, got, y, "%d threads", threads)
			}
			precise := New(Options{Precise: true})
			defer precise.Close()
			direct, want := result(precise), result(reference.New())
			require.Nil(t, own[upsampledConv](precise).tapConv)
			e, d := distance(got, want), distance(direct, want)
			t.Logf("relative error %.1e, direct %.1e", e, d)
			require.Less(t, e, min(1e-5, 4*d))
		})
	}
}
