package backendtest

import (
	"fmt"
	"math"

	"github.com/impasto-go/impasto/tensor/backend"
)

var mseOp = operation{
	name:   "MSE",
	table:  func(g *gen) []call { return each(images(1), func(s backend.Shape) []call { return mseCalls(g, s) }) },
	random: func(g *gen) []call { return mseCalls(g, g.image(1, 1<<14)) },
}

// mseCalls returns the loss and its gradient, with weights up to those of style
// losses. The terms of the loss are positive: its limit is relative.
func mseCalls(g *gen, s backend.Shape) []call {
	weight := []float32{1, 1e5, 2e9}[g.IntN(3)]
	a, b := g.normal(s), g.normal(s)
	calls := []call{{
		desc:   fmt.Sprintf("MSE %g", weight),
		in:     []value{a, b},
		out:    []value{g.dest(backend.Scalar, false)},
		run:    func(b backend.Backend, out, in []backend.Buffer) { b.MSE(out[0], in[0], in[1], weight) },
		limits: positiveSum(s.Len()),
	}}
	for _, add := range []bool{false, true} {
		calls = append(calls, call{
			desc: adding(fmt.Sprintf("MSEGrad %g", weight), add),
			in:   []value{filled(backend.Scalar, 0.75), a, b},
			out:  []value{g.dest(s, add)},
			run: func(b backend.Backend, out, in []backend.Buffer) {
				b.MSEGrad(out[0], in[0], in[1], in[2], weight, add)
			},
			limits: rounded,
		})
	}
	return calls
}

// positiveSum is for a scalar sum of so many terms that are never negative.
func positiveSum(terms int) limits {
	return func(_ Tolerance, _ *call, want [][]float32) []limit {
		return []limit{newLimit([]float64{unit * growth(terms) * math.Abs(float64(want[0][0]))})}
	}
}
