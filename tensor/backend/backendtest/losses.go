package backendtest

import (
	"fmt"
	"math"

	"github.com/impasto-go/impasto/tensor/backend"
)

// lossOp makes an operation that is tested with a loss weight on each shape.
func lossOp(name string, calls func(g *gen, s backend.Shape, weight float32) []call) operation {
	weighted := func(g *gen, s backend.Shape) []call {
		return calls(g, s, []float32{1, 1e5, 2e9}[g.IntN(3)])
	}
	return operation{
		name:   name,
		table:  func(g *gen) []call { return each(images(1), func(s backend.Shape) []call { return weighted(g, s) }) },
		random: func(g *gen) []call { return weighted(g, g.image(1, 1<<14)) },
	}
}

var meanOp = lossOp("Mean", meanCalls)

// meanCalls returns the mean, whose terms' signs are random, and its gradient.
func meanCalls(g *gen, s backend.Shape, weight float32) []call {
	x := g.normal(s)
	calls := []call{{
		desc: fmt.Sprintf("Mean %g", weight),
		in:   []value{x},
		out:  []value{g.dest(backend.Scalar, false)},
		run:  func(b backend.Backend, out, in []backend.Buffer) { b.Mean(out[0], in[0], weight) },
		limits: func(_ Tolerance, _ *call, want [][]float32) []limit {
			squares := 0.0
			for _, v := range x.data {
				squares += float64(v) * float64(v)
			}
			scale := float64(weight) / float64(s.Len())
			return []limit{newLimit([]float64{unit * growth(s.Len()) * (math.Abs(float64(want[0][0])) + scale*math.Sqrt(squares))})}
		},
	}}
	for _, add := range []bool{false, true} {
		calls = append(calls, call{
			desc:   adding(fmt.Sprintf("MeanGrad %g", weight), add),
			in:     []value{filled(backend.Scalar, 0.75)},
			out:    []value{g.dest(s, add)},
			run:    func(b backend.Backend, out, in []backend.Buffer) { b.MeanGrad(out[0], in[0], weight, add) },
			limits: rounded,
		})
	}
	return calls
}

var charbonnierOp = lossOp("Charbonnier", charbonnierCalls)

// charbonnierCalls returns the error and its gradient, smooth and not, of values
// some of which are equal. The terms of the error are positive.
func charbonnierCalls(g *gen, s backend.Shape, weight float32) []call {
	a, b := g.normal(s), g.normal(s)
	for i := range a.data {
		if g.IntN(4) == 0 {
			b.data[i] = a.data[i]
		}
	}
	var calls []call
	for _, eps := range []float32{0, 0.01, 3} {
		calls = append(calls, call{
			desc: fmt.Sprintf("Charbonnier %g eps %g", weight, eps),
			in:   []value{a, b},
			out:  []value{g.dest(backend.Scalar, false)},
			run: func(b backend.Backend, out, in []backend.Buffer) {
				b.Charbonnier(out[0], in[0], in[1], weight, eps)
			},
			limits: positiveSum(s.Len()),
		})
		for _, add := range []bool{false, true} {
			calls = append(calls, call{
				desc: adding(fmt.Sprintf("CharbonnierGrad %g eps %g", weight, eps), add),
				in:   []value{filled(backend.Scalar, 0.75), a, b},
				out:  []value{g.dest(s, add)},
				run: func(b backend.Backend, out, in []backend.Buffer) {
					b.CharbonnierGrad(out[0], in[0], in[1], in[2], weight, eps, add)
				},
				limits: rounded,
			})
		}
	}
	return calls
}

var totalVariationOp = lossOp("TotalVariation", totalVariationCalls)

// totalVariationCalls returns the loss, whose terms are positive, and its gradient:
// sums of four differences.
func totalVariationCalls(g *gen, s backend.Shape, weight float32) []call {
	x := g.normal(s)
	calls := []call{{
		desc:   fmt.Sprintf("TotalVariation %g", weight),
		in:     []value{x},
		out:    []value{g.dest(backend.Scalar, false)},
		run:    func(b backend.Backend, out, in []backend.Buffer) { b.TotalVariation(out[0], in[0], weight) },
		limits: positiveSum(2 * s.Len()),
	}}
	for _, add := range []bool{false, true} {
		calls = append(calls, call{
			desc: adding(fmt.Sprintf("TotalVariationGrad %g", weight), add),
			in:   []value{filled(backend.Scalar, 0.75), x},
			out:  []value{g.dest(s, add)},
			run: func(b backend.Backend, out, in []backend.Buffer) {
				b.TotalVariationGrad(out[0], in[0], in[1], weight, add)
			},
			limits: func(_ Tolerance, c *call, want [][]float32) []limit {
				scale := 0.75 * float64(weight) * 2 / float64(s.Len())
				each := make([]float64, s.Len())
				for i, v := range x.data {
					// The pixel and its neighbors, of standard deviation 1.
					each[i] = unit * growth(4) * (scale*(4*math.Abs(float64(v))+4) + math.Abs(float64(want[0][i])) + before(c, 0, i))
				}
				return []limit{newLimit(each)}
			},
		})
	}
	return calls
}

// absVariationOp also has images whose rows the CPU divides among parts: pairs of rows
// of two parts have code of their own.
var absVariationOp = func() operation {
	o := lossOp("AbsVariation", absVariationCalls)
	small := o.table
	o.table = func(g *gen) []call {
		return append(small(g), absVariationCalls(g, backend.Shape{1, 3, 120, 96}, 1e5)...)
	}
	return o
}()

// absVariationCalls returns the loss, smooth and not, and its gradient, of values some
// of which equal a neighbor. The terms of the loss have the sign of the weight; those
// of the gradient are up to four slopes of at most 1.
func absVariationCalls(g *gen, s backend.Shape, weight float32) []call {
	x := g.normal(s)
	for i := range x.data {
		if from := i - []int{1, s[3]}[g.IntN(2)]; from >= 0 && g.IntN(4) == 0 {
			x.data[i] = x.data[from]
		}
	}
	var calls []call
	for _, o := range []struct{ weight, eps float32 }{{weight, 0}, {-weight, 0.01}, {weight, 3}} {
		calls = append(calls, call{
			desc:   fmt.Sprintf("AbsVariation %g eps %g", o.weight, o.eps),
			in:     []value{x},
			out:    []value{g.dest(backend.Scalar, false)},
			run:    func(b backend.Backend, out, in []backend.Buffer) { b.AbsVariation(out[0], in[0], o.weight, o.eps) },
			limits: positiveSum(2 * s.Len()),
		})
		for _, add := range []bool{false, true} {
			calls = append(calls, call{
				desc: adding(fmt.Sprintf("AbsVariationGrad %g eps %g", o.weight, o.eps), add),
				in:   []value{filled(backend.Scalar, 0.75), x},
				out:  []value{g.dest(s, add)},
				run: func(b backend.Backend, out, in []backend.Buffer) {
					b.AbsVariationGrad(out[0], in[0], in[1], o.weight, o.eps, add)
				},
				limits: func(_ Tolerance, c *call, want [][]float32) []limit {
					slopes := 4 * 0.75 * float64(weight) / float64(s.Len())
					each := make([]float64, s.Len())
					for i, w := range want[0] {
						each[i] = unit * growth(4) * (slopes + math.Abs(float64(w)) + before(c, 0, i))
					}
					return []limit{newLimit(each)}
				},
			})
		}
	}
	return calls
}
