package vgg

import (
	"fmt"
	"slices"
	"strings"

	"github.com/impasto-go/impasto/nn/statedict"
)

// param is the name and shape of a weight or bias under torchvision's key.
type param struct {
	name  string
	shape []int
	layer Layer
}

func (p param) size() int {
	n := 1
	for _, d := range p.shape {
		n *= d
	}
	return n
}

// layout lists weight and bias of each convolution down to the deepest layer, in
// order, of a network with so many filters in the first block. In torchvision's
// Sequential a convolution is followed by a ReLU, and a block by a pooling.
func layout(deepest Layer, width int) []param {
	var params []param
	in, at := 3, 0
	for b, n := range blockConvs {
		for c := range n {
			l, out := Layer{b + 1, c + 1}, width*blockWidth[b]/fullWidth
			name := fmt.Sprintf("features.%d", at)
			params = append(params, param{name + ".weight", []int{out, in, 3, 3}, l}, param{name + ".bias", []int{out}, l})
			if l == deepest {
				return params
			}
			in, at = out, at+2
		}
		at++
	}
	return params
}

// Layout returns the state dict of the convolutions down to the deepest layer, in
// torchvision's names, shapes and order, with all values zero.
func Layout(deepest Layer) statedict.Dict { return NarrowLayout(deepest, fullWidth) }

// NarrowLayout is Layout for a network with so many filters in its first block, where
// VGG-19 has 64, and with so much less in the others, too.
func NarrowLayout(deepest Layer, width int) statedict.Dict {
	var d statedict.Dict
	for _, p := range layout(deepest, width) {
		d = append(d, statedict.Entry{Name: p.name, Shape: p.shape, Data: make([]float32, p.size())})
	}
	return d
}

// ViewName returns the name under which a state dict holds the view of a layer, a
// matrix as a convolution's weight {C, C, 1, 1}: see Load.
func ViewName(l Layer) string { return "views." + l.String() + ".weight" }

// widthOf returns the number of filters in the first block of the network in d, or
// VGG-19's if that is none it could have.
func widthOf(d statedict.Dict) int {
	if e := d.Lookup("features.0.weight"); e != nil && len(e.Shape) == 4 && e.Shape[0] >= 1 && e.Shape[0] < fullWidth {
		return e.Shape[0]
	}
	return fullWidth
}

// wanted reports whether Load needs to see the tensor called name: not if it
// belongs to the classifier or to a convolution after the deepest layer.
func wanted(name string, deepest Layer) bool {
	if strings.HasPrefix(name, "classifier.") {
		return false
	}
	for _, p := range layout(deepest, fullWidth) {
		if p.name == name {
			return true
		}
	}
	for _, p := range layout(Relu54, fullWidth) {
		if p.name == name {
			return false
		}
	}
	return true
}

// check compares d with the layout down to the deepest layer.
func check(d statedict.Dict, deepest Layer) error {
	var m statedict.Mismatch
	width := widthOf(d)
	known := map[string]bool{}
	wanted := layout(deepest, width)
	for _, p := range layout(Relu54, width) {
		known[p.name] = true
		l, n := p.layer, p.shape[0]
		if v := (param{ViewName(l), []int{n, n, 1, 1}, l}); !known[v.name] {
			known[v.name] = true
			if d.Lookup(v.name) != nil && l.index() <= deepest.index() {
				wanted = append(wanted, v)
			}
		}
	}
	for _, p := range wanted {
		e := d.Lookup(p.name)
		switch {
		case e == nil:
			m.Missing = append(m.Missing, p.name)
		case !slices.Equal(e.Shape, p.shape):
			m.Shapes = append(m.Shapes, fmt.Sprintf("%s: file has %v, network needs %v", p.name, e.Shape, p.shape))
		case len(e.Data) != p.size():
			m.Shapes = append(m.Shapes, fmt.Sprintf("%s: %d values for %v", p.name, len(e.Data), p.shape))
		}
	}
	for _, name := range d.Names() {
		if !known[name] && !strings.HasPrefix(name, "classifier.") {
			m.Extra = append(m.Extra, name)
		}
	}
	if len(m.Missing)+len(m.Shapes)+len(m.Extra) > 0 {
		return &m
	}
	return nil
}
