package reference

import "github.com/impasto-go/impasto/tensor/backend"

// Upsample repeats every pixel factor times in both directions.
func (r *Backend) Upsample(dst, x backend.Buffer, factor int) {
	const op = "Upsample"
	ys := upsampleOut(op, x.Shape(), factor)
	xv, d := r.source(op, x, x.Shape()), r.dest(op, dst, ys, false, x)
	copies(x.Shape(), ys, factor, func(xi, yi int) { d[yi] = xv[xi] })
}

// UpsampleGrad sums the gradient over the copies of a pixel.
func (r *Backend) UpsampleGrad(dx, dy backend.Buffer, factor int, add bool) {
	const op = "UpsampleGrad"
	ys := upsampleOut(op, dx.Shape(), factor)
	yv, d := r.source(op, dy, ys), r.dest(op, dx, dx.Shape(), add, dy)
	copies(dx.Shape(), ys, factor, func(xi, yi int) { d[xi] += yv[yi] })
}

func upsampleOut(op string, x backend.Shape, factor int) backend.Shape {
	if factor < 1 {
		bug(op, "factor %d", factor)
	}
	return backend.Shape{x[0], x[1], x[2] * factor, x[3] * factor}
}

// copies visits every upsampled pixel yi with the pixel xi that it repeats.
func copies(x, y backend.Shape, factor int, f func(xi, yi int)) {
	eachPlane(y, func(n, c int, _ plane) {
		for py := range y[2] {
			for px := range y[3] {
				f(at(x, n, c, py/factor, px/factor), at(y, n, c, py, px))
			}
		}
	})
}
