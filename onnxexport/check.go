package onnxexport

import (
	"errors"
	"fmt"
	"strings"
)

// Check returns an error unless the model keeps the rules of its profile:
//
//   - the IR and operator set versions are the profile's, and only its
//     operators occur, in the forms that its consumers read;
//   - one input and one output, float32 [1, 3, H, W], with fixed valid sizes
//     for Barracuda and with different symbols for Runtime;
//   - nodes come in an order in which they can be computed, names of values are
//     unique and not empty, every value and every initializer is used;
//   - weights, pads and scales are constants whose shapes fit the values, and
//     the output is as large as the input.
func (m *Model) Check() error {
	h, w := 32, 24 // any valid size will do where the model declares none
	if p, err := m.Profile(); err == nil && p == Barracuda && len(m.Graph.Inputs) == 1 && len(m.Graph.Inputs[0].Dims) == 4 {
		h, w = int(m.Graph.Inputs[0].Dims[2].Value), int(m.Graph.Inputs[0].Dims[3].Value)
	}
	_, err := m.plan(h, w)
	return err
}

// step is a node of a checked graph: an operation, the values that it takes
// and the one that it makes.
type step struct {
	operation
	inputs []string
	output string
}

// maxMargin bounds by how much a value may be higher or wider than the frame,
// and maxChannels its planes, so that no crafted graph runs out of memory.
const (
	maxMargin   = 64
	maxChannels = 1 << 12
)

// plan checks the model for a frame of h x w and returns its steps in order.
func (m *Model) plan(h, w int) ([]step, error) {
	profile, err := m.checkInterface()
	if err != nil {
		return nil, err
	}
	if err := CheckSize(w, h); err != nil {
		return nil, err
	}
	g := &m.Graph
	r := &resolver{profile: profile, constants: map[string]*Tensor{}, used: map[string]bool{}}
	for i := range g.Initializers {
		t := &g.Initializers[i]
		if r.constants[t.Name] != nil || t.Name == "" {
			return nil, fmt.Errorf("onnxexport: initializer name %q is empty or not unique", t.Name)
		}
		r.constants[t.Name] = t
	}
	input, output := g.Inputs[0].Name, g.Outputs[0].Name
	frame := shape{3, h, w}
	shapes := map[string]shape{input: frame}
	read := map[string]bool{output: true}
	var steps []step
	for i := range g.Nodes {
		n := &g.Nodes[i]
		fail := func(err error) ([]step, error) {
			return nil, fmt.Errorf("onnxexport: node %d %s (%s): %w", i, n.Name, n.Op, err)
		}
		op, inputs, err := r.resolve(n)
		if err != nil {
			return fail(err)
		}
		in := make([]shape, len(inputs))
		for i, name := range inputs {
			var ok bool
			if in[i], ok = shapes[name]; !ok {
				return fail(fmt.Errorf("input %q is not computed by an earlier node", name))
			}
			read[name] = true
		}
		out, err := op.shape(in)
		if err != nil {
			return fail(err)
		}
		if out.h > h+maxMargin || out.w > w+maxMargin || out.c > maxChannels {
			return fail(fmt.Errorf("output of %d planes of %dx%d is too large for a frame of %dx%d", out.c, out.w, out.h, w, h))
		}
		name := n.Outputs[0]
		if _, ok := shapes[name]; ok || r.constants[name] != nil {
			return fail(fmt.Errorf("output name %q is not unique", name))
		}
		if err := checkName(name); err != nil {
			return fail(err)
		}
		shapes[name] = out
		steps = append(steps, step{op, inputs, name})
	}
	if got, ok := shapes[output]; !ok || len(steps) == 0 {
		return nil, fmt.Errorf("onnxexport: no node computes the output %q", output)
	} else if got != frame {
		return nil, fmt.Errorf("onnxexport: the output is %v for a frame of %v", got, frame)
	}
	for _, n := range g.Nodes {
		if !read[n.Outputs[0]] {
			return nil, fmt.Errorf("onnxexport: node %s: its output is never used", n.Name)
		}
	}
	for name := range r.constants {
		if !r.used[name] {
			return nil, fmt.Errorf("onnxexport: initializer %s is never used", name)
		}
	}
	return steps, nil
}

// checkName keeps clear of names to which Barracuda's importer gives a meaning
// of their own: it strips TensorFlow's ":0", and takes names of ML-Agents
// specially.
func checkName(name string) error {
	if name == "" || strings.HasSuffix(name, ":0") || strings.Contains(name, "sequence_length") {
		return fmt.Errorf("name %q is empty or reserved", name)
	}
	return nil
}

// checkInterface checks all but the nodes.
func (m *Model) checkInterface() (Profile, error) {
	p, err := m.Profile()
	if err != nil {
		return p, err
	}
	if len(m.Opsets) != 1 {
		return p, fmt.Errorf("onnxexport: %d operator sets, expected 1", len(m.Opsets))
	}
	// Up to IR 3 initializers had to be repeated among the inputs.
	if m.IRVersion < 4 || m.IRVersion > profiles[p].ir {
		return p, fmt.Errorf("onnxexport: IR version %d, expected 4 to %d", m.IRVersion, profiles[p].ir)
	}
	g := &m.Graph
	if len(g.Inputs) != 1 || len(g.Outputs) != 1 {
		return p, fmt.Errorf("onnxexport: %d inputs and %d outputs, expected one of each", len(g.Inputs), len(g.Outputs))
	}
	in, out := g.Inputs[0], g.Outputs[0]
	for _, v := range []ValueInfo{in, out} {
		if err := checkName(v.Name); err != nil {
			return p, fmt.Errorf("onnxexport: graph input or output: %w", err)
		}
		if v.DataType != Float32 || len(v.Dims) != 4 || v.Dims[0] != (Dim{Value: 1}) || v.Dims[1] != (Dim{Value: 3}) {
			return p, fmt.Errorf("onnxexport: %s is not float32 [1, 3, H, W] but %v", v.Name, v.Dims)
		}
	}
	for _, t := range g.Initializers {
		if t.Name == in.Name {
			return p, fmt.Errorf("onnxexport: initializer %s has the name of the input", t.Name)
		}
	}
	for i := 2; i < 4; i++ {
		a, b := in.Dims[i], out.Dims[i]
		switch {
		case p == Barracuda && (a.Param != "" || a != b):
			return p, fmt.Errorf("onnxexport: sizes %v and %v: the barracuda profile needs a fixed size, the same on input and output", a, b)
		case p == Runtime && (a.Param == "" || b.Param == "" || a.Param == b.Param):
			return p, fmt.Errorf("onnxexport: sizes %v and %v: the runtime profile needs two different symbols", a, b)
		}
	}
	if p == Runtime && in.Dims[2] == in.Dims[3] {
		return p, errors.New("onnxexport: height and width have the same symbol")
	}
	return p, nil
}
