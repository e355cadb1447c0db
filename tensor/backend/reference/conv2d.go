package reference

import "github.com/impasto-go/impasto/tensor/backend"

// Conv2d sets dst = conv(x, w) + bias. bias may be nil.
func (r *Backend) Conv2d(dst, x, w, bias backend.Buffer, g backend.Conv) {
	const op = "Conv2d"
	ys := convOut(op, x.Shape(), w.Shape(), g)
	xv, wv := r.source(op, x, x.Shape()), r.source(op, w, w.Shape())
	d := r.dest(op, dst, ys, false, x, w, bias)
	convRows(x.Shape(), w.Shape(), ys, g, func(xi, wi, yi, cols int) {
		for i := range cols {
			d[yi+i] += xv[xi+i*g.Stride] * wv[wi]
		}
	})
	if bias != nil {
		bv := r.source(op, bias, backend.Vec(ys[1]))
		eachPlane(ys, func(_, o int, p plane) {
			for i := range p.of(d) {
				p.of(d)[i] += bv[o]
			}
		})
	}
}

// Conv2dGradInput computes the gradient of the input from that of the output.
func (r *Backend) Conv2dGradInput(dx, dy, w backend.Buffer, g backend.Conv, add bool) {
	const op = "Conv2dGradInput"
	ys := convOut(op, dx.Shape(), w.Shape(), g)
	yv, wv := r.source(op, dy, ys), r.source(op, w, w.Shape())
	d := r.dest(op, dx, dx.Shape(), add, dy, w)
	convRows(dx.Shape(), w.Shape(), ys, g, func(xi, wi, yi, cols int) {
		for i := range cols {
			d[xi+i*g.Stride] += yv[yi+i] * wv[wi]
		}
	})
}

// Conv2dGradWeight computes the gradients of weight and bias. dbias may be nil.
func (r *Backend) Conv2dGradWeight(dw, dbias, x, dy backend.Buffer, g backend.Conv, add bool) {
	const op = "Conv2dGradWeight"
	ys := convOut(op, x.Shape(), dw.Shape(), g)
	xv, yv := r.source(op, x, x.Shape()), r.source(op, dy, ys)
	d := r.dest(op, dw, dw.Shape(), add, x, dy, dbias)
	convRows(x.Shape(), dw.Shape(), ys, g, func(xi, wi, yi, cols int) {
		for i := range cols {
			d[wi] += xv[xi+i*g.Stride] * yv[yi+i]
		}
	})
	if dbias != nil {
		db := r.dest(op, dbias, backend.Vec(ys[1]), add, x, dy)
		eachPlane(ys, func(_, o int, p plane) {
			for _, v := range p.of(yv) {
				db[o] += v
			}
		})
	}
}

func convOut(op string, x, w backend.Shape, g backend.Conv) backend.Shape {
	if g.Stride < 1 || g.Pad < 0 || w[1] != x[1] || x[2]+2*g.Pad < w[2] || x[3]+2*g.Pad < w[3] {
		bug(op, "input %v, weight %v, %+v", x, w, g)
	}
	return g.Out(x, w)
}

// convRows visits all products of a convolution, y[n,o,oy,ox] having the terms
// x[n,c,oy*stride+ky-pad,ox*stride+kx-pad] * w[o,c,ky,kx] inside the image, row by
// row: f gets the indices of the first x, the w and the first y of a run of
// output columns, along which x advances by the stride and y by one.
func convRows(x, w, y backend.Shape, g backend.Conv, f func(xi, wi, yi, cols int)) {
	for n := range x[0] {
		for o := range w[0] {
			for c := range x[1] {
				for ky := range w[2] {
					for kx := range w[3] {
						first, end := 0, y[3]
						for first < end && first*g.Stride+kx-g.Pad < 0 {
							first++
						}
						for first < end && (end-1)*g.Stride+kx-g.Pad >= x[3] {
							end--
						}
						for oy := range y[2] {
							iy := oy*g.Stride + ky - g.Pad
							if iy < 0 || iy >= x[2] || first == end {
								continue
							}
							f(at(x, n, c, iy, first*g.Stride+kx-g.Pad), at(w, o, c, ky, kx), at(y, n, o, oy, first), end-first)
						}
					}
				}
			}
		}
	}
}

// at returns the index of an element.
func at(s backend.Shape, n, c, y, x int) int { return ((n*s[1]+c)*s[2]+y)*s[3] + x }
