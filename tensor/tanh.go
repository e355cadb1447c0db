package tensor

// Tanh returns the hyperbolic tangent of x, element by element.
func (tp *Tape) Tanh(x *Tensor) *Tensor { return Apply(tp, tanh{}, x.shape, x) }

type tanh struct{}

func (tanh) Name() string { return "tanh" }

func (tanh) Forward(tp *Tape, y *Tensor, in []*Tensor) { tp.be.Tanh(y.buf, in[0].buf) }

func (tanh) Backward(tp *Tape, y *Tensor, in []*Tensor) {
	dx, add := tp.GradFor(in[0])
	tp.be.TanhGrad(dx, y.grad, y.buf, add)
}
