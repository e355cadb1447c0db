package tensor_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/reference"
	"github.com/impasto-go/impasto/tensor/gradcheck"
)

// differentiable is an operation with the shapes of its inputs.
type differentiable struct {
	name   string
	inputs []tensor.Shape
	run    func(tp *tensor.Tape, in []*tensor.Tensor) *tensor.Tensor
}

func operations() []differentiable {
	image := tensor.Shape{2, 3, 6, 5}
	conv := func(name string, x, w tensor.Shape, o tensor.Conv2dOptions) differentiable {
		return differentiable{"Conv2d" + name, []tensor.Shape{x, w, tensor.Vec(w[0])}, func(tp *tensor.Tape, in []*tensor.Tensor) *tensor.Tensor {
			return tp.Conv2d(in[0], in[1], in[2], o)
		}}
	}
	norm := func(name string, relu bool) differentiable {
		return differentiable{"InstanceNorm" + name, []tensor.Shape{image, tensor.Vec(3), tensor.Vec(3), image}, func(tp *tensor.Tape, in []*tensor.Tensor) *tensor.Tensor {
			return tp.InstanceNorm(in[0], in[1], in[2], tensor.InstanceNormOptions{ReLU: relu, Residual: in[3], ResidualScale: 2, InPlace: true})
		}}
	}
	warp := func(name string, border tensor.Border) differentiable {
		return differentiable{"Warp" + name, []tensor.Shape{image, {2, 2, 4, 7}}, func(tp *tensor.Tape, in []*tensor.Tensor) *tensor.Tensor {
			return tp.Warp(in[0], in[1], border)
		}}
	}
	unary := func(name string, f func(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor) differentiable {
		return differentiable{name, []tensor.Shape{image}, func(tp *tensor.Tape, in []*tensor.Tensor) *tensor.Tensor { return f(tp, in[0]) }}
	}
	return []differentiable{
		conv(" stride 2", image, tensor.Shape{4, 3, 3, 3}, tensor.Conv2dOptions{Stride: 2, Padding: 1}),
		conv(" reflected, upsampled", tensor.Shape{1, 3, 3, 4}, tensor.Shape{2, 3, 3, 3}, tensor.Conv2dOptions{Padding: 1, Reflect: true, Upsample: 2}),
		conv(" with ReLU", image, tensor.Shape{2, 3, 3, 5}, tensor.Conv2dOptions{ReLU: true}),
		norm("", false),
		norm(" with ReLU", true),
		{"AddScaled", []tensor.Shape{image, image}, func(tp *tensor.Tape, in []*tensor.Tensor) *tensor.Tensor {
			return tp.AddScaled(in[0], in[1], -1.5)
		}},
		{"Sub", []tensor.Shape{image, image}, func(tp *tensor.Tape, in []*tensor.Tensor) *tensor.Tensor {
			return tp.Sub(in[0], in[1])
		}},
		{"Mul", []tensor.Shape{image, image}, func(tp *tensor.Tape, in []*tensor.Tensor) *tensor.Tensor {
			return tp.Mul(in[0], in[1])
		}},
		unary("Mul by itself", func(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor { return tp.Mul(x, x) }),
		unary("Scale", func(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor { return tp.Scale(x, -1.5) }),
		unary("Mean", func(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor { return tp.Mean(x, 7) }),
		unary("TotalVariation", func(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor { return tp.TotalVariation(x, 7) }),
		unary("AbsVariation", func(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor { return tp.AbsVariation(x, -7, 0.5) }),
		{"Charbonnier", []tensor.Shape{image, image}, func(tp *tensor.Tape, in []*tensor.Tensor) *tensor.Tensor {
			return tp.Charbonnier(in[0], in[1], 7, 0.5)
		}},
		unary("Tanh", (*tensor.Tape).Tanh),
		unary("Sigmoid", (*tensor.Tape).Sigmoid),
		unary("Mask", func(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
			s := x.Shape()
			mask := tensor.Shape{s[0], 1, s[2], s[3]}
			return tp.Mask(x, tensor.FromSlice(tp.Backend(), mask, gradcheck.Spaced(mask.Len(), 1)))
		}),
		{"Concat", []tensor.Shape{image, {2, 1, 6, 5}, image}, func(tp *tensor.Tape, in []*tensor.Tensor) *tensor.Tensor {
			return tp.Concat(in...)
		}},
		unary("Concat with itself", func(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor { return tp.Concat(x, x) }),
		unary("Channels", func(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor { return tp.Channels(x, 1, 2) }),
		warp("", tensor.BorderZero),
		warp(" held at edges", tensor.BorderEdge),
		unary("Add to itself", func(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor { return tp.Add(x, x) }),
		unary("ReLU", (*tensor.Tape).ReLU),
		{"Conv2dPool", []tensor.Shape{{1, 2, 5, 6}, {3, 2, 3, 3}, tensor.Vec(3)}, func(tp *tensor.Tape, in []*tensor.Tensor) *tensor.Tensor {
			_, pooled := tp.Conv2dPool(in[0], in[1], in[2], tensor.Conv2dOptions{Padding: 1})
			return pooled
		}},
		unary("MaxPool2", (*tensor.Tape).MaxPool2),
		unary("Gram", (*tensor.Tape).Gram),
		unary("ReflectPad", func(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor { return tp.ReflectPad(x, 2) }),
		unary("Upsample", func(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor { return tp.Upsample(x, 3) }),
		unary("ChannelAffine", func(tp *tensor.Tape, x *tensor.Tensor) *tensor.Tensor {
			be := tp.Backend()
			scale, shift := tensor.FromSlice(be, tensor.Vec(3), []float32{2, -1, 0.5}), tensor.FromSlice(be, tensor.Vec(3), []float32{1, 0, 3})
			return tp.ChannelAffine(x, scale, shift)
		}),
		{"MSE", []tensor.Shape{image, image}, func(tp *tensor.Tape, in []*tensor.Tensor) *tensor.Tensor {
			return tp.MSE(in[0], in[1], 7)
		}},
	}
}

// TestGradientsMatchFiniteDifferences differentiates every operation of the tape by
// each input on its own, composed of primitives on the reference and fused on the CPU.
func TestGradientsMatchFiniteDifferences(t *testing.T) {
	backends := map[string]backend.Backend{"reference": reference.New(), "cpu": tensor.CPU()}
	for name, be := range backends {
		defer be.Close()
		for _, op := range operations() {
			for k := range op.inputs {
				t.Run(name+"/"+op.name+"/"+string(rune('a'+k)), func(t *testing.T) { checkGradient(t, be, op, k) })
			}
		}
	}
}

// checkGradient differentiates op by input k.
func checkGradient(t *testing.T, be backend.Backend, op differentiable, k int) {
	in := make([]*tensor.Tensor, len(op.inputs))
	for i, s := range op.inputs {
		in[i] = tensor.FromSlice(be, s, gradcheck.Spaced(s.Len(), uint64(5+i+k)))
	}
	in[k].RequireGrad()
	// Of the up to 180 values of an input, two are 0.02 apart.
	require.NoError(t, gradcheck.Checker{Step: 1. / 128}.Check(be, op.run, in...))
}

// TestEveryOperationHasAGradientCase: every operation of the tape is in the table
// above, but what makes tensors that gradients do not flow to.
func TestEveryOperationHasAGradientCase(t *testing.T) {
	listed := map[string]bool{"New": true, "WarpMask": true}
	for _, op := range operations() {
		listed[strings.Fields(op.name)[0]] = true
	}
	for m := range reflect.TypeFor[*tensor.Tape]().Methods() {
		if m.Type.NumOut() == 1 && m.Type.Out(0) == reflect.TypeFor[*tensor.Tensor]() && !listed[m.Name] {
			t.Errorf("%s has no gradient case: operations lists none whose name begins with it", m.Name)
		}
	}
}
