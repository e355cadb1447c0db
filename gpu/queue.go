//go:build gl && cgo && (linux || windows)

package gpu

import (
	"unsafe"

	"github.com/go-gl/gl/v4.3-core/gl"

	"github.com/impasto-go/impasto/tensor/backend"
)

// Throttle marks the work queued so far and waits until all that lies before the
// last ahead marks is done.
func (d *Device) Throttle(ahead int) {
	d.wait(func() {
		d.mark()
		gl.Flush()
		d.throttles = append(d.throttles, d.serial-1)
		for len(d.throttles) > max(ahead, 0) {
			d.reach(d.throttles[0])
			d.throttles = append(d.throttles[:0], d.throttles[1:]...)
		}
		d.checkError("Throttle")
	})
}

// ReadScalars copies the values of scalars to dst, waiting once for all.
func (d *Device) ReadScalars(dst []float32, src []backend.Buffer) {
	for _, b := range src {
		of(b)
	}
	d.wait(func() {
		if !d.stage() {
			return
		}
		if d.dry {
			clear(dst)
			return
		}
		d.beforeCopy()
		gl.BindBuffer(gl.COPY_WRITE_BUFFER, d.staging.name)
		d.inChunks(len(src), func(first int, chunk []float32) {
			for i := range chunk {
				b := src[first+i].(*buffer)
				if !d.usable(b.storage) {
					return
				}
				gl.BindBuffer(gl.COPY_READ_BUFFER, b.name)
				gl.CopyBufferSubData(gl.COPY_READ_BUFFER, gl.COPY_WRITE_BUFFER, 0, i*floatSize, floatSize)
			}
			gl.GetBufferSubData(gl.COPY_WRITE_BUFFER, 0, len(chunk)*floatSize, unsafe.Pointer(&chunk[0]))
			copy(dst[first:], chunk)
		})
		d.checkError("ReadScalars")
	})
}
