package backendtest

import (
	"math"

	"github.com/impasto-go/impasto/tensor/backend"
)

const normEps = 1e-5 // PyTorch's default

var instanceNormOp = operation{
	name: "InstanceNorm",
	table: func(g *gen) []call {
		return each(images(1), func(s backend.Shape) []call { return normCalls(g, g.scaled(s, 3, 2)) })
	},
	random: func(g *gen) []call { return normCalls(g, g.scaled(g.image(1, 1<<14), -20, 5)) },
}

// normCalls returns the normalization and its gradient, with all combinations of
// overwriting and adding.
func normCalls(g *gen, x value) []call {
	s := x.shape
	gamma, beta := g.normal(backend.Vec(s[1])), g.normal(backend.Vec(s[1]))
	forward := normCall(g, x, gamma, beta)
	stats := forward.expect()
	mean, rstd := value{statsShape(s), stats[1]}, value{statsShape(s), stats[2]}
	calls := []call{forward}
	for _, add := range []bool{false, true} {
		for _, addParams := range []bool{false, true} {
			name := adding("InstanceNormGrad", add)
			if addParams {
				name += " addParams"
			}
			calls = append(calls, call{
				desc: name,
				in:   []value{g.normal(s), x, mean, rstd, gamma},
				out:  []value{g.dest(s, add), g.dest(gamma.shape, addParams), g.dest(gamma.shape, addParams)},
				run: func(b backend.Backend, out, in []backend.Buffer) {
					b.InstanceNormGrad(out[0], out[1], out[2], in[0], in[1], in[2], in[3], in[4], add, addParams)
				},
				limits: func(_ Tolerance, c *call, want [][]float32) []limit {
					return normGradLimits(c, c.in[0], x, mean, rstd, gamma, want)
				},
			})
		}
	}
	return calls
}

func normCall(g *gen, x, gamma, beta value) call {
	return call{
		desc: "InstanceNorm",
		in:   []value{x, gamma, beta},
		out:  []value{g.dest(x.shape, false), g.dest(statsShape(x.shape), false), g.dest(statsShape(x.shape), false)},
		run: func(b backend.Backend, out, in []backend.Buffer) {
			b.InstanceNorm(out[0], out[1], out[2], in[0], in[1], in[2], normEps)
		},
		limits: func(_ Tolerance, c *call, want [][]float32) []limit {
			return normLimits(x, gamma, want)
		},
	}
}

func statsShape(s backend.Shape) backend.Shape { return backend.Shape{s[0], s[1], 1, 1} }

// normLimits bounds the errors of the result, the mean and rstd of a plane of n
// elements, d being the largest distance of an element from the mean:
//
//	mean: 4*unit*|mean| + unit*growth(n)*d
//	rstd: rstd * (8*unit + unit*growth(n)*d²*rstd² + (mean's limit)²*rstd²)
//	result: |gamma| * (rstd*(mean's limit) + |x-mean|*(rstd's limit))
//	        + unit*growth(1)*(2*|want| + |gamma*(x-mean)*rstd|)
//
// The mean must be good to a few units in the last place however far it is from
// zero, as if summed in float64 or relative to one of the elements: sums of x and
// x² in float32 are not enough, neither here nor for PyTorch.
func normLimits(x, gamma value, want [][]float32) []limit {
	var y, mean, rstd []float64
	forPlanes(x.shape, func(p, c, begin, end int) {
		m, r, spread := float64(want[1][p]), float64(want[2][p]), 0.0
		for _, v := range x.data[begin:end] {
			spread = max(spread, math.Abs(float64(v)-m))
		}
		noise := unit * growth(end-begin)
		meanLimit := 4*unit*math.Abs(m) + noise*spread
		rstdLimit := r * (8*unit + (noise*spread*spread+meanLimit*meanLimit)*r*r)
		mean, rstd = append(mean, meanLimit), append(rstd, rstdLimit)
		scale := math.Abs(float64(gamma.data[c]))
		for i := begin; i < end; i++ {
			distance, w := math.Abs(float64(x.data[i])-m), math.Abs(float64(want[0][i]))
			y = append(y, scale*(r*meanLimit+distance*rstdLimit)+unit*growth(1)*(2*w+scale*distance*r))
		}
	})
	return []limit{newLimit(y), newLimit(mean), newLimit(rstd)}
}

// normGradLimits bounds the errors of the gradients. With h = (x-mean)*rstd, whose
// own error is eh = unit*(4*|h| + 2*|mean|*rstd), the two sums of n terms over a
// plane, dy and dy*h, are off by
//
//	unit*growth(n)*(|sum| + sqrt(sum of squares)) [+ sum(|dy|*eh)]
//
// which reach dx divided by n, and added up over the batch dbeta and dgamma.
func normGradLimits(c *call, dy, x, mean, rstd, gamma value, want [][]float32) []limit {
	var dx []float64
	dgamma, dbeta := make([]float64, len(gamma.data)), make([]float64, len(gamma.data))
	forPlanes(x.shape, func(p, ch, begin, end int) {
		m, r := float64(mean.data[p]), float64(rstd.data[p])
		h := func(i int) (h, eh float64) {
			h = (float64(x.data[i]) - m) * r
			return h, unit * (4*math.Abs(h) + 2*math.Abs(m)*r)
		}
		var sum, sumSq, sumH, sumHSq, hError float64
		for i := begin; i < end; i++ {
			g := float64(dy.data[i])
			hi, eh := h(i)
			sum, sumSq = sum+g, sumSq+g*g
			sumH, sumHSq = sumH+g*hi, sumHSq+g*hi*g*hi
			hError += math.Abs(g) * eh
		}
		n := float64(end - begin)
		noise := unit * growth((end-begin)*x.shape[0])
		betaLimit := noise * (math.Abs(sum) + math.Sqrt(sumSq))
		gammaLimit := noise*(math.Abs(sumH)+math.Sqrt(sumHSq)) + hError
		dbeta[ch] += betaLimit
		dgamma[ch] += gammaLimit
		for i := begin; i < end; i++ {
			hi, eh := h(i)
			terms := math.Abs(float64(dy.data[i])) + math.Abs(sum/n) + math.Abs(hi*sumH/n)
			e := (betaLimit + math.Abs(hi)*gammaLimit + eh*math.Abs(sumH)) / n
			dx = append(dx, math.Abs(float64(gamma.data[ch])*r)*(e+unit*growth(1)*terms)+
				unit*growth(1)*(math.Abs(float64(want[0][i]))+before(c, 0, i)))
		}
	})
	for i := range dgamma {
		dgamma[i] += unit * growth(1) * (math.Abs(float64(want[1][i])) + before(c, 1, i))
		dbeta[i] += unit * growth(1) * (math.Abs(float64(want[2][i])) + before(c, 2, i))
	}
	return []limit{newLimit(dx), newLimit(dgamma), newLimit(dbeta)}
}

// forPlanes visits the planes of a tensor: plane p has channel c and the elements
// from begin to end.
func forPlanes(s backend.Shape, f func(p, c, begin, end int)) {
	area := s[2] * s[3]
	for p := range s[0] * s[1] {
		f(p, p%s[1], p*area, (p+1)*area)
	}
}
