package cpu

import (
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

type reluTask struct{ dst, x []float32 }

func (t *reluTask) do(i, _ int) {
	from, to := chunkOf(i, len(t.dst))
	f32.ReLU(t.dst[from:to], t.x[from:to])
}

// ReLU sets dst = max(x, 0).
func (b *Backend) ReLU(dst, x backend.Buffer) {
	t := &b.ops.relu
	s := of(x)
	*t = reluTask{of(dst).as(s).data, s.data}
	b.run(chunks(len(t.dst)), t)
}

type reluGradTask struct {
	dx, dy, y []float32
	add       bool
}

func (t *reluGradTask) do(i, _ int) {
	from, to := chunkOf(i, len(t.dx))
	f32.ReLUGrad(t.dx[from:to], t.dy[from:to], t.y[from:to], t.add)
}

// ReLUGrad passes dy where y is positive.
func (b *Backend) ReLUGrad(dx, dy, y backend.Buffer, add bool) {
	g, o := of(dy), of(y)
	b.arrange(g, o.blocked)
	t := &b.ops.reluGrad
	*t = reluGradTask{b.target(dx, o, add).data, g.data, o.data, add}
	b.run(chunks(len(t.dx)), t)
}
