package nn

import (
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// InstanceNorm2d is PyTorch's InstanceNorm2d with affine=True: every plane of
// every image is normalised, then scaled and shifted per channel (Ulyanov et al.,
// arXiv:1607.08022). Epsilon is 1e-5, and there are no running statistics.
type InstanceNorm2d struct {
	Weight, Bias *tensor.Tensor // {1, channels, 1, 1}; scale and shift
}

// NewInstanceNorm2d makes a normalisation with scale 1 and shift 0.
func NewInstanceNorm2d(be backend.Backend, channels int) *InstanceNorm2d {
	filled := func(v float32) *tensor.Tensor {
		t := tensor.New(be, tensor.Vec(channels))
		be.Fill(t.Buffer(), v)
		return t.RequireGrad()
	}
	return &InstanceNorm2d{Weight: filled(1), Bias: filled(0)}
}

// Forward normalises x {N, channels, H, W}; o adds a ReLU and a residual.
func (l *InstanceNorm2d) Forward(tp *tensor.Tape, x *tensor.Tensor, o tensor.InstanceNormOptions) *tensor.Tensor {
	return tp.InstanceNorm(x, l.Weight, l.Bias, o)
}

// Params returns "weight" and "bias", with prefix before their names.
func (l *InstanceNorm2d) Params(prefix string) []Param {
	return []Param{vectorParam(prefix+"weight", l.Weight), vectorParam(prefix+"bias", l.Bias)}
}
