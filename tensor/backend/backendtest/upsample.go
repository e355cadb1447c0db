package backendtest

import (
	"fmt"

	"github.com/impasto-go/impasto/tensor/backend"
)

var upsampleOp = operation{
	name: "Upsample",
	table: func(g *gen) []call {
		return each(images(1), func(s backend.Shape) []call {
			return append(upsampleCalls(g, s, 2), upsampleCalls(g, s, 1+g.pick([]int{0, 2}))...)
		})
	},
	random: func(g *gen) []call { return upsampleCalls(g, g.image(1, 1<<12), g.between(1, 4)) },
}

// upsampleCalls returns the upsampling, which only copies, and its gradient,
// which sums factor² copies of a pixel.
func upsampleCalls(g *gen, s backend.Shape, factor int) []call {
	ys := backend.Shape{s[0], s[1], s[2] * factor, s[3] * factor}
	calls := []call{{
		desc:   fmt.Sprintf("Upsample %d", factor),
		in:     []value{g.normal(s)},
		out:    []value{g.dest(ys, false)},
		run:    func(b backend.Backend, out, in []backend.Buffer) { b.Upsample(out[0], in[0], factor) },
		limits: exact,
	}}
	for _, add := range []bool{false, true} {
		calls = append(calls, call{
			desc:   adding(fmt.Sprintf("UpsampleGrad %d", factor), add),
			in:     []value{g.normal(ys)},
			out:    []value{g.dest(s, add)},
			run:    func(b backend.Backend, out, in []backend.Buffer) { b.UpsampleGrad(out[0], in[0], factor, add) },
			limits: sums(1, factor*factor),
		})
	}
	return calls
}
