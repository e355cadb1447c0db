package cpu

import (
	"math"

	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

type adamTask struct {
	w, m, v, g []float32
	p          backend.AdamParams
	scale      float32 // of the gradient
	scratch    []scratch
}

func (t *adamTask) do(i, worker int) {
	from, to := chunkOf(i, len(t.w))
	p, w, g := &t.p, t.w[from:to], t.g[from:to]
	if t.scale != 1 {
		scaled := t.scratch[worker].floats(slotRaw, len(g))
		f32.Axpy(scaled, g, t.scale, false)
		g = scaled
	}
	if p.Decay != 0 {
		f32.Axpy(w, w, 1-p.Decay, false)
	}
	f32.Adam(w, t.m[from:to], t.v[from:to], g, float32(p.Beta1), float32(p.Beta2), float32(1-p.Beta1), float32(1-p.Beta2), p.Eps, p.StepSize, p.InvSqrtCorrection2)
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
	t := own[adamTask](b)
	*t = adamTask{w: c.data, m: of(m).data, v: of(v).data, g: of(g).data, p: p, scale: 1, scratch: b.scratch}
	if p.MaxNorm > 0 {
		t.scale = float32(p.ClipFactor(float64(of(p.Squares).data[0])))
	}
	b.run(chunks(len(t.w)), t)
}
