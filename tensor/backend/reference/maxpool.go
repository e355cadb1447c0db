package reference

import (
	"math"

	"github.com/impasto-go/impasto/tensor/backend"
)

// MaxPool2 is a 2x2 maximum with stride 2. A NaN in a window wins, as in PyTorch.
func (r *Backend) MaxPool2(dst, x backend.Buffer) {
	const op = "MaxPool2"
	ys := poolOut(op, x.Shape())
	xv, d := r.source(op, x, x.Shape()), r.dest(op, dst, ys, false, x)
	windows(x.Shape(), ys, func(window [4]int, yi int) {
		d[yi] = math.Inf(-1)
		for _, xi := range window {
			if xv[xi] > d[yi] || math.IsNaN(xv[xi]) {
				d[yi] = xv[xi]
			}
		}
	})
}

// MaxPool2Grad routes dy to the first maximum of each window in row order, or to
// the last NaN, as in PyTorch.
func (r *Backend) MaxPool2Grad(dx, dy, x, y backend.Buffer, add bool) {
	const op = "MaxPool2Grad"
	ys := poolOut(op, x.Shape())
	dyv, xv := r.source(op, dy, ys), r.source(op, x, dx.Shape())
	r.source(op, y, ys)
	d := r.dest(op, dx, x.Shape(), add, dy, x, y)
	windows(x.Shape(), ys, func(window [4]int, yi int) {
		best := window[0]
		for _, xi := range window[1:] {
			if xv[xi] > xv[best] || math.IsNaN(xv[xi]) {
				best = xi
			}
		}
		d[best] += dyv[yi]
	})
}

func poolOut(op string, x backend.Shape) backend.Shape {
	if x[2] < 2 || x[3] < 2 {
		bug(op, "input %v", x)
	}
	return backend.Shape{x[0], x[1], x[2] / 2, x[3] / 2}
}

// windows visits every output pixel yi with its four inputs in row order.
func windows(x, y backend.Shape, f func(window [4]int, yi int)) {
	eachPlane(y, func(n, c int, _ plane) {
		for py := range y[2] {
			for px := range y[3] {
				top, bottom := at(x, n, c, 2*py, 2*px), at(x, n, c, 2*py+1, 2*px)
				f([4]int{top, top + 1, bottom, bottom + 1}, at(y, n, c, py, px))
			}
		}
	})
}
