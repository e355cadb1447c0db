//go:build gl && cgo && (linux || windows)

package gpu

import (
	"slices"

	"github.com/impasto-go/impasto/tensor/backend"
)

// unsettled is what makes the contents of a tensor others than 32-bit values, ready to
// use. Whoever heeds it reads them as they are; all others have them settled first.
type unsettled struct {
	by *Device // nil if the contents are what they should be

	// norms of the planes, 4 floats each (see shaders/normalize.glsl), are what is left
	// of a normalization in place; empty if nothing is. Convolutions normalize what
	// they load, and so do sums, and normalizations whose residual it is.
	norms view

	half bool // see Half
}

// normFloats is how many floats are left of a plane's normalization.
const normFloats = 4

// normsOf is the view of what is left to do of count planes from first; empty for
// nothing.
func (u *unsettled) normsOf(first, count int) view {
	if u.norms.storage == nil {
		return view{}
	}
	return u.norms.part(normFloats*first, normFloats*count)
}

// leave notes that b is unsettled.
func (d *Device) leave(b *buffer) {
	if b.by == nil {
		b.by = d
		d.unsettled = append(d.unsettled, b)
	}
}

// postpone puts off the normalization of b, and takes the memory of norms.
func (d *Device) postpone(b *buffer, norms view) {
	b.norms = norms
	d.leave(b)
}

// of returns the tensor b, settled.
func of(b backend.Buffer) *buffer {
	buf := b.(*buffer)
	if buf.by != nil {
		buf.settle()
	}
	return buf
}

// settle makes the contents what they should be.
func (b *buffer) settle() {
	d, x := b.by, &buffer{storage: b.storage, shape: b.shape, unsettled: b.unsettled}
	b.unsettled.norms = view{}
	b.forgo()
	if x.half {
		b.storage = d.alloc(b.shape.Len() * floatSize)
		defer d.recycle(x.storage)
	}
	if x.norms.storage == nil {
		d.widen(b, x)
		return
	}
	defer d.recycle(x.norms.storage)
	d.applyNorm(b, x, x.norms, nil, 0)
}

// forgo makes the contents settled, whatever they are.
func (b *buffer) forgo() {
	d := b.by
	if d == nil {
		return
	}
	if b.norms.storage != nil {
		d.recycle(b.norms.storage)
	}
	b.unsettled = unsettled{}
	at := slices.Index(d.unsettled, b)
	d.unsettled = slices.Delete(d.unsettled, at, at+1)
}

// settleAll settles all tensors.
func (d *Device) settleAll() {
	for len(d.unsettled) > 0 {
		d.unsettled[0].settle()
	}
}
