package cpu

import (
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

type reluTask struct {
	outlet
	dst, x []float32
}

func (t *reluTask) do(i, worker int) {
	_, pieces := t.pieces(i)
	for from, to := range pieces {
		dst := t.open(t.dst[from:to], worker)
		f32.ReLU(dst, t.x[from:to])
		t.close(t.dst[from:to], dst)
	}
}

// ReLU sets dst = max(x, 0).
func (b *Backend) ReLU(dst, x backend.Buffer) {
	t := &b.ops.relu
	s := of(x)
	d := of(dst).as(s).data
	*t = reluTask{b.outletTo(d, len(d), 1, false), d, s.data}
	b.run(t.parts(1), t)
}

type reluGradTask struct {
	outlet
	dx, dy, y []float32
	add       bool
}

func (t *reluGradTask) do(i, worker int) {
	_, pieces := t.pieces(i)
	for from, to := range pieces {
		dx := t.open(t.dx[from:to], worker)
		f32.ReLUGrad(dx, t.dy[from:to], t.y[from:to], t.add)
		t.close(t.dx[from:to], dx)
	}
}

// ReLUGrad passes dy where y is positive.
func (b *Backend) ReLUGrad(dx, dy, y backend.Buffer, add bool) {
	g, o := of(dy), of(y)
	b.arrange(g, o.blocked)
	t := &b.ops.reluGrad
	d := b.target(dx, o, add).data
	*t = reluGradTask{b.outletTo(d, len(d), 1, add), d, g.data, o.data, add}
	b.run(t.parts(1), t)
}
