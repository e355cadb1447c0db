package nn_test

import (
	"fmt"

	"github.com/impasto-go/impasto/nn"
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
