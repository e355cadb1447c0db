package tensor

import "fmt"

type padNode struct {
	x, y *Tensor
	pad  int
}

// ReflectPad mirrors pad pixels at every side without repeating the edge:
// PyTorch's ReflectionPad2d. pad must be smaller than the height and the width.
func (tp *Tape) ReflectPad(x *Tensor, pad int) *Tensor {
	s := x.shape
	if pad < 0 || pad >= s[2] || pad >= s[3] {
		fail("reflectpad", fmt.Sprintf("padding %d must be at least 0 and less than height and width", pad), operand("input", x))
	}
	start := tp.begin()
	y := tp.make(Shape{s[0], s[1], s[2] + 2*pad, s[3] + 2*pad}, x.needsGrad)
	tp.be.ReflectPad(y.buf, x.buf, pad)
	if y.needsGrad {
		n := tp.pads.next()
		*n = padNode{tp.keep(x), y, pad}
		tp.record(n)
	}
	tp.end(start, "reflectpad", false, y.shape)
	return y
}

func (n *padNode) output() *Tensor { return n.y }
func (n *padNode) name() string    { return "reflectpad" }

func (n *padNode) backward(tp *Tape) {
	dx, add := tp.gradOf(n.x)
	tp.be.ReflectPadGrad(dx, n.y.grad, n.pad, add)
}

func (n *padNode) release(tp *Tape) {
	tp.Release(n.x)
	tp.Release(n.y)
}
