package tensor

// ChannelAffine returns x*scale + shift with constants scale and shift
// {1, C, 1, 1} per channel, such as those that normalize an image for VGG.
func (tp *Tape) ChannelAffine(x, scale, shift *Tensor) *Tensor {
	if c := Vec(x.shape[1]); scale.shape != c || shift.shape != c {
		fail("channelaffine", "scale and shift must be "+c.String(),
			operand("input", x), operand("scale", scale), operand("shift", shift))
	}
	return Apply(tp, channelAffine{}, x.shape, x, scale, shift)
}

type channelAffine struct{}

func (channelAffine) Name() string { return "channelaffine" }

func (channelAffine) Forward(tp *Tape, y *Tensor, in []*Tensor) {
	tp.be.ChannelAffine(y.buf, in[0].buf, in[1].buf, in[2].buf)
}

func (channelAffine) Backward(tp *Tape, y *Tensor, in []*Tensor) {
	if dx, add := tp.GradFor(in[0]); dx != nil {
		tp.be.ChannelAffineGrad(dx, y.grad, in[1].buf, add)
	}
}
