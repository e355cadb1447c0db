package onnx_test

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/onnx"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/onnxexport"
)

// trained returns weights of the size that training leaves, the same on every run.
func trained(n *arch.Network) statedict.Dict {
	rng := rand.New(rand.NewPCG(uint64(n.Filters[0]), uint64(n.Blocks)))
	var d statedict.Dict
	last := n.Layers[len(n.Layers)-1].Conv
	for _, p := range n.Params() {
		data := make([]float32, p.Len())
		low, high := -0.5, 0.5
		switch {
		case len(p.Shape) == 4:
			high = 1 / math.Sqrt(float64(p.Len()/p.Shape[0]))
			low = -high
		case filepath.Ext(p.Name) == ".weight":
			low, high = 0.5, 1.5
		}
		for i := range data {
			v := low + (high-low)*rng.Float64()
			switch p.Name {
			case last + ".weight":
				v *= 120
			case last + ".bias":
				v += 128
			}
			data[i] = float32(v)
		}
		d = append(d, statedict.Entry{Name: p.Name, Shape: p.Shape, Data: data})
	}
	return d
}

func tiny() *arch.Network { return arch.Tutorial([3]int{1, 1, 2}, 1) }

// build exports weights.
func build(t testing.TB, d statedict.Dict, o onnxexport.Options) *onnx.Model {
	t.Helper()
	m, err := onnxexport.Build(d, o)
	require.NoError(t, err)
	return m
}

// reread returns what Unmarshal makes of a model's bytes.
func reread(t testing.TB, m *onnx.Model) *onnx.Model {
	t.Helper()
	again, err := onnx.Unmarshal(m.Marshal())
	require.NoError(t, err)
	return again
}

func readFloats(t testing.TB, path string) []float32 {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	tensor := onnx.Tensor{DataType: onnx.Float32, Raw: raw}
	v, err := tensor.Floats()
	require.NoError(t, err)
	return v
}

// find returns the first node of an operator.
func find(m *onnx.Model, op string) *onnx.Node {
	for i := range m.Graph.Nodes {
		if m.Graph.Nodes[i].Op == op {
			return &m.Graph.Nodes[i]
		}
	}
	panic("no " + op)
}

// node returns the node of a name.
func node(m *onnx.Model, name string) *onnx.Node {
	for i := range m.Graph.Nodes {
		if m.Graph.Nodes[i].Name == name {
			return &m.Graph.Nodes[i]
		}
	}
	panic("no " + name)
}

// insert has what the named node takes first pass through another, with a number.
func insert(m *onnx.Model, before, op string, number float32) {
	n := node(m, before)
	m.Graph.Initializers = append(m.Graph.Initializers, onnx.FloatTensor("number", []int64{1}, []float32{number}))
	added := onnx.Node{Op: op, Inputs: []string{n.Inputs[0], "number"}, Outputs: []string{"inserted"}}
	n.Inputs[0] = "inserted"
	i := slices.IndexFunc(m.Graph.Nodes, func(n onnx.Node) bool { return n.Name == before })
	m.Graph.Nodes = slices.Insert(m.Graph.Nodes, i, added)
}

func initializer(m *onnx.Model, name string) *onnx.Tensor {
	for i := range m.Graph.Initializers {
		if m.Graph.Initializers[i].Name == name {
			return &m.Graph.Initializers[i]
		}
	}
	panic("no " + name)
}

// worst returns the largest difference of two outputs.
func worst(t testing.TB, a, b []float32) float64 {
	t.Helper()
	require.Equal(t, len(a), len(b))
	w := 0.0
	for i := range a {
		d := math.Abs(float64(a[i]) - float64(b[i]))
		require.False(t, math.IsNaN(d))
		w = max(w, d)
	}
	return w
}
