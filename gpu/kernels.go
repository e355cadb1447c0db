//go:build gl && cgo && (linux || windows)

package gpu

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// kernels says which of the kernels that compute the same a device uses.
type kernels struct {
	// shared memory, and with it barriers within work groups: what cards are made
	// for and software renderers pay dearly for.
	shared bool
	// conv names the kernel of all convolutions; "" for the best for their class.
	conv string
	// best has a name for each class of convolutions.
	best [len(convClasses)]string
	// winograd says that conv2dwinograd.comp computes what it can.
	winograd bool
	// tuned says that best was measured or need not be.
	tuned bool
	// groups that fill the device: smaller products are cut along their sums.
	groups int
}

// cardGroups is kernels.groups of cards: a few groups for each of a hundred
// multiprocessors, which large cards have and small ones can do with.
const cardGroups = 512

// kernelsEnv is the environment variable that forces a kernel.
const kernelsEnv = "IMPASTO_GPU_KERNELS"

// direct is the name of conv2d.comp, and in kernelsEnv of all kernels without shared
// memory.
const direct = "direct"

// convClass is a class of convolutions, which one kernel suits best.
type convClass struct {
	outputs    int      // channels, at most
	candidates []string // the first where none was measured
}

var convClasses = [4]convClass{
	{8, []string{direct, "8x256", "16x128"}},
	{16, []string{"16x128", "8x256", direct}},
	{32, []string{"32x128", "16x128", direct}},
	{1 << 30, []string{"64x64", "64x128", "128x64", "32x128", direct}},
}

// classOf returns the number of the class of a convolution.
func classOf(outputs int) int {
	for i, c := range convClasses {
		if outputs <= c.outputs {
			return i
		}
	}
	panic("BUG: gpu: a convolution without a class")
}

// chooseKernels says what suits a renderer before anything was measured, or what the
// environment wants.
func chooseKernels(renderer string) (kernels, error) {
	k := kernels{shared: !software(renderer), groups: cardGroups}
	for i, c := range convClasses {
		k.best[i] = c.candidates[0]
	}
	switch forced := os.Getenv(kernelsEnv); forced {
	case "":
		k.tuned = !k.shared
	case direct:
		k.shared, k.tuned = false, true
	case winogradName:
		k.shared, k.tuned, k.winograd = true, true, true
	default:
		if tileNamed(forced) == nil {
			return k, fmt.Errorf("gpu: %s=%s: there are %s and %s", kernelsEnv, forced, direct, strings.Join(convKernels(), ", "))
		}
		k.shared, k.tuned, k.conv = true, true, forced
	}
	return k, nil
}

func tileNamed(name string) *tile {
	for i, n := range tileNames {
		if n == name {
			return &tiles[i]
		}
	}
	return nil
}

// tileNames are those of tiles.
var tileNames = func() (names []string) {
	for _, t := range tiles {
		names = append(names, t.String())
	}
	return names
}()

// convKernels are the names of the kernels for convolutions with shared memory.
func convKernels() (names []string) {
	return append(slices.Clone(tileNames), winogradName)
}

// software reports whether a renderer computes on the CPU.
func software(renderer string) bool {
	for _, name := range []string{"llvmpipe", "softpipe", "swrast", "SwiftShader", "Microsoft Basic Render"} {
		if strings.Contains(renderer, name) {
			return true
		}
	}
	return false
}

// shared reports whether kernels with shared memory are used.
func (d *Device) shared() bool { return d.kernels.shared }

// sharedProduct reports whether a product of so many operations goes through shared
// memory. Small ones do not: the kernels without have fewer variants to compile.
func (d *Device) sharedProduct(flops float64) bool {
	const small = 1e6
	return d.kernels.shared && (d.kernels.conv != "" || flops >= small)
}

// convTileFor returns the tile for a convolution, nil for conv2d.comp.
func (d *Device) convTileFor(outputs int, flops float64) *tile {
	if !d.sharedProduct(flops) {
		return nil
	}
	if !d.kernels.tuned {
		d.tune()
	}
	name := d.kernels.conv
	if name == "" {
		name = d.kernels.best[classOf(outputs)]
	}
	return tileNamed(name)
}

// Kernels says which kernels the device uses for convolutions, by the number of their
// output channels. On a card that is new to it, it compiles and measures all that there
// are, for a second or two.
func (d *Device) Kernels() string {
	switch {
	case !d.kernels.shared:
		return direct
	case d.kernels.conv != "":
		return d.kernels.conv
	case !d.kernels.tuned:
		d.tune()
	}
	var b strings.Builder
	for i, c := range convClasses {
		switch {
		case i == 0:
			fmt.Fprintf(&b, "up to %d channels %s", c.outputs, d.kernels.best[i])
		case i < len(convClasses)-1:
			fmt.Fprintf(&b, ", %d %s", c.outputs, d.kernels.best[i])
		default:
			fmt.Fprintf(&b, ", more %s", d.kernels.best[i])
		}
	}
	if d.kernels.winograd {
		b.WriteString(", 3x3 winograd")
	}
	return b.String()
}
