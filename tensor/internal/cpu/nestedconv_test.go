package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// TestNestedConv compares nested convolutions of the style network's kind, and
// their gradients to the input, with float64 loops: the relative error in the L2
// norm is at most 1e-5 and 4 times that of the direct form, the factor that the
// suite allows Winograd convolutions. Precise mode, strides, other kernels and
// images too low to gain are not nested.
func TestNestedConv(t *testing.T) {
	fast, precise := New(Options{}), New(Options{Precise: true})
	defer fast.Close()
	defer precise.Close()
	conv := func(stride, pad, up int, reflect bool) backend.ConvBlock {
		return backend.ConvBlock{Conv: backend.Conv{Stride: stride, Pad: pad}, Upsample: up, Reflect: reflect}
	}
	for _, c := range []struct {
		c, k, rows, cols int // of the kernel's
		h, w             int
		block            backend.ConvBlock
		nested           bool
	}{
		{3, 8, 9, 9, 64, 61, conv(1, 4, 1, true), true},
		{8, 3, 9, 9, 59, 64, conv(1, 4, 1, true), true},
		{5, 7, 9, 5, 53, 130, conv(1, 0, 1, false), true},
		{32, 3, 9, 9, 36, 33, conv(1, 4, 1, true), true},
		{40, 2, 9, 9, 37, 190, conv(1, 4, 1, true), true}, // in two strips
		{3, 2, 9, 9, 21, 19, conv(1, 4, 2, true), true},
		{3, 8, 9, 9, 20, 61, conv(1, 4, 1, true), false},
		{3, 8, 9, 9, 80, 40, conv(2, 4, 1, true), false},
		{3, 8, 7, 9, 50, 20, conv(1, 3, 1, true), false},
	} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			x := normal(r, c.c*c.h*c.w, 128, 64) // as pixels are
			w := normal(r, c.k*c.c*c.rows*c.cols, 0, 1)
			dy := normal(r, c.block.Out(backend.Shape{1, c.c, c.h, c.w}, backend.Shape{c.k, c.c, c.rows, c.cols}).Len(), 0, 1)
			results := func(b backend.Backend) (y, dx []float32) {
				bx, bw := b.Alloc(backend.Shape{1, c.c, c.h, c.w}), b.Alloc(backend.Shape{c.k, c.c, c.rows, c.cols})
				by := b.Alloc(c.block.Out(bx.Shape(), bw.Shape()))
				b.Write(bx, x)
				b.Write(bw, w)
				convBlock(b, by, bx, bw, c.block)
				y = make([]float32, len(dy))
				b.Read(y, by)
				b.Write(by, dy)
				plain := c.block.Conv
				dxs := bx.Shape()
				dxs[2], dxs[3] = (by.Shape()[2]-1)*plain.Stride+c.rows-2*plain.Pad, (by.Shape()[3]-1)*plain.Stride+c.cols-2*plain.Pad
				bdx := b.Alloc(dxs)
				b.Conv2dGradInput(bdx, by, bw, plain, false)
				dx = make([]float32, dxs.Len())
				b.Read(dx, bdx)
				return y, dx
			}
			own[nestedConv](fast).tapConv = nil
			gotY, gotDx := results(fast)
			require.Equal(t, c.nested, own[nestedConv](fast).tapConv != nil)
			preciseY, preciseDx := results(precise)
			require.Nil(t, own[nestedConv](precise).tapConv)
			wantY, wantDx := results(reference.New())
			for _, e := range []struct {
				name               string
				got, precise, want []float32
			}{{"result", gotY, preciseY, wantY}, {"gradient", gotDx, preciseDx, wantDx}} {
				got, direct := distance(e.got, e.want), distance(e.precise, e.want)
				t.Logf("%s: relative error %.1e, direct %.1e", e.name, got, direct)
				require.Less(t, got, min(1e-5, 4*direct), e.name)
			}
		})
	}
}

// convBlock runs a block on a backend, made of primitives if it must be.
func convBlock(b backend.Backend, y, x, w backend.Buffer, block backend.ConvBlock) {
	if f, ok := b.(backend.ConvFuser); ok {
		f.ConvBlock(y, x, w, nil, block)
		return
	}
	s := x.Shape()
	s[2], s[3] = s[2]*block.Upsample, s[3]*block.Upsample
	up := b.Alloc(s)
	b.Upsample(up, x, block.Upsample)
	if block.Reflect {
		s[2], s[3] = s[2]+2*block.Pad, s[3]+2*block.Pad
		padded := b.Alloc(s)
		b.ReflectPad(padded, up, block.Pad)
		up, block.Pad = padded, 0
	}
	b.Conv2d(y, up, w, nil, block.Conv)
}

// normal returns n random numbers.
func normal(r *rand.Rand, n int, mean, deviation float64) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(mean + deviation*r.NormFloat64())
	}
	return x
}

// distance returns the relative difference of got from want in the L2 norm.
func distance(got, want []float32) float64 {
	var diff, sum float64
	for i, w := range want {
		d := float64(got[i]) - float64(w)
		diff += d * d
		sum += float64(w) * float64(w)
	}
	return math.Sqrt(diff / sum)
}
