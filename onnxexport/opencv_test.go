package onnxexport_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/onnxexport"
)

// TestOpenCV runs files of the opencv profile, and the tutorial's, with OpenCV: both
// networks, three sizes, of which a file declares the first.
func TestOpenCV(t *testing.T) {
	python := need.Tool(t, "opencv")
	runs := &modelRuns{t: t, dir: t.TempDir()}
	for _, n := range []*arch.Network{arch.Tutorial([3]int{8, 16, 32}, 5), arch.PyTorchExamples([3]int{8, 16, 32}, 5)} {
		d := randomWeights(n)
		for name, o := range map[string]onnxexport.Options{
			"opencv":           {Profile: onnxexport.OpenCV, Width: 64, Height: 48},
			"opencv 0..255":    {Profile: onnxexport.OpenCV, Width: 64, Height: 48, Bytes: true},
			"opencv opset 9":   {Profile: onnxexport.OpenCV, Width: 64, Height: 48, Opset: 9},
			"opencv opset 13":  {Profile: onnxexport.OpenCV, Width: 64, Height: 48, Opset: 13},
			"barracuda 0..255": {Width: 64, Height: 48, Bytes: true},
		} {
			for _, size := range [][2]int{{48, 64}, {8, 8}, {100, 36}} {
				h, w := size[0], size[1]
				m := build(t, d, o)
				x := inRange(randomFrame(h, w), o)
				want, err := m.Evaluate(x, h, w)
				require.NoError(t, err)
				runs.add(fmt.Sprintf("%s %s %dx%d", n.Name, name, w, h), m, x, h, w, want)
			}
		}
	}
	runs.run(func(dir string) { run(t, python, "testdata/opencv.py", dir) }, func(name string, got, want []float32) {
		_, worst := meanAndMax(t, got, want)
		t.Logf("%s: %.2g of %.3g", name, worst, largest(want))
		require.Less(t, worst, 0.1*largest(want)/255, name)
	})
}
