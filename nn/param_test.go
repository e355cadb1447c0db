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

func TestNewTransformerNetFrom(t *testing.T) {
	d := smallDict()
	net, err := nn.NewTransformerNetFrom(reference.New(), d)
	require.NoError(t, err)
	require.Equal(t, d, net.StateDict())
	require.Len(t, net.ResNets, 2)

	_, err = nn.NewTransformerNetFrom(reference.New(), edited(d, "resnets.1.in2.bias"))
	require.ErrorContains(t, err, "missing: resnets.1.in2.bias")

	// A small file that claims a huge network is refused before it is built.
	huge := statedict.Dict{
		{Name: "conv1.conv2d.weight", Shape: []int{1, 3, 9, 9}, Data: make([]float32, 243)},
		{Name: "conv2.conv2d.weight", Shape: []int{1, 1, 3, 3}, Data: make([]float32, 9)},
		{Name: "conv3.conv2d.weight", Shape: []int{1 << 20, 1, 3, 3}, Data: make([]float32, 9<<20)},
		vector("resnets.0.in1.weight", 1),
	}
	_, err = nn.NewTransformerNetFrom(reference.New(), huge)
	require.ErrorContains(t, err, "resnets.0.in1.weight: file has [1], network needs [1048576]")
}

func TestFiltersOf(t *testing.T) {
	for _, filters := range [][3]int{{8, 16, 32}, {16, 16, 32}, {8, 16, 16}, {3, 8, 16}, {1, 1, 1}} {
		got, blocks, err := nn.FiltersOf(nn.NewTransformerNet(reference.New(), filters, 3, 0).StateDict())
		require.NoError(t, err)
		require.Equal(t, filters, got)
		require.Equal(t, 3, blocks)
	}
	d := smallDict()
	for name, c := range map[string]struct {
		d    statedict.Dict
		want string
	}{
		"empty":          {nil, "conv1.conv2d.weight is missing (it is empty)"},
		"another net":    {statedict.Dict{vector("features.0.bias", 64)}, "conv1.conv2d.weight is missing (it has features.0.bias)"},
		"another kernel": {edited(d, "conv1.conv2d.weight", statedict.Entry{Name: "conv1.conv2d.weight", Shape: []int{2, 3, 7, 7}}), "conv1.conv2d.weight is [2 3 7 7], not [filters 3 9 9]"},
		"another width":  {edited(d, "conv2.conv2d.weight", statedict.Entry{Name: "conv2.conv2d.weight", Shape: []int{3, 5, 3, 3}}), "conv2.conv2d.weight is [3 5 3 3], not [filters 2 3 3]"},
		"a gap":          {edited(d, "", vector("resnets.3.in1.bias", 4)), "resnets.2 is missing, though there is resnets.3"},
		"a far gap":      {edited(d, "", vector("resnets.999999999.in1.bias", 4)), "resnets.2 is missing"},
		"a strange name": {edited(d, "", vector("resnets.01.in1.bias", 4)), `"resnets.01.in1.bias" names no residual block`},
		"no blocks":      {d[:12], "there are no residual blocks"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := nn.FiltersOf(c.d)
			require.ErrorContains(t, err, c.want)
		})
	}
}
