package onnxexport_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/onnxexport"
	"github.com/stretchr/testify/require"
)

// ortRuns collects frames to run with ONNX Runtime, all in one process.
type ortRuns struct {
	t    *testing.T
	dir  string
	jobs []ortJob
	want [][]float32
}

type ortJob struct {
	Name   string `json:"name"`
	Model  string `json:"model"`
	Input  string `json:"input"`
	Output string `json:"output"` // "" if ONNX Runtime has to refuse the frame
	Height int    `json:"height"`
	Width  int    `json:"width"`
}

// add runs m on x and expects want; nil expects ONNX Runtime to refuse it.
func (r *ortRuns) add(name string, m *onnxexport.Model, x []float32, h, w int, want []float32) {
	job := ortJob{Name: name, Height: h, Width: w}
	prefix := fmt.Sprint(len(r.jobs))
	job.Model, job.Input = prefix+".onnx", prefix+".in"
	if want != nil {
		job.Output = prefix + ".out"
	}
	require.NoError(r.t, os.WriteFile(filepath.Join(r.dir, job.Model), m.Marshal(), 0o600))
	writeFloats(r.t, filepath.Join(r.dir, job.Input), x)
	r.jobs = append(r.jobs, job)
	r.want = append(r.want, want)
}

// run runs everything and compares.
func (r *ortRuns) run(modules string) {
	list, err := json.Marshal(r.jobs)
	require.NoError(r.t, err)
	require.NoError(r.t, os.WriteFile(filepath.Join(r.dir, "jobs.json"), list, 0o600))
	run(r.t, "node", "testdata/ort.js", modules, r.dir)
	for i, job := range r.jobs {
		if job.Output != "" {
			requireClose(r.t, job.Name, readFloats(r.t, filepath.Join(r.dir, job.Output)), r.want[i])
		}
	}
}

func scaleBy(x []float32, f float32) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = v * f
	}
	return y
}

// TestONNXRuntime runs both profiles, both value ranges, many network shapes
// and frame sizes with ONNX Runtime and compares with the interpreter.
func TestONNXRuntime(t *testing.T) {
	modules := need.Tool(t, "ort")
	runs := &ortRuns{t: t, dir: t.TempDir()}
	add := func(filters [3]int, blocks int, o onnxexport.Options, sizes ...[2]int) {
		for _, size := range sizes {
			h, w := size[0], size[1]
			o.Height, o.Width = h, w
			m, err := onnxexport.Build(randomNet(filters, blocks), o)
			require.NoError(t, err)
			x := randomFrame(h, w)
			if o.UnitRange {
				x = scaleBy(x, 1./255)
			}
			want, err := m.Evaluate(x, h, w)
			require.NoError(t, err)
			name := fmt.Sprintf("%v filters %v blocks %d unit %v %dx%d", o.Profile, filters, blocks, o.UnitRange, w, h)
			runs.add(name, m, x, h, w, want)
		}
	}
	sizes := [][2]int{{8, 8}, {8, 64}, {24, 32}, {44, 20}, {64, 96}}
	for _, p := range []onnxexport.Profile{onnxexport.Barracuda, onnxexport.Runtime} {
		for _, unit := range []bool{false, true} {
			add([3]int{4, 8, 16}, 5, onnxexport.Options{Profile: p, UnitRange: unit}, sizes...)
		}
		for blocks := 1; blocks <= 12; blocks++ {
			add([3]int{3, 5, 6}, blocks, onnxexport.Options{Profile: p}, [2]int{24, 16})
		}
		for _, filters := range [][3]int{{8, 16, 32}, {16, 16, 16}, {16, 32, 64}, {32, 64, 128}} {
			add(filters, 3, onnxexport.Options{Profile: p}, [2]int{32, 24})
		}
	}
	// The runtime profile's files take any valid size, barracuda's only their
	// own; no file takes a size that is not a multiple of 4.
	m, err := onnxexport.Build(smallNet(), onnxexport.Options{Width: 32, Height: 24})
	require.NoError(t, err)
	runs.add("other size than declared", m, randomFrame(32, 24), 32, 24, nil)
	m, err = onnxexport.Build(smallNet(), onnxexport.Options{Profile: onnxexport.Runtime})
	require.NoError(t, err)
	runs.add("height not a multiple of 4", m, randomFrame(22, 32), 22, 32, nil)
	runs.run(modules)
}

// TestAuthorsNetworkInONNXRuntime compares ONNX Runtime on our export of the
// author's weights with PyTorch's output of his network.
func TestAuthorsNetworkInONNXRuntime(t *testing.T) {
	modules := need.Tool(t, "ort")
	golden := readSafetensors(t, need.Shared(t, "golden/transformer_author.safetensors"))
	author, err := onnxexport.ReadFile(need.Shared(t, "data/author/final.onnx"))
	require.NoError(t, err)
	weights, err := author.StateDict()
	require.NoError(t, err)
	x, y := golden["x"], golden["y"]
	runs := &ortRuns{t: t, dir: t.TempDir()}
	for name, o := range allOptions {
		o.Height, o.Width = x.Shape[2], x.Shape[3]
		m, err := onnxexport.Build(weights, o)
		require.NoError(t, err)
		if o.UnitRange {
			runs.add(name, m, scaleBy(x.data, 1./255), o.Height, o.Width, scaleBy(y.data, 1./255))
		} else {
			runs.add(name, m, x.data, o.Height, o.Width, y.data)
		}
	}
	runs.run(modules)
}
