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
			calls := []call{adamCall(g, s, adamParams(1)), adamCall(g, s, adamParams(1000)), decayedAdamCall(g, s)}
			for _, guard := range []float32{0, -1e30, nan, inf, -inf} {
				calls = append(calls, guardedAdamCall(g, s, guard))
			}
			for _, squares := range []float32{0, 4, 1e30} {
				calls = append(calls, clippedAdamCall(g, s, squares))
			}
			return calls
		})
	},
	random: func(g *gen) []call { return []call{adamCall(g, g.image(1, 1<<14), adamParams(g.between(1, 100)))} },
}

// adamParams returns PyTorch's default constants for step t.
func adamParams(t int) backend.AdamParams {
	return backend.AdamParams{
		Beta1: 0.9, Beta2: 0.999, Eps: 1e-8,
		StepSize:           float32(1e-3 / (1 - math.Pow(0.9, float64(t)))),
		InvSqrtCorrection2: float32(1 / math.Sqrt(1-math.Pow(0.999, float64(t)))),
	}
}

// adamCall returns a step, from moments of zero for the first. Some gradients are
// zero, some tiny, some huge.
func adamCall(g *gen, s backend.Shape, p backend.AdamParams) call {
	grad, w, m, v := g.normal(s), g.normal(s), filled(s, 0), filled(s, 0)
	for i := range grad.data {
		grad.data[i] *= []float32{1, 1, 1, 0, 1e-9, 1e9}[g.IntN(6)]
	}
	if p != adamParams(1) {
		m, v = g.normal(s), squared([]value{g.normal(s)})[0]
	}
	return call{
		desc: "Adam",
		in:   []value{grad, filled(backend.Scalar, 0)},
		out:  []value{w, m, v},
		run: func(b backend.Backend, out, in []backend.Buffer) {
			p := p
			p.Squares = in[1]
			b.Adam(out[0], out[1], out[2], in[0], optional(in, 2), p)
		},
		limits: func(tol Tolerance, c *call, want [][]float32) []limit { return adamLimits(p, tol, c, want) },
	}
}

// guardedAdamCall returns a step with a guard, which is exact where that stops it.
func guardedAdamCall(g *gen, s backend.Shape, guard float32) call {
	c := adamCall(g, s, adamParams(1000))
	c.desc = fmt.Sprintf("%s with guard %v", c.desc, guard)
	c.in = append(c.in, filled(backend.Scalar, guard))
	if guard-guard != 0 {
		c.limits = exact
	}
	return c
}

// clippedAdamCall returns a step with gradients of the given square of their norm,
// limited to a norm of 1.
func clippedAdamCall(g *gen, s backend.Shape, squares float32) call {
	p := adamParams(1000)
	p.MaxNorm = 1
	c := adamCall(g, s, p)
	c.desc = fmt.Sprintf("%s with squares %v", c.desc, squares)
	c.in[1] = filled(backend.Scalar, squares)
	return c
}

// decayedAdamCall returns a step with weight decay.
func decayedAdamCall(g *gen, s backend.Shape) call {
	p := adamParams(1000)
	p.Decay = 0.25
	c := adamCall(g, s, p)
	c.desc += " with decay"
	return c
}

// adamLimits is rounded for the moments; the update carries the rounding of the
// first moment, relative to its parts, and a few of its own. Clipped gradients are
// rounded twice before, their squares four times.
func adamLimits(p backend.AdamParams, tol Tolerance, c *call, want [][]float32) []limit {
	ls := rounded(tol, c, want)
	if p.MaxNorm > 0 {
		for o := 1; o <= 2; o++ {
			for i, w := range want[o] {
				ls[o].each[i] += float64(2*o) * unit * (math.Abs(float64(w)) + before(c, o, i))
			}
			ls[o] = newLimit(ls[o].each)
		}
	}
	for i := range want[0] {
		denominator := math.Sqrt(float64(want[2][i]))*float64(p.InvSqrtCorrection2) + float64(p.Eps)
		moment := math.Abs(float64(want[1][i])) + before(c, 1, i)
		ls[0].each[i] += 2 * unit * growth(1) * float64(p.StepSize) * moment / denominator
	}
	ls[0] = newLimit(ls[0].each)
	return ls
}
