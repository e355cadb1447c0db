package reference

import "github.com/impasto-go/impasto/tensor/backend"

// Mask multiplies every channel of x with m, and adds the result with add.
func (r *Backend) Mask(dst, x, m backend.Buffer, add bool) {
	s := x.Shape()
	xv, mv := r.source("Mask", x, s), r.source("Mask", m, backend.Shape{s[0], 1, s[2], s[3]})
	d := r.dest("Mask", dst, s, add, x, m)
	eachPlane(s, func(n, _ int, p plane) {
		for i, v := range p.of(xv) {
			p.of(d)[i] += v * mv[n*s[2]*s[3]+i]
		}
	})
}
