package work

import (
	"fmt"

	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// Op is an operation whose time is that of moving memory, with its operands in a
// backend.
type Op struct {
	name              string
	be                backend.Backend
	x, y, dy, dx      *tensor.Tensor
	forward, backward func()

	// direct and directGrad compute an element of y and of dx.
	direct     func(x host, n, c, i, j int) float64
	directGrad func(x, dy host, n, c, i, j int) float64
}

// OpNames lists the operations that NewOp knows.
func OpNames() []string {
	return []string{"relu", "reflectpad", "instancenorm", "upsample", "maxpool"}
}

// NewOp makes an operation on a random tensor of shape s as a convolution would
// leave it, except that upsample has a result of that shape. Reflection padding adds one pixel, upsampling and
// pooling are by two.
func NewOp(be backend.Backend, name string, s tensor.Shape) *Op {
	out := s
	switch name {
	case "reflectpad":
		out[2], out[3] = s[2]+2, s[3]+2
	case "upsample":
		s[2], s[3] = s[2]/2, s[3]/2
	case "maxpool":
		out[2], out[3] = s[2]/2, s[3]/2
	}
	o := &Op{
		name: name, be: be,
		x: convolved(be, Centered(be, s, 1, 1)), y: tensor.New(be, out),
		dy: convolved(be, Centered(be, out, 1, 2)), dx: tensor.New(be, s),
	}
	x, y, dy, dx := o.x.Buffer(), o.y.Buffer(), o.dy.Buffer(), o.dx.Buffer()
	switch name {
	case "relu":
		o.forward, o.direct = func() { be.ReLU(y, x) }, relu
		o.backward, o.directGrad = func() { be.ReLUGrad(dx, dy, y, false) }, reluGrad
	case "reflectpad":
		o.forward, o.direct = func() { be.ReflectPad(y, x, 1) }, reflectPad
		o.backward, o.directGrad = func() { be.ReflectPadGrad(dx, dy, 1, false) }, reflectPadGrad
	case "instancenorm":
		o.instanceNorm()
	case "upsample":
		o.forward, o.direct = func() { be.Upsample(y, x, 2) }, upsample
		o.backward, o.directGrad = func() { be.UpsampleGrad(dx, dy, 2, false) }, upsampleGrad
	case "maxpool":
		o.forward, o.direct = func() { be.MaxPool2(y, x) }, maxPool
		o.backward, o.directGrad = func() { be.MaxPool2Grad(dx, dy, x, y, false) }, maxPoolGrad
	default:
		panic(fmt.Sprintf("work: unknown operation %q", name))
	}
	return o
}

// convolved returns t, which it frees, in the layout that a backend's convolutions
// leave their results in, but without what else they leave for the operation after
// them, such as a normalization's statistics: a copy of a convolution that changes
// nothing.
func convolved(be backend.Backend, t *tensor.Tensor) *tensor.Tensor {
	s := t.Shape()
	identity := make([]float32, s[1]*s[1])
	for i := range s[1] {
		identity[i*s[1]+i] = 1
	}
	w := tensor.FromSlice(be, tensor.Shape{s[1], s[1], 1, 1}, identity)
	out := tensor.New(be, s)
	be.Conv2d(out.Buffer(), t.Buffer(), w.Buffer(), nil, backend.Conv{Stride: 1})
	w.Free()
	be.Axpy(t.Buffer(), out.Buffer(), 1, false)
	out.Free()
	return t
}

func (o *Op) instanceNorm() {
	const eps = 1e-5
	be, s := o.be, o.x.Shape()
	vec := func(n int, v float32) backend.Buffer {
		t := tensor.New(be, tensor.Shape{n, s[1], 1, 1})
		be.Fill(t.Buffer(), v)
		return t.Buffer()
	}
	gamma, beta, dgamma, dbeta := vec(1, 1.5), vec(1, 0.25), vec(1, 0), vec(1, 0)
	mean, rstd := vec(s[0], 0), vec(s[0], 0)
	x, y, dy, dx := o.x.Buffer(), o.y.Buffer(), o.dy.Buffer(), o.dx.Buffer()
	o.forward = func() { be.InstanceNorm(y, mean, rstd, x, gamma, beta, eps) }
	o.backward = func() { be.InstanceNormGrad(dx, dgamma, dbeta, dy, x, mean, rstd, gamma, false, false) }
	o.direct = func(x host, n, c, i, j int) float64 {
		m, r := moments(x, n, c, eps)
		return 1.5*(x.at(n, c, i, j)-m)*r + 0.25
	}
	o.directGrad = func(x, dy host, n, c, i, j int) float64 {
		m, r := moments(x, n, c, eps)
		sum, dot := 0.0, 0.0
		for p := range x.s[2] {
			for q := range x.s[3] {
				d := dy.at(n, c, p, q)
				sum += d
				dot += d * (x.at(n, c, p, q) - m) * r
			}
		}
		pixels := float64(x.s[2] * x.s[3])
		return 1.5 * r * (dy.at(n, c, i, j) - sum/pixels - (x.at(n, c, i, j)-m)*r*dot/pixels)
	}
}

// Cases returns the operation NAME.fwd and its gradient NAME.bwd.
func (o *Op) Cases() []Case {
	moved := func(tensors ...*tensor.Tensor) (bytes float64) {
		for _, t := range tensors {
			bytes += 4 * float64(t.Len())
		}
		return bytes
	}
	gradient := moved(o.dx, o.dy)
	switch o.name {
	case "relu":
		gradient += moved(o.y)
	case "instancenorm", "maxpool":
		gradient += moved(o.x)
	}
	return []Case{
		{Name: o.name + ".fwd", Run: o.forward, Check: o.check, Bytes: moved(o.x, o.y)},
		{Name: o.name + ".bwd", Run: o.backward, Check: o.checkGrad, Bytes: gradient},
	}
}

func (o *Op) check() error {
	o.forward()
	x := toHost(o.x)
	return compare(o.name, o.y.Shape(), o.y.Values(), 1e-5, func(n, c, i, j int) float64 {
		return o.direct(x, n, c, i, j)
	})
}

func (o *Op) checkGrad() error {
	o.forward()
	o.backward()
	x, dy := toHost(o.x), toHost(o.dy)
	return compare(o.name+", gradient", o.dx.Shape(), o.dx.Values(), 1e-5, func(n, c, i, j int) float64 {
		return o.directGrad(x, dy, n, c, i, j)
	})
}
