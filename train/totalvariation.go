package train

import (
	"strconv"

	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// TotalVariation is an Objective, the term tv, that smooths the output: weight times
// the sum of the mean squares of the differences between each pixel and its right
// and its lower neighbor, for all pixels that have both, as in Johnson's own code for
// arXiv:1603.08155 (fast_neural_style/TotalVariation.lua).
type TotalVariation struct {
	weight      float64
	be          backend.Backend
	differences *tensor.Tensor         // {6, 3, 2, 2}: a convolution that computes them
	zeros       map[int]*tensor.Tensor // by the number of pictures
}

// NewTotalVariation makes the objective on be. Free it after use.
func NewTotalVariation(be backend.Backend, weight float64) *TotalVariation {
	kernels := tensor.Shape{6, 3, 2, 2}
	w := make([]float32, kernels.Len())
	for c := range 3 {
		for k, neighbor := range [...]int{1, 2} { // right and below
			kernel := w[((2*c+k)*3+c)*4:]
			kernel[0], kernel[neighbor] = -1, 1
		}
	}
	return &TotalVariation{
		weight: weight, be: be, differences: tensor.FromSlice(be, kernels, w).Freeze(),
		zeros: map[int]*tensor.Tensor{},
	}
}

// Terms implements Objective.
func (o *TotalVariation) Terms() []string { return []string{"tv"} }

// Describe implements Describer.
func (o *TotalVariation) Describe(settings map[string]string) {
	settings["tv weight"] = strconv.FormatFloat(o.weight, 'g', -1, 64)
}

// Losses implements Objective.
func (o *TotalVariation) Losses(dst []*tensor.Tensor, p *Pass) []*tensor.Tensor {
	d := p.Tape.Conv2d(p.Output, o.differences, nil, tensor.Conv2dOptions{})
	p.Done()
	loss := p.Tape.MSE(d, o.zerosLike(d), float32(2*o.weight))
	p.Tape.Release(d)
	return append(dst, loss)
}

func (o *TotalVariation) zerosLike(d *tensor.Tensor) *tensor.Tensor {
	n := d.Shape()[0]
	if o.zeros[n] == nil {
		z := tensor.New(o.be, d.Shape())
		o.be.Fill(z.Buffer(), 0)
		o.zeros[n] = z
	}
	return o.zeros[n]
}

// Free gives the memory back.
func (o *TotalVariation) Free() {
	o.differences.Free()
	for _, z := range o.zeros {
		z.Free()
	}
}
