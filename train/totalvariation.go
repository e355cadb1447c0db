package train

import (
	"strconv"

	"github.com/impasto-go/impasto/tensor"
)

// TotalVariation is an Objective, the term tv, that smooths the output: Weight times
// the mean over all values of the squared differences to the right and to the lower
// neighbor (Johnson et al., arXiv:1603.08155).
type TotalVariation struct{ Weight float64 }

// Terms implements Objective.
func (o TotalVariation) Terms() []string { return []string{"tv"} }

// Describe implements Describer.
func (o TotalVariation) Describe(settings map[string]string) {
	settings["tv weight"] = strconv.FormatFloat(o.Weight, 'g', -1, 64)
}

// Losses implements Objective.
func (o TotalVariation) Losses(dst []*tensor.Tensor, p *Pass) []*tensor.Tensor {
	dst = append(dst, p.Tape.TotalVariation(p.Output, float32(o.Weight)))
	p.Done()
	return dst
}
