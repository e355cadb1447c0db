package onnxexport_test

import (
	"testing"

	"github.com/impasto-go/impasto/nn/onnx"
	"github.com/impasto-go/impasto/onnxexport"
	"github.com/stretchr/testify/require"
)

// find returns the first node of the given operator.
func find(m *onnx.Model, op string) *onnx.Node {
	for i := range m.Graph.Nodes {
		if m.Graph.Nodes[i].Op == op {
			return &m.Graph.Nodes[i]
		}
	}
	panic("no " + op)
}

func attribute(n *onnx.Node, name string) *onnx.Attribute {
	for i := range n.Attributes {
		if n.Attributes[i].Name == name {
			return &n.Attributes[i]
		}
	}
	panic("no " + name)
}

func initializer(m *onnx.Model, name string) *onnx.Tensor {
	for i := range m.Graph.Initializers {
		if m.Graph.Initializers[i].Name == name {
			return &m.Graph.Initializers[i]
		}
	}
	panic("no " + name)
}

// TestCheckFindsBrokenRules breaks one rule at a time in a model that is
// otherwise right.
func TestCheckFindsBrokenRules(t *testing.T) {
	type model = onnx.Model
	options := map[string]onnxexport.Options{
		"barracuda": {}, "symbolic": {Symbolic: true}, "runtime": {Profile: onnxexport.ONNXRuntime}, "sentis": {Profile: onnxexport.Sentis},
		"static": {Profile: onnxexport.Static, Width: 64, Height: 32}, "opencv": {Profile: onnxexport.OpenCV},
	}
	for _, test := range []struct {
		want    string // part of the error
		options string
		damage  func(m *model)
	}{
		{"version 11, expected 9 to 9", "barracuda", func(m *model) { m.Opsets[0].Version = 11 }},
		{"version 18, expected 9 to 17", "runtime", func(m *model) { m.Opsets[0].Version = 18 }},
		{"operator sets, expected", "barracuda", func(m *model) { m.Opsets[0].Domain = "ai.onnx.ml" }},
		{"operator sets, expected", "barracuda", func(m *model) { m.Opsets = append(m.Opsets, m.Opsets[0]) }},
		{"IR version 3", "barracuda", func(m *model) { m.IRVersion = 3 }},
		{"IR version 8", "barracuda", func(m *model) { m.IRVersion = 8 }},
		{"inputs and 0 outputs", "barracuda", func(m *model) { m.Graph.Outputs = nil }},
		{"of type 7", "barracuda", func(m *model) { m.Graph.Inputs[0].DataType = onnx.Int64 }},
		{"a batch of 0", "barracuda", func(m *model) { m.Graph.Inputs[0].Dims[0].Value = 0 }},
		{"a batch of N", "opencv", func(m *model) { m.Graph.Inputs[0].Dims[0].Param = "N" }},
		{"a batch of 2 frames goes in and 1 come out", "static", func(m *model) { m.Graph.Inputs[0].Dims[0].Value = 2 }},
		{"sizes fixed or symbolic, the same", "symbolic", func(m *model) { m.Graph.Outputs[0].Dims[2].Param = "h" }},
		{"fixed sizes, the same", "static", func(m *model) { m.Graph.Inputs[0].Dims[2].Param = "height" }},
		{"fixed sizes, the same", "opencv", func(m *model) { m.Graph.Outputs[0].Dims[2].Value = 544 }},
		{"different shapes", "barracuda", func(m *model) {
			m.Graph.Inputs[0].Dims[3].Value, m.Graph.Outputs[0].Dims[3].Value = 962, 962
		}},
		{"symbols of the output's own", "runtime", func(m *model) { m.Graph.Outputs[0].Dims[2].Param = "height" }},
		{"symbols of the output's own", "runtime", func(m *model) { m.Graph.Inputs[0].Dims[2] = onnx.Dim{Value: 540} }},
		{"same symbol", "runtime", func(m *model) { m.Graph.Inputs[0].Dims[2].Param = "width" }},
		{"operator \"Upsample\"", "runtime", func(m *model) {
			n := find(m, "Resize")
			n.Op, n.Inputs, n.Attributes = "Upsample", []string{n.Inputs[0], n.Inputs[2]}, nil
		}},
		{"not part of these networks", "barracuda", func(m *model) { find(m, "Relu").Op = "LeakyRelu" }},
		{"operator \"Clip\"", "barracuda", func(m *model) { find(m, "Relu").Op = "Clip" }},
		{"not one of the standard", "barracuda", func(m *model) { find(m, "Relu").Domain = "com.microsoft" }},
		{"not computed by an earlier node", "barracuda", func(m *model) {
			m.Graph.Nodes[3], m.Graph.Nodes[4] = m.Graph.Nodes[4], m.Graph.Nodes[3]
		}},
		{"is not unique", "barracuda", func(m *model) { m.Graph.Nodes[1].Outputs[0] = m.Graph.Nodes[0].Outputs[0] }},
		{"is not unique", "barracuda", func(m *model) { m.Graph.Nodes[0].Outputs[0] = "in1.weight" }},
		{"is not unique", "barracuda", func(m *model) { m.Graph.Nodes[0].Outputs[0] = "input" }},
		{"no names to which the importer gives a meaning", "barracuda", func(m *model) {
			m.Graph.Nodes[0].Outputs[0], m.Graph.Nodes[1].Inputs[0] = "pad:0", "pad:0"
		}},
		{"0 outputs, expected 1", "barracuda", func(m *model) { m.Graph.Nodes[0].Outputs = nil }},
		{"output is never used", "barracuda", func(m *model) {
			m.Graph.Nodes = append(m.Graph.Nodes, onnx.Node{Op: "Relu", Inputs: []string{"output"}, Outputs: []string{"dead"}})
		}},
		{"no node computes the output", "barracuda", func(m *model) { m.Graph.Outputs[0].Name = "y" }},
		{"initializer \"extra\" is never used", "barracuda", func(m *model) {
			m.Graph.Initializers = append(m.Graph.Initializers, onnx.Tensor{Name: "extra", DataType: onnx.Float32})
		}},
		{"empty or not unique", "barracuda", func(m *model) { initializer(m, "in1.bias").Name = "in1.weight" }},
		{"0 inputs and 1 outputs", "barracuda", func(m *model) { initializer(m, "in1.bias").Name = "input" }},
		{"not computed by an earlier node", "barracuda", func(m *model) { initializer(m, "conv1.conv2d.weight").Name = "w" }},
		{"takes pixels by two inputs", "barracuda", func(m *model) { find(m, "Upsample").Inputs[1] = "input" }},
		{"factors are", "barracuda", func(m *model) { initializer(m, "deconv1.upsample.scales").Raw[15]++ }},
		{"mode \"cubic\"", "barracuda", func(m *model) { attribute(find(m, "Upsample"), "mode").String = "cubic" }},
		{"rounding \"ceil\"", "runtime", func(m *model) { attribute(find(m, "Resize"), "nearest_mode").String = "ceil" }},
		{"mode \"edge\"", "barracuda", func(m *model) { attribute(find(m, "Pad"), "mode").String = "edge" }},
		{"pads are", "barracuda", func(m *model) { attribute(find(m, "Pad"), "pads").Ints[1] = 4 }},
		{"pads are not constant integers", "runtime", func(m *model) { find(m, "Pad").Inputs[1] = "in1.bias" }},
		{"kernel_shape", "barracuda", func(m *model) { attribute(find(m, "Conv"), "kernel_shape").Ints[0] = 3 }},
		{"2 groups", "barracuda", func(m *model) { attribute(find(m, "Conv"), "group").Int = 2 }},
		{"attribute \"dilation\" is not known", "barracuda", func(m *model) { attribute(find(m, "Conv"), "dilations").Name = "dilation" }},
		{"has no attribute dilations", "barracuda", func(m *model) { find(m, "Conv").Attributes = find(m, "Conv").Attributes[1:] }},
		{"pads with zeros", "barracuda", func(m *model) { attribute(find(m, "Conv"), "pads").Ints[0] = 1 }},
		{"strides are", "barracuda", func(m *model) { attribute(find(m, "Conv"), "strides").Ints[0] = 0 }},
		{"different shapes", "barracuda", func(m *model) {
			find(m, "Conv").Attributes[4].Ints = []int64{2, 2}
		}},
		{"weights are for", "barracuda", func(m *model) {
			find(m, "InstanceNormalization").Inputs[1], find(m, "InstanceNormalization").Inputs[2] = "in2.weight", "in2.bias"
		}},
		{"expected [4]", "barracuda", func(m *model) { find(m, "Conv").Inputs[2] = "in2.bias" }},
		{"epsilon is 0", "barracuda", func(m *model) { attribute(find(m, "InstanceNormalization"), "epsilon").Float = 0 }},
		{"different shapes", "barracuda", func(m *model) { find(m, "Add").Inputs[1] = "in1.relu" }},
		{"no shapes of values in between", "barracuda", func(m *model) { m.Graph.Values = m.Graph.Inputs }},
		{"weights and scales in initializers", "barracuda", func(m *model) {
			m.Graph.Initializers = append(m.Graph.Initializers, onnx.FloatTensor("one", []int64{1}, []float32{1}))
			find(m, "Add").Inputs[1] = "one"
		}},
		{"operator \"Identity\"", "runtime", func(m *model) {
			m.Graph.Nodes[0].Inputs[0] = "frame"
			m.Graph.Nodes = append([]onnx.Node{{Op: "Identity", Inputs: []string{"input"}, Outputs: []string{"frame"}}}, m.Graph.Nodes...)
		}},
		{"no float16 values", "sentis", func(m *model) {
			m.Graph.Nodes[0].Inputs[0] = "frame"
			to := []onnx.Attribute{{Name: "to", Type: onnx.AttributeInt, Int: int64(onnx.Float16)}}
			back := []onnx.Attribute{{Name: "to", Type: onnx.AttributeInt, Int: int64(onnx.Float32)}}
			m.Graph.Nodes = append([]onnx.Node{
				{Op: "Cast", Inputs: []string{"input"}, Outputs: []string{"half"}, Attributes: to},
				{Op: "Cast", Inputs: []string{"half"}, Outputs: []string{"frame"}, Attributes: back},
			}, m.Graph.Nodes...)
		}},
	} {
		t.Run(test.want, func(t *testing.T) {
			o := options[test.options]
			m := build(t, smallNet(), o)
			test.damage(m)
			require.ErrorContains(t, onnxexport.Check(m, o.Profile), test.want)
		})
	}
}

// TestEveryRuleIsNamed wants the error of a rule to say whose it is and what it is
// taken from.
func TestEveryRuleIsNamed(t *testing.T) {
	m := build(t, smallNet(), onnxexport.Options{Profile: onnxexport.ONNXRuntime})
	err := onnxexport.Check(m, onnxexport.Static)
	require.ErrorContains(t, err, "profile static wants fixed sizes")
	require.ErrorContains(t, err, "onnxruntime.ai/docs")
	require.ErrorContains(t, onnxexport.Check(m, 99), "unknown profile 99")
}

func TestGraphHasTheExpectedNodes(t *testing.T) {
	net := randomNet([3]int{2, 3, 4}, 5)
	for _, test := range []struct {
		options onnxexport.Options
		double  string
	}{{onnxexport.Options{}, "Upsample"}, {onnxexport.Options{Profile: onnxexport.ONNXRuntime}, "Resize"}} {
		m := build(t, net, test.options)
		count := map[string]int{}
		for _, n := range m.Graph.Nodes {
			count[n.Op]++
		}
		require.Equal(t, map[string]int{
			"Pad": 16, "Conv": 16, "InstanceNormalization": 15, "Relu": 10, "Add": 13, test.double: 2,
		}, count)
		require.Equal(t, "input", m.Graph.Inputs[0].Name)
		require.Equal(t, "output", m.Graph.Outputs[0].Name)
	}
}
