//go:build gl && cgo && (linux || windows)

package gpu

import "github.com/impasto-go/impasto/tensor/backend"

// packing is a form of a tensor's weights: what a packing dispatch is told.
type packing struct {
	variant
	args args
}

// derived is a packed form of frozen weights. The device's thread knows of which
// contents: those of a storage in a version.
type derived struct {
	view
	source  *storage
	version uint64
}

// maxDerived bounds the bytes of a form that is kept, so that VGG-19's take some
// hundred megabytes at most.
const maxDerived = 10 << 20

// Freeze has the packed forms of a convolution's weights kept until they change.
func (d *Device) Freeze(b backend.Buffer) {
	if buf := b.(*buffer); buf.derived == nil {
		buf.derived = map[packing]*derived{}
	}
}

// packed returns memory of so many floats with a packed form of weights, which a
// dispatch fills, and what to recycle when it is no longer needed. The dispatch of
// frozen weights does nothing if they have not changed since the last one.
func (d *Device) packed(k kernel, floats int, v variant, groups int, a *args) (packed view, lent *storage) {
	if k.derived == nil || floats*floatSize > maxDerived {
		out := d.scratch(floats)
		d.runArgs(v, groups, []view{out, k.view}, a)
		return out, out.storage
	}
	key := packing{v, *a}
	kept := k.derived[key]
	if kept == nil {
		// Not what the pool lends for a while, and would have to replace.
		kept = &derived{view: view{storage: d.newStorage(sizeClass(floats * floatSize)), len: floats}}
		k.derived[key] = kept
	}
	j := newJob(v, groups, 0, []view{kept.view, k.view}, a)
	j.derived = kept
	d.send(task{job: j})
	return kept.view, &nothing
}

// nothing is a storage that the pool does not take.
var nothing storage

// upToDate reports whether the job packs what was packed already, and notes that it
// will be.
func (j *job) upToDate() bool {
	source := j.views[1].storage
	if j.derived.source == source && j.derived.version == source.version {
		return true
	}
	j.derived.source, j.derived.version = source, source.version
	return false
}
