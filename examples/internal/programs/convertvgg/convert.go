package convertvgg

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/impasto-go/impasto/nn/pth"
	"github.com/impasto-go/impasto/nn/safetensors"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/vgg"
)

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
	if len(weights) == 0 {
		return errors.New("no tensor is called features.*")
	}
	layout := vgg.Layout(vgg.Relu54)
	layout = layout[:min((len(weights)+1)/2*2, len(layout))]
	var mismatch statedict.Mismatch
	for _, want := range layout {
		switch got := weights.Lookup(want.Name); {
		case got == nil:
			mismatch.Missing = append(mismatch.Missing, want.Name)
		case !slices.Equal(got.Shape, want.Shape):
			mismatch.Shapes = append(mismatch.Shapes, fmt.Sprintf("%s: file has %v, network needs %v", want.Name, got.Shape, want.Shape))
		}
	}
	for _, name := range weights.Names() {
		if layout.Lookup(name) == nil {
			mismatch.Extra = append(mismatch.Extra, name)
		}
	}
	if len(mismatch.Missing)+len(mismatch.Shapes)+len(mismatch.Extra) > 0 {
		return &mismatch
	}
	return nil
}
