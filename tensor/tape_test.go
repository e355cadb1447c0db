package tensor_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor"
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
