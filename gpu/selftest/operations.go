package selftest

import (
	"fmt"

	"github.com/impasto-go/impasto/tensor/backend"
)

// operation is a call of one method.
type operation struct {
	name     string
	out, in  []backend.Shape
	positive map[int]bool // inputs that must be
	run      func(b backend.Backend, out, in []backend.Buffer)
}

func shapes(s ...backend.Shape) []backend.Shape { return s }

// operations lists a call of every method, on tensors of about shape s.
func operations(s backend.Shape) []operation {
	ops := elementwise(s)
	ops = append(ops, spatial(s)...)
	ops = append(ops, losses(s)...)
	ops = append(ops, norms(s)...)
	c := s[1]
	for _, k := range []struct{ in, out, size, stride, pad int }{
		{c, c, 3, 1, 1}, {c, c + 3, 3, 2, 0}, {3, c, 9, 1, 0}, {c, 3, 9, 1, 4}, {c, c, 1, 1, 0}, {c, 2, 5, 3, 2},
	} {
		ops = append(ops, convolutions(backend.Shape{s[0], k.in, s[2], s[3]}, k.out, k.size, backend.Conv{Stride: k.stride, Pad: k.pad})...)
	}
	for _, g := range []backend.ConvBlock{
		{Conv: backend.Conv{Stride: 1, Pad: 1}, Reflect: true, Upsample: 1, ReLU: true},
		{Conv: backend.Conv{Stride: 2, Pad: 1}, Reflect: true, Upsample: 1},
		{Conv: backend.Conv{Stride: 1, Pad: 1}, Reflect: true, Upsample: 2},
	} {
		ops = append(ops, blocks(s, g)...)
	}
	return ops
}

func elementwise(s backend.Shape) []operation {
	vec, mask := backend.Vec(s[1]), backend.Shape{s[0], 1, s[2], s[3]}
	more := backend.Shape{s[0], s[1] + 2, s[2], s[3]}
	return []operation{
		{name: "Fill", out: shapes(s), run: func(b backend.Backend, out, _ []backend.Buffer) { b.Fill(out[0], 0.3) }},
		{name: "Add", out: shapes(s), in: shapes(s, s), run: func(b backend.Backend, out, in []backend.Buffer) { b.Add(out[0], in[0], in[1]) }},
		{name: "Axpy", out: shapes(s), in: shapes(s), run: func(b backend.Backend, out, in []backend.Buffer) { b.Axpy(out[0], in[0], -0.7, true) }},
		{name: "Mul", out: shapes(s), in: shapes(s, s), run: func(b backend.Backend, out, in []backend.Buffer) { b.Mul(out[0], in[0], in[1], true) }},
		{name: "Mask", out: shapes(s), in: shapes(s, mask), run: func(b backend.Backend, out, in []backend.Buffer) { b.Mask(out[0], in[0], in[1], true) }},
		{name: "CopyChannels", out: shapes(more), in: shapes(s), run: func(b backend.Backend, out, in []backend.Buffer) { b.CopyChannels(out[0], in[0], 1, 0, s[1], true) }},
		{name: "Tanh", out: shapes(s), in: shapes(s), run: func(b backend.Backend, out, in []backend.Buffer) { b.Tanh(out[0], in[0]) }},
		{name: "TanhGrad", out: shapes(s), in: shapes(s, s), run: func(b backend.Backend, out, in []backend.Buffer) { b.TanhGrad(out[0], in[0], in[1], true) }},
		{name: "Sigmoid", out: shapes(s), in: shapes(s), run: func(b backend.Backend, out, in []backend.Buffer) { b.Sigmoid(out[0], in[0]) }},
		{name: "SigmoidGrad", out: shapes(s), in: shapes(s, s), run: func(b backend.Backend, out, in []backend.Buffer) { b.SigmoidGrad(out[0], in[0], in[1], true) }},
		{name: "ReLU", out: shapes(s), in: shapes(s), run: func(b backend.Backend, out, in []backend.Buffer) { b.ReLU(out[0], in[0]) }},
		{name: "ReLUGrad", out: shapes(s), in: shapes(s, s), run: func(b backend.Backend, out, in []backend.Buffer) { b.ReLUGrad(out[0], in[0], in[1], true) }},
		{name: "ChannelAffine", out: shapes(s), in: shapes(s, vec, vec), run: func(b backend.Backend, out, in []backend.Buffer) { b.ChannelAffine(out[0], in[0], in[1], in[2]) }},
		{name: "ChannelAffineGrad", out: shapes(s), in: shapes(s, vec), run: func(b backend.Backend, out, in []backend.Buffer) { b.ChannelAffineGrad(out[0], in[0], in[1], true) }},
		{name: "Adam", out: shapes(s, s), in: shapes(s, s, backend.Scalar), positive: map[int]bool{0: true, 2: true}, run: func(b backend.Backend, out, in []backend.Buffer) {
			b.Adam(out[0], out[1], in[0], in[1], in[2], backend.AdamParams{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, StepSize: 1e-2, InvSqrtCorrection2: 3, Decay: 0.1, MaxNorm: 0.5, Squares: in[2]})
		}},
	}
}

func spatial(s backend.Shape) []operation {
	padded := backend.Shape{s[0], s[1], s[2] + 8, s[3] + 8}
	double := backend.Shape{s[0], s[1], s[2] * 2, s[3] * 2}
	half := backend.Shape{s[0], s[1], s[2] / 2, s[3] / 2}
	flow, mask := backend.Shape{s[0], 2, s[2], s[3]}, backend.Shape{s[0], 1, s[2], s[3]}
	return []operation{
		{name: "ReflectPad", out: shapes(padded), in: shapes(s), run: func(b backend.Backend, out, in []backend.Buffer) { b.ReflectPad(out[0], in[0], 4) }},
		{name: "ReflectPadGrad", out: shapes(s), in: shapes(padded), run: func(b backend.Backend, out, in []backend.Buffer) { b.ReflectPadGrad(out[0], in[0], 4, true) }},
		{name: "Upsample", out: shapes(double), in: shapes(s), run: func(b backend.Backend, out, in []backend.Buffer) { b.Upsample(out[0], in[0], 2) }},
		{name: "UpsampleGrad", out: shapes(s), in: shapes(double), run: func(b backend.Backend, out, in []backend.Buffer) { b.UpsampleGrad(out[0], in[0], 2, true) }},
		{name: "Warp", out: shapes(s), in: shapes(s, flow), run: func(b backend.Backend, out, in []backend.Buffer) {
			b.Warp(out[0], in[0], in[1], backend.BorderZero)
		}},
		{name: "WarpGrad", out: shapes(s), in: shapes(s, flow), run: func(b backend.Backend, out, in []backend.Buffer) {
			b.WarpGrad(out[0], in[0], in[1], backend.BorderEdge, true)
		}},
		{name: "WarpFlowGrad", out: shapes(flow), in: shapes(s, s, flow), run: func(b backend.Backend, out, in []backend.Buffer) {
			b.WarpFlowGrad(out[0], in[0], in[1], in[2], backend.BorderZero, true)
		}},
		{name: "WarpMask", out: shapes(mask), in: shapes(flow), run: func(b backend.Backend, out, in []backend.Buffer) { b.WarpMask(out[0], in[0], s[2], s[3]) }},
		{name: "MaxPool2", out: shapes(half), in: shapes(s), run: func(b backend.Backend, out, in []backend.Buffer) { b.MaxPool2(out[0], in[0]) }},
		{name: "MaxPool2Grad", out: shapes(half, s), in: shapes(half, s), run: func(b backend.Backend, out, in []backend.Buffer) {
			b.MaxPool2(out[0], in[1])
			b.MaxPool2Grad(out[1], in[0], in[1], out[0], true)
		}},
	}
}

func losses(s backend.Shape) []operation {
	gram := backend.Shape{s[0], 1, s[1], s[1]}
	return []operation{
		{name: "Gram", out: shapes(gram), in: shapes(s), run: func(b backend.Backend, out, in []backend.Buffer) { b.Gram(out[0], in[0]) }},
		{name: "GramGrad", out: shapes(s), in: shapes(gram, s), run: func(b backend.Backend, out, in []backend.Buffer) { b.GramGrad(out[0], in[0], in[1], true) }},
		{name: "GramGradGated", out: shapes(s), in: shapes(gram, s), run: func(b backend.Backend, out, in []backend.Buffer) {
			if f, ok := b.(backend.GradGater); ok {
				f.GramGradGated(out[0], in[0], in[1], true)
				return
			}
			b.GramGrad(out[0], in[0], in[1], true)
			b.ReLUGrad(out[0], out[0], in[1], false)
		}},
		{name: "MSE", out: shapes(backend.Scalar), in: shapes(s, s), run: func(b backend.Backend, out, in []backend.Buffer) { b.MSE(out[0], in[0], in[1], 10) }},
		{name: "MSEGrad", out: shapes(s), in: shapes(backend.Scalar, s, s), run: func(b backend.Backend, out, in []backend.Buffer) { b.MSEGrad(out[0], in[0], in[1], in[2], 1e4, true) }},
		{name: "Mean", out: shapes(backend.Scalar), in: shapes(s), positive: map[int]bool{0: true}, run: func(b backend.Backend, out, in []backend.Buffer) { b.Mean(out[0], in[0], 10) }},
		{name: "MeanGrad", out: shapes(s), in: shapes(backend.Scalar), run: func(b backend.Backend, out, in []backend.Buffer) { b.MeanGrad(out[0], in[0], 1e4, true) }},
		{name: "Charbonnier", out: shapes(backend.Scalar), in: shapes(s, s), run: func(b backend.Backend, out, in []backend.Buffer) { b.Charbonnier(out[0], in[0], in[1], 10, 0.1) }},
		{name: "CharbonnierGrad", out: shapes(s), in: shapes(backend.Scalar, s, s), run: func(b backend.Backend, out, in []backend.Buffer) {
			b.CharbonnierGrad(out[0], in[0], in[1], in[2], 1e4, 0.1, true)
		}},
		{name: "TotalVariation", out: shapes(backend.Scalar), in: shapes(s), run: func(b backend.Backend, out, in []backend.Buffer) { b.TotalVariation(out[0], in[0], 10) }},
		{name: "TotalVariationGrad", out: shapes(s), in: shapes(backend.Scalar, s), run: func(b backend.Backend, out, in []backend.Buffer) {
			b.TotalVariationGrad(out[0], in[0], in[1], 1e4, true)
		}},
		{name: "AbsVariation", out: shapes(backend.Scalar), in: shapes(s), run: func(b backend.Backend, out, in []backend.Buffer) { b.AbsVariation(out[0], in[0], 10, 0.1) }},
		{name: "AbsVariationGrad", out: shapes(s), in: shapes(backend.Scalar, s), run: func(b backend.Backend, out, in []backend.Buffer) {
			b.AbsVariationGrad(out[0], in[0], in[1], 1e4, 0.1, true)
		}},
		{name: "SumSquares", out: shapes(backend.Scalar), in: shapes(s), run: func(b backend.Backend, out, in []backend.Buffer) { b.SumSquares(out[0], in[0]) }},
	}
}

func norms(s backend.Shape) []operation {
	vec, stat := backend.Vec(s[1]), backend.Shape{s[0], s[1], 1, 1}
	block := backend.NormBlock{Eps: 1e-5, ReLU: true, Alpha: 2}
	return []operation{
		{name: "InstanceNorm", out: shapes(s, stat, stat), in: shapes(s, vec, vec), run: func(b backend.Backend, out, in []backend.Buffer) {
			b.InstanceNorm(out[0], out[1], out[2], in[0], in[1], in[2], 1e-5)
		}},
		{name: "InstanceNormGrad", out: shapes(s, vec, vec), in: shapes(s, s, stat, stat, vec), run: func(b backend.Backend, out, in []backend.Buffer) {
			b.InstanceNormGrad(out[0], out[1], out[2], in[0], in[1], in[2], in[3], in[4], true, true)
		}},
		{name: "NormBlock", out: shapes(s, stat, stat), in: shapes(s, vec, vec, s), run: func(b backend.Backend, out, in []backend.Buffer) {
			if f, ok := b.(backend.NormFuser); ok {
				f.NormBlock(out[0], out[1], out[2], in[0], in[1], in[2], in[3], block)
				return
			}
			b.InstanceNorm(out[0], out[1], out[2], in[0], in[1], in[2], block.Eps)
			b.ReLU(out[0], out[0])
			b.Axpy(out[0], in[3], block.Alpha, true)
		}},
		{name: "NormBlock before ConvBlock", out: shapes(s, s, stat, stat), in: shapes(backend.Shape{s[1], s[1], 3, 3}, vec, vec), run: func(b backend.Backend, out, in []backend.Buffer) {
			normInPlace(b, out[1], out[2], out[3], in[1], in[2], block)
			convBlock(b, out[0], out[1], in[0], nil, backend.ConvBlock{Conv: backend.Conv{Stride: 1, Pad: 1}, Reflect: true, Upsample: 1})
		}},
		// Without a ReLU, where the sign of a rounding error would decide.
		{name: "NormBlockGrad", out: shapes(s, stat, stat, s, vec, vec), in: shapes(s, s, vec, vec), run: func(b backend.Backend, out, in []backend.Buffer) {
			b.InstanceNorm(out[0], out[1], out[2], in[1], in[2], in[3], block.Eps)
			if f, ok := b.(backend.NormFuser); ok {
				f.NormBlockGrad(out[3], out[4], out[5], in[0], in[1], out[1], out[2], in[2], in[3], backend.NormBlock{Eps: block.Eps}, true, true)
				return
			}
			b.InstanceNormGrad(out[3], out[4], out[5], in[0], in[1], out[1], out[2], in[2], true, true)
		}},
	}
}

func convolutions(x backend.Shape, outputs, size int, g backend.Conv) []operation {
	w, vec := backend.Shape{outputs, x[1], size, size}, backend.Vec(outputs)
	y := g.Out(x, w)
	name := fmt.Sprintf(" %dx%d %d to %d", size, size, x[1], outputs)
	if g.Stride > 1 {
		name += fmt.Sprintf(" stride %d", g.Stride)
	}
	return []operation{
		{name: "Conv2d" + name, out: shapes(y), in: shapes(x, w, vec), run: func(b backend.Backend, out, in []backend.Buffer) {
			b.Conv2d(out[0], in[0], in[1], in[2], g)
		}},
		{name: "Conv2dGradInput" + name, out: shapes(x), in: shapes(y, w), run: func(b backend.Backend, out, in []backend.Buffer) {
			b.Conv2dGradInput(out[0], in[0], in[1], g, true)
		}},
		{name: "Conv2dGradWeight" + name, out: shapes(w, vec), in: shapes(x, y), run: func(b backend.Backend, out, in []backend.Buffer) {
			b.Conv2dGradWeight(out[0], out[1], in[0], in[1], g, true)
		}},
	}
}

// blocks are fused convolutions, or the same from single operations on a
// backend without them.
func blocks(x backend.Shape, g backend.ConvBlock) []operation {
	w, vec := backend.Shape{x[1], x[1], 3, 3}, backend.Vec(x[1])
	y := g.Out(x, w)
	name := fmt.Sprintf(" reflect, stride %d, upsample %d", g.Stride, g.Upsample)
	return []operation{
		{name: "ConvBlock" + name, out: shapes(y), in: shapes(x, w, vec), run: func(b backend.Backend, out, in []backend.Buffer) {
			convBlock(b, out[0], in[0], in[1], in[2], g)
		}},
		{name: "ConvBlockPool" + name, out: shapes(y, backend.Shape{y[0], y[1], y[2] / 2, y[3] / 2}), in: shapes(x, w, vec), run: func(b backend.Backend, out, in []backend.Buffer) {
			if f, ok := b.(backend.ConvPooler); ok {
				f.ConvBlockPool(out[0], out[1], in[0], in[1], in[2], g)
				return
			}
			convBlock(b, out[0], in[0], in[1], in[2], g)
			b.MaxPool2(out[1], out[0])
		}},
		{name: "ConvBlockGradInput" + name, out: shapes(x), in: shapes(y, y, w), run: func(b backend.Backend, out, in []backend.Buffer) {
			gradInput(b, out[0], in[0], in[1], in[2], g)
		}},
		{name: "ConvBlockGradInputGated" + name, out: shapes(x), in: shapes(y, y, w, x), run: func(b backend.Backend, out, in []backend.Buffer) {
			if f, ok := b.(backend.GradGater); ok {
				f.ConvBlockGradInputGated(out[0], in[0], in[1], in[2], in[3], g, true)
				return
			}
			gradInput(b, out[0], in[0], in[1], in[2], g)
			b.ReLUGrad(out[0], out[0], in[3], false)
		}},
		{name: "ConvBlockGradWeight" + name, out: shapes(w, vec), in: shapes(x, y, y), run: func(b backend.Backend, out, in []backend.Buffer) {
			gradWeight(b, out[0], out[1], in[0], in[1], in[2], g)
		}},
	}
}
