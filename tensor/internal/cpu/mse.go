package cpu

import (
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

// sumTask adds up squares, or squared differences if b is given, chunk by chunk.
type sumTask struct {
	a, b []float32
	sums []float64
}

func (t *sumTask) do(i, _ int) {
	from, to := chunkOf(i, len(t.a))
	if t.b == nil {
		t.sums[i] = f32.SumSq(t.a[from:to])
	} else {
		t.sums[i] = f32.SumSqDiff(t.a[from:to], t.b[from:to])
	}
}

func (b *Backend) sumSquares(x, y []float32) float64 {
	t := &b.ops.sum
	n := chunks(len(x))
	*t = sumTask{x, y, b.shared.doubles(n)}
	b.run(n, t)
	var sum float64
	for _, s := range t.sums {
		sum += s
	}
	return sum
}

// MSE sets dst = weight * mean((x-y)²).
func (b *Backend) MSE(dst, x, y backend.Buffer, weight float32) {
	l, r := of(x), of(y)
	b.arrange(r, l.blocked)
	sum := b.sumSquares(l.data, r.data)
	of(dst).inLayout(false).data[0] = float32(float64(weight) * sum / float64(len(l.data)))
}

// SumSquares sets dst to the sum of squares of x.
func (b *Backend) SumSquares(dst, x backend.Buffer) {
	of(dst).inLayout(false).data[0] = float32(b.sumSquares(of(x).data, nil))
}

type mseGradTask struct {
	da, a, b []float32
	c        float32
	add      bool
}

func (t *mseGradTask) do(i, _ int) {
	from, to := chunkOf(i, len(t.a))
	f32.SubScale(t.da[from:to], t.a[from:to], t.b[from:to], t.c, t.add)
}

// MSEGrad computes da = dloss * weight * 2*(x-y)/len(x).
func (b *Backend) MSEGrad(da, dloss, x, y backend.Buffer, weight float32, add bool) {
	l, r := of(x), of(y)
	b.arrange(r, l.blocked)
	c := float64(of(dloss).data[0]) * float64(weight) * 2 / float64(len(l.data))
	t := &b.ops.mseGrad
	*t = mseGradTask{b.target(da, l, add).data, l.data, r.data, float32(c), add}
	b.run(chunks(len(t.a)), t)
}
