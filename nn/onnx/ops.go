package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/impasto-go/impasto/internal/printable"
)

// shape is the size of a value: one image of c planes of h rows of w.
type shape struct {
	c, h, w int
	half    bool // its elements are float16
}

// operation is what a node does to pixels; its constants and attributes have been
// read and checked.
type operation interface {
	// shape returns the output's shape, or an error if the node cannot take
	// inputs of these shapes.
	shape(in []shape) (shape, error)
	// eval computes the output from inputs that shape has accepted.
	eval(in []value) value
}

type (
	// padding mirrors pixels at the edges, without repeating the last ones.
	padding struct{ top, left, bottom, right int }
	// crop takes a rectangle.
	crop        struct{ y, x, h, w int }
	convolution struct {
		out, in, kernel, stride int
		weight, bias            []float32
	}
	instanceNorm struct {
		scale, bias []float32
		epsilon     float64
	}
	relu struct{}
	clip struct{ low, high float64 }
	// sum adds two values, the second times a factor of 1 or -1.
	sum struct{ factor float64 }
	// affine multiplies and shifts, each channel (or all, by one number) its own way.
	affine struct{ scale, offset []float64 }
	// doubling repeats pixels, or interpolates between them.
	doubling struct{ linear bool }
	// convert changes the type of the elements, if at all.
	convert struct{ half bool }
)

// operationOf returns what n does to pixels. in holds its inputs that are constants,
// shapes those of the others.
func operationOf(n *Node, opset int64, in []*constant, shapes []shape) (operation, error) {
	x := shapes[0]
	if len(shapes) > 1 && n.Op != "Add" && n.Op != "Sub" {
		return nil, errors.New("it takes pixels by two inputs")
	}
	if len(in) > 0 && in[0] != nil && !slices.Contains([]string{"Add", "Sub", "Mul"}, n.Op) {
		return nil, errors.New("its first input is a constant")
	}
	switch n.Op {
	case "Pad":
		return padOf(n, opset, in)
	case "Conv":
		return convOf(n, in)
	case "InstanceNormalization":
		return normOf(n, in)
	case "Relu":
		return relu{}, n.only()
	case "Clip":
		return clipOf(n, in)
	case "Add", "Sub", "Mul", "Div":
		if err := n.only(); err != nil {
			return nil, err
		}
		if len(shapes) == 2 {
			return sum{map[string]float64{"Add": 1, "Sub": -1}[n.Op]}, nil
		}
		return affineOf(n, in, x)
	case "Upsample", "Resize":
		return doublingOf(n, opset, in, x)
	case "Slice":
		return cropOf(n, in, x)
	case "Identity", "Dropout":
		return convert{x.half}, n.only("ratio", "seed")
	case "Cast":
		to := DataType(n.integer("to", 0))
		if !to.isFloat() {
			return nil, fmt.Errorf("it makes element type %d of pixels", to)
		}
		return convert{to == Float16}, n.only("to")
	}
	return nil, errors.New("this operator on pixels is not part of these networks")
}

// vector returns a constant of n real numbers.
func vector(in []*constant, i, n int, what string) ([]float32, error) {
	if i >= len(in) || in[i] == nil {
		return nil, fmt.Errorf("its %s is not a constant", what)
	}
	if c := in[i]; len(c.floats) != n || len(c.dims) != 1 {
		return nil, fmt.Errorf("its %s has dimensions %v, expected [%d]", what, c.dims, n)
	}
	return in[i].floats, nil
}

func padOf(n *Node, opset int64, in []*constant) (operation, error) {
	pads := n.integers("pads")
	value := n.Attribute("value") != nil && n.Attribute("value").Float != 0
	if opset >= 11 {
		if len(in) < 2 || in[1] == nil || in[1].kind.isFloat() {
			return nil, errors.New("its pads are not constant integers")
		}
		pads = in[1].ints
		value = len(in) > 2 && in[2] != nil
	}
	if err := n.only("mode", "pads", "value"); err != nil {
		return nil, err
	}
	if len(pads) != 8 || len(in) > 3 || pads[0] != 0 || pads[1] != 0 || pads[4] != 0 || pads[5] != 0 {
		return nil, fmt.Errorf("pads are %v: expected height and width only", pads)
	}
	if slices.Min(pads) < 0 || slices.Max(pads) > maxMargin {
		return nil, fmt.Errorf("pads are %v", pads)
	}
	p := padding{int(pads[2]), int(pads[3]), int(pads[6]), int(pads[7])}
	if mode := n.text("mode", "constant"); p != (padding{}) && mode != "reflect" {
		return nil, fmt.Errorf("it pads with mode %s (a value: %v); these networks mirror (reflect)", printable.Name(mode), value)
	}
	return p, nil
}

func cropOf(n *Node, in []*constant, x shape) (operation, error) {
	if err := n.only("starts", "ends", "axes"); err != nil {
		return nil, err
	}
	spans, err := n.spans(in, []int64{1, int64(x.c), int64(x.h), int64(x.w)})
	if err != nil {
		return nil, err
	}
	c := crop{0, 0, x.h, x.w}
	for at, s := range spans {
		whole := s.count() == []int64{1, int64(x.c), int64(x.h), int64(x.w)}[at]
		switch {
		case s.step != 1 || s.count() < 1 || at < 2 && !whole:
			return nil, fmt.Errorf("it takes %d to %d in steps of %d along axis %d", s.start, s.end, s.step, at)
		case at == 2:
			c.y, c.h = int(s.start), int(s.count())
		case at == 3:
			c.x, c.w = int(s.start), int(s.count())
		}
	}
	return c, nil
}

func convOf(n *Node, in []*constant) (operation, error) {
	if len(in) < 2 || in[1] == nil || !in[1].kind.isFloat() {
		return nil, errors.New("its weights are not constant real numbers")
	}
	dims := in[1].dims
	if len(dims) != 4 || dims[2] != dims[3] || slices.Min(dims) < 1 || dims[2] > maxMargin {
		return nil, fmt.Errorf("its weights have dimensions %v, expected a square kernel", dims)
	}
	c := convolution{out: int(dims[0]), in: int(dims[1]), kernel: int(dims[2]), stride: 1, weight: in[1].floats}
	if len(in) > 2 {
		var err error
		if c.bias, err = vector(in, 2, c.out, "bias"); err != nil {
			return nil, err
		}
	} else {
		c.bias = make([]float32, c.out)
	}
	if s := n.integers("strides"); s != nil {
		if len(s) != 2 || s[0] != s[1] || s[0] < 1 || s[0] > maxMargin {
			return nil, fmt.Errorf("strides are %v", s)
		}
		c.stride = int(s[0])
	}
	if auto := n.text("auto_pad", "NOTSET"); auto != "NOTSET" && auto != "VALID" {
		return nil, fmt.Errorf("auto_pad %s pads with zeros; these networks mirror", printable.Name(auto))
	}
	if err := n.must("pads", 0); err != nil {
		return nil, fmt.Errorf("%w: it pads with zeros; these networks mirror", err)
	}
	if g := n.integer("group", 1); g != 1 {
		return nil, fmt.Errorf("it has %d groups, expected 1", g)
	}
	return c, errors.Join(n.must("dilations", 1), n.must("kernel_shape", dims[2]),
		n.only("auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"))
}

func normOf(n *Node, in []*constant) (operation, error) {
	if len(in) != 3 || in[1] == nil {
		return nil, errors.New("its scale is not a constant")
	}
	scale, err := vector(in, 1, in[1].count(), "scale")
	if err != nil {
		return nil, err
	}
	bias, err := vector(in, 2, len(scale), "bias")
	if err != nil {
		return nil, err
	}
	epsilon := 1e-5
	if a := n.Attribute("epsilon"); a != nil {
		epsilon = float64(a.Float)
	}
	if !(epsilon > 0 && epsilon < 1) {
		return nil, fmt.Errorf("its epsilon is %v", epsilon)
	}
	return instanceNorm{scale, bias, epsilon}, n.only("epsilon")
}

func clipOf(n *Node, in []*constant) (operation, error) {
	c := clip{math.Inf(-1), math.Inf(1)}
	for i, bound := range []struct {
		name string
		v    *float64
	}{{"min", &c.low}, {"max", &c.high}} {
		if a := n.Attribute(bound.name); a != nil {
			*bound.v = float64(a.Float)
		}
		if i+1 < len(in) && in[i+1] != nil {
			if len(in[i+1].floats) != 1 {
				return nil, fmt.Errorf("its %s is not a number", bound.name)
			}
			*bound.v = float64(in[i+1].floats[0])
		}
	}
	if !(c.low <= c.high) {
		return nil, fmt.Errorf("it clips to %v..%v", c.low, c.high)
	}
	if c == (clip{0, math.Inf(1)}) {
		return relu{}, n.only("min", "max")
	}
	return c, n.only("min", "max")
}

// affineOf is Add, Sub, Mul or Div of pixels and a constant.
func affineOf(n *Node, in []*constant, x shape) (operation, error) {
	var c *constant
	first := false // the constant comes first
	for i := range in {
		if in[i] != nil {
			c, first = in[i], i == 0
		}
	}
	if len(in) != 2 || c == nil || !c.kind.isFloat() {
		return nil, errors.New("its other operand is not a constant of real numbers")
	}
	perChannel := slices.Equal(c.dims, []int64{1, int64(x.c), 1, 1}) || slices.Equal(c.dims, []int64{int64(x.c), 1, 1})
	if !c.scalar() && !perChannel {
		return nil, fmt.Errorf("its other operand has dimensions %v, which is not a number for each of %d channels", c.dims, x.c)
	}
	a := affine{make([]float64, c.count()), make([]float64, c.count())}
	for i, f := range c.floats {
		v := float64(f)
		a.scale[i] = 1
		switch n.Op {
		case "Add":
			a.offset[i] = v
		case "Sub":
			if a.offset[i] = -v; first {
				a.scale[i], a.offset[i] = -1, v
			}
		case "Mul":
			a.scale[i] = v
		case "Div":
			a.scale[i] = 1 / v
		}
		if s := a.scale[i]; math.IsNaN(s) || math.IsInf(s, 0) || math.IsNaN(a.offset[i]) || math.IsInf(a.offset[i], 0) {
			return nil, fmt.Errorf("its other operand is %v", v)
		}
	}
	return a, nil
}

// doublingOf reads Upsample and Resize, whose factors stand in an attribute, in one
// of several inputs, or follow from sizes.
func doublingOf(n *Node, opset int64, in []*constant, x shape) (operation, error) {
	err := n.only("mode", "scales", "coordinate_transformation_mode", "nearest_mode", "cubic_coeff_a", "exclude_outside", "extrapolation_value")
	if err != nil {
		return nil, err
	}
	var factors []float32
	if a := n.Attribute("scales"); a != nil {
		factors = a.Floats
	}
	at := 1
	if n.Op == "Resize" && opset >= 11 {
		at = 2
	}
	if len(in) > at && in[at] != nil && in[at].count() > 0 {
		factors = in[at].floats
	} else if len(in) > 3 && in[3] != nil {
		if sizes := in[3].ints; len(sizes) == 4 && sizes[1] == int64(x.c) {
			factors = []float32{1, 1, float32(sizes[2]) / float32(x.h), float32(sizes[3]) / float32(x.w)}
		}
	}
	if !slices.Equal(factors, []float32{1, 1, 2, 2}) {
		return nil, fmt.Errorf("its factors are %v, expected constants 1, 1, 2, 2", factors)
	}
	coordinates, rounding := "asymmetric", "floor"
	if n.Op == "Resize" && opset >= 11 {
		coordinates = n.text("coordinate_transformation_mode", "half_pixel")
		rounding = n.text("nearest_mode", "round_prefer_floor")
	}
	halfPixel := coordinates == "half_pixel" || coordinates == "pytorch_half_pixel"
	switch mode := n.text("mode", "nearest"); {
	case mode == "linear" && halfPixel:
		return doubling{linear: true}, nil
	case mode == "nearest" && repeats(coordinates, rounding):
		return doubling{}, nil
	default:
		return nil, fmt.Errorf("it enlarges with mode %s, coordinates %s, rounding %s, which neither repeats pixels nor interpolates between their centers",
			printable.Name(mode), printable.Name(coordinates), printable.Name(rounding))
	}
}

// repeats tells whether a nearest Resize by 2 repeats each pixel: whether the two
// that are made of pixel i come from i, wherever it is.
func repeats(coordinates, rounding string) bool {
	const i = 1000
	for k, want := range []float64{i, i} {
		var from float64
		switch coordinates {
		case "asymmetric":
			from = (2*i + float64(k)) / 2
		case "half_pixel", "pytorch_half_pixel":
			from = (2*i+float64(k)+0.5)/2 - 0.5
		case "tf_half_pixel_for_nn":
			from = (2*i + float64(k) + 0.5) / 2
		default:
			return false
		}
		switch rounding {
		case "floor":
			from = math.Floor(from)
		case "ceil":
			from = math.Ceil(from)
		case "round_prefer_floor":
			from = math.Ceil(from - 0.5)
		case "round_prefer_ceil":
			from = math.Floor(from + 0.5)
		default:
			return false
		}
		if from != want {
			return false
		}
	}
	return true
}
