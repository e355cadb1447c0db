package stylize

import (
	"github.com/impasto-go/impasto/nn"
)

// layer is a convolution of the network with what follows it:
//
//	relu?( norm( conv( output of the layer before ) ) ) + factor * output of an earlier layer + ...
type layer struct {
	conv  *nn.ConvLayer
	norm  *nn.InstanceNorm2d // nil after the last
	relu  bool
	plus  []term
	scale int  // pixels of the picture per pixel of its output, along a side
	trunk bool // at the innermost scale, where activations are small
}

type term struct {
	layer  int
	factor float32
}

// layersOf lists the layers of nn's TransformerNet.Forward.
func layersOf(net *nn.TransformerNet) []layer {
	layers := []layer{
		{conv: net.Conv1, norm: net.In1, relu: true, scale: 1},
		{conv: net.Conv2, norm: net.In2, relu: true, scale: 2},
		{conv: net.Conv3, norm: net.In3, relu: true, scale: 4, trunk: true},
	}
	const c1, c2, c3 = 0, 1, 2
	y := c3
	for _, b := range net.ResNets {
		layers = append(layers,
			layer{conv: b.Conv1, norm: b.In1, relu: true, scale: 4, trunk: true},
			layer{conv: b.Conv2, norm: b.In2, plus: []term{{y, 2}}, scale: 4, trunk: true})
		y = len(layers) - 1
	}
	layers[y].plus = append(layers[y].plus, term{c3, 1})
	return append(layers,
		layer{conv: net.Deconv1, norm: net.In4, relu: true, plus: []term{{c2, 1}}, scale: 2},
		layer{conv: net.Deconv2, norm: net.In5, relu: true, plus: []term{{c1, 1}}, scale: 1},
		layer{conv: net.Deconv3, scale: 1})
}
