package distill

import (
	"fmt"

	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/vgg"
)

// prune returns the convolutions of the teacher with the given number of filters in the
// first block, and the lifts of the taps: of each layer those channels are kept that tell
// most of the others, which are linear functions of them. moments has the sums of products
// of every two channels, of each layer.
func prune(teacher statedict.Dict, width int, layers []vgg.Layer, moments [][]float64) (convs, lifts statedict.Dict) {
	convs = vgg.NarrowLayout(layers[len(layers)-1], width)
	in, before := 3, [][]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}} // channels before, as functions of those kept
	for i, l := range layers {
		weight, bias := convs[2*i], convs[2*i+1]
		w, b := teacher.Lookup(weight.Name), teacher.Lookup(bias.Name)
		few := weight.Shape[0]
		kept, lift := mostTelling(moments[i], w.Shape[0], few)
		narrow := weight.Shape[1]
		for k, from := range kept {
			bias.Data[k] = b.Data[from]
			for c := range in {
				for s := range narrow {
					for at := range 9 {
						weight.Data[(k*narrow+s)*9+at] += float32(before[c][s]) * w.Data[(from*in+c)*9+at]
					}
				}
			}
		}
		in, before = w.Shape[0], lift
		for _, t := range taps {
			if l == t {
				e := statedict.Entry{Name: vgg.ViewName(l), Shape: []int{in, few, 1, 1}}
				for _, row := range lift {
					for _, v := range row {
						e.Data = append(e.Data, float32(v))
					}
				}
				lifts = append(lifts, e)
			}
		}
	}
	return convs, lifts
}

// mostTelling chooses few of n channels with the given moments, greedily those that
// explain most of what is left of all, and returns the matrix that all are of the chosen
// by least squares: a Cholesky decomposition with pivots.
func mostTelling(moments []float64, n, few int) (kept []int, lift [][]float64) {
	left := make([][]float64, n)
	for r := range left {
		left[r] = append([]float64(nil), moments[r*n:(r+1)*n]...)
	}
	columns := make([][]float64, n) // of the factor, by rows
	for range few {
		best, most := -1, 0.0
		for c := range n {
			if left[c][c] <= 1e-9*moments[c*n+c] {
				continue
			}
			gain := 0.0
			for r := range n {
				gain += left[r][c] * left[r][c]
			}
			if gain /= left[c][c]; gain > most {
				best, most = c, gain
			}
		}
		if best < 0 {
			panic(fmt.Sprintf("distill: only %d of %d channels differ", len(kept), n))
		}
		kept = append(kept, best)
		root := make([]float64, n)
		for r := range n {
			root[r] = left[r][best]
		}
		for r := range n {
			columns[r] = append(columns[r], root[r]/root[best])
			for c := range n {
				left[r][c] -= root[r] * root[c] / root[best]
			}
		}
	}
	// columns is unit lower triangular in the rows kept: the rest of the elimination.
	lift = make([][]float64, n)
	for r, row := range columns {
		lift[r] = append([]float64(nil), row...)
		for k := few - 1; k >= 0; k-- {
			for j := k + 1; j < few; j++ {
				lift[r][k] -= lift[r][j] * columns[kept[j]][k]
			}
		}
	}
	return kept, lift
}
