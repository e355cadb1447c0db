package backendtest

import (
	"fmt"

	"github.com/impasto-go/impasto/tensor/backend"
)

var convPoolerOp = operation{
	name: "ConvPooler",
	table: func(g *gen) []call {
		var calls []call
		for _, s := range []backend.Shape{{1, 3, 10, 13}, {2, 16, 7, 6}, {1, 32, 12, 11}, {2, 33, 4, 2}} {
			for _, relu := range []bool{false, true} {
				block := backend.ConvBlock{Conv: backend.Conv{Stride: 1, Pad: 1}, Upsample: 1, ReLU: relu}
				calls = append(calls, convPoolCall(g, s, 37, 3, block))
			}
		}
		block := backend.ConvBlock{Conv: backend.Conv{Stride: 2, Pad: 2}, Reflect: true, Upsample: 2}
		return append(calls, convPoolCall(g, backend.Shape{1, 5, 9, 8}, 4, 5, block))
	},
	random: func(g *gen) []call {
		block := backend.ConvBlock{Conv: backend.Conv{Stride: 1, Pad: 1}, Upsample: 1, ReLU: g.flip()}
		return []call{convPoolCall(g, g.image(2, 1<<12), g.pick(channels), 3, block)}
	},
	missing: func(b backend.Backend) string {
		if _, ok := b.(backend.ConvPooler); ok {
			return ""
		}
		return "backend.ConvPooler"
	},
}

// convPoolCall returns a block with its output pooled, against the composition of
// primitives. A maximum does not increase errors.
func convPoolCall(g *gen, xs backend.Shape, outputs, k int, block backend.ConvBlock) call {
	ws := backend.Shape{outputs, xs[1], k, k}
	ys := block.Out(xs, ws)
	pooled := backend.Shape{ys[0], ys[1], ys[2] / 2, ys[3] / 2}
	terms := xs[1]*k*k + 1
	c := call{
		desc: fmt.Sprintf("ConvBlockPool %+v", block),
		in:   []value{g.normal(xs), g.normal(ws), g.normal(backend.Vec(outputs))},
		out:  []value{g.dest(ys, false), g.dest(pooled, false)},
		run: func(b backend.Backend, out, in []backend.Buffer) {
			b.(backend.ConvPooler).ConvBlockPool(out[0], out[1], in[0], in[1], optional(in, 2), block)
		},
		composed: func(b backend.Backend, out, in []backend.Buffer) {
			composeConv(b, out[0], in[0], in[1], optional(in, 2), block)
			b.MaxPool2(out[1], out[0])
		},
		limits: convSums(terms, terms),
	}
	if g.flip() {
		c.in = c.in[:2]
	}
	return c
}
