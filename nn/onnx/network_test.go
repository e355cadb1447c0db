package onnx_test

import (
	"errors"
	"math"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/onnx"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/onnxexport"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// TestPyTorchFiles reads files that PyTorch has exported, and variants of them as
// other tools make them (testdata/export.py). Weights must be those of PyTorch's
// state_dict, and the graph and our network must compute what PyTorch did.
func TestPyTorchFiles(t *testing.T) { checkExports(t, "testdata/export") }

// TestPyTorchFilesAnew does the same with files that this machine's PyTorch makes,
// which are some more.
func TestPyTorchFilesAnew(t *testing.T) {
	need.Tool(t, "onnx")
	dir := t.TempDir()
	out, err := exec.Command(need.Tool(t, "torch"), "testdata/export.py", dir).CombinedOutput()
	require.NoError(t, err, "%s", out)
	checkExports(t, dir)
	for _, name := range []string{"tutorial.weights", "examples.weights"} {
		require.Equal(t, readFloats(t, filepath.Join("testdata/export", name)), readFloats(t, filepath.Join(dir, name)))
	}
}

func checkExports(t *testing.T, dir string) {
	files, err := filepath.Glob(filepath.Join(dir, "*.onnx"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 10)
	const h, w = 24, 32
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".onnx")
		t.Run(name, func(t *testing.T) {
			family, _, _ := strings.Cut(name, "_")
			prefix := filepath.Join(dir, family)
			x, y, weights := readFloats(t, prefix+".x"), readFloats(t, prefix+".y"), readFloats(t, prefix+".weights")
			m, err := onnx.ReadFile(file)
			require.NoError(t, err)
			n, err := m.Network()
			require.NoError(t, err)
			require.Empty(t, n.Notes)
			require.Equal(t, map[string]string{"tutorial": "tutorial", "examples": "pytorch-examples"}[family], n.Arch.Name)
			require.Equal(t, [3]int{3, 4, 5}, n.Arch.Filters)

			frame, scale, tolerance := x, float32(1), 2e-3
			want := statedictOf(n.Arch, weights)
			switch {
			case strings.HasSuffix(name, "_unit"):
				require.Equal(t, arch.Range{High: 1}, n.Input)
				require.Equal(t, arch.Range{High: 1}, n.Output)
				requireNear(t, want, n.Weights, 2e-7)
				frame, scale = scaled(x, 1./255), 255
				for i, v := range y { // it ends with a Clip
					y[i] = min(max(v, 0), 255)
				}
			case strings.HasSuffix(name, "_halves"):
				requireNear(t, want, n.Weights, 1e-3)
				tolerance = 2
			case strings.HasSuffix(name, "_normalized"):
				// It computes something else than the network without its first nodes,
				// which are in the first convolution now.
				require.Equal(t, arch.Bytes, n.Input)
				mean, std := []float64{0.485, 0.456, 0.406}, []float64{0.229, 0.224, 0.225}
				first, bias := want[0].Data, want[1].Data
				for i, v := range first {
					o, c := i/(3*81), i/81%3
					bias[o] -= float32(float64(v) * mean[c] / std[c])
					first[i] = float32(float64(v) / (255 * std[c]))
				}
				requireNear(t, want, n.Weights, 1e-5)
				if y, err = m.Evaluate(x, h, w); err != nil {
					t.Fatal(err)
				}
			default:
				require.Equal(t, arch.Bytes, n.Input)
				require.Equal(t, want, n.Weights)
			}
			got, err := m.Evaluate(frame, h, w)
			require.NoError(t, err)
			require.Less(t, worst(t, scaled(got, scale), y), tolerance)

			// What was read exports as what is read from that does.
			o := onnxexport.Options{Profile: onnxexport.ONNXRuntime}
			first := build(t, n.Weights, o)
			again, err := reread(t, first).Network()
			require.NoError(t, err)
			require.True(t, string(first.Marshal()) == string(build(t, again.Weights, o).Marshal()))

			be := reference.New()
			net, err := nn.NewNetworkWith(be, n.Arch, n.Weights)
			require.NoError(t, err)
			ours, err := net.Evaluate(be, x, h, w)
			require.NoError(t, err)
			if strings.HasSuffix(name, "_unit") {
				for i, v := range ours {
					ours[i] = min(max(v, 0), 255)
				}
			}
			require.Less(t, worst(t, ours, y), max(tolerance, 1e-4*255))
		})
	}
}

func scaled(x []float32, f float32) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = v * f
	}
	return y
}

// statedictOf cuts values in the order of n's parameters.
func statedictOf(n *arch.Network, values []float32) statedict.Dict {
	var d statedict.Dict
	for _, p := range n.Params() {
		d = append(d, statedict.Entry{Name: p.Name, Shape: p.Shape, Data: values[:p.Len():p.Len()]})
		values = values[p.Len():]
	}
	return d
}

// requireNear wants weights that differ by a part of the largest at most.
func requireNear(t *testing.T, want, got statedict.Dict, tolerance float64) {
	t.Helper()
	require.Equal(t, want.Names(), got.Names())
	for i, e := range want {
		largest := 0.0
		for _, v := range e.Data {
			largest = max(largest, math.Abs(float64(v)))
		}
		require.LessOrEqual(t, worst(t, e.Data, got[i].Data), tolerance*largest, e.Name)
	}
}

// TestRoundTrip exports every family in every profile and range, reads the file, and
// exports what was read: the bytes must be the same.
func TestRoundTrip(t *testing.T) {
	for _, family := range arch.Families() {
		n, err := arch.New(family, [3]int{4, 5, 6}, 3)
		require.NoError(t, err)
		d := trained(n)
		for i, o := range []onnxexport.Options{
			{}, {Bytes: true}, {Symbolic: true}, {Style: "glass", Width: 64, Height: 32}, {Compat: true},
			{Profile: onnxexport.Sentis}, {Profile: onnxexport.Sentis, Opset: 13, Bytes: true},
			{Profile: onnxexport.ONNXRuntime, Opset: 9}, {Profile: onnxexport.ONNXRuntime, Opset: 10},
			{Profile: onnxexport.ONNXRuntime, Opset: 11}, {Profile: onnxexport.ONNXRuntime, Batch: onnxexport.AnyBatch},
			{Profile: onnxexport.ONNXRuntime, AnySize: true}, {Profile: onnxexport.Static, Batch: 3},
			{Profile: onnxexport.Static, AnySize: true, Width: 50, Height: 31}, {Profile: onnxexport.OpenCV},
		} {
			m := build(t, d, o)
			r, err := reread(t, m).Network()
			require.NoError(t, err, "%s %d", family, i)
			require.Empty(t, r.Notes)
			require.Equal(t, family, r.Arch.Name)
			if strings.HasPrefix(family, "anti-aliased") {
				requireNear(t, d, r.Weights, 1e-5) // their filter was folded in
				continue
			}
			requireNear(t, d, r.Weights, 2e-7)
			require.True(t, string(m.Marshal()) == string(build(t, r.Weights, o).Marshal()), "%s %d", family, i)
		}
	}
}

// TestHalfPrecisionIsRead reads files in half precision, whose convolutions are
// scaled if they compute in it.
func TestHalfPrecisionIsRead(t *testing.T) {
	n := arch.Tutorial([3]int{4, 5, 6}, 3)
	d := trained(n)
	for _, e := range d {
		if len(e.Shape) == 4 && strings.HasPrefix(e.Name, "resnets.") {
			onnx.Scale(e.Data, 500)
		}
	}
	for _, p := range []onnxexport.Precision{onnxexport.HalfWeights, onnxexport.HalfValues} {
		m := build(t, d, onnxexport.Options{Profile: onnxexport.ONNXRuntime, Precision: p})
		r, err := reread(t, m).Network()
		require.NoError(t, err)
		requireNear(t, d, r.Weights, 1e-3)
	}
}

// TestGraphCounts changes and drops metadata as tools do: the network, its weights
// and their range must still be read.
func TestGraphCounts(t *testing.T) {
	n := arch.Tutorial([3]int{4, 5, 6}, 2)
	d := trained(n)
	for name, test := range map[string]struct {
		change func(m *onnx.Model)
		notes  []string
	}{
		"dropped":         {func(m *onnx.Model) { m.Metadata = nil }, nil},
		"range changed":   {func(m *onnx.Model) { m.SetProperty(onnx.KeyRange, "0..255"); m.SetProperty(onnx.KeyChecksum, "") }, []string{"the graph counts"}},
		"checksum wrong":  {func(m *onnx.Model) { m.SetProperty(onnx.KeyChecksum, "00") }, []string{"checksum"}},
		"weights renamed": {func(m *onnx.Model) { renameWeights(m) }, []string{"checksum"}},
		"nonsense":        {func(m *onnx.Model) { m.Metadata = []onnx.Property{{Key: onnx.KeyRange, Value: "x"}} }, nil},
	} {
		m := build(t, d, onnxexport.Options{})
		test.change(m)
		r, err := reread(t, m).Network()
		require.NoError(t, err, name)
		require.Equal(t, arch.Range{High: 1}, r.Input, name)
		require.Equal(t, arch.Range{High: 1}, r.Output, name)
		requireNear(t, d, r.Weights, 2e-7)
		require.Len(t, r.Notes, len(test.notes), name)
		for i, note := range test.notes {
			require.Contains(t, r.Notes[i], note)
		}
	}
}

func renameWeights(m *onnx.Model) {
	for i := range m.Graph.Nodes {
		for j, name := range m.Graph.Nodes[i].Inputs {
			if strings.HasSuffix(name, ".weight") {
				m.Graph.Nodes[i].Inputs[j] = "w_" + name
			}
		}
	}
	for i := range m.Graph.Initializers {
		if t := &m.Graph.Initializers[i]; strings.HasSuffix(t.Name, ".weight") {
			t.Name = "w_" + t.Name
		}
	}
}

// TestRangeThatNothingTells takes a network that was hardly trained, whose output
// may as well be one of 0..1: without metadata it is refused, never guessed.
func TestRangeThatNothingTells(t *testing.T) {
	d := nn.NewNetwork(reference.New(), arch.Tutorial([3]int{4, 5, 6}, 1), 1).StateDict()
	for _, bytes := range []bool{false, true} {
		m := build(t, d, onnxexport.Options{Bytes: bytes})
		r, err := m.Network()
		require.NoError(t, err)
		require.Empty(t, r.Notes)
		require.Equal(t, map[bool]arch.Range{false: {High: 1}, true: arch.Bytes}[bytes], r.Input)
		m.Metadata = nil
		r, err = m.Network()
		if !bytes { // 255 times the gain of any network for 0..255
			require.NoError(t, err)
			require.Equal(t, arch.Range{High: 1}, r.Input)
			continue
		}
		require.ErrorIs(t, err, onnx.ErrRange)
		require.ErrorContains(t, err, "-model-range")
		m.SetProperty(onnx.KeyRange, onnx.ByteRange)
		_, err = m.Network()
		require.NoError(t, err)
		m.Graph.Outputs[0].Name = "clipped"
		m.Metadata = nil
		m.Graph.Nodes = append(m.Graph.Nodes, onnx.Node{
			Op: "Clip", Inputs: []string{"output"}, Outputs: []string{"clipped"},
			Attributes: []onnx.Attribute{{Name: "min", Type: onnx.AttributeFloat}, {Name: "max", Type: onnx.AttributeFloat, Float: 255}},
		})
		r, err = m.Network()
		require.NoError(t, err)
		require.Equal(t, arch.Bytes, r.Output)
	}
}

// TestCaseWithoutMetadata reads a file of this kind that was not made here.
func TestCaseWithoutMetadata(t *testing.T) {
	m, err := onnx.ReadFile(need.Shared(t, "cases/onnx-unit-range-no-metadata/stripped.onnx"))
	require.NoError(t, err)
	n, err := m.Network()
	require.NoError(t, err)
	require.Equal(t, arch.Range{High: 1}, n.Input)
	author, err := onnx.ReadFile(need.Shared(t, "data/author/final.onnx"))
	require.NoError(t, err)
	want, err := author.Network()
	require.NoError(t, err)
	requireNear(t, want.Weights, n.Weights, 2e-7)
}

// TestRefusals changes a good graph into one that these networks are not. The error
// must name the node, its operator and the reason.
func TestRefusals(t *testing.T) {
	text := func(n *onnx.Node, name, v string) { n.Attribute(name).String = v }
	for _, test := range []struct {
		want   string // part of the error
		change func(m *onnx.Model)
	}{
		{`node 3 "in1.relu" ("LeakyRelu"): this operator`, func(m *onnx.Model) { find(m, "Relu").Op = "LeakyRelu" }},
		{`("com.microsoft.Relu"): it is not one of the standard operators`, func(m *onnx.Model) { find(m, "Relu").Domain = "com.microsoft" }},
		{`node 0 "conv1.reflection_pad" ("Pad"): it pads with mode "edge"`, func(m *onnx.Model) { text(find(m, "Pad"), "mode", "edge") }},
		{`("Add"): inputs have different shapes`, func(m *onnx.Model) { find(m, "Pad").Attribute("pads").Ints[7] = 3 }},
		{`("Conv"): pads are [0 1 0 0], expected all 0: it pads with zeros`, func(m *onnx.Model) { find(m, "Conv").Attribute("pads").Ints[1] = 1 }},
		{`attribute "activation" is not known`, func(m *onnx.Model) { find(m, "Relu").Attributes = []onnx.Attribute{{Name: "activation"}} }},
		{`it normalizes what is not the output of a convolution alone`, func(m *onnx.Model) {
			n := find(m, "Relu")
			n.Op, n.Inputs = "InstanceNormalization", []string{n.Inputs[0], "in1.weight", "in1.bias"}
		}},
		{`it is not the activation of a layer alone`, func(m *onnx.Model) {
			for i := range m.Graph.Nodes {
				if m.Graph.Nodes[i].Name == "resnets.0.in1.relu" {
					m.Graph.Nodes[i].Inputs[0] = "in3.relu"
				}
			}
		}},
		{`differs from conv1 of tutorial in ReLU: false, expected true`, func(m *onnx.Model) {
			n := find(m, "Relu")
			n.Op = "Identity"
		}},
		{`in inputs: map[2:2 4:1], expected map[2:3 4:1]`, func(m *onnx.Model) {
			for i := range m.Graph.Nodes {
				if m.Graph.Nodes[i].Name == "resnets.0.conv2.sum0_1" {
					m.Graph.Nodes[i].Op, m.Graph.Nodes[i].Inputs = "Identity", m.Graph.Nodes[i].Inputs[:1]
				}
			}
		}},
		{`the output "sum" is not three planes`, func(m *onnx.Model) {
			m.Graph.Nodes = append(m.Graph.Nodes, onnx.Node{Op: "Add", Inputs: []string{"output", "input"}, Outputs: []string{"sum"}})
			m.Graph.Outputs[0].Name = "sum"
		}},
		{`("InstanceNormalization"): attribute epsilon is of type 2, expected 1`, func(m *onnx.Model) { find(m, "InstanceNormalization").Attribute("epsilon").Type = onnx.AttributeInt }},
		{`its bias has dimensions [4], expected [8]`, func(m *onnx.Model) {
			m.Graph.Initializers = append(m.Graph.Initializers, onnx.FloatTensor("long", []int64{8}, make([]float32, 8)))
			find(m, "InstanceNormalization").Inputs[1] = "long"
		}},
		{`it pads by 2, 1, 0 and 1; these networks pad all sides alike`, func(m *onnx.Model) {
			copy(node(m, "resnets.0.conv1.reflection_pad").Attribute("pads").Ints, []int64{0, 0, 2, 1, 0, 0, 0, 1})
		}},
		{`it takes what is scaled or shifted between layers`, func(m *onnx.Model) { insert(m, "resnets.0.conv1.reflection_pad", "Add", 2) }},
		{`it adds what is scaled or shifted`, func(m *onnx.Model) { insert(m, "resnets.0.conv2.sum0_0", "Add", 2) }},
		{`its other operand is 0`, func(m *onnx.Model) { insert(m, "conv1.reflection_pad", "Div", 0) }},
		{`("Conv"): it has 2 groups`, func(m *onnx.Model) { find(m, "Conv").Attribute("group").Int = 2 }},
		{`in inputs: map[2:3 4:-1], expected map[2:3 4:1]`, func(m *onnx.Model) { subtract(m) }},
		{`it normalizes what is not the output of a convolution alone`, func(m *onnx.Model) {
			m.Graph.Nodes = append(m.Graph.Nodes, onnx.Node{Op: "Relu", Inputs: []string{"conv1.conv2d"}, Outputs: []string{"r"}})
		}},
		{`it is not the activation of a layer alone`, func(m *onnx.Model) {
			m.Graph.Nodes = append(m.Graph.Nodes, onnx.Node{Op: "Identity", Inputs: []string{"in1"}, Outputs: []string{"r"}})
		}},
		{`it follows a Clip, which ends a network`, func(m *onnx.Model) {
			m.Graph.Nodes = append(m.Graph.Nodes, onnx.Node{Op: "Clip", Inputs: []string{"output"}, Outputs: []string{"c"}},
				onnx.Node{Op: "Add", Inputs: []string{"c", "input"}, Outputs: []string{"sum"}})
			m.Graph.Outputs[0].Name = "sum"
		}},
		{`element type 7, expected float32`, func(m *onnx.Model) { m.Graph.Inputs[0].DataType = onnx.Int64 }},
		{`expected [N, 3, H, W]`, func(m *onnx.Model) { m.Graph.Inputs[0].Dims[1].Value = 4 }},
		{`is not computed by an earlier node`, func(m *onnx.Model) { find(m, "Conv").Inputs[1] = "nothing" }},
		{`tensor "in2.weight" holds NaN at [3]`, func(m *onnx.Model) {
			raw := initializer(m, "in2.weight").Raw
			copy(raw[12:], []byte{0, 0, 0xc0, 0x7f})
		}},
	} {
		m := build(t, trained(arch.Tutorial([3]int{4, 5, 6}, 1)), onnxexport.Options{Bytes: true})
		test.change(m)
		_, err := m.Network()
		require.ErrorContains(t, err, test.want)
	}
}

// TestShiftedFrame reads a graph that shifts and scales its frame first: the weights
// take that in.
func TestShiftedFrame(t *testing.T) {
	d := trained(arch.Tutorial([3]int{4, 5, 6}, 1))
	m := build(t, d, onnxexport.Options{Bytes: true})
	insert(m, "conv1.reflection_pad", "Sub", 100)
	n, err := m.Network()
	require.NoError(t, err)
	// The normalization takes the bias away: only by itself does it show.
	for o, b := range n.Weights.Lookup("conv1.conv2d.bias").Data {
		want := float64(d.Lookup("conv1.conv2d.bias").Data[o])
		for _, w := range d.Lookup("conv1.conv2d.weight").Data[o*3*81:][:3*81] {
			want -= 100 * float64(w)
		}
		require.InDelta(t, want, b, 1e-3)
	}
	x := make([]float32, 3*16*24)
	for i := range x {
		x[i] = float32(i * i % 256)
	}
	want, err := m.Evaluate(x, 16, 24)
	require.NoError(t, err)
	got, err := build(t, n.Weights, onnxexport.Options{Bytes: true}).Evaluate(x, 16, 24)
	require.NoError(t, err)
	require.InDeltaSlice(t, want, got, 0.01)
}

// subtract makes the additions of a residual block subtractions.
func subtract(m *onnx.Model) {
	for i := range m.Graph.Nodes {
		if n := &m.Graph.Nodes[i]; strings.HasPrefix(n.Name, "resnets.0.conv2.sum") {
			n.Op = "Sub"
		}
	}
}

// TestSizesMayNotMatter computes a padding from the frame's height that is right for
// one of the sizes that a symbolic graph is read at.
func TestSizesMayNotMatter(t *testing.T) {
	m := build(t, trained(arch.PyTorchExamples([3]int{4, 5, 6}, 1)), onnxexport.Options{Profile: onnxexport.ONNXRuntime})
	add := func(name string, v ...int64) string {
		m.Graph.Initializers = append(m.Graph.Initializers, onnx.IntegerTensor(name, v...))
		return name
	}
	two, four, five, none := add("two", 2), add("four", 4), add("five", 5), add("none", 0, 0)
	find(m, "Pad").Inputs[1] = "pads"
	m.Graph.Nodes = append([]onnx.Node{
		{Op: "Shape", Inputs: []string{"input"}, Outputs: []string{"shape"}},
		{Op: "Gather", Inputs: []string{"shape", two}, Outputs: []string{"h"}},
		{Op: "Add", Inputs: []string{"h", four}, Outputs: []string{"h4"}},
		{Op: "Mod", Inputs: []string{"h4", five}, Outputs: []string{"rest"}}, // 0 for 96 rows, 3 for 64
		{Op: "Add", Inputs: []string{"rest", four}, Outputs: []string{"p"}},
		{Op: "Concat", Inputs: []string{none, "p", "p", none, "p", "p"}, Outputs: []string{"pads"},
			Attributes: []onnx.Attribute{{Name: "axis", Type: onnx.AttributeInt}}},
	}, m.Graph.Nodes...)
	_, err := m.Network()
	require.ErrorContains(t, err, "one thing for frames of 64x96 and another for 128x64")
}

// TestOddFrame evaluates a graph that extends frames by a remainder of their sizes.
func TestOddFrame(t *testing.T) {
	m := build(t, trained(tiny()), onnxexport.Options{Profile: onnxexport.ONNXRuntime, AnySize: true})
	values, err := m.Values(23, 33)
	require.NoError(t, err)
	for _, v := range values {
		if v.Name == "extended" {
			require.Equal(t, []onnx.Dim{{Value: 1}, {Value: 3}, {Value: 24}, {Value: 36}}, v.Dims)
		}
	}
	y, err := m.Evaluate(make([]float32, 3*23*33), 23, 33)
	require.NoError(t, err)
	require.Len(t, y, 3*23*33)
}

// TestDoubling reads Resize in every mode. Those that repeat pixels follow from the
// formulas of the specification; bilinear interpolation is that of another family.
func TestDoubling(t *testing.T) {
	repeats := map[string]bool{
		"asymmetric floor": true, "asymmetric round_prefer_floor": true, "half_pixel round_prefer_floor": true, "half_pixel round_prefer_ceil": true,
		"pytorch_half_pixel round_prefer_floor": true, "pytorch_half_pixel round_prefer_ceil": true, "tf_half_pixel_for_nn floor": true,
	}
	for _, coordinates := range []string{"asymmetric", "half_pixel", "pytorch_half_pixel", "tf_half_pixel_for_nn", "align_corners"} {
		for _, rounding := range []string{"floor", "ceil", "round_prefer_floor", "round_prefer_ceil"} {
			m := build(t, trained(tiny()), onnxexport.Options{Profile: onnxexport.ONNXRuntime})
			for i := range m.Graph.Nodes {
				if n := &m.Graph.Nodes[i]; n.Op == "Resize" {
					n.Attribute("coordinate_transformation_mode").String = coordinates
					n.Attribute("nearest_mode").String = rounding
				}
			}
			_, err := m.Network()
			if repeats[coordinates+" "+rounding] {
				require.NoError(t, err, "%s %s", coordinates, rounding)
			} else {
				require.ErrorContains(t, err, "which neither repeats pixels", "%s %s", coordinates, rounding)
			}
		}
	}
}

// TestInterpolation reads the anti-aliased network as PyTorch would export it: with
// interpolation before the convolutions instead of a filter in them.
func TestInterpolation(t *testing.T) {
	d := trained(arch.AntiAliased([3]int{4, 5, 6}, 1, true))
	folded := build(t, d, onnxexport.Options{Profile: onnxexport.ONNXRuntime})
	m := build(t, d, onnxexport.Options{Profile: onnxexport.ONNXRuntime})
	m.Graph.Initializers = append(m.Graph.Initializers, onnx.IntegerTensor("one.pads", 0, 0, 1, 1, 0, 0, 1, 1))
	for i := range m.Graph.Nodes {
		node := &m.Graph.Nodes[i]
		if node.Op != "Resize" {
			continue
		}
		node.Attribute("mode").String, node.Attribute("coordinate_transformation_mode").String = "linear", "half_pixel"
		m.Graph.Nodes[i+1].Inputs[1] = "one.pads"
		conv := &m.Graph.Nodes[i+2]
		conv.Attribute("kernel_shape").Ints = []int64{3, 3}
		w := d.Lookup(conv.Inputs[1])
		*initializer(m, w.Name) = onnx.FloatTensor(w.Name, []int64{int64(w.Shape[0]), int64(w.Shape[1]), 3, 3}, w.Data)
	}
	m.SetProperty(onnx.KeyChecksum, m.Graph.Checksum())
	r, err := m.Network()
	require.NoError(t, err)
	require.Equal(t, "anti-aliased", r.Arch.Name)
	requireNear(t, d, r.Weights, 1e-5)
	x := make([]float32, 3*24*16)
	for i := range x {
		x[i] = float32(i*i%251) / 255
	}
	a, err := m.Evaluate(x, 24, 16)
	require.NoError(t, err)
	b, err := folded.Evaluate(x, 24, 16)
	require.NoError(t, err)
	require.Less(t, worst(t, a, b), 1e-4)
}

// TestRefusalsAreListed wants all nodes that cannot be read in one error, but none
// that only depend on them.
func TestRefusalsAreListed(t *testing.T) {
	m := build(t, trained(arch.Tutorial([3]int{4, 5, 6}, 1)), onnxexport.Options{})
	for i := range m.Graph.Nodes {
		if n := &m.Graph.Nodes[i]; n.Op == "Relu" {
			n.Op = "Tanh\x1b[2J"
		}
	}
	_, err := m.Network()
	var refused *onnx.RefusedError
	require.True(t, errors.As(err, &refused))
	require.Len(t, refused.Nodes, 1, "the others take what the first would have made")
	require.NotContains(t, err.Error(), "\x1b", "text of the file is quoted")

	m = build(t, trained(arch.Tutorial([3]int{4, 5, 6}, 1)), onnxexport.Options{Profile: onnxexport.ONNXRuntime})
	for i := range m.Graph.Nodes {
		if n := &m.Graph.Nodes[i]; n.Op == "Relu" {
			m.Graph.Nodes = append(m.Graph.Nodes, onnx.Node{Op: "Tanh", Name: "t", Inputs: []string{"input"}, Outputs: []string{n.Name + "2"}})
		}
	}
	_, err = m.Network()
	require.True(t, errors.As(err, &refused))
	require.Len(t, refused.Nodes, 6)
}

// TestSharedWeightsAreBounded has all residual blocks of a network use the weights of
// one, so that the network would take a hundred times the file's memory.
func TestSharedWeightsAreBounded(t *testing.T) {
	n := arch.Tutorial([3]int{1, 1, 64}, 100)
	m := build(t, trained(n), onnxexport.Options{Bytes: true})
	var kept []onnx.Tensor
	for _, c := range m.Graph.Initializers {
		if !strings.HasPrefix(c.Name, "resnets.") || strings.HasPrefix(c.Name, "resnets.0.") {
			kept = append(kept, c)
		}
	}
	m.Graph.Initializers, m.Metadata = kept, nil
	for i := range m.Graph.Nodes {
		for j, name := range m.Graph.Nodes[i].Inputs {
			parts := strings.SplitN(name, ".", 3)
			if len(parts) == 3 && parts[0] == "resnets" && (strings.HasSuffix(name, ".weight") || strings.HasSuffix(name, ".bias")) {
				m.Graph.Nodes[i].Inputs[j] = "resnets.0." + parts[2]
			}
		}
	}
	_, _, err := networkBounded(t, m.Marshal())
	require.ErrorContains(t, err, "parameters, of which the file holds")
}

// TestHalfNumbers converts every half to float32 and back.
func TestHalfNumbers(t *testing.T) {
	for h := range 1 << 16 {
		tensor := onnx.Tensor{DataType: onnx.Float16, Raw: []byte{byte(h), byte(h >> 8)}}
		v, err := tensor.Floats()
		require.NoError(t, err)
		want := halfValue(h)
		if math.IsNaN(want) {
			require.True(t, math.IsNaN(float64(v[0])))
			continue
		}
		if float64(v[0]) != want || onnx.RoundHalf(v[0]) != v[0] {
			t.Fatalf("%#x is %v, not %v", h, v[0], want)
		}
		// Halfway to the next one, the even one of the two wins.
		if next := halfValue(h + 1); h&0x7fff < 0x7bff {
			even := want
			if h&1 == 1 {
				even = next
			}
			require.Equal(t, float32(even), onnx.RoundHalf(float32((want+next)/2)))
		}
	}
	require.Equal(t, float32(65504), onnx.RoundHalf(65519))
	require.True(t, math.IsInf(float64(onnx.RoundHalf(65520)), 1))
	require.True(t, math.IsNaN(float64(onnx.RoundHalf(float32(math.NaN())))))
}

// halfValue is the definition of IEEE 754 binary16.
func halfValue(h int) float64 {
	sign := 1 - 2*float64(h>>15&1)
	e, f := h>>10&31, float64(h&1023)
	switch {
	case e == 31 && f == 0:
		return sign * math.Inf(1)
	case e == 31:
		return math.NaN()
	case e == 0:
		return math.Copysign(f*0x1p-24, sign)
	}
	return sign * math.Ldexp(1+f/1024, e-15)
}
