//go:build gl && cgo && (linux || windows)

package gpu

import "github.com/impasto-go/impasto/tensor/backend"

// meanOf sets the scalar dst to weight times the mean of what fill writes to a
// buffer of shape s.
func (d *Device) meanOf(dst backend.Buffer, s backend.Shape, weight float32, fill func(terms backend.Buffer)) {
	terms := d.Alloc(s)
	defer d.Free(terms)
	fill(terms)
	d.Mean(dst, terms, weight)
}

// Mean sets the scalar dst = weight * mean(x).
func (d *Device) Mean(dst, x backend.Buffer, weight float32) {
	d.sumOf(whole(dst), "", whole(x), nil, weight/float32(x.Shape().Len()))
}

// MeanGrad sets every element of dx to dloss * weight/len(dx).
func (d *Device) MeanGrad(dx, dloss backend.Buffer, weight float32, add bool) {
	scale := weight / float32(dx.Shape().Len())
	for _, s := range d.cut(dx.Shape().Len(), 1) {
		d.run("mean", "", groupsForItems(s.len), []view{whole(dx).part(s.first, s.len), whole(dloss)}, s.len, scale, add)
	}
}

// Charbonnier sets the scalar dst = weight * mean(sqrt((a-b)² + eps²)).
func (d *Device) Charbonnier(dst, a, b backend.Buffer, weight, eps float32) {
	d.meanOf(dst, a.Shape(), weight, func(terms backend.Buffer) {
		d.each("charbonnier", "", []view{whole(terms), whole(a), whole(b)}, eps)
	})
}

// CharbonnierGrad computes da = dloss * weight * (a-b)/sqrt((a-b)²+eps²)/len(a).
func (d *Device) CharbonnierGrad(da, dloss, a, b backend.Buffer, weight, eps float32, add bool) {
	scale := weight / float32(a.Shape().Len())
	for _, s := range d.cut(a.Shape().Len(), 1) {
		views := []view{whole(da).part(s.first, s.len), whole(a).part(s.first, s.len), whole(b).part(s.first, s.len), whole(dloss)}
		d.run("charbonnier", "GRAD", groupsForItems(s.len), views, s.len, eps, scale, add)
	}
}

// TotalVariation sets the scalar dst to weight/len(x) times the sum of the squared
// differences of neighbors.
func (d *Device) TotalVariation(dst, x backend.Buffer, weight float32) {
	s := x.Shape()
	d.meanOf(dst, s, weight, func(terms backend.Buffer) {
		d.spatial("totalvariation", "", terms, []backend.Buffer{x}, s[2], s[3])
	})
}

// TotalVariationGrad computes dx = dloss * weight/len(x) * 2 times the sum of a
// pixel's differences to its neighbors.
func (d *Device) TotalVariationGrad(dx, dloss, x backend.Buffer, weight float32, add bool) {
	s := x.Shape()
	scale, area := 2*weight/float32(s.Len()), s[2]*s[3]
	for _, p := range d.cut(s[0]*s[1], area) {
		views := []view{planes(dx, p.first, p.len), planes(x, p.first, p.len), whole(dloss)}
		d.run("totalvariation", "GRAD", groupsForItems(p.len*area), views, p.len*area, s[2], s[3], scale, add)
	}
}

// AbsVariation sets the scalar dst to weight/len(x) times the sum of sqrt(d²+eps²) over
// the differences d of neighbors.
func (d *Device) AbsVariation(dst, x backend.Buffer, weight, eps float32) {
	s := x.Shape()
	d.meanOf(dst, s, weight, func(terms backend.Buffer) {
		d.spatial("absvariation", "", terms, []backend.Buffer{x}, s[2], s[3], eps)
	})
}

// AbsVariationGrad computes dx = dloss * weight/len(x) times the sum of
// d/sqrt(d²+eps²) over a pixel's differences d to its neighbors.
func (d *Device) AbsVariationGrad(dx, dloss, x backend.Buffer, weight, eps float32, add bool) {
	s := x.Shape()
	scale, area := weight/float32(s.Len()), s[2]*s[3]
	for _, p := range d.cut(s[0]*s[1], area) {
		views := []view{planes(dx, p.first, p.len), planes(x, p.first, p.len), whole(dloss)}
		d.run("absvariation", "GRAD", groupsForItems(p.len*area), views, p.len*area, s[2], s[3], eps, scale, add)
	}
}
