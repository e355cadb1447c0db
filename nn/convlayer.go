package nn

import (
	"math/rand/v2"

	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// ConvLayer is a convolution of odd kernel size k over an image that is first
// mirrored k/2 pixels beyond every edge, which keeps its size (divided by the
// stride and rounded up).
type ConvLayer struct {
	Conv2d   *Conv2d
	Upsample int // nearest upsampling factor before it; 1 for none
}

// NewConvLayer makes a ConvLayer with the initial weights of NewConv2d.
func NewConvLayer(be backend.Backend, in, out, kernel, stride int, rng *rand.Rand) *ConvLayer {
	return &ConvLayer{NewConv2d(be, in, out, kernel, stride, rng), 1}
}

// NewUpsampleConvLayer makes a ConvLayer with stride 1 that first repeats every
// pixel factor times in both directions. Unlike a transposed convolution it
// leaves no checkerboard (Odena et al., distill.pub/2016/deconv-checkerboard).
func NewUpsampleConvLayer(be backend.Backend, in, out, kernel, factor int, rng *rand.Rand) *ConvLayer {
	return &ConvLayer{NewConv2d(be, in, out, kernel, 1, rng), factor}
}

// Forward applies the layer to x {N, in, H, W}.
func (l *ConvLayer) Forward(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	return l.forward(tp, x, l.Conv2d.Bias)
}

// forwardNormalized is Forward for a layer whose output goes straight into an
// instance normalisation, without the bias that this would remove.
func (l *ConvLayer) forwardNormalized(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	return l.forward(tp, x, nil)
}

func (l *ConvLayer) forward(tp *tensor.Tape, x, bias *tensor.Tensor) *tensor.Tensor {
	w := l.Conv2d.Weight
	return tp.Conv2d(x, w, bias, tensor.Conv2dOptions{
		Stride: l.Conv2d.Stride, Padding: w.Shape()[2] / 2, Reflect: true, Upsample: l.Upsample,
	})
}

// Params returns the parameters of the convolution, "conv2d.weight" and
// "conv2d.bias", with prefix before their names.
func (l *ConvLayer) Params(prefix string) []Param { return l.Conv2d.Params(prefix + "conv2d.") }
