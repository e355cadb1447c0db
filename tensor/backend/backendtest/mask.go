package backendtest

import "github.com/impasto-go/impasto/tensor/backend"

var maskOp = operation{
	name:   "Mask",
	table:  func(g *gen) []call { return each(images(1), func(s backend.Shape) []call { return maskCalls(g, s) }) },
	random: func(g *gen) []call { return maskCalls(g, g.image(1, 1<<14)) },
}

// maskCalls returns products with masks of any values.
func maskCalls(g *gen, s backend.Shape) []call {
	var calls []call
	for _, add := range []bool{false, true} {
		calls = append(calls, call{
			desc:   adding("Mask", add),
			in:     []value{g.normal(s), g.normal(backend.Shape{s[0], 1, s[2], s[3]})},
			out:    []value{g.dest(s, add)},
			run:    func(b backend.Backend, out, in []backend.Buffer) { b.Mask(out[0], in[0], in[1], add) },
			limits: sums(1, 1),
		})
	}
	return calls
}
