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

// FiltersOf tells what a weights file holds before anything is built.
func ExampleFiltersOf() {
	be := tensor.CPU()
	defer be.Close()
	net := nn.NewTransformerNet(be, [3]int{4, 8, 16}, 3, 1)
	filters, resBlocks, err := nn.FiltersOf(net.StateDict())
	fmt.Println(filters, resBlocks, err)
	// Output: [4 8 16] 3 <nil>
}
