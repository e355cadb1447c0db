package tensor

// ReLU returns max(x, 0), element by element.
func (tp *Tape) ReLU(x *Tensor) *Tensor { return Apply(tp, relu{}, x.shape, x) }

type relu struct{}

func (relu) Name() string { return "relu" }

func (relu) Forward(tp *Tape, y *Tensor, in []*Tensor) { tp.be.ReLU(y.buf, in[0].buf) }

func (relu) Backward(tp *Tape, y *Tensor, in []*Tensor) {
	dx, add := tp.GradFor(in[0])
	tp.be.ReLUGrad(dx, y.grad, y.buf, add)
}
