//go:build gl && cgo && linux

package gpu

import (
	"fmt"

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

// uniformBase is the location of a shader's first own uniform. Below it are the
// offsets of its storage blocks.
const uniformBase = 8

// run dispatches a variant of a shader. views are its storage blocks in binding
// order; uniforms, from location uniformBase on, are int, float32 or bool.
func (d *Device) run(shader, defines string, groups int, views []view, uniforms ...any) {
	if groups == 0 {
		return
	}
	d.submit(func() { d.dispatch(shader, defines, groups, views, uniforms) })
}

func (d *Device) dispatch(shader, defines string, groups int, views []view, uniforms []any) {
	if d.err != nil || !d.bind(views) {
		return
	}
	p, err := d.program(shader, defines)
	if err != nil {
		d.fail(err)
		return
	}
	gl.UseProgram(p.name)
	for i, v := range views {
		gl.Uniform1i(int32(i), int32(v.first%(d.limits.align/floatSize)))
	}
	for i, u := range uniforms {
		setUniform(int32(uniformBase+i), u)
	}
	d.launch(shader, groups)
}

// launch starts the current program on a number of work groups, laid out in
// rows no longer than the device allows.
func (d *Device) launch(shader string, groups int) {
	x := min(groups, d.limits.groups)
	y := (groups + x - 1) / x
	if y > d.limits.groups {
		d.fail(fmt.Errorf("%w: %s needs %d work groups, the limit is %d²", ErrTooLarge, shader, groups, d.limits.groups))
		return
	}
	gl.DispatchCompute(uint32(x), uint32(y), 1)
	gl.MemoryBarrier(gl.SHADER_STORAGE_BARRIER_BIT | gl.BUFFER_UPDATE_BARRIER_BIT)
	d.stats.Dispatches++
}

// bind binds views to the storage blocks 0, 1, ... A block starts at the
// device's alignment below the view; the shader adds the rest.
func (d *Device) bind(views []view) bool {
	for i, v := range views {
		if !d.usable(v.storage) {
			return false
		}
		if v.len == 0 {
			gl.BindBufferBase(gl.SHADER_STORAGE_BUFFER, uint32(i), v.name)
			continue
		}
		start := v.first * floatSize
		start -= start % d.limits.align
		size := (v.first+v.len)*floatSize - start
		if size > d.limits.block {
			d.fail(fmt.Errorf("%w: a shader would see %d bytes of a buffer, the limit is %d", ErrTooLarge, size, d.limits.block))
			return false
		}
		gl.BindBufferRange(gl.SHADER_STORAGE_BUFFER, uint32(i), v.name, start, size)
	}
	return true
}

func setUniform(location int32, u any) {
	switch u := u.(type) {
	case int:
		gl.Uniform1i(location, int32(u))
	case float32:
		gl.Uniform1f(location, u)
	case bool:
		var v int32
		if u {
			v = 1
		}
		gl.Uniform1i(location, v)
	default:
		panic(fmt.Sprintf("BUG: gpu: uniform of type %T", u))
	}
}
