package tensor_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// TestOwners: tensors of the caller's are freed by it, with their gradients, and those
// of a tape by the tape.
func TestOwners(t *testing.T) {
	be := reference.New()
	tp := tensor.NewTape(be)
	x := tensor.FromSlice(be, tensor.Vec(2), []float32{1, 2}).RequireGrad()
	zero := tensor.FromSlice(be, tensor.Vec(2), []float32{0, 0})
	y := tp.Scale(x, 3)
	tp.Backward(tp.MSE(y, zero, 2))
	require.Equal(t, []float32{18, 36}, x.Grad())
	y.Free()
	require.Equal(t, []float32{3, 6}, y.Values(), "it is the tape's")
	tp.Release(x)
	require.Equal(t, []float32{1, 2}, x.Values(), "it is the caller's")
	tp.Reset()
	require.Equal(t, 3, be.Live(), "x, its gradient and zero")
	x.ZeroGrad()
	got := []float32{7, 7}
	require.False(t, x.ReadGrad(got))
	require.Equal(t, []float32{0, 0}, got)
	require.Nil(t, x.Grad())
	require.Nil(t, x.GradBuffer())
	x.Free()
	x.Free()
	zero.Free()
	require.Zero(t, be.Live())
}

// TestFreeze takes a tensor out of what gradients flow to.
func TestFreeze(t *testing.T) {
	be := reference.New()
	x := tensor.New(be, tensor.Vec(1)).RequireGrad()
	require.True(t, x.RequiresGrad())
	require.False(t, x.Freeze().RequiresGrad())
}

// TestSameLossTwice is an error of the program, and a loss that needs no gradient is
// none.
func TestSameLossTwice(t *testing.T) {
	be := reference.New()
	tp := tensor.NewTape(be)
	x := tensor.FromSlice(be, tensor.Vec(1), []float32{2})
	tp.Backward(tp.Mean(x, 1))
	x.RequireGrad()
	loss := tp.Mean(x, 1)
	require.Panics(t, func() { tp.Backward(loss, loss) })
}

// TestLongTape records more operations than a block of the tape's memory holds, and as
// many again without asking for more.
func TestLongTape(t *testing.T) {
	be := reference.New()
	tp := tensor.NewTape(be)
	x := tensor.FromSlice(be, tensor.Vec(1), []float32{0}).RequireGrad()
	one := tensor.FromSlice(be, tensor.Vec(1), []float32{1})
	run := func() {
		y := x
		for range 150 {
			next := tp.Add(y, one)
			tp.Release(y)
			y = next
		}
		require.Equal(t, []float32{150}, y.Values())
		x.ZeroGrad()
		tp.Backward(tp.Mean(y, 3))
		require.Equal(t, []float32{3}, x.Grad())
		tp.Reset()
		require.Equal(t, 3, be.Live(), "x, its gradient and one")
	}
	for range 3 {
		run()
	}
}

// TestInPlace: an instance normalization takes the memory of what only it needs, and of
// nothing else.
func TestInPlace(t *testing.T) {
	be := tensor.CPU()
	defer be.Close()
	s := tensor.Shape{1, 1, 1, 4}
	values := []float32{1, 2, 3, 6}
	x := tensor.FromSlice(be, s, values)
	gamma := tensor.FromSlice(be, tensor.Vec(1), []float32{2})
	beta := tensor.FromSlice(be, tensor.Vec(1), []float32{1})
	o := tensor.InstanceNormOptions{InPlace: true}
	tp := tensor.NewTape(be)
	want := tp.InstanceNorm(x, gamma, beta, tensor.InstanceNormOptions{}).Values()
	require.InDeltaSlice(t, []float64{-1.1380, -0.0690, 1, 4.2071}, []float64{float64(want[0]), float64(want[1]), float64(want[2]), float64(want[3])}, 1e-3)

	require.Equal(t, want, tp.InstanceNorm(x, gamma, beta, o).Values())
	require.Equal(t, values, x.Values(), "the caller's")

	a := tp.Scale(x, 1)
	memory := a.Buffer()
	y := tp.InstanceNorm(a, gamma, beta, o)
	require.Equal(t, want, y.Values())
	require.Same(t, memory, y.Buffer(), "what nobody needs is used again")

	factor := tensor.FromSlice(be, s, []float32{1, 1, 1, 1})
	factor.RequireGrad()
	a = tp.Scale(x, 1)
	tp.Mul(a, factor)
	require.Equal(t, want, tp.InstanceNorm(a, gamma, beta, o).Values())
	require.Equal(t, values, a.Values(), "the gradient of another operation needs it")

	gamma.RequireGrad()
	a = tp.Scale(x, 1)
	require.Equal(t, want, tp.InstanceNorm(a, gamma, beta, o).Values())
	require.Equal(t, values, a.Values(), "the gradient of gamma needs it")
	tp.Reset()
}

// TestGradientsAddUp: a sum hands its gradient's memory over, but not in place of a
// gradient that is there.
func TestGradientsAddUp(t *testing.T) {
	be := tensor.CPU()
	defer be.Close()
	s := tensor.Shape{1, 1, 1, 2}
	tp := tensor.NewTape(be)
	for _, first := range []bool{true, false} {
		x := tensor.FromSlice(be, s, []float32{1, 2})
		x.RequireGrad()
		a, b := tp.Scale(x, 1), tp.Scale(x, 1)
		if first {
			a, b = b, a
		}
		sum := tp.Mean(tp.Add(a, b), 1)
		tp.Backward(sum, tp.Mean(tp.Scale(a, 3), 1), tp.Mean(tp.Scale(b, 5), 1))
		require.Equal(t, []float32{5, 5}, x.Grad())
		tp.Reset()
		x.Free()
	}
}

// TestDefaults are those of PyTorch: an eps of 1e-5, and a residual as it is.
func TestDefaults(t *testing.T) {
	for _, be := range []backend.Backend{reference.New(), tensor.CPU()} {
		s := tensor.Shape{1, 1, 1, 2}
		x := tensor.FromSlice(be, s, []float32{0, 0.02}) // of variance 1e-4
		gamma := tensor.FromSlice(be, tensor.Vec(1), []float32{1})
		beta := tensor.FromSlice(be, tensor.Vec(1), []float32{0})
		tp := tensor.NewTape(be)
		y := tp.InstanceNorm(x, gamma, beta, tensor.InstanceNormOptions{Residual: x}).Values()
		require.InDelta(t, -0.953463, y[0], 1e-5) // 0.01 / sqrt(1.1e-4)
		require.InDelta(t, 0.953463+0.02, y[1], 1e-5)
		tp.Reset()
		require.NoError(t, be.Close())
	}
}

// TestAffineFlow leads each pixel of an image that is not square where the matrix says.
func TestAffineFlow(t *testing.T) {
	flow := make([]float32, 2*2*3)
	tensor.AffineFlow(flow, 2, 3, tensor.Affine{A: 2, B: 10, C: 100, D: -1, E: 3, F: 7})
	require.Equal(t, []float32{
		100, 101, 102, 110, 111, 112, // 2x + 10y + 100 - x
		7, 6, 5, 9, 8, 7, // -x + 3y + 7 - y
	}, flow)
}
