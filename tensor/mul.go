package tensor

// Mul returns a*b, element by element; the shapes must be equal.
func (tp *Tape) Mul(a, b *Tensor) *Tensor {
	checkEqual("mul", a, b)
	return Apply(tp, mul{}, a.shape, a, b)
}

type mul struct{}

func (mul) Name() string { return "mul" }

func (mul) Forward(tp *Tape, y *Tensor, in []*Tensor) {
	tp.be.Mul(y.buf, in[0].buf, in[1].buf, false)
}

func (mul) Backward(tp *Tape, y *Tensor, in []*Tensor) {
	for i, t := range in {
		if g, add := tp.GradFor(t); g != nil {
			tp.be.Mul(g, y.grad, in[1-i].buf, add)
		}
	}
}
