package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/impasto-go/impasto/benchmarks/internal/work"
	"github.com/impasto-go/impasto/nn/stylize"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// The sizes that the peers' scripts have as defaults.
const (
	batch, side   = 4, 256
	width, height = 960, 540
)

var opShape = tensor.Shape{batch, 32, side, side}

// serveWork runs a contender of ours: the work called name, checked and warmed
// up, then the line protocol.
func serveWork(o options, in io.Reader, out io.Writer) error {
	if o.serve == "startup" {
		return firstFrame(o.model, o.threads)
	}
	be := tensor.CPU(tensor.Threads(o.threads))
	defer be.Close()
	cases, err := ourCases(be, o)
	if err != nil {
		return err
	}
	for _, c := range cases {
		if err := c.Check(); err != nil {
			return err
		}
		for range o.warmup {
			c.Run()
		}
	}
	a := about{Peer: be.Name(), Threads: o.threads}
	for range 10 {
		a.PeakGFLOPS = max(a.PeakGFLOPS, be.(backend.Prober).PeakFLOPS()/1e9)
	}
	a.describe(cases)
	return serve(a, cases, in, out)
}

// ourCases makes the cases of the work that -serve names.
func ourCases(be backend.Backend, o options) (cases []work.Case, err error) {
	switch o.serve {
	case "step":
		s, err := work.NewStep(be, o.filters, batch, side)
		if err != nil {
			return nil, err
		}
		return []work.Case{s.Case()}, nil
	case "stylize":
		return []work.Case{work.NewFrame(be, o.filters, width, height).Case()}, nil
	case "rgba":
		t, err := work.NewTexture(o.filters, width, height, o.threads)
		if err != nil {
			return nil, err
		}
		return []work.Case{t.Case()}, nil
	case "vggconv":
		for _, s := range work.VGGConvs(batch, side) {
			cases = append(cases, work.NewConv(be, s).Cases()[:2]...)
		}
		return cases, nil
	case "ops":
		for _, name := range work.OpNames() {
			cases = append(cases, work.NewOp(be, name, opShape).Cases()...)
		}
		return append(cases, work.Copy(opShape.Len(), o.threads)), nil
	}
	return nil, fmt.Errorf("-serve %q: want step, stylize, rgba, vggconv, ops or startup", o.serve)
}

// firstFrame is a whole stylize program: it loads weights and makes one frame.
func firstFrame(path string, threads int) error {
	model, err := stylize.Load(path)
	if err != nil {
		return err
	}
	session := model.NewSession(stylize.Threads(threads))
	defer session.Close()
	frame := make([]byte, 4*width*height)
	for i := range frame {
		frame[i] = byte(i%251) | 1
	}
	return session.StylizeRGBA(frame, frame, width, height, 4*width)
}

// parseFilters reads "8,16,32".
func parseFilters(text string) (f work.Filters, err error) {
	parts := strings.Split(text, ",")
	if len(parts) != len(f) {
		return f, fmt.Errorf("filters %q: want three numbers such as 8,16,32", text)
	}
	for i, p := range parts {
		if f[i], err = strconv.Atoi(p); err != nil || f[i] < 1 || f[i] > 1024 {
			return f, fmt.Errorf("filters %q: %q is not a number from 1 to 1024", text, p)
		}
	}
	return f, nil
}
