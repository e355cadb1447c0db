package backendtest

import (
	"fmt"

	"github.com/impasto-go/impasto/tensor/backend"
)

var reflectPadOp = operation{
	name: "ReflectPad",
	table: func(g *gen) []call {
		return each(images(1), func(s backend.Shape) []call {
			var calls []call
			for pad := 0; pad <= 4 && pad < min(s[2], s[3]); pad++ {
				calls = append(calls, padCalls(g, s, pad)...)
			}
			return calls
		})
	},
	random: func(g *gen) []call {
		s := g.image(1, 1<<14)
		return padCalls(g, s, g.between(0, min(6, s[2]-1, s[3]-1)))
	},
}

// padCalls returns the padding, which only copies, and its gradient, which sums
// up to nine copies of a pixel.
func padCalls(g *gen, s backend.Shape, pad int) []call {
	ys := backend.Shape{s[0], s[1], s[2] + 2*pad, s[3] + 2*pad}
	calls := []call{{
		desc:   fmt.Sprintf("ReflectPad %d", pad),
		in:     []value{g.normal(s)},
		out:    []value{g.dest(ys, false)},
		run:    func(b backend.Backend, out, in []backend.Buffer) { b.ReflectPad(out[0], in[0], pad) },
		limits: exact,
	}}
	for _, add := range []bool{false, true} {
		calls = append(calls, call{
			desc:   adding(fmt.Sprintf("ReflectPadGrad %d", pad), add),
			in:     []value{g.normal(ys)},
			out:    []value{g.dest(s, add)},
			run:    func(b backend.Backend, out, in []backend.Buffer) { b.ReflectPadGrad(out[0], in[0], pad, add) },
			limits: sums(1, 9),
		})
	}
	return calls
}
