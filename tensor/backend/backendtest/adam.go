package backendtest

import (
	"fmt"
	"math"

	"github.com/impasto-go/impasto/tensor/backend"
)

var adamOp = operation{
	name: "Adam",
	table: func(g *gen) []call {
		return each(append(images(1), backend.Shape{8, 3, 9, 9}, backend.Shape{32, 32, 3, 3}), func(s backend.Shape) []call {
			calls := []call{adamCall(g, s, 1), adamCall(g, s, 1000)}
			for _, guard := range []float32{0, -1e30, nan, inf, -inf} {
				calls = append(calls, guardedAdamCall(g, s, guard))
			}
			return calls
		})
	},
	random: func(g *gen) []call { return []call{adamCall(g, g.image(1, 1<<14), g.between(1, 100))} },
}

// adamCall returns step t with PyTorch's default constants, from moments of zero
// for the first. Some gradients are zero, some tiny, some huge.
func adamCall(g *gen, s backend.Shape, t int) call {
	p := backend.AdamParams{
		Beta1: 0.9, Beta2: 0.999, Eps: 1e-8,
		StepSize:           float32(1e-3 / (1 - math.Pow(0.9, float64(t)))),
		InvSqrtCorrection2: float32(1 / math.Sqrt(1-math.Pow(0.999, float64(t)))),
	}
	grad, w, m, v := g.normal(s), g.normal(s), filled(s, 0), filled(s, 0)
	for i := range grad.data {
		grad.data[i] *= []float32{1, 1, 1, 0, 1e-9, 1e9}[g.IntN(6)]
	}
	if t > 1 {
		m, v = g.normal(s), squared([]value{g.normal(s)})[0]
	}
	return call{
		desc: fmt.Sprintf("Adam step %d", t),
		in:   []value{grad},
		out:  []value{w, m, v},
		run: func(b backend.Backend, out, in []backend.Buffer) {
			b.Adam(out[0], out[1], out[2], in[0], optional(in, 1), p)
		},
		limits: func(tol Tolerance, c *call, want [][]float32) []limit { return adamLimits(p, tol, c, want) },
	}
}

// guardedAdamCall returns a step with a guard, which is exact where that stops it.
func guardedAdamCall(g *gen, s backend.Shape, guard float32) call {
	c := adamCall(g, s, 1000)
	c.desc = fmt.Sprintf("%s with guard %v", c.desc, guard)
	c.in = append(c.in, filled(backend.Scalar, guard))
	if guard-guard != 0 {
		c.limits = exact
	}
	return c
}

// adamLimits is rounded for the moments; the update carries the rounding of the
// first moment, relative to its parts, and a few of its own.
func adamLimits(p backend.AdamParams, tol Tolerance, c *call, want [][]float32) []limit {
	ls := rounded(tol, c, want)
	for i := range want[0] {
		denominator := math.Sqrt(float64(want[2][i]))*float64(p.InvSqrtCorrection2) + float64(p.Eps)
		moment := math.Abs(float64(want[1][i])) + before(c, 1, i)
		ls[0].each[i] += 2 * unit * growth(1) * float64(p.StepSize) * moment / denominator
	}
	ls[0] = newLimit(ls[0].each)
	return ls
}
