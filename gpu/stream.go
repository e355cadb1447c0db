//go:build gl && cgo && (linux || windows)

package gpu

import (
	"time"

	"github.com/go-gl/gl/v4.3-core/gl"
)

// stream is where a device's commands go, in their order. OpenGL promises less
// about that order than it seems: a dispatch may run as late as the next command
// that must see its results, and a host's write to a buffer waits for shaders that
// write there, not for shaders that still have to read from it (OpenGL 4.3 core,
// 7.12.2, BUFFER_UPDATE_BARRIER_BIT). Tests put streams in place that run
// everything as late as that allows, or never.
type stream interface {
	// dispatch runs a job, which is valid until it returns.
	dispatch(j *job)
	// barrier is glMemoryBarrier.
	barrier(bits uint32)
	// fence returns a fence behind all that was issued so far.
	fence() uintptr
	// passed reports whether a fence was passed, after waiting for it for at most
	// the given time, and deletes it if so. A fence that fails was passed.
	passed(fence uintptr, wait time.Duration) bool
	// settle makes everything that follows come after all that was issued so far,
	// its reads included.
	settle()
	// lost reports whether the driver has given up the context.
	lost() bool
}

// glStream is the current OpenGL context.
type glStream struct {
	limits *limits
	resets bool // the driver tells about resets
}

func (s *glStream) dispatch(j *job) {
	gl.UseProgram(j.program.name)
	for i, v := range j.views[:j.bound] {
		if v.len == 0 {
			gl.BindBufferBase(gl.SHADER_STORAGE_BUFFER, uint32(i), v.name)
			continue
		}
		start := v.blockStart(s.limits.align)
		gl.BindBufferRange(gl.SHADER_STORAGE_BUFFER, uint32(i), v.name, start, (v.first+v.len)*floatSize-start)
	}
	for i, m := range j.images {
		if m.texture != 0 {
			gl.BindImageTexture(uint32(i), m.texture, 0, false, 0, m.access, gl.RGBA8UI)
		}
	}
	gl.Uniform1iv(0, int32(j.args.len), &j.args.bits[0])
	for first, count := 0, 0; first < j.groups; first += count {
		if first != 0 { // apart, so that a watchdog sees several small pieces of work
			gl.Flush()
		}
		x := min(j.groups-first, s.limits.groups, j.piece)
		y := max(1, min((j.groups-first)/x, s.limits.groups, j.piece/x))
		count = x * y
		gl.Uniform1i(firstGroupLocation, int32(j.first+first))
		gl.DispatchCompute(uint32(x), uint32(y), 1)
	}
	for i, m := range j.images { // so that textures can be deleted
		if m.texture != 0 {
			gl.BindImageTexture(uint32(i), 0, 0, false, 0, gl.READ_ONLY, gl.RGBA8UI)
		}
	}
}

func (s *glStream) barrier(bits uint32) { gl.MemoryBarrier(bits) }

func (s *glStream) fence() uintptr { return gl.FenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0) }

func (s *glStream) passed(fence uintptr, wait time.Duration) bool {
	if gl.ClientWaitSync(fence, gl.SYNC_FLUSH_COMMANDS_BIT, uint64(wait)) == gl.TIMEOUT_EXPIRED {
		return false
	}
	gl.DeleteSync(fence)
	return true
}

// settle has the server wait for a fence behind all that was issued.
func (s *glStream) settle() {
	f := s.fence()
	gl.WaitSync(f, 0, gl.TIMEOUT_IGNORED)
	gl.DeleteSync(f)
}

func (s *glStream) lost() bool { return s.resets && gl.GetGraphicsResetStatus() != gl.NO_ERROR }
