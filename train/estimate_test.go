package train_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/vgg"
)

// TestEstimateMemory compares with the peaks of real runs, in MiB: the largest resident
// sets of examples/train without a dataset, after two steps.
func TestEstimateMemory(t *testing.T) {
	shallow := train.EqualLayers(vgg.Relu12, vgg.Relu22, vgg.Layer{Block: 3, Conv: 3})
	deep := train.EqualLayers(vgg.Relu54)
	for _, c := range []struct {
		filters            [3]int
		blocks             int
		image, batch, size int
		layers             []train.StyleLayer
		still              bool
		measured           float64
	}{
		{[3]int{8, 16, 32}, 5, 64, 1, 64, shallow, false, 162},
		{[3]int{8, 16, 32}, 5, 256, 2, 64, shallow, false, 411},
		{[3]int{8, 16, 32}, 5, 256, 4, 64, shallow, false, 659},
		{[3]int{32, 64, 128}, 5, 256, 2, 64, shallow, false, 851},
		{[3]int{8, 16, 32}, 20, 256, 2, 64, shallow, false, 534},
		{[3]int{8, 16, 32}, 5, 256, 2, 64, deep, false, 705},
		{[3]int{8, 16, 32}, 5, 64, 1, 64, deep, false, 403},
		{[3]int{8, 16, 32}, 5, 64, 1, 1024, shallow, false, 980},
		{[3]int{8, 16, 32}, 5, 256, 2, 64, shallow, true, 519},
		{[3]int{32, 64, 128}, 5, 256, 2, 64, shallow, true, 1288},
	} {
		cfg := train.Default()
		cfg.ImageSize, cfg.BatchSize, cfg.StyleSize, cfg.StyleLayers = c.image, c.batch, c.size, c.layers
		if c.still {
			still, err := train.NewStability(train.DefaultStability(1))
			require.NoError(t, err)
			cfg.Objectives = append(cfg.Objectives, still)
		}
		got := float64(cfg.EstimateMemory(arch.Tutorial(c.filters, c.blocks), 9999, 9999)) / (1 << 20)
		require.InEpsilon(t, c.measured, got, 0.21, "%v", c)
		t.Logf("%+.0f %%", 100*(got/c.measured-1))
		cfg.StyleSize = 0
		require.Equal(t, cfg.EstimateMemory(arch.Tutorial(c.filters, c.blocks), c.size, c.size),
			int64(got*(1<<20)), "a style picture that is not resized")
	}
}
