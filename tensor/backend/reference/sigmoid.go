package reference

import (
	"math"

	"github.com/impasto-go/impasto/tensor/backend"
)

// Sigmoid sets dst = 1/(1+exp(-x)).
func (r *Backend) Sigmoid(dst, x backend.Buffer) {
	d := r.dest("Sigmoid", dst, x.Shape(), false, x)
	for i, v := range r.source("Sigmoid", x, x.Shape()) {
		d[i] = 1 / (1 + math.Exp(-v))
	}
}

// SigmoidGrad computes dx = dy*y*(1-y) from the output y.
func (r *Backend) SigmoidGrad(dx, dy, y backend.Buffer, add bool) {
	const op = "SigmoidGrad"
	dyv, yv := r.source(op, dy, y.Shape()), r.source(op, y, y.Shape())
	d := r.dest(op, dx, y.Shape(), add, dy, y)
	for i, v := range yv {
		d[i] += dyv[i] * v * (1 - v)
	}
}
