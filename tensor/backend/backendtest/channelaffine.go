package backendtest

import "github.com/impasto-go/impasto/tensor/backend"

var channelAffineOp = operation{
	name:   "ChannelAffine",
	table:  func(g *gen) []call { return each(images(1), func(s backend.Shape) []call { return affineCalls(g, s) }) },
	random: func(g *gen) []call { return affineCalls(g, g.image(1, 1<<14)) },
}

// affineCalls returns the map, a sum of two terms, and its gradient.
func affineCalls(g *gen, s backend.Shape) []call {
	scale, shift := g.normal(backend.Vec(s[1])), g.normal(backend.Vec(s[1]))
	calls := []call{{
		desc: "ChannelAffine",
		in:   []value{g.scaled(s, 128, 64), scale, shift},
		out:  []value{g.dest(s, false)},
		run: func(b backend.Backend, out, in []backend.Buffer) {
			b.ChannelAffine(out[0], in[0], in[1], in[2])
		},
		limits: sums(1, 2),
	}}
	for _, add := range []bool{false, true} {
		calls = append(calls, call{
			desc:   adding("ChannelAffineGrad", add),
			in:     []value{g.normal(s), scale},
			out:    []value{g.dest(s, add)},
			run:    func(b backend.Backend, out, in []backend.Buffer) { b.ChannelAffineGrad(out[0], in[0], in[1], add) },
			limits: sums(1, 1),
		})
	}
	return calls
}
