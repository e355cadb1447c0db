package reference

import (
	"math"

	"github.com/impasto-go/impasto/tensor/backend"
)

// Adam updates the parameter w and its moments m and v in place, unless there is a
// guard that is not finite.
func (r *Backend) Adam(w, m, v, g, guard backend.Buffer, p backend.AdamParams) {
	const op = "Adam"
	gv := r.source(op, g, w.Shape())
	wv := r.dest(op, w, w.Shape(), true, m, v, g)
	mv, vv := r.dest(op, m, w.Shape(), true, v, g), r.dest(op, v, w.Shape(), true, g)
	if guard != nil {
		if value := r.source(op, guard, backend.Scalar)[0]; math.IsNaN(value) || math.IsInf(value, 0) {
			return
		}
	}
	scale := 1.0
	if p.MaxNorm > 0 {
		scale = p.ClipFactor(r.source(op, p.Squares, backend.Scalar)[0])
	}
	for i := range wv {
		grad := scale * gv[i]
		mv[i] = p.Beta1*mv[i] + (1-p.Beta1)*grad
		vv[i] = p.Beta2*vv[i] + (1-p.Beta2)*grad*grad
		wv[i] -= float64(p.Decay)*wv[i] + float64(p.StepSize)*mv[i]/(math.Sqrt(vv[i])*float64(p.InvSqrtCorrection2)+float64(p.Eps))
	}
}
