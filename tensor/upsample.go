package tensor

import "fmt"

type upsampleNode struct {
	x, y   *Tensor
	factor int
}

// Upsample repeats every pixel factor times in both directions: PyTorch's
// interpolate with mode "nearest" and an integer scale factor.
func (tp *Tape) Upsample(x *Tensor, factor int) *Tensor {
	if factor < 1 {
		fail("upsample", fmt.Sprintf("factor %d must be at least 1", factor), operand("input", x))
	}
	start := tp.begin()
	s := x.shape
	y := tp.make(Shape{s[0], s[1], s[2] * factor, s[3] * factor}, x.needsGrad)
	tp.be.Upsample(y.buf, x.buf, factor)
	if y.needsGrad {
		n := tp.upsample.next()
		*n = upsampleNode{tp.keep(x), y, factor}
		tp.record(n)
	}
	tp.end(start, "upsample", false, y.shape)
	return y
}

func (n *upsampleNode) output() *Tensor { return n.y }
func (n *upsampleNode) name() string    { return "upsample" }

func (n *upsampleNode) backward(tp *Tape) {
	dx, add := tp.gradOf(n.x)
	tp.be.UpsampleGrad(dx, n.y.grad, n.factor, add)
}

func (n *upsampleNode) release(tp *Tape) {
	tp.Release(n.x)
	tp.Release(n.y)
}
