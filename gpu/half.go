//go:build gl && cgo && (linux || windows)

package gpu

import (
	"fmt"
	"unsafe"

	"github.com/go-gl/gl/v4.3-core/gl"
)

// Half has the results of convolutions and normalizations from now on kept in 16 bits
// (IEEE 754 binary16), where their rows are multiples of 4 and they have more than 4
// channels: half the bytes for networks that only stylize. Statistics and sums stay in 32
// bits, and so does whatever other operations see. Values beyond ±65504 become that, and
// the next Sync returns ErrRange. It holds until Half(false); what gradients are computed
// of should not be halved.
func (d *Device) Half(on bool) { d.half = on }

// halves reports whether a convolution's result is kept in 16 bits, if it comes at once.
func (d *Device) halves(c convolution) bool {
	s := c.dst.Shape()
	return d.half && c.forward && s[1] > 4 && s[3]%4 == 0
}

// overflow is the word that kernels set when they store a value that was too large.
func (d *Device) overflow() view {
	if d.overflowed == nil {
		d.overflowed = d.newStorage(sizeClass(floatSize))
		d.submit(d.clearOverflow)
	}
	return view{storage: d.overflowed, len: 1}
}

// clearOverflow forgets values that were too large, when all work is done or none had
// any.
func (d *Device) clearOverflow() {
	var zero uint32
	gl.BindBuffer(gl.COPY_WRITE_BUFFER, d.overflowed.name)
	gl.BufferSubData(gl.COPY_WRITE_BUFFER, 0, floatSize, unsafe.Pointer(&zero))
}

// checkOverflow fails if a value was too large. All work is done.
func (d *Device) checkOverflow() {
	if d.err != nil || d.overflowed == nil || !d.usable(d.overflowed) {
		return
	}
	d.beforeCopy()
	var word uint32
	gl.BindBuffer(gl.COPY_READ_BUFFER, d.overflowed.name)
	gl.GetBufferSubData(gl.COPY_READ_BUFFER, 0, floatSize, unsafe.Pointer(&word))
	if word != 0 {
		d.clearOverflow()
		d.fail(fmt.Errorf("%w: activations of the network are beyond ±65504, compute it in 32 bits", ErrRange))
	}
}

// widen sets dst to x, which is in 16 bits.
func (d *Device) widen(dst, x *buffer) {
	area := x.plane()
	for _, p := range d.cut(x.shape[0]*x.shape[1], area) {
		d.run("elementwise", "WIDEN", groupsForItems(p.len*area),
			[]view{dst.planes(p.first, p.len), x.planes(p.first, p.len)}, p.len*area)
	}
}
