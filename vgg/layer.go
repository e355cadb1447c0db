package vgg

import (
	"fmt"
	"strings"
)

// Layer names the output of a convolution of VGG-19 after its ReLU by block, 1 to
// 5, and convolution in the block, from 1 on. It is a usable map key.
type Layer struct{ Block, Conv int }

// The layers that the tutorial compares images at, by their true names.
var (
	Relu12 = Layer{1, 2} // relu1_2
	Relu22 = Layer{2, 2} // relu2_2
	Relu34 = Layer{3, 4} // relu3_4, which the tutorial calls relu3_3
	Relu44 = Layer{4, 4} // relu4_4, which the tutorial calls relu4_3
	Relu54 = Layer{5, 4} // relu5_4, which the tutorial calls relu5_3
)

// StyleLayers returns the five layers of the tutorial, from shallow to deep.
func StyleLayers() []Layer { return []Layer{Relu12, Relu22, Relu34, Relu44, Relu54} }

// Layers returns all layers down to the deepest, in order.
func Layers(deepest Layer) []Layer {
	var layers []Layer
	for _, p := range layout(deepest, fullWidth) {
		if len(p.shape) == 4 {
			layers = append(layers, p.layer)
		}
	}
	return layers
}

// blockConvs is the number of convolutions in each block, blockWidth their
// number of filters (Simonyan and Zisserman, arXiv:1409.1556, configuration E).
var (
	blockConvs = [5]int{2, 2, 4, 4, 4}
	blockWidth = [5]int{fullWidth, 128, 256, 512, 512}
)

// fullWidth is the number of filters in VGG-19's first block.
const fullWidth = 64

// ParseLayer returns the layer with a name such as "relu2_2". The tutorial's
// relu3_3, relu4_3 and relu5_3 are really the fourth convolutions of their
// blocks; these names are understood as the tutorial means them, and so are the
// true ones, relu3_4, relu4_4 and relu5_4.
func ParseLayer(name string) (Layer, error) {
	for _, l := range StyleLayers() {
		if name == l.Name() {
			return l, nil
		}
	}
	for b := range blockConvs {
		for c := range blockConvs[b] {
			if l := (Layer{b + 1, c + 1}); name == l.String() {
				return l, nil
			}
		}
	}
	return Layer{}, fmt.Errorf("VGG-19 has no layer %.40q: choose among %s (or relu1_1 to relu5_4)", name, layerNames())
}

func layerNames() string {
	var names []string
	for _, l := range StyleLayers() {
		names = append(names, l.Name())
	}
	return strings.Join(names, ", ")
}

// String returns the true name, such as "relu3_4".
func (l Layer) String() string { return fmt.Sprintf("relu%d_%d", l.Block, l.Conv) }

// Name returns the tutorial's name if it uses the layer, and the true name
// otherwise: "relu3_3" for Relu34.
func (l Layer) Name() string {
	if l.Block >= 3 && l.Conv == 4 {
		l.Conv = 3
	}
	return l.String()
}

// MinSize returns the smallest width and height of an image with this layer: one
// pixel is left after the pooling before every block but the first.
func (l Layer) MinSize() int { return 1 << (l.Block - 1) }

// Valid reports whether VGG-19 has the layer.
func (l Layer) Valid() bool {
	return l.Block >= 1 && l.Block <= len(blockConvs) && l.Conv >= 1 && l.Conv <= blockConvs[l.Block-1]
}

// index counts the convolutions before the layer's.
func (l Layer) index() int {
	i := l.Conv - 1
	for _, n := range blockConvs[:l.Block-1] {
		i += n
	}
	return i
}
