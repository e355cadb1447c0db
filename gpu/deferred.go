//go:build gl && cgo && (linux || windows)

package gpu

import (
	"slices"

	"github.com/impasto-go/impasto/tensor/backend"
)

// deferredNorm is a normalization in place that a tensor's contents still wait for.
// Convolutions, which load what they read anyway, normalize it on the way, and so does a
// normalization whose residual it is; whoever else asks for the tensor has it done first.
type deferredNorm struct {
	by    *Device
	norms view // of the planes, 4 floats each; see shaders/normalize.glsl
}

// normFloats is how many floats are left of a plane's normalization.
const normFloats = 4

// pending reports whether there is something to do.
func (n *deferredNorm) pending() bool { return n.by != nil }

// planes is the view of what is left to do of count planes from first; empty if nothing.
func (n *deferredNorm) planes(first, count int) view {
	if !n.pending() {
		return view{}
	}
	return n.norms.part(normFloats*first, normFloats*count)
}

// postpone puts off the normalization of b, and takes the memory of norms.
func (d *Device) postpone(b *buffer, norms view) {
	b.norm = deferredNorm{d, norms}
	d.waiting = append(d.waiting, b)
}

// of returns the tensor b, whose contents are what they should be.
func of(b backend.Buffer) *buffer {
	buf := b.(*buffer)
	buf.settle()
	return buf
}

// settle does what was put off, if anything.
func (b *buffer) settle() {
	if n := b.norm; n.pending() {
		b.norm = deferredNorm{}
		n.by.applyNorm(b, b, n.norms, nil, 0)
		n.by.forget(b, n)
	}
}

// forgo gives up what was put off, if anything.
func (b *buffer) forgo() {
	if n := b.norm; n.pending() {
		b.norm = deferredNorm{}
		n.by.forget(b, n)
	}
}

func (d *Device) forget(b *buffer, n deferredNorm) {
	d.recycle(n.norms.storage)
	at := slices.Index(d.waiting, b)
	d.waiting = slices.Delete(d.waiting, at, at+1)
}

// settleAll does all that was put off.
func (d *Device) settleAll() {
	for len(d.waiting) > 0 {
		d.waiting[0].settle()
	}
}
