package reference

import "github.com/impasto-go/impasto/tensor/backend"

// TotalVariation sets the scalar dst to weight/len(x) times the sum of the squared
// differences of all pixels to their right and to their lower neighbors.
func (r *Backend) TotalVariation(dst, x backend.Buffer, weight float32) {
	const op = "TotalVariation"
	xv, d := r.source(op, x, x.Shape()), r.dest(op, dst, backend.Scalar, false, x)
	eachPairOfNeighbors(x.Shape(), func(i, j int) { d[0] += (xv[i] - xv[j]) * (xv[i] - xv[j]) })
	d[0] *= float64(weight) / float64(len(xv))
}

// TotalVariationGrad computes dx = dloss * weight/len(x) * 2 times the sum of a
// pixel's differences to its up to four neighbors.
func (r *Backend) TotalVariationGrad(dx, dloss, x backend.Buffer, weight float32, add bool) {
	const op = "TotalVariationGrad"
	xv, g := r.source(op, x, x.Shape()), r.source(op, dloss, backend.Scalar)
	d := r.dest(op, dx, x.Shape(), add, dloss, x)
	c := g[0] * float64(weight) * 2 / float64(len(xv))
	eachPairOfNeighbors(x.Shape(), func(i, j int) {
		d[i] += c * (xv[i] - xv[j])
		d[j] += c * (xv[j] - xv[i])
	})
}

// eachPairOfNeighbors visits every pixel i with its right and its lower neighbor j.
func eachPairOfNeighbors(s backend.Shape, f func(i, j int)) {
	eachPlane(s, func(_, _ int, p plane) {
		for i := p.begin; i < p.end; i++ {
			if (i-p.begin)%s[3] < s[3]-1 {
				f(i, i+1)
			}
			if i+s[3] < p.end {
				f(i, i+s[3])
			}
		}
	})
}
