// Compare times this library and its peers, PyTorch and ONNX Runtime, on the
// same work in one run, and prints one table:
//
//	go run ./benchmarks/compare -rounds 5
//
// Each contender is a process of its own that speaks the line protocol of
// benchmarks/peers/README.md; within a round they run in turn. A peer that
// cannot run is named below the table.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"time"

	"github.com/google/renameio/v2/maybe"

	"github.com/impasto-go/impasto/benchmarks/internal/work"
	"github.com/impasto-go/impasto/nn/pth"
)

type options struct {
	rounds, warmup, threads int
	only                    *regexp.Regexp
	out, python, peers      string

	serve, model string // of a contender
	filters      work.Filters
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, in io.Reader, out, log io.Writer) error {
	o, err := parse(args, log)
	if err != nil {
		return err
	}
	if o.serve != "" {
		return serveWork(o, in, out)
	}
	return drive(ctx, o, out, log)
}

func parse(args []string, log io.Writer) (o options, err error) {
	f := flag.NewFlagSet("compare", flag.ContinueOnError)
	f.SetOutput(log)
	f.IntVar(&o.rounds, "rounds", 5, "timed iterations of each case")
	f.IntVar(&o.warmup, "warmup", 3, "iterations of each case before those")
	f.IntVar(&o.threads, "threads", runtime.GOMAXPROCS(0), "threads of each contender")
	pattern := f.String("only", "", "run only rows whose text or group matches this `regexp`")
	f.StringVar(&o.out, "out", "", "also write all samples to this `file`, for benchstat")
	f.StringVar(&o.python, "python", "/usr/bin/python3", "`command` that runs Python with PyTorch")
	f.StringVar(&o.peers, "peers", filepath.Join("benchmarks", "peers"), "`folder` of the peers' scripts")
	f.StringVar(&o.serve, "serve", "", "be a contender: do this `work` as asked for on standard input")
	f.StringVar(&o.model, "model", "", "with -serve startup: `file` to load")
	filters := f.String("filters", "8,16,32", "with -serve: widths of the network")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if o.rounds < 1 || o.warmup < 0 || o.threads < 1 || o.threads > 1024 {
		return o, fmt.Errorf("-rounds and -threads must be positive, -warmup not negative")
	}
	if o.only, err = regexp.Compile(*pattern); err != nil {
		return o, fmt.Errorf("-only: %w", err)
	}
	o.filters, err = parseFilters(*filters)
	return o, err
}

// drive measures all groups and prints the table.
func drive(ctx context.Context, o options, out, log io.Writer) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "compare")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	onnx, weights := filepath.Join(dir, "net.onnx"), filepath.Join(dir, "net.pth")
	if err := pth.WriteFile(weights, work.Weights(work.Filters{8, 16, 32})); err != nil {
		return err
	}
	groups := only(plan(o, self, onnx, weights), o.only)
	if len(groups) == 0 {
		return fmt.Errorf("-only %v matches no row", o.only)
	}
	var results []result
	var lines []line
	var notes []string
	for _, g := range groups {
		if g.name == "stylize" {
			exportONNX(ctx, o, g, onnx)
		}
		before := probe(o.threads)
		if before.disturbed() {
			fmt.Fprintf(log, "%s: the machine is disturbed: %v\n", g.name, before)
		}
		r, err := g.measure(ctx, o.rounds, g.wants, log)
		if err != nil {
			return err
		}
		if r.speedup = probe(o.threads); before.factor < r.speedup.factor {
			r.speedup = before
		}
		if r.speedup.disturbed() {
			notes = append(notes, fmt.Sprintf("* %s: the machine was disturbed: %v.", g.name, r.speedup))
		}
		results = append(results, r)
		for _, m := range r.missing {
			notes = append(notes, "not measured: "+m)
		}
		for _, row := range g.rows {
			if l, ok := row.fill(r); ok {
				lines = append(lines, l)
			}
		}
	}
	if err := writeTable(out, lines, notes); err != nil || o.out == "" {
		return err
	}
	var b bytes.Buffer
	if err := writeResults(&b, results, o, time.Now()); err != nil {
		return err
	}
	return maybe.WriteFile(o.out, b.Bytes(), 0o644)
}

// exportONNX lets PyTorch write the network for ONNX Runtime, as its users do.
func exportONNX(ctx context.Context, o options, g group, path string) {
	cmd := exec.CommandContext(ctx, o.python, filepath.Join(o.peers, "stylize.py"), "--export", path)
	var said tail
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		for i := range g.contenders {
			if c := &g.contenders[i]; c.name == "ort" || c.name == "ort"+tuned {
				c.absent = fmt.Sprintf("PyTorch, which exports the network: %v (%s)", err, said.lastLine())
			}
		}
	}
}
