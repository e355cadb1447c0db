package f32

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// Bᵀ, Aᵀ and G of F(3, 3), for the points 0, 1, -1, 2 and infinity.
var (
	nestedB = [][]float64{{2, -1, -2, 1, 0}, {0, -2, -1, 1, 0}, {0, 2, -3, 1, 0}, {0, -1, 0, 1, 0}, {0, 2, -1, -2, 1}}
	nestedA = [][]float64{{1, 1, 1, 1, 0}, {0, 1, -1, 2, 0}, {0, 1, 1, 4, 1}}
	nestedG = [][]float64{{1. / 2, 0, 0}, {-1. / 2, -1. / 2, -1. / 2}, {-1. / 6, 1. / 6, -1. / 6}, {1. / 6, 2. / 6, 4. / 6}, {0, 0, 1}}
)

// nested returns the matrix that applies by to squares of cols by cols values, whose
// rows begin step apart.
func nested(by [][]float64, cols, step int) [][]float64 {
	all := make([][]float64, len(by)*len(by))
	for i := range all {
		all[i] = make([]float64, step*(cols-1)+cols)
		for a, p := range by[i/len(by)] {
			for b, q := range by[i%len(by)] {
				all[i][step*a+b] += p * q
			}
		}
	}
	return all
}

func nestedKernels() []kernel {
	// Rows lie side by side, with 3 floats between those of the result.
	transform := func(name string, by [][]float64, call func(dst []float32, ds int, x []float32, n int)) kernel {
		rows, cols := len(by), len(by[0])
		return kernel{name: name, terms: constTerms(81),
			sizes: func(n int) []int { return []int{(rows-1)*(n+3) + n, cols * n} },
			call:  func(n int, b [][]float32) { call(b[0], n+3, b[1], n) },
			want: func(n int, b [][]float64) {
				for i, row := range by {
					for p := range n {
						b[0][i*(n+3)+p] = 0
						for j, c := range row {
							b[0][i*(n+3)+p] += c * b[1][j*n+p]
						}
					}
				}
			}}
	}
	return []kernel{
		transform("NestedInput", nested(nestedB, 5, 3),
			func(v []float32, vs int, x []float32, n int) { NestedInput(v, vs, x, n, n) }),
		transform("NestedOutput", nested(nestedA, 5, 5),
			func(y []float32, ys int, m []float32, n int) { NestedOutput(y, ys, m, n, n) }),
	}
}

// TestNestedConvolves checks that transform, product and inverse transform equal
// the direct correlation of 17 rows with 9 taps in float64.
func TestNestedConvolves(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(11, 12))
		const n = 37
		x, v, y := make([]float32, 17*n), make([]float32, 25*n), make([]float32, 9*n)
		for i := range x {
			x[i] = r.Float32()*2 - 1
		}
		var g [9]float64
		for i := range g {
			g[i] = r.Float64()*2 - 1
		}
		NestedInput(v, n, x, n, n)
		weights := nested(nestedG, 3, 3)
		for i := range v {
			u := 0.0
			for k, c := range weights[i/n] {
				u += c * g[k]
			}
			v[i] *= float32(u)
		}
		NestedOutput(y, n, v, n, n)
		for i, got := range y {
			want := 0.0
			for k, c := range g {
				want += c * float64(x[i+k*n])
			}
			require.InDelta(t, want, got, 2e-5)
		}
	})
}
