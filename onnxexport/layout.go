package onnxexport

import (
	"fmt"
	"math"

	"github.com/impasto-go/impasto/nn/statedict"
)

// layout is the shape of a network: everything that its weights' names and
// shapes follow from.
type layout struct {
	filters [3]int
	blocks  int
}

// entry is the name and shape of one weight.
type entry struct {
	name  string
	shape []int
}

// entries lists the network's weights in the order of PyTorch's state_dict.
func (l layout) entries() []entry {
	var list []entry
	conv := func(name string, out, in, kernel int) {
		list = append(list,
			entry{name + ".conv2d.weight", []int{out, in, kernel, kernel}},
			entry{name + ".conv2d.bias", []int{out}})
	}
	norm := func(name string, channels int) {
		list = append(list,
			entry{name + ".weight", []int{channels}},
			entry{name + ".bias", []int{channels}})
	}
	f := l.filters
	conv("conv1", f[0], 3, 9)
	norm("in1", f[0])
	conv("conv2", f[1], f[0], 3)
	norm("in2", f[1])
	conv("conv3", f[2], f[1], 3)
	norm("in3", f[2])
	for i := range l.blocks {
		block := fmt.Sprintf("resnets.%d.", i)
		conv(block+"conv1", f[2], f[2], 3)
		norm(block+"in1", f[2])
		conv(block+"conv2", f[2], f[2], 3)
		norm(block+"in2", f[2])
	}
	conv("deconv1", f[1], f[2], 3)
	norm("in4", f[1])
	conv("deconv2", f[0], f[1], 3)
	norm("in5", f[0])
	conv("deconv3", 3, f[0], 9)
	return list
}

// arrange finds the layout of d from the shapes of its tensors and returns the
// weights in the layout's order. A weight that is missing, has another shape or
// is left over makes the error a *[statedict.Mismatch] that lists them all.
func arrange(d statedict.Dict) (layout, statedict.Dict, error) {
	index := make(map[string]*statedict.Entry, len(d))
	for i := range d {
		if index[d[i].Name] != nil {
			return layout{}, nil, fmt.Errorf("onnxexport: two tensors are called %s", d[i].Name)
		}
		index[d[i].Name] = &d[i]
	}
	l := layout{blocks: 1}
	for i, name := range []string{"conv1", "conv2", "conv3"} {
		if e := index[name+".conv2d.weight"]; e != nil && len(e.Shape) == 4 {
			l.filters[i] = e.Shape[0]
		}
	}
	for index[fmt.Sprintf("resnets.%d.conv1.conv2d.weight", l.blocks)] != nil {
		l.blocks++
	}
	var sorted statedict.Dict
	var mismatch statedict.Mismatch
	for _, want := range l.entries() {
		e := index[want.name]
		delete(index, want.name)
		if e == nil {
			mismatch.Missing = append(mismatch.Missing, want.name)
			continue
		}
		if !fits(e, want.shape) {
			mismatch.Shapes = append(mismatch.Shapes,
				fmt.Sprintf("%s: file has %v, network needs %v", e.Name, e.Shape, want.shape))
		}
		sorted = append(sorted, *e)
	}
	for i := range d {
		if index[d[i].Name] != nil {
			mismatch.Extra = append(mismatch.Extra, d[i].Name)
		}
	}
	if mismatch.Missing != nil || mismatch.Shapes != nil || mismatch.Extra != nil {
		return layout{}, nil, fmt.Errorf("onnxexport: %w", &mismatch)
	}
	return l, sorted, nil
}

// fits tells whether e has the wanted shape, no empty dimension, and as many
// elements as its shape says.
func fits(e *statedict.Entry, shape []int) bool {
	n := 1
	for i, want := range shape {
		if i >= len(e.Shape) || e.Shape[i] != want || want <= 0 || n > math.MaxInt/want {
			return false
		}
		n *= want
	}
	return len(e.Shape) == len(shape) && len(e.Data) == n
}

// checkFinite returns an error that names the first weight that is NaN or
// infinite.
func checkFinite(d statedict.Dict) error {
	for _, e := range d {
		for i, v := range e.Data {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				return fmt.Errorf("onnxexport: element %d of %s is %v: the training has diverged, export an earlier checkpoint", i, e.Name, v)
			}
		}
	}
	return nil
}
