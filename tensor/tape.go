package tensor

import (
	"time"

	"github.com/impasto-go/impasto/tensor/backend"
)

// Tape runs operations on a backend and records those that gradients flow
// through, in order, so that Backward can walk them in reverse. Reuse one tape
// for all steps of a loop: after the first, nothing is allocated.
type Tape struct {
	be    backend.Backend
	conv  backend.ConvFuser // nil if the backend has no fused form
	norm  backend.NormFuser
	pool  backend.ConvPooler
	gate  backend.GradGater
	trace func(Event)
	ready func(*Tensor)

	tensors slab[Tensor]
	nodes   slab[node] // as they were applied
	order   []*node    // those recorded, last to be differentiated first
	next    *node      // in Backward, the one to be differentiated next, or nil
}

// Event describes one operation to a function set with Trace.
type Event struct {
	Op       string        // such as "conv2d"
	Backward bool          // the gradient of the operation
	Out      Shape         // shape of the operation's result
	Elapsed  time.Duration // including the wait for the backend
}

// NewTape returns an empty tape on be.
func NewTape(be backend.Backend) *Tape {
	tp := &Tape{be: be}
	tp.conv, _ = be.(backend.ConvFuser)
	tp.norm, _ = be.(backend.NormFuser)
	tp.pool, _ = be.(backend.ConvPooler)
	tp.gate, _ = be.(backend.GradGater)
	return tp
}

// Backend returns the backend the tape runs on.
func (tp *Tape) Backend() backend.Backend { return tp.be }

// Trace calls f after every operation, forward and backward, waiting for the
// backend each time so that durations are true. nil turns it off.
func (tp *Tape) Trace(f func(Event)) { tp.trace = f }

// OnGradient calls f from within Backward with each parameter, a tensor of the
// caller's that requires a gradient, as soon as its gradient is complete, so that
// something can be done with it while those of others are computed. nil turns it off.
func (tp *Tape) OnGradient(f func(*Tensor)) { tp.ready = f }

// Release tells the tape that the caller needs t no longer. Tensors that do not
// belong to a tape are left alone.
func (tp *Tape) Release(t *Tensor) {
	if t == nil || !t.onTape {
		return
	}
	if t.refs--; t.refs == 0 {
		tp.free(t)
	}
}

// Backward computes the gradients of the sum of losses, which are scalars, for
// every tensor that requires one, and forgets the recorded operations. Losses
// stay readable until Reset.
func (tp *Tape) Backward(losses ...*Tensor) {
	for _, l := range losses {
		if l.shape != backend.Scalar {
			fail("backward", "a loss must be a scalar", operand("loss", l))
		}
		if !l.needsGrad {
			continue
		}
		g, add := tp.GradFor(l)
		if add {
			panic("tensor: backward: the same loss is given twice")
		}
		tp.be.Fill(g, 1)
	}
	if tp.ready != nil {
		tp.countUses()
	}
	for i := len(tp.order) - 1; i >= 0; i-- {
		n := tp.order[i]
		if tp.next = nil; i > 0 {
			tp.next = tp.order[i-1]
		}
		if n.y.hasGrad {
			start := tp.begin()
			n.op.Backward(tp, n.y, n.in)
			tp.end(start, n.op.Name(), true, n.y.shape)
		}
		if n.y.grad != nil {
			tp.be.Free(n.y.grad)
			n.y.grad, n.y.hasGrad = nil, false
		}
		for _, t := range n.in {
			tp.Release(t)
			if tp.ready != nil {
				tp.used(t)
			}
		}
		tp.Release(n.y)
		n.forget()
	}
	tp.order = tp.order[:0]
}

// countUses notes how many operations each parameter is an input of.
func (tp *Tape) countUses() {
	for _, step := range [...]func(refs int) int{func(int) int { return 0 }, func(refs int) int { return refs + 1 }} {
		for _, n := range tp.order {
			for _, t := range n.in {
				if t.isParam() {
					t.refs = step(t.refs)
				}
			}
		}
	}
}

// used tells f of OnGradient of a parameter whose last operation was differentiated.
func (tp *Tape) used(t *Tensor) {
	if !t.isParam() {
		return
	}
	if t.refs--; t.refs == 0 {
		tp.ready(t)
	}
}

// Reset forgets all recorded operations and frees every tensor the tape made.
// Those tensors must not be used afterwards.
func (tp *Tape) Reset() {
	for _, n := range tp.order {
		n.forget()
	}
	tp.order = tp.order[:0]
	for i := range tp.tensors.used {
		tp.free(tp.tensors.at(i))
	}
	tp.tensors.used, tp.nodes.used = 0, 0
}

// New returns a tensor of the tape with undefined contents, such as one for values
// that an operation saves for its gradient. Gradients do not flow to it.
func (tp *Tape) New(s Shape) *Tensor { return tp.make(s, false) }

// make returns a new tensor on the tape. Gradients will flow to it if needsGrad.
func (tp *Tape) make(s Shape, needsGrad bool) *Tensor {
	t := tp.tensors.next()
	*t = Tensor{be: tp.be, shape: s, buf: tp.be.Alloc(s), needsGrad: needsGrad, onTape: true, refs: 1}
	return t
}

// takeOver returns a new tensor with the memory of x, which becomes unusable.
func (tp *Tape) takeOver(x *Tensor) *Tensor {
	t := tp.tensors.next()
	*t = Tensor{be: tp.be, shape: x.shape, buf: x.buf, onTape: true, refs: 1}
	x.buf = nil
	return t
}

func (tp *Tape) free(t *Tensor) {
	if t.buf != nil {
		tp.be.Free(t.buf)
		t.buf = nil
	}
	if t.grad != nil {
		tp.be.Free(t.grad)
		t.grad, t.hasGrad = nil, false
	}
}

// GradFor returns the buffer that an operation's gradient for its input t goes to,
// and whether it is to be added to what is there, or a nil buffer if t needs none.
func (tp *Tape) GradFor(t *Tensor) (g backend.Buffer, add bool) {
	if t == nil || !t.needsGrad {
		return nil, false
	}
	if t.grad == nil {
		t.grad = t.be.Alloc(t.shape)
	}
	add = t.hasGrad
	t.hasGrad = true
	return t.grad, add
}

// gates reports whether an operation that computes the gradient of x has to do it with
// the backend's GradGater: where it is the last one that does, and x is what comes next,
// the result of a ReLU.
func (tp *Tape) gates(x *Tensor) bool {
	if tp.gate == nil || tp.next == nil || tp.next.y != x {
		return false
	}
	c, ok := tp.next.op.(*conv2d)
	if !ok || !c.g.ReLU {
		return false
	}
	c.g.ReLU = false // in its gradient, which is all that is left of it
	return true
}

// passGrad adds alpha times the gradient of from to that of to. With last, from
// needs its gradient no longer and may hand its memory over.
func (tp *Tape) passGrad(to, from *Tensor, alpha float32, last bool) {
	if !to.needsGrad {
		return
	}
	if last && alpha == 1 && to.onTape && to.grad == nil {
		to.grad, to.hasGrad = from.grad, true
		from.grad, from.hasGrad = nil, false
		return
	}
	g, add := tp.GradFor(to)
	tp.be.Axpy(g, from.grad, alpha, add)
}

func (tp *Tape) begin() time.Time {
	if tp.trace == nil {
		return time.Time{}
	}
	return time.Now()
}

func (tp *Tape) end(start time.Time, op string, back bool, out Shape) {
	if tp.trace == nil {
		return
	}
	// Errors stay with the backend's next Sync by the caller of the step.
	_ = tp.be.Sync()
	tp.trace(Event{Op: op, Backward: back, Out: out, Elapsed: time.Since(start)})
}

// slab hands out pointers to elements of growing blocks and takes all of them
// back at once, so that a loop allocates only in its first round.
type slab[T any] struct {
	blocks [][]T
	used   int
}

const slabBlock = 64

func (s *slab[T]) next() *T {
	if s.used == len(s.blocks)*slabBlock {
		s.blocks = append(s.blocks, make([]T, slabBlock))
	}
	p := s.at(s.used)
	s.used++
	return p
}

func (s *slab[T]) at(i int) *T { return &s.blocks[i/slabBlock][i%slabBlock] }
