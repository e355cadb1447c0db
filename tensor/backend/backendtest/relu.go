package backendtest

import "github.com/impasto-go/impasto/tensor/backend"

var reluOp = operation{
	name: "ReLU",
	table: func(g *gen) []call {
		return each(images(1), func(s backend.Shape) []call {
			return append(reluCalls(g, g.normal(s)), reluCalls(g, g.coarse(s))...)
		})
	},
	random: func(g *gen) []call { return reluCalls(g, g.normal(g.image(1, 1<<14))) },
}

// reluCalls returns the clamp and its gradient, which both only select, in
// place and not.
func reluCalls(g *gen, x value) []call {
	s := x.shape
	calls := []call{{
		desc:   "ReLU",
		in:     []value{x},
		out:    []value{g.dest(s, false)},
		run:    func(b backend.Backend, out, in []backend.Buffer) { b.ReLU(out[0], in[0]) },
		limits: exact,
	}, {
		desc:   "ReLU in place",
		out:    []value{x},
		run:    func(b backend.Backend, out, _ []backend.Buffer) { b.ReLU(out[0], out[0]) },
		limits: exact,
	}}
	y := value{s, calls[0].expect()[0]}
	return append(calls, call{
		desc:   "ReLUGrad",
		in:     []value{g.normal(s), y},
		out:    []value{g.dest(s, false)},
		run:    func(b backend.Backend, out, in []backend.Buffer) { b.ReLUGrad(out[0], in[0], in[1], false) },
		limits: exact,
	}, call{
		desc:   "ReLUGrad in place",
		in:     []value{y},
		out:    []value{g.normal(s)},
		run:    func(b backend.Backend, out, in []backend.Buffer) { b.ReLUGrad(out[0], out[0], in[0], false) },
		limits: exact,
	}, call{
		desc:   "ReLUGrad add",
		in:     []value{g.normal(s), y},
		out:    []value{g.dest(s, true)},
		run:    func(b backend.Backend, out, in []backend.Buffer) { b.ReLUGrad(out[0], in[0], in[1], true) },
		limits: rounded,
	})
}
