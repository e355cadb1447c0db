package train_test

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/checkpoint"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/vgg"
)

func newCPU(t testing.TB) backend.Backend {
	be := tensor.CPU()
	t.Cleanup(func() { require.NoError(t, be.Close()) })
	return be
}

// picture returns noise of the given size.
func picture(w, h int, seed uint64) *imageio.Image {
	rng := rand.New(rand.NewPCG(seed, 0))
	m := imageio.New(w, h)
	for i := range m.Pix {
		m.Pix[i] = uint8(rng.UintN(256))
	}
	return m
}

// pictures returns n of them. Some are not square and have to be cropped.
func pictures(n int) dataset.Images {
	var list dataset.Images
	for i := range n {
		list = append(list, picture(16+i%3, 16+i%2, uint64(100+i)))
	}
	return list
}

// small returns the settings of a run of 12 steps: 7 pictures make 4 batches, the
// last of one picture, in each of 3 epochs.
func small() train.Config {
	cfg := train.Default()
	cfg.Epochs, cfg.BatchSize, cfg.ImageSize, cfg.StyleSize = 3, 2, 16, 16
	cfg.StyleLayers = []train.StyleLayer{{Layer: vgg.Relu12, Weight: 1}, {Layer: vgg.Relu22, Weight: 0.5}}
	cfg.LogInterval, cfg.CheckpointInterval = 2, 3
	return cfg
}

// newTrainer returns a Trainer of a small network whose initial weights have the
// given seed.
func newTrainer(t testing.TB, be backend.Backend, cfg train.Config, seed uint64) *train.Trainer {
	trainer, err := train.New(be, nn.NewTransformerNet(be, [3]int{2, 3, 4}, 1, seed),
		vgg.Random(be, 1, vgg.Relu22), picture(20, 30, 5), pictures(7), cfg)
	require.NoError(t, err)
	t.Cleanup(trainer.Close)
	return trainer
}

// run trains anew to the end.
func run(t testing.TB, be backend.Backend, cfg train.Config) *train.Trainer {
	trainer := newTrainer(t, be, cfg, 1)
	require.NoError(t, trainer.Train(context.Background()))
	return trainer
}

// weights returns those of the network in training.
func weights(t *train.Trainer) statedict.Dict { return nn.StateDict(t.Network().Params()) }

// read returns the content of a file.
func read(t testing.TB, elem ...string) string {
	b, err := os.ReadFile(filepath.Join(elem...))
	require.NoError(t, err)
	return string(b)
}

// requireSame compares a file of two runs, which may have been planned for different
// numbers of steps.
func requireSame(t testing.TB, dir, other, name string) {
	t.Helper()
	if !strings.HasPrefix(name, "state-") {
		if read(t, dir, name) != read(t, other, name) {
			t.Fatalf("%s differs", name)
		}
		return
	}
	a, err := checkpoint.Read(filepath.Join(dir, name))
	require.NoError(t, err)
	b, err := checkpoint.Read(filepath.Join(other, name))
	require.NoError(t, err)
	b.Planned = a.Planned
	require.Equal(t, a, b)
}

// relativeL2 is |got-want| / |want|.
func relativeL2(t testing.TB, want, got []float32) float64 {
	t.Helper()
	require.Len(t, got, len(want))
	var diff, norm float64
	for i := range want {
		d := float64(got[i]) - float64(want[i])
		diff += d * d
		norm += float64(want[i]) * float64(want[i])
	}
	return math.Sqrt(diff / norm)
}

// largest returns the largest absolute value.
func largest(values []float32) float64 {
	m := 0.0
	for _, v := range values {
		m = max(m, math.Abs(float64(v)))
	}
	return m
}
