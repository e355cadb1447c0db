package main

import (
	"context"
	"image/color"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{}, {"-model", "x", "-frames", "0"}, {"-model", "x", "-width", "0"}, {"-model", "x", "-every", "0"}} {
		require.Error(t, run(context.Background(), args), "%v", args)
	}
	require.ErrorContains(t, run(context.Background(), []string{"-model", "missing.pth"}), "missing.pth")
}

// model writes the weights of a small random network.
func model(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	net := nn.NewTransformerNet(reference.New(), [3]int{4, 5, 6}, 1, 1)
	require.NoError(t, weights.WriteFile(path, net.StateDict()))
	return path
}

// TestRun plays where there is OpenGL; where not, the error says so.
func TestRun(t *testing.T) {
	out := filepath.Join(t.TempDir(), "frames")
	args := []string{"-model", model(t), "-out", out, "-frames", "3", "-every", "2", "-width", "50", "-height", "31"}
	d, err := gpu.Open()
	if err != nil {
		require.ErrorIs(t, run(context.Background(), args), gpu.ErrUnavailable)
		return
	}
	require.NoError(t, d.Close())
	require.NoError(t, run(context.Background(), args))
	first, err := imageio.Load(filepath.Join(out, "00000.png"), imageio.Options{})
	require.NoError(t, err)
	require.Equal(t, [2]int{50, 31}, [2]int{first.W, first.H})
	last, err := imageio.Load(filepath.Join(out, "00002.png"), imageio.Options{})
	require.NoError(t, err)
	require.NotEqual(t, first.Pix, last.Pix, "the scene moves")
	names, err := filepath.Glob(filepath.Join(out, "*"))
	require.NoError(t, err)
	require.Len(t, names, 2)

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, run(ctx, args), context.Canceled)
}

func TestSaveTurnsOver(t *testing.T) {
	s := settings{width: 1, height: 2, out: t.TempDir()}
	require.NoError(t, s.save(7, []byte{1, 2, 3, 255, 4, 5, 6, 255}))
	m, err := imageio.Load(filepath.Join(s.out, "00007.png"), imageio.Options{})
	require.NoError(t, err)
	require.Equal(t, color.NRGBA{4, 5, 6, 255}, m.NRGBA().NRGBAAt(0, 0), "the last row of OpenGL is the top")
}
