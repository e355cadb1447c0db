package cpu

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor/backend"
)

// TestDeferredNorm has a convolution normalize the rows that it reads, for the bits
// that it makes of a tensor that was normalized before; and others find such a tensor
// normalized. Some planes are so far from zero that they are centered first.
func TestDeferredNorm(t *testing.T) {
	b := New(Options{Threads: 2})
	defer b.Close()
	for _, c := range []struct{ k, stride, up int }{{3, 2, 1}, {3, 1, 2}, {9, 1, 1}, {3, 1, 1}} {
		for _, relu := range []bool{false, true} {
			t.Run(fmt.Sprintf("%+v relu %v", c, relu), func(t *testing.T) {
				r := rand.New(rand.NewPCG(1, 2))
				alloc := func(s backend.Shape, mean float64) backend.Buffer {
					x := b.Alloc(s)
					b.Write(x, normal(r, s.Len(), mean, 1))
					return x
				}
				const n, channels, size = 2, 8, 48
				s := backend.Shape{n, channels, size, size}
				image, first := alloc(backend.Shape{n, 3, size, size}, 40), alloc(backend.Shape{channels, 3, 3, 3}, 1)
				gamma, beta := alloc(backend.Vec(channels), 1), alloc(backend.Vec(channels), 0)
				mean, rstd := b.Alloc(backend.Shape{n, channels, 1, 1}), b.Alloc(backend.Shape{n, channels, 1, 1})
				g := backend.ConvBlock{Conv: backend.Conv{Stride: c.stride, Pad: c.k / 2}, Reflect: relu, Upsample: c.up}
				w := alloc(backend.Shape{16, channels, c.k, c.k}, 0)
				// normalized returns a tensor in which the normalization is put off.
				normalized := func() backend.Buffer {
					x := b.Alloc(s)
					b.ConvBlock(x, image, first, nil, backend.ConvBlock{Conv: backend.Conv{Stride: 1, Pad: 1}, Upsample: 1})
					b.NormBlock(x, mean, rstd, x, gamma, beta, nil, backend.NormBlock{Eps: 1e-5, ReLU: relu})
					require.NotNil(t, deferring(x).deferred)
					return x
				}
				read := func(x backend.Buffer) []float32 {
					v := make([]float32, x.Shape().Len())
					b.Read(v, x)
					return v
				}
				convolved := func(x backend.Buffer) []float32 {
					y := b.Alloc(g.Out(s, w.Shape()))
					b.ConvBlock(y, x, w, nil, g)
					return read(y)
				}
				x := normalized()
				require.True(t, slices.ContainsFunc(deferring(x).deferred.minusMean, func(m float32) bool { return m != 0 }))
				got := convolved(x)
				require.NotNil(t, deferring(x).deferred, "the convolution heeds it")

				plain, y := b.Alloc(s), b.Alloc(s)
				b.ConvBlock(plain, image, first, nil, backend.ConvBlock{Conv: backend.Conv{Stride: 1, Pad: 1}, Upsample: 1})
				b.NormBlock(y, mean, rstd, plain, gamma, beta, nil, backend.NormBlock{Eps: 1e-5, ReLU: relu})
				require.Nil(t, deferring(y).deferred, "not in place")
				require.Equal(t, read(y), read(x))
				require.Nil(t, deferring(x).deferred)
				require.Equal(t, convolved(y), got)

				sum := b.Alloc(s)
				b.Add(sum, normalized(), y)
				for i, v := range read(y) {
					require.Equal(t, v+v, read(sum)[i])
					if i > 100 {
						break
					}
				}
				with := func(residual backend.Buffer) []float32 {
					b.NormBlock(sum, mean, rstd, plain, gamma, beta, residual, backend.NormBlock{Eps: 1e-5, Alpha: 0.7})
					return read(sum)
				}
				x = normalized()
				got = with(x)
				require.NotNil(t, deferring(x).deferred, "the normalization heeds it")
				require.Equal(t, with(y), got)
				b.Free(x)
				require.Nil(t, of(b.Alloc(s)).deferred)
			})
		}
	}
}
