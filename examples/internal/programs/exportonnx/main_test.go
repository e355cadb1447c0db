package exportonnx

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/cli/clitest"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/onnx"
	"github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/onnxexport"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// weightsFile writes the weights of a small network.
func weightsFile(t *testing.T, dir string) string {
	t.Helper()
	net := nn.NewTransformerNet(reference.New(), [3]int{4, 6, 8}, 2, 3)
	path := filepath.Join(dir, "final.pth")
	require.NoError(t, weights.WriteFile(path, net.StateDict()))
	return path
}

func TestExport(t *testing.T) {
	dir := t.TempDir()
	in := weightsFile(t, dir)
	want, err := weights.ReadFile(in)
	require.NoError(t, err)
	for _, c := range []struct {
		name       string
		args       []string
		profile    onnxexport.Profile
		rows, cols int64 // 0 if symbolic
	}{
		{"default", nil, onnxexport.Barracuda, 540, 960},
		{"sizes", []string{"-width", "64", "-height", "32"}, onnxexport.Barracuda, 32, 64},
		{"width", []string{"-width", "64"}, onnxexport.Barracuda, 540, 64},
		{"symbolic", []string{"-symbolic", "-batch", "symbolic"}, onnxexport.Barracuda, 0, 0},
		{"compat", []string{"-compat"}, onnxexport.Barracuda, 960, 540},
		{"compat with size", []string{"-compat", "-width", "960"}, onnxexport.Barracuda, 960, 960},
		{"old name", []string{"-profile", "runtime"}, onnxexport.ONNXRuntime, 0, 0},
		{"onnxruntime", []string{"-profile", "onnxruntime", "-any-size", "-opset", "13"}, onnxexport.ONNXRuntime, 0, 0},
		{"half", []string{"-profile", "onnxruntime", "-fp16", "all"}, onnxexport.ONNXRuntime, 0, 0},
		{"sentis", []string{"-profile", "sentis"}, onnxexport.Sentis, 0, 0},
		{"sentis, sizes obeyed", []string{"-profile", "sentis", "-height", "128"}, onnxexport.Sentis, 128, 960},
		{"static", []string{"-profile", "static", "-batch", "2", "-style", "glass"}, onnxexport.Static, 540, 960},
		{"opencv", []string{"-profile", "opencv"}, onnxexport.OpenCV, 540, 960},
		{"unit range", []string{"-unit-range"}, onnxexport.Barracuda, 540, 960},
		{"bytes", []string{"-range", "0..255"}, onnxexport.Barracuda, 540, 960},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := filepath.Join(dir, "out.onnx")
			args := append([]string{"-model", in, "-out", out}, c.args...)
			says := clitest.Output(t, func() { require.NoError(t, Run(context.Background(), args)) })
			size := "any size"
			if c.rows > 0 {
				size = fmt.Sprintf("%dx%d", c.cols, c.rows)
			}
			require.Contains(t, says, ", frames of "+size)
			m, err := onnx.ReadFile(out)
			require.NoError(t, err)
			require.NoError(t, onnxexport.Check(m, c.profile))
			dims := m.Graph.Inputs[0].Dims
			require.Equal(t, []int64{c.rows, c.cols}, []int64{dims[2].Value, dims[3].Value})
			if c.name == "compat" || c.name == "compat with size" {
				require.Empty(t, m.Metadata)
				m.SetProperty(onnx.KeyRange, onnx.ByteRange) // of untrained weights, nothing else tells
			}
			got, err := m.Network()
			require.NoError(t, err)
			require.Equal(t, c.name == "bytes" || m.Producer == "pytorch", got.Input == arch.Bytes, "0..1 unless asked otherwise")
			require.Equal(t, want.Names(), got.Weights.Names())
			for i := range want {
				require.InDeltaSlice(t, want[i].Data, got.Weights[i].Data, 1e-3)
			}
		})
	}

	// Where a file tells its range, that counts; where it does not, the flag does.
	bare := filepath.Join(dir, "bare.onnx")
	require.NoError(t, Run(context.Background(), []string{"-model", in, "-out", bare, "-compat"}))
	for _, c := range []struct {
		model, stated, says string
	}{
		{bare, "", "-model-range"},
		{bare, "0..255", ""},
		{filepath.Join(dir, "out.onnx"), "0..255", ""},
		{filepath.Join(dir, "out.onnx"), "0..1", "leave the flag out"},
	} {
		err := Run(context.Background(), []string{"-model", c.model, "-out", filepath.Join(dir, "stated.onnx"), "-model-range", c.stated})
		if c.says != "" {
			require.ErrorContains(t, err, c.says)
			continue
		}
		require.NoError(t, err)
		m, err := onnx.ReadFile(filepath.Join(dir, "stated.onnx"))
		require.NoError(t, err)
		n, err := m.Network()
		require.NoError(t, err)
		for i := range want {
			require.InDeltaSlice(t, want[i].Data, n.Weights[i].Data, 1e-6)
		}
	}

	// An exported file is a model, too.
	again := filepath.Join(dir, "again.onnx")
	require.NoError(t, Run(context.Background(), []string{"-model", filepath.Join(dir, "out.onnx"), "-out", again}))
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	in := weightsFile(t, dir)
	garbage := filepath.Join(dir, "garbage.pth")
	require.NoError(t, os.WriteFile(garbage, []byte("nothing"), 0o666))
	truncated := filepath.Join(dir, "truncated.onnx")
	require.NoError(t, os.WriteFile(truncated, []byte("\x08\x06\x3a\xff\xff\x01"), 0o666))
	out := filepath.Join(dir, "out.onnx")
	require.NoError(t, os.WriteFile(out, []byte("precious"), 0o666))
	for _, c := range []struct {
		args []string
		says string
	}{
		{nil, "-model is missing"},
		{[]string{"-model", in}, "-out is missing"},
		{[]string{"-model", in, "-out", filepath.Join(dir, "x.onnx"), "-profile", "runtime", "-width", "64"}, "-profile runtime takes frames of any size: leave -width and -height out, or choose -profile static for 64x540"},
		{[]string{"-model", in, "-out", "x.pb"}, ".onnx"},
		{[]string{"-model", in, "-out", out, "-profile", "unity"}, "-profile unity"},
		{[]string{"-model", in, "-out", out, "-width", "962"}, "-width: width 962 is not a multiple of 4: the nearest valid ones are 960 and 964"},
		{[]string{"-model", in, "-out", out, "-height", "0"}, "-height 0"},
		{[]string{"-model", in, "-out", out, "-profile", "onnxruntime", "-width", "64"}, "choose -profile static for 64x540"},
		{[]string{"-model", in, "-out", out, "-symbolic", "-width", "64"}, "-symbolic: sizes cannot be symbolic"},
		{[]string{"-model", in, "-out", out, "-range", "0..2"}, "-range 0..2"},
		{[]string{"-model", in, "-out", out, "-model-range", "bytes"}, "-model-range bytes"},
		{[]string{"-model", in, "-out", out, "-fp16", "yes"}, "-fp16 yes"},
		{[]string{"-model", in, "-out", out, "-batch", "0"}, "-batch 0"},
		{[]string{"-model", in, "-out", out, "-opset", "15"}, "-opset: opset 15"},
		{[]string{"-model", in, "-out", out, "-fp16", "all"}, "-fp16: the profile barracuda is for programs without half precision"},
		{[]string{"-model", in, "-out", out, "-any-size"}, "-any-size: the profile barracuda has no padding"},
		{[]string{"-model", in, "-out", out, "-batch", "symbolic", "-profile", "opencv"}, "-batch: the profile opencv needs a fixed number"},
		{[]string{"-model", in, "-out", out, "-width", "0", "-height", "0"}, "-width 0"},
		{[]string{"-model", in, "-out", out, "-compat", "-unit-range"}, "-compat"},
		{[]string{"-model", in, "-out", out, "-compat", "-profile", "onnxruntime"}, "-compat: the tutorial's file"},
		{[]string{"-model", out, "-out", out}, "overwritten"},
		{[]string{"-model", filepath.Join(dir, "none.pth"), "-out", out}, "none.pth"},
		{[]string{"-model", garbage, "-out", out}, "garbage.pth"},
		{[]string{"-model", truncated, "-out", out}, "truncated.onnx"},
		{[]string{"-model", in, "-out", filepath.Join(dir, "no", "out.onnx")}, "no such file"},
		{[]string{"-model", in, "-out", out, "extra"}, "extra"},
	} {
		require.ErrorContains(t, Run(context.Background(), c.args), c.says, "%v", c.args)
	}
	data, err := os.ReadFile(out)
	require.NoError(t, err)
	require.Equal(t, "precious", string(data))
}
