package sweep

import (
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/cli/clitest"
	"github.com/impasto-go/impasto/examples/internal/inputs"
	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/train"
)

var small = []string{"-steps", "4", "-image-size", "32", "-filters", "4,6,8", "-res-blocks", "1", "-style-layers", "relu1_2,relu2_2"}

func table(t *testing.T, dir string) [][]string {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, tableFile))
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	return rows
}

func TestSweep(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, overridden(append(small, "-out", dir, "-style-weights", "1e6,1e9", "-style-sizes", "32,48", "-batch-size", "2")))

	rows := table(t, dir)
	require.Len(t, rows, 1+4)
	for i, want := range [][]string{{"32", "1e6", "4"}, {"32", "1e9", "4"}, {"48", "1e6", "4"}, {"48", "1e9", "4"}} {
		require.Equal(t, want, rows[i+1][:3])
	}
	sheet, err := imageio.Load(filepath.Join(dir, sheetFile), imageio.Options{})
	require.NoError(t, err)
	require.Greater(t, sheet.W, 4*320, "test picture, style and two weights beside each other")
	require.Greater(t, sheet.H, 2*180, "two sizes below each other")

	light, err := weights.ReadFile(filepath.Join(dir, "style_size_32_style_weight_1e6.pth"))
	require.NoError(t, err)
	heavy, err := weights.ReadFile(filepath.Join(dir, "style_size_32_style_weight_1e9.pth"))
	require.NoError(t, err)
	require.NotEqual(t, light, heavy)
}

// TestEqualsTraining compares a trial with a training by package train on the same
// files, which are larger than the squares that the sweep keeps.
func TestEqualsTraining(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	require.NoError(t, os.Mkdir(data, 0o755))
	for i, name := range []string{"a.png", "b.png", "c.png"} {
		require.NoError(t, imageio.Save(filepath.Join(data, name), paint.Scene(uint64(i), 50+7*i, 40), imageio.SaveOptions{}))
	}
	style := filepath.Join(dir, "style.png")
	require.NoError(t, imageio.Save(style, paint.Style(2, 40), imageio.SaveOptions{}))
	out := filepath.Join(dir, "out")
	require.NoError(t, overridden(append(small, "-dataset", data, "-style", style, "-vgg", "random", "-out", out,
		"-style-weights", "1e7,2e7", "-style-sizes", "0", "-batch-size", "2", "-seed", "5")))

	be := tensor.CPU()
	defer be.Close()
	cfg := train.Default()
	cfg.Epochs, cfg.ImageSize, cfg.BatchSize, cfg.StyleSize, cfg.StyleWeight = 2, 32, 2, 0, 2e7
	var err error
	cfg.StyleLayers, err = inputs.StyleLayers("relu1_2,relu2_2")
	require.NoError(t, err)
	pictures, err := inputs.OpenPictures(inputs.Choice{Dataset: data, Style: style, ContentScale: 1})
	require.NoError(t, err)
	features, err := inputs.Features(be, inputs.RandomVGG, cfg.Deepest())
	require.NoError(t, err)
	net := nn.NewTransformerNet(be, [3]int{4, 6, 8}, 1, 5)
	trainer, err := train.New(be, net, features, pictures.Style, pictures.Data, cfg)
	require.NoError(t, err)
	defer trainer.Close()
	require.NoError(t, trainer.Train(context.Background()))

	got, err := weights.ReadFile(filepath.Join(out, "style_size_0_style_weight_2e7.pth"))
	require.NoError(t, err)
	require.Equal(t, net.StateDict(), got)
}

// TestDivergence has weights that leave the finite numbers: the sweep goes on.
func TestDivergence(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, overridden(append(small, "-out", dir, "-style-weights", "1e30,1e6", "-style-sizes", "32", "-lr", "1e30")))
	rows := table(t, dir)
	require.Len(t, rows, 1+2)
	for _, row := range rows[1:] {
		require.Empty(t, row[3])
		require.NotEqual(t, "4", row[2])
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	dir := filepath.Join(t.TempDir(), "out")
	require.ErrorIs(t, Run(ctx, append(small, "-out", dir)), context.Canceled)
}

func TestUsage(t *testing.T) {
	old := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(old, tableFile), nil, 0o644))
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-style-weights", "1e9,lots"}, `-style-weights "1e9,lots": "lots"`},
		{[]string{"-style-weights", "-1"}, "-style-weights"},
		{[]string{"-style-weights", "NaN"}, "-style-weights"},
		{[]string{"-style-weights", "1e9,1000000000"}, "twice"},
		{[]string{"-style-weights", ""}, "-style-weights"},
		{[]string{"-style-sizes", "256,-1"}, "-style-sizes"},
		{[]string{"-style-sizes", "1e3"}, "-style-sizes"},
		{[]string{"-style-sizes", "99999999999"}, "-style-sizes"},
		{[]string{"-style-layers", "relu9_9"}, "-style-layers"},
		{[]string{"-steps", "0"}, "-steps 0"},
		{[]string{"-image-size", "30"}, "-image-size"},
		{[]string{"-filters", "8,16"}, "-filters"},
		{[]string{"-res-blocks", "0"}, "-res-blocks 0"},
		{[]string{"-device", "abacus"}, "-device"},
		{[]string{"-content-scale", "NaN"}, "-content-scale"},
		{[]string{"-dataset", "pictures"}, "-vgg is missing"},
		{[]string{"-dataset", "pictures", "-vgg", "random"}, "-style is missing"},
		{[]string{"-out", old}, "holds a sweep already"},
		{[]string{"more"}, "unexpected argument"},
	} {
		args := append([]string{"-out", filepath.Join(t.TempDir(), "out")}, c.args...)
		err := overridden(args)
		require.ErrorContains(t, err, c.want, "%q", c.args)
		require.IsType(t, cli.Usagef(""), err, "%q: the exit code is 2", c.args)
	}
	require.ErrorContains(t, overridden([]string{"-dataset", "nowhere", "-vgg", "random", "-style", "s.png"}), "-dataset")
}

// TestResume goes on with a sweep that was ended in the middle: what is there is kept,
// and the rest is as it would have been.
func TestResume(t *testing.T) {
	dir := t.TempDir()
	args := append(small, "-out", dir, "-style-weights", "1e6,1e9", "-style-sizes", "32,48", "-batch-size", "2")
	require.NoError(t, overridden(args))
	files := map[string]string{}
	for _, name := range []string{tableFile, sheetFile, "style_size_32_style_weight_1e9.pth", "style_size_48_style_weight_1e6.pth"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		files[name] = string(b)
	}
	for _, name := range []string{tableFile, sheetFile, "style_size_32_style_weight_1e9.json", "style_size_48_style_weight_1e6.json", "style_size_48_style_weight_1e6.pth"} {
		require.NoError(t, os.Remove(filepath.Join(dir, name)))
	}
	kept, err := os.Stat(filepath.Join(dir, "style_size_32_style_weight_1e6.pth"))
	require.NoError(t, err)
	require.NoError(t, overridden(append(args, "-resume")))
	for name, want := range files {
		b, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, want, string(b), name)
	}
	again, err := os.Stat(filepath.Join(dir, "style_size_32_style_weight_1e6.pth"))
	require.NoError(t, err)
	require.Equal(t, kept.ModTime(), again.ModTime(), "it is not made again")
	require.ErrorContains(t, overridden(append(args, "-resume", "-lr", "0.1")), "made with other flags")
}

// overridden runs the program without the flags that come again later.
func overridden(args []string) error {
	return Run(context.Background(), clitest.Override(args...))
}
