package backendtest

import (
	"fmt"
	"math"
	"testing"

	results "github.com/impasto-go/impasto/internal/golden"
	"github.com/impasto-go/impasto/tensor/backend"
)

// golden is a file of tensors that PyTorch made with one operation: its operands,
// the result y, the gradient gy given to backward, and grad_* of every operand.
type golden struct {
	file  string
	calls func(d dict) []call
	// wants names the tensors that the results of each call must equal; an empty
	// name is a result without a counterpart.
	wants [][]string
	// missing is that of the operation, where it is optional.
	missing func(b backend.Backend) string
}

// dict is a golden file's contents.
type dict struct {
	t testing.TB
	results.File
}

var goldens = []golden{
	convGolden("conv9x9", backend.Conv{Stride: 1}),
	convGolden("conv3x3", backend.Conv{Stride: 1}),
	convGolden("conv3x3s2", backend.Conv{Stride: 2}),
	convGolden("conv3x3wide", backend.Conv{Stride: 1}),
	convGolden("conv3x3pad1", backend.Conv{Stride: 1, Pad: 1}),
	unaryGolden("reflectionpad4", sums(1, 9),
		func(b backend.Backend, y, x backend.Buffer) { b.ReflectPad(y, x, 4) },
		func(b backend.Backend, dx, dy, _, _ backend.Buffer) { b.ReflectPadGrad(dx, dy, 4, false) }),
	unaryGolden("upsample2", sums(1, 4),
		func(b backend.Backend, y, x backend.Buffer) { b.Upsample(y, x, 2) },
		func(b backend.Backend, dx, dy, _, _ backend.Buffer) { b.UpsampleGrad(dx, dy, 2, false) }),
	unaryGolden("maxpool2", exact, backend.Backend.MaxPool2,
		func(b backend.Backend, dx, dy, x, y backend.Buffer) { b.MaxPool2Grad(dx, dy, x, y, false) }),
	unaryGolden("relu", exact, backend.Backend.ReLU,
		func(b backend.Backend, dx, dy, _, y backend.Buffer) { b.ReLUGrad(dx, dy, y, false) }),
	unaryGolden("gram", sums(1.0/(6*8*5), 8*5),
		backend.Backend.Gram,
		func(b backend.Backend, dx, dg, x, _ backend.Buffer) { b.GramGrad(dx, dg, x, false) }),
	{file: "add", calls: sumGolden(func(b backend.Backend, y, x, z backend.Buffer) { b.Add(y, x, z) }), wants: [][]string{{"y"}}},
	{file: "axpy", calls: sumGolden(func(b backend.Backend, y, x, z backend.Buffer) {
		b.Axpy(y, z, 1, false)
		b.Axpy(y, x, 2, true)
	}), wants: [][]string{{"y"}}},
	{file: "sumsquares", calls: sumSquaresGolden, wants: [][]string{{"y"}}},
	{file: "instancenorm", calls: normGolden, wants: [][]string{{"y", "", ""}, {"grad_x", "grad_weight", "grad_bias"}}},
	{file: "mse", calls: mseGolden, wants: [][]string{{"y"}, {"grad_x"}, {"grad_target"}}},
	{file: "normalizebatch", calls: normalizeGolden, wants: [][]string{{"y"}, {"grad_x"}}},
	unaryGolden("tanh", relative, backend.Backend.Tanh,
		func(b backend.Backend, dx, dy, _, y backend.Buffer) { b.TanhGrad(dx, dy, y, false) }),
	unaryGolden("sigmoid", relative, backend.Backend.Sigmoid,
		func(b backend.Backend, dx, dy, _, y backend.Buffer) { b.SigmoidGrad(dx, dy, y, false) }),
	unaryGolden("mean", relative,
		func(b backend.Backend, y, x backend.Buffer) { b.Mean(y, x, 1) },
		func(b backend.Backend, dx, dy, _, _ backend.Buffer) { b.MeanGrad(dx, dy, 1, false) }),
	unaryGolden("totalvariation", relative,
		func(b backend.Backend, y, x backend.Buffer) { b.TotalVariation(y, x, 1) },
		func(b backend.Backend, dx, dy, x, _ backend.Buffer) { b.TotalVariationGrad(dx, dy, x, 1, false) }),
	unaryGolden("absvariation", relative,
		func(b backend.Backend, y, x backend.Buffer) { b.AbsVariation(y, x, 1, 0.25) },
		func(b backend.Backend, dx, dy, x, _ backend.Buffer) { b.AbsVariationGrad(dx, dy, x, 1, 0.25, false) }),
	binaryGolden("mul", "z",
		func(b backend.Backend, y, x, z backend.Buffer) { b.Mul(y, x, z, false) },
		func(b backend.Backend, dx, dy, _, z backend.Buffer) { b.Mul(dx, dy, z, false) },
		func(b backend.Backend, dz, dy, x, _ backend.Buffer) { b.Mul(dz, dy, x, false) }),
	binaryGolden("mask", "z",
		func(b backend.Backend, y, x, m backend.Buffer) { b.Mask(y, x, m, false) },
		func(b backend.Backend, dx, dy, _, m backend.Buffer) { b.Mask(dx, dy, m, false) }, nil),
	binaryGolden("concat", "z",
		func(b backend.Backend, y, x, z backend.Buffer) {
			b.CopyChannels(y, x, 0, 0, 3, false)
			b.CopyChannels(y, z, 3, 0, 4, false)
		},
		func(b backend.Backend, dx, dy, _, _ backend.Buffer) { b.CopyChannels(dx, dy, 0, 0, 3, false) },
		func(b backend.Backend, dz, dy, _, _ backend.Buffer) { b.CopyChannels(dz, dy, 0, 3, 4, false) }),
	charbonnierGolden("l1", 0),
	charbonnierGolden("charbonnier", 0.25),
	warpGolden("warpzeros", backend.BorderZero),
	warpGolden("warpborder", backend.BorderEdge),
	{file: "adam", calls: adamGolden, wants: [][]string{
		{"w1", "m1", "v1"}, {"w2", "m2", "v2"}, {"w3", "m3", "v3"}, {"w4", "m4", "v4"}, {"w5", "m5", "v5"},
	}},
	{file: "convblock", calls: convBlockGolden, missing: convBlockOp.missing, wants: [][]string{{"y"}, {"grad_x"}, {"grad_weight", "grad_bias"}}},
	{file: "normblock", calls: normBlockGolden, missing: normBlockOp.missing, wants: [][]string{{"y", "", ""}, {"grad_x", "grad_weight", "grad_bias"}}},
}

// RunGoldens compares the operations of the backend opened by open with results
// of PyTorch, computed in float64. The limits are those of Run.
func RunGoldens(t *testing.T, open func(t testing.TB) backend.Backend, tol ...Tolerance) {
	b := open(t)
	defer closeBackend(t, b)
	for _, g := range goldens {
		if g.missing != nil && g.missing(b) != "" {
			continue
		}
		t.Run(g.file, func(t *testing.T) {
			g.check(newHarness(t, open, b, tol...), dict{t, results.Read(t, "op/"+g.file+".safetensors")})
		})
	}
}

// check executes the calls and compares their results with the file's.
func (g golden) check(h *harness, d dict) {
	for i, c := range g.calls(d) {
		c.desc = g.file
		got, want := c.eval(h.b), c.expect()
		for o, name := range g.wants[i] {
			if name != "" {
				want[o] = d.value(name).data
			}
		}
		for o, l := range c.limits(h.tol, &c, want) {
			h.compare(&c, o, got[o], want[o], l)
		}
	}
	if err := h.b.Sync(); err != nil {
		h.errorf("%s: Sync: %v", g.file, err)
	}
}

// value returns a tensor of the file in four dimensions: vectors become
// per-channel values, PyTorch's [N, C, C] Gram matrices [N, 1, C, C].
func (d dict) value(name string) value {
	e := d.Get(d.t, name)
	s := backend.Scalar
	switch len(e.Shape) {
	case 1:
		s[1] = e.Shape[0]
	case 3:
		s = backend.Shape{e.Shape[0], 1, e.Shape[1], e.Shape[2]}
	case 4:
		s = backend.Shape(e.Shape)
	}
	return value{s, e.Data}
}

// undefined returns a destination for a result like the named tensor.
func (d dict) undefined(name string) value { return filled(d.value(name).shape, nan) }

// unaryGolden is an operation on x and its gradient.
func unaryGolden(file string, l limits, forward func(b backend.Backend, y, x backend.Buffer),
	backward func(b backend.Backend, dx, dy, x, y backend.Buffer)) golden {
	return golden{file: file, wants: [][]string{{"y"}, {"grad_x"}}, calls: func(d dict) []call {
		return []call{{
			in: []value{d.value("x")}, out: []value{d.undefined("y")}, limits: l,
			run: func(b backend.Backend, out, in []backend.Buffer) { forward(b, out[0], in[0]) },
		}, {
			in: []value{d.value("gy"), d.value("x"), d.value("y")}, out: []value{d.undefined("x")}, limits: l,
			run: func(b backend.Backend, out, in []backend.Buffer) { backward(b, out[0], in[0], in[1], in[2]) },
		}}
	}}
}

// binaryGolden is an operation on x and another operand, and its gradients.
func binaryGolden(file, other string, forward func(b backend.Backend, y, x, z backend.Buffer),
	gradX, gradOther func(b backend.Backend, d, dy, x, z backend.Buffer)) golden {
	g := golden{file: file, wants: [][]string{{"y"}, {"grad_x"}}}
	if gradOther != nil {
		g.wants = append(g.wants, []string{"grad_" + other})
	}
	g.calls = func(d dict) []call {
		x, z := d.value("x"), d.value(other)
		calls := []call{{
			in: []value{x, z}, out: []value{d.undefined("y")}, limits: relative,
			run: func(b backend.Backend, out, in []backend.Buffer) { forward(b, out[0], in[0], in[1]) },
		}, {
			in: []value{d.value("gy"), x, z}, out: []value{d.undefined("x")}, limits: relative,
			run: func(b backend.Backend, out, in []backend.Buffer) { gradX(b, out[0], in[0], in[1], in[2]) },
		}}
		if gradOther != nil {
			calls = append(calls, call{
				in: []value{d.value("gy"), x, z}, out: []value{d.undefined(other)}, limits: relative,
				run: func(b backend.Backend, out, in []backend.Buffer) { gradOther(b, out[0], in[0], in[1], in[2]) },
			})
		}
		return calls
	}
	return g
}

// relative is for sums of up to a few terms that are no larger than the largest
// element, which the golden files of small tensors meet.
func relative(_ Tolerance, _ *call, want [][]float32) []limit {
	largest := 0.0
	for _, w := range want[0] {
		largest = max(largest, math.Abs(float64(w)))
	}
	return []limit{newLimit(repeat(unit*growth(16)*largest, len(want[0])))}
}

func charbonnierGolden(file string, eps float32) golden {
	return binaryGolden(file, "z",
		func(b backend.Backend, y, x, z backend.Buffer) { b.Charbonnier(y, x, z, 1, eps) },
		func(b backend.Backend, dx, dy, x, z backend.Buffer) { b.CharbonnierGrad(dx, dy, x, z, 1, eps, false) },
		func(b backend.Backend, dz, dy, x, z backend.Buffer) { b.CharbonnierGrad(dz, dy, z, x, 1, eps, false) })
}

func warpGolden(file string, border backend.Border) golden {
	return binaryGolden(file, "flow",
		func(b backend.Backend, y, x, flow backend.Buffer) { b.Warp(y, x, flow, border) },
		func(b backend.Backend, dx, dy, _, flow backend.Buffer) { b.WarpGrad(dx, dy, flow, border, false) },
		func(b backend.Backend, dflow, dy, x, flow backend.Buffer) {
			b.WarpFlowGrad(dflow, dy, x, flow, border, false)
		})
}

func convGolden(file string, conv backend.Conv) golden {
	return golden{file: file, wants: [][]string{{"y"}, {"grad_x"}, {"grad_weight", "grad_bias"}}, calls: func(d dict) []call {
		ws, ys := d.value("weight").shape, d.value("y").shape
		area := ys[0] * ys[2] * ys[3]
		return []call{{
			in: []value{d.value("x"), d.value("weight"), d.value("bias")}, out: []value{d.undefined("y")},
			limits: convSums(ws[1]*ws[2]*ws[3] + 1),
			run:    func(b backend.Backend, out, in []backend.Buffer) { b.Conv2d(out[0], in[0], in[1], in[2], conv) },
		}, {
			in: []value{d.value("gy"), d.value("weight")}, out: []value{d.undefined("x")},
			limits: convSums(ws[0] * ws[2] * ws[3]),
			run: func(b backend.Backend, out, in []backend.Buffer) {
				b.Conv2dGradInput(out[0], in[0], in[1], conv, false)
			},
		}, {
			in: []value{d.value("x"), d.value("gy")}, out: []value{d.undefined("weight"), d.undefined("bias")},
			limits: convSums(area, area),
			run: func(b backend.Backend, out, in []backend.Buffer) {
				b.Conv2dGradWeight(out[0], out[1], in[0], in[1], conv, false)
			},
		}}
	}}
}

// sumGolden is an operation on x and z, whose gradients are multiples of gy.
func sumGolden(forward func(b backend.Backend, y, x, z backend.Buffer)) func(d dict) []call {
	return func(d dict) []call {
		return []call{{
			in: []value{d.value("x"), d.value("z")}, out: []value{d.undefined("y")}, limits: sums(1, 2),
			run: func(b backend.Backend, out, in []backend.Buffer) { forward(b, out[0], in[0], in[1]) },
		}}
	}
}

func sumSquaresGolden(d dict) []call {
	x := d.value("x")
	return []call{{
		in: []value{x}, out: []value{d.undefined("y")}, limits: positiveSum(x.shape.Len()),
		run: func(b backend.Backend, out, in []backend.Buffer) { b.SumSquares(out[0], in[0]) },
	}}
}

// adamGolden has five steps, each from what PyTorch had before it.
func adamGolden(d dict) (calls []call) {
	w := d.value("w")
	m, v := filled(w.shape, 0), filled(w.shape, 0)
	for step := 1; step <= 5; step++ {
		p := adamParams(step)
		calls = append(calls, call{
			in: []value{d.value(fmt.Sprintf("g%d", step))}, out: []value{w, m, v},
			run: func(b backend.Backend, out, in []backend.Buffer) {
				b.Adam(out[0], out[1], out[2], in[0], nil, p)
			},
			limits: func(tol Tolerance, c *call, want [][]float32) []limit { return adamLimits(p, tol, c, want) },
		})
		w, m, v = d.value(fmt.Sprintf("w%d", step)), d.value(fmt.Sprintf("m%d", step)), d.value(fmt.Sprintf("v%d", step))
	}
	return calls
}

// convBlockGolden is the block of the networks' last layers.
func convBlockGolden(d dict) []call {
	block := backend.ConvBlock{Conv: backend.Conv{Stride: 1, Pad: 1}, Reflect: true, Upsample: 2, ReLU: true}
	ws, ys := d.value("weight").shape, d.value("y").shape
	area := ys[0] * ys[2] * ys[3]
	return []call{{
		in: []value{d.value("x"), d.value("weight"), d.value("bias")}, out: []value{d.undefined("y")},
		limits: convSums(ws[1]*ws[2]*ws[3] + 1),
		run: func(b backend.Backend, out, in []backend.Buffer) {
			b.(backend.ConvFuser).ConvBlock(out[0], in[0], in[1], in[2], block)
		},
		composed: func(b backend.Backend, out, in []backend.Buffer) {
			composeConv(b, out[0], in[0], in[1], in[2], block)
		},
	}, {
		in: []value{d.value("gy"), d.value("y"), d.value("weight")}, out: []value{d.undefined("x")},
		limits: convSums(ws[0] * ws[2] * ws[3] * 16),
		run: func(b backend.Backend, out, in []backend.Buffer) {
			b.(backend.ConvFuser).ConvBlockGradInput(out[0], in[0], in[1], in[2], block, false)
		},
		composed: func(b backend.Backend, out, in []backend.Buffer) {
			composeConvGradInput(b, out[0], maskGrad(b, in[0], in[1], block), in[2], block, false)
		},
	}, {
		in: []value{d.value("x"), d.value("gy"), d.value("y")}, out: []value{d.undefined("weight"), d.undefined("bias")},
		limits: convSums(area, area),
		run: func(b backend.Backend, out, in []backend.Buffer) {
			b.(backend.ConvFuser).ConvBlockGradWeight(out[0], out[1], in[0], in[1], in[2], block, false)
		},
		composed: func(b backend.Backend, out, in []backend.Buffer) {
			b.Conv2dGradWeight(out[0], out[1], expand(b, in[0], block), maskGrad(b, in[1], in[2], block), convolution(block), false)
		},
	}}
}

// normBlockGolden has a ReLU, and a residual with a factor of 2.
func normBlockGolden(d dict) []call {
	block := backend.NormBlock{Eps: normEps, ReLU: true, Alpha: 2}
	x, gamma, beta, gy := d.value("x"), d.value("weight"), d.value("bias"), d.value("gy")
	norm := normCall(newGen("golden"), x, gamma, beta)
	stats := norm.expect()
	mean, rstd := value{statsShape(x.shape), stats[1]}, value{statsShape(x.shape), stats[2]}
	return []call{normBlockCall(norm, x, gamma, d.value("residual"), stats[0], block), {
		in:  []value{gy, x, mean, rstd, gamma, beta},
		out: []value{d.undefined("x"), d.undefined("weight"), d.undefined("weight")},
		run: func(b backend.Backend, out, in []backend.Buffer) {
			b.(backend.NormFuser).NormBlockGrad(out[0], out[1], out[2], in[0], in[1], in[2], in[3], in[4], in[5], block, false, false)
		},
		composed: func(b backend.Backend, out, in []backend.Buffer) { composeNormGrad(b, out, in, block, false, false) },
		limits: func(_ Tolerance, c *call, want [][]float32) []limit {
			return normGradLimits(c, masked(gy, stats[0], true), x, mean, rstd, gamma, want)
		},
	}}
}

func normGolden(d dict) []call {
	x, gamma := d.value("x"), d.value("weight")
	forward := normCall(newGen("golden"), x, gamma, d.value("bias"))
	stats := forward.expect()
	mean, rstd := value{statsShape(x.shape), stats[1]}, value{statsShape(x.shape), stats[2]}
	return []call{forward, {
		in:  []value{d.value("gy"), x, mean, rstd, gamma},
		out: []value{d.undefined("x"), d.undefined("weight"), d.undefined("weight")},
		run: func(b backend.Backend, out, in []backend.Buffer) {
			b.InstanceNormGrad(out[0], out[1], out[2], in[0], in[1], in[2], in[3], in[4], false, false)
		},
		limits: func(_ Tolerance, c *call, want [][]float32) []limit {
			return normGradLimits(c, c.in[0], x, mean, rstd, gamma, want)
		},
	}}
}

// mseGolden has gradients of both operands, the second by exchanging them.
func mseGolden(d dict) []call {
	grad := func(a, b string) call {
		return call{
			in: []value{d.value("gy"), d.value(a), d.value(b)}, out: []value{d.undefined(a)}, limits: rounded,
			run: func(b backend.Backend, out, in []backend.Buffer) { b.MSEGrad(out[0], in[0], in[1], in[2], 1, false) },
		}
	}
	return []call{{
		in: []value{d.value("x"), d.value("target")}, out: []value{d.undefined("y")},
		limits: positiveSum(d.value("x").shape.Len()),
		run:    func(b backend.Backend, out, in []backend.Buffer) { b.MSE(out[0], in[0], in[1], 1) },
	}, grad("x", "target"), grad("target", "x")}
}

// normalizeGolden is the tutorial's normalize_batch: images of 0 to 255 divided
// by 255 and normalized with the mean and standard deviation of ImageNet.
func normalizeGolden(d dict) []call {
	scale, shift := filled(backend.Vec(3), 0), filled(backend.Vec(3), 0)
	for c, stat := range [][2]float64{{0.485, 0.229}, {0.456, 0.224}, {0.406, 0.225}} {
		scale.data[c] = float32(1 / (255 * stat[1]))
		shift.data[c] = float32(-stat[0] / stat[1])
	}
	return []call{{
		in: []value{d.value("x"), scale, shift}, out: []value{d.undefined("y")}, limits: sums(1, 2),
		run: func(b backend.Backend, out, in []backend.Buffer) { b.ChannelAffine(out[0], in[0], in[1], in[2]) },
	}, {
		in: []value{d.value("gy"), scale}, out: []value{d.undefined("x")}, limits: rounded,
		run: func(b backend.Backend, out, in []backend.Buffer) { b.ChannelAffineGrad(out[0], in[0], in[1], false) },
	}}
}
