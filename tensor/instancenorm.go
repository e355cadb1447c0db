package tensor

import "github.com/impasto-go/impasto/tensor/backend"

// InstanceNormOptions are the settings of InstanceNorm.
type InstanceNormOptions struct {
	Eps           float32 // added to the variance; 0 means 1e-5
	ReLU          bool    // clamp the normalised values at zero
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

type normNode struct {
	x, gamma, beta, residual, y *Tensor
	mean, rstd                  *Tensor
	g                           backend.NormBlock
}

// InstanceNorm normalises every plane of x {N, C, H, W} to zero mean and unit
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
	start := tp.begin()
	res, from := o.Residual, x.buf
	needs := x.needsGrad || gamma.needsGrad || beta.needsGrad || res != nil && res.needsGrad
	var y *Tensor
	if o.InPlace && tp.norm != nil && !needs && x.onTape && x.refs == 1 {
		y = tp.takeOver(x)
	} else {
		y = tp.make(x.shape, needs)
	}
	stats := Shape{x.shape[0], x.shape[1], 1, 1}
	mean, rstd := tp.make(stats, false), tp.make(stats, false)
	if tp.norm != nil {
		var r backend.Buffer
		if res != nil {
			r = res.buf
		}
		tp.norm.NormBlock(y.buf, mean.buf, rstd.buf, from, gamma.buf, beta.buf, r, g)
	} else {
		tp.be.InstanceNorm(y.buf, mean.buf, rstd.buf, x.buf, gamma.buf, beta.buf, g.Eps)
	}
	if needs {
		n := tp.norms.next()
		*n = normNode{x: tp.keep(x), gamma: gamma, beta: beta, y: y, mean: tp.keep(mean), rstd: tp.keep(rstd), g: g}
		if res != nil && res.needsGrad {
			n.residual = tp.keep(res)
		}
		tp.record(n)
	}
	tp.Release(mean)
	tp.Release(rstd)
	tp.end(start, "instancenorm", false, y.shape)
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

func (n *normNode) output() *Tensor { return n.y }
func (n *normNode) name() string    { return "instancenorm" }

func (n *normNode) backward(tp *Tape) {
	if n.x.needsGrad || n.gamma.needsGrad || n.beta.needsGrad {
		dx, add, temp := tp.gradOrScratch(n.x)
		dgamma, addGamma, tempGamma := tp.gradOrScratch(n.gamma)
		dbeta, addBeta, tempBeta := tp.gradOrScratch(n.beta)
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
			tp.norm.NormBlockGrad(dx, dgamma, dbeta, n.y.grad, n.x.buf, n.mean.buf, n.rstd.buf, n.gamma.buf, n.beta.buf, n.g, add, addGamma)
		} else {
			tp.be.InstanceNormGrad(dx, dgamma, dbeta, n.y.grad, n.x.buf, n.mean.buf, n.rstd.buf, n.gamma.buf, add, addGamma)
		}
		for _, s := range [...]backend.Buffer{temp, tempGamma, tempBeta} {
			if s != nil {
				tp.be.Free(s)
			}
		}
	}
	if n.residual != nil {
		tp.passGrad(n.residual, n.y, n.g.Alpha, true)
	}
}

// gradOrScratch is gradOf for a tensor that may not need its gradient: a scratch
// buffer, to be freed by the caller, then takes it.
func (tp *Tape) gradOrScratch(t *Tensor) (g backend.Buffer, add bool, scratch backend.Buffer) {
	if t.needsGrad {
		g, add = tp.gradOf(t)
		return g, add, nil
	}
	g = tp.be.Alloc(t.shape)
	return g, false, g
}

func (n *normNode) release(tp *Tape) {
	tp.Release(n.x)
	tp.Release(n.mean)
	tp.Release(n.rstd)
	tp.Release(n.residual)
	tp.Release(n.y)
}
