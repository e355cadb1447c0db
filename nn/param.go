package nn

import (
	"fmt"
	"slices"
	"strings"

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
// normalisation, which never used them, are ignored.
func LoadStateDict(params []Param, d statedict.Dict, strict bool) error {
	if err := compare(params, d, strict); err != nil {
		return err
	}
	write(params, d)
	return nil
}

// compare is the check of LoadStateDict.
func compare(params []Param, d statedict.Dict, strict bool) error {
	var m statedict.Mismatch
	entries := index(d)
	for _, p := range params {
		e := entries[p.Name]
		switch {
		case e == nil:
			m.Missing = append(m.Missing, p.Name)
		case !slices.Equal(e.Shape, p.Shape):
			m.Shapes = append(m.Shapes, fmt.Sprintf("%s: file has %v, network needs %v", p.Name, e.Shape, p.Shape))
		case len(e.Data) != product(p.Shape):
			m.Shapes = append(m.Shapes, fmt.Sprintf("%s: %d values for %v", p.Name, len(e.Data), p.Shape))
		}
	}
	m.Extra = unexpected(params, d)
	if len(m.Shapes) > 0 || strict && len(m.Missing)+len(m.Extra) > 0 {
		return &m
	}
	return nil
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

func write(params []Param, d statedict.Dict) {
	entries := index(d)
	for _, p := range params {
		if e := entries[p.Name]; e != nil {
			p.Tensor.Write(e.Data)
		}
	}
}

func index(d statedict.Dict) map[string]*statedict.Entry {
	entries := make(map[string]*statedict.Entry, len(d))
	for i := range d {
		entries[d[i].Name] = &d[i]
	}
	return entries
}

func unexpected(params []Param, d statedict.Dict) (names []string) {
	known := make(map[string]bool, len(params))
	for _, p := range params {
		known[p.Name] = true
	}
	for _, e := range d {
		if !known[e.Name] && !isRunningStatistic(e.Name) {
			names = append(names, e.Name)
		}
	}
	return names
}

func isRunningStatistic(name string) bool {
	switch name[strings.LastIndexByte(name, '.')+1:] {
	case "running_mean", "running_var", "num_batches_tracked":
		return true
	}
	return false
}

func vectorParam(name string, t *tensor.Tensor) Param {
	return Param{Name: name, Shape: []int{t.Shape()[1]}, Tensor: t}
}

func weightParam(name string, t *tensor.Tensor) Param {
	s := t.Shape()
	return Param{Name: name, Shape: s[:], Tensor: t}
}
