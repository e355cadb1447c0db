package train

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/inputs"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/train/ranks"
)

// TestBuiltIn: what needs no file is the default without a dataset and a choice with one,
// and keeps its name in the settings of a run.
func TestBuiltIn(t *testing.T) {
	for _, c := range []struct {
		args              []string
		vgg, init, layers string
	}{
		{nil, "compact", "base", "relu1_2,relu2_2,relu3_3"},
		{[]string{"-filters", "8,16,32"}, "compact", "", "relu1_2,relu2_2,relu3_3"},
		{[]string{"-res-blocks", "3", "-init", "base"}, "compact", "base", "relu1_2,relu2_2,relu3_3"},
		{[]string{"-vgg", "random"}, "random", "base", "relu1_2,relu2_2,relu3_3"},
		{[]string{"-dataset", "/a", "-style", "/b", "-vgg", "compact"}, "compact", "", "relu1_2,relu2_2,relu3_3"},
		{[]string{"-dataset", "/a", "-style", "/b", "-vgg", "/c", "-init", "base"}, "/c", "base", "relu1_2,relu2_2,relu3_3,relu4_3,relu5_3"},
		{[]string{"-dataset", "/a", "-style", "/b", "-vgg", "compact", "-style-layers", "relu1_2"}, "compact", "", "relu1_2"},
	} {
		o, err := parse(c.args, ranks.One{})
		require.NoError(t, err)
		require.Equal(t, []string{c.vgg, c.init, c.layers}, []string{o.VGG, o.Init, o.StyleLayers}, c.args)
	}

	be := tensor.CPU()
	defer be.Close()
	net, err := inputs.Network(t.Context(), be, inputs.BaseInit, "", "", 0, 64, 0)
	require.NoError(t, err)
	defer net.Free()
	require.Equal(t, arch.Tutorial([3]int{8, 16, 32}, 5), net.Arch())
	o := tutorial()
	o.VGG = inputs.CompactVGG
	c, err := o.config()
	require.NoError(t, err)
	_, err = inputs.Features(t.Context(), be, o.VGG, c.Deepest())
	require.ErrorContains(t, err, "-vgg compact: the compact network ends at relu3_3 and has no relu5_3: ask for -style-layers relu1_2,relu2_2,relu3_3")
}
