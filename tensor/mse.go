package tensor

import "github.com/impasto-go/impasto/tensor/backend"

type mseNode struct {
	a, b, y *Tensor
	weight  float32
}

// MSE returns the scalar weight * mean((a-b)²) over all elements: PyTorch's
// MSELoss times a loss weight. The shapes must be equal.
func (tp *Tape) MSE(a, b *Tensor, weight float32) *Tensor {
	if a.shape != b.shape {
		fail("mse", "shapes differ", operand("a", a), operand("b", b))
	}
	start := tp.begin()
	y := tp.make(backend.Scalar, a.needsGrad || b.needsGrad)
	tp.be.MSE(y.buf, a.buf, b.buf, weight)
	if y.needsGrad {
		n := tp.mses.next()
		*n = mseNode{tp.keep(a), tp.keep(b), y, weight}
		tp.recordAfter(n, a, b)
	}
	tp.end(start, "mse", false, a.shape)
	return y
}

func (n *mseNode) output() *Tensor { return n.y }
func (n *mseNode) name() string    { return "mse" }

func (n *mseNode) backward(tp *Tape) {
	if n.a.needsGrad {
		da, add := tp.gradOf(n.a)
		tp.be.MSEGrad(da, n.y.grad, n.a.buf, n.b.buf, n.weight, add)
	}
	if n.b.needsGrad {
		db, add := tp.gradOf(n.b)
		tp.be.MSEGrad(db, n.y.grad, n.b.buf, n.a.buf, n.weight, add)
	}
}

func (n *mseNode) release(tp *Tape) {
	tp.Release(n.a)
	tp.Release(n.b)
	tp.Release(n.y)
}
