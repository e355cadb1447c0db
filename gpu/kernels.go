//go:build gl && cgo && linux

package gpu

import "strings"

// kernels says which of the kernels that compute the same a device uses.
type kernels struct {
	// shared memory, and with it barriers within work groups: what cards are made
	// for and software renderers pay dearly for.
	shared bool
	// conv names the tile of all convolutions; "" for the choice by shape.
	conv string
	// groups that fill the device: smaller products are cut along their sums.
	groups int
}

// cardGroups is kernels.groups of cards: a few groups for each of a hundred
// multiprocessors, which large cards have and small ones can do with.
const cardGroups = 512

// smallProduct is up to how many operations conv2d.comp, which has few variants to
// compile, serves shared kernels too.
const smallProduct = 1e6

// tile returns the tile for a convolution, nil for conv2d.comp.
func (k kernels) tile(c convolution, p product) *tile {
	if !k.shared || k.conv == "" && p.flops(c.kernel) < smallProduct {
		return nil
	}
	for i, t := range tiles {
		if k.conv == t.String() || k.conv == "" && (p.outputs <= t.rows || i == len(tiles)-1) {
			return &tiles[i]
		}
	}
	return nil
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
