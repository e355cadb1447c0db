package onnx

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/impasto-go/impasto/internal/printable"
)

// Refusal says why a node of a file cannot be read.
type Refusal struct {
	Index  int    // in the order of the file
	Name   string // may be empty
	Op     string // its operator, with the domain unless that is the standard one
	Reason string
}

// String is a line for people.
func (r Refusal) String() string {
	return fmt.Sprintf("node %d %s (%s): %s", r.Index, printable.Name(r.Name), printable.Name(r.Op), r.Reason)
}

// RefusedError lists the nodes of a file that cannot be read, each with its
// reason. Nodes that only depend on these are not listed.
type RefusedError struct{ Nodes []Refusal }

// Error lists the first nodes and counts the others.
func (e *RefusedError) Error() string {
	const most = 8
	lines := make([]string, 0, most+1)
	for i, r := range e.Nodes {
		if i == most {
			lines = append(lines, fmt.Sprintf("and %d more", len(e.Nodes)-most))
			break
		}
		lines = append(lines, r.String())
	}
	return "onnx: the graph holds what style transfer networks do not: " + strings.Join(lines, "; ")
}

// Bounds of what a crafted graph can ask for.
const (
	maxSide     = 1 << 16 // of a frame; no device renders larger textures
	maxMargin   = 64      // by which a value may be higher or wider than the frame
	maxChannels = 1 << 12
	maxFolded   = 1 << 20 // elements that constant nodes may make, besides copies of weights
)

// step is a node that works on pixels: an operation, the values that it takes
// and the one that it makes.
type step struct {
	operation
	node   int
	inputs []string
	output string
}

// plan is a graph for frames of one size: what is left when all that does not
// depend on pixels has been computed.
type plan struct {
	steps  []step
	shapes map[string]shape // of all values
	input  string
	output string
}

// planner makes a plan.
type planner struct {
	model     *Model
	opset     int64
	tensors   map[string]*Tensor
	constants map[string]*constant
	shapes    map[string]shape
	unknown   map[string]bool // values that a refused node would have made
	folded    int             // elements that folding may still make
}

// plan computes what can be computed for a frame of h x w. A refused node makes the
// error a *[RefusedError].
func (m *Model) plan(h, w int) (*plan, error) {
	p := &planner{
		model: m, tensors: map[string]*Tensor{}, constants: map[string]*constant{},
		shapes: map[string]shape{}, unknown: map[string]bool{}, folded: maxFolded,
	}
	var err error
	if p.opset, err = m.Opset(); err != nil {
		return nil, err
	}
	g := &m.Graph
	for i := range g.Initializers {
		t := &g.Initializers[i]
		if p.tensors[t.Name] != nil || t.Name == "" {
			return nil, fmt.Errorf("onnx: initializer name %s is empty or not unique", printable.Name(t.Name))
		}
		p.tensors[t.Name] = t
		// Casts and copies of weights are no amplification.
		p.folded += 2 * len(t.Raw) / max(widths[t.DataType], 1)
	}
	input, err := m.input()
	if err != nil {
		return nil, err
	}
	if h < 1 || w < 1 || h > maxSide || w > maxSide {
		return nil, fmt.Errorf("onnx: a frame of %dx%d pixels", w, h)
	}
	frame := shape{3, h, w, input.DataType == Float16}
	p.shapes[input.Name] = frame

	result := &plan{shapes: p.shapes, input: input.Name, output: g.Outputs[0].Name}
	var refused RefusedError
	for i := range g.Nodes {
		n := &g.Nodes[i]
		s, err := p.node(n, frame)
		if err != nil {
			op := n.Op
			if !standard(n.Domain) {
				op = n.Domain + "." + op
			}
			refused.Nodes = append(refused.Nodes, Refusal{i, n.Name, op, err.Error()})
		}
		if s != nil {
			s.node = i
			result.steps = append(result.steps, *s)
		}
	}
	if refused.Nodes != nil {
		return nil, &refused
	}
	if _, ok := p.shapes[result.output]; !ok {
		return nil, fmt.Errorf("onnx: no node computes the output %s from pixels", printable.Name(result.output))
	}
	return result, nil
}

// standard tells the domain of the standard operators, which has two names.
func standard(domain string) bool { return domain == "" || domain == "ai.onnx" }

// Opset returns the version of the standard operators that the model uses.
func (m *Model) Opset() (int64, error) {
	for _, o := range m.Opsets {
		if standard(o.Domain) {
			if o.Version < 7 || o.Version > 22 {
				return 0, fmt.Errorf("onnx: operator set %d: what is known are 9 to 15 and those nearby; export it again with opset 15", o.Version)
			}
			return o.Version, nil
		}
	}
	return 0, errors.New("onnx: no operator set of the standard domain")
}

// input returns the one input that is no initializer: before IR 4, those had to be
// listed among the inputs too.
func (m *Model) input() (ValueInfo, error) {
	var inputs []ValueInfo
	for _, v := range m.Graph.Inputs {
		if !slices.ContainsFunc(m.Graph.Initializers, func(t Tensor) bool { return t.Name == v.Name }) {
			inputs = append(inputs, v)
		}
	}
	if len(inputs) != 1 || len(m.Graph.Outputs) != 1 {
		return ValueInfo{}, fmt.Errorf("onnx: %d inputs and %d outputs, expected one of each", len(inputs), len(m.Graph.Outputs))
	}
	v := inputs[0]
	if v.DataType != Float32 && v.DataType != Float16 {
		return v, fmt.Errorf("onnx: the input %s has element type %d, expected float32 (1) or float16 (10)", printable.Name(v.Name), v.DataType)
	}
	if len(v.Dims) != 0 && (len(v.Dims) != 4 || v.Dims[1].Param == "" && v.Dims[1].Value != 3 && v.Dims[1].Value != 0) {
		return v, fmt.Errorf("onnx: the input %s has dimensions %v, expected [N, 3, H, W]", printable.Name(v.Name), v.Dims)
	}
	return v, nil
}

// Size returns the frame size that the model declares; a side is 0 if it is
// symbolic.
func (m *Model) Size() (width, height int) {
	v, err := m.input()
	if err != nil || len(v.Dims) != 4 {
		return 0, 0
	}
	side := func(d Dim) int {
		if d.Param != "" || d.Value < 1 || d.Value > maxSide {
			return 0
		}
		return int(d.Value)
	}
	return side(v.Dims[3]), side(v.Dims[2])
}

// batch returns the number of frames that shapes tell of.
func (m *Model) batch() int64 {
	if v, err := m.input(); err == nil && len(v.Dims) == 4 && v.Dims[0].Param == "" && v.Dims[0].Value > 1 {
		return v.Dims[0].Value
	}
	return 1
}

// constant returns the constant called name, or nil if there is none.
func (p *planner) constant(name string) (*constant, error) {
	if c := p.constants[name]; c != nil {
		return c, nil
	}
	t := p.tensors[name]
	if t == nil {
		return nil, nil
	}
	c, err := t.constant()
	if err != nil {
		return nil, err
	}
	if !c.kind.isFloat() && c.count() > maxFolded {
		return nil, fmt.Errorf("%s has %d integers, which no weights are", printable.Name(name), c.count())
	}
	p.constants[name] = c
	return c, nil
}

// node takes in one node: it returns a step if it works on pixels.
func (p *planner) node(n *Node, frame shape) (*step, error) {
	in := make([]*constant, len(n.Inputs))
	var pixels []string
	for i, name := range n.Inputs {
		if name == "" {
			continue
		}
		if p.unknown[name] {
			p.forget(n)
			return nil, nil // its reason is another node
		}
		var err error
		if _, ok := p.shapes[name]; ok {
			pixels = append(pixels, name)
		} else if in[i], err = p.constant(name); err == nil && in[i] == nil {
			err = fmt.Errorf("input %s is not computed by an earlier node", printable.Name(name))
		}
		if err != nil {
			p.forget(n)
			return nil, err
		}
	}
	s, c, err := p.compute(n, in, pixels)
	if err == nil {
		err = p.define(n, s, c, frame)
	}
	if err != nil {
		p.forget(n)
		return nil, err
	}
	return s, nil
}

// forget marks what n would have computed as unknown.
func (p *planner) forget(n *Node) {
	for _, name := range n.Outputs {
		p.unknown[name] = true
	}
}

// compute turns n into a step or a constant.
func (p *planner) compute(n *Node, in []*constant, pixels []string) (*step, *constant, error) {
	if err := n.typed(); err != nil {
		return nil, nil, err
	}
	switch {
	case !standard(n.Domain):
		return nil, nil, errors.New("it is not one of the standard operators")
	case len(n.Outputs) == 0 || len(slices.DeleteFunc(slices.Clone(n.Outputs), func(s string) bool { return s == "" })) != 1 || n.Outputs[0] == "":
		return nil, nil, fmt.Errorf("it has %d outputs, expected 1", len(n.Outputs))
	case n.Op == "Shape" && len(pixels) == 1:
		if err := n.only(); err != nil {
			return nil, nil, err
		}
		s := p.shapes[pixels[0]]
		return nil, integers(p.model.batch(), int64(s.c), int64(s.h), int64(s.w)), nil
	case len(pixels) == 0:
		c, err := fold(n, in, p.folded)
		if err == nil && n.Op != "Constant" && n.Op != "Identity" {
			p.folded -= c.count()
		}
		return nil, c, err
	}
	shapes := make([]shape, len(pixels))
	for i, name := range pixels {
		shapes[i] = p.shapes[name]
	}
	op, err := operationOf(n, p.opset, in, shapes)
	return &step{operation: op, inputs: pixels, output: n.Outputs[0]}, nil, err
}

// define records the result of n.
func (p *planner) define(n *Node, s *step, c *constant, frame shape) error {
	name := n.Outputs[0]
	_, pixels := p.shapes[name]
	if pixels || p.constants[name] != nil || p.tensors[name] != nil || p.unknown[name] {
		return fmt.Errorf("output name %s is not unique", printable.Name(name))
	}
	if s == nil {
		p.constants[name] = c
		return nil
	}
	shapes := make([]shape, len(s.inputs))
	for i, name := range s.inputs {
		shapes[i] = p.shapes[name]
	}
	out, err := s.shape(shapes)
	if err != nil {
		return err
	}
	if out.h > frame.h+maxMargin || out.w > frame.w+maxMargin || out.c > maxChannels {
		return fmt.Errorf("output of %d planes of %dx%d is too large for a frame of %dx%d", out.c, out.w, out.h, frame.w, frame.h)
	}
	p.shapes[name] = out
	return nil
}

// Values returns the type and shape of every value that the model computes from a
// frame of h x w, the frame itself first, in an order in which they can be
// computed. The number of frames is 1 where it is symbolic.
func (m *Model) Values(h, w int) ([]ValueInfo, error) {
	p, err := m.plan(h, w)
	if err != nil {
		return nil, err
	}
	names := []string{p.input}
	for _, s := range p.steps {
		names = append(names, s.output)
	}
	values := make([]ValueInfo, len(names))
	for i, name := range names {
		s := p.shapes[name]
		values[i] = ValueInfo{Name: name, DataType: Float32, Dims: []Dim{{Value: m.batch()}, {Value: int64(s.c)}, {Value: int64(s.h)}, {Value: int64(s.w)}}}
		if s.half {
			values[i].DataType = Float16
		}
	}
	return values, nil
}
