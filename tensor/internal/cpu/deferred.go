package cpu

import "github.com/impasto-go/impasto/tensor/internal/f32"

// deferredNorm is a normalization of a planar tensor that its contents still wait
// for. A direct convolution, which copies the rows that it reads anyway, normalizes
// them on the way, and so does a normalization whose residual it is; whoever else asks
// for the tensor has it done first.
type deferredNorm struct {
	by           *Backend
	relu         bool
	scale, shift []float32 // of each plane
	minusMean    []float32 // of planes to be centered first, otherwise 0
}

// norms are records for reuse.
type norms struct{ free []*deferredNorm }

// postpone puts off the normalization t of the planes of x, whose statistics are
// merged.
func (b *Backend) postpone(x *buffer, t *normTask, planes int) {
	spare := own[norms](b)
	if len(spare.free) == 0 {
		spare.free = append(spare.free, new(deferredNorm))
	}
	last := len(spare.free) - 1
	n := spare.free[last]
	spare.free = spare.free[:last]
	x.deferred = n
	n.by, n.relu = b, t.g.ReLU
	n.scale, n.shift, n.minusMean = n.scale[:0], n.shift[:0], n.minusMean[:0]
	for plane := range planes {
		scale, shift := t.coefficients(plane)
		minusMean := float32(0)
		if t.centers(plane) {
			minusMean, shift = -t.mean[plane], t.beta[plane%t.channels]
		}
		n.scale = append(n.scale, scale)
		n.shift = append(n.shift, shift)
		n.minusMean = append(n.minusMean, minusMean)
	}
}

// apply normalizes x, which belongs to a plane.
func (n *deferredNorm) apply(dst, x []float32, plane int) {
	if m := n.minusMean[plane]; m != 0 {
		f32.ScaleShift(dst, x, nil, 1, m, 0, false)
		x = dst
	}
	f32.ScaleShift(dst, x, nil, n.scale[plane], n.shift[plane], 0, n.relu)
}

// settleTask does what was put off, a piece of a plane per part.
type settleTask struct {
	x *buffer
	n *deferredNorm
}

func (t *settleTask) do(i, _ int) {
	pixels := t.x.shape[2] * t.x.shape[3]
	pieces := (pixels + normPiece - 1) / normPiece
	plane, from := i/pieces, i%pieces*normPiece
	x := t.x.data[plane*pixels+from:][:min(normPiece, pixels-from)]
	t.n.apply(x, x, plane)
}

// settle does what was put off.
func (b *buffer) settle() {
	n := b.deferred
	t := own[settleTask](n.by)
	*t = settleTask{b, n}
	pixels := b.shape[2] * b.shape[3]
	n.by.run(len(n.scale)*((pixels+normPiece-1)/normPiece), t)
	b.forgo()
}

// forgo gives up what was put off, if anything.
func (b *buffer) forgo() {
	if n := b.deferred; n != nil {
		spare := own[norms](n.by)
		spare.free = append(spare.free, n)
		b.deferred = nil
	}
}
