package backendtest

import (
	"fmt"
	"math"

	"github.com/impasto-go/impasto/tensor/backend"
)

var warpOp = operation{
	name: "Warp",
	table: func(g *gen) []call {
		return each(images(1), func(s backend.Shape) []call {
			same := warpCalls(g, s, s[2], s[3])
			return append(same, warpCalls(g, s, g.between(1, 20), g.between(1, 20))...)
		})
	},
	random: func(g *gen) []call {
		return warpCalls(g, g.image(1, 1<<12), g.between(1, 30), g.between(1, 30))
	},
}

// flow returns a field of places in and around images of shape s, some of them at
// whole pixels, some far away. Fractions are multiples of 2^-10, so that places are
// exact in float32.
func (g *gen) flow(s backend.Shape, h, w int) value {
	f := filled(backend.Shape{s[0], 2, h, w}, 0)
	for i := range f.data {
		at := index(f.shape, i)
		size, from := s[3], at[3]
		if at[1] == 1 {
			size, from = s[2], at[2]
		}
		place := (g.Float64()*1.5 - 0.25) * float64(size)
		switch g.IntN(8) {
		case 0:
			place = float64(g.between(-2, size+1))
		case 1:
			place *= 1000
		}
		f.data[i] = float32(math.Round((place-float64(from))*1024) / 1024)
	}
	return f
}

// warpCalls returns the samples of images of shape s at h by w places, both
// gradients, and the mask.
func warpCalls(g *gen, s backend.Shape, h, w int) []call {
	ys, x, flow := backend.Shape{s[0], s[1], h, w}, g.normal(s), g.flow(s, h, w)
	calls := []call{{
		desc:   fmt.Sprintf("WarpMask %dx%d", s[2], s[3]),
		in:     []value{flow},
		out:    []value{g.dest(backend.Shape{s[0], 1, h, w}, false)},
		run:    func(b backend.Backend, out, in []backend.Buffer) { b.WarpMask(out[0], in[0], s[2], s[3]) },
		limits: exact,
	}}
	for _, border := range []backend.Border{backend.BorderZero, backend.BorderEdge} {
		dy := g.normal(ys)
		calls = append(calls, call{
			desc:   fmt.Sprintf("Warp border %d", border),
			in:     []value{x, flow},
			out:    []value{g.dest(ys, false)},
			run:    func(b backend.Backend, out, in []backend.Buffer) { b.Warp(out[0], in[0], in[1], border) },
			limits: magnitudes(4),
		})
		for _, add := range []bool{false, true} {
			calls = append(calls, call{
				desc:   adding(fmt.Sprintf("WarpGrad border %d", border), add),
				in:     []value{dy, flow},
				out:    []value{g.dest(s, add)},
				run:    func(b backend.Backend, out, in []backend.Buffer) { b.WarpGrad(out[0], in[0], in[1], border, add) },
				limits: magnitudes(16),
			}, call{
				desc: adding(fmt.Sprintf("WarpFlowGrad border %d", border), add),
				in:   []value{dy, x, flow},
				out:  []value{g.dest(flow.shape, add)},
				run: func(b backend.Backend, out, in []backend.Buffer) {
					b.WarpFlowGrad(out[0], in[0], in[1], in[2], border, add)
				},
				limits: func(_ Tolerance, c *call, want [][]float32) []limit { return flowLimits(c, dy, x, want) },
			})
		}
	}
	return calls
}

// magnitudes is for sums of products of the first operand with weights that are
// never negative: the reference computes the sum of all magnitudes.
func magnitudes(terms int) limits {
	return func(_ Tolerance, c *call, want [][]float32) []limit {
		all := *c
		all.in, all.out = append([]value{magnitude(c.in[0])}, c.in[1:]...), []value{filled(c.out[0].shape, 0)}
		each := make([]float64, len(want[0]))
		for i, m := range all.expect()[0] {
			each[i] = unit * growth(terms) * (float64(m) + before(c, 0, i))
		}
		return []limit{newLimit(each)}
	}
}

func magnitude(v value) value {
	m := filled(v.shape, 0)
	for i, x := range v.data {
		m.data[i] = float32(math.Abs(float64(x)))
	}
	return m
}

// flowLimits are for sums over the channels of gradients times differences of
// pixels.
func flowLimits(c *call, dy, x value, want [][]float32) []limit {
	largest, area := 0.0, dy.shape[2]*dy.shape[3]
	for _, v := range magnitude(x).data {
		largest = max(largest, float64(v))
	}
	each := make([]float64, len(want[0]))
	for i, w := range want[0] {
		n, at := i/(2*area), i%area
		sum := math.Abs(float64(w)) + before(c, 0, i)
		for k := range dy.shape[1] {
			sum += 2 * largest * math.Abs(float64(dy.data[(n*dy.shape[1]+k)*area+at]))
		}
		each[i] = unit * growth(4) * sum
	}
	return []limit{newLimit(each)}
}
