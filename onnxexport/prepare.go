package onnxexport

import (
	"fmt"
	"math"

	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/onnx"
	"github.com/impasto-go/impasto/nn/statedict"
)

// prepared is a layer's constants as the file stores them.
type prepared struct {
	weight, bias []float32 // of the convolution; the blur is folded in
	scale, shift []float32 // of the normalization
	epsilon      float32
	half         bool // the layer computes in float16
}

// prepare returns the constants of all layers. Unless o keeps the range of the
// network, what turns the file's values into the network's is multiplied into the
// first convolution, and what turns them back into the last.
func prepare(n *arch.Network, d statedict.Dict, o Options) ([]prepared, error) {
	file := arch.Range{High: 1}
	if o.Bytes {
		file = arch.Bytes
	}
	layers := make([]prepared, len(n.Layers))
	for i := range n.Layers {
		l, p := &n.Layers[i], &layers[i]
		if l.Upsample > 2 {
			return nil, fmt.Errorf("onnxexport: layer %s enlarges by %d; what is known is 2", l.Name, l.Upsample)
		}
		data := func(name string) []float32 { return append([]float32(nil), d.Lookup(name).Data...) }
		*p = prepared{weight: l.Fold(data(l.Conv + ".weight")), bias: data(l.Conv + ".bias"), epsilon: 1e-5}
		if l.Norm != "" {
			p.scale, p.shift = data(l.Norm+".weight"), data(l.Norm+".bias")
		}
		if i == 0 {
			p.takes(file, n.Input)
		}
		if i == len(n.Layers)-1 {
			p.returns(file, n.Output)
		}
	}
	for i, p := range layers {
		for _, v := range [][]float32{p.weight, p.bias} {
			for _, x := range v {
				if math.IsInf(float64(x), 0) {
					return nil, fmt.Errorf("onnxexport: a weight of %s is too large for values of %v..%v", n.Layers[i].Conv, file.Low, file.High)
				}
			}
		}
	}
	if o.Precision == HalfValues {
		return layers, halve(n, layers)
	}
	return layers, nil
}

// takes makes the convolution take values of the range file where it took those of
// own. Mirrored padding adds no constant of its own, so this is exact up to
// rounding.
func (p *prepared) takes(file, own arch.Range) {
	factor := size(own) / size(file)
	if shift := float64(own.Low) - float64(file.Low)*factor; shift != 0 {
		k := len(p.weight) / len(p.bias)
		for o := range p.bias {
			sum := 0.0
			for _, w := range p.weight[o*k:][:k] {
				sum += float64(w) * shift
			}
			p.bias[o] = float32(float64(p.bias[o]) + sum)
		}
	}
	onnx.Scale(p.weight, factor)
}

// returns makes the convolution return values of the range file where it returned
// those of own.
func (p *prepared) returns(file, own arch.Range) {
	factor := size(file) / size(own)
	onnx.Scale(p.weight, factor)
	onnx.Scale(p.bias, factor)
	if shift := float64(file.Low) - float64(own.Low)*factor; shift != 0 {
		for o := range p.bias {
			p.bias[o] = float32(float64(p.bias[o]) + shift)
		}
	}
}

func size(r arch.Range) float64 { return float64(r.High) - float64(r.Low) }
