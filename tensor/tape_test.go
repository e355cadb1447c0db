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
