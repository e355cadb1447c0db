package tensor

import "github.com/impasto-go/impasto/tensor/backend"

// MSE returns the scalar weight * mean((a-b)²) over all elements: PyTorch's
// MSELoss times a loss weight. The shapes must be equal.
func (tp *Tape) MSE(a, b *Tensor, weight float32) *Tensor {
	checkEqual("mse", a, b)
	return Branch(tp, mse{weight}, backend.Scalar, a, b)
}

type mse struct{ weight float32 }

func (*mse) Name() string { return "mse" }

func (o *mse) Forward(tp *Tape, y *Tensor, in []*Tensor) {
	tp.be.MSE(y.buf, in[0].buf, in[1].buf, o.weight)
}

func (o *mse) Backward(tp *Tape, y *Tensor, in []*Tensor) {
	a, b := in[0], in[1]
	if da, add := tp.GradFor(a); da != nil {
		tp.be.MSEGrad(da, y.grad, a.buf, b.buf, o.weight, add)
	}
	if db, add := tp.GradFor(b); db != nil {
		tp.be.MSEGrad(db, y.grad, b.buf, a.buf, o.weight, add)
	}
}
