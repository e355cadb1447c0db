// Package statedict holds the ordered, named float32 tensors that weights files
// contain and networks load: PyTorch's "state dict".
//
// It is the common currency of the readers and writers (packages pth and
// safetensors), the networks (packages nn and vgg) and the ONNX exporter, and
// depends on nothing but the standard library.
package statedict

import (
	"fmt"
	"strings"
)

// Entry is one named tensor. Data holds its elements in row-major (C) order;
// len(Data) is the product of Shape, and a scalar has an empty Shape.
type Entry struct {
	Name  string
	Shape []int
	Data  []float32
}

// Dict is a state dict: entries in their original order, as PyTorch's
// OrderedDict keeps them. Names are unique.
type Dict []Entry

// Lookup returns the entry called name, or nil if there is none.
func (d Dict) Lookup(name string) *Entry {
	for i := range d {
		if d[i].Name == name {
			return &d[i]
		}
	}
	return nil
}

// Names returns the names in order.
func (d Dict) Names() []string {
	names := make([]string, len(d))
	for i := range d {
		names[i] = d[i].Name
	}
	return names
}

// NumElements returns the number of float32 values in all entries.
func (d Dict) NumElements() int {
	n := 0
	for i := range d {
		n += len(d[i].Data)
	}
	return n
}

// Clone returns a deep copy.
func (d Dict) Clone() Dict {
	c := make(Dict, len(d))
	for i, e := range d {
		c[i] = Entry{e.Name, append([]int(nil), e.Shape...), append([]float32(nil), e.Data...)}
	}
	return c
}

// Mismatch reports how a state dict differs from what a network expects.
// It lists every difference, so that one look tells which file was meant.
type Mismatch struct {
	Missing []string // expected, not in the file
	Extra   []string // in the file, not expected
	Shapes  []string // "name: file has [..], network needs [..]"
}

// Error lists all differences.
func (m *Mismatch) Error() string {
	var parts []string
	add := func(what string, names []string) {
		if len(names) > 0 {
			parts = append(parts, fmt.Sprintf("%s: %s", what, strings.Join(names, ", ")))
		}
	}
	add("missing", m.Missing)
	add("unexpected", m.Extra)
	add("wrong shape", m.Shapes)
	return "state dict does not fit the network: " + strings.Join(parts, "; ")
}
