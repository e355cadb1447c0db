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
	for p := t.before(i); t.next(&p); {
		dst := t.open(t.dst[p.from:p.to], worker)
		f32.ReLU(dst, t.x[p.from:p.to])
		t.close(t.dst[p.from:p.to], dst)
	}
}

// ReLU sets dst = max(x, 0).
func (b *Backend) ReLU(dst, x backend.Buffer) {
	t := own[reluTask](b)
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
	for p := t.before(i); t.next(&p); {
		dx := t.open(t.dx[p.from:p.to], worker)
		f32.ReLUGrad(dx, t.dy[p.from:p.to], t.y[p.from:p.to], t.add)
		t.close(t.dx[p.from:p.to], dx)
	}
}

// ReLUGrad passes dy where y is positive.
func (b *Backend) ReLUGrad(dx, dy, y backend.Buffer, add bool) {
	g, o := of(dy), of(y)
	b.arrange(g, o.blocked)
	t := own[reluGradTask](b)
	d := b.target(dx, o, add).data
	*t = reluGradTask{b.outletTo(d, len(d), 1, add), d, g.data, o.data, add}
	b.run(t.parts(1), t)
}
