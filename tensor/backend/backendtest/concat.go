package backendtest

import (
	"fmt"

	"github.com/impasto-go/impasto/tensor/backend"
)

var concatOp = operation{
	name: "Concat",
	table: func(g *gen) []call {
		blocks := channelCalls(g, backend.Shape{2, 48, 5, 3}, 64, 32, 16, 32)
		return append(blocks, each(images(1), func(s backend.Shape) []call { return anyChannelCalls(g, s) })...)
	},
	random: func(g *gen) []call { return anyChannelCalls(g, g.image(1, 1<<14)) },
}

// anyChannelCalls copies a random range of channels.
func anyChannelCalls(g *gen, s backend.Shape) []call {
	count := g.between(1, s[1])
	to := g.between(0, 20)
	return channelCalls(g, s, to+count+g.between(0, 3), to, g.between(0, s[1]-count), count)
}

// channelCalls returns copies of channels of s to those of a tensor with so many,
// whose others stay.
func channelCalls(g *gen, s backend.Shape, channels, to, from, count int) []call {
	var calls []call
	for _, add := range []bool{false, true} {
		calls = append(calls, call{
			desc: adding(fmt.Sprintf("CopyChannels %d at %d to %d", count, from, to), add),
			in:   []value{g.normal(s)},
			out:  []value{g.normal(backend.Shape{s[0], channels, s[2], s[3]})},
			run: func(b backend.Backend, out, in []backend.Buffer) {
				b.CopyChannels(out[0], in[0], to, from, count, add)
			},
			limits: rounded,
		})
	}
	return calls
}
