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
	t := &b.ops.fill
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
	t := &b.ops.add
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
	t := &b.ops.axpy
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
	t := &b.ops.mul
	*t = mulTask{b.target(dst, l, add).data, l.data, r.data, add}
	b.run(chunks(len(t.dst)), t)
}

// target returns dst ready to take a result in the layout of x, which for an
// addition means to convert what is there.
func (b *Backend) target(dst backend.Buffer, x *buffer, add bool) *buffer {
	d := of(dst)
	if add {
		d.changed()
		b.arrange(d, x.blocked)
		return d
	}
	return d.as(x)
}
