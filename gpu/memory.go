//go:build gl && cgo && (linux || windows)

package gpu

import "github.com/go-gl/gl/v4.3-core/gl"

// What extensions tell about memory, in KiB.
const (
	nvxAvailable = 0x9049 // GL_GPU_MEMORY_INFO_CURRENT_AVAILABLE_VIDMEM_NVX
	atiFree      = 0x87FB // GL_VBO_FREE_MEMORY_ATI: of the pool, and three more values
)

// FreeMemory returns the bytes of the card's own memory that nobody has taken, where the
// driver tells them: by GL_NVX_gpu_memory_info or GL_ATI_meminfo, as those of NVIDIA and
// AMD and Mesa's do. It does not count what is pooled for reuse.
func (d *Device) FreeMemory() (bytes int64, ok bool) {
	d.wait(func() {
		var kib [4]int32
		switch {
		case hasExtension("GL_NVX_gpu_memory_info"):
			gl.GetIntegerv(nvxAvailable, &kib[0])
		case hasExtension("GL_ATI_meminfo"):
			gl.GetIntegerv(atiFree, &kib[0])
		}
		bytes, ok = int64(uint32(kib[0]))<<10, kib[0] != 0
	})
	return bytes, ok
}

func hasExtension(name string) bool {
	var n int32
	gl.GetIntegerv(gl.NUM_EXTENSIONS, &n)
	for i := range uint32(n) {
		if gl.GoStr(gl.GetStringi(gl.EXTENSIONS, i)) == name {
			return true
		}
	}
	return false
}
