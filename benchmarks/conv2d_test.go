package benchmarks

import (
	"testing"

	"github.com/impasto-go/impasto/benchmarks/internal/work"
)

// BenchmarkVGGConv2d is each convolution of VGG-19, forward and the gradient of
// its input, batch 4, for images of 256x256 pixels. FLOP are those of the direct
// convolution, which Winograd's needs a quarter of.
func BenchmarkVGGConv2d(b *testing.B) {
	convs(b, work.VGGConvs(4, 256), 2)
}

// BenchmarkNetConv2d is each convolution of the network that is trained, with its
// reflection padding and upsampling: forward, gradients of input and weights.
func BenchmarkNetConv2d(b *testing.B) {
	for _, f := range filters {
		b.Run(f.name, func(b *testing.B) { convs(b, work.NetConvs(f.widths, 4, 256, 256), 3) })
	}
}

// convs runs the first cases of each layer.
func convs(b *testing.B, specs []work.ConvSpec, cases int) {
	be := newBackend(b)
	for _, s := range specs {
		c := work.NewConv(be, s)
		for _, part := range c.Cases()[:cases] {
			b.Run(part.Name, func(b *testing.B) { run(b, part) })
		}
		c.Free()
	}
}
