package train

import (
	"errors"
	"fmt"
	"slices"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/train/ranks"
)

// bucketFloats is how many gradients travel together: few enough that the first are
// under way while most are still computed, many enough that latency does not count.
const bucketFloats = 32 << 10

// exchange averages what a step computes over the ranks of a Group: the gradients in
// buckets, each as soon as its parameters have theirs, while others are still being
// computed, then the losses. Every rank sends the same buckets in the same order, with
// zeros where it has nothing to say.
type exchange struct {
	group   ranks.Group
	be      backend.Backend
	params  []nn.Param
	buckets []bucket
	place   map[*tensor.Tensor]int // of a parameter, in params
	next    int                    // bucket to be sent
	share   float32                // of the batch's pictures that are this rank's
	late    bool                   // gradients are read when all are computed

	tail   []float32 // what the following are parts of
	losses []float32
	there  []float32 // for each parameter, how many ranks have a gradient
	sum    []float32 // of the weights: two halves of a checksum
	votes  []float32

	scalars []*tensor.Tensor // the averaged losses
	weights []float32        // scratch
	jobs    chan []float32
	results chan error
}

// bucket holds the gradients of some parameters.
type bucket struct {
	values []float32
	params []int
	offset []int
	left   int // parameters whose gradients are missing
}

// votes are what a rank tells the others with a step: that it is to stop, that it
// cannot go on, and that it has met bad pictures.
type votes struct{ stop, fail, bad bool }

// newExchange makes the buckets, last parameters first, as their gradients come first.
func newExchange(group ranks.Group, be backend.Backend, params []nn.Param, losses int) *exchange {
	x := &exchange{group: group, be: be, params: params, place: map[*tensor.Tensor]int{}}
	_, x.late = be.(backend.Queuer)
	total := 0
	for i, p := range slices.Backward(params) {
		n := p.Tensor.Len()
		if len(x.buckets) == 0 || len(x.last().values)+n > bucketFloats && len(x.last().values) > 0 {
			x.buckets = append(x.buckets, bucket{})
		}
		b := x.last()
		b.params, b.offset = append(b.params, i), append(b.offset, len(b.values))
		b.values = append(b.values, make([]float32, n)...)
		x.place[p.Tensor] = len(x.buckets) - 1
		total = max(total, n)
	}
	x.weights = make([]float32, total)
	x.tail = make([]float32, losses+len(params)+2+3)
	rest := x.tail
	cut := func(n int) (part []float32) { part, rest = rest[:n:n], rest[n:]; return part }
	x.losses, x.there, x.sum, x.votes = cut(losses), cut(len(params)), cut(2), cut(3)
	for range losses {
		x.scalars = append(x.scalars, tensor.New(be, backend.Scalar))
	}
	x.jobs, x.results = make(chan []float32, len(x.buckets)+1), make(chan error, len(x.buckets)+1)
	go func() {
		for values := range x.jobs {
			x.results <- group.AllReduce(values)
		}
	}()
	return x
}

func (x *exchange) last() *bucket { return &x.buckets[len(x.buckets)-1] }

// begin starts an exchange of what this rank computes of share of the batch.
func (x *exchange) begin(share float32) {
	x.share, x.next = share, 0
	clear(x.tail)
	for i := range x.buckets {
		x.buckets[i].left = len(x.buckets[i].params)
	}
}

// vote says what this rank has to say with its step.
func (x *exchange) vote(v votes) {
	for i, is := range [...]bool{v.stop, v.fail, v.bad} {
		if is {
			x.votes[i] = 1
		}
	}
}

// voted returns what any of the ranks has said.
func (x *exchange) voted() votes { return votes{x.votes[0] > 0, x.votes[1] > 0, x.votes[2] > 0} }

// ready takes the gradient of a parameter, and sends what is complete.
func (x *exchange) ready(t *tensor.Tensor) {
	at, ok := x.place[t]
	if !ok {
		return // a tensor of an objective
	}
	b := &x.buckets[at]
	for k, i := range b.params {
		if x.params[i].Tensor != t {
			continue
		}
		values := b.values[b.offset[k]:][:t.Len()]
		if !t.ReadGrad(values) {
			return // finish sends zeros
		}
		for e := range values {
			values[e] *= x.share
		}
		x.there[i] = 1
		b.left--
	}
	x.send(false)
}

// send gives the buckets that are complete, or all, to the group.
func (x *exchange) send(all bool) {
	for ; x.next < len(x.buckets) && (all || x.buckets[x.next].left == 0); x.next++ {
		x.jobs <- x.buckets[x.next].values
	}
}

// checkEvery is how many steps lie between two comparisons of the ranks' weights.
const checkEvery = 100

// finish sends the rest, waits, and makes the averages the gradients and losses of
// this rank. losses are its own, nil if it has none.
func (x *exchange) finish(step int, losses []*tensor.Tensor) error {
	if x.late && losses != nil {
		for _, p := range slices.Backward(x.params) {
			x.ready(p.Tensor)
		}
	}
	for i := range x.buckets {
		b := &x.buckets[i]
		for k, p := range b.params {
			if x.there[p] == 0 {
				clear(b.values[b.offset[k]:][:x.params[p].Tensor.Len()])
			}
		}
	}
	x.send(true)
	for i, l := range losses {
		l.Read(x.losses[i : i+1])
		x.losses[i] *= x.share
	}
	var sum uint32
	if step%checkEvery == 0 {
		sum = x.checksum()
		x.sum[0], x.sum[1] = float32(sum>>16), float32(sum&0xffff)
	}
	x.jobs <- x.tail
	var err error
	for range len(x.buckets) + 1 {
		err = errors.Join(err, <-x.results)
	}
	if err != nil {
		return err
	}
	if n := float32(x.group.Size()); step%checkEvery == 0 && (x.sum[0] != n*float32(sum>>16) || x.sum[1] != n*float32(sum&0xffff)) {
		return fmt.Errorf("step %d: the weights of the ranks differ: is a computer faulty?", step+1)
	}
	x.store()
	return nil
}

// store writes the averages to the backend.
func (x *exchange) store() {
	for i := range x.buckets {
		b := &x.buckets[i]
		for k, p := range b.params {
			t := x.params[p].Tensor
			if x.there[p] > 0 {
				t.WriteGrad(b.values[b.offset[k]:][:t.Len()])
			}
		}
	}
	for i, s := range x.scalars {
		s.Write(x.losses[i : i+1])
	}
}

// checksum is that of the weights, in 32 bits. Sums of halves of it are exact.
func (x *exchange) checksum() (sum uint32) {
	for _, p := range x.params {
		w := x.weights[:p.Tensor.Len()]
		p.Tensor.Read(w)
		sum = updateChecksum(sum, w)
	}
	return sum
}

func (x *exchange) free() {
	close(x.jobs)
	for _, s := range x.scalars {
		s.Free()
	}
}
