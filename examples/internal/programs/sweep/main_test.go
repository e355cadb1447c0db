package sweep

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

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
	"github.com/impasto-go/impasto/train/checkpoint"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/train/pack"
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
	for i, want := range [][]string{{"", "32", "1e6", "4"}, {"", "32", "1e9", "4"}, {"", "48", "1e6", "4"}, {"", "48", "1e9", "4"}} {
		require.Equal(t, want, rows[i+1][:4])
	}
	sheet, err := imageio.Load(filepath.Join(dir, sheetFile), imageio.Options{})
	require.NoError(t, err)
	require.Greater(t, sheet.W, 3*320, "style and two weights beside each other")
	require.Less(t, sheet.W, 4*320, "the test picture is there once")
	pixels := sheet.NRGBA()
	for x := sheet.W - 2*320; x < sheet.W; x++ {
		require.Equal(t, pixels.At(0, 0), pixels.At(x, 16+179), "nothing is beside the test picture")
	}
	require.Greater(t, sheet.H, 180+2*shown, "two sizes below the test picture")

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
	pictures, err := inputs.OpenPictures(inputs.Choice{Sets: []inputs.Set{{Path: data, Weight: 1}}, Style: style, ContentScale: 1})
	require.NoError(t, err)
	features, err := inputs.Features(context.Background(), be, inputs.RandomVGG, cfg.Deepest())
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
		require.Empty(t, row[4])
		require.NotEqual(t, "4", row[3])
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
	twice := filepath.Join(old, "twice.txt")
	require.NoError(t, os.WriteFile(twice, []byte("a.png\nb/a.jpg\n"), 0o644))
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
		{[]string{"-style", old}, "it holds no pictures"},
		{[]string{"-style", filepath.Join(old, "missing.txt")}, "-style: open"},
		{[]string{"-style", twice}, "would have the same name"},
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

// TestStyles tries every weight with pictures that are named, in a folder and in a list.
func TestStyles(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "folder")
	require.NoError(t, os.Mkdir(folder, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "notes.md"), nil, 0o644))
	for i, path := range []string{"named.png", "folder/b, or not.png", "folder/c.jpg", "listed.png"} {
		require.NoError(t, imageio.Save(filepath.Join(dir, path), paint.Style(uint64(i), 40), imageio.SaveOptions{}))
	}
	list := filepath.Join(dir, "list.txt")
	require.NoError(t, os.WriteFile(list, []byte("listed.png\n\n"), 0o644))
	out := filepath.Join(dir, "out")
	args := append(small, "-out", out, "-style-weights", "1e7,1e8", "-style-sizes", "32", "-batch-size", "2")
	require.NoError(t, Run(context.Background(), append(clitest.Override(args...), "-style", filepath.Join(dir, "named.png"), "-style", folder, "-style", list)))
	rows := table(t, out)[1:]
	require.Len(t, rows, 4*2)
	networks := map[string]bool{}
	for i, name := range []string{"named", "b, or not", "c", "listed"} {
		require.Equal(t, []string{name, "32", "1e7", "4"}, rows[2*i][:4])
		require.Equal(t, []string{name, "32", "1e8", "4"}, rows[2*i+1][:4])
		require.Equal(t, name+"_style_size_32_style_weight_1e8.pth", rows[2*i+1][8])
		network, err := os.ReadFile(filepath.Join(out, rows[2*i+1][8]))
		require.NoError(t, err)
		networks[string(network)] = true
	}
	require.Len(t, networks, 4)

	alone := filepath.Join(dir, "alone")
	require.NoError(t, overridden(append(args, "-out", alone, "-style", filepath.Join(folder, "c.jpg"))))
	want, err := os.ReadFile(filepath.Join(alone, "style_size_32_style_weight_1e8.pth"))
	require.NoError(t, err)
	require.True(t, networks[string(want)], "a style among others is trained as alone")

	require.NoError(t, os.Remove(filepath.Join(folder, "b, or not.png")))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "b, or not.png"), []byte("no picture"), 0o644))
	require.ErrorContains(t, overridden(append(args, "-out", t.TempDir(), "-style", folder)), "b, or not.png")
}

// TestSheets has more rows than one sheet shows.
func TestSheets(t *testing.T) {
	s := &sweep{options: &options{out: t.TempDir(), columns: 1, styles: []stylePicture{{picture: imageio.New(8, 8)}}}, pictures: &inputs.Pictures{Test: imageio.New(8, 8)}}
	s.cfg.Steps = 1
	for _, at := range []int{0, sheetRows, 2*sheetRows - 1, 2 * sheetRows} {
		c := trial{weight: "1", cfg: train.Config{Steps: 1}}
		require.NoError(t, s.add(at, &result{trial: c, steps: 1, sample: imageio.New(8, 8)}))
	}
	var heights []int
	for _, name := range []string{"sheet.png", "sheet-2.png", "sheet-3.png"} {
		m, err := imageio.Load(filepath.Join(s.out, name), imageio.Options{})
		require.NoError(t, err)
		heights = append(heights, m.H)
	}
	require.Equal(t, heights[0], heights[2])
	require.Greater(t, heights[1], heights[0])
}

// TestResumeAmid interrupts a training of a sweep: the next one goes on with it, and
// leaves the files of one that nobody interrupted.
func TestResumeAmid(t *testing.T) {
	args := append(small, "-steps", "24", "-batch-size", "1", "-style-weights", "1e6,1e7", "-style-sizes", "32", "-filters", "2,2,2", "-image-size", "16")
	whole := t.TempDir()
	require.NoError(t, overridden(append(args, "-out", whole)))

	var dir, folder string
	var err error
	for tries := 0; err == nil && tries < 100; tries++ { // it may be over before it is interrupted
		dir = t.TempDir()
		folder = filepath.Join(dir, "style_size_32_style_weight_1e7.run")
		ctx, cancel := context.WithCancel(context.Background())
		var watcher sync.WaitGroup
		watcher.Go(func() {
			for ctx.Err() == nil { // until some steps of the second training are done
				if text, err := os.ReadFile(filepath.Join(folder, "losses.csv")); err == nil && bytes.Count(text, []byte("\n")) > 3 {
					cancel()
				}
				time.Sleep(time.Millisecond)
			}
		})
		err = Run(ctx, clitest.Override(append(args, "-out", dir)...))
		cancel()
		watcher.Wait()
		if _, gone := os.Stat(folder); gone != nil && errors.Is(err, context.Canceled) {
			err = nil // at the very end
		}
	}
	require.ErrorIs(t, err, context.Canceled)
	state, err := checkpoint.Newest(folder)
	require.NoError(t, err)
	require.Positive(t, state.Step)

	said := clitest.Output(t, func() { require.NoError(t, overridden(append(args, "-out", dir, "-resume"))) })
	require.Contains(t, said, fmt.Sprintf("style-weight 1e7: going on after step %d\n", state.Step))
	files, err := filepath.Glob(filepath.Join(whole, "*"))
	require.NoError(t, err)
	require.Len(t, files, 6)
	for _, file := range files {
		want, err := os.ReadFile(file)
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(dir, filepath.Base(file)))
		require.NoError(t, err)
		require.Equal(t, want, got, filepath.Base(file))
	}
	require.NoDirExists(t, folder)
}

// TestPacked trains on a packed dataset as on its pictures.
func TestPacked(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "data"), 0o755))
	for i := range 6 {
		require.NoError(t, imageio.Save(filepath.Join(dir, "data", fmt.Sprintf("%d.png", i)), paint.Scene(uint64(i), 40, 36), imageio.SaveOptions{}))
	}
	style := filepath.Join(dir, "style.png")
	require.NoError(t, imageio.Save(style, paint.Style(2, 40), imageio.SaveOptions{}))
	files, err := dataset.Folder(filepath.Join(dir, "data"), imageio.Options{})
	require.NoError(t, err)
	packed := filepath.Join(dir, "data.pack")
	require.NoError(t, pack.Write(context.Background(), packed, files, pack.Options{Size: 32}))
	var results []string
	for i, from := range []string{filepath.Join(dir, "data"), packed} {
		out := filepath.Join(dir, fmt.Sprint(i))
		require.NoError(t, overridden(append(small, "-dataset", from, "-style", style, "-vgg", "random", "-out", out, "-style-weights", "1e7", "-style-sizes", "32",
			"-batch-size", "2", "-steps", "3", "-shuffle", "-test", style)))
		text, err := os.ReadFile(filepath.Join(out, tableFile))
		require.NoError(t, err)
		results = append(results, string(text))
	}
	require.Equal(t, results[0], results[1])
}

// TestBase: without a dataset the trainings begin as that of train does, unless another
// network is described.
func TestBase(t *testing.T) {
	for args, want := range map[string]string{
		"": "base", "-filters 8,16,32": "", "-arch anti-aliased": "", "-res-blocks 2 -init base": "base", "-init=": "",
		"-dataset a -style b -vgg compact": "",
	} {
		if strings.Contains(args, "-style b") {
			style := filepath.Join(t.TempDir(), "b.png")
			require.NoError(t, imageio.Save(style, imageio.New(4, 4), imageio.SaveOptions{}))
			args = strings.Replace(args, "-style b", "-style "+style, 1)
		}
		o, err := parse(strings.Fields(args))
		require.NoError(t, err)
		require.Equal(t, want, o.init, args)
	}
}
