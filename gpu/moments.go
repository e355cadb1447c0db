//go:build gl && cgo && (linux || windows)

package gpu

import "github.com/impasto-go/impasto/tensor/backend"

// moments are those of shares of a tensor's planes that a convolution, which had them at
// hand, left for the normalization that comes next; see shaders/convolution.glsl.
type moments struct {
	of *buffer // nil for none
	view
	shares int // of a plane
}

// roomForMoments makes room for what a kernel is to leave that stores all items of a
// convolution, quads or tiles, in shares of so many. There are none where a
// share would have pixels of two images.
func (d *Device) roomForMoments(c convolution, p product, items, share int) moments {
	n := p.images.len
	if !c.moments || n > 1 && items/n%share != 0 {
		return moments{}
	}
	shares := c.kernel.phases() * ((items/n + share - 1) / share)
	return moments{of: c.dst.(*buffer), view: d.scratch(3 * shares * n * p.outputs), shares: shares}
}

// after puts the view of m, if there is one, after those of a kernel that stores.
func (m moments) after(views *operands) []view {
	if m.of == nil {
		return views[:fewOperands]
	}
	views[fewOperands] = m.view
	return views[:]
}

// takeMoments returns those of x, if nothing was done since they were left. They are the
// caller's to recycle.
func (d *Device) takeMoments(x backend.Buffer) moments {
	m := d.left
	if m.of != x.(*buffer) {
		return moments{}
	}
	d.left = moments{}
	return m
}

// forgetMoments is for whoever may change a tensor.
func (d *Device) forgetMoments() {
	if d.left.of != nil {
		d.recycle(d.left.storage)
		d.left = moments{}
	}
}

// storing is the variant of a shader that stores the results of a product.
func storing(shader string, k kernel, p product, m moments) variant {
	v := variant{shader: shader, shared: m.of != nil}
	switch {
	case p.gated: // a gradient
		v.defines = "GATED"
	case k.fold && v.shared:
		v.defines = "PHASES=4 MOMENTS"
	case k.fold:
		v.defines = "PHASES=4"
	case v.shared:
		v.defines = "MOMENTS"
	}
	return v
}
