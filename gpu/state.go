//go:build gl && cgo && (linux || windows)

package gpu

import "github.com/go-gl/gl/v4.3-core/gl"

// maxBindings is how many storage blocks a shader uses at most; it is what
// OpenGL 4.3 guarantees.
const maxBindings = 8

// imageUnits is how many image units a shader uses at most.
const imageUnits = 3

// state is every piece of OpenGL state that operations change.
type state struct {
	program                      int32
	storage, copyRead, copyWrite int32
	blocks                       [maxBindings]struct {
		buffer      int32
		first, size int64
	}
	texture int32
	images  [imageUnits]struct{ name, level, layered, layer, access, format int32 }
}

func saveState() *state {
	for gl.GetError() != gl.NO_ERROR { // not of our making
	}
	s := &state{}
	gl.GetIntegerv(gl.CURRENT_PROGRAM, &s.program)
	gl.GetIntegerv(gl.SHADER_STORAGE_BUFFER_BINDING, &s.storage)
	gl.GetIntegerv(gl.COPY_READ_BUFFER, &s.copyRead) // the target's name queries its binding
	gl.GetIntegerv(gl.COPY_WRITE_BUFFER, &s.copyWrite)
	gl.GetIntegerv(gl.TEXTURE_BINDING_2D, &s.texture)
	for i := range s.blocks {
		b := &s.blocks[i]
		gl.GetIntegeri_v(gl.SHADER_STORAGE_BUFFER_BINDING, uint32(i), &b.buffer)
		gl.GetInteger64i_v(gl.SHADER_STORAGE_BUFFER_START, uint32(i), &b.first)
		gl.GetInteger64i_v(gl.SHADER_STORAGE_BUFFER_SIZE, uint32(i), &b.size)
	}
	for i := range s.images {
		m := &s.images[i]
		gl.GetIntegeri_v(gl.IMAGE_BINDING_NAME, uint32(i), &m.name)
		gl.GetIntegeri_v(gl.IMAGE_BINDING_LEVEL, uint32(i), &m.level)
		gl.GetIntegeri_v(gl.IMAGE_BINDING_LAYERED, uint32(i), &m.layered)
		gl.GetIntegeri_v(gl.IMAGE_BINDING_LAYER, uint32(i), &m.layer)
		gl.GetIntegeri_v(gl.IMAGE_BINDING_ACCESS, uint32(i), &m.access)
		gl.GetIntegeri_v(gl.IMAGE_BINDING_FORMAT, uint32(i), &m.format)
	}
	return s
}

// restore puts everything back and makes the results of shaders visible to
// whatever the caller does next.
func (s *state) restore() {
	for i, b := range s.blocks {
		if b.size > 0 {
			gl.BindBufferRange(gl.SHADER_STORAGE_BUFFER, uint32(i), uint32(b.buffer), int(b.first), int(b.size))
		} else {
			gl.BindBufferBase(gl.SHADER_STORAGE_BUFFER, uint32(i), uint32(b.buffer))
		}
	}
	for i, m := range s.images {
		gl.BindImageTexture(uint32(i), uint32(m.name), m.level, m.layered != 0, m.layer, uint32(m.access), uint32(m.format))
	}
	gl.BindTexture(gl.TEXTURE_2D, uint32(s.texture))
	gl.BindBuffer(gl.COPY_WRITE_BUFFER, uint32(s.copyWrite))
	gl.BindBuffer(gl.COPY_READ_BUFFER, uint32(s.copyRead))
	gl.BindBuffer(gl.SHADER_STORAGE_BUFFER, uint32(s.storage))
	gl.UseProgram(uint32(s.program))
	gl.MemoryBarrier(gl.ALL_BARRIER_BITS)
}
