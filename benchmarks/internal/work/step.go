// Package work builds the pieces of work that the benchmarks time, through the
// library's public interface: a training step, a frame, single layers and
// operations. Each can check its result.
package work

import (
	"fmt"
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
	tape    *tensor.Tape
	net     *nn.Network
	vgg     *vgg.VGG
	adam    *nn.Adam
	images  *tensor.Tensor
	grams   []*tensor.Tensor
	content []*tensor.Tensor
	style   []*tensor.Tensor
	losses  []*tensor.Tensor
	scalar  []float32 // where a loss is read to
}

const (
	contentWeight = 1e5
	styleWeight   = 2e9
)

// NewStep prepares steps of batch square images with size pixels a side.
func NewStep(be backend.Backend, f Filters, batch, size int) *Step {
	s := &Step{
		tape:   tensor.NewTape(be),
		net:    nn.NewTransformerNet(be, f, 5, 1),
		vgg:    vgg.Random(be, 1, vgg.Relu54),
		images: Random(be, tensor.Shape{batch, 3, size, size}, 255),
		scalar: make([]float32, 1),
	}
	s.adam = nn.NewAdam(be, s.net.Params(), 1e-3)
	style := Random(be, tensor.Shape{batch, 3, 256, 256}, 255)
	for _, f := range s.vgg.Features(nil, s.tape, s.vgg.Normalize(s.tape, style), vgg.StyleLayers()) {
		g := s.tape.Gram(f)
		s.grams = append(s.grams, tensor.FromSlice(be, g.Shape(), g.Values()))
	}
	s.tape.Reset()
	style.Free()
	return s
}

// Run does one step and returns the content and style losses.
func (s *Step) Run() (content, style float32) {
	tp := s.tape
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
	tp.Release(s.content[0])
	for i, f := range s.style {
		g := tp.Gram(f)
		s.losses = append(s.losses, tp.MSE(g, s.grams[i], styleWeight))
		tp.Release(g)
		tp.Release(f)
	}
	tp.Backward(s.losses...)
	s.adam.Step()
	for i, l := range s.losses {
		l.Read(s.scalar) // Item would allocate
		if i == 0 {
			content = s.scalar[0]
		} else {
			style += s.scalar[0]
		}
	}
	return content, style
}

var (
	contentLayer = []vgg.Layer{vgg.Relu22}
	styleLayers  = vgg.StyleLayers()
)

// Case returns the case "step".
func (s *Step) Case(f Filters) Case {
	shape := s.images.Shape()
	return Case{
		Name: "step", FLOP: StepFLOP(f, shape[0], shape[2]),
		Run: func() { s.Run() },
		Check: func() error {
			content, style := s.Run()
			if !(content > 0 && style > 0) {
				return fmt.Errorf("step: the losses are %v and %v", content, style)
			}
			return finite("step: losses", []float32{content, style})
		},
	}
}

// StepFLOP counts the operations of the direct convolutions that a step needs:
// the network forward and both its gradients, VGG-19 forward and the gradient of
// its input, and VGG-19 up to the content layer once more.
func StepFLOP(f Filters, batch, size int) float64 {
	total := 0.0
	for i, c := range NetConvs(f, batch, size, size) {
		passes := 3.0
		if i == 0 {
			passes = 2 // nobody needs the gradient of the images
		}
		total += passes * float64(c.Count) * c.FLOP()
	}
	for i, c := range VGGConvs(batch, size) {
		passes := 2.0
		if i < 4 { // down to relu2_2
			passes = 3
		}
		total += passes * float64(c.Count) * c.FLOP()
	}
	return total
}
