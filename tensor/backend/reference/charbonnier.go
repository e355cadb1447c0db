package reference

import (
	"math"

	"github.com/impasto-go/impasto/tensor/backend"
)

// Charbonnier sets the scalar dst = weight * mean(sqrt((a-b)² + eps²)).
func (r *Backend) Charbonnier(dst, a, b backend.Buffer, weight, eps float32) {
	const op = "Charbonnier"
	av, bv := r.source(op, a, a.Shape()), r.source(op, b, a.Shape())
	d := r.dest(op, dst, backend.Scalar, false, a, b)
	for i := range av {
		d[0] += math.Hypot(av[i]-bv[i], float64(eps))
	}
	d[0] *= float64(weight) / float64(len(av))
}

// CharbonnierGrad computes da = dloss * weight * (a-b)/sqrt((a-b)²+eps²)/len(a).
func (r *Backend) CharbonnierGrad(da, dloss, a, b backend.Buffer, weight, eps float32, add bool) {
	const op = "CharbonnierGrad"
	av, bv, g := r.source(op, a, a.Shape()), r.source(op, b, a.Shape()), r.source(op, dloss, backend.Scalar)
	d := r.dest(op, da, a.Shape(), add, dloss, a, b)
	for i := range d {
		if diff := av[i] - bv[i]; diff != 0 {
			d[i] += g[0] * float64(weight) * diff / math.Hypot(diff, float64(eps)) / float64(len(av))
		}
	}
}
