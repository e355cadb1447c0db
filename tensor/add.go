package tensor

// Add returns a + b, element by element; the shapes must be equal.
func (tp *Tape) Add(a, b *Tensor) *Tensor { return tp.AddScaled(a, b, 1) }

// Sub returns a - b, element by element; the shapes must be equal.
func (tp *Tape) Sub(a, b *Tensor) *Tensor { return tp.AddScaled(a, b, -1) }

// AddScaled returns a + alpha*b, element by element; the shapes must be equal.
func (tp *Tape) AddScaled(a, b *Tensor, alpha float32) *Tensor {
	checkEqual("add", a, b)
	return Apply(tp, add{alpha}, a.shape, a, b)
}

type add struct{ alpha float32 }

func (*add) Name() string { return "add" }

func (o *add) Forward(tp *Tape, y *Tensor, in []*Tensor) {
	a, b := in[0], in[1]
	if o.alpha == 1 {
		tp.be.Add(y.buf, a.buf, b.buf)
		return
	}
	tp.be.Axpy(y.buf, b.buf, o.alpha, false)
	tp.be.Add(y.buf, y.buf, a.buf)
}

func (o *add) Backward(tp *Tape, y *Tensor, in []*Tensor) {
	tp.passGrad(in[1], y, o.alpha, false)
	tp.passGrad(in[0], y, 1, true)
}
