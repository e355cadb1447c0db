package onnxexport_test

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/onnxexport"
	"github.com/stretchr/testify/require"
)

// forwardOf returns a forward pass for Options.Forward: the interpreter on the
// compatible export of d, in float32.
func forwardOf(t *testing.T, d statedict.Dict) func([]float32, int, int) ([]float32, error) {
	m, err := onnxexport.Build(d, onnxexport.Options{Compat: true})
	require.NoError(t, err)
	return m.Evaluate
}

var allOptions = map[string]onnxexport.Options{
	"barracuda":      {},
	"runtime":        {Profile: onnxexport.Runtime},
	"barracuda unit": {UnitRange: true},
	"runtime unit":   {Profile: onnxexport.Runtime, UnitRange: true},
	"compat":         {Compat: true},
}

func TestWriteComparesWithForward(t *testing.T) {
	d := smallNet()
	// Each change is what a wrong exporter, or a wrong forward pass, could do.
	changes := map[string]func(statedict.Dict){
		"one weight": func(d statedict.Dict) { d.Lookup("resnets.1.conv2.conv2d.weight").Data[40] += 0.1 },
		"last bias":  func(d statedict.Dict) { d.Lookup("deconv3.conv2d.bias").Data[2] += 0.01 },
		"norms exchanged": func(d statedict.Dict) {
			a, b := d.Lookup("in3.bias"), d.Lookup("in3.weight")
			a.Data, b.Data = b.Data, a.Data
		},
		"a kernel mirrors": func(d statedict.Dict) { w := d.Lookup("conv2.conv2d.weight").Data; w[0], w[2] = w[2], w[0] },
	}
	for name, o := range allOptions {
		t.Run(name, func(t *testing.T) {
			o.Forward = forwardOf(t, d)
			require.NoError(t, onnxexport.Write(&bytes.Buffer{}, d, o))
			for name, change := range changes {
				other := d.Clone()
				change(other)
				o.Forward = forwardOf(t, other)
				var out bytes.Buffer
				require.ErrorContains(t, onnxexport.Write(&out, d, o), "something else than the network", name)
				require.Zero(t, out.Len())
			}
			o.Forward = func(x []float32, h, w int) ([]float32, error) { return x[:5], nil }
			require.ErrorContains(t, onnxexport.Write(&bytes.Buffer{}, d, o), "expected 5")
			o.Forward = func(x []float32, h, w int) ([]float32, error) {
				y := make([]float32, len(x))
				y[7] = float32(math.NaN())
				return y, nil
			}
			require.ErrorContains(t, onnxexport.Write(&bytes.Buffer{}, d, o), "NaN")
			failure := errors.New("out of memory")
			o.Forward = func(x []float32, h, w int) ([]float32, error) { return nil, failure }
			require.ErrorIs(t, onnxexport.Write(&bytes.Buffer{}, d, o), failure)
		})
	}
}

func TestWriteFileKeepsTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "style.onnx")
	d := smallNet()
	require.NoError(t, onnxexport.WriteFile(path, d, onnxexport.Options{}))
	old, err := os.ReadFile(path)
	require.NoError(t, err)

	wrong := onnxexport.Options{Forward: func(x []float32, h, w int) ([]float32, error) { return x, nil }}
	require.Error(t, onnxexport.WriteFile(path, d, wrong))
	require.Error(t, onnxexport.WriteFile(path, d, onnxexport.Options{Width: 541, Height: 540}))
	require.Error(t, onnxexport.WriteFile(path, d[1:], onnxexport.Options{}))
	now, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, old, now)
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 1, "no temporary file is left")

	require.NoError(t, onnxexport.WriteFile(path, d, onnxexport.Options{Style: "new"}))
	m, err := onnxexport.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "new", m.Property("style"))

	require.ErrorContains(t, onnxexport.WriteFile(filepath.Join(dir, "style.pth"), d, onnxexport.Options{}), ".onnx")
	missing := filepath.Join(dir, "missing", "style.onnx")
	require.ErrorIs(t, onnxexport.WriteFile(missing, d, onnxexport.Options{}), os.ErrNotExist)
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

func TestWriteReportsTheWritersError(t *testing.T) {
	full := errors.New("disk full")
	require.ErrorIs(t, onnxexport.Write(brokenWriter{full}, smallNet(), onnxexport.Options{}), full)
}

func TestUnitRangeComputesTheSame(t *testing.T) {
	d := smallNet()
	h, w := 24, 32
	x := randomFrame(h, w)
	unit := make([]float32, len(x))
	for i, v := range x {
		unit[i] = v / 255
	}
	for _, p := range []onnxexport.Profile{onnxexport.Barracuda, onnxexport.Runtime} {
		plain, err := onnxexport.Build(d, onnxexport.Options{Profile: p})
		require.NoError(t, err)
		folded, err := onnxexport.Build(d, onnxexport.Options{Profile: p, UnitRange: true})
		require.NoError(t, err)
		want, err := plain.Evaluate(x, h, w)
		require.NoError(t, err)
		got, err := folded.Evaluate(unit, h, w)
		require.NoError(t, err)
		for i := range got {
			got[i] *= 255
		}
		_, worst := meanAndMax(t, want, got)
		require.Less(t, worst, 1e-5*largest(want))
		require.Equal(t, "0..255", plain.Property("value_range"))
		require.Equal(t, "0..1", folded.Property("value_range"))
	}
}

func TestMetadata(t *testing.T) {
	m, err := onnxexport.Build(smallNet(), onnxexport.Options{Style: "stained glass"})
	require.NoError(t, err)
	got := map[string]string{}
	for _, p := range m.Metadata {
		got[p.Key] = p.Value
	}
	require.Len(t, got["weights_sha256"], 64)
	delete(got, "weights_sha256")
	require.Equal(t, map[string]string{
		"value_range": "0..255", "output_clamp": "none: clamp the output to 0..255", "color_space": "sRGB, RGB planes",
		"frame_size": "height and width are multiples of 4, at least 8", "filters": "4,8,16", "res_blocks": "2", "style": "stained glass",
	}, got)
}

func TestOptionErrors(t *testing.T) {
	for _, test := range []struct {
		want    string
		options onnxexport.Options
	}{
		{"width 541 is not a multiple of 4: the nearest valid ones are 540 and 544", onnxexport.Options{Width: 541, Height: 540}},
		{"height 7 is too small: the nearest valid height is 8", onnxexport.Options{Width: 960, Height: 7}},
		{"height 0 is too small", onnxexport.Options{Width: 960}},
		{"width -4 is too small", onnxexport.Options{Width: -4, Height: 8}},
		{"width 65540 is too large", onnxexport.Options{Width: 65540, Height: 8}},
		{"needs the barracuda profile", onnxexport.Options{Compat: true, Profile: onnxexport.Runtime}},
		{"excludes UnitRange", onnxexport.Options{Compat: true, UnitRange: true}},
		{"unknown profile 7", onnxexport.Options{Profile: 7}},
		{"not valid text", onnxexport.Options{Style: "\xff"}},
	} {
		_, err := onnxexport.Build(smallNet(), test.options)
		require.ErrorContains(t, err, test.want)
	}
	p, err := onnxexport.ParseProfile("runtime")
	require.NoError(t, err)
	require.Equal(t, onnxexport.Runtime, p)
	_, err = onnxexport.ParseProfile("tensorrt")
	require.ErrorContains(t, err, "barracuda or runtime")
}

func TestWeightErrors(t *testing.T) {
	build := func(change func(d statedict.Dict) statedict.Dict) error {
		_, err := onnxexport.Build(change(smallNet()), onnxexport.Options{})
		return err
	}
	require.ErrorContains(t, build(func(d statedict.Dict) statedict.Dict {
		d.Lookup("in2.weight").Data[3] = float32(math.Inf(1))
		return d
	}), "element 3 of in2.weight is +Inf")
	require.ErrorContains(t, build(func(d statedict.Dict) statedict.Dict { return append(d, d[0]) }), "two tensors are called conv1.conv2d.weight")
	require.ErrorContains(t, build(func(d statedict.Dict) statedict.Dict {
		d.Lookup("in2.weight").Data = d.Lookup("in2.weight").Data[:2]
		return d
	}), "wrong shape: in2.weight")
	require.ErrorContains(t, build(func(d statedict.Dict) statedict.Dict {
		return append(d, statedict.Entry{Name: "resnets.7.conv1.conv2d.weight", Shape: []int{1}, Data: []float32{0}})
	}), "unexpected: resnets.7.conv1.conv2d.weight")
	var mismatch *statedict.Mismatch
	require.True(t, errors.As(build(func(statedict.Dict) statedict.Dict { return nil }), &mismatch))
	require.Len(t, mismatch.Missing, 30, "all weights of a network with one block")
}

func TestEvaluateErrors(t *testing.T) {
	m, err := onnxexport.Build(smallNet(), onnxexport.Options{})
	require.NoError(t, err)
	_, err = m.Evaluate(make([]float32, 3*16*16), 16, 18)
	require.ErrorContains(t, err, "not a multiple of 4")
	_, err = m.Evaluate(make([]float32, 16*16), 16, 16)
	require.ErrorContains(t, err, "256 elements given for a frame of 3x16x16")
}
