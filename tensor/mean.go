package tensor

import "github.com/impasto-go/impasto/tensor/backend"

// Mean returns the scalar weight * mean(x) over all elements.
func (tp *Tape) Mean(x *Tensor, weight float32) *Tensor {
	return Branch(tp, mean{weight}, backend.Scalar, x)
}

type mean struct{ weight float32 }

func (*mean) Name() string { return "mean" }

func (o *mean) Forward(tp *Tape, y *Tensor, in []*Tensor) {
	tp.be.Mean(y.buf, in[0].buf, o.weight)
}

func (o *mean) Backward(tp *Tape, y *Tensor, in []*Tensor) {
	dx, add := tp.GradFor(in[0])
	tp.be.MeanGrad(dx, y.grad, o.weight, add)
}
