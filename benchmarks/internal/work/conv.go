package work

import (
	"fmt"
	"math"

	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// ConvSpec is a convolution layer of a network and the size of its input.
type ConvSpec struct {
	Name                 string
	Count                int // how often the network has it
	Batch, Height, Width int
	In, Out, Kernel      int
	Stride, Upsample     int  // 1 for none
	Reflect              bool // mirror instead of zero padding
}

// VGGConvs lists the different 3x3 convolutions of VGG-19 for a batch of square
// images.
func VGGConvs(batch, size int) []ConvSpec {
	layer := func(name string, count, in, out, shrink int) ConvSpec {
		return ConvSpec{
			Name: name, Count: count, Batch: batch, Height: size / shrink, Width: size / shrink,
			In: in, Out: out, Kernel: 3, Stride: 1, Upsample: 1,
		}
	}
	return []ConvSpec{
		layer("conv1_1", 1, 3, 64, 1), layer("conv1_2", 1, 64, 64, 1),
		layer("conv2_1", 1, 64, 128, 2), layer("conv2_2", 1, 128, 128, 2),
		layer("conv3_1", 1, 128, 256, 4), layer("conv3_2", 3, 256, 256, 4),
		layer("conv4_1", 1, 256, 512, 8), layer("conv4_2", 3, 512, 512, 8),
		layer("conv5_1", 4, 512, 512, 16),
	}
}

// NetConvs lists the different convolutions of the tutorial's network with five
// residual blocks; equal ones in a row are one that counts more.
func NetConvs(f Filters, batch, height, width int) (specs []ConvSpec) {
	scale := 1
	for _, l := range arch.Tutorial(f, 5).Layers {
		s := ConvSpec{
			Name: l.Name, Count: 1, Batch: batch, Height: height / scale, Width: width / scale,
			In: l.In, Out: l.Out, Kernel: l.Kernel, Stride: l.Stride, Upsample: l.Upsample, Reflect: true,
		}
		scale = scale * l.Stride / l.Upsample
		if n := len(specs); n > 0 {
			last := specs[n-1]
			last.Name, last.Count = s.Name, s.Count
			if last == s {
				specs[n-1].Count++
				continue
			}
		}
		specs = append(specs, s)
	}
	return specs
}

func (s ConvSpec) block() backend.ConvBlock {
	return backend.ConvBlock{
		Conv:    backend.Conv{Stride: s.Stride, Pad: s.Kernel / 2},
		Reflect: s.Reflect, Upsample: s.Upsample,
	}
}

func (s ConvSpec) input() tensor.Shape  { return tensor.Shape{s.Batch, s.In, s.Height, s.Width} }
func (s ConvSpec) weight() tensor.Shape { return tensor.Shape{s.Out, s.In, s.Kernel, s.Kernel} }
func (s ConvSpec) output() tensor.Shape { return s.block().Out(s.input(), s.weight()) }

// FLOP counts the multiplications and additions of a direct convolution.
func (s ConvSpec) FLOP() float64 {
	return 2 * float64(s.In*s.Kernel*s.Kernel) * float64(s.output().Len())
}

// source returns the row (or column) of an input with n rows that kernel row k
// of output row o reads, and whether it reads any.
func (s ConvSpec) source(o, k, n int) (int, bool) {
	n *= s.Upsample
	i := o*s.Stride + k - s.Kernel/2
	switch {
	case i >= 0 && i < n:
	case !s.Reflect:
		return 0, false
	case i < 0:
		i = -i
	default:
		i = 2*(n-1) - i
	}
	return i / s.Upsample, true
}

// readers returns the pairs of output row and kernel row that read input row i.
func (s ConvSpec) readers(i, n, out int) (pairs [][2]int) {
	for o := range out {
		for k := range s.Kernel {
			if r, ok := s.source(o, k, n); ok && r == i {
				pairs = append(pairs, [2]int{o, k})
			}
		}
	}
	return pairs
}

// Conv is a layer with its operands in a backend that fuses what surrounds a
// convolution, as the CPU's does.
type Conv struct {
	ConvSpec
	fuser          backend.ConvFuser
	x, w, b, y, dy *tensor.Tensor
	dx, dw         *tensor.Tensor
}

// NewConv makes a layer with random input, gradient and frozen weights.
func NewConv(be backend.Backend, s ConvSpec) *Conv {
	scale := float32(math.Sqrt(6 / float64(s.In*s.Kernel*s.Kernel)))
	return &Conv{
		ConvSpec: s,
		fuser:    be.(backend.ConvFuser),
		x:        Centered(be, s.input(), 1, 1),
		w:        Centered(be, s.weight(), scale, 2).Freeze(),
		b:        Centered(be, tensor.Vec(s.Out), 0.1, 3),
		y:        tensor.New(be, s.output()),
		dy:       Centered(be, s.output(), 1, 4),
		dx:       tensor.New(be, s.input()),
		dw:       tensor.New(be, s.weight()),
	}
}

// Free gives the operands back.
func (c *Conv) Free() {
	for _, t := range []*tensor.Tensor{c.x, c.w, c.b, c.y, c.dy, c.dx, c.dw} {
		t.Free()
	}
}

// Cases returns the layer's forward pass NAME.fwd, the gradient of its input
// NAME.bwd and that of its weights NAME.dw.
func (c *Conv) Cases() []Case {
	g := c.block()
	forward := func() { c.fuser.ConvBlock(c.y.Buffer(), c.x.Buffer(), c.w.Buffer(), c.b.Buffer(), g) }
	input := func() {
		c.fuser.ConvBlockGradInput(c.dx.Buffer(), c.dy.Buffer(), c.y.Buffer(), c.w.Buffer(), g, false)
	}
	weight := func() {
		c.fuser.ConvBlockGradWeight(c.dw.Buffer(), nil, c.x.Buffer(), c.dy.Buffer(), c.y.Buffer(), g, false)
	}
	flop := c.FLOP()
	return []Case{
		{Name: c.Name + ".fwd", Run: forward, Check: func() error { forward(); return c.checkForward() }, FLOP: flop, Count: c.Count},
		{Name: c.Name + ".bwd", Run: input, Check: func() error { input(); return c.checkInput() }, FLOP: flop, Count: c.Count},
		{Name: c.Name + ".dw", Run: weight, Check: func() error { weight(); return c.checkWeight() }, FLOP: flop, Count: c.Count},
	}
}

// tolerance leaves room for Winograd's rounding, 1e-5 of the result in the
// mean, in the worst of its elements.
const tolerance = 2e-4

// host is a tensor in main memory.
type host struct {
	s tensor.Shape
	v []float32
}

func toHost(t *tensor.Tensor) host { return host{t.Shape(), t.Values()} }

func (h host) at(n, c, y, x int) float64 {
	return float64(h.v[((n*h.s[1]+c)*h.s[2]+y)*h.s[3]+x])
}

func (c *Conv) checkForward() error {
	x, w, b := toHost(c.x), toHost(c.w), toHost(c.b)
	return compare(c.Name, c.y.Shape(), c.y.Values(), tolerance, func(n, k, oy, ox int) float64 {
		sum := b.at(0, k, 0, 0)
		for i := range c.In {
			for ky := range c.Kernel {
				for kx := range c.Kernel {
					sy, inY := c.source(oy, ky, c.Height)
					sx, inX := c.source(ox, kx, c.Width)
					if inY && inX {
						sum += w.at(k, i, ky, kx) * x.at(n, i, sy, sx)
					}
				}
			}
		}
		return sum
	})
}

func (c *Conv) checkInput() error {
	w, dy := toHost(c.w), toHost(c.dy)
	return compare(fmt.Sprintf("%s, gradient of the input", c.Name), c.dx.Shape(), c.dx.Values(), tolerance, func(n, i, y, x int) float64 {
		sum := 0.0
		for _, row := range c.readers(y, c.Height, dy.s[2]) {
			for _, col := range c.readers(x, c.Width, dy.s[3]) {
				for k := range c.Out {
					sum += w.at(k, i, row[1], col[1]) * dy.at(n, k, row[0], col[0])
				}
			}
		}
		return sum
	})
}

func (c *Conv) checkWeight() error {
	x, dy := toHost(c.x), toHost(c.dy)
	return compare(fmt.Sprintf("%s, gradient of the weights", c.Name), c.dw.Shape(), c.dw.Values(), tolerance, func(k, i, ky, kx int) float64 {
		sum := 0.0
		for n := range c.Batch {
			for oy := range dy.s[2] {
				for ox := range dy.s[3] {
					sy, inY := c.source(oy, ky, c.Height)
					sx, inX := c.source(ox, kx, c.Width)
					if inY && inX {
						sum += dy.at(n, k, oy, ox) * x.at(n, i, sy, sx)
					}
				}
			}
		}
		return sum
	})
}
