package backendtest

import (
	"math"

	"github.com/impasto-go/impasto/tensor/backend"
)

var inf = float32(math.Inf(1))

// nonFinite checks that NaN and infinities go where PyTorch lets them go, and
// nowhere else.
func nonFinite(h *harness) {
	row := func(v ...float32) value { return value{backend.Shape{1, 1, 1, len(v)}, v} }
	unary := func(desc string, x value, want value, run func(b backend.Backend, dst, x backend.Buffer)) {
		c := call{desc: desc, in: []value{x}, out: []value{filled(want.shape, 7)}}
		c.run = func(b backend.Backend, out, in []backend.Buffer) { run(b, out[0], in[0]) }
		if got := h.eval(h.b, &c); got != nil {
			h.compare(&c, 0, got[0], want.data, limit{})
		}
	}
	unary("ReLU", row(nan, inf, -inf, -1, 0, 2), row(nan, inf, 0, 0, 0, 2), backend.Backend.ReLU)
	unary("MaxPool2", value{backend.Shape{1, 1, 4, 6}, []float32{
		nan, 1, 1, 2, -inf, -inf,
		3, 2, 3, nan, -inf, -inf,
		1, nan, 5, inf, -inf, 4,
		2, 3, 6, 7, 3, inf,
	}}, value{backend.Shape{1, 1, 2, 3}, []float32{nan, nan, -inf, nan, inf, inf}}, backend.Backend.MaxPool2)
	unary("ReflectPad", value{backend.Shape{1, 1, 2, 2}, []float32{nan, inf, -inf, 1}}, value{backend.Shape{1, 1, 4, 4}, []float32{
		1, -inf, 1, -inf, inf, nan, inf, nan, 1, -inf, 1, -inf, inf, nan, inf, nan,
	}}, func(b backend.Backend, dst, x backend.Buffer) { b.ReflectPad(dst, x, 1) })
	unary("Axpy", row(nan, inf, -inf, 0), row(nan, -inf, inf, 0),
		func(b backend.Backend, dst, x backend.Buffer) { b.Axpy(dst, x, -2, false) })
	unary("Tanh", row(nan, inf, -inf, 0), row(nan, 1, -1, 0), backend.Backend.Tanh)
	unary("Sigmoid", row(nan, inf, -inf, 0), row(nan, 1, 0, 0.5), backend.Backend.Sigmoid)
	unary("SumSquares of NaN", row(1, nan, 2), row(nan), backend.Backend.SumSquares)
	unary("SumSquares of infinity", row(1, -inf, 2), row(inf), backend.Backend.SumSquares)

	// The gradient of a ReLU selects; multiplying with a mask would make NaN.
	mask := call{
		desc:   "ReLUGrad of non-finite gradients",
		in:     []value{row(nan, inf, -inf, nan, 5), row(0, 0, 0, 3, inf)},
		out:    []value{row(9, 9, 9, 9, 9)},
		run:    func(b backend.Backend, out, in []backend.Buffer) { b.ReLUGrad(out[0], in[0], in[1], false) },
		limits: exact,
	}
	h.check(&mask)
	lossGrad := call{
		desc:   "MSE of NaN",
		in:     []value{row(1, nan, 3), row(1, 2, 3)},
		out:    []value{row(0)},
		run:    func(b backend.Backend, out, in []backend.Buffer) { b.MSE(out[0], in[0], in[1], 1) },
		limits: exact,
	}
	h.check(&lossGrad)
	// Windows with several NaNs, in planes and in blocks of channels.
	g := newGen("MaxPool2 of NaN")
	for _, s := range []backend.Shape{{1, 2, 4, 39}, {1, 32, 4, 6}} {
		x := g.normal(s)
		for i := range x.data {
			if g.IntN(3) == 0 {
				x.data[i] = nan
			}
		}
		for _, c := range poolCalls(g, x) {
			h.check(&c)
		}
	}
	h.nanThroughConv()
}

// nanThroughConv checks that a NaN pixel reaches at least the outputs that depend
// on it, and no other image of the batch.
func (h *harness) nanThroughConv() {
	for _, width := range []int{3, 16, 64} {
		g := newGen("NaN")
		x := g.normal(backend.Shape{2, width, 12, 11})
		x.data[5*11+4] = nan
		c := call{
			desc: "Conv2d of NaN",
			in:   []value{x, g.normal(backend.Shape{16, width, 3, 3})},
			out:  []value{g.dest(backend.Shape{2, 16, 12, 11}, false)},
			run: func(b backend.Backend, out, in []backend.Buffer) {
				b.Conv2d(out[0], in[0], in[1], nil, backend.Conv{Stride: 1, Pad: 1})
			},
		}
		results := h.eval(h.b, &c)
		if results == nil {
			continue
		}
		for i, w := range c.expect()[0] {
			got := results[0][i]
			if w != w && got == got {
				h.errorf("%v: element %v should be NaN and is %v", &c, index(c.out[0].shape, i), got)
			}
			if i >= len(results[0])/2 && got != got {
				h.errorf("%v: element %v of the other image is NaN", &c, index(c.out[0].shape, i))
			}
		}
	}
}

// subnormal checks arithmetic below 2^-126.
func subnormal(h *harness) {
	g := newGen("Subnormal")
	s := backend.Shape{1, 17, 3, 7}
	tiny := g.scaled(s, 0, 1e-40)
	for _, c := range []call{{
		desc: "Add of subnormals",
		in:   []value{tiny, g.scaled(s, 0, 1e-40)},
		run:  func(b backend.Backend, out, in []backend.Buffer) { b.Add(out[0], in[0], in[1]) },
	}, {
		desc: "Axpy of subnormals",
		in:   []value{tiny},
		run:  func(b backend.Backend, out, in []backend.Buffer) { b.Axpy(out[0], in[0], 0x1p20, false) },
	}, {
		desc: "ReLU of subnormals",
		in:   []value{tiny},
		run:  func(b backend.Backend, out, in []backend.Buffer) { b.ReLU(out[0], in[0]) },
	}, {
		desc: "ReLUGrad at subnormals",
		in:   []value{tiny, squared([]value{g.scaled(s, 0, 1e-20)})[0]},
		run:  func(b backend.Backend, out, in []backend.Buffer) { b.ReLUGrad(out[0], in[0], in[1], false) },
	}} {
		c.out, c.limits = []value{g.dest(s, false)}, exact
		if h.tol.FlushSubnormals {
			// An input taken for zero costs its size times the factor of Axpy.
			c.limits = func(_ Tolerance, c *call, want [][]float32) []limit {
				return []limit{{each: repeat(0x1p-126*0x1p20, len(want[0]))}}
			}
		}
		h.check(&c)
	}
}

func repeat(x float64, n int) []float64 {
	xs := make([]float64, n)
	for i := range xs {
		xs[i] = x
	}
	return xs
}

// hardNorms normalizes planes that lose everything in careless arithmetic: all
// equal, far from zero, huge, tiny, a single spike.
func hardNorms(h *harness) {
	g := newGen("HardNorms")
	for _, s := range []backend.Shape{{2, 3, 7, 9}, {1, 16, 16, 16}, {1, 17, 33, 31}, {2, 32, 1, 1}} {
		spike := filled(s, 0)
		for p := range s[0] * s[1] {
			spike.data[p*s[2]*s[3]+(p*5)%(s[2]*s[3])] = 1000
		}
		gamma, beta := g.normal(backend.Vec(s[1])), g.normal(backend.Vec(s[1]))
		for _, x := range []value{
			filled(s, 0), filled(s, 255), filled(s, -1e4), filled(s, 1e6), filled(s, 1e15), filled(s, 0.1),
			g.scaled(s, 1e4, 1), g.scaled(s, -1e4, 1), g.scaled(s, 1e3, 1e-2), g.scaled(s, 0, 1e15), g.scaled(s, 0, 1e-18), spike,
		} {
			c := normCall(g, x, gamma, beta)
			h.check(&c)
			for i, out := range h.eval(h.b, &c) {
				for j, v := range out {
					if v != v || math.IsInf(float64(v), 0) {
						h.errorf("%v: result %d is %v at %v", &c, i, v, index(c.out[i].shape, j))
						break
					}
				}
			}
		}
	}
}
