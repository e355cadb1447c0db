package tensor

import (
	"fmt"

	"github.com/impasto-go/impasto/tensor/backend"
)

// Charbonnier returns the scalar weight * mean(sqrt((a-b)² + eps²)) over all
// elements: the mean absolute error, smooth where it is below eps (Charbonnier et
// al., Two deterministic half-quadratic regularization algorithms for computed
// imaging, ICIP 1994). With eps 0 it is PyTorch's L1Loss times a loss weight, whose
// gradient is zero where a = b. The shapes must be equal, and eps not negative.
func (tp *Tape) Charbonnier(a, b *Tensor, weight, eps float32) *Tensor {
	checkEqual("charbonnier", a, b)
	if eps < 0 {
		fail("charbonnier", fmt.Sprintf("eps %g is negative", eps), operand("a", a), operand("b", b))
	}
	return Branch(tp, charbonnier{weight, eps}, backend.Scalar, a, b)
}

type charbonnier struct{ weight, eps float32 }

func (*charbonnier) Name() string { return "charbonnier" }

func (o *charbonnier) Forward(tp *Tape, y *Tensor, in []*Tensor) {
	tp.be.Charbonnier(y.buf, in[0].buf, in[1].buf, o.weight, o.eps)
}

func (o *charbonnier) Backward(tp *Tape, y *Tensor, in []*Tensor) {
	for i, t := range in {
		if g, add := tp.GradFor(t); g != nil {
			tp.be.CharbonnierGrad(g, y.grad, t.buf, in[1-i].buf, o.weight, o.eps, add)
		}
	}
}
