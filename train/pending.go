package train

import (
	"fmt"
	"math"
	"slices"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/train/dataset"
)

const (
	// maxAhead is how many steps the host may be ahead of the device: enough to
	// hide the loading of a batch, few enough that pictures do not pile up there.
	maxAhead = 2
	// maxPending is how many steps may wait for their results to be read.
	maxPending = 64
)

// pending are the steps that the backend was given and whose results nobody has
// read yet. A backend that queues operations would have to finish them all for
// that, and stand idle until it gets the next.
//
// Nobody looks at the losses before the weights change, so a guard on the backend
// does: it becomes NaN with the first loss or gradient that is not finite, and
// Adam then changes nothing any more, however many steps follow.
type pending struct {
	be     backend.Backend
	queuer backend.Queuer // nil if operations are done when their methods return
	opt    *nn.Adam
	guard  *tensor.Tensor
	steps  []*pendingStep // the first n wait, the others are memory for those to come
	n      int

	scalars []backend.Buffer
	values  []float32
}

// pendingStep is a step's batch and what is to be read of it.
type pendingStep struct {
	epoch, batch int
	images       int // of all ranks
	names        []string
	rate         float64          // of learning
	scalars      []*tensor.Tensor // the losses, then the square of the gradients' norm
	values       []float32        // of the scalars, once they are read
}

// newPending returns room for steps with the given number of losses: for one, which
// has to be read before the next, unless be queues operations and nobody else waits
// for them.
func newPending(be backend.Backend, opt *nn.Adam, losses int, shared bool) *pending {
	p := &pending{be: be, opt: opt, guard: tensor.New(be, backend.Scalar), steps: make([]*pendingStep, 1)}
	var queues bool
	if p.queuer, queues = be.(backend.Queuer); queues && !shared {
		p.steps = make([]*pendingStep, maxPending)
	}
	for i := range p.steps {
		p.steps[i] = &pendingStep{}
		for range losses + 1 {
			p.steps[i].scalars = append(p.steps[i].scalars, tensor.New(be, backend.Scalar))
		}
	}
	be.Fill(p.guard.Buffer(), 0)
	opt.Guard = p.guard
	return p
}

// full reports whether the results have to be read before the next step.
func (p *pending) full() bool { return p.n == len(p.steps) }

// add takes a step whose losses and gradients are computed, and updates the
// weights if these are finite.
func (p *pending) add(b *dataset.Batch, losses []*tensor.Tensor) {
	s := p.steps[p.n]
	p.n++
	s.epoch, s.batch, s.rate = b.Epoch, b.Index, p.opt.LR
	s.names, s.images = append(s.names[:0], b.Names...), max(b.Total, len(b.Indices))
	for i, l := range losses {
		p.watch(s.scalars[i], l)
	}
	p.watch(s.scalars[len(losses)], p.opt.GradSquares())
	p.opt.Step()
	if p.queuer != nil {
		p.queuer.Throttle(maxAhead)
	}
}

// watch keeps a copy of a scalar, and ruins the guard if it is not finite.
func (p *pending) watch(dst, src *tensor.Tensor) {
	p.be.Axpy(dst.Buffer(), src.Buffer(), 1, false)
	p.be.Axpy(p.guard.Buffer(), src.Buffer(), 0, true)
}

// read waits for the pending steps and returns them, valid until the next add. One
// that is not finite is the last: it and those after it have not happened.
func (p *pending) read() ([]*pendingStep, error) {
	steps := p.steps[:p.n]
	p.n = 0
	p.readScalars(steps)
	before := p.opt.Steps() - len(steps)
	if err := p.be.Sync(); err != nil {
		p.opt.SetSteps(before)
		return nil, fmt.Errorf("step %d: %w", before+1, err)
	}
	for i, s := range steps {
		if !s.finite() {
			p.be.Fill(p.guard.Buffer(), 0)
			p.opt.SetSteps(before + i)
			return steps[:i+1], nil
		}
	}
	return steps, nil
}

func (p *pending) readScalars(steps []*pendingStep) {
	p.scalars = p.scalars[:0]
	for _, s := range steps {
		for _, t := range s.scalars {
			p.scalars = append(p.scalars, t.Buffer())
		}
	}
	values := slices.Grow(p.values[:0], len(p.scalars))[:len(p.scalars)]
	p.values = values
	if p.queuer != nil {
		p.queuer.ReadScalars(values, p.scalars)
	} else {
		for i, b := range p.scalars {
			p.be.Read(values[i:i+1], b)
		}
	}
	for _, s := range steps {
		s.values, values = values[:len(s.scalars)], values[len(s.scalars):]
	}
}

func (p *pending) free() {
	p.guard.Free()
	for _, s := range p.steps {
		for _, t := range s.scalars {
			t.Free()
		}
	}
}

func (s *pendingStep) gradNorm() float64 { return math.Sqrt(float64(s.values[len(s.values)-1])) }

func (s *pendingStep) finite() bool {
	for _, v := range s.values {
		if v-v != 0 { // NaN, for infinity too
			return false
		}
	}
	return true
}
