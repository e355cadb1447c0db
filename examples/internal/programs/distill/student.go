package distill

import (
	"fmt"
	"math"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/vgg"
)

// taps are the layers whose features the student learns: the tutorial's, as deep as
// it goes.
var taps = []vgg.Layer{vgg.Relu12, vgg.Relu22, vgg.Relu34}

// student is a narrow VGG-19 that learns. Its features f of a tap are few, and the
// teacher's F many: the student learns a matrix A, too, with which A f is like F.
type student struct {
	be     backend.Backend
	convs  []nn.Param // weight and bias of each convolution
	lifts  []nn.Param // A of each tap, {teacher's channels, student's, 1, 1}
	params []nn.Param
}

// newStudent makes one that begins with weights of its own.
func newStudent(be backend.Backend, convs, lifts statedict.Dict) *student {
	s := &student{be: be}
	for _, e := range append(convs, lifts...) {
		shape := tensor.Vec(e.Shape[0])
		if len(e.Shape) == 4 {
			shape = tensor.Shape(e.Shape)
		}
		s.params = append(s.params, nn.Param{Name: e.Name, Shape: e.Shape, Tensor: tensor.FromSlice(be, shape, e.Data).RequireGrad()})
	}
	s.convs, s.lifts = s.params[:len(convs)], s.params[len(convs):]
	return s
}

// features returns what the student takes the teacher's features of normalized pictures
// x {N, 3, H, W} at the taps to be.
func (s *student) features(tp *tensor.Tape, x *tensor.Tensor) []*tensor.Tensor {
	var out []*tensor.Tensor
	h := x
	at, tap := 0, 0
	for block := 1; tap < len(taps); block++ {
		if block > 1 {
			h = tp.MaxPool2(h)
		}
		for conv := 1; ; conv++ {
			h = tp.Conv2d(h, s.convs[at].Tensor, s.convs[at+1].Tensor, tensor.Conv2dOptions{Padding: 1, ReLU: true})
			at += 2
			if (vgg.Layer{Block: block, Conv: conv}) == taps[tap] {
				break
			}
		}
		out = append(out, tp.Conv2d(h, s.lifts[tap].Tensor, nil, tensor.Conv2dOptions{}))
		tap++
	}
	return out
}

// stateDict returns the student as package vgg loads it, with a view at each tap in
// the place of A. A view R has as few rows as columns and RᵀR = c/C AᵀA, for c of the
// student's and C of the teacher's channels: then mean squared differences of R f are
// those of A f, and so are those of Gram matrices, with vgg.VGG's GramWeight.
func (s *student) stateDict() (statedict.Dict, error) {
	d := nn.StateDict(s.convs)
	for i, l := range taps {
		lift := s.lifts[i]
		many, few := lift.Shape[0], lift.Shape[1]
		a := lift.Tensor.Values()
		square := make([][]float64, few)
		for r := range square {
			square[r] = make([]float64, few)
			for c := range square[r] {
				for k := range many {
					square[r][c] += float64(a[k*few+r]) * float64(a[k*few+c])
				}
				square[r][c] *= float64(few) / float64(many)
			}
		}
		root, err := cholesky(square)
		if err != nil {
			return nil, fmt.Errorf("the view of %v: %w", l, err)
		}
		d = append(d, statedict.Entry{Name: vgg.ViewName(l), Shape: []int{few, few, 1, 1}, Data: root})
	}
	return d, nil
}

// cholesky returns the upper triangular R, row by row, with RᵀR = m, which is
// symmetric and positive definite.
func cholesky(m [][]float64) ([]float32, error) {
	n := len(m)
	lower := make([][]float64, n)
	root := make([]float32, n*n)
	for i := range n {
		lower[i] = make([]float64, n)
		for j := range i + 1 {
			sum := m[i][j]
			for k := range j {
				sum -= lower[i][k] * lower[j][k]
			}
			if i == j {
				if sum <= 0 {
					return nil, fmt.Errorf("channel %d depends on others", i)
				}
				sum = math.Sqrt(sum)
			} else {
				sum /= lower[j][j]
			}
			lower[i][j] = sum
			root[j*n+i] = float32(sum)
		}
	}
	return root, nil
}
