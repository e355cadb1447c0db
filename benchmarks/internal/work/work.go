// Package work builds the pieces of work that the benchmarks time, through the
// library's public interface: a training step, a frame, single layers.
package work

import (
	"math/rand/v2"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/vgg"
)

// Filters are the widths of a TransformerNet.
type Filters [3]int

// Random returns a tensor of values that are uniform in 0..scale, the same ones
// each time.
func Random(be backend.Backend, s tensor.Shape, scale float32) *tensor.Tensor {
	rng := rand.New(rand.NewPCG(1, uint64(s.Len())))
	v := make([]float32, s.Len())
	for i := range v {
		v[i] = scale * rng.Float32()
	}
	return tensor.FromSlice(be, s, v)
}

// Step is a training step with random images and random VGG-19 weights, on which
// the time does not depend.
type Step struct {
	Tape    *tensor.Tape
	net     *nn.TransformerNet
	vgg     *vgg.VGG
	adam    *nn.Adam
	images  *tensor.Tensor
	grams   []*tensor.Tensor
	content []*tensor.Tensor
	style   []*tensor.Tensor
	losses  []*tensor.Tensor
}

const (
	contentWeight = 1e5
	styleWeight   = 2e9
)

// NewStep prepares steps of batch square images with size pixels a side.
func NewStep(be backend.Backend, f Filters, batch, size int) *Step {
	s := &Step{
		Tape:   tensor.NewTape(be),
		net:    nn.NewTransformerNet(be, f, 5, 1),
		vgg:    vgg.Random(be, 1, vgg.Relu54),
		images: Random(be, tensor.Shape{batch, 3, size, size}, 255),
	}
	s.adam = nn.NewAdam(be, s.net.Params(), 1e-3)
	style := Random(be, tensor.Shape{batch, 3, 256, 256}, 255)
	for _, f := range s.vgg.Features(nil, s.Tape, s.vgg.Normalize(s.Tape, style), vgg.StyleLayers()) {
		g := s.Tape.Gram(f)
		s.grams = append(s.grams, tensor.FromSlice(be, g.Shape(), g.Values()))
	}
	s.Tape.Reset()
	style.Free()
	return s
}

// Run does one step and returns the content and style losses.
func (s *Step) Run() (content, style float32) {
	tp := s.Tape
	defer tp.Reset()
	s.adam.ZeroGrad()
	x := s.vgg.Normalize(tp, s.images)
	s.content = s.vgg.Features(s.content[:0], tp, x, contentLayer)
	tp.Release(x)
	y := s.net.Forward(tp, s.images)
	normal := s.vgg.Normalize(tp, y)
	tp.Release(y)
	s.style = s.vgg.Features(s.style[:0], tp, normal, styleLayers)
	tp.Release(normal)
	s.losses = append(s.losses[:0], tp.MSE(s.style[1], s.content[0], contentWeight))
	for i, f := range s.style {
		s.losses = append(s.losses, tp.MSE(tp.Gram(f), s.grams[i], styleWeight))
		tp.Release(f)
	}
	tp.Backward(s.losses...)
	s.adam.Step()
	content = s.losses[0].Item()
	for _, l := range s.losses[1:] {
		style += l.Item()
	}
	return content, style
}

var (
	contentLayer = []vgg.Layer{vgg.Relu22}
	styleLayers  = vgg.StyleLayers()
)

// Frame is the forward pass of a frozen network on one image.
type Frame struct {
	Tape *tensor.Tape
	net  *nn.TransformerNet
	x    *tensor.Tensor
}

// NewFrame prepares frames of width by height pixels.
func NewFrame(be backend.Backend, f Filters, width, height int) *Frame {
	net := nn.NewTransformerNet(be, f, 5, 1)
	net.Freeze()
	return &Frame{tensor.NewTape(be), net, Random(be, tensor.Shape{1, 3, height, width}, 255)}
}

// Run does one forward pass.
func (f *Frame) Run() {
	f.Tape.Release(f.net.Forward(f.Tape, f.x))
	f.Tape.Reset()
}
