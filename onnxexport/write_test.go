package onnxexport_test

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/onnx"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/onnxexport"
	"github.com/stretchr/testify/require"
)

// forwardOf returns a forward pass for Options.Forward: the interpreter on the
// compatible export of d, in float32.
func forwardOf(t *testing.T, d statedict.Dict) func([]float32, int, int) ([]float32, error) {
	return build(t, d, onnxexport.Options{Compat: true}).Evaluate
}

// allOptions is every option somewhere.
var allOptions = map[string]onnxexport.Options{
	"barracuda":            {},
	"barracuda 0..255":     {Bytes: true},
	"barracuda symbolic":   {Symbolic: true, Batch: onnxexport.AnyBatch},
	"compat":               {Compat: true},
	"sentis":               {Profile: onnxexport.Sentis},
	"sentis fixed":         {Profile: onnxexport.Sentis, Width: 64, Height: 32, Opset: 13},
	"sentis half weights":  {Profile: onnxexport.Sentis, Precision: onnxexport.HalfWeights},
	"onnxruntime":          {Profile: onnxexport.ONNXRuntime},
	"onnxruntime 0..255":   {Profile: onnxexport.ONNXRuntime, Bytes: true, Batch: 2},
	"onnxruntime opset 9":  {Profile: onnxexport.ONNXRuntime, Opset: 9},
	"onnxruntime opset 10": {Profile: onnxexport.ONNXRuntime, Opset: 10},
	"onnxruntime opset 17": {Profile: onnxexport.ONNXRuntime, Opset: 17, Batch: onnxexport.AnyBatch},
	"onnxruntime any size": {Profile: onnxexport.ONNXRuntime, AnySize: true},
	"onnxruntime half":     {Profile: onnxexport.ONNXRuntime, Precision: onnxexport.HalfValues},
	"static":               {Profile: onnxexport.Static},
	"static opset 11":      {Profile: onnxexport.Static, Opset: 11, Width: 40, Height: 24},
	"static any size":      {Profile: onnxexport.Static, AnySize: true, Width: 41, Height: 26},
	"static half 0..255":   {Profile: onnxexport.Static, Precision: onnxexport.HalfValues, Bytes: true},
	"opencv":               {Profile: onnxexport.OpenCV},
	"opencv opset 9":       {Profile: onnxexport.OpenCV, Opset: 9},
}

func TestWriteComparesWithForward(t *testing.T) {
	d := smallNet()
	// Each change is what a wrong exporter, or a wrong forward pass, could do.
	changes := map[string]func(statedict.Dict){
		"one weight": func(d statedict.Dict) { d.Lookup("resnets.1.conv2.conv2d.weight").Data[40] += 0.5 },
		"last bias":  func(d statedict.Dict) { d.Lookup("deconv3.conv2d.bias").Data[2] += 8 },
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
	m, err := onnx.ReadFile(path)
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

// TestEveryOptionComputesTheSame evaluates the files of every family with every
// option beside the one with the weights as they are.
func TestEveryOptionComputesTheSame(t *testing.T) {
	h, w := 24, 32
	x := randomFrame(h, w)
	for family, d := range smallNets(t) {
		plain := build(t, d, onnxexport.Options{Bytes: true})
		want, err := plain.Evaluate(x, h, w)
		require.NoError(t, err)
		for name, o := range allOptions {
			if o.AnySize && !o.Symbolic && o.Profile == onnxexport.Static {
				continue // for one size, see TestAnySize
			}
			tolerance := map[onnxexport.Precision]float64{onnxexport.Single: 1e-5, onnxexport.HalfWeights: 0.01, onnxexport.HalfValues: 0.05}[o.Precision]
			got, err := build(t, d, o).Evaluate(inRange(x, o), h, w)
			require.NoError(t, err)
			_, worst := meanAndMax(t, want, outRange(got, o))
			require.Less(t, worst, tolerance*largest(want), "%s %s", family, name)
		}
	}
}

// TestAnySize wants graphs that pad and crop to make of any frame what padding and
// cropping around the graph makes of it.
func TestAnySize(t *testing.T) {
	d := smallNet()
	plain := build(t, d, onnxexport.Options{Bytes: true})
	for _, size := range [][2]int{{5, 8}, {7, 9}, {22, 31}, {24, 32}, {23, 33}} {
		h, w := size[0], size[1]
		x := randomFrame(h, w)
		h2, w2 := (h+3)/4*4, (w+3)/4*4
		large := make([]float32, 0, 3*h2*w2)
		mirror := func(i, n int) int { return min(i, 2*(n-1)-i) }
		for c := range 3 {
			for i := range h2 {
				for j := range w2 {
					large = append(large, x[(c*h+mirror(i, h))*w+mirror(j, w)])
				}
			}
		}
		y, err := plain.Evaluate(large, h2, w2)
		require.NoError(t, err)
		want := make([]float32, 0, len(x))
		for c := range 3 {
			for i := range h {
				want = append(want, y[(c*h2+i)*w2:][:w]...)
			}
		}
		for _, o := range []onnxexport.Options{
			{Profile: onnxexport.ONNXRuntime, AnySize: true, Bytes: true},
			{Profile: onnxexport.Sentis, AnySize: true, Bytes: true},
			{Profile: onnxexport.Static, AnySize: true, Bytes: true, Width: w, Height: h},
		} {
			m := build(t, d, o)
			got, err := m.Evaluate(x, h, w)
			require.NoError(t, err)
			require.Equal(t, want, got, "%v %dx%d", o.Profile, w, h)
			require.Equal(t, []int64{int64(o.Height), int64(o.Width)}, []int64{m.Graph.Outputs[0].Dims[2].Value, m.Graph.Outputs[0].Dims[3].Value})
		}
	}
}

// inRange and outRange turn 0..255 into what a file takes, and what it returns into
// 0..255.
func inRange(x []float32, o onnxexport.Options) []float32 {
	if o.Bytes || o.Compat {
		return x
	}
	return scaleBy(x, 1./255)
}

func outRange(y []float32, o onnxexport.Options) []float32 {
	if o.Bytes || o.Compat {
		return y
	}
	return scaleBy(y, 255)
}

// TestOwnRanges exports a network that takes -1..1 and returns 0..1.
func TestOwnRanges(t *testing.T) {
	n := arch.Tutorial([3]int{3, 4, 5}, 1)
	d := randomWeights(n)
	bytes := build(t, d, onnxexport.Options{Bytes: true})
	own := *n
	own.Input, own.Output = arch.Range{Low: -1, High: 1}, arch.Range{High: 1}
	x := randomFrame(16, 24)
	shifted := make([]float32, len(x))
	for i, v := range x {
		shifted[i] = v/255*2 - 1
	}
	want, err := bytes.Evaluate(shifted, 16, 24) // the network's own values
	require.NoError(t, err)
	for _, o := range []onnxexport.Options{{Network: &own}, {Network: &own, Bytes: true}} {
		got, err := build(t, d, o).Evaluate(inRange(x, o), 16, 24)
		require.NoError(t, err)
		got = scaleBy(outRange(got, o), 1./255)
		_, worst := meanAndMax(t, want, got)
		require.Less(t, worst, 2e-4*largest(want))
	}
}

func TestMetadata(t *testing.T) {
	d := smallNet()
	m := build(t, d, onnxexport.Options{Style: "stained glass"})
	require.Equal(t, "impasto", m.Producer)
	require.NotEmpty(t, m.ProducerVersion)
	require.Contains(t, m.Doc, "sRGB values 0..1; height and width are multiples of 4")
	got := map[string]string{}
	for _, p := range m.Metadata {
		got[p.Key] = p.Value
	}
	require.Len(t, got["weights_sha256"], 64)
	hash := got["network_sha256"]
	require.Len(t, hash, 64)
	delete(got, "weights_sha256")
	delete(got, "network_sha256")
	require.Equal(t, map[string]string{
		"value_range": "0..1", "output_clamp": "none: clamp the output to 0..1", "color_space": "sRGB, RGB planes",
		"frame_size": "height and width are multiples of 4, at least 8", "network": "tutorial", "filters": "4,8,16", "res_blocks": "2",
		"style": "stained glass", "profile": "barracuda",
	}, got)
	for name, o := range allOptions {
		if !o.Compat {
			require.Equal(t, hash, build(t, d, o).Property("network_sha256"), name)
		}
	}
	d.Lookup("in3.bias").Data[2] += 0.5
	require.NotEqual(t, hash, build(t, d, onnxexport.Options{}).Property("network_sha256"))
}

// TestShapesOfValues wants viewers to see the shape of every value, without symbols
// that promise what does not hold.
func TestShapesOfValues(t *testing.T) {
	for _, o := range []onnxexport.Options{{Profile: onnxexport.Static, Width: 64, Height: 32}, {Profile: onnxexport.ONNXRuntime, Batch: onnxexport.AnyBatch}} {
		m := build(t, smallNet(), o)
		require.Len(t, m.Graph.Values, len(m.Graph.Nodes)-1)
		for _, v := range m.Graph.Values {
			if v.Name != "conv3.conv2d" {
				continue
			}
			want := []onnx.Dim{{Value: 1}, {Value: 16}, {Value: 8}, {Value: 16}}
			if o.Profile == onnxexport.ONNXRuntime {
				want = []onnx.Dim{{Param: "batch"}, {Value: 16}, {}, {}}
			}
			require.Equal(t, want, v.Dims)
		}
	}
}

func TestOptionErrors(t *testing.T) {
	const (
		sentis = onnxexport.Sentis
		ort    = onnxexport.ONNXRuntime
		static = onnxexport.Static
		opencv = onnxexport.OpenCV
	)
	for _, test := range []struct {
		want    string
		options onnxexport.Options
	}{
		{"width 541 is not a multiple of 4: the nearest valid ones are 540 and 544", onnxexport.Options{Width: 541, Height: 540}},
		{"height 7 is too small: the nearest valid height is 8", onnxexport.Options{Width: 960, Height: 7}},
		{"height 0 is too small", onnxexport.Options{Width: 960}},
		{"width -4 is too small", onnxexport.Options{Width: -4, Height: 8}},
		{"width 65540 is too large", onnxexport.Options{Width: 65540, Height: 8}},
		{"width 4 is too small: the nearest valid width is 5", onnxexport.Options{Profile: static, Width: 4, Height: 8, AnySize: true}},
		{"needs the barracuda profile", onnxexport.Options{Compat: true, Profile: ort}},
		{"no other option", onnxexport.Options{Compat: true, Symbolic: true}},
		{"unknown profile 7", onnxexport.Options{Profile: 7}},
		{"not valid text", onnxexport.Options{Style: "\xff"}},
		{"takes frames of any size; for 64x32 only, use static", onnxexport.Options{Profile: ort, Width: 64, Height: 32}},
		{"needs a fixed frame size; for any, use onnxruntime", onnxexport.Options{Profile: static, Symbolic: true}},
		{"cannot be symbolic and 64x32", onnxexport.Options{Profile: sentis, Symbolic: true, Width: 64, Height: 32}},
		{"opset 15: the profile barracuda has 9 to 9", onnxexport.Options{Opset: 15}},
		{"opset 8", onnxexport.Options{Profile: ort, Opset: 8}},
		{"a batch of -2 frames", onnxexport.Options{Batch: -2}},
		{"needs a fixed number of frames", onnxexport.Options{Profile: opencv, Batch: onnxexport.AnyBatch}},
		{"the profile barracuda has no padding", onnxexport.Options{AnySize: true}},
		{"needs opset 11, not 10", onnxexport.Options{Profile: ort, Opset: 10, AnySize: true}},
		{"unknown precision -1", onnxexport.Options{Profile: ort, Precision: -1}},
		{"programs without half precision", onnxexport.Options{Precision: onnxexport.HalfWeights}},
		{"programs without half precision", onnxexport.Options{Profile: opencv, Precision: onnxexport.HalfWeights}},
		{"compute in single", onnxexport.Options{Profile: sentis, Precision: onnxexport.HalfValues}},
	} {
		_, err := onnxexport.Build(smallNet(), test.options)
		require.ErrorContains(t, err, test.want)
	}
	p, err := onnxexport.ParseProfile("runtime")
	require.NoError(t, err)
	require.Equal(t, ort, p, "by its old name")
	for _, name := range onnxexport.Profiles() {
		p, err := onnxexport.ParseProfile(name)
		require.NoError(t, err)
		require.Equal(t, name, p.String())
	}
	_, err = onnxexport.ParseProfile("tensorrt")
	require.ErrorContains(t, err, "barracuda, sentis, onnxruntime, static, opencv")
}

func TestWeightErrors(t *testing.T) {
	refused := func(change func(d statedict.Dict) statedict.Dict) error {
		_, err := onnxexport.Build(change(smallNet()), onnxexport.Options{})
		return err
	}
	require.ErrorContains(t, refused(func(d statedict.Dict) statedict.Dict {
		d.Lookup("in2.weight").Data[3] = float32(math.Inf(1))
		return d
	}), "in2.weight")
	require.ErrorContains(t, refused(func(d statedict.Dict) statedict.Dict {
		d.Lookup("in2.weight").Data = d.Lookup("in2.weight").Data[:2]
		return d
	}), "in2.weight: 2 values for [8]")
	require.ErrorContains(t, refused(func(d statedict.Dict) statedict.Dict {
		return append(d, statedict.Entry{Name: "resnets.7.conv1.conv2d.weight", Shape: []int{1}, Data: []float32{0}})
	}), "resnets.2 is missing, though there is resnets.7")
	var mismatch *statedict.Mismatch
	require.True(t, errors.As(refused(func(d statedict.Dict) statedict.Dict { return d[:len(d)-1] }), &mismatch))
	require.Equal(t, []string{"deconv3.conv2d.bias"}, mismatch.Missing)
	huge := func(d statedict.Dict) statedict.Dict { d.Lookup("conv1.conv2d.weight").Data[0] = 1e38; return d }
	require.ErrorContains(t, refused(huge), "too large for values of 0..1")
	deep := onnxexport.Options{Profile: onnxexport.ONNXRuntime, Precision: onnxexport.HalfValues}
	_, err := onnxexport.Build(randomNet([3]int{2, 2, 2}, 14), deep)
	require.ErrorContains(t, err, "14 residual blocks add up to too much")
}
