//go:build gl && cgo && linux

package gpu

import (
	"fmt"
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
	buf := b.(*buffer)
	return view{buf.storage, 0, buf.shape.Len()}
}

// part is the view of len elements of v from first.
func (v view) part(first, len int) view { return view{v.storage, v.first + first, len} }

// plane is the number of elements of one of the n*c planes.
func (b *buffer) plane() int { return b.shape[2] * b.shape[3] }

// planes is the view of count planes of b from first.
func planes(b backend.Buffer, first, count int) view {
	buf := b.(*buffer)
	return view{buf.storage, first * buf.plane(), count * buf.plane()}
}

// span is a range of elements, planes, or channels.
type span struct{ first, len int }

// cut splits total items of size elements each so that a piece fits a shader
// storage block, wherever it starts in its buffer.
func (d *Device) cut(total, size int) []span {
	most := max(1, (d.limits.block-d.limits.align)/(max(size, 1)*floatSize))
	if total <= most {
		return []span{{0, total}}
	}
	spans := make([]span, 0, (total+most-1)/most)
	for first := 0; first < total; first += most {
		spans = append(spans, span{first, min(most, total-first)})
	}
	return spans
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

// job is one dispatch of a variant of a shader.
type job struct {
	shader, defines string
	groups          int
	flops           float64 // counted operations, of which long dispatches are cut by
	views           [maxBindings]view
	bound           int // of views
	args            [maxArgs]int32
	argCount        int
	images          [imageUnits]image

	program *program // of shader and defines, once issued
	piece   int      // groups that may run at once
}

// image is a texture of GL_RGBA8 bound to an image unit; none with the name 0.
type image struct{ texture, access uint32 }

// jobs keeps jobs for reuse.
var jobs = sync.Pool{New: func() any { return new(job) }}

// run dispatches a variant of a shader. views are its storage blocks in binding
// order; uniforms, from number uniformBase on, are int, float32 or bool.
func (d *Device) run(shader, defines string, groups int, views []view, uniforms ...any) {
	d.runCounted(0, shader, defines, groups, views, uniforms...)
}

// runCounted is run for work of that many floating point operations, which a slow
// device gets in pieces.
func (d *Device) runCounted(flops float64, shader, defines string, groups int, views []view, uniforms ...any) {
	if groups == 0 {
		return
	}
	j := jobs.Get().(*job)
	j.fill(shader, defines, groups, views, uniforms)
	j.flops = flops
	d.submitJob(j)
}

func (j *job) fill(shader, defines string, groups int, views []view, uniforms []any) {
	*j = job{shader: shader, defines: defines, groups: groups, bound: len(views), argCount: uniformBase + len(uniforms)}
	copy(j.views[:], views)
	for i, u := range uniforms {
		j.args[uniformBase+i] = bits32(u)
	}
}

// bits32 is how a shader gets an argument.
func bits32(u any) int32 {
	switch u := u.(type) {
	case int:
		return int32(u)
	case float32:
		return int32(math.Float32bits(u))
	case bool:
		if u {
			return 1
		}
		return 0
	}
	panic("BUG: gpu: an argument that is no int, float32 or bool")
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
	if d.err != nil {
		return
	}
	for i, v := range j.views[:j.bound] {
		if !d.usable(v.storage) {
			return
		}
		j.args[i] = int32(v.first % (d.limits.align / floatSize))
		if size := (v.first+v.len)*floatSize - v.blockStart(d.limits.align); size > d.limits.block {
			d.fail(fmt.Errorf("%w: a shader would see %d bytes of a buffer, the limit is %d", ErrTooLarge, size, d.limits.block))
			return
		}
	}
	p, err := d.program(variant{j.shader, j.defines})
	if err != nil {
		d.fail(err)
		return
	}
	j.program = p
	j.piece = j.groups
	if pieces := int(j.flops / d.limits.flops); pieces > 0 {
		j.piece = max(1, j.groups/(pieces+1))
	}
	d.orderAfter(j)
	d.stream.dispatch(j)
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
