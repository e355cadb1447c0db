package tensor

// Sigmoid returns 1/(1+exp(-x)), element by element.
func (tp *Tape) Sigmoid(x *Tensor) *Tensor { return Apply(tp, sigmoid{}, x.shape, x) }

type sigmoid struct{}

func (sigmoid) Name() string { return "sigmoid" }

func (sigmoid) Forward(tp *Tape, y *Tensor, in []*Tensor) { tp.be.Sigmoid(y.buf, in[0].buf) }

func (sigmoid) Backward(tp *Tape, y *Tensor, in []*Tensor) {
	dx, add := tp.GradFor(in[0])
	tp.be.SigmoidGrad(dx, y.grad, y.buf, add)
}
