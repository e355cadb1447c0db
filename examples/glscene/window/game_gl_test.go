//go:build gl && cgo && linux

package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-gl/glfw/v3.3/glfw"
	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/gpu/glstyle"
	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// onMain is what the main thread, the only one that GLFW works on, is to do.
var onMain = make(chan func())

func TestMain(m *testing.M) {
	code := make(chan int)
	go func() { code <- m.Run() }()
	for {
		select {
		case f := <-onMain:
			f()
		case c := <-code:
			os.Exit(c)
		}
	}
}

// runOnMain is run on the main thread.
func runOnMain(ctx context.Context, args ...string) error {
	result := make(chan error, 1)
	onMain <- func() { result <- run(ctx, args) }
	return <-result
}

// model writes the weights of a small random network.
func model(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	net := nn.NewTransformerNet(reference.New(), [3]int{4, 5, 6}, 1, 1)
	require.NoError(t, weights.WriteFile(path, net.StateDict()))
	return path
}

func needDisplay(t *testing.T) {
	if os.Getenv("DISPLAY") == "" {
		need.Missing(t, "display", "there is no display")
	}
}

// TestWindow opens two windows, the second of which is canceled.
func TestWindow(t *testing.T) {
	needDisplay(t)
	args := []string{"-model", model(t), "-width", "50", "-height", "31", "-frames", "3"}
	require.NoError(t, runOnMain(context.Background(), args...))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, runOnMain(ctx, args...), context.Canceled)
}

func TestKeys(t *testing.T) {
	g := &game{way: 3, loops: make([]*glstyle.Loop, 4)}
	g.key(glfw.KeySpace, glfw.Press)
	require.Equal(t, -1, g.way)
	g.key(glfw.Key5, glfw.Press)
	g.key(glfw.Key2, glfw.Release)
	g.key(glfw.KeyC, glfw.Repeat)
	require.Equal(t, -1, g.way)
	require.Zero(t, g.shot)
}
