package tensor

type reluNode struct{ x, y *Tensor }

// ReLU returns max(x, 0), element by element.
func (tp *Tape) ReLU(x *Tensor) *Tensor {
	start := tp.begin()
	y := tp.make(x.shape, x.needsGrad)
	tp.be.ReLU(y.buf, x.buf)
	if y.needsGrad {
		n := tp.relus.next()
		*n = reluNode{tp.keep(x), y}
		tp.record(n)
	}
	tp.end(start, "relu", false, y.shape)
	return y
}

func (n *reluNode) output() *Tensor { return n.y }
func (n *reluNode) name() string    { return "relu" }

func (n *reluNode) backward(tp *Tape) {
	dx, add := tp.gradOf(n.x)
	tp.be.ReLUGrad(dx, n.y.grad, n.y.buf, add)
}

func (n *reluNode) release(tp *Tape) {
	tp.Release(n.x)
	tp.Release(n.y)
}
