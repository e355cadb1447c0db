// Package modeltest makes weights for tests of what runs styles.
package modeltest

import (
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/statedict"
)

// Weights returns weights whose pictures have contrast, as trained ones have. They are
// the same at every call.
func Weights(n *arch.Network) statedict.Dict {
	var d statedict.Dict
	state := uint32(1)
	for _, p := range n.Params() {
		fan := 1
		if len(p.Shape) == 4 {
			fan = p.Shape[1] * p.Shape[2] * p.Shape[3]
		}
		e := statedict.Entry{Name: p.Name, Shape: p.Shape, Data: make([]float32, p.Len())}
		for i := range e.Data {
			state = state*1664525 + 1013904223
			e.Data[i] = (float32(state>>8)/(1<<23) - 1) * 2 / float32(fan) * float32(min(fan, 20))
		}
		d = append(d, e)
	}
	last := &n.Layers[len(n.Layers)-1]
	for i := range d.Lookup(last.Conv + ".weight").Data {
		d.Lookup(last.Conv + ".weight").Data[i] *= 60
	}
	for i := range d.Lookup(last.Conv + ".bias").Data {
		d.Lookup(last.Conv + ".bias").Data[i] = 128
	}
	return d
}
