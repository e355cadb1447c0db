package backendtest

import (
	"math"
)

// unit is the largest relative error of rounding to float32.
const unit = 0x1p-24

// growth bounds the error of a sum of so many products in units of the rounding
// error of its partial sums.
//
// Rounding errors behave like independent random variables of mean zero, so that
// they grow with the square root of their number (Higham and Mary, "A new
// approach to probabilistic rounding error analysis", SIAM J. Sci. Comput. 41,
// 2019: a factor lambda*sqrt(n) instead of n holds with a probability of
// 1-2*exp(-lambda²/2) each). The suite's data are random too. lambda is 4, and 4
// more units are for the product, a fused or separate addition to the
// destination, and the rounding of the expected value.
func growth(terms int) float64 { return 4 + 4*math.Sqrt(float64(terms)) }

// limit is what one result may be wrong by: each element in absolute terms, and
// the L2 norm of all errors. A nil each demands equality.
type limit struct {
	each []float64
	norm float64
}

// limits computes the limits of all results of a call.
type limits func(tol Tolerance, c *call, want [][]float32) []limit

// exact demands the very result: for operations that only move or select.
func exact(_ Tolerance, c *call, _ [][]float32) []limit { return make([]limit, len(c.out)) }

// rounded is for operations with a few roundings per element and no
// cancellation but that against the destination:
//
//	unit * growth(1) * (|want| + |before|)
func rounded(_ Tolerance, c *call, want [][]float32) []limit {
	ls := make([]limit, len(want))
	for o := range want {
		each := make([]float64, len(want[o]))
		for i, w := range want[o] {
			each[i] = unit*growth(1)*(math.Abs(float64(w))+before(c, o, i)) + math.SmallestNonzeroFloat32
		}
		ls[o] = newLimit(each)
	}
	return ls
}

// sums is for results that are sums of products, result o having terms[o] of them:
//
//	unit * growth(terms) * (|want| + sqrt(sum of the squares of all terms))
//
// The root is the expected size of partial sums of random signs, |want| that of
// partial sums of equal signs. The reference computes the sum of squares, by the
// same call on squared operands, times factor where the operation multiplies its
// sums by a constant of its own.
func sums(factor float64, terms ...int) limits {
	return func(_ Tolerance, c *call, want [][]float32) []limit {
		squares := *c
		squares.in, squares.out = squared(c.in), make([]value, len(c.out))
		for o, v := range c.out {
			squares.out[o] = filled(v.shape, 0)
		}
		sq := squares.expect()
		ls := make([]limit, len(want))
		for o := range want {
			each := make([]float64, len(want[o]))
			for i, w := range want[o] {
				b := before(c, o, i)
				each[i] = unit * growth(terms[o]) * (math.Abs(float64(w)) + math.Sqrt(factor*float64(sq[o][i])+b*b))
			}
			ls[o] = newLimit(each)
		}
		return ls
	}
}

// convSums is sums with the tolerance of convolutions applied.
func convSums(terms ...int) limits {
	direct := sums(1, terms...)
	return func(tol Tolerance, c *call, want [][]float32) []limit {
		ls := direct(tol, c, want)
		if tol.Conv == 1 {
			return ls
		}
		for _, l := range ls {
			largest := 0.0
			for _, e := range l.each {
				largest = max(largest, e)
			}
			for i := range l.each {
				l.each[i] = tol.Conv * largest
			}
		}
		for o := range ls {
			ls[o].norm *= tol.Conv
		}
		return ls
	}
}

// newLimit adds the limit of the L2 norm: a quarter of that of the elements'
// limits, which has lambda = 1, and as the typical error is a fraction of one
// standard deviation, is never reached by many elements at once.
func newLimit(each []float64) limit {
	if len(each) < 16 {
		return limit{each, math.Inf(1)}
	}
	sum := 0.0
	for _, e := range each {
		sum += e * e
	}
	return limit{each, math.Sqrt(sum) / 4}
}

// before returns the magnitude of what destination o held, zero if undefined.
func before(c *call, o, i int) float64 {
	b := math.Abs(float64(c.out[o].data[i]))
	if math.IsNaN(b) {
		return 0
	}
	return b
}

func squared(vs []value) []value {
	sq := make([]value, len(vs))
	for i, v := range vs {
		sq[i] = filled(v.shape, 0)
		for j, x := range v.data {
			sq[i].data[j] = x * x
		}
	}
	return sq
}
