package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/impasto-go/impasto/internal/printable"
)

// constant is a value that is known before a frame is: a weight, or what the
// graph computes from sizes.
type constant struct {
	kind   DataType
	dims   []int64
	floats []float32 // of real numbers
	ints   []int64   // of all others
}

func (c *constant) count() int { return max(len(c.floats), len(c.ints)) }

// scalar tells constants of one element.
func (c *constant) scalar() bool { return c.count() == 1 }

func integers(v ...int64) *constant {
	return &constant{kind: Int64, dims: []int64{int64(len(v))}, ints: v}
}

// elements returns the product of dims, or an error if it is more than limit.
func elements(dims []int64, limit int) (int, error) {
	n := 1
	for _, d := range dims {
		if d < 0 || d > 0 && n > limit/int(min(d, math.MaxInt32)) {
			return 0, fmt.Errorf("dimensions %v are impossible or too large", dims)
		}
		n *= int(d)
	}
	return n, nil
}

// alike returns a constant of c's kind with room for the elements of dims.
func (c *constant) alike(dims []int64, limit int) (*constant, error) {
	n, err := elements(dims, limit)
	if err != nil {
		return nil, err
	}
	r := &constant{kind: c.kind, dims: dims}
	if c.kind.isFloat() {
		r.floats = make([]float32, n)
	} else {
		r.ints = make([]int64, n)
	}
	return r, nil
}

// set copies element j of c to element i of r.
func (r *constant) set(i int, c *constant, j int) {
	if r.kind.isFloat() {
		r.floats[i] = c.floats[j]
	} else {
		r.ints[i] = c.ints[j]
	}
}

// axis returns the axis that a number stands for, where negative ones count from
// the end.
func axis(a int64, rank int) (int, error) {
	if a < 0 {
		a += int64(rank)
	}
	if a < 0 || a >= int64(max(rank, 1)) {
		return 0, fmt.Errorf("axis %d of %d", a, rank)
	}
	return int(a), nil
}

// fold computes a node whose inputs are all constants (nil: left out), in
// little more elements than limit. It knows what exporters write to compute
// sizes and pads.
func fold(n *Node, in []*constant, limit int) (*constant, error) {
	if len(in) == 0 && n.Op != "Constant" || len(in) > 0 && in[0] == nil {
		return nil, errors.New("its first input is missing")
	}
	second := func() (*constant, error) {
		if len(in) < 2 || in[1] == nil {
			return nil, errors.New("its second input is missing")
		}
		return in[1], nil
	}
	switch n.Op {
	case "Constant":
		return literal(n)
	case "Identity":
		return in[0], nil
	case "Shape":
		return integers(in[0].dims...), n.only()
	case "Size":
		return &constant{kind: Int64, ints: []int64{int64(in[0].count())}}, nil
	case "ConstantOfShape":
		return filled(n, in[0], limit)
	case "Cast":
		return cast(in[0], DataType(n.integer("to", int64(Float32))))
	case "Concat":
		return concat(in, n.integer("axis", 0), limit)
	case "Gather":
		index, err := second()
		if err != nil {
			return nil, err
		}
		return gather(in[0], index, n.integer("axis", 0), limit)
	case "Slice":
		return slice(n, in, limit)
	case "Squeeze", "Unsqueeze":
		return squeeze(n, in)
	case "Reshape":
		to, err := second()
		if err != nil {
			return nil, err
		}
		return reshape(in[0], to.ints)
	case "Transpose":
		return transpose(in[0], n.integers("perm"), limit)
	case "Add", "Sub", "Mul", "Div", "Mod", "Min", "Max":
		other, err := second()
		if err != nil {
			return nil, err
		}
		return elementwise(n.Op, in[0], other, limit)
	case "Neg", "Floor", "Ceil":
		return unary(n.Op, in[0], limit)
	}
	return nil, errors.New("this operator on constants is not known")
}

// literal returns the value of a Constant node.
func literal(n *Node) (*constant, error) {
	if len(n.Attributes) != 1 {
		return nil, fmt.Errorf("%d attributes, expected 1", len(n.Attributes))
	}
	switch a := n.Attributes[0]; {
	case a.Name == "value" && a.Tensor != nil:
		return a.Tensor.constant()
	case a.Name == "value_float":
		return &constant{kind: Float32, floats: []float32{a.Float}}, nil
	case a.Name == "value_floats":
		return &constant{kind: Float32, dims: []int64{int64(len(a.Floats))}, floats: a.Floats}, nil
	case a.Name == "value_int":
		return &constant{kind: Int64, ints: []int64{a.Int}}, nil
	case a.Name == "value_ints":
		return integers(a.Ints...), nil
	default:
		return nil, fmt.Errorf("attribute %s does not hold numbers", printable.Name(a.Name))
	}
}

// constant decodes the tensor.
func (t *Tensor) constant() (c *constant, err error) {
	c = &constant{kind: t.DataType, dims: t.Dims}
	if t.DataType.isFloat() {
		c.floats, err = t.Floats()
	} else {
		c.ints, err = t.Integers()
	}
	if err != nil {
		return nil, err
	}
	if n, err := elements(t.Dims, math.MaxInt32); err != nil || n != c.count() {
		return nil, fmt.Errorf("%s has %d elements, its dimensions are %v", printable.Name(t.Name), c.count(), t.Dims)
	}
	return c, nil
}

// filled is ConstantOfShape.
func filled(n *Node, dims *constant, limit int) (*constant, error) {
	value := &constant{kind: Float32, floats: []float32{0}}
	if a := n.Attribute("value"); a != nil && a.Tensor != nil {
		v, err := a.Tensor.constant()
		if err != nil {
			return nil, err
		}
		if !v.scalar() {
			return nil, fmt.Errorf("a value of %d elements", v.count())
		}
		value = v
	}
	r, err := value.alike(dims.ints, limit)
	if err != nil {
		return nil, err
	}
	for i := range r.count() {
		r.set(i, value, 0)
	}
	return r, nil
}

func cast(c *constant, to DataType) (*constant, error) {
	r := &constant{kind: to, dims: c.dims}
	if widths[to] == 0 {
		return nil, fmt.Errorf("a cast to element type %d", to)
	}
	switch {
	case to.isFloat() && c.kind.isFloat():
		if r.floats = c.floats; to == Float16 {
			r.floats = make([]float32, len(c.floats))
			for i, v := range c.floats {
				r.floats[i] = RoundHalf(v)
			}
		}
	case to.isFloat():
		r.floats = make([]float32, len(c.ints))
		for i, v := range c.ints {
			r.floats[i] = float32(v)
		}
	case c.kind.isFloat():
		r.ints = make([]int64, len(c.floats))
		for i, v := range c.floats {
			r.ints[i] = int64(v)
		}
	default:
		r.ints = c.ints
	}
	return r, nil
}

// concat joins vectors; sizes and pads are nothing else.
func concat(in []*constant, at int64, limit int) (*constant, error) {
	if at != 0 && at != -1 {
		return nil, fmt.Errorf("constants are joined along axis %d", at)
	}
	r := &constant{kind: in[0].kind}
	for _, c := range in {
		if c == nil || c.kind != r.kind || len(c.dims) != 1 {
			return nil, errors.New("only vectors of one type can be joined")
		}
		r.floats, r.ints = append(r.floats, c.floats...), append(r.ints, c.ints...)
		if r.count() > limit {
			return nil, errors.New("the result is too large")
		}
	}
	r.dims = []int64{int64(r.count())}
	return r, nil
}

// gather takes elements of a vector, or rows of a matrix.
func gather(c, index *constant, at int64, limit int) (*constant, error) {
	if at != 0 || len(c.dims) == 0 || len(index.dims) > 1 {
		return nil, fmt.Errorf("elements of dimensions %v are taken along axis %d", c.dims, at)
	}
	row := 1
	for _, d := range c.dims[1:] {
		row *= int(d)
	}
	r, err := c.alike(append(slices.Clone(index.dims), c.dims[1:]...), limit)
	if err != nil {
		return nil, err
	}
	for i, j := range index.ints {
		from, err := axis(j, int(c.dims[0]))
		if err != nil || int(c.dims[0]) == 0 {
			return nil, fmt.Errorf("index %d of %d elements", j, c.dims[0])
		}
		for k := range row {
			r.set(i*row+k, c, from*row+k)
		}
	}
	return r, nil
}

// slice takes a range along one axis of a constant; opset 9 has it in attributes,
// later ones in inputs.
func slice(n *Node, in []*constant, limit int) (*constant, error) {
	c := in[0]
	spans, err := n.spans(in, c.dims)
	if err != nil {
		return nil, err
	}
	for at, s := range spans {
		dims := slices.Clone(c.dims)
		dims[at] = s.count()
		r, err := c.alike(dims, limit)
		if err != nil {
			return nil, err
		}
		inner := 1
		for _, d := range dims[at+1:] {
			inner *= int(d)
		}
		for i := range r.count() {
			block, rest := i/inner, i%inner
			outer, k := block/int(max(dims[at], 1)), int64(block)%max(dims[at], 1)
			r.set(i, c, (outer*int(c.dims[at])+int(s.start+k*s.step))*inner+rest)
		}
		c = r
	}
	return c, nil
}

// span is what Slice takes along one axis.
type span struct{ start, end, step int64 }

func (s span) count() int64 {
	if s.step > 0 {
		return max(0, (s.end-s.start+s.step-1)/s.step)
	}
	return max(0, (s.start-s.end-s.step-1)/-s.step)
}

// spans returns what a Slice takes of a value of the given dimensions, by axis;
// axes that it leaves alone are missing.
func (n *Node) spans(in []*constant, dims []int64) (map[int]span, error) {
	starts, ends, axes, steps := n.integers("starts"), n.integers("ends"), n.integers("axes"), []int64(nil)
	for i, list := range []*[]int64{&starts, &ends, &axes, &steps} {
		if len(in) > i+1 && in[i+1] != nil {
			*list = in[i+1].ints
		}
	}
	if len(starts) != len(ends) || len(starts) > len(dims) || axes != nil && len(axes) != len(starts) || steps != nil && len(steps) != len(starts) {
		return nil, fmt.Errorf("starts %v, ends %v, axes %v and steps %v do not fit", starts, ends, axes, steps)
	}
	spans := map[int]span{}
	for i := range starts {
		at, step := i, int64(1)
		if axes != nil {
			var err error
			if at, err = axis(axes[i], len(dims)); err != nil {
				return nil, err
			}
		}
		if steps != nil {
			step = steps[i]
		}
		if _, twice := spans[at]; twice || step == 0 || step == math.MinInt64 {
			return nil, fmt.Errorf("axes %v and steps %v", axes, steps)
		}
		size := dims[at]
		clip := func(v, low, high int64) int64 {
			if v < 0 {
				v = max(v, -size-1) + size
			}
			return min(max(v, low), high)
		}
		if step > 0 {
			spans[at] = span{clip(starts[i], 0, size), clip(ends[i], 0, size), min(step, max(size, 1))}
		} else {
			spans[at] = span{clip(starts[i], 0, size-1), clip(ends[i], -1, size-1), max(step, -max(size, 1))}
		}
	}
	return spans, nil
}

// squeeze removes dimensions of 1 or adds them.
func squeeze(n *Node, in []*constant) (*constant, error) {
	axes := n.integers("axes")
	if len(in) > 1 && in[1] != nil {
		axes = in[1].ints
	}
	c := *in[0]
	if n.Op == "Squeeze" {
		remaining := make([]int64, 0, len(c.dims))
		for i, d := range c.dims {
			if d == 1 && (axes == nil || slices.Contains(axes, int64(i)) || slices.Contains(axes, int64(i-len(c.dims)))) {
				continue
			}
			remaining = append(remaining, d)
		}
		c.dims = remaining
		return &c, nil
	}
	if len(c.dims)+len(axes) > 8 {
		return nil, errors.New("too many dimensions")
	}
	rank := len(c.dims) + len(axes)
	dims, rest := make([]int64, 0, rank), c.dims
	for i := range rank {
		if slices.Contains(axes, int64(i)) || slices.Contains(axes, int64(i-rank)) || len(rest) == 0 {
			dims = append(dims, 1)
			continue
		}
		dims, rest = append(dims, rest[0]), rest[1:]
	}
	c.dims = dims
	return &c, nil
}

func reshape(c *constant, to []int64) (*constant, error) {
	dims, unknown, product := slices.Clone(to), -1, 1
	if len(to) > 8 {
		return nil, errors.New("too many dimensions")
	}
	for i, d := range dims {
		switch {
		case d == 0 && i < len(c.dims):
			dims[i] = c.dims[i]
		case d == -1 && unknown < 0:
			unknown, dims[i] = i, 1
		}
	}
	product, err := elements(dims, math.MaxInt32)
	if err == nil && unknown >= 0 && product > 0 {
		dims[unknown] = int64(c.count() / product)
		product *= int(dims[unknown])
	}
	if err != nil || product != c.count() {
		return nil, fmt.Errorf("%d elements do not fit dimensions %v", c.count(), to)
	}
	r := *c
	r.dims = dims
	return &r, nil
}

func transpose(c *constant, perm []int64, limit int) (*constant, error) {
	rank := len(c.dims)
	if perm == nil {
		for i := range rank {
			perm = append(perm, int64(rank-1-i))
		}
	}
	sorted := slices.Sorted(slices.Values(perm))
	if len(perm) != rank || rank > 0 && (sorted[0] != 0 || sorted[rank-1] != int64(rank-1) || len(slices.Compact(sorted)) != rank) {
		return nil, fmt.Errorf("dimensions %v cannot be put in the order %v", c.dims, perm)
	}
	strides, dims := make([]int, rank), make([]int64, rank)
	for i, step := rank-1, 1; i >= 0; i-- {
		strides[i] = step
		step *= int(c.dims[i])
	}
	for i, p := range perm {
		dims[i] = c.dims[p]
	}
	r, err := c.alike(dims, limit)
	if err != nil {
		return nil, err
	}
	for i := range r.count() {
		from, rest := 0, i
		for k := rank - 1; k >= 0; k-- {
			from += rest % int(dims[k]) * strides[perm[k]]
			rest /= int(dims[k])
		}
		r.set(i, c, from)
	}
	return r, nil
}

// elementwise computes an operator of two constants of equal dimensions, or of one
// and a scalar.
func elementwise(op string, a, b *constant, limit int) (*constant, error) {
	large := a
	if a.scalar() {
		large = b
	}
	if a.kind != b.kind || !a.scalar() && !b.scalar() && !slices.Equal(a.dims, b.dims) {
		return nil, fmt.Errorf("constants of dimensions %v and %v", a.dims, b.dims)
	}
	r, err := large.alike(large.dims, limit)
	if err != nil {
		return nil, err
	}
	at := func(c *constant, i int) int {
		if c.scalar() {
			return 0
		}
		return i
	}
	for i := range r.floats {
		r.floats[i] = arithmetic(op, a.floats[at(a, i)], b.floats[at(b, i)])
	}
	for i := range r.ints {
		x, y := a.ints[at(a, i)], b.ints[at(b, i)]
		switch {
		case (op == "Div" || op == "Mod") && (y == 0 || y == -1):
			return nil, fmt.Errorf("%d divided by %d", x, y)
		case op == "Mod":
			r.ints[i] = (x%y + y) % y
		default:
			r.ints[i] = arithmetic(op, x, y)
		}
	}
	return r, nil
}

func arithmetic[T float32 | int64](op string, a, b T) T {
	switch op {
	case "Add":
		return a + b
	case "Sub":
		return a - b
	case "Mul":
		return a * b
	case "Div":
		return a / b
	case "Min":
		return min(a, b)
	case "Max":
		return max(a, b)
	default: // Mod of real numbers, which no exporter writes
		return T(math.Mod(float64(a), float64(b)))
	}
}

func unary(op string, c *constant, limit int) (*constant, error) {
	r, err := c.alike(c.dims, limit)
	if err != nil {
		return nil, err
	}
	for i, v := range c.floats {
		switch op {
		case "Neg":
			r.floats[i] = -v
		case "Floor":
			r.floats[i] = float32(math.Floor(float64(v)))
		case "Ceil":
			r.floats[i] = float32(math.Ceil(float64(v)))
		}
	}
	for i, v := range c.ints {
		if r.ints[i] = v; op == "Neg" {
			r.ints[i] = -v
		}
	}
	return r, nil
}
