package tensor

type affineNode struct{ x, scale, y *Tensor }

// ChannelAffine returns x*scale + shift with constants scale and shift
// {1, C, 1, 1} per channel, such as those that normalise an image for VGG.
func (tp *Tape) ChannelAffine(x, scale, shift *Tensor) *Tensor {
	if c := Vec(x.shape[1]); scale.shape != c || shift.shape != c {
		fail("channelaffine", "scale and shift must be "+c.String(),
			operand("input", x), operand("scale", scale), operand("shift", shift))
	}
	start := tp.begin()
	y := tp.make(x.shape, x.needsGrad)
	tp.be.ChannelAffine(y.buf, x.buf, scale.buf, shift.buf)
	if y.needsGrad {
		n := tp.affines.next()
		*n = affineNode{tp.keep(x), scale, y}
		tp.record(n)
	}
	tp.end(start, "channelaffine", false, y.shape)
	return y
}

func (n *affineNode) output() *Tensor { return n.y }
func (n *affineNode) name() string    { return "channelaffine" }

func (n *affineNode) backward(tp *Tape) {
	dx, add := tp.gradOf(n.x)
	tp.be.ChannelAffineGrad(dx, n.y.grad, n.scale.buf, add)
}

func (n *affineNode) release(tp *Tape) {
	tp.Release(n.x)
	tp.Release(n.y)
}
