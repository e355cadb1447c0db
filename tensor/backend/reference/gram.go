package reference

import "github.com/impasto-go/impasto/tensor/backend"

// Gram sets dst to F*Fᵀ/(C*H*W), F being x as a C by H*W matrix.
func (r *Backend) Gram(dst, x backend.Buffer) {
	const op = "Gram"
	s := x.Shape()
	xv, d := r.source(op, x, s), r.dest(op, dst, gramOut(s), false, x)
	eachPair(s, func(gi int, p, q plane) {
		for i, v := range p.of(xv) {
			d[gi] += v * q.of(xv)[i]
		}
		d[gi] /= float64(s[1] * s[2] * s[3])
	})
}

// GramGrad computes dx = (dg + dgᵀ)*F/(C*H*W).
func (r *Backend) GramGrad(dx, dg, x backend.Buffer, add bool) {
	const op = "GramGrad"
	s := x.Shape()
	gv, xv := r.source(op, dg, gramOut(s)), r.source(op, x, s)
	d := r.dest(op, dx, s, add, dg, x)
	eachPair(s, func(gi int, p, q plane) {
		g := gv[gi] / float64(s[1]*s[2]*s[3])
		for i := range p.of(d) {
			p.of(d)[i] += g * q.of(xv)[i]
			q.of(d)[i] += g * p.of(xv)[i]
		}
	})
}

func gramOut(x backend.Shape) backend.Shape { return backend.Shape{x[0], 1, x[1], x[1]} }

// eachPair visits every element gi of the Gram matrices with the two planes of
// its product.
func eachPair(x backend.Shape, f func(gi int, p, q plane)) {
	eachPlane(x, func(n, c int, p plane) {
		for k := range x[1] {
			i := at(x, n, k, 0, 0)
			f(at(gramOut(x), n, 0, c, k), p, plane{i, i + x[2]*x[3]})
		}
	})
}
