package reference

import "github.com/impasto-go/impasto/tensor/backend"

// ReLU sets dst = max(x, 0). dst may be x. NaN stays NaN, as in PyTorch.
func (r *Backend) ReLU(dst, x backend.Buffer) {
	xv, d := r.source("ReLU", x, x.Shape()), r.source("ReLU", dst, x.Shape())
	for i, v := range xv {
		d[i] = max(v, 0)
	}
}

// ReLUGrad passes dy where the output y is positive. dx may be dy.
func (r *Backend) ReLUGrad(dx, dy, y backend.Buffer, add bool) {
	const op = "ReLUGrad"
	dyv, yv := r.source(op, dy, y.Shape()), r.source(op, y, y.Shape())
	d := r.dest(op, dx, y.Shape(), true, y)
	for i := range d {
		pass := 0.0
		if yv[i] > 0 {
			pass = dyv[i]
		}
		if add {
			d[i] += pass
		} else {
			d[i] = pass
		}
	}
}
