package nn

import (
	"math/rand/v2"

	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// ResidualBlock is x + in2(conv2(relu(in1(conv1(x))))), with 3x3 convolutions and
// no ReLU after the sum (He et al., arXiv:1512.03385, in the variant of
// torch.ch/blog/2016/02/04/resnets.html).
type ResidualBlock struct {
	Conv1 *ConvLayer
	In1   *InstanceNorm2d
	Conv2 *ConvLayer
	In2   *InstanceNorm2d
}

// NewResidualBlock makes a block of the given width with initial weights.
func NewResidualBlock(be backend.Backend, channels int, rng *rand.Rand) *ResidualBlock {
	return &ResidualBlock{
		Conv1: NewConvLayer(be, channels, channels, 3, 1, rng),
		In1:   NewInstanceNorm2d(be, channels),
		Conv2: NewConvLayer(be, channels, channels, 3, 1, rng),
		In2:   NewInstanceNorm2d(be, channels),
	}
}

// Forward applies the block to x {N, channels, H, W}, which needs at least 2x2
// pixels.
func (b *ResidualBlock) Forward(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	return b.forward(tp, x, 1)
}

// forward is Forward with scale times x in the sum.
func (b *ResidualBlock) forward(tp *tensor.Tape, x *tensor.Tensor, scale float32) *tensor.Tensor {
	y := normalized(tp, b.Conv1, b.In1, x, tensor.InstanceNormOptions{ReLU: true})
	z := normalized(tp, b.Conv2, b.In2, y, tensor.InstanceNormOptions{Residual: x, ResidualScale: scale})
	tp.Release(y)
	return z
}

// Params returns the block's parameters with prefix before their names.
func (b *ResidualBlock) Params(prefix string) []Param {
	p := b.Conv1.Params(prefix + "conv1.")
	p = append(p, b.In1.Params(prefix+"in1.")...)
	p = append(p, b.Conv2.Params(prefix+"conv2.")...)
	return append(p, b.In2.Params(prefix+"in2.")...)
}

// normalized is a convolution followed by an instance normalisation and by what
// o adds to it.
func normalized(tp *tensor.Tape, c *ConvLayer, n *InstanceNorm2d, x *tensor.Tensor, o tensor.InstanceNormOptions) *tensor.Tensor {
	y := c.forwardNormalized(tp, x)
	o.InPlace = true
	z := n.Forward(tp, y, o)
	tp.Release(y)
	return z
}
