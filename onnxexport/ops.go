package onnxexport

import (
	"fmt"
	"slices"
)

// shape is the size of a value: one image of c planes of h rows of w.
type shape struct{ c, h, w int }

// operation is a node whose constants and attributes have been read and
// checked.
type operation interface {
	// shape returns the output's shape, or an error if the node cannot take
	// inputs of these shapes.
	shape(in []shape) (shape, error)
	// eval computes the output from inputs that shape has accepted.
	eval(in []value) value
}

type (
	reflectPad  struct{ n int }
	convolution struct {
		out, in, kernel, stride int
		weight, bias            []float32
	}
	instanceNorm struct {
		scale, bias []float32
		epsilon     float64
	}
	relu     struct{}
	addition struct{}
	doubling struct{}
)

// resolver turns nodes into operations.
type resolver struct {
	profile   Profile
	constants map[string]*Tensor
	used      map[string]bool // constants that some node reads
}

// resolve returns the operation of n and the names of the values that it
// takes, which are its inputs less the constants.
func (r *resolver) resolve(n *Node) (operation, []string, error) {
	if n.Domain != "" {
		return nil, nil, fmt.Errorf("operator domain %q is not the standard one", n.Domain)
	}
	if len(n.Outputs) != 1 {
		return nil, nil, fmt.Errorf("%d outputs, expected 1", len(n.Outputs))
	}
	arity := map[string]int{"Conv": 3, "InstanceNormalization": 3, "Relu": 1, "Add": 2}
	if r.profile == Barracuda {
		arity["Pad"], arity["Upsample"] = 1, 2
	} else {
		arity["Pad"], arity["Resize"] = 2, 3
	}
	want, ok := arity[n.Op]
	if !ok {
		return nil, nil, fmt.Errorf("operator is not part of the %v profile", r.profile)
	}
	if len(n.Inputs) != want {
		return nil, nil, fmt.Errorf("%d inputs, expected %d", len(n.Inputs), want)
	}
	var op operation
	var err error
	switch n.Op {
	case "Pad":
		op, err = r.pad(n)
	case "Conv":
		op, err = r.conv(n)
	case "InstanceNormalization":
		op, err = r.norm(n)
	case "Relu":
		op, err = relu{}, n.attributes()
	case "Add":
		return addition{}, n.Inputs, n.attributes()
	case "Upsample", "Resize":
		op, err = r.double(n)
	}
	return op, n.Inputs[:1], err
}

// attributes checks that n has exactly the given attributes.
func (n *Node) attributes(want ...Attribute) error {
	for _, w := range want {
		if _, err := n.attribute(w.Name, w.Type); err != nil {
			return err
		}
	}
	for _, a := range n.Attributes {
		i := slices.IndexFunc(want, func(w Attribute) bool { return w.Name == a.Name })
		if i < 0 {
			return fmt.Errorf("unexpected attribute %s", a.Name)
		}
		w := want[i]
		if a.Int != w.Int || a.String != w.String || !slices.Equal(a.Ints, w.Ints) || a.Float != w.Float {
			return fmt.Errorf("attribute %s has an unexpected value", a.Name)
		}
	}
	return nil
}

// attribute returns the attribute called name.
func (n *Node) attribute(name string, t AttributeType) (Attribute, error) {
	for _, a := range n.Attributes {
		if a.Name == name && a.Type == t {
			return a, nil
		}
	}
	return Attribute{}, fmt.Errorf("attribute %s of type %d is missing", name, t)
}

func (r *resolver) constant(name string) (*Tensor, error) {
	t := r.constants[name]
	if t == nil {
		return nil, fmt.Errorf("%q is not a constant", name)
	}
	r.used[name] = true
	return t, nil
}

// floats returns a float32 constant and its dimensions, all of them positive.
func (r *resolver) floats(name string, rank int) ([]float32, []int, error) {
	t, err := r.constant(name)
	if err != nil {
		return nil, nil, err
	}
	v, err := t.Floats()
	if err != nil {
		return nil, nil, err
	}
	if len(t.Dims) != rank {
		return nil, nil, fmt.Errorf("%s has dimensions %v, expected %d of them", name, t.Dims, rank)
	}
	dims := make([]int, rank)
	n := int64(1)
	for i, d := range t.Dims {
		if d < 1 || d > maxSide {
			return nil, nil, fmt.Errorf("%s has dimensions %v", name, t.Dims)
		}
		dims[i] = int(d)
		n *= d // cannot overflow: Unmarshal has bounded the product by the file
	}
	if n != int64(len(v)) {
		return nil, nil, fmt.Errorf("%s has %d elements, its dimensions are %v", name, len(v), t.Dims)
	}
	return v, dims, nil
}

// vector returns a float32 constant of n elements.
func (r *resolver) vector(name string, n int) ([]float32, error) {
	v, dims, err := r.floats(name, 1)
	if err == nil && dims[0] != n {
		err = fmt.Errorf("%s has %d elements, expected %d", name, dims[0], n)
	}
	return v, err
}

func (r *resolver) pad(n *Node) (operation, error) {
	mode := stringAttribute("mode", "reflect")
	var pads []int64
	if r.profile == Barracuda {
		a, err := n.attribute("pads", AttributeInts)
		if err != nil {
			return nil, err
		}
		pads = a.Ints
		if err := n.attributes(mode, a); err != nil {
			return nil, err
		}
	} else {
		t, err := r.constant(n.Inputs[1])
		if err != nil {
			return nil, err
		}
		if pads, err = t.Int64s(); err != nil {
			return nil, err
		}
		if err := n.attributes(mode); err != nil {
			return nil, err
		}
	}
	if len(pads) != 8 || pads[2] < 0 || pads[2] > maxMargin {
		return nil, fmt.Errorf("pads are %v", pads)
	}
	if p := pads[2]; !slices.Equal(pads, []int64{0, 0, p, p, 0, 0, p, p}) {
		return nil, fmt.Errorf("pads are %v: expected the same on all sides of height and width only", pads)
	}
	return reflectPad{int(pads[2])}, nil
}

func (r *resolver) conv(n *Node) (operation, error) {
	weight, dims, err := r.floats(n.Inputs[1], 4)
	if err != nil {
		return nil, err
	}
	if dims[2] != dims[3] {
		return nil, fmt.Errorf("%s is not a square kernel: %v", n.Inputs[1], dims)
	}
	bias, err := r.vector(n.Inputs[2], dims[0])
	if err != nil {
		return nil, err
	}
	strides, err := n.attribute("strides", AttributeInts)
	if err != nil {
		return nil, err
	}
	if s := strides.Ints; len(s) != 2 || s[0] != s[1] || s[0] < 1 || s[0] > maxSide {
		return nil, fmt.Errorf("strides are %v", s)
	}
	k := int64(dims[2])
	err = n.attributes(intsAttribute("dilations", 1, 1), intAttribute("group", 1),
		intsAttribute("kernel_shape", k, k), intsAttribute("pads", 0, 0, 0, 0), strides)
	return convolution{
		out: dims[0], in: dims[1], kernel: dims[2], stride: int(strides.Ints[0]), weight: weight, bias: bias,
	}, err
}

func (r *resolver) norm(n *Node) (operation, error) {
	scale, dims, err := r.floats(n.Inputs[1], 1)
	if err != nil {
		return nil, err
	}
	bias, err := r.vector(n.Inputs[2], dims[0])
	if err != nil {
		return nil, err
	}
	epsilon, err := n.attribute("epsilon", AttributeFloat)
	if err != nil {
		return nil, err
	}
	if !(epsilon.Float > 0) {
		return nil, fmt.Errorf("epsilon is %v", epsilon.Float)
	}
	return instanceNorm{scale, bias, float64(epsilon.Float)}, n.attributes(epsilon)
}

func (r *resolver) double(n *Node) (operation, error) {
	attributes := []Attribute{stringAttribute("mode", "nearest")}
	if n.Op == "Resize" {
		attributes = append(attributes,
			stringAttribute("coordinate_transformation_mode", "asymmetric"), stringAttribute("nearest_mode", "floor"))
		if n.Inputs[1] != "" {
			return nil, fmt.Errorf("input roi must be empty")
		}
	}
	scales, err := r.vector(n.Inputs[len(n.Inputs)-1], 4)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(scales, []float32{1, 1, 2, 2}) {
		return nil, fmt.Errorf("scales are %v, expected [1 1 2 2]", scales)
	}
	return doubling{}, n.attributes(attributes...)
}

func (p reflectPad) shape(in []shape) (shape, error) {
	x := in[0]
	if p.n >= x.h || p.n >= x.w {
		return shape{}, fmt.Errorf("cannot reflect %d pixels of %dx%d", p.n, x.w, x.h)
	}
	return shape{x.c, x.h + 2*p.n, x.w + 2*p.n}, nil
}

func (c convolution) shape(in []shape) (shape, error) {
	x := in[0]
	if x.c != c.in {
		return shape{}, fmt.Errorf("input has %d channels, weights are for %d", x.c, c.in)
	}
	if x.h < c.kernel || x.w < c.kernel {
		return shape{}, fmt.Errorf("input of %dx%d is smaller than the kernel", x.w, x.h)
	}
	return shape{c.out, (x.h-c.kernel)/c.stride + 1, (x.w-c.kernel)/c.stride + 1}, nil
}

func (n instanceNorm) shape(in []shape) (shape, error) {
	if in[0].c != len(n.scale) {
		return shape{}, fmt.Errorf("input has %d channels, weights are for %d", in[0].c, len(n.scale))
	}
	return in[0], nil
}

func (relu) shape(in []shape) (shape, error) { return in[0], nil }

func (addition) shape(in []shape) (shape, error) {
	if in[0] != in[1] {
		return shape{}, fmt.Errorf("inputs have different shapes: %v and %v", in[0], in[1])
	}
	return in[0], nil
}

func (doubling) shape(in []shape) (shape, error) {
	return shape{in[0].c, 2 * in[0].h, 2 * in[0].w}, nil
}
