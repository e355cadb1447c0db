package onnxexport_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/onnx"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/onnxexport"
	"github.com/stretchr/testify/require"
)

// modelRuns collects frames to run with another runtime, all in one process.
type modelRuns struct {
	t    *testing.T
	dir  string
	jobs []modelJob
	want [][]float32
}

type modelJob struct {
	Name   string `json:"name"`
	Model  string `json:"model"`
	Input  string `json:"input"`
	Output string `json:"output"` // "" if the runtime has to refuse the frame
	Height int    `json:"height"`
	Width  int    `json:"width"`
}

// add runs m on x and expects want; nil expects the runtime to refuse it.
func (r *modelRuns) add(name string, m *onnx.Model, x []float32, h, w int, want []float32) {
	job := modelJob{Name: name, Height: h, Width: w}
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

// run runs everything with start and compares.
func (r *modelRuns) run(start func(dir string), compare func(name string, got, want []float32)) {
	list, err := json.Marshal(r.jobs)
	require.NoError(r.t, err)
	require.NoError(r.t, os.WriteFile(filepath.Join(r.dir, "jobs.json"), list, 0o600))
	start(r.dir)
	for i, job := range r.jobs {
		if job.Output != "" {
			compare(job.Name, readFloats(r.t, filepath.Join(r.dir, job.Output)), r.want[i])
		}
	}
}

// runONNXRuntime runs everything with ONNX Runtime; modules holds it.
func (r *modelRuns) runONNXRuntime(modules string) {
	r.run(func(dir string) { run(r.t, "node", "testdata/ort.js", modules, dir) },
		func(name string, got, want []float32) { requireClose(r.t, name, got, want) })
}

func scaleBy(x []float32, f float32) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = v * f
	}
	return y
}

// TestONNXRuntime runs all profiles and options, all families, many network shapes
// and frame sizes with ONNX Runtime and compares with the interpreter.
func TestONNXRuntime(t *testing.T) {
	modules := need.Tool(t, "ort")
	runs := &modelRuns{t: t, dir: t.TempDir()}
	add := func(name string, d statedict.Dict, o onnxexport.Options, sizes ...[2]int) {
		for _, size := range sizes {
			h, w := size[0], size[1]
			m := build(t, d, sized(o, h, w))
			x := inRange(randomFrame(h, w), o)
			want, err := m.Evaluate(x, h, w)
			require.NoError(t, err)
			runs.add(fmt.Sprintf("%s %dx%d", name, w, h), m, x, h, w, want)
		}
	}
	for family, d := range smallNets(t) {
		for name, o := range allOptions {
			sizes := [][2]int{{8, 8}, {24, 32}, {44, 20}}
			if family != "tutorial" && family != "pytorch-examples" {
				sizes = sizes[1:2]
			}
			if o.AnySize {
				sizes = [][2]int{{7, 9}, {24, 32}, {45, 22}}
			}
			if o.Batch > 1 || o.Precision == onnxexport.HalfValues {
				continue // see TestONNXRuntimeBatch and TestHalf
			}
			add(family+" "+name, d, o, sizes...)
		}
	}
	for _, p := range []onnxexport.Profile{onnxexport.Barracuda, onnxexport.ONNXRuntime} {
		o := onnxexport.Options{Profile: p}
		for blocks := 1; blocks <= 12; blocks++ {
			add(fmt.Sprintf("%v %d blocks", p, blocks), randomNet([3]int{3, 5, 6}, blocks), o, [2]int{24, 16})
		}
		for _, filters := range [][3]int{{8, 16, 32}, {16, 16, 16}, {32, 64, 128}} {
			add(fmt.Sprintf("%v %v", p, filters), randomNet(filters, 3), o, [2]int{32, 24})
			add(fmt.Sprintf("%v %v pytorch-examples", p, filters), randomWeights(arch.PyTorchExamples(filters, 3)), o, [2]int{32, 24})
		}
	}
	// Files of a fixed size take their own only; no file takes a size that is not a
	// multiple of 4 unless it says so.
	runs.add("other size than declared", build(t, smallNet(), onnxexport.Options{Width: 32, Height: 24}), randomFrame(32, 24), 32, 24, nil)
	runs.add("height not a multiple of 4", build(t, smallNet(), onnxexport.Options{Profile: onnxexport.ONNXRuntime}), randomFrame(22, 32), 22, 32, nil)
	runs.runONNXRuntime(modules)
}

// TestONNXRuntimeBatch runs two frames at once, each of which must come out as alone.
func TestONNXRuntimeBatch(t *testing.T) {
	modules := need.Tool(t, "ort")
	runs := &modelRuns{t: t, dir: t.TempDir()}
	h, w := 24, 16
	a, b := randomFrame(h, w), scaleBy(randomFrame(h, w), 0.25)
	for name, o := range map[string]onnxexport.Options{
		"two frames": {Profile: onnxexport.Static, Width: w, Height: h, Batch: 2, Bytes: true},
		"any number": {Profile: onnxexport.ONNXRuntime, Batch: onnxexport.AnyBatch, Bytes: true, AnySize: true},
	} {
		m := build(t, smallNet(), o)
		var x, want []float32
		for _, frame := range [][]float32{a, b} {
			y, err := m.Evaluate(frame, h, w)
			require.NoError(t, err)
			x, want = append(x, frame...), append(want, y...)
		}
		runs.add(name, m, x, h, w, want)
	}
	runs.runONNXRuntime(modules)
}

// TestAuthorsNetworkInONNXRuntime compares ONNX Runtime on our export of the
// author's weights with PyTorch's output of his network.
func TestAuthorsNetworkInONNXRuntime(t *testing.T) {
	modules := need.Tool(t, "ort")
	golden := readSafetensors(t, need.Shared(t, "golden/transformer_author.safetensors"))
	author, err := onnx.ReadFile(need.Shared(t, "data/author/final.onnx"))
	require.NoError(t, err)
	network, err := author.Network()
	require.NoError(t, err)
	x, y := golden["x"], golden["y"]
	runs := &modelRuns{t: t, dir: t.TempDir()}
	for name, o := range allOptions {
		if o.Precision != onnxexport.Single || o.Batch > 1 {
			continue
		}
		m := build(t, network.Weights, sized(o, x.Shape[2], x.Shape[3]))
		runs.add(name, m, inRange(x.data, o), x.Shape[2], x.Shape[3], inRange(y.data, o))
	}
	runs.runONNXRuntime(modules)
}
