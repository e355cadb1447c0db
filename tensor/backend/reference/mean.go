package reference

import "github.com/impasto-go/impasto/tensor/backend"

// Mean sets the scalar dst = weight * mean(x).
func (r *Backend) Mean(dst, x backend.Buffer, weight float32) {
	xv, d := r.source("Mean", x, x.Shape()), r.dest("Mean", dst, backend.Scalar, false, x)
	for _, v := range xv {
		d[0] += v
	}
	d[0] *= float64(weight) / float64(len(xv))
}

// MeanGrad sets every element of dx to dloss * weight/len(dx).
func (r *Backend) MeanGrad(dx, dloss backend.Buffer, weight float32, add bool) {
	g, d := r.source("MeanGrad", dloss, backend.Scalar), r.dest("MeanGrad", dx, dx.Shape(), add, dloss)
	for i := range d {
		d[i] += g[0] * float64(weight) / float64(len(d))
	}
}
