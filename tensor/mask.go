package tensor

// Mask multiplies every channel of x {N, C, H, W} with the constant mask
// {N, 1, H, W}, such as that of WarpMask: errors of masked tensors count only
// where the mask lets them.
func (tp *Tape) Mask(x, mask *Tensor) *Tensor {
	s := x.shape
	if want := (Shape{s[0], 1, s[2], s[3]}); mask.shape != want {
		fail("mask", "the mask must be "+want.String(), operand("input", x), operand("mask", mask))
	}
	return Apply(tp, maskChannels{}, s, x, mask)
}

type maskChannels struct{}

func (maskChannels) Name() string { return "mask" }

func (maskChannels) Forward(tp *Tape, y *Tensor, in []*Tensor) {
	tp.be.Mask(y.buf, in[0].buf, in[1].buf, false)
}

func (maskChannels) Backward(tp *Tape, y *Tensor, in []*Tensor) {
	if dx, add := tp.GradFor(in[0]); dx != nil {
		tp.be.Mask(dx, y.grad, in[1].buf, add)
	}
}
