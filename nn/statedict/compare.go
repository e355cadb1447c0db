package statedict

import (
	"fmt"
	"slices"
	"strings"
)

// Param is the name and shape of a tensor that a network expects.
type Param struct {
	Name  string
	Shape []int
}

// Len returns the number of values.
func (p *Param) Len() int {
	n := 1
	for _, d := range p.Shape {
		n *= d
	}
	return n
}

// Compare returns nil if d has entries with the names and shapes of want and no
// others; their order does not matter. Entries that IsRunningStatistic accepts are
// ignored.
func (d Dict) Compare(want []Param) *Mismatch {
	var m Mismatch
	rest := make(map[string]*Entry, len(d))
	for i := range d {
		rest[d[i].Name] = &d[i]
	}
	for _, p := range want {
		e := rest[p.Name]
		delete(rest, p.Name)
		switch {
		case e == nil:
			m.Missing = append(m.Missing, p.Name)
		case !slices.Equal(e.Shape, p.Shape):
			m.Shapes = append(m.Shapes, fmt.Sprintf("%s: file has %v, network needs %v", p.Name, e.Shape, p.Shape))
		case len(e.Data) != p.Len():
			m.Shapes = append(m.Shapes, fmt.Sprintf("%s: %d values for %v", p.Name, len(e.Data), p.Shape))
		}
	}
	for _, e := range d {
		if rest[e.Name] != nil && !IsRunningStatistic(e.Name) {
			m.Extra = append(m.Extra, e.Name)
		}
	}
	if len(m.Missing)+len(m.Extra)+len(m.Shapes) == 0 {
		return nil
	}
	return &m
}

// IsRunningStatistic reports whether an entry of this name is one that old versions
// of PyTorch saved with an instance normalization, which never used it.
func IsRunningStatistic(name string) bool {
	switch name[strings.LastIndexByte(name, '.')+1:] {
	case "running_mean", "running_var", "num_batches_tracked":
		return true
	}
	return false
}
