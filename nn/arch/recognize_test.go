package arch_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/statedict"
)

func vector(name string, n int) statedict.Entry {
	return statedict.Entry{Name: name, Shape: []int{n}, Data: make([]float32, n)}
}

// edited returns d without the entries called drop, and with extra at its end.
func edited(d statedict.Dict, drop string, extra ...statedict.Entry) (out statedict.Dict) {
	for _, e := range d {
		if e.Name != drop {
			out = append(out, e)
		}
	}
	return append(out, extra...)
}

func TestRecognize(t *testing.T) {
	for _, family := range arch.Families() {
		for _, filters := range [][3]int{{8, 16, 32}, {16, 16, 32}, {8, 16, 16}, {3, 8, 16}, {1, 1, 1}} {
			for _, blocks := range []int{1, 3, 12} {
				want := mustNew(t, family, filters, blocks)
				got, err := arch.Recognize(dictOf(want))
				require.NoError(t, err)
				require.Equal(t, want, got)
			}
		}
	}
}

// TestRecognizeOldCheckpoints: with running statistics, which PyTorch 0.3 saved.
func TestRecognizeOldCheckpoints(t *testing.T) {
	want := arch.PyTorchExamples([3]int{2, 3, 4}, 2)
	d := dictOf(want)
	for _, name := range []string{"in1", "in5", "res2.in1"} {
		d = append(d, vector(name+".running_mean", 4), vector(name+".running_var", 4), statedict.Entry{Name: name + ".num_batches_tracked", Data: []float32{0}})
	}
	got, err := arch.Recognize(d)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func TestRecognizeRefuses(t *testing.T) {
	d := dictOf(arch.Tutorial([3]int{2, 3, 4}, 2))
	conv := func(name string, shape ...int) statedict.Entry { return statedict.Entry{Name: name, Shape: shape} }
	for name, c := range map[string]struct {
		d    statedict.Dict
		want string
	}{
		"empty":          {nil, "not the state dict of a network known here, which are tutorial, pytorch-examples, anti-aliased, anti-aliased-nearest: it is empty"},
		"another net":    {statedict.Dict{vector("features.0.bias", 64)}, ": it has features.0.bias"},
		"no first layer": {edited(d, "conv1.conv2d.weight"), "the network tutorial, but: conv1.conv2d.weight is missing"},
		"another kernel": {edited(d, "conv1.conv2d.weight", conv("conv1.conv2d.weight", 2, 3, 7, 7)), "conv1.conv2d.weight is [2 3 7 7], not [filters 3 9 9]"},
		"another width":  {edited(d, "conv2.conv2d.weight", conv("conv2.conv2d.weight", 3, 5, 3, 3)), "conv2.conv2d.weight is [3 5 3 3], not [filters 2 3 3]"},
		"a flat kernel":  {edited(d, "conv2.conv2d.weight", vector("conv2.conv2d.weight", 3)), "conv2.conv2d.weight is [3], not [filters 2 3 3]"},
		"a gap":          {edited(d, "", vector("resnets.3.in1.bias", 4)), "resnets.2 is missing, though there is resnets.3"},
		"a far gap":      {edited(d, "", vector("resnets.999999999.in1.bias", 4)), "resnets.2 is missing"},
		"a strange name": {edited(d, "", vector("resnets.01.in1.bias", 4)), `"resnets.01.in1.bias" names no residual block`},
		"no blocks":      {d[:12], "there are no residual blocks (resnets.0.*)"},
		"a missing one":  {edited(d, "in5.bias"), "missing: in5.bias"},
		"an extra one":   {edited(d, "", vector("in6.bias", 4)), "unexpected: in6.bias"},
		"a lie":          {edited(d, "in1.bias", statedict.Entry{Name: "in1.bias", Shape: []int{2}, Data: make([]float32, 1)}), "in1.bias: 1 values for [2]"},
		"two networks":   {append(dictOf(arch.PyTorchExamples([3]int{2, 3, 4}, 2)), d[12:28]...), "unexpected: res"},
		"half a blur":    {edited(d, "conv2.conv2d.weight", vector("conv2.blurred_conv2d.weight", 1)), "conv2.conv2d.weight is missing"},
		"old filters":    {edited(dictOf(arch.PyTorchExamples([3]int{2, 3, 4}, 2)), "", vector("res0.in1.weight", 1)), `"res0.in1.weight" names no residual block`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := arch.Recognize(c.d)
			require.ErrorContains(t, err, c.want)
		})
	}
	var m *statedict.Mismatch
	_, err := arch.Recognize(edited(d, "in5.bias"))
	require.ErrorAs(t, err, &m)
	require.Equal(t, []string{"in5.bias"}, m.Missing)
}

// TestForeignStatistics takes no network for a known one because half of it are
// running statistics, which any network may have.
func TestForeignStatistics(t *testing.T) {
	var d statedict.Dict
	for _, name := range []string{"model1.0.conv2d.weight", "model1.1.running_mean", "model1.1.running_var", "gram.weight"} {
		d = append(d, statedict.Entry{Name: name, Shape: []int{1}, Data: []float32{1}})
	}
	_, err := arch.Recognize(d)
	require.ErrorContains(t, err, "not the state dict of a network known here")
	require.ErrorContains(t, err, "MSG-Net")
}
