package tensor

import (
	"slices"
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
	trace func(Event)

	nodes   []node
	tensors slab[Tensor]

	convs    slab[convNode]
	norms    slab[normNode]
	relus    slab[reluNode]
	adds     slab[addNode]
	pads     slab[padNode]
	upsample slab[upsampleNode]
	pools    slab[poolNode]
	affines  slab[affineNode]
	grams    slab[gramNode]
	mses     slab[mseNode]
}

// Event describes one operation to a function set with Trace.
type Event struct {
	Op       string        // such as "conv2d"
	Backward bool          // the gradient of the operation
	Out      Shape         // shape of the operation's result
	Elapsed  time.Duration // including the wait for the backend
}

// node is a recorded operation.
type node interface {
	// output is the tensor whose gradient backward consumes.
	output() *Tensor
	// backward adds the gradients of the operation's inputs.
	backward(tp *Tape)
	// release gives up the tensors kept for backward.
	release(tp *Tape)
	// name is the operation's name in events.
	name() string
}

// NewTape returns an empty tape on be.
func NewTape(be backend.Backend) *Tape {
	tp := &Tape{be: be}
	tp.conv, _ = be.(backend.ConvFuser)
	tp.norm, _ = be.(backend.NormFuser)
	return tp
}

// Backend returns the backend the tape runs on.
func (tp *Tape) Backend() backend.Backend { return tp.be }

// Trace calls f after every operation, forward and backward, waiting for the
// backend each time so that durations are true. nil turns it off.
func (tp *Tape) Trace(f func(Event)) { tp.trace = f }

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
		g, add := tp.gradOf(l)
		if add {
			panic("tensor: backward: the same loss is given twice")
		}
		tp.be.Fill(g, 1)
	}
	for i := len(tp.nodes) - 1; i >= 0; i-- {
		n := tp.nodes[i]
		out := n.output()
		if out.hasGrad {
			start := tp.begin()
			n.backward(tp)
			tp.end(start, n.name(), true, out.shape)
		}
		if out.grad != nil {
			tp.be.Free(out.grad)
			out.grad, out.hasGrad = nil, false
		}
		n.release(tp)
		tp.nodes[i] = nil
	}
	tp.nodes = tp.nodes[:0]
}

// Reset forgets all recorded operations and frees every tensor the tape made.
// Those tensors must not be used afterwards.
func (tp *Tape) Reset() {
	clear(tp.nodes)
	tp.nodes = tp.nodes[:0]
	for i := range tp.tensors.used {
		tp.free(tp.tensors.at(i))
	}
	tp.tensors.used = 0
	tp.convs.used, tp.norms.used, tp.relus.used = 0, 0, 0
	tp.adds.used, tp.pads.used, tp.upsample.used = 0, 0, 0
	tp.pools.used, tp.affines.used, tp.grams.used, tp.mses.used = 0, 0, 0, 0
}

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

// keep holds t, which may be nil, until the recorded operation releases it.
func (tp *Tape) keep(t *Tensor) *Tensor {
	if t != nil && t.onTape {
		t.refs++
	}
	return t
}

// record appends an operation whose output gradients flow through.
func (tp *Tape) record(n node) {
	tp.keep(n.output())
	tp.nodes = append(tp.nodes, n)
}

// recordAfter records an operation right after those that made its inputs. Losses
// are such: what they send into a network is then computed when Backward reaches
// the layer that they look at, and not for all layers at the outset.
func (tp *Tape) recordAfter(n node, inputs ...*Tensor) {
	tp.record(n)
	at := len(tp.nodes) - 1
	for ; at > 0 && !slices.Contains(inputs, tp.nodes[at-1].output()); at-- {
		tp.nodes[at] = tp.nodes[at-1]
	}
	tp.nodes[at] = n
}

// gradOf returns the buffer that an operation's backward writes t's gradient to,
// and whether it must add to what is there.
func (tp *Tape) gradOf(t *Tensor) (g backend.Buffer, add bool) {
	if t.grad == nil {
		t.grad = t.be.Alloc(t.shape)
	}
	add = t.hasGrad
	t.hasGrad = true
	return t.grad, add
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
	g, add := tp.gradOf(to)
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
