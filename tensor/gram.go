package tensor

type gramNode struct{ x, y *Tensor }

// Gram returns the Gram matrices {N, 1, C, C} of x {N, C, H, W}: the products of
// every two channels, summed over the pixels and divided by C*H*W (Gatys et al.,
// arXiv:1508.06576, with the tutorial's normalisation).
func (tp *Tape) Gram(x *Tensor) *Tensor {
	start := tp.begin()
	y := tp.make(Shape{x.shape[0], 1, x.shape[1], x.shape[1]}, x.needsGrad)
	tp.be.Gram(y.buf, x.buf)
	if y.needsGrad {
		n := tp.grams.next()
		*n = gramNode{tp.keep(x), y}
		tp.recordAfter(n, x)
	}
	tp.end(start, "gram", false, y.shape)
	return y
}

func (n *gramNode) output() *Tensor { return n.y }
func (n *gramNode) name() string    { return "gram" }

func (n *gramNode) backward(tp *Tape) {
	dx, add := tp.gradOf(n.x)
	tp.be.GramGrad(dx, n.y.grad, n.x.buf, add)
}

func (n *gramNode) release(tp *Tape) {
	tp.Release(n.x)
	tp.Release(n.y)
}
