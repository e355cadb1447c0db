package dataset

import (
	"context"
	"sync/atomic"

	"github.com/impasto-go/impasto/nn/imageio"
)

// pending is a batch in the making.
type pending struct {
	Batch
	bad  [][]BadFile // for each picture, those it replaces
	left atomic.Int32
	done chan struct{} // receives when left reaches 0
}

func newPending(batchSize, size int) *pending {
	return &pending{
		Batch: Batch{
			Size: size, Data: make([]float32, batchSize*3*size*size),
			Indices: make([]int, batchSize), Names: make([]string, batchSize),
		},
		bad:  make([][]BadFile, batchSize),
		done: make(chan struct{}, 1),
	}
}

// resize sets the number of pictures, up to the batch size.
func (p *pending) resize(n int) {
	p.Data = p.Data[:n*3*p.Size*p.Size]
	p.Indices, p.Names, p.bad = p.Indices[:n], p.Names[:n], p.bad[:n]
	p.left.Store(int32(n))
}

// list makes Bad the list of all that was replaced.
func (p *pending) list() {
	p.Bad = p.Bad[:0]
	for _, bad := range p.bad {
		p.Bad = append(p.Bad, bad...)
	}
}

// job asks for the picture with the given index in a slot of a batch.
type job struct {
	batch       *pending
	slot, index int
}

// schedule hands out the pictures of one batch after the other.
func (l *Loader) schedule(ctx context.Context) {
	defer close(l.ready)
	first := l.opts.StartBatch
	for epoch := l.opts.StartEpoch; l.opts.Epochs == 0 || epoch < l.opts.Epochs; epoch++ {
		if !l.scheduleEpoch(ctx, epoch, first) {
			return
		}
		first = 0
	}
}

func (l *Loader) scheduleEpoch(ctx context.Context, epoch, first int) bool {
	n := l.src.Len()
	index := func(i int) int { return i }
	var order []int
	if o, ok := l.src.(Ordered); ok {
		order = o.Order(l.opts.Seed, epoch, l.opts.Shuffle)
	} else if l.opts.Shuffle {
		order = Order(l.opts.Seed, epoch, n)
	}
	if order != nil {
		index = func(i int) int { return order[i] }
	}
	for b := first; b < Batches(n, l.opts.BatchSize); b++ {
		var p *pending
		select {
		case p = <-l.free:
		case <-ctx.Done():
			return false
		}
		at := b * l.opts.BatchSize
		p.Epoch, p.Index, p.Total = epoch, b, min(l.opts.BatchSize, n-at)
		first, end := Part(p.Total, l.opts.Rank, l.opts.Ranks)
		p.First = first
		p.resize(end - first)
		at += first
		l.ready <- p // never blocks: there is room for all batches
		if end == first {
			p.done <- struct{}{}
		}
		for slot := range p.Indices {
			select {
			case l.jobs <- job{p, slot, index(at + slot)}:
			case <-ctx.Done():
				return false
			}
		}
	}
	return true
}

// decode does jobs until ctx ends.
func (l *Loader) decode(ctx context.Context) {
	var resizer imageio.Resizer
	square := &imageio.Image{}
	for {
		select {
		case j := <-l.jobs:
			l.fill(j, &resizer, square)
			if j.batch.left.Add(-1) == 0 {
				j.batch.done <- struct{}{}
			}
		case <-ctx.Done():
			return
		}
	}
}

// fill loads the picture of a job or, where it is bad, the next good one of the
// source, starting over at its end. It gives up when what it met alone exceeds
// the limit: Next will stop there.
func (l *Loader) fill(j job, resizer *imageio.Resizer, square *imageio.Image) {
	p, bad := j.batch, j.batch.bad[j.slot][:0]
	defer func() { p.bad[j.slot] = bad }()
	for i := j.index; len(bad) <= l.limit; i = (i + 1) % l.src.Len() {
		m, done, b := l.load(i)
		if b != nil {
			bad = append(bad, *b)
			continue
		}
		p.Indices[j.slot], p.Names[j.slot] = i, l.src.Name(i)
		resizer.Square(square, m, p.Size)
		done()
		n := 3 * p.Size * p.Size
		imageio.ToFloats(p.Data[j.slot*n:(j.slot+1)*n], square)
		return
	}
}

// load returns picture i or why it is bad. A picture once found bad stays so.
func (l *Loader) load(i int) (m *imageio.Image, done func(), bad *BadFile) {
	if b, ok := l.known.Load(i); ok {
		return nil, nil, b.(*BadFile)
	}
	m, done, err := load(l.src, i)
	if err == nil {
		return m, done, nil
	}
	done()
	b, _ := l.known.LoadOrStore(i, &BadFile{Index: i, Name: l.src.Name(i), Err: err})
	return nil, nil, b.(*BadFile)
}
