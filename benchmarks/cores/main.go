// Cores computes what more cores would bring. It runs a training step and a frame on
// one core, records how the CPU backend cuts their work into regions of independent
// parts and what each part takes, and schedules the parts on 2 to 32 cores:
//
//	go run ./benchmarks/cores
//
// The result is a bound. It has a core for every thread, all as fast as the one that
// was timed, with caches and memory of their own; what begins and ends a region costs
// them -fork, and what lies between regions is done by one.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"time"

	"github.com/impasto-go/impasto/benchmarks/internal/work"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

type options struct {
	only   *regexp.Regexp
	rounds int
	fork   time.Duration
	shrink int
	all    bool
}

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "cores:", err)
		os.Exit(1)
	}
}

func parse(args []string, log io.Writer) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("cores", flag.ContinueOnError)
	f.SetOutput(log)
	only := f.String("only", "", "do only the work whose name matches this regular `expression`")
	f.IntVar(&o.rounds, "rounds", 5, "do the work `N` times; the least time of each part counts")
	f.DurationVar(&o.fork, "fork", 3*time.Microsecond, "a region takes `D` longer than its parts")
	f.IntVar(&o.shrink, "shrink", 1, "divide the sides of all images by `N`")
	f.BoolVar(&o.all, "regions", false, "list all regions")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	switch {
	case f.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q", f.Arg(0))
	case o.rounds < 1:
		return nil, fmt.Errorf("-rounds %d: want 1 or more", o.rounds)
	case o.fork < 0:
		return nil, fmt.Errorf("-fork %v: want no less than 0", o.fork)
	case o.shrink < 1 || o.shrink > 8:
		return nil, fmt.Errorf("-shrink %d: want 1 to 8", o.shrink)
	}
	var err error
	o.only, err = regexp.Compile(*only)
	return o, err
}

func run(args []string, out, log io.Writer) error {
	o, err := parse(args, log)
	if err != nil {
		return err
	}
	be := tensor.CPU(tensor.Threads(1))
	defer be.Close()
	for _, filters := range []work.Filters{{8, 16, 32}, {32, 64, 128}} {
		size, width, height := 256/o.shrink, 960/o.shrink/4*4, 540/o.shrink/4*4
		step := fmt.Sprintf("step %v, batch 4, %dx%d", filters, size, size)
		if o.only.MatchString(step) {
			s, err := work.NewStep(be, filters, 4, size)
			if err != nil {
				return err
			}
			err = o.report(out, be, step, s.Case())
			s.Close()
			if err != nil {
				return err
			}
		}
		if frame := fmt.Sprintf("frame %v, %dx%d", filters, width, height); o.only.MatchString(frame) {
			if err := o.report(out, be, frame, work.NewFrame(be, filters, width, height).Case()); err != nil {
				return err
			}
		}
	}
	return nil
}

// report traces c and prints what more cores would bring.
func (o *options) report(out io.Writer, be backend.Backend, name string, c work.Case) error {
	if err := c.Check(); err != nil {
		return err
	}
	t, err := record(be.(backend.Tracer), c.Run, o.rounds)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	fmt.Fprintf(out, "%s: %d regions, %d parts\n\n", name, len(t.regions), t.parts())
	t.printScaling(out, o.fork)
	t.printTasks(out, o.fork)
	if o.all {
		t.printRegions(out)
	}
	return nil
}
