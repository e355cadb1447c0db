package budget

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/stylize"
	"github.com/impasto-go/impasto/tensor"
)

// candidates are the filters that -fps tries without -filters.
var candidates = [][3]int{{4, 8, 16}, {8, 16, 32}, {16, 32, 64}, {32, 64, 128}}

// highest is the height of the largest frames that -fps looks at.
const highest = 2160

// fit prints the largest frames that each network can style in the time of -fps: whole
// frames of bytes in memory, as stylize.Session.StylizeRGBA takes them.
func (o *options) fit(ctx context.Context, w io.Writer) (err error) {
	var on []stylize.Option
	var threads []tensor.CPUOption
	if o.cpuThreads > 0 {
		on, threads = append(on, stylize.Threads(o.cpuThreads)), append(threads, tensor.Threads(o.cpuThreads))
	}
	cpu := tensor.CPU(threads...)
	defer cpu.Close()
	device := cpu.Name()
	if o.device == "gl" {
		card, err := gpu.Open()
		if err != nil {
			return fmt.Errorf("-device gl: %w", err)
		}
		defer func() { err = errors.Join(err, card.Close()) }()
		on, device = append(on, stylize.On(card)), card.Name()
	}
	limit := time.Duration(float64(time.Second) / o.fps)
	fmt.Fprintf(w, "The largest frames that are styled %g times a second, in %s ms each, on %s:\n\n", o.fps, ms(limit), device)
	for _, a := range o.networks() {
		if err := o.fitOne(ctx, w, a, limit, on); err != nil {
			return err
		}
	}
	return nil
}

// networks returns what -fps measures.
func (o *options) networks() []*arch.Network {
	if o.model != "" || o.filtersGiven {
		return []*arch.Network{o.arch}
	}
	var all []*arch.Network
	for _, filters := range candidates {
		if a, err := arch.New(o.arch.Name, filters, o.arch.Blocks); err == nil {
			all = append(all, a)
		}
	}
	return all
}

// fitOne prints the line of a network.
func (o *options) fitOne(ctx context.Context, w io.Writer, a *arch.Network, limit time.Duration, on []stylize.Option) error {
	weights := o.weights
	if weights == nil {
		cpu := tensor.CPU()
		defer cpu.Close()
		net := nn.NewNetwork(cpu, a, 1)
		defer net.Free()
		weights = net.StateDict()
	}
	model, err := stylize.New(weights)
	if err != nil {
		return err
	}
	session := model.NewSession(on...)
	defer session.Close()
	width, height, took, err := largest(a.Multiple(), a.MinSize(), float64(o.width)/float64(o.height), limit, func(width, height int) (time.Duration, error) {
		return o.time(ctx, session, width, height)
	})
	switch {
	case err != nil:
		return err
	case width == 0:
		_, err = fmt.Fprintf(w, "  %v: none, %dx%d takes %s ms\n", a, a.MinSize(), a.MinSize(), ms(took))
	default:
		_, err = fmt.Fprintf(w, "  %v: %dx%d, %s ms\n", a, width, height, ms(took))
	}
	return err
}

// time returns the time of a frame, the quickest of -runs, as for layers.
func (o *options) time(ctx context.Context, session *stylize.Session, width, height int) (time.Duration, error) {
	frame, styled := make([]byte, 4*width*height), make([]byte, 4*width*height)
	for i := range frame {
		frame[i] = byte(i * 7919)
	}
	quickest := time.Duration(math.MaxInt64)
	for i := range 1 + o.runs { // the first finds its memory
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		start := time.Now()
		if err := session.StylizeRGBA(styled, frame, width, height, 4*width); err != nil {
			return 0, fmt.Errorf("%dx%d: %w", width, height, err)
		}
		if i > 0 {
			quickest = min(quickest, time.Since(start))
		}
	}
	return quickest, nil
}

// largest returns the largest frame of the proportions aspect, its sides multiples and
// at least the least, that takes at most the limit, and its time; of none the least
// frame's time. It takes larger frames to take longer.
func largest(multiple, least int, aspect float64, limit time.Duration, measure func(width, height int) (time.Duration, error)) (width, height int, took time.Duration, err error) {
	least = (least + multiple - 1) / multiple
	size := func(n int) (w, h int) { // by the number of multiples of the shorter side
		long := max(int(math.Round(float64(n)*max(aspect, 1/aspect))), n)
		if aspect < 1 {
			return n * multiple, long * multiple
		}
		return long * multiple, n * multiple
	}
	fits := func(n int) (bool, error) {
		w, h := size(n)
		t, err := measure(w, h)
		if err == nil && t <= limit {
			width, height, took = w, h, t
			return true, nil
		}
		if width == 0 {
			took = t
		}
		return false, err
	}
	good, bad := 0, highest/multiple+1
	for n := least; n < bad; n *= 2 {
		ok, err := fits(n)
		if err != nil {
			return 0, 0, 0, err
		}
		if !ok {
			bad = n
			break
		}
		good = n
	}
	for good > 0 && bad-good > 1 {
		middle := (good + bad) / 2
		ok, err := fits(middle)
		if err != nil {
			return 0, 0, 0, err
		}
		if ok {
			good = middle
		} else {
			bad = middle
		}
	}
	return width, height, took, nil
}
