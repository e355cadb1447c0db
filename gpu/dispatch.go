//go:build gl && cgo && (linux || windows)

package gpu

import (
	"fmt"
	"iter"
	"math"
	"sync"

	"github.com/go-gl/gl/v4.3-core/gl"

	"github.com/impasto-go/impasto/tensor/backend"
)

// view is a run of elements in a storage, as one shader sees it.
type view struct {
	*storage
	first, len int // elements
}

// whole is the view of all of b.
func whole(b backend.Buffer) view {
	buf := of(b)
	return view{buf.storage, 0, buf.shape.Len()}
}

// part is the view of len elements of v from first.
func (v view) part(first, len int) view { return view{v.storage, v.first + first, len} }

// plane is the number of elements of one of the n*c planes.
func (b *buffer) plane() int { return b.shape[2] * b.shape[3] }

// planes is the view of count planes of b from first.
func planes(b backend.Buffer, first, count int) view { return of(b).planes(first, count) }

// planes is the view of count planes of b from first, as they are.
func (b *buffer) planes(first, count int) view {
	if b.half {
		return view{b.storage, first * b.plane() / 2, count * b.plane() / 2}
	}
	return view{b.storage, first * b.plane(), count * b.plane()}
}

// span is a range of elements, planes, or channels.
type span struct{ first, len int }

// cut splits total items of size elements each so that a piece fits a shader
// storage block, wherever it starts in its buffer.
func (d *Device) cut(total, size int) iter.Seq2[int, span] {
	most := d.atOnce(size)
	return func(yield func(int, span) bool) {
		for i, first := 0, 0; first == 0 || first < total; i, first = i+1, first+most {
			if !yield(i, span{first, min(most, total-first)}) {
				return
			}
		}
	}
}

// atOnce is how many items of size elements each fit a shader storage block.
func (d *Device) atOnce(size int) int {
	return max(1, (d.limits.block-d.limits.align)/(max(size, 1)*floatSize))
}

// groupSize is local_size_x of every shader.
const groupSize = 64

// groupsFor returns how many work groups give every one of n items a thread.
func groupsFor(n int) int { return (n + groupSize - 1) / groupSize }

const (
	// uniformBase is the number of a shader's first own argument. Below it are the
	// offsets of its storage blocks.
	uniformBase = maxBindings
	maxArgs     = 48
	// firstGroupLocation is that of the uniform firstGroup.
	firstGroupLocation = maxArgs
)

// args are what a dispatch passes to its shader: the offsets of its storage blocks,
// then the shader's own arguments, floats by their bits.
type args struct {
	bits [maxArgs]int32
	len  int
}

// argsOf returns arguments, which are int, float32 or bool, after room for skip others.
func argsOf(skip int, values []any) (a args) {
	a.len = uniformBase + skip
	for i, v := range values {
		switch v := v.(type) {
		case int:
			a.set(skip+i, v)
		case float32:
			a.set(skip+i, int(int32(math.Float32bits(v))))
		case bool:
			bit := 0
			if v {
				bit = 1
			}
			a.set(skip+i, bit)
		default:
			panic("BUG: gpu: an argument that is no int, float32 or bool")
		}
	}
	return a
}

// add appends arguments of the shader's own.
func (a *args) add(values ...int) {
	for _, v := range values {
		a.set(a.len-uniformBase, v)
	}
}

// set sets the shader's own argument i.
func (a *args) set(i, v int) {
	a.bits[uniformBase+i] = int32(v)
	a.len = max(a.len, uniformBase+i+1)
}

// job is one dispatch of a variant of a shader.
type job struct {
	variant
	first  int     // group
	groups int     // from there on
	flops  float64 // counted operations, of which long dispatches are cut by
	views  [maxBindings]view
	bound  int // of views
	args   args
	images [imageUnits]image

	derived *derived // what it packs for keeping; nil for other jobs
	program *program // of the variant, once issued
	piece   int      // groups that may run at once
}

// image is a texture of GL_RGBA8 bound to an image unit; none with the name 0.
type image struct{ texture, access uint32 }

// jobs keeps jobs for reuse.
var jobs = sync.Pool{New: func() any { return new(job) }}

// run dispatches a variant of a shader. views are its storage blocks in binding
// order; uniforms, from number uniformBase on, are int, float32 or bool.
func (d *Device) run(shader, defines string, groups int, views []view, uniforms ...any) {
	a := argsOf(0, uniforms)
	d.runArgs(variant{shader: shader, defines: defines}, groups, views, &a)
}

// runShared runs a variant of a shader that has a form for shared memory. Where the
// device uses that, items is its number of groups; without it, of threads.
func (d *Device) runShared(shader, defines string, items int, views []view, uniforms ...any) {
	v := variant{shader: shader, defines: defines, shared: d.shared()}
	if !v.shared {
		items = groupsFor(items)
	}
	a := argsOf(0, uniforms)
	d.runArgs(v, items, views, &a)
}

// runArgs is run for arguments that are together already.
func (d *Device) runArgs(v variant, groups int, views []view, a *args) {
	d.runCounted(0, v, groups, views, a)
}

// runCounted is runArgs for work of that many floating point operations, which a slow
// device gets in pieces.
func (d *Device) runCounted(flops float64, v variant, groups int, views []view, a *args) {
	d.send(task{job: newJob(v, groups, flops, views, a)})
}

func newJob(v variant, groups int, flops float64, views []view, a *args) *job {
	j := jobs.Get().(*job)
	*j = job{variant: v, groups: groups, flops: flops, bound: len(views), args: *a}
	copy(j.views[:], views)
	return j
}

// blockStart is where the storage block begins that shows v, in bytes: at the
// device's alignment below it.
func (v view) blockStart(align int) int {
	start := v.first * floatSize
	return start - start%align
}

// issue sends a job on its way, after a barrier if it depends on jobs since the
// last one.
func (d *Device) issue(j *job) {
	if d.err != nil || j.groups == 0 {
		return
	}
	for i, v := range j.views[:j.bound] {
		if !d.usable(v.storage) {
			return
		}
		j.args.bits[i] = int32(v.first % (d.limits.align / floatSize))
		if size := (v.first+v.len)*floatSize - v.blockStart(d.limits.align); size > d.limits.block {
			d.fail(fmt.Errorf("%w: a shader would see %d bytes of a buffer, the limit is %d", ErrTooLarge, size, d.limits.block))
			return
		}
	}
	p, err := d.program(j.variant)
	if err != nil {
		d.fail(err)
		return
	}
	if j.derived != nil && j.upToDate() {
		return
	}
	j.program = p
	j.piece = j.groups
	if pieces := int(j.flops / d.limits.flops); pieces > 0 {
		j.piece = max(1, j.groups/(pieces+1))
	}
	d.orderAfter(j)
	if !d.dry {
		d.stream.dispatch(j)
	}
	d.stats.Dispatches++
	if d.unmarked++; d.unmarked >= markEvery {
		d.mark()
	}
}

// orderAfter puts a barrier before j if j reads what was written since the last
// barrier, or writes what was read or written since; and it notes what j touches.
func (d *Device) orderAfter(j *job) {
	depends := false
	for i, v := range j.views[:j.bound] {
		written := j.program.writes>>i&1 != 0
		depends = depends || v.wrote == d.epoch || written && v.read == d.epoch
	}
	if depends {
		d.barrier(gl.SHADER_STORAGE_BARRIER_BIT)
	}
	for i, v := range j.views[:j.bound] {
		v.used = d.serial
		if j.program.writes>>i&1 != 0 {
			v.wrote = d.epoch
			v.version++
		} else {
			v.read = d.epoch
		}
	}
}

// barrier orders what shaders do with memory before and after it.
func (d *Device) barrier(bits uint32) {
	d.stream.barrier(bits)
	d.epoch++
	d.stats.Barriers++
}
