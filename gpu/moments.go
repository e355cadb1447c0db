//go:build gl && cgo && (linux || windows)

package gpu

import (
	"fmt"

	"github.com/impasto-go/impasto/tensor/backend"
)

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

// storing is what a kernel binds that stores the results of p and leaves m.
func (o *operands) storing(p product, m moments) []view {
	more := m.view
	if p.pools() {
		more = p.pooled
	}
	if more.storage != nil {
		o[5] = more
	}
	switch {
	case p.half():
		return o[:]
	case more.storage != nil:
		return o[:6]
	}
	return o[:5]
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

// storeForm is a variant of a kernel that stores the results of a product.
type storeForm struct {
	phases                      int
	gated, moments, pools, half bool
}

func (f storeForm) String() (s string) {
	if f.phases > 1 {
		s = fmt.Sprintf(" PHASES=%d", f.phases)
	}
	for i, on := range [4]bool{f.gated, f.moments, f.pools, f.half} {
		if on {
			s += [4]string{" GATED", " MOMENTS", " POOL", " HALF_RESULT=6"}[i]
		}
	}
	return s
}

// storing is the variant of a shader that stores the results of a product.
func (d *Device) storing(shader string, k kernel, p product, m moments) variant {
	f := storeForm{k.phases(), p.gated, m.of != nil, p.pools(), p.half()}
	return variant{shader: shader, defines: defines(d, f), shared: f.moments}
}
