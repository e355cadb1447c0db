package cpu

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor/backend"
)

// TestVariationOfBlocks: the variations and their gradients are the same in both
// layouts, of rows that are divided among parts.
func TestVariationOfBlocks(t *testing.T) {
	b := New(Options{Threads: 2})
	defer b.Close()
	s := backend.Shape{2, 32, 40, 27}
	values := normal(rand.New(rand.NewPCG(1, 2)), s.Len(), 0, 1)
	one := b.Alloc(backend.Scalar)
	b.Write(one, []float32{1})
	for name, v := range map[string]struct {
		loss func(y, x backend.Buffer)
		grad func(dx, x backend.Buffer)
	}{
		"squares": {
			func(y, x backend.Buffer) { b.TotalVariation(y, x, 1) },
			func(dx, x backend.Buffer) { b.TotalVariationGrad(dx, one, x, float32(s.Len()), false) },
		},
		"absolute": {
			func(y, x backend.Buffer) { b.AbsVariation(y, x, 1, 0.1) },
			func(dx, x backend.Buffer) { b.AbsVariationGrad(dx, one, x, float32(s.Len()), 0.1, false) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			results := func(blocked bool) (loss, grad []float32) {
				x, y, dx := b.Alloc(s), b.Alloc(backend.Scalar), b.Alloc(s)
				b.Write(x, values)
				b.arrange(of(x), blocked)
				v.loss(y, x)
				v.grad(dx, x)
				require.Equal(t, blocked, of(x).blocked)
				loss, grad = make([]float32, 1), make([]float32, s.Len())
				b.Read(loss, y)
				b.Read(grad, dx)
				return loss, grad
			}
			loss, grad := results(false)
			ofBlocks, gradOfBlocks := results(true)
			require.InEpsilon(t, loss[0], ofBlocks[0], 1e-6)
			require.InDeltaSlice(t, grad, gradOfBlocks, 1e-5)
		})
	}
}
