package backendtest

import "github.com/impasto-go/impasto/tensor/backend"

var maxPoolOp = operation{
	name: "MaxPool2",
	table: func(g *gen) []call {
		return each(images(2), func(s backend.Shape) []call {
			return append(poolCalls(g, g.normal(s)), poolCalls(g, g.coarse(s))...)
		})
	},
	random: func(g *gen) []call { return poolCalls(g, g.coarse(g.image(2, 1<<14))) },
}

// poolCalls returns the pooling and its gradient, which both only select.
func poolCalls(g *gen, x value) []call {
	ys := backend.Shape{x.shape[0], x.shape[1], x.shape[2] / 2, x.shape[3] / 2}
	forward := call{
		desc:   "MaxPool2",
		in:     []value{x},
		out:    []value{g.dest(ys, false)},
		run:    func(b backend.Backend, out, in []backend.Buffer) { b.MaxPool2(out[0], in[0]) },
		limits: exact,
	}
	y := value{ys, forward.expect()[0]}
	calls := []call{forward}
	for _, add := range []bool{false, true} {
		grad := call{
			desc:   adding("MaxPool2Grad", add),
			in:     []value{g.normal(ys), x, y},
			out:    []value{g.dest(x.shape, add)},
			run:    func(b backend.Backend, out, in []backend.Buffer) { b.MaxPool2Grad(out[0], in[0], in[1], in[2], add) },
			limits: exact,
		}
		if add {
			grad.limits = rounded
		}
		calls = append(calls, grad)
	}
	return calls
}
