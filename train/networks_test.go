package train_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/pth"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/vgg"
	"github.com/impasto-go/impasto/vgg/vggtest"
)

// TestNetworksTrainLikePyTorch continues, for three steps, from weights that PyTorch
// made, and compares the losses; nn/testdata/networks/make.py did the same there.
func TestNetworksTrainLikePyTorch(t *testing.T) {
	const size = 32
	picture := func(seed int) *imageio.Image {
		m := imageio.New(size, size)
		for i := range m.Pix {
			x, y, c := i/3%size, i/3/size, i%3
			m.Pix[i] = uint8((x*x*(seed+1) + 3*y*(c+2) + 16*seed*c) / 7)
		}
		return m
	}
	be := newCPU(t)
	features, err := vgg.Load(be, vggtest.Hashed(vgg.Relu54), vgg.Relu54)
	require.NoError(t, err)
	for _, family := range []string{"pytorch-examples", "anti-aliased", "anti-aliased-nearest"} {
		dir := "../nn/testdata/networks"
		initial, err := pth.ReadFile(filepath.Join(dir, family+".pth"))
		require.NoError(t, err)
		golden, err := pth.ReadFile(filepath.Join(dir, family+".golden.pth"))
		require.NoError(t, err)
		net, err := nn.NewNetworkFrom(be, initial)
		require.NoError(t, err)

		cfg := train.Default()
		cfg.Steps, cfg.Epochs, cfg.BatchSize, cfg.ImageSize, cfg.StyleSize, cfg.StyleWeight = 3, 3, 2, size, size, 1e9
		want, step := golden.Lookup("losses").Data, 0
		cfg.Events.OnStep = func(e *train.StepEvent) {
			require.InEpsilon(t, want[2*step], e.Term("content"), 1e-3, "%s, content loss of step %d", family, e.Step)
			require.InEpsilon(t, want[2*step+1], e.Term("style"), 1e-3, "%s, style loss of step %d", family, e.Step)
			step++
		}
		trainer, err := train.New(be, net, features, picture(2), dataset.Images{picture(0), picture(1)}, cfg)
		require.NoError(t, err)
		require.NoError(t, trainer.Train(t.Context()))
		require.Equal(t, 3, step)
		trainer.Close()
		net.Free()
	}
}
