package train

import (
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/cli/clitest"
	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/examples/internal/report"
	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/onnx"
	"github.com/impasto-go/impasto/nn/pth"
	weightsfile "github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/train/mpi"
	"github.com/impasto-go/impasto/train/pack"
)

// tiny makes runs small enough for a test.
var tiny = []string{"-quiet", "-filters", "2,3,4", "-res-blocks", "1", "-image-size", "16", "-batch-size", "3",
	"-style-layers", "relu1_2,relu2_2", "-style-size", "32", "-log-interval", "2", "-checkpoint-interval", "2", "-lr", "1e-3"}

// pictures makes a dataset of n pictures, a style and a test picture.
func pictures(t *testing.T, n int) (flags []string) {
	dir := t.TempDir()
	save := func(name string, m *imageio.Image) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, imageio.Save(path, m, imageio.SaveOptions{}))
		return path
	}
	for i := range n {
		save(filepath.Join("dataset", "scenes", string(rune('a'+i))+".png"), paint.Scene(uint64(i), 24, 20))
	}
	return []string{
		"-dataset", filepath.Join(dir, "dataset"), "-vgg", "random",
		"-style", save("style.png", paint.Style(1, 40)), "-test", save("test.png", paint.Scene(9, 30, 22)),
	}
}

func TestRun(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	board := filepath.Join(t.TempDir(), "board")
	args := append(append(pictures(t, 7), tiny...), "-out", out, "-tensorboard", board, "-epochs", "2", "-http", "localhost:0")
	require.NoError(t, overridden(args))
	for _, name := range []string{
		"ckpt_epoch_0_batch_id_2.pth", "ckpt_epoch_0_batch_id_2.png", "ckpt_epoch_1_batch_id_2.pth",
		"final.pth", "final.png", "final.onnx", "run.json", "losses.csv", "losses.png", "samples.png",
	} {
		require.FileExists(t, filepath.Join(out, name))
	}
	events, err := os.ReadDir(board)
	require.NoError(t, err)
	require.Len(t, events, 1)

	// Seven pictures are batches of 3, 3 and 1, twice.
	f, err := os.Open(filepath.Join(out, "losses.csv"))
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"step", "epoch", "images", "content", "style", "total"}, rows[0])
	require.Len(t, rows, 7)
	require.Equal(t, []string{"3", "1", "7"}, rows[3][:3])
	require.Equal(t, []string{"4", "2", "3"}, rows[4][:3])

	layers, err := report.ReadLayers(filepath.Join(out, "layers.csv"))
	require.NoError(t, err)
	require.Equal(t, 6, layers.Rows[len(layers.Rows)-1].Step)
	var sum float64
	for _, v := range layers.At(1) {
		sum += v
	}
	require.Equal(t, 2, layers.Rows[0].Step, "a row ends with each checkpoint")
	var style [2]float64
	for i := range style {
		style[i], err = strconv.ParseFloat(rows[1+i][4], 64)
		require.NoError(t, err)
	}
	require.InEpsilon(t, (style[0]+style[1])/2, sum, 1e-4)

	sample, err := imageio.Load(filepath.Join(out, "final.png"), imageio.Options{})
	require.NoError(t, err)
	require.Equal(t, [2]int{30, 22}, [2]int{sample.W, sample.H})

	weights, err := pth.ReadFile(filepath.Join(out, "final.pth"))
	require.NoError(t, err)
	graph, err := onnx.ReadFile(filepath.Join(out, "final.onnx"))
	require.NoError(t, err)
	require.Equal(t, onnx.UnitRange, graph.Property(onnx.KeyRange), "as engines' textures hold")
	exported, err := graph.Network()
	require.NoError(t, err)
	require.Equal(t, weights.Names(), exported.Weights.Names())
	for i, e := range weights {
		require.InEpsilonSlice(t, e.Data, exported.Weights[i].Data, 2e-7)
	}
}

// TestOtherNetworks trains another network, continues from the weights of one, and
// takes both up again.
func TestOtherNetworks(t *testing.T) {
	data := pictures(t, 5)
	for want, flags := range map[string][]string{
		"anti-aliased, filters 2,3,4, 1 residual block":     {"-arch", "anti-aliased"},
		"pytorch-examples, filters 2,3,4, 1 residual block": {"-init", "../../../../nn/testdata/networks/pytorch-examples.model"},
	} {
		out := filepath.Join(t.TempDir(), "run")
		args := append(append(append([]string{}, data...), tiny...), "-steps", "1", "-out", out)
		require.NoError(t, overridden(append(args, flags...)))
		require.NoError(t, overridden([]string{"-quiet", "-resume", out, "-steps", "2"}))
		for _, name := range []string{"final.pth", "final.onnx"} {
			d, err := weightsfile.ReadFile(filepath.Join(out, name))
			require.NoError(t, err)
			a, err := arch.Recognize(d)
			require.NoError(t, err, name)
			require.Equal(t, want, a.String())
		}
		var s settings
		_, err := report.ReadRun(filepath.Join(out, "run.json"), &s)
		require.NoError(t, err)
		require.Equal(t, want[:len(s.Arch)], s.Arch)
	}
}

// TestResume stops a run after each step in turn; what continues it must end with
// the same bytes.
func TestResume(t *testing.T) {
	data := pictures(t, 5)
	whole := filepath.Join(t.TempDir(), "whole")
	all := append(append([]string{}, data...), tiny...)
	require.NoError(t, overridden(append(all, "-shuffle", "-epochs", "2", "-out", whole)))
	want, err := os.ReadFile(filepath.Join(whole, "final.pth"))
	require.NoError(t, err)
	losses, err := os.ReadFile(filepath.Join(whole, "losses.csv"))
	require.NoError(t, err)

	parts := filepath.Join(t.TempDir(), "parts")
	require.NoError(t, overridden(append(all, "-shuffle", "-epochs", "2", "-steps", "1", "-out", parts)))
	for _, steps := range []string{"3", "0"} {
		require.NoError(t, overridden([]string{"-quiet", "-resume", parts, "-steps", steps}))
	}
	got, err := os.ReadFile(filepath.Join(parts, "final.pth"))
	require.NoError(t, err)
	require.Equal(t, want, got)
	again, err := os.ReadFile(filepath.Join(parts, "losses.csv"))
	require.NoError(t, err)
	require.Equal(t, string(losses), string(again))
}

// TestPacked trains on packed pictures, and goes on with the files: the same weights.
func TestPacked(t *testing.T) {
	data := pictures(t, 7)
	files, err := dataset.Open(data[1], imageio.Options{})
	require.NoError(t, err)
	defer files.Close()
	packed := filepath.Join(t.TempDir(), "pictures.pack")
	require.NoError(t, pack.Write(context.Background(), packed, files, pack.Options{Size: 16}))
	from := func(dataset string, more ...string) string {
		out := filepath.Join(t.TempDir(), "run")
		args := append(append(append([]string{}, data...), tiny...), "-shuffle", "-epochs", "2", "-dataset", dataset, "-out", out)
		require.NoError(t, overridden(append(args, more...)))
		return out
	}
	weights := func(out string) string {
		b, err := os.ReadFile(filepath.Join(out, "final.pth"))
		require.NoError(t, err)
		return string(b)
	}
	want := weights(from(data[1]))
	require.Equal(t, want, weights(from(packed)))
	require.ErrorContains(t, overridden(append(append(append([]string{}, data...), tiny...),
		"-dataset", packed, "-image-size", "32", "-out", filepath.Join(t.TempDir(), "x"))), "pictures of 16 pixels, not 32")

	part := from(packed, "-steps", "2")
	require.NoError(t, os.Rename(packed, packed+".gone"))
	require.NoError(t, os.Symlink(data[1], packed)) // the folder in its place
	require.NoError(t, overridden([]string{"-quiet", "-resume", part, "-steps", "0"}))
	require.Equal(t, want, weights(part))
}

// TestOptionalTerms resumes a run with a schedule, clipping, decay and total variation.
func TestOptionalTerms(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	args := append(append(pictures(t, 5), tiny...), "-out", out, "-steps", "1", "-tv-weight", "10", "-stability", "100", "-stability-detail", "0.5",
		"-lr-schedule", "warmup:2,cosine:0.1", "-max-grad-norm", "1e6", "-weight-decay", "0.01")
	require.NoError(t, overridden(args))
	require.NoError(t, overridden([]string{"-quiet", "-resume", out, "-steps", "0"}))
	losses, err := report.ReadLosses(filepath.Join(out, "losses.csv"))
	require.NoError(t, err)
	require.Equal(t, []string{"content", "style", "tv", "stability", "detail"}, losses.Terms)
	require.Len(t, losses.Rows, 2)
	record, err := report.ReadRun(filepath.Join(out, "run.json"), nil)
	require.NoError(t, err)
	values, _ := losses.Of(1)
	require.Equal(t, report.Number(values[2]), record.Losses["tv"])

	for flag, value := range map[string]string{"-lr-schedule": "often", "-tv-weight": "-1", "-weight-decay": "-1", "-max-grad-norm": "-1",
		"-stability": "-1", "-stability-ramp": "0.5", "-stability-moves": "0.6,0.6", "-stability-noise": "4,1", "-stability-footage": "1.5", "-stability-detail": "-1"} {
		require.Error(t, overridden(append(append(pictures(t, 1), tiny...), flag, value)), flag)
	}
}

// TestDeviceGL trains on a graphics card where there is one; where not, the error
// says so.
func TestDeviceGL(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	args := append(append(pictures(t, 4), tiny...), "-device", "gl", "-out", out)
	err := overridden(args)
	if err != nil && !need.Required("opengl") {
		require.ErrorIs(t, err, gpu.ErrUnavailable)
		require.ErrorContains(t, err, "-device gl")
		return
	}
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(out, "final.png"))
}

func TestMistakes(t *testing.T) {
	data := pictures(t, 1)
	empty := t.TempDir()
	taken := filepath.Join(t.TempDir(), "taken")
	require.NoError(t, overridden(append(append(append([]string{}, data...), tiny...), "-steps", "1", "-out", taken)))
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no vgg":            {[]string{"-dataset", empty, "-style", "x.png"}, "-vgg is missing"},
		"no style":          {[]string{"-dataset", empty, "-vgg", "random"}, "-style is missing"},
		"style not there":   {append(append([]string{}, data...), "-style", "nowhere.png"), "-style"},
		"test not there":    {append(append([]string{}, data...), "-test", "nowhere.png"), "-test"},
		"empty dataset":     {append(append([]string{}, data...), "-dataset", empty), "-dataset"},
		"vgg not there":     {append(append([]string{}, data...), "-vgg", "nowhere.pth"), "-vgg"},
		"init not there":    {append(append([]string{}, data...), "-init", "nowhere.pth"), "-init"},
		"filters":           {[]string{"-filters", "8,16"}, "-filters"},
		"filters too large": {[]string{"-filters", "8,16,9999"}, "-filters"},
		"res-blocks":        {[]string{"-res-blocks", "0"}, "-res-blocks"},
		"layers":            {[]string{"-style-layers", "relu9_9"}, "-style-layers"},
		"layer weight":      {[]string{"-style-layers", "relu1_2:x"}, "-style-layers"},
		"content-scale":     {[]string{"-content-scale", "0"}, "-content-scale"},
		"on-nan":            {[]string{"-on-nan", "ignore"}, "-on-nan"},
		"keep":              {[]string{"-keep", "1"}, "-keep"},
		"batch-size":        {[]string{"-batch-size", "0"}, "-batch-size is 0"},
		"device":            {[]string{"-device", "tpu"}, "-device"},
		"http":              {append(append([]string{}, data...), "-http", "nonsense"), "-http"},
		"resume what":       {[]string{"-resume", empty}, "-resume"},
		"resume and change": {[]string{"-resume", taken, "-batch-size", "1"}, "-batch-size"},
		"from of nothing":   {[]string{"-from", "1"}, "-from"},
		"too high a rate":   {[]string{"-lr", "1e39"}, "-lr is 1e+39"},
		"nothing to learn":  {[]string{"-content-weight", "0", "-style-weight", "0"}, "-content-weight and -style-weight are both 0"},
		"folder taken":      {append(append(append([]string{}, data...), tiny...), "-out", taken), "holds a run"},
		"too large a batch": {append(append([]string{}, data...), "-batch-size", "100000"), "lower -batch-size"},
		"too large a style": {append(append([]string{}, data...), "-style-size", "200000"), "lower -batch-size"},
		"no MPI":            {[]string{"-np", "2", "-mpirun", "--no-such-flag"}, map[bool]string{false: "-np 2: mpi: this program was built without MPI", true: ""}[mpi.Built]},
		"unknown flag":      {[]string{"-styel", "x"}, "styel"},
	} {
		t.Run(name, func(t *testing.T) {
			args := c.args
			if name != "folder taken" && args[0] != "-resume" {
				args = append(append([]string{}, args...), "-out", filepath.Join(t.TempDir(), "out"))
			}
			require.ErrorContains(t, overridden(args), c.says)
		})
	}
}

// overridden runs the program without the flags that come again later.
func overridden(args []string) error {
	return Run(context.Background(), clitest.Override(args...))
}
