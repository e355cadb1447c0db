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
	for i, t := range in {
		if g, add := tp.GradFor(t); g != nil {
			tp.be.MSEGrad(g, y.grad, t.buf, in[1-i].buf, o.weight, add)
		}
	}
}
