package train

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/examples/internal/report"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/flicker"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/pth"
	"github.com/impasto-go/impasto/tensor"
)

// TestFlickerOfSamples looks for the figures of each sample everywhere they are told,
// after a run that was stopped and resumed, and compares the last with those of the
// weights in final.pth.
func TestFlickerOfSamples(t *testing.T) {
	test := paint.Scene(3, 120, 100)
	file, out, board := filepath.Join(t.TempDir(), "test.png"), filepath.Join(t.TempDir(), "run"), t.TempDir()
	require.NoError(t, imageio.Save(file, test, imageio.SaveOptions{}))
	args := append(append(pictures(t, 5), tiny...), "-test", file, "-out", out, "-tensorboard", board, "-epochs", "4", "-steps", "5")
	require.NoError(t, overridden(args))
	first, err := report.ReadFlicker(filepath.Join(out, "flicker.csv"))
	require.NoError(t, err)
	require.NoError(t, overridden([]string{"-quiet", "-resume", out, "-from", "4", "-steps", "6"}))
	f, err := report.ReadFlicker(filepath.Join(out, "flicker.csv"))
	require.NoError(t, err)
	var steps []int
	for _, g := range f {
		steps = append(steps, g.Step)
	}
	require.Equal(t, []int{2, 4, 6}, steps)
	require.Equal(t, first[:2], f[:2], "step 5 is forgotten, those before it are not")

	d, err := pth.ReadFile(filepath.Join(out, "final.pth"))
	require.NoError(t, err)
	be := tensor.CPU()
	defer be.Close()
	net, err := nn.NewNetworkFrom(be, d)
	require.NoError(t, err)
	defer net.Free()
	want, err := flicker.Look(context.Background(), func(x []float32, h, w int) ([]float32, error) { return net.Evaluate(be, x, h, w) }, test, flicker.Options{})
	require.NoError(t, err)
	require.Equal(t, *want, f[2].Glance)

	record, err := report.ReadRun(filepath.Join(out, "run.json"), nil)
	require.NoError(t, err)
	require.Equal(t, &f[2], record.Flicker)
	require.Len(t, record.GramTraces, 2)
	require.Greater(t, float64(record.GramTraces["relu2_2"]), 0.0)

	events, err := filepath.Glob(filepath.Join(board, "*"))
	require.NoError(t, err)
	text, err := os.ReadFile(events[0])
	require.NoError(t, err)
	for _, tag := range []string{"noise_gain", "shift", "warp", "detail"} {
		require.Contains(t, string(text), "flicker/"+tag)
	}
}
