package reference

import (
	"math"

	"github.com/impasto-go/impasto/tensor/backend"
)

// InstanceNorm sets dst = (x-mean)*rstd*gamma + beta and saves the mean and
// rstd = 1/sqrt(var+eps) of every plane, var being the biased variance.
func (r *Backend) InstanceNorm(dst, mean, rstd, x, gamma, beta backend.Buffer, eps float32) {
	const op = "InstanceNorm"
	s := x.Shape()
	xv, gv, bv := r.source(op, x, s), r.source(op, gamma, backend.Vec(s[1])), r.source(op, beta, backend.Vec(s[1]))
	d := r.dest(op, dst, s, false, x, gamma, beta, mean, rstd)
	mv := r.dest(op, mean, backend.Shape{s[0], s[1], 1, 1}, false, x, gamma, beta, rstd)
	rv := r.dest(op, rstd, backend.Shape{s[0], s[1], 1, 1}, false, x, gamma, beta)
	area := float64(s[2] * s[3])
	eachPlane(s, func(n, c int, p plane) {
		m, variance := 0.0, 0.0
		for _, v := range p.of(xv) {
			m += v / area
		}
		for _, v := range p.of(xv) {
			variance += (v - m) * (v - m) / area
		}
		scale := 1 / math.Sqrt(variance+float64(eps))
		for i, v := range p.of(xv) {
			p.of(d)[i] = (v-m)*scale*gv[c] + bv[c]
		}
		mv[n*s[1]+c], rv[n*s[1]+c] = m, scale
	})
}

// InstanceNormGrad computes, with h = (x-mean)*rstd and averages over a plane,
//
//	dx = gamma*rstd * (dy - avg(dy) - h*avg(dy*h))
//	dgamma = sum(dy*h), dbeta = sum(dy) over batch and plane
func (r *Backend) InstanceNormGrad(dx, dgamma, dbeta, dy, x, mean, rstd, gamma backend.Buffer, add, addParams bool) {
	const op = "InstanceNormGrad"
	s := x.Shape()
	stats, params := backend.Shape{s[0], s[1], 1, 1}, backend.Vec(s[1])
	dyv, xv, gv := r.source(op, dy, s), r.source(op, x, s), r.source(op, gamma, params)
	mv, rv := r.source(op, mean, stats), r.source(op, rstd, stats)
	d := r.dest(op, dx, s, add, dy, x, mean, rstd, gamma, dgamma, dbeta)
	dg := r.dest(op, dgamma, params, addParams, dy, x, mean, rstd, gamma, dbeta)
	db := r.dest(op, dbeta, params, addParams, dy, x, mean, rstd, gamma)
	area := float64(s[2] * s[3])
	eachPlane(s, func(n, c int, p plane) {
		m, scale := mv[n*s[1]+c], rv[n*s[1]+c]
		sum, sumH := 0.0, 0.0
		for i, g := range p.of(dyv) {
			sum += g
			sumH += g * (p.of(xv)[i] - m) * scale
		}
		for i, g := range p.of(dyv) {
			h := (p.of(xv)[i] - m) * scale
			p.of(d)[i] += gv[c] * scale * (g - sum/area - h*sumH/area)
		}
		dg[c] += sumH
		db[c] += sum
	})
}
