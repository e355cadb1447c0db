//go:build gl && cgo && linux

package gpu

import "strings"

// kernels says which of the kernels that compute the same a device uses.
type kernels struct {
	// shared memory, and with it barriers within work groups: what cards are made
	// for and software renderers pay dearly for.
	shared bool
}

// shared reports whether kernels with shared memory are used.
func (d *Device) shared() bool { return d.kernels.shared }

// software reports whether a renderer computes on the CPU.
func software(renderer string) bool {
	for _, name := range []string{"llvmpipe", "softpipe", "swrast", "SwiftShader", "Microsoft Basic Render"} {
		if strings.Contains(renderer, name) {
			return true
		}
	}
	return false
}
