package cpu

import "github.com/impasto-go/impasto/tensor/backend"

// pointwiseTask applies a function to corresponding elements, for operations that
// are too rare for kernels.
type pointwiseTask struct {
	dst, x, y []float32 // y may be nil for zeros
	f         func(x, y float32) float32
	add       bool
}

func (t *pointwiseTask) do(i, _ int) {
	from, to := chunkOf(i, len(t.dst))
	for i := from; i < to; i++ {
		var y float32
		if t.y != nil {
			y = t.y[i]
		}
		v := t.f(t.x[i], y)
		if t.add {
			v += t.dst[i]
		}
		t.dst[i] = v
	}
}

// pointwise sets dst = f(x, y) element by element, or adds it.
func (b *Backend) pointwise(dst backend.Buffer, x, y *buffer, add bool, f func(x, y float32) float32) {
	t := own[pointwiseTask](b)
	*t = pointwiseTask{x: x.data, f: f, add: add}
	if y != nil {
		b.arrange(y, x.blocked)
		t.y = y.data
	}
	t.dst = b.target(dst, x, add).data
	b.run(chunks(len(t.dst)), t)
}
