package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/impasto-go/impasto/nn"
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
	out        tensor.Shape
	params     int // values of weights and biases
	macs       int // multiplications, each with an addition
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
	net := nn.NewTransformerNet(be, o.filters, o.resBlocks, 1)
	net.Freeze()
	planned := plan(net.Params())

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
func trace(be backend.Backend, net *nn.TransformerNet, x []float32, height, width int) (events []tensor.Event, err error) {
	in := tensor.FromSlice(be, tensor.Shape{1, 3, height, width}, x)
	defer in.Free()
	tp := tensor.NewTape(be)
	defer tp.Reset()
	tp.Trace(func(e tensor.Event) { events = append(events, e) })
	net.Forward(tp, in)
	return events, be.Sync()
}

// module is a layer with parameters, as a network lists them.
type module struct {
	name   string
	params int
	weight tensor.Shape // {out, in, kernel, kernel}, or {1, C, 1, 1} of a normalisation
}

func (m *module) isConv() bool { return m.weight[2] > 1 }

// plan groups the parameters by their layers, which are in the order of use.
func plan(params []nn.Param) (modules []module) {
	for _, p := range params {
		name := p.Name[:strings.LastIndexByte(p.Name, '.')]
		name = strings.TrimSuffix(name, ".conv2d")
		if n := len(modules); n == 0 || modules[n-1].name != name {
			modules = append(modules, module{name: name, weight: p.Tensor.Shape()})
		}
		modules[len(modules)-1].params += p.Tensor.Len()
	}
	return modules
}

// add takes one run into account: the first one's layers and every layer's
// shortest time after it.
func (b *budget) add(events []tensor.Event, modules []module) error {
	warm := b.layers != nil
	for i, e := range events {
		if warm {
			if l := &b.layers[i]; l.elapsed == 0 || e.Elapsed < l.elapsed {
				l.elapsed = e.Elapsed
			}
			continue
		}
		l := layer{name: "skip", kind: e.Op, out: e.Out}
		switch {
		case e.Op == "conv2d" && len(modules) > 0 && modules[0].isConv():
			w := modules[0].weight
			l.kind = fmt.Sprintf("conv %dx%d", w[3], w[2])
			l.macs = e.Out.Len() * w[1] * w[2] * w[3]
		case e.Op == "instancenorm" && len(modules) > 0 && !modules[0].isConv():
			l.kind = "norm"
		case e.Op == "add":
			b.layers = append(b.layers, l)
			continue
		default:
			return fmt.Errorf("the network's operation %d, %s, belongs to none of its layers", i, e.Op)
		}
		l.name, l.params = modules[0].name, modules[0].params
		modules = modules[1:]
		b.layers = append(b.layers, l)
	}
	if !warm && len(modules) > 0 {
		return fmt.Errorf("the network did not use its layer %s", modules[0].name)
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
