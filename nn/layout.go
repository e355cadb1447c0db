package nn

import "fmt"

// layout returns the names and shapes of the parameters of a TransformerNet, in
// order and without tensors: what a file must hold is known, and can be checked,
// before memory is spent on it.
func layout(filters [3]int, resBlocks int) (params []Param) {
	conv := func(name string, in, out, kernel int) {
		params = append(params,
			Param{Name: name + ".conv2d.weight", Shape: []int{out, in, kernel, kernel}},
			Param{Name: name + ".conv2d.bias", Shape: []int{out}})
	}
	norm := func(name string, channels int) {
		params = append(params,
			Param{Name: name + ".weight", Shape: []int{channels}},
			Param{Name: name + ".bias", Shape: []int{channels}})
	}
	f0, f1, f2 := filters[0], filters[1], filters[2]
	conv("conv1", 3, f0, 9)
	norm("in1", f0)
	conv("conv2", f0, f1, 3)
	norm("in2", f1)
	conv("conv3", f1, f2, 3)
	norm("in3", f2)
	for i := range resBlocks {
		block := fmt.Sprintf("resnets.%d.", i)
		conv(block+"conv1", f2, f2, 3)
		norm(block+"in1", f2)
		conv(block+"conv2", f2, f2, 3)
		norm(block+"in2", f2)
	}
	conv("deconv1", f2, f1, 3)
	norm("in4", f1)
	conv("deconv2", f1, f0, 3)
	norm("in5", f0)
	conv("deconv3", f0, 3, 9)
	return params
}
