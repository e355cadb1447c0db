package tensor

// Gram returns the Gram matrices {N, 1, C, C} of x {N, C, H, W}: the products of
// every two channels, summed over the pixels and divided by C*H*W (Gatys et al.,
// arXiv:1508.06576, with the tutorial's normalization).
func (tp *Tape) Gram(x *Tensor) *Tensor {
	return Branch(tp, gram{}, Shape{x.shape[0], 1, x.shape[1], x.shape[1]}, x)
}

type gram struct{}

func (gram) Name() string { return "gram" }

func (gram) Forward(tp *Tape, y *Tensor, in []*Tensor) { tp.be.Gram(y.buf, in[0].buf) }

func (gram) Backward(tp *Tape, y *Tensor, in []*Tensor) {
	dx, add := tp.GradFor(in[0])
	if tp.gates(in[0]) {
		tp.gate.GramGradGated(dx, y.grad, in[0].buf, add)
		return
	}
	tp.be.GramGrad(dx, y.grad, in[0].buf, add)
}
