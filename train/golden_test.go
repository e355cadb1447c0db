package train_test

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/golden"
	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/pth"
	"github.com/impasto-go/impasto/nn/safetensors"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/train/ranks"
	"github.com/impasto-go/impasto/vgg"
	"github.com/impasto-go/impasto/vgg/vggtest"
)

// TestFollowsPyTorch repeats a training that PyTorch did in float64, whose last batch
// of each epoch is a partial one.
func TestFollowsPyTorch(t *testing.T) {
	r := recordedTraining(t)
	r.follow(t, newCPU(t), ranks.One{})
}

// TestFollowsTutorial repeats one that PyTorch did with the tutorial's own code, in
// float32.
func TestFollowsTutorial(t *testing.T) {
	dir := need.Shared(t, "golden/train_small")
	r := training{weights: filepath.Join(dir, "init.pth"), dir: dir, pictures: 22, epochs: 3}
	r.follow(t, newCPU(t), ranks.One{})
}

// training is one that PyTorch did.
type training struct {
	weights, dir, prefix string
	pictures, epochs     int
}

// recordedTraining returns that of the repository.
func recordedTraining(t testing.TB) training {
	return training{golden.Path(t, "training/tutorial.pth"), golden.Path(t, "training"), "tutorial.", 10, 5}
}

// follow repeats the training, as a rank of a group, and compares all losses.
func (r training) follow(t testing.TB, be backend.Backend, group ranks.Group) {
	trace, _, err := safetensors.ReadFile(filepath.Join(r.dir, "trace.safetensors"))
	require.NoError(t, err)
	initial, err := pth.ReadFile(r.weights)
	require.NoError(t, err)
	net, err := nn.NewNetworkFrom(be, initial)
	require.NoError(t, err)
	features, err := vgg.Load(be, vggtest.Hashed(vgg.Relu54), vgg.Relu54)
	require.NoError(t, err)
	style, err := imageio.Load(filepath.Join(r.dir, "style.png"), imageio.Options{})
	require.NoError(t, err)
	data, err := dataset.Folder(filepath.Join(r.dir, "dataset"), imageio.Options{})
	require.NoError(t, err)
	require.Equal(t, r.pictures, data.Len())

	cfg := train.Default()
	cfg.Epochs, cfg.ImageSize, cfg.StyleSize, cfg.StyleWeight, cfg.Group = r.epochs, 64, 64, 1e9, group
	want := trace.Lookup(r.prefix + "losses").Data
	steps := 0
	// Adam's first steps follow the sign of a gradient however small it is, so
	// rounding errors grow from step to step: PyTorch's own losses in float32 are off
	// by 1.7e-4 in the 15 steps of the first trace.
	const tolerance = 1e-3
	if strings.Contains(be.Name(), "portable") && !need.Long() {
		cfg.Steps = 4 // all of them take half a minute
	}
	worst := 0.0
	compare := func(want float32, got float64, what string, step int) {
		require.InEpsilon(t, float64(want), got, tolerance, "%s loss of step %d", what, step)
		worst = max(worst, math.Abs(got/float64(want)-1))
	}
	cfg.Events.OnStep = func(e *train.StepEvent) {
		compare(want[2*steps], e.Term("content"), "content", e.Step)
		compare(want[2*steps+1], e.Term("style"), "style", e.Step)
		if steps == 0 {
			compareGradients(t, net, trace, r.prefix)
		}
		steps++
	}
	trainer, err := train.New(be, net, features, style, data, cfg)
	require.NoError(t, err)
	defer trainer.Close()
	require.NoError(t, trainer.Train(context.Background()))
	if group.Rank() > 0 {
		return
	}
	if cfg.Steps == 0 {
		cfg.Steps = len(want) / 2
	}
	require.Equal(t, cfg.Steps, steps)
	t.Logf("%d ranks: %d steps, losses off by at most %.2g", group.Size(), steps, worst)
}

// compareGradients compares the gradients of the first step with PyTorch's.
func compareGradients(t testing.TB, net *nn.Network, trace statedict.Dict, prefix string) {
	for _, p := range net.Params() {
		g := p.Tensor.Grad()
		if g == nil || strings.HasPrefix(p.Name, "resnets") && strings.HasSuffix(p.Name, "in2.bias") {
			continue // the true gradient is zero
		}
		e := trace.Lookup(prefix + "grad." + p.Name)
		require.Less(t, relativeL2(t, e.Data, g), 2e-3, p.Name)
	}
}
