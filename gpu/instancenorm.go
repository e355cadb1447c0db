//go:build gl && cgo && linux

package gpu

import "github.com/impasto-go/impasto/tensor/backend"

// normParts is how many threads share the statistics of a plane.
func normParts(area int) int { return max(1, min(area/64, 256)) }

// InstanceNorm normalises every plane, scales by gamma and shifts by beta. It
// saves mean and rstd.
func (d *Device) InstanceNorm(dst, mean, rstd, x, gamma, beta backend.Buffer, eps float32) {
	d.NormBlock(dst, mean, rstd, x, gamma, beta, nil, backend.NormBlock{Eps: eps})
}

// NormBlock sets dst to the block's output and saves mean and rstd as
// InstanceNorm does. residual may be nil.
func (d *Device) NormBlock(dst, mean, rstd, x, gamma, beta, residual backend.Buffer, g backend.NormBlock) {
	s := x.Shape()
	area := s[2] * s[3]
	parts := normParts(area)
	stats := d.scratch(2 * parts * s[0] * s[1])
	defer d.recycle(stats.storage)
	defines := ""
	if g.ReLU {
		defines += "RELU "
	}
	if residual != nil {
		defines += "RESIDUAL "
	}
	for _, p := range d.cut(s[0]*s[1], area) {
		xs := planes(x, p.first, p.len)
		part := stats.part(2*parts*p.first, 2*parts*p.len)
		means, rstds := whole(mean).part(p.first, p.len), whole(rstd).part(p.first, p.len)
		dims := []any{p.len, area, parts, p.first, s[1]}
		d.run("instancenorm", "STATS", groupsFor(p.len*parts), []view{part, xs}, dims...)
		d.run("instancenorm", "FINISH", groupsFor(p.len), []view{means, rstds, part, xs}, append(dims, g.Eps)...)
		views := []view{planes(dst, p.first, p.len), xs, means, rstds, whole(gamma), whole(beta)}
		if residual != nil {
			views = append(views, planes(residual, p.first, p.len))
		}
		d.run("instancenorm", "APPLY "+defines, groupsForItems(p.len*area), views, append(dims, g.Alpha)...)
	}
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
	parts := normParts(area)
	stats, sums := d.scratch(2*parts*total), d.scratch(2*total)
	defer d.recycle(stats.storage)
	defer d.recycle(sums.storage)
	defines := ""
	if g.ReLU {
		defines = " RELU"
	}
	spans := d.cut(total, area)
	operands := func(dst view, p span) []view {
		return []view{dst, planes(dy, p.first, p.len), planes(x, p.first, p.len),
			whole(mean).part(p.first, p.len), whole(rstd).part(p.first, p.len), whole(gamma), whole(beta)}
	}
	for _, p := range spans {
		part := stats.part(2*parts*p.first, 2*parts*p.len)
		d.run("instancenorm", "GRADSTATS"+defines, groupsFor(p.len*parts), operands(part, p),
			p.len, area, parts, p.first, s[1])
	}
	d.run("instancenorm", "GRADFINISH", groupsFor(s[1]), []view{whole(dgamma), whole(dbeta), sums, stats},
		total, area, parts, 0, s[1], addParams)
	for _, p := range spans {
		views := append(operands(planes(dx, p.first, p.len), p), sums.part(2*p.first, 2*p.len))
		d.run("instancenorm", "GRADAPPLY"+defines, groupsForItems(p.len*area), views,
			p.len, area, parts, p.first, s[1], add)
	}
}
