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
// order. In torchvision's Sequential a convolution is followed by a ReLU, and a
// block by a pooling.
func layout(deepest Layer) []param {
	var params []param
	in, at := 3, 0
	for b, n := range blockConvs {
		for c := range n {
			l, out := Layer{b + 1, c + 1}, blockWidth[b]
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
func Layout(deepest Layer) statedict.Dict {
	var d statedict.Dict
	for _, p := range layout(deepest) {
		d = append(d, statedict.Entry{Name: p.name, Shape: p.shape, Data: make([]float32, p.size())})
	}
	return d
}

// wanted reports whether Load needs to see the tensor called name: not if it
// belongs to the classifier or to a convolution after the deepest layer.
func wanted(name string, deepest Layer) bool {
	if strings.HasPrefix(name, "classifier.") {
		return false
	}
	for _, p := range layout(deepest) {
		if p.name == name {
			return true
		}
	}
	for _, p := range layout(Relu54) {
		if p.name == name {
			return false
		}
	}
	return true
}

// check compares d with the layout down to the deepest layer.
func check(d statedict.Dict, deepest Layer) error {
	var m statedict.Mismatch
	for _, p := range layout(deepest) {
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
	known := map[string]bool{}
	for _, p := range layout(Relu54) {
		known[p.name] = true
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
