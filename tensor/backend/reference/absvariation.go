package reference

import (
	"math"

	"github.com/impasto-go/impasto/tensor/backend"
)

// AbsVariation sets the scalar dst to weight/len(x) times the sum of sqrt(d²+eps²)
// over the differences d of all pixels to their right and to their lower neighbors.
func (r *Backend) AbsVariation(dst, x backend.Buffer, weight, eps float32) {
	const op = "AbsVariation"
	xv, d := r.source(op, x, x.Shape()), r.dest(op, dst, backend.Scalar, false, x)
	eachPairOfNeighbors(x.Shape(), func(i, j int) { d[0] += math.Hypot(xv[i]-xv[j], float64(eps)) })
	d[0] *= float64(weight) / float64(len(xv))
}

// AbsVariationGrad computes dx = dloss * weight/len(x) times the sum of d/sqrt(d²+eps²)
// over a pixel's differences d to its up to four neighbors.
func (r *Backend) AbsVariationGrad(dx, dloss, x backend.Buffer, weight, eps float32, add bool) {
	const op = "AbsVariationGrad"
	xv, g := r.source(op, x, x.Shape()), r.source(op, dloss, backend.Scalar)
	d := r.dest(op, dx, x.Shape(), add, dloss, x)
	c := g[0] * float64(weight) / float64(len(xv))
	eachPairOfNeighbors(x.Shape(), func(i, j int) {
		if diff := xv[i] - xv[j]; diff != 0 {
			slope := c * diff / math.Hypot(diff, float64(eps))
			d[i] += slope
			d[j] -= slope
		}
	})
}
