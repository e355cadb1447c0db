package reference

import "github.com/impasto-go/impasto/tensor/backend"

// ChannelAffine sets dst = x*scale + shift with per-channel constants.
func (r *Backend) ChannelAffine(dst, x, scale, shift backend.Buffer) {
	const op = "ChannelAffine"
	s := x.Shape()
	xv, k, b := r.source(op, x, s), r.source(op, scale, backend.Vec(s[1])), r.source(op, shift, backend.Vec(s[1]))
	d := r.dest(op, dst, s, false, x, scale, shift)
	eachPlane(s, func(_, c int, p plane) {
		for i, v := range p.of(xv) {
			p.of(d)[i] = v*k[c] + b[c]
		}
	})
}

// ChannelAffineGrad computes dx = dy*scale.
func (r *Backend) ChannelAffineGrad(dx, dy, scale backend.Buffer, add bool) {
	const op = "ChannelAffineGrad"
	s := dy.Shape()
	dyv, k := r.source(op, dy, s), r.source(op, scale, backend.Vec(s[1]))
	d := r.dest(op, dx, s, add, dy, scale)
	eachPlane(s, func(_, c int, p plane) {
		for i, g := range p.of(dyv) {
			p.of(d)[i] += g * k[c]
		}
	})
}
