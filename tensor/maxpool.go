package tensor

// MaxPool2 takes the maximum of each 2x2 window with stride 2; an odd last row
// or column is dropped: PyTorch's MaxPool2d(2, 2). x needs at least 2x2 pixels.
func (tp *Tape) MaxPool2(x *Tensor) *Tensor {
	s := x.shape
	if s[2] < 2 || s[3] < 2 {
		fail("maxpool", "needs at least 2×2 pixels", operand("input", x))
	}
	return Apply(tp, maxPool{}, Shape{s[0], s[1], s[2] / 2, s[3] / 2}, x)
}

type maxPool struct{}

func (maxPool) Name() string { return "maxpool" }

func (maxPool) Forward(tp *Tape, y *Tensor, in []*Tensor) { tp.be.MaxPool2(y.buf, in[0].buf) }

func (maxPool) Backward(tp *Tape, y *Tensor, in []*Tensor) {
	dx, add := tp.GradFor(in[0])
	tp.be.MaxPool2Grad(dx, y.grad, in[0].buf, y.buf, add)
}
