package cpu

import (
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

type fillTask struct {
	dst []float32
	v   float32
}

func (t *fillTask) do(i, _ int) {
	from, to := chunkOf(i, len(t.dst))
	f32.Fill(t.dst[from:to], t.v)
}

// Fill sets every element of dst to v.
func (b *Backend) Fill(dst backend.Buffer, v float32) {
	t := own[fillTask](b)
	*t = fillTask{of(dst).inLayout(false).data, v}
	b.run(chunks(len(t.dst)), t)
}

type addTask struct{ dst, a, b []float32 }

func (t *addTask) do(i, _ int) {
	from, to := chunkOf(i, len(t.dst))
	f32.Add(t.dst[from:to], t.a[from:to], t.b[from:to])
}

// Add sets dst = x + y.
func (b *Backend) Add(dst, x, y backend.Buffer) {
	d, l, r := of(dst), of(x), of(y)
	b.arrange(r, l.blocked)
	t := own[addTask](b)
	*t = addTask{d.as(l).data, l.data, r.data}
	b.run(chunks(len(t.dst)), t)
}

type axpyTask struct {
	dst, x []float32
	alpha  float32
	add    bool
}

func (t *axpyTask) do(i, _ int) {
	from, to := chunkOf(i, len(t.dst))
	if t.alpha == 1 && !t.add {
		copy(t.dst[from:to], t.x[from:to])
		return
	}
	f32.Axpy(t.dst[from:to], t.x[from:to], t.alpha, t.add)
}

// Axpy sets dst = alpha*x or adds it.
func (b *Backend) Axpy(dst, x backend.Buffer, alpha float32, add bool) {
	t := own[axpyTask](b)
	s := of(x)
	*t = axpyTask{b.target(dst, s, add).data, s.data, alpha, add}
	b.run(chunks(len(t.dst)), t)
}

type mulTask struct {
	dst, a, b []float32
	add       bool
}

func (t *mulTask) do(i, _ int) {
	from, to := chunkOf(i, len(t.dst))
	f32.Mul(t.dst[from:to], t.a[from:to], t.b[from:to], t.add)
}

// Mul sets dst = x*y or adds it.
func (b *Backend) Mul(dst, x, y backend.Buffer, add bool) {
	l, r := of(x), of(y)
	b.arrange(r, l.blocked)
	t := own[mulTask](b)
	*t = mulTask{b.target(dst, l, add).data, l.data, r.data, add}
	b.run(chunks(len(t.dst)), t)
}
