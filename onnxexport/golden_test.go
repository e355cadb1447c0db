package onnxexport_test

import (
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
		o.Height, o.Width = x.Shape[2], x.Shape[3]
		m, err := onnxexport.Build(weights, o)
		require.NoError(t, err)
		in, unit := x.Data, float32(1)
		if o.UnitRange {
			in, unit = scaleBy(x.Data, 1./255), 255
		}
		y, err := m.Evaluate(in, o.Height, o.Width)
		require.NoError(t, err)
		mean, worst := meanAndMax(t, want.Data, scaleBy(y, unit))
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
	runs := &ortRuns{t: t, dir: t.TempDir()}
	for name, o := range allOptions {
		o.Height, o.Width = x.Shape[2], x.Shape[3]
		m, err := onnxexport.Build(weights, o)
		require.NoError(t, err)
		if o.UnitRange {
			runs.add(name, m, scaleBy(x.Data, 1./255), o.Height, o.Width, scaleBy(y.Data, 1./255))
		} else {
			runs.add(name, m, x.Data, o.Height, o.Width, y.Data)
		}
	}
	runs.run(modules)
}
