package train_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/vgg"
)

// TestPreciseCurves trains for 100 steps with Winograd and with direct
// convolutions. Rounding differs, and Adam spreads the difference, so that single
// steps part; the mean losses of ten steps stay within 0.1 %.
func TestPreciseCurves(t *testing.T) {
	const steps, window = 100, 10
	curve := func(options ...tensor.CPUOption) (means []float64) {
		be := tensor.CPU(options...)
		defer func() { require.NoError(t, be.Close()) }()
		if strings.Contains(be.Name(), "portable") {
			need.OnlyLong(t) // it takes minutes
		}
		cfg := train.Default()
		cfg.Epochs, cfg.Steps, cfg.ImageSize, cfg.StyleSize, cfg.StyleWeight = 100, steps, 32, 32, 1e8
		cfg.StyleLayers = train.EqualLayers(vgg.Relu12, vgg.Relu22)
		cfg.Events.OnStep = func(e *train.StepEvent) {
			if (e.Step-1)%window == 0 {
				means = append(means, 0)
			}
			means[len(means)-1] += e.Total() / window
		}
		trainer, err := train.New(be, nn.NewTransformerNet(be, [3]int{8, 16, 32}, 5, 1),
			vgg.Random(be, 1, cfg.Deepest()), picture(32, 32, 1), pictures(6), cfg)
		require.NoError(t, err)
		defer trainer.Close()
		require.NoError(t, trainer.Train(context.Background()))
		return means
	}
	fast, precise := curve(), curve(tensor.Precise())
	require.Len(t, fast, steps/window)
	for i := range fast {
		require.InEpsilon(t, precise[i], fast[i], 1e-3, "steps %d to %d", i*window+1, (i+1)*window)
	}
	require.NotEqual(t, precise, fast, "both ran the same convolutions")
}
