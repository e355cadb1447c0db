package cpu_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/cpu"
)

// TestPace runs a convolution and a normalization in portions of every size: to the
// bit the same, each part asked for once, and nothing allocated.
func TestPace(t *testing.T) {
	for _, threads := range []int{1, 3} {
		b := cpu.New(cpu.Options{Threads: threads})
		defer b.Close()
		x, y := b.Alloc(backend.Shape{1, 32, 30, 34}), b.Alloc(backend.Shape{1, 32, 30, 34})
		w, stats, gamma := b.Alloc(backend.Shape{32, 32, 3, 3}), b.Alloc(backend.Vec(32)), b.Alloc(backend.Vec(32))
		rstd := b.Alloc(backend.Vec(32))
		b.Fill(gamma, 1.5)
		values := func(n int) []float32 {
			v := make([]float32, n)
			for i := range v {
				v[i] = float32(i*i%101)/50 - 1
			}
			return v
		}
		b.Write(w, values(w.Shape().Len()))
		input := values(x.Shape().Len())
		b.Write(x, input)
		work := func() {
			b.ConvBlock(y, x, w, nil, backend.ConvBlock{Conv: backend.Conv{Stride: 1, Pad: 1}, Upsample: 1})
			b.NormBlock(y, stats, rstd, y, gamma, gamma, nil, backend.NormBlock{Eps: 1e-5, ReLU: true})
		}
		result := func() []float32 {
			got := make([]float32, y.Shape().Len())
			b.Read(got, y)
			return got
		}
		work()
		want := result()
		for _, portion := range []int{1, 2, 7, 1 << 20} {
			b.Fill(y, 0)
			before, done, ops := -1, 0, 0
			b.Pace(func(left int) int {
				if before > 0 {
					require.Equal(t, before-min(portion, before), left)
				}
				before = left
				done += min(portion, left)
				if left == 0 {
					ops++
				}
				return portion
			})
			work()
			b.Pace(nil)
			require.Equal(t, want, result(), "%d threads, portions of %d", threads, portion)
			require.Greater(t, done, ops)
			require.GreaterOrEqual(t, ops, 2)
		}
		b.Pace(func(left int) int { return (left + 1) / 2 })
		require.Zero(t, testing.AllocsPerRun(5, work))
		b.Pace(func(int) int { return 0 })
		work()
		b.Pace(nil)
		work()
		require.Equal(t, want, result(), "after work that was left out")
	}
}
