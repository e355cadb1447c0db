package tensor

import "github.com/impasto-go/impasto/tensor/backend"

// TotalVariation returns the scalar weight/len(x) times the sum of the squared
// differences of all pixels to their right and to their lower neighbors: the
// regularizer that Johnson et al. (arXiv:1603.08155) smooth images with, after
// Mahendran and Vedaldi (arXiv:1412.0035, with β = 2).
func (tp *Tape) TotalVariation(x *Tensor, weight float32) *Tensor {
	return Branch(tp, totalVariation{weight}, backend.Scalar, x)
}

type totalVariation struct{ weight float32 }

func (*totalVariation) Name() string { return "totalvariation" }

func (o *totalVariation) Forward(tp *Tape, y *Tensor, in []*Tensor) {
	tp.be.TotalVariation(y.buf, in[0].buf, o.weight)
}

func (o *totalVariation) Backward(tp *Tape, y *Tensor, in []*Tensor) {
	dx, add := tp.GradFor(in[0])
	tp.be.TotalVariationGrad(dx, y.grad, in[0].buf, o.weight, add)
}
