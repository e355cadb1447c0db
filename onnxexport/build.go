package onnxexport

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/onnx"
	"github.com/impasto-go/impasto/nn/statedict"
)

// Build makes the ONNX model of the network with weights d: every layer of the
// network becomes a few nodes. Build does no I/O and does not evaluate the graph:
// see [Write] for that. Weights that do not fit make the error wrap a
// *[statedict.Mismatch].
func Build(d statedict.Dict, o Options) (*onnx.Model, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	n := o.Network
	if n == nil {
		if n, err = arch.Recognize(d); err != nil {
			return nil, fmt.Errorf("onnxexport: %w", err)
		}
	} else if err := n.Check(); err != nil {
		return nil, fmt.Errorf("onnxexport: %w", err)
	}
	if m := d.Compare(n.Params()); m != nil {
		return nil, fmt.Errorf("onnxexport: %w", m)
	}
	if !o.Symbolic {
		if err := checkSize(n, o.Width, o.Height, o.AnySize); err != nil {
			return nil, err
		}
	}
	if err := d.CheckFinite(); err != nil {
		return nil, fmt.Errorf("onnxexport: %w", err)
	}
	b := &builder{options: o, network: n, casts: map[int]string{}}
	if b.layers, err = prepare(n, d, o); err != nil {
		return nil, err
	}
	b.build()
	slices.SortFunc(b.graph.Initializers, func(a, b onnx.Tensor) int { return cmp.Compare(a.Name, b.Name) })

	m := &onnx.Model{
		IRVersion: irOf(o.Opset),
		Graph:     b.graph,
		Opsets:    []onnx.Opset{{Version: o.Opset}},
	}
	if o.Compat {
		m.Producer, m.ProducerVersion = "pytorch", "1.7"
		return m, nil
	}
	if targets[o.Profile].values {
		if err := b.valuesOf(m); err != nil {
			return nil, err
		}
	}
	b.describe(m, d)
	return m, nil
}

// builder adds nodes to a graph. Its methods take and return names of values.
type builder struct {
	graph   onnx.Graph
	options Options
	network *arch.Network
	layers  []prepared
	outputs []string       // of the layers so far
	casts   map[int]string // those in the other precision
	weights []onnx.Node    // which cast them
	next    int            // Compat: number of the next value
	scales  []int          // Compat: the Upsample nodes, whose scales are numbered last
}

// build adds the nodes of all layers, and the graph's input and output.
func (b *builder) build() {
	n := b.network
	b.graph.Name = "TransformerNet"
	input := "input"
	if b.options.Compat {
		// PyTorch numbers the parameters after the input, then the values.
		b.graph.Name, input = "torch-jit-export", "input.1"
		b.next = 1 + len(n.Params())
	}
	y, sizes := b.extend(input)
	for i := range n.Layers {
		if i > 0 {
			y = b.output(i-1, b.layers[i].half)
		}
		b.outputs = append(b.outputs, b.layer(i, y))
	}
	y = b.output(len(n.Layers)-1, false)
	y = b.crop(y, sizes)
	if b.options.Compat {
		b.numberScales()
	} else {
		b.graph.Nodes[len(b.graph.Nodes)-1].Outputs[0] = "output"
		y = "output"
	}
	b.graph.Nodes = append(b.weights, b.graph.Nodes...)
	b.graph.Inputs = []onnx.ValueInfo{{Name: input, DataType: onnx.Float32, Dims: b.frame("height", "width")}}
	height, width := "height", "width"
	if targets[b.options.Profile].ownSymbols {
		height, width = "output_height", "output_width"
	}
	b.graph.Outputs = []onnx.ValueInfo{{Name: y, DataType: onnx.Float32, Dims: b.frame(height, width)}}
}

// frame returns the shape of the frames, with symbols where they are wanted.
func (b *builder) frame(height, width string) []onnx.Dim {
	o := &b.options
	dims := []onnx.Dim{{Value: int64(o.Batch)}, {Value: 3}, {Value: int64(o.Height)}, {Value: int64(o.Width)}}
	if o.Batch == AnyBatch {
		dims[0] = onnx.Dim{Param: "batch"}
	}
	if o.Symbolic {
		dims[2], dims[3] = onnx.Dim{Param: height}, onnx.Dim{Param: width}
	}
	return dims
}

// node adds one node and returns the name of its output.
func (b *builder) node(op, name string, inputs []string, attributes ...onnx.Attribute) string {
	output := name
	if b.options.Compat {
		output = strconv.Itoa(b.next)
		name = fmt.Sprintf("%s_%d", op, len(b.graph.Nodes))
		b.next++
	}
	b.graph.Nodes = append(b.graph.Nodes, onnx.Node{
		Name: name, Op: op, Inputs: inputs, Outputs: []string{output}, Attributes: attributes,
	})
	return output
}

// constant adds an initializer unless one of its name exists.
func (b *builder) constant(t onnx.Tensor) string {
	if !slices.ContainsFunc(b.graph.Initializers, func(u onnx.Tensor) bool { return u.Name == t.Name }) {
		b.graph.Initializers = append(b.graph.Initializers, t)
	}
	return t.Name
}

// layer adds layer i, which takes x.
func (b *builder) layer(i int, x string) string {
	l, p := &b.network.Layers[i], &b.layers[i]
	if l.Upsample == 2 {
		x = b.double(x, l.Name)
	}
	if pad := int64(l.Padding()); pad > 0 {
		x = b.mirror(x, l.Name+".reflection_pad", fmt.Sprintf("reflect%d.pads", pad), pad, pad, pad, pad)
	}
	k, s := int64(l.Taps()), int64(l.Stride)
	y := b.node("Conv", l.Conv, []string{x, b.weight(i), b.vector(i, l.Conv+".bias", p.bias)},
		intsAttribute("dilations", 1, 1),
		intAttribute("group", 1),
		intsAttribute("kernel_shape", k, k),
		intsAttribute("pads", 0, 0, 0, 0),
		intsAttribute("strides", s, s))
	named := l.Conv
	if l.Norm != "" {
		named = l.Norm
		y = b.node("InstanceNormalization", l.Norm,
			[]string{y, b.vector(i, l.Norm+".weight", p.scale), b.vector(i, l.Norm+".bias", p.shift)},
			onnx.Attribute{Name: "epsilon", Type: onnx.AttributeFloat, Float: p.epsilon})
	}
	if l.ReLU {
		y = b.node("Relu", named+".relu", []string{y})
	}
	for j, t := range l.Plus {
		y = b.add(i, j, t, y)
	}
	return y
}

// output returns the output of layer i, in float16 or float32.
func (b *builder) output(i int, half bool) string {
	if b.layers[i].half == half {
		return b.outputs[i]
	}
	if b.casts[i] == "" {
		name, to := ".half", onnx.Float16
		if !half {
			name, to = ".single", onnx.Float32
		}
		b.casts[i] = b.node("Cast", b.network.Layers[i].Name+name, []string{b.outputs[i]}, intAttribute("to", int64(to)))
	}
	return b.casts[i]
}

// add adds term j of layer i. PyTorch's order of operands is that of the tutorial's
// code: a residual block adds its input to what it made, and a skip connection
// adds what the decoder made to the encoder's output.
func (b *builder) add(i, j int, t arch.Term, y string) string {
	l := &b.network.Layers[i]
	x, times := b.output(t.Layer, b.layers[i].half), int(t.Factor)
	if float32(times) != t.Factor || times < 1 || times > 4 {
		name := fmt.Sprintf("%s.term%d", l.Name, j)
		c := onnx.FloatTensor(name+".factor", []int64{1}, []float32{t.Factor})
		if b.layers[i].half {
			c = onnx.HalfTensor(c.Name, c.Dims, []float32{t.Factor})
		}
		x, times = b.node("Mul", name, []string{x, b.constant(c)}), 1
	}
	for k := range times {
		operands := []string{x, y}
		if j == 0 && !l.ReLU {
			operands = []string{y, x}
		}
		y = b.node("Add", fmt.Sprintf("%s.sum%d_%d", l.Name, j, k), operands)
	}
	return y
}

// weight adds the weights of layer i's convolution and returns their name as the
// convolution's input.
func (b *builder) weight(i int) string {
	l, p := &b.network.Layers[i], &b.layers[i]
	name := l.Conv + ".weight"
	dims := []int64{int64(l.Out), int64(l.In), int64(l.Taps()), int64(l.Taps())}
	if p.half {
		return b.constant(onnx.HalfTensor(name, dims, halfKernels(p.weight, l.Taps()*l.Taps())))
	}
	// Rounding the weights that the frame meets would act like noise in it.
	if b.options.Precision != HalfWeights || i == 0 {
		return b.constant(onnx.FloatTensor(name, dims, p.weight))
	}
	b.weights = append(b.weights, onnx.Node{
		Name: name, Op: "Cast", Inputs: []string{b.constant(onnx.HalfTensor(name+".half", dims, halfKernels(p.weight, l.Taps()*l.Taps())))},
		Outputs: []string{name}, Attributes: []onnx.Attribute{intAttribute("to", int64(onnx.Float32))},
	})
	return name
}

// vector adds a number for each channel of layer i.
func (b *builder) vector(i int, name string, v []float32) string {
	dims := []int64{int64(len(v))}
	if b.layers[i].half {
		return b.constant(onnx.HalfTensor(name, dims, v))
	}
	return b.constant(onnx.FloatTensor(name, dims, v))
}

// mirror pads by reflection. Since opset 11 the pads are an input.
func (b *builder) mirror(x, name, constant string, top, left, bottom, right int64) string {
	pads := []int64{0, 0, top, left, 0, 0, bottom, right} // begin N, C, H, W, end N, C, H, W
	mode := stringAttribute("mode", "reflect")
	if b.options.Opset < 11 {
		return b.node("Pad", name, []string{x}, mode, intsAttribute("pads", pads...))
	}
	return b.node("Pad", name, []string{x, b.constant(onnx.IntegerTensor(constant, pads...))}, mode)
}

// double doubles height and width by repeating pixels: Upsample until opset 9,
// Resize since.
func (b *builder) double(x, layer string) string {
	name := layer + ".upsample"
	factors := func(name string) string {
		return b.constant(onnx.FloatTensor(name, []int64{4}, []float32{1, 1, 2, 2}))
	}
	nearest := stringAttribute("mode", "nearest")
	switch {
	case b.options.Compat:
		b.next += 3 // PyTorch computes the scales in three values that it folds later
		b.scales = append(b.scales, len(b.graph.Nodes))
		return b.node("Upsample", name, []string{x, ""}, nearest)
	case b.options.Opset < 10:
		return b.node("Upsample", name, []string{x, factors(name + ".scales")}, nearest)
	case b.options.Opset < 11:
		return b.node("Resize", name, []string{x, factors("upsample.scales")}, nearest)
	}
	roi := ""
	if b.options.Opset < 13 { // which may leave it out
		roi = b.constant(onnx.FloatTensor("upsample.roi", []int64{0}, nil))
	}
	return b.node("Resize", name, []string{x, roi, factors("upsample.scales")},
		stringAttribute("coordinate_transformation_mode", "asymmetric"),
		nearest,
		stringAttribute("nearest_mode", "floor"))
}

// numberScales names the scales as PyTorch does, with the numbers after the last
// value's.
func (b *builder) numberScales() {
	for _, i := range b.scales {
		name := strconv.Itoa(b.next)
		b.next++
		b.graph.Nodes[i].Inputs[1] = b.constant(onnx.FloatTensor(name, []int64{4}, []float32{1, 1, 2, 2}))
	}
}

// extend mirrors as many pixels at the right and lower edge as the frame lacks for
// the network, and returns the name of the sizes before, if they are computed.
func (b *builder) extend(x string) (extended, sizes string) {
	o := &b.options
	multiple := int64(b.network.Multiple())
	lacks := func(n int) int64 { return (multiple - int64(n)%multiple) % multiple }
	switch {
	case !o.AnySize:
		return x, ""
	case !o.Symbolic && lacks(o.Height) == 0 && lacks(o.Width) == 0:
		return x, ""
	case !o.Symbolic:
		x = b.mirror(x, "extended", "extended.pads", 0, 0, lacks(o.Height), lacks(o.Width))
		return x, b.constant(onnx.IntegerTensor("sizes", int64(o.Height), int64(o.Width)))
	}
	integers := func(name string, v ...int64) string { return b.constant(onnx.IntegerTensor(name, v...)) }
	shape := b.node("Shape", "shape", []string{x})
	sizes = b.node("Slice", "sizes", []string{shape, integers("two", 2), integers("four", 4)})
	lack := b.node("Mod", "lacking", []string{b.node("Neg", "minus_sizes", []string{sizes}), integers("multiple", multiple)})
	pads := b.node("Concat", "extended.pads", []string{integers("no_pads", 0, 0, 0, 0, 0, 0), lack}, intAttribute("axis", 0))
	return b.node("Pad", "extended", []string{x, pads}, stringAttribute("mode", "reflect")), sizes
}

// crop takes what belongs to the frame before extend.
func (b *builder) crop(y, sizes string) string {
	if sizes == "" {
		return y
	}
	start := b.constant(onnx.IntegerTensor("corner", 0, 0))
	axes := b.constant(onnx.IntegerTensor("axes", 2, 3))
	return b.node("Slice", "cropped", []string{y, start, sizes, axes})
}

// valuesOf tells the shapes of the values between input and output. Symbolic sizes
// are left out: readers take a symbol that stands twice for a promise.
func (b *builder) valuesOf(m *onnx.Model) error {
	h, w := b.network.MinSize(), b.network.MinSize()
	if !b.options.Symbolic {
		h, w = b.options.Height, b.options.Width
	}
	values, err := m.Values(h, w)
	if err != nil {
		return fmt.Errorf("onnxexport: %w", err)
	}
	for _, v := range values {
		if v.Name == m.Graph.Inputs[0].Name || v.Name == m.Graph.Outputs[0].Name {
			continue
		}
		v.Dims[0] = m.Graph.Inputs[0].Dims[0]
		if b.options.Symbolic {
			v.Dims[2], v.Dims[3] = onnx.Dim{}, onnx.Dim{}
		}
		m.Graph.Values = append(m.Graph.Values, v)
	}
	return nil
}

func intAttribute(name string, v int64) onnx.Attribute {
	return onnx.Attribute{Name: name, Type: onnx.AttributeInt, Int: v}
}

func intsAttribute(name string, v ...int64) onnx.Attribute {
	return onnx.Attribute{Name: name, Type: onnx.AttributeInts, Ints: v}
}

func stringAttribute(name, v string) onnx.Attribute {
	return onnx.Attribute{Name: name, Type: onnx.AttributeString, String: v}
}
