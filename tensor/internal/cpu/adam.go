package cpu

import (
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

type adamTask struct {
	w, m, v, g []float32
	p          backend.AdamParams
}

func (t *adamTask) do(i, _ int) {
	from, to := chunkOf(i, len(t.w))
	p := &t.p
	f32.Adam(t.w[from:to], t.m[from:to], t.v[from:to], t.g[from:to],
		p.Beta1, p.Beta2, p.Eps, p.StepSize, p.InvSqrtCorrection2)
}

// Adam updates w, m and v in place.
func (b *Backend) Adam(w, m, v, g backend.Buffer, p backend.AdamParams) {
	c := of(w)
	c.changed()
	t := &b.ops.adam
	*t = adamTask{c.data, of(m).data, of(v).data, of(g).data, p}
	b.run(chunks(len(t.w)), t)
}
