package backendtest

import (
	"fmt"

	"github.com/impasto-go/impasto/tensor/backend"
)

var elementwiseOp = operation{
	name: "Elementwise",
	table: func(g *gen) []call {
		return each(images(1), func(s backend.Shape) []call { return elementwiseCalls(g, s) })
	},
	random: func(g *gen) []call { return elementwiseCalls(g, g.image(1, 1<<14)) },
}

// elementwiseCalls returns Fill, Add in all its aliasings, Mul, Axpy and SumSquares.
func elementwiseCalls(g *gen, s backend.Shape) []call {
	calls := []call{{
		desc:   "Fill",
		out:    []value{g.dest(s, false)},
		run:    func(b backend.Backend, out, _ []backend.Buffer) { b.Fill(out[0], -1.5) },
		limits: exact,
	}, {
		desc:   "Add",
		in:     []value{g.normal(s), g.normal(s)},
		out:    []value{g.dest(s, false)},
		run:    func(b backend.Backend, out, in []backend.Buffer) { b.Add(out[0], in[0], in[1]) },
		limits: exact,
	}, {
		desc:   "Add to the first",
		in:     []value{g.normal(s)},
		out:    []value{g.normal(s)},
		run:    func(b backend.Backend, out, in []backend.Buffer) { b.Add(out[0], out[0], in[0]) },
		limits: exact,
	}, {
		desc:   "Add to the second",
		in:     []value{g.normal(s)},
		out:    []value{g.normal(s)},
		run:    func(b backend.Backend, out, in []backend.Buffer) { b.Add(out[0], in[0], out[0]) },
		limits: exact,
	}, {
		desc:   "Add of a tensor and itself",
		out:    []value{g.normal(s)},
		run:    func(b backend.Backend, out, _ []backend.Buffer) { b.Add(out[0], out[0], out[0]) },
		limits: exact,
	}, {
		desc:   "SumSquares",
		in:     []value{g.normal(s)},
		out:    []value{g.dest(backend.Scalar, false)},
		run:    func(b backend.Backend, out, in []backend.Buffer) { b.SumSquares(out[0], in[0]) },
		limits: positiveSum(s.Len()),
	}}
	for _, add := range []bool{false, true} {
		calls = append(calls, call{
			desc:   adding("Mul", add),
			in:     []value{g.normal(s), g.normal(s)},
			out:    []value{g.dest(s, add)},
			run:    func(b backend.Backend, out, in []backend.Buffer) { b.Mul(out[0], in[0], in[1], add) },
			limits: sums(1, 1),
		}, call{
			desc:   adding("Mul of a tensor and itself", add),
			in:     []value{g.normal(s)},
			out:    []value{g.dest(s, add)},
			run:    func(b backend.Backend, out, in []backend.Buffer) { b.Mul(out[0], in[0], in[0], add) },
			limits: rounded,
		})
	}
	for _, alpha := range []float32{1, -0.7} {
		for _, add := range []bool{false, true} {
			calls = append(calls, call{
				desc:   adding(fmt.Sprintf("Axpy %g", alpha), add),
				in:     []value{g.normal(s)},
				out:    []value{g.dest(s, add)},
				run:    func(b backend.Backend, out, in []backend.Buffer) { b.Axpy(out[0], in[0], alpha, add) },
				limits: rounded,
			})
		}
	}
	return calls
}
