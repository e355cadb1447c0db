package nn

import (
	"fmt"

	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// Evaluate runs the network on one image in host memory, {3, height, width}
// values 0..255 in NCHW order, and returns the stylized one. It suits single
// images, and onnxexport's Options.Forward; package stylize serves pictures of any
// size and streams of frames.
func (n *Network) Evaluate(be backend.Backend, x []float32, height, width int) ([]float32, error) {
	if err := n.arch.CheckSize(width, height); err != nil {
		return nil, err
	}
	if len(x) != 3*height*width {
		return nil, fmt.Errorf("nn: %d values for an image of %dx%d", len(x), width, height)
	}
	in := tensor.FromSlice(be, tensor.Shape{1, 3, height, width}, x)
	defer in.Free()
	tp := tensor.NewTape(be)
	defer tp.Reset()
	out := n.Forward(tp, in).Values()
	return out, be.Sync()
}
