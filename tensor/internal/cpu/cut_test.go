package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// TestFrozenTaps has direct convolutions in all forms keep the weights that they
// pack, for the same results as with weights that are not frozen, and forget them
// when weights change.
func TestFrozenTaps(t *testing.T) {
	b := New(Options{Threads: 2})
	defer b.Close()
	for _, c := range []struct {
		form           tapForm
		k, stride, up  int
		in, out, edges int
	}{{forwardForm, 3, 2, 1, 8, 16, 24}, {phasesForm, 3, 1, 2, 4, 16, 24}, {upsampledForm, 3, 1, 2, 32, 16, 24}, {nestedForm, 9, 1, 1, 3, 8, 40}} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			g := backend.ConvBlock{Conv: backend.Conv{Stride: c.stride, Pad: c.k / 2}, Reflect: true, Upsample: c.up}
			x := b.Alloc(backend.Shape{1, c.in, c.edges, c.edges})
			b.Write(x, normal(r, x.Shape().Len(), 0, 1))
			w := backend.Shape{c.out, c.in, c.k, c.k}
			y := b.Alloc(g.Out(x.Shape(), w))
			result := func(w backend.Buffer) []float32 {
				b.ConvBlock(y, x, w, nil, g)
				v := make([]float32, y.Shape().Len())
				b.Read(v, y)
				return v
			}
			frozen, plain := b.Alloc(w), b.Alloc(w)
			for range 2 {
				weights := normal(r, w.Len(), 0, 1)
				b.Write(frozen, weights)
				b.Write(plain, weights)
				b.Freeze(frozen)
				require.Nil(t, of(frozen).taps[c.form])
				want := result(plain)
				require.Equal(t, want, result(frozen))
				require.NotNil(t, of(frozen).taps[c.form])
				require.Nil(t, of(plain).taps[c.form])
				require.Equal(t, want, result(frozen))
			}
		})
	}
}

// TestGramPieces compares Gram matrices that are sums of pieces, or whose gradient is
// cut by channels, with float64 loops.
func TestGramPieces(t *testing.T) {
	b, ref := New(Options{}), reference.New()
	defer b.Close()
	for _, s := range []backend.Shape{{1, 32, 64, 81}, {2, 64, 46, 50}, {1, 96, 9, 15}, {3, 256, 8, 8}} {
		r := rand.New(rand.NewPCG(3, 4))
		x, dg := normal(r, s.Len(), 1, 2), normal(r, s[0]*s[1]*s[1], 0, 1)
		results := func(b backend.Backend) [][]float32 {
			bx, dx, g := b.Alloc(s), b.Alloc(s), b.Alloc(backend.Shape{s[0], 1, s[1], s[1]})
			b.Write(bx, x)
			b.Gram(g, bx)
			all := [][]float32{make([]float32, len(dg)), make([]float32, len(x)), make([]float32, len(x))}
			b.Read(all[0], g)
			b.Write(g, dg)
			for i, add := range []bool{false, true} {
				b.GramGrad(dx, g, bx, add)
				b.Read(all[1+i], dx)
			}
			return all
		}
		want := results(ref)
		for i, got := range results(b) {
			require.Less(t, distance(got, want[i]), 1e-6, "%v: result %d", s, i)
		}
	}
}

// TestWinogradRuns compares convolutions whose first runs take several groups of
// tiles and the last ones one, and those whose tiles are transformed by blocks of
// channels, with float64 loops.
func TestWinogradRuns(t *testing.T) {
	b, ref := New(Options{}), reference.New()
	defer b.Close()
	for _, c := range []struct {
		x backend.Shape
		k int
	}{{backend.Shape{1, 32, 124, 128}, 32}, {backend.Shape{2, 96, 12, 20}, 64}} {
		r := rand.New(rand.NewPCG(5, 6))
		x, w := normal(r, c.x.Len(), 0, 1), normal(r, c.k*c.x[1]*9, 0, 1)
		result := func(b backend.Backend) []float32 {
			bx, bw := b.Alloc(c.x), b.Alloc(backend.Shape{c.k, c.x[1], 3, 3})
			by := b.Alloc(backend.Shape{c.x[0], c.k, c.x[2], c.x[3]})
			b.Write(bx, x)
			b.Write(bw, w)
			b.Conv2d(by, bx, bw, nil, backend.Conv{Stride: 1, Pad: 1})
			y := make([]float32, by.Shape().Len())
			b.Read(y, by)
			return y
		}
		got := result(b)
		require.Positive(t, own[winogradConv](b).large)
		require.Less(t, distance(got, result(ref)), 1e-5)
	}
}

// TestWinogradGradBlocks compares gradients of weights of several blocks of channels, of
// which the last are smaller, from one share of the tiles and from several, with
// float64 loops, and demands the same bits of 1, 2 and 5 threads.
func TestWinogradGradBlocks(t *testing.T) {
	ref := reference.New()
	for _, c := range []struct {
		x      backend.Shape
		k      int
		shares int
	}{
		{backend.Shape{2, 32, 31, 62}, 32, 4}, {backend.Shape{1, 80, 18, 54}, 48, 2},
		{backend.Shape{1, 144, 11, 14}, 80, 1},
	} {
		r := rand.New(rand.NewPCG(7, 8))
		ws := backend.Shape{c.k, c.x[1], 3, 3}
		ys := backend.Shape{c.x[0], c.k, c.x[2], c.x[3]}
		x, dy, sum := normal(r, c.x.Len(), 0, 1), normal(r, ys.Len(), 0, 1), normal(r, ws.Len(), 0, 1)
		result := func(b backend.Backend, add bool) [][]float32 {
			bx, bdy, dw, dbias := b.Alloc(c.x), b.Alloc(ys), b.Alloc(ws), b.Alloc(backend.Vec(c.k))
			b.Write(bx, x)
			b.Write(bdy, dy)
			b.Write(dw, sum)
			b.Write(dbias, sum[:c.k])
			b.Conv2dGradWeight(dw, dbias, bx, bdy, backend.Conv{Stride: 1, Pad: 1}, add)
			all := [][]float32{make([]float32, ws.Len()), make([]float32, c.k)}
			b.Read(all[0], dw)
			b.Read(all[1], dbias)
			return all
		}
		for _, add := range []bool{false, true} {
			var first [][]float32
			for _, threads := range []int{1, 2, 5} {
				b := New(Options{Threads: threads})
				got := result(b, add)
				require.Equal(t, c.shares, own[winogradGrad](b).shares)
				require.NoError(t, b.Close())
				if first == nil {
					first = got
				}
				require.Equal(t, first, got, "%d threads", threads)
			}
			if !add {
				continue
			}
			for i, want := range result(ref, add) {
				t.Logf("%v: result %d: relative error %.1e", c.x, i, distance(first[i], want))
				require.Less(t, distance(first[i], want), 2e-6, "%v: result %d", c.x, i)
			}
		}
	}
}

// TestTrace has every part of every region told, with the results of an untraced run.
func TestTrace(t *testing.T) {
	b := New(Options{Threads: 3})
	defer b.Close()
	x, y := b.Alloc(backend.Vec(3*chunk)), b.Alloc(backend.Vec(3*chunk))
	var regions []backend.Region
	var now time.Duration
	clock := func() time.Duration { now++; return now }
	b.Trace(clock, func(r backend.Region) {
		r.Parts = append(r.Parts[:0:0], r.Parts...)
		regions = append(regions, r)
	})
	b.Fill(x, 2)
	b.Add(y, x, x)
	b.Trace(nil, nil)
	b.Fill(x, 1)
	require.Len(t, regions, 2)
	require.Equal(t, []string{"fillTask", "addTask"}, []string{regions[0].Task, regions[1].Task})
	for _, r := range regions {
		require.Equal(t, []time.Duration{1, 1, 1}, r.Parts)
	}
	v := make([]float32, 3*chunk)
	b.Read(v, y)
	for _, e := range v {
		require.Equal(t, float32(4), e)
	}
}
