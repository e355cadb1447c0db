package tensor

import (
	"fmt"

	"github.com/impasto-go/impasto/tensor/backend"
)

// AbsVariation returns the scalar weight/len(x) times the sum of sqrt(d² + eps²) over
// the differences d of all pixels to their right and to their lower neighbors: the
// anisotropic form of the total variation of Rudin, Osher and Fatemi (Nonlinear total
// variation based noise removal algorithms, Physica D 1992), smooth where differences
// are below eps as in Charbonnier. Unlike TotalVariation, it weighs an edge by its
// height alone, however sharp it is. With eps 0 it sums absolute differences, whose
// gradient is zero where neighbors are equal. The weight may be negative, eps not.
func (tp *Tape) AbsVariation(x *Tensor, weight, eps float32) *Tensor {
	if eps < 0 {
		fail("absvariation", fmt.Sprintf("eps %g is negative", eps), operand("x", x))
	}
	return Branch(tp, absVariation{weight, eps}, backend.Scalar, x)
}

type absVariation struct{ weight, eps float32 }

func (*absVariation) Name() string { return "absvariation" }

func (o *absVariation) Forward(tp *Tape, y *Tensor, in []*Tensor) {
	tp.be.AbsVariation(y.buf, in[0].buf, o.weight, o.eps)
}

func (o *absVariation) Backward(tp *Tape, y *Tensor, in []*Tensor) {
	dx, add := tp.GradFor(in[0])
	tp.be.AbsVariationGrad(dx, y.grad, in[0].buf, o.weight, o.eps, add)
}
