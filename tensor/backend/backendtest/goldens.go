package backendtest

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn/safetensors"
	"github.com/impasto-go/impasto/nn/statedict"
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
}

// dict is a golden file's contents.
type dict struct{ statedict.Dict }

var goldens = []golden{
	convGolden("conv9x9", backend.Conv{Stride: 1}),
	convGolden("conv3x3", backend.Conv{Stride: 1}),
	convGolden("conv3x3s2", backend.Conv{Stride: 2}),
	convGolden("conv3x3wide", backend.Conv{Stride: 1}),
	convGolden("conv3x3pad1", backend.Conv{Stride: 1, Pad: 1}),
	{"reflectionpad4", func(d dict) []call {
		return d.unary(sums(1, 9),
			func(b backend.Backend, y, x backend.Buffer) { b.ReflectPad(y, x, 4) },
			func(b backend.Backend, dx, dy, _, _ backend.Buffer) { b.ReflectPadGrad(dx, dy, 4, false) })
	}, [][]string{{"y"}, {"grad_x"}}},
	{"upsample2", func(d dict) []call {
		return d.unary(sums(1, 4),
			func(b backend.Backend, y, x backend.Buffer) { b.Upsample(y, x, 2) },
			func(b backend.Backend, dx, dy, _, _ backend.Buffer) { b.UpsampleGrad(dx, dy, 2, false) })
	}, [][]string{{"y"}, {"grad_x"}}},
	{"maxpool2", func(d dict) []call {
		return d.unary(exact, backend.Backend.MaxPool2,
			func(b backend.Backend, dx, dy, x, y backend.Buffer) { b.MaxPool2Grad(dx, dy, x, y, false) })
	}, [][]string{{"y"}, {"grad_x"}}},
	{"relu", func(d dict) []call {
		return d.unary(exact, backend.Backend.ReLU,
			func(b backend.Backend, dx, dy, _, y backend.Buffer) { b.ReLUGrad(dx, dy, y, false) })
	}, [][]string{{"y"}, {"grad_x"}}},
	{"gram", func(d dict) []call {
		s := d.value("x").shape
		return d.unary(sums(1/float64(s[1]*s[2]*s[3]), max(s[2]*s[3], 2*s[1])), backend.Backend.Gram,
			func(b backend.Backend, dx, dg, x, _ backend.Buffer) { b.GramGrad(dx, dg, x, false) })
	}, [][]string{{"y"}, {"grad_x"}}},
	{"instancenorm", normGolden, [][]string{{"y", "", ""}, {"grad_x", "grad_weight", "grad_bias"}}},
	{"mse", mseGolden, [][]string{{"y"}, {"grad_x"}, {"grad_target"}}},
	{"normalizebatch", normalizeGolden, [][]string{{"y"}, {"grad_x"}}},
}

// RunGoldens compares the operations of the backend opened by open with results
// of PyTorch, the op_*.safetensors files of the folder shared/golden beside the
// repository. The limits are twice those of Run, as PyTorch rounds too. Without
// that folder the test is skipped.
func RunGoldens(t *testing.T, open func(t testing.TB) backend.Backend, tol ...Tolerance) {
	folder := need.Shared(t, "golden")
	b := open(t)
	defer closeBackend(t, b)
	for _, g := range goldens {
		t.Run(g.file, func(t *testing.T) {
			entries, _, err := safetensors.ReadFile(filepath.Join(folder, "op_"+g.file+".safetensors"))
			if err != nil {
				t.Fatal(err)
			}
			g.check(newHarness(t, open, b, tol...), dict{entries})
		})
	}
}

// check executes the calls and compares their results with the file's.
func (g golden) check(h *harness, d dict) {
	for i, c := range g.calls(d) {
		c.desc = g.file
		got, want := h.eval(h.b, &c), c.expect()
		if got == nil {
			continue
		}
		for o, name := range g.wants[i] {
			if name != "" {
				want[o] = d.value(name).data
			}
		}
		for o, l := range c.limits(h.tol, &c, want) {
			l.norm *= 2
			for j := range l.each {
				l.each[j] *= 2
			}
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
	e := d.Lookup(name)
	if e == nil {
		panic(fmt.Sprintf("no tensor %q among %v", name, d.Names()))
	}
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

// unary returns an operation on x and its gradient.
func (d dict) unary(l limits, forward func(b backend.Backend, y, x backend.Buffer),
	backward func(b backend.Backend, dx, dy, x, y backend.Buffer)) []call {
	return []call{{
		in: []value{d.value("x")}, out: []value{d.undefined("y")}, limits: l,
		run: func(b backend.Backend, out, in []backend.Buffer) { forward(b, out[0], in[0]) },
	}, {
		in: []value{d.value("gy"), d.value("x"), d.value("y")}, out: []value{d.undefined("x")}, limits: l,
		run: func(b backend.Backend, out, in []backend.Buffer) { backward(b, out[0], in[0], in[1], in[2]) },
	}}
}

func convGolden(file string, conv backend.Conv) golden {
	return golden{file, func(d dict) []call {
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
	}, [][]string{{"y"}, {"grad_x"}, {"grad_weight", "grad_bias"}}}
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
// by 255 and normalised with the mean and standard deviation of ImageNet.
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
