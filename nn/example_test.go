package nn_test

import (
	"fmt"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/tensor"
)

// An untrained network takes a picture to one of the same size.
func Example() {
	be := tensor.CPU()
	defer be.Close()
	net := nn.NewTransformerNet(be, [3]int{8, 16, 32}, 5, 1)
	net.Freeze()

	picture := tensor.New(be, tensor.Shape{1, 3, 16, 24})
	be.Fill(picture.Buffer(), 128)
	tp := tensor.NewTape(be)
	stylized := net.Forward(tp, picture)
	fmt.Println(stylized.Shape(), net.NumParams())
	// Output: 1×3×16×24 108771
}

// A network of one's own is a list of layers, and a loss of one's own is a few
// operations on the tape. This one learns to turn a gray ramp into a red one.
func ExampleNewNetwork() {
	thin := &arch.Network{
		Name: "thin", Input: arch.Bytes, Output: arch.Bytes,
		Layers: []arch.Layer{
			{Name: "stem", Conv: "stem", In: 3, Out: 8, Kernel: 5, Stride: 2, Upsample: 1, Norm: "stem_norm", ReLU: true},
			{Name: "mid", Conv: "mid", In: 8, Out: 8, Kernel: 3, Stride: 1, Upsample: 1, Norm: "mid_norm", Plus: []arch.Term{{Layer: 0, Factor: 1}}},
			{Name: "head", Conv: "head", In: 8, Out: 3, Kernel: 5, Stride: 1, Upsample: 2},
		},
	}
	if err := thin.Check(); err != nil {
		fmt.Println(err)
		return
	}
	be := tensor.CPU()
	defer be.Close()
	net := nn.NewNetwork(be, thin, 1)
	adam := nn.NewAdam(be, net.Params(), 0.1)

	ramp := make([]float32, 3*16*16)
	red := make([]float32, len(ramp))
	for i := range ramp {
		ramp[i] = float32(16 * (i % 16))
		if i < 16*16 {
			red[i] = ramp[i]
		}
	}
	shape := tensor.Shape{1, 3, 16, 16}
	x, want := tensor.FromSlice(be, shape, ramp), tensor.FromSlice(be, shape, red)

	tp := tensor.NewTape(be)
	var first, last float32
	for step := range 100 {
		adam.ZeroGrad()
		y := net.Forward(tp, x)
		loss := tp.Charbonnier(y, want, 1, 1)             // how far the colors are off
		smooth := tp.Scale(tp.TotalVariation(y, 1), 0.01) // and how restless they are
		tp.Backward(loss, smooth)
		adam.Step()
		if last = loss.Item(); step == 0 {
			first = last
		}
		tp.Reset()
	}
	fmt.Println(thin, "with", net.NumParams(), "parameters; sizes are multiples of", thin.Multiple())
	fmt.Println("off by less than a tenth of before:", last < first/10)
	// Output:
	// thin, 3 layers with 1827 parameters; sizes are multiples of 2
	// off by less than a tenth of before: true
}
