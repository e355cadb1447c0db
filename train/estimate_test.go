package train_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/vgg"
	"github.com/impasto-go/impasto/vgg/compact"
)

// TestEstimateMemory compares with the peaks of real runs, in MiB: the largest resident
// sets of examples/train without a dataset, after two steps.
func TestEstimateMemory(t *testing.T) {
	shallow := train.EqualLayers(vgg.Relu12, vgg.Relu22, vgg.Layer{Block: 3, Conv: 3})
	deep := train.EqualLayers(vgg.Relu54)
	compacts := train.EqualLayers(compact.Layers()...)
	be := tensor.CPU()
	defer be.Close()
	full, err := vgg.Load(be, vgg.Layout(vgg.Relu54), vgg.Relu54)
	require.NoError(t, err)
	small, err := compact.Load(be, compact.Deepest)
	require.NoError(t, err)
	for _, c := range []struct {
		filters            [3]int
		blocks             int
		image, batch, size int
		layers             []train.StyleLayer
		still              bool
		judge              *vgg.VGG
		measured           float64
	}{
		{[3]int{8, 16, 32}, 5, 64, 1, 64, shallow, false, full, 162},
		{[3]int{8, 16, 32}, 5, 256, 2, 64, shallow, false, full, 411},
		{[3]int{8, 16, 32}, 5, 256, 4, 64, shallow, false, full, 659},
		{[3]int{32, 64, 128}, 5, 256, 2, 64, shallow, false, full, 851},
		{[3]int{8, 16, 32}, 20, 256, 2, 64, shallow, false, full, 534},
		{[3]int{8, 16, 32}, 5, 256, 2, 64, deep, false, full, 705},
		{[3]int{8, 16, 32}, 5, 64, 1, 64, deep, false, full, 403},
		{[3]int{8, 16, 32}, 5, 64, 1, 1024, shallow, false, full, 980},
		{[3]int{8, 16, 32}, 5, 256, 2, 64, shallow, true, full, 519},
		{[3]int{32, 64, 128}, 5, 256, 2, 64, shallow, true, full, 1288},
		{[3]int{8, 16, 32}, 5, 64, 1, 64, compacts, false, small, 150},
		{[3]int{8, 16, 32}, 5, 256, 2, 64, compacts, false, small, 307},
		{[3]int{8, 16, 32}, 5, 256, 4, 64, compacts, false, small, 409},
		{[3]int{32, 64, 128}, 5, 256, 2, 64, compacts, false, small, 975},
	} {
		cfg := train.Default()
		cfg.ImageSize, cfg.BatchSize, cfg.StyleSize, cfg.StyleLayers = c.image, c.batch, c.size, c.layers
		if c.still {
			still, err := train.NewStability(train.DefaultStability(1))
			require.NoError(t, err)
			cfg.Objectives = append(cfg.Objectives, still)
		}
		got := float64(cfg.EstimateMemory(arch.Tutorial(c.filters, c.blocks), c.judge, 9999, 9999)) / (1 << 20)
		within := 0.21
		if c.judge == small { // the rest of the program weighs more
			within = 0.3
		}
		require.InEpsilon(t, c.measured, got, within, "%v", c.measured)
		t.Logf("%+.0f %%", 100*(got/c.measured-1))
		cfg.StyleSize = 0
		require.Equal(t, cfg.EstimateMemory(arch.Tutorial(c.filters, c.blocks), c.judge, c.size, c.size),
			int64(got*(1<<20)), "a style picture that is not resized")
	}
}
