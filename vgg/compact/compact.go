// Package compact is a small judge of styles: a network like VGG-19 down to relu3_4
// (the tutorial's relu3_3), with a quarter of the filters, that was trained to see
// pictures as VGG-19 sees them. It is part of the program, so that training needs no
// file, and a training step with it takes a fraction of the time.
//
//	features, err := compact.Load(be, vgg.Relu34)
//
// Distances of features and of Gram matrices are on the scale of VGG-19's weights
// with every layer's mean activation scaled to 1, and so the weights of losses mean
// the same. What it loses, against VGG-19, is measured in this folder's README.md.
//
// The weights derive from VGG-19 of Karen Simonyan and Andrew Zisserman (Visual
// Geometry Group, University of Oxford, https://www.robots.ox.ac.uk/~vgg/research/very_deep/),
// licensed under CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/). They were
// changed: examples/distill made them.
package compact

import (
	"bytes"
	_ "embed"
	"fmt"

	"github.com/impasto-go/impasto/nn/safetensors"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/vgg"
)

//go:embed weights.safetensors
var file []byte

// Deepest is the last layer of the network.
var Deepest = vgg.Relu34

// Layers returns the layers that it was trained to see as VGG-19 does, from shallow to
// deep: those of the tutorial that it has. The layers between them are its own.
func Layers() []vgg.Layer { return []vgg.Layer{vgg.Relu12, vgg.Relu22, vgg.Relu34} }

// Load makes the network on be down to the deepest layer wanted, which is Deepest or one
// before it.
func Load(be backend.Backend, deepest vgg.Layer) (*vgg.VGG, error) {
	if deepest.Block > Deepest.Block {
		return nil, fmt.Errorf("the compact network ends at %s and has no %s", Deepest.Name(), deepest.Name())
	}
	d, _, err := safetensors.Read(bytes.NewReader(file), int64(len(file)), safetensors.RequireChecksum())
	if err != nil {
		return nil, fmt.Errorf("the compact network: %w", err)
	}
	return vgg.Load(be, d, deepest)
}
