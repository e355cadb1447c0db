package nn

import (
	"math"
	"math/rand/v2"

	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// Layer is a layer of a Network with its parameters.
type Layer struct {
	arch.Layer
	Weight, Bias *tensor.Tensor // of the convolution: {Out, In, Kernel, Kernel} and {1, Out, 1, 1}
	Scale, Shift *tensor.Tensor // of the normalization, {1, Out, 1, 1}; nil without one

	spent  bool           // nobody reads the input after the convolution
	filter *tensor.Tensor // {In, In, Blur, Blur}: blurs each channel of a weight; nil without a blur
	folded *tensor.Tensor // weight and blur in one, while they are frozen
}

// newLayer makes a layer initialized as PyTorch does it: weights and biases of the
// convolution are uniform in ±1/sqrt(in*kernel*kernel), which is kaiming_uniform
// with a = sqrt(5) (He et al., arXiv:1502.01852; torch/nn/modules/conv.py). They are
// drawn from rng, whose numbers differ from PyTorch's. The normalization's scale is
// 1, its shift 0.
func newLayer(be backend.Backend, l arch.Layer, rng *rand.Rand) Layer {
	bound := 1 / math.Sqrt(float64(l.In*l.Kernel*l.Kernel))
	made := Layer{
		Layer:  l,
		Weight: newUniform(be, tensor.Shape{l.Out, l.In, l.Kernel, l.Kernel}, bound, rng).RequireGrad(),
		Bias:   newUniform(be, tensor.Vec(l.Out), bound, rng).RequireGrad(),
	}
	if l.Norm != "" {
		made.Scale = newFilled(be, tensor.Vec(l.Out), 1).RequireGrad()
		made.Shift = newFilled(be, tensor.Vec(l.Out), 0).RequireGrad()
	}
	if row := l.Binomial(); len(row) > 1 {
		made.filter = newFilter(be, l.In, row)
	}
	return made
}

func newUniform(be backend.Backend, s tensor.Shape, bound float64, rng *rand.Rand) *tensor.Tensor {
	values := make([]float32, s.Len())
	for i := range values {
		values[i] = float32(bound * (2*rng.Float64() - 1))
	}
	return tensor.FromSlice(be, s, values)
}

func newFilled(be backend.Backend, s tensor.Shape, v float32) *tensor.Tensor {
	t := tensor.New(be, s)
	be.Fill(t.Buffer(), v)
	return t
}

// newFilter makes the weights of a convolution that filters each of its channels
// with row in both directions.
func newFilter(be backend.Backend, channels int, row []float64) *tensor.Tensor {
	n := len(row)
	values := make([]float32, channels*channels*n*n)
	for c := range channels {
		for y, a := range row {
			for x, b := range row {
				values[((c*channels+c)*n+y)*n+x] = float32(a * b)
			}
		}
	}
	return tensor.FromSlice(be, tensor.Shape{channels, channels, n, n}, values)
}

// newRand returns the generator of all initial weights: the same numbers on
// every platform.
func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0x696d706173746f)) }

// params lists the layer's parameters under the names of its record.
func (l *Layer) params() []Param {
	tensors := []*tensor.Tensor{l.Weight, l.Bias, l.Scale, l.Shift}
	named := l.Layer.Params()
	all := make([]Param, len(named))
	for i, p := range named {
		all[i] = Param{Name: p.Name, Shape: p.Shape, Tensor: tensors[i]}
	}
	return all
}

// Convolve applies the layer up to its normalization to x {N, In, H, W}. A bias
// that the normalization would remove is left out.
func (l *Layer) Convolve(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
	return l.convolve(tp, x, false)
}

func (l *Layer) convolve(tp *tensor.Tape, x *tensor.Tensor, relu bool) *tensor.Tensor {
	weight, bias := l.Weight, l.Bias
	switch {
	case l.folded != nil:
		weight = l.folded
	case l.filter != nil:
		// As a batch of Out pictures of In channels. It stays on the tape for the
		// gradients of the convolution.
		weight = tp.Conv2d(l.Weight, l.filter, nil, tensor.Conv2dOptions{Padding: l.Blur - 1})
	}
	if l.Norm != "" {
		bias = nil
	}
	return tp.Conv2d(x, weight, bias, tensor.Conv2dOptions{
		Stride: l.Stride, Padding: l.Padding(), Reflect: true, Upsample: l.Upsample, ReLU: relu,
	})
}

// forward applies the layer to x, which it releases once it is spent; outs are the
// outputs of the layers before.
func (l *Layer) forward(tp *tensor.Tape, x *tensor.Tensor, outs []*tensor.Tensor) *tensor.Tensor {
	plus := l.Plus
	y := l.convolve(tp, x, l.ReLU && l.Norm == "")
	if l.spent {
		tp.Release(x)
	}
	if l.Norm != "" {
		o := tensor.InstanceNormOptions{ReLU: l.ReLU, InPlace: true}
		if len(plus) > 0 {
			o.Residual, o.ResidualScale = outs[plus[0].Layer], plus[0].Factor
			plus = plus[1:]
		}
		y = replace(tp, y, tp.InstanceNorm(y, l.Scale, l.Shift, o))
	}
	for _, p := range plus {
		y = replace(tp, y, tp.AddScaled(y, outs[p.Layer], p.Factor))
	}
	return y
}

// replace releases old and returns next.
func replace(tp *tensor.Tape, old, next *tensor.Tensor) *tensor.Tensor {
	tp.Release(old)
	return next
}

// freeze keeps weight and blur folded for as long as they do not change.
func (l *Layer) freeze(be backend.Backend) {
	for _, t := range []*tensor.Tensor{l.Weight, l.Bias, l.Scale, l.Shift} {
		if t != nil {
			t.Freeze()
		}
	}
	if l.filter == nil {
		return
	}
	folded := l.Fold(l.Weight.Values())
	if l.folded == nil {
		l.folded = tensor.FromSlice(be, tensor.Shape{l.Out, l.In, l.Taps(), l.Taps()}, folded)
	} else {
		l.folded.Write(folded)
	}
	l.folded.Freeze()
}

func (l *Layer) free() {
	for _, t := range []*tensor.Tensor{l.Weight, l.Bias, l.Scale, l.Shift, l.filter, l.folded} {
		if t != nil {
			t.Free()
		}
	}
}
