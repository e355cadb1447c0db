package backendtest

import "github.com/impasto-go/impasto/tensor/backend"

var gramOp = operation{
	name:   "Gram",
	table:  func(g *gen) []call { return each(images(1), func(s backend.Shape) []call { return gramCalls(g, s) }) },
	random: func(g *gen) []call { return gramCalls(g, g.image(1, 1<<12)) },
}

// gramCalls returns the Gram matrix, with H*W terms, and its gradient for a
// matrix that is not symmetric, with 2*C. Both divide by C*H*W, which the squares
// of the terms have twice and the reference's sum of squares once.
func gramCalls(g *gen, s backend.Shape) []call {
	x, gs := g.scaled(s, 0.5, 1), backend.Shape{s[0], 1, s[1], s[1]}
	factor := 1 / float64(s[1]*s[2]*s[3])
	calls := []call{{
		desc:   "Gram",
		in:     []value{x},
		out:    []value{g.dest(gs, false)},
		run:    func(b backend.Backend, out, in []backend.Buffer) { b.Gram(out[0], in[0]) },
		limits: sums(factor, s[2]*s[3]),
	}}
	for _, add := range []bool{false, true} {
		calls = append(calls, call{
			desc:   adding("GramGrad", add),
			in:     []value{g.normal(gs), x},
			out:    []value{g.dest(s, add)},
			run:    func(b backend.Backend, out, in []backend.Buffer) { b.GramGrad(out[0], in[0], in[1], add) },
			limits: sums(factor, 2*s[1]),
		})
	}
	return calls
}
