package nn

import (
	"slices"

	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/tensor"
)

// Param is a named parameter of a network.
type Param struct {
	Name   string         // as in PyTorch's state_dict, such as "conv1.conv2d.weight"
	Shape  []int          // as in PyTorch: a vector has one dimension
	Tensor *tensor.Tensor // the values; a vector of C values is {1, C, 1, 1}
}

// StateDict returns copies of the parameters' values, in their order.
func StateDict(params []Param) statedict.Dict {
	d := make(statedict.Dict, len(params))
	for i, p := range params {
		d[i] = statedict.Entry{Name: p.Name, Shape: slices.Clone(p.Shape), Data: p.Tensor.Values()}
	}
	return d
}

// LoadStateDict sets the parameters to the entries of d with their names. With
// strict, the names must be the same; without, parameters that d lacks keep their
// values and other entries are ignored, as in PyTorch. Shapes must always agree.
// Otherwise nothing is changed and the error is a *statedict.Mismatch that lists
// every difference.
//
// The running statistics that old versions of PyTorch saved with an instance
// normalization, which never used them, are ignored.
func LoadStateDict(params []Param, d statedict.Dict, strict bool) error {
	if m := d.Compare(described(params)); m != nil && (strict || len(m.Shapes) > 0) {
		return m
	}
	write(params, d)
	return nil
}

func described(params []Param) []statedict.Param {
	d := make([]statedict.Param, len(params))
	for i, p := range params {
		d[i] = statedict.Param{Name: p.Name, Shape: p.Shape}
	}
	return d
}

func write(params []Param, d statedict.Dict) {
	entries := make(map[string][]float32, len(d))
	for _, e := range d {
		entries[e.Name] = e.Data
	}
	for _, p := range params {
		if v, ok := entries[p.Name]; ok {
			p.Tensor.Write(v)
		}
	}
}
