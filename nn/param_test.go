package nn_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

func smallDict() statedict.Dict {
	return nn.NewTransformerNet(reference.New(), [3]int{2, 3, 4}, 2, 9).StateDict()
}

// edited returns d without the entries called drop, and with extra at its end.
func edited(d statedict.Dict, drop string, extra ...statedict.Entry) statedict.Dict {
	var out statedict.Dict
	for _, e := range d {
		if e.Name != drop {
			out = append(out, e)
		}
	}
	return append(out, extra...)
}

func vector(name string, n int) statedict.Entry {
	return statedict.Entry{Name: name, Shape: []int{n}, Data: make([]float32, n)}
}

func TestLoadStateDict(t *testing.T) {
	d := smallDict()
	net := nn.NewTransformerNet(reference.New(), [3]int{2, 3, 4}, 2, 1)
	before := net.StateDict()

	bad := edited(d, "in3.bias", vector("in9.bias", 4), vector("head.weight", 1))
	bad = edited(bad, "in2.weight", vector("in2.weight", 7))
	err := net.LoadStateDict(bad, true)
	var m *statedict.Mismatch
	require.ErrorAs(t, err, &m)
	require.Equal(t, []string{"in3.bias"}, m.Missing)
	require.Equal(t, []string{"in9.bias", "head.weight"}, m.Extra)
	require.Equal(t, []string{"in2.weight: file has [7], network needs [3]"}, m.Shapes)
	require.Equal(t, before, net.StateDict(), "an error changes nothing")
	require.Error(t, net.LoadStateDict(bad, false), "shapes must agree in any case")

	partial := edited(d, "in3.bias", vector("other", 4))
	require.NoError(t, net.LoadStateDict(partial, false))
	after := net.StateDict()
	require.Equal(t, before.Lookup("in3.bias"), after.Lookup("in3.bias"))
	require.Equal(t, d.Lookup("conv1.conv2d.weight"), after.Lookup("conv1.conv2d.weight"))

	old := edited(d, "", vector("in1.running_mean", 2), vector("in1.running_var", 2),
		statedict.Entry{Name: "in1.num_batches_tracked", Data: []float32{0}})
	require.NoError(t, net.LoadStateDict(old, true), "deprecated statistics are dropped")
	require.Equal(t, d, net.StateDict())

	lying := edited(d, "in1.bias", statedict.Entry{Name: "in1.bias", Shape: []int{2}, Data: make([]float32, 1)})
	require.ErrorContains(t, net.LoadStateDict(lying, true), "in1.bias: 1 values for [2]")
}

func TestNewNetworkFrom(t *testing.T) {
	d := smallDict()
	net, err := nn.NewNetworkFrom(reference.New(), d)
	require.NoError(t, err)
	require.Equal(t, d, net.StateDict())
	require.Equal(t, 2, net.Arch().Blocks)

	_, err = nn.NewNetworkFrom(reference.New(), edited(d, "resnets.1.in2.bias"))
	require.ErrorContains(t, err, "missing: resnets.1.in2.bias")

	// A small file that claims a huge network is refused before it is built.
	huge := statedict.Dict{
		{Name: "conv1.conv2d.weight", Shape: []int{1, 3, 9, 9}, Data: make([]float32, 243)},
		{Name: "conv2.conv2d.weight", Shape: []int{1, 1, 3, 3}, Data: make([]float32, 9)},
		{Name: "conv3.conv2d.weight", Shape: []int{1 << 20, 1, 3, 3}, Data: make([]float32, 9<<20)},
		vector("resnets.0.in1.weight", 1),
	}
	_, err = nn.NewNetworkFrom(reference.New(), huge)
	require.ErrorContains(t, err, "resnets.0.in1.weight: file has [1], network needs [1048576]")
}
