package gradcheck_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/reference"
	"github.com/impasto-go/impasto/tensor/gradcheck"
)

// product is a*b, whose gradients a test can spoil.
type product struct{ spoil spoil }

type spoil struct {
	factor     float32 // of the gradient of a; 0 is 1
	first      float32 // of the first element of the gradient of b; 0 is 1
	neverAdds  bool
	alwaysAdds bool
	forgetsB   bool
}

func (*product) Name() string { return "product" }

func (o *product) Forward(tp *tensor.Tape, y *tensor.Tensor, in []*tensor.Tensor) {
	tp.Backend().Mul(y.Buffer(), in[0].Buffer(), in[1].Buffer(), false)
}

func (o *product) Backward(tp *tensor.Tape, y *tensor.Tensor, in []*tensor.Tensor) {
	be, s := tp.Backend(), o.spoil
	for i, t := range in {
		if i == 1 && s.forgetsB {
			return
		}
		g, add := tp.GradFor(t)
		if g == nil {
			continue
		}
		be.Mul(g, y.GradBuffer(), in[1-i].Buffer(), (add || s.alwaysAdds) && !s.neverAdds)
		if i == 0 && s.factor != 0 {
			scaled := be.Alloc(t.Shape())
			be.Axpy(scaled, g, s.factor, false)
			be.Axpy(g, scaled, 1, false)
			be.Free(scaled)
		}
		if i == 1 && s.first != 0 {
			v := make([]float32, t.Len())
			be.Read(v, g)
			v[0] *= s.first
			be.Write(g, v)
		}
	}
}

var shape = tensor.Shape{2, 3, 2, 2}

func check(be backend.Backend, s spoil) error {
	a := tensor.FromSlice(be, shape, gradcheck.Spaced(shape.Len(), 1)).RequireGrad()
	b := tensor.FromSlice(be, shape, gradcheck.Spaced(shape.Len(), 2)).RequireGrad()
	before := append(a.Values(), b.Values()...)
	err := gradcheck.Check(be, func(tp *tensor.Tape, in []*tensor.Tensor) *tensor.Tensor {
		return tensor.Apply(tp, product{s}, shape, in[0], in[1])
	}, a, b)
	if !slices.Equal(before, append(a.Values(), b.Values()...)) {
		return errors.New("the inputs have changed")
	}
	return err
}

func backends(t *testing.T, f func(t *testing.T, be backend.Backend)) {
	for name, be := range map[string]backend.Backend{"reference": reference.New(), "cpu": tensor.CPU()} {
		t.Run(name, func(t *testing.T) {
			f(t, be)
			require.NoError(t, be.Close())
		})
	}
}

func TestRightGradientsPass(t *testing.T) {
	backends(t, func(t *testing.T, be backend.Backend) { require.NoError(t, check(be, spoil{})) })
}

func TestWrongGradientsAreFound(t *testing.T) {
	backends(t, func(t *testing.T, be backend.Backend) {
		var wrong *gradcheck.Error
		require.ErrorAs(t, check(be, spoil{factor: 1.01}), &wrong)
		require.Equal(t, 0, wrong.Input)
		require.Equal(t, "gradient", wrong.Problem)
		require.InEpsilon(t, 1.01, wrong.Got/wrong.Want, 1e-4)

		require.ErrorAs(t, check(be, spoil{first: 0.5}), &wrong)
		require.Equal(t, [2]int{1, 0}, [2]int{wrong.Input, wrong.Element})

		require.ErrorContains(t, check(be, spoil{neverAdds: true}), "two passes")
		require.ErrorContains(t, check(be, spoil{alwaysAdds: true}), "got NaN")
		require.ErrorContains(t, check(be, spoil{forgetsB: true}), "input 1 requires a gradient and got none")
	})
}

// TestCurves checks that functions far from straight lines pass, and that a step or
// a tolerance can be chosen.
func TestCurves(t *testing.T) {
	be := reference.New()
	x := tensor.FromSlice(be, shape, gradcheck.Spaced(shape.Len(), 3)).RequireGrad()
	power := func(tp *tensor.Tape, in []*tensor.Tensor) *tensor.Tensor {
		square := tp.Mul(in[0], in[0])
		return tp.Mul(tp.Mul(square, square), square)
	}
	require.NoError(t, gradcheck.Check(be, power, x))
	require.Error(t, gradcheck.Checker{Step: 1, Tolerance: 1e-6}.Check(be, power, x))
	require.NoError(t, gradcheck.Checker{Step: 1, Tolerance: 1}.Check(be, power, x))
}
