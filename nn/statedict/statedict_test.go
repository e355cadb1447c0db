package statedict_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/statedict"
)

var inf, nan = float32(math.Inf(1)), float32(math.NaN())

func TestCheckFinite(t *testing.T) {
	d := func(values ...[]float32) (d statedict.Dict) {
		for i, v := range values {
			d = append(d, statedict.Entry{Name: fmt.Sprintf("t%d", i), Shape: []int{len(v)}, Data: v})
		}
		return d
	}
	require.NoError(t, d().CheckFinite())
	require.NoError(t, d(nil, []float32{0, math.MaxFloat32, -math.MaxFloat32, 1e-45}).CheckFinite())
	for _, v := range []float32{inf, -inf, nan} {
		var e *statedict.NonFinite
		require.ErrorAs(t, d([]float32{1}, []float32{2, 3, v, v}, []float32{v}).CheckFinite(), &e)
		require.Equal(t, []string{"t1", "t2"}, e.Names)
		require.Equal(t, [3]int{2, 2, 4}, [3]int{e.At, e.Count, e.Of})
		require.Contains(t, e.Error(), `tensor "t1" holds `+fmt.Sprint(v)+" at [2] (2 of its 4 values are not finite); so do 1 others")
	}
	require.NotContains(t, d([]float32{nan}).CheckFinite().Error(), "others")
}

// TestMessagesAreShort: a foreign file's thousand names, whatever is in them, make no
// wall of text and no commands for the terminal.
func TestMessagesAreShort(t *testing.T) {
	m := &statedict.Mismatch{Shapes: []string{"w: file has [1], network needs [2]"}}
	var d statedict.Dict
	for i := range 1000 {
		name := fmt.Sprintf("\x1b]0;%d\x07%s", i, strings.Repeat("x", 100))
		m.Missing, m.Extra = append(m.Missing, name), append(m.Extra, name)
		d = append(d, statedict.Entry{Name: name})
	}
	for _, text := range []string{m.Error(), d.Describe()} {
		require.Less(t, len(text), 2500)
		require.False(t, strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }))
	}
	require.Contains(t, m.Error(), "and 992 more; unexpected: ")
	require.Contains(t, m.Error(), "w: file has")
}

func TestDescribe(t *testing.T) {
	for names, want := range map[string]string{
		"":                                    "empty",
		"features.0.weight classifier.0.bias": "VGG",
		"conv1.weight layer1.0.conv1.weight":  "ResNet",
		"model.diffusion_model.input_blocks.0.0.weight":             "diffusion",
		"lora_unet_down_blocks_0.lora_up.weight":                    "LoRA",
		"model.embed_tokens.weight model.layers.0.self_attn.q.bias": "language model",
		"model1.0.conv2d.weight model1.1.running_mean":              "MSG-Net",
		"model.1.weight model.10.conv_block.1.weight":               "CycleGAN",
		"program.weight": "it has program.weight",
		"a b c":          "it has a, b, c",
		"a b c d":        "it has a, b, c, ...",
	} {
		var d statedict.Dict
		for _, name := range strings.Fields(names) {
			d = append(d, statedict.Entry{Name: name})
		}
		require.Contains(t, d.Describe(), want)
	}
}

// TestDict looks up, counts and copies: the copy shares nothing with what it is of.
func TestDict(t *testing.T) {
	d := statedict.Dict{
		{Name: "a", Shape: []int{2}, Data: []float32{1, 2}}, {Name: "b", Data: []float32{3}},
		{Name: "c", Shape: []int{0}},
	}
	require.Equal(t, []string{"a", "b", "c"}, d.Names())
	require.Same(t, &d[1], d.Lookup("b"))
	require.Nil(t, d.Lookup("d"))
	require.Equal(t, 3, d.NumElements())
	c := d.Clone()
	require.Equal(t, d.NumElements(), c.NumElements())
	c[0].Name, c[0].Shape[0], c[0].Data[1] = "x", 5, 9
	require.Equal(t, statedict.Entry{Name: "a", Shape: []int{2}, Data: []float32{1, 2}}, d[0])
	require.Equal(t, []float32{3}, c[1].Data)
}

// TestMismatch names each difference under its kind.
func TestMismatch(t *testing.T) {
	params := []statedict.Param{{Name: "a", Shape: []int{2, 3}}, {Name: "b", Shape: []int{3}}, {Name: "c", Shape: []int{1}}}
	d := statedict.Dict{
		{Name: "d", Shape: []int{1}, Data: make([]float32, 1)},
		{Name: "b", Shape: []int{3}, Data: make([]float32, 2)},
		{Name: "a", Shape: []int{2, 4}, Data: make([]float32, 8)},
		{Name: "res1.in1.num_batches_tracked", Data: make([]float32, 1)},
		{Name: "res1.in1.running_var", Shape: []int{2}, Data: make([]float32, 2)},
	}
	m := d.Compare(params)
	require.Equal(t, &statedict.Mismatch{
		Missing: []string{"c"}, Extra: []string{"d"},
		Shapes: []string{"a: file has [2 4], network needs [2 3]", "b: 2 values for [3]"},
	}, m)
	require.EqualError(t, m, "state dict does not fit the network: missing: c; unexpected: d; "+
		"wrong shape: \"a: file has [2 4], network needs [2 3]\", \"b: 2 values for [3]\"")
}

// TestCompare finds each kind of difference where there is one of two kinds, and takes
// running statistics for none.
func TestCompare(t *testing.T) {
	params := []statedict.Param{{Name: "a", Shape: []int{2}}, {Name: "b", Shape: []int{3}}}
	entry := func(name string, n int) statedict.Entry {
		return statedict.Entry{Name: name, Shape: []int{n}, Data: make([]float32, n)}
	}
	require.Nil(t, statedict.Dict{entry("a", 2), entry("b", 3), entry("in1.running_mean", 2), entry("running_var", 2)}.Compare(params))
	for what, d := range map[string]statedict.Dict{
		"renamed":           {entry("a", 2), entry("c", 3)},
		"missing, reshaped": {entry("b", 4)},
		"reshaped":          {entry("a", 2), entry("b", 4)},
		"extra, reshaped":   {entry("a", 2), entry("b", 4), entry("c", 1)},
		"missing":           {entry("a", 2)},
		"extra":             {entry("a", 2), entry("b", 3), entry("not_running_mean", 1)},
	} {
		require.NotNil(t, d.Compare(params), what)
	}
}
