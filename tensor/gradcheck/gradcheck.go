// Package gradcheck compares the gradients of operations with finite differences,
// for tests of operations, layers and losses of one's own:
//
//	x := tensor.FromSlice(be, shape, gradcheck.Spaced(shape.Len(), 1)).RequireGrad()
//	err := gradcheck.Check(be, func(tp *tensor.Tape, in []*tensor.Tensor) *tensor.Tensor {
//		return MyOperation(tp, in[0])
//	}, x)
//
// It depends on package tensor alone.
package gradcheck

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// Func applies operations to inputs and returns their result, of any shape. It
// must give the same result each time.
type Func func(tp *tensor.Tape, in []*tensor.Tensor) *tensor.Tensor

// Checker has the settings of a check; the zero value is what Check uses.
type Checker struct {
	// Step is how far inputs are moved at most, half of it included; 0 means 1/64.
	// Where the result has a kink, such as ReLU's at zero, inputs must be further
	// from it than that.
	Step float64
	// Tolerance is how much of an input's largest gradient a gradient may be off,
	// besides what float32 rounding explains; 0 means 1e-3.
	Tolerance float64
}

// Error is a gradient that is wrong, or not there.
type Error struct {
	Input   int     // index of the input
	Element int     // index of its element, in NCHW order
	Got     float64 // the gradient
	Want    float64 // what finite differences say
	Allowed float64 // the largest difference that passes
	Problem string  // what was compared
}

// Error says which gradient is wrong by how much.
func (e *Error) Error() string {
	return fmt.Sprintf("gradcheck: input %d, element %d: %s: got %.6g, finite differences say %.6g ± %.2g",
		e.Input, e.Element, e.Problem, e.Got, e.Want, e.Allowed)
}

// Check compares the gradients of f at in, for each of those tensors that requires
// one, with finite differences. The tensors lie on be, and keep their values; their
// gradients are lost. The error is an *Error for the first gradient that is wrong.
func Check(be backend.Backend, f Func, in ...*tensor.Tensor) error {
	return Checker{}.Check(be, f, in...)
}

// Check is the function Check with the settings of c.
//
// The result is multiplied by random weights and summed up, in float64, before and
// after every element of an input is moved by four steps, whose differences cancel
// errors up to the fourth order. That the gradients of two passes add up is
// checked too, and that the first does not depend on what was in its memory.
func (c Checker) Check(be backend.Backend, f Func, in ...*tensor.Tensor) error {
	if c.Step == 0 {
		c.Step = 1. / 64
	}
	if c.Tolerance == 0 {
		c.Tolerance = 1e-3
	}
	p := &problem{Checker: c, be: be, tape: tensor.NewTape(be), f: f, in: in}
	p.weigh()
	defer p.weights.Free()
	once, twice, err := p.gradients()
	if err != nil {
		return err
	}
	for i, t := range in {
		if once[i] == nil {
			continue
		}
		if err := p.compare(i, t, once[i], twice[i]); err != nil {
			return err
		}
	}
	return nil
}

// problem is a check in progress.
type problem struct {
	Checker
	be      backend.Backend
	tape    *tensor.Tape
	f       Func
	in      []*tensor.Tensor
	weights *tensor.Tensor // of the result's elements
	w       []float32
}

// weigh makes the weights, whose size the result tells.
func (p *problem) weigh() {
	y := p.f(p.tape, p.in)
	rng := rand.New(rand.NewPCG(1, uint64(y.Len())))
	p.w = make([]float32, y.Len())
	for i := range p.w {
		p.w[i] = 0.5 + rng.Float32()
		if rng.IntN(2) == 0 {
			p.w[i] = -p.w[i]
		}
	}
	p.weights = tensor.FromSlice(p.be, y.Shape(), p.w)
	p.tape.Reset()
}

// gradients returns the gradients of all inputs that require one, after one pass
// and after another. One before them leaves memory to the gradients, full of NaN.
func (p *problem) gradients() (once, twice [][]float32, err error) {
	p.forget()
	defer p.forget()
	for i, t := range p.pass() {
		if p.in[i].RequiresGrad() && t == nil {
			return nil, nil, fmt.Errorf("gradcheck: input %d requires a gradient and got none", i)
		}
	}
	for _, t := range p.in {
		if g := t.GradBuffer(); g != nil {
			p.be.Fill(g, float32(math.NaN()))
		}
	}
	p.forget()
	return p.pass(), p.pass(), p.be.Sync()
}

// pass runs f forward and backward, and returns the gradients of its inputs.
func (p *problem) pass() (grads [][]float32) {
	defer p.tape.Reset()
	y := p.f(p.tape, p.in)
	p.tape.Backward(p.tape.Mean(p.tape.Mul(y, p.weights), float32(y.Len())))
	for _, t := range p.in {
		grads = append(grads, t.Grad())
	}
	return grads
}

// forget forgets the gradients.
func (p *problem) forget() {
	for _, t := range p.in {
		t.ZeroGrad()
	}
}

// compare compares the gradients of input i, which is t.
func (p *problem) compare(i int, t *tensor.Tensor, once, twice []float32) error {
	values := t.Values()
	defer t.Write(values)
	largest := 0.0
	for _, g := range once {
		largest = max(largest, math.Abs(float64(g)))
	}
	moved := append([]float32(nil), values...)
	at := func(e int, d float64) []float32 {
		moved[e] = float32(float64(values[e]) + d)
		t.Write(moved)
		moved[e] = values[e]
		defer p.tape.Reset()
		return p.f(p.tape, p.in).Values()
	}
	for e := range values {
		h := p.Step / 2
		near, noiseNear := p.difference(at(e, h), at(e, -h))
		far, noiseFar := p.difference(at(e, 2*h), at(e, -2*h))
		want := (8*near - far) / (12 * h)
		allowed := p.Tolerance*largest + (8*noiseNear+noiseFar)/(12*h)
		report := func(got float64, scale float64, problem string) error {
			if math.Abs(got-scale*want) <= scale*allowed {
				return nil
			}
			return &Error{i, e, got, scale * want, scale * allowed, problem}
		}
		if err := report(float64(once[e]), 1, "gradient"); err != nil {
			return err
		}
		if err := report(float64(twice[e]), 2, "sum of the gradients of two passes"); err != nil {
			return err
		}
	}
	return p.be.Sync()
}

// roundings is how many times the rounding error of one float32 operation the
// elements of a result may be off.
const roundings = 16

// difference returns the weighted sum of high - low, and what rounding may have
// done to it: results that are the same have not been rounded differently.
func (p *problem) difference(high, low []float32) (sum, noise float64) {
	for j, w := range p.w {
		if a, b := float64(high[j]), float64(low[j]); a != b {
			sum += float64(w) * (a - b)
			noise += math.Abs(float64(w)) * (math.Abs(a) + math.Abs(b)) * roundings * 0x1p-24
		}
	}
	return sum, noise
}

// Spaced returns n values between -2 and 2 in a random order that seed decides. No
// two of them, and none and zero, are closer than 2/n: up to 64 values, they are
// further from each other's maximum and from the kink of a ReLU than Check moves
// them.
func Spaced(n int, seed uint64) []float32 {
	v := make([]float32, n)
	for i, p := range rand.New(rand.NewPCG(seed, uint64(n))).Perm(n) {
		v[i] = (float32(p) + 0.5 - float32(n)/2) * 4 / float32(n)
		if n%2 == 1 {
			v[i] += 1 / float32(n)
		}
	}
	return v
}
