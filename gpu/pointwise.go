//go:build gl && cgo && (linux || windows)

package gpu

import "github.com/impasto-go/impasto/tensor/backend"

// Tanh sets dst to the hyperbolic tangent of x.
func (d *Device) Tanh(dst, x backend.Buffer) {
	d.each("tanh", "", []view{whole(dst), whole(x)})
}

// TanhGrad computes dx = dy*(1-y²) from the output y.
func (d *Device) TanhGrad(dx, dy, y backend.Buffer, add bool) {
	d.each("tanh", "GRAD", []view{whole(dx), whole(dy), whole(y)}, add)
}

// Sigmoid sets dst = 1/(1+exp(-x)).
func (d *Device) Sigmoid(dst, x backend.Buffer) {
	d.each("sigmoid", "", []view{whole(dst), whole(x)})
}

// SigmoidGrad computes dx = dy*y*(1-y) from the output y.
func (d *Device) SigmoidGrad(dx, dy, y backend.Buffer, add bool) {
	d.each("sigmoid", "GRAD", []view{whole(dx), whole(dy), whole(y)}, add)
}

// Mask multiplies every channel of x with m, and adds the result with add.
func (d *Device) Mask(dst, x, m backend.Buffer, add bool) {
	s := x.Shape()
	area := s[2] * s[3]
	for n := range s[0] {
		for _, p := range d.cut(s[1], area) {
			first := n*s[1] + p.first
			d.run("mask", "", groupsForItems(p.len*area),
				[]view{planes(dst, first, p.len), planes(x, first, p.len), planes(m, n, 1)}, p.len*area, area, add)
		}
	}
}

// CopyChannels copies, or adds with add, channels of x to those of dst.
func (d *Device) CopyChannels(dst, x backend.Buffer, to, from, count int, add bool) {
	for n := range x.Shape()[0] {
		d.elementwise("AXPY", []view{
			planes(dst, n*dst.Shape()[1]+to, count), planes(x, n*x.Shape()[1]+from, count),
		}, float32(1), add)
	}
}
