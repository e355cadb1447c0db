package onnxexport

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/impasto-go/impasto/nn/statedict"
)

// Build makes the ONNX model of the network with weights d. Names and shapes
// are those of the tutorial's TransformerNet; the number of filters and
// residual blocks follows from them. Build does no I/O and does not evaluate
// the graph: see [Write] for that.
func Build(d statedict.Dict, o Options) (*Model, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	l, d, err := arrange(d)
	if err != nil {
		return nil, err
	}
	if o.UnitRange {
		d = scaled(d, 255)
	}
	if err := checkFinite(d); err != nil {
		return nil, err
	}
	b := &builder{options: o}
	for _, e := range d {
		dims := make([]int64, len(e.Shape))
		for i, n := range e.Shape {
			dims[i] = int64(n)
		}
		b.graph.Initializers = append(b.graph.Initializers, floatTensor(e.Name, dims, e.Data))
	}
	b.network(l)
	slices.SortFunc(b.graph.Initializers, func(a, b Tensor) int { return cmp.Compare(a.Name, b.Name) })

	m := &Model{
		IRVersion: profiles[o.Profile].ir,
		Producer:  "impasto",
		Graph:     b.graph,
		Opsets:    []Opset{{Version: profiles[o.Profile].opset}},
	}
	if o.Compat {
		m.Producer, m.ProducerVersion = "pytorch", "1.7"
	} else {
		m.Metadata = metadata(l, &m.Graph, o)
	}
	return m, nil
}

// scaled returns d for inputs divided and outputs divided by factor: the first
// convolution's weights times factor, the last one's weights and bias divided
// by it. Reflection padding adds no constant of its own, so this is exact up to
// rounding.
func scaled(d statedict.Dict, factor float64) statedict.Dict {
	d = d.Clone()
	for name, f := range map[string]float64{
		"conv1.conv2d.weight":   factor,
		"deconv3.conv2d.weight": 1 / factor,
		"deconv3.conv2d.bias":   1 / factor,
	} {
		data := d.Lookup(name).Data
		for i, v := range data {
			data[i] = float32(float64(v) * f)
		}
	}
	return d
}

// builder adds nodes to a graph. Its methods take and return names of values.
type builder struct {
	graph   Graph
	options Options
	next    int   // Compat: number of the next value
	scales  []int // Compat: the Upsample nodes, whose scales are numbered last
}

// network adds the nodes of TransformerNet.forward.
func (b *builder) network(l layout) {
	b.graph.Name = "TransformerNet"
	input := "input"
	if b.options.Compat {
		// PyTorch numbers the parameters after the input, then the values.
		b.graph.Name, input = "torch-jit-export", "input.1"
		b.next = 1 + len(l.entries())
	}

	conv1 := b.convNormRelu(input, "conv1", "in1", 9, 1)
	conv2 := b.convNormRelu(conv1, "conv2", "in2", 3, 2)
	conv3 := b.convNormRelu(conv2, "conv3", "in3", 3, 2)
	y := conv3
	for i := range l.blocks {
		block := fmt.Sprintf("resnets.%d.", i)
		r := b.convNormRelu(y, block+"conv1", block+"in1", 3, 1)
		r = b.norm(b.conv(r, block+"conv2", 3, 1), block+"in2")
		// The block adds its input, and so does the network.
		r = b.node("Add", block+"residual", []string{r, y})
		y = b.node("Add", block+"output", []string{r, y})
	}
	y = b.upsample(b.node("Add", "skip3", []string{conv3, y}), "deconv1")
	y = b.convNormRelu(y, "deconv1", "in4", 3, 1)
	y = b.upsample(b.node("Add", "skip2", []string{conv2, y}), "deconv2")
	y = b.convNormRelu(y, "deconv2", "in5", 3, 1)
	y = b.conv(b.node("Add", "skip1", []string{conv1, y}), "deconv3", 9, 1)

	if b.options.Compat {
		b.numberScales()
	} else {
		b.graph.Nodes[len(b.graph.Nodes)-1].Outputs[0] = "output"
		y = "output"
	}
	b.graph.Inputs = []ValueInfo{{input, Float32, b.frame("height", "width")}}
	// Different symbols than the input's: with the same ones, ONNX Runtime's
	// memory planner trusts a graph that rounds sizes
	// (https://github.com/microsoft/onnxruntime/issues/1706).
	b.graph.Outputs = []ValueInfo{{y, Float32, b.frame("output_height", "output_width")}}
}

// frame returns the shape of one frame, symbolic where the profile allows it.
func (b *builder) frame(height, width string) []Dim {
	if b.options.Profile == Runtime {
		return []Dim{{Value: 1}, {Value: 3}, {Param: height}, {Param: width}}
	}
	return []Dim{{Value: 1}, {Value: 3}, {Value: int64(b.options.Height)}, {Value: int64(b.options.Width)}}
}

// node adds one node and returns the name of its output.
func (b *builder) node(op, name string, inputs []string, attributes ...Attribute) string {
	output := name
	if b.options.Compat {
		output = strconv.Itoa(b.next)
		name = fmt.Sprintf("%s_%d", op, len(b.graph.Nodes))
		b.next++
	}
	b.graph.Nodes = append(b.graph.Nodes, Node{
		Name: name, Op: op, Inputs: inputs, Outputs: []string{output}, Attributes: attributes,
	})
	return output
}

// constant adds an initializer unless one of its name exists.
func (b *builder) constant(t Tensor) string {
	if !slices.ContainsFunc(b.graph.Initializers, func(u Tensor) bool { return u.Name == t.Name }) {
		b.graph.Initializers = append(b.graph.Initializers, t)
	}
	return t.Name
}

func (b *builder) convNormRelu(x, conv, norm string, kernel, stride int64) string {
	return b.node("Relu", norm+".relu", []string{b.norm(b.conv(x, conv, kernel, stride), norm)})
}

// conv adds a ConvLayer: reflection padding by half the kernel, convolution.
func (b *builder) conv(x, name string, kernel, stride int64) string {
	p := kernel / 2
	pads := []int64{0, 0, p, p, 0, 0, p, p} // begin N, C, H, W, end N, C, H, W
	mode := stringAttribute("mode", "reflect")
	if b.options.Profile == Runtime {
		constant := b.constant(int64Tensor(fmt.Sprintf("reflect%d.pads", p), pads))
		x = b.node("Pad", name+".reflection_pad", []string{x, constant}, mode)
	} else {
		x = b.node("Pad", name+".reflection_pad", []string{x}, mode, intsAttribute("pads", pads...))
	}
	name += ".conv2d"
	return b.node("Conv", name, []string{x, name + ".weight", name + ".bias"},
		intsAttribute("dilations", 1, 1),
		intAttribute("group", 1),
		intsAttribute("kernel_shape", kernel, kernel),
		intsAttribute("pads", 0, 0, 0, 0),
		intsAttribute("strides", stride, stride))
}

func (b *builder) norm(x, name string) string {
	return b.node("InstanceNormalization", name, []string{x, name + ".weight", name + ".bias"},
		Attribute{Name: "epsilon", Type: AttributeFloat, Float: 1e-5})
}

// upsample doubles height and width by repeating pixels.
func (b *builder) upsample(x, layer string) string {
	name := layer + ".upsample"
	factors := func(name string) Tensor { return floatTensor(name, []int64{4}, []float32{1, 1, 2, 2}) }
	nearest := stringAttribute("mode", "nearest")
	if b.options.Profile == Runtime {
		return b.node("Resize", name, []string{x, "", b.constant(factors("upsample.scales"))},
			stringAttribute("coordinate_transformation_mode", "asymmetric"),
			nearest,
			stringAttribute("nearest_mode", "floor"))
	}
	if b.options.Compat {
		b.next += 3 // PyTorch computes the scales in three values that it folds later
		b.scales = append(b.scales, len(b.graph.Nodes))
		return b.node("Upsample", name, []string{x, ""}, nearest)
	}
	return b.node("Upsample", name, []string{x, b.constant(factors(name + ".scales"))}, nearest)
}

// numberScales names the scales as PyTorch does, with the numbers after the
// last value's.
func (b *builder) numberScales() {
	for _, i := range b.scales {
		name := strconv.Itoa(b.next)
		b.next++
		b.graph.Nodes[i].Inputs[1] = b.constant(floatTensor(name, []int64{4}, []float32{1, 1, 2, 2}))
	}
}

func intAttribute(name string, v int64) Attribute {
	return Attribute{Name: name, Type: AttributeInt, Int: v}
}

func intsAttribute(name string, v ...int64) Attribute {
	return Attribute{Name: name, Type: AttributeInts, Ints: v}
}

func stringAttribute(name, v string) Attribute {
	return Attribute{Name: name, Type: AttributeString, String: v}
}
