package tensor_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// TestLossesWaitForTheirLayers: a loss that looks at a layer in the middle has its
// gradient computed when Backward comes by, not at the outset, where it would take
// memory all the while.
func TestLossesWaitForTheirLayers(t *testing.T) {
	be := reference.New()
	tp := tensor.NewTape(be)
	x := tensor.New(be, tensor.Shape{1, 2, 8, 8}).RequireGrad()
	be.Fill(x.Buffer(), 1)
	a := tp.ReLU(x)
	b := tp.MaxPool2(a)
	c := tp.Upsample(b, 3)
	gram := tp.Gram(a)
	target := tensor.New(be, gram.Shape())
	be.Fill(target.Buffer(), 2)
	losses := []*tensor.Tensor{
		tp.MSE(a, x, 1), tp.MSE(gram, target, 1), tp.MSE(c, tensor.New(be, c.Shape()), 1),
	}

	var order []string
	tp.Trace(func(e tensor.Event) {
		if e.Backward {
			order = append(order, e.Op)
		}
	})
	tp.Backward(losses...)
	require.Equal(t, []string{"mse", "upsample", "maxpool", "mse", "gram", "mse", "relu"}, order)
}

// cube is an operation of another package, which keeps x² for its gradient.
type cube struct{ forward, backward *int }

func (*cube) Name() string { return "cube" }

func (o *cube) Forward(tp *tensor.Tape, y *tensor.Tensor, in []*tensor.Tensor) {
	*o.forward++
	x, square := in[0].Values(), in[2].Values()
	cubes := make([]float32, len(x))
	for i, v := range x {
		square[i], cubes[i] = v*v, v*v*v
	}
	in[2].Write(square)
	y.Write(cubes)
}

func (o *cube) Backward(tp *tensor.Tape, y *tensor.Tensor, in []*tensor.Tensor) {
	*o.backward++
	square, dy := in[2].Values(), make([]float32, y.Len())
	tp.Backend().Read(dy, y.GradBuffer())
	for i := range dy {
		dy[i] *= 3 * square[i]
	}
	dx, add := tp.GradFor(in[0])
	g := tp.Backend().Alloc(in[0].Shape())
	tp.Backend().Write(g, dy)
	tp.Backend().Axpy(dx, g, 1, add)
	tp.Backend().Free(g)
}

// TestApply runs an own operation with an absent input and a saved value, whose
// memory is back when its gradient has been computed.
func TestApply(t *testing.T) {
	be := reference.New()
	tp := tensor.NewTape(be)
	x := tensor.FromSlice(be, tensor.Vec(3), []float32{1, 2, -3})
	zero := tensor.FromSlice(be, tensor.Vec(3), make([]float32, 3))
	var forward, backward int
	run := func() *tensor.Tensor {
		square := tp.New(x.Shape())
		y := tensor.Apply(tp, cube{&forward, &backward}, x.Shape(), x, nil, square)
		tp.Release(square)
		return y
	}
	require.Equal(t, []float32{1, 8, -27}, run().Values())
	tp.Backward(tp.MSE(run(), zero, 3))
	require.Zero(t, backward, "nothing requires a gradient")

	x.RequireGrad()
	tp.Backward(tp.MSE(run(), zero, 3)) // the sum of x⁶
	require.Equal(t, []float32{6, 6 * 32, 6 * -243}, x.Grad())
	require.Equal(t, 3, forward)
	require.Equal(t, 1, backward)
	tp.Reset()
	require.Equal(t, 3, be.Live(), "x, its gradient and zero")
}

// TestOnGradient uses a parameter in two operations and another in one: each is told
// of when its gradient is complete, and not before.
func TestOnGradient(t *testing.T) {
	be := reference.New()
	param := func(v float32) *tensor.Tensor {
		return tensor.FromSlice(be, tensor.Vec(1), []float32{v}).RequireGrad()
	}
	a, b := param(2), param(3)
	x := tensor.FromSlice(be, tensor.Shape{1, 1, 1, 1}, []float32{5})
	tp := tensor.NewTape(be)
	for range 2 { // the same tape again
		a.ZeroGrad()
		b.ZeroGrad()
		var told []*tensor.Tensor
		var gradients []float32
		tp.OnGradient(func(p *tensor.Tensor) {
			told = append(told, p)
			gradients = append(gradients, p.Grad()[0])
		})
		y := tp.Add(tp.Add(a, x), tp.Add(a, b)) // 2a + x + b
		zero := tensor.FromSlice(be, tensor.Vec(1), []float32{0})
		tp.Backward(tp.MSE(y, zero, 1))
		require.Equal(t, []*tensor.Tensor{b, a}, told)
		require.Equal(t, []float32{24, 48}, gradients)
		tp.Reset()
	}
	tp.OnGradient(nil)
	a.WriteGrad([]float32{7})
	require.Equal(t, []float32{7}, a.Grad())
	b.ZeroGrad()
	b.WriteGrad([]float32{8})
	require.Equal(t, []float32{8}, b.Grad())
}

// gating is a CPU with GradGater, which counts.
type gating struct {
	backend.Backend
	backend.ConvFuser
	gated, masked int // gradients that were, and blocks that masked theirs
}

func (g *gating) ConvBlockGradInput(dx, dy, y, w backend.Buffer, b backend.ConvBlock, add bool) {
	if b.ReLU {
		g.masked++
	}
	g.ConvFuser.ConvBlockGradInput(dx, dy, y, w, b, add)
}

func (g *gating) ConvBlockGradInputGated(dx, dy, y, w, x backend.Buffer, b backend.ConvBlock, add bool) {
	g.gated++
	g.ConvBlockGradInput(dx, dy, y, w, b, add)
	g.ReLUGrad(dx, dx, x, false)
}

func (g *gating) GramGradGated(dx, dg, x backend.Buffer, add bool) {
	g.gated++
	g.GramGrad(dx, dg, x, add)
	g.ReLUGrad(dx, dx, x, false)
}

// TestReLUsAreGatedWhereTheirGradientsEnd: of operations that add to the gradient of a
// ReLU's result the last one masks it, if it can, and then the ReLU does not. Gradients
// are the same to the bit.
func TestReLUsAreGatedWhereTheirGradientsEnd(t *testing.T) {
	run := func(be backend.Backend) (grads [][]float32) {
		tp := tensor.NewTape(be)
		defer tp.Reset()
		var params []*tensor.Tensor
		param := func(s tensor.Shape) *tensor.Tensor {
			p := tensor.New(be, s).RequireGrad()
			values := make([]float32, s.Len())
			for i := range values {
				values[i] = float32(i*i%7) - 3
			}
			p.Write(values)
			params = append(params, p)
			return p
		}
		x := param(tensor.Shape{1, 2, 8, 8})
		o := tensor.Conv2dOptions{Padding: 1, ReLU: true}
		w := func() *tensor.Tensor { return param(tensor.Shape{2, 2, 3, 3}) }
		a := tp.Conv2d(x, w(), nil, o)                                // gated by the next
		b := tp.Conv2d(a, w(), nil, o)                                // by its Gram matrix, after the next
		c := tp.Conv2d(b, w(), nil, o)                                // not: pooling comes last
		d := tp.Conv2d(tp.MaxPool2(c), w(), nil, o)                   // not: a mean squared error comes last
		e := tp.Conv2d(d, w(), nil, tensor.Conv2dOptions{Padding: 1}) // no ReLU
		f := tp.Conv2d(e, w(), nil, o)                                // by its Gram matrix
		zero := func(s tensor.Shape) *tensor.Tensor {
			z := tensor.New(be, s)
			be.Fill(z.Buffer(), 0)
			return z
		}
		var losses []*tensor.Tensor
		for _, m := range []*tensor.Tensor{tp.Gram(b), tp.Gram(f), d} {
			losses = append(losses, tp.MSE(m, zero(m.Shape()), 1e-3))
		}
		tp.Backward(losses...)
		for _, p := range params {
			grads = append(grads, p.Grad())
		}
		return grads
	}
	cpu := tensor.CPU(tensor.Threads(1))
	defer cpu.Close()
	gater := &gating{Backend: cpu, ConvFuser: cpu.(backend.ConvFuser)}
	got := run(gater)
	require.Equal(t, 3, gater.gated)
	require.Equal(t, 2, gater.masked)
	require.Equal(t, run(cpu), got)
}
