package onnx

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/impasto-go/impasto/internal/printable"
)

// layer is a convolution of the graph with what surrounds it, as in package arch.
type layer struct {
	node   int     // of the convolution
	input  mixture // what it takes, before enlarging and padding
	double *doubling
	pad    int
	conv   convolution
	norm   *instanceNorm
	relu   bool
}

// mixture is a weighted sum of what layers make, by their numbers; the frame is
// number -1. Whatever the order of its additions, one sum is one mixture.
type mixture map[int]float64

const theFrame = -1

// stage says how far the layer has come that a value belongs to.
type stage int

const (
	mixed      stage = iota // a sum of finished layers
	doubled                 // enlarged for a convolution
	padded                  // and padded
	convolved               // the convolution of the last layer
	normalized              // and its normalization
)

// symbol is what a value of the graph stands for.
type symbol struct {
	stage  stage
	sum    mixture   // of mixed, doubled and padded
	adjust *affine   // of the frame or of the last layer's planes; nil for none
	double *doubling // of doubled and padded
	pad    int
	layer  int // of convolved and normalized
}

// reading follows a plan from the frame to the output and finds the layers.
type reading struct {
	model   *Model
	plan    *plan
	uses    map[string]int
	symbols map[string]symbol
	layers  []layer
	before  *affine // what is done to the frame
	after   *affine // what is done to the last layer
	clip    *clip   // at last
	extend  bool    // the frame is extended to a size that fits, and the output cropped
}

// layersOf returns the layers of a plan.
func (m *Model) layersOf(p *plan) (*reading, error) {
	r := &reading{model: m, plan: p, uses: map[string]int{p.output: 1}, symbols: map[string]symbol{}}
	for _, s := range p.steps {
		for _, name := range s.inputs {
			r.uses[name]++
		}
	}
	r.symbols[p.input] = symbol{sum: mixture{theFrame: 1}}
	var refused RefusedError
	for _, s := range p.steps {
		in := make([]symbol, 0, 2)
		for _, name := range s.inputs {
			if v, ok := r.symbols[name]; ok {
				in = append(in, v)
			}
		}
		if len(in) < len(s.inputs) {
			continue // its reason is another node
		}
		v, err := r.follow(s, in)
		if err != nil {
			n := &m.Graph.Nodes[s.node]
			refused.Nodes = append(refused.Nodes, Refusal{s.node, n.Name, n.Op, err.Error()})
			continue
		}
		r.symbols[s.output] = v
	}
	if refused.Nodes != nil {
		return nil, &refused
	}
	return r, r.finish()
}

// follow returns what a step makes of values.
func (r *reading) follow(s step, in []symbol) (symbol, error) {
	x := in[0]
	if r.clip != nil {
		if _, ok := s.operation.(convert); !ok {
			return x, errors.New("it follows a Clip, which ends a network")
		}
	}
	switch op := s.operation.(type) {
	case convert:
		return x, nil
	case padding:
		return r.padding(x, op)
	case crop:
		return r.cropping(s, x, op)
	case doubling:
		x, err := r.finished(x)
		if x.adjust != nil {
			err = errors.New("it enlarges what is scaled or shifted")
		}
		x.stage, x.double = doubled, &op
		return x, err
	case convolution:
		return r.convolution(s, x, op)
	case instanceNorm:
		if x.stage != convolved || x.adjust != nil || r.uses[s.inputs[0]] != 1 {
			return x, errors.New("it normalizes what is not the output of a convolution alone")
		}
		r.layers[x.layer].norm = &op
		x.stage = normalized
		return x, nil
	case relu:
		if x.stage != normalized && x.stage != convolved || x.adjust != nil || r.layers[x.layer].relu || r.uses[s.inputs[0]] != 1 {
			return x, errors.New("it is not the activation of a layer alone")
		}
		r.layers[x.layer].relu = true
		return x, nil
	case affine:
		return r.affine(x, op)
	case sum:
		return r.sum(in[0], in[1], op.factor)
	case clip:
		if s.output != r.plan.output && r.uses[s.output] != 1 {
			return x, errors.New("it clips in the middle of a network")
		}
		r.clip = &op
		return x, nil
	}
	return x, errors.New("it has no place in these networks")
}

// finished turns a layer's own value into a mixture of one.
func (r *reading) finished(x symbol) (symbol, error) {
	switch x.stage {
	case mixed:
		return x, nil
	case convolved, normalized:
		return symbol{sum: mixture{x.layer: 1}, adjust: x.adjust}, nil
	}
	return x, errors.New("only a convolution can follow an enlarged or padded value")
}

func (r *reading) padding(x symbol, p padding) (symbol, error) {
	if p == (padding{}) {
		return x, nil
	}
	if isFrame(x) && p.top == 0 && p.left == 0 && !r.extend {
		r.extend = true
		return x, nil
	}
	if p.top != p.left || p.top != p.bottom || p.top != p.right {
		return x, fmt.Errorf("it pads by %d, %d, %d and %d; these networks pad all sides alike", p.top, p.left, p.bottom, p.right)
	}
	if x.stage != doubled {
		var err error
		if x, err = r.finished(x); err != nil {
			return x, err
		}
	}
	x.stage, x.pad = padded, p.top
	return x, nil
}

func isFrame(x symbol) bool { return x.stage == mixed && len(x.sum) == 1 && x.sum[theFrame] == 1 }

func (r *reading) cropping(s step, x symbol, c crop) (symbol, error) {
	in, frame := r.plan.shapes[s.inputs[0]], r.plan.shapes[r.plan.input]
	whole := c == crop{0, 0, in.h, in.w}
	if !whole && !(r.extend && c == crop{0, 0, frame.h, frame.w}) {
		return x, fmt.Errorf("it takes %dx%d pixels of %dx%d", c.w, c.h, in.w, in.h)
	}
	return x, nil
}

func (r *reading) convolution(s step, x symbol, c convolution) (symbol, error) {
	if x.stage != padded && x.stage != doubled {
		var err error
		if x, err = r.finished(x); err != nil {
			return x, err
		}
	}
	if x.adjust != nil {
		if _, ok := x.sum[theFrame]; !ok || len(r.layers) > 0 {
			return x, errors.New("it takes what is scaled or shifted between layers")
		}
		r.before = x.adjust
	}
	r.layers = append(r.layers, layer{node: s.node, input: x.sum, double: x.double, pad: x.pad, conv: c})
	return symbol{stage: convolved, layer: len(r.layers) - 1}, nil
}

// affine scales and shifts. A number for all, without a shift, only changes the
// factors of a mixture; the rest is kept to be multiplied into the first or the
// last convolution.
func (r *reading) affine(x symbol, a affine) (symbol, error) {
	x, err := r.finished(x)
	if err != nil {
		return x, err
	}
	scale, offset := a.at(0)
	if _, frame := x.sum[theFrame]; !frame && len(a.scale) == 1 && offset == 0 && x.adjust == nil {
		x.sum = maps.Clone(x.sum)
		for i := range x.sum {
			x.sum[i] *= scale
		}
		return x, nil
	}
	if len(x.sum) > 1 {
		return x, errors.New("it shifts the values between layers")
	}
	both := affine{make([]float64, 3), make([]float64, 3)}
	for c := range 3 {
		s1, o1 := 1.0, 0.0
		if x.adjust != nil {
			s1, o1 = x.adjust.at(c)
		}
		if len(a.scale) != 1 && len(a.scale) != 3 {
			return x, fmt.Errorf("it scales %d channels between layers", len(a.scale))
		}
		s2, o2 := a.at(c)
		both.scale[c], both.offset[c] = s1*s2, o1*s2+o2
	}
	x.adjust = &both
	return x, nil
}

func (r *reading) sum(x, y symbol, factor float64) (symbol, error) {
	x, err1 := r.finished(x)
	y, err2 := r.finished(y)
	if err := errors.Join(err1, err2); err != nil {
		return x, err
	}
	if x.adjust != nil || y.adjust != nil {
		return x, errors.New("it adds what is scaled or shifted")
	}
	all := maps.Clone(x.sum)
	for i, f := range y.sum {
		all[i] += factor * f
	}
	maps.DeleteFunc(all, func(_ int, f float64) bool { return f == 0 })
	return symbol{sum: all}, nil
}

// finish checks that the output is the last layer.
func (r *reading) finish() error {
	out := r.symbols[r.plan.output]
	out, err := r.finished(out)
	last := len(r.layers) - 1
	if err != nil || last < 0 || len(out.sum) != 1 || out.sum[last] == 0 || r.layers[last].conv.out != 3 {
		return fmt.Errorf("onnx: the output %s is not three planes that the last convolution makes", printable.Name(r.plan.output))
	}
	r.after = &affine{slices.Repeat([]float64{out.sum[last]}, 3), make([]float64, 3)}
	if out.adjust != nil {
		for c := range 3 {
			r.after.scale[c] *= out.adjust.scale[c]
			r.after.offset[c] = out.adjust.offset[c]
		}
	}
	return nil
}

// topology is a text of all but the weights, to tell two readings apart.
func (r *reading) topology() string {
	var text []byte
	for _, l := range r.layers {
		keys := slices.Sorted(maps.Keys(l.input))
		for _, k := range keys {
			text = fmt.Appendf(text, "%d*%v+", k, l.input[k])
		}
		text = fmt.Appendf(text, " %v %d %d %d %d %d %v %v\n", l.double, l.pad, l.conv.in, l.conv.out, l.conv.kernel, l.conv.stride, l.norm != nil, l.relu)
	}
	return string(text)
}
