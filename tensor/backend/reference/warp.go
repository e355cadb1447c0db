package reference

import (
	"math"

	"github.com/impasto-go/impasto/tensor/backend"
)

// Warp samples x bilinearly where flow points.
func (r *Backend) Warp(dst, x, flow backend.Buffer, border backend.Border) {
	const op = "Warp"
	s, f := x.Shape(), flow.Shape()
	xv, fv := r.source(op, x, s), r.source(op, flow, flowOf(s, f))
	d := r.dest(op, dst, backend.Shape{s[0], s[1], f[2], f[3]}, false, x, flow)
	eachSample(s, f, fv, border, func(i, j int, k, _, _ float64) { d[i] += k * xv[j] })
}

// WarpGrad sums the gradients of all samples that a pixel has a part in.
func (r *Backend) WarpGrad(dx, dy, flow backend.Buffer, border backend.Border, add bool) {
	const op = "WarpGrad"
	s, f := dx.Shape(), flow.Shape()
	fv, dyv := r.source(op, flow, flowOf(s, f)), r.source(op, dy, backend.Shape{s[0], s[1], f[2], f[3]})
	d := r.dest(op, dx, s, add, dy, flow)
	eachSample(s, f, fv, border, func(i, j int, k, _, _ float64) { d[j] += k * dyv[i] })
}

// WarpFlowGrad computes the gradient of the flow.
func (r *Backend) WarpFlowGrad(dflow, dy, x, flow backend.Buffer, border backend.Border, add bool) {
	const op = "WarpFlowGrad"
	s, f := x.Shape(), flow.Shape()
	fv, xv := r.source(op, flow, flowOf(s, f)), r.source(op, x, s)
	dyv := r.source(op, dy, backend.Shape{s[0], s[1], f[2], f[3]})
	d := r.dest(op, dflow, f, add, dy, x, flow)
	area := f[2] * f[3]
	eachSample(s, f, fv, border, func(i, j int, _, ku, kv float64) {
		u := i/(s[1]*area)*2*area + i%area
		d[u] += dyv[i] * ku * xv[j]
		d[u+area] += dyv[i] * kv * xv[j]
	})
}

// WarpMask sets dst to 1 where flow points into an image and to 0 elsewhere.
func (r *Backend) WarpMask(dst, flow backend.Buffer, height, width int) {
	const op = "WarpMask"
	f := flow.Shape()
	fv := r.source(op, flow, flowOf(f, f))
	d := r.dest(op, dst, backend.Shape{f[0], 1, f[2], f[3]}, false, flow)
	eachPlace(f, fv, func(n, i int, px, py float64) {
		if px >= 0 && px <= float64(width-1) && py >= 0 && py <= float64(height-1) {
			d[n*f[2]*f[3]+i] = 1
		}
	})
}

// flowOf is the shape that a flow field must have for images of shape s.
func flowOf(s, flow backend.Shape) backend.Shape { return backend.Shape{s[0], 2, flow[2], flow[3]} }

// eachPlace visits the places that a flow points to from the pixels i of image n.
func eachPlace(f backend.Shape, fv []float64, visit func(n, i int, px, py float64)) {
	area := f[2] * f[3]
	for n := range f[0] {
		for i := range area {
			visit(n, i, float64(i%f[3])+fv[2*n*area+i], float64(i/f[3])+fv[(2*n+1)*area+i])
		}
	}
}

// eachSample visits every element i of the result with each element j of x that has
// a part in it, its weight k, and the derivatives of that by the flow.
func eachSample(s, f backend.Shape, fv []float64, border backend.Border, visit func(i, j int, k, ku, kv float64)) {
	area := f[2] * f[3]
	eachPlace(f, fv, func(n, p int, px, py float64) {
		x0, x1, fx, mx := between(px, s[3], border)
		y0, y1, fy, my := between(py, s[2], border)
		for c := range s[1] {
			i := (n*s[1]+c)*area + p
			corner := func(y, x int, ky, kx, sy, sx float64) {
				if y >= 0 && y < s[2] && x >= 0 && x < s[3] {
					visit(i, at(s, n, c, y, x), ky*kx, ky*sx*mx, kx*sy*my)
				}
			}
			corner(y0, x0, 1-fy, 1-fx, -1, -1)
			corner(y0, x1, 1-fy, fx, -1, 1)
			corner(y1, x0, fy, 1-fx, 1, -1)
			corner(y1, x1, fy, fx, 1, 1)
		}
	})
}

// between returns the two pixels of n that p lies between, how far it is from the
// first, and whether it moves, 1 or 0, or is held back at the edge.
func between(p float64, n int, border backend.Border) (first, second int, from, moves float64) {
	last := float64(n - 1)
	moves = 1
	switch {
	case border == backend.BorderEdge:
		if !(p > 0 && p < last) {
			moves = 0
		}
		if !(p > 0) {
			p = 0
		}
		p = min(p, last)
	case !(p >= -1 && p < float64(n)):
		return -2, -2, 0, 0
	}
	floor := math.Floor(p)
	return int(floor), int(floor) + 1, p - floor, moves
}
