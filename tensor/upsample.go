package tensor

import "fmt"

// Upsample repeats every pixel factor times in both directions: PyTorch's
// interpolate with mode "nearest" and an integer scale factor.
func (tp *Tape) Upsample(x *Tensor, factor int) *Tensor {
	if factor < 1 {
		fail("upsample", fmt.Sprintf("factor %d must be at least 1", factor), operand("input", x))
	}
	s := x.shape
	return Apply(tp, upsample{factor}, Shape{s[0], s[1], s[2] * factor, s[3] * factor}, x)
}

type upsample struct{ factor int }

func (*upsample) Name() string { return "upsample" }

func (o *upsample) Forward(tp *Tape, y *Tensor, in []*Tensor) {
	tp.be.Upsample(y.buf, in[0].buf, o.factor)
}

func (o *upsample) Backward(tp *Tape, y *Tensor, in []*Tensor) {
	dx, add := tp.GradFor(in[0])
	tp.be.UpsampleGrad(dx, y.grad, o.factor, add)
}
