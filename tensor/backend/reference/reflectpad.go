package reference

import "github.com/impasto-go/impasto/tensor/backend"

// ReflectPad mirrors pad pixels at every side, without repeating the edge.
func (r *Backend) ReflectPad(dst, x backend.Buffer, pad int) {
	const op = "ReflectPad"
	ys := padOut(op, x.Shape(), pad)
	xv, d := r.source(op, x, x.Shape()), r.dest(op, dst, ys, false, x)
	reflections(x.Shape(), ys, pad, func(xi, yi int) { d[yi] = xv[xi] })
}

// ReflectPadGrad sums the gradient of every copy of a pixel.
func (r *Backend) ReflectPadGrad(dx, dy backend.Buffer, pad int, add bool) {
	const op = "ReflectPadGrad"
	ys := padOut(op, dx.Shape(), pad)
	yv, d := r.source(op, dy, ys), r.dest(op, dx, dx.Shape(), add, dy)
	reflections(dx.Shape(), ys, pad, func(xi, yi int) { d[xi] += yv[yi] })
}

func padOut(op string, x backend.Shape, pad int) backend.Shape {
	if pad < 0 || pad >= min(x[2], x[3]) {
		bug(op, "pad %d of %v", pad, x)
	}
	return backend.Shape{x[0], x[1], x[2] + 2*pad, x[3] + 2*pad}
}

// reflections visits every padded pixel yi with the pixel xi that it mirrors.
func reflections(x, y backend.Shape, pad int, f func(xi, yi int)) {
	eachPlane(y, func(n, c int, _ plane) {
		for py := range y[2] {
			for px := range y[3] {
				f(at(x, n, c, mirror(py-pad, x[2]), mirror(px-pad, x[3])), at(y, n, c, py, px))
			}
		}
	})
}

// mirror maps -1 to 1 and size to size-2.
func mirror(i, size int) int {
	if i < 0 {
		return -i
	}
	if i >= size {
		return 2*(size-1) - i
	}
	return i
}
