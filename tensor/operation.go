package tensor

import "slices"

// Operation is a differentiable operation with its settings. Its methods work on
// the buffers of tensors, by the tape's backend, and apply no other operations:
// what consists of those is a function that calls them.
//
// Inputs are in the order given to Apply. Those that gradients do not flow to, and
// absent ones, which are nil, are among them; a gradient may read all of them and
// y, whose values stay until it has been computed.
type Operation interface {
	// Name is the operation's name in events, such as "conv2d".
	Name() string
	// Forward computes y, whose contents are undefined.
	Forward(tp *Tape, y *Tensor, in []*Tensor)
	// Backward computes the gradient of every input that GradFor has a buffer for
	// from that of y, which is y.GradBuffer().
	Backward(tp *Tape, y *Tensor, in []*Tensor)
}

// Apply runs an operation, whose result has the shape s, and records it if one of
// its inputs requires a gradient. All operations of a Tape are made with it, and
// so can those of other packages: O is a type, best a small struct of settings,
// whose pointer is an Operation. Absent inputs are nil.
//
// Values that Forward saves for Backward are inputs too: tensors made with
// Tape.New before and released after Apply.
func Apply[O any, P interface {
	*O
	Operation
}](tp *Tape, op O, s Shape, in ...*Tensor) *Tensor {
	return tp.apply(newNode[O, P](tp, op), tp.make(s, anyNeedsGrad(in)), in, false)
}

// Branch is Apply for what looks at tensors from the side, as losses do: the
// gradient is computed when Backward reaches those, and not at the outset, where
// the gradients of all losses of a network would take memory at once.
func Branch[O any, P interface {
	*O
	Operation
}](tp *Tape, op O, s Shape, in ...*Tensor) *Tensor {
	return tp.apply(newNode[O, P](tp, op), tp.make(s, anyNeedsGrad(in)), in, true)
}

// node is an applied operation.
type node struct {
	op Operation
	y  *Tensor
	in []*Tensor
}

// newNode returns a node for op, in the memory of the one that was applied at the
// same point of the step before.
func newNode[O any, P interface {
	*O
	Operation
}](tp *Tape, op O) *node {
	n := tp.nodes.next()
	p, ok := n.op.(P)
	if !ok {
		p = P(new(O))
		n.op = p
	}
	*p = op
	return n
}

// forget drops the tensors, and keeps the memory.
func (n *node) forget() {
	n.y = nil
	clear(n.in)
}

// apply computes y, and records n if gradients flow to y.
func (tp *Tape) apply(n *node, y *Tensor, in []*Tensor, branch bool) *Tensor {
	start := tp.begin()
	n.y, n.in = y, append(n.in[:0], in...)
	n.op.Forward(tp, y, n.in)
	if y.needsGrad {
		tp.record(n, branch)
	} else {
		n.forget()
	}
	tp.end(start, n.op.Name(), false, y.shape)
	return y
}

// record appends n, or with branch puts it right after the operations that made
// its inputs, and holds its tensors until its gradient has been computed.
func (tp *Tape) record(n *node, branch bool) {
	n.y.hold()
	for _, t := range n.in {
		t.hold()
	}
	at := len(tp.order)
	tp.order = append(tp.order, n)
	if !branch {
		return
	}
	for ; at > 0 && !slices.Contains(n.in, tp.order[at-1].y); at-- {
		tp.order[at] = tp.order[at-1]
	}
	tp.order[at] = n
}

// hold keeps t, which may be nil, until it is released once more.
func (t *Tensor) hold() {
	if t != nil && t.onTape {
		t.refs++
	}
}

func anyNeedsGrad(ts []*Tensor) bool {
	return slices.ContainsFunc(ts, func(t *Tensor) bool { return t != nil && t.needsGrad })
}
