package nn

import (
	"math"
	"math/rand/v2"

	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// Conv2d is a convolution with a square kernel and a bias: the parameters of
// PyTorch's Conv2d.
type Conv2d struct {
	Weight *tensor.Tensor // {out, in, kernel, kernel}
	Bias   *tensor.Tensor // {1, out, 1, 1}
	Stride int
}

// NewConv2d makes a convolution initialised as PyTorch does it: weights and
// biases are uniform in ±1/sqrt(in*kernel*kernel), which is kaiming_uniform with
// a = sqrt(5) (He et al., arXiv:1502.01852; torch/nn/modules/conv.py). They are
// drawn from rng, whose numbers differ from PyTorch's.
func NewConv2d(be backend.Backend, in, out, kernel, stride int, rng *rand.Rand) *Conv2d {
	bound := 1 / math.Sqrt(float64(in*kernel*kernel))
	return &Conv2d{
		Weight: newUniform(be, tensor.Shape{out, in, kernel, kernel}, bound, rng).RequireGrad(),
		Bias:   newUniform(be, tensor.Vec(out), bound, rng).RequireGrad(),
		Stride: stride,
	}
}

// Params returns the weight and the bias, named with prefix before them.
func (c *Conv2d) Params(prefix string) []Param {
	return []Param{weightParam(prefix+"weight", c.Weight), vectorParam(prefix+"bias", c.Bias)}
}

func newUniform(be backend.Backend, s tensor.Shape, bound float64, rng *rand.Rand) *tensor.Tensor {
	values := make([]float32, s.Len())
	for i := range values {
		values[i] = float32(bound * (2*rng.Float64() - 1))
	}
	return tensor.FromSlice(be, s, values)
}

// newRand returns the generator of all initial weights: the same numbers on
// every platform.
func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x696d706173746f)) }
