package onnxexport_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/golden"
	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn/pth"
	"github.com/impasto-go/impasto/onnxexport"
)

// TestGoldenFrame compares the interpreter with PyTorch's result of the same
// weights, for every kind of file.
func TestGoldenFrame(t *testing.T) {
	pass := golden.Read(t, "tutorial.safetensors")
	x, want := pass.Get(t, "x"), pass.Get(t, "y")
	weights, err := pth.ReadFile(golden.Path(t, "tutorial.pth"))
	require.NoError(t, err)
	for name, o := range allOptions {
		if o.Precision != onnxexport.Single {
			continue // see TestHalf
		}
		h, w := x.Shape[2], x.Shape[3]
		y, err := build(t, weights, sized(o, h, w)).Evaluate(inRange(x.Data, o), h, w)
		require.NoError(t, err)
		mean, worst := meanAndMax(t, want.Data, outRange(y, o))
		t.Logf("%s: mean %.2g, max %.2g", name, mean, worst)
		require.Less(t, mean, 1e-3)
		require.Less(t, worst, 2e-2)
	}
}

// TestGoldenFrameInONNXRuntime has ONNX Runtime compute the same.
func TestGoldenFrameInONNXRuntime(t *testing.T) {
	modules := need.Tool(t, "ort")
	pass := golden.Read(t, "tutorial.safetensors")
	x, y := pass.Get(t, "x"), pass.Get(t, "y")
	weights, err := pth.ReadFile(golden.Path(t, "tutorial.pth"))
	require.NoError(t, err)
	runs := &modelRuns{t: t, dir: t.TempDir()}
	for name, o := range allOptions {
		if o.Precision == onnxexport.Single && o.Batch < 2 {
			h, w := x.Shape[2], x.Shape[3]
			runs.add(name, build(t, weights, sized(o, h, w)), inRange(x.Data, o), h, w, inRange(y.Data, o))
		}
	}
	runs.runONNXRuntime(modules)
}

// TestCompatBytes pins the bytes that Compat makes of given weights. They were right
// when they made the file of the tutorial's author (TestCompatReproducesAuthorsFile,
// which needs that file) in every byte.
func TestCompatBytes(t *testing.T) {
	weights, err := pth.ReadFile(golden.Path(t, "tutorial.pth"))
	require.NoError(t, err)
	sum := sha256.Sum256(build(t, weights, onnxexport.Options{Compat: true}).Marshal())
	require.Equal(t, "16306fec4a77eb1b97b36ac04d2e8092a81f954fa80e9a21301a05b2be491f35", hex.EncodeToString(sum[:]))
}
