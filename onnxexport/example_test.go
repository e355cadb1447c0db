package onnxexport_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/impasto-go/impasto/nn/onnx"
	"github.com/impasto-go/impasto/onnxexport"
)

// Export a network for Unity's Barracuda, look into the file, and load its
// weights again.
func ExampleWriteFile() {
	dir, err := os.MkdirTemp("", "onnxexport")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "style.onnx")

	weights := randomNet([3]int{8, 16, 32}, 5) // or a trained network's state dict
	options := onnxexport.Options{Width: 1280, Height: 720, Style: "stained glass"}
	if err := onnxexport.WriteFile(path, weights, options); err != nil {
		fmt.Println(err)
		return
	}

	model, err := onnx.ReadFile(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	input := model.Graph.Inputs[0]
	fmt.Println(input.Name, input.Dims, len(model.Graph.Nodes), "nodes")
	fmt.Println(model.Property("style"), model.Property("value_range"))
	network, err := model.Network()
	fmt.Println(network.Arch, err)

	options.Width = 1366
	fmt.Println(onnxexport.WriteFile(path, weights, options))
	// Output:
	// input [1 3 720 1280] 72 nodes
	// stained glass 0..1
	// tutorial, filters 8,16,32, 5 residual blocks <nil>
	// onnxexport: width 1366 is not a multiple of 4: the nearest valid ones are 1364 and 1368
}
