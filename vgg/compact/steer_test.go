package compact_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/vgg"
	"github.com/impasto-go/impasto/vgg/compact"
)

// TestSteersLikeVGG19 trains equally long by VGG-19, by the compact network, and by
// random filters, and has VGG-19 judge the styles of what came of it.
func TestSteersLikeVGG19(t *testing.T) {
	need.OnlyLong(t)
	be := newBackend(t)
	real, err := vgg.LoadFile(be, need.Shared(t, "data/vgg19-blocks1-3.pth"), compact.Deepest)
	require.NoError(t, err)
	small, err := compact.Load(be, compact.Deepest)
	require.NoError(t, err)
	random := vgg.Random(be, 19, compact.Deepest)
	files, err := dataset.Open(need.Shared(t, "data/photos"), imageio.Options{})
	require.NoError(t, err)
	for _, path := range []string{
		"../../examples/images/style.png", need.Shared(t, "data/author/style_1.png"),
		need.Shared(t, "data/author/style_4.png"), need.Shared(t, "data/author/starry_night.png"),
	} {
		name := filepath.Base(path)
		style, err := imageio.Load(path, imageio.Options{})
		require.NoError(t, err)
		losses := map[string]float64{}
		for _, judge := range []struct {
			name        string
			features    *vgg.VGG
			styleWeight float64
		}{{"VGG-19", real, 1e9}, {"compact", small, 1e9}, {"random", random, 2e8}} {
			cfg := train.Default()
			cfg.Steps, cfg.Epochs, cfg.ImageSize, cfg.BatchSize, cfg.LearningRate, cfg.Shuffle = 400, 9, 128, 2, 2e-3, true
			cfg.ContentWeight, cfg.StyleWeight, cfg.StyleLayers = 1e5, judge.styleWeight, train.EqualLayers(compact.Layers()...)
			net := nn.NewTransformerNet(be, [3]int{8, 16, 32}, 5, 0)
			trainer, err := train.New(be, net, judge.features, style, files, cfg)
			require.NoError(t, err)
			require.NoError(t, trainer.Train(context.Background()))
			content, styled := judged(t, be, real, style, net, files)
			t.Logf("%s by %s: content %.3g, style %.3g", name, judge.name, content, styled)
			losses[judge.name] = styled
			trainer.Close()
			net.Free()
		}
		require.Less(t, losses["compact"], 1.5*losses["VGG-19"], name)
		require.Less(t, losses["compact"], losses["random"], name)
	}
}

// judged returns the losses of a network on 16 photographs of 256 pixels, each way, by
// VGG-19.
func judged(t *testing.T, be backend.Backend, real *vgg.VGG, style *imageio.Image, net *nn.Network, files dataset.Source) (content, styled float64) {
	const size, n = 256, 16
	judge, err := train.NewPerceptual(be, real, style, train.PerceptualOptions{
		ContentWeight: 1e5, StyleWeight: 1e9, StyleSize: size, StyleLayers: train.EqualLayers(compact.Layers()...),
	})
	require.NoError(t, err)
	defer judge.Free()
	tp := tensor.NewTape(be)
	for i := range n {
		m, err := files.Load(i * files.Len() / n)
		require.NoError(t, err)
		pix := make([]float32, 3*size*size)
		imageio.ToFloats(pix, imageio.CenterCrop(m, size, size))
		x := tensor.FromSlice(be, tensor.Shape{1, 3, size, size}, pix)
		p := train.Pass{Tape: tp, Model: net, Input: x}
		judge.Prepare(&p)
		p.Output = net.Forward(tp, x)
		for k, l := range judge.Losses(nil, &p) {
			if k == 0 {
				content += float64(l.Item()) / n
			} else {
				styled += float64(l.Item()) / n
			}
		}
		tp.Reset()
		x.Free()
	}
	return content, styled
}
