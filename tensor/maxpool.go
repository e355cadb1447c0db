package tensor

// MaxPool2 takes the maximum of each 2x2 window with stride 2; an odd last row
// or column is dropped: PyTorch's MaxPool2d(2, 2). x needs at least 2x2 pixels.
func (tp *Tape) MaxPool2(x *Tensor) *Tensor {
	checkMaxPool2("input", x.shape)
	return Apply(tp, maxPool{}, pooledShape(x.shape), x)
}

func checkMaxPool2(name string, s Shape) {
	if s[2] < 2 || s[3] < 2 {
		fail("maxpool", "needs at least 2×2 pixels", Operand{name, s})
	}
}

func pooledShape(s Shape) Shape { return Shape{s[0], s[1], s[2] / 2, s[3] / 2} }

type maxPool struct {
	done bool // with the convolution before
}

func (*maxPool) Name() string { return "maxpool" }

func (o *maxPool) Forward(tp *Tape, y *Tensor, in []*Tensor) {
	if !o.done {
		tp.be.MaxPool2(y.buf, in[0].buf)
	}
}

func (*maxPool) Backward(tp *Tape, y *Tensor, in []*Tensor) {
	dx, add := tp.GradFor(in[0])
	tp.be.MaxPool2Grad(dx, y.grad, in[0].buf, y.buf, add)
}
