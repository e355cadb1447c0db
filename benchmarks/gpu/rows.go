package main

import (
	"context"
	"fmt"
	"time"

	"github.com/impasto-go/impasto/benchmarks/internal/work"
	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// group is rows that share operands.
type group struct {
	prefix string // of their names
	open   func() (cases []work.Case, free func(), err error)
}

// filters are the widths of network that are timed.
var filters = []work.Filters{{8, 16, 32}, {16, 32, 64}, {32, 64, 128}}

// groups lists everything, with the sides of images divided by shrink.
func groups(d *gpu.Device, shrink int) (all []group) {
	all = append(all, group{"copy", func() ([]work.Case, func(), error) { return copies(d, shrink) }})
	for _, s := range work.VGGConvs(4, 256/shrink) {
		all = append(all, group{s.Name, func() ([]work.Case, func(), error) {
			c := work.NewConv(d, s)
			return c.Cases(), c.Free, nil
		}})
	}
	for _, name := range work.OpNames() {
		all = append(all, group{name, func() ([]work.Case, func(), error) {
			return work.NewOp(d, name, tensor.Shape{4, 32, 256 / shrink, 256 / shrink}).Cases(), func() {}, nil
		}})
	}
	all = append(all, group{"gram", func() ([]work.Case, func(), error) {
		return work.NewGram(d, tensor.Shape{4, 64, 256 / shrink, 256 / shrink}).Cases(), func() {}, nil
	}})
	for _, f := range filters {
		for _, size := range [][2]int{{960, 540}, {1920, 1080}} {
			w, h := size[0]/shrink, size[1]/shrink
			for _, bits := range []int{32, 16} {
				name := fmt.Sprintf("frame %dx%d %v", w, h, f)
				if bits == 16 {
					name += " half"
				}
				all = append(all, group{name, func() ([]work.Case, func(), error) { return textureFrames(d, f, w, h, bits == 16, name) }})
			}
		}
	}
	for _, f := range []work.Filters{filters[0], filters[2]} {
		name := fmt.Sprintf("step %v", f)
		all = append(all, group{name, func() ([]work.Case, func(), error) {
			s, err := work.NewStep(d, f, 4, 256/shrink)
			if err != nil {
				return nil, nil, err
			}
			c := s.Case()
			c.Name = name
			return []work.Case{c}, s.Close, nil
		}})
	}
	return all
}

// copies is how fast the card copies tensors too large for its caches.
func copies(d *gpu.Device, shrink int) ([]work.Case, func(), error) {
	s := backend.Shape{4, 64, 512 / shrink, 512 / shrink}
	x, y := d.Alloc(s), d.Alloc(s)
	d.Fill(x, 1)
	c := work.Case{Name: "copy", Bytes: 8 * float64(s.Len()), Run: func() { d.Axpy(y, x, 1, false) }}
	c.Check = func() error { c.Run(); return d.Err() }
	return []work.Case{c}, func() { d.Free(x); d.Free(y) }, nil
}

func (g group) measure(ctx context.Context, d *gpu.Device, o *options, t *table) error {
	if !o.only.MatchString(g.prefix) && g.prefix != "copy" { // whose rate the others are compared with
		return nil
	}
	if o.budget <= 0 {
		d.Count(ignore)
		defer d.Trace(nil)
	}
	compiled := d.Stats().Compiled
	cases, free, err := g.open()
	if err != nil {
		return fmt.Errorf("%s: %w", g.prefix, err)
	}
	defer free()
	for _, c := range cases {
		if err := ctx.Err(); err != nil {
			return err
		}
		if o.budget > 0 {
			if err := c.Check(); err != nil {
				return fmt.Errorf("%s: %w", c.Name, err)
			}
			if now := d.Stats().Compiled; now > compiled {
				compiled = now
				if err := warm(d, c); err != nil {
					return fmt.Errorf("%s: %w", c.Name, err)
				}
			}
		}
		r, err := measure(d, c, o.budget, t.card(o.card))
		if err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
		t.add(r)
		if o.kernels {
			printKernels(t.out, c.Name, r.kernels)
		}
	}
	return nil
}

// warm runs c while a driver may be compiling its programs again in the background. It
// is not needed where they come from a cache.
func warm(d *gpu.Device, c work.Case) error {
	for end := time.Now().Add(500 * time.Millisecond); time.Now().Before(end); {
		c.Run()
		if err := d.Sync(); err != nil {
			return err
		}
	}
	return nil
}

// row is what was measured of a case.
type row struct {
	work.Case
	time                 time.Duration // of one run among several in a row; 0 if it was not timed
	host                 time.Duration // that the host took to issue one
	dispatches, barriers int           // of one run
	kernels              []kernel      // that it is made of
}

// measure counts what the second run does, and times runs in a row, as many as take
// about a twentieth of the budget, again and again, and keeps the best. Without a budget
// it only counts.
func measure(d *gpu.Device, c work.Case, budget time.Duration, on card) (row, error) {
	c.Run()
	before := d.Stats()
	kernels, host, err := trace(d, c, on, budget <= 0)
	if err != nil {
		return row{}, err
	}
	after := d.Stats()
	r := row{
		Case: c, host: host, kernels: kernels,
		dispatches: after.Dispatches - before.Dispatches, barriers: after.Barriers - before.Barriers,
	}
	if budget <= 0 {
		return r, nil
	}
	r.time = 1<<63 - 1
	for times, end := 1, time.Now().Add(budget); ; {
		start := time.Now()
		for range times {
			c.Run()
		}
		if err := d.Sync(); err != nil {
			return row{}, err
		}
		elapsed := time.Since(start)
		r.time = min(r.time, elapsed/time.Duration(times))
		if elapsed < budget/20 {
			times *= 2
		}
		if time.Now().After(end) {
			return r, nil
		}
	}
}
