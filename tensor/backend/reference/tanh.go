package reference

import (
	"math"

	"github.com/impasto-go/impasto/tensor/backend"
)

// Tanh sets dst to the hyperbolic tangent of x.
func (r *Backend) Tanh(dst, x backend.Buffer) {
	d := r.dest("Tanh", dst, x.Shape(), false, x)
	for i, v := range r.source("Tanh", x, x.Shape()) {
		d[i] = math.Tanh(v)
	}
}

// TanhGrad computes dx = dy*(1-y²) from the output y.
func (r *Backend) TanhGrad(dx, dy, y backend.Buffer, add bool) {
	const op = "TanhGrad"
	dyv, yv := r.source(op, dy, y.Shape()), r.source(op, y, y.Shape())
	d := r.dest(op, dx, y.Shape(), add, dy, y)
	for i, v := range yv {
		d[i] += dyv[i] * (1 - v*v)
	}
}
