//go:build gl && cgo && linux

package gpu_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/pth"
	"github.com/impasto-go/impasto/nn/safetensors"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/vgg"
	"github.com/impasto-go/impasto/vgg/vggtest"
)

// TestTraining runs whole training steps on the device and compares their losses
// with those of PyTorch: all 18 of the recorded run with IMPASTO_LONG=1, which a
// software renderer takes minutes for, and the first three without.
func TestTraining(t *testing.T) {
	dir := filepath.Join("..", "..", "shared", "golden", "train_small")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the recorded training is not beside the repository: %v", err)
	}
	d := open(t)
	trace, _, err := safetensors.ReadFile(filepath.Join(dir, "trace.safetensors"))
	require.NoError(t, err)
	initial, err := pth.ReadFile(filepath.Join(dir, "init.pth"))
	require.NoError(t, err)
	net, err := nn.NewTransformerNetFrom(d, initial)
	require.NoError(t, err)
	features, err := vgg.Load(d, vggtest.Hashed(vgg.Relu54), vgg.Relu54)
	require.NoError(t, err)
	style, err := imageio.Load(filepath.Join(dir, "style.png"), imageio.Options{})
	require.NoError(t, err)
	data, err := dataset.Folder(filepath.Join(dir, "dataset"), imageio.Options{})
	require.NoError(t, err)

	cfg := train.Default()
	cfg.Epochs, cfg.Steps, cfg.ImageSize, cfg.StyleSize, cfg.StyleWeight = 3, 3, 64, 64, 1e9
	// Rounding errors grow from step to step, as in the test of package train.
	tolerance := 1e-3
	if os.Getenv("IMPASTO_LONG") == "1" {
		cfg.Steps, tolerance = 18, 3e-3
	}
	want := trace.Lookup("losses").Data
	steps := 0
	cfg.Events.OnStep = func(e *train.StepEvent) {
		require.InEpsilon(t, float64(want[2*steps]), e.Content, tolerance, "content loss of step %d", e.Step)
		require.InEpsilon(t, float64(want[2*steps+1]), e.Style, tolerance, "style loss of step %d", e.Step)
		steps++
	}
	trainer, err := train.New(d, net, features, style, data, cfg)
	require.NoError(t, err)
	defer trainer.Close()
	require.NoError(t, trainer.Train(context.Background()))
	require.Equal(t, cfg.Steps, steps)
}
