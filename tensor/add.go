package tensor

type addNode struct {
	a, b, y *Tensor
	alpha   float32
}

// Add returns a + b, element by element; the shapes must be equal.
func (tp *Tape) Add(a, b *Tensor) *Tensor { return tp.AddScaled(a, b, 1) }

// AddScaled returns a + alpha*b, element by element; the shapes must be equal.
func (tp *Tape) AddScaled(a, b *Tensor, alpha float32) *Tensor {
	if a.shape != b.shape {
		fail("add", "shapes differ", operand("a", a), operand("b", b))
	}
	start := tp.begin()
	y := tp.make(a.shape, a.needsGrad || b.needsGrad)
	if alpha == 1 {
		tp.be.Add(y.buf, a.buf, b.buf)
	} else {
		tp.be.Axpy(y.buf, b.buf, alpha, false)
		tp.be.Add(y.buf, y.buf, a.buf)
	}
	if y.needsGrad {
		n := tp.adds.next()
		*n = addNode{tp.keep(a), tp.keep(b), y, alpha}
		tp.record(n)
	}
	tp.end(start, "add", false, y.shape)
	return y
}

func (n *addNode) output() *Tensor { return n.y }
func (n *addNode) name() string    { return "add" }

func (n *addNode) backward(tp *Tape) {
	tp.passGrad(n.b, n.y, n.alpha, false)
	tp.passGrad(n.a, n.y, 1, true)
}

func (n *addNode) release(tp *Tape) {
	tp.Release(n.a)
	tp.Release(n.b)
	tp.Release(n.y)
}
