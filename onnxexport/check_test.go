package onnxexport_test

import (
	"testing"

	"github.com/impasto-go/impasto/onnxexport"
	"github.com/stretchr/testify/require"
)

// find returns the first node of the given operator.
func find(m *onnxexport.Model, op string) *onnxexport.Node {
	for i := range m.Graph.Nodes {
		if m.Graph.Nodes[i].Op == op {
			return &m.Graph.Nodes[i]
		}
	}
	panic("no " + op)
}

func attribute(n *onnxexport.Node, name string) *onnxexport.Attribute {
	for i := range n.Attributes {
		if n.Attributes[i].Name == name {
			return &n.Attributes[i]
		}
	}
	panic("no " + name)
}

func initializer(m *onnxexport.Model, name string) *onnxexport.Tensor {
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
	type model = onnxexport.Model
	runtime := onnxexport.Options{Profile: onnxexport.Runtime}
	for _, test := range []struct {
		want    string // part of the error
		options onnxexport.Options
		damage  func(m *model)
	}{
		{"expected version 9", onnxexport.Options{}, func(m *model) { m.Opsets[0].Version = 11 }},
		{"expected version 9", onnxexport.Options{}, func(m *model) { m.Opsets[0].Domain = "ai.onnx.ml" }},
		{"operator sets, expected 1", onnxexport.Options{}, func(m *model) { m.Opsets = append(m.Opsets, m.Opsets[0]) }},
		{"IR version 3", onnxexport.Options{}, func(m *model) { m.IRVersion = 3 }},
		{"IR version 8", onnxexport.Options{}, func(m *model) { m.IRVersion = 8 }},
		{"inputs and 0 outputs", onnxexport.Options{}, func(m *model) { m.Graph.Outputs = nil }},
		{"float32 [1, 3, H, W]", onnxexport.Options{}, func(m *model) { m.Graph.Inputs[0].DataType = onnxexport.Int64 }},
		{"float32 [1, 3, H, W]", onnxexport.Options{}, func(m *model) { m.Graph.Inputs[0].Dims[0].Value = 2 }},
		{"needs a fixed size", onnxexport.Options{}, func(m *model) { m.Graph.Inputs[0].Dims[2].Param = "height" }},
		{"the same on input and output", onnxexport.Options{}, func(m *model) { m.Graph.Outputs[0].Dims[2].Value = 544 }},
		{"not a multiple of 4", onnxexport.Options{}, func(m *model) {
			m.Graph.Inputs[0].Dims[3].Value, m.Graph.Outputs[0].Dims[3].Value = 962, 962
		}},
		{"two different symbols", runtime, func(m *model) { m.Graph.Outputs[0].Dims[2].Param = "height" }},
		{"two different symbols", runtime, func(m *model) { m.Graph.Inputs[0].Dims[2] = onnxexport.Dim{Value: 540} }},
		{"same symbol", runtime, func(m *model) { m.Graph.Inputs[0].Dims[2].Param = "width" }},
		{"not part of the runtime profile", runtime, func(m *model) { find(m, "Resize").Op = "Upsample" }},
		{"not part of the barracuda profile", onnxexport.Options{}, func(m *model) { find(m, "Relu").Op = "LeakyRelu" }},
		{"not the standard one", onnxexport.Options{}, func(m *model) { find(m, "Relu").Domain = "com.microsoft" }},
		{"not computed by an earlier node", onnxexport.Options{}, func(m *model) {
			m.Graph.Nodes[3], m.Graph.Nodes[4] = m.Graph.Nodes[4], m.Graph.Nodes[3]
		}},
		{"is not unique", onnxexport.Options{}, func(m *model) { m.Graph.Nodes[1].Outputs[0] = m.Graph.Nodes[0].Outputs[0] }},
		{"is not unique", onnxexport.Options{}, func(m *model) { m.Graph.Nodes[0].Outputs[0] = "in1.weight" }},
		{"is not unique", onnxexport.Options{}, func(m *model) { m.Graph.Nodes[0].Outputs[0] = "input" }},
		{"empty or reserved", onnxexport.Options{}, func(m *model) { m.Graph.Nodes[0].Outputs[0] = "pad:0" }},
		{"empty or reserved", onnxexport.Options{}, func(m *model) { m.Graph.Nodes[0].Outputs[0] = "" }},
		{"outputs, expected 1", onnxexport.Options{}, func(m *model) { m.Graph.Nodes[0].Outputs = nil }},
		{"output is never used", onnxexport.Options{}, func(m *model) {
			m.Graph.Nodes = append(m.Graph.Nodes, onnxexport.Node{Op: "Relu", Inputs: []string{"output"}, Outputs: []string{"dead"}})
		}},
		{"no node computes the output", onnxexport.Options{}, func(m *model) { m.Graph.Outputs[0].Name = "y" }},
		{"initializer extra is never used", onnxexport.Options{}, func(m *model) {
			m.Graph.Initializers = append(m.Graph.Initializers, onnxexport.Tensor{Name: "extra", DataType: onnxexport.Float32})
		}},
		{"empty or not unique", onnxexport.Options{}, func(m *model) { initializer(m, "in1.bias").Name = "in1.weight" }},
		{"has the name of the input", onnxexport.Options{}, func(m *model) { initializer(m, "in1.bias").Name = "input" }},
		{"is not a constant", onnxexport.Options{}, func(m *model) { initializer(m, "conv1.conv2d.weight").Name = "w" }},
		{"is not a constant", onnxexport.Options{}, func(m *model) { find(m, "Upsample").Inputs[1] = "input" }},
		{"scales are", onnxexport.Options{}, func(m *model) { initializer(m, "deconv1.upsample.scales").Raw[15]++ }},
		{"mode", onnxexport.Options{}, func(m *model) { attribute(find(m, "Upsample"), "mode").String = "linear" }},
		{"nearest_mode", runtime, func(m *model) { attribute(find(m, "Resize"), "nearest_mode").String = "ceil" }},
		{"roi must be empty", runtime, func(m *model) { find(m, "Resize").Inputs[1] = "upsample.scales" }},
		{"mode", onnxexport.Options{}, func(m *model) { attribute(find(m, "Pad"), "mode").String = "edge" }},
		{"pads are", onnxexport.Options{}, func(m *model) { attribute(find(m, "Pad"), "pads").Ints[1] = 4 }},
		{"inputs, expected 1", onnxexport.Options{}, func(m *model) { find(m, "Pad").Inputs = []string{"input", "in1.bias"} }},
		{"element type 1", runtime, func(m *model) { find(m, "Pad").Inputs[1] = "in1.bias" }},
		{"kernel_shape", onnxexport.Options{}, func(m *model) { attribute(find(m, "Conv"), "kernel_shape").Ints[0] = 3 }},
		{"group", onnxexport.Options{}, func(m *model) { attribute(find(m, "Conv"), "group").Int = 2 }},
		{"dilations", onnxexport.Options{}, func(m *model) { attribute(find(m, "Conv"), "dilations").Name = "dilation" }},
		{"pads has an unexpected value", onnxexport.Options{}, func(m *model) { attribute(find(m, "Conv"), "pads").Ints[0] = 1 }},
		{"strides are", onnxexport.Options{}, func(m *model) { attribute(find(m, "Conv"), "strides").Ints[0] = 0 }},
		{"different shapes", onnxexport.Options{}, func(m *model) {
			find(m, "Conv").Attributes[4].Ints = []int64{2, 2}
		}},
		{"weights are for", onnxexport.Options{}, func(m *model) {
			find(m, "InstanceNormalization").Inputs[1], find(m, "InstanceNormalization").Inputs[2] = "in2.weight", "in2.bias"
		}},
		{"expected 4", onnxexport.Options{}, func(m *model) { find(m, "Conv").Inputs[2] = "in2.bias" }},
		{"epsilon is 0", onnxexport.Options{}, func(m *model) { attribute(find(m, "InstanceNormalization"), "epsilon").Float = 0 }},
		{"different shapes", onnxexport.Options{}, func(m *model) { find(m, "Add").Inputs[1] = "in1.relu" }},
	} {
		t.Run(test.want, func(t *testing.T) {
			m, err := onnxexport.Build(smallNet(), test.options)
			require.NoError(t, err)
			require.NoError(t, m.Check())
			test.damage(m)
			require.ErrorContains(t, m.Check(), test.want)
		})
	}
}

// TestCraftedGraphIsBounded evaluates a graph that doubles its frame again and
// again.
func TestCraftedGraphIsBounded(t *testing.T) {
	m, err := onnxexport.Build(smallNet(), onnxexport.Options{})
	require.NoError(t, err)
	double := *find(m, "Upsample")
	m.Graph.Nodes = nil
	from := "input"
	for _, name := range []string{"a", "b", "c", "output"} {
		n := double
		n.Inputs, n.Outputs = []string{from, double.Inputs[1]}, []string{name}
		m.Graph.Nodes = append(m.Graph.Nodes, n)
		from = name
	}
	_, err = m.Evaluate(make([]float32, 3*64*64), 64, 64)
	require.ErrorContains(t, err, "too large")
}

func TestGraphHasTheExpectedNodes(t *testing.T) {
	net := randomNet([3]int{2, 3, 4}, 5)
	for _, test := range []struct {
		options onnxexport.Options
		double  string
	}{{onnxexport.Options{}, "Upsample"}, {onnxexport.Options{Profile: onnxexport.Runtime}, "Resize"}} {
		m, err := onnxexport.Build(net, test.options)
		require.NoError(t, err)
		count := map[string]int{}
		for _, n := range m.Graph.Nodes {
			count[n.Op]++
		}
		require.Equal(t, map[string]int{
			"Pad": 16, "Conv": 16, "InstanceNormalization": 15, "Relu": 10, "Add": 13, test.double: 2,
		}, count)
		require.Equal(t, "input", m.Graph.Inputs[0].Name)
		require.Equal(t, "output", m.Graph.Outputs[0].Name)
		profile, err := m.Profile()
		require.NoError(t, err)
		require.Equal(t, test.options.Profile, profile)
	}
}
