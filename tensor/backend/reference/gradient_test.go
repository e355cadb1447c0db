package reference

import (
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor/backend"
)

// gradient is an operation y = f(in) and the gradient of sum(dy*y).
type gradient struct {
	name     string
	in       []backend.Shape // differentiable operands
	out      backend.Shape
	forward  func(r *Backend, y backend.Buffer, in []backend.Buffer)
	backward func(r *Backend, d []backend.Buffer, dy backend.Buffer, in []backend.Buffer, add bool)
}

var gradients = []gradient{
	convGradient("conv 3x3", backend.Shape{2, 3, 5, 6}, backend.Shape{4, 3, 3, 3}, backend.Conv{Stride: 1}),
	convGradient("conv stride 2 pad 1", backend.Shape{2, 2, 6, 5}, backend.Shape{3, 2, 3, 3}, backend.Conv{Stride: 2, Pad: 1}),
	convGradient("conv stride 3 pad 4", backend.Shape{1, 2, 2, 7}, backend.Shape{2, 2, 5, 3}, backend.Conv{Stride: 3, Pad: 4}),
	convGradient("conv 1x1", backend.Shape{1, 3, 2, 2}, backend.Shape{2, 3, 1, 1}, backend.Conv{Stride: 1}),
	{
		name: "reflect pad", in: []backend.Shape{{2, 2, 3, 4}}, out: backend.Shape{2, 2, 7, 8},
		forward: func(r *Backend, y backend.Buffer, in []backend.Buffer) { r.ReflectPad(y, in[0], 2) },
		backward: func(r *Backend, d []backend.Buffer, dy backend.Buffer, _ []backend.Buffer, add bool) {
			r.ReflectPadGrad(d[0], dy, 2, add)
		},
	}, {
		name: "upsample", in: []backend.Shape{{2, 2, 3, 2}}, out: backend.Shape{2, 2, 9, 6},
		forward: func(r *Backend, y backend.Buffer, in []backend.Buffer) { r.Upsample(y, in[0], 3) },
		backward: func(r *Backend, d []backend.Buffer, dy backend.Buffer, _ []backend.Buffer, add bool) {
			r.UpsampleGrad(d[0], dy, 3, add)
		},
	}, {
		name: "max pool", in: []backend.Shape{{2, 2, 5, 6}}, out: backend.Shape{2, 2, 2, 3},
		forward: func(r *Backend, y backend.Buffer, in []backend.Buffer) { r.MaxPool2(y, in[0]) },
		backward: func(r *Backend, d []backend.Buffer, dy backend.Buffer, in []backend.Buffer, add bool) {
			y := r.Alloc(dy.Shape())
			r.MaxPool2(y, in[0])
			r.MaxPool2Grad(d[0], dy, in[0], y, add)
		},
	}, {
		name: "relu", in: []backend.Shape{{2, 2, 3, 4}}, out: backend.Shape{2, 2, 3, 4},
		forward: func(r *Backend, y backend.Buffer, in []backend.Buffer) { r.ReLU(y, in[0]) },
		backward: func(r *Backend, d []backend.Buffer, dy backend.Buffer, in []backend.Buffer, add bool) {
			y := r.Alloc(dy.Shape())
			r.ReLU(y, in[0])
			r.ReLUGrad(d[0], dy, y, add)
		},
	}, {
		name: "instance norm", in: []backend.Shape{{2, 3, 4, 3}, backend.Vec(3), backend.Vec(3)}, out: backend.Shape{2, 3, 4, 3},
		forward: func(r *Backend, y backend.Buffer, in []backend.Buffer) {
			r.InstanceNorm(y, r.Alloc(backend.Shape{2, 3, 1, 1}), r.Alloc(backend.Shape{2, 3, 1, 1}), in[0], in[1], in[2], 0.1)
		},
		backward: func(r *Backend, d []backend.Buffer, dy backend.Buffer, in []backend.Buffer, add bool) {
			y, mean, rstd := r.Alloc(dy.Shape()), r.Alloc(backend.Shape{2, 3, 1, 1}), r.Alloc(backend.Shape{2, 3, 1, 1})
			r.InstanceNorm(y, mean, rstd, in[0], in[1], in[2], 0.1)
			r.InstanceNormGrad(d[0], d[1], d[2], dy, in[0], mean, rstd, in[1], add, add)
		},
	}, {
		name: "gram", in: []backend.Shape{{2, 3, 2, 4}}, out: backend.Shape{2, 1, 3, 3},
		forward: func(r *Backend, y backend.Buffer, in []backend.Buffer) { r.Gram(y, in[0]) },
		backward: func(r *Backend, d []backend.Buffer, dy backend.Buffer, in []backend.Buffer, add bool) {
			r.GramGrad(d[0], dy, in[0], add)
		},
	}, {
		name: "mse", in: []backend.Shape{{2, 3, 2, 2}, {2, 3, 2, 2}}, out: backend.Scalar,
		forward: func(r *Backend, y backend.Buffer, in []backend.Buffer) { r.MSE(y, in[0], in[1], 2.5) },
		backward: func(r *Backend, d []backend.Buffer, dy backend.Buffer, in []backend.Buffer, add bool) {
			r.MSEGrad(d[0], dy, in[0], in[1], 2.5, add)
			r.MSEGrad(d[1], dy, in[1], in[0], 2.5, add)
		},
	}, {
		name: "mul", in: []backend.Shape{{2, 3, 2, 2}, {2, 3, 2, 2}}, out: backend.Shape{2, 3, 2, 2},
		forward: func(r *Backend, y backend.Buffer, in []backend.Buffer) { r.Mul(y, in[0], in[1], false) },
		backward: func(r *Backend, d []backend.Buffer, dy backend.Buffer, in []backend.Buffer, add bool) {
			r.Mul(d[0], dy, in[1], add)
			r.Mul(d[1], dy, in[0], add)
		},
	}, {
		name: "channel affine", in: []backend.Shape{{2, 3, 2, 2}}, out: backend.Shape{2, 3, 2, 2},
		forward: func(r *Backend, y backend.Buffer, in []backend.Buffer) {
			r.ChannelAffine(y, in[0], tensor(r, backend.Vec(3), 2, -1, 0.5), tensor(r, backend.Vec(3), 1, 2, 3))
		},
		backward: func(r *Backend, d []backend.Buffer, dy backend.Buffer, _ []backend.Buffer, add bool) {
			r.ChannelAffineGrad(d[0], dy, tensor(r, backend.Vec(3), 2, -1, 0.5), add)
		},
	}, {
		name: "mean", in: []backend.Shape{{2, 3, 2, 2}}, out: backend.Scalar,
		forward: func(r *Backend, y backend.Buffer, in []backend.Buffer) { r.Mean(y, in[0], 2.5) },
		backward: func(r *Backend, d []backend.Buffer, dy backend.Buffer, _ []backend.Buffer, add bool) {
			r.MeanGrad(d[0], dy, 2.5, add)
		},
	},
	{
		name: "mask", in: []backend.Shape{{2, 3, 2, 2}}, out: backend.Shape{2, 3, 2, 2},
		forward: func(r *Backend, y backend.Buffer, in []backend.Buffer) { r.Mask(y, in[0], someMask(r), false) },
		backward: func(r *Backend, d []backend.Buffer, dy backend.Buffer, _ []backend.Buffer, add bool) {
			r.Mask(d[0], dy, someMask(r), add)
		},
	},
	curveGradient("tanh", (*Backend).Tanh, (*Backend).TanhGrad),
	curveGradient("sigmoid", (*Backend).Sigmoid, (*Backend).SigmoidGrad),
	warpGradient("warp", backend.BorderZero),
	warpGradient("warp, held at edges", backend.BorderEdge),
	charbonnierGradient("absolute error", 0),
	charbonnierGradient("charbonnier", 0.5),
	{
		name: "total variation", in: []backend.Shape{{2, 3, 4, 3}}, out: backend.Scalar,
		forward: func(r *Backend, y backend.Buffer, in []backend.Buffer) { r.TotalVariation(y, in[0], 2.5) },
		backward: func(r *Backend, d []backend.Buffer, dy backend.Buffer, in []backend.Buffer, add bool) {
			r.TotalVariationGrad(d[0], dy, in[0], 2.5, add)
		},
	},
	absVariationGradient("absolute variation", 0),
	absVariationGradient("absolute variation, smooth", 0.5),
}

func charbonnierGradient(name string, eps float32) gradient {
	return gradient{
		name: name, in: []backend.Shape{{2, 3, 2, 2}, {2, 3, 2, 2}}, out: backend.Scalar,
		forward: func(r *Backend, y backend.Buffer, in []backend.Buffer) { r.Charbonnier(y, in[0], in[1], 2.5, eps) },
		backward: func(r *Backend, d []backend.Buffer, dy backend.Buffer, in []backend.Buffer, add bool) {
			r.CharbonnierGrad(d[0], dy, in[0], in[1], 2.5, eps, add)
			r.CharbonnierGrad(d[1], dy, in[1], in[0], 2.5, eps, add)
		},
	}
}

func absVariationGradient(name string, eps float32) gradient {
	return gradient{
		name: name, in: []backend.Shape{{2, 3, 4, 3}}, out: backend.Scalar,
		forward: func(r *Backend, y backend.Buffer, in []backend.Buffer) { r.AbsVariation(y, in[0], 2.5, eps) },
		backward: func(r *Backend, d []backend.Buffer, dy backend.Buffer, in []backend.Buffer, add bool) {
			r.AbsVariationGrad(d[0], dy, in[0], 2.5, eps, add)
		},
	}
}

// someMask returns a mask of two images of 2x2 pixels.
func someMask(r *Backend) backend.Buffer {
	return tensor(r, backend.Shape{2, 1, 2, 2}, 1, 0, 0.5, -2, 3, 1, 0, 1)
}

func curveGradient(name string, f func(r *Backend, dst, x backend.Buffer), grad func(r *Backend, dx, dy, y backend.Buffer, add bool)) gradient {
	return gradient{
		name: name, in: []backend.Shape{{2, 3, 2, 2}}, out: backend.Shape{2, 3, 2, 2},
		forward: func(r *Backend, y backend.Buffer, in []backend.Buffer) { f(r, y, in[0]) },
		backward: func(r *Backend, d []backend.Buffer, dy backend.Buffer, in []backend.Buffer, add bool) {
			y := r.Alloc(dy.Shape())
			f(r, y, in[0])
			grad(r, d[0], dy, y, add)
		},
	}
}

func warpGradient(name string, border backend.Border) gradient {
	return gradient{
		name: name, in: []backend.Shape{{2, 3, 4, 3}, {2, 2, 3, 5}}, out: backend.Shape{2, 3, 3, 5},
		forward: func(r *Backend, y backend.Buffer, in []backend.Buffer) { r.Warp(y, in[0], in[1], border) },
		backward: func(r *Backend, d []backend.Buffer, dy backend.Buffer, in []backend.Buffer, add bool) {
			r.WarpGrad(d[0], dy, in[1], border, add)
			r.WarpFlowGrad(d[1], dy, in[0], in[1], border, add)
		},
	}
}

func convGradient(name string, x, w backend.Shape, g backend.Conv) gradient {
	return gradient{
		name: name, in: []backend.Shape{x, w, backend.Vec(w[0])}, out: g.Out(x, w),
		forward: func(r *Backend, y backend.Buffer, in []backend.Buffer) { r.Conv2d(y, in[0], in[1], in[2], g) },
		backward: func(r *Backend, d []backend.Buffer, dy backend.Buffer, in []backend.Buffer, add bool) {
			r.Conv2dGradInput(d[0], dy, in[1], g, add)
			r.Conv2dGradWeight(d[1], d[2], in[0], dy, g, add)
		},
	}
}

// TestGradients moves every element of every operand on its own and compares the
// difference of the result with the gradient. With float64 throughout, steps of
// 1e-5 leave errors of some 1e-10.
func TestGradients(t *testing.T) {
	const step = 1e-5
	for _, g := range gradients {
		t.Run(g.name, func(t *testing.T) {
			r, random := New(), rand.New(rand.NewPCG(1, 2))
			normal := func(s backend.Shape) *buffer {
				b := r.Alloc(s).(*buffer)
				for i := range b.data {
					b.data[i] = random.NormFloat64()
				}
				return b
			}
			var in, fresh, added []backend.Buffer
			var before [][]float64
			for _, s := range g.in {
				in = append(in, normal(s))
				fresh = append(fresh, r.Alloc(s))
				b := normal(s)
				added, before = append(added, b), append(before, append([]float64(nil), b.data...))
			}
			y, dy := r.Alloc(g.out).(*buffer), normal(g.out)
			loss := func() float64 {
				g.forward(r, y, in)
				sum := 0.0
				for i, v := range y.data {
					sum += v * dy.data[i]
				}
				return sum
			}
			g.backward(r, fresh, dy, in, false)
			g.backward(r, added, dy, in, true)
			for o := range in {
				for i := range in[o].(*buffer).data {
					x := &in[o].(*buffer).data[i]
					at := *x
					*x = at + step
					up := loss()
					*x = at - step
					down := loss()
					*x = at
					want := (up - down) / (2 * step)
					require.InDelta(t, want, fresh[o].(*buffer).data[i], 1e-7*(1+math.Abs(want)), "operand %d, element %d", o, i)
					require.InDelta(t, want+before[o][i], added[o].(*buffer).data[i], 1e-7*(1+math.Abs(want)), "operand %d, element %d, added", o, i)
				}
			}
		})
	}
}

// TestEveryGradientIsTested: every gradient of the contract is called by an entry of
// the table above.
func TestEveryGradientIsTested(t *testing.T) {
	source, err := os.ReadFile("gradient_test.go")
	require.NoError(t, err)
	contract := reflect.TypeFor[backend.Backend]()
	for i := range contract.NumMethod() {
		name := contract.Method(i).Name
		if strings.Contains(name, "Grad") && !regexp.MustCompile(`(\br|\(\*Backend\))\.`+name+`\b`).Match(source) {
			t.Errorf("%s is compared with no finite differences: gradients lists no operation that calls it", name)
		}
	}
}
