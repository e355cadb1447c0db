package onnxexport_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/onnx"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/onnxexport"
	"github.com/stretchr/testify/require"
)

// randomWeights returns weights of the size that training leaves, with lively
// instance norms, the same on every run.
func randomWeights(n *arch.Network) statedict.Dict {
	rng := rand.New(rand.NewPCG(uint64(n.Filters[0]), uint64(n.Blocks)))
	last := n.Layers[len(n.Layers)-1].Conv
	var d statedict.Dict
	for _, p := range n.Params() {
		low, high := -0.5, 0.5 // the shift of a norm
		switch {
		case len(p.Shape) == 4:
			high = 1 / math.Sqrt(float64(p.Len()/p.Shape[0]))
			low = -high
		case strings.HasSuffix(p.Name, ".weight"):
			low, high = 0.5, 1.5
		}
		if strings.HasPrefix(p.Name, last) {
			low, high = 120*low, 120*high
		}
		data := make([]float32, p.Len())
		for i := range data {
			data[i] = float32(low + (high-low)*rng.Float64())
		}
		d = append(d, statedict.Entry{Name: p.Name, Shape: p.Shape, Data: data})
	}
	return d
}

// randomNet returns weights of the tutorial's network.
func randomNet(filters [3]int, blocks int) statedict.Dict {
	return randomWeights(arch.Tutorial(filters, blocks))
}

// smallNet is the fixture of tests for which any network will do.
func smallNet() statedict.Dict { return randomNet([3]int{4, 8, 16}, 2) }

// smallNets is one network of each family.
func smallNets(t testing.TB) map[string]statedict.Dict {
	t.Helper()
	nets := map[string]statedict.Dict{}
	for _, name := range arch.Families() {
		n, err := arch.New(name, [3]int{3, 5, 6}, 2)
		require.NoError(t, err)
		nets[name] = randomWeights(n)
	}
	return nets
}

// build exports weights.
func build(t testing.TB, d statedict.Dict, o onnxexport.Options) *onnx.Model {
	t.Helper()
	m, err := onnxexport.Build(d, o)
	require.NoError(t, err)
	require.NoError(t, onnxexport.Check(m, o.Profile))
	return m
}

// sized declares frames of h x w where the file declares any size.
func sized(o onnxexport.Options, h, w int) onnxexport.Options {
	fixed := o.Profile == onnxexport.Barracuda || o.Profile == onnxexport.Static || o.Profile == onnxexport.OpenCV
	if o.Width != 0 || fixed && !o.Symbolic {
		o.Width, o.Height = w, h
	}
	return o
}

// randomFrame returns a frame of whole values 0..255.
func randomFrame(h, w int) []float32 {
	rng := rand.New(rand.NewPCG(uint64(h), uint64(w)))
	x := make([]float32, 3*h*w)
	for i := range x {
		x[i] = float32(rng.IntN(256))
	}
	return x
}

// meanAndMax returns the mean and largest absolute difference of a and b.
func meanAndMax(t *testing.T, a, b []float32) (mean, worst float64) {
	t.Helper()
	require.Equal(t, len(a), len(b))
	for i := range a {
		d := math.Abs(float64(a[i]) - float64(b[i]))
		require.False(t, math.IsNaN(d), "value %d: %v and %v", i, a[i], b[i])
		mean += d / float64(len(a))
		worst = max(worst, d)
	}
	return mean, worst
}

// largest returns the largest absolute value of x.
func largest(x []float32) float64 {
	m := 0.0
	for _, v := range x {
		m = max(m, math.Abs(float64(v)))
	}
	return m
}
