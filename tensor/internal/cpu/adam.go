package cpu

import (
	"math"

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

// Adam updates w, m and v in place, unless there is a guard that is not finite.
func (b *Backend) Adam(w, m, v, g, guard backend.Buffer, p backend.AdamParams) {
	if guard != nil {
		if value := float64(of(guard).data[0]); math.IsNaN(value) || math.IsInf(value, 0) {
			return
		}
	}
	c := of(w)
	c.changed()
	t := &b.ops.adam
	*t = adamTask{c.data, of(m).data, of(v).data, of(g).data, p}
	b.run(chunks(len(t.w)), t)
}
