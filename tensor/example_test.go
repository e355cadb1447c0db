package tensor_test

import (
	"fmt"

	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/gradcheck"
)

// A loss and its gradient.
func Example() {
	be := tensor.CPU()
	defer be.Close()
	tp := tensor.NewTape(be)
	x := tensor.FromSlice(be, tensor.Vec(3), []float32{1, -2, 3}).RequireGrad()
	target := tensor.FromSlice(be, tensor.Vec(3), []float32{0, 0, 1})

	loss := tp.MSE(tp.ReLU(x), target, 3)
	tp.Backward(loss)
	fmt.Println(loss.Item(), x.Grad())
	// Output: 5 [2 0 4]
}

// softSquare is x²/2 near zero and grows more slowly far away: x²/(2 + 2*slope*x²).
// It keeps 1/(1 + slope*x²) for its gradient.
type softSquare struct{ slope float32 }

func (*softSquare) Name() string { return "softsquare" }

// Forward reads x and writes the result and what it keeps: the way of every
// operation whose time does not matter. Others call methods of the backend, which
// leave the values where they are.
func (o *softSquare) Forward(tp *tensor.Tape, y *tensor.Tensor, in []*tensor.Tensor) {
	x, kept := in[0].Values(), in[1]
	result, factor := make([]float32, len(x)), make([]float32, len(x))
	for i, v := range x {
		factor[i] = 1 / (1 + o.slope*v*v)
		result[i] = v * v / 2 * factor[i]
	}
	y.Write(result)
	kept.Write(factor)
}

// Backward computes dx = dy * x * factor², by the backend.
func (o *softSquare) Backward(tp *tensor.Tape, y *tensor.Tensor, in []*tensor.Tensor) {
	dx, add := tp.GradFor(in[0])
	if dx == nil {
		return
	}
	be, x, factor := tp.Backend(), in[0].Buffer(), in[1].Buffer()
	part, slope := be.Alloc(in[0].Shape()), be.Alloc(in[0].Shape())
	defer be.Free(part)
	defer be.Free(slope)
	be.Mul(part, x, factor, false)
	be.Mul(slope, part, factor, false)
	be.Mul(dx, y.GradBuffer(), slope, add)
}

// SoftSquare is what users call.
func SoftSquare(tp *tensor.Tape, x *tensor.Tensor, slope float32) *tensor.Tensor {
	kept := tp.New(x.Shape())
	defer tp.Release(kept)
	return tensor.Apply(tp, softSquare{slope}, x.Shape(), x, kept)
}

// An operation of one's own, and its gradient checked.
func ExampleApply() {
	be := tensor.CPU()
	defer be.Close()
	s := tensor.Shape{1, 2, 4, 4}
	x := tensor.FromSlice(be, s, gradcheck.Spaced(s.Len(), 1)).RequireGrad()

	err := gradcheck.Check(be, func(tp *tensor.Tape, in []*tensor.Tensor) *tensor.Tensor {
		return SoftSquare(tp, in[0], 0.5)
	}, x)
	fmt.Println("gradient:", err)

	tp := tensor.NewTape(be)
	loss := tp.Mean(SoftSquare(tp, x, 0.5), 1)
	tp.Backward(loss)
	fmt.Printf("loss %.3f\n", loss.Item())
	// Output:
	// gradient: <nil>
	// loss 0.324
}
