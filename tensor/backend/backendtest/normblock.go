package backendtest

import (
	"fmt"
	"math"

	"github.com/impasto-go/impasto/tensor/backend"
)

var normBlockOp = operation{
	name: "NormBlock",
	table: func(g *gen) []call {
		return each([]backend.Shape{
			{1, 1, 1, 1}, {1, 3, 1, 67}, {2, 8, 20, 29}, {1, 17, 3, 5}, {2, 16, 10, 15}, {3, 32, 5, 7}, {1, 64, 8, 9}, {1, 24, 33, 4},
		}, func(s backend.Shape) []call {
			var calls []call
			for _, relu := range []bool{false, true} {
				for _, alpha := range []float32{0, 1, 2} {
					calls = append(calls, normBlockCalls(g, s, backend.NormBlock{Eps: normEps, ReLU: relu, Alpha: alpha})...)
				}
			}
			return calls
		})
	},
	random: func(g *gen) []call {
		return normBlockCalls(g, g.image(1, 1<<13), backend.NormBlock{Eps: normEps, ReLU: g.flip(), Alpha: float32(g.IntN(3))})
	},
	missing: func(b backend.Backend) string {
		if _, ok := b.(backend.NormFuser); ok {
			return ""
		}
		return "backend.NormFuser"
	},
}

// normBlockCalls returns the block, with a residual unless Alpha is zero, and its
// gradient, against the composition of primitives.
func normBlockCalls(g *gen, s backend.Shape, block backend.NormBlock) []call {
	x, gamma, beta := g.scaled(s, 3, 2), g.normal(backend.Vec(s[1])), g.normal(backend.Vec(s[1]))
	norm := normCall(g, x, gamma, beta)
	stats := norm.expect()
	normalized, mean, rstd := stats[0], value{statsShape(s), stats[1]}, value{statsShape(s), stats[2]}

	residual := value{}
	if block.Alpha != 0 {
		residual = g.normal(s)
	}
	forward := normBlockCall(norm, x, gamma, residual, normalized, block)
	dy := g.normal(s)
	for i, v := range normalized {
		// On which side of zero rounding puts these is nobody's fault.
		if math.Abs(float64(v)) < 1e-3 {
			dy.data[i] = 0
		}
	}
	inPlace := forward
	inPlace.desc += " in place"
	inPlace.out = []value{x, norm.out[1], norm.out[2]}
	inPlace.run = func(b backend.Backend, out, in []backend.Buffer) {
		b.(backend.NormFuser).NormBlock(out[0], out[1], out[2], out[0], in[1], in[2], optional(in, 3), block)
	}
	calls := []call{forward, inPlace}
	for _, add := range []bool{false, true} {
		for _, addParams := range []bool{false, true} {
			name := adding(fmt.Sprintf("NormBlockGrad %+v", block), add)
			if addParams {
				name += " addParams"
			}
			calls = append(calls, call{
				desc: name,
				in:   []value{dy, x, mean, rstd, gamma, beta},
				out:  []value{g.dest(s, add), g.dest(gamma.shape, addParams), g.dest(gamma.shape, addParams)},
				run: func(b backend.Backend, out, in []backend.Buffer) {
					b.(backend.NormFuser).NormBlockGrad(out[0], out[1], out[2], in[0], in[1], in[2], in[3], in[4], in[5], block, add, addParams)
				},
				composed: func(b backend.Backend, out, in []backend.Buffer) {
					composeNormGrad(b, out, in, block, add, addParams)
				},
				limits: func(_ Tolerance, c *call, want [][]float32) []limit {
					return normGradLimits(c, masked(dy, normalized, block.ReLU), x, mean, rstd, gamma, want)
				},
			})
		}
	}
	return calls
}

// normBlockCall turns the call of a normalization, whose results are known, into that
// of the block.
func normBlockCall(norm call, x, gamma, residual value, normalized []float32, block backend.NormBlock) call {
	forward := norm
	forward.desc = fmt.Sprintf("NormBlock %+v", block)
	if block.Alpha != 0 {
		forward.in = append(forward.in, residual)
	}
	forward.run = func(b backend.Backend, out, in []backend.Buffer) {
		b.(backend.NormFuser).NormBlock(out[0], out[1], out[2], in[0], in[1], in[2], optional(in, 3), block)
	}
	forward.composed = func(b backend.Backend, out, in []backend.Buffer) {
		composeNorm(b, out, in, optional(in, 3), block)
	}
	// The ReLU does not increase errors; the residual adds its own roundings.
	forward.limits = func(tol Tolerance, c *call, want [][]float32) []limit {
		ls := normLimits(x, gamma, [][]float32{normalized, want[1], want[2]})
		for i, extra := range rounded(tol, c, want)[0].each {
			ls[0].each[i] += extra
			if block.Alpha != 0 {
				ls[0].each[i] += unit * growth(1) * math.Abs(float64(block.Alpha*c.in[3].data[i]))
			}
		}
		ls[0] = newLimit(ls[0].each)
		return ls
	}
	return forward
}

// masked returns dy where the normalized value is positive, if there is a ReLU.
func masked(dy value, normalized []float32, relu bool) value {
	if !relu {
		return dy
	}
	m := filled(dy.shape, 0)
	for i, v := range normalized {
		if v > 0 {
			m.data[i] = dy.data[i]
		}
	}
	return m
}

// composeNorm is a NormBlock made of primitives.
func composeNorm(b backend.Backend, out, in []backend.Buffer, residual backend.Buffer, block backend.NormBlock) {
	b.InstanceNorm(out[0], out[1], out[2], in[0], in[1], in[2], block.Eps)
	if block.ReLU {
		b.ReLU(out[0], out[0])
	}
	if residual != nil {
		b.Axpy(out[0], residual, block.Alpha, true)
	}
}

// composeNormGrad is the gradient of a NormBlock made of primitives; the mask
// comes from normalizing again.
func composeNormGrad(b backend.Backend, out, in []backend.Buffer, block backend.NormBlock, add, addParams bool) {
	dy, x, mean, rstd, gamma, beta := in[0], in[1], in[2], in[3], in[4], in[5]
	if block.ReLU {
		y, m, r, dz := b.Alloc(x.Shape()), b.Alloc(mean.Shape()), b.Alloc(mean.Shape()), b.Alloc(x.Shape())
		b.InstanceNorm(y, m, r, x, gamma, beta, block.Eps)
		b.ReLUGrad(dz, dy, y, false)
		dy = dz
	}
	b.InstanceNormGrad(out[0], out[1], out[2], dy, x, mean, rstd, gamma, add, addParams)
}
