package cpu

import (
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

// squares are the squares of a, or of its differences to b if that is given, chunk
// by chunk.
type squares struct{ a, b []float32 }

func (t *squares) sum(i int) float64 {
	from, to := chunkOf(i, len(t.a))
	if t.b == nil {
		return f32.SumSq(t.a[from:to])
	}
	return f32.SumSqDiff(t.a[from:to], t.b[from:to])
}

func (b *Backend) sumSquares(x, y []float32) float64 {
	t := own[squares](b)
	*t = squares{x, y}
	return b.sum(chunks(len(x)), t)
}

// MSE sets dst = weight * mean((x-y)²).
func (b *Backend) MSE(dst, x, y backend.Buffer, weight float32) {
	l, r := of(x), of(y)
	b.arrange(r, l.blocked)
	setMean(of(dst), b.sumSquares(l.data, r.data), weight, len(l.data))
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
	t := own[mseGradTask](b)
	*t = mseGradTask{b.target(da, l, add).data, l.data, r.data, float32(c), add}
	b.run(chunks(len(t.a)), t)
}
