package tensor

// Scale returns alpha*x, element by element.
func (tp *Tape) Scale(x *Tensor, alpha float32) *Tensor {
	return Apply(tp, scale{alpha}, x.shape, x)
}

type scale struct{ alpha float32 }

func (*scale) Name() string { return "scale" }

func (o *scale) Forward(tp *Tape, y *Tensor, in []*Tensor) {
	tp.be.Axpy(y.buf, in[0].buf, o.alpha, false)
}

func (o *scale) Backward(tp *Tape, y *Tensor, in []*Tensor) {
	tp.passGrad(in[0], y, o.alpha, true)
}
