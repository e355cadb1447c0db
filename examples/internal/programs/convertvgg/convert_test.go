package convertvgg

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/pth"
	"github.com/impasto-go/impasto/nn/safetensors"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/vgg"
)

// vgg19 returns the first n convolutions of VGG-19 with distinct values, and a
// classifier, as torchvision's file has one.
func vgg19(n int) statedict.Dict {
	d := append(vgg.Layout(vgg.Relu54)[:2*n],
		statedict.Entry{Name: "classifier.0.weight", Shape: []int{10, 7}, Data: make([]float32, 70)},
		statedict.Entry{Name: "classifier.0.bias", Shape: []int{10}, Data: make([]float32, 10)})
	for i := range d {
		for k := range d[i].Data {
			d[i].Data[k] = float32(i) + float32(k%97)/97
		}
	}
	return d
}

func write(t *testing.T, d statedict.Dict) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "in.pth")
	require.NoError(t, pth.WriteFile(path, d))
	return path
}

func TestConvert(t *testing.T) {
	for _, n := range []int{1, 5, 16} {
		in := vgg19(n)
		out := filepath.Join(t.TempDir(), "out.safetensors")
		got, err := convert(write(t, in), out)
		require.NoError(t, err)
		features := in[:len(in)-2]
		require.Equal(t, converted{2 * n, 4 * int64(features.NumElements())}, got)
		written, _, err := safetensors.ReadFile(out)
		require.NoError(t, err)
		require.Equal(t, features, written)
	}
}

func TestConvertNumberOfWeights(t *testing.T) {
	in := vgg19(16)
	require.Equal(t, 20024384, in[:32].NumElements(), "the parameters of torchvision's vgg19().features")
}

func TestConvertRefuses(t *testing.T) {
	without := func(name string) statedict.Dict {
		return slices.DeleteFunc(vgg19(3), func(e statedict.Entry) bool { return e.Name == name })
	}
	misshapen := vgg19(3)
	misshapen.Lookup("features.2.weight").Shape = []int{64, 64, 9, 1}
	extra := append(vgg19(2), statedict.Entry{Name: "features.99.weight", Shape: []int{1}, Data: []float32{1}})
	for _, c := range []struct {
		name string
		in   statedict.Dict
		says string
	}{
		{"no features", vgg19(0), "features.*"},
		{"gap", without("features.2.weight"), "features.2.weight"},
		{"no bias", without("features.5.bias"), "features.5.bias"},
		{"another shape", misshapen, "[64 64 9 1]"},
		{"another network", extra, "features.5.weight"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := write(t, c.in)
			out := filepath.Join(t.TempDir(), "out.safetensors")
			require.NoError(t, os.WriteFile(out, []byte("older"), 0o666))
			_, err := convert(in, out)
			require.ErrorContains(t, err, c.says)
			require.ErrorContains(t, err, in)
			kept, err := os.ReadFile(out)
			require.NoError(t, err)
			require.Equal(t, "older", string(kept))
		})
	}
}

func TestConvertUnreadable(t *testing.T) {
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.pth")
	require.NoError(t, os.WriteFile(garbage, []byte("<html>not found</html>"), 0o666))
	for _, in := range []string{garbage, filepath.Join(dir, "none.pth")} {
		_, err := convert(in, filepath.Join(dir, "out.safetensors"))
		require.ErrorContains(t, err, in)
		require.NoFileExists(t, filepath.Join(dir, "out.safetensors"))
	}
}

func TestFlags(t *testing.T) {
	for _, c := range []struct {
		args []string
		says string
	}{
		{nil, "2 operands"},
		{[]string{"in.pth"}, "2 operands"},
		{[]string{"in.pth", "out.pth"}, "out.pth"},
		{[]string{"in.pth", "out.safetensors", "more"}, `"more"`},
		{[]string{"-upload", "in.pth", "out.safetensors"}, "-upload"},
	} {
		require.ErrorContains(t, Run(t.Context(), c.args), c.says)
	}
}
