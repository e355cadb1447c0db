package budget

import (
	"context"
	"fmt"
	"time"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// budget is what a network costs.
type budget struct {
	*options
	device string
	layers []layer
	peak   int // bytes of the tensors alive at once, at most
}

// layer is one operation of the network.
type layer struct {
	name, kind string
	op         string // as the tape calls it
	out        tensor.Shape
	params     int   // values of weights and biases
	macs       int64 // multiplications, each with an addition
	elapsed    time.Duration
}

// bytes is the memory of the layer's result.
func (l *layer) bytes() int { return 4 * l.out.Len() }

// measure runs an untrained network.
func measure(ctx context.Context, o *options) (*budget, error) {
	var options []tensor.CPUOption
	if o.cpuThreads > 0 {
		options = append(options, tensor.Threads(o.cpuThreads))
	}
	be := newMeter(tensor.CPU(options...))
	defer be.Close()
	net := nn.NewNetwork(be, o.arch, 1)
	net.Freeze()
	planned := o.plan()

	b := &budget{options: o, device: be.Name()}
	x := make([]float32, 3*o.width*o.height)
	for i := range x {
		x[i] = float32(i * 7919 % 256)
	}
	weights := be.live
	for range 1 + o.runs { // the first finds its memory and prepares the weights
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		events, err := trace(be, net, x, o.height, o.width)
		if err != nil {
			return nil, err
		}
		if err := b.add(events, planned); err != nil {
			return nil, err
		}
	}
	b.peak = be.peak - weights
	return b, nil
}

// trace runs the network once and returns its operations in order.
func trace(be backend.Backend, net *nn.Network, x []float32, height, width int) (events []tensor.Event, err error) {
	in := tensor.FromSlice(be, tensor.Shape{1, 3, height, width}, x)
	defer in.Free()
	tp := tensor.NewTape(be)
	defer tp.Reset()
	tp.Trace(func(e tensor.Event) { events = append(events, e) })
	net.Forward(tp, in)
	return events, be.Sync()
}

// plan lists the operations of the network, in order, without their results: of each
// layer a convolution, a normalization and the sums that these do not do themselves.
func (o *options) plan() (steps []layer) {
	values := func(params []statedict.Param) (n int) {
		for i := range params {
			n += params[i].Len()
		}
		return n
	}
	for i, l := range o.arch.Layers {
		params, sums := l.Params(), len(l.Plus)
		steps = append(steps, layer{
			name: l.Name, op: "conv2d", kind: fmt.Sprintf("conv %dx%d", l.Taps(), l.Taps()),
			params: values(params[:2]), macs: o.arch.MACs(i, o.width, o.height),
		})
		if l.Norm != "" {
			steps = append(steps, layer{name: l.Norm, op: "instancenorm", kind: "norm", params: values(params[2:])})
			sums = max(sums-1, 0)
		}
		for range sums {
			steps = append(steps, layer{name: "skip", op: "add", kind: "add"})
		}
	}
	return steps
}

// add takes one run into account: the first one's results and every operation's
// shortest time after it.
func (b *budget) add(events []tensor.Event, planned []layer) error {
	if len(events) != len(planned) {
		return fmt.Errorf("the network did %d operations, not the %d of its layers", len(events), len(planned))
	}
	first := b.layers == nil
	b.layers = planned
	for i, e := range events {
		l := &b.layers[i]
		switch {
		case e.Op != l.op:
			return fmt.Errorf("the network's operation %d is %s, not %s of its layer %s", i, e.Op, l.op, l.name)
		case first:
			l.out = e.Out
		case l.elapsed == 0 || e.Elapsed < l.elapsed:
			l.elapsed = e.Elapsed
		}
	}
	return nil
}

// meter is a backend that counts the bytes of its buffers.
type meter struct {
	backend.Backend
	backend.ConvFuser
	backend.NormFuser
	backend.Freezer
	live, peak int
}

// newMeter wants a backend with all fused forms, as the CPU's is.
func newMeter(be backend.Backend) *meter {
	return &meter{Backend: be, ConvFuser: be.(backend.ConvFuser), NormFuser: be.(backend.NormFuser), Freezer: be.(backend.Freezer)}
}

func (m *meter) Alloc(s backend.Shape) backend.Buffer {
	m.live += 4 * s.Len()
	m.peak = max(m.peak, m.live)
	return m.Backend.Alloc(s)
}

func (m *meter) Free(b backend.Buffer) {
	m.live -= 4 * b.Shape().Len()
	m.Backend.Free(b)
}
