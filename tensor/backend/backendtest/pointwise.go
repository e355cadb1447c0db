package backendtest

import (
	"math"

	"github.com/impasto-go/impasto/tensor/backend"
)

// curve is a function of one variable whose gradient is computed from its result.
type curve struct {
	name    string
	forward func(b backend.Backend, dst, x backend.Buffer)
	grad    func(b backend.Backend, dx, dy, y backend.Buffer, add bool)
}

var (
	tanhOp    = curve{"Tanh", backend.Backend.Tanh, backend.Backend.TanhGrad}.operation()
	sigmoidOp = curve{"Sigmoid", backend.Backend.Sigmoid, backend.Backend.SigmoidGrad}.operation()
)

func (f curve) operation() operation {
	return operation{
		name: f.name,
		table: func(g *gen) []call {
			return each(images(1), func(s backend.Shape) []call { return f.calls(g, g.scaled(s, 0, 2)) })
		},
		random: func(g *gen) []call { return f.calls(g, g.scaled(g.image(1, 1<<14), 0, 0.1)) },
	}
}

// calls returns the function, of few values far from zero and beyond the range of
// exponentials, and its gradient. Exponentials may be off by some units in the last
// place, as the OpenGL Shading Language lets them; the gradient is a product of a
// difference of the result and 1, which is exact up to one rounding.
func (f curve) calls(g *gen, x value) []call {
	s := x.shape
	for i := 0; i < len(x.data); i += 7 {
		x.data[i] *= []float32{1e-4, 10, 100}[g.IntN(3)]
	}
	calls := []call{{
		desc:   f.name,
		in:     []value{x},
		out:    []value{g.dest(s, false)},
		run:    func(b backend.Backend, out, in []backend.Buffer) { f.forward(b, out[0], in[0]) },
		limits: curveLimits,
	}}
	dy, y := g.normal(s), value{s, calls[0].expect()[0]}
	for _, add := range []bool{false, true} {
		calls = append(calls, call{
			desc: adding(f.name+"Grad", add),
			in:   []value{dy, y},
			out:  []value{g.dest(s, add)},
			run:  func(b backend.Backend, out, in []backend.Buffer) { f.grad(b, out[0], in[0], in[1], add) },
			limits: func(_ Tolerance, c *call, want [][]float32) []limit {
				each := make([]float64, len(want[0]))
				for i, w := range want[0] {
					each[i] = unit * growth(1) * (math.Abs(float64(w)) + math.Abs(float64(dy.data[i]*y.data[i])) + before(c, 0, i))
				}
				return []limit{newLimit(each)}
			},
		})
	}
	return calls
}

func curveLimits(_ Tolerance, c *call, want [][]float32) []limit {
	each := make([]float64, len(want[0]))
	for i, w := range want[0] {
		x := math.Min(math.Abs(float64(c.in[0].data[i])), 100)
		each[i] = unit * (growth(1) + 2*x) * math.Abs(float64(w))
	}
	return []limit{newLimit(each)}
}
