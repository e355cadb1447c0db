package reference

import "github.com/impasto-go/impasto/tensor/backend"

// MSE sets the scalar dst = weight * mean((a-b)²).
func (r *Backend) MSE(dst, a, b backend.Buffer, weight float32) {
	const op = "MSE"
	av, bv := r.source(op, a, a.Shape()), r.source(op, b, a.Shape())
	d := r.dest(op, dst, backend.Scalar, false, a, b)
	for i := range av {
		d[0] += (av[i] - bv[i]) * (av[i] - bv[i])
	}
	d[0] *= float64(weight) / float64(len(av))
}

// MSEGrad computes da = dloss * weight * 2*(a-b)/len(a).
func (r *Backend) MSEGrad(da, dloss, a, b backend.Buffer, weight float32, add bool) {
	const op = "MSEGrad"
	av, bv, g := r.source(op, a, a.Shape()), r.source(op, b, a.Shape()), r.source(op, dloss, backend.Scalar)
	d := r.dest(op, da, a.Shape(), add, dloss, a, b)
	for i := range d {
		d[i] += g[0] * float64(weight) * 2 * (av[i] - bv[i]) / float64(len(av))
	}
}
