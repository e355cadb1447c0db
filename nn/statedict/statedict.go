// Package statedict holds the ordered, named float32 tensors that weights files
// contain and networks load: PyTorch's "state dict".
//
// It is the common currency of the readers and writers (packages pth and
// safetensors), the networks (packages nn and vgg) and the ONNX exporter, and
// depends on no other package of the module but the one that quotes names.
package statedict

import (
	"fmt"
	"strings"

	"github.com/impasto-go/impasto/internal/printable"
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

// NonFinite is the error of Dict.CheckFinite.
type NonFinite struct {
	Name  string   // of the first tensor with such a value
	At    int      // its place in the tensor's data
	Value float32  // NaN or an infinity
	Count int      // how many values of the tensor are not finite
	Of    int      // how many it has
	Names []string // of all such tensors
}

// Error names the tensors.
func (e *NonFinite) Error() string {
	text := fmt.Sprintf("tensor %s holds %v at [%d] (%d of its %d values are not finite)", printable.Name(e.Name), e.Value, e.At, e.Count, e.Of)
	if len(e.Names) > 1 {
		text += fmt.Sprintf("; so do %d others", len(e.Names)-1)
	}
	return text
}

// CheckFinite returns a *NonFinite error unless every value is finite.
func (d Dict) CheckFinite() error {
	var bad *NonFinite
	for _, e := range d {
		count := 0
		for i, v := range e.Data {
			if v-v == 0 { // not NaN, and no infinity
				continue
			}
			if bad == nil {
				bad = &NonFinite{Name: e.Name, At: i, Value: v, Of: len(e.Data)}
			}
			count++
		}
		if count > 0 {
			bad.Names = append(bad.Names, e.Name)
			if len(bad.Names) == 1 {
				bad.Count = count
			}
		}
	}
	if bad == nil {
		return nil
	}
	return bad
}

// Mismatch reports how a state dict differs from what a network expects.
type Mismatch struct {
	Missing []string // expected, not in the file
	Extra   []string // in the file, not expected
	Shapes  []string // "name: file has [..], network needs [..]"
}

// Error names the differences, the first few of each kind, so that one look tells
// which file was meant.
func (m *Mismatch) Error() string {
	var parts []string
	add := func(what string, names []string) {
		if len(names) > 0 {
			parts = append(parts, what+": "+printable.Names(names))
		}
	}
	add("missing", m.Missing)
	add("unexpected", m.Extra)
	add("wrong shape", m.Shapes)
	return "state dict does not fit the network: " + strings.Join(parts, "; ")
}
