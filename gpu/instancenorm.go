//go:build gl && cgo && (linux || windows)

package gpu

import "github.com/impasto-go/impasto/tensor/backend"

// normParts is how many threads, or groups with shared memory, share the statistics of
// a plane. None of the shares is empty.
func (d *Device) normParts(area int) int {
	if !d.shared() {
		return max(1, min(area/64, 256))
	}
	share := max(2048, (area+255)/256)
	return (area + share - 1) / share
}

// InstanceNorm normalizes every plane, scales by gamma and shifts by beta. It
// saves mean and rstd.
func (d *Device) InstanceNorm(dst, mean, rstd, x, gamma, beta backend.Buffer, eps float32) {
	d.NormBlock(dst, mean, rstd, x, gamma, beta, nil, backend.NormBlock{Eps: eps})
}

// NormBlock sets dst to the block's output and saves mean and rstd as
// InstanceNorm does. residual may be nil. In place and without one, the output is left
// for later; see unsettled.
func (d *Device) NormBlock(dst, mean, rstd, x, gamma, beta, residual backend.Buffer, g backend.NormBlock) {
	to, from := dst.(*buffer), x.(*buffer)
	s, area := from.shape, from.plane()
	total := s[0] * s[1]
	left := d.takeMoments(x)
	if from.norms.storage != nil {
		from.settle()
	}
	stats, parts, each, finish := left.view, left.shares, 3*left.shares, "FINISH LEFT"
	if left.of == nil {
		parts = d.normParts(area)
		each, finish = 2*parts+1, "FINISH"
		stats = d.normStats(from, parts, each)
	}
	defer d.recycle(stats.storage)
	norms := d.scratch(normFloats * total)
	for _, p := range d.cut(total, area) {
		d.runShared("instancenorm", finish, p.len, []view{whole(mean).part(p.first, p.len), whole(rstd).part(p.first, p.len),
			norms.part(normFloats*p.first, normFloats*p.len), stats.part(each*p.first, each*p.len), whole(gamma), whole(beta)},
			p.len, area, parts, p.first, s[1], g.Eps, g.ReLU)
	}
	if to == from && residual == nil {
		d.postpone(to, norms)
		return
	}
	d.endNorm(to, from, norms, residual, g.Alpha)
	d.recycle(norms.storage)
}

// endNorm sets dst, in as many bits as x, to the normalized x plus alpha*residual. dst
// may be x.
func (d *Device) endNorm(dst, x *buffer, norms view, residual backend.Buffer, alpha float32) {
	if dst != x {
		dst.forgo()
	}
	if dst.half = x.half; dst.half {
		d.leave(dst)
	}
	d.applyNorm(dst, x, norms, residual, alpha)
}

// normStats takes the statistics of x in so many shares of a plane, and so many floats
// for each, which are the caller's to recycle.
func (d *Device) normStats(x *buffer, parts, each int) view {
	stage := "STATS"
	if x.half {
		stage = "STATS HALF_INPUT"
	}
	s, area := x.shape, x.plane()
	stats := d.scratch(each * s[0] * s[1])
	for _, p := range d.cut(s[0]*s[1], area) {
		d.runShared("instancenorm", stage, p.len*parts, []view{stats.part(each*p.first, each*p.len), x.planes(p.first, p.len)},
			p.len, area, parts, p.first, s[1])
	}
	return stats
}

// applyNorm sets dst to the normalized x, plus alpha*residual unless that is nil. If dst
// is in 16 bits, so is x.
func (d *Device) applyNorm(dst, x *buffer, norms view, residual backend.Buffer, alpha float32) {
	s, area := x.shape, x.plane()
	f := applyForm{half: x.half, halfResult: dst.half}
	r, _ := residual.(*buffer)
	if f.residual = r != nil; f.residual {
		f.residualNorm, f.residualHalf = r.norms.storage != nil, r.half
	}
	for _, p := range d.cut(s[0]*s[1], area) {
		v := norms.part(normFloats*p.first, normFloats*p.len)
		views := [6]view{dst.planes(p.first, p.len), x.planes(p.first, p.len), v, v, v}
		if f.residual {
			views[3] = r.planes(p.first, p.len)
		}
		if f.residualNorm {
			views[4] = r.normsOf(p.first, p.len)
		}
		bound := 5
		if f.halfResult {
			views[5], bound = d.overflow(), 6
		}
		d.run("instancenorm", defines(d, f), groupsForItems(p.len*area), views[:bound], p.len, area, 0, p.first, s[1], alpha)
	}
}

// applyForm is a variant of the stage APPLY.
type applyForm struct {
	half, halfResult                     bool
	residual, residualNorm, residualHalf bool
}

func (f applyForm) String() string {
	s := "APPLY"
	for i, on := range [5]bool{f.half, f.halfResult, f.residual, f.residualNorm, f.residualHalf} {
		if on {
			s += [5]string{" HALF_INPUT", " HALF_RESULT=5", " RESIDUAL", " RESIDUAL_NORM", " HALF_RESIDUAL"}[i]
		}
	}
	return s
}

// InstanceNormGrad computes the gradients of x, gamma and beta; add applies to
// dx, addParams to dgamma and dbeta.
func (d *Device) InstanceNormGrad(dx, dgamma, dbeta, dy, x, mean, rstd, gamma backend.Buffer, add, addParams bool) {
	d.NormBlockGrad(dx, dgamma, dbeta, dy, x, mean, rstd, gamma, gamma, backend.NormBlock{}, add, addParams)
}

// NormBlockGrad computes the gradients of x, gamma and beta. The gradient of
// the residual is Alpha*dy and left to the caller.
func (d *Device) NormBlockGrad(dx, dgamma, dbeta, dy, x, mean, rstd, gamma, beta backend.Buffer, g backend.NormBlock, add, addParams bool) {
	s := x.Shape()
	area, total := s[2]*s[3], s[0]*s[1]
	parts := d.normParts(area)
	stats, sums := d.scratch(2*parts*total), d.scratch(2*total)
	defer d.recycle(stats.storage)
	defer d.recycle(sums.storage)
	stage := [2]string{"GRADSTATS", "GRADAPPLY"}
	if g.ReLU {
		stage = [2]string{"GRADSTATS RELU", "GRADAPPLY RELU"}
	}
	spans := d.cut(total, area)
	operands := func(dst, extra view, p span) [8]view {
		return [8]view{dst, planes(dy, p.first, p.len), planes(x, p.first, p.len),
			whole(mean).part(p.first, p.len), whole(rstd).part(p.first, p.len), whole(gamma), whole(beta), extra}
	}
	for _, p := range spans {
		part := stats.part(2*parts*p.first, 2*parts*p.len)
		views := operands(part, view{}, p)
		d.runShared("instancenorm", stage[0], p.len*parts, views[:7], p.len, area, parts, p.first, s[1])
	}
	d.runShared("instancenorm", "GRADFINISH", s[1], []view{whole(dgamma), whole(dbeta), sums, stats},
		total, area, parts, 0, s[1], addParams)
	for _, p := range spans {
		views := operands(planes(dx, p.first, p.len), sums.part(2*p.first, 2*p.len), p)
		d.run("instancenorm", stage[1], groupsForItems(p.len*area), views[:],
			p.len, area, parts, p.first, s[1], add)
	}
}
