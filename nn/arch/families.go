package arch

import (
	"fmt"
	"slices"
	"strings"
)

// family is a kind of network with three widths and any number of residual blocks.
// All have an encoder that halves the size twice, the blocks, and a decoder.
type family struct {
	name     string
	block    string  // what the names of a block's parameters begin with
	first    int     // number of the first block
	identity float32 // factor of a block's input in the sum that is its output
	skips    bool    // the encoder's outputs are added to the decoder's
	blur     int     // in convolutions with stride 2
	smooth   int     // in those after upsampling; 3 makes it bilinear
}

// families are all networks that are known by name and recognized. The names of
// their parameters must tell them apart.
var families = []family{
	{name: "tutorial", block: "resnets.%d.", identity: 2, skips: true},
	{name: "pytorch-examples", block: "res%d.", first: 1, identity: 1},
	{name: "anti-aliased", block: "resnets.%d.", identity: 2, skips: true, blur: 3, smooth: 3},
	{name: "anti-aliased-nearest", block: "resnets.%d.", identity: 2, skips: true, blur: 3},
}

// Families returns the names that New knows.
func Families() []string {
	names := make([]string, len(families))
	for i := range families {
		names[i] = families[i].name
	}
	return names
}

// New returns the network of a family, one of those described at the functions
// Tutorial, PyTorchExamples and AntiAliased. filters are the widths of the three
// convolutions of the encoder, each at least 1; blocks is the number of residual
// blocks, at least 1.
func New(name string, filters [3]int, blocks int) (*Network, error) {
	i := slices.IndexFunc(families, func(f family) bool { return f.name == name })
	if i < 0 {
		return nil, fmt.Errorf("there is no network called %q: want one of %s", name, strings.Join(Families(), ", "))
	}
	if slices.Min(filters[:]) < 1 || blocks < 1 {
		return nil, fmt.Errorf("a network with filters %v and %d residual blocks: all must be at least 1", filters, blocks)
	}
	return families[i].network(filters, blocks), nil
}

// Tutorial returns the tutorial's TransformerNet: the network of Johnson et al.
// (arXiv:1603.08155) with instance normalization, upsampling convolutions, skip
// connections from the encoder to the decoder, and a second identity around every
// residual block. The tutorial's default is 32, 64, 128 filters and 5 blocks, its
// recommendation 8, 16, 32. Less than one block becomes one.
func Tutorial(filters [3]int, blocks int) *Network {
	return families[0].network(filters, max(blocks, 1))
}

// PyTorchExamples returns the TransformerNet of the repository pytorch/examples
// (fast_neural_style), whose filters are 32, 64, 128 and whose blocks are 5: that of
// Tutorial without skip connections, and with each block's input added once.
func PyTorchExamples(filters [3]int, blocks int) *Network {
	return families[1].network(filters, max(blocks, 1))
}

// AntiAliased returns the tutorial's network with a 1-2-1 filter in every
// convolution that halves the size, and bilinear upsampling instead of nearest.
// Without bilinear only the first of these. Its kernels of 5x5 pixels cost time: on
// the CPU a frame of a network with filters 8, 16, 32 takes about 1.3 times the
// tutorial's, with bilinear upsampling 2.4 times. Whether a style gets calmer by them
// has to be measured (package nn/flicker): in short trainings the difference was small.
func AntiAliased(filters [3]int, blocks int, bilinear bool) *Network {
	f := &families[3]
	if bilinear {
		f = &families[2]
	}
	return f.network(filters, max(blocks, 1))
}

// network lists the layers.
func (f *family) network(filters [3]int, blocks int) *Network {
	n := &Network{Name: f.name, Filters: filters, Blocks: blocks, Input: Bytes, Output: Bytes}
	add := func(l Layer) int {
		l.Conv = l.Name + ".conv2d"
		switch {
		case l.Stride == 2 && f.blur > 1:
			l.Conv, l.Blur = l.Name+".blurred_conv2d", f.blur
		case l.Upsample == 2 && f.smooth > 1:
			l.Conv, l.Blur = l.Name+".bilinear_conv2d", f.smooth
		}
		l.Stride, l.Upsample = max(l.Stride, 1), max(l.Upsample, 1)
		n.Layers = append(n.Layers, l)
		return len(n.Layers) - 1
	}
	skip := func(layer int) []Term {
		if !f.skips {
			return nil
		}
		return []Term{{layer, 1}}
	}
	a, b, c := filters[0], filters[1], filters[2]
	c1 := add(Layer{Name: "conv1", In: 3, Out: a, Kernel: 9, Norm: "in1", ReLU: true})
	c2 := add(Layer{Name: "conv2", In: a, Out: b, Kernel: 3, Stride: 2, Norm: "in2", ReLU: true})
	c3 := add(Layer{Name: "conv3", In: b, Out: c, Kernel: 3, Stride: 2, Norm: "in3", ReLU: true})
	y := c3
	for i := range blocks {
		block := fmt.Sprintf(f.block, f.first+i)
		add(Layer{Name: block + "conv1", In: c, Out: c, Kernel: 3, Norm: block + "in1", ReLU: true})
		y = add(Layer{Name: block + "conv2", In: c, Out: c, Kernel: 3, Norm: block + "in2", Plus: []Term{{y, f.identity}}})
	}
	n.Layers[y].Plus = append(n.Layers[y].Plus, skip(c3)...)
	add(Layer{Name: "deconv1", In: c, Out: b, Kernel: 3, Upsample: 2, Norm: "in4", ReLU: true, Plus: skip(c2)})
	add(Layer{Name: "deconv2", In: b, Out: a, Kernel: 3, Upsample: 2, Norm: "in5", ReLU: true, Plus: skip(c1)})
	add(Layer{Name: "deconv3", In: a, Out: 3, Kernel: 9})
	return n
}
