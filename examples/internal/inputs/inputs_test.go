package inputs_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/inputs"
	"github.com/impasto-go/impasto/examples/internal/modeltest"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/vgg"
)

// TestCanceledReading ends the reading of weights when the program is told to stop.
func TestCanceledReading(t *testing.T) {
	be := tensor.CPU()
	defer be.Close()
	file := filepath.Join(t.TempDir(), "final.pth")
	require.NoError(t, weights.WriteFile(file, modeltest.Weights(arch.Tutorial([3]int{4, 6, 8}, 1))))
	ctx, cancel := context.WithCancel(context.Background())
	net, err := inputs.Network(ctx, be, file, "", "", 0, 64, 0)
	require.NoError(t, err)
	net.Free()
	_, err = inputs.Features(ctx, be, file, vgg.Relu12)
	require.ErrorContains(t, err, "-vgg")
	require.NotErrorIs(t, err, context.Canceled)

	cancel()
	_, err = inputs.Network(ctx, be, file, "", "", 0, 64, 0)
	require.ErrorIs(t, err, context.Canceled)
	_, err = inputs.Features(ctx, be, file, vgg.Relu12)
	require.ErrorIs(t, err, context.Canceled)
}
