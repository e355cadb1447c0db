package onnxexport_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/onnxexport"
	"github.com/stretchr/testify/require"
)

func run(t *testing.T, command string, args ...string) {
	t.Helper()
	out, err := exec.Command(command, args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func writeFloats(t *testing.T, path string, x []float32) {
	t.Helper()
	b := make([]byte, 0, 4*len(x))
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	require.NoError(t, os.WriteFile(path, b, 0o600))
}

func readFloats(t *testing.T, path string) []float32 {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	x := make([]float32, len(b)/4)
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return x
}

// TestReferenceChecker has ONNX's own checker and shape inference judge every
// kind of file.
func TestReferenceChecker(t *testing.T) {
	python := need.Tool(t, "onnx")
	dir := t.TempDir()
	args := []string{"testdata/checker.py"}
	for name, o := range allOptions {
		for _, blocks := range []int{1, 5, 12} {
			if blocks > 5 && o.Precision == onnxexport.HalfValues {
				continue // refused
			}
			path := filepath.Join(dir, fmt.Sprintf("%s %d.onnx", name, blocks))
			require.NoError(t, onnxexport.WriteFile(path, randomNet([3]int{4, 8, 16}, blocks), o))
			args = append(args, path)
		}
	}
	run(t, python, args...)
}

// TestInterpreterAgainstPyTorch compares Evaluate with PyTorch's operators.
func TestInterpreterAgainstPyTorch(t *testing.T) {
	need.Tool(t, "torch")
	python := need.Tool(t, "onnx")
	dir := t.TempDir()
	model, in, out := filepath.Join(dir, "net.onnx"), filepath.Join(dir, "x"), filepath.Join(dir, "y")
	for _, test := range []struct {
		filters      [3]int
		blocks, h, w int
	}{{[3]int{4, 8, 16}, 3, 40, 28}, {[3]int{5, 3, 7}, 12, 32, 32}} {
		m, err := onnxexport.Build(randomNet(test.filters, test.blocks), onnxexport.Options{Bytes: true})
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(model, m.Marshal(), 0o600))
		x := randomFrame(test.h, test.w)
		writeFloats(t, in, x)
		run(t, python, "testdata/forward.py", model, in, strconv.Itoa(test.h), strconv.Itoa(test.w), out)
		want, err := m.Evaluate(x, test.h, test.w)
		require.NoError(t, err)
		requireClose(t, fmt.Sprint(test), readFloats(t, out), want)
	}
}

// requireClose compares a float32 runtime with the interpreter, relative to
// the largest value. Runtimes sum in different orders, which the networks'
// instance norms magnify.
func requireClose(t *testing.T, name string, got, want []float32) {
	t.Helper()
	mean, worst := meanAndMax(t, got, want)
	scale := largest(want)
	t.Logf("%s: mean %.1e, max %.1e of %.3g", name, mean/scale, worst/scale, scale)
	require.Less(t, mean, 1e-6*scale, name)
	require.Less(t, worst, 2e-5*scale, name)
}
