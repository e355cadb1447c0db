package onnxexport

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/impasto-go/impasto/nn/onnx"

	"github.com/impasto-go/impasto/internal/printable"
)

// Where the rules come from.
const (
	specification   = "ONNX specification, github.com/onnx/onnx/blob/main/docs/IR.md and Operators.md"
	barracudaSource = "Barracuda 1.0.4 and 3.0.0, Editor/ONNXModelImporter.cs and ONNXModelConverter.cs"
	barracudaManual = "docs.unity3d.com/Packages/com.unity.barracuda@3.0/manual/SupportedOperators.html"
	barracudaRun    = "files run by Barracuda's own importer and CPU code, 1.0.4 and 3.0.0, under Mono"
	sentisManual    = "docs.unity3d.com/Packages/com.unity.ai.inference@2.2/manual/supported-operators.html"
	runtimePlanner  = "github.com/microsoft/onnxruntime/issues/1706"
	staticShapes    = "onnxruntime.ai/docs/tutorials/mobile/helpers/make-dynamic-shape-fixed.html, docs.nvidia.com/deeplearning/tensorrt (static shapes), github.com/microsoft/onnxruntime/pull/16282 (WebNN)"
	opencvSource    = "OpenCV 4.6, modules/dnn/src/onnx/onnx_importer.cpp"
)

// rule is something that the files of some profiles keep.
type rule struct {
	what     string
	source   string    // what says so
	profiles []Profile // nil for all
	check    func(*checked) error
}

// checked is a model under check.
type checked struct {
	*onnx.Model
	target    target
	in, out   onnx.ValueInfo
	constants map[string]bool // names of initializers
}

var rules = []rule{
	{"one operator set of the profile, and a file format not newer than it", specification, nil, versions},
	{"one input and one output of float32 [N, 3, H, W]", specification, nil, interfaces},
	{"only operators that the profile's programs have, in their standard form", barracudaManual + "; " + sentisManual + "; " + opencvSource, nil, operators},
	{"every value and every initializer has a name of its own and is used", barracudaSource, nil, names},
	{"fixed sizes, the same on input and output", staticShapes, []Profile{Static, OpenCV}, fixedSizes},
	{"sizes fixed or symbolic, the same on input and output", barracudaRun, []Profile{Barracuda, Sentis}, sameSizes},
	{"symbolic sizes, with symbols of the output's own: ONNX Runtime's memory planner believes equal ones", runtimePlanner, []Profile{ONNXRuntime}, ownSizes},
	{"attributes written out, weights and scales in initializers, no broadcasting", barracudaSource, []Profile{Barracuda}, explicit},
	{"no names to which the importer gives a meaning: TensorFlow's \":0\", ML-Agents' sequence_length", barracudaSource, []Profile{Barracuda}, reserved},
	{"no shapes of values in between, which hold for one frame size where the importer takes any", barracudaSource, []Profile{Barracuda}, noValues},
	{"no float16 values: tensors are float or int", sentisManual, []Profile{Sentis}, noHalfValues},
}

// Check returns an error unless m keeps the rules of a profile. The error names
// the rule and what it is taken from. Whether m computes the right thing is
// another question, which [Write] answers.
func Check(m *onnx.Model, p Profile) error {
	t, ok := targets[p]
	if !ok {
		return fmt.Errorf("onnxexport: unknown profile %d", int(p))
	}
	c := &checked{Model: m, target: t, constants: map[string]bool{}}
	for i := range m.Graph.Initializers {
		c.constants[m.Graph.Initializers[i].Name] = true
	}
	for _, r := range rules {
		if r.profiles != nil && !slices.Contains(r.profiles, p) {
			continue
		}
		if err := r.check(c); err != nil {
			return fmt.Errorf("onnxexport: profile %s wants %s (%s): %w", t.name, r.what, r.source, err)
		}
	}
	return nil
}

func versions(c *checked) error {
	if len(c.Opsets) != 1 || c.Opsets[0].Domain != "" {
		return fmt.Errorf("%d operator sets, expected the standard one", len(c.Opsets))
	}
	v := c.Opsets[0].Version
	if v < c.target.oldest || v > c.target.opsup {
		return fmt.Errorf("operator set version %d, expected %d to %d", v, c.target.oldest, c.target.opsup)
	}
	// Up to IR 3 initializers had to be repeated among the inputs.
	if c.IRVersion < 4 || c.IRVersion > irOf(v) {
		return fmt.Errorf("IR version %d, expected 4 to %d", c.IRVersion, irOf(v))
	}
	return nil
}

func interfaces(c *checked) error {
	g := &c.Graph
	if len(g.Inputs) != 1 || len(g.Outputs) != 1 {
		return fmt.Errorf("%d inputs and %d outputs", len(g.Inputs), len(g.Outputs))
	}
	c.in, c.out = g.Inputs[0], g.Outputs[0]
	for _, v := range []onnx.ValueInfo{c.in, c.out} {
		if v.Name == "" || v.DataType != onnx.Float32 || len(v.Dims) != 4 || v.Dims[1] != (onnx.Dim{Value: 3}) {
			return fmt.Errorf("%s is of type %d %v", printable.Name(v.Name), v.DataType, v.Dims)
		}
		if n := v.Dims[0]; n.Param == "" && n.Value < 1 || n.Param != "" && !c.target.openBatch {
			return fmt.Errorf("%s takes a batch of %v frames", printable.Name(v.Name), n)
		}
		for _, d := range v.Dims[2:] {
			if d.Param == "" && (d.Value < 1 || d.Value > maxSide) {
				return fmt.Errorf("%s has sizes %v", printable.Name(v.Name), v.Dims)
			}
		}
	}
	if c.in.Dims[0] != c.out.Dims[0] {
		return fmt.Errorf("a batch of %v frames goes in and %v come out", c.in.Dims[0], c.out.Dims[0])
	}
	if h := c.in.Dims[2]; h.Param != "" && h == c.in.Dims[3] {
		return errors.New("height and width have the same symbol")
	}
	return nil
}

// operators checks the whole graph for the frame that it declares, or a small one.
func operators(c *checked) error {
	h, w := int(c.in.Dims[2].Value), int(c.in.Dims[3].Value)
	if c.in.Dims[2].Param != "" {
		h = 64
	}
	if c.in.Dims[3].Param != "" {
		w = 96
	}
	values, err := c.Values(h, w)
	if err != nil {
		return err
	}
	for _, v := range values {
		if v.Name == c.out.Name && (v.DataType != onnx.Float32 || v.Dims[1].Value != 3 || v.Dims[2].Value != int64(h) || v.Dims[3].Value != int64(w)) {
			return fmt.Errorf("the output has type %d and dimensions %v for a frame of %dx%d", v.DataType, v.Dims, w, h)
		}
	}
	allowed := []string{"Pad", "Conv", "InstanceNormalization", "Relu", "Add"}
	if c.Opsets[0].Version < 10 {
		allowed = append(allowed, "Upsample")
	} else {
		allowed = append(allowed, "Resize")
	}
	if c.target.half > Single {
		allowed = append(allowed, "Cast")
	}
	if c.target.anySize {
		allowed = append(allowed, "Mul", "Shape", "Slice", "Neg", "Mod", "Concat")
	}
	for i := range c.Graph.Nodes {
		if n := &c.Graph.Nodes[i]; n.Domain != "" || !slices.Contains(allowed, n.Op) {
			return fmt.Errorf("node %d %s: operator %s", i, printable.Name(n.Name), printable.Name(n.Op))
		}
	}
	return nil
}

func names(c *checked) error {
	used := map[string]bool{c.out.Name: true}
	for i := range c.Graph.Nodes {
		for _, name := range c.Graph.Nodes[i].Inputs {
			used[name] = true
		}
	}
	for i := range c.Graph.Nodes {
		if n := &c.Graph.Nodes[i]; len(n.Outputs) != 1 || n.Outputs[0] == "" || !used[n.Outputs[0]] {
			return fmt.Errorf("node %d %s: its output is never used", i, printable.Name(n.Name))
		}
	}
	for name := range c.constants {
		if !used[name] {
			return fmt.Errorf("initializer %s is never used", printable.Name(name))
		}
	}
	if c.constants[c.in.Name] {
		return fmt.Errorf("initializer %s has the name of the input", printable.Name(c.in.Name))
	}
	return nil
}

func fixedSizes(c *checked) error {
	if c.in.Dims[2].Param != "" || c.in.Dims[3].Param != "" {
		return fmt.Errorf("the input has sizes %v", c.in.Dims)
	}
	return sameSizes(c)
}

func sameSizes(c *checked) error {
	if !slices.Equal(c.in.Dims, c.out.Dims) {
		return fmt.Errorf("the input has sizes %v, the output %v", c.in.Dims, c.out.Dims)
	}
	return nil
}

func ownSizes(c *checked) error {
	for i := 2; i < 4; i++ {
		if a, b := c.in.Dims[i], c.out.Dims[i]; a.Param == "" || b.Param == "" || a.Param == b.Param {
			return fmt.Errorf("the input has sizes %v, the output %v", c.in.Dims, c.out.Dims)
		}
	}
	return nil
}

func explicit(c *checked) error {
	attributes := map[string][]string{
		"Pad":                   {"mode", "pads"},
		"Conv":                  {"dilations", "group", "kernel_shape", "pads", "strides"},
		"InstanceNormalization": {"epsilon"},
		"Upsample":              {"mode"},
	}
	for i := range c.Graph.Nodes {
		n := &c.Graph.Nodes[i]
		for _, name := range attributes[n.Op] {
			if n.Attribute(name) == nil {
				return fmt.Errorf("node %d %s has no attribute %s", i, printable.Name(n.Name), name)
			}
		}
		for j, name := range n.Inputs {
			if constant := j > 0 && n.Op != "Add"; constant != c.constants[name] {
				return fmt.Errorf("input %d of node %d %s: %s", j, i, printable.Name(n.Name), printable.Name(name))
			}
		}
	}
	return nil
}

func reserved(c *checked) error {
	names := []string{c.in.Name, c.out.Name}
	for i := range c.Graph.Nodes {
		names = append(names, c.Graph.Nodes[i].Outputs...)
	}
	for _, name := range names {
		if strings.HasSuffix(name, ":0") || strings.Contains(name, "sequence_length") {
			return fmt.Errorf("the name %s", printable.Name(name))
		}
	}
	return nil
}

func noValues(c *checked) error {
	if n := len(c.Graph.Values); n > 0 {
		return fmt.Errorf("there are %d", n)
	}
	return nil
}

func noHalfValues(c *checked) error {
	for i := range c.Graph.Nodes {
		if n := &c.Graph.Nodes[i]; n.Op == "Cast" && (n.Attribute("to") == nil || n.Attribute("to").Int != int64(onnx.Float32)) {
			return fmt.Errorf("node %d %s makes another type", i, printable.Name(n.Name))
		}
	}
	return nil
}
