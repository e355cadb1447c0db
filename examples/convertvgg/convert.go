package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/impasto-go/impasto/nn/pth"
	"github.com/impasto-go/impasto/nn/safetensors"
	"github.com/impasto-go/impasto/nn/statedict"
)

// convolutions are torchvision's numbers and output channels of VGG-19's
// convolutions (configuration E of Simonyan and Zisserman, arXiv:1409.1556).
// The numbers between are its ReLU and pooling layers.
var convolutions = []struct{ index, channels int }{
	{0, 64}, {2, 64}, {5, 128}, {7, 128},
	{10, 256}, {12, 256}, {14, 256}, {16, 256},
	{19, 512}, {21, 512}, {23, 512}, {25, 512},
	{28, 512}, {30, 512}, {32, 512}, {34, 512},
}

// converted says how much convert wrote.
type converted struct {
	tensors int
	bytes   int64
}

// convert reads the tensors features.* of the .pth file in, which need not have
// all of VGG-19 but must have it without gaps, and writes them to the
// safetensors file out. The classifier's weights, 86 % of the file, are skipped
// without being read.
func convert(in, out string) (converted, error) {
	weights, err := pth.ReadFile(in, pth.WithFilter(func(name string) bool {
		return strings.HasPrefix(name, "features.")
	}))
	if err != nil {
		return converted{}, err
	}
	if err := checkConvolutions(weights); err != nil {
		return converted{}, fmt.Errorf("%s: %w; want torchvision's VGG-19 weights", in, err)
	}
	metadata := map[string]string{"source": torchvision.url, "network": "torchvision VGG-19, features only"}
	if err := safetensors.WriteFile(out, weights, metadata); err != nil {
		return converted{}, err
	}
	return converted{len(weights), 4 * int64(weights.NumElements())}, nil
}

// checkConvolutions wants the first convolutions of VGG-19, at least one, with
// their biases, and nothing else.
func checkConvolutions(weights statedict.Dict) error {
	found, channels := 0, 3
	for _, layer := range convolutions {
		if found == len(weights) {
			break
		}
		for _, want := range []statedict.Entry{
			{Name: fmt.Sprintf("features.%d.weight", layer.index), Shape: []int{layer.channels, channels, 3, 3}},
			{Name: fmt.Sprintf("features.%d.bias", layer.index), Shape: []int{layer.channels}},
		} {
			got := weights.Lookup(want.Name)
			if got == nil {
				return fmt.Errorf("no tensor %s", want.Name)
			}
			if !slices.Equal(got.Shape, want.Shape) {
				return fmt.Errorf("%s has shape %v instead of %v", want.Name, got.Shape, want.Shape)
			}
			found++
		}
		channels = layer.channels
	}
	if found == 0 {
		return errors.New("no tensor is called features.*")
	}
	if found < len(weights) {
		return fmt.Errorf("%d tensors features.* too many", len(weights)-found)
	}
	return nil
}
