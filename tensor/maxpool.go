package tensor

type poolNode struct{ x, y *Tensor }

// MaxPool2 takes the maximum of each 2x2 window with stride 2; an odd last row
// or column is dropped: PyTorch's MaxPool2d(2, 2). x needs at least 2x2 pixels.
func (tp *Tape) MaxPool2(x *Tensor) *Tensor {
	s := x.shape
	if s[2] < 2 || s[3] < 2 {
		fail("maxpool", "needs at least 2×2 pixels", operand("input", x))
	}
	start := tp.begin()
	y := tp.make(Shape{s[0], s[1], s[2] / 2, s[3] / 2}, x.needsGrad)
	tp.be.MaxPool2(y.buf, x.buf)
	if y.needsGrad {
		n := tp.pools.next()
		*n = poolNode{tp.keep(x), y}
		tp.record(n)
	}
	tp.end(start, "maxpool", false, y.shape)
	return y
}

func (n *poolNode) output() *Tensor { return n.y }
func (n *poolNode) name() string    { return "maxpool" }

func (n *poolNode) backward(tp *Tape) {
	dx, add := tp.gradOf(n.x)
	tp.be.MaxPool2Grad(dx, n.y.grad, n.x.buf, n.y.buf, add)
}

func (n *poolNode) release(tp *Tape) {
	tp.Release(n.x)
	tp.Release(n.y)
}
