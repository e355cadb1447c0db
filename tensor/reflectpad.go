package tensor

import "fmt"

// ReflectPad mirrors pad pixels at every side without repeating the edge:
// PyTorch's ReflectionPad2d. pad must be smaller than the height and the width.
func (tp *Tape) ReflectPad(x *Tensor, pad int) *Tensor {
	s := x.shape
	if pad < 0 || pad >= s[2] || pad >= s[3] {
		fail("reflectpad", fmt.Sprintf("padding %d must be at least 0 and less than height and width", pad), operand("input", x))
	}
	return Apply(tp, reflectPad{pad}, Shape{s[0], s[1], s[2] + 2*pad, s[3] + 2*pad}, x)
}

type reflectPad struct{ pad int }

func (*reflectPad) Name() string { return "reflectpad" }

func (o *reflectPad) Forward(tp *Tape, y *Tensor, in []*Tensor) {
	tp.be.ReflectPad(y.buf, in[0].buf, o.pad)
}

func (o *reflectPad) Backward(tp *Tape, y *Tensor, in []*Tensor) {
	dx, add := tp.GradFor(in[0])
	tp.be.ReflectPadGrad(dx, y.grad, o.pad, add)
}
