package tensor

import "github.com/impasto-go/impasto/tensor/backend"

// InstanceNormOptions are the settings of InstanceNorm.
type InstanceNormOptions struct {
	Eps           float32 // added to the variance; 0 means 1e-5
	ReLU          bool    // clamp the normalized values at zero
	Residual      *Tensor // added to the result, same shape; may be nil
	ResidualScale float32 // factor of Residual; 0 means 1

	// InPlace says that the caller only releases x after this. The result then takes
	// its memory, unless gradients need it.
	InPlace bool
}

func (o InstanceNormOptions) block() backend.NormBlock {
	g := backend.NormBlock{Eps: o.Eps, ReLU: o.ReLU, Alpha: o.ResidualScale}
	if g.Eps == 0 {
		g.Eps = 1e-5
	}
	if g.Alpha == 0 {
		g.Alpha = 1
	}
	return g
}

// InstanceNorm normalizes every plane of x {N, C, H, W} to zero mean and unit
// (biased) variance, then scales it by gamma and shifts it by beta, both
// {1, C, 1, 1}: PyTorch's InstanceNorm2d with affine=True (Ulyanov et al.,
// arXiv:1607.08022), optionally with a ReLU and then a residual after it:
//
//	relu?( instancenorm(x) ) + ResidualScale*Residual
func (tp *Tape) InstanceNorm(x, gamma, beta *Tensor, o InstanceNormOptions) *Tensor {
	g := o.block()
	checkInstanceNorm(x, gamma, beta, o.Residual)
	if tp.norm == nil && (g.ReLU || o.Residual != nil) {
		return tp.composeInstanceNorm(x, gamma, beta, o.Residual, g)
	}
	stats := Shape{x.shape[0], x.shape[1], 1, 1}
	mean, rstd := tp.New(stats), tp.New(stats)
	in := [...]*Tensor{x, gamma, beta, o.Residual, mean, rstd}
	n := newNode(tp, instanceNorm{g})
	var y *Tensor
	if needs := anyNeedsGrad(in[:]); o.InPlace && tp.norm != nil && !needs && x.onTape && x.refs == 1 {
		y = tp.takeOver(x)
	} else {
		y = tp.make(x.shape, needs)
	}
	tp.apply(n, y, in[:], false)
	tp.Release(mean)
	tp.Release(rstd)
	return y
}

func (tp *Tape) composeInstanceNorm(x, gamma, beta, res *Tensor, g backend.NormBlock) *Tensor {
	t := tp.InstanceNorm(x, gamma, beta, InstanceNormOptions{Eps: g.Eps})
	if g.ReLU {
		u := tp.ReLU(t)
		tp.Release(t)
		t = u
	}
	if res != nil {
		u := tp.AddScaled(t, res, g.Alpha)
		tp.Release(t)
		t = u
	}
	return t
}

func checkInstanceNorm(x, gamma, beta, res *Tensor) {
	c := Vec(x.shape[1])
	switch {
	case gamma.shape != c || beta.shape != c:
		fail("instancenorm", "gamma and beta must be "+c.String(),
			operand("input", x), operand("gamma", gamma), operand("beta", beta))
	case res != nil && res.shape != x.shape:
		fail("instancenorm", "shapes differ", operand("input", x), operand("residual", res))
	}
}

type instanceNorm struct{ g backend.NormBlock }

func (*instanceNorm) Name() string { return "instancenorm" }

func (o *instanceNorm) Forward(tp *Tape, y *Tensor, in []*Tensor) {
	x, gamma, beta, residual, mean, rstd := in[0].buf, in[1].buf, in[2].buf, in[3], in[4].buf, in[5].buf
	if x == nil {
		x = y.buf // in place
	}
	if tp.norm == nil {
		tp.be.InstanceNorm(y.buf, mean, rstd, x, gamma, beta, o.g.Eps)
		return
	}
	var r backend.Buffer
	if residual != nil {
		r = residual.buf
	}
	tp.norm.NormBlock(y.buf, mean, rstd, x, gamma, beta, r, o.g)
}

func (o *instanceNorm) Backward(tp *Tape, y *Tensor, in []*Tensor) {
	if anyNeedsGrad(in[:3]) {
		o.backwardNorm(tp, y, in)
	}
	if residual := in[3]; residual != nil {
		tp.passGrad(residual, y, o.g.Alpha, true)
	}
}

func (o *instanceNorm) backwardNorm(tp *Tape, y *Tensor, in []*Tensor) {
	x, gamma, beta, mean, rstd := in[0], in[1], in[2], in[4].buf, in[5].buf
	dx, add, temp := tp.gradOrScratch(x)
	dgamma, addGamma, tempGamma := tp.gradOrScratch(gamma)
	dbeta, addBeta, tempBeta := tp.gradOrScratch(beta)
	if addGamma != addBeta {
		for _, fresh := range []struct {
			b   backend.Buffer
			add bool
		}{{dgamma, addGamma}, {dbeta, addBeta}} {
			if !fresh.add {
				tp.be.Fill(fresh.b, 0)
			}
		}
		addGamma = true
	}
	if tp.norm != nil {
		tp.norm.NormBlockGrad(dx, dgamma, dbeta, y.grad, x.buf, mean, rstd, gamma.buf, beta.buf, o.g, add, addGamma)
	} else {
		tp.be.InstanceNormGrad(dx, dgamma, dbeta, y.grad, x.buf, mean, rstd, gamma.buf, add, addGamma)
	}
	for _, s := range [...]backend.Buffer{temp, tempGamma, tempBeta} {
		if s != nil {
			tp.be.Free(s)
		}
	}
}

// gradOrScratch is gradOf for a tensor that may not need its gradient: a scratch
// buffer, to be freed by the caller, then takes it.
func (tp *Tape) gradOrScratch(t *Tensor) (g backend.Buffer, add bool, scratch backend.Buffer) {
	if t.needsGrad {
		g, add = tp.GradFor(t)
		return g, add, nil
	}
	g = tp.be.Alloc(t.shape)
	return g, false, g
}
