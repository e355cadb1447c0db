package backendtest

import (
	"fmt"

	"github.com/impasto-go/impasto/tensor/backend"
)

var gradGaterOp = operation{
	name: "GradGater",
	table: func(g *gen) []call {
		var calls []call
		for _, s := range []backend.Shape{{1, 3, 10, 13}, {2, 16, 6, 8}, {1, 33, 5, 9}} {
			calls = append(calls, gatedGramCalls(g, s)...)
			for _, block := range blocks(3) {
				calls = append(calls, gatedBlockCalls(g, s, 17, 3, block)...)
			}
		}
		return calls
	},
	random: func(g *gen) []call {
		s := g.image(1, 1<<12)
		block := backend.ConvBlock{Conv: backend.Conv{Stride: 1, Pad: 1}, Upsample: 1, ReLU: g.flip()}
		return append(gatedGramCalls(g, s), gatedBlockCalls(g, s, g.pick(channels), 3, block)...)
	},
	missing: func(b backend.Backend) string {
		if _, ok := b.(backend.GradGater); ok {
			return ""
		}
		return "backend.GradGater"
	},
}

// gatedBlockCalls returns the gradient of a block's input, masked, against the
// composition of primitives. Only the signs of x and y matter.
func gatedBlockCalls(g *gen, xs backend.Shape, outputs, k int, block backend.ConvBlock) []call {
	ws := backend.Shape{outputs, xs[1], k, k}
	ys := block.Out(xs, ws)
	x, y, w, dy := g.normal(xs), g.normal(ys), g.normal(ws), g.normal(ys)
	x.data[0] = 0 // nothing passes
	var calls []call
	for _, add := range []bool{false, true} {
		calls = append(calls, call{
			desc: adding(fmt.Sprintf("ConvBlockGradInputGated %+v", block), add),
			in:   []value{dy, y, w, x},
			out:  []value{g.dest(xs, add)},
			run: func(b backend.Backend, out, in []backend.Buffer) {
				b.(backend.GradGater).ConvBlockGradInputGated(out[0], in[0], in[1], in[2], in[3], block, add)
			},
			composed: func(b backend.Backend, out, in []backend.Buffer) {
				composeConvGradInput(b, out[0], maskGrad(b, in[0], in[1], block), in[2], block, add)
				b.ReLUGrad(out[0], out[0], in[3], false)
			},
			limits: convSums(outputs * k * k * block.Upsample * block.Upsample * 4),
		})
	}
	return calls
}

// gatedGramCalls returns the masked gradient of a Gram matrix.
func gatedGramCalls(g *gen, s backend.Shape) []call {
	x, dg := g.normal(s), g.normal(backend.Shape{s[0], 1, s[1], s[1]})
	var calls []call
	for _, add := range []bool{false, true} {
		calls = append(calls, call{
			desc: adding("GramGradGated", add),
			in:   []value{dg, x},
			out:  []value{g.dest(s, add)},
			run: func(b backend.Backend, out, in []backend.Buffer) {
				b.(backend.GradGater).GramGradGated(out[0], in[0], in[1], add)
			},
			composed: func(b backend.Backend, out, in []backend.Buffer) {
				b.GramGrad(out[0], in[0], in[1], add)
				b.ReLUGrad(out[0], out[0], in[1], false)
			},
			limits: sums(1/float64(s[1]*s[2]*s[3]), 2*s[1]),
		})
	}
	return calls
}
